"""Automation rules: which event on which links makes which actions happen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NewType

from tocsin.domain.conditions import AnyOf, Condition
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking, LinkId

RuleId = NewType("RuleId", str)

MOST_ACTIONS = 10
MOST_LINKS = 200
MOST_EMAILS = 50
MOST_OFFSET = 525_600  # minutes: a year
MOST_OFFSETS = 10
DEFAULT_OFFSETS = {EventKind.BEFORE_MEETING_STARTS: 30, EventKind.AFTER_MEETING_ENDS: 0}  # minutes

CLIENT_EMAIL = "{{client.email}}"
HOST_EMAIL = "{{host.email}}"
RECIPIENTS: Mapping[str, str] = {
    CLIENT_EMAIL: "the client of the booking",
    HOST_EMAIL: "all hosts of the booking",
}


class ActionType(StrEnum):
    """What an action does. The original API has just this one."""

    SEND_CALENDAR_INVITE_TO_ANYONE = "send_calendar_invite_to_anyone"


ACTIONS: Mapping[ActionType, str] = {
    ActionType.SEND_CALENDAR_INVITE_TO_ANYONE: "send each of `emails` a mail with a calendar invite, or with its withdrawal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a rule does when it fires: send a calendar invite to each of `emails`.

    An entry of `emails` is an address or one of RECIPIENTS. The other texts are templates.
    With `keep_in_sync`, whoever was invited by this action is told of later changes too, whatever becomes of the rule.
    """

    type: ActionType
    emails: tuple[str, ...]
    email_subject: str
    email_body: str
    calendar_invite_subject: str
    calendar_invite_body: str
    keep_in_sync: bool = False

    def recipients(self, booking: Booking) -> Iterator[str]:
        """Yield each address once, in the order of `emails`."""
        seen = set()
        for entry in self.emails:
            for address in _expanded(entry, booking):
                if recipient_key(address) not in seen:
                    seen.add(recipient_key(address))
                    yield address

    def invites(self, recipient: str, booking: Booking) -> bool:
        """Tell whether this action is for `recipient`, as the booking is now."""
        wanted = recipient_key(recipient)
        return any(recipient_key(one) == wanted for one in self.recipients(booking))


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
        """Tell whether any action of this rule is for `recipient`, as the rule and the booking are now."""
        return any(action.invites(recipient, booking) for action in self.actions)


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


@lru_cache(maxsize=4096)  # asked a dozen times for each message
def recipient_key(address: str) -> str:
    """Return what makes two addresses one recipient: the domain's case does not count, the local part's does."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _expanded(entry: str, booking: Booking) -> tuple[str, ...]:
    if entry == CLIENT_EMAIL:
        return (booking.client.email,)
    if entry == HOST_EMAIL:
        return tuple(host.email for host in booking.hosts)
    return (entry,)
