"""Explain: shapes of the API, written by `make reference`."""

from typing import TypedDict

from tocsin.client.shapes.deliveries import Attempt, Proposal


class Clause(TypedDict):
    """One thing that must hold, whether it does, and what was so: `wanted` is asked for, `found` was there, `at` since when."""

    name: str
    holds: bool
    sentence: str
    wanted: list[str]
    found: list[str]
    at: str | None


class Happened(TypedDict):
    """An event of the booking."""

    event: str
    booking_revision: int
    occurred_at: str
    about: str | None


class Inviter(TypedDict):
    """An action that invited a recipient. `is_active`: he was not taken off the rule since."""

    rule_id: str
    rule_revision: int
    action_index: int
    keep_in_sync: bool
    is_active: bool
    invited_at: str


class Step(TypedDict):
    """One thing that became of a delivery."""

    name: str
    at: str
    sentence: str


class DeliveryWhy(TypedDict):
    """A delivery with why there is one (`clauses`), what became of it (`steps`), and what it will be asked (`checks`)."""

    id: str
    state: str
    reason: str | None
    cause: str
    event: str
    about: str | None
    rule_id: str
    rule_revision: int
    action_index: int
    action_type: str
    booking_id: str
    booking_revision: int
    recipient: str
    due_at: str
    expires_at: str
    next_attempt_at: str | None
    attempts_count: int
    created_at: str
    settled_at: str | None
    clauses: list[Clause]
    steps: list[Step]
    checks: list[Clause]
    email_entry: str | None
    event_occurred_at: str | None
    replaced_by: list[str]
    last_attempt: Attempt | None
    rsvp: str | None
    answered_at: str | None


class Held(TypedDict):
    """An invitation with the actions that invited its recipient."""

    booking_id: str
    recipient: str
    uid: str
    sequence: int
    method: str
    dtstamp: str
    message_ids: list[str]
    held_sequence: int | None
    held_method: str | None
    rsvp: str
    answered_at: str | None
    comment: str | None
    proposal: Proposal | None
    invited_by: list[Inviter]


class Occasion(TypedDict):
    """One time that a rule could have fired, with the revision of it that was in force. `occurred_at` is null if not yet."""

    event: str | None
    occurred_at: str | None
    booking_revision: int | None
    about: str | None
    rule_revision: int
    fired: bool
    clauses: list[Clause]


class RuleWhy(TypedDict):
    """A rule with what became of it for this booking. `clauses` all hold if and only if it planned a message."""

    rule_id: str
    name: str | None
    event: str | None
    is_deleted: bool
    current_revision: int
    fired: bool
    rule_revision: int
    clauses: list[Clause]
    occasions: list[Occasion]
    checks: list[Clause]
    deliveries: list[DeliveryWhy]


class ExplainAnswer(TypedDict):
    """The answer to explain. `deliveries_count` counts those too that are not told of; the latest 1,000 are."""

    booking_id: str
    status: str
    booking_revision: int
    recipient: str | None
    events: list[Happened]
    rules: list[RuleWhy]
    other_rules_count: int
    deliveries_count: int
    invitations: list[Held]
