"""Bookings: made, moved, cancelled, approved, rejected, marked. Each change plans its deliveries in its own transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.model import (
    GUESTS_QUESTION,
    MOST_ANSWERS,
    Booking,
    BookingId,
    BookingStatus,
    Client,
    LinkKind,
    MeetingOutcome,
    Member,
    OutcomeKind,
    Place,
    SchedulingLink,
)
from tocsin.domain.recipients import recipient_key
from tocsin.domain.suppression import is_part_of
from tocsin.formats import zones
from tocsin.services.automation import follow
from tocsin.services.ports import BookingFilter, Chance, Page, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A wall-clock time that somebody chose, in the time zone of that person."""

    day: date
    clock: time


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingDraft:
    """A booking as somebody asks for it. `host_email` may be empty: then the link's kind decides."""

    link_slug: str
    client: Client
    slot: Slot
    place: Place = field(default_factory=Place)
    host_email: str = ""
    form_responses: tuple[tuple[str, str], ...] = ()
    guests: tuple[str, ...] = ()
    override_availability: bool = False
    awaits_approval: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChange:
    """What to change of a booking; None keeps it. An empty `outcome_id` takes the outcome away.

    `form_responses` are answers that take the place of former ones to the same questions, or are added.
    """

    name: str | None = None
    email: str | None = None
    time_zone: str | None = None
    slot: Slot | None = None
    place: Place | None = None
    host_email: str | None = None
    status: str | None = None  # approved, rejected or cancelled
    reason: str = ""
    by: str = ""
    reschedule_reason: str | None = None
    no_show: bool | None = None
    outcome_id: str | None = None
    form_responses: tuple[tuple[str, str], ...] = ()
    guests: tuple[str, ...] | None = None
    override_availability: bool = False


def create(tx: Transaction, draft: BookingDraft, *, now: datetime, chance: Chance) -> Booking:
    """Store a booking and plan its deliveries. Raises InvalidInputError for a time, link or host that cannot be."""
    link = _bookable(tx, draft.link_slug)
    tx.links.hold(link.id)
    tx.members.lock([host.id for host in link.hosts])
    starts_at = zones.instant(draft.slot.day, draft.slot.clock, draft.client.time_zone)
    awaits = draft.awaits_approval or link.requires_approval
    booking = Booking(
        id=BookingId(chance.ordered_id()),
        sid=chance.new_sid(),
        uid=f"{chance.new_id()}@tocsin",
        link_id=link.id,
        client=draft.client,
        hosts=link.hosts,
        starts_at=starts_at,
        ends_at=starts_at + link.duration,
        status=BookingStatus.AWAITING_APPROVAL if awaits else BookingStatus.CONFIRMED,
        place=_default_place(draft.place, link),
        revision=0,
        created_at=now,
        updated_at=now,
        form_responses=draft.form_responses,
    )
    hosts = _chosen_hosts(tx, booking, link, host_email=draft.host_email, now=now)
    booking = with_guests(replace(booking, hosts=hosts), draft.guests)
    _must_fit(tx, booking, link, now=now, overridden=draft.override_availability)
    tx.bookings.put(booking)
    follow(tx, None, booking, now=now, new_id=chance.ordered_id)
    return booking


def change(tx: Transaction, booking_id: str, wanted: BookingChange, *, now: datetime, chance: Chance) -> Booking:
    """Change a booking and plan what follows from it; a change that changes nothing does nothing.

    Raises NotFoundError; ConflictError if its state does not allow it; InvalidInputError for values that cannot be.
    """
    tx.links.hold(get(tx, booking_id).link_id)
    before = tx.bookings.get(booking_id, lock=True)
    if before is None:
        raise NotFoundError(_NO_SUCH_BOOKING)
    after = _marked(tx, _decided(_moved(tx, before, wanted, now=now), wanted, now=now), wanted)
    after = _answered(after, wanted)
    if after == before:
        return before
    after = replace(after, revision=before.revision + 1, updated_at=now)
    tx.bookings.put(after)
    follow(tx, before, after, now=now, new_id=chance.ordered_id)
    return after


def get(tx: Transaction, booking_id: str) -> Booking:
    """Return the booking with this id or sid. Raises NotFoundError."""
    booking = tx.bookings.get(booking_id)
    if booking is None:
        raise NotFoundError(_NO_SUCH_BOOKING)
    return booking


def page(tx: Transaction, wanted: BookingFilter, part: Page, *, now: datetime) -> tuple[list[Booking], int]:
    """Return a page of bookings and the number of all that are wanted."""
    return tx.bookings.page(wanted, now=now, limit=part.size, offset=part.offset)


_NO_SUCH_BOOKING = "there is no booking with this id"


def _bookable(tx: Transaction, slug: str) -> SchedulingLink:
    link = tx.links.by_slug(slug)
    if link is None or link.is_template:
        raise InvalidInputError.of("meeting_slug", f"there is no meeting with the slug {slug}")
    if link.is_disabled:
        raise InvalidInputError.of("meeting_slug", f"the meeting {slug} is disabled")
    return link


def _default_place(place: Place, link: SchedulingLink) -> Place:
    return replace(place, spot=place.spot or link.spot, details=place.details or link.spot_details)


def _chosen_hosts(
    tx: Transaction, booking: Booking, link: SchedulingLink, *, host_email: str, now: datetime
) -> tuple[Member, ...]:
    if host_email:
        chosen = tuple(host for host in link.hosts if host.email == host_email)
        if not chosen:
            raise InvalidInputError.of("host_email", f"{host_email} is not a host of this meeting")
        return chosen
    if link.kind is LinkKind.MULTIHOST:
        return link.hosts
    if link.kind is LinkKind.ROUND_ROBIN:
        return (_next_in_turn(tx, booking, link, now=now),)
    return link.hosts[:1]


