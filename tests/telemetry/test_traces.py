"""Traces: a booking is followed to its deliveries by a real collector; and one that is away keeps nobody."""

import logging
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from tests.builders import NOON, a_delivery
from tests.faces.client import an_action, booking_body, opened_in, rule_body
from tests.faces.running import Program, Running, call
from tests.http_server import Receiver
from tests.ports import free_port
from tests.smtp_server import Sink
from tests.storage.shelf import until
from tests.telemetry.collector import Collector
from tocsin.domain.delivery import Outcome, Result, Settlement, State, Verdict
from tocsin.services.ports_telemetry import Changes
from tocsin.telemetry.traces import MOST_IN_HAND, Traces

V2 = "/api/external/v2"
CALLER = "0af7651916cd43dd8448eb211c80319c"
PEOPLE = (b"ada@example.org", b"eve@example.net", b"oliver@example.com", b"Eve Jones")


class Loopback(NamedTuple):
    """The program, a receiver of its calls, and a key to its workspace."""

    program: Program
    receiver: Receiver
    key: str


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Loopback]:
    """Give the program with a relay and a receiver of webhooks that take everything."""
    port = free_port()
    with Sink() as relay, Receiver() as receiver:
        environment = {
            "TOCSIN_LISTEN": f"127.0.0.1:{port}",
            "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}",
            "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
            "TOCSIN_MAIL_FROM": "invites@tocsin.example",
            "TOCSIN_WEBHOOK_ALLOW": receiver.origin,
            "TOCSIN_LOG": "json",
            "TOCSIN_TRACES": "otlp",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        key = opened_in(tmp_path, environment | {"TOCSIN_TRACES": "off"})
        yield Loopback(Program(folder=tmp_path, environment=environment), receiver, key)


def booked(program: Program, receiver: Receiver, key: str) -> str:
    """Book once with two messages, and wait until both left; return the booking's id."""
    port = int(program.environment["TOCSIN_LISTEN"].rpartition(":")[2])
    link = {"slug": "intro", "name": "Introduction", "hosts": ["oliver@example.com"], "duration": 30}
    made = call(port, "POST", f"{V2}/meetings", key, link).json()["meeting"]
    actions = [an_action(), {"type": "call_webhook", "url": receiver.url}]
    assert call(port, "POST", f"{V2}/automation-rules/full", key, rule_body(made["id"], actions=actions)).is_success
    body = booking_body(slot_date="2036-11-25", override_availability=True)
    booking = call(port, "POST", f"{V2}/bookings", key, body, traceparent=f"00-{CALLER}-b7ad6b7169203331-01").json()

    def sent() -> bool:
        found = call(port, "GET", f"{V2}/deliveries", key).json()["deliveries"]
        return [one["state"] for one in found] == ["sent", "sent"]

    until(sent)
    return str(booking["booking"]["id"])


def attributes(span: Span) -> dict[str, Any]:
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes}


def test_a_booking_is_followed_from_the_request_to_its_deliveries(loopback: Loopback) -> None:
    program, receiver, key = loopback
    collector = Collector()
    with collector, program.started("serve", says="Tocsin", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint) as running:
        booking = booked(program, receiver, key)
        assert running.stop() == 0

    trace = uuid.UUID(booking).bytes
    (request,) = collector.named(f"POST {V2}/bookings")
    (plan,) = [one for one in collector.named("plan") if one.trace_id == trace]
    deliveries = collector.named("deliver")
    told = attributes(request)
    assert request.trace_id.hex() == CALLER
    assert (told["http.route"], told["http.response.status_code"]) == (f"{V2}/bookings", 201)
    assert told["tocsin.booking"] == booking
    assert told["tocsin.workspace"] == attributes(plan)["tocsin.workspace"]
    assert [link.span_id for link in plan.links] == [request.span_id]
    assert attributes(plan)["tocsin.event.booking_confirmed"] == 1
    assert (attributes(plan)["tocsin.planned.mail"], attributes(plan)["tocsin.planned.call"]) == (1, 1)
    assert {one.trace_id for one in deliveries} == {trace}
    claims = {one.span_id for one in collector.named("claim")}
    assert all({link.span_id for link in one.links} <= claims and one.links for one in deliveries)
    ended = {
        (found["tocsin.kind"], found["tocsin.result"], found["tocsin.reply_class"])
        for found in map(attributes, deliveries)
    }
    assert ended == {("mail", "accepted", "2xx"), ("call", "accepted", "2xx")}
    assert collector.services == {"tocsin"}
    assert not [who for who in PEOPLE for body in collector.bodies if who in body]


