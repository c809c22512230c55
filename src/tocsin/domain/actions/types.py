"""The names of the actions, as they stand on the wire and with each delivery."""

from enum import StrEnum


class ActionType(StrEnum):
    """What an action does. The original API has the first alone."""

    SEND_CALENDAR_INVITE_TO_ANYONE = "send_calendar_invite_to_anyone"
    SEND_EMAIL = "send_email"
    CALL_WEBHOOK = "call_webhook"
