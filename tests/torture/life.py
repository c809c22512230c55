"""One life of the real program with planted secrets: it is set up, used, misused and broken, and all that it says is kept."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from tests.faces.client import an_action, booking_body, made, rule_body
from tests.faces.running import Program
from tests.faces.shell import Shell
from tests.faces.visitor import Visitor
from tests.ports import free_port
from tests.smtp_server import OK, Sink
from tests.sources.senders import EASY_URL, KINDS
from tests.storage.shelf import until
from tests.torture.canaries import Planted, canary
from tocsin.api import app as api
from tocsin.bootstrap import open_app
from tocsin.formats.dkim import to_pem
from tocsin.services.dkim import _signing_key
from tocsin.settings import Settings
from tocsin.web.views import PAGES


@dataclass(kw_only=True)
class Run:
    """One life of the program, and all that it said."""

    sink: Sink
    line: httpx.Client
    program: Program
    shell: Shell
    monkeypatch: pytest.MonkeyPatch
    port: int = field(default_factory=free_port)
    metrics: int = field(default_factory=free_port)
    planted: Planted = field(default_factory=Planted)
    said: dict[str, str | bytes] = field(default_factory=dict)
    key: str = ""

    def command(self, *words: str, shows: bool = False, environment: Mapping[str, str] | None = None) -> str:
        """Run a command and keep what it says; `shows`: it prints a secret, this once."""
        with self.monkeypatch.context() as patched:
            for name, value in {**self.program.environment, **(environment or {})}.items():
                patched.setenv(name, value)
            _, output, errors = self.shell(*words)
        self.said[f"errors of {' '.join(words)} {len(self.said)}"] = errors
        if not shows:
            self.said[f"output of {' '.join(words)} {len(self.said)}"] = output
        return output

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        shows: bool = False,
    ) -> httpx.Response:
        """Ask the API and keep the answer; `shows`: it shows a secret, this once."""
        named = {"Host": f"localhost:{self.port}", "X-Api-Key": self.key, "Content-Type": "application/json"}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = named | dict(headers or {})
        response = self._http(method, f"/api/external/v2{path}", headers=sent, content=content, params=query)
        if not shows:
            self.said[f"{method} {path} {len(self.said)}"] = response.text + str(response.headers)
        return response

    def call(self, method: str, url: str, content: bytes | None, headers: list[tuple[str, str]]) -> httpx.Response:
        """Ask for a page, as a `Line` does for a visitor."""
        response = self._http(method, url, content=content, headers=headers)
        # Whoever makes a link for somebody sees it once, and whoever mistypes an address sees what he typed.
        is_shown_once = (method, url) == ("POST", "/settings/people/add")
        text = response.text.replace(self.planted.secrets["a password typed as an address"], "")
        self.said[f"page {method} {url} {len(self.said)}"] = "" if is_shown_once else text
        return response

    def _http(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.line.request(method, f"http://127.0.0.1:{self.port}{path}", **more)

    def visitor(self) -> Visitor:
        return Visitor(client=cast("Any", SimpleNamespace(host=f"localhost:{self.port}", line=self)))


def settle(run: Run, database_url: str, log: str) -> None:
    """Set the program; some of the secrets stand in files, as operators are told."""
    run.program.environment.update(_environment(run, run.program.folder, database_url, log))


def _environment(run: Run, folder: Path, database_url: str, log: str) -> dict[str, str]:
    secrets = run.planted.secrets
    (folder / "secret").write_text(secrets["the server's secret"])
    (folder / "oidc").write_text(secrets["secret at the sign-in service"] + "\n")
    return {
        "TOCSIN_DATABASE_URL": database_url,
        "TOCSIN_LISTEN": f"127.0.0.1:{run.port}",
        "TOCSIN_BASE_URL": f"http://localhost:{run.port}",
        "TOCSIN_SMTP_URL": f"smtp://relay:{secrets['password at the relay']}@127.0.0.1:{run.sink.port}?tls=none",
        "TOCSIN_MAIL_FROM": "invites@tocsin.example",
        "TOCSIN_SECRET_KEY_FILE": str(folder / "secret"),
        "TOCSIN_LOG": log,
        "TOCSIN_METRICS_LISTEN": f"127.0.0.1:{run.metrics}",
        "TOCSIN_METRICS_TOKEN": secrets["token of the metrics"],
        "TOCSIN_INBOUND": f"imaps://box:{secrets['password at the mailbox']}@127.0.0.1:{free_port()}/INBOX?every=5",
        "TOCSIN_OIDC_ISSUER": f"http://127.0.0.1:{free_port()}",
        "TOCSIN_OIDC_CLIENT_ID": "tocsin",
        "TOCSIN_OIDC_CLIENT_SECRET_FILE": str(folder / "oidc"),
        "TOCSIN_LEASE_S": "2",
    }


def set_up(run: Run) -> None:
    """Make a workspace with all that has a secret."""
    secrets = run.planted.secrets
    run.command("migrate")
    run.command("workspace", "create", "acme", "--mail-from", "invites@acme.example")
    for name in ("an API key that is revoked", "an API key"):
        run.key = run.command("key", "create", "acme", shows=True).strip()
        secrets[name] = run.key.rpartition("_")[2]
    for who in ("ann", "bob"):
        (run.program.folder / "password").write_text(secrets[f"{who}'s password"] + "\n")
        run.command("account", "create", "acme", f"{who}@acme.example", "--password-file", "password")
    for selector, algorithm in (("one", "rsa"), ("two", "ed25519")):
        run.command("dkim", "create", "acme", "--selector", selector, "--algorithm", algorithm)
    hook = "https://hooks.example.com/x"
    secrets["secret of a webhook"] = run.command("webhook", "secret", "acme", hook, shows=True).strip()
    for kind in KINDS:
        connect(run, kind)


def connect(run: Run, kind: str) -> None:
    """Make a source whose secrets were chosen on the other side."""
    secrets, folder = run.planted.secrets, run.program.folder
    name = f"secret of {kind}"
    if kind == "generic":  # whose secrets are 24 octets and more in base64
        secrets[name] = base64.b64encode(secrets[name][:33].encode()).decode()
    (folder / "secret of it").write_text(("whsec_" if kind == "generic" else "") + secrets[name])
    (folder / "token of it").write_text(secrets["token for the API of Easy!Appointments"])
    more = {
        "easy_appointments": ["--api-url", EASY_URL, "--api-token-file", "token of it"],
        "acuity": ["--user-id", "4711"],
    }
    assert "http" in run.command("source", "create", "acme", kind, "--secret-file", "secret of it", *more.get(kind, []))


def use(run: Run) -> None:
    """Let people book and be written to; the relay says back what it was told, and takes nothing at first."""
    people, relay = run.planted.people, run.planted.secrets["password at the relay"]
    refused = f"{people['address that the relay refuses']}@example.org"
    run.sink.on_rcpt = lambda asked: f"550 5.1.1 nobody is {asked}" if refused in asked else "250 2.1.5 ok"
    first = iter([f"451 4.7.1 {relay} {base64.b64encode(relay.encode()).decode()} later"])
    run.sink.on_mail = lambda _: next(first, OK)
    link = run.ask("POST", "/meetings", {"slug": "intro", "name": "I", "hosts": ["max@acme.example"], "duration": 30})
    emails = [f"{people['address of the recipient']}@example.org", "{{client.email}}", refused]
    hook = {"type": "call_webhook", "url": "https://hooks.example.com/x"}
    for action in (an_action(emails=emails), hook):
        rule = rule_body(link.json()["meeting"]["id"], actions=[action])
        made(run.ask("POST", "/automation-rules/full", rule))
    run.ask("POST", "/suppressions", {"recipient": f"{people['address that is suppressed']}@example.org"})
    run.ask("PUT", f"/recipients/{people['address of the reader']}@example.org", {"time_zone": "Asia/Tokyo"})
    renewed = run.ask("POST", "/webhook-secrets", {"url": "https://hooks.example.com/y"}, shows=True)
    run.planted.secrets["secret of a webhook, by the API"] = renewed.json()["webhook_secret"]["secret"]
    book(run)


def book(run: Run) -> None:
    """Let a client book, and cancel once everybody was written to."""
    people, day = run.planted.people, datetime.now(UTC) + timedelta(days=20)  # noqa: TID251  the real program's
    body = booking_body(
        name=people["name of the client"],
        email=f"{people['address of the client']}@example.net",
        slot_date=f"{day:%Y-%m-%d}",
        spot_details=people["phone of the client"],
        form_responses={"q": people["answer of the client"], "guests": f"{people['address of the guest']}@example.org"},
    )
    booking = run.ask("POST", "/bookings", body).json()["booking"]
    until(lambda: not re.search(r'"(?:scheduled|sending)"', run.ask("GET", "/deliveries").text))
    cancelled = {"status": "cancelled", "cancel_reason": people["reason of a cancellation"]}
    assert run.ask("PATCH", f"/bookings/{booking['id']}", cancelled).status_code == 200


def look_around(run: Run) -> None:
    """Read everything that the API and the pages show, and what the operator's commands do."""
    ids = {
        noun: [one["id"] for one in run.ask("GET", f"/{noun}").json()[name]]
        for noun, name in (("bookings", "bookings"), ("deliveries", "deliveries"), ("sources", "sources"))
    }
    for version, route in api.table():
        noun = route.path.split("/")[1]
        if route.method == "GET" and version.number == 2 and ("{" not in route.path or noun in ids):
            for one in ids.get(noun, [""])[:5]:
                run.ask("GET", route.path.replace("{id}", one).replace("{call_id}", one), query={"booking_id": one})
    for words in LOOKS:
        run.command(*words.split())
    headers = {"Authorization": f"Bearer {run.planted.secrets['token of the metrics']}"}
    for sent in (headers, {}):
        answer = run.line.get(f"http://127.0.0.1:{run.metrics}/metrics", headers=sent)
        run.said[f"metrics, asked with {len(sent)} headers"] = answer.text


