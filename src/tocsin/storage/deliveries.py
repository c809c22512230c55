"""Table deliveries as planning, the log and an attempt see it, within one workspace. The queue is in `queue.py`."""

import logging
from collections.abc import Iterable
from datetime import datetime

from tocsin.domain.actions.types import ActionType
from tocsin.domain.delivery import REPLACED, Attempt, Cause, Delivery, DeliveryId, Outcome, Result, State, Verdict
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.domain.plan import Planned
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rules import RuleId
from tocsin.domain.text import one_line
from tocsin.services.ports import DeliveryFilter, NewId
from tocsin.storage.columns import Row, as_json, instant, maybe_instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.planned_columns import ADD, note, values_of

log = logging.getLogger("tocsin.storage")

COLUMNS = """id, workspace_id, rule_id, rule_revision, action_index, booking_id, booking_revision, event, recipient, state,
    reason, due_at, expires_at, next_at, attempts, failures, crashes, created_at, settled_at, cause, about, action"""
# As the indexes of the open ones have it: else SQLite reads every delivery that there ever was.
OPEN = "settled_at IS NULL"
WAITING = f"{OPEN} AND state <> 'sending'"
QUEUED = f"{OPEN} AND state <> 'paused'"
# When something leaves that was due before: at once, unless the clock was set back behind the moment it was due at.
AT_ONCE = "CASE WHEN due_at > :now THEN due_at ELSE :now END"
_FIRED = "cause = 'rule_fired'"
_REPLACED = f"state = '{REPLACED.state}' AND reason = '{REPLACED.reason}' AND {_FIRED}"
# A call reports what happened, and that stays so; a mail says what is true, and makes way for one that knows better.
_REPLACEABLE = "action <> 'call_webhook'"
_TIMED = "event IN ('before_meeting_starts', 'after_meeting_ends')"
# The reason of a delivery that was paused when it made way, and NULL of any other.
_PAUSED_BEFORE = """(SELECT i.reason FROM interventions i
                      WHERE i.workspace_id = deliveries.workspace_id AND i.delivery_id = deliveries.id AND i.deed = 'paused'
                        AND i.number = (SELECT max(l.number) FROM interventions l
                                         WHERE l.workspace_id = i.workspace_id AND l.delivery_id = i.delivery_id))"""


