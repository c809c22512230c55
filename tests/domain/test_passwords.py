"""Which passwords are refused for what they are made of."""

import pytest

from tests.docs.blocks import ROOT
from tocsin.domain.passwords import COMMON_WORDS, complaint


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("eleven char", "12 to 256"),
        ("ab" * 129, "12 to 256"),
        ("aaaaaaaaaaaaaaaa", "too easy"),
        ("my ann@example.com", "too easy"),
        ("ann@example.", "too easy"),
        ("Tocsin2026!!", "hardly more than"),
        ("acme-rockets-1", "hardly more than"),
        ("4cm3 R0ck3ts bookings", "hardly more than"),
        ("Bookings.Password.99", "hardly more than"),
        ("ann-example-2026", "hardly more than"),
        ("correct horse\nbattery", "one line"),
        ("correct horse\0battery", "one line"),
    ],
)
def test_a_password_is_refused(password: str, wrong: str) -> None:
    assert wrong in (complaint(password, email="Ann@example.com", workspace=("Acme Rockets", "acme")) or "")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "пароль из слов", "acme has blue kettles", "x" * 250 + "1234567"[:5]]
)
def test_a_long_password_is_accepted(password: str) -> None:
    assert complaint(password, email="ann@example.com", workspace=("Acme Rockets", "acme")) is None


def test_the_words_that_a_password_may_not_be_made_of_stand_on_the_page() -> None:
    page = (ROOT / "docs" / "pages.md").read_text("utf-8")

    assert "; ".join(COMMON_WORDS) in page
