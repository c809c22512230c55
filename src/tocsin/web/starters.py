"""Rules to begin with: what many want, in the fields of the form. Nothing of them is kept before somebody saves it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.domain.actions import ActionType
from tocsin.domain.events import EventKind
from tocsin.domain.recipients import CLIENT_EMAIL
from tocsin.web.typed import Typed

_INVITE = {
    "type": ActionType.SEND_CALENDAR_INVITE_TO_ANYONE.value,
    "email_subject": "{{meeting.name}}: {{booking.starts_at}}",
    "email_body": "<p>Hello,</p>\n<p>{{client.name}} and {{host.name}} meet on {{booking.starts_at}}.</p>\n"
    "<p>{{meeting.join_url}}</p>",
    "calendar_invite_subject": "{{meeting.name}}: {{client.name}} and {{host.name}}",
    "calendar_invite_body": "<p>{{meeting.description}}</p>\n<p>{{meeting.join_url}}</p>",
    "keep_in_sync": "yes",
}
_MAIL = {
    "type": ActionType.SEND_EMAIL.value,
    "email_subject": "{{meeting.name}} with {{host.name}}",
    "email_body": "<p>Hello,</p>\n<p>{{client.name}} and {{host.name}} meet on {{booking.starts_at}}.</p>",
}
_CALL = {"type": ActionType.CALL_WEBHOOK.value}
_FRESH = {one["type"]: one for one in (_INVITE, _MAIL, _CALL)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A rule to begin with, under what it does; `says` is that in words."""

    says: str
    name: str
    event: EventKind
    action: Mapping[str, str]
    offsets: tuple[tuple[str, str], ...] = ()

    @property
    def typed(self) -> Typed:
        """The form as it is filled then; the links are still to be chosen."""
        typed = Typed((("name", self.name), ("event", self.event.value), ("enabled", "yes")))
        rows = [Typed((("number", number), ("unit", unit))) for number, unit in self.offsets]
        return typed.with_rows("offsets", rows).with_rows("actions", [Typed.of(self.action)])


STARTERS: Mapping[str, Starter] = {
    "invite-client": Starter(
        says="Invite the client when a booking is confirmed",
        name="Invite the client",
        event=EventKind.BOOKING_CONFIRMED,
        action=_INVITE
        | {
            "emails": CLIENT_EMAIL,
            "email_subject": "{{meeting.name}} with {{host.name}}",
            "email_body": "<p>Hello {{client.first_name}},</p>\n"
            "<p>your meeting with {{host.name}} is on {{booking.starts_at}}.</p>\n<p>{{meeting.join_url}}</p>",
            "calendar_invite_subject": "{{meeting.name}} with {{host.name}}",
        },
    ),
    "remind": Starter(
        says="Remind a day and an hour before",
        name="Remind the client",
        event=EventKind.BEFORE_MEETING_STARTS,
        offsets=(("1", "days"), ("1", "hours")),
        action=_MAIL
        | {
            "emails": CLIENT_EMAIL,
            "email_subject": "Soon: {{meeting.name}} with {{host.name}}",
            "email_body": "<p>Hello {{client.first_name}},</p>\n"
            "<p>your meeting with {{host.name}} begins on {{booking.starts_at}}.</p>\n<p>{{meeting.join_url}}</p>",
        },
    ),
    "tell-of-cancelling": Starter(
        says="Tell a colleague when it is cancelled",
        name="Tell a colleague that it is cancelled",
        event=EventKind.BOOKING_CANCELLED,
        action=_MAIL
        | {
            "email_subject": "Cancelled: {{meeting.name}} with {{client.name}}",
            "email_body": "<p>The meeting of {{client.name}} and {{host.name}} on {{booking.starts_at}} does not take place."
            "</p>\n<p>{{booking.cancel_reason}}</p>",
        },
    ),
    "call": Starter(
        says="Call a program when a booking is confirmed",
        name="Call a program",
        event=EventKind.BOOKING_CONFIRMED,
        action=_CALL,
    ),
}


def blank() -> Typed:
    """Return the form of a new rule that begins with nothing but an invite."""
    typed = Typed((("event", EventKind.BOOKING_CONFIRMED.value), ("enabled", "yes")))
    return typed.with_rows("actions", [fresh(ActionType.SEND_CALENDAR_INVITE_TO_ANYONE.value)])


def fresh(kind: str) -> Typed:
    """Return the row of a new action of this type; of any other, of an invite."""
    return Typed.of(_FRESH.get(kind, _INVITE))
