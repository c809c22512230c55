"""The why of a booking: what happened to it, which rules fired or did not, what became of each message, and who holds what.

Any rule of the workspace can be asked about, also one that was deleted, and any person. Without being asked, the rules of the
booking's link are told of and those that wrote about it: of others there may be thousands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tocsin.domain.actions import Action
from tocsin.domain.delivery import OPEN, Attempt, Delivery, DeliveryId, State
from tocsin.domain.errors import NotFoundError
from tocsin.domain.events import EventKind
from tocsin.domain.explain import Clause, Happened
from tocsin.domain.intervention import Intervention
from tocsin.domain.invite import Answered, Invitation
from tocsin.domain.model import Booking
from tocsin.domain.occasions import Occasion, Question, occasions, telling
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rule_life import Firing, RuleLife, additions
from tocsin.domain.rules import AutomationRule
from tocsin.domain.story import Step, entry_of, event_of, origin, replaced_by, steps
from tocsin.domain.sync import Inviter
from tocsin.formats import addresses
from tocsin.services import bookings
from tocsin.services.checks import Checks
from tocsin.services.ports import DeliveryFilter, Transaction

MOST_DELIVERIES = 1_000  # of one booking that are told of; a booking has far fewer
MOST_OCCASIONS = 50  # of one rule


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryWhy:
    """One delivery: why there is one, and what became of it. `checks` will be asked before it leaves; none if it has ended."""

    delivery: Delivery
    clauses: Sequence[Clause]
    happened: Happened | None
    entry: str | None
    steps: Sequence[Step]
    attempt: Attempt | None
    replaced_by: Sequence[DeliveryId]
    answered: Answered | None
    checks: Sequence[Clause]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWhy:
    """One rule and one booking. `rule` is None if it was deleted since. `clauses` are those of the occasion that is `told`.

    `checks` are asked before each message is sent, with the answers that they would get now. If the rule fired there are none,
    because they stand with its deliveries.
    """

    life: RuleLife
    rule: AutomationRule | None
    has_fired: bool
    told: Occasion
    occasions: Sequence[Occasion]
    checks: Sequence[Clause]
    deliveries: Sequence[DeliveryWhy]

    @property
    def rule_id(self) -> str:
        """The id of the rule."""
        return self.life.rule_id

    @property
    def clauses(self) -> Sequence[Clause]:
        """Why the rule fired, or did not: all hold if and only if it planned a message (to the person, if one is asked for)."""
        return self.told.clauses


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """All that explains a booking's messages. `inviters` are by the recipient's address, `message_ids` by his key.

    `number_of_rules` counts all rules of the workspace, `number_of_deliveries` also those that are not told of.
    """

    booking: Booking
    recipient: str
    happened: Sequence[Happened]
    rules: Sequence[RuleWhy]
    invitations: Sequence[Invitation]
    message_ids: dict[str, list[str]]
    inviters: dict[str, list[Inviter]]
    number_of_rules: int
    number_of_deliveries: int


def explain(tx: Transaction, booking_id: str, *, rule_id: str = "", recipient: str = "") -> Why:
    """Return the why of a booking, by id or sid; of one rule or about one person, if named. Raises NotFoundError."""
    booking, recipient = bookings.get(tx, booking_id), addresses.as_kept(recipient)
    case = _Case(tx=tx, booking=booking, rule_id=rule_id, recipient=recipient)
    inviters = tx.sync.of_booking(booking.id)
    asked = [
        one for one in case.invitations if not recipient or recipient_key(one.recipient) == recipient_key(recipient)
    ]
    return Why(
        booking=booking,
        recipient=recipient,
        happened=case.happened,
        rules=case.rules(),
        invitations=asked,
        message_ids=tx.invitations.message_ids(booking.id),
        inviters={one.recipient: inviters.get(recipient_key(one.recipient), []) for one in asked},
        number_of_rules=tx.record.number_of_rules(),
        number_of_deliveries=case.found[1],
    )


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What is asked, and what is known of it; each thing is read when it is first needed."""

    tx: Transaction
    booking: Booking
    rule_id: str
    recipient: str

    @cached_property
    def happened(self) -> list[Happened]:
        return self.tx.bookings.events(self.booking.id)

    @cached_property
    def invitations(self) -> list[Invitation]:
        return self.tx.invitations.of_booking(self.booking.id)

    @cached_property
    def firings(self) -> list[Firing]:
        return self.tx.record.firings(self.booking.id, recipient=self.recipient)

    def _happened_for(self, rule_id: str) -> list[Happened]:
        own = [one for one in self.firings if one.rule_id == rule_id]
        return [*self.happened, *additions(self.happened, own)]

    @cached_property
    def found(self) -> tuple[list[Delivery], int]:
        wanted = DeliveryFilter(booking_id=self.booking.id, rule_id=self.rule_id, recipient=self.recipient)
        return self.tx.deliveries.page(wanted, limit=MOST_DELIVERIES, offset=0)

    @cached_property
    def _all(self) -> list[Delivery]:
        """Whatever may have come in the place of a delivery: it may be of another rule, or to somebody else."""
        if not self.rule_id and not self.recipient:
            return self.found[0]
        return self.tx.deliveries.page(DeliveryFilter(booking_id=self.booking.id), limit=MOST_DELIVERIES, offset=0)[0]

    @cached_property
    def _answers(self) -> dict[DeliveryId, Answered]:
        """What was answered, by the delivery that it is taken for an answer to: the last that was sent before it came."""
        found: dict[DeliveryId, Answered] = {}
        for told in self.invitations:
            answered, key = told.answered, recipient_key(told.recipient)
            sent = [one for one in self._all if one.state is State.SENT and recipient_key(one.recipient) == key]
            before = [one for one in sent if answered and one.settled_at and one.settled_at <= answered.at]
            if answered is not None and before:
                found[max(before, key=lambda one: one.settled_at or one.created_at).id] = answered
        return found

    @cached_property
    def interventions(self) -> dict[DeliveryId, list[Intervention]]:
        """What people did to the deliveries, in order."""
        found: dict[DeliveryId, list[Intervention]] = {}
        for one in self.tx.interventions.of(each.id for each in self.found[0]):
            found.setdefault(one.delivery_id, []).append(one)
        return found

    @cached_property
    def attempts(self) -> dict[DeliveryId, Attempt]:
        return self.tx.record.last_attempts(self.booking.id)

    def rules(self) -> list[RuleWhy]:
        """Return the rule in question; or those of the booking's link, on or off, and then all others that wrote about it."""
        known = self._known()
        lives = self.tx.record.lives(known)
        if self.rule_id and not lives:
            raise NotFoundError("there is no automation rule with this id, and there was none")
        living = [one for one in known.values() if one is not None]
        asked = [
            *(one.recipient for one in self.found[0]),
            *(each for one in living for each in self._named(one.actions)),
        ]
        checks = Checks(self.tx, self.booking, self.invitations, [*asked, self.recipient])
        return [self._rule(lives[each], rule, checks) for each, rule in known.items()]

    def _known(self) -> dict[str, AutomationRule | None]:
        if self.rule_id:
            return {self.rule_id: self.tx.rules.get(self.rule_id)}
        linked = self.tx.rules.watching(self.booking.link_id, EventKind, disabled_too=True)
        known: dict[str, AutomationRule | None] = {rule.id: rule for rule in linked}
        written = sorted({one.rule_id for one in self.firings} - set(known))
        return known | {each: self.tx.rules.get(each) for each in written}

    def _rule(self, life: RuleLife, rule: AutomationRule | None, checks: Checks) -> RuleWhy:
        life = life if rule is None else life.completed(rule)
        asked = Question(
            life=life,
            booking=self.booking,
            happened=self._happened_for(life.rule_id),
            firings=[one for one in self.firings if one.rule_id == life.rule_id],
            people=lambda revision, of_booking: self._people(life, rule, revision, of_booking),
            person=self.recipient,
        )
        found = occasions(asked)
        is_silent = rule is not None and not any(one.reaches for one in asked.firings)
        people = [self.recipient] if self.recipient else [] if rule is None else self._named(rule.actions)
        own = [one for one in reversed(self.found[0]) if one.rule_id == life.rule_id]
        return RuleWhy(
            life=life,
            rule=rule,
            has_fired=bool(asked.firings),
            told=telling(asked, found),
            occasions=found[-MOST_OCCASIONS:],
            checks=checks.of_rule(rule, people, is_of_one=bool(self.recipient)) if rule and is_silent else [],
            deliveries=[self._delivery(one, life, checks) for one in own],
        )

    def _people(self, life: RuleLife, rule: AutomationRule | None, revision: int, of_booking: int | None) -> list[str]:
        is_now = rule is not None and rule.revision == revision
        actions = rule.actions if rule and is_now else self.tx.rules.actions(life.rule_id, revision=revision)
        return self._named(actions, self.booking if of_booking is None else self._states.get(of_booking, self.booking))

    def _named(self, actions: Iterable[Action], booking: Booking | None = None) -> list[str]:
        found = (one for action in actions for one in action.recipients(booking or self.booking))
        return list(dict.fromkeys(found))

    @cached_property
    def _states(self) -> dict[int, Booking]:
        """What the booking was at each of its revisions, as far as that was kept."""
        return {state.revision: state for life in self.tx.history.lives([self.booking.id]) for state in life.states}

    def _delivery(self, delivery: Delivery, life: RuleLife, checks: Checks) -> DeliveryWhy:
        action = self.tx.rules.actions(life.rule_id, revision=delivery.rule_revision)[delivery.action_index]
        happened = event_of(delivery, self._happened_for(life.rule_id))
        entry = entry_of(action, delivery.recipient, self.booking)
        attempt, answered = self.attempts.get(delivery.id), self._answers.get(delivery.id)
        instead = replaced_by(delivery, self._all)
        return DeliveryWhy(
            delivery=delivery,
            clauses=origin(delivery, rule_name=life.name, happened=happened, entry=entry),
            happened=happened,
            entry=entry,
            steps=steps(
                delivery,
                attempt=attempt,
                replaced=instead,
                answered=answered,
                interventions=self.interventions.get(delivery.id, ()),
            ),
            attempt=attempt,
            replaced_by=[one.id for one in instead],
            answered=answered,
            checks=checks.of_delivery(delivery) if delivery.state in OPEN else [],
        )
