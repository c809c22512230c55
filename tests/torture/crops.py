"""Databases with very many deliveries: the program itself makes one booking, and SQL copies it (bench/seed.py)."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bench.databases import Database
from bench.seed import Crop, Seed, grow
from bench.services import book
from tests.builders import HOUR, LINK_ID, RULE_ID, WORKSPACE_ID, a_reminder, a_rule, an_action
from tests.journeys.program import RECIPIENTS, Listening, Program, prepare, running, until
from tests.postgres import Postgres
from tocsin import bootstrap
from tocsin.domain.rules import AutomationRule, RuleId
from tocsin.settings import Settings
from tocsin.storage.migrate import migrate
from tocsin.storage.postgres import PostgresDatabase

LEAD = HOUR  # of reminders
_LIMITS = {"TOCSIN_LIMIT_WORKSPACE": "", "TOCSIN_LIMIT_RECIPIENT": ""}
_OPEN = "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE settled_at IS NULL AND due_at < ? LIMIT 1) o"
NewDatabase = Callable[[str], Database]


def now_us() -> int:
    """Return how many microseconds it is since 1970."""
    return round(datetime.now(UTC).timestamp() * 1e6)  # noqa: TID251  the program runs on the real clock


@dataclass(frozen=True)
class Server:
    """The tests' PostgreSQL, as the copies want it."""

    of_tests: Postgres

    def url(self, name: str) -> str:
        return self.of_tests.url(name)

    def create(self, *, like: str = "") -> str:
        return self.of_tests.create(template=like)

    def drop(self, name: str) -> None:
        self.of_tests.drop(name)


@dataclass(frozen=True)
class Field:
    """A program that is not started, on a database from which a crop can be grown."""

    program: Program
    seed: Seed
    starts_at: int  # of the seed's booking, in microseconds since 1970

    @contextmanager
    def grown(self, bookings: int, *, moved: str = "") -> Iterator[tuple[Program, Database]]:
        """Give the program on a database with so many bookings, two deliveries each; neither outlives the block.

        `moved` is the SQL over `n`, a booking's number from 1 on, of how many microseconds later than the seed's it is.
        """
        database = grow(self.seed, Crop(bookings=bookings, moved=moved))
        environment = {**self.program.environment, "TOCSIN_DATABASE_URL": database.url}
        program = replace(self.program, environment=environment, _running={})
        try:
            with running(program):
                yield program, database
        finally:
            database.drop()

    def moved_to(self, due_at: int) -> int:
        """Return how much later than the seed's a booking is whose reminder is due then, all in microseconds."""
        return due_at - (self.starts_at - round(LEAD.total_seconds() * 1e6))


@contextmanager
def sown(database: Database, relay: Listening, *, lease_s: int = 60, reminds: bool = False) -> Iterator[Field]:
    """Give a field on a new, empty database, whose crop is due at once or, if it `reminds`, before meetings.

    What is booked later is told at once in any case.
    """
    try:
        program, starts_at = _planted(database, relay, lease_s=lease_s, reminds=reminds)
        yield Field(program, _seed(database, program.key), starts_at)
    finally:
        database.drop()


def _planted(database: Database, relay: Listening, *, lease_s: int, reminds: bool) -> tuple[Program, int]:
    if database.name == "PostgreSQL":
        with closing(PostgresDatabase(database.url)) as empty:
            migrate(empty)
    program = prepare(database.url, relay, lease_s=lease_s)
    program = replace(program, environment={**program.environment, **_LIMITS})
    app = bootstrap.open_app(Settings.from_environment(program.environment))
    at_once: AutomationRule = a_rule(actions=(an_action(emails=RECIPIENTS),))
    reminder = a_reminder(id=RuleId(f"{RULE_ID[:-1]}2"), actions=at_once.actions, offsets=(LEAD,))
    try:
        with app.store.transaction(WORKSPACE_ID) as tx:
            tx.rules.put(replace(at_once, enabled=not reminds, revision=2))
            if reminds:
                tx.rules.put(reminder)
        booking = book(app, WORKSPACE_ID, 0)
        with app.store.transaction(WORKSPACE_ID) as tx:
            tx.rules.put(replace(at_once, revision=3))
    finally:
        app.close()
    return program, round(booking.starts_at.timestamp() * 1e6)


def _seed(database: Database, key: str) -> Seed:
    [(booking_id, sid, uid)] = database.rows("SELECT id, sid, uid FROM bookings")
    delivery_ids = tuple(row[0] for row in database.rows("SELECT id FROM deliveries ORDER BY id"))
    assert len(delivery_ids) == len(RECIPIENTS)
    return Seed(
        database=database,
        key=key,
        workspace_id=WORKSPACE_ID,
        link_id=LINK_ID,
        rule_id=RULE_ID,
        booking_id=booking_id,
        delivery_ids=delivery_ids,
        texts=(booking_id, sid, uid.partition("@")[0], "visitor00000000", *delivery_ids),
    )


def await_sent(database: Database, *, due_before: int, limit_s: float) -> None:
    """Wait until nothing is open that was due before a moment, in microseconds since 1970; ask seldom and for little."""
    until(lambda: database.rows(_OPEN, due_before)[0][0] == 0, limit_s=limit_s)
