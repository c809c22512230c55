"""Whoever changes something leaves an entry in the audit log, by whatever way he came; and the log is read by pages and API."""

import ast
import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.builders import DAY, NOON
from tests.faces.client import REFUSED, Client, Json, booking_body, made, refusal, rule_body, wrong_fields
from tests.faces.held import hold
from tests.faces.test_rule_editor import opened
from tests.faces.test_settings_accounts import a_link_for, chosen, the_id
from tests.faces.test_signed_pages import text
from tests.faces.visitor import PASSWORD, Visitor, an_account, signed_in
from tests.sources.senders import connected_to, first
from tocsin import backup
from tocsin.api import app as api
from tocsin.api import rule_set, source_commands
from tocsin.bootstrap import _run
from tocsin.domain.limits import Buckets
from tocsin.domain.pause import WINDOW, Fate
from tocsin.domain.second_factor import Factor
from tocsin.services import (
    administration,
    administration_accounts,
    administration_audit,
    administration_mail,
    administration_person,
    administration_recipients,
    audit,
    limits,
    restore,
    workspaces,
)
from tocsin.services.ports_recipients import Meter
from tocsin.web.typed import Pair
from tocsin.web.views import PAGES

SOURCE = Path(administration.__file__).parents[1]
HISTORY = "bookings have a history of their own, and come in masses"
LOOKS = "nothing stays of it"
# What may be written without an entry, and why.
WITHOUT = {
    ("POST", "/bookings"): HISTORY,
    ("PATCH", "/bookings/{id}"): HISTORY,
    ("POST", "/bookings/{id}/approve"): HISTORY,
    ("POST", "/bookings/{id}/reject"): HISTORY,
    ("POST", "/bookings/{id}/cancel"): HISTORY,
    ("POST", "/automation-rules/preview"): LOOKS,
    ("POST", "/automation-rules/dry-run"): LOOKS,
    ("POST", "/automation-rules/plan"): LOOKS,
    ("POST", "/automation-rules/effect"): LOOKS,
}
PAGES_WITHOUT = {
    "/sign-in": "tested by itself below: nobody is signed in before",
    "/sign-in/code": "tested in test_second_factor.py: nobody is signed in before",
    "/settings/me/factor/set-up": "nothing is on before it is confirmed",
    "/sign-out": "it ends what the same person began, and changes nothing",
    "/password/{token}/choose": "tested by itself below: nobody is signed in before",
    "/settings/sender/activate": "tested in test_settings_sender.py, where there is a DNS to be asked before",
    "/rules/preview": LOOKS,
    "/rules/{id}/dry-run": "it is thrown away after a day, and changes nothing",
    "/rules/dry-runs/{run}/cancel": "it is thrown away after a day, and changes nothing",
    "/bookings/create": HISTORY,
    "/bookings/{id}/reschedule": HISTORY,
    "/bookings/{id}/cancel": HISTORY,
    "/bookings/{id}/approve": HISTORY,
    "/bookings/{id}/reject": HISTORY,
    "/bookings/{id}/no-show": HISTORY,
    "/bookings/{id}/outcome": HISTORY,
}
COMMANDS_WITHOUT = {"workspace delete": "the log goes with the workspace"}
# Commands that change nothing.
READS = {
    "backup",
    "held list",
    "person export",
    "person log-name",
    "workspace list",
    "workspace show",
    "key list",
    "rules list",
    "rules export",
    "rules plan",
    "rules show",
    "account list",
    "dkim list",
    "suppression list",
    "recipient list",
    "audit list",
    "audit export",
    "audit verify",
    "source list",
    "source show",
    "source calls",
    "source call",
}


