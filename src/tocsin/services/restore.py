"""Restoring: hold back what may have left since the backup was taken, and let the operator decide about each of it."""

from dataclasses import replace
from datetime import datetime

from tocsin.domain import restore
from tocsin.domain.audit import COMMAND_LINE, Verb
from tocsin.domain.delivery import Cause, Delivery, Verdict
from tocsin.domain.errors import ConflictError
from tocsin.domain.intervention import Deed, Intervention
from tocsin.domain.model import Workspace
from tocsin.domain.sync import SETTLE
from tocsin.services import audit, deliveries, interventions, source_looks, source_work, workspaces
from tocsin.services.automation import go_on_planning
from tocsin.services.ports import Transaction
from tocsin.services.preparation import Ready, Sender, prepare
from tocsin.services.source_calls import Inlet

CALL_HELD = "held since a restore: it may have been applied after the backup was taken; replay it to apply it now"


def quarantine(sender: Sender, *, taken_at: datetime | None) -> dict[str, int]:
    """Hold back in every workspace what may have left; return how many deliveries, by subdomain.

    First all is planned that was still to be planned: it would be due at once, and may have left too.
    """
    _catch_up(sender, now=sender.clock())
    now, found = sender.clock(), {}  # all that was planned just now was due before it
    because = restore.held_because(taken_at=taken_at, restored_at=now)
    for workspace in workspaces.every(sender.store):
        with sender.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
            found[workspace.subdomain] = _held(tx, workspace, because, now=now)
    return found


def _held(tx: Transaction, workspace: Workspace, because: str, *, now: datetime) -> int:
    # What follows a change waits for so long, in case there is another.
    number = tx.held.hold(reason=because, by=restore.BY, due_by=now + SETTLE, now=now)
    calls = tx.held.hold_source_calls(sentence=CALL_HELD)
    source_looks.hold(tx)
    tx.held.end_sessions()
    tx.workspaces.change(replace(workspace, restored_at=now))
    after = {"held_deliveries": number, "held_source_calls": calls}
    audit.note(tx, Verb.WORKSPACE_RESTORED, workspace.id, name=workspace.subdomain, after=after)
    return number


def _catch_up(sender: Sender, *, now: datetime) -> None:
    inlet = Inlet(store=sender.store, clock=sender.clock, chance=sender.chance, secret=sender.secret)
    while source_work.wake(inlet, now=now):
        pass
    for workspace_id, rule_id in sender.store.queue.unplanned_rules():
        is_done = False
        while not is_done:
            with sender.store.transaction(workspace_id) as tx:
                is_done = go_on_planning(tx, rule_id, now=now, new_id=sender.chance.ordered_id)


def send(tx: Transaction, delivery_id: str, *, by: str, now: datetime) -> Delivery:
    """Let go what a restore holds back, though it may have left before. Raises NotFoundError, ConflictError."""
    restore.must_be_held(deliveries.get(tx, delivery_id))
    return interventions.resume(tx, delivery_id, by=by, now=now)


def take_as_sent(tx: Transaction, sender: Sender, delivery_id: str, *, by: str, now: datetime) -> Delivery:
    """End what a restore holds back as if it had been sent now: its recipient holds the entry, and hears of changes of it.

    Raises NotFoundError, ConflictError.
    """
    tx.bookings.get(deliveries.get(tx, delivery_id).booking_id, lock=True)
    delivery = deliveries.get(tx, delivery_id)
    verdict = _told(tx, sender, delivery, restore.taken_as_sent(delivery, by=by), now=now)
    if not tx.interventions.settle(delivery, verdict, now=now):
        raise ConflictError("this delivery changed at the same moment; look at it and try again")
    done = Intervention(delivery_id=delivery.id, deed=Deed.TAKEN_AS_SENT, by=by, at=now)
    tx.interventions.record(done, reason=verdict.reason)
    if not delivery.is_call:
        tx.invitations.recount(delivery)
    after = deliveries.get(tx, delivery_id)
    was, is_now = ({"state": one.state, "reason": one.reason} for one in (delivery, after))
    audit.note(tx, Verb.DELIVERY_TAKEN_AS_SENT, delivery.id, name=delivery.recipient, before=was, after=is_now)
    return after


def _told(tx: Transaction, sender: Sender, delivery: Delivery, sent: Verdict, *, now: datetime) -> Verdict:
    """Write down what the recipient's calendar was told by a message that has left; return how the delivery ends."""
    if delivery.cause is Cause.TEST:
        return sent  # it is about no booking
    (prepared,) = prepare(tx, sender, [delivery], now=now, leaves=False)
    return sent if isinstance(prepared, Ready) else prepared.verdict


def complaints(tx: Transaction, secret: bytes | None) -> list[str]:
    """Return what of a workspace is not whole: what does not fit together, and where its audit log was changed.

    Without the secret nobody can tell that of a log.
    """
    fault = None if secret is None else audit.fault(tx, secret)
    return [*tx.held.misfits(), *([] if fault is None else [fault.sentence])]
