"""Mail that strangers wrote, taken apart within limits: nothing here raises for what is in it, or works long on it."""

from collections.abc import Callable
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import Compat32

LARGEST = 1 << 20  # octets of a message
MOST_LINES = 20_000
# The library takes every block of a report for a part; and its work is the number of lines by the depth of the parts.
MOST_PARTS = 60
MOST_LOOKED_AT = 20  # of the parts that hold something
LONGEST_HEADER = 1_000  # characters; the library's reading of parameters is quadratic in them

Mail = Message

# What calendars and reports are written in. Only these: `punycode` and `idna` are quadratic, and some are no charsets at all.
_CHARSETS = ("us-ascii", "utf-8", "utf-16", "utf-7", "iso-2022-", "iso-8859-", "windows-", "cp125", "koi8-", "gb", "big5",
             "shift_jis", "euc-")  # fmt: skip


class _TooManyPartsError(Exception):
    """The message has more parts than anybody needs."""


class _ShortHeaders(Compat32):
    """The library's lenient policy, with every header cut."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_HEADER]


_POLICY = _ShortHeaders()


def taken_apart(message: bytes) -> Mail | None:
    """Return a message as its parts, or None if it is larger or has more lines or parts than a person's mail."""
    lines = message.count(b"\n") + message.count(b"\r") - message.count(b"\r\n")
    if len(message) > LARGEST or lines > MOST_LINES:
        return None
    try:
        return BytesParser(_counting(), policy=_POLICY).parsebytes(message)
    except Exception:  # noqa: BLE001  the library was not written for mail that means harm
        return None


def leaves(mail: Mail) -> list[Mail]:
    """Return the parts that hold something, in order, at most 20. An attached message is one: what is in it is older mail."""
    found: list[Mail] = []
    waiting = [mail]
    while waiting and len(found) < MOST_LOOKED_AT:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting += reversed(_inside(part))
        else:
            found.append(part)
    return found


def text_of(part: Mail, *, largest: int) -> str:
    """Return the text in a part, whatever its charset is said to be; empty if it has more than `largest` octets."""
    octets = part.get_payload(decode=True)
    if not isinstance(octets, bytes) or len(octets) > largest:
        return ""
    declared = parameter(part, "charset").lower()
    for charset in ("utf-8-sig", declared if declared.startswith(_CHARSETS) else "utf-8"):
        try:
            return octets.decode(charset)
        except (UnicodeError, LookupError):
            continue
    return octets.decode("latin-1")


def parameter(part: Mail, name: str) -> str:
    """Return a parameter of a part's Content-Type, or nothing."""
    try:
        value = part.get_param(name, "")
    except Exception:  # noqa: BLE001  it trips over continuations (RFC 2231, 3) that do not fit together
        return ""
    return value[2] if isinstance(value, tuple) else str(value)


def blocks_of(part: Mail) -> list[Mail]:
    """Return the blocks of fields in a `message/…` part (RFC 3464, 2.1), or the headers of a message that is attached."""
    if not part.is_multipart():
        return [fields_of(text_of(part, largest=LARGEST))]
    blocks = _inside(part)
    # The library knows message/delivery-status only; in its kin of RFC 6533 the blocks after the first are the first's text.
    rest = [fields_of(text) for block in blocks for text in _paragraphs(block)]
    return (blocks + rest)[:MOST_PARTS]


def fields_of(text: str) -> Mail:
    """Return the header fields at the beginning of `text`."""
    return HeaderParser(policy=_POLICY).parsestr(text)


def field(mail: Mail, name: str) -> str:
    """Return a header's value in one line, or nothing."""
    return " ".join(str(mail.get(name, "")).split())


def is_automatic(mail: Mail) -> bool:
    """Tell whether a program wrote `mail` (RFC 3834, 5): an absence note, a receipt, a report."""
    said = field(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    return said not in ("", "no") or field(mail, "Precedence").lower() in ("bulk", "junk", "auto_reply")


def _counting() -> Callable[..., Mail]:
    """Return what makes parts for the library, and ends its work when there are too many."""
    made = 0

    def part(policy: Compat32) -> Mail:
        nonlocal made
        made += 1
        if made > MOST_PARTS:
            raise _TooManyPartsError
        return Message(policy=policy)

    return part


def _inside(part: Mail) -> list[Mail]:
    # Asked of text, this would decode it with whatever it says it is written in.
    return [one for one in part.get_payload() if isinstance(one, Message)]


def _paragraphs(block: Mail) -> list[str]:
    text = text_of(block, largest=LARGEST).replace("\r\n", "\n")
    return [one for one in text.split("\n\n", MOST_PARTS) if one.strip()]
