"""Handing lines over, in this process: by TLS, in a queue with an end, without hearing itself, and never at a line's cost."""

import json
import logging
import ssl
import threading
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

from tests.mail.certificates import Authority
from tests.ports import free_port
from tests.storage.shelf import until
from tests.telemetry.collector import Collector
from tocsin.logs import lines
from tocsin.telemetry.log_lines import LogLines


@pytest.fixture(autouse=True)
def former_logging() -> Iterator[None]:
    """Give the former logging back afterwards."""
    root, hook, theirs = logging.getLogger(), threading.excepthook, logging.getLogger("opentelemetry")
    handlers, level, their_level = root.handlers[:], root.level, theirs.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    theirs.setLevel(their_level)
    threading.excepthook = hook


log = logging.getLogger("tocsin.test")


@contextmanager
def exporting(exporter: LogRecordExporter | None = None) -> Iterator[LogLines]:
    """Write lines for machines to standard error, and hand them over, until the end of the block."""
    lines.to_stderr(as_json=True)
    with closing(LogLines(version="1", exporter=exporter)) as export, lines.handing_to(export.take):
        yield export


class Kept(LogRecordExporter):
    """A collector in this process; `before` is called with each batch, and may wait; what it takes is kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.result = LogRecordExportResult.SUCCESS
        self.free = threading.Event()
        self.free.set()
        self.has_begun = threading.Event()

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.has_begun.set()
        self.free.wait()
        self.lines += [str(one.log_record.body) for one in batch]
        return self.result

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return True


def events(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]


AWAY, BACK = "the collector takes no log lines; they stand here alone", "the collector takes log lines again"


def test_what_does_not_fit_the_queue_is_dropped_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_BLRP_MAX_QUEUE_SIZE", "10")
    monkeypatch.setenv("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "5")
    slow = Kept()
    slow.free.clear()
    with exporting(slow):
        for number in range(5):
            log.info("first %d", number)
        slow.has_begun.wait()
        for number in range(500):
            log.info("line %d", number)
        found = events(capsys)
        slow.free.set()
        until(lambda: len(slow.lines) == 15)
        log.info("after")
        for number in range(4):
            log.info("and %d", number)
        until(lambda: len(slow.lines) == 20)
    found += events(capsys)

    assert [one for one in found if one.startswith("line")] == [f"line {number}" for number in range(500)]
    assert slow.lines[5:16] == [*(f"line {number}" for number in range(10)), "after"]
    assert [one for one in found if one.startswith("the collector")] == [AWAY, BACK]


class Stepwise(Kept):
    """A collector that takes a batch whenever it is let; `begun` counts those that it has in hand or has taken."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = threading.Semaphore(0)
        self.begun = 0

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.begun += 1
        self.steps.acquire()
        return super().export(batch)

    def has_reached(self, number: int) -> bool:
        return self.begun == number


