from datetime import datetime, timedelta
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
    a_member,
    an_event,
    an_outcome,
)
from tests.storage.shelf import MOMENT, NASTY, keep
from tocsin.domain.events import EventKind
from tocsin.domain.explain import Happened
from tocsin.domain.model import Booking, BookingId, BookingStatus, LinkId, MemberId, OutcomeKind, Place
from tocsin.services.ports import BookingFilter
from tocsin.storage.store import SqlStore

ADA = a_member(id=MemberId("ada"), name="Ada", email="ada@x.org")
BOB = a_member(id=MemberId("bob"), name="Bob", email="bob@x.org")


def named(name: str, **changes: Any) -> Booking:
    return a_booking(**({"id": BookingId(name), "sid": f"s{name}"} | changes))


def names(bookings: list[Booking]) -> list[str]:
    return [booking.id for booking in bookings]


@pytest.mark.parametrize("status", BookingStatus)
def test_a_booking_comes_back_as_it_was(acme: SqlStore, status: BookingStatus) -> None:
    outcome = an_outcome(name=NASTY, kind=OutcomeKind.NO_SHOW)
    booking = a_booking(
        uid=NASTY,
        client=a_client(name=NASTY, email="o'hara@x.org", time_zone=""),
        hosts=(BOB, ADA),
        starts_at=MOMENT,
        ends_at=MOMENT + timedelta(microseconds=1),
        status=status,
        place=Place(spot="", details=NASTY, join_url=NASTY),
        revision=12,
        created_at=MOMENT - DAY,
        updated_at=MOMENT,
        cancelled_at=MOMENT,
        cancel_reason=NASTY,
        cancelled_by=NASTY,
        reschedule_reason=NASTY,
        is_no_show=True,
        outcome=outcome,
        form_responses=((NASTY, ""), ("", NASTY), (NASTY, "again")),
    )
    keep(acme, ADA, BOB, outcome, booking)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.get(booking.id) == booking
        assert tx.bookings.get(booking.sid) == booking


def test_a_plain_booking_comes_back_as_it_was(acme: SqlStore) -> None:
    keep(acme, a_member(), a_booking())

    with acme.transaction(WORKSPACE_ID) as tx:
        assert tx.bookings.get(BOOKING_ID) == tx.bookings.get(BOOKING_ID, lock=True) == a_booking()
        assert tx.bookings.get("unknown") is tx.bookings.get("unknown", lock=True) is None


def test_a_changed_booking_takes_the_place_of_the_old_one_with_other_hosts(acme: SqlStore) -> None:
    changed = a_booking(
        client=a_client(name="New"),
        hosts=(ADA,),
        starts_at=NOON,
        ends_at=NOON + HOUR,
        revision=1,
        updated_at=NOON + HOUR,
    )

    keep(acme, ADA, BOB, a_booking(hosts=(BOB, ADA)), changed)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.get(BOOKING_ID) == changed
        assert tx.bookings.page(BookingFilter(), now=NOON, limit=9, offset=0) == ([changed], 1)


def test_what_identifies_a_booking_never_changes(acme: SqlStore) -> None:
    keep(acme, a_member(), a_booking())

    keep(acme, a_booking(sid="x", uid="x", link_id=LinkId("x"), created_at=NOON + DAY))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.get(BOOKING_ID) == a_booking()


def test_what_happened_to_a_booking_is_kept_in_order(acme: SqlStore) -> None:
    moved, marked = a_booking(revision=1), a_booking(revision=2)
    keep(
        acme,
        an_event(kind=EventKind.MARKED_NO_SHOW, booking=marked, occurred_at=NOON),
        an_event(kind=EventKind.BOOKING_RESCHEDULED, booking=moved, occurred_at=MOMENT),
        an_event(),
        an_event(booking=named("other")),
    )

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.events(BOOKING_ID) == [
            Happened(kind=EventKind.BOOKING_CONFIRMED, booking_revision=0, occurred_at=NOON),
            Happened(kind=EventKind.BOOKING_RESCHEDULED, booking_revision=1, occurred_at=MOMENT),
            Happened(kind=EventKind.MARKED_NO_SHOW, booking_revision=2, occurred_at=NOON),
        ]
        assert tx.bookings.events(BookingId("unknown")) == []


