"""A message of ours as its recipient reads it: subject, text, HTML and the calendar object, taken out of its bytes again.

A call of a webhook is its body.
"""

import email
import email.policy
import json
from dataclasses import dataclass
from email.message import EmailMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a mail program shows of a message. `calendar` is the calendar object as it was sent (RFC 5545).

    What a message does not have is empty.
    """

    headers: tuple[tuple[str, str], ...]
    subject: str
    text: str
    html: str
    calendar: str


def opened(message: bytes) -> Opened:
    """Return the parts of a message that was written here."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    return Opened(
        headers=tuple((name, str(value)) for name, value in parsed.items()),
        subject=str(parsed["Subject"]),
        text=_part(parsed, "text/plain"),
        html=_part(parsed, "text/html"),
        calendar=_part(parsed, "text/calendar"),
    )


def opened_call(body: bytes) -> Opened:
    """Return the body of a call of ours, laid out for people."""
    call = json.loads(body)
    text = json.dumps(call, ensure_ascii=False, indent=2)
    return Opened(headers=(), subject=str(call["type"]), text=text, html="", calendar="")


def _part(parsed: EmailMessage, content_type: str) -> str:
    found = next((part for part in parsed.walk() if part.get_content_type() == content_type), None)
    content = b"" if found is None else found.get_payload(decode=True)
    return content.decode("utf-8") if isinstance(content, bytes) else ""
