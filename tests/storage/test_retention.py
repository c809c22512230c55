"""Bookings that are forgotten are gone from every table, with all that was known of them; nothing else is."""

import threading
from dataclasses import replace

from tests.builders import BOOKING_ID, DAY, DELIVERY_ID, NOON, WORKSPACE_ID, a_booking, a_planned
from tests.storage.shelf import OTHER_ID, fill, keep, rows, until
from tocsin.domain.model import BookingId
from tocsin.storage.database import Database
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore

LATER = a_booking().ends_at + DAY
# They say what was done or called, and not what was booked; each is forgotten in a time of its own.
KEPT_APART = {"audit", "source_calls", "answers", "dry_runs"}


def over(store: SqlStore) -> list[BookingId]:
    with store.reading(WORKSPACE_ID) as tx:
        return tx.retention.over(before=LATER, most=9)


def forgotten(store: SqlStore, booking_ids: list[BookingId] | None = None) -> int:
    with store.transaction(WORKSPACE_ID) as tx:
        return tx.retention.forget_bookings(over(store) if booking_ids is None else booking_ids, before=LATER)


def test_a_forgotten_booking_stands_in_no_table_and_other_workspaces_keep_theirs(
    store: SqlStore, database: Database
) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    fill(store, OTHER_ID, words="globex")
    mine, theirs = rows(database, WORKSPACE_ID), rows(database, OTHER_ID)

    assert forgotten(store) == 1

    left = rows(database, WORKSPACE_ID)
    ids = (BOOKING_ID, DELIVERY_ID)
    about = {table for table, each in left.items() if any(one in repr(row) for row in each for one in ids)}
    assert about <= KEPT_APART
    gone = {table for table, each in mine.items() if each and not left[table]}
    assert gone == {
        "attempts", "booking_hosts", "booking_revisions", "bookings", "deliveries", "events", "interventions", "invitations",
        "inviters", "messages", "rsvps", "source_bookings",
    }  # fmt: skip
    assert {table: each for table, each in left.items() if table not in gone} == {
        table: each for table, each in mine.items() if table not in gone
    }
    assert rows(database, OTHER_ID) == theirs


def test_a_booking_that_is_too_young_is_kept(store: SqlStore) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    with store.transaction(WORKSPACE_ID) as tx:
        assert tx.retention.over(before=a_booking().ends_at, most=9) == []
        assert tx.retention.forget_bookings([BOOKING_ID], before=a_booking().ends_at) == 0


def test_a_booking_about_which_something_is_still_to_be_sent_is_kept(store: SqlStore) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    keep(store, a_planned(key="key-2"))

    assert over(store) == []
    assert forgotten(store, [BOOKING_ID]) == 0


def test_a_booking_that_somebody_moves_at_the_same_moment_is_kept(
    postgres_store: SqlStore, postgres_database: PostgresDatabase
) -> None:
    fill(postgres_store, WORKSPACE_ID, words="acme")
    found: list[int] = []
    late = threading.Thread(target=lambda: found.append(forgotten(postgres_store, [BOOKING_ID])))

    def is_waiting() -> bool:
        with postgres_database.reading() as connection:
            return connection.number("SELECT count(*) AS n FROM pg_locks WHERE NOT granted") > 0

    with postgres_store.transaction(WORKSPACE_ID) as tx:
        booking = tx.bookings.get(BOOKING_ID, lock=True)
        assert booking is not None
        late.start()
        until(is_waiting)
        tx.bookings.put(replace(booking, starts_at=booking.starts_at + 900 * DAY, ends_at=booking.ends_at + 900 * DAY))
        tx.deliveries.add([a_planned(key="key-2")], new_id=lambda: "d2", now=NOON)
    late.join()

    assert found == [0]
    with postgres_store.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.get(BOOKING_ID) is not None
