"""What fires, for whom, and what does not."""

import pytest

from tests.builders import (
    DAY,
    HOUR,
    LINK_ID,
    MINUTE,
    OUTCOME_ID,
    WORKSPACE_ID,
    a_client,
    a_link,
    a_member,
    a_rule_draft,
    an_outcome,
)
from tests.journeys.world import SECOND_HOST, World, slot
from tocsin.domain.actions import Action
from tocsin.domain.delivery import State
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId, LinkKind, OutcomeId, OutcomeKind, Place
from tocsin.domain.rules import RuleDraft
from tocsin.services import bookings, rules
from tocsin.services.ports import BookingFilter, Page


def fired(office: World) -> list[EventKind]:
    """Return the events of all deliveries in the order in which they were planned."""
    return [one.event for one in sorted(office.deliveries(), key=lambda one: (one.created_at, one.booking_revision))]


@pytest.fixture
def listening(office: World) -> World:
    """Give a world with a rule for each event that is not timed."""
    for event in EventKind:
        if event not in (EventKind.BEFORE_MEETING_STARTS, EventKind.AFTER_MEETING_ENDS):
            office.rule(event)
    return office


def test_each_change_fires_its_event_and_no_other(listening: World) -> None:
    booking = listening.book()
    assert fired(listening) == [EventKind.BOOKING_CONFIRMED]
    for deed, event in (
        ({"slot": slot("2026-12-01 09:00")}, EventKind.BOOKING_RESCHEDULED),
        ({"place": Place(spot="in_person", details="Room 1")}, EventKind.BOOKING_RESCHEDULED),
        ({"host_email": SECOND_HOST.email}, EventKind.BOOKING_RESCHEDULED),
        ({"no_show": True}, EventKind.MARKED_NO_SHOW),
        ({"outcome_id": OUTCOME_ID}, EventKind.MEETING_OUTCOME_CHANGED),
        ({"outcome_id": ""}, EventKind.MEETING_OUTCOME_CHANGED),
        ({"status": "cancelled"}, EventKind.BOOKING_CANCELLED),
    ):
        listening.drain()
        listening.clock.advance(MINUTE)
        listening.change(booking, **deed)
        assert fired(listening)[-1] is event


@pytest.mark.parametrize(
    "nothing",
    [
        {"slot": slot("2026-11-25 07:00")},
        {"no_show": False},
        {"outcome_id": ""},
        {"name": "Eve Jones", "email": "eve@example.net"},
        {"place": Place(spot="zoom", join_url="https://zoom.example/j/1")},
        {"host_email": "oliver@example.com"},
    ],
)
def test_a_change_that_changes_nothing_fires_nothing(listening: World, nothing: dict[str, object]) -> None:
    booking = listening.book()

    same = listening.change(booking, **nothing)

    assert same == booking
    assert fired(listening) == [EventKind.BOOKING_CONFIRMED]


def test_a_mark_that_is_taken_away_fires_nothing(listening: World) -> None:
    booking = listening.book()
    listening.change(booking, no_show=True)

    listening.change(booking, no_show=False)

    assert fired(listening) == [EventKind.BOOKING_CONFIRMED, EventKind.MARKED_NO_SHOW]


def test_the_built_in_outcome_marks_no_show(listening: World) -> None:
    no_show = an_outcome(id=OutcomeId("no-show"), name="No show", kind=OutcomeKind.NO_SHOW)
    with listening.store.transaction(WORKSPACE_ID) as tx:
        tx.outcomes.put(no_show, now=listening.clock())
    booking = listening.book()

    after = listening.change(booking, outcome_id=no_show.id)

    assert after.is_no_show
    assert set(fired(listening)[1:]) == {EventKind.MARKED_NO_SHOW, EventKind.MEETING_OUTCOME_CHANGED}


