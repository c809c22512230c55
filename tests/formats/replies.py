"""Answers as mail programs write them, made from what is known of how they differ; a test names only what matters to it.

Each program has its own habits: where the calendar part stands, who is ORGANIZER and whether he is there at all, the case of
`mailto:` and of addresses, line ends, encodings, and what else of the event is written back.
"""

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

ANSWER_ADDRESS = "invites@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered. `partstat` is in the calendar's words; `method` is COUNTER for a proposal."""

    partstat: str = "ACCEPTED"
    method: str = "REPLY"
    uid: str = "b0000000-0000-4000-8000-00000000000f@tocsin"
    attendee: str = "ada@example.org"
    organizer: str = ANSWER_ADDRESS
    sequence: int = 0
    stamp: datetime = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    starts_at: datetime = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    ends_at: datetime = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
    comment: str = ""


def a_reply(**changes: Any) -> Reply:
    return replace(Reply(), **changes)


def gmail(reply: Reply) -> bytes:
    """Google: three alternatives and the attachment; the whole event, the words beside the attendee, `Auto-Submitted`."""
    calendar = crlf(f"""
        BEGIN:VCALENDAR
        PRODID:-//Google Inc//Google Calendar 70.9054//EN
        VERSION:2.0
        CALSCALE:GREGORIAN
        METHOD:{reply.method}
        BEGIN:VEVENT
        DTSTART:{utc(reply.starts_at)}
        DTEND:{utc(reply.ends_at)}
        DTSTAMP:{utc(reply.stamp)}
        ORGANIZER;CN=Oliver Smith:mailto:{reply.organizer}
        UID:{reply.uid}
        ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={reply.partstat};CN=Ad
         a Byron;X-NUM-GUESTS=0;X-RESPONSE-COMMENT="{reply.comment}":mailto:{reply.attendee}
        CREATED:20261124T120000Z
        DESCRIPTION:A first talk
        LAST-MODIFIED:{utc(reply.stamp)}
        LOCATION:https://zoom.example/j/1
        SEQUENCE:{reply.sequence}
        STATUS:CONFIRMED
        SUMMARY:Introduction with Eve Jones
        TRANSP:OPAQUE
        END:VEVENT
        END:VCALENDAR
        """)
    return mail(
        reply,
        'Content-Type: multipart/mixed; boundary="000000000000mixed"',
        """
        Auto-Submitted: auto-generated
        Sender: Google Calendar <calendar-notification@google.com>
        """,
        f"""
        --000000000000mixed
        Content-Type: multipart/alternative; boundary="000000000000alt"

        --000000000000alt
        Content-Type: text/plain; charset="UTF-8"; format=flowed; delsp=yes
        Content-Transfer-Encoding: base64

        {b64("Ada Byron has accepted this invitation.")}
        --000000000000alt
        Content-Type: text/html; charset="UTF-8"
        Content-Transfer-Encoding: quoted-printable

        <html><body>Ada Byron has accepted this invitation.</body></html>
        --000000000000alt
        Content-Type: text/calendar; charset="UTF-8"; method={reply.method}
        Content-Transfer-Encoding: 7bit

        """,
        calendar,
        f"""
        --000000000000alt--
        --000000000000mixed
        Content-Type: application/ics; name="invite.ics"
        Content-Disposition: attachment; filename="invite.ics"
        Content-Transfer-Encoding: base64

        {b64(calendar)}
        --000000000000mixed--
        """,
    )


def outlook(reply: Reply) -> bytes:
    """Outlook.com: no ORGANIZER, `MAILTO:`, the address's case changed, SUMMARY rewritten, the zone as Windows calls it."""
    calendar = crlf(f"""
        BEGIN:VCALENDAR
        METHOD:{reply.method}
        PRODID:Microsoft Exchange Server 2010
        VERSION:2.0
        {_VTIMEZONE}
        BEGIN:VEVENT
        ATTENDEE;PARTSTAT={reply.partstat};CN=Ada Byron:MAILTO:{changed_case(reply.attendee)}
        COMMENT;LANGUAGE=de-DE:{reply.comment}\\n
        UID:{reply.uid}
        SUMMARY;LANGUAGE=de-DE:Zugesagt: Introduction with Eve Jones
        DTSTART;TZID=W. Europe Standard Time:{berlin(reply.starts_at)}
        DTEND;TZID=W. Europe Standard Time:{berlin(reply.ends_at)}
        CLASS:PUBLIC
        PRIORITY:5
        DTSTAMP:{utc(reply.stamp)}
        TRANSP:OPAQUE
        STATUS:CONFIRMED
        SEQUENCE:{reply.sequence}
        LOCATION;LANGUAGE=de-DE:https://zoom.example/j/1
        X-MICROSOFT-CDO-APPT-SEQUENCE:{reply.sequence}
        X-MICROSOFT-CDO-BUSYSTATUS:BUSY
        X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY
        END:VEVENT
        END:VCALENDAR
        """)
    return mail(
        reply,
        'Content-Type: multipart/alternative; boundary="_000_AM0PR05_"',
        """
        Thread-Topic: Introduction with Eve Jones
        Content-Class: urn:content-classes:calendarmessage
        """,
        f"""
        --_000_AM0PR05_
        Content-Type: text/plain; charset="iso-8859-1"
        Content-Transfer-Encoding: quoted-printable

        Gr=FC=DFe
        --_000_AM0PR05_
        Content-Type: text/calendar; charset="utf-8"; method={reply.method}
        Content-Transfer-Encoding: base64

        {b64(calendar)}
        --_000_AM0PR05_--
        """,
    )


