"""Calendly: webhooks in version 2 of its API, one for each invitee.

A booking is an invitee, not an event: of a group event each has a booking of his own. A reschedule is two calls in any order,
`invitee.canceled` with `rescheduled`, and `invitee.created` with `old_invitee`.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

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
    url_or_none,
)
from tocsin.formats.sources.shape import Answers, Format, Incoming, Reading, is_same

API = "https://api.calendly.com"
SCOPE = re.compile(re.escape(API) + r"/(users|organizations)/[A-Za-z0-9-]{1,100}")
_SIGNATURE = "calendly-webhook-signature"
_STALE = timedelta(seconds=180)
_SILENT = frozenset(
    {"routing_form_submission.created", "event_type.created", "event_type.updated", "event_type.deleted"}
)


def _is_genuine(incoming: Incoming, access: Access, now: datetime) -> bool:
    parts = [part.strip().partition("=")[::2] for part in incoming.headers.get(_SIGNATURE, "").split(",")]
    told = dict(parts) if len(dict(parts)) == len(parts) else {}
    at = told.get("t", "")
    if not at.isascii() or not at.isdigit() or len(at) > 12 or abs(now.timestamp() - int(at)) > _STALE.total_seconds():
        return False
    right = hmac.new(access.secret.encode(), f"{at}.".encode() + incoming.body, hashlib.sha256).hexdigest()
    return is_same(told.get("v1", ""), right)


def _read(body: bytes, _access: Access, _answers: Answers, _at: datetime) -> Reading:
    call = parsed(body)
    event = call.text("event", limit=60)
    if event in _SILENT:
        return Reading(sentence=f"{event} changes no booking")
    if event not in _READERS:
        raise NotUnderstoodError(f"event is {event or 'missing'}, which is not known here")
    invitee = call.at("payload")
    return Reading(news=(_READERS[event](invitee, call.required_moment("created_at")),))


def invitee_news(
    invitee: Fields, at: datetime, *, is_cancelled: bool, no_shows: tuple[tuple[str, bool], ...] = ()
) -> News:
    """Return what an invitee with his event tells. Raises NotUnderstoodError."""
    return News(
        booking=_uri(invitee),
        at=at,
        details=_details(invitee),
        is_confirmed=not is_cancelled,
        ending=_ending(invitee) if is_cancelled else None,
        no_shows=no_shows,
        continues=invitee.id("old_invitee"),
    )


def _ending(invitee: Fields) -> Ending:
    cancellation = invitee.at("cancellation")
    return Ending(
        status=BookingStatus.CANCELLED,
        reason=lines(cancellation.raw("reason"), limit=ANSWER_LENGTH),
        by=cancellation.text("canceled_by", limit=NAME_LENGTH),
        is_moved=invitee.is_true("rescheduled"),
    )


def _marks(*, is_marked: bool) -> Callable[[Fields, datetime], News]:
    def read(invitee: Fields, at: datetime) -> News:
        # A call of this kind may hold the mark alone, with the invitee's address in it.
        booking = invitee.id("invitee") or _uri(invitee)
        return News(booking=booking, at=at, no_shows=((EVERYBODY, is_marked),))

    return read


_READERS: Mapping[str, Callable[[Fields, datetime], News]] = {
    "invitee.created": partial(invitee_news, is_cancelled=False),
    "invitee.canceled": partial(invitee_news, is_cancelled=True),
    "invitee_no_show.created": _marks(is_marked=True),
    "invitee_no_show.deleted": _marks(is_marked=False),
}


def _uri(invitee: Fields) -> str:
    found = invitee.id("uri")
    if not found:
        raise NotUnderstoodError("payload.uri is missing: nothing tells which invitee it is")
    return found


def _details(invitee: Fields) -> Details:
    event = invitee.at("scheduled_event")
    client = invitee.person(zone="timezone")
    if client is None:
        raise NotUnderstoodError("payload.email is no mail address")
    name = event.text("name", limit=NAME_LENGTH) or "Calendly"
    location = event.at("location")
    join_url = url_or_none(location.raw("join_url"))
    hosts = [one.person(email="user_email", name="user_name") for one in event.each("event_memberships")]
    questions = sorted(invitee.each("questions_and_answers"), key=lambda one: one.text("position").zfill(4))
    return Details(
        starts_at=event.required_moment("start_time"),
        ends_at=event.required_moment("end_time"),
        link=ExternalLink(id=event.id("event_type") or name, name=name, slug=name),
        client=client,
        hosts=tuple(host for host in hosts if host is not None),
        guests=guests_of([one.raw("email") for one in event.each("event_guests")]),
        spot=location.text("type", limit=NAME_LENGTH),
        place="" if join_url else location.text("location"),
        join_url=join_url,
        answers=answers_of((one.raw("question"), one.raw("answer")) for one in questions),
    )


def _steps(url: str, _access: Access) -> tuple[str, ...]:
    return (
        ("Calendly makes webhooks by its API only, and from its Standard plan on. Make a personal access token under "
        "Integrations → API and webhooks."),
        ("Ask who you are: curl -H 'Authorization: Bearer TOKEN' https://api.calendly.com/users/me "
        "(the answer holds `uri` and `current_organization`)."),
        ("Then: curl -X POST https://api.calendly.com/webhook_subscriptions -H 'Authorization: Bearer TOKEN' "
        f"-H 'Content-Type: application/json' -d '{{\"url\": \"{url}\", \"events\": [\"invitee.created\", "
        '"invitee.canceled", "invitee_no_show.created", "invitee_no_show.deleted"], "organization": "ORGANIZATION", '
        '"user": "USER", "scope": "user", "signing_key": "SECRET"}\''),
        "SECRET is the secret of this source. With scope `organization` leave `user` out.",
        "Calendly tries for 24 hours and then disables a webhook for good: if calls stay away, look there, and make it anew.",
    )  # fmt: skip


def _user_id_complaint(user_id: str) -> str | None:
    right = SCOPE.fullmatch(user_id) is not None
    return None if right else f"must be the URI of a user or an organization, such as {API}/users/AAAA; or leave it out"


FORMAT = Format(
    kind=SourceKind.CALENDLY,
    is_genuine=_is_genuine,
    read=_read,
    steps=_steps,
    may=("api_token", "user_id"),
    user_id_complaint=_user_id_complaint,
)
