"""Two versions side by side: programs of this one on a database that the next one has migrated meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.journeys.program import SinkProcess, prepare
from tests.scale.processes import processes
from tocsin.storage import migrate
from tocsin.storage.migrate import Migration
from tocsin.storage.postgres import PostgresDatabase

OURS = migrate.migrations()
# All that a migration may do to tables that programs of this version use.
NEXT = Migration(
    version=len(OURS) + 1,
    name=f"{len(OURS) + 1:04}_of_the_next_version.sql",
    sql="""
ALTER TABLE deliveries ADD COLUMN lane TEXT NOT NULL DEFAULT 'slow';
ALTER TABLE bookings ADD COLUMN room TEXT;
ALTER TABLE messages ADD COLUMN colour BIGINT NOT NULL DEFAULT 7;
CREATE INDEX IF NOT EXISTS deliveries_by_lane ON deliveries (workspace_id, lane);
CREATE TABLE rooms (
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (workspace_id, name)
);
""",
)
BOOKINGS = 60


def test_programs_of_this_version_work_on_and_start_again_after_the_next_one_has_migrated(
    postgres_url: str, sink: SinkProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = prepare(postgres_url, sink, lease_s=60)
    with processes(program, workers=2) as found, ThreadPoolExecutor(1) as pool:
        booked = pool.submit(lambda: [found.book(number) for number in range(BOOKINGS)])
        with closing(PostgresDatabase(postgres_url)) as database, monkeypatch.context() as patch:
            patch.setattr(migrate, "migrations", lambda: [*OURS, NEXT])
            assert migrate.migrate(database) == [NEXT]
        booked.result()
        codes = found.workers[0].stop()
        found.workers[0].start()
        found.book(BOOKINGS)
        states = found.api.await_end()
        codes += found.stop()

    taken = [one["message_id"] for one in sink.taken]
    assert states == {"sent": 2 * (BOOKINGS + 1)}
    assert len(taken) == len(set(taken)) == 2 * (BOOKINGS + 1)
    assert codes == [0] * 4
