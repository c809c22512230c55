"""The why of a booking on the wire: ours."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from tocsin.domain.explain import Clause, Happened
from tocsin.domain.occasions import Occasion
from tocsin.domain.sync import Inviter
from tocsin.schemas.deliveries import AttemptOut, DeliveryOut, InvitationOut
from tocsin.schemas.fields import Asked, Shown, plain
from tocsin.services.explain import DeliveryWhy, RuleWhy, Why


class ExplainQuery(Asked):
    """About which rule, and which person; all of the booking's if left out."""

    rule_id: Annotated[
        str, Field(max_length=64, description="any rule of the workspace, also one that was deleted"), plain
    ] = ""
    recipient: Annotated[
        str, Field(max_length=254, description="an address: why did, or did not, this person get a mail?"), plain
    ] = ""


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
    """One thing that must hold, whether it does, and what was so: `wanted` is asked for, `found` was there, `at` since when."""

    name: str
    holds: bool
    sentence: str
    wanted: list[str]
    found: list[str]
    at: datetime | None

    @classmethod
    def of(cls, clause: Clause) -> Self:
        """Return `clause` as it is shown."""
        return cls(
            name=clause.name,
            holds=clause.holds,
            sentence=clause.sentence,
            wanted=list(clause.wanted),
            found=list(clause.found),
            at=clause.at,
        )


class StepOut(Shown):
    """One thing that became of a delivery."""

    name: str
    at: datetime
    sentence: str


class DeliveryWhyOut(DeliveryOut):
    """A delivery with why there is one (`clauses`), what became of it (`steps`), and what it will be asked (`checks`)."""

    clauses: list[ClauseOut]
    steps: list[StepOut]
    checks: list[ClauseOut]
    email_entry: str | None
    event_occurred_at: datetime | None
    replaced_by: list[str]
    last_attempt: AttemptOut | None
    rsvp: str | None
    answered_at: datetime | None

    @classmethod
    def why(cls, why: DeliveryWhy) -> Self:
        """Return `why` as it is shown."""
        return cls(
            **DeliveryOut.of(why.delivery).model_dump(),
            clauses=[ClauseOut.of(one) for one in why.clauses],
            steps=[StepOut(name=one.name, at=one.at, sentence=one.sentence) for one in why.steps],
            checks=[ClauseOut.of(one) for one in why.checks],
            email_entry=why.entry,
            event_occurred_at=None if why.happened is None else why.happened.occurred_at,
            replaced_by=list(why.replaced_by),
            last_attempt=None if why.attempt is None else AttemptOut.of(why.attempt, why.delivery),
            rsvp=None if why.answered is None else why.answered.rsvp.value,
            answered_at=None if why.answered is None else why.answered.at,
        )


class OccasionOut(Shown):
    """One time that a rule could have fired, with the revision of it that was in force. `occurred_at` is null if not yet."""

    event: str | None
    occurred_at: datetime | None
    booking_revision: int | None
    about: str | None
    rule_revision: int
    fired: bool
    clauses: list[ClauseOut]

    @classmethod
    def of(cls, occasion: Occasion) -> Self:
        """Return `occasion` as it is shown."""
        return cls(
            event=None if occasion.kind is None else occasion.kind.value,
            occurred_at=occasion.at,
            booking_revision=occasion.booking_revision,
            about=occasion.about or None,
            rule_revision=occasion.rule_revision,
            fired=occasion.fired,
            clauses=[ClauseOut.of(one) for one in occasion.clauses],
        )


class RuleWhyOut(Shown):
    """A rule with what became of it for this booking. `clauses` all hold if and only if it planned a message.

    They are about the rule as it was at `rule_revision`; `current_revision` is what it is now, or was when it was deleted.
    """

    rule_id: str
    name: str | None
    event: str | None
    is_deleted: bool
    current_revision: int
    fired: bool
    rule_revision: int
    clauses: list[ClauseOut]
    occasions: list[OccasionOut]
    checks: list[ClauseOut]
    deliveries: list[DeliveryWhyOut]

    @classmethod
    def of(cls, why: RuleWhy) -> Self:
        """Return `why` as it is shown."""
        last = why.life.last
        return cls(
            rule_id=why.rule_id,
            name=why.life.name or None,
            event=None if last.event is None else last.event.value,
            is_deleted=why.life.is_deleted,
            current_revision=last.number,
            fired=why.has_fired,
            rule_revision=why.told.rule_revision,
            clauses=[ClauseOut.of(one) for one in why.told.clauses],
            occasions=[OccasionOut.of(one) for one in why.occasions],
            checks=[ClauseOut.of(one) for one in why.checks],
            deliveries=[DeliveryWhyOut.why(one) for one in why.deliveries],
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
    """The answer to explain. `deliveries_count` counts those too that are not told of; the latest 1,000 are.

    `other_rules_count` is how many rules of the workspace are not told of here: name one in `rule_id`.
    """

    booking_id: str
    status: str
    booking_revision: int
    recipient: str | None
    events: list[HappenedOut]
    rules: list[RuleWhyOut]
    other_rules_count: int
    deliveries_count: int
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
            recipient=why.recipient or None,
            events=[HappenedOut.of(one) for one in why.happened],
            rules=[RuleWhyOut.of(one) for one in why.rules],
            other_rules_count=why.number_of_rules - sum(one.rule is not None for one in why.rules),
            deliveries_count=why.number_of_deliveries,
            invitations=held,
        )
