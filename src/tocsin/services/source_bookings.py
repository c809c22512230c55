"""News of sources become changes of bookings, in the transaction in which they came.

What is known decides, never the order in which it came. A source has booked already: nobody's availability is asked again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.domain.model import (
    MOST_GUESTS,
    Booking,
    BookingId,
    BookingStatus,
    Client,
    MeetingOutcome,
    Place,
    WorkspaceId,
)
from tocsin.domain.sources.chain import GRACE, Chain, External, chain_of
from tocsin.domain.sources.news import Details, Known, News, merge
from tocsin.domain.sources.source import Source
from tocsin.formats.sources.fields import NotUnderstoodError
from tocsin.services import outcomes
from tocsin.services.automation import follow
from tocsin.services.bookings import with_guests
from tocsin.services.ports import Chance, Transaction
from tocsin.services.source_links import hosts_of, link_of

_RANKS = {BookingStatus.AWAITING_APPROVAL: 0, BookingStatus.CONFIRMED: 1}  # what is over has the highest


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What came of news: whether anything was changed, in a sentence."""

    changed: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What each step works with."""

    tx: Transaction
    source: Source
    now: datetime
    chance: Chance


def take(desk: Desk, news: Iterable[News]) -> list[Effect]:
    """Keep what is said and do what it calls for. Raises NotUnderstoodError for a booking that cannot be."""
    return [_taken(desk, part) for one in news for part in _parts(desk, one)]


def _parts(desk: Desk, news: News) -> list[News]:
    """Return news as of each seat that is known, where it is of all."""
    seats = desk.tx.source_bookings.seats_of(desk.source.id, news.booking) if news.is_of_all else []
    return [news.of_seat(seat) for seat in seats] or [news]


def settle(desk: Desk, external_id: str) -> Effect:
    """Make the booking here what is known of it there; done again it changes nothing."""
    chain = chain_of(desk.tx.source_bookings.connected(desk.source.id, external_id), external_id)
    waits = [until for one in chain.lacking if (until := _waits_until(desk, one)) > desk.now]
    if waits:
        moment = f"{max(waits):%H:%M:%S} UTC"
        return Effect(changed=True, sentence=f"kept; the other half of the reschedule is waited for until {moment}")
    return _applied(desk, chain)


def wake(desk: Desk, external_id: str) -> Effect:
    """Go on with a booking whose other half was waited for."""
    try:
        return settle(desk, external_id)
    except NotUnderstoodError as error:
        return Effect(changed=False, sentence=str(error))


def _waits_until(desk: Desk, lacking: External) -> datetime:
    """Return until when the other half of a booking is waited for, from now on if it was not yet."""
    if lacking.waits_until is not None:
        return lacking.waits_until
    waiting = replace(lacking, waits_until=desk.now + GRACE)
    desk.tx.source_bookings.put(desk.source.id, waiting, is_waiting=True)
    return desk.now + GRACE


def _taken(desk: Desk, news: News) -> Effect:
    details = news.details
    if details is not None and details.ends_at <= details.starts_at:
        raise NotUnderstoodError("the booking would end before it starts")
    found = desk.tx.source_bookings.get(desk.source.id, news.booking) or External(id=news.booking, known=Known())
    merged = replace(found, known=merge(found.known, news), told_at=desk.now)
    if merged.known.was_moved and not found.known.was_moved:
        merged = replace(merged, waits_until=None)  # whatever was waited for before, what takes its place is news
    desk.tx.source_bookings.put(desk.source.id, merged, is_waiting=_is_waiting(desk, merged))
    return settle(desk, news.booking)


def _applied(desk: Desk, chain: Chain) -> Effect:
    holding, details = chain.holding, chain.details
    if details is None:
        return Effect(changed=False, sentence="kept; no call has told yet when the meeting is")
    before = _present(desk, chain)
    if before is not None and before.is_over and holding.booking_id is None and holding.known.ending is None:
        before = None  # what ended here was the booking before it, and an invite that was withdrawn stays withdrawn
    facts = _Facts.of(desk, chain, details)
    after, sentence = _made(desk, facts) if before is None else _changed(desk, before, facts)
    if holding.booking_id != after.id:
        kept = replace(holding, booking_id=after.id)
        desk.tx.source_bookings.put(desk.source.id, kept, is_waiting=_is_waiting(desk, kept))
    _end_others(desk, chain, after)
    return Effect(changed=after != before, sentence=sentence)


def _is_waiting(desk: Desk, external: External) -> bool:
    return external.waits_until is not None and desk.now < external.waits_until


def _present(desk: Desk, chain: Chain) -> Booking | None:
    """Return our booking of the chain, locked: the one of the booking that holds, or of the nearest before it."""
    place = chain.links.index(chain.holding)
    named = [one.booking_id for one in chain.links[: place + 1] if one.booking_id is not None]
    return _locked(desk, named[-1] if named else None)


def _locked(desk: Desk, booking_id: BookingId | None) -> Booking | None:
    found = None if booking_id is None else desk.tx.bookings.get(booking_id)
    if found is None:
        return None
    desk.tx.links.hold(found.link_id)
    return desk.tx.bookings.get(found.id, lock=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What a booking is to be, in our own words. What no call spoke of stays as somebody here has set it."""

    details: Details
    known: Known
    tells_no_show: bool
    tells_outcome: bool
    source_uid: str
    zone: str
    outcome: MeetingOutcome | None

    @classmethod
    def of(cls, desk: Desk, chain: Chain, details: Details) -> "_Facts":
        known = chain.holding.known
        return cls(
            details=details,
            known=known,
            tells_no_show=any(one.known.no_shows for one in chain.links),
            tells_outcome=any(one.known.outcome is not None for one in chain.links),
            source_uid=chain.uid,
            zone=_zone(desk.tx, details),
            outcome=_outcome(desk, known),
        )

    def put_on(self, booking: Booking, *, marked: bool = True) -> Booking:
        """Return `booking` as it is to be."""
        details = self.details
        changed = replace(
            self._standing(booking),
            client=self._client(),
            starts_at=details.starts_at,
            ends_at=details.ends_at,
            place=Place(spot=details.spot, details=details.place, join_url=details.join_url),
            form_responses=details.answers,
            source_uid=self.source_uid or booking.source_uid,
            outcome=self.outcome if self.tells_outcome else booking.outcome,
            is_no_show=self.known.is_no_show if marked and self.tells_no_show else booking.is_no_show,
        )
        return with_guests(changed, details.guests[:MOST_GUESTS])

    def _standing(self, booking: Booking) -> Booking:
        """Return `booking` where it is to stand; it never goes back."""
        ending = self.known.ending
        if ending is None:
            return replace(booking, status=max(booking.status, self.known.status, key=_rank))
        return replace(
            booking,
            status=ending.value.status,
            cancelled_at=ending.at,
            cancel_reason=ending.value.reason,
            cancelled_by=ending.value.by,
        )

    def _client(self) -> Client:
        client = self.details.client
        name = client.name or client.email.partition("@")[0]
        return Client(name=name, email=client.email, time_zone=client.time_zone or self.zone)


