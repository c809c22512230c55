"""What a restore holds back in one workspace, and whether what was brought back fits together."""

from datetime import datetime

from tocsin.domain.delivery import OPEN as STILL_OPEN
from tocsin.domain.delivery import Delivery, State
from tocsin.domain.model import WorkspaceId
from tocsin.domain.recipients import recipient_key
from tocsin.domain.restore import HELD
from tocsin.services.ports_held import ALL, HeldFilter
from tocsin.storage.columns import as_json, micros
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import COLUMNS, QUEUED, deliveries_in

_MAY_HAVE_LEFT = f"{QUEUED} AND (state = 'sending' OR due_at <= :due_by OR next_at <= :due_by)"
_IS_HELD = f"state = 'paused' AND substr(reason, 1, {len(HELD)}) = '{HELD}'"
# The ledger's equation: a delivery is open or has ended, what it belongs to is there, and a held entry was once told.
_MISFITS = {
    "deliveries that are neither open nor ended": """
        SELECT count(*) AS n FROM deliveries
         WHERE workspace_id = :workspace_id AND NOT ((settled_at IS NULL AND state {any_of}(:open))
               OR (settled_at IS NOT NULL AND state {any_of}(:ended)))""",
    "attempts without their delivery": """
        SELECT count(*) AS n FROM attempts
         WHERE workspace_id = :workspace_id AND NOT EXISTS (
               SELECT 1 FROM deliveries d WHERE d.workspace_id = attempts.workspace_id AND d.id = attempts.delivery_id)""",
    "messages without their delivery": """
        SELECT count(*) AS n FROM messages
         WHERE workspace_id = :workspace_id AND NOT EXISTS (
               SELECT 1 FROM deliveries d WHERE d.workspace_id = messages.workspace_id AND d.id = messages.delivery_id)""",
    "invitations whose recipients hold what they were never told": """
        SELECT count(*) AS n FROM invitations
         WHERE workspace_id = :workspace_id
           AND (held_sequence > sequence OR (held_sequence IS NULL) <> (held_method IS NULL))""",
    "invitations without their booking": """
        SELECT count(*) AS n FROM invitations
         WHERE workspace_id = :workspace_id AND NOT EXISTS (
               SELECT 1 FROM bookings b WHERE b.workspace_id = invitations.workspace_id AND b.id = invitations.booking_id)""",
}


class SqlHeld:
    """What a restore holds back in one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def hold(self, *, reason: str, by: str, due_by: datetime, now: datetime) -> int:
        """Pause all that is on its way or due by a moment, as if `by` had paused it; return how many."""
        noted = f"""
            INSERT INTO interventions (workspace_id, delivery_id, number, deed, made_by, made_at, reason)
            SELECT workspace_id, id,
                   (SELECT count(*) FROM interventions i
                     WHERE i.workspace_id = deliveries.workspace_id AND i.delivery_id = deliveries.id),
                   'paused', :by, :now, :reason
              FROM deliveries WHERE workspace_id = :workspace_id AND {_MAY_HAVE_LEFT}"""
        values = {"workspace_id": self._workspace_id, "due_by": micros(due_by), "reason": reason}
        self._connection.run(noted, by=by, now=micros(now), **values)
        statement = f"""
            UPDATE deliveries SET state = 'paused', reason = :reason, leased_by = NULL
             WHERE workspace_id = :workspace_id AND {_MAY_HAVE_LEFT}"""
        return self._connection.run(statement, **values)

    def hold_source_calls(self, *, sentence: str) -> int:
        """Let wait for a person what sources have reported and was not applied yet; return how many."""
        statement = """
            UPDATE source_calls SET next_at = NULL, state = 'failed', sentence = :sentence
             WHERE workspace_id = :workspace_id AND next_at IS NOT NULL"""
        return self._connection.run(statement, workspace_id=self._workspace_id, sentence=sentence)

    def end_sessions(self) -> None:
        """Sign everybody out: who was signed out after the backup was taken would be in again."""
        self._connection.run("DELETE FROM sessions WHERE workspace_id = :workspace_id", workspace_id=self._workspace_id)

    def number(self, wanted: HeldFilter = ALL) -> int:
        """Return how much of what is wanted is held."""
        clauses, values = self._clauses(wanted)
        return self._connection.number(
            f"SELECT count(*) AS n FROM deliveries WHERE workspace_id = :workspace_id AND {clauses}", **values
        )

    def page(self, wanted: HeldFilter = ALL, *, limit: int, offset: int = 0) -> list[Delivery]:
        """Return a part of what is wanted and held, that which was due first first."""
        clauses, values = self._clauses(wanted)
        statement = f"""
            SELECT {COLUMNS} FROM deliveries WHERE workspace_id = :workspace_id AND {clauses}
             ORDER BY due_at, id LIMIT :limit OFFSET :offset"""
        return deliveries_in(self._connection.rows(statement, limit=limit, offset=offset, **values))

    def _clauses(self, wanted: HeldFilter) -> tuple[str, dict[str, object]]:
        asked = {
            "event": wanted.event,
            "booking_id": wanted.booking_id,
            "rule_id": wanted.rule_id,
            "recipient_key": recipient_key(wanted.recipient) if wanted.recipient else "",
        }
        values: dict[str, object] = {name: value for name, value in asked.items() if value}
        clauses = " AND ".join([_IS_HELD, *(f"{name} = :{name}" for name in values)])
        return clauses, {"workspace_id": self._workspace_id, **values}

    def misfits(self) -> list[str]:
        """Return what does not fit together, each with its number."""
        values = {
            "open": as_json(sorted(STILL_OPEN)),
            "ended": as_json(sorted(set(State) - STILL_OPEN)),
        }
        found = []
        for what, statement in _MISFITS.items():
            number = self._connection.number(statement, workspace_id=self._workspace_id, **values)
            found += [f"{number} {what}"] if number else []
        return found
