"""Cal.com and its self-hosted kin: webhooks in version 2021-10-20.

A reschedule is a new `uid` that names the old one. Of an event type with seats each attendee has a booking of his own, as he
comes and goes alone: a call that cancels his seat has the `uid` of all, and him as the only attendee. The order of calls is
that of their `createdAt`; `iCalSequence` sticks at 1 and says nothing. MEETING_STARTED and MEETING_ENDED come flat or wrapped,
late or never, and are taken as hints.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from tocsin.domain.model import BookingStatus
from tocsin.domain.sources.news import Details, Ending, ExternalLink, News, Person
from tocsin.domain.sources.source import Access, SourceKind
from tocsin.domain.text import ANSWER_LENGTH, NAME_LENGTH
from tocsin.formats.sources.fields import (
    Fields,
    NotUnderstoodError,
    address_or_none,
    answers_of,
    guests_of,
    line,
    lines,
    parsed,
    uid_of,
    url_or_none,
)
from tocsin.formats.sources.shape import Answers, Format, Incoming, Reading, is_same

_SIGNATURE = "x-cal-signature-256"
STATUSES = {
    "ACCEPTED": BookingStatus.CONFIRMED,
    "PENDING": BookingStatus.AWAITING_APPROVAL,
    "CANCELLED": BookingStatus.CANCELLED,
    "REJECTED": BookingStatus.REJECTED,
}
OVER = (BookingStatus.CANCELLED, BookingStatus.REJECTED)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# Answers that are fields of a booking of their own.
KNOWN_ANSWERS = frozenset({"name", "email", "location", "guests", "rescheduleReason"})
_GUESTS = "guests who did not come"


def _is_genuine(incoming: Incoming, access: Access, _now: datetime) -> bool:
    # Without a secret Cal.com sends `no-secret-provided`, which is no HMAC of anything.
    right = hmac.new(access.secret.encode(), incoming.body, hashlib.sha256).hexdigest()
    return is_same(incoming.headers.get(_SIGNATURE, "").lower(), right)


def _read(body: bytes, _access: Access, _answers: Answers, at: datetime) -> Reading:
    call = parsed(body)
    trigger = call.text("triggerEvent", limit=60)
    if not trigger:
        raise NotUnderstoodError(
            "triggerEvent is missing; take the custom payload template out of the webhook in Cal.com"
        )
    if trigger in _SILENT:
        return Reading(sentence=f"{trigger} changes no booking")
    if trigger not in _READERS:
        raise NotUnderstoodError(f"{trigger} is not known here")
    payload = call.at("payload") if isinstance(call.raw("payload"), dict) else call
    return _READERS[trigger](payload, call.moment("createdAt") or at)


def _booked(status: BookingStatus) -> Callable[[Fields, datetime], Reading]:
    """Return what reads a call about a booking as a whole; `status` is where it stands by the name of the call.

    A created or moved one may await approval; of the others the name says more than a status copied from before.
    """

    def read(payload: Fields, at: datetime) -> Reading:
        told = STATUSES.get(payload.text("status").upper(), status)
        stands = told if status is BookingStatus.CONFIRMED else status
        return Reading(news=tuple(_news(one, at, stands) for one in _seats(payload)), sentence=_remark(payload))

    return read


def _seats(payload: Fields) -> list[Fields]:
    """Return a call as one for each seat; as it is where there are none."""
    if payload.raw("seatsPerTimeSlot") is None:
        return [payload]
    return seats_of(payload, former="rescheduleUid") or [payload]


def seats_of(payload: Fields, *, former: str) -> list[Fields]:
    """Return what is told of a booking with seats as if each seat were a booking; `former` names the one that it continues."""
    return [
        Fields({
            **payload.whole,
            "uid": seat_of(payload.id("uid"), attendee),
            former: seat_of(payload.id(former), attendee),
            "attendees": [attendee.whole],
        })
        for attendee in payload.each("attendees")
    ]  # fmt: skip


def seat_of(uid: str, attendee: Fields) -> str:
    """Return what a seat is called here: there it has a name of its own, which not all calls tell."""
    return f"{uid}/{attendee.text('email').lower()}" if uid else ""


def _hint(payload: Fields, _at: datetime) -> Reading:
    """Read MEETING_STARTED or MEETING_ENDED: what it says is as old as the booking, for its own moment is not in it."""
    status = STATUSES.get(payload.text("status").upper(), BookingStatus.CONFIRMED)
    created = payload.moment("createdAt") or _EARLIEST
    news = replace(_news(payload, created, status), is_of_all=True)
    return Reading(news=(news,), sentence="a hint: the moments are kept by our own clock")


def _marked(payload: Fields, at: datetime) -> Reading:
    """Read BOOKING_NO_SHOW_UPDATED, which has no times: who is marked, and who is not any more."""
    marks = tuple(
        (line(one.raw("email")).lower(), one.is_true("noShow"))
        for one in payload.each("attendees")
        if one.raw("noShow") is not None
    )
    if not marks:
        return Reading(sentence="no attendee is marked")
    return Reading(news=(News(booking=_uid(payload, "bookingUid"), at=at, no_shows=marks, is_of_all=True),))


def _guests_away(payload: Fields, at: datetime) -> Reading:
    return Reading(news=(News(booking=_uid(payload, "bookingUid"), at=at, no_shows=((_GUESTS, True),)),))


_READERS: Mapping[str, Callable[[Fields, datetime], Reading]] = {
    "BOOKING_CREATED": _booked(BookingStatus.CONFIRMED),
    "BOOKING_REQUESTED": _booked(BookingStatus.AWAITING_APPROVAL),
    "BOOKING_RESCHEDULED": _booked(BookingStatus.CONFIRMED),
    "BOOKING_CANCELLED": _booked(BookingStatus.CANCELLED),
    "BOOKING_REJECTED": _booked(BookingStatus.REJECTED),
    "BOOKING_NO_SHOW_UPDATED": _marked,
    "AFTER_GUESTS_CAL_VIDEO_NO_SHOW": _guests_away,
    "MEETING_STARTED": _hint,
    "MEETING_ENDED": _hint,
}
_SILENT = frozenset({
    "PING", "BOOKING_PAID", "BOOKING_PAYMENT_INITIATED", "RECORDING_READY", "RECORDING_TRANSCRIPTION_GENERATED",
    "INSTANT_MEETING", "FORM_SUBMITTED", "FORM_SUBMITTED_NO_EVENT", "OOO_CREATED", "AFTER_HOSTS_CAL_VIDEO_NO_SHOW",
    "DELEGATION_CREDENTIAL_ERROR", "WRONG_ASSIGNMENT_REPORT",
})  # fmt: skip


def _news(payload: Fields, at: datetime, status: BookingStatus) -> News:
    uid = _uid(payload, "uid")
    former = payload.id("rescheduleUid") or payload.id("fromReschedule")
    reason = lines(payload.raw("cancellationReason") or payload.raw("rejectionReason"), limit=ANSWER_LENGTH)
    return News(
        booking=uid,
        at=at,
        details=_details(payload),
        is_confirmed=status is BookingStatus.CONFIRMED,
        ending=Ending(status=status, reason=reason, by=payload.text("cancelledBy", limit=NAME_LENGTH))
        if status in OVER
        else None,
        uid=uid_of(payload.raw("iCalUID")),
        continues="" if former == uid else former,
    )


def _remark(payload: Fields) -> str:
    return "the host asked the client to choose another time" if payload.is_true("requestReschedule") else ""


def _details(payload: Fields) -> Details:
    attendees = payload.each("attendees")
    client = attendees[0].person() if attendees else None
    if client is None:
        raise NotUnderstoodError("the first of attendees has no mail address")
    slug = payload.text("type", limit=NAME_LENGTH)
    link_id = payload.id("eventTypeId") or slug or "without-event-type"
    invited = payload.raw("responses.guests.value")
    join_url, spot, place = place_of(payload)
    return Details(
        starts_at=payload.required_moment("startTime"),
        ends_at=payload.required_moment("endTime"),
        link=ExternalLink(id=link_id, name=_title(payload) or slug or link_id, slug=slug or f"event-type-{link_id}"),
        client=client,
        hosts=_hosts(payload),
        guests=guests_of([one.raw("email") for one in attendees[1:]]) + guests_of(invited),
        spot=spot,
        place=place,
        join_url=join_url,
        answers=answers_of(_pairs(payload)),
    )


def _uid(payload: Fields, name: str) -> str:
    found = payload.id(name) or payload.id("uid")
    if not found:
        raise NotUnderstoodError(f"{name} is missing: nothing tells which booking it is")
    return found


def _title(payload: Fields) -> str:
    return payload.text("eventTitle", limit=NAME_LENGTH) or payload.text("eventType.title", limit=NAME_LENGTH)


def _hosts(payload: Fields) -> tuple[Person, ...]:
    first = payload.at("organizer").person() or payload.at("user").person()
    if first is None and (address := address_or_none(payload.raw("userPrimaryEmail"))) is not None:
        first = Person(email=address)
    team = [one.person() for one in payload.each("team.members")]
    found = {person.email: person for person in (first, *team) if person is not None}
    return tuple(found.values())


def place_of(payload: Fields) -> tuple[str, str, str]:
    """Return where to join, which sort of place it is, and words for it. A location may be a literal of Cal.com's own."""
    location = payload.text("location")
    join_url = (
        url_or_none(payload.raw("videoCallData.url"))
        or url_or_none(payload.raw("metadata.videoCallUrl"))
        or url_or_none(location)
    )
    if location.startswith("integrations:"):
        return join_url, location.removeprefix("integrations:"), ""
    return join_url, "", "" if location == join_url else location


def _pairs(payload: Fields) -> Iterator[tuple[object, object]]:
    for place in ("responses", "userFieldsResponses"):
        for name, answer in payload.items(place):
            value = answer.raw("value")
            if name not in KNOWN_ANSWERS:
                yield answer.raw("label") or name, ", ".join(map(line, value)) if isinstance(value, list) else value


def _steps(url: str, _access: Access) -> tuple[str, ...]:
    return (
        "In Cal.com open Settings → Developer → Webhooks (or those of an event type or a team) and choose New.",
        f"Subscriber URL: {url}",
        "Secret: the secret of this source. Without it no call is taken.",
        ("Event triggers: Booking Created, Requested, Rescheduled, Cancelled and Rejected, and Booking No-Show Updated. "
        "Others are not needed: what comes before and after a meeting is kept by the clock here."),
        "Leave the custom payload template off. Save; the ping test shows as nothing to do.",
    )  # fmt: skip


FORMAT = Format(
    kind=SourceKind.CAL_COM,
    is_genuine=_is_genuine,
    read=_read,
    steps=_steps,
    may=("api_url", "api_token"),
)
