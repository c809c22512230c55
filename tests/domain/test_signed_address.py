import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import INVITATION_ID, WORKSPACE_ID
from tocsin.domain.signed_address import LONGEST_BASE, LONGEST_LOCAL, Purpose, base_of, read, reference, write

SECRET, OTHER = b"s" * 32, b"o" * 32
BASE = "invites@example.com"
ANSWER = reference(Purpose.ANSWER, workspace_id=WORKSPACE_ID, thing_id=INVITATION_ID)
BOUNCE = reference(Purpose.BOUNCE, workspace_id=WORKSPACE_ID, thing_id=INVITATION_ID)


def signed() -> str:
    address = write(BASE, ANSWER, SECRET)
    assert address is not None
    return address


def test_what_was_signed_is_read_back() -> None:
    assert read(signed(), SECRET) == ANSWER
    assert ANSWER.workspace_prefix == WORKSPACE_ID[:4]
    assert ANSWER.bounds == ("80000000-0000-4000-8000-000000000000", "80000000-0000-4000-8000-ffffffffffff")


def test_an_address_survives_the_loss_of_its_case_and_a_change_of_its_domain() -> None:
    assert read(signed().upper(), SECRET) == ANSWER
    assert read(signed().replace("example.com", "mx.example.com"), SECRET) == ANSWER


def test_an_address_has_no_more_octets_before_its_at_than_a_server_must_take() -> None:
    longest = write("i" * LONGEST_BASE + "@example.com", ANSWER, SECRET)

    assert longest is not None
    assert len(longest.partition("@")[0]) == LONGEST_LOCAL
    assert write("i" * (LONGEST_BASE + 1) + "@example.com", ANSWER, SECRET) is None


def test_a_token_carries_a_signature_of_128_bits() -> None:
    token = signed().partition("@")[0].partition("+r")[2]
    payload_bits = 8 * len(bytes.fromhex(ANSWER.workspace_prefix + ANSWER.beginning))

    assert len(token) * 5 // 8 * 8 - payload_bits == 128


def test_an_address_of_one_purpose_is_none_of_the_other() -> None:
    forged = signed().replace("+r", "+b")

    assert read(forged, SECRET) is None
    assert write(BASE, BOUNCE, SECRET) != forged


def test_the_key_of_another_installation_signs_nothing_here() -> None:
    assert read(signed(), OTHER) is None


@given(st.uuids(), st.sampled_from(Purpose))
def test_whatever_the_id_it_is_read_back(thing_id: uuid.UUID, purpose: Purpose) -> None:
    wanted = reference(purpose, workspace_id=WORKSPACE_ID, thing_id=str(thing_id))

    assert read(write(BASE, wanted, SECRET) or "", SECRET) == wanted


@given(st.integers(0, 41), st.sampled_from(string.ascii_lowercase[:26] + "234567"))
def test_a_letter_that_was_changed_is_no_signature(place: int, letter: str) -> None:
    head, tag = signed().partition("@")[0].split("+")
    changed = tag[: place + 1] + letter + tag[place + 2 :]

    assert (read(f"{head}+{changed}@example.com", SECRET) == ANSWER) == (changed == tag)


@pytest.mark.parametrize(
    "address",
    ["", "@", "invites@example.com", "invites+x@example.com", "invites+r@example.com", "invites+r" + "1" * 45 + "@example.com",
     "invites+x" + "a" * 45 + "@example.com", "invites+r" + "é" * 45 + "@example.com", "+r" + "a" * 45],
)  # fmt: skip
def test_what_was_never_signed_is_read_as_nothing(address: str) -> None:
    assert read(address, SECRET) is None


def test_the_base_of_an_address_is_what_people_know() -> None:
    assert base_of(signed()) == BASE
    assert base_of(BASE) == BASE
    assert base_of("ana+birds@example.com") == "ana+birds@example.com"