SHOWN = [
    named(
        "1", client=a_client(name="Éva Ärger", email="Eva@X.org"), starts_at=NOON + 4 * HOUR, ends_at=NOON + 5 * HOUR
    ),
    named("2", starts_at=NOON - HOUR, ends_at=NOON, hosts=(ADA, BOB)),
    named("3", status=BookingStatus.AWAITING_APPROVAL, starts_at=NOON - HOUR, ends_at=NOON + SECOND, hosts=(BOB,)),
    named("4", status=BookingStatus.CANCELLED, starts_at=NOON + 2 * HOUR, ends_at=NOON + 3 * HOUR),
    named("5", status=BookingStatus.REJECTED, starts_at=NOON - 3 * DAY, ends_at=NOON - 2 * DAY, link_id=LinkId("x")),
    named("6", client=a_client(name="100% x_y \\z", email="x@y.org"), starts_at=NOON - DAY, ends_at=NOON - DAY + HOUR),
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({}, "123456", id="all"),
        pytest.param({"type": "upcoming"}, "13", id="not over yet"),
        pytest.param({"type": "past"}, "26", id="past"),
        pytest.param({"type": "cancelled"}, "45", id="cancelled or rejected"),
        pytest.param({"type": "incomplete"}, "", id="not paid for, which never is"),
        pytest.param({"client_email": "eVa@x.oRg"}, "1", id="by the client, whatever the case"),
        pytest.param({"client_email": "nobody@x.org"}, "", id="by nobody"),
        pytest.param({"host_email": "bob@x.org"}, "23", id="by any of the hosts"),
        pytest.param({"link_id": "x"}, "5", id="by link"),
        pytest.param({"search": "JONES"}, "2345", id="by name, whatever its case"),
        pytest.param({"search": "ärger"}, "1", id="by name in any script"),
        pytest.param({"search": "@x.o"}, "1", id="by a part of the address"),
        pytest.param({"search": "100%"}, "6", id="by a percent sign"),
        pytest.param({"search": "x_y"}, "6", id="by an underscore"),
        pytest.param({"search": "e%a"}, "", id="a percent sign is no wildcard"),
        pytest.param({"search": "e_a"}, "", id="an underscore is no wildcard"),
        pytest.param({"search": "\\z"}, "6", id="by a backslash"),
        pytest.param({"starts_from": NOON + 2 * HOUR}, "14", id="starting from, inclusive"),
        pytest.param({"starts_until": NOON - HOUR}, "56", id="starting until, exclusive"),
        pytest.param({"ends_from": NOON + SECOND}, "134", id="ending from, inclusive"),
        pytest.param({"ends_until": NOON}, "56", id="ending until, exclusive"),
        pytest.param({"starts_from": NOON - DAY, "starts_until": NOON}, "236", id="starting within a day"),
        pytest.param({"type": "past", "host_email": "bob@x.org", "search": "jones"}, "2", id="by all at once"),
    ],
)
def test_bookings_are_found(acme: SqlStore, wanted: dict[str, Any], expected: str) -> None:
    keep(acme, a_member(), ADA, BOB, *SHOWN)

    with acme.reading(WORKSPACE_ID) as tx:
        found, number = tx.bookings.page(BookingFilter(**wanted), now=NOON, limit=9, offset=0)

    assert sorted(names(found)) == list(expected)
    assert number == len(expected)
    assert all(booking in SHOWN for booking in found)


@pytest.mark.parametrize(
    ("order_by", "descending", "expected"),
    [
        ("created_at", True, ["c", "b", "a", "d"]),
        ("created_at", False, ["d", "a", "b", "c"]),
        ("starts_at", True, ["d", "c", "b", "a"]),
        ("starts_at", False, ["a", "b", "c", "d"]),
    ],
)
def test_bookings_come_in_order(acme: SqlStore, order_by: str, descending: bool, expected: list[str]) -> None:
    keep(acme, a_member(), named("c"), named("a", starts_at=NOON), named("b"))
    keep(acme, named("d", starts_at=NOON + DAY + MINUTE, created_at=NOON - DAY))

    with acme.reading(WORKSPACE_ID) as tx:
        wanted = BookingFilter(order_by=order_by, descending=descending)
        found, _ = tx.bookings.page(wanted, now=NOON, limit=9, offset=0)

    assert names(found) == expected


def test_bookings_come_page_by_page_and_all_are_counted(acme: SqlStore) -> None:
    keep(acme, a_member(), *(named(name) for name in "abcde"))
    wanted = BookingFilter(search="jones", descending=False)

    with acme.reading(WORKSPACE_ID) as tx:
        pages = [tx.bookings.page(wanted, now=NOON, limit=2, offset=offset) for offset in (0, 2, 4, 6)]

    assert [(names(found), number) for found, number in pages] == [
        (["a", "b"], 5),
        (["c", "d"], 5),
        (["e"], 5),
        ([], 5),
    ]


