"""Looks: a source's product is asked now and then what it knows, because a call may have been lost.

A look goes page by page, each a step that a worker takes in its turn; where it is stands in the store. What it finds is told
like a call, but only where it differs from what is known, so that a look without news does nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.domain.sources.chain import External
from tocsin.domain.sources.news import Details, Known, News
from tocsin.domain.sources.source import SourceId

EVERY = timedelta(minutes=10)
SPREAD = 60  # seconds, so that sources that were made together do not look together
OVERLAP = timedelta(hours=1)  # asked for once more, because another's clock and store are not ours
TURN = timedelta(minutes=5)  # for one worker with a step, before another takes it
MOST_STEPS = 60  # of a look in one go; then it rests, and goes on where it was
AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))  # after trouble; the last one from then on
_STUCK = 3  # failures after which a look begins anew: a mark of theirs may not be good for ever
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the looks of a source go.

    `position` is where the one under way goes on, `began_at` when it began, `found` how many bookings it changed. `looked_at`
    is when the last whole one began; None: none did yet. `trouble` is what went wrong last, or what could not be used; empty:
    nothing. `turn` tells a worker that its step was taken over. `next_at` is None while it is held.
    """

    source_id: SourceId
    position: str = ""
    began_at: datetime | None = None
    steps: int = 0
    found: int = 0
    looked_at: datetime | None = None
    trouble: str = ""
    failures: int = 0
    turn: int = 0
    next_at: datetime | None = None

    @property
    def is_first(self) -> bool:
        """Whether none has come to its end: what is there now was there before us."""
        return self.looked_at is None

    def taken(self, now: datetime) -> "Look":
        """Return it in the hands of a worker."""
        begun = self if self.began_at is not None else replace(self, began_at=now, found=0, trouble="")
        return replace(begun, turn=self.turn + 1, next_at=now + TURN)

    def went_on(self, position: str, *, found: int, remark: str, now: datetime) -> "Look":
        """Return it after a step; an empty `position` is its end. Of remarks the first stays; trouble that passed does not."""
        before = "" if self.failures else self.trouble
        after = replace(self, found=self.found + found, trouble=before or remark, failures=0)
        if not position:
            ended = replace(after, looked_at=self.began_at, began_at=None, position="", steps=0)
            return replace(ended, next_at=now + EVERY + self._spread)
        rests = (self.steps + 1) % MOST_STEPS == 0
        return replace(after, position=position, steps=self.steps + 1, next_at=now + EVERY if rests else now)

    def failed(self, sentence: str, *, for_good: bool, now: datetime) -> "Look":
        """Return it after trouble: it goes on later, with longer and longer waits. `for_good`: soon will not help."""
        wait = AGAIN[-1] if for_good else AGAIN[min(self.failures, len(AGAIN) - 1)]
        after = replace(self, trouble=sentence, failures=self.failures + 1, next_at=now + wait)
        return replace(after, position="", steps=0) if after.failures >= _STUCK else after

    @property
    def _spread(self) -> timedelta:
        return timedelta(seconds=sum(self.source_id.encode()) % SPREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A booking as a look saw it.

    `has_clock`: its moment is by the clock that calls go by, and tells which of them is newer; else it is only older than any
    call about a change. `made_at` is when it was booked; None: that is not told. `is_whole`: all that a call tells is told;
    else what a call has told of a booking stays, but for its times and where it stands.
    """

    news: News
    has_clock: bool = True
    made_at: datetime | None = None
    is_whole: bool = True


def is_ours_to_tell(sight: Sight, external: External | None, *, is_first: bool, since: datetime) -> bool:
    """Tell whether a booking that a look saw is to be told here.

    What was booked before the source was made (`since`) is left alone until a call speaks of it. Where a product does not tell
    when that was, it is what the first look sees; it is kept with nothing known of it.
    """
    if external is not None:
        return external.known != Known()
    return not is_first if sight.made_at is None else sight.made_at >= since


def told(sight: Sight, external: External | None, *, asked_at: datetime) -> News | None:
    """Return what of a sight is news, with a moment that lets it win over what it follows and nothing else; None: nothing."""
    if external is None or external.known == Known():
        return sight.news
    known, news = external.known, sight.news
    if not sight.has_clock:
        if external.told_at is not None and external.told_at >= asked_at:
            return None  # a call came while it was asked, and the answer may be from before; the next look tells
        news = replace(news, at=max(_moments(known), default=news.at) + _TICK)
    return _difference(news, known, is_whole=sight.is_whole)


def _difference(news: News, known: Known, *, is_whole: bool) -> News | None:
    marks = dict(known.no_shows)
    left = replace(
        news,
        details=_details(news, known, is_whole=is_whole),
        is_confirmed=news.is_confirmed and not known.is_confirmed,
        ending=None if known.ending is not None else news.ending,
        no_shows=tuple((who, is_so) for who, is_so in news.no_shows if is_so != (who in marks and marks[who].value)),
        outcome=None if news.outcome == (known.outcome and known.outcome.value) else news.outcome,
        uid="" if known.uid is not None else news.uid,
        continues="" if known.continues is not None else news.continues,
    )
    return None if left == News(booking=news.booking, at=news.at) else left


def _details(news: News, known: Known, *, is_whole: bool) -> Details | None:
    told, before = news.details, None if known.details is None else known.details.value
    if told is None or before is None:
        return told
    if not is_whole:
        told = replace(before, starts_at=told.starts_at, ends_at=told.ends_at)
    return None if told == before else told


def _moments(known: Known) -> Iterator[datetime]:
    for one in (known.details, known.ending, known.outcome, known.uid, known.continues, *dict(known.no_shows).values()):
        if one is not None:
            yield one.at
