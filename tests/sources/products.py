"""The other products as their APIs answer, on loopback: what is booked, moved and cancelled there while nobody calls us.

Their answers have the shapes that they document (docs/decisions/0056), and hold what the fixtures of their calls hold.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from tests.builders import SettableClock
from tests.faces.client import Client
from tests.http_server import Got, Receiver, Says
from tests.sources.senders import EASY_URL, SECRETS, Other, connected_to, fixture
from tocsin.calls.fetcher import fetcher
from tocsin.domain.sources.source import Access
from tocsin.formats.sources import acuity, calendly
from tocsin.formats.sources.looks import cal_com
from tocsin.services.ports_sources import Fetched

ABLE = ("easy_appointments", "acuity", "cal_com", "calendly")
TOKEN = "a token to look with"
START = datetime.fromisoformat("2026-11-26T14:30:00+00:00")  # as in the fixtures
HALF_AN_HOUR = timedelta(minutes=30)

Row = dict[str, Any]
Query = Mapping[str, str]


class Product:
    """A product that is asked. `trouble` is what it answers instead, as long as it is set."""

    kind = ""
    token = TOKEN
    fixed = ""  # an address that is theirs alone, and leads to us here

    def __init__(self, receiver: Receiver, clock: SettableClock) -> None:
        self.receiver = receiver
        self.clock = clock
        self.rows: dict[str, Row] = {}
        self.trouble: Says | None = None
        receiver.says = self._says

    @property
    def asked(self) -> list[str]:
        return [got.path for got in self.receiver.got]

    def fetch(self, url: str, authorization: str, headers: Mapping[str, str] = MappingProxyType({}), /) -> Fetched:
        """Ask as the server does, over HTTP."""
        origin = self.receiver.origin
        there = url.replace(self.fixed, origin, 1) if self.fixed and url.startswith(self.fixed) else url
        return fetcher(allowed=[origin])(there, authorization, headers)

    def book(self, name: str, *, starts_at: datetime = START) -> None:
        """Let somebody book."""
        raise NotImplementedError

    def move(self, name: str, *, starts_at: datetime, to: str = "") -> None:
        """Let somebody move a booking; `to` is what it is called then, where that is another name."""
        raise NotImplementedError

    def cancel(self, name: str) -> None:
        raise NotImplementedError

    def answer(self, path: str, query: Query, got: Got) -> object:
        """Return what is answered; None: there is no such thing."""
        raise NotImplementedError

    def proof(self) -> str:
        return f"Bearer {self.token}"

    def _says(self, got: Got) -> Says:
        if self.trouble is not None:
            return self.trouble
        if got.headers.get("authorization") != self.proof():
            return Says(status=401)
        parts = urlsplit(got.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        found = self.answer(parts.path, query, got)
        return Says(status=404) if found is None else Says(body=json.dumps(found).encode())

    def now(self) -> str:
        return f"{self.clock():%Y-%m-%dT%H:%M:%S}.000Z"


class Easy(Product):
    """Easy!Appointments: rows under other names, in the provider's time, which are deleted when they are cancelled."""

    kind = "easy_appointments"
    fixed = EASY_URL
    zone = ZoneInfo("Europe/Berlin")

    def book(self, name: str, *, starts_at: datetime = START) -> None:
        row = fixture("easy_appointments", "saved")["payload"]
        renamed = {"id": int(name), "book": self.clock().strftime("%Y-%m-%d %H:%M:%S"), "serviceId": 7, "providerId": 2}
        self.rows[name] = {one: row[one] for one in ("hash", "color", "status", "location", "notes")} | renamed
        self.rows[name] |= {"customerId": 5, "googleCalendarId": None, "caldavCalendarId": None}
        self._put(name, starts_at)

    def move(self, name: str, *, starts_at: datetime, to: str = "") -> None:
        self._put(name, starts_at)

    def cancel(self, name: str) -> None:
        del self.rows[name]

    def _put(self, name: str, starts_at: datetime) -> None:
        for column, moment in (("start", starts_at), ("end", starts_at + HALF_AN_HOUR)):
            self.rows[name][column] = moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def answer(self, path: str, query: Query, got: Got) -> object:
        place, _, name = path.removeprefix("/index.php/api/v1/").partition("/")
        if place != "appointments":
            return fixture("easy_appointments", f"api_{place.removesuffix('s')}")
        if name:
            return self.rows.get(name)
        assert query["sort"] == "id"
        rows = [self.rows[one] for one in sorted(self.rows, key=int) if self.rows[one]["start"][:10] >= query["from"]]
        first = (int(query["page"]) - 1) * int(query["length"])
        return [
            self._whole(row) if "aggregates" in query else row for row in rows[first : first + int(query["length"])]
        ]

    def _whole(self, row: Row) -> Row:
        return row | {name: fixture("easy_appointments", f"api_{name}") for name in ("customer", "provider", "service")}


