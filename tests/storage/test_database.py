import pytest

from tests.builders import WORKSPACE_ID, a_member, a_workspace
from tests.storage.shelf import NASTY, OTHER_ID, OnPurposeError, keep, rows, undone
from tocsin.domain.model import WorkspaceId
from tocsin.storage.columns import as_json
from tocsin.storage.database import POSTGRESQL, SQLITE, Database
from tocsin.storage.store import SqlStore

STATEMENT = (
    "SELECT id FROM t WHERE name LIKE '%x' AND id {any_of}(:ids) AND n = :big_n {for_update}{for_share}{skip_locked}"
)


def test_a_statement_is_spelled_for_sqlite() -> None:
    expected = "SELECT id FROM t WHERE name LIKE '%x' AND id IN (SELECT value FROM json_each(:ids)) AND n = :big_n "

    assert SQLITE.spell(STATEMENT) == expected


def test_a_statement_is_spelled_for_postgresql() -> None:
    expected = (
        "SELECT id FROM t WHERE name LIKE '%%x' AND id IN (SELECT json_array_elements_text(CAST(%(ids)s AS json)))"
        " AND n = %(big_n)s FOR UPDATEFOR SHAREFOR UPDATE SKIP LOCKED"
    )

    assert POSTGRESQL.spell(STATEMENT) == expected


def test_bytes_have_a_type_of_their_own() -> None:
    assert SQLITE.spell("x {blob}") == "x BLOB"
    assert POSTGRESQL.spell("x {blob}") == "x BYTEA"


def test_a_list_of_values_is_matched_whatever_they_hold(database: Database) -> None:
    with database.reading() as connection:
        hits = connection.number("SELECT count(*) AS n WHERE :one {any_of}(:all)", one=NASTY, all=as_json(["a", NASTY]))
        misses = connection.number("SELECT count(*) AS n WHERE :one {any_of}(:all)", one=NASTY, all=as_json(["a"]))
        none = connection.number("SELECT count(*) AS n WHERE :one {any_of}(:all)", one=NASTY, all=as_json([]))

    assert (hits, misses, none) == (1, 0, 0)


def test_a_transaction_is_kept_when_its_block_ends(store: SqlStore) -> None:
    with store.registry() as registry:
        registry.add(a_workspace())

    with store.directory() as directory:
        assert directory.all() == [a_workspace()]


def test_a_transaction_is_rolled_back_when_its_block_raises(acme: SqlStore, database: Database) -> None:
    before = rows(database, WORKSPACE_ID)

    undone(acme, lambda tx: tx.members.put(a_member()))

    assert rows(database, WORKSPACE_ID) == before


def test_a_reader_sees_nothing_that_is_not_committed(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.members.put(a_member())
        with acme.reading(WORKSPACE_ID) as other:
            assert other.members.get(a_member().id) is None

    with acme.reading(WORKSPACE_ID) as other:
        assert other.members.get(a_member().id) == a_member()


def test_a_reader_sees_one_state_from_its_first_look_on(acme: SqlStore) -> None:
    with acme.reading(WORKSPACE_ID) as tx:
        before = tx.members.get(a_member().id)
        keep(acme, a_member())

        assert before is tx.members.get(a_member().id) is None


def test_a_transaction_sees_its_own_changes(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.members.put(a_member())

        assert tx.members.get(a_member().id) == a_member()


def test_a_transaction_knows_its_workspace(store: SqlStore) -> None:
    with store.reading(WorkspaceId("w")) as tx:
        assert tx.workspace_id == "w"


def test_what_is_done_for_several_workspaces_together_is_kept_together(two: SqlStore) -> None:
    with two.together() as of:
        for workspace_id in (WORKSPACE_ID, OTHER_ID):
            of(workspace_id).members.put(a_member())

    for workspace_id in (WORKSPACE_ID, OTHER_ID):
        with two.reading(workspace_id) as tx:
            assert tx.members.get(a_member().id) == a_member()


def test_what_fails_for_one_workspace_is_kept_for_none(two: SqlStore) -> None:
    def fail() -> None:
        with two.together() as of:
            of(WORKSPACE_ID).members.put(a_member())
            raise OnPurposeError

    with pytest.raises(OnPurposeError):
        fail()

    with two.reading(WORKSPACE_ID) as tx:
        assert tx.members.get(a_member().id) is None


def test_each_of_many_statements_tells_how_many_rows_it_touched(database: Database, two: SqlStore) -> None:
    statement = "UPDATE workspaces SET name = :name WHERE workspace_id = :id"
    with database.transaction() as connection:
        touched = connection.touched_by_each(
            statement, ({"name": "x", "id": one} for one in (OTHER_ID, "?", WORKSPACE_ID))
        )

        assert touched == [1, 0, 1]
        assert connection.touched_by_each(statement, []) == []
        connection.run_each(statement, [])
