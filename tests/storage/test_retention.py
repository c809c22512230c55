"""Bookings that are forgotten are gone from every table, with all that was known of them; nothing else is."""

from tests.builders import BOOKING_ID, DAY, DELIVERY_ID, WORKSPACE_ID, a_booking, a_planned
from tests.storage.shelf import OTHER_ID, fill, keep, rows
from tocsin.storage.database import Database
from tocsin.storage.store import SqlStore

LATER = a_booking().ends_at + DAY
# They say what was done or called, and not what was booked; each is forgotten in a time of its own.
KEPT_APART = {"audit", "source_calls", "answers", "dry_runs"}


def forgotten(store: SqlStore, *, most: int = 9) -> int:
    with store.transaction(WORKSPACE_ID) as tx:
        return tx.retention.forget_bookings(before=LATER, most=most)


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
        assert tx.retention.forget_bookings(before=a_booking().ends_at, most=9) == 0


def test_a_booking_about_which_something_is_still_to_be_sent_is_kept(store: SqlStore) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    keep(store, a_planned(key="key-2"))

    assert forgotten(store) == 0