def test_the_coming_bookings_of_some_links_come_batch_by_batch(acme: SqlStore) -> None:
    keep(acme, a_member(), *(named(name) for name in "dbac"), named("e", link_id=LinkId("x")))
    keep(acme, named("f", link_id=LinkId("y")), named("g", status=BookingStatus.CANCELLED))
    keep(acme, named("h", status=BookingStatus.AWAITING_APPROVAL), named("i", starts_at=NOON - HOUR, ends_at=NOON))
    links = [LINK_ID, LinkId("x")]

    with acme.reading(WORKSPACE_ID) as tx:
        first = tx.bookings.coming(links, rule_id="none", now=NOON, after_id="", limit=3)
        rest = tx.bookings.coming(links, rule_id="none", now=NOON, after_id="c", limit=3)
        none = tx.bookings.coming([], rule_id="none", now=NOON, after_id="", limit=3)

    assert (names(first), names(rest), none) == (["a", "b", "c"], ["d", "e"], [])


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "clashes"),
    [
        pytest.param(NOON - HOUR, NOON, False, id="one that ends as the other starts"),
        pytest.param(NOON - HOUR, NOON + SECOND, True, id="one that ends within"),
        pytest.param(NOON + MINUTE, NOON + 2 * MINUTE, True, id="one within"),
        pytest.param(NOON - HOUR, NOON + 2 * HOUR, True, id="one around"),
        pytest.param(NOON + HOUR - SECOND, NOON + 2 * HOUR, True, id="one that starts within"),
        pytest.param(NOON + HOUR, NOON + 2 * HOUR, False, id="one that starts as the other ends"),
    ],
)
def test_a_host_cannot_be_in_two_meetings(
    acme: SqlStore, starts_at: datetime, ends_at: datetime, clashes: bool
) -> None:
    other = named("other", starts_at=NOON, ends_at=NOON + HOUR, hosts=(BOB, ADA))
    keep(acme, ADA, BOB, other)

    with acme.reading(WORKSPACE_ID) as tx:
        found = tx.bookings.clashing(named("new", starts_at=starts_at, ends_at=ends_at, hosts=(ADA,)), shared_link=None)

    assert found == (other if clashes else None)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"id": BookingId("new"), "sid": "x"}, id="the booking itself"),
        pytest.param({"hosts": (BOB,)}, id="a booking of other hosts"),
        pytest.param({"status": BookingStatus.CANCELLED}, id="a cancelled booking"),
        pytest.param({"status": BookingStatus.REJECTED}, id="a rejected booking"),
    ],
)
def test_a_booking_does_not_clash_with(acme: SqlStore, change: dict[str, Any]) -> None:
    keep(acme, ADA, BOB, named("other", **({"hosts": (ADA,)} | change)))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.clashing(named("new", hosts=(ADA,)), shared_link=None) is None


def test_a_booking_that_awaits_approval_holds_its_time(acme: SqlStore) -> None:
    keep(acme, ADA, named("other", hosts=(ADA,), status=BookingStatus.AWAITING_APPROVAL))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.clashing(named("new", hosts=(ADA,)), shared_link=None) is not None


def test_many_clients_share_one_start_of_a_grouped_link_but_no_other_time(acme: SqlStore) -> None:
    keep(acme, a_member(), named("other"))
    later = named("new", starts_at=a_booking().starts_at + MINUTE)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.clashing(named("new"), shared_link=LINK_ID) is None
        assert tx.bookings.clashing(named("new"), shared_link=LinkId("another")) is not None
        assert tx.bookings.clashing(later, shared_link=LINK_ID) is not None


def test_several_bookings_are_read_at_once_with_their_hosts(acme: SqlStore) -> None:
    first = a_booking()
    second = a_booking(id=BookingId("b2"), sid="second", revision=3, hosts=())
    keep(acme, a_member(), first, second)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.of([first.id, second.id, first.id, BookingId("?")]) == {first.id: first, second.id: second}
        assert tx.bookings.revisions([first.id, second.id, BookingId("?")]) == {first.id: first.revision, second.id: 3}
        assert (tx.bookings.of([]), tx.bookings.revisions([])) == ({}, {})
