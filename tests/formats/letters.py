"""Builders: an entry, an invite and a letter; a test names only what matters. And text that somebody means harm with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tocsin.domain.invite import Entry, Invite, Method
from tocsin.domain.letter import Letter
from tocsin.formats import ics

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SENDER = "bookings@example.net"
RECIPIENT = "alice@example.com"

_ENTRY = Entry(
    method=Method.REQUEST,
    uid="0f8fad5b-d9cb-469f-a165-70867728950e@example.net",
    summary="Intro call",
    description="Hello,\nsee you there.",
    location="Room 1",
    url="https://bookings.example.net/b/1",
    starts_at=NOON + timedelta(days=7),
    ends_at=NOON + timedelta(days=7, hours=1),
    created_at=NOON - timedelta(days=1),
    organizer_name="Zoe Host",
    organizer_email=SENDER,
    attendee_name="Alice",
    attendee_email=RECIPIENT,
)


def an_entry(**changes: Any) -> Entry:
    return replace(_ENTRY, **changes)


def an_invite(*, sequence: int = 0, stamp: datetime = NOON, **changes: Any) -> Invite:
    return Invite(entry=an_entry(**changes), sequence=sequence, stamp=stamp)


def a_letter(invite: Invite | None = None, **changes: Any) -> Letter:
    """A letter around `invite`, whose sender and recipient it shares."""
    inside = an_invite() if invite is None else invite
    letter = Letter(
        from_name=inside.entry.organizer_name,
        from_address=inside.entry.organizer_email,
        reply_to=("zoe@example.net",),
        to_name=inside.entry.attendee_name,
        to_address=inside.entry.attendee_email,
        subject="Invitation: Intro call",
        text="Hello Alice,\n\nsee you there.",
        html="<p>Hello Alice,</p><p>see you there.</p>",
        method=inside.entry.method,
        calendar=ics.write(inside),
        message_id="b1.0.alice@example.net",
        references="",
        date=NOON,
    )
    return replace(letter, **changes)


# Each has broken some mail or calendar library (reliability.md, 4.1).
HOSTILE_TEXTS = (
    "",
    " ",
    "=?UTF-8?Q?hi=0D=0ABcc:_x@y?=",
    "=?utf-8?b?aGkNCkJjYzogeEB5?=",
    "=?=?utf-8?q?x?=",
    "a\r\nBcc: x@y.example",
    "a\nBEGIN:VEVENT\nEND:VEVENT",
    "a\rb",
    "END:VEVENT",
    "nul\0bell\a\vtab\tend",
    "next\x85line\u2028separator\u2029",
    "\u202eevil\u202c \u2066x\u2069",
    "lone \ud800 and \udfff",
    'quote " and back\\slash \\n \\N \\; ^n ^\' ^^ ^"n',
    "comma, semicolon; colon: <a@b.example>",
    "{{host.email}} <b>bold</b> {% x %}",
    "👩‍👩‍👧‍👦" * 40,
    "ü" * 1000,
    "x" * 1000,
    "word " * 200,
    " " * 300 + "x",
    "e\u0301" * 300,
    "漢字" * 200,
    "..\r\n.\r\nFrom me\n--=_mix_",
    "\ufeff\u200b\u200e\u200f\ufffe\uffff",
)

hostile_text = st.one_of(
    st.sampled_from(HOSTILE_TEXTS),
    st.text(st.characters(), max_size=300),
    st.lists(st.sampled_from((*HOSTILE_TEXTS, "\r\n", "=?", "?=", '"', "\\", ";", ",", "^")), max_size=6).map("".join),
)
