"""Mail that means harm: each is brought to a booking to which Ada and Bob were invited, that was moved, and Ada said yes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.builders import DAY, HOUR, NOON, WORKSPACE_ID
from tests.formats.replies import PROGRAMS, Reply, a_reply, b64
from tests.formats.reports import a_complaint, a_report
from tests.journeys.world import SECRET, World
from tocsin.domain import signed_address
from tocsin.domain.delivery import Delivery
from tocsin.domain.events import EventKind
from tocsin.domain.invite import Invitation
from tocsin.domain.model import Booking
from tocsin.domain.signed_address import Purpose

CONFIRMED = EventKind.BOOKING_CONFIRMED
ADA, BOB = "ada@example.org", "bob@example.org"
BASE = "invites@tocsin.example"
WORDS = b"From: ada@example.org\r\nSubject: Re: Invitation\r\n\r\nCan I bring a cake?\r\n"


def answer_address(told: Invitation) -> str:
    assert "+r" in told.organizer_email
    return told.organizer_email


def return_path(delivery: Delivery, *, secret: bytes = SECRET, purpose: Purpose = Purpose.BOUNCE) -> str:
    return signed(delivery.id, secret=secret, purpose=purpose)


def signed(
    thing_id: str, *, secret: bytes = SECRET, purpose: Purpose = Purpose.ANSWER, workspace_id: str = WORKSPACE_ID
) -> str:
    wanted = signed_address.reference(purpose, workspace_id=workspace_id, thing_id=thing_id)
    address = signed_address.write(BASE, wanted, secret)
    assert address is not None
    return address


def reply_to(told: Invitation, **changes: Any) -> Reply:
    """Return what the invited person would answer."""
    mine = a_reply(uid=told.uid, attendee=told.recipient, organizer=told.organizer_email, sequence=told.sequence)
    return replace(mine, **changes)


def id_of(world: World, booking: Booking) -> str:
    """Return the id of Ada's invitation."""
    found = world.invitation(booking).id
    assert found is not None
    return found


def spoilt(address: str, place: int) -> str:
    """Return `address` with one letter of its tag changed."""
    local, _, domain = address.partition("@")
    base, _, tag = local.partition("+")
    return f"{base}+{tag[:place]}{'a' if tag[place] != 'a' else 'c'}{tag[place + 1 :]}@{domain}"


def part(text: str, *, encoding: str = "7bit") -> bytes:
    head = f"Content-Type: text/calendar; method=REPLY\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + text.encode()


def calendar_of(reply: Reply, **replaced: str) -> str:
    """Return the bare calendar of an answer, with some of its text replaced."""
    text = PROGRAMS["emacs"](reply).partition(b"\n\n")[2].decode()
    for old, new in replaced.items():
        text = text.replace({"begin": "BEGIN:VEVENT", "attendee": "mailto:ada@example.org"}[old], new)
    return text


Hostile = Callable[[World, Booking], tuple[str, bytes]]


def to_ada(write: Callable[[Reply], bytes]) -> Hostile:
    """Return a mail to Ada's own address, written around what she would say: no."""

    def hostile(world: World, booking: Booking) -> tuple[str, bytes]:
        told = world.invitation(booking)
        return answer_address(told), write(reply_to(told, partstat="DECLINED", stamp=NOON + HOUR))

    return hostile


def to_address(address: Callable[[World, Booking], str]) -> Hostile:
    """Return Ada's no, sent to another address."""

    def hostile(world: World, booking: Booking) -> tuple[str, bytes]:
        told = world.invitation(booking)
        return address(world, booking), PROGRAMS["gmail"](reply_to(told, partstat="DECLINED", stamp=NOON + HOUR))

    return hostile


def said(**changes: Any) -> Hostile:
    return to_ada(lambda reply: PROGRAMS["gmail"](replace(reply, **changes)))


