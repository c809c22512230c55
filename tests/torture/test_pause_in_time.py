"""A23: how soon sending pauses once a report too many has come, by the real program: mail out by SMTP, reports in by LMTP."""

import smtplib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.builders import a_delivery, a_workspace
from tests.faces.client import at
from tests.formats.reports import a_complaint, a_report
from tests.journeys.program import Program, a_body, prepare, running, until
from tests.ports import free_port
from tests.smtp_server import Sink
from tests.torture.rig import Rig
from tocsin import bootstrap
from tocsin.domain.delivery import DeliveryId
from tocsin.domain.pause import FEWEST, PAUSED
from tocsin.services import limits
from tocsin.settings import Settings

RECIPIENTS = tuple(f"p{number}@example.org" for number in range(20))
MOST_S = 60
# What comes back, and how many of it are too many of FEWEST messages.
REPORTS: dict[str, tuple[Callable[[], bytes], int]] = {"bounce": (a_report, 20), "complaint": (a_complaint, 3)}


@pytest.fixture
def relay() -> Iterator[Sink]:
    with Sink() as server:
        yield server


@pytest.fixture
def program(sqlite_path: Path, relay: Sink) -> Iterator[Program]:
    """Give the program with a workspace that has sent as much as a share is looked at from, but for one booking's mails."""
    made = prepare(f"sqlite:///{sqlite_path}", relay, lease_s=60, emails=RECIPIENTS)
    inbound = f"lmtp://127.0.0.1:{free_port()}"
    hearing = replace(made, environment={**made.environment, "TOCSIN_INBOUND": inbound})
    with closing(bootstrap.open_app(Settings.from_environment(made.environment))) as app:
        before = [a_delivery(id=DeliveryId(f"sent {number}")) for number in range(FEWEST - len(RECIPIENTS))]
        with app.store.transaction(a_workspace().id) as tx:
            limits.charge(tx, before, app.sender.limits, now=app.clock())
    with running(hearing):
        hearing.start()
        yield hearing


def hand_in(program: Program, recipient: str, report: bytes) -> datetime:
    """Hand a report in by LMTP; return when that began, by the clock that the program goes by."""
    began = datetime.now(UTC)  # noqa: TID251  the program runs on the real clock
    port = int(program.environment["TOCSIN_INBOUND"].rpartition(":")[2])
    with smtplib.LMTP("127.0.0.1", port) as lmtp:
        assert lmtp.sendmail("", [recipient], report) == {}
    return began


def pauses(program: Program) -> list[datetime]:
    """Return when sending was paused, by the audit log."""
    status, body = program.call("GET", "/audit?what=sending.paused")
    assert status == 200, body
    return [at(one["at"]) for one in body["entries"]]


def waiting(program: Program) -> list[str]:
    """Return what is told of each delivery that waits because sending is paused."""
    status, body = program.call("GET", "/deliveries?page_size=100&state=scheduled")
    assert status == 200, body
    return [one["reason"] for one in body["deliveries"] if (one["reason"] or "").startswith(PAUSED)]


@pytest.mark.parametrize("what", ["bounce", "complaint"])
def test_sending_pauses_within_a_minute_of_the_report_that_is_one_too_many(
    program: Program, relay: Sink, rig: Rig, what: str
) -> None:
    report, most = REPORTS[what]
    assert program.call("POST", "/bookings", a_body(1))[0] == 201
    assert program.await_end() == {"sent": len(RECIPIENTS)}
    paths = [one.sender for one in relay.messages]

    for path in paths[: most - 1]:
        hand_in(program, path, report())
    assert pauses(program) == []
    began = hand_in(program, paths[most - 1], report())
    until(lambda: pauses(program), limit_s=2 * MOST_S)

    (paused,) = pauses(program)
    assert program.call("POST", "/bookings", a_body(2))[0] == 201
    until(lambda: len(waiting(program)) + program.count("suppressed") == len(RECIPIENTS))
    assert len(waiting(program)) == len(RECIPIENTS) - most
    assert len(relay.messages) == len(RECIPIENTS)
    seconds = (paused - began).total_seconds()
    rig.found("A23", f"paused {seconds:.2f} s after the {what} that was one too many came", is_met=seconds <= MOST_S)
