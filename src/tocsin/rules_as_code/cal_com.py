"""Workflows of Cal.com, as its API answers them (`GET /v2/workflows` and those of teams), as a set of our rules.

What has no counterpart is left out and told. The names are those of its API, version 2, and of its database, which differ in
spelling only: `beforeEvent`, `before_event` and `BEFORE_EVENT` are one.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import escape

from tocsin.domain.actions import ActionType
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.recipients import CLIENT_EMAIL, HOST_EMAIL
from tocsin.domain.rule_set import MOST_RULES
from tocsin.domain.rules import MOST_ACTIONS, MOST_OFFSET
from tocsin.domain.text import normal, one_line, several_lines
from tocsin.formats import html
from tocsin.formats.markup import TAGS, Tag
from tocsin.formats.markup import read as read_markup
from tocsin.schemas.reading import read_with_problems
from tocsin.schemas.rule_set import VERSION, RuleSetEntry

Wire = dict[str, Any]
EVERYWHERE = "all"  # how `--meeting` names the workflows that are for every event type

_EVENTS: Mapping[str, Wire] = {
    "newevent": {"event": "booking_confirmed"},
    "eventcancelled": {"event": "booking_cancelled"},
    "rescheduleevent": {"event": "booking_rescheduled"},
    "beforeevent": {"event": "before_meeting_starts"},
    "afterevent": {"event": "after_meeting_ends"},
    "bookingnoshowupdated": {"event": "marked_no_show"},
    "bookingrejected": {
        "event": "booking_cancelled",
        "conditions": [{"field": "booking.status", "operator": "is", "value": "rejected"}],
    },
}
_TIMED = ("beforeevent", "afterevent")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_RECIPIENTS = {"emailattendee": CLIENT_EMAIL, "emailhost": HOST_EMAIL, "emailaddress": ""}
_VARIABLES = {
    "EVENT_NAME": "meeting.name",
    "ATTENDEE": "client.name",
    "ATTENDEE_NAME": "client.name",
    "ATTENDEE_FIRST_NAME": "client.first_name",
    "ATTENDEE_LAST_NAME": "client.last_name",
    "ATTENDEE_EMAIL": "client.email",
    "ORGANIZER": "host.name",
    "ORGANIZER_NAME": "host.name",
    "ORGANIZER_EMAIL": "host.email",
    "LOCATION": "meeting.join_url",
    "MEETING_URL": "meeting.join_url",
    "EVENT_DATE": "booking.starts_at",
    "EVENT_TIME": "booking.starts_at",
    "START_TIME": "booking.starts_at",
    "EVENT_START_TIME": "booking.starts_at",
    "EVENT_END_TIME": "booking.ends_at",
    "END_TIME": "booking.ends_at",
}
# How a moment is to be written can follow: {EVENT_DATE_ddd, MMM D, YYYY h:mma}. Ours have the recipient's language.
_MOMENTS = tuple(name for name, ours in _VARIABLES.items() if ours.endswith("_at"))
_TOKEN = re.compile(r"\{([A-Z][A-Z_]{2}[A-Za-z0-9_ ,:./-]{0,60})\}")
# Day and time are one variable here.
_TWICE = re.compile(r"(\{\{booking\.(?:starts|ends)_at\}\})(?:[ ,@–-]{1,5}\1)+")
_RENAMED = {"b": "strong", "i": "em", "div": "p", "h6": "h5", "strike": "s", "del": "s", "ins": "u"}
_HREF = re.compile(r"(?:https?://|mailto:)[^\"'<>\s]*|\{\{[a-z_.]+\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A set of rules, and a sentence for each thing that has no counterpart in it."""

    rule_set: Wire
    notes: Sequence[str]


