"""Tables automation_rules, rule_links, rule_revisions and rule_plans."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from tocsin.domain.actions import Action
from tocsin.domain.conditions import AnyOf, Condition
from tocsin.domain.errors import NotFoundError
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId, WorkspaceId
from tocsin.domain.rules import AutomationRule, RuleId, RuleRevision
from tocsin.storage.columns import Row, as_json, instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.rule_columns import actions_of, conditions_of, rule_of, values_of

T = TypeVar("T")

_COLUMNS = (
    "r.id, r.revision, r.name, r.event, r.enabled, r.offset_s, r.more_offsets_s, r.actions, r.conditions, r.created_at, "
    "r.updated_at"
)


class SqlRules:
    """The automation rules of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self._revisions: dict[tuple[str, int], Row] = {}  # what was read of them; they never change

    def put(self, rule: AutomationRule, *, by: str = "") -> None:
        """Store a rule, new or changed, and keep this revision of it for ever, with who made it."""
        values = values_of(rule) | {"workspace_id": self._workspace_id}
        self._connection.run(
            """INSERT INTO automation_rules
                      (workspace_id, id, revision, name, event, enabled, offset_s, more_offsets_s, actions, conditions,
                       created_at, updated_at)
               VALUES (:workspace_id, :id, :revision, :name, :event, :enabled, :offset_s, :more_offsets_s, :actions,
                       :conditions, :created_at, :updated_at)
               ON CONFLICT (workspace_id, id) DO UPDATE
                  SET revision = excluded.revision, name = excluded.name, event = excluded.event,
                      enabled = excluded.enabled, offset_s = excluded.offset_s,
                      more_offsets_s = excluded.more_offsets_s, actions = excluded.actions, conditions = excluded.conditions,
                      updated_at = excluded.updated_at""",
            **values,
        )
        self._connection.run(
            """INSERT INTO rule_revisions (workspace_id, rule_id, revision, name, event, enabled, offset_s, more_offsets_s,
                      link_ids, actions, conditions, made_at, made_by)
               VALUES (:workspace_id, :id, :revision, :name, :event, :enabled, :offset_s, :more_offsets_s, :link_ids,
                       :actions, :conditions, :updated_at, :made_by)""",
            link_ids=as_json(list(rule.link_ids)),
            made_by=by,
            **values,
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
        self._connection.lock(statement, workspace_id=self._workspace_id, ids=as_json(sorted(set(rule_ids))))

    def lock(self, *rule_ids: str) -> None:
        """Wait for all who hold these rules, and keep them for oneself until the end."""
        statement = """
            SELECT id FROM automation_rules WHERE workspace_id = :workspace_id AND id {any_of}(:ids) ORDER BY id {for_update}"""
        self._connection.lock(statement, workspace_id=self._workspace_id, ids=as_json(sorted(rule_ids)))

    def turn(self) -> None:
        """Wait for whoever replaces all rules of the workspace at once, and be the only one to do so until the end.

        A change of nothing locks the workspace's row for changes only: what refers to it is stored meanwhile.
        """
        statement = "UPDATE workspaces SET name = name WHERE workspace_id = :workspace_id"
        self._connection.run(statement, workspace_id=self._workspace_id)

    def action(self, rule_id: str, *, revision: int, index: int) -> Action:
        """Return an action as it was at a revision of its rule, which may be gone by now."""
        found = self.actions(rule_id, revision=revision)
        if not 0 <= index < len(found):
            raise _unknown(rule_id, revision)
        return found[index]

    def actions(self, rule_id: str, *, revision: int) -> tuple[Action, ...]:
        """Return the actions as they were at a revision of their rule, which may be gone by now."""
        return _read(actions_of, self._at(rule_id, revision)["actions"], rule_id, revision)

    def conditions(self, rule_id: str, *, revision: int) -> tuple[Condition | AnyOf, ...]:
        """Return the conditions as they were at a revision of their rule, which may be gone by now."""
        return _read(conditions_of, self._at(rule_id, revision)["conditions"], rule_id, revision)

    def _at(self, rule_id: str, revision: int) -> Row:
        if (rule_id, revision) not in self._revisions:
            statement = """
                SELECT actions, conditions FROM rule_revisions
                 WHERE workspace_id = :workspace_id AND rule_id = :rule_id AND revision = :revision"""
            found = self._connection.rows(
                statement, workspace_id=self._workspace_id, rule_id=rule_id, revision=revision
            )
            if not found:
                raise _unknown(rule_id, revision)
            self._revisions[rule_id, revision] = found[0]
        return self._revisions[rule_id, revision]

    def revisions(self, rule: AutomationRule, *, until: int, limit: int) -> list[RuleRevision]:
        """Return what a rule was at each of its revisions up to number `until`, the latest first."""
        statement = """
            SELECT revision, name, event, enabled, offset_s, more_offsets_s, link_ids, actions, conditions, made_at, made_by
              FROM rule_revisions WHERE workspace_id = :workspace_id AND rule_id = :rule_id AND revision <= :until
             ORDER BY revision DESC LIMIT :limit"""
        rows = self._connection.rows(
            statement, workspace_id=self._workspace_id, rule_id=rule.id, until=until, limit=limit
        )
        return [_revision(row, rule) for row in rows]

    def delete(self, rule_id: RuleId, *, at: datetime) -> None:
        """Delete a rule; its revisions stay for the deliveries that came from it."""
        self._connection.run(
            """UPDATE rule_revisions SET deleted_at = :at
                WHERE workspace_id = :workspace_id AND rule_id = :id
                  AND revision = (SELECT max(last.revision) FROM rule_revisions last
                                   WHERE last.workspace_id = :workspace_id AND last.rule_id = :id)""",
            workspace_id=self._workspace_id,
            id=rule_id,
            at=micros(at),
        )
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
        return [rule_of(row, tuple(links[row["id"]])) for row in rows]


def _revision(row: Row, rule: AutomationRule) -> RuleRevision:
    # Before there was an undo, only actions and conditions were kept.
    whole = None
    if row["link_ids"] is not None:
        values = {**row, "id": rule.id, "created_at": micros(rule.created_at), "updated_at": row["made_at"]}
        whole = rule_of(values, tuple(LinkId(one) for one in json.loads(row["link_ids"])))
    return RuleRevision(number=row["revision"], made_at=instant(row["made_at"]), made_by=row["made_by"], rule=whole)


def _read(of: Callable[[str], T], text: str, rule_id: str, revision: int) -> T:
    """Return what a column of a revision says. Raises NotFoundError if it cannot be read."""
    try:
        return of(text)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unknown(rule_id, revision) from error


def _unknown(rule_id: str, revision: int) -> NotFoundError:
    return NotFoundError(
        f"what the rule {rule_id} was at its revision {revision} is not in the database, or cannot be read"
    )