def test_a_collector_that_stays_too_slow_is_said_to_be_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_BLRP_MAX_QUEUE_SIZE", "10")
    monkeypatch.setenv("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "5")
    slow = Stepwise()
    with exporting(slow):
        for batch in range(1, 6):
            for _ in range(20):
                log.info("a line")
            until(partial(slow.has_reached, batch))
            slow.steps.release()
        slow.steps.release(100)
    found = events(capsys)

    assert [one for one in found if one != "a line"][:1] == [AWAY]
    assert found.count(AWAY) == 1
    assert found.count("a line") == 100


def test_trouble_with_the_collector_is_said_once_and_its_end_once(capsys: pytest.CaptureFixture[str]) -> None:
    kept = Kept()
    with exporting(kept) as export:
        for result in [LogRecordExportResult.FAILURE] * 2 + [LogRecordExportResult.SUCCESS] * 2:
            kept.result = result
            log.info("a line")
            export._provider.force_flush()

    assert [one for one in events(capsys) if one != "a line"] == [AWAY, BACK]
    assert kept.lines == ["a line"] * 4


def test_a_collector_that_hangs_at_the_end_keeps_nobody_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tocsin.telemetry.collector.PATIENCE_S", 0.05)
    stuck = Kept()
    stuck.free.clear()
    with exporting(stuck):
        log.info("the last words")
    found = events(capsys)
    stuck.free.set()
    until(lambda: stuck.lines == ["the last words"])

    assert found == ["the last words", AWAY]


class Talking(Kept):
    """A collector whose own parts log whenever they are called."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        talks = len(self.lines) < 50  # an end, should it hear itself
        for name in talks * ("urllib3.connectionpool", "requests", "opentelemetry.sdk", "tocsin.telemetry"):
            logging.getLogger(name).critical("said by %s", name)
        super().export(batch)
        raise OSError("and it breaks")


def test_what_handing_over_says_of_itself_is_not_handed_over(capsys: pytest.CaptureFixture[str]) -> None:
    talking = Talking()
    with exporting(talking) as export:
        log.info("one")
        export._provider.force_flush()
        export._provider.force_flush()
        log.info("two")
        export._provider.force_flush()
        logging.getLogger("urllib3").warning("by somebody else")
        export._provider.force_flush()

    assert talking.lines == ["one", "two", "by somebody else"]
    found = Counter(events(capsys))
    assert found["said by urllib3.connectionpool"] == 3
    assert found[AWAY] == 1


def test_a_line_of_which_no_record_can_be_made_is_written_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "1")
    kept = Kept()
    with warnings.catch_warnings(), exporting(kept):
        warnings.simplefilter("error")  # so that OpenTelemetry raises it
        for _ in range(3):
            log.info("with fields", extra={"workspace": "w", "booking": "b"})

    found = events(capsys)
    assert found.count("with fields") == 3
    assert found.count(AWAY) == 1
    assert kept.lines == []


def test_a_value_that_cannot_be_sent_takes_no_other_line_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        with exporting():
            log.info("before")
            odd = {"half": "\udc80", "large": 2**63, "none": None, "nothing": float("nan"), "yes": True}
            log.info("half a character: \ud800", extra=odd | {"number": -(2**63)})
            log.info("after")

    first, second, third = collector.lines
    assert (first.said, second.said, third.said) == ("before", "half a character: \\ud800", "after")
    fields = second.fields
    assert (fields["half"], fields["large"], fields["yes"]) == ("\\udc80", str(2**63), True)
    assert fields["number"] == -(2**63)
    assert "none" not in fields
    assert AWAY not in events(capsys)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def handed_over(collector: Collector, monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """Write a line with these variables of OpenTelemetry; return what the collector has got."""
    for name, value in {"ENDPOINT": collector.endpoint, "TIMEOUT": "5", **variables}.items():
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    with exporting():
        log.info("over the wire")
    return [one.said for one in collector.lines]


def test_lines_go_by_tls_with_what_the_collector_wants_to_see(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = authority.server(asks=ssl.CERT_REQUIRED)
    own = authority.issue("tocsin")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/of/another/program.pem")
    with Collector(context=context) as collector:
        shown = {"CERTIFICATE": str(authority.path), "HEADERS": "x-key=key-of-ours"}
        assert handed_over(collector, monkeypatch, **shown) == []  # without a certificate of ours
        shown |= {"CLIENT_CERTIFICATE": str(own.cert), "CLIENT_KEY": str(own.key)}
        assert handed_over(collector, monkeypatch, **shown) == ["over the wire"]

    assert collector.keys == {"key-of-ours"}


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_what_is_meant_for_this_machine_goes_to_no_proxy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with Collector() as collector:
        assert handed_over(collector, monkeypatch) == ["over the wire"]


@pytest.mark.parametrize("wrong", ["unknown authority", "another name", "too old", "no file"])
def test_a_collector_that_proves_nothing_gets_no_line(
    tmp_path: Path,
    authority: Authority,
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "other").mkdir()
    believed = {"unknown authority": Authority(tmp_path / "other").path, "no file": tmp_path / "none.pem"}
    contexts = {
        "another name": lambda: authority.server(x509.DNSName("elsewhere.example")),
        "too old": lambda: authority.server(lasts=timedelta(days=30)),
    }
    with Collector(context=contexts.get(wrong, authority.server)()) as collector:
        shown = {"CERTIFICATE": str(believed.get(wrong, authority.path)), "HEADERS": "x-key=key-of-ours"}
        assert handed_over(collector, monkeypatch, **shown) == []

    assert collector.keys == set()
    found = events(capsys)
    assert found == ["over the wire", AWAY]


def test_a_header_that_is_wrong_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Collector() as collector:
        assert handed_over(collector, monkeypatch, HEADERS="hunter2 without a name") == ["over the wire"]

    assert "hunter2" not in capsys.readouterr().err
