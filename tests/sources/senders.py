"""The other schedulers: how each calls, with fixtures that were written from the fields they document."""

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from standardwebhooks.webhooks import Webhook

from tests.faces.client import Client, Json, made, part
from tocsin.api.sources import inlet_of
from tocsin.formats.sources.acuity import API as ACUITY_API
from tocsin.formats.sources.looks import ALWAYS
from tocsin.services.ports_sources import Fetch, Fetched
from tocsin.services.source_looks import tend as tend_looks
from tocsin.services.source_work import tend

HERE = Path(__file__).parent
KINDS = ("generic", "cal_com", "calendly", "easy_appointments", "acuity")
SECRETS: Mapping[str, str] = {
    "generic": "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
    "cal_com": "a secret of the other side",
    "calendly": "a signing key of the other side",
    "easy_appointments": "a token of the other side",
    "acuity": "an API key of the other side",
}
EASY_URL = "https://book.example.org/ea"
FIELDS: Mapping[str, Json] = {
    "easy_appointments": {"api_url": EASY_URL, "api_token": "easy token"},
    "acuity": {"user_id": "4711"},
}

Headers = dict[str, str]


def fixture(kind: str, name: str, **changes: object) -> Any:
    """Return a call of a kind of source; a change names a path, such as `payload__uid`."""
    body: Any = json.loads((HERE / kind / f"{name}.json").read_text("utf-8"))
    for path, value in changes.items():
        *places, last = path.split("__")
        inside: Any = body
        for place in places:
            inside = inside[int(place) if place.isdigit() else place]
        inside[last] = copy.deepcopy(value)
    return body


def octets(kind: str, body: object) -> bytes:
    """Return a body as this kind of source sends it; bytes are sent as they are."""
    if isinstance(body, bytes):
        return body
    return urlencode(body).encode() if kind == "acuity" else json.dumps(body).encode()  # type: ignore[arg-type]


def _generic(secret: str, body: bytes, now: datetime) -> Headers:
    signature = Webhook(secret).sign("msg_1", now, body.decode("utf-8", "replace"))
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1,AAAA {signature}",
    }


def _cal_com(secret: str, body: bytes, _now: datetime) -> Headers:
    return {"X-Cal-Signature-256": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def _calendly(secret: str, body: bytes, now: datetime) -> Headers:
    at = int(now.timestamp())
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Calendly-Webhook-Signature": f"t={at},v1={mac}"}


def _easy(secret: str, _body: bytes, _now: datetime) -> Headers:
    return {"X-Ea-Token": secret}


def _acuity(secret: str, body: bytes, _now: datetime) -> Headers:
    mac = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {"X-Acuity-Signature": mac, "Content-Type": "application/x-www-form-urlencoded"}


SIGNERS: Mapping[str, Callable[[str, bytes, datetime], Headers]] = {
    "generic": _generic,
    "cal_com": _cal_com,
    "calendly": _calendly,
    "easy_appointments": _easy,
    "acuity": _acuity,
}


@dataclass(slots=True)
class Other:
    """Another scheduler that was told our address, and what it answers when it is asked."""

    client: Client
    kind: str
    source: Json
    secret: str
    answers: dict[str, Fetched] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def path(self) -> str:
        return urlsplit(self.source["url"]).path

    def signed(self, body: object) -> Headers:
        return SIGNERS[self.kind](self.secret, octets(self.kind, body), self.client.clock())

    def call(self, body: object, headers: Headers | None = None) -> httpx.Response:
        """Call our address, signed as this scheduler does, or with these headers."""
        raw = octets(self.kind, body)
        return self.client.root.send("POST", self.path, raw, headers=self.signed(raw) if headers is None else headers)

    def tells(self, body: object) -> Json:
        """Call, see that it is taken, and let what it asks for be asked; return what became of the call."""
        taken = part(made(self.call(body)), "call")
        self.tend()
        return self.shown(taken["id"])

    def shown(self, call_id: str) -> Json:
        return part(made(self.client.v2.get(f"/sources/{self.source['id']}/calls/{call_id}")), "call")

    def calls(self, **query: str) -> list[Json]:
        found: list[Json] = made(self.client.v2.get(f"/sources/{self.source['id']}/calls", **query))["calls"]
        return found

    def look(self, fetch: Fetch | None = None) -> Json:
        """Take steps of looks until none is due now; return how the looks of this source go."""
        queue, now = self.client.app.store.queue, self.client.clock
        while queue.due_source_looks(now=now(), kinds=ALWAYS, limit=1):
            tend_looks(inlet_of(self.client.app), fetch or self.fetch)
        return part(part(made(self.client.v2.get(f"/sources/{self.source['id']}")), "source"), "look")

    def tend(self) -> None:
        """Do what a worker does about sources until there is nothing to do now."""
        while tend(inlet_of(self.client.app), self.fetch):
            pass

    def fetch(self, url: str, authorization: str, _headers: Mapping[str, str] = MappingProxyType({}), /) -> Fetched:
        self.asked.append((url, authorization))
        return self.answers.get(url, Fetched(status=404))

    def answer(self, url: str, found: object) -> None:
        """Answer to questions at `url` from now on."""
        self.answers[url] = Fetched(status=200, body=json.dumps(found).encode())

    def has(self, **changes: object) -> None:
        """Let the API of Easy!Appointments, or of Acuity, have the records of the fixtures; a change names one."""
        if self.kind == "easy_appointments":
            for name, url in (("customer", "customers/5"), ("provider", "providers/2"), ("service", "services/7")):
                record = changes.get(name) or fixture(self.kind, f"api_{name}")
                self.answer(f"{EASY_URL}/index.php/api/v1/{url}", record)
        if self.kind == "acuity":
            record = changes.get("appointment") or fixture(self.kind, "api_appointment")
            self.answer(f"{ACUITY_API}/appointments/5500", record)
            self.answer(f"{ACUITY_API}/calendars", fixture(self.kind, "api_calendars"))


def connected_to(client: Client, kind: str, **changes: object) -> Other:
    """Make a source of a kind, with a secret of its own."""
    body = {"source": kind, "secret": SECRETS[kind]} | FIELDS.get(kind, {}) | changes
    source = part(made(client.v2.post("/sources", body)), "source")
    other = Other(client=client, kind=kind, source=source, secret=str(body["secret"]))
    other.has()
    return other


def bookings(client: Client) -> list[Json]:
    """Return all bookings, the oldest first."""
    found: list[Json] = made(client.v2.get("/bookings", page_size=100))["bookings"]
    return list(reversed(found))


def the_booking(client: Client) -> Json:
    (found,) = bookings(client)
    return found


FIRST = {
    "generic": "made",
    "cal_com": "created",
    "calendly": "created",
    "easy_appointments": "saved",
    "acuity": "scheduled",
}


def first(kind: str, **changes: object) -> Any:
    """Return the call that tells of a new booking."""
    return fixture(kind, FIRST[kind], **changes)
