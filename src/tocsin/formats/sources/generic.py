"""Our own form for whoever writes the sender himself: what a booking is now, signed as Standard Webhooks say."""

import base64
import binascii
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import Webhook

from tocsin.domain.model import BookingStatus
from tocsin.domain.sources.news import EVERYBODY, Details, Ending, ExternalLink, News
from tocsin.domain.sources.source import Access, SourceKind
from tocsin.domain.text import ANSWER_LENGTH, NAME_LENGTH
from tocsin.formats.sources.fields import (
    Fields,
    NotUnderstoodError,
    answers_of,
    guests_of,
    lines,
    parsed,
    uid_of,
    url_or_none,
)
from tocsin.formats.sources.shape import Answers, Format, Incoming, Reading, is_same

TYPE = "booking.changed"
_TOLERANCE = timedelta(minutes=5)  # as the libraries of the standard have it
_OVER = (BookingStatus.CANCELLED, BookingStatus.REJECTED)


def _is_genuine(incoming: Incoming, access: Access, now: datetime) -> bool:
    told_id, told_at = incoming.headers.get("webhook-id", ""), incoming.headers.get("webhook-timestamp", "")
    if not told_id or not told_at.isascii() or not told_at.isdigit() or len(told_at) > 12:
        return False
    at = datetime.fromtimestamp(int(told_at), tz=UTC)
    if abs(now - at) > _TOLERANCE:
        return False
    try:
        right = Webhook(access.secret).sign(told_id, at, incoming.body.decode())
    except UnicodeDecodeError:
        return False
    told = incoming.headers.get("webhook-signature", "").split(" ")
    found = [is_same(one, right) for one in told[:10]]  # all of them, so that time does not tell which
    return any(found)


def _secret_complaint(secret: str) -> str | None:
    try:
        octets = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    right = secret.startswith("whsec_") and 24 <= len(octets) <= 64
    return None if right else "must be whsec_ and 24 to 64 octets in base64, as Standard Webhooks say; or leave it out"


def _read(body: bytes, _access: Access, _answers: Answers, _at: datetime) -> Reading:
    call = parsed(body)
    if call.text("type") != TYPE:
        raise NotUnderstoodError(f"type is {call.text('type', limit=60) or 'missing'}; write {TYPE}")
    data, at = call.at("data"), call.required_moment("timestamp")
    status = _status(data)
    is_over = status in _OVER
    reason, by = lines(data.raw("cancel_reason"), limit=ANSWER_LENGTH), data.text("cancelled_by", limit=NAME_LENGTH)
    news = News(
        booking=_required(data, "id"),
        at=at,
        details=_details(data, is_needed=not is_over),
        is_confirmed=status is BookingStatus.CONFIRMED,
        ending=Ending(status=status, reason=reason, by=by) if is_over else None,
        no_shows=((EVERYBODY, data.is_true("no_show")),) if data.raw("no_show") is not None else (),
        outcome=None if data.raw("outcome") is None else data.text("outcome", limit=NAME_LENGTH),
        uid=uid_of(data.raw("ical_uid")),
        continues=data.id("replaces"),
    )
    return Reading(news=(news,))


def _status(data: Fields) -> BookingStatus:
    told = data.text("status") or BookingStatus.CONFIRMED
    try:
        return BookingStatus(told)
    except ValueError:
        raise NotUnderstoodError(f"data.status is {told}; write one of {', '.join(BookingStatus)}") from None


def _details(data: Fields, *, is_needed: bool) -> Details | None:
    if data.raw("starts_at") is None and not is_needed:
        return None  # a cancellation need not say what it was
    client = data.at("client").person(zone="time_zone")
    if client is None:
        raise NotUnderstoodError("data.client.email is no mail address")
    hosts = [one.person(zone="time_zone") for one in data.each("hosts")]
    meeting = data.at("meeting")
    slug = _required(meeting, "slug", place="data.meeting.")
    return Details(
        starts_at=data.required_moment("starts_at"),
        ends_at=data.required_moment("ends_at"),
        link=ExternalLink(id=meeting.id("id") or slug, name=meeting.text("name", limit=NAME_LENGTH) or slug, slug=slug),
        client=client,
        hosts=tuple(host for host in hosts if host is not None),
        guests=guests_of(data.raw("guests")),
        place=data.text("location"),
        join_url=url_or_none(data.raw("join_url")),
        answers=answers_of((one, value) for one, value in (data.raw("answers") or {}).items())
        if isinstance(data.raw("answers"), dict)
        else (),
    )


def _required(fields: Fields, name: str, *, place: str = "data.") -> str:
    found = fields.id(name)
    if not found:
        raise NotUnderstoodError(f"{place}{name} is missing")
    return found


_BODY = (
    '{"type": "booking.changed", "timestamp": …, "data": {"id": …, "status": …, "starts_at": …, "ends_at": …, '
    '"meeting": {"slug": …, "name": …}, "client": {"name": …, "email": …, "time_zone": …}, "hosts": [{"email": …}]}}'
)


def _steps(url: str, _access: Access) -> tuple[str, ...]:
    return (
        f"Whenever a booking is made or changes, POST what it is now to {url}",
        f"The body: {_BODY}",
        "Sign it with the secret as Standard Webhooks say: webhook-id, webhook-timestamp, webhook-signature.",
        "Send it again until the answer is 2xx. Order and repetitions do not matter: the timestamp says which is newer.",
    )


FORMAT = Format(
    kind=SourceKind.GENERIC,
    is_genuine=_is_genuine,
    read=_read,
    steps=_steps,
    secret_complaint=_secret_complaint,
)
