"""Rules in words: when one fires, what a condition looks at and how, and which event, as a sentence goes on."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from tocsin.domain.actions import ActionType
from tocsin.domain.conditions import AnyOf, Condition, Field, Operator, shown
from tocsin.domain.events import EventKind
from tocsin.domain.rules import AutomationRule
from tocsin.services.ports import Transaction

# "When a booking of … "
HAPPENS: Mapping[EventKind, str] = {
    EventKind.BOOKING_CONFIRMED: "is confirmed",
    EventKind.BOOKING_RESCHEDULED: "moves, or changes its host or place",
    EventKind.BOOKING_CANCELLED: "is cancelled or rejected",
    EventKind.BEFORE_MEETING_STARTS: "starts in …",
    EventKind.AFTER_MEETING_ENDS: "has been over for …",
    EventKind.MARKED_NO_SHOW: "is marked as no-show",
    EventKind.MEETING_OUTCOME_CHANGED: "gets another outcome",
    EventKind.INVITE_ACCEPTED: "is accepted by somebody who was invited",
    EventKind.INVITE_DECLINED: "is declined by somebody who was invited",
}
DOES: Mapping[ActionType, str] = {
    ActionType.SEND_CALENDAR_INVITE_TO_ANYONE: "send a calendar invite",
    ActionType.SEND_EMAIL: "send a mail",
    ActionType.CALL_WEBHOOK: "call a webhook",
}
LOOKS_AT: Mapping[Field, str] = {
    Field.CLIENT_DOMAIN: "the domain of the client's address",
    Field.CLIENT_EMAIL: "the client's address",
    Field.CLIENT_IS_NEW: "that it is the client's first booking",
    Field.FORM_ANSWER: "an answer in the form",
    Field.HOST_EMAIL: "a host's address",
    Field.BOOKING_WEEKDAY: "the day of the week",
    Field.BOOKING_HOUR: "the hour of the start",
    Field.BOOKING_DURATION: "the length in minutes",
    Field.BOOKING_LEAD: "the minutes from booking to start",
    Field.PLACE_SPOT: "the kind of place",
    Field.PLACE_DETAILS: "the words about the place",
    Field.BOOKING_STATUS: "the booking's status",
    Field.BOOKING_OUTCOME: "the outcome",
    Field.INVITATION_RSVP: "the answer to the invite",
    Field.MEETING_ID: "the id of the scheduling link",
}
ASKS: Mapping[Operator, str] = {
    Operator.STARTS_WITH: "begins with",
    Operator.AT_LEAST: "is at least",
    Operator.AT_MOST: "is at most",
    Operator.IS_FOR_SOMEBODY: "is, of somebody,",
    Operator.IS_FOR_NOBODY: "is of nobody",
}
_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def said(rule: AutomationRule, names: Mapping[str, str]) -> str:
    """Return when a rule fires, as a sentence."""
    links = " or ".join(names.get(link_id, "a link that is gone") for link_id in rule.link_ids)
    return f"When a booking of {links} {_when(rule)}"


def asked(condition: Condition | AnyOf) -> str:
    """Return a condition as people say it: `the day of the week is none of saturday, sunday`."""
    if isinstance(condition, AnyOf):
        return ", or ".join(map(asked, condition.conditions))
    what = LOOKS_AT.get(condition.field, str(condition.field))
    if condition.question:
        what = f"the answer to “{condition.question}”"
    how = ASKS.get(condition.operator, condition.operator.replace("_", " "))
    where = f"in {condition.time_zone}" if condition.time_zone else ""
    return " ".join(filter(None, (what, how, shown(condition.value), where)))


def names_of(tx: Transaction, some: Iterable[AutomationRule]) -> dict[str, str]:
    """Return the names of the links that rules name, by id."""
    return {link.id: link.name for link in tx.links.named({link_id for rule in some for link_id in rule.link_ids})}


def span(offset: timedelta) -> str:
    """Return a length of time as people say it: `90 minutes`, `1 day`."""
    name, unit = next((each for each in _UNITS if offset and offset % each[1] == timedelta(0)), _UNITS[-1])
    number = offset // unit
    return f"{number} {name}{'' if number == 1 else 's'}"


def _when(rule: AutomationRule) -> str:
    times = ", ".join(map(span, rule.offsets))
    return HAPPENS[rule.event].replace("…", times)