class SqlDeliveries:
    """The deliveries of one workspace."""

    def __init__(
        self, connection: Connection, workspace_id: WorkspaceId, *, among: Iterable[BookingId] | None = None
    ) -> None:
        """With `among`, what waits of a rule is what is about these bookings."""
        self._connection = connection
        self._workspace_id = workspace_id
        self._about = "TRUE" if among is None else "booking_id {any_of}(:among)"
        self._among = {} if among is None else {"among": as_json(sorted(set(among)))}

    def add(self, planned: Iterable[Planned], *, new_id: NewId, now: datetime) -> None:
        """Store what was planned. A key that is there already is planned anew if it never left, and left alone if it did."""
        wanted = list(planned)
        self._connection.run_each(ADD, (values_of(one, self._workspace_id, new_id=new_id, now=now) for one in wanted))
        note(self._connection, wanted)

    def drop_timed(
        self, booking_ids: Iterable[BookingId], *, keep: Iterable[str], now: datetime, reason: str, rule_id: str = ""
    ) -> None:
        """End the timed deliveries of bookings (of one rule, if given) that still wait and whose key is not in `keep`."""
        statement = f"""
            UPDATE deliveries SET state = 'superseded', reason = :reason, settled_at = :now
             WHERE workspace_id = :workspace_id AND booking_id {{any_of}}(:bookings) AND {WAITING} AND {_TIMED}
               AND (rule_id = :rule_id OR :rule_id = '') AND NOT key {{any_of}}(:keep)"""
        self._end(
            State.SUPERSEDED,
            statement,
            bookings=as_json(list(booking_ids)),
            keep=as_json(list(keep)),
            now=micros(now),
            reason=reason,
            rule_id=rule_id,
        )

    def supersede(self, booking_id: BookingId, *, now: datetime) -> None:
        """End what waits with a stale entry where a message of a newer change to the same recipient waits too."""
        statement = f"""
            UPDATE deliveries SET state = '{REPLACED.state}', reason = '{REPLACED.reason}', settled_at = :now
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND {WAITING} AND NOT {_TIMED} AND {_FIRED}
               AND {_REPLACEABLE}
               AND EXISTS (SELECT 1 FROM deliveries newer
                            WHERE newer.workspace_id = deliveries.workspace_id
                              AND newer.booking_id = deliveries.booking_id
                              AND newer.recipient_key = deliveries.recipient_key AND newer.action = deliveries.action
                              AND newer.{OPEN} AND newer.state <> 'paused'
                              AND newer.event IN ('booking_rescheduled', 'booking_cancelled') AND newer.{_FIRED}
                              AND newer.booking_revision > deliveries.booking_revision)"""
        self._end(REPLACED.state, statement, booking_id=booking_id, now=micros(now))

    def withdraw_before(self, booking_id: BookingId, *, revision: int, now: datetime, reason: str) -> None:
        """End all that waits from before a revision of a booking: it was cancelled."""
        statement = f"""
            UPDATE deliveries SET state = 'cancelled', reason = :reason, settled_at = :now
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND {WAITING} AND {_FIRED}
               AND ({_REPLACEABLE} OR {_TIMED}) AND booking_revision < :revision"""
        self._end(
            State.CANCELLED,
            statement,
            booking_id=booking_id,
            revision=revision,
            now=micros(now),
            reason=reason,
        )

    def revive(self, delivery: Delivery, *, now: datetime) -> None:
        """Let wait again what was superseded by `delivery`, which ends without having been sent."""
        statement = f"""
            UPDATE deliveries
               SET state = CASE WHEN {_PAUSED_BEFORE} IS NULL THEN 'scheduled' ELSE 'paused' END,
                   reason = COALESCE({_PAUSED_BEFORE}, ''), settled_at = NULL,
                   next_at = {AT_ONCE}
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key
               AND action = :action AND {_REPLACED} AND booking_revision < :revision AND expires_at > :now"""
        self._connection.run(statement, **self._compared(delivery), now=micros(now))

    def replaced(self, delivery: Delivery) -> list[Delivery]:
        """Return what was superseded because a newer change went instead, which `delivery` is."""
        statement = f"""
            SELECT {COLUMNS} FROM deliveries
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key
               AND action = :action AND {_REPLACED} AND booking_revision < :revision"""
        return deliveries_in(self._connection.rows(statement, **self._compared(delivery)))

    def supersede_answers(self, booking_id: BookingId, about: str, *, now: datetime) -> None:
        """End what waits of a recipient's former answers."""
        statement = f"""
            UPDATE deliveries SET state = 'superseded', reason = 'a newer answer came', settled_at = :now
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND about = :about AND {WAITING}
               AND {_REPLACEABLE}"""
        self._end(State.SUPERSEDED, statement, booking_id=booking_id, about=about, now=micros(now))

    def outrun(self, delivery_ids: Iterable[DeliveryId]) -> set[DeliveryId]:
        """Return those for whose recipient a rule's message of a newer change of the booking waits."""
        statement = f"""
            SELECT d.id FROM deliveries d
             WHERE d.workspace_id = :workspace_id AND d.id {{any_of}}(:ids) AND d.{_REPLACEABLE}
               AND EXISTS (SELECT 1 FROM deliveries newer
                            WHERE newer.workspace_id = d.workspace_id AND newer.booking_id = d.booking_id
                              AND newer.recipient_key = d.recipient_key AND newer.action = d.action
                              AND newer.{OPEN} AND newer.state <> 'paused' AND newer.{_FIRED}
                              AND newer.event IN ('booking_rescheduled', 'booking_cancelled')
                              AND newer.booking_revision > d.booking_revision)"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(sorted(delivery_ids)))
        return {DeliveryId(row["id"]) for row in rows}

    def end(self, delivery_id: DeliveryId, verdict: Verdict, *, now: datetime) -> None:
        """End one delivery, if it still waits."""
        statement = f"""
            UPDATE deliveries SET state = :state, reason = :reason, settled_at = :now
             WHERE workspace_id = :workspace_id AND id = :id AND {WAITING}"""
        self._end(
            verdict.state,
            statement,
            id=delivery_id,
            state=verdict.state.value,
            reason=verdict.reason,
            now=micros(now),
        )

    def _end(self, ends_as: State, statement: str, /, **values: object) -> int:
        """Run a statement that ends deliveries so; return how many."""
        ended = self._connection.run(statement, workspace_id=self._workspace_id, **values)
        self._connection.changes.counts["ended", ends_as.value] += ended
        return ended

    def _compared(self, delivery: Delivery) -> dict[str, object]:
        """Return the values by which `delivery` is compared with what else its recipient is told about its booking."""
        return {
            "workspace_id": self._workspace_id,
            "booking_id": delivery.booking_id,
            "recipient_key": recipient_key(delivery.recipient),
            "revision": delivery.booking_revision,
            "action": delivery.action.value,
        }

    def withdraw_rule(self, rule_id: RuleId, *, now: datetime, reason: str) -> int:
        """End all that a rule's events asked for and that waits; return how many."""
        statement = f"""
            UPDATE deliveries SET state = 'cancelled', reason = :reason, settled_at = :now
             WHERE workspace_id = :workspace_id AND rule_id = :rule_id AND {WAITING} AND {_FIRED} AND {self._about}"""
        return self._end(State.CANCELLED, statement, rule_id=rule_id, now=micros(now), reason=reason, **self._among)

    def waiting(self, rule_id: RuleId) -> list[Delivery]:
        """Return what a rule's events asked for and that waits."""
        statement = f"""
            SELECT {COLUMNS} FROM deliveries
             WHERE workspace_id = :workspace_id AND rule_id = :rule_id AND {WAITING} AND {_FIRED} AND {self._about}"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, rule_id=rule_id, **self._among)
        return deliveries_in(rows)

    def get(self, delivery_id: str) -> Delivery | None:
        """Return the delivery with this id."""
        statement = f"SELECT {COLUMNS} FROM deliveries WHERE workspace_id = :workspace_id AND id = :id"
        row = self._connection.row(statement, workspace_id=self._workspace_id, id=delivery_id)
        return next(iter(deliveries_in([] if row is None else [row])), None)

    def page(self, wanted: DeliveryFilter, *, limit: int, offset: int) -> tuple[list[Delivery], int]:
        """Return a page of deliveries, the newest first, and the number of all that `wanted` names."""
        asked = {
            "state": wanted.state,
            "booking_id": wanted.booking_id,
            "rule_id": wanted.rule_id,
            "recipient_key": recipient_key(wanted.recipient) if wanted.recipient else "",
        }
        values = {name: value for name, value in asked.items() if value}
        where = "WHERE workspace_id = :workspace_id" + "".join(f" AND {name} = :{name}" for name in values)
        statement = f"""
            SELECT {COLUMNS} FROM deliveries {where}
             ORDER BY created_at DESC, booking_id, rank DESC, id LIMIT :limit OFFSET :offset"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, limit=limit, offset=offset, **values)
        counting = f"SELECT count(*) AS n FROM deliveries {where}"
        number = self._connection.number(counting, workspace_id=self._workspace_id, **values)
        return deliveries_in(rows), number

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """Return the attempts at a delivery in order."""
        statement = """
            SELECT number, started_at, ended_at, result, code, enhanced_code, reply FROM attempts
             WHERE workspace_id = :workspace_id AND delivery_id = :id ORDER BY number"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, id=delivery_id)
        return [attempt_of(row) for row in rows]

    def retry(self, delivery_id: DeliveryId, *, now: datetime, expires_at: datetime) -> bool:
        """Put a failed or expired delivery back into the queue; return False if it is in another state."""
        statement = """
            UPDATE deliveries
               SET state = 'scheduled', reason = '', next_at = :now, expires_at = :expires_at, failures = 0, crashes = 0,
                   settled_at = NULL
             WHERE workspace_id = :workspace_id AND id = :id AND state IN ('failed', 'expired')"""
        touched = self._connection.run(
            statement, workspace_id=self._workspace_id, id=delivery_id, now=micros(now), expires_at=micros(expires_at)
        )
        return touched == 1


def deliveries_in(rows: Iterable[Row]) -> list[Delivery]:
    """Return the deliveries in rows with COLUMNS; a row that cannot be read is logged and left out, for the others go on."""
    found = []
    for row in rows:
        try:
            found.append(delivery_of(row))
        except (ValueError, TypeError, OverflowError) as error:
            why = one_line(str(error))  # it can repeat what stands there
            log.error("delivery %s of workspace %s cannot be read: %s", row["id"], row["workspace_id"], why)  # noqa: TRY400
    return found


def delivery_of(row: Row) -> Delivery:
    """Return the delivery in a row with COLUMNS."""
    return Delivery(
        id=DeliveryId(row["id"]),
        workspace_id=WorkspaceId(row["workspace_id"]),
        rule_id=row["rule_id"],
        rule_revision=row["rule_revision"],
        action_index=row["action_index"],
        booking_id=BookingId(row["booking_id"]),
        booking_revision=row["booking_revision"],
        event=EventKind(row["event"]),
        recipient=row["recipient"],
        state=State(row["state"]),
        reason=row["reason"],
        due_at=instant(row["due_at"]),
        expires_at=instant(row["expires_at"]),
        next_at=instant(row["next_at"]),
        attempts=row["attempts"],
        failures=row["failures"],
        crashes=row["crashes"],
        created_at=instant(row["created_at"]),
        settled_at=maybe_instant(row["settled_at"]),
        cause=Cause(row["cause"]),
        about=row["about"],
        action=ActionType(row["action"]),
    )


def attempt_of(row: Row) -> Attempt:
    """Return the attempt in a row of the table."""
    outcome = None
    if row["result"] is not None:
        outcome = Outcome(
            result=Result(row["result"]), code=row["code"], enhanced_code=row["enhanced_code"], reply=row["reply"]
        )
    return Attempt(
        number=row["number"],
        started_at=instant(row["started_at"]),
        ended_at=maybe_instant(row["ended_at"]),
        outcome=outcome,
    )