def exchange(reply: Reply) -> bytes:
    """Exchange in a company: no ORGANIZER either, unfolded lines, and a calendar part that is the attachment."""
    calendar = crlf(f"""
        BEGIN:VCALENDAR
        PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN
        VERSION:2.0
        METHOD:{reply.method}
        X-MS-OLK-FORCEINSPECTOROPEN:TRUE
        {_VTIMEZONE}
        BEGIN:VEVENT
        ATTENDEE;PARTSTAT={reply.partstat}:mailto:{reply.attendee}
        CLASS:PUBLIC
        COMMENT:{reply.comment}
        DTEND;TZID="W. Europe Standard Time":{berlin(reply.ends_at)}
        DTSTAMP:{utc(reply.stamp)}
        DTSTART;TZID="W. Europe Standard Time":{berlin(reply.starts_at)}
        PRIORITY:5
        SEQUENCE:{reply.sequence}
        SUMMARY;LANGUAGE=en-us:Accepted: Introduction with Eve Jones
        TRANSP:OPAQUE
        UID:{reply.uid}
        X-ALT-DESC;FMTTYPE=text/html:{"<p>unfolded</p>" * 100}
        END:VEVENT
        END:VCALENDAR
        """)
    return mail(
        reply,
        'Content-Type: multipart/mixed; boundary="----=_NextPart_000"',
        "X-MS-Has-Attach: yes",
        f"""
        ------=_NextPart_000
        Content-Type: text/plain; charset="us-ascii"

        Hello Oliver
        ------=_NextPart_000
        Content-Type: TEXT/CALENDAR; METHOD={reply.method}; NAME="meeting.ics"
        Content-Disposition: attachment; filename="meeting.ics"
        Content-Transfer-Encoding: quoted-printable

        {qp(calendar)}
        ------=_NextPart_000--
        """,
    )


def apple(reply: Reply) -> bytes:
    """Apple: the address in EMAIL too, the part is named and attached, ORGANIZER with a quoted CN."""
    calendar = crlf(f"""
        BEGIN:VCALENDAR
        CALSCALE:GREGORIAN
        METHOD:{reply.method}
        PRODID:-//Apple Inc.//macOS 26.0//EN
        VERSION:2.0
        BEGIN:VEVENT
        ATTENDEE;CN="Byron, Ada";CUTYPE=INDIVIDUAL;EMAIL="{reply.attendee}";PARTSTAT=
         {reply.partstat}:mailto:{reply.attendee}
        COMMENT:{reply.comment}
        CREATED:20261124T120000Z
        DTEND:{utc(reply.ends_at)}
        DTSTAMP:{utc(reply.stamp)}
        DTSTART:{utc(reply.starts_at)}
        LAST-MODIFIED:{utc(reply.stamp)}
        ORGANIZER;CN="Oliver: Smith";EMAIL="{reply.organizer}":mailto:{reply.organizer}
        SEQUENCE:{reply.sequence}
        SUMMARY:Introduction with Eve Jones
        UID:{reply.uid}
        END:VEVENT
        END:VCALENDAR
        """)
    return mail(
        reply,
        "Content-Type: multipart/mixed;\r\n boundary=Apple-Mail-2A",
        "X-Mailer: Apple Mail",
        f"""
        --Apple-Mail-2A
        Content-Type: text/plain;
         charset=utf-8

        Ada Byron has accepted your invitation.
        --Apple-Mail-2A
        Content-Disposition: attachment;
         filename=iCal-20261124-140000.ics
        Content-Type: text/calendar;
         x-unix-mode=0644; name="iCal-20261124-140000.ics"; method={reply.method}; charset=utf-8
        Content-Transfer-Encoding: base64

        {b64(calendar)}
        --Apple-Mail-2A--
        """,
    )