LOOKS = (
    "doctor",
    "doctor --json",
    "workspace list",
    "workspace show acme",
    "key list acme",
    "account list acme",
    "dkim list acme",
    "source list acme",
    "rules list acme",
    "audit list acme",
    "audit export acme",
    "audit verify acme",
)


def visit(run: Run) -> None:
    """Sign in to the pages and out again, rightly and wrongly, and look at each page."""
    secrets = run.planted.secrets
    ann, bob = run.visitor(), run.visitor()
    ann.sign_in("ann@acme.example", secrets["a password that is wrong"])
    ann.sign_in(secrets["a password typed as an address"], "x")
    assert bob.sign_in("bob@acme.example", secrets["bob's password"]).status_code == 303
    assert ann.sign_in("ann@acme.example", secrets["ann's password"]).status_code == 303
    secrets |= {"ann's session": ann.cookie, "bob's session": bob.cookie}
    for page in PAGES:
        if page.method == "GET" and "{" not in page.path and page.role is not None:
            ann.get(page.path)
    ann.get("/settings/me")
    new = secrets["ann's new password"]
    ann.post("/settings/me/password", {"present": secrets["ann's password"], "password": new, "repeat": new})
    secrets["ann's next session"] = ann.cookie
    ann.get("/settings/people")
    shown = ann.post("/settings/people/add", {"email": "vic@acme.example", "role": "viewer"}).text
    (secrets["link to choose a password"],) = re.findall(r"/password/([0-9a-f.-]+)", shown)[:1]
    ann.get("/settings/sources/new?source=cal_com")
    ann.post(
        "/settings/sources/create?source=cal_com",
        {"secret": secrets["a secret in a form that is refused"], "header": "a b"},
    )


