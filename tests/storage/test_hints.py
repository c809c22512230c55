"""Hints between processes, on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tests.postgres import Postgres
from tests.storage.test_postgres import end_session
from tocsin.domain.errors import UnavailableError
from tocsin.services import faults
from tocsin.storage import hints as adapter
from tocsin.storage.hints import CHANNEL, PostgresHints
from tocsin.storage.postgres import PostgresDatabase

LONG = 30.0  # seconds; what is waited for comes at once


@pytest.fixture
def other(postgres_url: str) -> Iterator[PostgresHints]:
    """Give the hints of another process on the same database."""
    with closing(PostgresDatabase(postgres_url)) as database:
        yield PostgresHints(database)


@pytest.fixture
def ours(postgres_database: PostgresDatabase) -> PostgresHints:
    return PostgresHints(postgres_database)


def test_what_another_process_tells_is_heard(ours: PostgresHints, other: PostgresHints) -> None:
    with ours.listening() as ears:
        assert ears is not None
        other.tell()

        assert ears.heard(within_s=LONG)


def test_a_process_does_not_hear_itself(ours: PostgresHints) -> None:
    with ours.listening() as ears:
        assert ears is not None
        ours.tell()

        assert not ears.heard(within_s=LONG)


def test_without_a_hint_the_wait_ends(ours: PostgresHints) -> None:
    with ours.listening() as ears:
        assert ears is not None
        assert not ears.heard(within_s=0.01)


def test_databases_of_one_server_do_not_hear_each_other(postgres: Postgres, ours: PostgresHints) -> None:
    name = postgres.create()
    with closing(PostgresDatabase(postgres.url(name))) as elsewhere, ours.listening() as ears:
        assert ears is not None
        PostgresHints(elsewhere).tell()

        assert not ears.heard(within_s=0.1)
    postgres.drop(name)


def test_a_hint_passes_no_planted_fault(ours: PostgresHints, planted_faults: None) -> None:
    faults.arm("before_commit:raise,after_commit:raise")

    ours.tell()


def test_a_connection_that_hinted_serves_transactions_again(postgres_url: str) -> None:
    with closing(PostgresDatabase(postgres_url, size=1)) as database:
        PostgresHints(database).tell()

        with database.transaction() as connection:
            connection.run("SET LOCAL work_mem = '1MB'")
            assert connection.rows("SHOW work_mem") == [{"work_mem": "1MB"}]


def test_a_session_that_is_ended_is_unavailable(ours: PostgresHints, postgres_url: str) -> None:
    def be_cut_off() -> None:
        with ours.listening() as ears:
            assert ears is not None
            with psycopg.connect(postgres_url) as administrator:
                [(pid,)] = administrator.execute(
                    "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
                ).fetchall()
            end_session(pid, postgres_url)
            ears.heard(within_s=LONG)

    with pytest.raises(UnavailableError):
        be_cut_off()


def test_where_no_hint_arrives_there_are_no_ears(ours: PostgresHints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "PROOF_S", 0.1)
    monkeypatch.setattr(ours, "tell", lambda: None)  # what stands between swallows it

    with ours.listening() as ears:
        assert ears is None


def test_hints_are_sent_on_a_channel_of_their_own(ours: PostgresHints, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}".encode())
        ours.tell()

        [hint] = list(listener.notifies(timeout=LONG, stop_after=1))

    assert hint.channel == CHANNEL
    assert len(hint.payload) == 32