def imported(text: str, *, meetings: Mapping[str, Sequence[str]]) -> Imported:
    """Return the rules for the workflows in `text`; `meetings` has our slugs for ids of event types, and for EVERYWHERE.

    Raises InvalidInputError if there are none in it.
    """
    workflows = _workflows(_parsed(text))
    if not workflows:
        raise InvalidInputError.of("FILE", "holds no workflows; give what GET /v2/workflows of Cal.com's API answers")
    notes: list[str] = []
    found = [_Workflow(wire=wire, meetings=meetings, notes=notes).rule() for wire in workflows[:MOST_RULES]]
    if len(workflows) > MOST_RULES:
        notes.append(f"only the first {MOST_RULES} of {len(workflows)} workflows are taken")
    return Imported(rule_set={"version": VERSION, "rules": [rule for rule in found if rule]}, notes=notes)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError.of("FILE", f"is no JSON ({error}); give what Cal.com's API answers") from error


def _workflows(value: Any) -> list[Wire]:
    """Return the workflows in an answer of the API, a list of them, or one alone."""
    if isinstance(value, dict):
        inner = next((value[name] for name in ("data", "workflows") if name in value), None)
        value = inner if inner is not None else [value]
    if isinstance(value, dict):
        return _workflows(value) if "workflows" in value else _workflows([value])
    return [one for one in value if isinstance(one, dict) and "steps" in one] if isinstance(value, list) else []


