"""Automation rules: which event on which links makes which actions happen."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from tocsin.domain.actions import Action, SendInvite
from tocsin.domain.actions.types import ActionType
from tocsin.domain.conditions import AnyOf, Condition
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking, LinkId

RuleId = NewType("RuleId", str)

MOST_ACTIONS = 10
MOST_LINKS = 200
MOST_OFFSET = 525_600  # minutes: a year
MOST_OFFSETS = 10
DEFAULT_OFFSETS = {EventKind.BEFORE_MEETING_STARTS: 30, EventKind.AFTER_MEETING_ENDS: 0}  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A rule as somebody asks for it, not yet stored. `offsets` are for timed events only."""

    name: str
    event: EventKind
    link_ids: tuple[LinkId, ...]
    actions: tuple[Action, ...]
    enabled: bool = True
    offsets: tuple[timedelta, ...] = ()
    conditions: tuple[Condition | AnyOf, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationRule:
    """A stored rule. `revision` counts its changes from 1; each delivery names the revision it came from.

    A timed rule has one or several `offsets`, each once, the longest first; another has none.
    """

    id: RuleId
    revision: int
    name: str
    event: EventKind
    link_ids: tuple[LinkId, ...]
    actions: tuple[Action, ...]
    enabled: bool
    offsets: tuple[timedelta, ...]
    created_at: datetime
    updated_at: datetime
    conditions: tuple[Condition | AnyOf, ...] = ()

    @property
    def draft(self) -> RuleDraft:
        """The draft by which it would be what it is."""
        return RuleDraft(
            name=self.name,
            event=self.event,
            link_ids=self.link_ids,
            actions=self.actions,
            enabled=self.enabled,
            offsets=self.offsets,
            conditions=self.conditions,
        )

    def invites(self, recipient: str, booking: Booking) -> bool:
        """Tell whether any action of this rule invites `recipient`, as the rule and the booking are now."""
        return self.writes(SendInvite.type, recipient, booking)

    def writes(self, kind: ActionType, recipient: str, booking: Booking) -> bool:
        """Tell whether any action of that type is for `recipient`, as the rule and the booking are now."""
        return any(action.type is kind and action.is_for(recipient, booking) for action in self.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRevision:
    """What a rule was from one change to the next, and who made it so; `rule` is None where that was not kept."""

    number: int
    made_at: datetime
    made_by: str
    rule: AutomationRule | None


def matches(rule: AutomationRule, kind: EventKind, booking: Booking) -> bool:
    """Tell whether `rule` fires when `kind` happens to `booking`.

    A rule that names no scheduling link fires for none: an empty list is more often a mistake than a wish to write to
    everybody.
    """
    return rule.enabled and rule.event is kind and booking.link_id in rule.link_ids
