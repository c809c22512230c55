import pytest

from tests.builders import HOUR, NOON, a_booking
from tocsin.domain.life import Life
from tocsin.domain.model import Booking


def at_revision(number: int) -> Booking:
    """Return the booking as a change left it, that many hours after NOON."""
    return a_booking(revision=number, updated_at=NOON + number * HOUR, sid=f"s{number}")


def a_life(*revisions: int) -> Life:
    return Life(states=tuple(map(at_revision, revisions)))


@pytest.mark.parametrize(
    ("revisions", "since"),
    [
        pytest.param((0,), None, id="it never changed"),
        pytest.param((0, 1, 2), None, id="each change is known"),
        pytest.param((3,), 3, id="only what it is now is known"),
        pytest.param((3, 4, 5), 3, id="its beginning is not known"),
        pytest.param((0, 1, 4, 5), 4, id="something between is not known"),
        pytest.param((1, 3, 5, 6), 5, id="it is known again from the last gap on"),
    ],
)
def test_a_life_is_known_from_its_making_or_from_the_last_gap_on(revisions: tuple[int, ...], since: int | None) -> None:
    assert a_life(*revisions).known_since == (None if since is None else NOON + since * HOUR)


def test_what_is_known_first_is_taken_to_have_been_so_from_the_making_on() -> None:
    life = a_life(3, 4)

    assert [life.began(state) for state in life.states] == [NOON, NOON + 4 * HOUR]


def test_a_booking_is_known_at_every_moment() -> None:
    life = a_life(0, 1, 2)

    found = [life.at(NOON + hours * HOUR).revision for hours in (-1, 0, 0.5, 1, 1.5, 2, 9)]

    assert found == [0, 0, 0, 1, 1, 2, 2]
    assert life.now.revision == 2
