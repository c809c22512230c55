"""The engine: what an event and the rules of its link ask to be delivered, with keys that are the same each time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tocsin.domain.actions.types import ActionType
from tocsin.domain.delivery import Cause, Delivery, State
from tocsin.domain.events import TIMED, Event, EventKind
from tocsin.domain.model import Booking, BookingId, BookingStatus
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rules import AutomationRule, RuleId, matches
from tocsin.domain.schedule import expires_at, moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A delivery not yet stored.

    `key` makes planning idempotent: the same key is the same delivery. `rank` is its place among those planned together,
    so that messages to one recipient about one booking keep their order.
    """

    key: str
    rule_id: RuleId
    rule_revision: int
    action_index: int
    booking_id: BookingId
    booking_revision: int
    event: EventKind
    recipient: str
    due_at: datetime
    expires_at: datetime
    rank: int
    state: State = State.SCHEDULED
    reason: str = ""
    cause: Cause = Cause.RULE_FIRED
    about: str = ""
    action: ActionType = ActionType.SEND_CALENDAR_INVITE_TO_ANYONE


def plan(event: Event, rules: Iterable[AutomationRule]) -> list[Planned]:
    """Return one delivery for each recipient of each action of each rule that fires for `event`."""
    firing = [rule for rule in rules if matches(rule, event.kind, event.booking)]
    now = event.occurred_at
    expires = expires_at(event.kind, event.booking, due=now)
    return list(_planned(firing, event.booking, key=event.key, due=now, expires=expires, now=now, about=event.about))


def plan_timed(booking: Booking, rules: Iterable[AutomationRule], *, now: datetime) -> list[Planned]:
    """Return the deliveries before and after the meeting that `rules` ask for, as the booking is now.

    A rule with several offsets has several moments. The key holds the due moment and not the revision: planning again after a
    change that does not move the moment finds the same delivery, sent or not; no reminder is sent twice for one moment.
    """
    if booking.status is not BookingStatus.CONFIRMED:
        return []
    found: list[Planned] = []
    for rule in rules:
        if rule.event in TIMED and matches(rule, rule.event, booking):
            for due, expires in moments(rule.event, booking, rule.offsets):
                key = f"{booking.id}/{rule.event.value}/{int(due.timestamp())}"
                found += _planned([rule], booking, key=key, due=due, expires=expires, now=now)
    return found


def readdressed(delivery: Delivery, recipient: str) -> Planned:
    """Return the same message as `delivery`, which has not left, for another address; paused, if it is."""
    is_paused = delivery.state is State.PAUSED
    return Planned(
        key=f"{delivery.id}/{recipient_key(recipient)}",
        rule_id=RuleId(delivery.rule_id),
        rule_revision=delivery.rule_revision,
        action_index=delivery.action_index,
        booking_id=delivery.booking_id,
        booking_revision=delivery.booking_revision,
        event=delivery.event,
        recipient=recipient,
        due_at=delivery.due_at,
        expires_at=delivery.expires_at,
        rank=0,
        state=State.PAUSED if is_paused else State.SCHEDULED,
        reason=delivery.reason if is_paused else "",
        about=delivery.about,
        action=delivery.action,
    )


def planned_as(delivery: Delivery, planned: Iterable[Planned]) -> Planned | None:
    """Return what `delivery`, which is timed, is among what is planned for its rule now, or None if it is not."""
    own = (delivery.action_index, recipient_key(delivery.recipient), delivery.due_at)
    found = (one for one in planned if own == (one.action_index, recipient_key(one.recipient), one.due_at))
    return next(found, None)


def _planned(
    rules: Iterable[AutomationRule],
    booking: Booking,
    *,
    key: str,
    due: datetime,
    expires: datetime,
    now: datetime,
    about: str = "",
) -> Iterator[Planned]:
    rank, late = 0, now >= expires
    for rule in rules:
        for index, action in enumerate(rule.actions):
            for recipient in action.recipients(booking):
                yield Planned(
                    key=f"{rule.id}/{key}/{index}/{recipient_key(recipient)}",
                    rule_id=rule.id,
                    rule_revision=rule.revision,
                    action_index=index,
                    booking_id=booking.id,
                    booking_revision=booking.revision,
                    event=rule.event,
                    recipient=recipient,
                    due_at=due,
                    expires_at=expires,
                    rank=rank,
                    state=State.EXPIRED if late else State.SCHEDULED,
                    reason=f"it was due at {due:%Y-%m-%d %H:%M} UTC, too late when it was planned" if late else "",
                    about=about,
                    action=action.type,
                )
                rank += 1
