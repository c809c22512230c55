"""All rules of a workspace as somebody wants them, beside those that are there: what has to change.

Nothing tells which wanted rule is which stored one but what they say. A stored rule keeps its identity wherever it can: what it
has sent already is then not sent again.
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tocsin.domain.rules import AutomationRule, RuleDraft

MOST_RULES = 1000  # of one set


class Change(StrEnum):
    """What becomes of one rule."""

    KEEP = "keep"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rule of a plan: `rule` is the stored one, if there is one yet, and `draft` what it is to be, None: nothing.

    `place` is where the draft stands in the wanted set.
    """

    change: Change
    rule: AutomationRule | None
    draft: RuleDraft | None
    place: int | None = None

    @property
    def name(self) -> str:
        """The rule's name when the step is done; a new rule without one gets it then."""
        return (self.draft.name if self.draft else "") or (self.rule.name if self.rule else "")


def steps(present: Sequence[AutomationRule], wanted: Sequence[RuleDraft]) -> list[Step]:
    """Return what becomes of each rule, in the order of the wanted ones and then of those to be deleted.

    A draft without a name takes what name the rule has. The drafts of timed events name their offsets.
    """
    partner = _paired(present, wanted)
    found = [_step(None if (at := partner.get(place)) is None else present[at], draft, place=place)
             for place, draft in enumerate(wanted)]  # fmt: skip
    taken = set(partner.values())
    gone = [rule for at, rule in enumerate(present) if at not in taken]
    return found + [Step(change=Change.DELETE, rule=rule, draft=None) for rule in gone]


def fingerprint(present: Iterable[AutomationRule]) -> str:
    """Return what is another text as soon as any rule was made, changed or deleted. Revisions never change."""
    revisions = sorted(f"{rule.id} {rule.revision}" for rule in present)
    return hashlib.sha256("\n".join(revisions).encode()).hexdigest()[:32]


def _step(rule: AutomationRule | None, draft: RuleDraft, *, place: int) -> Step:
    if rule is None:
        return Step(change=Change.CREATE, rule=None, draft=draft, place=place)
    wanted = replace(draft, name=draft.name or rule.name)
    change = Change.KEEP if wanted == rule.draft else Change.CHANGE
    return Step(change=change, rule=rule, draft=wanted, place=place)


_Key = Callable[[RuleDraft], Hashable]


def _paired(present: Sequence[AutomationRule], wanted: Sequence[RuleDraft]) -> dict[int, int]:
    """Return the place of the stored rule for each place of a draft that has one; what fits best is paired first."""
    rules, drafts = [rule.draft for rule in present], dict(enumerate(wanted))
    partner: dict[int, int] = {}
    for key, of_drafts in _ROUNDS:
        taken = set(partner.values())
        waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for at, rule in enumerate(rules):
            if at not in taken:
                waiting[key(rule)].append(at)
        for place, draft in drafts.items():
            if place not in partner and of_drafts(draft) and waiting.get(key(draft)):
                partner[place] = waiting[key(draft)].popleft()
    return partner


def _any(_draft: RuleDraft) -> bool:
    return True


def _nameless(draft: RuleDraft) -> bool:
    return not draft.name


# In each round drafts and rules with the same key are paired, in order.
_ROUNDS: tuple[tuple[_Key, Callable[[RuleDraft], bool]], ...] = (
    (lambda draft: draft, _any),
    (lambda draft: (draft.name, draft.event, draft.link_ids), _any),
    (lambda draft: (draft.name, draft.event), _any),
    (lambda draft: draft.name, _any),
    (lambda draft: replace(draft, name=""), _any),  # renamed, or not named
    (lambda draft: (draft.event, draft.link_ids, draft.actions), _any),  # renamed, and changed in what is small
    (lambda draft: (draft.event, draft.link_ids), _nameless),
)
