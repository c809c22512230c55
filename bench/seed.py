"""A workspace with a link, a rule and one booking, made by the program itself; and any number of bookings like it.

The booking was made while the relay was away, so its messages are written and frozen, and wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.children import until
from bench.databases import Database
from bench.ports import free_port
from bench.program import SUBDOMAIN, Api, Tocsin, administer
from bench.rig import Rig
from bench.rows import Copies, numbered, statement
from tocsin.storage.columns import bucket

CLIENT = "client00000000"
TEAM = "team@example.org"
SLUG = "intro"
OFFSET = timedelta(minutes=30)  # of the reminders
# A page of a workspace that writes to people: greeting, a table of facts, a link, an invitation to move it.
BODY = """<p>Hello,</p><p><strong>{{client.name}}</strong> has booked <em>{{meeting.name}}</em> with {{host.name}}.</p>
<ul><li>Starts: {{booking.starts_at}}</li><li>Ends: {{booking.ends_at}}</li>
<li>For the client: {{client.starts_at}}</li><li>Write to: {{client.email}}</li></ul>
<p>{{meeting.description}}</p><p>Join here: <a href="{{meeting.join_url}}">{{meeting.join_url}}</a></p>
<p>Something came up? <a href="{{meeting.scheduling_url}}">Choose another time</a>; it takes a minute. The code of this
booking is {{booking.id}}.</p><p>Kind regards<br>{{workspace.name}}</p>"""
_OF_BOOKING = {"bookings": "id", "booking_hosts": "booking_id", "events": "booking_id", "deliveries": "booking_id"}
_OF_DELIVERY = {"attempts": "delivery_id", "messages": "delivery_id"}
_OF_INVITATION = {"invitations": "booking_id", "inviters": "booking_id"}
_OF_WORKSPACE = (
    "workspaces",
    "members",
    "scheduling_links",
    "link_hosts",
    "automation_rules",
    "rule_links",
    "rule_revisions",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What was sown. `texts` are the ids and names that a copy of the booking must not share with it."""

    database: Database
    key: str
    workspace_id: str
    link_id: str
    rule_id: str
    booking_id: str
    delivery_ids: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """How many bookings are wanted (0: an empty workspace), with two deliveries each, over how many workspaces.

    `written`: their messages are frozen and wait for the relay. `moved` is the SQL over `n` of how many microseconds later than
    the seed's a booking and its reminders are; else a few weeks of days are filled.
    """

    bookings: int
    workspaces: int = 1
    written: bool = False
    moved: str = ""


def sow(rig: Rig, name: str, *, event: str = "booking_confirmed") -> Seed:
    """Return a seed on a new database. With a timed event, its deliveries wait for their moment, a month ahead."""
    database = rig.database(name)
    administer(database, "migrate")
    administer(database, "workspace", "create", SUBDOMAIN, "--name", "Bench", "--time-zone", "Europe/Berlin")
    key = administer(database, "key", "create", SUBDOMAIN)
    nobody = free_port()
    program = Tocsin(rig, database, nobody)
    try:
        link_id, rule_id, booking_id = _made(Api(program.port, key), event)
        table = "messages" if event == "booking_confirmed" else "deliveries"
        until(lambda: database.rows(f"SELECT count(*) FROM {table}")[0][0] == 2, f"two rows of {table}", limit_s=60)
    finally:
        program.close()
    return _harvestable(database, key, link_id, rule_id, booking_id)


def grow(seed: Seed, crop: Crop) -> Database:
    """Return a copy of the seed's database with the bookings of `crop` in it and without the seed's own."""
    database = seed.database.copy()
    statements = []
    if crop.workspaces > 1:
        statements += _workspaces(database, seed, crop.workspaces)
    statements += [statement(database, one) for one in _copies(seed, crop) if crop.bookings]
    statements += _without(seed)
    statements += [
        f"UPDATE deliveries SET bucket = {bucket(_workspace_id(seed, n))} WHERE workspace_id = '{_workspace_id(seed, n)}'"
        for n in range(1, crop.workspaces)
    ]
    database.write(statements)
    return database


def a_booking(number: int) -> dict[str, Any]:
    """Return a request for a booking that no crop has."""
    day = datetime.now(UTC) + timedelta(days=40 + number % 300)
    return {
        "meeting_slug": SLUG,
        "name": f"Visitor {number:08}",
        "email": f"visitor{number:08}@example.net",
        "time_zone": "America/New_York",
        "slot_date": f"{day:%Y-%m-%d}",
        "slot_start_time": "10:00",
        "room_url": f"https://meet.example.com/{number:08}",
        "override_availability": True,
    }


