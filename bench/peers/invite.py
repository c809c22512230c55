"""The peer's message: the same content as Tocsin's, made with Jinja, nh3, icalendar and the email package."""

import html
import re
import sqlite3
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import nh3
from babel.dates import format_datetime as in_words
from icalendar import Calendar, Event, vCalAddress
from jinja2 import Environment

FROM = "invites@tocsin.example"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title></title></head>
<body>
{body}
</body>
</html>
"""
# Compiled once in each process, as one does.
_TEMPLATES = Environment(autoescape=True)
_BODY = _TEMPLATES.from_string("""<p>Hello,</p><p><strong>{{ client_name }}</strong> has booked <em>{{ meeting }}</em>
with {{ host_name }}.</p>
<ul><li>Starts: {{ starts }}</li><li>Ends: {{ ends }}</li>
<li>For the client: {{ client_starts }}</li><li>Write to: {{ client_email }}</li></ul>
<p>{{ description }}</p><p>Join here: <a href="{{ join_url }}">{{ join_url }}</a></p>
<p>Something came up? <a href="{{ link_url }}">Choose another time</a>; it takes a minute. The code of this
booking is {{ code }}.</p><p>Kind regards<br>Bench</p><p>You receive this because Bench tells you of its bookings. ·
<a href="{{ opt_out_url }}">Stop these messages</a></p>""")
_SUBJECT = _TEMPLATES.from_string("Invitation: {{ meeting }} with {{ client_name }}")
_BREAKS = re.compile(r"<br>|</p>|</li>")
_TAGS = re.compile(r"<[^>]+>")


def message_for(row: sqlite3.Row) -> EmailMessage:
    """Return the message of a delivery; `row` has the columns of the booking, and `delivery_id` and `recipient`."""
    values = _values(row)
    body = nh3.clean(_BODY.render(values))
    message = EmailMessage(policy=SMTP)
    message["From"] = f'"{row["host_name"]}" <{FROM}>'
    message["To"] = row["recipient"]
    message["Subject"] = html.unescape(_SUBJECT.render(values))
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{row['delivery_id']}.0@tocsin.example>"
    message["Reply-To"] = row["host_email"]
    message["List-Unsubscribe"] = f"<{values['opt_out_url']}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    calendar = _calendar(row)
    message.set_content(_text(body))
    message.add_alternative(_PAGE.format(body=body), subtype="html")
    message.add_alternative(calendar.decode(), subtype="calendar", params={"method": "REQUEST"})
    message.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics")
    return message


def _values(row: sqlite3.Row) -> dict[str, str]:
    starts, ends = (datetime.fromisoformat(row[name]) for name in ("starts_at", "ends_at"))
    return {
        **dict(row),
        "starts": _words(starts, row["host_zone"]),
        "ends": _words(ends, row["host_zone"]),
        "client_starts": _words(starts, row["client_zone"]),
        "opt_out_url": f"http://bench.example/opt-out/{row['delivery_id']:064}",
    }


def _words(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return in_words(local, "EEEE, d MMMM y 'at' HH:mm '('zzzz')'", locale="en")


def _text(body: str) -> str:
    return html.unescape(_TAGS.sub("", _BREAKS.sub("\n", body)))


def _calendar(row: sqlite3.Row) -> bytes:
    calendar, event = Calendar(), Event()
    calendar.add("prodid", "-//Peer//Bench//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "REQUEST")
    event.add("uid", row["uid"])
    event.add("sequence", 0)
    event.add("dtstamp", datetime.now(UTC))
    event.add("dtstart", datetime.fromisoformat(row["starts_at"]))
    event.add("dtend", datetime.fromisoformat(row["ends_at"]))
    event.add("summary", f"{row['meeting']} with {row['client_name']}")
    event.add("description", f"{row['description']}\n\n{row['join_url']}")
    event.add("location", row["join_url"])
    event.add("url", row["link_url"])
    event.add("organizer", _address(FROM, CN=row["host_name"]))
    event.add(
        "attendee",
        _address(row["recipient"], CUTYPE="INDIVIDUAL", ROLE="REQ-PARTICIPANT", PARTSTAT="NEEDS-ACTION", RSVP="TRUE"),
    )
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("class", "PUBLIC")
    event.add("created", datetime.fromisoformat(row["created_at"]))
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _address(email: str, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    address.params.update(parameters)
    return address
