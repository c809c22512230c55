"""How sources do: when each called last, and what became of its latest calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.domain.sources.source import CallState, Source
from tocsin.services.ports import Transaction

DAYS = 14  # in which calls are counted; those of a busy source in all of its time would be too many
LOST = (CallState.NOT_UNDERSTOOD, CallState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A source, when it called last, and how many of its calls of the last days are in which state."""

    source: Source
    last_at: datetime | None
    calls: Mapping[CallState, int]

    @property
    def lost(self) -> int:
        """How many calls of the last days could not be used."""
        return sum(self.calls.get(state, 0) for state in LOST)


def counted(tx: Transaction, *, now: datetime) -> list[Counted]:
    """Return all sources with their calls, the oldest source first."""
    calls, last = tx.source_calls.tally(since=now - timedelta(days=DAYS)), tx.source_calls.last()
    return [
        Counted(source=source, last_at=last.get(source.id), calls=calls.get(source.id, {}))
        for source in tx.sources.all()
    ]


def troubled(tx: Transaction, *, now: datetime) -> list[Counted]:
    """Return the sources that made calls in the last days which could not be used."""
    return [one for one in counted(tx, now=now) if one.lost]
