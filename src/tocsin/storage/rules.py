"""Tables automation_rules, rule_links, rule_revisions and rule_plans."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from functools import lru_cache

from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId, WorkspaceId
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import Action, ActionType, AutomationRule, RuleId
from tocsin.storage.columns import Row, as_json, instant, micros
from tocsin.storage.database import Connection

_COLUMNS = (
    "r.id, r.revision, r.name, r.event, r.enabled, r.offset_s, r.actions, r.conditions, r.created_at, r.updated_at"
)


_LONG = 16_384  # characters; longer ones are read anew each time


class SqlRules:
    """The automation rules of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self._revisions: dict[tuple[str, int], Row] = {}  # what was read of them; they never change

    def put(self, rule: AutomationRule) -> None:
        """Store a rule, new or changed, and keep this revision of it for ever."""
        values = _values(rule) | {"workspace_id": self._workspace_id}
        self._connection.run(
            """INSERT INTO automation_rules
                      (workspace_id, id, revision, name, event, enabled, offset_s, actions, conditions, created_at,
                       updated_at)
               VALUES (:workspace_id, :id, :revision, :name, :event, :enabled, :offset_s, :actions, :conditions, :created_at,
                       :updated_at)
               ON CONFLICT (workspace_id, id) DO UPDATE
                  SET revision = excluded.revision, name = excluded.name, event = excluded.event,
                      enabled = excluded.enabled, offset_s = excluded.offset_s, actions = excluded.actions,
                      conditions = excluded.conditions,
                      updated_at = excluded.updated_at""",
            **values,
        )
        self._connection.run(
            """INSERT INTO rule_revisions (workspace_id, rule_id, revision, actions, conditions, made_at)
               VALUES (:workspace_id, :rule_id, :revision, :actions, :conditions, :made_at)""",
            workspace_id=self._workspace_id,
            rule_id=rule.id,
            revision=rule.revision,
            actions=values["actions"],
            conditions=values["conditions"],
            made_at=values["updated_at"],
        )
        self._put_links(rule)

    def get(self, rule_id: str) -> AutomationRule | None:
        """Return the rule with this id."""
        statement = f"SELECT {_COLUMNS} FROM automation_rules r WHERE workspace_id = :workspace_id AND id = :id"
        found = self._rules(self._connection.rows(statement, workspace_id=self._workspace_id, id=rule_id))
        return found[0] if found else None

    def exists(self, rule_id: str) -> bool:
        """Tell whether there is a rule with this id."""
        statement = "SELECT count(*) AS n FROM automation_rules WHERE workspace_id = :workspace_id AND id = :id"
        return self._connection.number(statement, workspace_id=self._workspace_id, id=rule_id) == 1

    def page(self, *, limit: int, offset: int) -> tuple[list[AutomationRule], int]:
        """Return a page of rules, the newest first, and the number of all."""
        where = "WHERE workspace_id = :workspace_id"
        statement = f"""
            SELECT {_COLUMNS} FROM automation_rules r {where} ORDER BY created_at DESC, id LIMIT :limit OFFSET :offset"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, limit=limit, offset=offset)
        counting = f"SELECT count(*) AS n FROM automation_rules {where}"
        return self._rules(rows), self._connection.number(counting, workspace_id=self._workspace_id)

    def watching(
        self, link_id: LinkId, kinds: Iterable[EventKind], *, disabled_too: bool = False
    ) -> list[AutomationRule]:
        """Return the rules of a link for these events that are switched on, or all of them, the oldest first."""
        statement = f"""
            SELECT {_COLUMNS}
              FROM rule_links l JOIN automation_rules r ON r.workspace_id = l.workspace_id AND r.id = l.rule_id
             WHERE l.workspace_id = :workspace_id AND l.link_id = :link_id AND l.event {{any_of}}(:kinds)
               AND (r.enabled OR :disabled_too)
             ORDER BY r.created_at, r.id"""
        kinds_json = as_json([kind.value for kind in kinds])
        rows = self._connection.rows(
            statement,
            workspace_id=self._workspace_id,
            link_id=link_id,
            kinds=kinds_json,
            disabled_too=disabled_too,
        )
        return self._rules(rows)

    def hold(self, rule_ids: Iterable[str]) -> None:
        """Keep everybody else from changing these rules until the end."""
        statement = """
            SELECT id FROM automation_rules WHERE workspace_id = :workspace_id AND id {any_of}(:ids) ORDER BY id {for_share}"""
        self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(sorted(set(rule_ids))))

    def lock(self, rule_id: str) -> None:
        """Wait for all who hold a rule, and keep it for oneself until the end."""
        statement = "SELECT id FROM automation_rules WHERE workspace_id = :workspace_id AND id = :id {for_update}"
        self._connection.rows(statement, workspace_id=self._workspace_id, id=rule_id)

    def action(self, rule_id: str, *, revision: int, index: int) -> Action:
        """Return an action as it was at a revision of its rule, which may be gone by now."""
        return _actions(self._at(rule_id, revision)["actions"])[index]

    def conditions(self, rule_id: str, *, revision: int) -> tuple[Condition, ...]:
        """Return the conditions as they were at a revision of their rule, which may be gone by now."""
        return _conditions(self._at(rule_id, revision)["conditions"])

    def _at(self, rule_id: str, revision: int) -> Row:
        if (rule_id, revision) not in self._revisions:
            statement = """
                SELECT actions, conditions FROM rule_revisions
                 WHERE workspace_id = :workspace_id AND rule_id = :rule_id AND revision = :revision"""
            found = self._connection.rows(
                statement, workspace_id=self._workspace_id, rule_id=rule_id, revision=revision
            )
            self._revisions[rule_id, revision] = found[0]
        return self._revisions[rule_id, revision]

    def delete(self, rule_id: RuleId) -> None:
        """Delete a rule; its revisions stay for the deliveries that came from it."""
        for table, column in (("rule_links", "rule_id"), ("rule_plans", "rule_id"), ("automation_rules", "id")):
            statement = f"DELETE FROM {table} WHERE workspace_id = :workspace_id AND {column} = :id"
            self._connection.run(statement, workspace_id=self._workspace_id, id=rule_id)

    def planned_until(self, rule_id: RuleId, *, after_id: str | None) -> None:
        """Note that the planning of coming bookings has got as far as `after_id`; None: it is done."""
        key = {"workspace_id": self._workspace_id, "rule_id": rule_id}
        self._connection.run("DELETE FROM rule_plans WHERE workspace_id = :workspace_id AND rule_id = :rule_id", **key)
        if after_id is not None:
            self._connection.run(
                "INSERT INTO rule_plans (workspace_id, rule_id, after_id) VALUES (:workspace_id, :rule_id, :after_id)",
                after_id=after_id,
                **key,
            )

    def planning(self, rule_id: RuleId) -> str | None:
        """Return how far the planning of a rule has got, or None if nothing is left; nobody else goes on meanwhile."""
        statement = """
            SELECT after_id FROM rule_plans WHERE workspace_id = :workspace_id AND rule_id = :rule_id {for_update}"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, rule_id=rule_id)
        return None if row is None else str(row["after_id"])

    def _put_links(self, rule: AutomationRule) -> None:
        key = {"workspace_id": self._workspace_id, "rule_id": rule.id}
        self._connection.run("DELETE FROM rule_links WHERE workspace_id = :workspace_id AND rule_id = :rule_id", **key)
        self._connection.run_each(
            """INSERT INTO rule_links (workspace_id, link_id, event, rule_id, place)
               VALUES (:workspace_id, :link_id, :event, :rule_id, :place)""",
            (
                {**key, "link_id": link_id, "event": rule.event.value, "place": place}
                for place, link_id in enumerate(rule.link_ids)
            ),
        )

    def _rules(self, rows: list[Row]) -> list[AutomationRule]:
        links: dict[str, list[LinkId]] = {row["id"]: [] for row in rows}
        statement = """
            SELECT rule_id, link_id FROM rule_links
             WHERE workspace_id = :workspace_id AND rule_id {any_of}(:ids) ORDER BY rule_id, place"""
        for row in self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(list(links))):
            links[row["rule_id"]].append(LinkId(row["link_id"]))
        return [_rule(row, tuple(links[row["id"]])) for row in rows]


