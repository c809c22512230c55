"""The token of an opt-out link: it comes back as it was, and nothing else is taken for one."""

import base64
import hmac
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import RULE_ID, WORKSPACE_ID
from tocsin.domain.opt_out import OptOut, read, write

SECRET = b"s" * 32
ADA = OptOut(workspace_id=WORKSPACE_ID, rule_id=RULE_ID, recipient="Ada@example.org")
TOKEN = write(ADA, SECRET)


@given(
    workspace=st.uuids(),
    rule=st.uuids(),
    recipient=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
)
def test_every_token_comes_back_and_can_stand_in_a_path(workspace: UUID, rule: UUID, recipient: str) -> None:
    wanted = OptOut(workspace_id=str(workspace), rule_id=str(rule), recipient=recipient)

    token = write(wanted, SECRET)

    assert read(token, SECRET) == wanted
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()


def test_the_longest_address_fits() -> None:
    longest = OptOut(workspace_id=WORKSPACE_ID, rule_id=RULE_ID, recipient="x" * 242 + "@example.org")

    assert read(write(longest, SECRET), SECRET) == longest


def test_no_letter_of_it_can_be_changed_dropped_or_added() -> None:
    for place, letter in enumerate(TOKEN):
        other = "A" if letter != "A" else "B"
        assert read(TOKEN[:place] + other + TOKEN[place + 1 :], SECRET) is None
        assert read(TOKEN[:place] + TOKEN[place + 1 :], SECRET) is None
        assert read(TOKEN[:place] + other + TOKEN[place:], SECRET) is None


@pytest.mark.parametrize("recipient", ["a@example.org", "ab@example.org", "abc@example.org"])
def test_each_token_is_written_in_one_way(recipient: str) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = write(OptOut(workspace_id=WORKSPACE_ID, rule_id=RULE_ID, recipient=recipient), SECRET)

    alike = [other for last in letters if read(other := token[:-1] + last, SECRET) is not None]

    assert alike == [token]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "x" * 64,
        "x" * 65,
        "x" * 501,
        TOKEN + "=",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN[:40] + "%" + TOKEN[40:],
        "ä" * 80,
    ],
    ids=lambda token: f"{len(token)} of {token[:3]!r}",
)
def test_what_is_no_token_is_not_read(token: str) -> None:
    assert read(token, SECRET) is None


def test_another_secret_reads_nothing() -> None:
    assert read(TOKEN, b"t" * 32) is None


@pytest.mark.parametrize("purpose", [b"", b"address r", b"address b"])
def test_what_was_signed_for_another_purpose_is_no_token(purpose: bytes) -> None:
    payload = base64.urlsafe_b64decode(TOKEN + "=" * (-len(TOKEN) % 4))[:-16]
    mac = hmac.digest(SECRET, purpose + payload, "sha256")[:16]

    assert read(base64.urlsafe_b64encode(payload + mac).decode().rstrip("="), SECRET) is None
