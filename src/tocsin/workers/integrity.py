"""A thread that looks whether the database's files are whole, at the start and once a day.

What is damaged is not written to from then on, so nothing is claimed from it and nothing is sent; what can be read is read.
"""

import logging
import threading
from datetime import timedelta

from tocsin.domain.errors import TocsinError
from tocsin.services.ports import Store

EVERY = timedelta(days=1)
AGAIN = timedelta(minutes=1)  # after a look that could not be taken

log = logging.getLogger("tocsin.workers")


def keep(store: Store, stop: threading.Event) -> None:
    """Look until told to stop."""
    while not stop.is_set():
        stop.wait((EVERY if _look(store) else AGAIN).total_seconds())


def _look(store: Store) -> bool:
    """Tell whether a look could be taken; whatever it finds is in the log."""
    try:
        wrong = store.check_integrity()
    except TocsinError as error:
        log.warning("integrity: %s", error)
        return False
    except Exception:
        log.exception("a look at the database failed unforeseen")
        return False
    if wrong is not None:
        log.error("%s", wrong)
    return True
