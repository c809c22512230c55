"""What is asked before a message leaves, with the answer that it would get now: conditions, the suppression list, the pause."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from tocsin.domain.actions import ActionType
from tocsin.domain.conditions import AnyOf, Condition, Field, looks_at
from tocsin.domain.delivery import Cause, Delivery
from tocsin.domain.explain import Clause
from tocsin.domain.invite import Invitation
from tocsin.domain.judgement import Known, judged
from tocsin.domain.model import Booking
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rules import AutomationRule
from tocsin.domain.suppression import covering, is_part_of, suppression_key
from tocsin.services.knowledge import known
from tocsin.services.ports import Transaction

MOST_PEOPLE = 50  # of one rule


class Checks:
    """What is asked of one booking's messages. `invitations` are the booking's, `recipients` all who may be asked for."""

    def __init__(
        self, tx: Transaction, booking: Booking, invitations: Sequence[Invitation], recipients: Iterable[str]
    ) -> None:
        self._tx = tx
        self._booking = booking
        self._invitations = {recipient_key(one.recipient): one for one in invitations}
        self._listed = tx.suppressions.of(recipients)
        self._judged: dict[tuple[Condition | AnyOf, str], Clause] = {}

    def of_rule(self, rule: AutomationRule, people: Sequence[str], *, is_of_one: bool) -> list[Clause]:
        """Return what a rule would ask of messages to `people`, at most the first MOST_PEOPLE.

        Unless it is about one person, only those are named whom the suppression list keeps from its messages.
        """
        people = people[:MOST_PEOPLE]
        conditions = [self._condition(one, each) for one in rule.conditions for each in people]
        lists = [self._suppression(rule.id, each) for each in people]
        pausing = [] if all(action.type is ActionType.CALL_WEBHOOK for action in rule.actions) else [self._sending]
        found = [*conditions, *(one for one in lists if is_of_one or not one.holds), *pausing]
        return list(dict.fromkeys(found))  # most conditions are the same for all of them

    def of_delivery(self, delivery: Delivery) -> list[Clause]:
        """Return what will be asked of a delivery that has not ended; what keeps an invite true is asked no condition."""
        conditions: tuple[Condition | AnyOf, ...] = ()
        if delivery.cause is Cause.RULE_FIRED:
            conditions = self._tx.rules.conditions(delivery.rule_id, revision=delivery.rule_revision)
        asked = [self._condition(one, delivery.recipient) for one in conditions]
        pausing = [] if delivery.is_call else [self._sending]
        return [*asked, self._suppression(delivery.rule_id, delivery.recipient), *pausing]

    def _condition(self, condition: Condition | AnyOf, person: str) -> Clause:
        own = person if looks_at([condition], Field.INVITATION_RSVP) else ""
        if (condition, own) not in self._judged:
            clause = judged(condition, self._known(condition, own))
            self._judged[condition, own] = replace(clause, sentence=f"of {own}: {clause.sentence}") if own else clause
        return self._judged[condition, own]

    def _known(self, condition: Condition | AnyOf, person: str) -> Known:
        workspace, invitations = self._tx.workspaces.by_id(self._tx.workspace_id), self._invitations
        if workspace is None:
            raise LookupError("the workspace is gone")  # whoever asks is in it
        told = invitations.get(recipient_key(person))
        return known(self._tx, self._booking, workspace, [condition], invitations=list(invitations.values()), told=told)

    def _suppression(self, rule_id: str, person: str) -> Clause:
        listed = self._listed.get(suppression_key(person), [])
        found = covering(listed, rule_id, opt_outs=not is_part_of(self._booking, person))
        if found is None:
            return Clause(
                name="suppression", holds=True, sentence=f"{person} is not kept from it by the suppression list"
            )
        sentence, words = f"{person}: {found.sentence}", (found.reason.value,)
        return Clause(name="suppression", holds=False, sentence=sentence, found=words, at=found.since_at)

    @cached_property
    def _sending(self) -> Clause:
        pause = self._tx.usage.pause()
        if pause is None:
            return Clause(name="sending", holds=True, sentence="the workspace's sending is not paused")
        return Clause(name="sending", holds=False, sentence=pause.sentence, at=pause.since_at)
