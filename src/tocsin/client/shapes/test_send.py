"""Test send: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.actions import ActionIn, CallWebhookIn, SendEmailIn
from tocsin.client.shapes.conditions import ConditionIn
from tocsin.client.shapes.deliveries import Delivery


class TestSendAnswer(TypedDict):
    """The answer to test-send: the deliveries, of which each can be followed in the log."""

    deliveries: list[Delivery]


class TestSendIn(TypedDict):
    """A rule as it could be saved, the booking to try it on, and who gets its messages."""

    event: str
    meeting_ids: list[str]
    actions: list[ActionIn | SendEmailIn | CallWebhookIn]
    name: NotRequired[str]
    offset_minutes: NotRequired[int | list[int] | None]
    enabled: NotRequired[bool]
    conditions: NotRequired[list[ConditionIn]]
    booking_id: NotRequired[str]
    recipient: str
