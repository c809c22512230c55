"""Preview: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.actions import ActionIn, CallWebhookIn, SendEmailIn
from tocsin.client.shapes.conditions import ConditionIn
from tocsin.client.shapes.explain import Clause


class PreviewIn(TypedDict):
    """A rule as it could be saved, and the booking to try it on."""

    event: str
    meeting_ids: list[str]
    actions: list[ActionIn | SendEmailIn | CallWebhookIn]
    name: NotRequired[str]
    offset_minutes: NotRequired[int | list[int] | None]
    enabled: NotRequired[bool]
    conditions: NotRequired[list[ConditionIn]]
    booking_id: NotRequired[str]


class Previewed(TypedDict):
    """One message that would be sent, or would not be, for a reason; then there is nothing to be seen of it."""

    recipient: str
    action_index: int
    action_type: str
    time_zone: str
    locale: str
    due_at: str
    would_be_sent: bool
    reason: str | None
    subject: str | None
    text: str | None
    html: str | None
    calendar: str | None
    message: str | None


class Preview(TypedDict):
    """What a rule would do about one booking if its event happened now. `deliveries_count` counts those not shown too."""

    booking_id: str | None
    event: str
    locale: str
    fires: bool
    clauses: list[Clause]
    deliveries_count: int
    deliveries: list[Previewed]


class PreviewAnswer(TypedDict):
    """The answer to preview."""

    preview: Preview
