"""What the tests of several processes share: relays, databases, and a pooler where one is installed."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.journeys.program import SinkProcess
from tests.left_out import is_in_ci, require
from tests.packages import PGBOUNCER
from tests.postgres import Postgres
from tests.scale.pgbouncer import PgBouncer


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SinkProcess]:
    """Give a relay of its own that writes down what it takes."""
    with closing(SinkProcess(tmp_path / "sink.jsonl")) as started:
        yield started


@pytest.fixture(scope="session")
def pgbouncer(postgres: Postgres) -> Iterator[PgBouncer]:
    """Give a pooler in transaction mode in front of this test process's PostgreSQL."""
    require(PGBOUNCER, in_ci=is_in_ci())
    with closing(PgBouncer(postgres.data)) as started:
        yield started


@pytest.fixture
def pooled_url(pgbouncer: PgBouncer, postgres_url: str) -> Iterator[str]:
    """Give the URL of a fresh, migrated database behind the pooler."""
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    yield pgbouncer.url(name)
    pgbouncer.forget(name)