class Acuity(Product):
    """Acuity: no pages, no moment of change, and what is cancelled only where it is asked for."""

    kind = "acuity"
    token = SECRETS["acuity"]
    fixed = acuity.API

    def proof(self) -> str:
        return acuity.question("", "", Access(secret=self.token, user_id="4711")).authorization

    def book(self, name: str, *, starts_at: datetime = START) -> None:
        self.rows[name] = fixture("acuity", "api_appointment") | {"id": int(name)}
        self.move(name, starts_at=starts_at)

    def move(self, name: str, *, starts_at: datetime, to: str = "") -> None:
        self.rows[name]["datetime"] = starts_at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%Y-%m-%dT%H:%M:%S%z")

    def cancel(self, name: str) -> None:
        self.rows[name]["canceled"] = True

    def answer(self, path: str, query: Query, got: Got) -> object:
        if path == "/calendars":
            return fixture("acuity", "api_calendars")
        if path != "/appointments":
            return self.rows.get(path.rpartition("/")[2])
        assert (query["direction"], query["showall"]) == ("ASC", "true")
        first, last = date.fromisoformat(query["minDate"]), date.fromisoformat(query.get("maxDate", "9999-12-31"))
        rows = [row for row in self.rows.values() if first <= date.fromisoformat(row["datetime"][:10]) <= last]
        return sorted(rows, key=lambda row: str(row["datetime"]))[: int(query.get("max", "100"))]


class Cal(Product):
    """Cal.com: moves that are new bookings, pages by number, and an older shape for who does not name the version."""

    kind = "cal_com"
    fixed = cal_com.API

    def book(self, name: str, *, starts_at: datetime = START) -> None:
        row: Row = fixture("cal_com", "api_booking") | {"uid": name, "createdAt": self.now(), "updatedAt": self.now()}
        row["icsUid"] = f"{name}@Cal.com"
        self.rows[name] = row | self._times(starts_at)

    def move(self, name: str, *, starts_at: datetime, to: str = "") -> None:
        self.book(to, starts_at=starts_at)
        self.rows[to] |= {"rescheduledFromUid": name, "icsUid": self.rows[name]["icsUid"]}
        self._change(name, status="cancelled", rescheduledToUid=to)

    def cancel(self, name: str) -> None:
        self._change(name, status="cancelled", cancellationReason="ill", cancelledByEmail="eve@example.net")

    def _change(self, name: str, **changes: object) -> None:
        self.rows[name] |= {"updatedAt": self.now(), **changes}

    def _times(self, starts_at: datetime) -> Row:
        times = (("start", starts_at), ("end", starts_at + HALF_AN_HOUR))
        return {name: f"{moment:%Y-%m-%dT%H:%M:%S}.000Z" for name, moment in times}

    def answer(self, path: str, query: Query, got: Got) -> object:
        if path != "/v2/bookings":
            return None
        if got.headers.get("cal-api-version") != "2024-08-13":
            return {"status": "success", "data": {"bookings": []}}
        (sort,) = {"sortCreated", "sortUpdatedAt"} & set(query)
        after, column = ("afterCreatedAt", "createdAt") if sort == "sortCreated" else ("afterUpdatedAt", "updatedAt")
        rows = [row for row in self.rows.values() if row[column] is not None and row[column] >= query[after]]
        assert query[sort] == "asc"
        skip = int(query["skip"])
        found = sorted(rows, key=lambda row: str(row[column]))[skip : skip + int(query["take"])]
        return {"status": "success", "data": found}


