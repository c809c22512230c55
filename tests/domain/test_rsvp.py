import pytest

from tocsin.domain.rsvp import Rsvp, comment


@pytest.mark.parametrize(
    ("partstat", "rsvp"),
    [
        ("NEEDS-ACTION", Rsvp.NEEDS_ACTION),
        ("ACCEPTED", Rsvp.ACCEPTED),
        ("TENTATIVE", Rsvp.TENTATIVE),
        ("DECLINED", Rsvp.DECLINED),
        ("DELEGATED", Rsvp.DELEGATED),
        (" accepted ", Rsvp.ACCEPTED),
    ],
)
def test_a_partstat_is_read_in_any_case(partstat: str, rsvp: Rsvp) -> None:
    assert Rsvp.of_partstat(partstat) is rsvp


@pytest.mark.parametrize("partstat", ["", "IN-PROCESS", "COMPLETED", "X-MAYBE", "ACCEPTED,DECLINED", "ÀCCEPTED"])
def test_a_partstat_that_is_not_known_says_nothing(partstat: str) -> None:
    assert Rsvp.of_partstat(partstat) is Rsvp.NEEDS_ACTION


def test_a_comment_keeps_its_lines_and_loses_what_no_text_may_hold() -> None:
    assert comment("  I am\r\nlate\x00 by\u202e 5\n") == "I am\nlate  by  5"


def test_a_comment_is_cut_at_500_characters() -> None:
    assert comment("é" * 501) == "é" * 499 + "…"
    assert comment("é" * 500) == "é" * 500
