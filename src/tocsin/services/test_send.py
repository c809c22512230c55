"""Test send: what a rule would send about a booking, sent to somebody of the workspace who wants to see it arrive.

It leaves as everything does: it waits in the queue, counts against the limits, minds the suppression list, is signed, and
stands in the log. But it is told to nobody else: its entry has a UID of its own, so no calendar takes it for the booking's, and
the ledger knows nothing of it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.domain import events
from tocsin.domain.actions import Action, CallWebhook, SendEmail, SendInvite
from tocsin.domain.audit import Verb
from tocsin.domain.delivery import Cause, Delivery, DeliveryId, Frozen, Settlement, State, Verdict
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.letter import Envelope
from tocsin.domain.model import Booking, BookingId, Workspace
from tocsin.domain.plan import Planned
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.domain.sync import standing
from tocsin.services import audit, bookings, consent, deliveries, dkim, limits, links, rules
from tocsin.services.actions import compose
from tocsin.services.actions.composed import Composed
from tocsin.services.facts import Facts
from tocsin.services.messages import Scene, reader_of
from tocsin.services.ports import Transaction
from tocsin.services.preparation import Ready, Sender, prepare
from tocsin.services.preview import ANSWERS, sample

MARK = "[Test] "  # in front of both subjects
PATIENCE = timedelta(hours=1)  # a test that comes later is worth nothing

log = logging.getLogger("tocsin.deliveries")


def send(
    tx: Transaction,
    sender: Sender,
    workspace: Workspace,
    draft: RuleDraft,
    *,
    booking_id: str,
    recipient: str,
    now: datetime,
) -> list[Delivery]:
    """Plan one message to `recipient` for each action of a rule, about a booking or, if `booking_id` is empty, a sample.

    Webhooks are not called. Raises InvalidInputError for a rule that could not be saved or sends no mail, or a recipient who is
    no member; ConflictError if its event cannot happen to the booking; NotFoundError.
    """
    if not tx.members.page(email=recipient, limit=1, offset=0)[1]:
        raise InvalidInputError.of("recipient", "must be the address of a team member; tests go to nobody else")
    mails = [(index, one) for index, one in enumerate(draft.actions) if not isinstance(one, CallWebhook)]
    if not mails:
        raise InvalidInputError.of("actions", "must hold one that sends mail; a test calls no webhook")
    rule = rules.drafted(tx, draft, now=now, chance=sender.chance)
    known = bookings.get(tx, booking_id) if booking_id else sample(tx, sender, workspace, rule, now=now)
    if not events.is_possible(rule.event, known):
        raise ConflictError(f"the booking is {known.status}, so {rule.event} cannot happen to it; choose another")
    booking = events.supposed(rule.event, known, now=now)
    test = _Test(tx=tx, sender=sender, workspace=workspace, rule=rule, booking=booking, recipient=recipient, now=now)
    audit.note(
        tx, Verb.RULE_TESTED, recipient, name=rule.name, after={"recipient": recipient, "booking_id": booking_id}
    )
    return [test.planned(index, action) for index, action in mails]


def prepare_each(
    tx: Transaction, sender: Sender, claimed: Sequence[Delivery], *, now: datetime
) -> list[Ready | Settlement]:
    """Prepare what was claimed, tests too. All are of one workspace."""
    tests = [one for one in claimed if one.cause is Cause.TEST]
    others = [one for one in claimed if one.cause is not Cause.TEST]
    return [
        *(prepare(tx, sender, others, now=now) if others else []),
        *(_prepared(tx, sender, tests, now=now) if tests else []),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    """A rule that is tried on a booking, and who wants to see it."""

    tx: Transaction
    sender: Sender
    workspace: Workspace
    rule: AutomationRule
    booking: Booking
    recipient: str
    now: datetime

    def planned(self, index: int, action: SendInvite | SendEmail) -> Delivery:
        """Store a delivery of its own, with its message, and return it."""
        delivery = self._stored(index, action)
        try:
            composed = compose(delivery, _marked(action), self._scene(delivery), now=self.now)
            frozen = self._signed(composed)
            complaints = composed.complaints(frozen.message)
        except Exception as error:
            log.exception("the message of a test could not be written", extra=delivery.in_logs)
            complaints = [f"{type(error).__name__}: {error}"]
        if complaints:
            raise InvalidInputError.of(f"actions[{index}]", f"its message is not fit to leave: {complaints[0]}")
        self.tx.messages.freeze({delivery.id: frozen})
        return delivery

    def _stored(self, index: int, action: Action) -> Delivery:
        delivery_id, kind = DeliveryId(self.sender.chance.ordered_id()), self.rule.event
        planned = Planned(
            key=f"test/{delivery_id}",
            rule_id=self.rule.id,
            rule_revision=self.rule.revision,
            action_index=index,
            booking_id=BookingId(self.sender.chance.new_id()),
            booking_revision=self.booking.revision,
            event=kind,
            recipient=self.recipient,
            due_at=self.now,
            expires_at=self.now + PATIENCE,
            rank=index,
            cause=Cause.TEST,
            action=action.type,
            about=self.recipient if kind in ANSWERS else "",
        )
        self.tx.deliveries.add([planned], new_id=lambda: delivery_id, now=self.now)
        return deliveries.get(self.tx, delivery_id)

    def _signed(self, composed: Composed) -> Frozen:
        frozen, key = composed.frozen, self.tx.dkim_keys.signing(composed.signing_domain.lower())
        if key is None:
            return frozen
        secret, workspace_id = self.sender.secret, self.workspace.id
        signed = dkim.signed(frozen.message, key, workspace_id=workspace_id, secret=secret, now=self.now)
        return replace(frozen, message=signed)

    def _scene(self, delivery: Delivery) -> Scene:
        sender, chance = self.sender, self.sender.chance
        base_url = sender.base_url_of(self.workspace.subdomain)
        return Scene(
            workspace=self.workspace,
            link=links.of_booking(self.tx, self.booking),
            booking=replace(self.booking, uid=f"{chance.new_id()}@tocsin"),
            reader=reader_of(
                self.booking, self.workspace, delivery.recipient, self.tx.recipients.get(delivery.recipient)
            ),
            mail_from=self.workspace.mail_from or sender.mail_from,
            base_url=base_url,
            standing=standing(self.booking, []),
            told=None,
            rsvp=ANSWERS.get(self.rule.event),
            secret=sender.secret if sender.hears else None,
            fresh_id=chance.ordered_id(),
            opt_out_url=consent.opt_out_url(delivery, self.booking, base_url=base_url, secret=sender.secret),
        )


def _marked(action: SendInvite | SendEmail) -> Action:
    subject = MARK + action.email_subject
    if isinstance(action, SendEmail):
        return replace(action, email_subject=subject)
    return replace(action, email_subject=subject, calendar_invite_subject=MARK + action.calendar_invite_subject)


def _prepared(tx: Transaction, sender: Sender, tests: Sequence[Delivery], *, now: datetime) -> list[Ready | Settlement]:
    facts = Facts(tx, tests)
    if facts.workspace is None:
        return [Settlement(delivery=one, outcome=None, verdict=_GONE) for one in tests]
    tx.usage.lock()
    ends = {one.id: end for one in tests if (end := _kept_back(facts, one, now=now)) is not None}
    ends |= limits.charge(tx, [one for one in tests if one.id not in ends], sender.limits, now=now)
    return [_ready(tx, one, ends.get(one.id)) for one in tests]


_GONE = Verdict(state=State.CANCELLED, reason="the workspace was deleted first")


def _kept_back(facts: Facts, delivery: Delivery, *, now: datetime) -> Verdict | None:
    if now >= delivery.expires_at:
        return Verdict(state=State.EXPIRED, reason=f"not sent by {delivery.expires_at:%Y-%m-%d %H:%M} UTC")
    pause = facts.pause()
    refusal = consent.refusal(facts.listed(delivery), delivery, None)
    return refusal or (None if pause is None else pause.verdict(delivery, now=now))


def _ready(tx: Transaction, delivery: Delivery, end: Verdict | None) -> Ready | Settlement:
    frozen = tx.messages.get(delivery.id)
    if end is not None or frozen is None or not frozen.message:
        return Settlement(delivery=delivery, outcome=None, verdict=end or _GONE)
    envelope = Envelope.of(delivery, frozen)
    return Ready(delivery=delivery, envelope=envelope, booking=None)