def test_an_awaiting_booking_fires_when_it_is_approved_or_rejected(listening: World) -> None:
    approved, rejected = listening.book(awaits_approval=True), listening.book(awaits_approval=True)
    listening.move(approved)
    assert fired(listening) == []

    listening.change(approved, status="approved")
    listening.change(rejected, status="rejected", reason="full")

    assert sorted(fired(listening)) == [EventKind.BOOKING_CANCELLED, EventKind.BOOKING_CONFIRMED]


def test_a_link_that_requires_approval_makes_awaiting_bookings(listening: World) -> None:
    listening.set_link(requires_approval=True)

    listening.book()

    assert fired(listening) == []


@pytest.mark.parametrize("deed", [{"status": "approved"}, {"status": "rejected"}, {"status": "cancelled"}])
def test_a_cancelled_booking_stays_so(listening: World, deed: dict[str, str]) -> None:
    booking = listening.book()
    listening.cancel(booking)

    with pytest.raises(ConflictError):
        listening.change(booking, **deed)
    with pytest.raises(ConflictError, match="cannot be moved"):
        listening.move(booking)
    with pytest.raises(ConflictError, match="no-show"):
        listening.change(booking, no_show=True)

    assert listening.booking(booking).revision == 1


def test_two_rules_for_one_event_and_recipient_are_two_messages_in_order(office: World) -> None:
    first, second = office.rule(EventKind.BOOKING_CONFIRMED), office.rule(EventKind.BOOKING_CONFIRMED)

    office.book()
    office.drain()

    assert {one.rule_id for one in office.deliveries()} == {first.id, second.id}
    assert office.states() == [State.SENT, State.SENT]


def test_rules_of_other_links_and_disabled_rules_do_not_fire(office: World) -> None:
    office.set_link(id=LinkId("other"), sid="link009", slug="other")
    with office.store.transaction(WORKSPACE_ID) as tx:
        draft = RuleDraft(
            name="",
            event=EventKind.BOOKING_CONFIRMED,
            link_ids=(LINK_ID,),
            actions=office_actions(),
            enabled=False,
        )
        made = rules.create(tx, draft, now=office.clock(), chance=office.chance)
    office.rule(EventKind.BOOKING_CONFIRMED)

    office.book(link_slug="other")

    assert office.deliveries() == []
    assert made.name.startswith("New Rule - ")


def office_actions() -> tuple[Action, ...]:
    return a_rule_draft().actions


def test_a_rule_names_what_is_wrong_with_each_link(office: World) -> None:
    office.set_link(id=LinkId("template"), sid="link008", slug="t", is_template=True)
    draft = RuleDraft(
        name="",
        event=EventKind.BOOKING_CONFIRMED,
        link_ids=(LINK_ID, LinkId("template"), LinkId("link001"), LinkId("unknown")),
        actions=(),
    )

    with pytest.raises(InvalidInputError) as caught, office.store.transaction(WORKSPACE_ID) as tx:
        rules.create(tx, draft, now=office.clock(), chance=office.chance)

    assert [(p.field, p.message.split(";")[0].split(" in ")[0]) for p in caught.value.problems] == [
        ("meeting_ids[1]", "template is a meeting template"),
        ("meeting_ids[2]", "link001 is a sid"),
        ("meeting_ids[3]", "there is no scheduling link with the id unknown"),
    ]


def test_rules_are_listed_and_found(office: World) -> None:
    rule = office.rule(EventKind.BOOKING_CONFIRMED)

    with office.store.reading(WORKSPACE_ID) as tx:
        assert rules.page(tx, Page()) == ([rule], 1)
        assert rules.get(tx, rule.id) == rule
        with pytest.raises(NotFoundError):
            rules.get(tx, "unknown")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"link_slug": "unknown"}, "meeting_slug"),
        ({"link_slug": "template"}, "meeting_slug"),
        ({"link_slug": "disabled"}, "meeting_slug"),
        ({"host_email": "nobody@example.com"}, "host_email"),
        ({"ahead": -HOUR}, "slot_start_time"),
    ],
)
def test_a_booking_that_cannot_be_is_refused(office: World, wrong: dict[str, object], field: str) -> None:
    office.set_link(id=LinkId("t"), sid="link008", slug="template", is_template=True)
    office.set_link(id=LinkId("d"), sid="link009", slug="disabled", is_disabled=True)

    with pytest.raises(InvalidInputError) as caught:
        office.book(**wrong)  # type: ignore[arg-type]

    assert [problem.field for problem in caught.value.problems] == [field]