def misuse(run: Run) -> None:
    """Send secrets to where they do not belong."""
    secrets, host = run.planted.secrets, f"localhost:{run.port}"
    basic = base64.b64encode(f"ann:{secrets['a basic password']}".encode()).decode()
    for headers in (
        {"X-Api-Key": f"tocsin_0123456789ab_{secrets['a key that opens nothing']}"},
        {"X-Api-Key": run.key, "Authorization": f"Bearer {secrets['a bearer']}"},
        {"X-Api-Key": "", "Authorization": f"Basic {basic}"},
        {"Cookie": f"__Host-tocsin={secrets['a cookie of somebody else']}"},
    ):
        run.ask("GET", "/bookings", headers=headers)
    run.ask("GET", "/bookings", query={"api_key": secrets["a key in the query"]})
    run.ask("POST", "/bookings", b'{"name": "' + secrets["a secret in a broken body"].encode())
    run.ask("POST", "/automation-rules", {"event": "x", "secret": secrets["a secret in an unknown field"]})
    wrong = [("Host", host), ("X-Cal-Signature-256", secrets["a proof that is wrong"])]
    run.call("POST", "/in/" + "a" * 52, b"{}", wrong)


def start_wrongly(run: Run, *, waits: bool) -> None:
    """Start with settings that cannot be, each with a secret in it; `waits`: also with such as take their time to fail."""
    secrets = run.planted.secrets
    relay, database, box = (secrets[f"password in a broken {what} URL"] for what in ("relay", "database", "mailbox"))
    for environment in (
        {"TOCSIN_SMTP_URL": f"smtp://relay:{relay}@127.0.0.1:x/"},
        {"TOCSIN_SMTP_URL": f"smtq://relay:{relay}@relay.example"},
        {"TOCSIN_SMTP_URL": f"smtp://relay:{relay}@relay.example?tls=never"},
        {"TOCSIN_DATABASE_URL": f"postgres//tocsin:{database}@127.0.0.1/x"},
        {"TOCSIN_INBOUND": f"imapx://box:{box}@127.0.0.1:993/INBOX"},
        {"TOCSIN_INBOUND": f"imaps://box:{box}@127.0.0.1:port/INBOX"},
        {"TOCSIN_SECRET_KEY_FILE": "", "TOCSIN_SECRET_KEY": secrets["the server's secret"][:31]},
        {"TOCSIN_METRICS_TOKEN": secrets["token of the metrics"][:31]},
        {"TOCSIN_OIDC_ISSUER": "", "TOCSIN_OIDC_CLIENT_SECRET_FILE": "",
         "TOCSIN_OIDC_CLIENT_SECRET": secrets["a secret for a sign-in service that is not named"]},
    ):  # fmt: skip
        for command in ("migrate", "doctor"):
            run.command(command, environment=environment)
    if not waits:
        return
    for port in (str(free_port()), "port"):
        away = {"TOCSIN_DATABASE_URL": f"postgresql://tocsin:{database}@127.0.0.1:{port}/x"}
        run.command("migrate", environment=away)
    other = {"TOCSIN_API_KEY": secrets["a key for the API of another"]}
    run.command("rules", "export", "--url", f"http://127.0.0.1:{free_port()}", environment=other)


