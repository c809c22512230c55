"""Retention: the words of messages are forgotten some time after their deliveries ended; what became of them stays."""

from datetime import datetime, timedelta

from tocsin.domain.audit import Verb
from tocsin.services import audit
from tocsin.services.ports import Transaction

MESSAGES_KEPT_FOR = timedelta(days=30)


def kept_for(tx: Transaction) -> timedelta:
    """Return for how long the workspace keeps the words of messages."""
    days = tx.retention.days()
    return MESSAGES_KEPT_FOR if days is None else timedelta(days=days)


def keep(tx: Transaction, days: int | None) -> None:
    """Keep the words of messages for so many days; None: as long as by default."""
    before = tx.retention.days()
    tx.retention.keep(days)
    was, is_now = ({"messages_kept_days": one} for one in (before, days))
    audit.note(tx, Verb.WORKSPACE_CHANGED, tx.workspace_id, name="retention", before=was, after=is_now)


def forget(tx: Transaction, *, now: datetime) -> int:
    """Forget the words of messages that are old enough; return how many."""
    return tx.retention.forget_messages(before=now - kept_for(tx))
