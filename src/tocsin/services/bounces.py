"""What came back of a delivery: bounces end it and, in the end, all mail to a dead address; a complaint does at once.

Which delivery is meant, only a signed return path can tell; see `inbound.py`.
"""

from datetime import datetime, timedelta

from tocsin.domain.bounce import Bounce, BounceKind, names_a_dead_address
from tocsin.domain.delivery import Delivery, Outcome, State
from tocsin.domain.errors import UnavailableError
from tocsin.domain.suppression import MOST_NOTE, WHOLE_WORKSPACE, Suppression, SuppressionReason
from tocsin.domain.text import one_line
from tocsin.services import limits, suppressions
from tocsin.services.ports import Transaction

LATEST = timedelta(days=30)  # servers give up after five days; what comes later is an old report, sent again


def bounced(tx: Transaction, delivery_id: str, bounce: Bounce, *, now: datetime, limit: int) -> bool:
    """Fail a delivery that its recipient's server has given up; tell whether that is new.

    After `limit` reports that nobody is at an address nothing more is sent there. Raises UnavailableError while the attempt is
    not settled: a report can be quicker than that.
    """
    delivery = tx.deliveries.get(delivery_id)
    if delivery is None or bounce.kind is not BounceKind.HARD:
        return False
    if delivery.state is State.SENDING:
        raise UnavailableError("this delivery is still in hand; bring its report again in a moment")
    tx.usage.lock()
    words = one_line(f"bounced: {bounce.status} {bounce.diagnostic}", limit=MOST_NOTE).strip()
    if not tx.bounces.end(delivery.id, reason=words, sent_since=now - LATEST, now=now):
        return False
    tx.invitations.recount(delivery)
    if not bounce.status.startswith("4"):  # a server that was away for days says nothing of our good name
        limits.count_bounced(tx, now=now)
    if names_a_dead_address(bounce.status):
        tx.bounces.mark_dead(delivery.id, now=now)
        if tx.bounces.number_dead(delivery.recipient) >= limit:
            _suppress(tx, delivery, SuppressionReason.BOUNCED, note=words, now=now)
    return True


def refused(tx: Transaction, outcome: Outcome, *, now: datetime) -> None:
    """Count what the next server refused at once because nobody is at the address: a bounce that needed no mail."""
    if names_a_dead_address(outcome.enhanced_code):
        tx.usage.lock()
        limits.count_bounced(tx, now=now)


def complained(tx: Transaction, delivery_id: str, *, now: datetime) -> bool:
    """Send nothing more to somebody who called a delivery spam; tell whether that is new."""
    delivery = tx.deliveries.get(delivery_id)
    if delivery is None:
        return False
    tx.usage.lock()
    if not tx.bounces.complain(delivery.id, now=now):
        return False
    limits.count_complained(tx, now=now)
    _suppress(tx, delivery, SuppressionReason.COMPLAINED, note="reported by the recipient's mail provider", now=now)
    return True


def _suppress(tx: Transaction, delivery: Delivery, reason: SuppressionReason, *, note: str, now: datetime) -> None:
    entry = Suppression(
        recipient=delivery.recipient, rule_id=WHOLE_WORKSPACE, reason=reason, since_at=now, note=note[:MOST_NOTE]
    )
    suppressions.put(tx, entry, now=now)
