"""Planning anew what somebody has paused: what takes the place of a paused reminder is paused, too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tocsin.domain.delivery import OPEN, Delivery, State
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.model import Booking
from tocsin.domain.plan import Planned, planned_as
from tocsin.domain.recipients import recipient_key


def still_paused(
    planned: Sequence[Planned], known: Iterable[Delivery], *, before: Booking, after: Booking
) -> list[Planned]:
    """Return `planned` with those paused that take the place of a paused delivery among `known`, which waited before.

    A reminder whose moment did not move stays the delivery that it was. Of the others each has a predecessor: of the same rule,
    action and event, to the same person with the same offset; else to the same person; else, if that person gets none any
    more, with the same offset.
    """
    waiting = [one for one in known if one.state in OPEN and one.event in TIMED]
    staying = {found.key for one in waiting if (found := planned_as(one, _alike(one, planned))) is not None}
    gone = [_Gone.of(one, before) for one in waiting if planned_as(one, _alike(one, planned)) is None]
    reached = {(_action(one), recipient_key(one.recipient)) for one in planned}
    return [one if one.key in staying else _paused_as(_predecessor(one, gone, reached, after), one) for one in planned]


_Action = tuple[str, int, EventKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """A delivery that waited and that nothing planned is the same as."""

    delivery: Delivery
    action: _Action
    person: str
    offset: timedelta

    @classmethod
    def of(cls, delivery: Delivery, booking: Booking) -> "_Gone":
        return cls(
            delivery=delivery,
            action=_action(delivery),
            person=recipient_key(delivery.recipient),
            offset=_offset(delivery, booking),
        )


def _predecessor(
    one: Planned, gone: Iterable[_Gone], reached: set[tuple[_Action, str]], booking: Booking
) -> Delivery | None:
    alike = [each for each in gone if each.action == _action(one)]
    person, offset = recipient_key(one.recipient), _offset(one, booking)
    own = [each for each in alike if each.person == person]
    others = [each for each in alike if (each.action, each.person) not in reached and each.offset == offset]
    found = [each for each in own if each.offset == offset] or own or others
    return max(found, key=lambda each: each.delivery.state is State.PAUSED).delivery if found else None


def _paused_as(former: Delivery | None, one: Planned) -> Planned:
    if former is None or former.state is not State.PAUSED or one.state is not State.SCHEDULED:
        return one
    return replace(one, state=State.PAUSED, reason=former.reason)


def _alike(delivery: Delivery, planned: Iterable[Planned]) -> list[Planned]:
    return [one for one in planned if _action(one) == _action(delivery)]


def _action(one: Planned | Delivery) -> _Action:
    return one.rule_id, one.action_index, one.event


def _offset(one: Planned | Delivery, booking: Booking) -> timedelta:
    anchor = booking.starts_at if one.event is EventKind.BEFORE_MEETING_STARTS else booking.ends_at
    return anchor - one.due_at
