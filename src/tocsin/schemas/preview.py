"""A preview of a rule on the wire: ours."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from tocsin.formats.opened import opened, opened_call
from tocsin.schemas.explain import ClauseOut
from tocsin.schemas.fields import Shown, plain
from tocsin.schemas.rules import FullRuleIn
from tocsin.services.preview import Preview
from tocsin.services.preview import Shown as ShownMessage


class PreviewIn(FullRuleIn):
    """A rule as it could be saved, and the booking to try it on."""

    booking_id: Annotated[
        str, Field(max_length=64, description="a booking's id or sid; without it a sample is used"), plain
    ] = ""


class PreviewedOut(Shown):
    """One message that would be sent, or would not be, for a reason; then there is nothing to be seen of it.

    `message` is what would leave, octet for octet but for what is new in each message: ids and the moment of writing. Of the
    call of a webhook, whose recipient is its URL, that is the body.
    """

    recipient: str
    action_index: int
    action_type: str
    time_zone: str
    locale: str
    due_at: datetime
    would_be_sent: bool
    reason: str | None
    subject: str | None
    text: str | None
    html: str | None
    calendar: str | None
    message: str | None

    @classmethod
    def of(cls, shown: ShownMessage) -> Self:
        """Return `shown` as it is shown."""
        message = None if shown.message is None else shown.message.message
        parts = None if message is None else (opened_call if shown.delivery.is_call else opened)(message)
        return cls(
            recipient=shown.delivery.recipient,
            action_index=shown.delivery.action_index,
            action_type=shown.delivery.action.value,
            time_zone=shown.reader.time_zone,
            locale=shown.reader.locale,
            due_at=shown.delivery.due_at,
            would_be_sent=message is not None,
            reason=shown.reason or None,
            subject=None if parts is None else parts.subject,
            text=None if parts is None else parts.text,
            html=None if parts is None else parts.html or None,
            calendar=None if parts is None else parts.calendar or None,
            message=None if message is None else message.decode("utf-8"),
        )


class PreviewOut(Shown):
    """What a rule would do about one booking if its event happened now. `deliveries_count` counts those not shown too.

    `locale` is the workspace's; each message has its recipient's.
    """

    booking_id: str | None
    event: str
    locale: str
    fires: bool
    clauses: list[ClauseOut]
    deliveries_count: int
    deliveries: list[PreviewedOut]


class PreviewAnswer(Shown):
    """The answer to preview."""

    preview: PreviewOut

    @classmethod
    def of(cls, found: Preview, *, event: str) -> Self:
        """Return `found` as it is shown."""
        return cls(
            preview=PreviewOut(
                booking_id=None if found.is_sample else found.booking.id,
                event=event,
                locale=found.locale,
                fires=all(clause.holds for clause in found.clauses),
                clauses=[ClauseOut.of(clause) for clause in found.clauses],
                deliveries_count=found.number,
                deliveries=[PreviewedOut.of(one) for one in found.shown],
            )
        )
