"""Tocsin on a port of this machine, and Chromium in front of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import axe_playwright_python
import uvicorn
from playwright.sync_api import Browser, Dialog, Page, Request, Route

from tests.builders import NOON, SettableClock, a_line, a_report
from tests.faces.client import REFUSED, Client, Json, Letterbox, an_action, an_app, on_the_line, opened
from tests.faces.dry_runs import kept
from tests.faces.held import hold
from tests.faces.visitor import PASSWORD, an_account
from tests.ports import free_port
from tests.sources.senders import connected_to, first
from tests.storage.shelf import until
from tocsin import server
from tocsin.domain.delivery import State
from tocsin.domain.dry_run import Progress, RunState
from tocsin.domain.model import BookingId
from tocsin.services import administration, administration_mail
from tocsin.services.administration_mail import MailOffice
from tocsin.services.ports_openid import Provider
from tocsin.storage.store import SqlStore
from tocsin.web.navigation import ENTRIES

CANARY = "<img src=x onerror=canary()><script>canary()</script>"
# Each width and each scheme: what a width changes is where things stand, and a scheme their colours.
SCREENS = [(360, "dark"), (1440, "light")]
NASTY = f"\"'>{CANARY}{{{{7*7}}}}"


@dataclass(kw_only=True)
class Site:
    """A server with the workspace `acme`, whose API a test uses beside the pages."""

    client: Client
    port: int

    @property
    def origin(self) -> str:
        return self.origin_of(self.client.subdomain)

    def origin_of(self, subdomain: str) -> str:
        return f"http://{subdomain}.localhost:{self.port}"


@contextmanager
def served(store: SqlStore, provider: Callable[[SettableClock], Provider] | None = None) -> Iterator[Site]:
    """Serve an application over `store` until the end of the block."""
    port = free_port()
    environment = {"TOCSIN_BASE_URL": f"http://localhost:{port}", "TOCSIN_LISTEN": f"127.0.0.1:{port}"}
    clock = SettableClock()
    app = replace(an_app(store, clock, **environment), provider=provider and provider(clock))
    http = uvicorn.Server(uvicorn.Config(server.create(app), port=port, log_config=None, lifespan="on"))
    thread = threading.Thread(target=http.run)
    thread.start()
    try:
        until(lambda: http.started)
        with on_the_line(app) as line:
            client = Client(app=app, clock=clock, letterbox=Letterbox(), line=line, key=opened(app, "acme"))
            an_account(client, "ann@example.com", "admin")
            an_account(client, "vic@example.com", "viewer")
            yield Site(client=client, port=port)
    finally:
        http.should_exit = True
        thread.join()


@dataclass(kw_only=True)
class Seat:
    """Somebody at a browser of his own. What the browser asks of others than the site, and what runs, is kept."""

    site: Site
    page: Page
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> int:
        """Go to a page of the site; return its status."""
        response = self.page.goto(self.site.origin + path)
        assert response is not None
        return response.status

    def sign_in(self, email: str = "ann@example.com", password: str = PASSWORD) -> None:
        self.go("/sign-in")
        self.page.get_by_label("Email address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")

    def press(self, button: str) -> None:
        """Press the last button of that name, and wait until the next page and its scripts are there."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button).last.click()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.site.origin)


