import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.letters import hostile_text
from tocsin.formats import addresses
from tocsin.mail import parcel

ACCEPTED = {
    "ana@example.com": "ana@example.com",
    "Ana.Maria+x@Example.COM": "Ana.Maria+x@example.com",
    "Postmaster@Example.com": "Postmaster@example.com",
    "zoë@bücher.example": "zoë@xn--bcher-kva.example",
    "zoe\u0308@example.com": "zoë@example.com",
    "a@b.test": "a@b.test",
    "a@B.Invalid": "a@b.invalid",
    "a@printer.local": "a@printer.local",
    " a@example.com ": "a@example.com",
    "x" * 64 + "@example.com": "x" * 64 + "@example.com",
    "o'neil!#$%&*/?=^_`{|}~-@example.com": "o'neil!#$%&*/?=^_`{|}~-@example.com",
}
REFUSED = [
    "", "@", "ana", "ana@", "@example.com", "ana@example", "ana@localhost", "ana@x.localhost", "ana@x.onion", "ana@test",
    "Ana <ana@example.com>", "<ana@example.com>", '"ana"@example.com', '"a b"@example.com', "ana(x)@example.com",
    "ana@[127.0.0.1]", "ana@[IPv6:::1]", "ana@127.0.0.1", "a@b@example.com", "a@example.com,b@example.com", "a..b@example.com",
    ".a@example.com", "a.@example.com", "a b@example.com", "a@exa mple.com", "a@-x.example", "a@x..example",
    "=?utf-8?q?x?=@example.com", "a\r\n@example.com", "a@example.com\r\nBcc: x@y.example", "a\0@example.com",
    "x" * 65 + "@example.com", "é" * 33 + "@example.com", "a@" + "x" * 64 + ".com", "a@" + "x." * 126 + "com",
    "é" * 30 + "@" + f"{'x' * 63}." * 3 + "comm", "\ud800@example.com", "a\u202e@example.com",
]  # fmt: skip


@pytest.mark.parametrize(("address", "normal"), ACCEPTED.items(), ids=ascii)
def test_an_address_is_accepted_and_has_a_normal_form(address: str, normal: str) -> None:
    assert addresses.complaint(address) is None
    assert addresses.normal(address) == normal
    assert addresses.normal(normal) == normal
    assert parcel.path(normal)


@pytest.mark.parametrize("address", REFUSED, ids=ascii)
def test_what_is_refused_is_told_what_would_be_right(address: str) -> None:
    assert str(addresses.complaint(address)).endswith("write one address, such as ana@example.com")


@pytest.mark.parametrize(
    "address", ["invites@localhost", "invites@mail", "invites@x.localhost", "a@example.com", "a@x.test"]
)
def test_our_own_sender_may_be_at_a_host_without_a_dot(address: str) -> None:
    assert addresses.sender_complaint(address) is None
    assert addresses.normal(address) == address
    assert parcel.path(address) == address


@pytest.mark.parametrize("address", ["Ana <a@localhost>", "a@localhost, b@localhost", "a@x.onion", "", "a@[127.0.0.1]"])
def test_our_own_sender_is_one_address_too(address: str) -> None:
    assert addresses.sender_complaint(address) is not None
    with pytest.raises(ValueError, match="write one address"):
        addresses.normal(address)


def test_the_list_of_email_validator_is_left_as_it_is() -> None:
    addresses.complaint("a@b.test")

    assert {"test", "invalid", "local", "localhost"} <= set(SPECIAL_USE_DOMAIN_NAMES)


@settings(deadline=None)
@given(st.one_of(hostile_text, st.emails(), st.builds("{}@{}".format, hostile_text, hostile_text)))
def test_whatever_is_accepted_can_be_an_envelope_address(value: str) -> None:
    if addresses.complaint(value) is None:
        normal = addresses.normal(value)

        assert parcel.path(normal)
        assert addresses.normal(normal) == normal
