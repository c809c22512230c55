"""What a restore holds back on the wire: ours."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from tocsin.domain.webhook import LONGEST_URL
from tocsin.schemas.deliveries import DeliveryOut
from tocsin.schemas.fields import Shown, StrictlySent, plain
from tocsin.schemas.paging import PageQuery
from tocsin.services.held import MOST
from tocsin.services.ports_held import HeldFilter

Events = Literal[
    "marked_no_show",
    "booking_confirmed",
    "booking_rescheduled",
    "booking_cancelled",
    "before_meeting_starts",
    "after_meeting_ends",
    "meeting_outcome_changed",
    "invite_accepted",
    "invite_declined",
    "recipient_removed",
]
_Id = Annotated[str, Field(max_length=64), plain]
_Recipient = Annotated[str, Field(max_length=LONGEST_URL), plain]


class HeldQuery(PageQuery):
    """Which of what is held is wanted."""

    event: Events | None = None
    booking_id: _Id = ""
    rule_id: _Id = ""
    recipient: _Recipient = ""

    @property
    def wanted(self) -> HeldFilter:
        """The same in our words."""
        return HeldFilter(
            event=self.event or "", booking_id=self.booking_id, rule_id=self.rule_id, recipient=self.recipient
        )


class HeldIn(StrictlySent):
    """About which of what is held something is decided: those that are named, or all, of which the other fields leave some."""

    all: Annotated[bool, Field(description=f"the first {MOST}; ask again while `still_held` is not 0")] = False
    delivery_ids: Annotated[list[_Id], Field(max_length=MOST, validate_default=True)] = Field(default_factory=list)
    event: Annotated[Events | None, Field(description="only with `all`, as the next three")] = None
    booking_id: _Id = ""
    rule_id: _Id = ""
    recipient: _Recipient = ""

    @field_validator("delivery_ids")
    @classmethod
    def _either(cls, value: list[str], known: ValidationInfo) -> list[str]:
        if "all" in known.data and bool(value) == known.data["all"]:
            raise ValueError("name deliveries here, or set `all` to true")
        return value

    @field_validator("event", "booking_id", "rule_id", "recipient")
    @classmethod
    def _only_of_all(cls, value: str | None, known: ValidationInfo) -> str | None:
        if value and not known.data.get("all", True):
            raise ValueError("is only for `all`; leave it out")
        return value

    @property
    def wanted(self) -> HeldFilter:
        """Of what is held, that which is wanted."""
        return HeldFilter(
            event=self.event or "", booking_id=self.booking_id, rule_id=self.rule_id, recipient=self.recipient
        )


class HeldAnswer(Shown):
    """What was decided about, and how much is still held of what was asked for; with `delivery_ids`, in the workspace."""

    deliveries: list[DeliveryOut]
    still_held: int
