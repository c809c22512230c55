"""Two workspaces with one of everything each, of which one wants what the other has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faces.client import Client, made
from tests.faces.dry_runs import kept, workspace_of
from tests.faces.held import hold
from tests.faces.test_audit import World
from tests.faces.visitor import Visitor, signed_in
from tests.storage.shelf import rows, tables
from tocsin.domain.access import Scope
from tocsin.storage.database import Database

CANARY = "Xanthippe"  # stands in all that the workspace that is attacked says
# Columns that are named like an id, and hold none by which something of a workspace could be asked for.
_NO_IDS = {"workspace_id", "user_id", "message_id", "plan_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A workspace with one of everything; `own` has the ids of that by what they are of."""

    client: Client
    visitor: Visitor
    own: dict[str, str]

    def kept(self, database: Database) -> dict[str, list[tuple[object, ...]]]:
        """Return every row."""
        return rows(database, workspace_of(self.client))

    def ids(self, database: Database) -> list[str]:
        """Return each id that stands anywhere in the rows, one of each column first."""
        columns = list(_columns_of_ids(database, workspace_of(self.client)))
        first = [values[0] for values in columns]
        return list(dict.fromkeys([*self.own.values(), *first, *(one for values in columns for one in values)]))


def settled(client: Client) -> Tenant:
    """Fill a workspace with one of everything."""
    world, visitor, words = World(client), signed_in(client), f"{CANARY} {client.subdomain}"
    link = client.a_link(slug=f"slug-{client.subdomain}", name=words, description=words, hosts=["max@example.com"])
    rule = client.a_rule(link, name=words)
    email = f"eve.{client.subdomain}@example.net"
    booking = client.book(meeting_slug=link["slug"], name=words, email=email, spot_details=words)
    client.drain()
    source_id, call_id = world.called()
    (delivery,) = client.v2.get("/deliveries", booking_id=booking["id"]).json()["deliveries"]
    made(client.v2.post("/suppressions", {"recipient": email, "rule_id": rule["id"], "note": words}))
    made(client.v2.post("/webhook-secrets", {"url": f"https://{client.subdomain}.example.com/x"}))
    with client.app.store.reading(workspace_of(client)) as tx:
        (account,) = (one.id for one in tx.accounts.all())
    own = {
        "automation-rules": rule["id"],
        "meetings": link["id"],
        "meeting-templates": world.template["id"],
        "bookings": booking["id"],
        "team-members": world.member["id"],
        "meeting-outcomes": world.outcome["id"],
        "deliveries": delivery["id"],
        "sources": source_id,
        "calls": call_id,
        "slug": link["slug"],
        "run": kept(client, rule["id"], name=words, id=client.app.chance.new_id()).rpartition("/")[2],
        "account": account,
        "key": client.key.split("_")[1],
    }
    client.book(meeting_slug=link["slug"], name=words, email=email, slot_start_time="17:00")
    assert hold(client)
    visitor.get("/overview")
    token = re.search(r'name="_token" value="([0-9a-f]+)"', visitor.last)
    assert token is not None
    own["token"] = token[1]  # of a form of this session
    own["model"] = client.with_key(*(scope for scope in Scope if scope is not Scope.ADMIN)).key.split("_")[1]
    return Tenant(client=client, visitor=visitor, own=own)


def _columns_of_ids(database: Database, workspace_id: str) -> Iterator[list[str]]:
    with database.reading() as connection:
        for table in tables(connection):
            if table == "migrations":
                continue
            taken = connection.rows(
                f"SELECT * FROM {table} WHERE workspace_id = :workspace_id", workspace_id=workspace_id
            )
            for name in taken[0].keys() if taken else ():
                values = [str(row[name]) for row in taken if _is_an_id(str(row[name]))]
                if re.fullmatch(r"id|sid|.*_id|slug", name) and name not in _NO_IDS and values:
                    yield values


def _is_an_id(value: str) -> bool:
    return len(value) > 4 and "@" not in value  # no small number, and no Message-ID, which can be an address too


def some(wrong: list[str]) -> str:
    """Return the first of what is wrong, for the end of a sentence."""
    return f", such as {wrong[:3]}" if wrong else ""
