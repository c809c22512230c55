"""Log lines on standard error: sentences for people, or JSON for machines."""

import logging

import structlog


def to_stderr(*, as_json: bool) -> None:
    """Write the lines of all loggers to standard error, from INFO on."""
    as_lines: structlog.typing.Processor = structlog.dev.ConsoleRenderer(colors=False)
    if as_json:
        as_lines = structlog.processors.JSONRenderer()
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _without_colour,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler()
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove, as_lines]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def _without_colour(_logger: object, _name: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drop what uvicorn adds for terminals: the same sentence again, with control codes."""
    line.pop("color_message", None)
    return line
