"""Tocsin on a port of this machine, and Chromium in front of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import axe_playwright_python
import uvicorn
from playwright.sync_api import Browser, Dialog, Page, Request, Route

from tests.builders import SettableClock
from tests.faces.client import REFUSED, Client, Json, Letterbox, an_action, an_app, on_the_line, opened
from tests.faces.visitor import PASSWORD, an_account
from tests.ports import free_port
from tests.storage.shelf import until
from tocsin import server
from tocsin.storage.store import SqlStore

CANARY = "<img src=x onerror=canary()><script>canary()</script>"
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
def served(store: SqlStore) -> Iterator[Site]:
    """Serve an application over `store` until the end of the block."""
    port = free_port()
    environment = {"TOCSIN_BASE_URL": f"http://localhost:{port}", "TOCSIN_LISTEN": f"127.0.0.1:{port}"}
    clock = SettableClock()
    app = an_app(store, clock, **environment)
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
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Sign in").click()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.site.origin)


@contextmanager
def seated(browser: Browser, site: Site, *, width: int = 1440, scheme: str = "light") -> Iterator[Seat]:
    """Give a browser with no cookies; nothing that it asks of others than the site leaves the machine."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        accept_downloads=True,
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
    client.letterbox.outcome = REFUSED
    lost = client.book(name="Bob", slot_start_time="17:00")
    client.drain()
    client.v2.patch(f"/bookings/{lost['id']}", {"status": "cancelled", "cancel_reason": words})
    log: list[Json] = client.v2.get("/deliveries").json()["deliveries"]
    sent = next(one["id"] for one in log if one["state"] == "sent")
    failed = next(one["id"] for one in log if one["state"] == "failed")
    client.clock.advance(timedelta(minutes=1))
    return {
        "overview": "/overview",
        "rules": "/rules",
        "rule": f"/rules/{rule['id']}",
        "rule, tried": f"/rules/{rule['id']}/try",
        "bookings": "/bookings",
        "booking": f"/bookings/{booking['id']}",
        "cancelled booking": f"/bookings/{lost['id']}",
        "deliveries": "/deliveries",
        "delivery": f"/deliveries/{sent}",
        "failed delivery": f"/deliveries/{failed}",
        "sign-in": "/sign-in?next=/overview",
        "home": "/",
        "docs": "/docs",
        "mailbox": "/mailbox",
        "not found": "/bookings/nothing",
    }


def axe_source() -> str:
    """Return axe-core, which looks for what people who see or move differently cannot use."""
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
