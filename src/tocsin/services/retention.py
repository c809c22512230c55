"""Retention: the words of messages are forgotten some time after their deliveries ended; whole bookings if somebody says so."""

from datetime import datetime, timedelta

from tocsin.domain.audit import Verb
from tocsin.domain.retention import Kept
from tocsin.services import audit
from tocsin.services.ports import Transaction

MOST = 200  # bookings in one transaction, so that others need not wait


def keep(tx: Transaction, kept: Kept) -> None:
    """Keep words and bookings for so long."""
    before = tx.retention.kept()
    tx.retention.keep(kept)
    was, is_now = ({"messages_kept_days": one.messages, "bookings_kept_days": one.bookings} for one in (before, kept))
    audit.note(tx, Verb.WORKSPACE_CHANGED, tx.workspace_id, name="retention", before=was, after=is_now)


def forget(tx: Transaction, *, now: datetime) -> int:
    """Forget the words of messages that are old enough; return how many. What became of them stays."""
    return tx.retention.forget_messages(before=now - tx.retention.kept().words)


def forget_bookings(tx: Transaction, *, now: datetime) -> int:
    """Forget up to MOST bookings that are old enough, with all that is known of them; return how many.

    One about which a message is still to be sent, or waits for a person, is kept.
    """
    days = tx.retention.kept().bookings
    return 0 if days is None else tx.retention.forget_bookings(before=now - timedelta(days=days), most=MOST)
