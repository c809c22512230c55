"""After a real backup and restore: the page tells what is held, and what is decided there, without a script, happens."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.site import Seat, Site, seated
from tests.builders import SettableClock
from tests.faces.client import Client, Letterbox, an_action, on_the_line, opened
from tests.faces.visitor import an_account
from tests.journeys.program import Program, running, until
from tests.journeys.test_restore import elsewhere, tocsin
from tests.ports import free_port
from tocsin import bootstrap
from tocsin.settings import Settings

RECIPIENTS = ("ada@example.org", "bob@example.org", "cy@example.org")


@pytest.fixture
def backup(tmp_path: Path) -> tuple[Program, Client, Path]:
    """Give a program with three mails that were due, but not sent, when a backup of it was taken; its workspace; the backup."""
    port, file = free_port(), tmp_path / "monday.backup"
    environment = {
        "TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path}/old.db",
        "TOCSIN_LISTEN": f"127.0.0.1:{port}",
        "TOCSIN_BASE_URL": f"http://localhost:{port}",
        "TOCSIN_SMTP_URL": "capture:",
        "TOCSIN_SECRET_KEY": "s" * 64,
    }
    with closing(bootstrap.open_app(Settings.from_environment(environment))) as app, on_the_line(app) as line:
        key = opened(app, "acme")
        client = Client(app=app, clock=SettableClock(), letterbox=Letterbox(), line=line, key=key)
        an_account(client)
        client.a_rule(client.a_link(), actions=[an_action(emails=list(RECIPIENTS))])
        client.book(slot_date=f"{app.clock() + timedelta(days=30):%Y-%m-%d}")
    program = Program(environment=environment, key=key, port=port, parts=(("serve",),))
    tocsin(program, "backup", str(file))
    return program, client, file


@pytest.fixture
def restored(backup: tuple[Program, Client, Path], tmp_path: Path) -> Iterator[Program]:
    """Give the program on what was brought back from the backup elsewhere."""
    program, _, file = backup
    other = elsewhere(program, f"sqlite:///{tmp_path}/new.db")
    assert "acme: 3 held" in tocsin(other, "restore", str(file))
    with running(other):
        other.start()
        yield other


def test_somebody_decides_by_keyboard_on_a_phone_what_has_left_and_sends_the_rest(
    browser: Browser, restored: Program, backup: tuple[Program, Client, Path]
) -> None:
    site = Site(client=backup[1], port=restored.port)
    with seated(browser, site, width=360, scripts=False) as seat:
        seat.sign_in()
        expect(seat.page.locator(".warning")).to_contain_text("3 messages are held back since a restore")
        seat.page.get_by_role("link", name="Decide what has left").click()
        expect(seat.page.locator("tbody tr")).to_have_count(3)

        _box(seat.page, "ada@example.org").press("Space")
        _box(seat.page, "ada@example.org").press("Enter")  # decides nothing: it is no button
        assert restored.count("paused") == 3
        seat.page.get_by_role("button", name="It has left").press("Enter")
        expect(seat.page.get_by_role("status")).to_contain_text("It is taken as sent")
        expect(seat.page.locator("tbody tr")).to_have_count(2)

        seat.page.get_by_role("checkbox", name="All 2 that are held").press("Space")
        seat.page.get_by_role("button", name="Send it").press("Enter")
        expect(seat.page.get_by_text("Nothing is held back.")).to_be_visible()
        until(lambda: restored.count("sent") == 3)
        assert _mailbox(seat) == ["bob@example.org", "cy@example.org"]
        assert seat.elsewhere == []


def _box(page: Page, recipient: str) -> Locator:
    return page.get_by_role("checkbox", name=f"booking confirmed to {recipient}")


def _mailbox(seat: Seat) -> list[str]:
    """Return to whom the captured mailbox has a message."""
    seat.go("/mailbox")
    return sorted(seat.page.locator("[data-label='To']").all_inner_texts())
