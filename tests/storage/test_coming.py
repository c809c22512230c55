"""What waits, by its moment: counted and listed within one workspace, from the indexes of what is open."""

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
    WORKSPACE_ID,
    a_booking,
    a_link,
    a_member,
    a_planned,
    a_workspace,
)
from tests.storage.shelf import OTHER_ID, claim, delivery, keep
from tocsin.domain.delivery import State, Verdict
from tocsin.domain.model import BookingId
from tocsin.services.ports_planned import PlannedFilter
from tocsin.storage.coming import _SHELVES, SqlComing
from tocsin.storage.store import SqlStore

DAY_OF_NOON = PlannedFilter(since=NOON - 12 * HOUR, until=NOON + 12 * HOUR)


def about(key: str, due: datetime = NOON, **changes: Any) -> Any:
    return a_planned(**({"key": key, "booking_id": BookingId(key), "due_at": due, "expires_at": due + DAY} | changes))


def pause(store: SqlStore, key: str) -> None:
    one = delivery(store, key)
    with store.transaction(WORKSPACE_ID) as tx:
        verdict = Verdict(state=State.PAUSED, reason="paused by ann@example.com", next_at=one.next_at)
        assert tx.interventions.settle(one, verdict, now=NOON)


def listed(store: SqlStore, wanted: PlannedFilter, **part: int) -> tuple[list[str], int]:
    with store.reading(WORKSPACE_ID) as tx:
        found, number = tx.coming.page(wanted, **({"limit": 10, "offset": 0} | part))
    return [one.id.removeprefix("id of ") for one in found], number


def test_what_waits_is_counted_by_quarters_and_by_whether_it_is_paused(store: SqlStore) -> None:
    keep(store, about("a"), about("b", NOON + 14 * MINUTE), about("c", NOON + 15 * MINUTE), about("d"))
    keep(store, about("theirs"), workspace_id=OTHER_ID)
    pause(store, "d")

    with store.reading(WORKSPACE_ID) as tx:
        found = tx.coming.tallies(DAY_OF_NOON)

    assert sorted((one.began_at - NOON, one.state, one.number) for one in found) == [
        (timedelta(0), State.PAUSED, 1),
        (timedelta(0), State.SCHEDULED, 2),
        (timedelta(minutes=15), State.SCHEDULED, 1),
    ]


def test_what_waits_is_listed_in_the_order_of_its_moments_paused_or_not(store: SqlStore) -> None:
    keep(store, about("c", NOON + 2 * HOUR), about("a"), about("b", NOON + HOUR), about("ended", state=State.EXPIRED))
    keep(store, about("early", NOON - DAY), about("late", DAY_OF_NOON.until), about("first", DAY_OF_NOON.since))
    pause(store, "b")

    assert listed(store, DAY_OF_NOON) == (["first", "a", "b", "c"], 4)
    assert listed(store, DAY_OF_NOON, limit=2, offset=2) == (["b", "c"], 4)
    claim(store)
    assert "a" in listed(store, DAY_OF_NOON)[0]


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({"rule_id": "r"}, ["a"]),
        ({"recipient": "bob@EXAMPLE.org"}, ["b"]),
        ({"link_id": LINK_ID}, [BOOKING_ID]),
        ({"link_id": LINK_ID, "rule_id": "r"}, []),
    ],
)
def test_what_is_asked_for_is_listed_and_counted(store: SqlStore, asked: dict[str, str], keys: list[str]) -> None:
    with store.registry() as registry:
        registry.add(a_workspace())
    keep(
        store,
        a_member(),
        a_link(),
        a_booking(),
        about(BOOKING_ID),
        about("a", rule_id="r"),
        about("b", recipient="bob@example.org"),
    )
    wanted = PlannedFilter(since=DAY_OF_NOON.since, until=DAY_OF_NOON.until, **asked)

    assert listed(store, wanted) == (keys, len(keys))
    with store.reading(WORKSPACE_ID) as tx:
        assert sum(one.number for one in tx.coming.tallies(wanted)) == len(keys)


def test_what_is_open_about_bookings_and_which_bookings_wait_for_a_rule(store: SqlStore) -> None:
    keep(store, about("a", rule_id="r"), about("b", rule_id="r"), about("c"), about("d", state=State.EXPIRED))
    pause(store, "b")

    with store.reading(WORKSPACE_ID) as tx:
        assert [one.booking_id for one in tx.coming.of_bookings([BookingId("a"), BookingId("d")])] == ["a"]
        assert tx.coming.bookings_of("r", limit=10) == ["a", "b"]
        assert tx.coming.bookings_of("r", limit=1) == ["a"]


@pytest.mark.parametrize(
    ("shelf", "index"), [(0, "deliveries_mail_due"), (1, "deliveries_calls_due"), (2, "deliveries_paused")]
)
def test_a_long_history_is_not_read_for_a_day(sqlite_store: SqlStore, shelf: int, index: str) -> None:
    wanted = PlannedFilter(since=NOON, until=NOON + HOUR)
    table, which, _ = _SHELVES[shelf]
    with sqlite_store._database.reading() as connection:
        clauses, values = SqlComing(connection, WORKSPACE_ID)._clauses(wanted)
        statement = f"SELECT count(*) FROM {table} WHERE workspace_id = :workspace_id AND {which} AND {clauses}"
        rows = connection.rows(f"EXPLAIN QUERY PLAN {statement}", **values)

    assert len(rows) == 1
    assert f" {index} (" in rows[0]["detail"]
    assert "next_at>? AND next_at<?" in rows[0]["detail"]
