"""What is done beside delivering: go on planning large rules, forget old answers."""

import logging
import threading
from datetime import timedelta

from tocsin.domain.errors import TocsinError
from tocsin.services.automation import go_on_planning
from tocsin.services.idempotency import KEPT_FOR
from tocsin.services.preparation import Sender

EVERY = timedelta(seconds=1)

log = logging.getLogger("tocsin.workers")


def tend(sender: Sender) -> bool:
    """Do one round; tell whether there is more to do at once."""
    queue, now = sender.store.queue, sender.clock()
    queue.forget_answers(before=now - KEPT_FOR)
    is_done = True
    for workspace_id, rule_id in queue.unplanned_rules():
        with sender.store.transaction(workspace_id) as tx:
            is_done = go_on_planning(tx, rule_id, now=now, new_id=sender.chance.ordered_id) and is_done
    return not is_done


def keep(sender: Sender, stop: threading.Event, bell: threading.Event) -> None:
    """Do rounds until told to stop. Whatever goes wrong in one, the next one is tried."""
    while not stop.is_set():
        try:
            more = tend(sender)
        except TocsinError as error:
            log.warning("maintenance: %s", error)
            more = False
        except Exception:
            log.exception("maintenance failed unforeseen")
            more = False
        if more:
            bell.set()
        else:
            stop.wait(EVERY.total_seconds())
