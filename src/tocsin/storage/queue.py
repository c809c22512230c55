"""The queue over all workspaces: claim what is due under a lease, settle it, find what else waits for a worker."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from tocsin.domain.delivery import OPEN as STILL_OPEN
from tocsin.domain.delivery import Delivery, Outcome, Result, Settlement, State, Verdict
from tocsin.domain.errors import ConflictError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.recipients import recipient_key
from tocsin.domain.retry import MOST_CRASHES
from tocsin.domain.rules import RuleId
from tocsin.storage.columns import Row, as_json, instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import COLUMNS, OPEN, QUEUED, deliveries_in
from tocsin.storage.queue_state import SqlQueueState

MOST_LAPSED = 100  # that are ended in one round

# A claim is one statement, so two workers can never take the same row. It is a lease and not a mark "done": if the worker
# dies, the row is due again once the lease has run out. Of one booking and recipient only the first in order is taken, and
# none while one is on its way: most receivers keep whatever came last, so the order of messages is ours to guarantee. What has
# begun comes first, because nobody knows whether it arrived. What a person has paused holds up nobody.
_FIRST = f"""NOT EXISTS (
               SELECT 1 FROM deliveries e
                WHERE e.workspace_id = d.workspace_id AND e.booking_id = d.booking_id
                  AND e.recipient_key = d.recipient_key AND e.id <> d.id
                  AND e.{OPEN} AND e.state <> 'paused'
                  AND (e.state = 'sending' OR (e.due_at <= :now AND
                       (e.state <> 'retrying', e.booking_revision, e.due_at, e.rank, e.id)
                       < (d.state <> 'retrying', d.booking_revision, d.due_at, d.rank, d.id))))"""
_CLAIM = f"""
    WITH due AS (
        SELECT d.workspace_id AS due_workspace_id, d.id AS due_id
          FROM deliveries d
         WHERE d.{QUEUED} AND d.next_at <= :now AND {{which}}
           AND NOT d.workspace_id {{any_of}}(:passed_over)
           AND {_FIRST}
         ORDER BY d.next_at
         LIMIT :limit {{skip_locked}}
    )
    UPDATE deliveries
       SET crashes = crashes + CASE WHEN state = 'sending' THEN 1 ELSE 0 END,
           state = 'sending', attempts = attempts + 1, next_at = :lease_ends, leased_by = :worker
      FROM due
     WHERE workspace_id = due_workspace_id AND id = due_id
    RETURNING {COLUMNS}"""
# A worker that dies takes down all that it had in hand, and just one of these can be the cause. So what was in hand at a
# death, and comes back from a second one, is taken alone: the next death tells for certain, and chance hardly hits it twice.
_HEALTHY, _SUSPECT = "d.crashes = 0", "d.crashes > 0"
_MAIL = "d.action <> 'call_webhook'"
_CALLS = "d.action = 'call_webhook' AND d.recipient_key = :endpoint"
_CLAIM_MAIL = tuple(_CLAIM.replace("{which}", f"{_MAIL} AND {health}") for health in (_SUSPECT, _HEALTHY))
_CLAIM_CALLS = tuple(_CLAIM.replace("{which}", f"{_CALLS} AND {health}") for health in (_SUSPECT, _HEALTHY))
_MAIL_DUE = f"SELECT min(next_at) AS at FROM deliveries WHERE {QUEUED} AND action <> 'call_webhook'"
_CALL_DUE = f"SELECT min(next_at) AS at FROM deliveries WHERE {QUEUED} AND action = 'call_webhook'"
_BEGIN_ATTEMPT = """
    INSERT INTO attempts (workspace_id, delivery_id, number, started_at, enhanced_code, reply)
    VALUES (:workspace_id, :delivery_id, :number, :started_at, '', '')"""
_SETTLE = """
    UPDATE deliveries
       SET state = :state, reason = :reason, next_at = :next_at, settled_at = :settled_at, leased_by = NULL,
           failures = failures + :failed, crashes = 0
     WHERE workspace_id = :workspace_id AND id = :id AND state = 'sending' AND attempts = :attempts"""
_END_ATTEMPT = """
    UPDATE attempts SET ended_at = :ended_at, result = :result, code = :code, enhanced_code = :enhanced_code, reply = :reply
     WHERE workspace_id = :workspace_id AND delivery_id = :id AND number = :attempts"""
_NO_ATTEMPT = """
    DELETE FROM attempts
     WHERE workspace_id = :workspace_id AND delivery_id = :id AND number = :attempts AND result IS NULL"""
_SET_ASIDE = """
    UPDATE deliveries SET state = 'failed', reason = :reason, settled_at = :at, leased_by = NULL
     WHERE workspace_id = :workspace_id AND id = :id"""
_NO_OUTCOME = Outcome(result=Result.WITHDRAWN)  # of no dialogue, whose attempt is taken back
_HOLDS = """
    UPDATE invitations SET held_method = method, held_sequence = sequence
     WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key
       AND sequence = (SELECT m.sequence FROM messages m WHERE m.workspace_id = :workspace_id AND m.delivery_id = :id)"""


# Rows are locked in the order in which everybody does.
_EXTEND = """
    UPDATE deliveries SET next_at = :ends
     WHERE state = 'sending' AND leased_by {any_of}(:workers) AND (workspace_id, id) IN (
           SELECT workspace_id, id FROM deliveries WHERE state = 'sending' AND leased_by {any_of}(:workers)
            ORDER BY workspace_id, id {for_update})"""
# Nobody waits for a row that a worker has locked and stands still with: others cannot take it either.
_SPARE = _EXTEND.replace("{for_update}", "{skip_locked}") + " AND next_at < :ends"
_IN_HAND = "SELECT DISTINCT leased_by FROM deliveries WHERE state = 'sending'"


class SqlQueue(SqlQueueState):
    """The deliveries of all workspaces that are due, for workers."""

    def claim(
        self, *, worker: str, now: datetime, lease_ends: datetime, limit: int, passed_over: Iterable[WorkspaceId] = ()
    ) -> list[Delivery]:
        """Take the mail that has been due longest, at most `limit`, for `worker`; each begins a new attempt.

        A suspect is taken alone. Nothing is taken of the workspaces that are `passed_over`.

        A delivery whose attempts ended with their worker MOST_CRASHES times is failed here instead: it may be the cause.
        """
        lease = {"worker": worker, "lease_ends": micros(lease_ends), "passed_over": as_json(sorted(passed_over))}
        return self._claim(_CLAIM_MAIL, lease, limit=limit, now=now)

    def claim_calls(
        self, endpoint: str, *, worker: str, now: datetime, lease_ends: datetime, limit: int
    ) -> list[Delivery]:
        """Take the calls of one webhook that have been due longest, as `claim` takes mail."""
        lease = {"worker": worker, "lease_ends": micros(lease_ends), "passed_over": "[]", "endpoint": endpoint}
        return self._claim(_CLAIM_CALLS, lease, limit=limit, now=now)

    def due_endpoint(self, *, now: datetime, passed_over: Iterable[str]) -> str | None:
        """Return the webhook, but for those `passed_over`, of which a call has been due longest that can be claimed."""
        statement = f"""
            SELECT d.recipient_key FROM deliveries d
             WHERE d.{QUEUED} AND d.action = 'call_webhook' AND d.next_at <= :now
               AND NOT d.recipient_key {{any_of}}(:passed_over) AND {_FIRST}
             ORDER BY d.next_at LIMIT 1"""
        with self._database.reading() as connection:
            rows = connection.rows(statement, now=micros(now), passed_over=as_json(sorted(passed_over)))
        return str(rows[0]["recipient_key"]) if rows else None

    def _claim(
        self, statements: tuple[str, ...], lease: dict[str, object], *, limit: int, now: datetime
    ) -> list[Delivery]:
        suspect, healthy = statements
        try:
            with self._database.transaction() as connection:
                taken, failed = _begun(connection, connection.rows(suspect, limit=1, now=micros(now), **lease), now=now)
                if not taken:
                    rows = connection.rows(healthy, limit=limit, now=micros(now), **lease)
                    taken, _ = _begun(connection, rows, now=now)
        except ConflictError:
            return []  # another worker took one to the same recipient at this moment; the next claim sees it
        if failed:
            self._telemetry.settled(failed, now=now)
        return sorted(taken, key=lambda delivery: (delivery.due_at, delivery.booking_revision))

    def extend(self, *, workers: Iterable[str], lease_ends: datetime) -> None:
        """Renew the lease of all that these have in hand."""
        with self._database.transaction() as connection:
            connection.run(
                _EXTEND,
                ends=micros(lease_ends),
                workers=as_json(sorted(workers)),
            )

    def spare(self, worker: str, *, until: datetime) -> None:
        """Let nobody take what another worker has in hand before `until`."""
        with self._database.transaction() as connection:
            names = [str(row["leased_by"]) for row in connection.rows(_IN_HAND)]
            claims = [name for name in names if name.startswith(f"{worker}/")]
            connection.run(_SPARE, ends=micros(until), workers=as_json(claims))

    def settle(self, settlements: Sequence[Settlement], *, now: datetime) -> list[Settlement]:
        """Write how attempts ended; return those that could be written. One whose lease was lost changes nothing."""
        with self._database.transaction() as connection:
            in_order = sorted(settlements, key=lambda one: (one.delivery.workspace_id, one.delivery.id))
            written = {one.delivery.id for one in _settle(connection, in_order, now=now)}
        return [one for one in settlements if one.delivery.id in written]

    def next_due(self, *, calls_too: bool = False) -> datetime | None:
        """Return when the next mail of any workspace wants to be acted on, or mail or call: that may wait for its receiver."""
        moments = []
        with self._database.reading() as connection:
            for which in (_MAIL_DUE, _CALL_DUE)[: 1 + calls_too]:  # each has an index of its own
                moments += [row["at"] for row in connection.rows(which) if row["at"] is not None]
        return instant(min(moments)) if moments else None

    def unplanned_rules(self) -> list[tuple[WorkspaceId, RuleId]]:
        """Return the timed rules whose coming bookings are not all planned yet."""
        with self._database.reading() as connection:
            rows = connection.rows("SELECT workspace_id, rule_id FROM rule_plans ORDER BY workspace_id, rule_id")
        return [(WorkspaceId(row["workspace_id"]), RuleId(row["rule_id"])) for row in rows]

    def lapsed(self, *, now: datetime) -> list[Delivery]:
        """Return what is paused and was not resumed in time, some at once."""
        statement = (
            f"SELECT {COLUMNS} FROM deliveries WHERE state = 'paused' AND expires_at <= :now LIMIT {MOST_LAPSED}"
        )
        with self._database.reading() as connection:
            return deliveries_in(connection.rows(statement, now=micros(now)))

    def forget_answers(self, *, before: datetime) -> int:
        """Delete the answers to idempotent requests from before a moment; return how many."""
        with self._database.transaction() as connection:
            return connection.run("DELETE FROM answers WHERE answered_at < :before", before=micros(before))

    def forget_dry_runs(self, *, before: datetime) -> int:
        """Delete the dry runs that were started before a moment; return how many."""
        with self._database.transaction() as connection:
            return connection.run("DELETE FROM dry_runs WHERE made_at < :before", before=micros(before))

    def audited_before(self, moment: datetime) -> list[WorkspaceId]:
        """Return the workspaces whose audit log has entries from before a moment."""
        with self._database.reading() as connection:
            rows = connection.rows("SELECT DISTINCT workspace_id FROM audit WHERE at < :before", before=micros(moment))
        return [WorkspaceId(row["workspace_id"]) for row in rows]


def _begun(connection: Connection, rows: list[Row], *, now: datetime) -> tuple[list[Delivery], list[Settlement]]:
    """Begin an attempt at each delivery that was taken, and return these; fail what has proved to be the cause of deaths.

    What cannot be read is set aside, for it would be first in every claim.
    """
    taken, at = deliveries_in(rows), micros(now)
    known = {delivery.id for delivery in taken}
    connection.run_each(_SET_ASIDE, (_set_aside(row, at) for row in rows if row["id"] not in known))
    healthy = [delivery for delivery in taken if delivery.crashes < MOST_CRASHES]
    connection.run_each(_BEGIN_ATTEMPT, (_beginning(delivery, at) for delivery in healthy))
    poisoned = [_poisoned(delivery) for delivery in taken if delivery.crashes >= MOST_CRASHES]
    return healthy, _settle(connection, poisoned, now=now)


def _settle(connection: Connection, settlements: list[Settlement], *, now: datetime) -> list[Settlement]:
    at = micros(now)
    values = [_values(one, at) for one in settlements]
    touched = connection.touched_by_each(_SETTLE, values)
    written = [(one, each) for one, each, number in zip(settlements, values, touched, strict=True) if number]
    connection.run_each(_NO_ATTEMPT, (each for one, each in written if one.outcome is None))
    connection.run_each(_END_ATTEMPT, (each for one, each in written if one.outcome is not None))
    connection.run_each(_HOLDS, (each for one, each in written if one.verdict.state is State.SENT))
    return [one for one, _ in written]


def _poisoned(delivery: Delivery) -> Settlement:
    reason = f"the worker died in each of {delivery.crashes} attempts; look at the logs, then retry it"
    return Settlement(delivery=delivery, outcome=None, verdict=Verdict(state=State.FAILED, reason=reason))


def _values(settlement: Settlement, at: int) -> dict[str, object]:
    """Return the values of all statements that settle."""
    delivery, outcome, verdict = settlement.delivery, settlement.outcome or _NO_OUTCOME, settlement.verdict
    return {
        "workspace_id": delivery.workspace_id,
        "id": delivery.id,
        "attempts": delivery.attempts,
        "booking_id": delivery.booking_id,
        "recipient_key": recipient_key(delivery.recipient),
        "state": verdict.state.value,
        "reason": verdict.reason,
        "next_at": at if verdict.next_at is None else micros(verdict.next_at),
        "settled_at": None if verdict.state in STILL_OPEN else at,
        "failed": int(settlement.counts),
        "ended_at": at,
        "result": outcome.result.value,
        "code": outcome.code,
        "enhanced_code": outcome.enhanced_code,
        "reply": outcome.reply,
    }


def _set_aside(row: Row, at: int) -> dict[str, object]:
    reason = "its row in the database cannot be read; the log says what is wrong with it"
    return {"workspace_id": row["workspace_id"], "id": row["id"], "reason": reason, "at": at}


def _beginning(delivery: Delivery, at: int) -> dict[str, object]:
    return {
        "workspace_id": delivery.workspace_id,
        "delivery_id": delivery.id,
        "number": delivery.attempts,
        "started_at": at,
    }
