"""Spans for OpenTelemetry, handed to a collector in the background. Needs the extra `otel`; nothing else imports it.

All that becomes of a booking is one trace, in whichever process and however much later: its id is the booking's. No attribute
holds an address, a name or anything that a stranger wrote.
"""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode

from tocsin.domain.delivery import Delivery, Result, Settlement
from tocsin.services.ports_telemetry import Changes, Silence
from tocsin.telemetry import collector
from tocsin.telemetry.collector import Notice

MOST_IN_HAND = 10_000  # claimed deliveries whose begin is remembered; of one whose lease was lost no end is ever heard
_BAD = frozenset({Result.PERMANENT, Result.TEMPORARY, Result.TRANSPORT, Result.UNKNOWN})
_ROOT = context.Context()  # of a span that is the child of none

_trace_id: ContextVar[int] = ContextVar("trace_id", default=0)


class Traces(Silence):
    """Makes spans of what it hears. Spans wait in a queue of bounded length; what does not fit is dropped."""

    def __init__(self, *, version: str, exporter: SpanExporter | None = None) -> None:
        """Take the rest from the environment, by OpenTelemetry's own names."""
        collector.hush()
        self._notice = Notice("spans", fate="they are dropped")
        self._provider = TracerProvider(
            resource=collector.resource(version), id_generator=_Ids(), shutdown_on_exit=False
        )
        to = _Collector(exporter or OTLPSpanExporter(session=collector.way()), self._notice)
        self._provider.add_span_processor(BatchSpanProcessor(to))
        self._tracer = self._provider.get_tracer("tocsin", version)
        self._guard = threading.Lock()
        self._in_hand: OrderedDict[str, tuple[int, SpanContext]] = OrderedDict()

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator["Request"]:
        """Make a span of a request; it goes on with the trace that `headers` name, if any."""
        span = self._tracer.start_span(method, extract(headers), SpanKind.SERVER)
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield Request(span)
        finally:
            context.detach(token)
            span.end()

    def changed(self, changes: Changes, *, seconds: float) -> None:
        """Make a span of planning: in the trace of its booking or, of several, beside whatever asked for it."""
        if not changes.counts:
            return
        asked_by = trace.get_current_span()
        booking = next(iter(changes.bookings)) if len(changes.bookings) == 1 else ""
        links = [Link(asked_by.get_span_context())] if booking and asked_by.get_span_context().is_valid else []
        ended = time.time_ns()
        with _in_trace_of(booking):
            span = self._tracer.start_span(
                "plan", _ROOT if booking else None, links=links, start_time=ended - int(seconds * 1e9)
            )
        for (what, which), number in changes.counts.items():
            span.set_attribute(f"tocsin.{what}.{which}", number)
        span.set_attributes(
            {
                "tocsin.workspace": changes.workspace,
                "tocsin.bookings": len(changes.bookings),
                "tocsin.rules": sorted(changes.rules),
            }
        )
        if booking:
            span.set_attribute("tocsin.booking", booking)
            asked_by.set_attribute("tocsin.booking", booking)
            asked_by.add_link(span.get_span_context())
        span.end(ended)

    def claimed(self, deliveries: Sequence[Delivery], *, seconds: float) -> None:
        """Make a span of a claim, and remember when each delivery was taken in hand."""
        ended = time.time_ns()
        span = self._tracer.start_span("claim", _ROOT, start_time=ended - int(seconds * 1e9))
        span.set_attributes({"tocsin.deliveries": len(deliveries), "tocsin.kind": _kind(deliveries[0])})
        span.end(ended)
        with self._guard:
            self._in_hand.update({one.id: (ended, span.get_span_context()) for one in deliveries})
            while len(self._in_hand) > MOST_IN_HAND:
                self._in_hand.popitem(last=False)

    def settled(self, settlements: Sequence[Settlement], *, now: datetime) -> None:
        """Make a span of each delivery that was in hand, from its claim until it is written down how it ended."""
        del now  # the spans' time is this machine's, like that of all others
        ended = time.time_ns()
        with self._guard:
            begun = [self._in_hand.pop(one.delivery.id, None) for one in settlements]
        for one, begin in zip(settlements, begun, strict=True):
            self._settled(one, begin, ended)

    def _settled(self, one: Settlement, begin: tuple[int, SpanContext] | None, ended: int) -> None:
        began, claim = begin or (ended, None)
        with _in_trace_of(one.delivery.booking_id):
            span = self._tracer.start_span(
                "deliver",
                _ROOT,
                SpanKind.CLIENT,
                _attributes(one),
                links=[] if claim is None else [Link(claim)],
                start_time=began,
            )
        if one.outcome is not None and one.outcome.result in _BAD:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def source_call(self, source: str, outcome: str) -> None:
        """Make a span without length of a call of another scheduler; what it changed is in those of planning."""
        self._tracer.start_span("source call", attributes={"tocsin.source": source, "tocsin.outcome": outcome}).end()

    def close(self) -> None:
        """Hand over what waits, if the collector takes it in a few seconds."""
        collector.end(self._provider.shutdown, self._notice)


class Request:
    """The span of a request that is under way."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def trace(self) -> str:
        """The id of its trace, as log lines and collectors write it."""
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def answered(self, method: str, route: str, status: int, *, about: Mapping[str, str]) -> None:
        """Say what became of it; `about` is what is known of it beside: the workspace, and its name."""
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes(
            {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        )
        self._span.set_attributes({f"tocsin.{name}": value for name, value in about.items() if name != "trace"})
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))


class _Ids(RandomIdGenerator):
    """Gives a span that begins a trace the trace that `_in_trace_of` says, and else a new one."""

    def generate_trace_id(self) -> int:
        return _trace_id.get() or super().generate_trace_id()


class _Collector(SpanExporter):
    """Hands spans to the collector, and says once that it cannot, and once that it can again."""

    def __init__(self, exporter: SpanExporter, notice: Notice) -> None:
        self._exporter = exporter
        self._notice = notice

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._notice.taken()
        else:
            self._notice.refused()
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


@contextmanager
def _in_trace_of(booking: str) -> Iterator[None]:
    """Let a trace that begins in the block have the booking's id, a UUID, for its own; without one a new id."""
    try:
        wanted = uuid.UUID(booking).int
    except ValueError:
        wanted = 0
    token = _trace_id.set(wanted)
    try:
        yield
    finally:
        _trace_id.reset(token)


def _kind(delivery: Delivery) -> str:
    return "call" if delivery.is_call else "mail"


def _attributes(one: Settlement) -> dict[str, str | int]:
    delivery, outcome = one.delivery, one.outcome
    found: dict[str, str | int] = {
        "tocsin.workspace": delivery.workspace_id,
        "tocsin.delivery": delivery.id,
        "tocsin.booking": delivery.booking_id,
        "tocsin.rule": delivery.rule_id,
        "tocsin.event": delivery.event.value,
        "tocsin.kind": _kind(delivery),
        "tocsin.attempt": delivery.attempts,
        "tocsin.state": one.verdict.state.value,
    }
    if outcome is not None:
        found["tocsin.result"] = outcome.result.value
        if outcome.code is not None:
            found["tocsin.reply_class"] = f"{outcome.code // 100}xx"
    return found
