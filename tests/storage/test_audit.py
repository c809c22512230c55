"""Tables audit and audit_heads: no gap and no fork however many write, and every kind of tampering is found."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import DAY, HOUR, NOON, WORKSPACE_ID, SettableClock, a_deed, a_trail, a_workspace
from tests.storage.shelf import in_threads, undone
from tocsin.domain.audit import COMMAND_LINE, By, Entry, Fault, Through, Verb, chain_key, sealed
from tocsin.domain.errors import UnavailableError
from tocsin.domain.model import WorkspaceId
from tocsin.services import audit
from tocsin.services.ports import Page
from tocsin.services.ports_audit import AuditFilter, Trail
from tocsin.storage import audit as sql_audit
from tocsin.storage.database import Connection, Database
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore

OTHER_ID = WorkspaceId("a0000000-0000-4000-8000-000000000002")
ANN = By(who="ann@example.com", through=Through.PAGES)
MANY = 40
OLD_HEAD = """
    UPDATE audit_heads SET (number, last, since, first, torn_at, seal) =
           (SELECT number, last, since, first, torn_at, seal FROM kept) WHERE workspace_id = :id"""


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def two(database: Database, clock: SettableClock) -> SqlStore:
    """Give a store with two workspaces, whose logs are written by a clock that the test moves."""
    store = SqlStore(database, trail=a_trail(clock))
    with store.registry() as registry:
        registry.add(a_workspace())
        registry.add(a_workspace(id=OTHER_ID, subdomain="other"))
    return store


def noted(store: SqlStore, number: int = 1, *, workspace_id: WorkspaceId = WORKSPACE_ID, by: By = COMMAND_LINE) -> None:
    for place in range(number):
        with store.transaction(workspace_id, by=by) as tx:
            tx.audit.note(a_deed(thing=f"thing {place}"))


def fault(store: SqlStore, workspace_id: WorkspaceId = WORKSPACE_ID) -> int:
    with store.reading(workspace_id) as tx:
        found = audit.fault(tx, b"pepper")
    return 0 if found is None else found.number


def numbers(store: SqlStore, workspace_id: WorkspaceId = WORKSPACE_ID, **wanted: Any) -> list[int]:
    with store.reading(workspace_id) as tx:
        found, total = audit.page(tx, AuditFilter(**wanted), Page(size=1000))
    assert total == len(found)
    return [entry.number for entry in found]


def test_an_entry_comes_back_as_it_was_noted(two: SqlStore) -> None:
    deed = a_deed(name="Zoë’s “rule”", before='{"a":1}', after='{"a":2}')
    with two.transaction(WORKSPACE_ID, by=ANN) as tx:
        tx.audit.note(deed)

    with two.reading(WORKSPACE_ID) as tx:
        (entry,), _ = audit.page(tx, AuditFilter(), Page())
    assert (entry.number, entry.at, entry.by, entry.deed) == (1, NOON, ANN, deed)
    assert fault(two) == 0


def test_what_fails_or_is_only_tried_leaves_no_entry_and_no_gap(two: SqlStore) -> None:
    undone(two, lambda tx: tx.audit.note(a_deed()))
    with two.trial(WORKSPACE_ID) as tx:
        tx.audit.note(a_deed())
    noted(two)

    assert numbers(two) == [1]


def test_many_at_once_write_one_chain_without_a_gap(two: SqlStore) -> None:
    def work(place: int) -> Callable[[], object]:
        return lambda: noted(two, workspace_id=(WORKSPACE_ID, OTHER_ID)[place % 2])

    errors = in_threads(work(place) for place in range(MANY))

    assert errors == [None] * MANY
    for workspace_id in (WORKSPACE_ID, OTHER_ID):
        assert numbers(two, workspace_id) == list(range(MANY // 2, 0, -1))
        assert fault(two, workspace_id) == 0


def test_who_works_on_several_workspaces_at_once_writes_to_each_log(two: SqlStore) -> None:
    with two.together() as of:
        of(OTHER_ID).audit.note(a_deed())
        of(WORKSPACE_ID).audit.note(a_deed())
        of(OTHER_ID).audit.note(a_deed())

    assert (numbers(two), numbers(two, OTHER_ID)) == ([1], [2, 1])


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE audit SET who = 'somebody else' WHERE workspace_id = :id AND number = 3", 3),
        (
            "UPDATE audit SET verb = 'no verb at all', at = 9000000000000000000 WHERE workspace_id = :id AND number = 2",
            2,
        ),
        ("DELETE FROM audit WHERE workspace_id = :id AND number = 4", 4),
        ("DELETE FROM audit WHERE workspace_id = :id AND number > 4", 5),
        ("DELETE FROM audit WHERE workspace_id = :id", 1),
        ("UPDATE audit SET number = 10 - number WHERE workspace_id = :id AND number IN (4, 6)", 4),
        ("UPDATE audit_heads SET number = 4 WHERE workspace_id = :id", 7),
        ("DELETE FROM audit_heads WHERE workspace_id = :id", 7),
    ],
    ids=["changed", "made senseless", "taken out", "cut off", "emptied", "swapped", "head set back", "head gone"],
)
def test_whoever_only_has_the_database_is_found_out(
    two: SqlStore, database: Database, statement: str, named: int
) -> None:
    noted(two, 6)
    noted(two, 3, workspace_id=OTHER_ID)

    if "10 - number" in statement:
        _swap(database)
    else:
        with database.transaction() as connection:
            connection.run(statement, id=WORKSPACE_ID)

    assert fault(two) == named
    assert fault(two, OTHER_ID) == 0


def _swap(database: Database) -> None:
    def move(connection: Connection, before: int, after: int) -> None:
        statement = "UPDATE audit SET number = :after WHERE workspace_id = :id AND number = :before"
        connection.run(statement, id=WORKSPACE_ID, before=before, after=after)

    with database.transaction() as connection:
        move(connection, 4, 99)
        move(connection, 6, 4)
        move(connection, 99, 6)


@pytest.mark.parametrize("whose", [b"pepper", b"another"], ids=["the same secret", "another"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_heads SET number = 2 WHERE workspace_id = :id",
        "UPDATE audit_heads SET number = 99 WHERE workspace_id = :id",
        "UPDATE audit_heads SET last = 'x' WHERE workspace_id = :id",
        "DELETE FROM audit_heads WHERE workspace_id = :id",
        OLD_HEAD,
    ],
    ids=["head set back", "head set forth", "another end", "head gone", "a former head"],
)
def test_whoever_changes_the_head_stops_nobody_from_writing_and_is_found_out_still(
    two: SqlStore, database: Database, clock: SettableClock, statement: str, whose: bytes
) -> None:
    noted(two, 2)
    with database.transaction() as connection:
        connection.run("CREATE TABLE kept AS SELECT * FROM audit_heads WHERE workspace_id = :id", id=WORKSPACE_ID)
    noted(two, 4)
    with database.transaction() as connection:
        connection.run(statement, id=WORKSPACE_ID)
    assert fault(two) == 7

    noted(SqlStore(database, trail=Trail(key=chain_key(whose), clock=clock)), 2)

    assert numbers(two) == list(range(8, 0, -1))
    assert fault(two) == 7


@pytest.mark.parametrize("work", ["erase", "forget"])
def test_also_what_is_erased_or_forgotten_behind_a_head_that_was_put_back_is_gone_and_it_is_found_out(
    two: SqlStore, database: Database, clock: SettableClock, work: str
) -> None:
    noted(two, 3, by=ANN)
    clock.advance(DAY)
    noted(two, 3, by=ANN)
    with database.transaction() as connection:
        connection.run("UPDATE audit_heads SET number = 2 WHERE workspace_id = :id", id=WORKSPACE_ID)

    with two.transaction(WORKSPACE_ID) as tx:
        assert (tx.audit.erase(ANN.who, stone="x") if work == "erase" else audit.forget(tx, before=NOON + HOUR)) > 0

    assert numbers(two, who=ANN.who) == ([] if work == "erase" else [6, 5, 4])
    assert fault(two) == 7
    noted(two)
    assert (numbers(two)[0], fault(two)) == (7, 7)


def test_cutting_off_with_the_head_set_back_is_found_also_after_more_was_written(
    two: SqlStore, database: Database
) -> None:
    noted(two, 6)
    with database.transaction() as connection:
        connection.run("DELETE FROM audit WHERE workspace_id = :id AND number > 4", id=WORKSPACE_ID)
        statement = """
            UPDATE audit_heads SET number = 4, last = (SELECT seal FROM audit WHERE workspace_id = :id AND number = 4)
             WHERE workspace_id = :id"""
        connection.run(statement, id=WORKSPACE_ID)

    assert fault(two) == 5
    noted(two, 2)
    assert fault(two) == 5


def test_an_anchor_that_was_kept_elsewhere_tells_of_a_log_that_was_put_back_as_a_whole(
    two: SqlStore, database: Database
) -> None:
    noted(two, 2)
    with database.reading() as connection:
        (old,) = connection.rows("SELECT * FROM audit_heads WHERE workspace_id = :id", id=WORKSPACE_ID)
    noted(two, 2)
    with two.reading(WORKSPACE_ID) as tx:
        anchor = tx.audit.head().number, tx.audit.head().last
        assert audit.fault(tx, b"pepper", anchor=anchor) is None
    with database.transaction() as connection:
        connection.run("DELETE FROM audit WHERE workspace_id = :id AND number > 2", id=WORKSPACE_ID)
        statement = "UPDATE audit_heads SET number = :number, last = :last, seal = :seal WHERE workspace_id = :id"
        connection.run(statement, id=WORKSPACE_ID, number=old["number"], last=old["last"], seal=old["seal"])

    assert fault(two) == 0  # nothing in the database tells
    noted(two, 4, by=ANN)
    with two.reading(WORKSPACE_ID) as tx:
        assert audit.fault(tx, b"pepper", anchor=anchor) is not None


def test_the_oldest_are_forgotten_and_the_rest_is_a_whole_chain(two: SqlStore, clock: SettableClock) -> None:
    noted(two, 3)
    clock.advance(2 * DAY)
    noted(two, 2)
    noted(two, 1, workspace_id=OTHER_ID)

    assert two.queue.audited_before(NOON + DAY) == [WORKSPACE_ID]
    with two.transaction(WORKSPACE_ID) as tx:
        assert audit.forget(tx, before=NOON + DAY) == 3
    with two.transaction(WORKSPACE_ID) as tx:
        assert audit.forget(tx, before=NOON + DAY) == 0

    assert (numbers(two), fault(two)) == ([5, 4], 0)
    assert numbers(two, OTHER_ID) == [1]
    with two.transaction(WORKSPACE_ID) as tx:
        assert audit.forget(tx, before=NOON + 9 * DAY) == 2
    noted(two)
    assert (numbers(two), fault(two)) == ([6], 0)


def test_a_clock_that_went_back_makes_no_hole(two: SqlStore, clock: SettableClock) -> None:
    clock.advance(2 * DAY)
    noted(two)
    clock.advance(-2 * DAY)
    noted(two)

    with two.transaction(WORKSPACE_ID) as tx:
        assert audit.forget(tx, before=NOON + DAY) == 0
    assert (numbers(two), fault(two)) == ([2, 1], 0)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"who": "ANN@"}, [3]),
        ({"who": "%"}, []),
        ({"what": "rule"}, [3, 1]),
        ({"what": "rule.changed"}, [3, 1]),
        ({"what": "key"}, [2]),
        ({"thing": "key-1"}, [2]),
        ({"since": NOON + HOUR}, [3, 2]),
        ({"since": NOON, "until": NOON + HOUR}, [1]),
        ({"who": "ann", "what": "key"}, []),
    ],
)
def test_the_log_is_searched(two: SqlStore, clock: SettableClock, wanted: dict[str, Any], found: list[int]) -> None:
    noted(two)
    clock.advance(HOUR)
    with two.transaction(WORKSPACE_ID) as tx:
        tx.audit.note(a_deed(verb=Verb.KEY_CREATED, thing="key-1"))
    noted(two, by=ANN)
    noted(two, by=ANN, workspace_id=OTHER_ID)

    assert numbers(two, **wanted) == found


def test_a_store_without_a_trail_keeps_no_log(database: Database) -> None:
    store = SqlStore(database)
    noted(store)

    assert numbers(store) == []


def test_a_log_is_sealed_anew_in_parts_also_one_whose_oldest_entries_are_forgotten(
    database: Database, two: SqlStore, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_audit, "_PART", 3)
    noted(two, 4)
    clock.advance(DAY)
    noted(two, 7)
    with two.transaction(WORKSPACE_ID) as tx:
        assert tx.audit.forget(before=NOON + HOUR) == 4
    anew = SqlStore(database, trail=Trail(key=chain_key(b"another"), clock=clock))

    with anew.transaction(WORKSPACE_ID) as tx:
        assert tx.audit.seal_anew(chain_key(b"pepper")) == 7
        tx.audit.note(a_deed())

    with anew.reading(WORKSPACE_ID) as tx:
        assert audit.fault(tx, b"another") is None
        assert audit.is_of(tx, b"another")
        assert not audit.is_of(tx, b"pepper")
    assert numbers(two) == list(range(12, 4, -1))
    assert fault(two) == 5


def test_a_log_that_was_never_written_or_is_all_forgotten_tells_of_whom_it_is(
    two: SqlStore, clock: SettableClock
) -> None:
    with two.reading(WORKSPACE_ID) as tx:
        assert (audit.is_empty(tx), audit.is_of(tx, b"pepper")) == (True, False)
    noted(two)
    with two.transaction(WORKSPACE_ID) as tx:
        assert audit.forget(tx, before=NOON + DAY) == 1
    with two.reading(WORKSPACE_ID) as tx:
        assert not audit.is_empty(tx)
        assert audit.is_of(tx, b"pepper")
        assert not audit.is_of(tx, b"another")


def test_a_log_that_is_not_as_it_was_written_is_not_sealed_anew(
    database: Database, two: SqlStore, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_audit, "_PART", 2)
    noted(two, 6)
    with database.transaction() as connection:
        connection.run("UPDATE audit SET who = 'eve' WHERE number = 5")
    anew = SqlStore(database, trail=Trail(key=chain_key(b"another"), clock=clock))

    with anew.transaction(WORKSPACE_ID) as tx:
        found = audit.seal_anew(tx, b"pepper")

    assert isinstance(found, Fault)
    assert (found.number, fault(two)) == (5, 5)


def test_what_another_session_does_while_a_log_is_sealed_anew_is_not_sealed_over(
    postgres_database: PostgresDatabase, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlStore(postgres_database, trail=a_trail(clock))
    with store.registry() as registry:
        registry.add(a_workspace())
    noted(store, 3)
    was_tried: list[bool] = []

    def change_it(statement: str) -> None:
        with postgres_database.apart() as other:
            other.execute("SET lock_timeout = '100ms'")
            other.execute(statement)

    def meanwhile(*arguments: Any, **more: Any) -> Entry:  # all is verified, and the first entry is about to be sealed
        if not was_tried:
            was_tried.append(True)
            for statement in ("UPDATE audit SET who = 'eve' WHERE number = 3", "DELETE FROM audit WHERE number = 2"):
                with pytest.raises(UnavailableError):
                    change_it(statement)
            change_it("INSERT INTO audit SELECT workspace_id, 4, at, 'eve', through, verb, thing, name, before_json,"
                      " after_json, seal FROM audit WHERE number = 3")  # fmt: skip
        return sealed(*arguments, **more)

    monkeypatch.setattr(sql_audit, "_PART", 2)
    monkeypatch.setattr(sql_audit, "sealed", meanwhile)
    anew = SqlStore(postgres_database, trail=Trail(key=chain_key(b"another"), clock=clock))
    with anew.transaction(WORKSPACE_ID) as tx:
        assert audit.seal_anew(tx, b"pepper") == 3

    assert was_tried
    with anew.reading(WORKSPACE_ID) as tx:
        found = audit.fault(tx, b"another")
    assert found is not None
    assert found.number == 4
