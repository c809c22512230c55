"""Metrics and traces at once: what is told to one is told to the other."""

from collections.abc import Sequence
from datetime import datetime

from tocsin.domain.delivery import Delivery, Settlement
from tocsin.services.ports_telemetry import Changes, Telemetry
from tocsin.telemetry.metrics import Metrics


class TracedMetrics(Metrics):
    """Metrics that tell `traces` too. Where nobody wants traces there is none of this."""

    def __init__(self, traces: Telemetry) -> None:
        super().__init__()
        self._traces = traces

    def settled(self, settlements: Sequence[Settlement], *, now: datetime) -> None:
        """Tell both how deliveries were settled."""
        super().settled(settlements, now=now)
        self._traces.settled(settlements, now=now)

    def claimed(self, deliveries: Sequence[Delivery], *, seconds: float) -> None:
        """Tell both what a worker took."""
        super().claimed(deliveries, seconds=seconds)
        self._traces.claimed(deliveries, seconds=seconds)

    def changed(self, changes: Changes, *, seconds: float) -> None:
        """Tell both what a transaction did."""
        super().changed(changes, seconds=seconds)
        self._traces.changed(changes, seconds=seconds)

    def source_call(self, source: str, outcome: str) -> None:
        """Tell both what became of a call of another scheduler."""
        super().source_call(source, outcome)
        self._traces.source_call(source, outcome)
