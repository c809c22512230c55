"""The whole way of an answer, through the program as a process: invited by mail, answered by mail, shown by the API."""

import email
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from smtplib import LMTP

import pytest

from tests.faces.client import booking_body, rule_body
from tests.faces.running import Program, Running, call
from tests.formats.replies import PROGRAMS, a_reply
from tests.formats.reports import a_report
from tests.ports import free_port
from tests.smtp_server import Received, Sink
from tests.storage.shelf import until

V2 = "/api/external/v2"
SECRET = "correct-horse-battery-staple-0123456789"


@pytest.fixture
def relay() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def inbound() -> int:
    """Give the port to which the relay forwards what comes back."""
    return free_port()


@pytest.fixture
def program(tmp_path: Path, relay: Sink, inbound: int) -> Program:
    port = free_port()
    environment = {
        "TOCSIN_LISTEN": f"127.0.0.1:{port}",
        "TOCSIN_BASE_URL": f"http://localhost:{port}",
        "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
        "TOCSIN_MAIL_FROM": "invites@acme.example",
        "TOCSIN_INBOUND": f"lmtp://127.0.0.1:{inbound}",
    }
    return Program(folder=tmp_path, environment=environment)


def port_of(program: Program) -> int:
    return int(program.environment["TOCSIN_LISTEN"].rpartition(":")[2])


def book(port: int, key: str) -> str:
    """Make a link, a rule for Ada and a booking; return the booking's id."""
    link = {"slug": "intro", "name": "Introduction", "hosts": ["oliver@example.com"], "duration": 30}
    link_id = call(port, "POST", f"{V2}/meetings", key, link).json()["meeting"]["id"]
    assert call(port, "POST", f"{V2}/automation-rules", key, rule_body(link_id)).status_code == 201
    booking = call(port, "POST", f"{V2}/bookings", key, booking_body(slot_date="2099-12-01"))
    assert booking.status_code == 201
    return str(booking.json()["booking"]["id"])


def calendar_of(received: Received) -> str:
    """Return the unfolded calendar of a message."""
    parts = email.message_from_bytes(received.message).walk()
    (octets,) = (part.get_payload(decode=True) for part in parts if part.get_content_type() == "text/calendar")
    assert isinstance(octets, bytes)
    return octets.decode().replace("\r\n ", "")


def answer_to(received: Received) -> tuple[str, bytes]:
    """Return where the invited person's answer goes, and the answer: yes, as Google writes it."""
    text = calendar_of(received)
    organizer = re.search(r"^ORGANIZER.*mailto:(\S+)", text, re.MULTILINE)
    uid = re.search(r"^UID:(\S+)", text, re.MULTILINE)
    assert organizer is not None
    assert uid is not None
    return organizer[1], PROGRAMS["gmail"](a_reply(uid=uid[1], organizer=organizer[1], attendee=received.recipient))


@contextmanager
def served(program: Program) -> Iterator[tuple[Running, str]]:
    """Serve a fresh workspace until the end of the block; give the process and a key."""
    with program.started("serve", says="Tocsin") as running:
        program.done("workspace", "create", "acme")
        yield running, program.done("key", "create", "acme").strip()
        assert running.stop() == 0
        assert "Traceback" not in running.errors()


def test_an_answer_by_mail_is_shown_by_the_api(program: Program, relay: Sink, inbound: int) -> None:
    port = port_of(program)
    with served(program) as (running, key):
        booking_id = book(port, key)
        (invited,) = relay.wait_for(1, timeout_s=30)
        address, answer = answer_to(invited)
        with LMTP("127.0.0.1", inbound) as forwarding:
            forwarding.sendmail("ada@example.org", [address], answer)

        listed = call(port, "GET", f"{V2}/invitations?booking_id={booking_id}", key).json()["invitations"]

    assert address.startswith("invites+r")
    assert address.endswith("@acme.example")
    assert [one["rsvp"] for one in listed] == ["accepted"]
    assert "a mail came: answered" in running.errors()
    assert address not in running.errors()


def test_a_bounce_by_mail_is_shown_by_the_api(program: Program, relay: Sink, inbound: int) -> None:
    port = port_of(program)
    with served(program) as (_, key):
        book(port, key)
        (invited,) = relay.wait_for(1, timeout_s=30)
        # What the relay has taken is settled a moment later.
        until(lambda: call(port, "GET", f"{V2}/deliveries?state=sent", key).json()["deliveries"])
        with LMTP("127.0.0.1", inbound) as forwarding:
            forwarding.sendmail("", [invited.sender], a_report())
        (failed,) = call(port, "GET", f"{V2}/deliveries?state=failed", key).json()["deliveries"]

    assert invited.sender.startswith("invites+b")
    assert failed["recipient"] == "ada@example.org"
    assert failed["reason"].startswith("bounced: 5.1.1")


def test_on_postgresql_the_worker_takes_what_comes_back(
    program: Program, relay: Sink, inbound: int, postgres_url: str, tmp_path: Path
) -> None:
    port, database = port_of(program), {"TOCSIN_DATABASE_URL": postgres_url, "TOCSIN_SECRET_KEY": SECRET}
    face = Program(folder=tmp_path, environment=program.environment | database)
    (tmp_path / "worker").mkdir()
    colleague = Program(folder=tmp_path / "worker", environment=face.environment)
    with (
        face.started("serve", "--no-worker", says="Tocsin") as serving,
        colleague.started("worker", says="delivers") as working,
    ):
        face.done("workspace", "create", "acme")
        key = face.done("key", "create", "acme").strip()
        booking_id = book(port, key)
        (invited,) = relay.wait_for(1, timeout_s=30)
        address, answer = answer_to(invited)
        with LMTP("127.0.0.1", inbound) as forwarding:
            forwarding.sendmail("ada@example.org", [address], answer)
        (told,) = call(port, "GET", f"{V2}/invitations?booking_id={booking_id}", key).json()["invitations"]
        assert working.stop() == 0
        assert serving.stop() == 0

    assert told["rsvp"] == "accepted"
    assert "a mail came" not in serving.errors()
