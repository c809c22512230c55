"""Deliveries, attempts and answers, summed up for the overview."""

import pytest

from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    WORKSPACE_ID,
    a_booking,
    a_link,
    a_member,
    a_planned,
    a_settlement,
    a_workspace,
    an_invitation,
)
from tests.storage.shelf import claim, keep, settle
from tocsin.domain.delivery import Outcome, Result, State, Verdict
from tocsin.domain.invite import Answered, Method
from tocsin.domain.model import BookingId, BookingStatus
from tocsin.domain.rsvp import Rsvp
from tocsin.services.ports_overview import Tally
from tocsin.storage.store import SqlStore

REFUSED = Outcome(result=Result.PERMANENT, code=550, enhanced_code="5.1.1", reply="no")
LATER = Outcome(result=Result.TEMPORARY, code=451, enhanced_code="4.7.1", reply="later")


@pytest.fixture
def acme(store: SqlStore) -> SqlStore:
    """Give a store with a booking of a link."""
    with store.registry() as registry:
        registry.add(a_workspace())
    keep(store, a_member(), a_link(), a_booking())
    return store


def ended(store: SqlStore, key: str, state: State, outcome: Outcome, *, at: object = 0 * HOUR) -> None:
    """Let a delivery end so."""
    now = NOON + at  # type: ignore[operator]
    keep(store, a_planned(key=key, due_at=now, recipient=f"{key}@example.com"), now=now)
    (taken,) = claim(store, now=now)
    next_at = now + HOUR if state is State.RETRYING else None
    verdict = Verdict(state=state, reason=outcome.reply, next_at=next_at)
    settle(store, a_settlement(taken, outcome=outcome, verdict=verdict), now=now)


ACCEPTED = Outcome(result=Result.ACCEPTED, code=250)


def test_what_ended_is_counted_by_quarters_of_an_hour(acme: SqlStore) -> None:
    ended(acme, "a", State.SENT, ACCEPTED)
    ended(acme, "b", State.SENT, ACCEPTED, at=14 * MINUTE)
    ended(acme, "c", State.FAILED, REFUSED, at=15 * MINUTE)
    ended(acme, "d", State.SENT, ACCEPTED, at=-DAY)

    with acme.reading(WORKSPACE_ID) as tx:
        found = sorted(tx.overview.ended(since=NOON), key=lambda tally: tally.began_at)

    assert found == [
        Tally(began_at=NOON, state=State.SENT, number=2),
        Tally(began_at=NOON + 15 * MINUTE, state=State.FAILED, number=1),
    ]


def test_what_has_been_due_longest_is_known(acme: SqlStore) -> None:
    ended(acme, "sent", State.SENT, ACCEPTED)
    ended(acme, "again", State.RETRYING, LATER)
    for number in (3, 2, 4):
        keep(acme, a_planned(key=f"{number}", due_at=NOON + number * HOUR))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.overview.oldest_due(now=NOON + HOUR - SECOND) is None
        assert tx.overview.oldest_due(now=NOON + 9 * HOUR) == NOON + HOUR


def test_what_failed_comes_latest_first(acme: SqlStore) -> None:
    ended(acme, "old", State.FAILED, REFUSED, at=-DAY)
    ended(acme, "first", State.EXPIRED, LATER)
    ended(acme, "last", State.FAILED, REFUSED, at=HOUR)
    ended(acme, "fine", State.SENT, ACCEPTED, at=HOUR)

    with acme.reading(WORKSPACE_ID) as tx:
        lost, number = tx.overview.lost(since=NOON, limit=1)

    assert [one.recipient for one in lost] == ["last@example.com"]
    assert number == 2


def test_the_last_attempts_are_those_at_what_ended_and_at_what_waits(acme: SqlStore) -> None:
    ended(acme, "a", State.SENT, ACCEPTED)
    ended(acme, "b", State.RETRYING, LATER, at=MINUTE)
    ended(acme, "c", State.FAILED, REFUSED, at=2 * MINUTE)

    with acme.reading(WORKSPACE_ID) as tx:
        assert [one.outcome for one in tx.overview.attempts(limit=9)] == [REFUSED, LATER, ACCEPTED]
        assert [one.outcome for one in tx.overview.attempts(limit=2)] == [REFUSED, LATER]


def test_answers_count_for_coming_bookings_and_the_entry_that_is_true(acme: SqlStore) -> None:
    over = a_booking(id=BookingId("b-over"), sid="over", status=BookingStatus.CANCELLED)
    keep(acme, over)
    accepted = {"ada": 1, "old": 0}
    with acme.transaction(WORKSPACE_ID) as tx:
        for name in ("ada", "old", "new"):
            invitation = an_invitation(id=name, recipient=f"{name}@example.com", sequence=1)
            tx.invitations.put(invitation)
            if name in accepted:
                answer = Answered(rsvp=Rsvp.ACCEPTED, sequence=accepted[name], stamp=NOON, at=NOON)
                tx.invitations.answer(invitation, answer)
        tx.invitations.put(an_invitation(id="x", recipient="x@example.com", booking_id=over.id))
        tx.invitations.put(an_invitation(id="y", recipient="y@example.com", method=Method.CANCEL))

        later = NOON + 999 * DAY
        assert tx.overview.rsvps(now=NOON, until=later) == {Rsvp.ACCEPTED: 1, Rsvp.NEEDS_ACTION: 2}
        assert tx.overview.rsvps(now=NOON, until=NOON) == {}
        assert tx.overview.rsvps(now=later, until=later + DAY) == {}


def test_an_empty_workspace_has_nothing(acme: SqlStore) -> None:
    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.overview.ended(since=NOON) == []
        assert tx.overview.lost(since=NOON, limit=9) == ([], 0)
        assert tx.overview.attempts(limit=9) == []
        assert tx.overview.oldest_due(now=NOON) is None
        assert tx.overview.rsvps(now=NOON, until=NOON + DAY) == {}
