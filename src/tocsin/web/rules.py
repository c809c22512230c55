"""Automation rules: the list, and one in full with what it would send, what it was, and switches to turn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from tocsin.domain.accounts import Role
from tocsin.domain.events import EventKind
from tocsin.domain.rules import AutomationRule, RuleDraft, RuleRevision
from tocsin.formats.opened import Opened, opened, opened_call
from tocsin.services import preview, rules
from tocsin.services.ports import Page as Part
from tocsin.services.ports import Transaction
from tocsin.web.fields import Form, Number
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit

_WHEN = {
    EventKind.BOOKING_CONFIRMED: "is confirmed",
    EventKind.BOOKING_RESCHEDULED: "moves, or changes its host or place",
    EventKind.BOOKING_CANCELLED: "is cancelled or rejected",
    EventKind.MARKED_NO_SHOW: "is marked as no-show",
    EventKind.MEETING_OUTCOME_CHANGED: "gets another outcome",
    EventKind.INVITE_ACCEPTED: "is accepted by somebody who was invited",
    EventKind.INVITE_DECLINED: "is declined by somebody who was invited",
}
_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


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
    """What a rule was from a revision on. `changed` names what was different before; the first revision has none."""

    number: int
    made_at: datetime
    made_by: str
    changed: Sequence[str]
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
        names = _names(tx, found)
    return {
        "rules": [(rule, said(rule, names)) for rule in found],
        "paging": Paging(path="/rules", query=visit.query, number=which.page, total=total),
    }


def show(visit: Visit) -> Shown:
    """Show a rule in full, and what it was."""
    with visit.reading() as tx:
        rule = rules.get(tx, visit.path["id"])
        names, kept = _names(tx, [rule]), rules.revisions(tx, rule.id)
    return {"rule": rule, "said": said(rule, names), "formers": formers(kept)}


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


def said(rule: AutomationRule, names: dict[str, str]) -> str:
    """Return when a rule fires, as a sentence."""
    links = " or ".join(names.get(link_id, "a link that is gone") for link_id in rule.link_ids)
    return f"When a booking of {links} {_when(rule)}"


def formers(kept: Sequence[RuleRevision]) -> list[Former]:
    """Return what a rule was at each of its revisions, the latest first, with what each changed."""
    pairs = zip(kept, [*kept[1:], None], strict=True)
    found = [
        Former(
            number=one.number,
            made_at=one.made_at,
            made_by=one.made_by,
            changed=_changed(one, before),
            is_kept=one.rule is not None,
        )
        for one, before in pairs
    ]
    return found[: rules.MOST_REVISIONS]


def _when(rule: AutomationRule) -> str:
    if rule.event in _WHEN:
        return _WHEN[rule.event]
    times = ", ".join(map(_span, rule.offsets))
    return f"starts in {times}" if rule.event is EventKind.BEFORE_MEETING_STARTS else f"has been over for {times}"


def _span(offset: timedelta) -> str:
    name, unit = next((each for each in _UNITS if offset and offset % each[1] == timedelta(0)), _UNITS[-1])
    number = offset // unit
    return f"{number} {name}{'' if number == 1 else 's'}"


def _changed(one: RuleRevision, before: RuleRevision | None) -> list[str]:
    if one.rule is None or before is None or before.rule is None:
        return []
    own, former = one.rule.draft, before.rule.draft
    return [each.name for each in fields(RuleDraft) if getattr(own, each.name) != getattr(former, each.name)]


def _tried(one: preview.Shown) -> Tried:
    message = None
    if one.message is not None:
        message = (opened_call if one.delivery.is_call else opened)(one.message.message)
    return Tried(recipient=one.delivery.recipient, due_at=one.delivery.due_at, reason=one.reason, message=message)


def _names(tx: Transaction, some: Iterable[AutomationRule]) -> dict[str, str]:
    return {link.id: link.name for link in tx.links.named({link_id for rule in some for link_id in rule.link_ids})}


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
