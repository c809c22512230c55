"""Keeping invites in sync: who is to be told of a change that no rule of his own tells, and when nothing is left to tell.

Nobody's wishes are guessed from what the rule says now: who holds an invite stands in the ledger, and which actions invited
him stands beside it. A delivery that keeps an invite true is a question asked again at the moment of sending.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.domain.delivery import Cause, State, Verdict
from tocsin.domain.events import EventKind
from tocsin.domain.invite import Invitation, Method
from tocsin.domain.model import Booking
from tocsin.domain.plan import Planned
from tocsin.domain.rules import RuleId
from tocsin.domain.schedule import HORIZON

# A move is often followed by another. A cancellation is the last word, and somebody who was taken off need not wait either.
SETTLE = timedelta(seconds=10)
LONGEST_SETTLE = timedelta(minutes=2)  # however often the booking changes meanwhile
_LAST = 1_000_000  # the place after all messages that rules ask for at the same moment


class Standing(StrEnum):
    """What is true of one recipient and one booking now."""

    INVITED = "invited"
    TAKEN_OFF = "taken_off"
    OVER = "over"

    @property
    def method(self) -> Method:
        """What the calendar must have been told for that (RFC 5546, 3.2.2 and 3.2.5)."""
        return Method.REQUEST if self is Standing.INVITED else Method.CANCEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Inviter:
    """An action that invited a recipient. `keeps`: with keep_in_sync; `is_active`: he was not taken off the rule since."""

    rule_id: RuleId
    rule_revision: int
    action_index: int
    keeps: bool
    is_active: bool
    invited_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One recipient's invitation with the actions that invited him, the latest last; at least one of them keeps it."""

    invitation: Invitation
    inviters: Sequence[Inviter]

    @property
    def voice(self) -> Inviter:
        """The action whose words he is told in: the one that invited him last among those that keep the invite."""
        keeping = [inviter for inviter in self.inviters if inviter.keeps]
        return max(keeping, key=lambda inviter: (inviter.is_active, inviter.invited_at))


def standing(booking: Booking, inviters: Iterable[Inviter], *, told: Invitation | None = None) -> Standing:
    """Return what is true of a recipient whom `inviters` invited; without any he was never taken off.

    A CANCEL that was begun is finished, even if he was put back meanwhile: nobody knows whether it arrived, and after a CANCEL
    the entry that it was about is dead.
    """
    if booking.is_over:
        return Standing.OVER
    if told is not None and told.method is Method.CANCEL and not told.is_held:
        return Standing.TAKEN_OFF
    actives = [inviter.is_active for inviter in inviters]
    return Standing.INVITED if any(actives) or not actives else Standing.TAKEN_OFF


def plan_sync(booking: Booking, kept: Iterable[Kept], *, changed: bool, now: datetime) -> list[Planned]:
    """Return one delivery for each recipient who may have to be told; `changed`: the entry shows something else now."""
    return [_planned(booking, one, kind, now=now) for one in kept if (kind := _event(booking, one, changed=changed))]


def verdict_of(told: Invitation | None, now_true: Standing, *, revision: int, may_hold: bool) -> Verdict | None:
    """Return how a delivery that keeps an invite true ends because nothing is to be told, or None if something is.

    `revision` is that of the booking's change which is to be told. `may_hold`: the recipient's server took a message, or one
    was handed over and nobody knows.
    """
    if told is None or not may_hold:
        return Verdict(state=State.CANCELLED, reason="this recipient holds no invite that could be kept true")
    if told.method is Method.CANCEL and now_true is Standing.INVITED:
        return Verdict(state=State.CANCELLED, reason="the invite was withdrawn; only a rule invites again")
    if told.method is now_true.method and told.is_held and _is_news_to_nobody(told, revision):
        return SAID_ALREADY
    return None


SAID_ALREADY = Verdict(state=State.SUPERSEDED, reason="another message told this recipient the same")


def _is_news_to_nobody(told: Invitation, revision: int) -> bool:
    return told.method is Method.CANCEL or told.booking_revision >= revision


def _event(booking: Booking, kept: Kept, *, changed: bool) -> EventKind | None:
    told = kept.invitation
    if told.method is Method.CANCEL and told.is_held:
        return None
    match standing(booking, kept.inviters, told=told):
        case Standing.OVER:
            return EventKind.BOOKING_CANCELLED if changed else None
        case Standing.TAKEN_OFF:
            return EventKind.RECIPIENT_REMOVED
        case Standing.INVITED:  # pragma: no branch  mypy proves that no other is left
            is_kept = any(inviter.keeps and inviter.is_active for inviter in kept.inviters)
            return EventKind.BOOKING_RESCHEDULED if changed and is_kept else None


def _planned(booking: Booking, kept: Kept, kind: EventKind, *, now: datetime) -> Planned:
    due = now + SETTLE if kind is EventKind.BOOKING_RESCHEDULED else now
    return Planned(
        key="",
        rule_id=kept.voice.rule_id,
        rule_revision=kept.voice.rule_revision,
        action_index=kept.voice.action_index,
        booking_id=booking.id,
        booking_revision=booking.revision,
        event=kind,
        recipient=kept.invitation.recipient,
        due_at=due,
        expires_at=due + HORIZON,
        rank=_LAST,
        cause=Cause.KEEP_IN_SYNC,
    )
