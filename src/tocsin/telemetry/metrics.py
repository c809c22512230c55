"""Everything that is counted, under the names that docs/monitoring.md, the dashboard and the alert rules use.

No label holds anything that a tenant or a stranger chose: only words of our own, so their number is bounded.
"""

from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from tocsin.domain.delivery import OPEN, Result, Settlement, State
from tocsin.domain.events import EventKind
from tocsin.domain.sources.source import CallState, SourceKind
from tocsin.services.ports_telemetry import Change, Changes, Silence
from tocsin.services.source_calls import AWAY, FORGED
from tocsin.telemetry.store import Look, PoolLook, StoreCollector

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DIALOGUE_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_LATE_S = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400)
_CHANGE_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_KINDS = ("mail", "call")


class Metrics(Silence):
    """The metrics of one process; it is a `Telemetry`."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._store = StoreCollector()
        self._registry.register(self._store)
        self._make_deliveries()
        self._make_planning()
        self._make_http()
        self._relay_shut = Gauge("tocsin_relay_shut", "1 while the relay is left alone", registry=self._registry)
        self._beat = Gauge(
            "tocsin_worker_last_round_timestamp_seconds",
            "When a worker of this process last looked for work; 0 without one",
            registry=self._registry,
        )
        self._build: Gauge | None = None

    def _make_deliveries(self) -> None:
        settled = Counter(
            "tocsin_deliveries_settled", "Deliveries that ended", ("kind", "state"), registry=self._registry
        )
        attempts = Counter("tocsin_attempts", "Attempts that ended", ("kind", "result"), registry=self._registry)
        lateness = Histogram(
            "tocsin_delivery_lateness_seconds", "Sent minus due", ("kind",), buckets=_LATE_S, registry=self._registry
        )
        # Each made once: to look a label up costs more than to count.
        self._settled = {(kind, state): settled.labels(kind, state.value) for kind in _KINDS for state in State}
        self._attempts = {(kind, result): attempts.labels(kind, result.value) for kind in _KINDS for result in Result}
        self._lateness = {kind: lateness.labels(kind) for kind in _KINDS}
        self._dialogue = Histogram(
            "tocsin_smtp_dialogue_seconds",
            "From a message's begin on a connection to the relay's answer",
            buckets=_DIALOGUE_S,
            registry=self._registry,
        )

    def _make_planning(self) -> None:
        counters: dict[Literal["event", "planned", "ended"], Counter] = {
            "event": Counter("tocsin_events", "Events of bookings", ("event",), registry=self._registry),
            "planned": Counter("tocsin_deliveries_planned", "Deliveries planned", ("kind",), registry=self._registry),
            "ended": Counter(
                "tocsin_deliveries_withdrawn",
                "Deliveries that ended without a worker",
                ("state",),
                registry=self._registry,
            ),
        }
        # Each made once, as above; and who asks for a rate wants to see the zero before the first.
        values = {"event": tuple(EventKind), "planned": _KINDS, "ended": sorted(set(State) - OPEN)}
        self._changes: dict[Change, Counter] = {
            (what, str(which)): counter.labels(str(which))
            for what, counter in counters.items()
            for which in values[what]
        }
        self._planning = Histogram(
            "tocsin_planning_seconds",
            "From the begin of a change of a booking until it and its deliveries are durable",
            buckets=_CHANGE_S,
            registry=self._registry,
        )
        calls = Counter(
            "tocsin_source_calls", "Calls of other schedulers", ("source", "outcome"), registry=self._registry
        )
        self._source_calls = {
            (kind.value, outcome): calls.labels(kind.value, outcome)
            for kind in SourceKind
            for outcome in (*map(str, CallState), FORGED, AWAY)
        }

    def _make_http(self) -> None:
        labels = ("route", "method")
        self._requests = Counter("tocsin_http_requests", "HTTP requests", (*labels, "status"), registry=self._registry)
        self._durations = Histogram(
            "tocsin_http_request_duration_seconds",
            "From a request's head to the end of its answer",
            labels,
            buckets=_REQUEST_S,
            registry=self._registry,
        )

    def settled(self, settlements: Sequence[Settlement], *, now: datetime) -> None:
        """Count what ended, each attempt, and how late it was what was sent."""
        # Added up first: to count one costs as much as to count many.
        attempts, ends = Tally[tuple[str, Result]](), Tally[tuple[str, State]]()
        for one in settlements:
            kind, state = "call" if one.delivery.is_call else "mail", one.verdict.state
            if one.outcome is not None:
                attempts[kind, one.outcome.result] += 1
            if one.verdict.next_at is None:
                ends[kind, state] += 1
            if state is State.SENT:
                self._lateness[kind].observe(max(0.0, (now - one.delivery.due_at).total_seconds()))
        for which, number in attempts.items():
            self._attempts[which].inc(number)
        for end, number in ends.items():
            self._settled[end].inc(number)

    def dialogue(self, seconds: float) -> None:
        """Take note of how long a message was with the relay."""
        self._dialogue.observe(seconds)

    def relay(self, *, is_shut: bool) -> None:
        """Take note of whether the relay is left alone."""
        self._relay_shut.set(is_shut)

    def beat(self) -> None:
        """Take note that a worker looks for work."""
        self._beat.set_to_current_time()

    def changed(self, changes: Changes, *, seconds: float) -> None:
        """Count what a transaction did; the time of one in which events happened is that of planning."""
        for (what, which), number in changes.counts.items():
            self._changes[what, which].inc(number)
        if any(what == "event" for what, _ in changes.counts):
            self._planning.observe(seconds)

    def source_call(self, source: str, outcome: str) -> None:
        """Count a call of another scheduler by what became of it."""
        self._source_calls[source, outcome].inc()

    def request(self, route: str, method: str, status: int, *, seconds: float) -> None:
        """Count a request. `route` is the pattern that took it, never the path that somebody typed."""
        named = method if method in _METHODS else "other"
        self._requests.labels(route, named, f"{status // 100}xx").inc()
        self._durations.labels(route, named).observe(seconds)

    def describe(self, *, version: str, zone_rules: str, python: str, store: str) -> None:
        """Say once what runs here."""
        names = {"version": version, "zone_rules": zone_rules, "python": python, "store": store}
        if self._build is None:
            self._build = Gauge("tocsin_build_info", "Always 1", tuple(names), registry=self._registry)
            self._build.labels(**names).set(1)

    def look_by(self, look: Look, pool: PoolLook | None = None) -> None:
        """From now on ask the store by `look`, and its connections by `pool`, when the metrics are read."""
        self._store.look, self._store.pool = look, pool

    def text(self) -> bytes:
        """Return all in Prometheus's text format (version 0.0.4)."""
        return generate_latest(self._registry)
