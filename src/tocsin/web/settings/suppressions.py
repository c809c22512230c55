"""The suppression list: who gets no more messages, found, added to, lifted, and as a file."""

from functools import partial

from tocsin.domain.accounts import Role
from tocsin.domain.suppression import Suppression
from tocsin.schemas.fields import Address
from tocsin.services import rules, suppressions
from tocsin.services.ports import Page as Part
from tocsin.services.ports import Transaction
from tocsin.web import csv
from tocsin.web.fields import Form, Id, Line, Number, Paragraph
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.visit import Answer, Download, Goto, Page, Shown, Visit

MOST_EXPORTED = 10_000  # the newest; a file of more is for the API
_PART = 1000
_MOST_RULES = 200  # in the list to choose from
_COLUMNS = ("recipient", "rule", "reason", "since", "note")


class Filters(Form):
    """Which entries are wanted."""

    q: Line = ""
    page: Number = 1


class NewEntry(Form):
    """Who is to get nothing more, of one rule or of all, and why."""

    recipient: Address
    rule_id: Id = ""
    note: Paragraph = ""


class Which(Form):
    """Which entries are meant: those of an address for one rule, or for all."""

    recipient: Line
    rule_id: Id = ""


def index(visit: Visit, filters: Filters) -> Shown:
    """List who gets nothing more, the newest first."""
    with visit.reading() as tx:
        found, total = suppressions.page(tx, Part(number=filters.page, size=SHOWN), search=filters.q)
        known, _ = rules.page(tx, Part(size=_MOST_RULES))
        names = {rule_id: _rule_name(tx, rule_id) for rule_id in {one.rule_id for one in found}}
    return {
        "entries": found,
        "names": names,
        "rule_options": [("", "All rules"), *((rule.id, rule.name or rule.id) for rule in known)],
        "filters": filters,
        "most_exported": MOST_EXPORTED,
        "paging": Paging(path=_PATH, query=visit.query, number=filters.page, total=total),
    }


def add(visit: Visit, form: NewEntry) -> Answer:
    """Put an address on the list."""
    visit.write(lambda tx: suppressions.add(tx, form.recipient, rule_id=form.rule_id, note=form.note, now=visit.now))
    return Goto(to=_PATH, notice="suppressed")


def lift(visit: Visit, form: Which) -> Answer:
    """Take an address off the list."""
    visit.write(lambda tx: suppressions.remove(tx, form.recipient, rule_id=form.rule_id))
    return Goto(to=_PATH, notice="lifted")


def export(visit: Visit, filters: Filters) -> Download:
    """Give the newest entries as a file for spreadsheets; each part of it in a transaction of its own."""
    rows: list[tuple[object, ...]] = []
    for number in range(1, MOST_EXPORTED // _PART + 1):
        with visit.reading() as tx:
            found, total = suppressions.page(tx, Part(number=number, size=_PART), search=filters.q)
        rows += [_row(one) for one in found]
        if number * _PART >= total:
            break
    return Download(name="suppressions.csv", media_type="text/csv; charset=utf-8", content=csv.written(_COLUMNS, rows))


def _row(one: Suppression) -> tuple[object, ...]:
    return (one.recipient, one.rule_id, one.reason.value, one.since_at.isoformat(timespec="seconds"), one.note)


def _rule_name(tx: Transaction, rule_id: str) -> str:
    if not rule_id:
        return "all rules"
    rule = tx.rules.get(rule_id)
    return "a rule that is gone" if rule is None else rule.name or "a rule without a name"


_PATH, _TEMPLATE = "/settings/suppressions", "settings/suppressions.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=lambda visit: index(visit, Filters()))
PAGES = [
    Page(path=_PATH, view=index, template=_TEMPLATE, query=Filters),
    Page(path=f"{_PATH}.csv", view=export, query=Filters),
    _deed(path=f"{_PATH}/add", view=add, form=NewEntry),
    _deed(path=f"{_PATH}/lift", view=lift, form=Which),
]
