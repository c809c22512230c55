"""A planned delivery as the row of a table, and what becomes of one that is there already."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.domain.actions.types import ActionType
from tocsin.domain.delivery import OPEN
from tocsin.domain.intervention import SKIPPED
from tocsin.domain.model import WorkspaceId
from tocsin.domain.plan import Planned
from tocsin.domain.recipients import recipient_key
from tocsin.services.ports import NewId
from tocsin.storage.columns import bucket, micros
from tocsin.storage.database import Connection

# Nobody's plan undoes what a person has decided: what is paused stays so, and what was skipped is not planned again.
_STAYS_PAUSED = "deliveries.state = 'paused' AND excluded.state = 'scheduled'"
_SKIPPED = f"(deliveries.state = 'cancelled' AND substr(deliveries.reason, 1, {len(SKIPPED)}) = '{SKIPPED}')"
ADD = f"""
    INSERT INTO deliveries (workspace_id, bucket, id, key, rule_id, rule_revision, action_index, booking_id,
           booking_revision, event, recipient, recipient_key, rank, state, reason, due_at, expires_at, next_at, attempts,
           failures, crashes, created_at, settled_at, cause, about, action)
    VALUES (:workspace_id, :bucket, :id, :key, :rule_id, :rule_revision, :action_index, :booking_id,
           :booking_revision, :event, :recipient, :recipient_key, :rank, :state, :reason, :due_at, :expires_at, :due_at, 0,
           0, 0, :now, :settled_at, :cause, :about, :action)
    ON CONFLICT (workspace_id, key) DO UPDATE
       SET rule_revision = excluded.rule_revision, booking_revision = excluded.booking_revision,
           state = CASE WHEN {_STAYS_PAUSED} THEN deliveries.state ELSE excluded.state END,
           reason = CASE WHEN {_STAYS_PAUSED} THEN deliveries.reason ELSE excluded.reason END,
           rank = excluded.rank, next_at = excluded.next_at, settled_at = excluded.settled_at,
           due_at = excluded.due_at, expires_at = excluded.expires_at, action = excluded.action, failures = 0, crashes = 0
     WHERE deliveries.state IN ('scheduled', 'paused', 'cancelled', 'superseded') AND NOT {_SKIPPED}"""


def note(connection: Connection, planned: Iterable[Planned]) -> None:
    """Take note, for whoever watches, of what was planned, and of what of it is over already."""
    for one in planned:
        connection.changes.bookings.add(one.booking_id)
        connection.changes.rules.add(one.rule_id)
        connection.changes.counts["planned", "call" if one.action is ActionType.CALL_WEBHOOK else "mail"] += 1
        if one.state not in OPEN:
            connection.changes.counts["ended", one.state.value] += 1


def values_of(planned: Planned, workspace_id: WorkspaceId, *, new_id: NewId, now: datetime) -> dict[str, object]:
    """Return the values of ADD for a delivery that was planned."""
    return {
        "workspace_id": workspace_id,
        "bucket": bucket(workspace_id),
        "id": new_id(),
        "key": planned.key,
        "rule_id": planned.rule_id,
        "rule_revision": planned.rule_revision,
        "action_index": planned.action_index,
        "booking_id": planned.booking_id,
        "booking_revision": planned.booking_revision,
        "event": planned.event.value,
        "recipient": planned.recipient,
        "recipient_key": recipient_key(planned.recipient),
        "rank": planned.rank,
        "state": planned.state.value,
        "reason": planned.reason,
        "due_at": micros(planned.due_at),
        "expires_at": micros(planned.expires_at),
        "now": micros(now),
        "settled_at": None if planned.state in OPEN else micros(now),
        "cause": planned.cause.value,
        "about": planned.about,
        "action": planned.action.value,
    }
