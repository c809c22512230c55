"""Log lines on standard error: sentences for people, or JSON for machines; neither tells a secret or an address."""

import logging
import secrets as chance
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TextIO

import structlog

from tocsin.domain.discretion import Discretion, in_one_line
from tocsin.logs import about

_ERROR = "exception"  # the field that holds a traceback
_INDENT = "    | "

# Of the fields of a line, without secrets and addresses. It must neither raise nor wait: the line is not yet written.
Taker = Callable[[Mapping[str, object]], None]


def to_stderr(*, as_json: bool, secrets: Collection[str] = ()) -> None:
    """Write the lines of all loggers to standard error, from INFO on, without `secrets`.

    Until `name_people_by` tells the key, people have names that only hold in this process.
    """
    handler = _Handler()
    handler.setFormatter(_Formatter(Discretion(key=chance.token_bytes(32), secrets=secrets), as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes down the URL of each request
    threading.excepthook = _ended


def name_people_by(key: bytes) -> None:
    """From now on write the names of people that belong to an installation's `key`."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Formatter):
            handler.formatter.discretion = replace(handler.formatter.discretion, key=key)


@contextmanager
def handing_to(taker: Taker) -> Iterator[None]:
    """Give each line to `taker` too until the end of the block."""
    found = [one.formatter for one in logging.getLogger().handlers if isinstance(one.formatter, _Formatter)]
    for formatter in found:
        formatter.taker = taker
    try:
        yield
    finally:
        for formatter in found:
            formatter.taker = None


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the standard library's name
        """Name what went wrong: the standard library would print the arguments of the line as they are."""
        with suppress(OSError, ValueError):
            self.stream.write(f"a log line of {record.name} could not be written: {sys.exc_info()[0]}\n")


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Makes one line of a record, whatever stands in it; only a traceback for people has several, each of them indented."""

    def __init__(self, discretion: Discretion, *, as_json: bool) -> None:
        self.discretion = discretion
        self.taker: Taker | None = None
        shared: list[structlog.typing.Processor] = [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            _with_context,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ]
        lines = structlog.processors.JSONRenderer() if as_json else _sentence
        remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
        super().__init__(foreign_pre_chain=shared, processors=[remove, self._discreet, self._hand_over, lines])

    def _discreet(self, _logger: object, _name: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return self.discretion.told_all(line)

    def _hand_over(self, _logger: object, _name: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        taker = self.taker  # which another thread may take away at any moment
        if taker is not None:
            taker(dict(line))
        return line


def _with_context(_logger: object, _name: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add what the line is about, and drop what uvicorn adds for terminals: the sentence again, with control codes."""
    line.pop("color_message", None)
    for name, value in about.current().items():
        line.setdefault(name, value)
    return line


_as_sentence = structlog.dev.ConsoleRenderer(colors=False)


def _sentence(logger: object, name: str, line: structlog.typing.EventDict) -> str:
    trace = str(line.pop(_ERROR, ""))
    plain = {key: in_one_line(value) if isinstance(value, str) else value for key, value in line.items()}
    told = _as_sentence(logger, name, plain)
    return "\n".join([told, *(_INDENT + in_one_line(one) for one in trace.splitlines())])


def _ended(gone: threading.ExceptHookArgs) -> None:
    """Say by the log, and not past it, that a thread ended."""
    error = gone.exc_value or gone.exc_type()
    logging.getLogger("tocsin").error("a thread ended unforeseen", exc_info=error)
