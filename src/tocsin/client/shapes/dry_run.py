"""Dry run: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.actions import ActionIn, CallWebhookIn, SendEmailIn
from tocsin.client.shapes.conditions import ConditionIn

# A rule as it could be saved, and the window of time to try it over, from `from` on and before `until`.
DryRunIn = TypedDict(
    "DryRunIn",
    {
        "event": str,
        "meeting_ids": list[str],
        "actions": list[ActionIn | SendEmailIn | CallWebhookIn],
        "name": NotRequired[str],
        "offset_minutes": NotRequired[int | list[int] | None],
        "enabled": NotRequired[bool],
        "conditions": NotRequired[list[ConditionIn]],
        "from": str,
        "until": str,
        "rule_id": NotRequired[str],
    },
)


class Tried(TypedDict):
    """One delivery that would be made. `sent_by_present_rules`: they send the recipient one at that moment, too."""

    booking_id: str
    event: str
    cause: str
    action_index: int
    action_type: str
    recipient: str
    time_zone: str
    locale: str
    due_at: str
    would_be_sent: bool
    state: str
    reason: str | None
    sent_by_present_rules: bool
    history_since: str | None


class DryRun(TypedDict):
    """What a rule would have done. The counts count those not shown, too; `no_longer_sent` is what would go no more."""

    bookings_count: int
    deliveries_count: int
    sent_count: int
    new_count: int
    no_longer_sent_count: int
    deliveries: list[Tried]
    no_longer_sent: list[Tried]


class DryRunAnswer(TypedDict):
    """The answer to dry-run."""

    dry_run: DryRun
