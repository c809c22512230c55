"""Create, read, change and delete automation rules; refuse those that cannot work."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.domain.audit import Verb
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError, Problem
from tocsin.domain.events import ENTRY_CHANGES, TIMED
from tocsin.domain.rules import DEFAULT_OFFSETS, AutomationRule, RuleDraft, RuleId, RuleRevision
from tocsin.services import audit
from tocsin.services.automation import plan_coming
from tocsin.services.ports import Chance, Page, Transaction

MOST_REVISIONS = 20  # that are shown; a rule can be large


def create(tx: Transaction, draft: RuleDraft, *, now: datetime, chance: Chance, by: str = "") -> AutomationRule:
    """Store a rule and plan it for coming bookings; `by` is who asked for it, in words.

    Raises InvalidInputError if a link is unknown or a template.
    """
    rule = drafted(tx, draft, now=now, chance=chance)
    tx.rules.put(rule, by=by)
    audit.note(tx, Verb.RULE_CREATED, rule.id, name=rule.name, after=rule)
    plan_coming(tx, rule, now=now, new_id=chance.ordered_id)
    return rule


def drafted(tx: Transaction, draft: RuleDraft, *, now: datetime, chance: Chance) -> AutomationRule:
    """Return the new rule that a draft asks for, not yet stored; its links are locked. Raises as `create` does."""
    problems = link_problems(tx, draft.link_ids, lock=True)
    if problems:
        raise InvalidInputError(problems)
    return AutomationRule(
        id=RuleId(chance.new_id()),
        revision=1,
        name=draft.name or f"New Rule - {chance.nine_digits()}",
        event=draft.event,
        link_ids=draft.link_ids,
        actions=draft.actions,
        enabled=draft.enabled,
        offsets=offsets(draft),
        created_at=now,
        updated_at=now,
        conditions=draft.conditions,
    )


def get(tx: Transaction, rule_id: str) -> AutomationRule:
    """Return a rule. Raises NotFoundError."""
    rule = tx.rules.get(rule_id)
    if rule is None:
        raise NotFoundError("there is no automation rule with this id")
    return rule


def page(tx: Transaction, wanted: Page) -> tuple[list[AutomationRule], int]:
    """Return a page of rules, the newest first, and the number of all."""
    return tx.rules.page(limit=wanted.size, offset=wanted.offset)


def change(
    tx: Transaction,
    rule_id: str,
    wanted_of: Callable[[AutomationRule], RuleDraft],
    *,
    more_links: Sequence[str] = (),
    now: datetime,
    chance: Chance,
    by: str = "",
) -> AutomationRule:
    """Make a rule what `wanted_of` it says, as a new revision; plan anew what is coming, withdraw whoever was taken off it.

    `wanted_of` is given the rule when nobody else can change it any more; `more_links` are those that it may name beside the
    rule's own. What says the same as before changes nothing. Raises NotFoundError; InvalidInputError as `create` does.
    """
    before = _locked(tx, rule_id, more_links=more_links)
    draft = wanted_of(before)
    # A link that was deleted since may stay named; it is only refused where it is new.
    problems = link_problems(tx, draft.link_ids, but=before.link_ids)
    if problems:
        raise InvalidInputError(problems)
    wanted = replace(
        before,
        name=draft.name or before.name,
        event=draft.event,
        link_ids=draft.link_ids,
        actions=draft.actions,
        enabled=draft.enabled,
        offsets=offsets(draft),
        conditions=draft.conditions,
    )
    return before if wanted == before else _changed(tx, before, wanted, now=now, chance=chance, by=by)


def enable(
    tx: Transaction, rule_id: str, *, enabled: bool, now: datetime, chance: Chance, by: str = ""
) -> AutomationRule:
    """Switch a rule on or off; off, what waits of it is withdrawn, and invites that it keeps in sync still are.

    Raises NotFoundError.
    """
    before = _locked(tx, rule_id)
    wanted = replace(before, enabled=enabled)
    return before if wanted == before else _changed(tx, before, wanted, now=now, chance=chance, by=by)


def revisions(tx: Transaction, rule_id: str) -> list[RuleRevision]:
    """Return what a rule was at each of its latest revisions, the latest first, and at the one before. Raises NotFoundError."""
    rule = get(tx, rule_id)
    return tx.rules.revisions(rule, until=rule.revision, limit=MOST_REVISIONS + 1)


def undo(
    tx: Transaction, rule_id: str, number: int | None, *, now: datetime, chance: Chance, by: str = ""
) -> AutomationRule:
    """Make a rule what it was at a revision, or before its last change, as a new revision.

    Raises NotFoundError; ConflictError if there is nothing before; InvalidInputError as `create` does.
    """
    seen = former(tx, get(tx, rule_id), number)

    def wanted_of(rule: AutomationRule) -> RuleDraft:
        wanted = former(tx, rule, number)
        if wanted != seen:
            raise ConflictError("somebody else changed the rule at the same moment; look at it and try again")
        return wanted.draft

    return change(tx, rule_id, wanted_of, more_links=seen.link_ids, now=now, chance=chance, by=by)


def former(tx: Transaction, rule: AutomationRule, number: int | None) -> AutomationRule:
    """Return what a rule was at a revision, or before its last change. Raises as `undo` does."""
    wanted = rule.revision - 1 if number is None else number
    if wanted == 0:
        raise ConflictError("the rule was never changed, so there is nothing to undo")
    found = tx.rules.revisions(rule, until=wanted, limit=1) if wanted <= rule.revision else []
    if not found:
        raise InvalidInputError.of("revision", f"must be a revision of this rule, from 1 to {rule.revision}")
    if found[0].rule is None:
        raise ConflictError(f"revision {wanted} was made before whole revisions were kept; change the rule by hand")
    return found[0].rule


def delete(tx: Transaction, rule_id: str, *, now: datetime) -> None:
    """Delete a rule and withdraw what waits of it. Raises NotFoundError."""
    rule = _locked(tx, rule_id)
    tx.rules.delete(rule.id, at=now)
    audit.note(tx, Verb.RULE_DELETED, rule.id, name=rule.name, before=rule)
    _withdraw(tx, rule, now=now, reason="the rule was deleted first")


def link_problems(
    tx: Transaction, link_ids: Sequence[str], *, lock: bool = False, but: Sequence[str] = ()
) -> list[Problem]:
    """Return what is wrong with the links that a rule names, each id with its reason, `but` for those that it had before."""
    known = {link.id: link for link in tx.links.named(link_ids, lock=lock)}
    problems = []
    for index, link_id in enumerate(link_ids):
        link = known.get(link_id)  # type: ignore[call-overload]  # what somebody sent is only a LinkId once it is found
        if link_id in but:
            continue
        if link is None:
            problems.append(Problem(field=f"meeting_ids[{index}]", message=_unknown(tx, link_id)))
        elif link.is_template:
            message = f"{link_id} is a meeting template; give the id of a scheduling link"
            problems.append(Problem(field=f"meeting_ids[{index}]", message=message))
    return problems


def offsets(draft: RuleDraft) -> tuple[timedelta, ...]:
    """Return the offsets that a rule has by this draft: those asked for, or the event's own, the longest first."""
    if draft.event not in TIMED:
        return ()
    wanted = draft.offsets or (timedelta(minutes=DEFAULT_OFFSETS[draft.event]),)
    return tuple(sorted(set(wanted), reverse=True))


