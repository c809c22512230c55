"""Looks: when they come, what they wait for after trouble, and what of a booking that one saw is news."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import MINUTE, NOON, SECOND, a_look, an_external, some_news
from tocsin.domain.model import BookingStatus
from tocsin.domain.sources.looks import (
    AGAIN,
    EVERY,
    MOST_STEPS,
    SPREAD,
    TURN,
    Look,
    Sight,
    is_ours_to_tell,
    told,
)
from tocsin.domain.sources.news import EVERYBODY, Ending, Known, News, merge
from tocsin.domain.sources.source import SourceId

LATER = NOON + MINUTE


def a_sight(news: News | None = None, **fields: Any) -> Sight:
    return Sight(news=news or some_news(), **fields)


def seen(sight: Sight, known: Known, *, told_at: datetime | None = None) -> News | None:
    return told(sight, an_external(known=known, told_at=told_at), asked_at=NOON)


def after(known: Known, sight: Sight) -> Known:
    """Return what is known when a sight was told."""
    news = seen(sight, known)
    return known if news is None else merge(known, news)


# How they go


def test_a_step_in_hand_is_nobody_elses_for_a_while() -> None:
    look = a_look(found=3, trouble="of the look before").taken(NOON)

    assert (look.turn, look.next_at, look.began_at) == (1, NOON + TURN, NOON)
    assert (look.found, look.trouble) == (0, "")
    assert look.taken(LATER).began_at == NOON


def test_a_look_goes_on_at_once_and_after_its_end_comes_the_next_in_time() -> None:
    look = a_look().taken(NOON).went_on("2", found=1, remark="one is odd", now=LATER)
    assert (look.position, look.next_at, look.looked_at) == ("2", LATER, None)

    ended = look.taken(LATER).went_on("", found=2, remark="another too", now=LATER)

    assert (look.is_first, ended.is_first) == (True, False)
    assert (ended.looked_at, ended.began_at, ended.found, ended.trouble) == (NOON, None, 3, "one is odd")
    assert ended.next_at is not None
    assert EVERY <= ended.next_at - LATER < EVERY + timedelta(seconds=SPREAD)


def test_a_look_with_more_to_see_than_in_one_go_rests_and_goes_on_there() -> None:
    look = a_look()
    for step in range(MOST_STEPS):
        look = look.taken(NOON).went_on(str(step), found=0, remark="", now=NOON)

    assert (look.position, look.next_at) == (str(MOST_STEPS - 1), NOON + EVERY)


def test_trouble_is_waited_for_longer_and_longer_and_then_it_begins_anew() -> None:
    look, waits, positions = a_look(position="7", began_at=NOON), [], []
    for _ in range(len(AGAIN) + 1):
        look = look.taken(NOON).failed("away", for_good=False, now=NOON)
        waits.append(look.next_at and look.next_at - NOON)
        positions.append(look.position)

    assert waits == [*AGAIN, AGAIN[-1]]
    assert positions == ["7", "7", "", "", "", ""]
    assert look.went_on("8", found=0, remark="", now=NOON).trouble == ""


def test_a_key_that_is_refused_is_not_tried_soon() -> None:
    assert a_look().failed("refused", for_good=True, now=NOON).next_at == NOON + AGAIN[-1]


# What is told


@pytest.mark.parametrize("is_first", [True, False])
def test_what_was_there_before_the_first_look_is_left_alone(is_first: bool) -> None:
    assert is_ours_to_tell(a_sight(), None, is_first=is_first, since=NOON) is not is_first


@pytest.mark.parametrize(("made_at", "is_ours"), [(NOON - SECOND, False), (NOON, True)])
def test_what_was_booked_before_the_source_was_made_is_left_alone(made_at: datetime, is_ours: bool) -> None:
    assert is_ours_to_tell(a_sight(made_at=made_at), None, is_first=True, since=NOON) is is_ours


def test_what_a_call_spoke_of_is_told_whenever_it_was_booked() -> None:
    sight = a_sight(made_at=NOON - SECOND)

    assert is_ours_to_tell(sight, an_external(), is_first=True, since=NOON)
    assert not is_ours_to_tell(sight, an_external(known=Known()), is_first=False, since=NOON)


def test_what_is_not_known_is_told_as_it_is() -> None:
    assert told(a_sight(), None, asked_at=NOON) == some_news()
    assert told(a_sight(), an_external(known=Known()), asked_at=NOON) == some_news()


def test_what_is_known_is_not_told() -> None:
    known = merge(Known(), some_news(no_shows=((EVERYBODY, True),), outcome="Done", uid="u", continues="a"))
    sight = a_sight(some_news(at=LATER, no_shows=((EVERYBODY, True),), outcome="Done", uid="u", continues="a"))

    assert seen(sight, known) is None
    assert seen(replace(sight, is_whole=False), known) is None


def test_an_end_is_told_once() -> None:
    ended = some_news(at=LATER, ending=Ending(status=BookingStatus.CANCELLED))
    known = merge(Known(), some_news())

    news = seen(a_sight(ended), known)

    assert news == News(booking=ended.booking, at=LATER, ending=ended.ending)
    assert seen(a_sight(ended), merge(known, news)) is None


def test_a_mark_is_told_where_it_differs() -> None:
    known = merge(Known(), some_news())

    assert seen(a_sight(some_news(no_shows=((EVERYBODY, False),))), known) is None
    marked = seen(a_sight(some_news(at=LATER, no_shows=((EVERYBODY, True),))), known)
    assert marked is not None
    assert marked.no_shows == ((EVERYBODY, True),)


def test_of_a_sight_that_is_not_whole_only_the_times_are_taken() -> None:
    news = some_news(at=LATER)
    assert news.details is not None
    known = merge(Known(), some_news())
    moved = replace(news.details, starts_at=news.details.starts_at + MINUTE, place="elsewhere", answers=())

    whole, times = (
        after(known, a_sight(replace(news, details=moved), is_whole=is_whole)) for is_whole in (True, False)
    )

    assert whole.details is not None
    assert times.details is not None
    assert whole.details.value == moved
    assert times.details.value == replace(news.details, starts_at=moved.starts_at)


def test_what_tells_only_of_an_end_leaves_the_rest() -> None:
    ended = News(booking="b-1", at=NOON, ending=Ending(status=BookingStatus.CANCELLED))
    known = merge(Known(), News(booking="b-1", at=NOON, no_shows=((EVERYBODY, True),)))

    assert seen(a_sight(ended), known) == ended
    assert seen(a_sight(some_news()), known) is not None


@pytest.mark.parametrize("at", [NOON - timedelta(days=1), NOON + timedelta(days=1)])
def test_without_a_clock_a_sight_comes_after_what_is_known_and_before_the_next_call(at: datetime) -> None:
    marked = some_news(at=at, no_shows=((EVERYBODY, True),), outcome="Booked")
    known = merge(Known(), marked)
    assert marked.details is not None
    one, two = (replace(marked.details, ends_at=marked.details.ends_at + number * MINUTE) for number in (1, 2))

    known = after(known, a_sight(some_news(details=one, at=NOON), has_clock=False))
    assert known.details is not None
    assert known.details.value == one
    known = merge(known, some_news(at=at + SECOND, details=two))

    assert known.details is not None
    assert known.details.value == two


def test_without_a_clock_nothing_is_told_of_what_a_call_told_while_it_was_asked() -> None:
    known = merge(Known(), some_news())
    sight = a_sight(some_news(ending=Ending(status=BookingStatus.CANCELLED)), has_clock=False)

    assert seen(sight, known, told_at=NOON) is None
    assert seen(sight, known, told_at=NOON - SECOND) is not None
    assert seen(sight, known, told_at=None) is not None


def test_a_booking_of_which_only_a_confirmation_is_known_can_be_told() -> None:
    sight = a_sight(has_clock=False)

    assert seen(sight, Known(is_confirmed=True)) == replace(
        some_news(), at=some_news().at + timedelta(microseconds=1), is_confirmed=False
    )


def test_looks_of_sources_that_were_made_together_spread() -> None:
    looks = [Look(source_id=SourceId(f"source {one}")).taken(NOON) for one in range(20)]

    assert len({look.went_on("", found=0, remark="", now=NOON).next_at for look in looks}) > 1
