"""Easy!Appointments: all appointments from yesterday on, by id.

What is cancelled there is deleted. So what is missing is asked for, and gone only if there is no such appointment.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from tocsin.domain.model import BookingStatus
from tocsin.domain.sources.looks import Sight
from tocsin.domain.sources.news import Ending, News
from tocsin.domain.sources.source import SourceKind
from tocsin.domain.text import NAME_LENGTH
from tocsin.formats.sources.easy_appointments import API, details_of, id_of, wall_clock
from tocsin.formats.sources.fields import Fields
from tocsin.formats.sources.looks.shape import Looker, Page, View, rows_of, sights_of
from tocsin.formats.sources.shape import Answers, Question

LENGTH = 40  # appointments on a page: each comes with all that is known of three persons and things
MOST_MISSING = 20  # asked for in a step; of more, the others are missing in the next look again
# How its API calls the columns of its calls.
_COLUMNS = {
    "id": "id",
    "start_datetime": "start",
    "end_datetime": "end",
    "location": "location",
    "meeting_link": "meetingLink",
    "notes": "notes",
    "id_services": "serviceId",
}
_PARTS = ("customer", "provider", "service")


def _step(view: View, answers: Answers) -> Page:
    number, after = (int(part) for part in (view.position or "1/0").split("/"))
    if "page" not in answers:
        query = f"page={number}&length={LENGTH}&sort=id&from={view.earliest:%Y-%m-%d}&aggregates=1"
        return Page(questions=(_question(view, "page", f"?{query}"),))
    rows = rows_of(answers["page"], "appointments")
    ids = [int(one) for row in rows if (one := row.id("id")).isascii() and one.isdigit()]
    last = max(ids, default=0)
    is_end = len(rows) < LENGTH or last <= after  # the same page again: its version knows no pages
    missing = _missing(view, ids, after=after, until=None if is_end else last)
    if unasked := tuple(_question(view, one, f"/{one}") for one in missing if one not in answers):
        return Page(questions=unasked)
    sights, remark = sights_of(rows, lambda row: _sight(row, view))
    gone = tuple(_gone(one, view.at) for one in missing if answers[one] is None)
    return Page(sights=sights + gone, position="" if is_end else f"{number + 1}/{last}", remark=remark)


def _question(view: View, name: str, rest: str) -> Question:
    url = f"{view.access.api_url}{API}/appointments{rest}"
    return Question(name=name, url=url, authorization=f"Bearer {view.access.api_token}")


def _missing(view: View, ids: Iterable[int], *, after: int, until: int | None) -> list[str]:
    """Return the bookings that should be on this page, and are not: gone, or only slipped to another page."""
    found = sorted(int(one) for one in view.expected if one.isascii() and one.isdigit())
    within = [one for one in found if one > after and (until is None or one <= until)]
    return [str(one) for one in within if one not in set(ids)][:MOST_MISSING]


def _sight(row: Fields, view: View) -> Sight | None:
    columns = Fields({column: row.raw(name) for column, name in _COLUMNS.items()})
    details = details_of(columns, {name: row.raw(name) for name in _PARTS}, is_needed=True)
    if details is not None and details.ends_at <= view.earliest:
        return None  # older versions know no `from`
    booked = wall_clock(row, "book")
    news = News(
        booking=id_of(columns, "id"),
        at=view.at if booked is None else booked.replace(tzinfo=UTC),  # by the clock of its server, as in its calls
        details=details,
        is_confirmed=True,
        outcome=row.text("status", limit=NAME_LENGTH) or None,
    )
    return Sight(news=news, has_clock=False, is_whole=False)


def _gone(booking: str, at: datetime) -> Sight:
    return Sight(news=News(booking=booking, at=at, ending=Ending(status=BookingStatus.CANCELLED)), has_clock=False)


LOOKER = Looker(kind=SourceKind.EASY_APPOINTMENTS, step=_step, is_always_able=True)
