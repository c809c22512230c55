"""What the why record is read from, in tables of others: what rules have been, and what they planned about a booking."""

import json
from collections.abc import Iterable
from itertools import groupby

from tocsin.domain.delivery import Attempt, DeliveryId
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId, LinkId, WorkspaceId
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rule_life import Firing, RuleLife, RuleThen
from tocsin.storage.columns import Row, as_json, instant, maybe_instant
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import attempt_of
from tocsin.storage.rule_columns import offsets_of


class SqlRecord:
    """What explains the bookings of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def lives(self, rule_ids: Iterable[str]) -> dict[str, RuleLife]:
        """Return what these rules have been, by id, deleted ones too; nothing for what never was a rule of the workspace."""
        statement = """
            SELECT v.rule_id, v.revision, v.name, v.event, v.enabled, v.offset_s, v.more_offsets_s, v.link_ids, v.made_at,
                   v.deleted_at, r.id AS living, r.name AS name_now, p.after_id
              FROM rule_revisions v
              LEFT JOIN automation_rules r ON r.workspace_id = v.workspace_id AND r.id = v.rule_id
              LEFT JOIN rule_plans p ON p.workspace_id = v.workspace_id AND p.rule_id = v.rule_id
             WHERE v.workspace_id = :workspace_id AND v.rule_id {any_of}(:ids) ORDER BY v.rule_id, v.revision"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(sorted(set(rule_ids))))
        return {rule_id: _life(rule_id, list(each)) for rule_id, each in groupby(rows, key=lambda row: row["rule_id"])}

    def number_of_rules(self) -> int:
        """Return how many rules the workspace has."""
        statement = "SELECT count(*) AS n FROM automation_rules WHERE workspace_id = :workspace_id"
        return self._connection.number(statement, workspace_id=self._workspace_id)

    def firings(self, booking_id: BookingId, *, recipient: str = "") -> list[Firing]:
        """Return for which events which rules planned messages about a booking, and whether one is for `recipient`."""
        statement = """
            SELECT rule_id, rule_revision, event, booking_revision, about, due_at, min(created_at) AS planned_at,
                   max(CASE WHEN recipient_key = :key THEN 1 ELSE 0 END) AS reaches
              FROM deliveries
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND cause = 'rule_fired'
             GROUP BY rule_id, rule_revision, event, booking_revision, about, due_at
             ORDER BY due_at, rule_id, rule_revision, booking_revision, about"""
        key = recipient_key(recipient) if recipient else ""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, booking_id=booking_id, key=key)
        return [_firing(row, is_for_all=not recipient) for row in rows]

    def last_attempts(self, booking_id: BookingId) -> dict[DeliveryId, Attempt]:
        """Return the last attempt at each delivery of a booking that was tried."""
        statement = """
            SELECT a.delivery_id, a.number, a.started_at, a.ended_at, a.result, a.code, a.enhanced_code, a.reply
              FROM deliveries d JOIN attempts a ON a.workspace_id = d.workspace_id AND a.delivery_id = d.id
             WHERE d.workspace_id = :workspace_id AND d.booking_id = :booking_id ORDER BY a.delivery_id, a.number"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, booking_id=booking_id)
        return {DeliveryId(row["delivery_id"]): attempt_of(row) for row in rows}


def _life(rule_id: str, rows: list[Row]) -> RuleLife:
    last = rows[-1]
    return RuleLife(
        rule_id=rule_id,
        name=last["name_now"] or last["name"] or "",
        revisions=[_then(row) for row in rows],
        is_deleted=last["living"] is None,
        deleted_at=maybe_instant(last["deleted_at"]),
        is_being_planned=last["after_id"] is not None,
    )


def _then(row: Row) -> RuleThen:
    # Before there was an undo, only actions and conditions were kept.
    is_kept = row["link_ids"] is not None
    return RuleThen(
        number=row["revision"],
        made_at=instant(row["made_at"]),
        event=EventKind(row["event"]) if is_kept else None,
        enabled=bool(row["enabled"]),
        link_ids=tuple(LinkId(one) for one in json.loads(row["link_ids"])) if is_kept else (),
        offsets=offsets_of(row) if is_kept else (),
    )


def _firing(row: Row, *, is_for_all: bool) -> Firing:
    return Firing(
        rule_id=row["rule_id"],
        rule_revision=row["rule_revision"],
        event=EventKind(row["event"]),
        booking_revision=row["booking_revision"],
        about=row["about"],
        due_at=instant(row["due_at"]),
        planned_at=instant(row["planned_at"]),
        reaches=is_for_all or bool(row["reaches"]),
    )
