"""Log lines for an OpenTelemetry collector, handed over in the background. Needs the extra `otel`; nothing else imports it.

A record is made of a line as standard error has it, when secrets and addresses are out of it. OpenTelemetry's own handler
would take the line before that.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult

from tocsin.telemetry import collector
from tocsin.telemetry.collector import Notice

TRACEBACK = "exception.stacktrace"  # OpenTelemetry's name for what a line has under `exception`
_SEVERITIES = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "critical": SeverityNumber.FATAL,
}
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**63  # of a number on the wire

Value = str | bool | int | float

_own: ContextVar[bool] = ContextVar("own", default=False)  # whether what is logged now is about handing lines over


class LogLines:
    """Hands log lines over. They wait in a queue of bounded length; what does not fit is dropped."""

    def __init__(self, *, version: str, exporter: LogRecordExporter | None = None) -> None:
        """Take the rest from the environment, by OpenTelemetry's own names. Raises ValueError if they contradict each other."""
        collector.hush()
        self._notice = Notice("log lines", fate="they stand here alone")
        self._provider = LoggerProvider(resource=collector.resource(version), shutdown_on_exit=False)
        self._provider.add_log_record_processor(
            _Queue(exporter or OTLPLogExporter(session=collector.way()), self._notice)
        )

    def take(self, line: Mapping[str, object]) -> None:
        """Take a line that may be told as it is, by the names of its fields. Neither waits nor raises.

        If its request has a span, that is the one that the caller is in, and OpenTelemetry finds it.
        """
        if _own.get():
            return
        try:
            self._emit(line)
        except Exception:  # noqa: BLE001  the line itself is still to be written
            with _about_ourselves():
                self._notice.refused()

    def _emit(self, line: Mapping[str, object]) -> None:
        level = str(line["level"])
        self._provider.get_logger(str(line["logger"])).emit(
            timestamp=_nanoseconds(str(line["timestamp"])),
            severity_number=_SEVERITIES.get(level, SeverityNumber.UNSPECIFIED),
            severity_text=level,
            body=_sendable(line["event"]),
            attributes=_attributes(line),
        )

    def close(self) -> None:
        """Hand over what waits, if the collector takes it in a few seconds."""
        collector.end(self._provider.shutdown, self._notice)


class _Queue(BatchLogRecordProcessor):
    """OpenTelemetry's queue, which drops the oldest and tells only its own log; this drops what does not fit, and says so."""

    def __init__(self, exporter: LogRecordExporter, notice: Notice) -> None:
        self._notice = notice
        self._waiting = 0
        self._guard = threading.Lock()
        super().__init__(_Collector(exporter, self))
        self._most = self._batch_processor._max_queue_size  # noqa: SLF001  there is no other way to ask

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        with self._guard:
            fits = self._waiting < self._most
            self._waiting += fits
        if fits:
            super().on_emit(log_record)
            return
        with _about_ourselves():
            self._notice.refused()

    def left(self, number: int) -> None:
        """Take note that so many wait no more."""
        with self._guard:
            self._waiting -= number

    def ended(self, result: LogRecordExportResult) -> None:
        """Say what became of them. A collector that is too slow takes lines again when it keeps up, not when it took some."""
        if result is not LogRecordExportResult.SUCCESS:
            self._notice.refused()
        elif self._waiting <= self._most // 2:
            self._notice.taken()


class _Collector(LogRecordExporter):
    """Hands lines to the collector, and tells the queue what became of them."""

    def __init__(self, exporter: LogRecordExporter, queue: _Queue) -> None:
        self._exporter = exporter
        self._queue = queue

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        result = LogRecordExportResult.FAILURE
        with _about_ourselves():
            self._queue.left(len(batch))
            try:
                result = self._exporter.export(batch)
            finally:
                self._queue.ended(result)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


@contextmanager
def _about_ourselves() -> Iterator[None]:
    """Keep what is logged in the block here: a line about a line that could not be handed over would go on for ever."""
    token = _own.set(True)
    try:
        yield
    finally:
        _own.reset(token)


def _attributes(line: Mapping[str, object]) -> dict[str, Value]:
    """Return the fields of a line that have no place of their own in a record."""
    placed = {"timestamp", "level", "logger", "event"}
    names = {"exception": TRACEBACK}
    return {
        names.get(name, name): _sendable(value)
        for name, value in line.items()
        if name not in placed and value is not None
    }


def _sendable(value: object) -> Value:
    """Return a value as protobuf can bear it: one that cannot be sent would take the lines beside it with it."""
    if isinstance(value, bool | float) or (isinstance(value, int) and -_LARGEST <= value < _LARGEST):
        return value
    return str(value).encode(errors="backslashreplace").decode()


def _nanoseconds(moment: str) -> int:
    return (datetime.fromisoformat(moment) - _BEGIN) // timedelta(microseconds=1) * 1000
