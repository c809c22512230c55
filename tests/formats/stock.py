"""The same letter made with the usual libraries, as a good engineer would; and what can be read in a message or a calendar."""

import email
import email.header
import email.policy
import email.utils
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

import icalendar

from tocsin.domain.invite import Invite, Method
from tocsin.domain.letter import Letter
from tocsin.domain.text import one_line, several_lines
from tocsin.formats import ics, links

_MAILBOXES = ("From", "To")
_MARK = "\ufeff".encode()


def stock_calendar(invite: Invite) -> bytes:
    entry, event, calendar = invite.entry, icalendar.Event(), icalendar.Calendar()
    for name, value in (
        ("version", "2.0"),
        ("prodid", ics.PRODID),
        ("calscale", "GREGORIAN"),
        ("method", entry.method.value),
    ):
        calendar.add(name, value)
    stamp = invite.stamp.replace(microsecond=0)
    for name, wanted in (
        ("uid", entry.uid),
        ("sequence", invite.sequence),
        ("dtstamp", stamp),
        ("dtstart", entry.starts_at),
        ("dtend", entry.ends_at),
        ("summary", one_line(entry.summary)),
        ("description", several_lines(entry.description).strip()),
        ("location", one_line(entry.location, limit=2048).strip()),
        ("url", links.web(entry.url)),
        ("transp", "OPAQUE"),
        ("class", "PUBLIC"),
        ("created", entry.created_at),
        ("last-modified", stamp),
    ):
        if wanted != "" or name == "summary":
            event.add(name, wanted)
    if not entry.is_still_on:
        event.add("status", "CANCELLED" if entry.method is Method.CANCEL else "CONFIRMED")
    if not entry.takes_counters:
        event.add("x-microsoft-disallow-counter", "TRUE")
    event.add("organizer", _person(entry.organizer_name, entry.organizer_email))
    rsvp = {"RSVP": "TRUE"} if entry.method is Method.REQUEST else {}
    role = {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION"}
    event.add("attendee", _person(entry.attendee_name, entry.attendee_email, **role, **rsvp))
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _person(name: str, address: str, **parameters: str) -> icalendar.vCalAddress:
    person = icalendar.vCalAddress(links.mailto(address))
    if ics.common_name(name):
        person.params["CN"] = ics.common_name(name)
    person.params.update(parameters)
    return person


def read_calendar(calendar: bytes) -> list[tuple[str, str, bytes, dict[str, Any]]]:
    """Return component, name, value and parameters of each property, without a U+FEFF at the start, which the library drops."""
    found = icalendar.Calendar.from_ical(calendar)
    return sorted(
        _property(part.name or "", name, value)
        for part in found.walk()
        for name, value in part.property_items(recursive=False)
        if hasattr(value, "params")
    )


def _property(component: str, name: str, value: Any) -> tuple[str, str, bytes, dict[str, Any]]:
    parameters = {key: str(each) for key, each in value.params.items()}
    return component, name, value.to_ical().removeprefix(_MARK), parameters


def stock_message(letter: Letter, calendar: bytes) -> bytes:
    message = EmailMessage(policy=email.policy.SMTPUTF8)
    message["From"] = Address(one_line(letter.from_name).strip(), addr_spec=letter.from_address)
    message["To"] = Address(one_line(letter.to_name).strip(), addr_spec=letter.to_address)
    message["Subject"] = one_line(letter.subject).strip()
    message["Date"] = letter.date
    message["Message-ID"] = f"<{letter.message_id}>"
    if letter.references:
        message["References"] = message["In-Reply-To"] = f"<{letter.references}>"
    if letter.reply_to:
        message["Reply-To"] = [Address(addr_spec=address) for address in letter.reply_to]
    if letter.opt_out_url:
        message["List-Unsubscribe"] = f"<{letter.opt_out_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_body(letter.text + letter.own_text), cte="quoted-printable")
    message.add_alternative(_body(letter.html + letter.own_html), subtype="html", cte="quoted-printable")
    if letter.method is None:
        return message.as_bytes()
    method = {"method": letter.method.value}
    message.add_alternative(calendar.decode(), subtype="calendar", cte="base64", params=method)
    message.add_attachment(
        calendar, maintype="application", subtype="ics", filename="invite.ics", params={"name": "invite.ics"}
    )
    return message.as_bytes()


def _body(text: str) -> str:
    return several_lines(text, limit=10**6).rstrip("\n") + "\n"


def read_message(message: bytes) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """Return the decoded headers, and type, parameters, disposition and content of each part."""
    parsed = email.message_from_bytes(message, policy=email.policy.SMTPUTF8)
    headers: dict[str, Any] = {name: str(value) for name, value in parsed.items() if name != "Content-Type"}
    # The library folds a long word right behind the colon, and reads that fold as a blank.
    headers["Subject"] = headers["Subject"].strip()
    headers["Date"] = parsed["Date"].datetime
    headers["Reply-To"] = [(each.display_name, each.addr_spec) for each in getattr(parsed["Reply-To"], "addresses", ())]
    return headers | {name: mailbox(parsed, name) for name in _MAILBOXES}, [_part(part) for part in parsed.walk()]


def mailbox(message: EmailMessage, header: str) -> tuple[str, str]:
    # By the older half of the standard library: the newer one puts a space between adjacent encoded words of a name, and
    # RFC 2047, 6.2 says to ignore that space.
    raw = dict(message.raw_items())[header].replace("\r\n", "")
    name, address = email.utils.parseaddr(raw.encode("ascii", "surrogateescape").decode())
    return str(email.header.make_header(email.header.decode_header(name))), address


def _part(part: EmailMessage) -> tuple[Any, ...]:
    parameters = {name: value.lower() for name, value in part["Content-Type"].params.items() if name != "boundary"}
    payload: Any = part.get_payload(decode=True)
    content = None if part.is_multipart() else payload.replace(b"\r\n", b"\n")
    return part.get_content_type(), parameters, part.get_content_disposition(), part.get_filename(), content
