"""What is done beside delivering: go on planning large rules, forget what is old, end what was paused for too long."""

import logging
import threading
from datetime import datetime, timedelta

from tocsin.domain.audit import KEPT_FOR as AUDITS_KEPT_FOR
from tocsin.domain.dry_run import KEPT_FOR as DRY_RUNS_KEPT_FOR
from tocsin.domain.errors import TocsinError
from tocsin.services import audit, interventions, receipts, retention, workspaces
from tocsin.services.automation import go_on_planning
from tocsin.services.idempotency import KEPT_FOR
from tocsin.services.ports_relay import Receipts
from tocsin.services.preparation import Sender

EVERY = timedelta(seconds=1)
TIDY_EVERY = timedelta(hours=1)

log = logging.getLogger("tocsin.workers")


def tend(sender: Sender) -> bool:
    """Do one round; tell whether there is more to do at once."""
    queue, now = sender.store.queue, sender.clock()
    queue.forget_answers(before=now - KEPT_FOR)
    is_done = True
    for delivery in queue.lapsed(now=now):
        with sender.store.transaction(delivery.workspace_id) as tx:
            interventions.lapse(tx, delivery, now=now)
    for workspace_id, rule_id in queue.unplanned_rules():
        with sender.store.transaction(workspace_id) as tx:
            is_done = go_on_planning(tx, rule_id, now=now, new_id=sender.chance.ordered_id) and is_done
    return not is_done


def tidy(sender: Sender) -> None:
    """Forget what is old enough: dry runs, the entries of audit logs, the words of messages, and bookings."""
    now = sender.clock()
    sender.store.queue.forget_dry_runs(before=now - DRY_RUNS_KEPT_FOR)
    before = now - AUDITS_KEPT_FOR
    for workspace_id in sender.store.queue.audited_before(before):
        with sender.store.transaction(workspace_id) as tx:
            audit.forget(tx, before=before)
    for workspace in workspaces.every(sender.store):
        with sender.store.transaction(workspace.id) as tx:
            retention.forget(tx, now=now)
        gone = retention.forget_bookings(sender.store, workspace.id, now=now)
        if gone:
            log.info("deleted %d bookings that are older than they are kept", gone, extra={"workspace": workspace.id})


def keep(sender: Sender, stop: threading.Event, bell: threading.Event, relay_receipts: Receipts | None = None) -> None:
    """Do rounds until told to stop. Whatever goes wrong in one, the next one is tried."""
    tidied_at: datetime | None = None
    while not stop.is_set():
        try:
            more = tend(sender)
            if tidied_at is None or sender.clock() - tidied_at >= TIDY_EVERY:
                tidied_at = sender.clock()
                tidy(sender)
            if relay_receipts is not None:
                receipts.settle_left(sender, relay_receipts)
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
