"""Tables scheduling_links and link_hosts."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.domain.model import LinkId, LinkKind, SchedulingLink, WorkspaceId
from tocsin.storage.columns import Row, as_json, containing, instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.members import COLUMNS as MEMBER_COLUMNS
from tocsin.storage.members import member_of

_COLUMNS = """id, sid, slug, name, description, kind, duration_s, spot, spot_details, scheduling_url, is_template,
    is_disabled, requires_approval, extras, created_at, updated_at"""


class SqlLinks:
    """The scheduling links of one workspace; deleted ones are gone for all but their bookings."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def put(self, link: SchedulingLink) -> None:
        """Store a link, new or changed, with its hosts."""
        names = _COLUMNS.replace("\n", "").replace(" ", "").split(",")
        statement = f"""
            INSERT INTO scheduling_links (workspace_id, {_COLUMNS})
            VALUES (:workspace_id, {", ".join(":" + name for name in names)})
            ON CONFLICT (workspace_id, id) DO UPDATE SET
            {", ".join(f"{name} = excluded.{name}" for name in names if name not in {"id", "sid", "created_at"})}"""
        self._connection.run(statement, workspace_id=self._workspace_id, **_values(link))
        self._put_hosts(link)

    def get(self, link_id: str, *, deleted_too: bool = False) -> SchedulingLink | None:
        """Return the link with this id."""
        return self._one("id = :value", link_id, deleted_too=deleted_too)

    def by_sid(self, sid: str) -> SchedulingLink | None:
        """Return the link with this sid."""
        return self._one("sid = :value", sid)

    def by_slug(self, slug: str) -> SchedulingLink | None:
        """Return the link, template or not, with this slug."""
        return self._one("slug = :value", slug)

    def page(
        self, *, templates: bool, search: str, host_email: str, limit: int, offset: int
    ) -> tuple[list[SchedulingLink], int]:
        """Return a page of links (or templates), the oldest first, and the number of all."""
        where = """WHERE workspace_id = :workspace_id AND deleted_at IS NULL AND is_template = :templates
              AND (:search = '' OR lower(name) LIKE :pattern ESCAPE '~' OR slug LIKE :pattern ESCAPE '~')
              AND (:host_email = '' OR id IN (
                    SELECT h.link_id FROM link_hosts h JOIN members m ON m.workspace_id = h.workspace_id AND m.id = h.member_id
                     WHERE h.workspace_id = :workspace_id AND m.email = :host_email))"""
        values = {
            "workspace_id": self._workspace_id,
            "templates": templates,
            "search": search,
            "pattern": containing(search),
            "host_email": host_email,
        }
        statement = (
            f"SELECT {_COLUMNS} FROM scheduling_links {where} ORDER BY created_at, id LIMIT :limit OFFSET :offset"
        )
        rows = self._connection.rows(statement, limit=limit, offset=offset, **values)
        return self._links(rows), self._connection.number(
            f"SELECT count(*) AS n FROM scheduling_links {where}", **values
        )

    def named(self, link_ids: Iterable[str], *, lock: bool = False) -> list[SchedulingLink]:
        """Return those of `link_ids` that exist, templates too; locked, no booking of them is made until the end."""
        statement = f"""
            SELECT {_COLUMNS} FROM scheduling_links
             WHERE workspace_id = :workspace_id AND deleted_at IS NULL AND id {{any_of}}(:ids)
             ORDER BY id {"{for_update}" if lock else ""}"""
        return self._links(
            self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(list(link_ids)))
        )

    def slugged(self, slugs: Iterable[str]) -> list[SchedulingLink]:
        """Return those links, templates too, whose slug is one of `slugs`."""
        statement = f"""
            SELECT {_COLUMNS} FROM scheduling_links
             WHERE workspace_id = :workspace_id AND deleted_at IS NULL AND slug {{any_of}}(:slugs)"""
        return self._links(
            self._connection.rows(statement, workspace_id=self._workspace_id, slugs=as_json(list(slugs)))
        )

    def hold(self, link_id: LinkId) -> None:
        """Make whoever makes a rule for this link wait, so that rule and booking cannot miss each other."""
        statement = "SELECT id FROM scheduling_links WHERE workspace_id = :workspace_id AND id = :id {for_share}"
        self._connection.lock(statement, workspace_id=self._workspace_id, id=link_id)

    def delete(self, link_id: LinkId, *, at: datetime) -> None:
        """Take a link off the lists; its bookings go on."""
        statement = """
            UPDATE scheduling_links SET deleted_at = :at, updated_at = :at WHERE workspace_id = :workspace_id AND id = :id"""
        self._connection.run(statement, at=micros(at), workspace_id=self._workspace_id, id=link_id)

    def _one(self, condition: str, value: str, *, deleted_too: bool = False) -> SchedulingLink | None:
        statement = f"""
            SELECT {_COLUMNS} FROM scheduling_links
             WHERE workspace_id = :workspace_id AND {condition} {"" if deleted_too else "AND deleted_at IS NULL"}"""
        found = self._links(self._connection.rows(statement, workspace_id=self._workspace_id, value=value))
        return found[0] if found else None

    def _put_hosts(self, link: SchedulingLink) -> None:
        self._connection.run(
            "DELETE FROM link_hosts WHERE workspace_id = :workspace_id AND link_id = :link_id",
            workspace_id=self._workspace_id,
            link_id=link.id,
        )
        self._connection.run_each(
            """INSERT INTO link_hosts (workspace_id, link_id, place, member_id)
               VALUES (:workspace_id, :link_id, :place, :member_id)""",
            (
                {"workspace_id": self._workspace_id, "link_id": link.id, "place": place, "member_id": host.id}
                for place, host in enumerate(link.hosts)
            ),
        )

    def _links(self, rows: list[Row]) -> list[SchedulingLink]:
        links = {row["id"]: _link(row) for row in rows}
        statement = f"""
            SELECT h.link_id, {MEMBER_COLUMNS}
              FROM link_hosts h JOIN members m ON m.workspace_id = h.workspace_id AND m.id = h.member_id
             WHERE h.workspace_id = :workspace_id AND h.link_id {{any_of}}(:ids)
             ORDER BY h.link_id, h.place"""
        for host in self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(list(links))):
            link = links[host["link_id"]]
            links[link.id] = replace(link, hosts=(*link.hosts, member_of(host)))
        return list(links.values())


