"""Effect: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.actions import ActionIn, CallWebhookIn, SendEmailIn
from tocsin.client.shapes.conditions import ConditionIn


class EffectIn(TypedDict):
    """A rule as it could be saved, new or in the place of one that there is; `enabled` false switches it off."""

    event: str
    meeting_ids: list[str]
    actions: list[ActionIn | SendEmailIn | CallWebhookIn]
    name: NotRequired[str]
    offset_minutes: NotRequired[int | list[int] | None]
    enabled: NotRequired[bool]
    conditions: NotRequired[list[ConditionIn]]
    rule_id: NotRequired[str]


class Shift(TypedDict):
    """One delivery that a change concerns. `was_due_at` is when it was due, if it moves."""

    booking_id: str
    rule_id: str | None
    event: str
    action_type: str
    recipient: str
    due_at: str
    was_due_at: str | None
    state: str


class Some(TypedDict):
    """How many there are, and the first ten."""

    count: int
    first: list[Shift]


class Effect(TypedDict):
    """What a change would do to what is planned."""

    bookings_count: int
    is_whole: bool
    added: Some
    moved: Some
    withdrawn: Some
    staying: Some
    cancels: Some
    updates: Some
    no_longer_told: Some


class EffectAnswer(TypedDict):
    """The answer to effect."""

    effect: Effect
