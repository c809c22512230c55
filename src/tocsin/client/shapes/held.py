"""Held: shapes of the API, written by `make reference`."""

from typing import Literal, NotRequired, TypedDict

from tocsin.client.shapes.deliveries import Delivery


class HeldAnswer(TypedDict):
    """What was decided about, and how much is still held of what was asked for; with `delivery_ids`, in the workspace."""

    deliveries: list[Delivery]
    still_held: int


class HeldIn(TypedDict):
    """About which of what is held something is decided: those that are named, or all, of which the other fields leave some."""

    all: NotRequired[bool]
    delivery_ids: NotRequired[list[str]]
    event: NotRequired[
        Literal[
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
        | None
    ]
    booking_id: NotRequired[str]
    rule_id: NotRequired[str]
    recipient: NotRequired[str]
