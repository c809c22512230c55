"""The engine: what an event and the rules of its link ask to be delivered, with keys that are the same each time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.domain.delivery import Cause, Delivery, State
from tocsin.domain.events import TIMED, Event, EventKind
from tocsin.domain.model import Booking, BookingId, BookingStatus
from tocsin.domain.rules import AutomationRule, RuleId, matches, recipient_key
from tocsin.domain.schedule import due_at, expires_at


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


def plan(event: Event, rules: Iterable[AutomationRule]) -> list[Planned]:
    """Return one delivery for each recipient of each action of each rule that fires for `event`."""
    firing = [rule for rule in rules if matches(rule, event.kind, event.booking)]
    now = event.occurred_at
    return list(_planned(firing, event.booking, key=event.key, due=now, now=now, about=event.about))


def plan_timed(booking: Booking, rules: Iterable[AutomationRule], *, now: datetime) -> list[Planned]:
    """Return the deliveries before and after the meeting that `rules` ask for, as the booking is now.

    The key holds the due moment and not the revision: planning again after a change that does not move the moment finds
    the same delivery, sent or not, and a reminder is never sent twice for one moment.
    """
    if booking.status is not BookingStatus.CONFIRMED:
        return []
    found: list[Planned] = []
    for rule in rules:
        if rule.event in TIMED and matches(rule, rule.event, booking):
            due = due_at(rule.event, booking, offset=rule.offset or timedelta(0))
            key = f"{booking.id}/{rule.event.value}/{int(due.timestamp())}"
            found += _planned([rule], booking, key=key, due=due, now=now)
    return found


def readdressed(delivery: Delivery, recipient: str) -> Planned:
    """Return the same message as `delivery`, which has not left, for another address."""
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
        about=delivery.about,
    )


def is_planned(delivery: Delivery, planned: Iterable[Planned]) -> bool:
    """Tell whether `delivery`, which is timed, is among what is planned for its rule now."""
    own = (delivery.action_index, recipient_key(delivery.recipient), delivery.due_at)
    return any(own == (one.action_index, recipient_key(one.recipient), one.due_at) for one in planned)


def _planned(
    rules: Iterable[AutomationRule], booking: Booking, *, key: str, due: datetime, now: datetime, about: str = ""
) -> Iterator[Planned]:
    rank = 0
    for rule in rules:
        expires = expires_at(rule.event, booking, due=due)
        late = now >= expires
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
                )
                rank += 1
