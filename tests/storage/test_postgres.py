import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from tests.builders import (
    BOOKING_ID,
    LINK_ID,
    NOON,
    SECOND,
    WORKSPACE_ID,
    a_booking,
    a_link,
    a_member,
    a_planned,
    a_reminder,
    a_workspace,
)
from tests.postgres import Postgres
from tests.storage.shelf import OnPurposeError, claimed, in_threads, keep, until
from tocsin.domain.errors import ConfigurationError, UnavailableError
from tocsin.domain.model import MemberId
from tocsin.services import faults
from tocsin.services.faults import PlantedFaultError
from tocsin.storage import postgres as adapter
from tocsin.storage.database import Connection
from tocsin.storage.migrate import migrate
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore, SqlTransaction

pytestmark = pytest.mark.usefixtures("planted_faults")


@pytest.fixture
def store(postgres_database: PostgresDatabase) -> SqlStore:
    """Give a store on PostgreSQL with one workspace, a member, a link, a booking and a rule."""
    store = SqlStore(postgres_database)
    with store.registry() as registry:
        registry.add(a_workspace())
    keep(store, a_member(), a_link(), a_booking(), a_reminder())
    return store


@pytest.fixture
def server_of_its_own() -> Iterator[Postgres]:
    """Give a PostgreSQL that this test may stop."""
    with closing(Postgres()) as server:
        yield server


def works(store: SqlStore) -> bool:
    try:
        with store.registry() as registry:
            registry.all()
    except UnavailableError:
        return False
    return True


def session(connection: Connection) -> int:
    return connection.number("SELECT pg_backend_pid() AS n")


def end_session(pid: int, url: str) -> None:
    """Let an administrator end a session; return when it has ended."""
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_stopped_server_is_unavailable_and_a_started_one_serves_again(
    server_of_its_own: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "WAIT", 0.3)
    with closing(PostgresDatabase(server_of_its_own.url(server_of_its_own.create()))) as database:
        migrate(database)
        store = SqlStore(database)
        with store.registry() as registry:
            registry.add(a_workspace())

        server_of_its_own.stop()
        with pytest.raises(UnavailableError, match="cannot be used now"), store.registry():
            pass
        with pytest.raises(UnavailableError, match="cannot be used now"), store.directory():
            pass
        with pytest.raises(UnavailableError, match="cannot be used now"):
            store.queue.next_due()

        server_of_its_own.start()
        until(lambda: works(store))
        with store.directory() as directory:
            assert directory.all() == [a_workspace()]


def test_a_session_that_the_server_ends_within_a_transaction_is_unavailable_and_the_next_one_works(
    postgres_database: PostgresDatabase, postgres_url: str
) -> None:
    def write() -> None:
        with postgres_database.transaction() as connection:
            connection.run("CREATE TABLE notes (note TEXT)")
            end_session(session(connection), postgres_url)
            connection.run("INSERT INTO notes (note) VALUES ('lost')")

    with pytest.raises(UnavailableError):
        write()

    with postgres_database.transaction() as connection:
        assert connection.rows("SELECT 1 FROM pg_tables WHERE tablename = 'notes'") == []


def test_an_idle_session_that_the_server_ended_is_replaced_before_anybody_notices(
    postgres_database: PostgresDatabase, postgres_url: str
) -> None:
    with postgres_database.transaction() as connection:
        ended = session(connection)

    end_session(ended, postgres_url)

    with postgres_database.transaction() as connection:
        assert session(connection) != ended


def test_a_commit_that_did_not_reach_the_server_is_not_taken_for_one(
    postgres_database: PostgresDatabase, postgres_url: str
) -> None:
    def write() -> None:
        with postgres_database.transaction() as connection:
            connection.run("CREATE TABLE notes (note TEXT)")
            end_session(session(connection), postgres_url)

    with pytest.raises(UnavailableError):
        write()


def test_the_servers_own_words_are_only_in_the_cause(postgres_database: PostgresDatabase, postgres_url: str) -> None:
    with pytest.raises(UnavailableError) as refused, postgres_database.transaction() as connection:
        end_session(session(connection), postgres_url)

    assert str(refused.value) == "the database cannot be used now"
    assert isinstance(refused.value.__cause__, psycopg.OperationalError)