def stopped_in_order(running: Running) -> None:
    assert running.stop() == 0
    assert "Traceback" not in running.errors()


@pytest.mark.parametrize("kind", ["away", "hangs", "refuses"])
def test_a_collector_that_takes_nothing_keeps_no_delivery(loopback: Loopback, kind: str) -> None:
    program, receiver, key = loopback
    freed = threading.Event()
    with ExitStack() as stack:
        collector = stack.enter_context(Collector(before=freed.wait if kind == "hangs" else lambda: None, status=400))
        stack.callback(freed.set)
        endpoint = f"http://127.0.0.1:{free_port()}" if kind == "away" else collector.endpoint
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
        with program.started("serve", says="Tocsin", **where) as running:
            assert booked(program, receiver, key)
            until(lambda: "takes no spans" in running.errors())
            stopped_in_order(running)
            found = running.errors()

    assert found.count("the collector takes no spans") == 1


class Stuck(SpanExporter):
    """A collector that takes one batch in hand and never lets go of it, until it is freed."""

    def __init__(self) -> None:
        self.freed = threading.Event()
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken += len(spans)
        self.freed.wait()
        return SpanExportResult.SUCCESS


def a_settlement(delivery: Any, result: Result = Result.ACCEPTED) -> Settlement:
    return Settlement(delivery=delivery, outcome=Outcome(result=result, code=250), verdict=Verdict(state=State.SENT))


@pytest.mark.usefixtures("former_level")
def test_what_waits_for_a_collector_has_an_end() -> None:
    stuck = Stuck()
    traces = Traces(version="1", exporter=stuck)
    try:
        for number in range(5_000):
            traces.settled([a_settlement(a_delivery(id=f"d{number}"))], now=NOON)
        for number in range(MOST_IN_HAND + 10):
            traces.claimed([a_delivery(id=f"e{number}")], seconds=0.1)
        (processor,) = traces._provider._active_span_processor._span_processors
        queue = processor._batch_processor._queue  # type: ignore[attr-defined]

        assert len(queue) <= queue.maxlen == 2048
        assert len(traces._in_hand) == MOST_IN_HAND
    finally:
        stuck.freed.set()
        traces.close()
    assert stuck.taken < 15_000


class Kept(SpanExporter):
    """A collector in this process, which takes spans or does not."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.result = SpanExportResult.SUCCESS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return self.result


@pytest.fixture
def former_level() -> Iterator[None]:
    """Give OpenTelemetry's own log its former level back."""
    log = logging.getLogger("opentelemetry")
    level = log.level
    yield
    log.setLevel(level)


@pytest.fixture
def kept(former_level: None) -> Iterator[tuple[Traces, Kept]]:
    exporter = Kept()
    traces = Traces(version="1", exporter=exporter)
    yield traces, exporter
    traces.close()


def test_trouble_with_the_collector_is_said_once_and_its_end_once(
    kept: tuple[Traces, Kept], caplog: pytest.LogCaptureFixture
) -> None:
    traces, exporter = kept
    with caplog.at_level(logging.INFO, "tocsin.telemetry"):
        for result in [SpanExportResult.FAILURE] * 2 + [SpanExportResult.SUCCESS] * 2:
            exporter.result = result
            traces.source_call("generic", "applied")
            traces._provider.force_flush()

    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]


