"""The why of a booking: what happened to it, which rules fired or did not, what was sent, and who holds what."""

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.domain.delivery import Cause, Delivery
from tocsin.domain.events import EventKind
from tocsin.domain.explain import Clause, Happened, clauses
from tocsin.domain.invite import Invitation
from tocsin.domain.model import Booking
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rules import AutomationRule
from tocsin.domain.sync import Inviter
from tocsin.services import bookings
from tocsin.services.ports import DeliveryFilter, Transaction

MOST_DELIVERIES = 1_000  # of one booking that are shown; a booking has far fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWhy:
    """One rule and one booking. `rule` is None if it was deleted since; then nothing is known of its clauses."""

    rule_id: str
    rule: AutomationRule | None
    clauses: Sequence[Clause]
    deliveries: Sequence[Delivery]

    @property
    def has_fired(self) -> bool:
        """Whether an event made the rule write, or plan to."""
        return any(delivery.cause is Cause.RULE_FIRED for delivery in self.deliveries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """All that explains a booking's messages. `inviters` are by the recipient's address, `message_ids` by his key."""

    booking: Booking
    happened: Sequence[Happened]
    rules: Sequence[RuleWhy]
    invitations: Sequence[Invitation]
    message_ids: dict[str, list[str]]
    inviters: dict[str, list[Inviter]]


def explain(tx: Transaction, booking_id: str) -> Why:
    """Return the why of a booking, by id or sid. Raises NotFoundError."""
    booking = bookings.get(tx, booking_id)
    happened = tx.bookings.events(booking.id)
    sent, _ = tx.deliveries.page(DeliveryFilter(booking_id=booking.id), limit=MOST_DELIVERIES, offset=0)
    invitations, inviters = tx.invitations.of_booking(booking.id), tx.sync.of_booking(booking.id)
    return Why(
        booking=booking,
        happened=happened,
        rules=_rules(tx, booking, happened, sent),
        invitations=invitations,
        message_ids=tx.invitations.message_ids(booking.id),
        inviters={one.recipient: inviters.get(recipient_key(one.recipient), []) for one in invitations},
    )


_GONE = Clause(name="deleted", holds=False, sentence="the rule was deleted since; what it sent stays")


def _rules(tx: Transaction, booking: Booking, happened: list[Happened], sent: list[Delivery]) -> list[RuleWhy]:
    """Return the rules of the booking's link, switched on or off, and all others that wrote about it."""
    known = {rule.id: rule for rule in tx.rules.watching(booking.link_id, EventKind, disabled_too=True)}
    written = {rule_id: tx.rules.get(rule_id) for rule_id in sorted({one.rule_id for one in sent} - set(known))}
    return [
        RuleWhy(
            rule_id=rule_id,
            rule=rule,
            clauses=[_GONE] if rule is None else clauses(rule, booking, happened),
            deliveries=[one for one in reversed(sent) if one.rule_id == rule_id],
        )
        for rule_id, rule in [*known.items(), *written.items()]
    ]
