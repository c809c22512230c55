"""All rules of a workspace at once: what would have to change to make them what a set says, and changing it, all or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.domain.errors import ConflictError, InvalidInputError, Problem
from tocsin.domain.model import LinkId, SchedulingLink
from tocsin.domain.rule_set import MOST_RULES, Change, Step, fingerprint, steps
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.services import rules
from tocsin.services.ports import Chance, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetPlan:
    """What becomes of each rule. `fingerprint` is that of the rules as they were; `names` has the slugs of live links."""

    steps: Sequence[Step]
    fingerprint: str
    names: Mapping[LinkId, str]


def export(tx: Transaction) -> tuple[list[AutomationRule], Mapping[LinkId, str]]:
    """Return all rules, and the slugs of their links, but for deleted ones."""
    present = _present(tx)
    return present, _names(tx, _links_of(present))


def plan(tx: Transaction, wanted: Sequence[RuleDraft]) -> RuleSetPlan:
    """Return what `apply` would do. `wanted` names its links by slug or id. Raises InvalidInputError, as `apply` does."""
    present = _present(tx)
    return _plan(tx, present, _resolved(tx, wanted, present))


def apply(
    tx: Transaction, wanted: Sequence[RuleDraft], *, seen: str, now: datetime, chance: Chance, by: str
) -> RuleSetPlan:
    """Make the rules of the workspace what `wanted` says, and return what was done.

    `seen` is the fingerprint of the rules that somebody saw before; if they are others by now, and not as wanted,
    ConflictError. Empty: whatever they are. Raises InvalidInputError naming each wrong link as `rules[0].meetings[1]`.
    """
    tx.rules.turn()
    before = _present(tx)
    held = _links_of(before, _resolved(tx, wanted, before))
    # As everybody: links first, then rules, each in order of their ids.
    tx.links.named(sorted(held), lock=True)
    tx.rules.lock(*(rule.id for rule in before))
    present = _present(tx)
    drafts = _resolved(tx, wanted, present)
    planned = _plan(tx, present, drafts)
    is_held = _links_of(present, drafts) <= held and {rule.id for rule in present} <= {rule.id for rule in before}
    is_news = any(step.change is not Change.KEEP for step in planned.steps) and seen not in {"", planned.fingerprint}
    if is_news or not is_held:
        raise ConflictError("the rules were changed since the plan was made; plan again and look at it")
    return replace(planned, steps=[_done(tx, step, now=now, chance=chance, by=by) for step in planned.steps])


def _done(tx: Transaction, step: Step, *, now: datetime, chance: Chance, by: str) -> Step:
    draft, rule = step.draft, step.rule
    if draft is None and rule is not None:
        rules.delete(tx, rule.id, now=now)
    elif draft is not None and rule is None:
        return replace(step, rule=rules.create(tx, draft, now=now, chance=chance, by=by))
    elif draft is not None and rule is not None and step.change is Change.CHANGE:
        rules.change(tx, rule.id, lambda _: draft, more_links=draft.link_ids, now=now, chance=chance, by=by)
    return step


def _plan(tx: Transaction, present: list[AutomationRule], drafts: Sequence[RuleDraft]) -> RuleSetPlan:
    found = steps(present, drafts)
    names = _names(tx, _links_of(present, drafts))
    wrong = [problem for step in found for problem in _lost(step, names)]
    if wrong:
        raise InvalidInputError(wrong)
    return RuleSetPlan(steps=found, fingerprint=fingerprint(present), names=names)


def _lost(step: Step, names: Mapping[LinkId, str]) -> list[Problem]:
    """Return what is wrong with links that are gone; only the rule that names one already may go on doing so."""
    own = step.rule.link_ids if step.rule else ()
    return [
        Problem(
            field=f"rules[{step.place}].meetings[{number}]",
            message=f"the scheduling link with the id {link} was deleted; take it out",
        )
        for number, link in enumerate(step.draft.link_ids if step.draft else ())
        if link not in names and link not in own
    ]


def _present(tx: Transaction) -> list[AutomationRule]:
    """Return all rules, the oldest first."""
    found, total = tx.rules.page(limit=MOST_RULES, offset=0)
    if total > MOST_RULES:
        raise ConflictError(
            f"the workspace has {total} rules; with at most {MOST_RULES} they can be planned as a whole"
        )
    return sorted(found, key=lambda rule: (rule.created_at, rule.id))


def _resolved(tx: Transaction, wanted: Sequence[RuleDraft], present: Iterable[AutomationRule]) -> list[RuleDraft]:
    """Return the drafts with ids for the names of their links. Raises InvalidInputError naming those that are unknown."""
    named = {str(name) for draft in wanted for name in draft.link_ids}
    links: dict[str, SchedulingLink] = {link.id: link for link in tx.links.named(named)}
    links |= {link.slug: link for link in tx.links.slugged(named)}
    # A link that was deleted may stay named where it was, by its id.
    ids: dict[str, LinkId] = {link: link for link in _links_of(present)}
    ids.update((name, link.id) for name, link in links.items())
    wrong = [
        Problem(field=f"rules[{place}].meetings[{number}]", message=message)
        for place, draft in enumerate(wanted)
        for number, name in enumerate(draft.link_ids)
        if (message := _complaint(name, links.get(name), is_known=name in ids))
    ]
    if wrong:
        raise InvalidInputError(wrong)
    return [
        replace(
            draft, link_ids=tuple(dict.fromkeys(ids[name] for name in draft.link_ids)), offsets=rules.offsets(draft)
        )
        for draft in wanted
    ]


def _complaint(name: str, link: SchedulingLink | None, *, is_known: bool) -> str:
    if link is not None and link.is_template:
        return f"{name} is a meeting template; name a scheduling link"
    return "" if is_known else f"there is no scheduling link with the slug or id {name} in this workspace"


def _links_of(*rules: Iterable[AutomationRule | RuleDraft]) -> set[LinkId]:
    return {link for some in rules for rule in some for link in rule.link_ids}


def _names(tx: Transaction, links: Iterable[LinkId]) -> dict[LinkId, str]:
    """Return the slugs of those links that were not deleted."""
    return {link.id: link.slug for link in tx.links.named(sorted(links))}
