"""Tocsin's use cases, called in this process, where its HTTP face would hide what is measured."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from bench.databases import Database
from bench.program import settings
from bench.seed import SLUG
from tocsin import bootstrap
from tocsin.bootstrap import App
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking, Client, LinkId, Place, WorkspaceId
from tocsin.services import bookings
from tocsin.services.bookings import BookingDraft, Slot
from tocsin.settings import Settings
from tocsin.workers.pace import MOST

_NOBODY = 9  # a port on which nobody listens: nothing is sent from here


@contextmanager
def opened(database: Database) -> Iterator[App]:
    """Give Tocsin's parts on a database."""
    app = bootstrap.open_app(Settings.from_environment(settings(database, port=8000, relay_port=_NOBODY)))
    try:
        yield app
    finally:
        app.close()


def book(app: App, workspace_id: str, number: int, *, slug: str = SLUG) -> Booking:
    """Make a booking that no other is like, in a transaction of its own."""
    draft = BookingDraft(
        link_slug=slug,
        client=Client(
            name=f"Visitor {number:08}", email=f"visitor{number:08}@example.net", time_zone="America/New_York"
        ),
        slot=_slot(number),
        place=Place(spot="zoom", join_url=f"https://meet.example.com/{number:08}"),
        override_availability=True,
    )
    with app.store.transaction(WorkspaceId(workspace_id)) as tx:
        return bookings.create(tx, draft, now=app.clock(), chance=app.chance)


def match(app: App, workspace_id: str, link_id: str) -> int:
    """Return how many rules watch a link, looked up as for an event on it."""
    with app.store.reading(WorkspaceId(workspace_id)) as tx:
        return len(tx.rules.watching(LinkId(link_id), EventKind))


def planning_rate(app: App, workspace_id: str, number: int) -> float:
    """Return how many deliveries a second are planned while `number` bookings are made, two deliveries each."""
    begun = time.perf_counter()
    for count in range(number):
        book(app, workspace_id, count)
    return 2 * number / (time.perf_counter() - begun)


def claim_rate(app: App, number: int) -> float:
    """Return how many deliveries a second one thread claims; `number` are due. Raises RuntimeError if it is another number."""
    claimed, begun = 0, time.perf_counter()
    while True:
        now = app.clock()
        taken = app.store.queue.claim(worker="bench", now=now, lease_ends=now + timedelta(minutes=10), limit=MOST)
        if not taken:
            break
        claimed += len(taken)
    if claimed != number:
        raise RuntimeError(f"{claimed} of {number} deliveries were claimed")
    return claimed / (time.perf_counter() - begun)


def _slot(number: int) -> Slot:
    day = datetime.now(UTC) + timedelta(days=100 + number % 200)
    return Slot(day=day.date(), clock=day.replace(hour=10, minute=0, second=0, microsecond=0).time())
