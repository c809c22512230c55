"""Calls come repeated, out of order, or not at all: what is known in the end is the same, and so is the booking.

Each life has five calls, and all 120 orders of them are tried.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import combinations, permutations
from typing import Any

import pytest

from tests.builders import DAY, MINUTE, NOON, WORKSPACE_ID, SettableClock, a_chance, a_source, a_workspace
from tests.sources.senders import FIELDS, SECRETS, fixture, octets
from tocsin.domain.model import Booking
from tocsin.domain.sources.chain import GRACE
from tocsin.domain.sources.news import Known, News, merge
from tocsin.domain.sources.source import Access, SourceKind
from tocsin.formats.sources import FORMATS
from tocsin.services import source_bookings
from tocsin.services.ports import BookingFilter
from tocsin.services.source_bookings import Desk
from tocsin.storage.store import SqlStore, SqlTransaction

LIVES = {
    "generic": ["made", "moved", "no_show", "outcome", "cancelled"],
    "generic, ended twice": ["made", "moved", "no_show", "cancelled", "rejected"],
    "generic, another in its place": ["awaiting", "made", "replaced", "no_show_undone", "moved"],
    "cal_com": ["requested", "created", "rescheduled", "rescheduled_again", "no_show"],
    "cal_com, cancelled": ["created", "no_show", "no_show_undone", "meeting_ended_flat", "cancelled"],
    "calendly": ["created", "moved_away", "moved_here", "no_show", "no_show_undone"],
    "calendly, cancelled": ["created", "moved_away", "moved_here", "cancelled_after_move", "no_show"],
    "easy_appointments": ["saved", "moved", "status_changed", "deleted", "saved"],
}
EVERY_LIFE = pytest.mark.parametrize("life", LIVES)
ANSWERS = {name: fixture("easy_appointments", f"api_{name}") for name in ("customer", "provider", "service")}


def news_of(life: str) -> list[News]:
    """Return what the calls of a life say, each as its source reads it."""
    kind = life.partition(",")[0]
    access = Access(secret=SECRETS[kind], api_url=str(FIELDS.get(kind, {}).get("api_url", "")))
    found: list[News] = []
    for name in LIVES[life]:
        body = octets(kind, fixture(kind, name))
        found += FORMATS[SourceKind(kind)].read(body, access, ANSWERS, NOON).news
    return found


@EVERY_LIFE
def test_what_is_known_does_not_depend_on_the_order_or_on_repetitions(life: str) -> None:
    news = news_of(life)
    ends = set()

    for order in permutations(news):
        known: dict[str, Known] = {}
        for one in (*order, order[0], order[-1], order[2]):
            known[one.booking] = merge(known.get(one.booking, Known()), one)
        ends.add(repr(sorted(known.items())))

    assert len(ends) == 1


class Taker:
    """A workspace to which news come, in an order that is undone after a look at where it led."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.clock = SettableClock()
        self.chance = a_chance()
        with store.registry() as registry:
            registry.add(a_workspace())

    def end(self, order: Sequence[News]) -> list[object]:
        """Take news one after the other, let the time of grace pass, and return what the bookings are then."""
        return [state_of(booking) for booking in self.bookings(order, wait=timedelta(0))]

    def bookings(self, order: Sequence[News], *, wait: timedelta) -> list[Booking]:
        """Return the bookings, by their start, after news came with a wait behind each."""
        with self._after(order, wait=wait) as tx:
            wanted = BookingFilter(order_by="starts_at", descending=False)
            found, _ = tx.bookings.page(wanted, now=self.clock(), limit=10, offset=0)
        return found

    def left(self, order: Sequence[News]) -> list[str]:
        """Return which bookings of the source are known after news came, and all that was booked is forgotten."""
        with self._after(order, wait=timedelta(0)) as tx:
            before = self.clock() + 900 * DAY
            tx.retention.forget_bookings(tx.retention.over(before=before, most=10), before=before)
            left = [one.booking for one in order if tx.source_bookings.get(a_source().id, one.booking) is not None]
        return sorted(left)

    @contextmanager
    def _after(self, order: Sequence[News], *, wait: timedelta) -> Iterator[SqlTransaction]:
        self.clock.now = NOON
        with self.store.trial(WORKSPACE_ID) as tx:
            for one in order:
                source_bookings.take(self._desk(tx), [one])
                self.clock.advance(wait)
                if wait >= GRACE:
                    self._wake(tx, order)
            self.clock.advance(GRACE)
            self._wake(tx, order)
            yield tx

    def _wake(self, tx: Any, order: Sequence[News]) -> None:
        for external_id in sorted({one.booking for one in order}):
            if tx.source_bookings.get(a_source().id, external_id) is not None:
                source_bookings.wake(self._desk(tx), external_id)

    def _desk(self, tx: Any) -> Desk:
        source = a_source(host_email="oliver@example.com")
        return Desk(tx=tx, source=source, now=self.clock(), chance=self.chance)


