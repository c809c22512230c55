"""What recipients answer: an RSVP becomes a part of the ledger and an event that rules can be made for."""

from datetime import datetime

from tocsin.domain.events import Event, EventKind
from tocsin.domain.invite import Answered, Invitation, Method, Proposed
from tocsin.domain.model import Booking
from tocsin.domain.rsvp import Answer, Proposal, Rsvp
from tocsin.services.automation import follow_answer
from tocsin.services.ports import NewId, Transaction

_EVENTS = {Rsvp.ACCEPTED: EventKind.INVITE_ACCEPTED, Rsvp.DECLINED: EventKind.INVITE_DECLINED}


def answer(tx: Transaction, invitation_id: str, said: Answer, *, now: datetime, new_id: NewId) -> bool:
    """Take an answer that came to the address of this invitation; tell whether it changed anything.

    It must name the invited person and the entry that he was told last, and be no older than what he answered before
    (RFC 5546, 2.1.5): whoever saw the address of an invitation still cannot answer for somebody else, nor answer again.
    """
    found = _live(tx, invitation_id)
    if found is None or said.rsvp is Rsvp.NEEDS_ACTION:
        return False
    told, booking = found
    if not _is_about(told, uid=said.uid, attendee=said.attendee, sequence=said.sequence):
        return False
    # A client whose clock is ahead must not shut out its own next answer.
    answered = Answered(
        rsvp=said.rsvp, sequence=told.sequence, stamp=min(said.stamp or now, now), at=now, comment=said.comment
    )
    if not _is_news(told, answered):
        return False
    tx.invitations.answer(told, answered)
    if answered.rsvp is not told.rsvp and answered.rsvp in _EVENTS:
        event = Event(kind=_EVENTS[answered.rsvp], booking=booking, occurred_at=now, about=told.recipient)
        follow_answer(tx, event, now=now, new_id=new_id)
    return True


def propose(tx: Transaction, invitation_id: str, said: Proposal, *, now: datetime) -> bool:
    """Keep the other time that somebody proposed, to be shown; tell whether it is his to propose. Nothing moves by it."""
    found = _live(tx, invitation_id)
    if found is None or not _is_about(found[0], uid=said.uid, attendee=said.attendee, sequence=said.sequence):
        return False
    proposed = Proposed(starts_at=said.starts_at, ends_at=said.ends_at, at=now, comment=said.comment)
    tx.invitations.propose(found[0], proposed)
    return True


def _live(tx: Transaction, invitation_id: str) -> tuple[Invitation, Booking] | None:
    told = tx.invitations.by_id(invitation_id)
    if told is None or told.method is Method.CANCEL:
        return None
    tx.bookings.hold([told.booking_id])
    booking = tx.bookings.get(told.booking_id)
    return None if booking is None or booking.is_over else (told, booking)


def _is_about(told: Invitation, *, uid: str, attendee: str, sequence: int | None) -> bool:
    is_same_person = attendee.strip().casefold() == told.recipient.casefold()
    is_same_entry = uid.strip().casefold() == told.uid.casefold()
    return is_same_person and is_same_entry and (sequence is None or sequence >= told.sequence)


def _is_news(told: Invitation, answered: Answered) -> bool:
    former = told.answered
    if former is None or former.sequence < answered.sequence:
        return True
    return answered.stamp >= former.stamp and (answered.rsvp, answered.comment) != (former.rsvp, former.comment)
