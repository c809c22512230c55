"""Another scheduler whose calls come late, twice, and in any order; in the end the booking is what its last news says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tests.builders import NOON
from tests.sources.senders import SECRETS, SIGNERS
from tests.torture.simulation.lives import Life
from tocsin.domain.sources.address import token_of
from tocsin.domain.sources.source import SourceId, SourceKind
from tocsin.formats.sources.shape import Incoming
from tocsin.services import source_calls, source_work, sources
from tocsin.services.ports_sources import Fetched
from tocsin.services.source_calls import Inlet
from tocsin.services.sources import SourceDraft

if TYPE_CHECKING:
    from tests.torture.simulation.engine import Engine

_KIND = "generic"


def _knows_nothing(_url: str, _login: str, _headers: Mapping[str, str] = MappingProxyType({})) -> Fetched:
    return Fetched(status=404)


@dataclass
class Scheduler:
    """A source of one workspace: what it has to tell, and the calls that it has not made yet or makes once more."""

    engine: "Engine"
    life: Life
    told: dict[str, dict[str, Any]] = field(default_factory=dict)  # the newest news of each booking
    newest: dict[str, bytes] = field(default_factory=dict)  # the call that tells them
    last_at: datetime = NOON
    outbox: list[bytes] = field(default_factory=list)

    def begin(self) -> None:
        """Tell the workspace of this scheduler."""
        engine, world = self.engine, self.life.world
        self.inlet = Inlet(
            store=world.store, clock=engine.clocks, chance=engine.sender.chance, secret=engine.sender.secret
        )
        draft = SourceDraft(kind=SourceKind(_KIND), secret=SECRETS[_KIND])
        with world.store.transaction(world.workspace_id) as tx:
            source, _ = sources.create(
                tx, draft, secret=self.inlet.secret, allowed=(), now=engine.clocks(), chance=self.inlet.chance
            )
        self.source_id = SourceId(source.id)
        self.token = token_of(source.id, workspace_id=world.workspace_id, secret=self.inlet.secret)

    def step(self) -> None:
        """Have news, or call."""
        if self.engine.chance.random() < 0.4 or not self.outbox:
            self._have_news()
        else:
            self._call(self.engine.chance.choice(self.outbox))

    def finish(self) -> None:
        """Make all calls once more, in any order."""
        for body in self.engine.chance.sample(self.outbox, len(self.outbox)):
            self._call(body)

    def tend(self) -> None:
        """Do what a worker does about sources."""
        self.life.do("tend", lambda: source_work.tend(self.inlet, _knows_nothing))

    def _have_news(self) -> None:
        chance, at = self.engine.chance, max(NOON + self.engine.clocks.elapsed, self.last_at + timedelta(seconds=1))
        self.last_at = at
        name = f"B-{chance.randint(1, 3)}"
        before = self.told.get(name)
        if before is not None and (before["status"] == "cancelled" or before["starts"] < at + timedelta(hours=2)):
            return
        is_over = before is not None and chance.random() < 0.25
        starts = at + timedelta(hours=chance.choice([30, 50, 100]))
        starts = before["starts"] if is_over and before is not None else starts.replace(microsecond=0)
        self.told[name] = {"status": "cancelled" if is_over else "confirmed", "starts": starts}
        self.newest[name] = _body(name, at, self.told[name])
        self.outbox.append(self.newest[name])
        self.engine.note("news", name, is_over)

    def _call(self, body: bytes) -> None:
        engine = self.engine
        if body not in self.newest.values() and engine.chance.random() < 0.2 and not engine.is_ending:
            self.outbox.remove(body)
        headers = SIGNERS[_KIND](SECRETS[_KIND], body, engine.clocks())
        incoming = Incoming(headers=headers, body=body)
        workspace_id = self.life.world.workspace_id
        self.life.do("call", lambda: source_calls.receive(self.inlet, workspace_id, self.token, incoming))

    def wrong(self) -> list[str]:
        """Return which bookings are not in the end what was told of them last."""
        return [text for name, news in sorted(self.told.items()) for text in self._wrong(name, news)]

    def _wrong(self, name: str, news: dict[str, Any]) -> list[str]:
        with self.life.world.store.reading(self.life.world.workspace_id) as tx:
            external = tx.source_bookings.get(self.source_id, name)
            found = None if external is None or external.booking_id is None else tx.bookings.get(external.booking_id)
        if news["status"] == "cancelled":
            return [] if found is None or found.is_over else [f"{name} was cancelled and is {found}"]
        if found is None or found.is_over or found.starts_at != news["starts"]:
            return [f"{name} is {news} and not {found and (found.status, found.starts_at, found.revision)}"]
        return []


def _body(name: str, at: datetime, news: dict[str, Any]) -> bytes:
    data: dict[str, Any] = {"id": name, "status": news["status"]}
    if news["status"] == "confirmed":
        data |= {
            "starts_at": news["starts"].isoformat(),
            "ends_at": (news["starts"] + timedelta(minutes=30)).isoformat(),
            "meeting": {"id": "7", "slug": "intro", "name": "Introduction"},
            "client": {"name": "Eve Jones", "email": "eve@example.net", "time_zone": "Europe/Berlin"},
            "hosts": [{"name": "Oliver Smith", "email": "oliver@example.com", "time_zone": "Europe/Berlin"}],
            "ical_uid": f"{name}@shop.example",
        }
    return json.dumps({"type": "booking.changed", "timestamp": at.isoformat(), "data": data}).encode()
