"""Log lines at a collector: the same as on standard error and as discreet; and one that takes none keeps nobody."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from tests.faces.canaries import CANARY, PEOPLE, SECRET, V2, Life, living, name_of
from tests.faces.client import an_action, booking_body, rule_body
from tests.faces.running import Program, call
from tests.ports import free_port
from tests.smtp_server import Sink
from tests.storage.shelf import until
from tests.telemetry.collector import Collector, Line
from tocsin import observation
from tocsin.domain.errors import ConfigurationError
from tocsin.settings import Settings

CALLER = "0af7651916cd43dd8448eb211c80319c"
NEVER = {"OTEL_BLRP_SCHEDULE_DELAY": "3600000"}  # nothing is handed over before the end, unless it is a batch
AT_ONCE = {"OTEL_BLRP_SCHEDULE_DELAY": "20"}
SEVERITIES = {"info": 9, "warning": 13, "error": 17, "critical": 21}


def as_written(line: Line) -> dict[str, Any]:
    """Return a line of the collector as standard error has it."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=line.record.time_unix_nano // 1000)
    fields = line.fields
    if "exception.stacktrace" in fields:
        fields["exception"] = fields.pop("exception.stacktrace")
    own = {"timestamp": moment.isoformat().replace("+00:00", "Z"), "level": line.record.severity_text}
    return {**fields, **own, "logger": line.logger, "event": line.said}


def counted(found: Sequence[dict[str, Any]]) -> Counter[str]:
    # A moment without microseconds is written without them.
    return Counter(
        json.dumps(one | {"timestamp": one["timestamp"].replace(".000000", "")}, sort_keys=True) for one in found
    )


def written(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    with living(tmp_path) as found:
        yield found


@pytest.mark.parametrize("form", ["json", "text"])
def test_every_line_stands_at_the_collector_as_it_was_written_and_as_discreet(life: Life, form: str) -> None:
    with Collector() as collector:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "TOCSIN_LOG_EXPORT": "otlp", "TOCSIN_LOG": form}
        with life.program.started("serve", says="Tocsin", **where) as running:
            life.live()
            assert running.stop() == 0
            errors = running.errors()

    found = collector.lines
    assert not [body for body in collector.line_bodies if CANARY.search(body.decode("latin-1"))]
    assert any(name_of(person) in one.fields.get("person", "") for one in found for person in PEOPLE[:2])
    assert {one.record.severity_number for one in found} == {SEVERITIES[one.record.severity_text] for one in found}
    (fault,) = [one for one in found if "PlantedFaultError" in one.fields.get("exception.stacktrace", "")]
    assert fault.fields["exception.stacktrace"].startswith("Traceback")
    attempts = [one for one in found if "permanent" in one.said]
    assert {"workspace", "delivery", "booking", "rule", "person"} <= set(attempts[0].fields)
    assert collector.services == {"tocsin"}
    if form == "json":
        assert counted([as_written(one) for one in found]) == counted(written(errors))
    else:
        assert [one.said for one in found if one.said not in errors] == []


def refused(port: int, times: int) -> None:
    """Ask with a key that opens nothing: each time is a line."""
    for number in range(times):
        named = {"X-Request-ID": f"r{number}", "traceparent": f"00-{CALLER}-b7ad6b7169203331-01"}
        assert call(port, "GET", f"{V2}/bookings", "tocsin_acme_nothing", **named).status_code == 401


@pytest.fixture
def program(tmp_path: Path) -> Program:
    port = free_port()
    own = {"TOCSIN_LISTEN": f"127.0.0.1:{port}", "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}", "TOCSIN_LOG": "json"}
    found = Program(folder=tmp_path, environment=own)
    found.done("workspace", "create", "acme")
    return Program(folder=tmp_path, environment=own | {"TOCSIN_LOG_EXPORT": "otlp"})


def port_of(program: Program) -> int:
    return int(program.environment["TOCSIN_LISTEN"].rpartition(":")[2])


def test_a_line_about_a_request_is_in_the_trace_of_the_request(program: Program) -> None:
    with Collector() as collector:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "TOCSIN_TRACES": "otlp"}
        with program.started("serve", says="Tocsin", **where) as running:
            refused(port_of(program), 1)
            assert running.stop() == 0

    (line,) = [one for one in collector.lines if one.logger == "tocsin.refusals"]
    (span,) = collector.named(f"GET {V2}/bookings")
    assert (line.record.trace_id, line.record.span_id) == (span.trace_id, span.span_id)
    assert line.record.trace_id.hex() == line.fields["trace"] == CALLER
    assert {one.record.trace_id for one in collector.lines if one.logger != "tocsin.refusals"} == {b""}


