"""A rule tried on the past: which days, how far it is, and what it would have sent."""

from contextlib import suppress
from dataclasses import replace
from datetime import time, timedelta
from functools import partial
from typing import Literal

from tocsin.domain.accounts import Role
from tocsin.domain.dry_run import MOST_LINES, KeptRun, Line, Report
from tocsin.domain.errors import ConflictError, InvalidInputError, Problem
from tocsin.domain.rules import RuleDraft
from tocsin.formats import zones
from tocsin.schemas.dry_run import LONGEST
from tocsin.services import dry_runs, rules
from tocsin.services.past import Span, Wanted
from tocsin.web.fields import Day, Form, Number, read
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.typed import Typed
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit

USUAL = timedelta(days=30)
_DAY = timedelta(days=1)
_LATEST = 10  # of a rule


class Days(Form):
    """The days that a rule is tried on, the last one too, as they are where whoever asks is."""

    first: Day
    last: Day


class Offered(Form):
    """The days that are offered for a start."""

    first: Day | None = None
    last: Day | None = None


class Which(Form):
    """Which part of what was found is wanted: what is new, what is not sent, what goes no more; and which page of it.

    `still`: the page is not to be loaded anew by itself.
    """

    show: Literal["new", "unsent", "lost"] | None = None
    page: Number = 1
    still: Literal["yes"] | None = None


def ask(visit: Visit, offered: Offered) -> Shown:
    """Ask for the days, and list the latest dry runs of a rule."""
    asked = {name: day.isoformat() for name, day in (("first", offered.first), ("last", offered.last)) if day}
    shown = ask_again(visit)
    return shown | {"days": shown["days"] | asked}


def ask_again(visit: Visit) -> Shown:
    """Ask for the last 30 days, unless something else was typed."""
    with visit.reading() as tx:
        rule = rules.get(tx, visit.path["id"])
        latest = tx.dry_runs.latest(rule.id, limit=_LATEST)
    standing = [(run, run.standing(visit.now).value) for run in latest]
    return {"rule": rule, "latest": standing, "days": usual(visit)}


def start(visit: Visit, days: Days) -> Answer:
    """Try a rule as it is saved."""
    with visit.reading() as tx:
        rule = rules.get(tx, visit.path["id"])
    return begun(visit, rule.draft, _span(visit, days), rule_id=rule.id, is_draft=False)


def begun(visit: Visit, draft: RuleDraft, span: Span, *, rule_id: str, is_draft: bool) -> Goto:
    """Begin a dry run of a rule as if it were on, and go where it shows."""
    wanted = Wanted(draft=replace(draft, enabled=True), rule_id=rule_id, span=span)
    app, by = visit.app, visit.who.email

    def begin() -> dry_runs.Job:
        return visit.write(
            lambda tx: dry_runs.start(tx, wanted, is_draft=is_draft, by=by, now=visit.now, new_id=app.chance.ordered_id)
        )

    return Goto(to=f"/rules/dry-runs/{app.dry_runs.take(app.trial_sender, begin).run_id}")


def show(visit: Visit, which: Which) -> Shown:
    """Show how far a dry run is, or what it found."""
    with visit.reading() as tx:
        run = dry_runs.get(tx, visit.path["run"])
        rule = tx.rules.get(run.rule_id)
        lines = [] if run.report is None else _chosen(run.report, which)
        first = (which.page - 1) * SHOWN
        shown = lines[first : first + SHOWN]
        known = tx.bookings.of({line.booking_id for line in shown})
    standing = run.standing(visit.now)
    return {
        "run": run,
        "rule": rule,
        "standing": standing.value,
        "is_under_way": run.is_under_way(visit.now),
        "left": about(run.left(visit.now)),
        "lines": [(line, known.get(line.booking_id)) for line in shown],
        "counts": [] if run.report is None else _counts(run.report, is_draft=run.is_draft),
        "which": which,
        "most": MOST_LINES,
        "days": _days_of(visit, run),
        "paging": Paging(path=f"/rules/dry-runs/{run.id}", query=visit.query, number=which.page, total=len(lines)),
    }