class World:
    """A workspace with one of everything, and how each route that writes is called so that it does."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.link, self.template = client.a_link(), client.a_template()
        self.rule = client.a_rule(self.link, name="Invitation")
        v2 = client.v2
        (self.member,) = made(v2.post("/team-members", {"emails": ["mia@example.com"]}))["team_members"]
        self.outcome = made(v2.post("/meeting-outcomes", {"name": "Won"}))["meeting_outcome"]
        made(v2.post("/suppressions", {"recipient": "gone@example.org"}))
        v2.put("/recipients/eve@example.net", {"time_zone": "Asia/Tokyo"})

    def failed_delivery(self) -> str:
        self.client.letterbox.outcome = REFUSED
        self.client.book()
        self.client.drain()
        found: str = self.client.v2.get("/deliveries").json()["deliveries"][0]["id"]
        return found

    def waiting_delivery(self, *deeds: str) -> str:
        """Return a delivery that waits, once these deeds were done to it."""
        self.client.book()
        found: str = self.client.v2.get("/deliveries").json()["deliveries"][0]["id"]
        for deed in deeds:
            assert self.client.v2.post(f"/deliveries/{found}/{deed}").status_code == 200
        return found

    def held_delivery(self) -> str:
        """Return a delivery that a restore holds back."""
        found = self.waiting_delivery()
        assert hold(self.client)
        return found

    def changed(self) -> str:
        """Change the rule, so that there is something to undo."""
        self.client.v2.patch(f"/automation-rules/{self.rule['id']}", rule_body(self.link["id"], name="Changed"))
        found: str = self.rule["id"]
        return found

    def off(self) -> str:
        """Switch the rule off, so that it can be switched on."""
        assert self.client.v2.post(f"/automation-rules/{self.rule['id']}/disable").status_code == 200
        found: str = self.rule["id"]
        return found

    def called(self) -> tuple[str, str]:
        """Let a source call; return its id and that of the call."""
        other = connected_to(self.client, "generic")
        return other.source["id"], other.tells(first("generic"))["id"]

    def replayed(self) -> str:
        source_id, call_id = self.called()
        return f"/sources/{source_id}/calls/{call_id}/replay"

    def looking(self) -> str:
        return f"/sources/{connected_to(self.client, 'acuity').source['id']}/look"

    def a_set(self) -> Json:
        """Return all rules as a document, with another name for one."""
        document: Json = self.client.v2.get("/automation-rules/export").json()
        document = document.get("rule_set", document)
        document["rules"][0]["name"] = "Another"
        return document

    def bodies(self) -> dict[tuple[str, str], Callable[[], tuple[str, object]]]:
        """Return for each route that writes how it is called: a path, and a body."""
        rule, link, template = (one["id"] for one in (self.rule, self.link, self.template))
        a_rule = rule_body(link, name="Another")
        a_set = self.a_set()
        a_link = {"slug": "new", "name": "New", "hosts": ["new@example.com"], "duration": 30}
        tested = {**a_rule, "recipient": "mia@example.com"}
        member, outcome = f"/team-members/{self.member['id']}", f"/meeting-outcomes/{self.outcome['id']}"
        return {
            ("POST", "/automation-rules"): lambda: ("/automation-rules", a_rule),
            ("PATCH", "/automation-rules/{id}"): lambda: (f"/automation-rules/{rule}", a_rule),
            ("POST", "/automation-rules/full"): lambda: ("/automation-rules/full", a_rule),
            ("PUT", "/automation-rules"): lambda: ("/automation-rules", a_set),
            ("POST", "/automation-rules/{id}/disable"): lambda: (f"/automation-rules/{rule}/disable", None),
            ("POST", "/automation-rules/{id}/enable"): lambda: (f"/automation-rules/{self.off()}/enable", None),
            ("POST", "/automation-rules/{id}/undo"): lambda: (f"/automation-rules/{self.changed()}/undo", {}),
            ("DELETE", "/automation-rules/{id}"): lambda: (f"/automation-rules/{rule}", None),
            ("POST", "/automation-rules/test-send"): lambda: ("/automation-rules/test-send", tested),
            ("POST", "/meetings"): lambda: ("/meetings", a_link),
            ("PATCH", "/meetings/{id}"): lambda: (f"/meetings/{link}", {"name": "Other"}),
            ("DELETE", "/meetings/{id}"): lambda: (f"/meetings/{link}", None),
            ("POST", "/meeting-templates"): lambda: ("/meeting-templates", a_link),
            ("PATCH", "/meeting-templates/{id}"): lambda: (f"/meeting-templates/{template}", {"name": "Other"}),
            ("DELETE", "/meeting-templates/{id}"): lambda: (f"/meeting-templates/{template}", None),
            ("POST", "/team-members"): lambda: ("/team-members", {"emails": ["new@example.com"]}),
            ("PATCH", "/team-members/{id}"): lambda: (member, {"time_zone": "Asia/Tokyo"}),
            ("DELETE", "/team-members/{id}"): lambda: (member, None),
            ("POST", "/meeting-outcomes"): lambda: ("/meeting-outcomes", {"name": "Lost"}),
            ("PATCH", "/meeting-outcomes/{id}"): lambda: (outcome, {"name": "Lost"}),
            ("DELETE", "/meeting-outcomes/{id}"): lambda: (outcome, None),
            ("POST", "/deliveries/{id}/retry"): lambda: (f"/deliveries/{self.failed_delivery()}/retry", None),
            ("POST", "/deliveries/{id}/pause"): lambda: (f"/deliveries/{self.waiting_delivery()}/pause", None),
            ("POST", "/deliveries/{id}/resume"): lambda: (f"/deliveries/{self.waiting_delivery('pause')}/resume", None),
            ("POST", "/deliveries/{id}/skip"): lambda: (f"/deliveries/{self.waiting_delivery()}/skip", None),
            ("POST", "/held-deliveries/done"): lambda: (
                "/held-deliveries/done",
                {"delivery_ids": [self.held_delivery()]},
            ),
            ("POST", "/held-deliveries/send"): lambda: (
                "/held-deliveries/send",
                {"delivery_ids": [self.held_delivery()]},
            ),
            ("POST", "/suppressions"): lambda: ("/suppressions", {"recipient": "new@example.org"}),
            ("DELETE", "/suppressions/{recipient}"): lambda: ("/suppressions/gone@example.org", None),
            ("PUT", "/recipients/{address}"): lambda: ("/recipients/new@example.org", {"time_zone": "Asia/Tokyo"}),
            ("DELETE", "/recipients/{address}"): lambda: ("/recipients/eve@example.net", None),
            ("POST", "/sources"): lambda: ("/sources", {"source": "generic"}),
            ("DELETE", "/sources/{id}"): lambda: (
                f"/sources/{connected_to(self.client, 'generic').source['id']}",
                None,
            ),
            ("POST", "/sources/{id}/calls/{call_id}/replay"): lambda: (self.replayed(), None),
            ("POST", "/sources/{id}/look"): lambda: (self.looking(), None),
            ("POST", "/webhook-secrets"): lambda: ("/webhook-secrets", {"url": "https://hooks.example.com/x"}),
        }


def entries(client: Client, **query: object) -> list[Json]:
    """Return the newest entries, after a look whether the whole log is as it was written."""
    with client.app.store.directory() as directory:
        workspace = directory.by_subdomain(client.subdomain)
    assert workspace is not None
    with client.app.store.reading(workspace.id) as tx:
        assert audit.fault(tx, client.app.pepper) is None
    found: list[Json] = client.v2.get("/audit", page_size=100, **query).json()["entries"]
    return found


WRITING = sorted({
    (route.method, route.path)
    for _, route in api.table()
    if route.method != "GET" and not (route.method == "PUT" and ("PATCH", route.path) in {
        (one.method, one.path) for _, one in api.table()
    })
})  # fmt: skip


@pytest.mark.parametrize("wanted", WRITING, ids=" ".join)
def test_every_route_that_writes_leaves_an_entry_that_names_the_key(client: Client, wanted: tuple[str, str]) -> None:
    if wanted in WITHOUT:
        return
    world = World(client)
    path, body = world.bodies()[wanted]()
    before = entries(client)[0]["number"]

    response = client.v2.send(wanted[0], path, body)

    assert response.status_code in (200, 201, 204), response.text
    new = [one for one in entries(client) if one["number"] > before]
    assert new
    assert {one["who"] for one in new} == {f"API key all ({client.key.split('_')[1]})"}
    assert {one["through"] for one in new} == {"api"}
    assert all(one["before"] or one["after"] for one in new)


def test_no_route_stands_without_need_on_the_list_of_those_without_an_entry() -> None:
    assert set(WITHOUT) <= set(WRITING)
    assert set(PAGES_WITHOUT) <= {page.path for page in PAGES if page.method == "POST"}


Fields = dict[str, str] | list[Pair]
Forms = dict[str, Callable[[], tuple[str, Fields]]]


def page_forms(ann: Visitor) -> Forms:
    """Return for each form that writes how it is sent: where to, and what."""
    world = World(ann.client)
    return rule_forms(ann, world) | people_forms(ann) | sender_forms(ann) | list_forms(world)


def rule_forms(ann: Visitor, world: World) -> Forms:
    rule, waiting = world.rule["id"], world.waiting_delivery
    a_new_one = {"name": "Another", "link": world.link["id"]}
    return {
        "/rules/new": lambda: (
            "/rules/new",
            opened(ann, "/rules/new?starter=invite-client").sent("save", **a_new_one),
        ),
        "/rules/{id}/edit": lambda: (
            f"/rules/{rule}/edit",
            opened(ann, f"/rules/{rule}/edit").sent("save", name="Another"),
        ),
        "/rules/{id}/switch": lambda: (f"/rules/{rule}/switch", {"on": "no"}),
        "/rules/{id}/undo": lambda: (f"/rules/{world.changed()}/undo", {"revision": "1"}),
        "/rules/{id}/delete": lambda: (f"/rules/{rule}/delete", {}),
        "/deliveries/{id}/retry": lambda: (f"/deliveries/{world.failed_delivery()}/retry", {}),
        "/deliveries/{id}/pause": lambda: (f"/deliveries/{waiting()}/pause", {}),
        "/deliveries/{id}/resume": lambda: (f"/deliveries/{waiting('pause')}/resume", {}),
        "/deliveries/{id}/skip": lambda: (f"/deliveries/{waiting()}/skip", {}),
        "/held/done": lambda: ("/held/done", {"ids": world.held_delivery()}),
        "/held/send": lambda: ("/held/send", {"ids": world.held_delivery()}),
    }


def give_factor(client: Client, account_id: str) -> None:
    """Give an account a second factor that is on."""
    workspace = client.app.office.workspace({"subdomain": "acme"}).id
    with client.app.store.transaction(workspace) as tx:
        tx.accounts.set_factor(account_id, Factor(box=b"box", since=NOON))


def shown(ann: Visitor) -> str:
    """Set up a second factor; return the code that its app shows."""
    page = ann.post("/settings/me/factor/set-up").text
    key = re.search(r'id="factor-key"[^>]*value="([A-Z2-7]+)"', page)
    assert key is not None
    return pyotp.TOTP(key[1]).at(int(ann.client.clock().timestamp()))


def elsewhere(ann: Visitor) -> str:
    """Sign Ann in on another browser too; return the name of that session."""
    assert Visitor(client=ann.client).sign_in().status_code == 303
    names = re.findall(r'name="session" value="(\w+)"', ann.get("/settings/me").text)
    return str(names[0])


def people_forms(ann: Visitor) -> Forms:
    an_account(ann.client, "bob@example.com", role="viewer")
    bob, me = ({"account": the_id(ann, email)} for email in ("bob@example.com", "ann@example.com"))

    def with_factor(whose: dict[str, str]) -> dict[str, str]:
        give_factor(ann.client, whose["account"])
        return whose if whose is bob else {}

    again = {"present": PASSWORD, "password": PASSWORD + " again", "repeat": PASSWORD + " again"}
    other_key = {"key": ann.client.with_key("rules:read").key.split("_")[1]}
    return {
        "/settings/me/reading": lambda: ("/settings/me/reading", {"time_zone": "Asia/Tokyo"}),
        "/settings/me/password": lambda: ("/settings/me/password", again),
        "/settings/me/sessions/end": lambda: ("/settings/me/sessions/end", {"session": elsewhere(ann)}),
        "/settings/me/sessions/end-others": lambda: ("/settings/me/sessions/end-others", {"present": elsewhere(ann)}),
        "/settings/people/add": lambda: ("/settings/people/add", {"email": "zoe@example.com", "role": "viewer"}),
        "/settings/people/link": lambda: ("/settings/people/link", bob),
        "/settings/people/role": lambda: ("/settings/people/role", bob | {"role": "admin"}),
        "/settings/people/unbind": lambda: ("/settings/people/unbind", bob),
        "/settings/people/reset-factor": lambda: ("/settings/people/reset-factor", with_factor(bob)),
        "/settings/me/factor/confirm": lambda: ("/settings/me/factor/confirm", {"code": shown(ann)}),
        "/settings/me/factor/turn-off": lambda: ("/settings/me/factor/turn-off", with_factor(me)),
        "/settings/people/remove": lambda: ("/settings/people/remove", bob),
        "/settings/keys/create": lambda: ("/settings/keys/create", {"name": "Other", "everything": "yes"}),
        "/settings/keys/revoke": lambda: ("/settings/keys/revoke", other_key),
    }


def sender_forms(ann: Visitor) -> Forms:
    own = {"name": "Other", "time_zone": "Asia/Tokyo", "locale": "ja"}
    key = {"domain": "example.com", "selector": "one", "algorithm": "ed25519"}

    def kept() -> dict[str, str]:
        _run(ann.client.app, "dkim create", {"subdomain": "acme", **key, "force": True})
        return {name: key[name] for name in ("domain", "selector")}

    def signing() -> Fields:
        _run(ann.client.app, "dkim activate", {"subdomain": "acme", **kept(), "force": True})
        return {"mail_from": "new@example.com"}

    return {
        "/settings/workspace": lambda: ("/settings/workspace", own),
        "/settings/sender/address": lambda: ("/settings/sender/address", signing()),
        "/settings/sender/key": lambda: ("/settings/sender/key", key),
        "/settings/sender/retire": lambda: ("/settings/sender/retire", kept()),
    }


def list_forms(world: World) -> Forms:
    member, link = f"/settings/members/{world.member['id']}", f"/settings/links/{world.link['id']}"
    outcome = {"outcome": world.outcome["id"]}
    mia = {"name": "Mia", "time_zone": "Asia/Tokyo"}
    a_link = {"name": "New", "slug": "new", "hosts": "new@example.com", "duration": "30"}
    return {
        "/settings/members/add": lambda: ("/settings/members/add", {"email": "new@example.com"}),
        "/settings/members/{id}/change": lambda: (f"{member}/change", mia),
        "/settings/members/{id}/remove": lambda: (f"{member}/remove", {}),
        "/settings/links/create": lambda: ("/settings/links/create", a_link),
        "/settings/links/{id}/change": lambda: (f"{link}/change", a_link),
        "/settings/links/{id}/delete": lambda: (f"{link}/delete", {}),
        "/settings/outcomes/create": lambda: ("/settings/outcomes/create", {"name": "Lost"}),
        "/settings/outcomes/delete": lambda: ("/settings/outcomes/delete", outcome),
        "/settings/recipients/set": lambda: (
            "/settings/recipients/set",
            {"address": "new@example.org", "time_zone": "Asia/Tokyo"},
        ),
        "/settings/recipients/remove": lambda: ("/settings/recipients/remove", {"address": "eve@example.net"}),
        "/settings/suppressions/add": lambda: ("/settings/suppressions/add", {"recipient": "new@example.org"}),
        "/settings/suppressions/lift": lambda: ("/settings/suppressions/lift", {"recipient": "gone@example.org"}),
        "/settings/sources/create": lambda: ("/settings/sources/create?source=cal_com", {}),
        "/settings/sources/{id}/delete": lambda: (f"/settings/sources/{world.called()[0]}/delete", {}),
        "/settings/sources/{id}/look": lambda: (f"/settings{world.looking()}", {}),
        "/settings/sources/{id}/calls/{call}/replay": lambda: (f"/settings{world.replayed()}", {}),
    }


@pytest.mark.parametrize("path", sorted({page.path for page in PAGES if page.method == "POST"}))
def test_every_form_that_writes_leaves_an_entry_that_names_the_account(client: Client, path: str) -> None:
    if path in PAGES_WITHOUT:
        return
    ann = signed_in(client)
    address, fields = page_forms(ann)[path]()
    ann.get("/overview")
    before = entries(client)[0]["number"]

    response = ann.post(address, fields) if isinstance(fields, dict) else ann.post_pairs(address, fields)

    assert response.status_code in (200, 303), response.text
    new = [one for one in entries(client) if one["number"] > before]
    assert {(one["who"], one["through"]) for one in new} == {("ann@example.com", "pages")}


def test_a_password_that_is_chosen_by_a_link_leaves_an_entry(client: Client) -> None:
    ann = signed_in(client)
    ann.get("/settings/people")
    path = a_link_for(ann, "zoe@example.com")
    before = entries(client)[0]["number"]

    assert chosen(Visitor(client=client), path) == 303

    (entry,) = [one for one in entries(client) if one["number"] > before]
    assert (entry["verb"], entry["name"]) == ("account.password_changed", "zoe@example.com")
    assert (entry["who"], entry["through"]) == ("somebody who is not signed in", "pages")


def commands(client: Client) -> dict[str, dict[str, Any]]:
    """Return with which values each command that writes is given, so that it does."""
    acme = {"subdomain": "acme"}
    email = acme | {"email": "ann@example.com", "password": PASSWORD + " again"}
    key = acme | {"domain": "example.com", "selector": "one", "algorithm": "ed25519", "force": True}
    given = {"workspace": "10/day", "recipient": None, "domain": None, "reset": False}
    return {
        "workspace create": {"subdomain": "new", "name": "", "time_zone": "Etc/UTC", "mail_from": None},
        "key create": acme | {"name": "new", "scopes": []},
        "key revoke": acme | {"id": client.key.split("_")[1]},
        "webhook secret": acme | {"url": "https://hooks.example.com/x"},
        "account create": acme | {"email": "new@example.com", "role": "viewer", "password": PASSWORD},
        "account password": email,
        "account unbind": email,
        "account reset-factor": email,
        "account delete": email,
        "dkim create": key | {"selector": "two"},
        "dkim activate": key,
        "dkim retire": key,
        "suppression add": acme | {"recipient": "new@example.org", "rule_id": "", "note": ""},
        "suppression remove": acme | {"recipient": "gone@example.org", "rule_id": ""},
        "recipient set": acme | {"address": "new@example.org", "time_zone": "Asia/Tokyo", "locale": None},
        "recipient remove": acme | {"address": "eve@example.net"},
        "workspace limits": acme | given,
        "workspace resume": acme,
        "workspace retention": acme | {"messages": 7, "bookings": None, "reset": False},
    }


EVERY_COMMAND = sorted(
    {
        *administration._COMMANDS,
        *administration_accounts.COMMANDS,
        *administration_audit.COMMANDS,
        *administration_mail.COMMANDS,
        *administration_person.COMMANDS,
        *administration_recipients.COMMANDS,
        *rule_set.COMMANDS,
        *source_commands.COMMANDS,
        *backup.COMMANDS,
    }
)


@pytest.mark.parametrize("command", [one for one in EVERY_COMMAND if one not in READS | set(COMMANDS_WITHOUT)])
def test_every_command_that_writes_leaves_an_entry(client: Client, command: str) -> None:
    world = World(client)
    an_account(client)
    source_id, call_id = world.called()
    source = {"subdomain": "acme", "id": source_id, "call_id": call_id}
    held = {"subdomain": "acme", "ids": [world.waiting_delivery()], "all": False}
    restore.quarantine(client.app.sender, taken_at=None)
    values = commands(client) | {
        "rules apply": {"subdomain": "acme", "rule_set": world.a_set()},
        "source create": {"subdomain": "acme", "source": {"source": "generic"}},
        "source delete": source,
        "source replay": source,
        "source look": {"subdomain": "acme", "id": world.looking().split("/")[2]},
        "held send": held,
        "held done": held,
        "person erase": {"subdomain": "acme", "address": "gone@example.org"},
    }
    _run(client.app, "dkim create", values["dkim retire"])
    if command == "workspace resume":
        paused(client)
    if command == "account reset-factor":
        give_factor(client, the_id(Visitor(client=client), "ann@example.com"))
    reader = client.with_key("audit:read")
    before = entries(reader)[0]["number"]

    _run(client.app, command, values[command], {**rule_set.COMMANDS, **source_commands.COMMANDS, **backup.COMMANDS})

    reader = Client(**{**vars_of(reader), "subdomain": "new"}) if command == "workspace create" else reader
    if command == "workspace create":
        key = administration.run(client.app.office, "key create", {"subdomain": "new", "name": "", "scopes": []})["key"]
        reader, before = Client(**{**vars_of(reader), "key": key}), 0
    new = [one for one in entries(reader) if one["number"] > before]
    assert {(one["who"], one["through"]) for one in new} == {("command line", "command_line")}


def vars_of(client: Client) -> dict[str, Any]:
    return {name: getattr(client, name) for name in client.__dataclass_fields__}


def paused(client: Client) -> None:
    """Count so many complaints that the workspace is paused."""
    with client.app.store.directory() as directory:
        workspace = workspaces.get(directory, client.subdomain)
    sent = Meter(kind=Fate.SENT.value, name="", window=WINDOW)
    with client.app.store.transaction(workspace.id) as tx:
        tx.usage.lock()
        tx.usage.write({sent: Buckets().and_more(600, WINDOW, NOON)})
        for _ in range(4):
            limits.count_complained(tx, now=NOON)


def test_that_the_server_pauses_a_workspace_by_itself_is_written_down(client: Client) -> None:
    World(client)
    paused(client)

    (entry,) = entries(client, what="sending")

    assert (entry["verb"], entry["who"], entry["through"]) == ("sending.paused", "the server itself", "server")
    assert "were called spam" in entry["after"]["because"]


def test_faces_and_offices_say_who_opens_a_transaction_for_writing() -> None:
    silent = []
    for path in [*SOURCE.glob("services/administration*.py"), *SOURCE.glob("web/*.py"), *SOURCE.glob("api/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr == "transaction" and "by" not in {one.arg for one in node.keywords}:  # type: ignore[attr-defined]
                silent.append(f"{path.name}:{node.lineno}")  # type: ignore[attr-defined]

    assert silent == []


# What stands in an entry


def test_a_change_is_kept_as_far_as_it_differs(client: Client) -> None:
    world = World(client)
    client.v2.post(f"/automation-rules/{world.rule['id']}/disable")
    client.v2.post(f"/automation-rules/{world.rule['id']}/disable")

    entry, *others = entries(client, what="rule.changed")

    assert others == []  # what changed nothing is no change
    assert (entry["id"], entry["name"], entry["kind"]) == (world.rule["id"], "Invitation", "rule")
    assert (entry["before"], entry["after"]) == ({"enabled": True, "revision": 1}, {"enabled": False, "revision": 2})


def test_no_secret_stands_in_the_log(client: Client) -> None:
    values = commands(client)
    secrets = [_run(client.app, "key create", values["key create"])["key"]]
    secrets += [_run(client.app, "webhook secret", values["webhook secret"])["secret"], PASSWORD]
    _run(client.app, "account create", values["account create"])
    _run(client.app, "dkim create", values["dkim create"])

    rows = "".join(str(entries(client)))

    assert all(secret not in rows for secret in secrets)
    assert "argon2" not in rows
    assert "private_key" not in rows


def test_a_long_text_is_kept_by_its_beginning(client: Client) -> None:
    client.a_link(description="word " * 500)

    (entry,) = entries(client, what="link.created")

    assert entry["after"]["description"].startswith("word word")
    assert "2499 characters, SHA-256" in entry["after"]["description"]


# Signing in


def test_signing_in_and_failing_to_are_written_down_with_where_from(client: Client) -> None:
    an_account(client)
    visitor = Visitor(client=client)
    visitor.sign_in(password="wrong horse battery")
    visitor.sign_in(email="my own secret password", password="ann@example.com")
    visitor.sign_in()

    signed, unknown, refused = entries(client, what="account")[:3]

    assert (refused["verb"], refused["who"]) == ("account.refused", "ann@example.com")
    assert (unknown["verb"], unknown["who"]) == ("account.refused", "somebody without an account")
    assert (signed["verb"], signed["who"]) == ("account.signed_in", "ann@example.com")
    assert signed["after"] == {"from": "127.0.0.1", "by": "password"}
    assert "secret" not in str(entries(client))


# Reading it


def test_the_api_filters_and_pages_the_log(client: Client) -> None:
    world = World(client)
    client.clock.advance(2 * DAY)
    client.v2.patch(f"/meetings/{world.link['id']}", {"name": "Other"})

    assert [one["verb"] for one in entries(client, day="2026-11-26")] == ["link.changed"]
    assert [one["verb"] for one in entries(client, id=world.link["id"])] == ["link.changed", "link.created"]
    assert {one["kind"] for one in entries(client, what="member")} == {"member"}
    assert {one["through"] for one in entries(client, who="command")} == {"command_line"}
    assert entries(client, who="nobody") == []
    body = client.v2.get("/audit", page_size=2, page_number=2).json()
    assert [one["number"] for one in body["entries"]] == [body["pagination"]["total_records"] - two for two in (2, 3)]
    assert wrong_fields(client.v2.get("/audit", what="rule.eaten"))["what"].startswith("use one of account, ")
    assert "day" in wrong_fields(client.v2.get("/audit", day="yesterday"))


def test_a_key_reads_the_log_only_with_the_scope_for_it(client: Client) -> None:
    assert client.with_key("audit:read").v2.get("/audit").status_code == 200
    assert "lacks the scope audit:read" in refusal(client.with_key("rules:write").v2.get("/audit"), 403)
    reader = client.with_key("audit:read")
    refusal(reader.v2.get("/automation-rules"), 403)


def test_nothing_of_another_workspace_is_in_a_log(client: Client) -> None:
    globex = client.neighbour()
    client.a_link(name="Ours alone")

    assert "Ours alone" not in str(entries(globex))
    assert entries(globex)[-1]["number"] == 1
    assert "Ours alone" not in text(signed_in(globex), "/settings/audit")


def test_the_page_shows_who_changed_what_and_keeps_the_filters_in_its_address(client: Client) -> None:
    ann = signed_in(client)
    world = World(client)
    ann.get("/overview")
    ann.post(f"/rules/{world.rule['id']}/switch", {"on": "no"})

    shown = text(ann, "/settings/audit?who=ann&what=rule.changed&day=2026-11-24")

    assert "24 Nov 2026, 13:00" in shown
    assert "ann@example.com pages rule changed Invitation revision, enabled" in shown
    assert "enabled yes no" in shown
    assert "1 to 1 of 1 entries" in shown
    assert "No entry is like that" in text(ann, "/settings/audit?day=2026-11-25")
    response = ann.get("/settings/audit?what=rule.eaten")
    assert (response.status_code, "use one of account" in response.text) == (422, True)


def test_the_page_is_for_admins(client: Client) -> None:
    assert signed_in(client, role="viewer").get("/settings/audit").status_code == 403
    assert Visitor(client=client).get("/settings/audit").status_code == 303


def test_the_log_is_saved_as_a_table_that_no_spreadsheet_runs(client: Client) -> None:
    ann = signed_in(client)
    client.a_link(name="=1+1")

    rows = list(csv.DictReader(io.StringIO(ann.get("/settings/audit.csv?what=link").content.decode("utf-8-sig"))))

    assert [(row["what"], row["name"], row["at"]) for row in rows] == [
        ("link.created", "'=1+1", NOON.isoformat(timespec="seconds"))
    ]
    assert len(rows[0]["seal"]) == 64


def test_bookings_write_nothing_into_the_log(client: Client) -> None:
    client.a_rule(client.a_link())
    before = entries(client)[0]["number"]

    client.book()
    client.drain()
    assert client.v2.post("/bookings", booking_body(slot_date="2026-11-27")).status_code == 201

    assert entries(client)[0]["number"] == before
