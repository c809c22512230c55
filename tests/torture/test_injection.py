"""A19: whatever is written into every field, what arrives has the headers, recipients, parts and properties that it should."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.faces.client import Client, Json, an_action, booking_body, connected, made
from tests.inspector import complaints
from tests.journeys.world import smtp_mailer
from tests.smtp_server import Received, Sink
from tests.torture.hostile import a_text
from tests.torture.rig import Rig
from tests.torture.tenants import some
from tocsin.storage.store import SqlStore
from tocsin.workers.loop import drain

ALL = "{{client.name}}|{{host.name}}|{{meeting.name}}|{{booking.cancel_reason}}|{{meeting.join_url}}"
SET_AT_ONCE = 100  # bookings of a link, and messages before they are looked at


@pytest.fixture
def unlimited(sqlite_store: SqlStore) -> Iterator[Client]:
    """Give an application that sends as much as it is told to."""
    with connected(sqlite_store, TOCSIN_LIMIT_WORKSPACE="", TOCSIN_LIMIT_RECIPIENT="") as client:
        yield client


def a_hostile_link(client: Client, chance: Random, number: int) -> str:
    """Make a link and rules about it in which an admin wrote what he could; return its slug."""
    body: Json = {"slug": f"link-{number}", "hosts": [f"host{number}@example.com"], "duration": 30, "name": "Link"}
    for field in ("name", "description", "spot_custom_text"):
        tried = client.v2.post("/meetings", body | {field: a_text(chance)})
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


def written(client: Client, chance: Random, slug: str, number: int) -> str | None:
    """Book with text of a booker in each field; return his address if that was taken."""
    texts = {name: a_text(chance) for name in ("name", "spot_details", "question", "answer", "reason")}
    email = f"{a_text(chance, most=2)}@example.net" if chance.random() < 0.05 else f"eve{number}@example.net"
    body = booking_body(meeting_slug=slug, email=email, name=texts["name"], override_availability=True)
    body |= {"spot_details": texts["spot_details"], "form_responses": {texts["question"]: texts["answer"]}}
    response = client.v2.post("/bookings", body)
    if response.status_code != 201:
        must_be_taken = all(is_displayable(text) for text in texts.values()) and email == f"eve{number}@example.net"
        assert not must_be_taken, (body, response.text)
        return None
    booking = response.json()["booking"]
    if chance.random() < 0.2:
        change = {"status": "cancelled", "cancel_reason": texts["reason"]}
        drain(client.app.sender, client.letterbox)
        client.v2.patch(f"/bookings/{booking['id']}", change)
    return str(booking["email"])


def is_displayable(text: str) -> bool:
    """Tell whether people can read a text, and it is short enough for each field."""
    return text.isprintable() and text == text.strip() and 0 < len(text) <= 100


def wrong_with(received: Received, addresses: set[str]) -> list[str]:
    known = [] if received.recipient in addresses else [f"goes to {received.recipient}"]
    return known + complaints(received.message, received.recipient)


def test_no_set_of_values_adds_a_header_a_recipient_a_part_or_a_property(
    unlimited: Client, sink: Sink, rig: Rig
) -> None:
    client, size = unlimited, rig.size(quick=300, nightly=100_000)
    mailer, taken, wrong, arrived = smtp_mailer(sink.port), 0, [], 0

    for start in range(0, size, SET_AT_ONCE):
        chance = Random(f"A19 {start}")
        slug = a_hostile_link(client, chance, start)
        tried = [written(client, chance, slug, number) for number in range(start, start + SET_AT_ONCE)]
        addresses = {one for one in tried if one is not None}
        taken += len([one for one in tried if one is not None])
        drain(client.app.sender, mailer)
        messages = sink.take_all() + [
            Received(sender=one.sender, recipients=(one.recipient,), message=one.message, at=0, session=0)
            for one in client.letterbox.envelopes
        ]
        client.letterbox.envelopes.clear()
        arrived += len(messages)
        wrong += [fault for one in messages for fault in wrong_with(one, addresses)]
    mailer.close()

    dead = made(client.v2.get("/deliveries", state="failed", page_size=1))["pagination"]["total_records"]
    assert sink.violations == []
    assert taken > size / 10  # so that not all was refused
    assert arrived >= taken
    counts = f"{len(wrong)} wrong and {dead} dead of {arrived:,} messages"
    rig.found("A19", f"{counts} from {size:,} sets, {taken:,} taken{some(wrong)}", is_met=not wrong and not dead)
