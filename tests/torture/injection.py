"""Sets of hostile values on their way: into a store as bookings, out of it as messages to a relay, and what arrived there."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.builders import a_trail
from tests.faces.client import Client, Json, an_action, booking_body, connected, made
from tests.faces.dry_runs import workspace_of
from tests.inspector import complaints
from tests.journeys.world import smtp_mailer
from tests.smtp_server import Received, Sink
from tests.torture.hostile import a_text
from tocsin.domain.errors import InvalidInputError
from tocsin.schemas.bookings import BookingIn, BookingPatch
from tocsin.schemas.reading import read
from tocsin.services import bookings
from tocsin.services.ports_relay import Mailer
from tocsin.storage.migrate import migrate
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore
from tocsin.workers.loop import drain

ALL = "{{client.name}}|{{host.name}}|{{meeting.name}}|{{booking.cancel_reason}}|{{meeting.join_url}}"
SET_AT_ONCE = 100  # bookings of a link, and messages before they are looked at
BY_HTTP = 5  # one set in so many comes as a request; the others are read and kept by the functions that answer one


@dataclass(slots=True)
class Found:
    """What became of sets of values."""

    sets: int = 0
    taken: int = 0
    arrived: int = 0
    dead: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """Add what became of others."""
        self.sets += other.sets
        self.taken += other.taken
        self.arrived += other.arrived
        self.dead += other.dead
        self.wrong += other.wrong


def injected(numbers: range) -> Found:
    """Write the sets with these numbers, and look at all that arrives."""
    found = Found()
    with _application() as client, Sink() as sink, closing(smtp_mailer(sink.port)) as mailer:
        for start in numbers[::SET_AT_ONCE]:
            found.add(_some(client, sink, mailer, range(start, min(start + SET_AT_ONCE, numbers.stop))))
        total = made(client.v2.get("/deliveries", state="failed", page_size=1))["pagination"]["total_records"]
        found.dead += int(total)
        found.wrong += sink.violations
    return found


@contextmanager
def _application() -> Iterator[Client]:
    """Give an application that sends as much as it is told to, on a file of which nobody asks whether it is on the disk."""
    with tempfile.TemporaryDirectory() as folder, closing(SqliteDatabase(Path(folder) / "tocsin.db")) as database:
        database._writer.execute("PRAGMA synchronous=OFF")
        migrate(database)
        store = SqlStore(database, trail=a_trail())
        with connected(store, TOCSIN_LIMIT_WORKSPACE="", TOCSIN_LIMIT_RECIPIENT="") as client:
            yield client


def _some(client: Client, sink: Sink, mailer: Mailer, numbers: range) -> Found:
    """Write sets for one link, let a few of their bookings be cancelled once they were told of, and look at the messages."""
    chance = Random(f"A19 {numbers.start}")
    slug = _a_hostile_link(client, chance, numbers.start)
    written = [one for number in numbers if (one := _written(client, chance, slug, number)) is not None]
    drain(client.app.sender, mailer)
    for booking_id, reason, number in [one[1:] for one in written if chance.random() < 0.2]:
        _cancelled(client, booking_id, reason, by_http=number % BY_HTTP == 0)
    drain(client.app.sender, mailer)
    messages, addresses = sink.take_all(), {email for email, *_ in written}
    wrong = [fault for one in messages for fault in _wrong_with(one, addresses)]
    return Found(sets=len(numbers), taken=len(written), arrived=len(messages), wrong=wrong)


def _a_hostile_link(client: Client, chance: Random, number: int) -> str:
    """Make a link and rules about it in which an admin wrote what he could; return its slug."""
    body: Json = {"slug": f"link-{number}", "hosts": [f"host{number}@example.com"], "duration": 30, "name": "Link"}
    for name in ("name", "description", "spot_custom_text"):
        tried = client.v2.post("/meetings", body | {name: a_text(chance)})
        if tried.status_code == 201:
            break
    else:
        tried = client.v2.post("/meetings", body)
    link = made(tried)["meeting"]
    client.v2.patch(f"/team-members/{_member(client, number)}", {"name": a_text(chance, most=3)})
    said = f"<p>{ALL}|{{{{meeting.description}}}}</p>"
    for event in ("booking_confirmed", "booking_cancelled"):
        fields = {
            "email_subject": f"{a_text(chance, most=2)} {ALL}",
            "calendar_invite_subject": f"{a_text(chance, most=2)} {ALL}",
        }
        plain = {"emails": ["{{client.email}}"], "email_body": said, "calendar_invite_body": said}
        for tried_fields in (fields, dict.fromkeys(fields, ALL)):
            rule = {"event": event, "meeting_ids": [link["id"]], "actions": [an_action(**(plain | tried_fields))]}
            if client.v2.post("/automation-rules", rule).status_code == 201:
                break
    return f"link-{number}"


def _member(client: Client, number: int) -> str:
    found = client.v2.get("/team-members", email=f"host{number}@example.com").json()["team_members"]
    return str(found[0]["id"])


def _written(client: Client, chance: Random, slug: str, number: int) -> tuple[str, str, str, int] | None:
    """Book with text of a booker in each field.

    Return his address, the booking's id, a reason to cancel it, and the number of the set; None if it was not taken.
    """
    texts = {name: a_text(chance) for name in ("name", "spot_details", "question", "answer", "reason")}
    email = f"{a_text(chance, most=2)}@example.net" if chance.random() < 0.05 else f"eve{number}@example.net"
    body = booking_body(meeting_slug=slug, email=email, name=texts["name"], override_availability=True)
    body |= {"spot_details": texts["spot_details"], "form_responses": {texts["question"]: texts["answer"]}}
    booked = _requested(client, body) if number % BY_HTTP == 0 else _kept(client, body)
    if booked is None:
        must_be_taken = all(_is_displayable(text) for text in texts.values()) and email == f"eve{number}@example.net"
        assert not must_be_taken, body
        return None
    booking_id, email = booked
    return email, booking_id, texts["reason"], number


def _requested(client: Client, body: Json) -> tuple[str, str] | None:
    response = client.v2.post("/bookings", body)
    if response.status_code != 201:
        return None
    booking = response.json()["booking"]
    return str(booking["id"]), str(booking["email"])


def _kept(client: Client, body: Json) -> tuple[str, str] | None:
    app = client.app
    try:
        draft = read(BookingIn, body).draft()
        with app.store.transaction(workspace_of(client)) as tx:
            booking = bookings.create(tx, draft, now=app.clock(), chance=app.chance)
    except InvalidInputError:
        return None
    return booking.id, booking.client.email


def _cancelled(client: Client, booking_id: str, reason: str, *, by_http: bool) -> None:
    """Cancel a booking for a reason, if that may be one."""
    change, app = {"status": "cancelled", "cancel_reason": reason}, client.app
    if by_http:
        client.v2.patch(f"/bookings/{booking_id}", change)
        return
    try:
        wanted = read(BookingPatch, change)
    except InvalidInputError:
        return
    with app.store.transaction(workspace_of(client)) as tx:
        known = bookings.get(tx, booking_id)
        bookings.change(tx, booking_id, wanted.change(known), now=app.clock(), chance=app.chance)


def _is_displayable(text: str) -> bool:
    """Tell whether people can read a text, and it is short enough for each field."""
    return text.isprintable() and text == text.strip() and 0 < len(text) <= 100


def _wrong_with(received: Received, addresses: set[str]) -> list[str]:
    known = [] if received.recipient in addresses else [f"goes to {received.recipient}"]
    return known + complaints(received.message, received.recipient)
