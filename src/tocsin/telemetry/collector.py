"""What spans and log lines have in common on their way to an OpenTelemetry collector. Needs the extra `otel`."""

import logging
import threading
from collections.abc import Callable

import requests
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource

PATIENCE_S = 5.0  # for what waits when the process ends; a collector that hangs keeps nobody

log = logging.getLogger("tocsin.telemetry")


class Notice:
    """Says once that the collector does not take something, and once that it does again. For any thread."""

    def __init__(self, what: str, *, fate: str) -> None:
        """Speak of `what` in the plural; `fate` is what becomes of them meanwhile."""
        self._what = what
        self._fate = fate
        self._is_away = False
        self._guard = threading.Lock()

    def refused(self) -> None:
        """Take note that some were not taken."""
        if self._turned(is_away=True):
            log.warning("the collector takes no %s; %s", self._what, self._fate)

    def taken(self) -> None:
        """Take note that all were taken."""
        if self._turned(is_away=False):
            log.info("the collector takes %s again", self._what)

    def _turned(self, *, is_away: bool) -> bool:
        # What is said waits for the log's own lock, and whoever has that may wait for this one: so it is said outside.
        with self._guard:
            turned = is_away != self._is_away
            self._is_away = is_away
        return turned


def hush() -> None:
    """Keep OpenTelemetry out of the log: it says each time what a `Notice` says once, and repeats headers that are wrong."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)


def way() -> requests.Session:
    """Return a way that leads straight to the collector and believes whom OTEL_EXPORTER_OTLP_CERTIFICATE says."""
    session = requests.Session()
    # Else HTTP_PROXY would lead away what is meant for this machine, and REQUESTS_CA_BUNDLE would overrule that variable.
    session.trust_env = False
    return session


def resource(version: str) -> Resource:
    """Return who we are, as OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say it."""
    named = Resource.create({SERVICE_VERSION: version})
    if str(named.attributes[SERVICE_NAME]).startswith("unknown_service"):
        named = named.merge(Resource({SERVICE_NAME: "tocsin"}))
    return named


def end(shut: Callable[[], object], notice: Notice) -> None:
    """Hand over what waits by `shut`, if the collector takes it in a few seconds."""
    # OpenTelemetry's own waits half a minute for a collector that hangs.
    last = threading.Thread(target=shut, name="last-telemetry", daemon=True)
    last.start()
    last.join(PATIENCE_S)
    if last.is_alive():
        notice.refused()
