"""Cal.com, version 2 of its API: what was booked since, then what was changed since, each in the order in which it was.

What is changed while it is read moves to the end of that order, so the next page begins with the moment of the last one, and
not with a number.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlencode

from tocsin.domain.model import BookingStatus
from tocsin.domain.sources.looks import Sight
from tocsin.domain.sources.news import Details, Ending, ExternalLink, News
from tocsin.domain.sources.source import SourceKind
from tocsin.domain.text import ANSWER_LENGTH, NAME_LENGTH
from tocsin.formats.sources.cal_com import KNOWN_ANSWERS, OVER, STATUSES, place_of, seats_of
from tocsin.formats.sources.fields import Fields, NotUnderstoodError, answers_of, guests_of, line, lines, uid_of
from tocsin.formats.sources.looks.shape import Looker, Page, View, rows_of, sights_of, written
from tocsin.formats.sources.shape import Answers, Question

API = "https://api.cal.com"
VERSION = "2024-08-13"  # without it an older shape is answered
TAKE = 100
# Each pass, how it is asked for, and which moment of a booking it goes by.
_PASSES = {
    "made": ("afterCreatedAt", "sortCreated", "createdAt"),
    "changed": ("afterUpdatedAt", "sortUpdatedAt", "updatedAt"),
}
_TICK = timedelta(milliseconds=1)


def _step(view: View, answers: Answers) -> Page:
    which, since, skip = _position(view)
    if "page" not in answers:
        return Page(questions=(_question(view, which, since, skip),))
    rows = rows_of(Fields(answers["page"]).raw("data"), "bookings")
    sights, remark = sights_of((one for row in rows for one in _seats(row, view)), _sight)
    return Page(sights=sights, position=_next(view, rows), remark=remark)


def _position(view: View) -> tuple[str, datetime, int]:
    if not view.position:
        return "made", view.since, 0
    which, since, skip = view.position.split("/")
    return which, datetime.fromisoformat(since), int(skip)


def _question(view: View, which: str, since: datetime, skip: int) -> Question:
    after, sort, _ = _PASSES[which]
    query = urlencode({after: written(since), sort: "asc", "take": TAKE, "skip": skip})
    return Question(
        name="page",
        url=f"{view.access.api_url or API}/v2/bookings?{query}",
        authorization=f"Bearer {view.access.api_token}",
        headers=(("cal-api-version", VERSION),),
    )


def _seats(row: Fields, view: View) -> list[Fields]:
    """Return a booking as one for each of its seats; of one that was cancelled as a whole they are known here only."""
    if any(one.text("seatUid") for one in row.each("attendees")):
        return [_with_answers(one) for one in seats_of(row, former="rescheduledFromUid")]
    here = sorted(one for one in view.expected if one.startswith(f"{row.id('uid')}/"))
    if here and not row.each("attendees"):
        seats = [{"email": one.partition("/")[2]} for one in here]
        return seats_of(Fields({**row.whole, "attendees": seats}), former="rescheduledFromUid")
    return [row]


def _with_answers(seat: Fields) -> Fields:
    """Return a seat with what its attendee answered."""
    return Fields({**seat.whole, "bookingFieldsResponses": seat.each("attendees")[0].raw("bookingFieldsResponses")})


def _next(view: View, rows: list[Fields]) -> str:
    which, since, skip = _position(view)
    if len(rows) < TAKE:
        return f"changed/{written(view.since)}/0" if which == "made" else ""
    last = rows[-1].moment(_PASSES[which][2])
    if last is not None and last - _TICK > since:
        return f"{which}/{written(last - _TICK)}/0"
    return f"{which}/{written(since)}/{skip + len(rows)}"


def _sight(row: Fields) -> Sight:
    uid, former = row.id("uid"), row.id("rescheduledFromUid")
    if not uid:
        raise NotUnderstoodError("a booking has no uid")
    made_at = row.required_moment("createdAt")
    status = STATUSES.get(row.text("status").upper())
    if status is None:
        raise NotUnderstoodError(f"status is {row.text('status', limit=60) or 'missing'}, which is not known here")
    news = News(
        booking=uid,
        at=row.moment("updatedAt") or made_at,
        details=_details(row),
        is_confirmed=status is BookingStatus.CONFIRMED,
        ending=_ending(row, status) if status in OVER else None,
        no_shows=tuple(_marks(row)),
        uid=uid_of(row.raw("icsUid")),
        continues="" if former == uid else former,
    )
    return Sight(news=news, made_at=made_at, is_whole=False)


def _ending(row: Fields, status: BookingStatus) -> Ending:
    return Ending(
        status=status,
        reason=lines(row.raw("cancellationReason"), limit=ANSWER_LENGTH),
        by=row.text("cancelledByEmail", limit=NAME_LENGTH),
        is_moved=bool(row.id("rescheduledToUid")),
    )


def _marks(row: Fields) -> Iterator[tuple[str, bool]]:
    for one in row.each("attendees"):
        if one.raw("absent") is not None and one.text("email"):
            yield one.text("email").lower(), one.is_true("absent")


def _details(row: Fields) -> Details:
    attendees = row.each("attendees")
    client = attendees[0].person() if attendees else None
    if client is None:
        raise NotUnderstoodError(f"booking {row.text('uid', limit=60)} has no attendee with a mail address")
    hosts = [one.person() for one in row.each("hosts")]
    link_id = row.id("eventType.id") or row.id("eventTypeId") or "without-event-type"
    slug = row.text("eventType.slug", limit=NAME_LENGTH) or f"event-type-{link_id}"
    place = {"location": row.raw("location"), "videoCallData": {"url": row.raw("meetingUrl")}}
    join_url, spot, words = place_of(Fields(place))
    return Details(
        starts_at=row.required_moment("start"),
        ends_at=row.required_moment("end"),
        link=ExternalLink(id=link_id, name=slug, slug=slug),
        client=client,
        hosts=tuple(host for host in hosts if host is not None),
        guests=guests_of([one.raw("email") for one in attendees[1:]]) + guests_of(row.raw("guests")),
        spot=spot,
        place=words,
        join_url=join_url,
        answers=answers_of(_pairs(row)),
    )


def _pairs(row: Fields) -> Iterator[tuple[object, object]]:
    answers = row.raw("bookingFieldsResponses")
    for name, value in answers.items() if isinstance(answers, dict) else ():
        if name not in KNOWN_ANSWERS:
            yield name, ", ".join(map(line, value)) if isinstance(value, list) else value


LOOKER = Looker(kind=SourceKind.CAL_COM, step=_step)