def test_a_server_that_cannot_be_reached_at_the_start_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = ConnectionPool.wait
    monkeypatch.setattr(ConnectionPool, "wait", lambda pool, timeout: wait(pool, timeout / 100))

    with pytest.raises(ConfigurationError, match="cannot reach PostgreSQL at TOCSIN_DATABASE_URL") as refused:
        PostgresDatabase("postgresql://tocsin:secret@/tocsin?host=/nowhere")

    assert "secret" not in str(refused.value)


def test_a_url_that_libpq_cannot_read_is_told_without_its_password() -> None:
    with pytest.raises(ConfigurationError, match="TOCSIN_DATABASE_URL: libpq cannot read it") as refused:
        PostgresDatabase("postgresql://tocsin:secret%zz@host/tocsin")

    assert "secret" not in str(refused.value)


def test_a_host_that_vanishes_is_missed_soon_unless_the_url_says_otherwise(postgres_url: str) -> None:
    with closing(PostgresDatabase(f"{postgres_url}&connect_timeout=7")) as database, database.apart() as session:
        told = session.info.get_parameters()

    assert told["connect_timeout"] == "7"
    assert (told["keepalives_idle"], told["tcp_user_timeout"]) == ("10", "20000")


def test_of_several_hosts_the_one_that_takes_writes_is_used(postgres_url: str) -> None:
    folder = postgres_url.partition("host=")[2]
    several = postgres_url.replace(f"host={folder}", f"host=/nowhere,{folder}&target_session_attrs=read-write")

    with closing(PostgresDatabase(several)) as database, database.transaction() as connection:
        assert connection.number("SELECT 1 AS n") == 1


def test_a_primary_that_has_become_a_standby_is_unavailable_and_left(postgres_url: str) -> None:
    with closing(PostgresDatabase(postgres_url, size=1)) as database:
        with database.transaction() as connection:
            before = session(connection)

        def write() -> None:
            with database.transaction() as connection:
                connection.run("SET TRANSACTION READ ONLY")  # all that a standby would say to it
                connection.run("DELETE FROM workspaces")

        with pytest.raises(UnavailableError, match="standby"):
            write()
        with database.transaction() as connection:
            assert session(connection) != before


def test_when_all_connections_are_taken_the_answer_is_unavailable(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "WAIT", 0.1)
    with closing(PostgresDatabase(postgres_url, size=1)) as database:
        with database.transaction(), pytest.raises(UnavailableError), database.reading():
            pass
        with database.reading() as connection:
            assert connection.number("SELECT 1 AS n") == 1


def test_what_fails_before_the_commit_is_not_stored_and_after_it_is(store: SqlStore) -> None:
    for fault, name in (("before_commit:raise", "lost"), ("after_commit:raise", "kept")):
        faults.arm(fault)
        with pytest.raises(PlantedFaultError):
            keep(store, a_member(id=MemberId(name), email=name))

    with store.reading(WORKSPACE_ID) as tx:
        assert tx.members.get("lost") is None
        assert tx.members.get("kept") is not None


def test_a_reader_cannot_write(store: SqlStore) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), store.reading(WORKSPACE_ID) as tx:
        tx.members.put(a_member(name="changed"))


LOCKS: dict[str, tuple[Callable[[SqlTransaction], object], Callable[[SqlTransaction], object]]] = {
    "a booking in hand": (
        lambda tx: tx.bookings.get(BOOKING_ID, lock=True),
        lambda tx: tx.bookings.get(BOOKING_ID, lock=True),
    ),
    "the members of a booking": (
        lambda tx: tx.members.lock([a_member().id]),
        lambda tx: tx.members.lock([MemberId("a"), a_member().id]),
    ),
    "a link for a rule against a booking": (
        lambda tx: tx.links.named([LINK_ID], lock=True),
        lambda tx: tx.links.hold(LINK_ID),
    ),
    "a link for a booking against a rule": (
        lambda tx: tx.links.hold(LINK_ID),
        lambda tx: tx.links.named([LINK_ID], lock=True),
    ),
    "a rule that is being planned": (
        lambda tx: tx.rules.planning(a_reminder().id),
        lambda tx: tx.rules.planning(a_reminder().id),
    ),
}