@dataclass(slots=True, kw_only=True)
class _Workflow:
    """One workflow on its way to become a rule."""

    wire: Wire
    meetings: Mapping[str, Sequence[str]]
    notes: list[str]
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = one_line(normal(str(self.wire.get("name") or f"Workflow {self.wire.get('id', '')}"))).strip()

    def rule(self) -> Wire | None:
        """Return the rule, or None if nothing of the workflow has a counterpart."""
        trigger = self._trigger()
        event = _EVENTS.get(_word(trigger))
        if event is None:
            return self._left_out(f"there is no event for the trigger {trigger or 'of none'}")
        actions = [action for step in self._steps() if (action := self._action(step))]
        if not actions:
            return self._left_out("none of its steps is a mail")
        if len(actions) > MOST_ACTIONS:
            self._note(f"only the first {MOST_ACTIONS} of its {len(actions)} mails are taken")
        rule = {"name": self.name, **event, "meetings": self._meetings(), **self._offset(trigger)}
        rule["actions"] = actions[:MOST_ACTIONS]
        _, problems = read_with_problems(RuleSetEntry, rule)
        if problems:
            return self._left_out("; ".join(f"{one.field}: {one.message}" for one in problems))
        if _word(trigger) == "bookingnoshowupdated":
            self._note("marked_no_show happens when the mark is set, not when it is taken away")
        return rule

    def _trigger(self) -> str:
        trigger = self.wire.get("trigger")
        return str(trigger.get("type") if isinstance(trigger, dict) else trigger or "")

    def _offset(self, trigger: str) -> Wire:
        if _word(trigger) not in _TIMED:
            return {}
        inner = self.wire.get("trigger")
        offset = (inner.get("offset") if isinstance(inner, dict) else None) or {}
        value = offset.get("value", self.wire.get("time"))
        minutes = (
            _MINUTES.get(_word(offset.get("unit", self.wire.get("timeUnit"))), 0) * value
            if isinstance(value, int)
            else 0
        )
        if not 0 < minutes <= MOST_OFFSET:
            self._note(
                f"its time before or after the meeting cannot be kept; set offset_minutes, at most {MOST_OFFSET}"
            )
            return {}
        return {"offset_minutes": minutes}

    def _meetings(self) -> list[str]:
        known: list[str] = []
        for one in self._event_types():
            if one not in self.meetings:
                what = "every event type" if one == EVERYWHERE else f"event type {one}"
                self._note(f"it is for {what}; name your scheduling links with --meeting {one}=SLUG")
            known += self.meetings.get(one, [f"cal-com-{one}"])
        return list(dict.fromkeys(known))

    def _event_types(self) -> list[str]:
        activation = self.wire.get("activation")
        inner = activation if isinstance(activation, dict) else {}
        listed = inner.get("activeOnEventTypeIds") or self.wire.get("activeOn") or []
        ids = [_event_type(one) for one in listed if _event_type(one)] if isinstance(listed, list) else []
        is_everywhere = inner.get("isActiveOnAllEventTypes") is True or self.wire.get("isActiveOnAll") is True
        return [EVERYWHERE] if is_everywhere or not ids else ids

    def _steps(self) -> list[Wire]:
        steps = (
            [one for one in self.wire["steps"] if isinstance(one, dict)] if isinstance(self.wire["steps"], list) else []
        )
        return sorted(steps, key=lambda one: one["stepNumber"] if isinstance(one.get("stepNumber"), int) else 0)

    def _action(self, step: Wire) -> Wire | None:
        number, action = step.get("stepNumber", "?"), str(step.get("action", ""))
        recipient = _RECIPIENTS.get(_word(action))
        if recipient == "":
            recipient = str(step.get("email") or step.get("sendTo") or "")
        if not recipient:
            why = "its address is not in the file" if recipient == "" else "there is no action for it"
            self._note(f"step {number} ({action}) is left out: {why}")
            return None
        subject, body = self._texts(step, number)
        said = {"emails": [recipient], "email_subject": subject, "email_body": body}
        if not step.get("includeCalendarEvent"):
            return {"type": ActionType.SEND_EMAIL.value, **said}
        return {
            "type": ActionType.SEND_CALENDAR_INVITE_TO_ANYONE.value,
            **said,
            "calendar_invite_subject": "{{meeting.name}}: {{client.name}} and {{host.name}}",
            "calendar_invite_body": "<p>{{meeting.join_url}}</p>",
        }

    def _texts(self, step: Wire, number: object) -> tuple[str, str]:
        said = step.get("message")
        message = said if isinstance(said, dict) else {}
        subject = self._filled(str(message.get("subject") or step.get("emailSubject") or ""), number)
        source = str(message.get("html") or step.get("reminderBody") or "")
        body = _allowed(self._filled(source, number)) or _paragraphs(
            self._filled(str(message.get("text") or ""), number)
        )
        if not subject.strip() or not body:
            self._note(f"step {number} has no text of its own; a plain one stands in its place")
        return (
            one_line(normal(subject)).strip() or "{{meeting.name}}",
            body or "<p>{{meeting.name}}, {{booking.starts_at}}</p><p>{{meeting.join_url}}</p>",
        )

    def _filled(self, text: str, number: object) -> str:
        def ours(match: re.Match[str]) -> str:
            name = _variable(match[1])
            if name is None:
                self._note(f"step {number} speaks of {match[0]}, for which there is no variable; it is taken out")
            return f"{{{{{name}}}}}" if name else ""

        return _TWICE.sub(r"\1", _TOKEN.sub(ours, several_lines(text)))

    def _left_out(self, why: str) -> Wire | None:
        self._note(f"left out, because {why}")
        return None

    def _note(self, sentence: str) -> None:
        self.notes.append(f"workflow {self.name}: {one_line(sentence)}")


def _variable(token: str) -> str | None:
    known = _VARIABLES.get(token)
    return known or next((_VARIABLES[name] for name in _MOMENTS if token.startswith(f"{name}_")), None)


def _word(value: object) -> str:
    return str(value or "").replace("_", "").lower()


def _event_type(value: Any) -> str:
    """Return the id of an event type: alone, or in the row that joins it to a workflow."""
    if isinstance(value, dict):
        value = value.get("eventTypeId") or value.get("id")
    return one_line(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def _allowed(source: str) -> str:
    """Return what of some HTML may stand in a mail here; if it cannot be mended, its words."""
    kept = normal("".join(_pieces(source)))
    words = _paragraphs(html.to_text(kept))
    return kept if words and not html.complaints(kept) else words


def _pieces(source: str) -> Iterator[str]:
    for _, piece in read_markup(source):
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, Tag):
            name = _RENAMED.get(piece.name, piece.name)
            if name in TAGS:
                href = piece.href if name == "a" and not piece.is_end and _HREF.fullmatch(piece.href) else ""
                yield f"</{name}>" if piece.is_end else f'<{name} href="{href}">' if href else f"<{name}>"


def _paragraphs(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
