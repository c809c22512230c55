"""The audit log as a page, and as a file."""

from typing import Annotated

from pydantic import AfterValidator

from tocsin.domain.accounts import Role
from tocsin.domain.audit import KEPT_FOR, KINDS, Entry, Verb, what_complaint
from tocsin.services import audit
from tocsin.services.ports import Page as Part
from tocsin.services.ports_audit import AuditFilter
from tocsin.web import csv
from tocsin.web.fields import Day, Form, Line, Number
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.visit import Download, Page, Shown, Visit

MOST_EXPORTED = 10_000  # the newest; `tocsin audit export` has all
_PART = 1000
_PATH = "/settings/audit"
_COLUMNS = ("number", "at", "who", "through", "what", "id", "name", "before", "after", "seal")


def _what(value: str) -> str:
    wrong = what_complaint(value)
    if wrong is not None:
        raise ValueError(wrong)
    return value


class Filters(Form):
    """Which entries are wanted."""

    who: Line = ""
    what: Annotated[str, AfterValidator(_what)] = ""
    id: Line = ""
    day: Day | None = None
    page: Number = 1

    def wanted(self, zone: str) -> AuditFilter:
        """The same in the services' words."""
        return audit.filter_of(who=self.who, what=self.what, thing=self.id, day=self.day, zone=zone)


def index(visit: Visit, filters: Filters) -> Shown:
    """List who did what, the newest first."""
    with visit.reading() as tx:
        found, total = audit.page(tx, filters.wanted(visit.zone), Part(number=filters.page, size=SHOWN))
    return {
        "entries": [(entry, audit.differences(entry)) for entry in found],
        "kinds": [(kind, [verb.value for verb in Verb if verb.partition(".")[0] == kind]) for kind in KINDS],
        "filters": filters,
        "paging": Paging(path=_PATH, query=visit.query, number=filters.page, total=total),
        "most_exported": MOST_EXPORTED,
        "kept_days": KEPT_FOR.days,
    }


def export(visit: Visit, filters: Filters) -> Download:
    """Give the newest of what the filters leave as a file for spreadsheets; each part of it in a transaction of its own."""
    rows: list[tuple[object, ...]] = []
    for number in range(1, MOST_EXPORTED // _PART + 1):
        with visit.reading() as tx:
            found, total = audit.page(tx, filters.wanted(visit.zone), Part(number=number, size=_PART))
        rows += [_row(entry) for entry in found]
        if number * _PART >= total:
            break
    return Download(name="audit.csv", media_type="text/csv; charset=utf-8", content=csv.written(_COLUMNS, rows))


def _row(entry: Entry) -> tuple[object, ...]:
    deed, at = entry.deed, entry.at.isoformat(timespec="seconds")
    done = (deed.verb, deed.thing, deed.name, deed.before, deed.after)
    return (entry.number, at, entry.by.who, entry.by.through, *done, entry.seal)


PAGES = [
    Page(path=_PATH, view=index, template="settings/audit.html", query=Filters, role=Role.ADMIN),
    Page(path=f"{_PATH}.csv", view=export, query=Filters, role=Role.ADMIN),
]
