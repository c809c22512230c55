"""What may leave at all: a look at each message that a test's relay or letterbox gets, by readers that are not ours.

The lists are closed. What is not on them has been used against recipients: attachments and alarms in calendars, `X-ALT-DESC`,
`Content-Class: Sharing` with its address (CVE-2023-35636).
"""

import re
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from email.utils import getaddresses

from icalendar import Calendar

HEADERS = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "auto-submitted",
    "reply-to",
    "references",
    "in-reply-to",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "dkim-signature",
}
PART_HEADERS = {"content-type", "content-transfer-encoding", "content-disposition"}
CALENDARS = ("text/calendar", "application/ics")
SHAPES = (
    ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics"],
    ["multipart/alternative", "text/plain", "text/html"],
)
# Each property with how often it may stand in an entry.
ONCE = (
    "VERSION",
    "PRODID",
    "CALSCALE",
    "METHOD",
    "UID",
    "SEQUENCE",
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "URL",
    "STATUS",
    "ORGANIZER",
    "ATTENDEE",
    "TRANSP",
    "CLASS",
    "CREATED",
    "LAST-MODIFIED",
    "X-MICROSOFT-DISALLOW-COUNTER",
)
PROPERTIES = Counter({"BEGIN": 2, "END": 2, **dict.fromkeys(ONCE, 1)})


def complaints(message: bytes, recipient: str = "") -> list[str]:
    """Return what stands in a message, to `recipient` if that is given, that may not leave."""
    return [*_of_the_octets(message), *_of_the_head(message, recipient), *_of_the_parts(message)]


def _of_the_octets(message: bytes) -> Iterator[str]:
    if re.search(rb"\r(?!\n)|(?<!\r)\n|\0", message):
        yield "a line end or NUL that stands alone"
    if max(map(len, message.split(b"\r\n"))) > 998:
        yield "a line of more than 998 octets"


def _of_the_head(message: bytes, recipient: str) -> Iterator[str]:
    head = re.sub(rb"\r\n[ \t]", b" ", message.partition(b"\r\n\r\n")[0]).decode("utf-8")
    names = Counter(line.partition(":")[0].lower() for line in head.split("\r\n"))
    for name, number in names.items():
        if name not in HEADERS:
            yield f"the header {name}"
        elif number > 1 and name != "dkim-signature":
            yield f"the header {name} {number} times"
    written = [line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("to:")]
    to = [address for _, address in getaddresses(written)]
    if len(to) != 1 or recipient not in ("", *to):
        yield f"recipients {to}"


def _of_the_parts(message: bytes) -> Iterator[str]:
    parsed = message_from_bytes(message)
    parts = list(parsed.walk())
    if [part.get_content_type() for part in parts] not in SHAPES:
        yield f"parts {[part.get_content_type() for part in parts]}"
    calendars = [part.get_payload(decode=True) for part in parts if part.get_content_type() in CALENDARS]
    if len({*calendars}) > 1:
        yield "a copy of the calendar that differs from it"
    for content in calendars[:1]:
        assert isinstance(content, bytes)
        yield from _of_the_calendar(content)
    for part in parts[1:]:
        for name in {one.lower() for one in part.keys()} - PART_HEADERS:  # noqa: SIM118  a header can come twice
            yield f"the header {name} of a part"


def _of_the_calendar(content: bytes) -> Iterator[str]:
    lines = re.sub(rb"\r\n[ \t]", b"", content).decode("utf-8").removesuffix("\r\n").split("\r\n")
    for name, number in (Counter(re.split("[;:]", line, maxsplit=1)[0].upper() for line in lines) - PROPERTIES).items():
        yield f"the property {name}, {number} too many"
    read = Calendar.from_ical(content)
    if [one.name for one in read.walk()] != ["VCALENDAR", "VEVENT"]:
        yield f"components {[one.name for one in read.walk()]}"
