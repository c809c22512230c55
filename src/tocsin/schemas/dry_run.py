"""A dry run of a rule on the wire: ours."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator

from tocsin.schemas.fields import Moment, Shown, plain
from tocsin.schemas.rules import FullRuleIn
from tocsin.services.dry_run import DryRun, Tried
from tocsin.services.past import Span, Wanted

LONGEST = timedelta(days=366)
MOST_SHOWN = 10_000  # deliveries


class DryRunIn(FullRuleIn):
    """A rule as it could be saved, and the window of time to try it over, from `from` on and before `until`."""

    from_: Annotated[Moment, Field(alias="from", description="an instant, or a date: its first moment in UTC")]
    until: Annotated[Moment, Field(description="an instant or a date, at most 366 days after `from`")]
    rule_id: Annotated[
        str, Field(max_length=64, description="the id of a rule in whose place this one is tried"), plain
    ] = ""

    @field_validator("until")
    @classmethod
    def _after_its_begin(cls, value: datetime, known: ValidationInfo) -> datetime:
        start = known.data.get("from_", value - LONGEST)  # one that is wrong is complained of by itself
        if not start < value <= start + LONGEST:
            raise ValueError(f"must be after from, and at most {LONGEST.days} days after it")
        return value

    def wanted(self) -> Wanted:
        """Return the same in our words."""
        return Wanted(draft=self.draft(), rule_id=self.rule_id, span=Span(start=self.from_, end=self.until))


class TriedOut(Shown):
    """One delivery that would be made. `sent_by_present_rules`: they send the recipient one at that moment, too.

    `history_since` is from when on all that happened to the booking is known; null: from its making.
    """

    booking_id: str
    event: str
    cause: str
    action_index: int
    action_type: str
    recipient: str
    time_zone: str
    locale: str
    due_at: datetime
    would_be_sent: bool
    state: str
    reason: str | None
    sent_by_present_rules: bool
    history_since: datetime | None

    @classmethod
    def of(cls, tried: Tried) -> Self:
        """Return `tried` as it is shown."""
        delivery = tried.delivery
        return cls(
            booking_id=delivery.booking_id,
            event=delivery.event.value,
            cause=delivery.cause.value,
            action_index=delivery.action_index,
            action_type=delivery.action.value,
            recipient=delivery.recipient,
            time_zone=tried.reader.time_zone,
            locale=tried.reader.locale,
            due_at=delivery.due_at,
            would_be_sent=tried.is_sent,
            state=delivery.state.value,
            reason=delivery.reason or None,
            sent_by_present_rules=tried.is_told_anyway,
            history_since=tried.known_since,
        )


class DryRunOut(Shown):
    """What a rule would have done. The counts count those not shown, too; `no_longer_sent` is what would go no more."""

    bookings_count: int
    deliveries_count: int
    sent_count: int
    new_count: int
    no_longer_sent_count: int
    deliveries: list[TriedOut]
    no_longer_sent: list[TriedOut]


class DryRunAnswer(Shown):
    """The answer to dry-run."""

    dry_run: DryRunOut

    @classmethod
    def of(cls, found: DryRun) -> Self:
        """Return `found` as it is shown."""
        return cls(
            dry_run=DryRunOut(
                bookings_count=found.bookings,
                deliveries_count=len(found.deliveries),
                sent_count=sum(one.is_sent for one in found.deliveries),
                new_count=sum(one.is_sent and not one.is_told_anyway for one in found.deliveries),
                no_longer_sent_count=len(found.no_longer),
                deliveries=[TriedOut.of(one) for one in found.deliveries[:MOST_SHOWN]],
                no_longer_sent=[TriedOut.of(one) for one in found.no_longer[:MOST_SHOWN]],
            )
        )
