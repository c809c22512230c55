"""What mail servers send back: reports on delivery (RFC 3464, and RFC 6533 in UTF-8) and complaints (RFC 5965).

Read within limits and never believed: a report is a mail that anybody can write.
"""

import re

from tocsin.domain.bounce import Bounce, BounceKind, Complaint, kind_of
from tocsin.domain.text import one_line
from tocsin.formats import received
from tocsin.formats.received import Mail

LONGEST_DIAGNOSTIC = 500  # characters
_LONGEST_ADDRESS = 320
_MOST_RETURN_PATHS = 4

_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_FEEDBACK = "message/feedback-report"
_ORIGINALS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_COMPLAINT = "abuse"  # RFC 5965, 7.3; the other types are about viruses, forged senders, and what is no spam after all

_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)
# What the server that refused has said, after its own code: `550 5.1.1 …` or `550-5.1.1 …`.
_SAID = re.compile(r"[245][0-9]{2}[ -]#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])", re.ASCII)
_SEVERITY = (BounceKind.NONE, BounceKind.SOFT, BounceKind.HARD)


def read(message: bytes) -> Bounce | Complaint | None:
    """Return the report in a mail, or None if there is none. Never raises.

    A report on several recipients is as bad as the mildest of them: our messages have one, and if his address stands for
    several people, some of whom were reached, then it is not dead.
    """
    try:
        mail = received.taken_apart(message)
        return None if mail is None else _read(received.leaves(mail))
    except Exception:  # noqa: BLE001  mail that means harm must not end who listens to it
        return None


def _read(parts: list[Mail]) -> Bounce | Complaint | None:
    for part in parts:
        kind = part.get_content_type()
        if kind in _REPORTS:
            found = [_bounce(block) for block in received.blocks_of(part) if "Action" in block]
            return min(found, key=lambda one: _SEVERITY.index(one.kind), default=None)
        if kind == _FEEDBACK:
            return _complaint(received.blocks_of(part), parts)
    return None


def _bounce(block: Mail) -> Bounce:
    diagnostic = _untyped(received.field(block, "Diagnostic-Code"))
    status = _status(received.field(block, "Status"), diagnostic)
    recipient = received.field(block, "Original-Recipient") or received.field(block, "Final-Recipient")
    return Bounce(
        recipient=one_line(_untyped(recipient), limit=_LONGEST_ADDRESS),
        status=status,
        diagnostic=one_line(diagnostic, limit=LONGEST_DIAGNOSTIC),
        kind=kind_of(received.field(block, "Action").partition(" ")[0], status),
    )


def _status(field: str, diagnostic: str) -> str:
    """Return the enhanced code of a block. Exim always writes 5.0.0; what the other server said is more telling then."""
    found = _STATUS.match(field)
    status = "" if found is None else found[0]
    said = _SAID.match(diagnostic)
    if said is not None and (not status or status == f"{said[1][0]}.0.0"):
        return said[1]
    return status


def _complaint(blocks: list[Mail], parts: list[Mail]) -> Complaint | None:
    report = blocks[0]
    if received.field(report, "Feedback-Type").lower() != _COMPLAINT:
        return None
    originals = [
        block for part in parts if part.get_content_type() in _ORIGINALS for block in received.blocks_of(part)[:1]
    ]
    told = [received.field(report, "Original-Mail-From"), *(received.field(one, "Return-Path") for one in originals)]
    return Complaint(
        recipient=_address(received.field(report, "Original-Rcpt-To")),
        return_paths=tuple(dict.fromkeys(path for path in map(_address, told) if path))[:_MOST_RETURN_PATHS],
    )


def _untyped(field: str) -> str:
    """Return what stands after the type: `rfc822; ana@example.com` or `smtp; 550 no` (RFC 3464, 2.1.2)."""
    kind, semicolon, rest = field.partition(";")
    return rest.strip() if semicolon and " " not in kind.strip() else field


def _address(field: str) -> str:
    return one_line(_untyped(field).strip().strip("<>"), limit=_LONGEST_ADDRESS)
