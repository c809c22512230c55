"""What the log lines of one request or one piece of work are about: names and values that each of them gets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

# The dictionary is one object for all threads that work on a request, so that what one finds out stands in the lines of all.
_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


@contextmanager
def about(**known: str) -> Iterator[None]:
    """Write `known` into each line until the end of the block."""
    token = _about.set(dict(known))
    try:
        yield
    finally:
        _about.reset(token)


def note(**found: str) -> None:
    """Write `found` too into each line of the block that is open; without one nothing happens."""
    known = _about.get()
    if known is not None:
        known.update(found)


def current() -> Mapping[str, str]:
    """Return what a line gets that is written now."""
    return _about.get() or {}
