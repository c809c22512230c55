"""What a call of a source says, read once more for whoever looks at it: nothing is asked, and nothing is changed."""

import logging
from dataclasses import dataclass

from tocsin.domain.model import Booking
from tocsin.domain.sources.chain import chain_of
from tocsin.domain.sources.news import News
from tocsin.domain.sources.source import InboundCall, Source
from tocsin.formats.sources import FORMATS
from tocsin.formats.sources.fields import NotUnderstoodError
from tocsin.formats.sources.shape import Reading
from tocsin.services import sources
from tocsin.services.ports import Transaction

log = logging.getLogger("tocsin.sources")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a call says of bookings, a sentence on what it does not, and which bookings of ours are spoken of.

    `bookings` has for each what the source calls it; None: there is none here.
    """

    news: tuple[News, ...]
    sentence: str
    bookings: tuple[tuple[str, Booking | None], ...]


def told(tx: Transaction, source: Source, call: InboundCall, body: bytes, *, secret: bytes) -> Told:
    """Return what the `body` of a call says. Raises ConflictError if the source was sealed by another server."""
    access = sources.opened(source, workspace_id=tx.workspace_id, secret=secret)
    try:
        reading = FORMATS[source.kind].read(body, access, {}, call.last_at)
    except NotUnderstoodError as error:
        reading = Reading(sentence=str(error))
    except Exception:  # a call of which nothing could be done is just what somebody looks at
        log.exception("a call of a source cannot be read", extra={"workspace": tx.workspace_id, "source": source.id})
        reading = Reading(sentence="it cannot be read here; the log says how")
    bookings = tuple((external_id, _ours(tx, source, external_id)) for external_id in reading.bookings)
    return Told(news=reading.news, sentence=reading.sentence, bookings=bookings)


def _ours(tx: Transaction, source: Source, external_id: str) -> Booking | None:
    """Return the booking here that a booking of the source is, also if another has taken its place since."""
    connected = tx.source_bookings.connected(source.id, external_id)
    if external_id not in connected:
        return None
    chain = chain_of(connected, external_id).links
    named = [one.booking_id for one in (*chain, connected[external_id]) if one.booking_id is not None]
    return tx.bookings.get(named[-1]) if named else None