@pytest.mark.parametrize("kind", ["away", "hangs", "refuses"])
def test_a_collector_that_takes_nothing_keeps_nobody_and_no_line_from_standard_error(
    program: Program, kind: str
) -> None:
    freed = threading.Event()
    with ExitStack() as stack:
        collector = stack.enter_context(Collector(before=freed.wait if kind == "hangs" else lambda: None, status=400))
        stack.callback(freed.set)
        endpoint = f"http://127.0.0.1:{free_port()}" if kind == "away" else collector.endpoint
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "1", **AT_ONCE}
        with program.started("serve", says="Tocsin", **where) as running:
            until(lambda: "takes no log lines" in running.errors())
            refused(port_of(program), 30)
            assert running.stop() == 0
            found = written(running.errors())

    assert [one["request"] for one in found if one["logger"] == "tocsin.refusals"] == [f"r{n}" for n in range(30)]
    assert [one["level"] for one in found if one["logger"] == "tocsin.telemetry"] == ["warning"]
    assert not [one for one in found if one["logger"].startswith(("opentelemetry", "urllib3", "requests"))]
    assert not [one for one in found if "exception" in one]


def test_what_waits_is_handed_over_at_the_end_of_server_and_worker(tmp_path: Path, postgres_url: str) -> None:
    port = free_port()
    with Collector() as collector, Sink() as relay:
        relay.on_rcpt = lambda address: f"550 5.1.1 {address} is nobody"
        own = {
            "TOCSIN_DATABASE_URL": postgres_url,
            "TOCSIN_SECRET_KEY": SECRET,
            "TOCSIN_LISTEN": f"127.0.0.1:{port}",
            "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}",
            "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
            "TOCSIN_MAIL_FROM": "invites@tocsin.example",
            "TOCSIN_LOG": "json",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            **NEVER,
        }
        program = Program(folder=tmp_path, environment=own)
        (tmp_path / "worker").mkdir()
        colleague = Program(folder=tmp_path / "worker", environment=own)
        program.done("workspace", "create", "acme")
        key = program.done("key", "create", "acme", TOCSIN_LOG_EXPORT="otlp").strip()
        with (
            program.started("serve", "--no-worker", says="Tocsin", TOCSIN_LOG_EXPORT="otlp") as face,
            colleague.started("worker", says="delivers", TOCSIN_LOG_EXPORT="otlp") as worker,
        ):
            refused(port, 1)
            fail_a_message(port, key)
            assert collector.lines == []
            assert worker.stop() == 0
            from_worker = collector.lines
            assert face.stop() == 0

    assert counted([as_written(one) for one in from_worker]) == counted(written(worker.errors()))
    assert [one for one in from_worker if "permanent" in one.said]
    both = written(worker.errors()) + written(face.errors())
    assert counted([as_written(one) for one in collector.lines]) == counted(both)


def fail_a_message(port: int, key: str) -> None:
    """Book, and wait until the relay has refused the message about it."""
    link = {"slug": "intro", "name": "Introduction", "hosts": ["oliver@example.com"], "duration": 30}
    made = call(port, "POST", f"{V2}/meetings", key, link).json()["meeting"]
    rule = rule_body(made["id"], actions=[an_action()])
    assert call(port, "POST", f"{V2}/automation-rules/full", key, rule).is_success
    body = booking_body(slot_date="2036-11-25", override_availability=True)
    assert call(port, "POST", f"{V2}/bookings", key, body).is_success

    def failed() -> bool:
        found = call(port, "GET", f"{V2}/deliveries", key).json()["deliveries"]
        return [one["state"] for one in found] == ["failed"]

    until(failed)


def test_an_opentelemetry_whose_parts_have_moved_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchLogRecordProcessor, "__init__", lambda *_: None)  # which has made other attributes
    settings = Settings.from_environment({"TOCSIN_LOG_EXPORT": "otlp"})

    with (
        pytest.raises(
            ConfigurationError, match=r"^TOCSIN_LOG_EXPORT: this OpenTelemetry is not the one that Tocsin knows"
        ),
        observation.exporting_lines(settings),
    ):
        pytest.fail("it has begun")
