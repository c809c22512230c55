import pytest

from tocsin.domain.dmarc import Dmarc, Policy, read
from tocsin.domain.lookup import Lookup

DOMAIN = "bookings.example.com"


def at(**texts: str | tuple[str, ...]) -> dict[str, Lookup]:
    """Return what was found at the domains; `_` in a name stands for a dot."""
    return {
        f"_dmarc.{name.replace('_', '.')}": Lookup(records=(text,) if isinstance(text, str) else text)
        for name, text in texts.items()
    }


def test_the_domain_is_asked_first_and_then_its_parents() -> None:
    assert read(DOMAIN, {}) == Dmarc(missing="_dmarc.bookings.example.com")
    assert read(DOMAIN, at(bookings_example_com=())) == Dmarc(missing="_dmarc.example.com")
    assert read(DOMAIN, at(bookings_example_com=(), example_com=("v=spf1 -all", "v=DMARC10; p=none"))) == Dmarc()


def test_of_a_very_long_name_only_the_end_is_asked() -> None:
    known: dict[str, Lookup] = {}

    while (so_far := read("a.b.c.d.e.f.example.com", known)).missing:
        known[so_far.missing] = Lookup()

    assert [*known] == [
        *["_dmarc.a.b.c.d.e.f.example.com", "_dmarc.e.f.example.com", "_dmarc.f.example.com", "_dmarc.example.com"]
    ]


@pytest.mark.parametrize("policy", Policy)
def test_the_policy_of_the_domain_itself_counts(policy: Policy) -> None:
    record = f"v=DMARC1; p={policy.value}; sp=none; rua=mailto:x@example.com"

    assert read(DOMAIN, at(bookings_example_com=record)) == Dmarc(domain=DOMAIN, policy=policy)


@pytest.mark.parametrize(
    ("record", "policy"),
    [
        ("v=DMARC1; p=reject; sp=quarantine", Policy.QUARANTINE),
        ("v=DMARC1; p=reject", Policy.REJECT),
        ("v=DMARC1;p=none", Policy.NONE),
    ],
)
def test_at_a_parent_its_policy_for_subdomains_counts(record: str, policy: Policy) -> None:
    found = read(DOMAIN, at(bookings_example_com=(), example_com=record))

    assert found == Dmarc(domain="example.com", policy=policy)


@pytest.mark.parametrize(
    ("tags", "is_strict"),
    [("", False), ("; adkim=r; aspf=r", False), ("; adkim=s", True), ("; aspf=S", True), ("; adkim=x", False)],
)
def test_strict_alignment_is_seen(tags: str, is_strict: bool) -> None:
    assert read(DOMAIN, at(bookings_example_com=f"v=DMARC1; p=None{tags}")).is_strict is is_strict


@pytest.mark.parametrize(
    "record", ["v=DMARC1", "v=DMARC1; p=", "v=DMARC1; p=maybe", "v=DMARC1; p=none; p=reject", "v=DMARC1; x"]
)
def test_a_record_without_a_policy_counts_for_nothing(record: str) -> None:
    found = read(DOMAIN, at(bookings_example_com=record))

    assert found.policy is None
    assert found.complaint == (
        "the DMARC record at _dmarc.bookings.example.com says none of p=none, p=quarantine and p=reject"
    )


def test_two_records_count_for_nothing() -> None:
    found = read(DOMAIN, at(bookings_example_com=("v=DMARC1; p=none", "other", "v = DMARC1 ; p=reject")))

    assert found.complaint == "there are 2 DMARC records at _dmarc.bookings.example.com"
    assert found.policy is None


def test_trouble_ends_the_search() -> None:
    trouble = {f"_dmarc.{DOMAIN}": Lookup(trouble="no answer in time")}

    assert read(DOMAIN, trouble) == Dmarc(trouble="_dmarc.bookings.example.com: no answer in time")