@contextmanager
def seated(
    browser: Browser, site: Site, *, width: int = 1440, scheme: str = "light", scripts: bool = True
) -> Iterator[Seat]:
    """Give a browser with no cookies; nothing that it asks of others than the site leaves the machine."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        accept_downloads=True,
        java_script_enabled=scripts,
    )
    seat = Seat(site=site, page=context.new_page())

    def asked(route: Route, request: Request) -> None:
        if request.url.startswith((site.origin_of("acme"), site.origin_of("globex"))):
            route.continue_()
        else:
            seat.elsewhere.append(request.url)
            route.abort()

    def interrupted(dialog: Dialog) -> None:
        seat.complaints.append(dialog.message)
        dialog.dismiss()

    context.route("**/*", asked)
    context.expose_function("canary", lambda: seat.complaints.append("the canary sang"))
    seat.page.on("pageerror", lambda error: seat.complaints.append(str(error)))
    seat.page.on("dialog", interrupted)
    try:
        yield seat
    finally:
        context.close()


def _furnished_settings(client: Client, link: Json, words: str) -> dict[str, str]:
    """Fill the lists of the settings; return the path of each page by its name."""
    name = words[:100]
    client.v2.post("/suppressions", {"recipient": "zoe@example.org", "note": words})
    client.v2.put("/recipients/zoe@example.org", {"time_zone": "Asia/Kathmandu", "locale": "de"})
    (member,) = client.v2.get("/team-members").json()["team_members"]
    client.v2.patch(f"/team-members/{member['id']}", {"name": name})
    client.v2.patch(f"/meetings/{link['id']}", {"spot": name, "spot_custom_text": words})
    administration.run(client.app.office, "key create", {"subdomain": "acme", "name": words, "scopes": ["rules:read"]})
    mail = MailOffice(office=client.app.office, mail_from="invites@example.com", names=client.app.names)
    for selector in ("one", "two"):
        values = {"subdomain": "acme", "domain": "", "selector": selector, "algorithm": "rsa"}
        administration_mail.run(mail, "dkim create", values)
    administration_mail.run(mail, "dkim retire", {"subdomain": "acme", "domain": "", "selector": "one"})
    lists = {f"settings: {entry.name}": entry.path for entry in ENTRIES}
    return lists | {
        "new link": "/settings/links/new",
        "link": f"/settings/links/{link['id']}",
        "member": f"/settings/members/{member['id']}",
        "checks": "/settings/sender/check",
        "new booking": "/bookings/new",
    }


def _a_source(client: Client, words: str) -> dict[str, str]:
    """Let a source report a booking, and call what cannot be understood; return the path of each page by its name."""
    other = connected_to(client, "generic", name=words[:100])
    meeting = {"slug": "reported", "name": words[:100]}  # no rule's
    written = {"data__client__name": words[:100], "data__meeting": meeting, "data__answers": {words: words}}
    told = other.tells(first("generic", **written))
    lost = other.tells({"type": words, "data": words})
    path = f"/settings/sources/{other.source['id']}"
    return {
        "source": path,
        "calls in a state": f"{path}?state=not_understood",
        "call": f"{path}/calls/{told['id']}",
        "call, not understood": f"{path}/calls/{lost['id']}",
        "new source": "/settings/sources/new?source=easy_appointments",
    }


def _dry_runs(client: Client, rule_id: str, booking_id: str, words: str) -> dict[str, str]:
    """Put dry runs into the store, one of each sort; return the path of each page by its name."""
    about = {"booking_id": BookingId(booking_id), "reason": words}
    lines = (a_line(**about), a_line(**about, is_told_anyway=True, known_since=NOON, state=State.SUPPRESSED))
    report = a_report(deliveries=3, no_longer=1, lines=lines, lost_lines=lines[:1])
    half = {"state": RunState.RUNNING, "progress": Progress(bookings=9, lived=4, parts=2)}

    def one(run_id: str, **changes: Any) -> str:
        # So that it stays under way, whatever the clock is moved by.
        seen = client.clock() + timedelta(days=9)
        return kept(client, rule_id, id=run_id, name=words, seen_at=seen, **changes)

    return {
        "dry run, waiting": one("waiting"),
        "dry run, half done": one("half", began_at=client.clock() - timedelta(minutes=1), **half),
        "dry run, done": one("done", report=report),
        "dry run, sent no more": one("lost", is_draft=True, report=report) + "?show=lost",
        "dry run, failed": one("failed", state=RunState.FAILED, ended_at=client.clock(), sentence=words),
    }


def furnished(site: Site, words: str = "Eve Jones") -> dict[str, str]:
    """Fill the workspace, with `words` wherever people write; return the path of each page by its name."""
    client = site.client
    link = client.a_link(name=words, description=words)
    client.v2.post("/meeting-outcomes", {"name": words[:80]})
    action = an_action(
        email_subject=f"{words} {{{{client.name}}}}".replace("{{7*7}}", ""),
        email_body="<p>{{client.name}} {{meeting.name}}</p>",
        calendar_invite_subject="{{client.name}} {{meeting.name}}",
        calendar_invite_body="<p>{{client.name}} {{meeting.description}}</p>",
    )
    rule = client.a_rule(link, name=words, actions=[action])
    question = {"field": "form.answer", "question": words, "operator": "is_empty"}
    client.v2.patch(f"/automation-rules/{rule['id']}", {"conditions": [question]})
    booking = client.book(name=words[:100], spot_details=words)
    client.drain()
    reminder = client.a_rule(
        link, event="before_meeting_starts", offset_minutes=60, name=f"{words} 2", actions=[action]
    )
    waiting = client.v2.get("/deliveries", state="scheduled").json()["deliveries"]
    client.v2.post(f"/deliveries/{waiting[0]['id']}/pause")
    client.letterbox.outcome = REFUSED
    lost = client.book(name="Bob", slot_start_time="17:00")
    client.drain()
    client.v2.patch(f"/bookings/{lost['id']}", {"status": "cancelled", "cancel_reason": words})
    log: list[Json] = client.v2.get("/deliveries").json()["deliveries"]
    sent = next(one["id"] for one in log if one["state"] == "sent")
    failed = next(one["id"] for one in log if one["state"] == "failed")
    client.book(name=words[:100], slot_start_time="12:00", spot_details=words)
    hold(client)
    client.clock.advance(timedelta(minutes=1))
    held = client.v2.get("/held-deliveries").json()["deliveries"]
    return (
        _furnished_settings(client, link, words)
        | _a_source(client, words)
        | {
            "overview": "/overview",
            "rules": "/rules",
            "rule": f"/rules/{rule['id']}",
            "new rule": "/rules/new?starter=remind",
            "rule, edited": f"/rules/{rule['id']}/edit",
            "rule, tried": f"/rules/{rule['id']}/try",
            "rule, on the past": f"/rules/{rule['id']}/dry-run",
            **_dry_runs(client, rule["id"], booking["id"], words),
            "bookings": "/bookings",
            "booking": f"/bookings/{booking['id']}",
            "cancelled booking": f"/bookings/{lost['id']}",
            "planned": "/planned",
            "planned day": "/planned?month=2026-11&day=2026-11-25",
            "nothing planned": "/planned?month=2027-01",
            "waiting delivery": f"/deliveries/{waiting[0]['id']}",
            "rule, switched": f"/rules/{reminder['id']}/switch?on=no",
            "rule, deleted": f"/rules/{rule['id']}/delete",
            "deliveries": "/deliveries",
            "delivery": f"/deliveries/{sent}",
            "failed delivery": f"/deliveries/{failed}",
            "held back": "/held",
            "held back, of a booking": f"/held?booking={held[0]['booking_id']}",
            "held delivery": f"/deliveries/{held[0]['id']}",
            "sign-in": "/sign-in?next=/overview",
            "audit log": "/settings/audit",
            "how somebody reads": "/settings/me",
            "home": "/",
            "docs": "/docs",
            "mailbox": "/mailbox",
            "not found": "/bookings/nothing",
        }
    )


def unfold(page: Page) -> None:
    """Open all that is folded, also what is folded inside of that."""
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")


def axe_source() -> str:
    """Return axe-core, which looks for what people who see or move differently cannot use."""
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
