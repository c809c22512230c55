"""Looks: what other products know is asked for page by page, and what no call has told is told as a call would have."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.domain.audit import Verb
from tocsin.domain.errors import ConflictError, UnavailableError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.sources.chain import External
from tocsin.domain.sources.looks import OVERLAP, Look, Sight, is_ours_to_tell, told
from tocsin.domain.sources.news import Known, News
from tocsin.domain.sources.source import Source, SourceId
from tocsin.formats.sources.fields import NotUnderstoodError
from tocsin.formats.sources.looks import ALWAYS, LOOKERS, can_look
from tocsin.formats.sources.looks.shape import BACK, Page, View
from tocsin.formats.sources.shape import Answers
from tocsin.services import audit, source_bookings, source_calls, sources
from tocsin.services.ports import Transaction
from tocsin.services.ports_sources import Fetch
from tocsin.services.source_asking import AwayError, asked
from tocsin.services.source_bookings import Desk
from tocsin.services.source_calls import Inlet

MOST_AT_ONCE = 10  # steps in a round
MOST_WAVES = 4  # of questions in a step
HELD = "held since a restore: what it finds may have been told after the backup was taken; look now to tell it"

log = logging.getLogger("tocsin.sources")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A step in hand."""

    workspace_id: WorkspaceId
    source: Source
    look: Look
    view: View


def tend(inlet: Inlet, fetch: Fetch) -> bool:
    """Take the steps that are due; tell whether bookings may have changed."""
    due = inlet.store.queue.due_source_looks(now=inlet.clock(), kinds=ALWAYS, limit=MOST_AT_ONCE)
    found = [step(inlet, fetch, workspace_id, source_id) for workspace_id, source_id in due]
    return any(found)


def step(inlet: Inlet, fetch: Fetch, workspace_id: WorkspaceId, source_id: SourceId) -> int:
    """Take the next step of a source's look, unless another worker does; return how many bookings it changed.

    Nothing is asked with a transaction open, and each booking is changed in its own, so that calls need not wait.
    """
    begun = _begun(inlet, workspace_id, source_id)
    if begun is None:
        return 0
    try:
        page = _page(begun, fetch)
        found, remark = _applied(inlet, begun, page.sights)
    except UnavailableError:
        raise  # the store is away; after its turn the step is taken again
    except (AwayError, NotUnderstoodError) as error:
        for_good = isinstance(error, AwayError) and error.for_good
        sentence = str(error)
        _keep(inlet, begun, lambda look, now: look.failed(sentence, for_good=for_good, now=now))
    except Exception:
        log.exception("a look of source %s failed unforeseen", source_id)
        _keep(inlet, begun, lambda look, now: look.failed("it failed here; the log says how", for_good=False, now=now))
    else:
        wrong = page.remark or remark
        _keep(inlet, begun, lambda look, now: look.went_on(page.position, found=found, remark=wrong, now=now))
        return found
    return 0


def look_now(tx: Transaction, source_id: str, *, now: datetime) -> Look:
    """Let a source look as soon as a worker can. Raises NotFoundError, and ConflictError if it has no key."""
    source = tx.sources.get(source_id, lock=True) or sources.get(tx, source_id)
    look = of(tx, source)
    if look is None:
        raise ConflictError("this source has no token to look with; make it anew with one")
    asked_for = replace(look, next_at=min(now, look.next_at or now))
    tx.source_looks.put(asked_for)
    audit.note(tx, Verb.SOURCE_LOOKED, source.id, name=source.name, after={"looks_at": f"{now:%Y-%m-%dT%H:%M:%SZ}"})
    return asked_for


def of(tx: Transaction, source: Source) -> Look | None:
    """Return how the looks of a source go; None if it cannot look."""
    found = tx.source_looks.get(source.id)
    if found is None and source.kind in ALWAYS:  # it is older than looks
        return Look(source_id=source.id, next_at=source.created_at)
    return found


def hold(tx: Transaction) -> int:
    """Let no source look until somebody asks for it; return how many would have."""
    found = [look for source in tx.sources.all() if (look := of(tx, source)) is not None]
    for look in found:
        tx.source_looks.put(replace(look, turn=look.turn + 1, next_at=None, trouble=HELD))
    return len(found)