def _locked(tx: Transaction, rule_id: str, *, more_links: Sequence[str] = ()) -> AutomationRule:
    """Return a rule that nobody else changes until the end, nor the bookings of its links. Raises NotFoundError.

    Everybody locks links before bookings before rules, so that nobody waits in a circle.
    """
    tx.links.named(sorted({*get(tx, rule_id).link_ids, *more_links}), lock=True)
    tx.rules.lock(rule_id)
    return get(tx, rule_id)


def _changed(
    tx: Transaction, before: AutomationRule, wanted: AutomationRule, *, now: datetime, chance: Chance, by: str
) -> AutomationRule:
    after = replace(wanted, revision=before.revision + 1, updated_at=now)
    tx.rules.put(after, by=by)
    audit.note(tx, Verb.RULE_CHANGED, after.id, name=after.name, before=before, after=after)
    if not after.enabled:
        _withdraw(tx, after, now=now, reason="the rule was switched off first")
    plan_coming(tx, after, now=now, new_id=chance.ordered_id)
    return after


def _withdraw(tx: Transaction, rule: AutomationRule, *, now: datetime, reason: str) -> None:
    """End what waits of a rule, and let wait again what had made way for it."""
    if rule.event in ENTRY_CHANGES:
        for delivery in tx.deliveries.waiting(rule.id):
            tx.deliveries.revive(delivery, now=now)
    tx.deliveries.withdraw_rule(rule.id, now=now, reason=reason)


def _unknown(tx: Transaction, link_id: str) -> str:
    if tx.links.by_sid(link_id) is not None:
        return f"{link_id} is a sid; give the scheduling link's id, a UUID"
    return f"there is no scheduling link with the id {link_id} in this workspace; GET /meetings lists them"