def _made(desk: Desk, facts: _Facts) -> tuple[Booking, str]:
    """Store a booking that is new here. One that is over already, in either way, is history: nobody is written to."""
    tx, now, details = desk.tx, desk.now, facts.details
    hosts = hosts_of(tx, desk.source, details, now=now, chance=desk.chance)
    link = link_of(tx, desk.source, details, hosts, now=now, chance=desk.chance)
    tx.links.hold(link.id)
    blank = Booking(
        id=BookingId(desk.chance.ordered_id()),
        sid=desk.chance.new_sid(),
        uid=f"{desk.chance.new_id()}@tocsin",
        link_id=link.id,
        client=Client(name="", email="", time_zone=facts.zone),
        hosts=hosts,
        starts_at=details.starts_at,
        ends_at=details.ends_at,
        status=BookingStatus.AWAITING_APPROVAL,
        place=Place(),
        revision=0,
        created_at=now,
        updated_at=now,
    )
    booking = facts.put_on(blank, marked=False)
    tx.bookings.put(booking)
    is_history = booking.ends_at <= now
    if not is_history:
        follow(tx, None, booking, now=now, new_id=desk.chance.ordered_id)
    marked = facts.put_on(booking)
    if marked != booking:
        booking = _stored(desk, booking, marked)
    return booking, f"made booking {booking.sid}{', which is history' if is_history else ''} ({booking.status.value})"


def _changed(desk: Desk, before: Booking, facts: _Facts) -> tuple[Booking, str]:
    named = facts.details.hosts
    hosts = hosts_of(desk.tx, desk.source, facts.details, now=desk.now, chance=desk.chance) if named else before.hosts
    after = facts.put_on(replace(before, hosts=hosts))
    if after == before:
        return before, f"booking {before.sid} is so already"
    return _stored(desk, before, after), f"changed booking {before.sid} ({after.status.value})"


def _stored(desk: Desk, before: Booking, after: Booking) -> Booking:
    after = replace(after, revision=before.revision + 1, updated_at=desk.now)
    desk.tx.bookings.put(after)
    if not before.is_over:  # what is told of a booking that ended is that it ended
        follow(desk.tx, _heard_of(desk, before, after), after, now=desk.now, new_id=desk.chance.ordered_id)
    return after


def _heard_of(desk: Desk, before: Booking, after: Booking) -> Booking | None:
    """Return a booking as rules have heard of it. Of one whose time had passed when it came here they have heard nothing.

    If it is coming now, it is a new one to them; if it moved within the past, it is history still, and nobody is told of that.
    """
    if before.ends_at > desk.now or desk.tx.bookings.events(before.id):
        return before
    if after.ends_at > desk.now:
        return None
    return replace(before, starts_at=after.starts_at, ends_at=after.ends_at)


def _end_others(desk: Desk, chain: Chain, kept: Booking) -> None:
    """Cancel what was made of the same booking before it was known to be the same."""
    for booking_id in {one.booking_id for one in chain.links} - {None, kept.id}:
        other = _locked(desk, booking_id)
        if other is None or other.is_over:
            continue
        reason = f"it was moved and is booking {kept.sid} now"
        _stored(desk, other, other.cancelled(now=desk.now, reason=reason, by=desk.source.name))


def _zone(tx: Transaction, details: Details) -> str:
    hosts = [host.time_zone for host in details.hosts if host.time_zone]
    workspace = tx.workspaces.by_id(WorkspaceId(tx.workspace_id))
    return next(iter(hosts), "Etc/UTC" if workspace is None else workspace.time_zone)


def _outcome(desk: Desk, known: Known) -> MeetingOutcome | None:
    """Return the outcome that a source names, made if there is none of that name."""
    name = "" if known.outcome is None else known.outcome.value
    if not name:
        return None
    found = desk.tx.outcomes.by_name(name)
    if found is None:
        return outcomes.create(desk.tx, name, now=desk.now, chance=desk.chance)
    return found


def _rank(status: BookingStatus) -> int:
    return _RANKS.get(status, 2)
