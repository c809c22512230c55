"""The second factor: which codes are taken when, and how they are written."""

import pytest

from tests.builders import NOON, SECOND
from tocsin.domain.second_factor import Factor, is_of_app, key_of, recovery_code, step_of, step_to_try, typed

STEP = step_of(NOON)


def test_a_code_is_taken_while_it_stands_in_the_app_and_not_for_a_second_more() -> None:
    assert step_to_try(NOON, after=0) == STEP
    assert step_to_try(NOON + 29 * SECOND, after=0) == STEP
    assert step_to_try(NOON + 30 * SECOND, after=0) == STEP + 1


def test_none_is_taken_up_to_the_one_that_was_taken_last() -> None:
    assert step_to_try(NOON, after=STEP - 1) == STEP
    assert step_to_try(NOON, after=STEP) is None
    assert step_to_try(NOON, after=STEP + 5) is None


def test_a_recovery_code_is_gone_once_it_was_used() -> None:
    assert Factor(box=b"", recovery=("a", "b")).without("a").recovery == ("b",)


@pytest.mark.parametrize(
    ("code", "is_one"), [("123456", True), ("12345", False), ("1234567", False), ("١٢٣٤٥٦", False), ("abcdef", False)]
)
def test_a_code_of_an_app_has_six_digits(code: str, is_one: bool) -> None:
    assert is_of_app(code) is is_one


def test_keys_and_recovery_codes_hold_enough_chance_and_are_typed_as_people_like() -> None:
    secret = "0123456789abcdef" * 4

    assert len(key_of(secret)) == 32  # 160 bits
    assert len(typed(recovery_code(secret))) == 24  # 120 bits
    assert typed(" ABCD-efgh ij\t") == "abcdefghij"
    assert typed("123 456") == "123456"
