"""The difference between what was planned and what is planned after a change: added, moved, withdrawn, staying."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.domain.delivery import Delivery
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId
from tocsin.domain.recipients import recipient_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of what was planned. `moved` has each as it was, and as it is."""

    added: Sequence[Delivery]
    moved: Sequence[tuple[Delivery, Delivery]]
    withdrawn: Sequence[Delivery]
    staying: Sequence[Delivery]


def difference(before: Iterable[Delivery], after: Iterable[Delivery]) -> Difference:
    """Compare what was open with what is.

    The same delivery stays, or moves if it is due at another moment. Of those that are gone and those that are new, one is
    the other if they are of the same action and event and for the same person about the same booking, in the order of their
    moments.
    """
    was, now = {one.id: one for one in before}, {one.id: one for one in after}
    both = [(was[each], now[each]) for each in was if each in now]
    gone, new = (
        _grouped(was[each] for each in was if each not in now),
        _grouped(now[each] for each in now if each not in was),
    )
    pairs = [pair for own, found in gone.items() for pair in zip(found, new.get(own, []), strict=False)]
    paired = {one.id for pair in pairs for one in pair}
    return Difference(
        added=_in_order(one for each in new.values() for one in each if one.id not in paired),
        moved=sorted(
            [*pairs, *((old, one) for old, one in both if old.due_at != one.due_at)], key=lambda pair: _place(pair[1])
        ),
        withdrawn=_in_order(one for each in gone.values() for one in each if one.id not in paired),
        staying=_in_order(one for old, one in both if old.due_at == one.due_at),
    )


_Own = tuple[BookingId, str, int, EventKind, str]


def _grouped(deliveries: Iterable[Delivery]) -> dict[_Own, list[Delivery]]:
    found: dict[_Own, list[Delivery]] = defaultdict(list)
    for one in _in_order(deliveries):
        found[one.booking_id, one.rule_id, one.action_index, one.event, recipient_key(one.recipient)].append(one)
    return found


def _in_order(deliveries: Iterable[Delivery]) -> list[Delivery]:
    return sorted(deliveries, key=_place)


def _place(one: Delivery) -> tuple[object, ...]:
    return one.due_at, one.booking_id, one.action_index, one.id
