"""The why of a booking on the wire: ours."""

from datetime import datetime
from typing import Self

from tocsin.api.schemas.deliveries import DeliveryOut, InvitationOut
from tocsin.api.schemas.fields import Shown
from tocsin.domain.explain import Clause, Happened
from tocsin.domain.sync import Inviter
from tocsin.services.explain import RuleWhy, Why


class HappenedOut(Shown):
    """An event of the booking."""

    event: str
    booking_revision: int
    occurred_at: datetime
    about: str | None

    @classmethod
    def of(cls, happened: Happened) -> Self:
        """Return `happened` as it is shown."""
        return cls(
            event=happened.kind.value,
            booking_revision=happened.booking_revision,
            occurred_at=happened.occurred_at,
            about=happened.about or None,
        )


class ClauseOut(Shown):
    """One thing that must hold for a rule to fire."""

    name: str
    holds: bool
    sentence: str

    @classmethod
    def of(cls, clause: Clause) -> Self:
        """Return `clause` as it is shown."""
        return cls(name=clause.name, holds=clause.holds, sentence=clause.sentence)


class RuleWhyOut(Shown):
    """A rule with what became of it for this booking; name, event and clauses are empty if it was deleted since."""

    rule_id: str
    name: str | None
    event: str | None
    fired: bool
    clauses: list[ClauseOut]
    deliveries: list[DeliveryOut]

    @classmethod
    def of(cls, why: RuleWhy) -> Self:
        """Return `why` as it is shown."""
        return cls(
            rule_id=why.rule_id,
            name=None if why.rule is None else why.rule.name,
            event=None if why.rule is None else why.rule.event.value,
            fired=why.has_fired,
            clauses=[ClauseOut.of(clause) for clause in why.clauses],
            deliveries=[DeliveryOut.of(delivery) for delivery in why.deliveries],
        )


class InviterOut(Shown):
    """An action that invited a recipient. `is_active`: he was not taken off the rule since."""

    rule_id: str
    rule_revision: int
    action_index: int
    keep_in_sync: bool
    is_active: bool
    invited_at: datetime

    @classmethod
    def of(cls, inviter: Inviter) -> Self:
        """Return `inviter` as it is shown."""
        return cls(
            rule_id=inviter.rule_id,
            rule_revision=inviter.rule_revision,
            action_index=inviter.action_index,
            keep_in_sync=inviter.keeps,
            is_active=inviter.is_active,
            invited_at=inviter.invited_at,
        )


class HeldOut(InvitationOut):
    """An invitation with the actions that invited its recipient."""

    invited_by: list[InviterOut]


class ExplainAnswer(Shown):
    """The answer to explain."""

    booking_id: str
    status: str
    booking_revision: int
    events: list[HappenedOut]
    rules: list[RuleWhyOut]
    invitations: list[HeldOut]

    @classmethod
    def of(cls, why: Why) -> Self:
        """Return `why` as it is shown."""
        held = [
            HeldOut(
                **InvitationOut.of(one, why.message_ids).model_dump(),
                invited_by=[InviterOut.of(inviter) for inviter in why.inviters[one.recipient]],
            )
            for one in why.invitations
        ]
        return cls(
            booking_id=why.booking.id,
            status=why.booking.status.value,
            booking_revision=why.booking.revision,
            events=[HappenedOut.of(one) for one in why.happened],
            rules=[RuleWhyOut.of(one) for one in why.rules],
            invitations=held,
        )
