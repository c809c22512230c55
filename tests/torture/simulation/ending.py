"""What must be so when a simulation is over: all is accounted for, and calendars are true."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.builders import HOUR
from tests.calendars import LastWriteWinsCalendar, StrictCalendar
from tests.torture.simulation.lives import FAITHFUL, REMINDED, Life
from tests.torture.simulation.watch import is_invite
from tocsin.domain.delivery import Cause, Delivery, State
from tocsin.domain.events import TIMED
from tocsin.domain.model import Booking, BookingStatus

if TYPE_CHECKING:
    from tests.torture.simulation.engine import Engine


def complaints(engine: "Engine") -> list[str]:
    """Return what is not so."""
    found = engine.scheduler.wrong()
    for life in engine.lives:
        deliveries = life.world.deliveries()
        found += [*_unaccounted(life, deliveries), *_unreminded(life, deliveries), *_untrue(engine, life, deliveries)]
    return found


def _unaccounted(life: Life, deliveries: list[Delivery]) -> Iterator[str]:
    for one in deliveries:
        if one.settled_at is None:
            yield f"open: {one}"
        if one.state is not State.SENT and not one.reason:
            yield f"silent: {one}"
    ours = {booking.id for booking in life.bookings}
    fired = [one for one in deliveries if one.cause is Cause.RULE_FIRED and one.booking_id in ours]
    planned = Counter((one.rule_id, str(one.booking_id), one.event.value) for one in fired if one.event not in TIMED)
    if planned != +life.expected:
        yield f"planned {planned - life.expected} too many and {life.expected - planned} too few"
    timed = Counter((one.rule_id, one.booking_id, one.recipient, one.due_at) for one in fired if one.event in TIMED)
    yield from (f"planned {number} times: {one}" for one, number in timed.items() if number > 1)


def _unreminded(life: Life, deliveries: list[Delivery]) -> Iterator[str]:
    reminders = {(one.booking_id, one.due_at) for one in deliveries if one.recipient == REMINDED}
    for booking in map(life.found, [one.id for one in life.bookings]):
        due_at = booking.starts_at - HOUR
        is_due = booking.status is BookingStatus.CONFIRMED and life.changed_at[booking.id] < due_at
        if is_due and (booking.id, due_at) not in reminders:
            yield f"no reminder was planned of {booking}"


def _untrue(engine: "Engine", life: Life, deliveries: list[Delivery]) -> Iterator[str]:
    """Look into the calendar of somebody who was to be told of everything."""
    copies = [
        copy
        for copy in engine.relay.copies
        if copy.envelope.recipient == FAITHFUL
        and is_invite(copy.envelope)
        and engine.watch.row(copy.envelope.claim.delivery_id).workspace_id == life.world.workspace_id
    ]
    strict, lax = StrictCalendar(FAITHFUL), LastWriteWinsCalendar(FAITHFUL)
    raced = set()
    for copy in copies:
        invite = engine.watch.read(copy.envelope)
        strict.receive(invite)
        lax.receive(invite)
        if copy.is_late:
            raced.add(invite.uid)
    if strict.ignored and not raced:
        yield f"a calendar ignored what {strict.ignored}"
    for booking in map(life.found, sorted({one.booking_id for one in deliveries})):
        held, held_last = strict.appointments.get(booking.uid), lax.appointments.get(booking.uid)
        if held != held_last and booking.uid not in raced:
            yield f"calendars differ: {held}, {held_last}"
        if not _was_too_late(booking, deliveries):
            yield from _difference(booking, held)


def _difference(booking: Booking, held: object) -> Iterator[str]:
    place = booking.place.join_url or booking.place.details
    if booking.is_over:
        if held is not None:
            yield f"{held} is held of a booking that is {booking.status}"
    elif held is None:
        yield f"nothing is held of {booking}"
    elif (held.starts_at, held.ends_at, held.location, held.host) != (  # type: ignore[attr-defined]
        booking.starts_at,
        booking.ends_at,
        place,
        booking.host.name,
    ):
        yield f"{held} is held, and not {booking}"


def _was_too_late(booking: Booking, deliveries: list[Delivery]) -> bool:
    """Tell whether somebody could not be told any more, because the meeting was over by then, or it proved impossible."""
    if booking.updated_at >= booking.ends_at:
        return True
    unsent = [
        one
        for one in deliveries
        if one.booking_id == booking.id and one.recipient == FAITHFUL and one.state is not State.SENT
    ]
    return any(
        one.state in {State.FAILED, State.EXPIRED} or (one.settled_at is not None and one.settled_at >= booking.ends_at)
        for one in unsent
    )
