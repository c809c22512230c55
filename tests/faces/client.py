"""Tocsin as a program on the other side of the wire sees it: the whole application over a real store, without a network.

Every answer of v2 is compared with the OpenAPI document on its way, and a 5xx fails the test at once.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from itertools import count
from pathlib import Path
from typing import Any, cast

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.builders import SettableClock, a_chance, a_trail
from tests.faces.schema import Described
from tests.inspector import complaints
from tocsin import bootstrap, server
from tocsin.api import app as api
from tocsin.bootstrap import App
from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.letter import Envelope
from tocsin.mail.capture import CaptureMailer
from tocsin.services import administration
from tocsin.services.ports_relay import Supply
from tocsin.settings import Settings
from tocsin.storage.store import SqlStore
from tocsin.telemetry.metrics import Metrics
from tocsin.workers.hints import Bell
from tocsin.workers.loop import drain

TABLES = (
    "workspaces",
    "api_keys",
    "members",
    "scheduling_links",
    "link_hosts",
    "meeting_outcomes",
    "bookings",
    "booking_hosts",
    "booking_revisions",
    "events",
    "automation_rules",
    "rule_links",
    "rule_revisions",
    "rule_plans",
    "deliveries",
    "attempts",
    "interventions",
    "messages",
    "invitations",
    "inviters",
    "rsvps",
    "answers",
    "dkim_keys",
    "webhook_secrets",
    "accounts",
    "sessions",
    "suppressions",
    "recipients",
    "workspace_limits",
    "usage",
    "sources",
    "source_calls",
    "source_bookings",
    "source_looks",
    "source_links",
    "dry_runs",
    "audit",
    "audit_heads",
)
ENVIRONMENT = {"TOCSIN_BASE_URL": "http://tocsin.test", "TOCSIN_MAIL_FROM": "invites@tocsin.example"}
ACCEPTED = Outcome(result=Result.ACCEPTED, code=250, enhanced_code="2.0.0", reply="taken")
REFUSED = Outcome(result=Result.PERMANENT, code=550, enhanced_code="5.1.1", reply="nobody of that name")

Json = dict[str, Any]


@dataclass(slots=True)
class Letterbox:
    """A mailer that answers as it is told and keeps what it is given, whatever it answers."""

    outcome: Outcome = ACCEPTED
    envelopes: list[Envelope] = field(default_factory=list)

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        for number in count():
            envelopes = supply(1)
            if not envelopes:
                return
            assert [wrong for one in envelopes for wrong in complaints(one.message, one.recipient)] == []
            self.envelopes += envelopes
            yield [(number, self.outcome)]

    def close(self) -> None:
        pass

    def letters(self, recipient: str = "") -> list[EmailMessage]:
        """Return what came for `recipient`, or for everybody, as the standard library reads it."""
        return [
            message_from_bytes(envelope.message, policy=modern)
            for envelope in self.envelopes
            if recipient in ("", envelope.recipient)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The way to an application: its event loop, and the host that requests name."""

    asgi: Any
    portal: BlockingPortal
    described: Described

    def call(self, method: str, url: str, content: bytes | None, headers: list[tuple[str, str]]) -> httpx.Response:
        return self.portal.call(self._call, method, url, content, headers)

    async def _call(
        self, method: str, url: str, content: bytes | None, headers: list[tuple[str, str]]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.asgi, raise_app_exceptions=False)
        # As octets, because a header can hold what no text of ours would.
        octets = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        async with httpx.AsyncClient(transport=transport, base_url="http://unused") as http:
            return await http.request(method, url, content=content, headers=octets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One version of the API, with the key of one workspace."""

    line: Line
    base: str
    host: str
    key: str

    def get(self, path: str, **query: object) -> httpx.Response:
        return self.send("GET", path, query=query)

    def post(self, path: str, body: object = None, **query: object) -> httpx.Response:
        return self.send("POST", path, body, query=query)

    def patch(self, path: str, body: object) -> httpx.Response:
        return self.send("PATCH", path, body)

    def put(self, path: str, body: object) -> httpx.Response:
        return self.send("PUT", path, body)

    def delete(self, path: str) -> httpx.Response:
        return self.send("DELETE", path)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send `body` as JSON; bytes are sent as they are."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {"Host": self.host, "X-Api-Key": self.key, "Content-Type": "application/json"} | dict(headers or {})
        # A header without a value is one that is not sent.
        sent = [(name, value) for name, value in named.items() if value]
        url = httpx.URL(self.base + path, params=query) if query else self.base + path
        response = self.line.call(method, str(url), content, sent)
        assert response.status_code < 500, response.text
        self.line.described.check(method, self.base + path, response)
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application with the workspace `acme`, and all that a test needs around it."""

    app: App
    clock: SettableClock
    letterbox: Letterbox
    line: Line
    key: str
    subdomain: str = "acme"

    @property
    def host(self) -> str:
        return f"{self.subdomain}.{self.app.settings.base_host}"

    @property
    def v1(self) -> Face:
        return Face(line=self.line, base="/api/external/v1", host=self.host, key=self.key)

    @property
    def v2(self) -> Face:
        return Face(line=self.line, base="/api/external/v2", host=self.host, key=self.key)

    @property
    def root(self) -> Face:
        """What is not part of a version: pages, health, the OpenAPI file."""
        return Face(line=self.line, base="", host=self.host, key="")

    def neighbour(self, subdomain: str = "globex") -> "Client":
        """Return the same application as another workspace sees it, with a key of its own."""
        return Client(
            app=self.app,
            clock=self.clock,
            letterbox=self.letterbox,
            line=self.line,
            key=opened(self.app, subdomain),
            subdomain=subdomain,
        )

    def with_key(self, *scopes: str) -> "Client":
        """Return the same workspace with a key that has only these scopes."""
        values = {"subdomain": self.subdomain, "name": "", "scopes": list(scopes)}
        key = administration.run(self.app.office, "key create", values)["key"]
        return Client(
            app=self.app, clock=self.clock, letterbox=self.letterbox, line=self.line, key=key, subdomain=self.subdomain
        )

    def a_link(self, **fields: object) -> Json:
        body = {"slug": "intro", "name": "Introduction", "hosts": ["oliver@example.com"], "duration": 30} | fields
        return part(made(self.v2.post("/meetings", body)), "meeting")

    def a_template(self, **fields: object) -> Json:
        body = {"slug": "mould", "name": "Mould", "hosts": ["oliver@example.com"], "duration": 45} | fields
        return part(made(self.v2.post("/meeting-templates", body)), "meeting_template")

    def a_rule(self, link: Json, **fields: object) -> Json:
        return part(made(self.v2.post("/automation-rules", rule_body(link["id"], **fields))), "workflow")

    def book(self, **fields: object) -> Json:
        """Make a booking of `intro` for the day after the clock's, at 15:30 in Berlin."""
        return part(made(self.v2.post("/bookings", booking_body(**fields))), "booking")

    def drain(self) -> int:
        """Deliver what is due; return how many deliveries were claimed."""
        return drain(self.app.sender, self.letterbox)

    def counts(self) -> dict[str, int]:
        """Return the number of rows in each table, of all workspaces."""
        with self.app.store._database.reading() as connection:
            return {table: connection.number(f"SELECT count(*) AS n FROM {table}") for table in TABLES}


def an_action(**fields: object) -> Json:
    return {
        "type": "send_calendar_invite_to_anyone",
        "emails": ["ada@example.org"],
        "email_subject": "You have a meeting scheduled",
        "email_body": "<h3>Hello {{client.name}}</h3><p>{{host.name}} meets you at {{client.starts_at}}</p>",
        "calendar_invite_subject": "Meeting with {{host.name}}",
        "calendar_invite_body": "<p>Join using: {{meeting.scheduling_url}}</p>",
    } | fields


def rule_body(*meeting_ids: str, **fields: object) -> Json:
    return {"event": "booking_confirmed", "meeting_ids": list(meeting_ids), "actions": [an_action()]} | fields


def booking_body(**fields: object) -> Json:
    return {
        "meeting_slug": "intro",
        "name": "Eve Jones",
        "email": "eve@example.net",
        "time_zone": "Europe/Berlin",
        "slot_date": "2026-11-25",
        "slot_start_time": "15:30",
    } | fields


def made(response: httpx.Response) -> Json:
    """Return the body of an answer to something that must have gone well."""
    assert response.status_code in (200, 201), response.text
    found: Json = response.json()
    return found


def part(body: Json, name: str) -> Json:
    found: Json = body[name]
    return found


def wrong_fields(response: httpx.Response) -> dict[str, str]:
    """Return what a 422 says of each field, after a look at the form that the contract gives to all errors."""
    assert response.status_code == 422, response.text
    body = response.json()
    assert set(body) == {"error", "errors", "field_errors"}
    assert body["errors"] == [f"{one['field']}: {one['message']}" for one in body["field_errors"]]
    assert all(one["field"] and one["message"] for one in body["field_errors"])
    return {one["field"]: one["message"] for one in body["field_errors"]}


def refusal(response: httpx.Response, status: int) -> str:
    """Return the one sentence of an error of this status."""
    assert response.status_code == status, response.text
    body: Json = response.json()
    assert isinstance(body["error"], str)
    assert body["error"]
    return str(body["error"])


def headers_of(answer: httpx.Response) -> dict[str, str]:
    """Return the headers of an answer, but for the name of the request."""
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


def opened(app: App, subdomain: str) -> str:
    """Make a workspace; return a key to all of it."""
    values = {"subdomain": subdomain, "name": subdomain.title(), "time_zone": "Europe/Berlin", "mail_from": None}
    administration.run(app.office, "workspace create", values)
    key: str = administration.run(app.office, "key create", {"subdomain": subdomain, "name": "all", "scopes": []})[
        "key"
    ]
    return key


def opened_in(folder: Path, environment: Mapping[str, str]) -> str:
    """Make the workspace `acme` in the SQLite file of a program that does not run yet; return a key to all of it."""
    own = {"TOCSIN_DATABASE_URL": f"sqlite:///{folder / 'tocsin.db'}", "TOCSIN_FAULTS": ""}  # faults are the program's
    app = bootstrap.open_app(Settings.from_environment({**environment, **own}))
    with closing(app):
        return opened(app, "acme")


def an_app(store: SqlStore, clock: SettableClock, **environment: str) -> App:
    store._trail = a_trail(clock)
    metrics = Metrics()
    store._telemetry = store.queue._telemetry = metrics
    settings = Settings.from_environment(ENVIRONMENT | environment)
    return App(
        settings=settings,
        relay=bootstrap._relay(settings),
        store=store,
        clock=clock,
        chance=a_chance(),
        pepper=b"pepper",
        mailer=Letterbox,
        caller=CaptureMailer,
        bell=Bell(),
        telemetry=metrics,
    )


@contextmanager
def on_the_line(app: App) -> Iterator[Line]:
    """Give the way to an application, with an event loop of its own."""
    with start_blocking_portal() as portal:
        yield Line(asgi=server.create(app), portal=portal, described=Described(cast("Json", api.document(app))))


@contextmanager
def connected(store: SqlStore, **environment: str) -> Iterator[Client]:
    """Give a client of an application over `store`, in which the workspace `acme` is made."""
    clock = SettableClock()
    app = an_app(store, clock, **environment)
    with on_the_line(app) as line:
        yield Client(app=app, clock=clock, letterbox=Letterbox(), line=line, key=opened(app, "acme"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