def _values(link: SchedulingLink) -> dict[str, object]:
    return {
        "id": link.id,
        "sid": link.sid,
        "slug": link.slug,
        "name": link.name,
        "description": link.description,
        "kind": link.kind.value,
        "duration_s": int(link.duration.total_seconds()),
        "spot": link.spot,
        "spot_details": link.spot_details,
        "scheduling_url": link.scheduling_url,
        "is_template": link.is_template,
        "is_disabled": link.is_disabled,
        "requires_approval": link.requires_approval,
        "extras": as_json(link.extras),
        "created_at": micros(link.created_at),
        "updated_at": micros(link.updated_at),
    }


def _link(row: Row) -> SchedulingLink:
    return SchedulingLink(
        id=LinkId(row["id"]),
        sid=row["sid"],
        slug=row["slug"],
        name=row["name"],
        description=row["description"],
        kind=LinkKind(row["kind"]),
        duration=timedelta(seconds=row["duration_s"]),
        hosts=(),
        spot=row["spot"],
        spot_details=row["spot_details"],
        scheduling_url=row["scheduling_url"],
        is_template=bool(row["is_template"]),
        is_disabled=bool(row["is_disabled"]),
        requires_approval=bool(row["requires_approval"]),
        extras=json.loads(row["extras"]),
        created_at=instant(row["created_at"]),
        updated_at=instant(row["updated_at"]),
    )
