"""Easy!Appointments: a row of its database, and a token in a header. Who and what the ids in it mean is asked of its API.

Times are the wall clock of the provider's time zone, which only the provider's record tells.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from tocsin.domain.model import BookingStatus
from tocsin.domain.sources.news import Details, Ending, ExternalLink, News, Person
from tocsin.domain.sources.source import Access, SourceKind
from tocsin.domain.text import NAME_LENGTH
from tocsin.formats import zones
from tocsin.formats.sources.fields import Fields, NotUnderstoodError, answers_of, line, lines, parsed, url_or_none
from tocsin.formats.sources.shape import Answers, Format, Incoming, Question, Reading, is_same

HEADER = "X-Ea-Token"  # unless another is set there
_SAVED, _DELETED = "appointment_save", "appointment_delete"
API = "/index.php/api/v1"
# What is asked for, and which column of the row names it.
_ASKED: Mapping[str, tuple[str, str]] = {
    "customer": ("customers", "id_users_customer"),
    "provider": ("providers", "id_users_provider"),
    "service": ("services", "id_services"),
}


def _is_genuine(incoming: Incoming, access: Access, _now: datetime) -> bool:
    return is_same(incoming.headers.get((access.header or HEADER).lower(), ""), access.secret)


def _read(body: bytes, access: Access, answers: Answers, at: datetime) -> Reading:
    call = parsed(body)
    action, row = call.text("action", limit=60), call.at("payload")
    if not action or not isinstance(call.raw("payload"), dict):
        raise NotUnderstoodError("action or payload is missing")
    if action not in (_SAVED, _DELETED):
        return Reading(sentence=f"{action} changes no booking")
    if row.is_true("is_unavailability"):
        return Reading(sentence="a time at which nobody can be booked is no booking")
    if not answers:
        questions = tuple(_question(name, row, access) for name in _ASKED)
        sentence = "its customer, provider and service are asked for"
        return Reading(questions=questions, sentence=sentence, about=row.id("id"))
    is_deleted = action == _DELETED
    news = News(
        booking=id_of(row, "id"),
        at=_updated(row) or at,
        details=details_of(row, answers, is_needed=not is_deleted),
        is_confirmed=not is_deleted,
        ending=Ending(status=BookingStatus.CANCELLED) if is_deleted else None,
        outcome=row.text("status", limit=NAME_LENGTH) or None,
    )
    return Reading(news=(news,))


def _question(name: str, row: Fields, access: Access) -> Question:
    place, column = _ASKED[name]
    url = f"{access.api_url}{API}/{place}/{id_of(row, column)}"
    return Question(name=name, url=url, authorization=f"Bearer {access.api_token}")


def id_of(row: Fields, column: str) -> str:
    """Return the id in a column. Raises NotUnderstoodError if there is none."""
    found = row.id(column)
    if not found.isascii() or not found.isalnum():
        raise NotUnderstoodError(f"payload.{column} is missing or no id")
    return found


def details_of(row: Fields, answers: Answers, *, is_needed: bool) -> Details | None:
    """Return what a row tells, with the answers that its ids mean. Raises NotUnderstoodError unless it is not needed."""
    customer, provider, service = (Fields(answers.get(name)) for name in _ASKED)
    zone = provider.text("timezone")
    client = _person(customer)
    if client is None or zones.complaint(zone) is not None:
        if not is_needed:
            return None  # it is deleted, and with it perhaps who it was with
        wrong = "its customer has no mail address" if client is None else "its provider has no time zone"
        raise NotUnderstoodError(f"{wrong}; mend it in Easy!Appointments, and replay the call")
    host, name = _person(provider), service.text("name", limit=NAME_LENGTH) or f"Service {id_of(row, 'id_services')}"
    join_url = url_or_none(row.raw("meeting_link")) or url_or_none(row.raw("location"))
    place = row.text("location")
    return Details(
        starts_at=_instant(row, "start_datetime", zone),
        ends_at=_instant(row, "end_datetime", zone),
        link=ExternalLink(id=id_of(row, "id_services"), name=name, slug=name),
        client=client,
        hosts=() if host is None else (host,),
        place="" if place == join_url else place,
        join_url=join_url,
        answers=answers_of(iter([("Notes", lines(row.raw("notes")))])),
    )


def _person(record: Fields) -> Person | None:
    found = record.person(zone="timezone")
    if found is None:
        return None
    name = f"{record.text('firstName', limit=50)} {record.text('lastName', limit=49)}".strip()
    return Person(email=found.email, name=name, time_zone=found.time_zone)


def wall_clock(row: Fields, column: str) -> datetime | None:
    """Return what stands in a column as a date and time without a zone; None for what is none."""
    try:
        found = datetime.fromisoformat(line(row.raw(column)))
    except ValueError:
        return None
    return None if found.tzinfo is not None else found


def _instant(row: Fields, column: str, zone: str) -> datetime:
    told = wall_clock(row, column)
    if told is None or not zones.EARLIEST_YEAR <= told.year <= zones.LATEST_YEAR:
        raise NotUnderstoodError(f"payload.{column} is no date and time")
    return zones.instant(told.date(), told.time(), zone)


def _updated(row: Fields) -> datetime | None:
    """Return when the row was changed, by the clock of its server: only compared with others of it."""
    told = wall_clock(row, "update_datetime")
    return None if told is None else told.replace(tzinfo=UTC)


def _steps(url: str, access: Access) -> tuple[str, ...]:
    return (
        "In Easy!Appointments open Settings → Integrations → Webhooks → Configure, and add one.",
        f"URL: {url}",
        f"Secret header: {access.header or HEADER}. Secret token: the secret of this source.",
        "Actions: Appointment Save and Appointment Delete. Leave SSL verification on.",
        ("Under Settings → Integrations → API set a token: it is the api_token of this source, with which names and addresses "
        "are asked for."),
        "Easy!Appointments tries each call once: what was saved while Tocsin was away comes when it is saved again.",
    )  # fmt: skip


FORMAT = Format(
    kind=SourceKind.EASY_APPOINTMENTS,
    is_genuine=_is_genuine,
    read=_read,
    steps=_steps,
    wants=("header", "api_url", "api_token"),
)
