"""Acuity Scheduling: a form with ids only. What an appointment is now is asked of its API, and order says nothing."""

import base64
import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from tocsin.domain.model import BookingStatus
from tocsin.domain.sources.news import EVERYBODY, Details, Ending, ExternalLink, News, Person
from tocsin.domain.sources.source import Access, SourceKind
from tocsin.domain.text import NAME_LENGTH
from tocsin.formats.sources.fields import (
    Fields,
    NotUnderstoodError,
    address_or_none,
    answers_of,
    line,
    url_or_none,
    zone_or_none,
)
from tocsin.formats.sources.shape import Answers, Format, Incoming, Question, Reading, is_same

API = "https://acuityscheduling.com/api/v1"
_SIGNATURE = "x-acuity-signature"
_ACTIONS = frozenset({"scheduled", "rescheduled", "canceled", "changed"})
_MOST_MINUTES = 7 * 24 * 60


def _is_genuine(incoming: Incoming, access: Access, _now: datetime) -> bool:
    right = base64.b64encode(hmac.digest(access.secret.encode(), incoming.body, "sha256")).decode()
    return is_same(incoming.headers.get(_SIGNATURE, ""), right)


def _read(body: bytes, access: Access, answers: Answers, at: datetime) -> Reading:
    form = _form(body)
    action, appointment_id = form.get("action", "").removeprefix("appointment."), form.get("id", "")
    if action not in _ACTIONS:
        if not action:
            raise NotUnderstoodError("action is missing")
        return Reading(sentence=f"{line(action, limit=60)} changes no booking")
    if not appointment_id.isascii() or not appointment_id.isdigit() or len(appointment_id) > 20:
        raise NotUnderstoodError("id is no number")
    if not answers:
        questions = (question("appointment", f"/appointments/{appointment_id}", access),
                     question("calendars", "/calendars", access))  # fmt: skip
        return Reading(questions=questions, sentence="the appointment is asked for", about=appointment_id)
    record = Fields(answers.get("appointment"))
    if record.raw("id") is None:
        raise NotUnderstoodError(f"Acuity has no appointment {appointment_id}; is the source of this account?")
    return Reading(news=(news_of(appointment_id, record, answers.get("calendars"), at),))


def _form(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=100)
    except ValueError:
        raise NotUnderstoodError("the body is no form") from None
    return {name: values[0] for name, values in found.items()}


def question(name: str, path: str, access: Access) -> Question:
    """Return what asks its API."""
    credentials = base64.b64encode(f"{access.user_id}:{access.secret}".encode()).decode()
    return Question(name=name, url=f"{API}{path}", authorization=f"Basic {credentials}")


def news_of(appointment_id: str, record: Fields, calendars: object, at: datetime) -> News:
    """Return what an appointment tells, as its API has it. Raises NotUnderstoodError."""
    is_no_show = record.is_true("noShow")
    # Acuity cancels whom it marks as no-show; the meeting was not called off.
    is_cancelled = record.is_true("canceled") and not is_no_show
    labels = ", ".join(one.text("name", limit=NAME_LENGTH) for one in record.each("labels"))
    return News(
        booking=appointment_id,
        at=at,
        details=_details(record, calendars),
        is_confirmed=not is_cancelled,
        ending=Ending(status=BookingStatus.CANCELLED) if is_cancelled else None,
        no_shows=((EVERYBODY, is_no_show),),
        outcome=labels[:NAME_LENGTH] or None,
    )


def _details(record: Fields, calendars: object) -> Details:
    client = address_or_none(record.raw("email"))
    if client is None:
        raise NotUnderstoodError(
            "the appointment has no mail address of its client; set it in Acuity, and replay the call"
        )
    starts_at = record.required_moment("datetime")
    name = record.text("type", limit=NAME_LENGTH) or "Appointment"
    location = record.text("location")
    join_url = url_or_none(location)
    full_name = f"{record.text('firstName', limit=50)} {record.text('lastName', limit=49)}".strip()
    return Details(
        starts_at=starts_at,
        ends_at=starts_at + _duration(record),
        link=ExternalLink(id=record.id("appointmentTypeID") or name, name=name, slug=name),
        client=Person(email=client, name=full_name, time_zone=zone_or_none(record.raw("timezone"))),
        hosts=_hosts(record, calendars),
        place="" if join_url else location,
        join_url=join_url,
        answers=answers_of(_pairs(record)),
    )


def _duration(record: Fields) -> timedelta:
    told = record.text("duration", limit=10)
    if not told.isascii() or not told.isdigit() or not 0 < int(told) <= _MOST_MINUTES:
        raise NotUnderstoodError("duration is no number of minutes")
    return timedelta(minutes=int(told))


def _hosts(record: Fields, calendars: object) -> tuple[Person, ...]:
    """Return whose calendar it is; a calendar without an address hosts nothing, and the source's own host does."""
    for one in calendars if isinstance(calendars, list) else ():
        calendar = Fields(one)
        if calendar.id("id") and calendar.id("id") == record.id("calendarID"):
            found = calendar.person(zone="timezone")
            return () if found is None else (found,)
    return ()


def _pairs(record: Fields) -> Iterator[tuple[object, object]]:
    for form in record.each("forms"):
        for value in form.each("values"):
            yield value.raw("name"), value.raw("value")
    yield "Notes", record.raw("notes")


def _steps(url: str, _access: Access) -> tuple[str, ...]:
    return (
        ("In Acuity open Integrations → API: View credentials shows the user id and the API key. The key is the secret of this "
        "source, because Acuity signs with it."),
        ("Open Integrations → Webhooks, or Business Settings → Integrations → API, and enter the address below for appointment "
        "scheduled, rescheduled, canceled and changed."),
        f"Webhook URL: {url}",
        "Acuity calls ports 80 and 443 only, so the address must be reached at one of them.",
    )  # fmt: skip


def _secret_complaint(secret: str) -> str | None:
    return None if secret else "is required: the API key of the account"


FORMAT = Format(
    kind=SourceKind.ACUITY,
    is_genuine=_is_genuine,
    read=_read,
    steps=_steps,
    wants=("user_id",),
    makes_secret=False,
    asks=True,
    secret_complaint=_secret_complaint,
)
