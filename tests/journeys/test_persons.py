"""A person is found in every table, and after an erasure in none, nor in any octet of the file."""

from pathlib import Path

import pytest

from tests.builders import NOON, WORKSPACE_ID, a_client, a_link, a_rule, an_action
from tests.journeys.world import World
from tests.storage.shelf import OTHER_ID, fill, keep, rows
from tocsin.domain.delivery import State
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.events import EventKind
from tocsin.domain.model import Place
from tocsin.domain.suppression import Suppression, SuppressionReason
from tocsin.services import audit, deliveries, persons, suppressions
from tocsin.storage.database import Database
from tocsin.storage.store import SqlStore

ADDRESS = "ann.lee@example.net"
NAME = "Ann Leandra Lee"
PHONE = "+49 30 5550 7761"
SECRET = b"pepper"  # of `a_trail`


def everything(store: SqlStore, database: Database, path: Path) -> str:
    """Return all that anybody can read of a store: the octets of its files, or every row of every table."""
    store.scrub()
    if database.dialect.name == "postgresql":
        return "".join(repr(rows(database, one)) for one in (WORKSPACE_ID, OTHER_ID))
    files = [path, path.with_name(path.name + "-wal")]
    return b"".join(one.read_bytes() for one in files).decode("latin-1")


def erased(store: SqlStore, address: str = ADDRESS) -> dict[str, int]:
    with store.transaction(WORKSPACE_ID) as tx:
        return dict(persons.erase(tx, address, secret=SECRET, now=NOON))


def test_who_stands_in_every_table_is_found_in_each_and_then_in_none(
    store: SqlStore, database: Database, sqlite_path: Path
) -> None:
    fill(store, WORKSPACE_ID, words=ADDRESS)
    fill(store, OTHER_ID, words="jo.ann.lee@example.net")
    before = rows(database, OTHER_ID)
    with store.reading(WORKSPACE_ID) as tx:
        found = tx.persons.known(ADDRESS)
    assert len(found) > 20

    with store.transaction(WORKSPACE_ID) as tx:
        tx.persons.erase(ADDRESS, now=NOON)
        tx.audit.erase(ADDRESS, stone=tx.persons.tombstone(ADDRESS))

    kept = {
        table: [row for row in each if ADDRESS in repr(row)] for table, each in rows(database, WORKSPACE_ID).items()
    }
    assert {table: each for table, each in kept.items() if each} == {}
    left = everything(store, database, sqlite_path).casefold().replace("jo.ann.lee@example.net", "")
    assert ADDRESS not in left
    assert rows(database, OTHER_ID) == before


def lived(world: World) -> None:
    """Let somebody book, answer nothing, be written to, move it, and stop the messages."""
    world.rule(EventKind.BOOKING_CONFIRMED, "ada@example.org", "{{client.email}}", keep_in_sync=True)
    world.rule(EventKind.BOOKING_CANCELLED, "ada@example.org", "{{client.email}}")
    booking = world.book(
        client=a_client(name=NAME, email=ADDRESS),
        guests=("guest@example.org", "Joann.Lee@example.net"),
        place=Place(spot="phone_call", details=PHONE),
    )
    world.drain()
    world.move(booking)
    with world.store.transaction(WORKSPACE_ID) as tx:
        suppressions.add(tx, ADDRESS.upper(), rule_id="", note=f"{NAME} has called", now=world.clock())


def test_a_life_with_a_person_leaves_no_octet_of_it(world: World, database: Database, sqlite_path: Path) -> None:
    if database.dialect.name == "sqlite":
        with database.transaction() as connection:
            connection.run("PRAGMA secure_delete = OFF")  # some builds of SQLite have it on, and others must be as good
    lived(world)

    changed = erased(world.store)

    left = everything(world.store, database, sqlite_path).casefold()
    assert "joann.lee@example.net" in left  # another person
    assert ADDRESS not in left.replace("joann.lee@example.net", "")
    assert NAME.casefold() not in left
    assert PHONE not in left
    assert {"bookings", "deliveries", "invitations", "suppressions", "audit"} <= set(changed)
    with world.store.reading(WORKSPACE_ID) as tx:
        assert audit.fault(tx, SECRET) is None
        assert tx.persons.known(ADDRESS) == {}


