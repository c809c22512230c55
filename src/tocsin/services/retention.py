"""Retention: the words of messages are forgotten some time after their deliveries ended; whole bookings if somebody says so."""

from datetime import datetime, timedelta

from tocsin.domain.audit import Verb
from tocsin.domain.model import WorkspaceId
from tocsin.domain.retention import Kept
from tocsin.services import audit
from tocsin.services.ports import Store, Transaction

LOOKED_FOR = 5000  # bookings that one look finds: each goes through all bookings of the workspace
AT_ONCE = 100  # bookings in one transaction, so that others need not wait


def keep(tx: Transaction, kept: Kept) -> None:
    """Keep words and bookings for so long."""
    before = tx.retention.kept()
    tx.retention.keep(kept)
    was, is_now = ({"messages_kept_days": one.messages, "bookings_kept_days": one.bookings} for one in (before, kept))
    audit.note(tx, Verb.WORKSPACE_CHANGED, tx.workspace_id, name="retention", before=was, after=is_now)


def forget(tx: Transaction, *, now: datetime) -> int:
    """Forget the words of messages that are old enough; return how many. What became of them stays."""
    return tx.retention.forget_messages(before=now - tx.retention.kept().words)


def forget_bookings(store: Store, workspace_id: WorkspaceId, *, now: datetime) -> int:
    """Forget bookings that are old enough, with all that is known of them; return how many.

    One about which a message is still to be sent, or waits for a person, is kept. They go in transactions of a few each.
    """
    number = 0
    while True:
        with store.reading(workspace_id) as tx:
            days = tx.retention.kept().bookings
            if days is None:
                return number
            before = now - timedelta(days=days)
            over = tx.retention.over(before=before, most=LOOKED_FOR)
        gone = 0
        for first in range(0, len(over), AT_ONCE):
            with store.transaction(workspace_id) as tx:
                gone += tx.retention.forget_bookings(over[first : first + AT_ONCE], before=before)
        if not gone:
            return number
        number += gone
