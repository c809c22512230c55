"""Acuity: its API has no pages and does not say what changed.

So all from yesterday on is asked for, in spans of days that fit in an answer.
"""

from datetime import date, timedelta

from tocsin.domain.sources.looks import Sight
from tocsin.domain.sources.source import SourceKind
from tocsin.formats.sources.acuity import news_of, question
from tocsin.formats.sources.fields import Fields, NotUnderstoodError
from tocsin.formats.sources.looks.shape import Looker, Page, View, rows_of, sights_of
from tocsin.formats.sources.shape import Answers

MOST = 100  # in an answer, as it is if nothing is said
MOST_OF_A_DAY = 400  # fits in an answer of the size that is read
_WIDEST = 64  # days


def _step(view: View, answers: Answers) -> Page:
    first, days = _span(view)
    if "appointments" not in answers:
        until = f"&maxDate={first + timedelta(days=days - 1)}" if days else ""
        query = f"minDate={first}{until}&max={_most(days)}&direction=ASC&showall=true"
        return Page(questions=(question("appointments", f"/appointments?{query}", view.access),
                               question("calendars", "/calendars", view.access)))  # fmt: skip
    rows = rows_of(answers["appointments"], "appointments")
    sights, remark = sights_of(rows, lambda row: _sight(row, answers.get("calendars"), view))
    is_full = len(rows) >= _most(days)
    if is_full and days == 1:
        remark = (
            remark or f"on {first} there are {MOST_OF_A_DAY} appointments or more, and the others were not looked at"
        )
    return Page(sights=sights, position=_next(first, days, is_full=is_full), remark=remark)


def _span(view: View) -> tuple[date, int]:
    """Return the first day that is asked for, and for how many days; 0: all that follow."""
    if not view.position:
        return view.earliest.date(), 0
    first, _, days = view.position.partition("/")
    return date.fromisoformat(first), int(days)


def _most(days: int) -> int:
    return MOST_OF_A_DAY if days == 1 else MOST


def _next(first: date, days: int, *, is_full: bool) -> str:
    """Return the next span: a narrower one if this one held too many, else what follows it."""
    if is_full and days != 1:
        return f"{first}/{days // 2 or _WIDEST}"
    return f"{first + timedelta(days=days)}/0" if days else ""


def _sight(row: Fields, calendars: object, view: View) -> Sight:
    appointment_id = row.id("id")
    if not appointment_id:
        raise NotUnderstoodError("an appointment has no id")
    return Sight(news=news_of(appointment_id, row, calendars, view.at))


LOOKER = Looker(kind=SourceKind.ACUITY, step=_step, is_always_able=True)
