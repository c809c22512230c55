"""Dry runs that a test starts, holds up, waits for, or puts into the store as if somebody else worked on them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.builders import a_kept_run
from tests.faces.client import Client
from tests.storage.shelf import until
from tocsin.domain.dry_run import UNDER_WAY, KeptRun, RunState
from tocsin.domain.model import WorkspaceId
from tocsin.storage.scratch import Scratch
from tocsin.storage.store import SqlStore


class Held:
    """A scratch that is only given once it is let go."""

    def __init__(self) -> None:
        self.is_asked_for, self.goes = threading.Event(), threading.Event()
        self.times = 0  # that it was asked for

    @contextmanager
    def open(self) -> Iterator[SqlStore]:
        self.times += 1
        self.is_asked_for.set()
        assert self.goes.wait(60)
        with Scratch().open() as store:
            yield store


def workspace_of(client: Client) -> WorkspaceId:
    with client.app.store.directory() as directory:
        found = directory.by_subdomain(client.subdomain)
    assert found is not None
    return found.id


def run_at(client: Client, path: str) -> KeptRun:
    """Return the dry run whose page is at `path`."""
    with client.app.store.reading(workspace_of(client)) as tx:
        found = tx.dry_runs.get(path.rpartition("/")[2])
    assert found is not None
    return found


def ended(client: Client, path: str) -> KeptRun:
    """Wait until the dry run whose page is at `path` has ended; return it."""
    until(lambda: run_at(client, path).state not in UNDER_WAY)
    return run_at(client, path)


def kept(client: Client, rule_id: str, **changes: Any) -> str:
    """Put a dry run into the store that nobody works on; return the path of its page. One with a report is done."""
    report = changes.pop("report", None)
    now = client.clock()
    run = a_kept_run(**({"rule_id": rule_id, "made_at": now, "seen_at": now} | changes))
    with client.app.store.transaction(workspace_of(client)) as tx:
        tx.dry_runs.add(run)
        if report is not None:
            tx.dry_runs.end(run.id, RunState.DONE, now=now, report=report)
    return f"/rules/dry-runs/{run.id}"