def test_a_host_who_is_booked_is_not_booked_again_unless_it_is_asked_for(office: World) -> None:
    first = office.book()

    with pytest.raises(InvalidInputError, match="booked from 2026-11-25 12:00 to 12:30 UTC already"):
        office.book(override_availability=False)
    office.book(ahead=DAY + 30 * MINUTE, override_availability=False)
    other = office.book(ahead=3 * DAY)
    with pytest.raises(InvalidInputError):
        office.change(other, slot=slot("2026-11-25 07:29"), override_availability=False)

    assert office.booking(first) == first


def test_clients_share_the_start_of_a_grouped_link(office: World) -> None:
    office.set_link(kind=LinkKind.GROUPED)
    office.book(override_availability=False)

    office.book(override_availability=False, client=a_client(email="bob@example.net"))

    with pytest.raises(InvalidInputError):
        office.book(ahead=DAY + MINUTE, override_availability=False)


def test_the_kind_of_a_link_chooses_hosts(office: World) -> None:
    hosts = (a_member(), SECOND_HOST)
    office.set_link(hosts=hosts, kind=LinkKind.ROUND_ROBIN)
    in_turn = [office.book(override_availability=False).host.name for _ in range(2)]
    overbooked = office.book().host.name
    office.set_link(hosts=hosts, kind=LinkKind.MULTIHOST)
    everybody = office.book(ahead=2 * DAY)
    chosen = office.book(ahead=3 * DAY, host_email=SECOND_HOST.email)

    assert in_turn == ["Oliver Smith", "Wanda Host"]
    assert overbooked == "Oliver Smith"
    assert everybody.hosts == hosts
    assert chosen.hosts == (SECOND_HOST,)


def test_what_does_not_exist_cannot_be_changed_to(office: World) -> None:
    booking = office.book()

    with pytest.raises(InvalidInputError, match="no meeting outcome"):
        office.change(booking, outcome_id="unknown")
    with pytest.raises(InvalidInputError, match="not a team member"):
        office.change(booking, host_email="nobody@example.com")
    with pytest.raises(NotFoundError), office.store.transaction(WORKSPACE_ID) as tx:
        bookings.change(tx, "unknown", bookings.BookingChange(), now=office.clock(), chance=office.chance)


def test_a_booking_of_a_deleted_link_can_be_moved_and_cancelled(office: World) -> None:
    office.rule(EventKind.BOOKING_CANCELLED)
    booking = office.book()
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.links.delete(LINK_ID, at=office.clock())

    office.move(booking)
    office.cancel(booking)
    office.drain()

    assert office.states() == [State.SENT]


def test_bookings_are_listed(office: World) -> None:
    booking = office.book()
    cancelled = office.cancel(office.book(ahead=2 * DAY))

    with office.store.reading(WORKSPACE_ID) as tx:
        upcoming = bookings.page(tx, BookingFilter(type="upcoming"), Page(), now=office.clock())
        gone = bookings.page(tx, BookingFilter(type="cancelled"), Page(), now=office.clock())

    assert upcoming == ([booking], 1)
    assert gone == ([cancelled], 1)


def test_a_change_keeps_why_and_by_whom(office: World) -> None:
    booking = office.book()

    office.change(booking, slot=slot("2026-12-01 09:00"), reschedule_reason="train")
    after = office.change(booking, status="cancelled", reason="ill", by="client")

    assert (after.reschedule_reason, after.cancel_reason, after.cancelled_by) == ("train", "ill", "client")
    assert after.cancelled_at == office.clock()
    assert after.link_id == a_link().id
