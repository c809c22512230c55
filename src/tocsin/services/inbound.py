"""Mail that comes back: what it is, which of our things it is about, and what becomes of it.

Only the address it was sent to says what it is about, because that is signed; what its text says is never believed in that.
Whatever is of no use is counted and dropped. It is never answered, because senders are easily forged.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum

from tocsin.domain import signed_address
from tocsin.domain.bounce import Bounce, BounceKind, Complaint
from tocsin.domain.model import WorkspaceId
from tocsin.domain.rsvp import Answer, Proposal
from tocsin.domain.signed_address import Purpose, Reference
from tocsin.formats import bounces as reports
from tocsin.formats import received
from tocsin.formats import rsvp as replies
from tocsin.services import bounces, rsvp
from tocsin.services.ports import Chance, Clock, Store, Transaction

NOBODYS = WorkspaceId("")  # under which is counted what nobody can tell whose it is

log = logging.getLogger("tocsin.inbound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One mail for one recipient. `recipient` and `sender` are the envelope's; `sender` is empty for a report."""

    recipient: str
    sender: str
    message: bytes


class Verdict(StrEnum):
    """What became of a mail."""

    ANSWERED = "answered"
    PROPOSED = "proposed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    IGNORED_UNSIGNED = "ignored_unsigned"  # its address was not signed here
    IGNORED_UNKNOWN = "ignored_unknown"  # what its address speaks of is not there any more
    IGNORED_TOO_LARGE = "ignored_too_large"
    IGNORED_AUTOMATIC = "ignored_automatic"  # a note of absence, a receipt
    IGNORED_WORDS = "ignored_words"  # somebody's own words, or nothing that a program could read
    IGNORED_UNFIT = "ignored_unfit"  # an answer of another person, to another entry, or older than the last
    IGNORED_NOT_FINAL = "ignored_not_final"  # a report that a message is delayed, or arrived
    IGNORED_REPEATED = "ignored_repeated"  # a bounce or complaint that is known, too late, or of what was never sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What receiving needs. `secret` signs our addresses; `bounce_limit` bounces suppress an address."""

    store: Store
    clock: Clock
    chance: Chance
    secret: bytes
    bounce_limit: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a mail holds, as far as it is of use."""

    answers: list[Answer | Proposal]
    report: Bounce | Complaint | None
    without: Verdict  # what becomes of it if neither is there


def receive(reception: Reception, mail: Inbound) -> Verdict:
    """Do what a mail asks for, if it may ask; count it, and tell what became of it.

    The same mail once more changes nothing. Raises UnavailableError if the store is away, and then nothing is done or counted.
    """
    report = reports.read(mail.message)
    reference = _reference(reception, mail, report)
    if reference is None:
        return _nobodys(reception, Verdict.IGNORED_UNSIGNED)
    content = _content(mail.message, report)
    for workspace_id in _workspaces(reception, reference):
        with reception.store.transaction(workspace_id) as tx:
            verdict = _done(tx, reception, reference, content)
            if verdict is not Verdict.IGNORED_UNKNOWN:
                return _counted(tx, reception, verdict)
    return _nobodys(reception, Verdict.IGNORED_UNKNOWN)


def _content(message: bytes, report: Bounce | Complaint | None) -> _Content:
    answers = replies.read(message)
    without = Verdict.IGNORED_WORDS
    if len(message) > received.LARGEST:
        without = Verdict.IGNORED_TOO_LARGE
    elif not answers and report is None:
        taken_apart = received.taken_apart(message)
        if taken_apart is not None and received.is_automatic(taken_apart):
            without = Verdict.IGNORED_AUTOMATIC
    return _Content(answers=answers, report=report, without=without)


def _reference(reception: Reception, mail: Inbound, report: Bounce | Complaint | None) -> Reference | None:
    """Return what a mail is about. Providers send complaints to one address for all, with the return path in them."""
    own = signed_address.read(mail.recipient, reception.secret)
    if not isinstance(report, Complaint):
        return own
    told = (signed_address.read(path, reception.secret) for path in report.return_paths)
    signed = (one for one in told if one is not None and one.purpose is Purpose.BOUNCE)
    return next(signed, own)


def _workspaces(reception: Reception, reference: Reference) -> list[WorkspaceId]:
    """Return whose a reference can be; nearly always one."""
    with reception.store.directory() as directory:
        every = directory.all()
    return [one.id for one in every if one.id.startswith(reference.workspace_prefix)]


def _done(tx: Transaction, reception: Reception, reference: Reference, content: _Content) -> Verdict:
    is_answer = reference.purpose is Purpose.ANSWER
    found = tx.own_ids.of_invitation(reference.bounds) if is_answer else tx.own_ids.of_delivery(reference.bounds)
    if found is None:
        return Verdict.IGNORED_UNKNOWN
    return _answer(tx, reception, found, content) if is_answer else _report(tx, reception, found, content)


def _answer(tx: Transaction, reception: Reception, invitation_id: str, content: _Content) -> Verdict:
    now = reception.clock()
    for said in content.answers:
        if isinstance(said, Answer):
            if rsvp.answer(tx, invitation_id, said, now=now, new_id=reception.chance.ordered_id):
                return Verdict.ANSWERED
        elif rsvp.propose(tx, invitation_id, said, now=now):
            return Verdict.PROPOSED
    return Verdict.IGNORED_UNFIT if content.answers else content.without


def _report(tx: Transaction, reception: Reception, delivery_id: str, content: _Content) -> Verdict:
    now = reception.clock()
    match content.report:
        case None:
            return content.without
        case Complaint():
            return Verdict.COMPLAINED if bounces.complained(tx, delivery_id, now=now) else Verdict.IGNORED_REPEATED
        case Bounce(kind=BounceKind.HARD) as bounce:
            is_new = bounces.bounced(tx, delivery_id, bounce, now=now, limit=reception.bounce_limit)
            return Verdict.BOUNCED if is_new else Verdict.IGNORED_REPEATED
        case _:
            return Verdict.IGNORED_NOT_FINAL


def _nobodys(reception: Reception, verdict: Verdict) -> Verdict:
    with reception.store.transaction(NOBODYS) as tx:
        return _counted(tx, reception, verdict)


def _counted(tx: Transaction, reception: Reception, verdict: Verdict) -> Verdict:
    tx.inbound_counts.add(verdict.value, now=reception.clock())
    log.info("a mail came: %s", verdict.value, extra={"workspace": tx.workspace_id})
    return verdict
