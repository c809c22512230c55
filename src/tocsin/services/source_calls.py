"""Calls of sources: proved, stored, applied if they can be, and read again when somebody asks."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from tocsin.domain.audit import By, Through, Verb
from tocsin.domain.errors import ConflictError, NotFoundError, SignatureError, UnavailableError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.sources.address import source_of
from tocsin.domain.sources.source import ASKED_AGAIN, Access, CallState, InboundCall, Source, SourceId
from tocsin.formats import secretbox
from tocsin.formats.sources import FORMATS
from tocsin.formats.sources.fields import NotUnderstoodError
from tocsin.formats.sources.shape import Answers, Incoming, Reading
from tocsin.services import audit, source_bookings, sources
from tocsin.services.boxes import Box, Sort
from tocsin.services.ports import Chance, Clock, Page, Store, Transaction
from tocsin.services.ports_telemetry import Silence, Telemetry
from tocsin.services.source_bookings import Desk

_PURPOSE = "call of a source"
_PART = 50  # boxes that are read at once; a body can have a megabyte
# What becomes of a call beside the states that it can be stored in.
FORGED = "forged"  # it does not prove that it comes from there
AWAY = "away"  # the other product was asked what it is about, and did not answer
_DONE = frozenset({CallState.APPLIED, CallState.NOTHING_TO_DO})

log = logging.getLogger("tocsin.sources")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlet:
    """What taking calls needs; `secret` is the server's own."""

    store: Store
    clock: Clock
    chance: Chance
    secret: bytes
    telemetry: Telemetry = field(default_factory=Silence)


def receive(inlet: Inlet, workspace_id: WorkspaceId, token: str, incoming: Incoming) -> InboundCall:
    """Store a call and apply it if it can be. Raises NotFoundError for an unknown address, SignatureError for a forged call."""
    source, access = _addressed(inlet, workspace_id, token)
    if not FORMATS[source.kind].is_genuine(incoming, access, inlet.clock()):
        inlet.telemetry.source_call(source.kind.value, FORGED)
        raise SignatureError
    call = _received(inlet, workspace_id, source, access, incoming.body)
    inlet.telemetry.source_call(source.kind.value, call.state.value)
    return call


def _received(inlet: Inlet, workspace_id: WorkspaceId, source: Source, access: Access, body: bytes) -> InboundCall:
    try:
        return _stored_at_last(inlet, workspace_id, source, access, body)
    except (UnavailableError, NotFoundError):
        raise  # nothing was stored; of a store that is busy the sender is told to come again
    except Exception:
        log.exception("a call of a source failed unforeseen", extra={"workspace": workspace_id, "source": source.id})
        return _failed(inlet, workspace_id, source, body)


def page(tx: Transaction, source_id: str, wanted: Page, *, state: str = "") -> tuple[list[InboundCall], int]:
    """Return a page of a source's calls, those that came last first, and the number of all. Raises NotFoundError."""
    source = sources.get(tx, source_id)
    return tx.source_calls.page(source.id, state=state, limit=wanted.size, offset=wanted.offset)


def get(tx: Transaction, source_id: str, call_id: str) -> InboundCall:
    """Return a call. Raises NotFoundError."""
    call = tx.source_calls.get(sources.get(tx, source_id).id, call_id)
    if call is None:
        raise NotFoundError("there is no call of this source with this id")
    return call


def body_of(tx: Transaction, call: InboundCall, *, secret: bytes) -> bytes | None:
    """Return the body of a call, or None if it was forgotten. Raises ConflictError if it was sealed by another server."""
    if call.box is None:
        return None
    identity = (tx.workspace_id, call.source_id, call.id)
    try:
        return secretbox.unseal(call.box, secret=secret, purpose=_PURPOSE, identity=identity)
    except ValueError:
        raise ConflictError("the body of this call cannot be opened; was TOCSIN_SECRET_KEY changed?") from None


def boxes(tx: Transaction) -> Iterator[Box]:
    """Yield the boxes of all calls whose bodies are still kept, a part of them in memory at a time."""
    last = ""
    while found := tx.source_calls.boxes(after_id=last, limit=_PART):
        for source_id, call_id, box in found:
            yield Box(
                sort=Sort.CALL,
                name=f"{call_id} of the source {source_id}",
                sealed=box,
                purpose=_PURPOSE,
                identity=(tx.workspace_id, source_id, call_id),
                put=partial(tx.source_calls.put_box, call_id),
            )
        last = found[-1][1]


def replay(inlet: Inlet, tx: Transaction, source_id: str, call_id: str) -> InboundCall:
    """Read a call again as this version reads it. Raises NotFoundError, and ConflictError if its body was forgotten."""
    source = tx.sources.get(source_id, lock=True) or sources.get(tx, source_id)
    call = get(tx, source_id, call_id)
    body = body_of(tx, call, secret=inlet.secret)
    if body is None:
        raise ConflictError("the body of this call was forgotten; bodies are kept for 30 days")
    access = sources.opened(source, workspace_id=tx.workspace_id, secret=inlet.secret)
    audit.note(tx, Verb.SOURCE_CALL_REPLAYED, source.id, name=source.name, after={"call": call.id})
    return read_on(inlet, tx, source, replace(call, tries=0), lambda at: _read(source, access, body, {}, at))