def thunderbird(reply: Reply) -> bytes:
    """Thunderbird: the whole event with DESCRIPTION, in 8bit, and the same bytes once more as an attachment."""
    calendar = crlf(f"""
        BEGIN:VCALENDAR
        PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
        VERSION:2.0
        METHOD:{reply.method}
        BEGIN:VEVENT
        CREATED:20261124T120000Z
        LAST-MODIFIED:{utc(reply.stamp)}
        DTSTAMP:{utc(reply.stamp)}
        UID:{reply.uid}
        SUMMARY:Introduction with Eve Jones – „Zoë“
        ORGANIZER;CN="Oliver Smith":mailto:{reply.organizer}
        ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={reply.partstat};CN="Ada
          Byron":mailto:{reply.attendee}
        DTSTART:{utc(reply.starts_at)}
        DTEND:{utc(reply.ends_at)}
        DESCRIPTION:A first talk\\, and more
        COMMENT:{reply.comment}
        SEQUENCE:{reply.sequence}
        X-MOZ-RECEIVED-SEQUENCE:{reply.sequence}
        BEGIN:VALARM
        ACTION:EMAIL
        ATTENDEE:mailto:alarm@example.org
        TRIGGER:-PT15M
        END:VALARM
        END:VEVENT
        END:VCALENDAR
        """)
    return mail(
        reply,
        'Content-Type: multipart/mixed; boundary="------------A1"',
        "User-Agent: Mozilla Thunderbird",
        f"""
        This is a multi-part message in MIME format.
        --------------A1
        Content-Type: multipart/alternative; boundary="------------B2"

        --------------B2
        Content-Type: text/plain; charset=UTF-8
        Content-Transfer-Encoding: 8bit

        Ada Byron hat die Einladung angenommen.
        --------------B2
        Content-Type: text/calendar; method={reply.method}; charset=UTF-8
        Content-Transfer-Encoding: 8bit

        """,
        calendar,
        f"""
        --------------B2--
        --------------A1
        Content-Type: application/ics; name="invite.ics"
        Content-Disposition: attachment; filename="invite.ics"
        Content-Transfer-Encoding: base64

        {b64(calendar)}
        --------------A1--
        """,
    )


def emacs(reply: Reply) -> bytes:
    """Emacs: nothing but the calendar, bare LF, unfolded, without SEQUENCE when it was 0, and SUMMARY rewritten."""
    sequence = f"SEQUENCE:{reply.sequence}" if reply.sequence else ""
    calendar = crlf(f"""
        BEGIN:VCALENDAR
        METHOD:{reply.method}
        PRODID:Gnus
        VERSION:2.0
        BEGIN:VEVENT
        UID:{reply.uid}
        {sequence}
        DTSTAMP:{utc(reply.stamp)}
        DTSTART:{utc(reply.starts_at)}
        DTEND:{utc(reply.ends_at)}
        SUMMARY:Accepted: Introduction with Eve Jones
        DESCRIPTION:{"unfolded " * 30}
        COMMENT:{reply.comment}
        ORGANIZER;CN="Oliver Smith":mailto:{reply.organizer}
        ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={reply.partstat};CN="Ada Byron":mailto:{reply.attendee}
        END:VEVENT
        END:VCALENDAR
        """)
    head = f"Content-Type: text/calendar; method={reply.method}; charset=UTF-8"
    return mail(reply, head, "User-Agent: Gnus", calendar).replace(b"\r\n", b"\n")


PROGRAMS: dict[str, Callable[[Reply], bytes]] = {
    "gmail": gmail,
    "outlook": outlook,
    "exchange": exchange,
    "apple": apple,
    "thunderbird": thunderbird,
    "emacs": emacs,
}

_VTIMEZONE = """BEGIN:VTIMEZONE
        TZID:W. Europe Standard Time
        BEGIN:STANDARD
        DTSTART:16010101T030000
        TZOFFSETFROM:+0200
        TZOFFSETTO:+0100
        RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
        END:STANDARD
        BEGIN:DAYLIGHT
        DTSTART:16010101T020000
        TZOFFSETFROM:+0100
        TZOFFSETTO:+0200
        RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
        END:DAYLIGHT
        END:VTIMEZONE"""


def a_mail(calendar: str, *, head: str = "Content-Type: text/calendar; method=REPLY; charset=utf-8") -> bytes:
    """Return a mail that is nothing but `calendar`."""
    return mail(Reply(), head, "", crlf(calendar))


def mail(reply: Reply, head: str, more: str, *pieces: str) -> bytes:
    """Return a mail from the attendee to the organizer, put together from `pieces`."""
    headers = crlf(f"""
        From: Ada Byron <{reply.attendee}>
        To: {reply.organizer}
        Subject: Accepted: Introduction with Eve Jones
        Date: Tue, 24 Nov 2026 13:00:00 +0000
        Message-ID: <answer.1@example.org>
        MIME-Version: 1.0
        """)
    body = "".join(crlf(piece) for piece in pieces)
    return (headers + crlf(more) + crlf(head) + "\r\n" + body).encode()


def crlf(text: str) -> str:
    """Return the lines of `text` ended by CRLF, without their margin and the lines around that only the layout needs."""
    lines = [line.removeprefix(" " * 8) for line in text.replace("\r\n", "\n").removeprefix("\n").split("\n")]
    if not lines[-1].strip():
        lines.pop()
    return "".join(f"{line}\r\n" for line in lines)


def b64(text: str) -> str:
    return "\n        ".join(base64.encodebytes(text.encode()).decode().split())


def qp(text: str) -> str:
    return quopri.encodestring(text.encode()).decode().replace("\r\n", "\n").replace("\n", "\n        ")


def changed_case(address: str) -> str:
    return address.title()


def utc(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def berlin(moment: datetime) -> str:
    """Return `moment`, of a winter, as clocks in Berlin show it."""
    return f"{moment.replace(hour=moment.hour + 1):%Y%m%dT%H%M%S}"
