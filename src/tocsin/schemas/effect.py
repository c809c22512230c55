"""The effect of a change of a rule on the wire: ours."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from tocsin.schemas.fields import Shown, plain
from tocsin.schemas.rules import FullRuleIn
from tocsin.services.effect import Change, Effect, Shift, Some


class EffectIn(FullRuleIn):
    """A rule as it could be saved, new or in the place of one that there is; `enabled` false switches it off."""

    rule_id: Annotated[
        str,
        Field(max_length=64, description="the id of the rule that is to be this; without it, it is a new one"),
        plain,
    ] = ""

    @property
    def change(self) -> Change:
        """The same in our words."""
        return Change(draft=self.draft(), rule_id=self.rule_id)


class ShiftOut(Shown):
    """One delivery that a change concerns. `was_due_at` is when it was due, if it moves."""

    booking_id: str
    rule_id: str | None
    event: str
    action_type: str
    recipient: str
    due_at: datetime
    was_due_at: datetime | None
    state: str

    @classmethod
    def of(cls, shift: Shift, *, change: Change) -> Self:
        """Return `shift` as it is shown."""
        one = shift.delivery
        return cls(
            booking_id=one.booking_id,
            # The id of a rule that there is only in a trial would name nothing.
            rule_id=one.rule_id if change.rule_id else None,
            event=one.event.value,
            action_type=one.action.value,
            recipient=one.recipient,
            due_at=one.due_at,
            was_due_at=shift.was_due_at,
            state=one.state.value,
        )


class SomeOut(Shown):
    """How many there are, and the first ten."""

    count: int
    first: list[ShiftOut]

    @classmethod
    def of(cls, some: Some, *, change: Change) -> Self:
        """Return `some` as it is shown."""
        return cls(count=some.number, first=[ShiftOut.of(one, change=change) for one in some.first])


class EffectOut(Shown):
    """What a change would do to what is planned.

    `cancels` and `updates` would go to people who may hold an invite that is kept in sync; `no_longer_told` are such messages
    that would not go any more. `bookings_count` bookings were looked at; unless `is_whole` there are more, which are planned in
    the background.
    """

    bookings_count: int
    is_whole: bool
    added: SomeOut
    moved: SomeOut
    withdrawn: SomeOut
    staying: SomeOut
    cancels: SomeOut
    updates: SomeOut
    no_longer_told: SomeOut


class EffectAnswer(Shown):
    """The answer to effect."""

    effect: EffectOut

    @classmethod
    def of(cls, found: Effect, *, change: Change) -> Self:
        """Return `found` as it is shown."""

        def shown(some: Some) -> SomeOut:
            return SomeOut.of(some, change=change)

        return cls(
            effect=EffectOut(
                bookings_count=found.bookings,
                is_whole=found.is_whole,
                added=shown(found.added),
                moved=shown(found.moved),
                withdrawn=shown(found.withdrawn),
                staying=shown(found.staying),
                cancels=shown(found.cancels),
                updates=shown(found.updates),
                no_longer_told=shown(found.untold),
            )
        )