def _begun(inlet: Inlet, workspace_id: WorkspaceId, source_id: SourceId) -> _Begun | None:
    """Take a step in hand, for so long that no other worker takes it too; None if another has, or there is nothing to do."""
    now = inlet.clock()
    with inlet.store.transaction(workspace_id) as tx:
        source = tx.sources.get(source_id, lock=True)
        look = None if source is None else of(tx, source)
        if source is None or look is None or look.next_at is None or look.next_at > now:
            return None
        try:
            access = sources.opened(source, workspace_id=workspace_id, secret=inlet.secret)
        except ConflictError as error:
            tx.source_looks.put(look.failed(str(error), for_good=True, now=now))
            return None
        if not can_look(source.kind, access):
            return None
        taken = look.taken(now)
        tx.source_looks.put(taken)
        expected = frozenset(tx.source_bookings.live(source.id, since=now - BACK))
    since = (look.looked_at or source.created_at) - OVERLAP
    view = View(access=access, at=now, since=since, position=look.position, expected=expected)
    return _Begun(workspace_id=workspace_id, source=source, look=taken, view=view)


def _page(begun: _Begun, fetch: Fetch) -> Page:
    """Ask until a page can be read. Raises AwayError, NotUnderstoodError."""
    answers: Answers = {}
    for _ in range(MOST_WAVES):
        page = LOOKERS[begun.source.kind].step(begun.view, answers)
        if not page.questions:
            return page
        answers = {**answers, **asked(page.questions, fetch)}
    raise AwayError("the other product could not be asked: its answers lead from one to another", for_good=False)


def _applied(inlet: Inlet, begun: _Begun, sights: Iterable[Sight]) -> tuple[int, str]:
    """Do what of sights is news; return how many bookings were changed, and what is wrong with the first that cannot be."""
    found, remark = 0, ""
    for sight in _news(inlet, begun, sights):
        try:
            found += _settled(inlet, begun, sight)
        except NotUnderstoodError as error:
            remark = remark or f"booking {sight.news.booking} could not be used: {error}"
    return found, remark


def _news(inlet: Inlet, begun: _Begun, sights: Iterable[Sight]) -> list[Sight]:
    """Return the sights that are news, as it seems before anything is locked; keep which bookings were there before."""
    with inlet.store.reading(begun.workspace_id) as tx:
        pairs = [(sight, tx.source_bookings.get(begun.source.id, sight.news.booking)) for sight in sights]
    before = [one.news.booking for one, known in pairs if known is None and begun.look.is_first and one.made_at is None]
    if before:
        with inlet.store.transaction(begun.workspace_id) as tx:
            if tx.sources.get(begun.source.id, lock=True) is not None:
                _keep_as_old(tx, begun.source, before)
    return [sight for sight, known in pairs if _what(begun, sight, known) is not None]


def _keep_as_old(tx: Transaction, source: Source, bookings: Iterable[str]) -> None:
    for booking in bookings:
        if tx.source_bookings.get(source.id, booking) is None:  # no call came meanwhile
            tx.source_bookings.put(source.id, External(id=booking, known=Known()), is_waiting=False)


def _what(begun: _Begun, sight: Sight, known: External | None) -> News | None:
    if not is_ours_to_tell(sight, known, is_first=begun.look.is_first, since=begun.source.created_at):
        return None
    return told(sight, known, asked_at=begun.view.at)


def _settled(inlet: Inlet, begun: _Begun, sight: Sight) -> int:
    try:
        return _settled_once(inlet, begun, sight)
    except ConflictError:  # somebody made the same link or member at this moment; now it is there
        return _settled_once(inlet, begun, sight)


def _settled_once(inlet: Inlet, begun: _Begun, sight: Sight) -> int:
    with inlet.store.transaction(begun.workspace_id, by=source_calls.by(begun.source)) as tx:
        source = tx.sources.get(begun.source.id, lock=True)
        if source is None:
            return 0
        news = _what(begun, sight, tx.source_bookings.get(source.id, sight.news.booking))
        if news is None:
            return 0
        desk = Desk(tx=tx, source=source, now=inlet.clock(), chance=inlet.chance)
        return sum(effect.changed for effect in source_bookings.take(desk, [news]))


def _keep(inlet: Inlet, begun: _Begun, after: Callable[[Look, datetime], Look]) -> None:
    """Store how a step went, unless it was taken over meanwhile."""
    with inlet.store.transaction(begun.workspace_id) as tx:
        source = tx.sources.get(begun.source.id, lock=True)
        look = None if source is None else tx.source_looks.get(begun.source.id)
        if look is not None and look.turn == begun.look.turn:
            tx.source_looks.put(after(begun.look, inlet.clock()))
