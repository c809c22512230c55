"""The state of the queue, asked of the store when the metrics are read, and not more often than every few seconds."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tocsin.services.ports_telemetry import Pool, QueueState

Look = Callable[[], QueueState]
PoolLook = Callable[[], Pool]
FRESH_S = 5.0

log = logging.getLogger("tocsin.telemetry")


class StoreCollector(Collector):
    """Tells whether the store answers, and what waits in it. A store that is away costs the other metrics nothing."""

    def __init__(self) -> None:
        self.look: Look | None = None
        self.pool: PoolLook | None = None
        self._guard = threading.Lock()
        self._state: QueueState | None = None
        self._looked_at: float | None = None

    def describe(self) -> list[GaugeMetricFamily]:
        """Name nothing beforehand, so that to register this asks nothing of the store."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what the store says; without a look nothing."""
        if self.look is None:
            return
        if self.pool is not None:
            yield from _connections(self.pool())
        state = self._fresh(self.look)
        yield GaugeMetricFamily("tocsin_store_up", "1 if the store answers", value=float(state is not None))
        if state is None:
            return
        due = GaugeMetricFamily("tocsin_queue_due", "Deliveries that are due now", labels=["kind"])
        due.add_metric(["mail"], state.due_mail)
        due.add_metric(["call"], state.due_calls)
        yield due
        yield GaugeMetricFamily(
            "tocsin_queue_oldest_due_seconds", "For how long the first in the queue is due", value=state.oldest_due_s
        )
        yield GaugeMetricFamily("tocsin_queue_scheduled", "Deliveries whose time is yet to come", value=state.scheduled)
        yield GaugeMetricFamily("tocsin_queue_leased", "Deliveries in the hands of workers", value=state.leased)

    def _fresh(self, look: Look) -> QueueState | None:
        with self._guard:
            if self._looked_at is None or time.monotonic() - self._looked_at > FRESH_S:
                try:
                    self._state = look()
                except Exception as error:  # noqa: BLE001  the other metrics are still to be told
                    log.warning("the queue could not be looked at: %s", type(error).__name__)
                    self._state = None
                self._looked_at = time.monotonic()
            return self._state


def _connections(pool: Pool) -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily("tocsin_database_connections_in_use", "Connections that work", value=pool.in_use)
    yield GaugeMetricFamily("tocsin_database_connections_most", "As many there can be", value=pool.most)
    yield GaugeMetricFamily("tocsin_database_waiting", "Threads that wait for a connection", value=pool.waiting)
