"""A dry run that somebody started and can come back to: how far it is, how it ended, and what it found."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.domain.actions import ActionType
from tocsin.domain.delivery import Cause, State
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId

KEPT_FOR = timedelta(days=1)  # it names people, and is made again in a minute
MOST_KEPT = 20  # of those of a workspace that have ended
MOST_UNDER_WAY = 3  # of a workspace
MOST_LINES = 2_000  # of what it would send, and as many of what would go no more
SILENT_FOR = timedelta(minutes=1)  # without a sign of life: whoever worked on it is gone

_TELLING_SHARE = 0.1  # of the work, before anybody can say how long the rest takes
_TELLING_TIME = timedelta(seconds=5)


class RunState(StrEnum):
    """Where a dry run stands. One that is under way and gives no sign of life is lost; that is never stored."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LOST = "lost"


UNDER_WAY = frozenset({RunState.WAITING, RunState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many of `bookings` are `lived` through, in one of the parts; None: they are not all found yet.

    There are two parts if there are rules to compare with: with the rule that is tried, and without it.
    """

    bookings: int | None = None
    lived: int = 0
    part: int = 1
    parts: int = 1

    @property
    def total(self) -> int:
        """How many bookings are to be lived through in all parts."""
        return (self.bookings or 0) * self.parts

    @property
    def done(self) -> int:
        """How many of these are."""
        return (self.bookings or 0) * (self.part - 1) + self.lived


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One delivery of a dry run, as it is kept. `is_told_anyway`: the present rules send the same at the same moment."""

    booking_id: BookingId
    recipient: str
    due_at: datetime
    event: EventKind
    cause: Cause
    action: ActionType
    state: State
    reason: str
    is_told_anyway: bool
    known_since: datetime | None

    @property
    def is_sent(self) -> bool:
        """Whether it would have left."""
        return self.state is State.SENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a dry run found: numbers of all, and the first of the lines, by their moments."""

    bookings: int
    deliveries: int
    sent: int
    new: int  # of those that are sent: what the present rules do not send
    no_longer: int  # what the present rules send, and would not leave with it
    lines: tuple[Line, ...]
    lost_lines: tuple[Line, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all lines are kept."""
        return len(self.lines) == self.deliveries and len(self.lost_lines) == self.no_longer


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A dry run of a rule over a window of time. `is_draft`: the rule is not as it is saved; without a `rule_id` it is new."""

    id: str
    rule_id: str
    name: str
    is_draft: bool
    start: datetime
    end: datetime
    made_by: str
    made_at: datetime
    seen_at: datetime  # when there was a sign of life
    state: RunState = RunState.WAITING
    began_at: datetime | None = None
    ended_at: datetime | None = None
    progress: Progress = field(default_factory=Progress)
    sentence: str = ""  # why it failed
    report: Report | None = None

    def standing(self, now: datetime) -> RunState:
        """Return where it stands at a moment."""
        is_silent = now - self.seen_at > SILENT_FOR
        return RunState.LOST if self.state in UNDER_WAY and is_silent else self.state

    def is_under_way(self, now: datetime) -> bool:
        """Tell whether somebody works on it, or will."""
        return self.standing(now) in UNDER_WAY

    def left(self, now: datetime) -> timedelta | None:
        """Return about how long it will take yet, if enough is done to tell."""
        if self.began_at is None or not self.progress.total:
            return None
        took, share = now - self.began_at, self.progress.done / self.progress.total
        is_telling = took >= _TELLING_TIME and share >= _TELLING_SHARE
        return took * ((1 - share) / share) if is_telling else None