def test_a_place_that_the_link_names_is_not_the_persons_and_stays(world: World) -> None:
    with world.store.transaction(WORKSPACE_ID) as tx:
        tx.links.put(a_link(spot_details="Room 5"))
    at_ours, at_hers = (
        world.book(client=a_client(name=NAME, email=ADDRESS), place=Place(spot="in_person", details=details))
        for details in ("Room 5", "Her kitchen")
    )

    erased(world.store)

    assert world.booking(at_ours).place == Place(spot="in_person", details="Room 5")
    assert world.booking(at_hers).place == Place(spot="in_person", details="")


def test_the_others_of_the_booking_are_told_of_its_end_and_the_person_of_nothing(world: World) -> None:
    lived(world)
    erased(world.store)
    (booking_id,) = {one.booking_id for one in world.deliveries()}
    with world.store.reading(WORKSPACE_ID) as tx:
        booking = tx.bookings.get(booking_id)
    assert booking is not None

    world.cancel(booking)
    world.go_to(booking.starts_at)

    told = {one.recipient for one in world.deliveries(state="sent") if one.event is EventKind.BOOKING_CANCELLED}
    assert told == {"ada@example.org"}
    stones = [one for one in world.deliveries() if one.recipient.endswith("@erased.invalid")]
    assert {one.state for one in stones} <= {State.SENT, State.CANCELLED, State.SUPPRESSED, State.SUPERSEDED}


def test_who_asked_for_no_more_messages_gets_none_after_being_erased(office: World) -> None:
    store = office.store
    listed = Suppression(recipient=ADDRESS, rule_id="", reason=SuppressionReason.OPTED_OUT, since_at=NOON, note="")
    with store.transaction(WORKSPACE_ID) as tx:
        tx.suppressions.add(listed)
        tx.persons.erase(ADDRESS, now=NOON)

    with store.reading(WORKSPACE_ID) as tx:
        (found,) = tx.suppressions.of_recipient("Ann.Lee@example.net")
        assert tx.suppressions.of_recipient("joann.lee@example.net") == []
    assert found.reason is SuppressionReason.OPTED_OUT
    assert found.recipient.endswith("@erased.invalid")


def test_no_page_shows_what_was_forgotten(world: World) -> None:
    lived(world)
    erased(world.store)

    for sent in world.deliveries(state="sent"):
        with world.store.reading(WORKSPACE_ID) as tx, pytest.raises(ConflictError, match="are forgotten"):
            deliveries.message(tx, sent.id)


def test_an_export_has_all_rows_and_the_messages_and_no_secret(world: World) -> None:
    lived(world)

    with world.store.reading(WORKSPACE_ID) as tx:
        found = persons.export(tx, ADDRESS)

    assert found["address"] == ADDRESS
    assert {"bookings", "booking_revisions", "deliveries", "invitations", "suppressions"} <= set(found["tables"])
    assert all(ADDRESS in repr(row).casefold() for each in found["tables"].values() for row in each)
    assert [NAME in one["message"] or "From" in one["message"] for one in found["messages"]] == [True]
    assert not {"seal", "box", "password_hash"} & {
        name for each in found["tables"].values() for row in each for name in row
    }


def test_what_would_go_on_to_write_is_told_first(office: World) -> None:
    store = office.store
    keep(store, a_rule(name="Invite", actions=(an_action(emails=(ADDRESS,)),)))

    with pytest.raises(ConflictError, match=r"cannot be erased yet: the rule Invite names it \(take it off\)"):
        erased(store)
    with pytest.raises(InvalidInputError, match="address: "):
        erased(store, "nobody")


def test_a_log_that_was_changed_is_not_sealed_anew(store: SqlStore, database: Database) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    with database.transaction() as connection:
        connection.run("UPDATE audit SET who = 'nobody'")

    with pytest.raises(ConflictError, match="is not as it was written"):
        erased(store)