def test_a_change_of_many_bookings_is_one_span_beside_what_asked_for_it(kept: tuple[Traces, Kept]) -> None:
    traces, exporter = kept
    changes = Changes(workspace="w", bookings={"b1", "b2"}, rules={"r"})
    changes.counts["planned", "mail"] = 2
    with traces.request("POST", {}) as request:
        traces.changed(changes, seconds=0.5)
        traces.changed(Changes(), seconds=0.5)
        request.answered("POST", "/rules", 503, about={"workspace": "w", "request": "r1"})
    traces._provider.force_flush()

    plan, whole = exporter.spans
    assert plan.parent is not None
    assert plan.parent.span_id == whole.context.span_id
    assert plan.attributes is not None
    assert (plan.attributes["tocsin.bookings"], plan.attributes["tocsin.planned.mail"]) == (2, 2)
    assert request.trace == f"{whole.context.trace_id:032x}"
    assert whole.status.status_code.name == "ERROR"


def test_a_message_that_did_not_leave_is_an_error_in_its_bookings_trace(kept: tuple[Traces, Kept]) -> None:
    traces, exporter = kept
    delivery = a_delivery()
    traces.claimed([delivery], seconds=0.1)
    traces.settled([a_settlement(delivery, Result.PERMANENT)], now=NOON)
    traces.settled([Settlement(delivery=delivery, outcome=None, verdict=Verdict(state=State.EXPIRED))], now=NOON)
    traces.settled([a_settlement(a_delivery(booking_id="no id of ours"))], now=NOON)
    traces._provider.force_flush()

    _, failed, expired, strange = exporter.spans
    assert failed.context.trace_id == expired.context.trace_id == uuid.UUID(delivery.booking_id).int
    assert strange.context.trace_id
    assert (failed.status.status_code.name, expired.status.status_code.name) == ("ERROR", "UNSET")
    assert len(failed.links) == 1
    assert not expired.links


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("opentelemetry.sdk"):
            raise ModuleNotFoundError("not there", name=name)
sys.meta_path.insert(0, Blocked())
"""


@pytest.mark.parametrize("setting", ["TOCSIN_TRACES", "TOCSIN_LOG_EXPORT"])
def test_without_the_extra_the_program_says_what_to_install(tmp_path: Path, setting: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKED)
    program = Program(
        folder=tmp_path, environment={"PYTHONPATH": str(tmp_path), "TOCSIN_LISTEN": f"127.0.0.1:{free_port()}"}
    )

    found = program.refused(78, "serve", **{setting: "otlp"})
    assert found.startswith(f"{setting}: opentelemetry.sdk")
    assert "pip install 'tocsin[otel]'" in found
    assert program.refused(78, "serve", **{setting: "jaeger"}).startswith(f"{setting}: ")
    with program.started("serve", says="Tocsin") as running:
        assert running.stop() == 0


@pytest.mark.parametrize(
    ("setting", "variable"),
    [("TOCSIN_TRACES", "OTEL_BSP_MAX_QUEUE_SIZE"), ("TOCSIN_LOG_EXPORT", "OTEL_BLRP_MAX_QUEUE_SIZE")],
)
def test_variables_of_opentelemetry_that_contradict_each_other_are_told(
    tmp_path: Path, setting: str, variable: str
) -> None:
    program = Program(folder=tmp_path, environment={"TOCSIN_LISTEN": f"127.0.0.1:{free_port()}"})

    found = program.refused(78, "serve", **{setting: "otlp", variable: "100"})
    assert found.startswith(f"{setting}: OpenTelemetry's own variables")
    assert "max_queue_size" in found


def test_nothing_of_it_is_loaded_unless_it_is_switched_on() -> None:
    asked = "import sys, tocsin.cli; print([one for one in sys.modules if one.startswith('opentelemetry')])"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
