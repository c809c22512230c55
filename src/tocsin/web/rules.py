"""Automation rules: the list, and one in full with what it would send, what it was, and switches to turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from tocsin.domain.accounts import Role
from tocsin.domain.rules import RuleRevision
from tocsin.formats.opened import Opened, opened, opened_call
from tocsin.formats.plaintext import to_text
from tocsin.services import preview, rules
from tocsin.services.ports import Page as Part
from tocsin.web.fields import Form, Number
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.rule_changes import Change, changes_of
from tocsin.web.rule_words import asked, names_of, said
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class Which(Form):
    """Which part of the list is wanted."""

    page: Number = 1


class Switch(Form):
    """Whether the rule is to be on."""

    on: Literal["yes", "no"]


class Undo(Form):
    """The revision that the rule is to be as again."""

    revision: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What a rule was from a revision on, and in what it differs from the one before; the first differs from nothing."""

    number: int
    made_at: datetime
    made_by: str
    changes: Sequence[Change]
    is_kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One message that a rule would send, as its recipient would read it; without `message`, why it would not be sent."""

    recipient: str
    due_at: datetime
    reason: str
    message: Opened | None


def index(visit: Visit, which: Which) -> Shown:
    """List rules, the newest first."""
    with visit.reading() as tx:
        found, total = rules.page(tx, Part(number=which.page, size=SHOWN))
        names = names_of(tx, found)
    return {
        "rules": [(rule, said(rule, names)) for rule in found],
        "paging": Paging(path="/rules", query=visit.query, number=which.page, total=total),
    }


def show(visit: Visit) -> Shown:
    """Show a rule in full, and what it was."""
    with visit.reading() as tx:
        rule = rules.get(tx, visit.path["id"])
        kept = rules.revisions(tx, rule.id)
        names = names_of(tx, [rule, *(one.rule for one in kept if one.rule is not None)])
    return {
        "rule": rule,
        "said": said(rule, names),
        "conditions": [asked(one) for one in rule.conditions],
        "plain": to_text,
        "formers": formers(kept, names),
    }


def try_out(visit: Visit) -> Shown:
    """Show what a rule would send about a sample booking; nothing of it stays."""
    app = visit.app
    with app.store.trial(visit.workspace.id) as tx:
        rule = rules.get(tx, visit.path["id"])
        found = preview.preview(tx, app.trial_sender, visit.workspace, rule.draft, booking_id="", now=visit.now)
    return {
        "rule": rule,
        "booking": found.booking,
        "number": found.number,
        "tried": [_tried(one) for one in found.shown],
    }


def switch(visit: Visit, form: Switch) -> Answer:
    """Switch a rule on or off."""
    is_on = form.on == "yes"
    visit.write(
        lambda tx: rules.enable(
            tx, visit.path["id"], enabled=is_on, now=visit.now, chance=visit.app.chance, by=visit.who.email
        )
    )
    return _back(visit, "rule-on" if is_on else "rule-off")


def undo(visit: Visit, form: Undo) -> Answer:
    """Make a rule what it was at a revision."""
    visit.write(
        lambda tx: rules.undo(
            tx, visit.path["id"], form.revision, now=visit.now, chance=visit.app.chance, by=visit.who.email
        )
    )
    return _back(visit, "undone")


def formers(kept: Sequence[RuleRevision], links: Mapping[Any, str]) -> list[Former]:
    """Return what a rule was at each of its revisions, the latest first, with what each changed; `links` are names."""
    pairs = zip(kept, [*kept[1:], None], strict=True)
    found = [
        Former(
            number=one.number,
            made_at=one.made_at,
            made_by=one.made_by,
            changes=changes_of(None if before is None else before.rule, one.rule, links),
            is_kept=one.rule is not None,
        )
        for one, before in pairs
    ]
    return found[: rules.MOST_REVISIONS]


def _tried(one: preview.Shown) -> Tried:
    message = None
    if one.message is not None:
        message = (opened_call if one.delivery.is_call else opened)(one.message.message)
    return Tried(recipient=one.delivery.recipient, due_at=one.delivery.due_at, reason=one.reason, message=message)


def _back(visit: Visit, notice: str) -> Answer:
    return Goto(to=f"/rules/{visit.path['id']}", notice=notice)


_PATH, _TEMPLATE = "/rules/{id}", "rule.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show)
PAGES = [
    Page(path="/rules", view=index, template="rules.html", query=Which),
    Page(path=_PATH, view=show, template=_TEMPLATE),
    Page(path=f"{_PATH}/try", view=try_out, template="rule_tried.html"),
    _deed(path=f"{_PATH}/switch", view=switch, form=Switch),
    _deed(path=f"{_PATH}/undo", view=undo, form=Undo),
]
