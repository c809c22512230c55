"""What to do about a delivery that did not go out."""

import pytest

from tests.builders import a_delivery
from tocsin.domain.actions.types import ActionType
from tocsin.domain.advice import advice
from tocsin.domain.delivery import Outcome, Result, State


def refused(code: str) -> Outcome:
    return Outcome(result=Result.PERMANENT, code=550, enhanced_code=code, reply="no")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("5.1.1", "The address is not good"),
        ("5.2.2", "The mailbox takes nothing"),
        ("5.2.3", "too large"),
        ("5.3.0", "a fault of its own"),
        ("5.4.4", "cannot be reached"),
        ("5.7.26", "refused by policy"),
        ("5.11.1", "what the server's answer names"),
        ("", "what the server's answer names"),
    ],
)
def test_a_refusal_is_explained_by_its_code(code: str, words: str) -> None:
    assert words in advice(a_delivery(state=State.FAILED), refused(code))


def test_without_an_attempt_the_reason_must_do() -> None:
    assert "what the server's answer names" in advice(a_delivery(state=State.FAILED), None)


def test_what_is_late_and_what_was_called_have_words_of_their_own() -> None:
    call = a_delivery(state=State.FAILED, action=ActionType.CALL_WEBHOOK)

    assert "not sent in time" in advice(a_delivery(state=State.EXPIRED), refused("5.1.1"))
    assert "The receiver does not take the call" in advice(call, refused("5.1.1"))