HOSTILE: dict[str, Hostile] = {
    "no token": to_address(lambda _world, _booking: BASE),
    "a token that another secret signed": to_address(lambda world, booking: signed(id_of(world, booking), secret=b"x")),
    "a token with a letter changed": to_address(lambda world, booking: spoilt(answer_address(world.invitation(booking)), 20)),
    "a token cut off": to_address(lambda world, booking: answer_address(world.invitation(booking)).replace("@", "x@")),
    "a token for something else": to_address(lambda world, booking: signed(id_of(world, booking), purpose=Purpose.BOUNCE)),
    "a token of another workspace": to_address(
        lambda world, booking: signed(id_of(world, booking), workspace_id="bbbbbbbb-0000-4000-8000-000000000001")
    ),
    "another recipient's address": to_address(lambda world, booking: answer_address(world.invitation(booking, BOB))),
    "the return path": to_address(lambda world, _booking: return_path(world.delivery(CONFIRMED, recipient=ADA))),
    "somebody else answers": said(attendee="eve@example.net"),
    "another invited person answers": said(attendee=BOB),
    "another entry": said(uid="00000000-0000-4000-8000-000000000000@tocsin"),
    "an older SEQUENCE": said(sequence=0),
    "an older answer": said(stamp=NOON - DAY),
    "no answer": said(partstat="NEEDS-ACTION"),
    "an unknown answer": said(partstat="X-GONE"),
    "a REQUEST": said(method="REQUEST"),
    "a CANCEL": said(method="CANCEL"),
    "a proposal that ends before it starts": said(method="COUNTER", ends_at=NOON),
    "a proposal of somebody else": said(method="COUNTER", attendee="eve@example.net"),
    "one occurrence of a series": to_ada(
        lambda reply: part(calendar_of(reply, begin="BEGIN:VEVENT\nRECURRENCE-ID:20261125T120000Z"))
    ),
    "a line end in the address": to_ada(lambda reply: part(calendar_of(reply, attendee="mailto:ada%0D%0A@example.org"))),
    "half a mail": to_ada(lambda reply: PROGRAMS["gmail"](reply)[:700]),
    "no boundary": to_ada(lambda reply: PROGRAMS["gmail"](reply).replace(b"boundary=", b"b=")),
    "broken base64": to_ada(lambda reply: part("=" + b64(calendar_of(reply))[1:77], encoding="base64")),
    "zeroes": to_ada(lambda reply: part(calendar_of(reply).replace("BEGIN", "B\x00EGIN"))),
    "no text at all": to_ada(lambda _reply: bytes(range(256)) * 40),
    "parts in parts": to_ada(
        lambda reply: b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5_000))
        + PROGRAMS["gmail"](reply)
    ),
    "messages in messages": to_ada(lambda reply: b"Content-Type: message/rfc822\r\n\r\n" * 9_000 + PROGRAMS["gmail"](reply)),
    "too many lines": to_ada(lambda reply: PROGRAMS["emacs"](reply) + b"\r\n" * 20_001),
    "a huge calendar": to_ada(lambda reply: part(calendar_of(reply) + "X" * 300_000)),
    "an attached answer": to_ada(lambda reply: b"Content-Type: message/rfc822\r\n\r\n" + PROGRAMS["gmail"](reply)),
    "words that say no": to_ada(lambda _reply: WORDS.replace(b"Can I bring a cake?", b"PARTSTAT=DECLINED")),
    "a note of absence": to_ada(lambda _reply: b"Auto-Submitted: auto-replied\r\n" + WORDS),
    "a bounce to the answers": to_ada(lambda _reply: a_report()),
    "a complaint to the answers": to_ada(lambda _reply: a_complaint()),
    "a bounce of nothing of ours": lambda _world, _booking: (BASE, a_report()),
    "a bounce with another token": lambda world, _booking: (
        return_path(world.delivery(CONFIRMED, recipient=ADA), secret=b"x"), a_report(),
    ),
    "a report without a recipient": lambda world, _booking: (
        return_path(world.delivery(CONFIRMED, recipient=ADA)), a_report("Reporting-MTA: dns; x\n"),
    ),
    "nothing": to_ada(lambda _reply: b""),
}  # fmt: skip
