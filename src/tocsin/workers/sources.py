"""Two threads that ask other products: one goes on with calls which could not be applied at once, the other looks."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from tocsin.domain.errors import TocsinError
from tocsin.services import source_looks
from tocsin.services.ports_sources import Fetch
from tocsin.services.preparation import Sender
from tocsin.services.source_calls import Inlet
from tocsin.services.source_work import tend

EVERY = timedelta(seconds=1)

log = logging.getLogger("tocsin.workers")


def keep(sender: Sender, fetch: Fetch, stop: threading.Event, bell: threading.Event) -> None:
    """Go on with calls until told to stop."""
    inlet = _inlet(sender)
    _rounds(lambda: tend(inlet, fetch), stop, bell)


def keep_looking(sender: Sender, fetch: Fetch, stop: threading.Event, bell: threading.Event) -> None:
    """Take steps of looks until told to stop; in a thread of its own, so that no call waits for a look."""
    inlet = _inlet(sender)
    _rounds(lambda: source_looks.tend(inlet, fetch), stop, bell)


def _inlet(sender: Sender) -> Inlet:
    return Inlet(
        store=sender.store,
        clock=sender.clock,
        chance=sender.chance,
        secret=sender.secret,
        telemetry=sender.telemetry,
    )


def _rounds(tend: Callable[[], bool], stop: threading.Event, bell: threading.Event) -> None:
    """Do rounds until told to stop. Whatever goes wrong in one, the next one is tried."""
    while not stop.is_set():
        try:
            if tend():
                bell.set()
        except TocsinError as error:
            log.warning("sources: %s", error)
        except Exception:
            log.exception("a round of sources failed unforeseen")
        stop.wait(EVERY.total_seconds())
