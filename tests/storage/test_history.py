"""What bookings were and what was answered, and the store in memory in which that is lived through again."""

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import (
    BOOKING_ID,
    DAY,
    HOUR,
    LINK_ID,
    MINUTE,
    NOON,
    SECOND,
    WORKSPACE_ID,
    a_booking,
    a_client,
    a_frozen,
    a_member,
    a_workspace,
    an_invitation,
    an_outcome,
)
from tests.storage.shelf import MOMENT, NASTY, keep
from tocsin.domain.delivery import DeliveryId
from tocsin.domain.errors import UnavailableError
from tocsin.domain.invite import Answered
from tocsin.domain.life import Given, Life
from tocsin.domain.model import Booking, BookingId, BookingStatus, LinkId, MemberId, Place
from tocsin.domain.rsvp import Rsvp
from tocsin.storage.invitations import MOST_ANSWERS_KEPT
from tocsin.storage.scratch import Scratch
from tocsin.storage.store import SqlStore

BOB = a_member(id=MemberId("bob"), name="Bob", email="bob@x.org")


def named(name: str, **changes: Any) -> Booking:
    return a_booking(**({"id": BookingId(name), "sid": f"s{name}"} | changes))


def life(store: SqlStore, booking_id: BookingId = BOOKING_ID) -> Life:
    with store.reading(WORKSPACE_ID) as tx:
        [found] = tx.history.lives([booking_id])
    return found


def answer(store: SqlStore, rsvp: Rsvp, *, seconds: int, recipient: str = "ada@example.org") -> None:
    at = NOON + seconds * SECOND
    with store.transaction(WORKSPACE_ID) as tx:
        tx.invitations.answer(an_invitation(recipient=recipient), Answered(rsvp=rsvp, sequence=0, stamp=at, at=at))


def forget(store: SqlStore, revision: int) -> None:
    """Leave out a revision, as a program before this one did that wrote the booking."""
    with store._database.transaction() as connection:
        connection.run("DELETE FROM booking_revisions WHERE revision = :revision", revision=revision)


def test_each_state_of_a_booking_comes_back_as_it_was(acme: SqlStore) -> None:
    outcome = an_outcome(name=NASTY)
    first = a_booking(client=a_client(name=NASTY), form_responses=((NASTY, ""), ("", NASTY)))
    second = replace(
        first,
        hosts=(BOB, a_member()),
        starts_at=MOMENT + DAY,
        ends_at=MOMENT + 2 * DAY,
        place=Place(spot="", details=NASTY, join_url=NASTY),
        outcome=outcome,
        is_no_show=True,
        revision=1,
        updated_at=MOMENT,
    )
    third = replace(
        second,
        status=BookingStatus.CANCELLED,
        cancelled_at=MOMENT + HOUR,
        cancel_reason=NASTY,
        cancelled_by=NASTY,
        reschedule_reason=NASTY,
        outcome=None,
        revision=2,
        updated_at=MOMENT + HOUR,
    )

    keep(acme, a_member(), BOB, outcome, first, second, third)

    assert life(acme).states == (first, second, third)
    assert life(acme).known_since is None


def test_people_and_outcomes_are_known_as_they_are_now(acme: SqlStore) -> None:
    keep(acme, a_member(), an_outcome(), a_booking(outcome=an_outcome()))
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.members.put(a_member(name="Olivia Smith"))
        tx.members.remove(a_member().id, at=NOON)
        tx.outcomes.put(an_outcome(name="Sold"), now=NOON)
        tx.outcomes.delete(an_outcome().id, at=NOON)

    [state] = life(acme).states

    assert state.host.name == "Olivia Smith"
    assert state.outcome is not None
    assert state.outcome.name == "Sold"


def test_a_revision_that_is_written_twice_is_there_once_as_it_was_last(acme: SqlStore) -> None:
    again = a_booking(cancel_reason="again")
    keep(acme, a_member(), a_booking(), again)

    assert life(acme).states == (again,)


def test_a_state_that_an_older_program_wrote_is_known_while_it_is_the_present_one(acme: SqlStore) -> None:
    first, second, third = (a_booking(revision=n, updated_at=NOON + n * HOUR) for n in range(3))
    keep(acme, a_member(), first, second)
    forget(acme, 1)
    assert life(acme).states == (first, second)

    keep(acme, third)

    assert life(acme).states == (first, third)
    assert life(acme).known_since == third.updated_at


def test_answers_come_back_in_order(acme: SqlStore) -> None:
    keep(acme, a_member(), a_booking(), an_invitation(), an_invitation(recipient="bob@example.org"))
    answer(acme, Rsvp.TENTATIVE, seconds=1)
    answer(acme, Rsvp.ACCEPTED, seconds=2, recipient="bob@example.org")
    answer(acme, Rsvp.DECLINED, seconds=3)
    answer(acme, Rsvp.ACCEPTED, seconds=3)

    assert life(acme).given == (
        Given(recipient="ada@example.org", rsvp=Rsvp.TENTATIVE, at=NOON + SECOND),
        Given(recipient="bob@example.org", rsvp=Rsvp.ACCEPTED, at=NOON + 2 * SECOND),
        Given(recipient="ada@example.org", rsvp=Rsvp.DECLINED, at=NOON + 3 * SECOND),
        Given(recipient="ada@example.org", rsvp=Rsvp.ACCEPTED, at=NOON + 3 * SECOND),
    )


