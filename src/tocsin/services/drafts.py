"""Rules that a model asks for: what would write to strangers stays switched off until a person has looked at it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.domain.circle import Circle, Stranger, circle_of
from tocsin.domain.errors import InvalidInputError, Problem
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.services import rules
from tocsin.services.ports import Chance, Transaction

_ALL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who asks for a rule, in words, and the address that the workspace sends from if it has none of its own."""

    by: str
    mail_from: str


def circle(tx: Transaction, author: Author) -> Circle:
    """Return whom the workspace knows."""
    workspace = tx.workspaces.by_id(tx.workspace_id)
    sender = author.mail_from if workspace is None else workspace.mail_from or author.mail_from
    members, _ = tx.members.page(email="", limit=_ALL, offset=0)
    known, _ = tx.rules.page(limit=_ALL, offset=0)
    return circle_of([sender, *(one.email for one in members)], known)


def create(
    tx: Transaction, draft: RuleDraft, author: Author, *, now: datetime, chance: Chance
) -> tuple[AutomationRule, list[Stranger]]:
    """Store a rule, switched off if it would write to strangers; return it with them. Raises as rules.create does."""
    found = circle(tx, author).strangers(draft.actions)
    draft = replace(draft, enabled=draft.enabled and not found)
    return rules.create(tx, draft, now=now, chance=chance, by=author.by), found


def change(
    tx: Transaction,
    rule_id: str,
    wanted_of: Callable[[AutomationRule], RuleDraft],
    author: Author,
    *,
    more_links: list[str],
    now: datetime,
    chance: Chance,
) -> tuple[AutomationRule, list[Stranger]]:
    """Change a rule; one that is off may name strangers. Raises as rules.change does, and for strangers of one that is on."""
    known = circle(tx, author)
    rule = rules.change(
        tx,
        rule_id,
        lambda rule: _checked(wanted_of(rule), known),
        more_links=more_links,
        now=now,
        chance=chance,
        by=author.by,
    )
    return rule, known.strangers(rule.actions)


def enable(tx: Transaction, rule_id: str, author: Author, *, now: datetime, chance: Chance) -> AutomationRule:
    """Switch a rule on that writes to nobody but whom the workspace knows. Raises InvalidInputError, NotFoundError."""
    known = circle(tx, author)
    # Switched on in this transaction, so that it is the rule as nobody else can change it any more that is looked at.
    rule = rules.enable(tx, rule_id, enabled=True, now=now, chance=chance, by=author.by)
    _must_know(known, rule)
    return rule


def _checked(draft: RuleDraft, known: Circle) -> RuleDraft:
    if draft.enabled:
        _must_know(known, draft)
    return draft


def _must_know(known: Circle, rule: AutomationRule | RuleDraft) -> None:
    found = known.strangers(rule.actions)
    if found:
        message = (
            "leads outside the workspace's own domains; a person has to switch such a rule on, on the pages of Tocsin"
        )
        raise InvalidInputError([Problem(field=one.field, message=f"{one.entry} {message}") for one in found])