class Calendly(Product):
    """Calendly: events with invitees, tokens for pages, and moves that are new events."""

    kind = "calendly"
    fixed = calendly.API
    me = "https://api.calendly.com/users/US1"

    def book(self, name: str, *, starts_at: datetime = START) -> None:
        invitee = fixture("calendly", "created")["payload"]
        event = invitee.pop("scheduled_event")
        uri = f"{calendly.API}/scheduled_events/{name}"
        event |= {"uri": uri, "created_at": self.now(), "updated_at": self.now()}
        event |= {"start_time": self._moment(starts_at), "end_time": self._moment(starts_at + HALF_AN_HOUR)}
        invitee |= {"uri": f"{uri}/invitees/IN1", "event": uri, "created_at": self.now(), "updated_at": self.now()}
        self.rows[name] = {"event": event, "invitees": [invitee]}

    def join(self, name: str, invitee: str, email: str) -> None:
        """Let one more come to a group event. The event itself does not say that it was changed."""
        row = self.rows[name]
        one = row["invitees"][0] | {"uri": f"{row['event']['uri']}/invitees/{invitee}", "email": email}
        row["invitees"].append(one | {"created_at": self.now(), "updated_at": self.now()})
        row["event"]["invitees_counter"] = row["event"]["invitees_counter"] | {"active": len(row["invitees"])}

    def move(self, name: str, *, starts_at: datetime, to: str = "") -> None:
        self.book(to, starts_at=starts_at)
        old, new = self.rows[name]["invitees"][0], self.rows[to]["invitees"][0]
        new["old_invitee"] = old["uri"]
        self.cancel(name)
        old |= {"rescheduled": True, "new_invitee": new["uri"]}

    def cancel(self, name: str) -> None:
        row = self.rows[name]
        row["event"] |= {"status": "canceled", "updated_at": self.now()}
        told = {"canceled_by": "Eve Jones", "reason": "ill", "canceler_type": "invitee", "created_at": self.now()}
        row["invitees"][0] |= {"status": "canceled", "updated_at": self.now(), "cancellation": told}

    def _moment(self, moment: datetime) -> str:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.000000Z"

    def answer(self, path: str, query: Query, got: Got) -> object:
        if path == "/users/me":
            return {"resource": {"uri": self.me, "current_organization": f"{calendly.API}/organizations/OR1"}}
        if path != "/scheduled_events":
            row = self.rows.get(path.split("/")[2])
            return None if row is None else {"collection": row["invitees"], "pagination": {"next_page_token": None}}
        assert query.get("user", query.get("organization")), query
        events = [row["event"] for row in self.rows.values()]
        wanted = [event for event in events if event["start_time"] >= query["min_start_time"]]
        first, count = int(query.get("page_token", "token-0").removeprefix("token-")), int(query["count"])
        page = sorted(wanted, key=lambda event: (str(event["start_time"]), str(event["uri"])))[first : first + count]
        more = f"token-{first + count}" if first + count < len(wanted) else None
        return {"collection": page, "pagination": {"count": len(page), "next_page_token": more}}


PRODUCTS = {one.kind: one for one in (Easy, Acuity, Cal, Calendly)}


@contextmanager
def product(client: Client, kind: str) -> Iterator[tuple[Any, Other]]:
    """Give a product on loopback, and the source that asks it."""
    with Receiver() as receiver:
        fields = {} if kind == "acuity" else {"api_token": TOKEN}
        yield PRODUCTS[kind](receiver, client.clock), connected_to(client, kind, **fields)