def read_on(
    inlet: Inlet, tx: Transaction, source: Source, call: InboundCall, read: Callable[[datetime], Reading]
) -> InboundCall:
    """Read a call, do what it says, and store what became of it. The source must be locked."""
    now = inlet.clock()
    desk = Desk(tx=tx, source=source, now=now, chance=inlet.chance)
    try:
        reading = read(now)
        state, sentence = _done(desk, reading)
    except NotUnderstoodError as error:
        reading, state, sentence = Reading(), CallState.NOT_UNDERSTOOD, str(error)
    call = replace(call, state=state, sentence=sentence, next_at=now if reading.questions else None)
    tx.source_calls.put(call)
    return call


def by(source: Source) -> By:
    """Return who a source is in the audit log, where its calls make links and hosts."""
    return By(who=f"source {source.name}", through=Through.SERVER)


def put_off(tx: Transaction, call: InboundCall, sentence: str, *, for_good: bool, now: datetime) -> None:
    """Store that the other product did not answer: it is asked again later, or never again."""
    is_last = for_good or call.tries >= len(ASKED_AGAIN)
    state = CallState.FAILED if is_last else CallState.NEW
    next_at = None if is_last else now + ASKED_AGAIN[call.tries]
    tx.source_calls.put(replace(call, state=state, sentence=sentence, tries=call.tries + 1, next_at=next_at))


def _read(source: Source, access: Access, body: bytes, answers: Answers, at: datetime) -> Reading:
    return FORMATS[source.kind].read(body, access, answers, at)


def _addressed(inlet: Inlet, workspace_id: WorkspaceId, token: str) -> tuple[Source, Access]:
    source_id = source_of(token, workspace_id=workspace_id, secret=inlet.secret)
    if source_id is not None:
        with inlet.store.reading(workspace_id) as tx:
            source = tx.sources.get(source_id)
        if source is not None:
            return source, sources.opened(source, workspace_id=workspace_id, secret=inlet.secret)
    raise NotFoundError("there is no source at this address")


def _stored_at_last(
    inlet: Inlet, workspace_id: WorkspaceId, source: Source, access: Access, body: bytes
) -> InboundCall:
    try:
        return _stored(inlet, workspace_id, source, access, body)
    except ConflictError:  # somebody made the same link or member at this moment; now it is there
        return _stored(inlet, workspace_id, source, access, body)


def _stored(inlet: Inlet, workspace_id: WorkspaceId, source: Source, access: Access, body: bytes) -> InboundCall:
    with inlet.store.transaction(workspace_id, by=by(source)) as tx:
        if tx.sources.get(source.id, lock=True) is None:
            raise NotFoundError("there is no source at this address")
        call = _noted(inlet, tx, source, body)
        # What only says what to ask for is news each time that it comes.
        if call.times > 1 and call.state in _DONE and not FORMATS[source.kind].asks:
            return call
        return read_on(inlet, tx, source, call, lambda at: _read(source, access, body, {}, at))


def _failed(inlet: Inlet, workspace_id: WorkspaceId, source: Source, body: bytes) -> InboundCall:
    """Store a call of which nothing could be done, alone."""
    with inlet.store.transaction(workspace_id) as tx:
        call = _noted(inlet, tx, source, body)
        failed = replace(call, state=CallState.FAILED, sentence="it failed here; the log says how", next_at=None)
        tx.source_calls.put(failed)
    return failed


def _noted(inlet: Inlet, tx: Transaction, source: Source, body: bytes) -> InboundCall:
    """Store that a call came; the same body again is the same call, once more."""
    now, digest = inlet.clock(), hashlib.sha256(body).hexdigest()
    call = tx.source_calls.by_digest(source.id, digest)
    call_id = inlet.chance.ordered_id() if call is None else call.id
    identity = (tx.workspace_id, source.id, call_id)
    box = secretbox.seal(body, secret=inlet.secret, purpose=_PURPOSE, identity=identity)
    if call is None:
        call = InboundCall(
            id=call_id,
            source_id=SourceId(source.id),
            digest=digest,
            box=box,
            received_at=now,
            last_at=now,
            times=1,
            state=CallState.NEW,
            sentence="",
        )
    else:
        call = replace(call, box=box, last_at=now, times=call.times + 1, tries=0)
    tx.source_calls.put(call)
    return call


def _done(desk: Desk, reading: Reading) -> tuple[CallState, str]:
    if reading.questions:
        return CallState.NEW, reading.sentence
    effects = source_bookings.take(desk, reading.news)
    sentences = [one.sentence for one in effects] + ([reading.sentence] if reading.sentence else [])
    is_news = any(one.changed for one in effects)
    return CallState.APPLIED if is_news else CallState.NOTHING_TO_DO, "; ".join(sentences)
