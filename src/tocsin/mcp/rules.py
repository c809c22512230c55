"""Tools for automation rules."""

from functools import partial

from pydantic import BaseModel

from tocsin.domain.access import Scope
from tocsin.domain.circle import Stranger
from tocsin.domain.rules import AutomationRule
from tocsin.mcp.tool import Caller, Id, OfOne, Told, Tool
from tocsin.schemas.paging import PageQuery, listing
from tocsin.schemas.reading import read
from tocsin.schemas.rules import FullRuleIn, FullRuleOut, RulePatch, patched
from tocsin.services import drafts, rules
from tocsin.services.ports import Transaction

DRAFT = (
    "The rule is a draft: it was saved switched off, because these recipients are outside the workspace's own domains: "
    "{who}. Tell your user so. A person has to look at it and switch it on, on the page of the rule; no tool here can."
)


class RuleChange(RulePatch):
    """What to change of a rule; what is left out stays as it is."""

    id: Id


def index(caller: Caller, query: PageQuery) -> Told:
    """List automation rules in full."""
    with caller.reading() as tx:
        found, total = rules.page(tx, query.page)
    return Told(body=listing("rules", [FullRuleOut.of(rule) for rule in found], total, query.page))


def show(caller: Caller, one: OfOne) -> Told:
    """Show an automation rule."""
    with caller.reading() as tx:
        return _told(rules.get(tx, one.id))


def create(caller: Caller, wanted: FullRuleIn) -> Told:
    """Save an automation rule, as a draft if it would write to strangers."""
    app = caller.app
    rule, strangers = caller.write(
        lambda tx: drafts.create(tx, wanted.draft(), caller.author, now=app.clock(), chance=app.chance)
    )
    return _told(rule, strangers)


def change(caller: Caller, wanted: RuleChange) -> Told:
    """Change an automation rule."""
    sent = wanted.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"id"})

    def work(tx: Transaction) -> tuple[AutomationRule, list[Stranger]]:
        return drafts.change(
            tx,
            wanted.id,
            lambda rule: read(FullRuleIn, patched(rule, sent), context=caller.context).draft(),
            caller.author,
            more_links=wanted.meeting_ids or [],
            now=caller.app.clock(),
            chance=caller.app.chance,
        )

    rule, strangers = caller.write(work)
    return _told(rule, [] if rule.enabled else strangers)


def switch(caller: Caller, one: OfOne, *, enabled: bool) -> Told:
    """Switch an automation rule on or off."""
    now, chance = caller.app.clock(), caller.app.chance
    if enabled:
        return _told(caller.write(lambda tx: drafts.enable(tx, one.id, caller.author, now=now, chance=chance)))
    by = caller.author.by
    return _told(caller.write(lambda tx: rules.enable(tx, one.id, enabled=False, now=now, chance=chance, by=by)))


def delete(caller: Caller, one: OfOne) -> Told:
    """Delete an automation rule."""
    caller.write(lambda tx: rules.delete(tx, one.id, now=caller.app.clock()))
    return Told(body={"deleted": one.id})


def _told(rule: AutomationRule, strangers: list[Stranger] | None = None) -> Told:
    who = ", ".join(dict.fromkeys(one.entry for one in strangers or []))
    return Told(body={"rule": FullRuleOut.of(rule).wire()}, note=DRAFT.format(who=who) if who else "")


_READ, _WRITE = (Scope.RULES_READ,), (Scope.RULES_WRITE,)


def _tool(name: str, does: str, takes: type[BaseModel]) -> partial[Tool]:
    return partial(Tool, name=name, does=does, takes=takes)


TOOLS = [
    _tool("list_rules", "List the automation rules of this workspace, the newest first.", PageQuery)(
        scopes=_READ, run=index
    ),
    _tool("show_rule", "Show one automation rule in full.", OfOne)(scopes=_READ, run=show),
    _tool(
        "create_rule",
        "Save an automation rule. Preview it first and let your user confirm whom it will write to. If it names recipients "
        "outside the workspace's own domains it is saved as a draft, switched off.",
        FullRuleIn,
    )(scopes=_WRITE, run=create),
    _tool(
        "change_rule",
        "Change fields of an automation rule; what is left out stays. A rule that is switched on cannot be given recipients "
        "outside the workspace's own domains.",
        RuleChange,
    )(scopes=_WRITE, run=change),
    _tool(
        "enable_rule",
        "Switch an automation rule on. Refused for a draft that writes outside the workspace's own domains.",
        OfOne,
    )(scopes=_WRITE, run=partial(switch, enabled=True), is_idempotent=True),
    _tool("disable_rule", "Switch an automation rule off; what waits of it is withdrawn.", OfOne)(
        scopes=_WRITE, run=partial(switch, enabled=False), is_idempotent=True, is_destructive=True
    ),
    _tool("delete_rule", "Delete an automation rule for good; what waits of it is withdrawn.", OfOne)(
        scopes=_WRITE, run=delete, is_destructive=True
    ),
]