def _next_in_turn(tx: Transaction, booking: Booking, link: SchedulingLink, *, now: datetime) -> Member:
    """Return the host with the fewest coming bookings among those who are free, or among all if none is."""
    free = [
        host for host in link.hosts if tx.bookings.clashing(replace(booking, hosts=(host,)), shared_link=None) is None
    ]
    return min(free or link.hosts, key=lambda host: tx.bookings.load(host.id, now=now))


def _must_fit(tx: Transaction, booking: Booking, link: SchedulingLink, *, now: datetime, overridden: bool) -> None:
    if booking.ends_at <= now:
        raise InvalidInputError.of("slot_start_time", "the meeting would be over already; choose a time to come")
    if overridden:
        return
    shared_link = link.id if link.kind is LinkKind.GROUPED else None
    other = tx.bookings.clashing(booking, shared_link=shared_link)
    if other is not None:
        taken = f"a host is booked from {other.starts_at:%Y-%m-%d %H:%M} to {other.ends_at:%H:%M} UTC already"
        raise InvalidInputError.of("slot_start_time", f"{taken}; choose another time or send override_availability")


def _moved(tx: Transaction, booking: Booking, wanted: BookingChange, *, now: datetime) -> Booking:
    client = replace(
        booking.client,
        name=wanted.name or booking.client.name,
        email=wanted.email or booking.client.email,
        time_zone=wanted.time_zone or booking.client.time_zone,
    )
    moved = replace(booking, client=client, place=wanted.place or booking.place)
    if wanted.slot is not None:
        starts_at = zones.instant(wanted.slot.day, wanted.slot.clock, client.time_zone)
        moved = replace(moved, starts_at=starts_at, ends_at=starts_at + (booking.ends_at - booking.starts_at))
    if wanted.host_email:
        moved = replace(moved, hosts=_other_host(tx, booking, wanted.host_email))
    if not moved.differs_in_the_calendar(booking):
        return moved
    if booking.is_over:
        raise ConflictError(f"the booking is {booking.status.value}; it cannot be moved")
    _must_be_free(tx, moved, now=now, overridden=wanted.override_availability)
    reason = moved.reschedule_reason if wanted.reschedule_reason is None else wanted.reschedule_reason
    return replace(moved, reschedule_reason=reason)


def _other_host(tx: Transaction, booking: Booking, host_email: str) -> tuple[Member, ...]:
    member = tx.members.by_email(host_email)
    if member is None:
        raise InvalidInputError.of("host_email", f"{host_email} is not a team member")
    return booking.hosts if member.id == booking.host.id else (member,)


def _must_be_free(tx: Transaction, moved: Booking, *, now: datetime, overridden: bool) -> None:
    link = tx.links.get(moved.link_id, deleted_too=True)
    if link is not None:
        tx.members.lock([host.id for host in moved.hosts])
        _must_fit(tx, moved, link, now=now, overridden=overridden)


def _decided(booking: Booking, wanted: BookingChange, *, now: datetime) -> Booking:
    match wanted.status:
        case "approved":
            return booking.approved()
        case "rejected":
            return booking.rejected(now=now, reason=wanted.reason)
        case "cancelled":
            return booking.cancelled(now=now, reason=wanted.reason, by=wanted.by)
        case _:
            return booking


def _marked(tx: Transaction, booking: Booking, wanted: BookingChange) -> Booking:
    outcome = _outcome(tx, booking, wanted.outcome_id)
    no_show = booking.is_no_show if wanted.no_show is None else wanted.no_show
    if outcome != booking.outcome and outcome is not None and outcome.kind is OutcomeKind.NO_SHOW:
        no_show = True
    if no_show and not booking.is_no_show and booking.status is not BookingStatus.CONFIRMED:
        raise ConflictError(f"the booking is {booking.status.value}; only a confirmed one can be marked no-show")
    return replace(booking, outcome=outcome, is_no_show=no_show)


def _answered(booking: Booking, wanted: BookingChange) -> Booking:
    if wanted.guests is not None:
        # Before there were guests, their addresses were kept as any other answer.
        others = tuple(one for one in booking.form_responses if one[0] != GUESTS_QUESTION)
        booking = replace(booking, form_responses=others)
    if wanted.form_responses:
        answers = dict(booking.form_responses) | dict(wanted.form_responses)
        if len(answers) > MOST_ANSWERS:
            wrong = f"the booking would have {len(answers)} answers; at most {MOST_ANSWERS} are accepted"
            raise InvalidInputError.of("form_responses", wrong)
        booking = replace(booking, form_responses=tuple(answers.items()))
    return with_guests(booking, booking.guests if wanted.guests is None else wanted.guests)


def with_guests(booking: Booking, guests: Iterable[str]) -> Booking:
    """Return a booking with these guests, each once; its client and hosts come anyway and are none."""
    once: dict[str, str] = {}
    for guest in guests:
        if not is_part_of(booking, guest):
            once.setdefault(recipient_key(guest), guest)
    return replace(booking, guests=tuple(once.values()))


def _outcome(tx: Transaction, booking: Booking, outcome_id: str | None) -> MeetingOutcome | None:
    if outcome_id is None:
        return booking.outcome
    if outcome_id == "":
        return None
    outcome = tx.outcomes.get(outcome_id)
    if outcome is None:
        raise InvalidInputError.of("meeting_outcome_id", "there is no meeting outcome with this id")
    return outcome
