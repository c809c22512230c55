"""What is done about sources beside taking calls: ask other products, go on with what waited, forget old calls."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from tocsin.domain.errors import ConflictError, UnavailableError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.sources.source import (
    ASKED_AGAIN,
    BODIES_KEPT_FOR,
    CALLS_KEPT_FOR,
    Access,
    CallState,
    InboundCall,
    Source,
    SourceId,
)
from tocsin.formats.sources import FORMATS
from tocsin.formats.sources.fields import NotUnderstoodError
from tocsin.formats.sources.shape import Answers, Question, Reading
from tocsin.services import source_bookings, source_calls, sources
from tocsin.services.ports import Transaction
from tocsin.services.ports_sources import Fetch
from tocsin.services.source_asking import AwayError, asked
from tocsin.services.source_bookings import Desk
from tocsin.services.source_calls import Inlet

MOST_AT_ONCE = 20
_TURN = timedelta(minutes=5)  # for one worker with a call, before another takes it

log = logging.getLogger("tocsin.sources")


def tend(inlet: Inlet, fetch: Fetch) -> bool:
    """Do one round; tell whether bookings may have changed."""
    now, queue = inlet.clock(), inlet.store.queue
    queue.forget_source_calls(bodies_before=now - BODIES_KEPT_FOR, calls_before=now - CALLS_KEPT_FOR)
    woken = wake(inlet, now=now)
    due = queue.due_source_calls(now=now, limit=MOST_AT_ONCE)
    for workspace_id, source_id, call_id in due:
        _survived(partial(_go_on, inlet, fetch), workspace_id, source_id, call_id)
    return bool(woken or due)


def wake(inlet: Inlet, *, now: datetime) -> int:
    """Go on with some of the bookings whose other half was waited for long enough; return with how many."""
    waiting = inlet.store.queue.due_source_bookings(now=now, limit=MOST_AT_ONCE)
    for workspace_id, source_id, external_id in waiting:
        if not _survived(partial(_wake, inlet), workspace_id, source_id, external_id):
            _wake(inlet, workspace_id, source_id, external_id, gives_up=True)
    return len(waiting)


def _survived(
    work: Callable[[WorkspaceId, SourceId, str], None], workspace_id: WorkspaceId, source_id: SourceId, thing_id: str
) -> bool:
    """Do `work`; tell whether it went well. What goes wrong with one thing must not be in the way of the others."""
    try:
        work(workspace_id, source_id, thing_id)
    except UnavailableError:
        raise
    except Exception:
        log.exception("work on a source failed unforeseen", extra={"workspace": workspace_id, "source": source_id})
        return False
    return True


def _wake(
    inlet: Inlet, workspace_id: WorkspaceId, source_id: SourceId, external_id: str, *, gives_up: bool = False
) -> None:
    with inlet.store.transaction(workspace_id) as tx:
        source = tx.sources.get(source_id, lock=True)
        found = None if source is None else tx.source_bookings.get(source.id, external_id)
        if source is None or found is None:
            return
        tx.source_bookings.put(source.id, found, is_waiting=False)
        if not gives_up:
            desk = Desk(tx=tx, source=source, now=inlet.clock(), chance=inlet.chance)
            source_bookings.wake(desk, external_id)


def _go_on(inlet: Inlet, fetch: Fetch, workspace_id: WorkspaceId, source_id: SourceId, call_id: str) -> None:
    """Ask the other product what a call is about, with no transaction open, and read the call with what it answers."""
    begun = _begun(inlet, workspace_id, source_id, call_id)
    if begun is None:
        return
    try:
        answers = asked(begun.questions(), fetch)
    except AwayError as error:
        with inlet.store.transaction(workspace_id) as tx:
            tx.sources.get(source_id, lock=True)
            now_kept = tx.source_calls.get(source_id, call_id)
            if now_kept is not None:
                put_off = replace(now_kept, tries=begun.call.tries)
                source_calls.put_off(tx, put_off, str(error), for_good=error.for_good, now=inlet.clock())
        inlet.telemetry.source_call(begun.source.kind.value, source_calls.AWAY)
        return
    done = None
    with inlet.store.transaction(workspace_id, by=source_calls.by(begun.source)) as tx:
        if tx.sources.get(source_id, lock=True) is not None:
            done = _finish(inlet, tx, begun, answers)
    if done is not None:
        inlet.telemetry.source_call(begun.source.kind.value, done.state.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A call in hand, and what is needed to read it."""

    source: Source
    call: InboundCall
    access: Access
    body: bytes
    at: datetime

    def read(self, answers: Answers) -> Reading:
        # What is answered is as old as the question: an answer that was long on its way must not win over a later one.
        return FORMATS[self.source.kind].read(self.body, self.access, answers, self.at)

    def questions(self) -> Sequence[Question]:
        try:
            return self.read({}).questions
        except NotUnderstoodError as error:  # another version took it
            raise AwayError(str(error), for_good=True) from error


def _begun(inlet: Inlet, workspace_id: WorkspaceId, source_id: SourceId, call_id: str) -> _Begun | None:
    """Take a call in hand, for so long that no other worker takes it too; None if it is done or gone."""
    now = inlet.clock()
    with inlet.store.transaction(workspace_id) as tx:
        source = tx.sources.get(source_id, lock=True)
        call = None if source is None else tx.source_calls.get(source.id, call_id)
        if source is None or call is None or call.next_at is None or call.next_at > now:
            return None
        try:
            body = source_calls.body_of(tx, call, secret=inlet.secret)
            access = sources.opened(source, workspace_id=workspace_id, secret=inlet.secret)
        except (ConflictError, ValueError):
            body, access = None, Access(secret="")
        wrong = "its body or its secret cannot be opened any more" if body is None else ""
        if call.tries > len(ASKED_AGAIN):  # each try ended before it could be told how
            wrong = "it failed here each time; the log says how"
        if body is None or wrong:
            source_calls.put_off(tx, call, wrong, for_good=True, now=now)
            return None
        tx.source_calls.put(replace(call, next_at=now + _TURN, tries=call.tries + 1))
        return _Begun(source=source, call=call, access=access, body=body, at=now)


def _finish(inlet: Inlet, tx: Transaction, begun: _Begun, answers: Answers) -> InboundCall | None:
    call = tx.source_calls.get(begun.source.id, begun.call.id)
    if call is None:
        return None
    done = source_calls.read_on(inlet, tx, begun.source, call, lambda _at: begun.read(answers))
    if call.times != begun.call.times:  # it came again meanwhile, and what was answered may be from before
        tx.source_calls.put(replace(done, state=CallState.NEW, next_at=inlet.clock()))
    return done