def cancel(visit: Visit, _form: Form) -> Answer:
    """End a dry run. One that has ended meanwhile shows how it did."""
    with suppress(ConflictError):
        visit.write(lambda tx: dry_runs.cancel(tx, visit.path["run"], now=visit.now))
    return Goto(to=f"/rules/dry-runs/{visit.path['run']}")


def usual(visit: Visit) -> dict[str, str]:
    """Return the days that are offered: the last 30, where whoever asks is."""
    today = zones.local(visit.now, visit.zone).date()
    return {"first": (today - USUAL + _DAY).isoformat(), "last": today.isoformat()}


def span_of(visit: Visit, typed: Typed) -> Span:
    """Return the window of the days that stand in the form of a rule. Raises InvalidInputError."""
    days, problems = read(Days, {name: typed.first(f"past_{name}") for name in Days.model_fields})
    try:
        if days is None:
            raise InvalidInputError(problems)
        return _span(visit, days)
    except InvalidInputError as error:
        raise InvalidInputError(
            Problem(field=f"past_{one.field}", message=one.message) for one in error.problems
        ) from error


def about(left: timedelta | None) -> str:
    """Return how long something takes yet, as roughly as it is known; empty if it is not."""
    if left is None:
        return ""
    seconds = left.total_seconds()
    if seconds <= 60:
        return f"{max(int(-(-seconds // 10)) * 10, 10)} seconds"
    return f"{round(seconds / 60) or 1} minute{'' if round(seconds / 60) == 1 else 's'}"


def _span(visit: Visit, days: Days) -> Span:
    wrong = ""
    if days.last < days.first:
        wrong = "choose the same day as the first, or a later one"
    elif days.last - days.first >= LONGEST:
        wrong = f"choose a day at most {LONGEST.days} days after the first"
    elif days.last.year >= zones.LATEST_YEAR:
        wrong = f"choose a day before the year {zones.LATEST_YEAR}"
    if wrong:
        raise InvalidInputError.of("last", wrong)
    first, after = days.first, days.last + _DAY
    return Span(start=zones.instant(first, time(0), visit.zone), end=zones.instant(after, time(0), visit.zone))


def _days_of(visit: Visit, run: KeptRun) -> dict[str, str]:
    """Return the days of a dry run, as they are where whoever asks is."""
    moments = {"first": run.start, "last": run.end - timedelta(microseconds=1)}
    return {name: zones.local(moment, visit.zone).date().isoformat() for name, moment in moments.items()}


def _chosen(report: Report, which: Which) -> list[Line]:
    if which.show == "lost":
        return list(report.lost_lines)
    if which.show == "new":
        return [line for line in report.lines if line.is_sent and not line.is_told_anyway]
    if which.show == "unsent":
        return [line for line in report.lines if not line.is_sent]
    return list(report.lines)


def _counts(report: Report, *, is_draft: bool) -> list[tuple[str, int, str]]:
    """Return the parts of what was found: the name of each, how much it is, and what it is."""
    return [
        ("", report.deliveries, "deliveries"),
        ("new", report.new, "not sent as it is now" if is_draft else "sent by no other rule"),
        ("unsent", report.deliveries - report.sent, "not sent"),
        ("lost", report.no_longer, "sent no more"),
    ]


_PATH, _RUN = "/rules/{id}/dry-run", "/rules/dry-runs/{run}"
_deed = partial(Page, method="POST", role=Role.ADMIN)
PAGES = [
    Page(path=_PATH, view=ask, template="dry_runs.html", query=Offered),
    _deed(path=_PATH, view=start, form=Days, template="dry_runs.html", again=ask_again),
    Page(path=_RUN, view=show, template="dry_run.html", query=Which),
    _deed(path=f"{_RUN}/cancel", view=cancel),
]
