"""What a change of a rule will do, before it is made: a part of other pages, and the pages that ask once more."""

from dataclasses import replace
from functools import partial

from tocsin.domain.accounts import Role
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.services import rules
from tocsin.services.effect import Change, effect
from tocsin.services.ports import Trial
from tocsin.web.fields import Form
from tocsin.web.rules import Switch, Undo, show
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


def effect_of(visit: Visit, draft: RuleDraft | None, rule_id: str = "") -> Shown:
    """Return the values of `effect.html`: what it does to make a rule this (None: to delete it); without an id, a new one.

    Nothing of it stays. Raises as the change itself does.
    """
    with visit.app.store.trial(visit.workspace.id) as tx:
        return _shown(tx, visit, Change(draft=draft, rule_id=rule_id))


def switching(visit: Visit, switch: Switch) -> Shown:
    """Ask whether to switch a rule on or off."""
    is_on = switch.on == "yes"
    rule = _rule(visit)
    found = effect_of(visit, replace(rule.draft, enabled=is_on), rule.id)
    return found | {
        "rule": rule,
        "deed": "Switch it on" if is_on else "Switch it off",
        "to": f"/rules/{rule.id}/switch",
        "fields": {"on": switch.on},
        "is_grave": not is_on,
    }


def undoing(visit: Visit, former: Undo) -> Shown:
    """Ask whether to make a rule what it was."""
    rule = _rule(visit)
    with visit.reading() as tx:
        draft = rules.former(tx, rule, former.revision).draft
    return effect_of(visit, draft, rule.id) | {
        "rule": rule,
        "deed": f"Make it revision {former.revision} again",
        "to": f"/rules/{rule.id}/undo",
        "fields": {"revision": str(former.revision)},
        "is_grave": False,
    }


def deleting(visit: Visit) -> Shown:
    """Ask whether to delete a rule."""
    rule = _rule(visit)
    return effect_of(visit, None, rule.id) | {
        "rule": rule,
        "deed": "Delete the rule",
        "to": f"/rules/{rule.id}/delete",
        "fields": {},
        "is_grave": True,
    }


def delete(visit: Visit, _form: Form) -> Answer:
    """Delete a rule."""
    visit.write(lambda tx: rules.delete(tx, visit.path["id"], now=visit.now))
    return Goto(to="/rules", notice="rule-deleted")


def _shown(tx: Trial, visit: Visit, change: Change) -> Shown:
    found = effect(tx, change, now=visit.now, chance=visit.app.chance)
    return {
        "effect": found,
        "kinds": [
            ("will be added", found.added),
            ("will move", found.moved),
            ("will be withdrawn", found.withdrawn),
            ("will stay as they are", found.staying),
        ],
        "tellings": [
            ("who hold an invite will be told that it is off", found.cancels),
            ("who hold an invite will be told of the change", found.updates),
            ("who hold an invite will not be told what they would be now", found.untold),
        ],
    }


def _rule(visit: Visit) -> AutomationRule:
    with visit.reading() as tx:
        return rules.get(tx, visit.path["id"])


_PATH, _TEMPLATE = "/rules/{id}", "rule_sure.html"
_asking = partial(Page, role=Role.ADMIN, template=_TEMPLATE)
PAGES = [
    _asking(path=f"{_PATH}/switch", view=switching, query=Switch),
    _asking(path=f"{_PATH}/undo", view=undoing, query=Undo),
    _asking(path=f"{_PATH}/delete", view=deleting),
    Page(path=f"{_PATH}/delete", method="POST", role=Role.ADMIN, view=delete, template="rule.html", again=show),
]