def _made(api: Api, event: str) -> tuple[str, str, str]:
    link = {
        "slug": SLUG,
        "name": "Introduction call",
        "description": "Half an hour to get to know each other, and to see what you need.",
        "hosts": ["oliver@example.com"],
        "duration": 30,
    }
    api.call("POST", "/meetings", link)
    link_id = api.call("GET", "/meetings")["meetings"][0]["id"]
    action = {
        "type": "send_calendar_invite_to_anyone",
        "emails": [TEAM, "{{client.email}}"],
        "email_subject": "Invitation: {{meeting.name}} with {{client.name}}",
        "email_body": BODY,
        "calendar_invite_subject": "{{meeting.name}} with {{client.name}}",
        "calendar_invite_body": "<p>{{meeting.description}}</p><p>{{meeting.join_url}}</p>",
    }
    rule: dict[str, Any] = {"name": "Tell the team", "event": event, "meeting_ids": [link_id], "actions": [action]}
    if event != "booking_confirmed":
        rule["offset_minutes"] = int(OFFSET.total_seconds() // 60)
    api.call("POST", "/automation-rules", rule)
    rule_id = api.call("GET", "/automation-rules")["workflows"][0]["id"]
    booking = a_booking(0) | {"name": f"Client {CLIENT}", "email": f"{CLIENT}@example.net"}
    return link_id, rule_id, api.call("POST", "/bookings", booking)["booking"]["id"]


def _harvestable(database: Database, key: str, link_id: str, rule_id: str, booking_id: str) -> Seed:
    workspace_id, sid = database.rows("SELECT workspace_id, sid FROM bookings")[0]
    (uid,) = database.rows("SELECT uid FROM bookings")[0]
    delivery_ids = tuple(row[0] for row in database.rows("SELECT id FROM deliveries ORDER BY id"))
    invitations = [row[0] for row in database.rows("SELECT id FROM invitations") if row[0]]
    return Seed(
        database=database,
        key=key,
        workspace_id=workspace_id,
        link_id=link_id,
        rule_id=rule_id,
        booking_id=booking_id,
        delivery_ids=delivery_ids,
        texts=(booking_id, sid, uid.partition("@")[0], CLIENT, *delivery_ids, *invitations),
    )


def _copies(seed: Seed, crop: Crop) -> list[Copies]:
    swaps = {text: numbered(text) for text in dict.fromkeys(seed.texts)}
    if crop.workspaces > 1:
        swaps[seed.workspace_id] = _workspace_of(seed, crop.workspaces)
    tables = _where(seed, _OF_BOOKING)
    if crop.written:
        tables |= _where(seed, _OF_DELIVERY) | _where(seed, _OF_INVITATION)
    return [
        Copies(table=table, where=where, first=1, last=crop.bookings, swaps=swaps, sets=_sets(table, crop))
        for table, where in tables.items()
    ]


def _sets(table: str, crop: Crop) -> dict[str, str]:
    moved = crop.moved or "(n % 30) * 86400000000"
    if table == "bookings":
        return {name: f"t.{name} + {moved}" for name in ("starts_at", "ends_at")}
    if table != "deliveries":
        return {}
    later = {name: f"t.{name} + {moved}" for name in ("due_at", "next_at", "expires_at")} if crop.moved else {}
    fresh = {
        "state": "'scheduled'",
        "reason": "''",
        "attempts": "0",
        "failures": "0",
        "crashes": "0",
        "leased_by": "NULL",
        "next_at": "t.due_at",
    }
    return {"next_at": "t.due_at"} if crop.written else fresh | later


def _where(seed: Seed, tables: dict[str, str]) -> dict[str, str]:
    ids = {"delivery_id": seed.delivery_ids}
    return {
        table: f"t.{column} IN ({_listed(ids.get(column, (seed.booking_id,)))})" for table, column in tables.items()
    }


def _without(seed: Seed) -> list[str]:
    tables = _where(seed, _OF_BOOKING | _OF_DELIVERY | _OF_INVITATION)
    return [f"DELETE FROM {table} WHERE {where.removeprefix('t.')}" for table, where in tables.items()]


def _workspaces(database: Database, seed: Seed, number: int) -> list[str]:
    swaps = {seed.workspace_id: numbered(seed.workspace_id), SUBDOMAIN: f"'bench' || {numbered('000')}"}
    where = f"t.workspace_id = '{seed.workspace_id}'"
    return [
        statement(database, Copies(table=table, where=where, first=1, last=number - 1, swaps=swaps))
        for table in _OF_WORKSPACE
    ]


def _workspace_of(seed: Seed, number: int) -> str:
    own = numbered(seed.workspace_id, f"(n % {number})")
    return f"CASE WHEN n % {number} = 0 THEN '{seed.workspace_id}' ELSE {own} END"


def _workspace_id(seed: Seed, number: int) -> str:
    return f"{seed.workspace_id[:-8]}{number:08}" if number else seed.workspace_id


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