def dkim_keys(run: Run) -> dict[str, str]:
    """Return what nobody is ever shown: a line of each private key."""
    found = {}
    with closing(open_app(Settings.from_environment(run.program.environment))) as app:
        with app.store.directory() as directory:
            workspace = directory.by_subdomain("acme")
        assert workspace is not None
        with app.store.reading(workspace.id) as tx:
            for key in tx.dkim_keys.all():
                opened = _signing_key(workspace.id, key, app.pepper)
                assert opened is not None
                found[f"DKIM key {key.selector}"] = to_pem(opened).decode().strip().splitlines()[-2][-40:]
    return found


def erase(run: Run) -> dict[str, str]:
    """Erase persons; return what nothing may hold any more."""
    for who in ("address of the client", "address that is suppressed", "address of the reader"):
        host = "example.net" if "client" in who else "example.org"
        run.command("person", "erase", "acme", f"{run.planted.people[who]}@{host}", "--yes")
    return {
        name: value for name, value in run.planted.people.items() if "recipient" not in name and "refuses" not in name
    }


def break_down(run: Run, take_away: Callable[[str], None]) -> None:
    """Take a table away below the running program and put nonsense into another, so that all faces fail unforeseen."""
    take_away("ALTER TABLE recipients RENAME TO gone_recipients")
    again = booking_body(name="Somebody else", email=f"{canary('another client')}@example.net")
    run.ask("POST", "/bookings", again | {"slot_date": f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"})  # noqa: TID251
    take_away("UPDATE bookings SET status = 'nonsense'")
    for path in ("/recipients", "/bookings"):
        run.ask("GET", path)