def test_of_somebody_who_answers_without_end_the_first_answers_and_the_last_are_kept(acme: SqlStore) -> None:
    keep(acme, a_member(), a_booking(), an_invitation())
    for number in range(MOST_ANSWERS_KEPT + 5):
        answer(acme, Rsvp.DECLINED if number % 2 else Rsvp.ACCEPTED, seconds=number)

    given = life(acme).given

    assert [one.at for one in given] == [
        *(NOON + number * SECOND for number in range(MOST_ANSWERS_KEPT - 1)),
        NOON + (MOST_ANSWERS_KEPT + 4) * SECOND,
    ]
    assert given[-1].rsvp is Rsvp.ACCEPTED


def test_lives_come_in_the_order_in_which_bookings_were_made(acme: SqlStore) -> None:
    keep(acme, a_member(), named("b"), named("c", created_at=NOON - HOUR), named("a"))

    with acme.reading(WORKSPACE_ID) as tx:
        found = tx.history.lives([BookingId("a"), BookingId("b"), BookingId("c"), BookingId("none")])

    assert [one.now.id for one in found] == ["c", "a", "b"]


@pytest.fixture
def several(acme: SqlStore) -> SqlStore:
    keep(
        acme,
        a_member(),
        named("made at noon"),
        named("made and changed later", created_at=NOON + HOUR, updated_at=NOON + 2 * HOUR),
        named("changed later", updated_at=NOON + 2 * HOUR),
        named("starts later", starts_at=NOON + 3 * DAY, ends_at=NOON + 4 * DAY),
        named("of another link", link_id=LinkId("other"), updated_at=NOON + 2 * HOUR),
    )
    return acme


@pytest.mark.parametrize(
    ("since", "made_before", "expected"),
    [
        pytest.param(0, 1, {"made at noon", "changed later", "starts later"}, id="the first moment counts"),
        pytest.param(1, 1, {"changed later"}, id="the last does not"),
        pytest.param(2, 9, {"changed later", "made and changed later"}, id="since a change"),
        pytest.param(3, 9, set(), id="after all changes"),
    ],
)
def test_bookings_are_found_that_changed_since_a_moment(
    several: SqlStore, since: int, made_before: int, expected: set[str]
) -> None:
    with several.reading(WORKSPACE_ID) as tx:
        found = tx.history.changed([LINK_ID], since=NOON + since * HOUR, made_before=NOON + made_before * HOUR, limit=9)

    assert found == expected


def test_a_booking_is_found_that_was_answered_since_a_moment(acme: SqlStore) -> None:
    keep(acme, a_member(), a_booking(), an_invitation())
    answer(acme, Rsvp.ACCEPTED, seconds=10)

    with acme.reading(WORKSPACE_ID) as tx:
        found = [
            tx.history.changed([LINK_ID], since=NOON + seconds * SECOND, made_before=NOON + DAY, limit=9)
            for seconds in (10, 11)
        ]

    assert found == [{BOOKING_ID}, set()]


def test_bookings_are_found_by_their_start_and_by_their_end(several: SqlStore) -> None:
    start, end = NOON + 3 * DAY, NOON + 4 * DAY
    with several.reading(WORKSPACE_ID) as tx:
        starting = [
            tx.history.starting([LINK_ID], start=start, end=start + SECOND, limit=9),
            tx.history.starting([LINK_ID], start=start - SECOND, end=start, limit=9),
        ]
        ending = [
            tx.history.ending([LINK_ID], start=end, end=end + SECOND, limit=9),
            tx.history.ending([LINK_ID], start=end - SECOND, end=end, limit=9),
        ]
        few = tx.history.starting([LINK_ID, LinkId("other")], start=NOON, end=NOON + 9 * DAY, limit=2)

    assert starting == [{"starts later"}, set()]
    assert ending == [{"starts later"}, set()]
    assert len(few) == 2


def test_the_first_booking_of_each_client_is_found(acme: SqlStore) -> None:
    zed = a_client(email="zed@example.net")
    keep(
        acme,
        a_member(),
        named("eve 2", created_at=NOON + MINUTE),
        named("eve 1"),
        named("zed b", client=zed),
        named("zed a", client=zed, link_id=LinkId("other")),
        named("amy", client=a_client(email="amy@example.net")),
    )

    with acme.reading(WORKSPACE_ID) as tx:
        found = tx.history.first_of_clients(["eve@example.net", "zed@example.net", "nobody@example.net"])

    assert found == {"eve 1", "zed a"}


def test_a_store_in_memory_is_empty_each_time_and_keeps_no_bytes_of_messages() -> None:
    scratch = Scratch()
    for _ in range(2):
        with scratch.open() as store:
            with store.registry() as registry:
                assert registry.all() == []
                registry.add(a_workspace())
            with store.transaction(WORKSPACE_ID) as tx:
                tx.messages.freeze({DeliveryId("one"): a_frozen()})
                assert tx.messages.get(DeliveryId("one")) == a_frozen(message=b"")


def test_a_store_in_memory_undoes_what_fails() -> None:
    def fail(store: SqlStore) -> None:
        with store.registry() as registry:
            registry.add(a_workspace())
            raise ZeroDivisionError

    with Scratch().open() as store:
        with pytest.raises(ZeroDivisionError):
            fail(store)

        with store.directory() as directory:
            assert directory.all() == []


def test_there_is_one_store_in_memory_at_a_time() -> None:
    scratch = Scratch()

    with scratch.open(), pytest.raises(UnavailableError, match="another dry run is under way"), scratch.open():
        pass

    with scratch.open():
        pass