@pytest.mark.parametrize("lock", LOCKS)
def test_one_transaction_waits_for_another_that_has(
    store: SqlStore, postgres_database: PostgresDatabase, lock: str
) -> None:
    first, second = LOCKS[lock]
    holds, order = threading.Event(), []
    with store.transaction(WORKSPACE_ID) as tx:
        tx.rules.planned_until(a_reminder().id, after_id="b")

    def is_somebody_waiting() -> bool:
        with postgres_database.reading() as connection:
            return bool(
                connection.rows(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
            )

    def hold() -> None:
        with store.transaction(WORKSPACE_ID) as tx:
            first(tx)
            holds.set()
            until(is_somebody_waiting)
            order.append("first")

    def wait() -> None:
        holds.wait()
        with store.transaction(WORKSPACE_ID) as tx:
            second(tx)
            order.append("second")

    assert in_threads([hold, wait]) == [None, None]
    assert order == ["first", "second"]


def test_many_bookings_of_one_link_are_made_at_once(store: SqlStore) -> None:
    together = threading.Barrier(2)

    def book() -> None:
        with store.transaction(WORKSPACE_ID) as tx:
            tx.links.hold(LINK_ID)
            together.wait(30)

    assert in_threads([book, book]) == [None, None]


def test_a_transaction_that_raised_gives_its_connection_back(postgres_url: str) -> None:
    def fail(database: PostgresDatabase) -> None:
        with database.transaction():
            raise OnPurposeError

    with closing(PostgresDatabase(postgres_url, size=1)) as database:
        for _ in range(3):
            with pytest.raises(OnPurposeError):
                fail(database)

        assert SqlStore(database).queue.claim(worker="w", now=NOON, lease_ends=NOON, limit=1) == []


def test_two_claims_at_one_moment_never_put_two_messages_to_one_recipient_on_their_way(
    store: SqlStore, postgres_database: PostgresDatabase
) -> None:
    keep(store, a_planned(key="reminder", due_at=NOON + SECOND), a_planned(key="moved", booking_revision=1))
    taken: list[list[str]] = []

    # Another worker has taken "moved" and not committed yet, so this one's claim cannot see that it is on its way.
    with postgres_database.transaction() as connection:
        connection.run(
            "UPDATE deliveries SET state = 'sending', leased_by = 'w1' WHERE workspace_id = :ws AND key = 'moved'",
            ws=WORKSPACE_ID,
        )
        claiming = threading.Thread(
            target=lambda: taken.append(claimed(store, worker="w2", now=NOON + SECOND)), name="w2"
        )
        claiming.start()
        until(lambda: waits_for_a_lock(postgres_database))
    claiming.join()

    assert taken == [[]]


def waits_for_a_lock(database: PostgresDatabase) -> bool:
    with database.reading() as connection:
        return connection.number("SELECT count(*) AS n FROM pg_locks WHERE NOT granted") > 0


def test_what_is_asked_often_is_planned_once(postgres_url: str) -> None:
    with closing(PostgresDatabase(postgres_url, size=1)) as database:
        for _ in range(9):
            with database.reading() as connection:
                assert connection.number("SELECT count(*) AS n WHERE :one = :one", one="x") == 1
        with database.reading() as connection:
            statements = connection.rows("SELECT statement FROM pg_prepared_statements")

    assert [row["statement"] for row in statements if "WHERE $1 = $1" in row["statement"]] != []


def test_a_connection_that_was_read_on_is_written_on(postgres_url: str) -> None:
    with closing(PostgresDatabase(postgres_url, size=1)) as database:
        with database.reading() as connection:
            assert connection.rows("SELECT current_setting('transaction_isolation') AS n")[0]["n"] == "repeatable read"
        with database.transaction() as connection:
            connection.run("CREATE TABLE written (n INTEGER)")
            assert connection.rows("SELECT current_setting('transaction_isolation') AS n")[0]["n"] == "read committed"