def _values(rule: AutomationRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "revision": rule.revision,
        "name": rule.name,
        "event": rule.event.value,
        "enabled": rule.enabled,
        "offset_s": None if rule.offset is None else int(rule.offset.total_seconds()),
        "actions": as_json([asdict(action) for action in rule.actions]),
        "conditions": as_json([asdict(condition) for condition in rule.conditions]),
        "created_at": micros(rule.created_at),
        "updated_at": micros(rule.updated_at),
    }


def _rule(row: Row, link_ids: tuple[LinkId, ...]) -> AutomationRule:
    return AutomationRule(
        id=RuleId(row["id"]),
        revision=row["revision"],
        name=row["name"],
        event=EventKind(row["event"]),
        link_ids=link_ids,
        actions=_actions(row["actions"]),
        conditions=_conditions(row["conditions"]),
        enabled=bool(row["enabled"]),
        offset=None if row["offset_s"] is None else timedelta(seconds=row["offset_s"]),
        created_at=instant(row["created_at"]),
        updated_at=instant(row["updated_at"]),
    )


@lru_cache(maxsize=128)  # asked for once for each delivery, as the actions are
def _conditions(text: str) -> tuple[Condition, ...]:
    return tuple(
        Condition(field=Field(one["field"]), operator=Operator(one["operator"]), value=Rsvp(one["value"]))
        for one in json.loads(text)
    )


def _actions(text: str) -> tuple[Action, ...]:
    return (_read if len(text) > _LONG else _kept)(text)


def _read(text: str) -> tuple[Action, ...]:
    return tuple(
        Action(**{**action, "type": ActionType(action["type"]), "emails": tuple(action["emails"])})
        for action in json.loads(text)
    )


# A rule writes to many, and a batch of deliveries asks for its actions once for each.
_kept = lru_cache(maxsize=128)(_read)