def state_of(booking: Booking) -> object:
    """Return all that a booking is, but for ids, counters, and when it was written here."""
    return (
        booking.status,
        booking.client,
        [host.email for host in booking.hosts],
        (booking.starts_at, booking.ends_at, booking.place),
        (booking.cancelled_at, booking.cancel_reason, booking.cancelled_by),
        booking.is_no_show,
        None if booking.outcome is None else booking.outcome.name,
        (booking.form_responses, booking.guests, booking.source_uid),
    )


@pytest.fixture
def taker(sqlite_store: SqlStore) -> Taker:
    return Taker(sqlite_store)


@pytest.mark.parametrize("life", ["generic, ended twice", "cal_com", "calendly, cancelled", "easy_appointments"])
def test_all_orders_of_five_calls_end_in_the_same_booking(taker: Taker, life: str) -> None:
    news = news_of(life)

    ends = {repr(taker.end(order)) for order in permutations(news)}

    assert len(ends) == 1
    assert len(taker.end(news)) == 1


@pytest.mark.parametrize("life", ["cal_com", "calendly, cancelled", "generic"])
def test_some_orders_end_in_the_same_booking_on_either_store(store: SqlStore, life: str) -> None:
    taker, news = Taker(store), news_of(life)

    ends = {repr(taker.end(order)) for order in list(permutations(news))[::17]}

    assert len(ends) == 1


@pytest.mark.parametrize("life", ["cal_com", "calendly", "calendly, cancelled"])
def test_with_a_booking_all_goes_that_its_source_has_said_of_it_in_whatever_order(store: SqlStore, life: str) -> None:
    taker, news = Taker(store), news_of(life)

    assert [taker.left(order) for order in list(permutations(news))[::7]] == [[]] * 18


@EVERY_LIFE
def test_calls_that_come_twice_change_nothing(taker: Taker, life: str) -> None:
    news = news_of(life)

    assert taker.end([*news, *reversed(news), *news]) == taker.end(news)


@pytest.mark.parametrize("life", ["generic", "cal_com, cancelled", "easy_appointments", "calendly, cancelled"])
def test_calls_that_never_come_are_made_up_for_by_the_last(taker: Taker, life: str) -> None:
    news = news_of(life)
    last = max((one for one in news if one.ending is not None and not one.ending.is_moved), key=lambda one: one.at)
    others = [one for one in news if one is not last]

    ends = set()
    for number in range(len(others) + 1):
        for some in combinations(others, number):
            found = [booking.status for booking in taker.bookings([*some, last], wait=timedelta(0))]
            ends.add(tuple(sorted(set(found))))

    assert ends <= {("cancelled",), ()}  # a cancellation without a word on what it was is kept, and there is no booking


def test_a_late_half_of_a_reschedule_is_joined_even_after_the_time_of_grace(taker: Taker) -> None:
    created, away, here, *_ = news_of("calendly")

    found = taker.bookings([created, away, here], wait=GRACE)

    # The first was withdrawn when nothing followed in time; what follows then is a new booking with an entry of its own.
    assert [(booking.status.value, booking.starts_at.day) for booking in found] == [
        ("cancelled", 26),
        ("confirmed", 27),
    ]
    assert len({booking.uid for booking in found}) == 2


def test_a_half_that_comes_in_time_moves_the_booking_and_nothing_is_withdrawn(taker: Taker) -> None:
    created, away, here, *_ = news_of("calendly")

    for order in ([created, away, here], [created, here, away], [created, here], [away, here]):
        (booking,) = taker.bookings(order, wait=MINUTE)
        assert (booking.status.value, booking.starts_at.day) == ("confirmed", 27)


def test_two_that_turn_out_to_be_one_become_one(taker: Taker) -> None:
    created, moved, again = (one for one in news_of("cal_com") if one.details is not None and one.is_confirmed)

    found = taker.bookings([created, again, moved], wait=GRACE)

    assert [(booking.status.value, booking.starts_at.day) for booking in found] == [
        ("cancelled", 26),
        ("confirmed", 28),
    ]
    assert found[0].cancel_reason == f"it was moved and is booking {found[1].sid} now"
