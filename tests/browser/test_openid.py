"""Signing in by a sign-in service in a real browser: cookies, policies and redirects between two origins."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import Seat, seated, served
from tests.openid_server import CLIENT_ID, CLIENT_SECRET, Manner, OpenIdServer
from tocsin.calls.provider import OpenIdProvider
from tocsin.services.ports import Clock
from tocsin.storage.store import SqlStore


@pytest.fixture
def servers() -> Iterator[list[OpenIdServer]]:
    """Give the place of a provider, which is stopped at the end."""
    found: list[OpenIdServer] = []
    yield found
    for server in found:
        server.stop()


@pytest.fixture
def seat(browser: Browser, sqlite_store: SqlStore, servers: list[OpenIdServer]) -> Iterator[Seat]:
    """Give somebody at a browser, in front of a site with a provider that is on another origin."""

    def provider(clock: Clock) -> OpenIdProvider:
        server = OpenIdServer(clock)
        servers.append(server.__enter__())
        return OpenIdProvider(issuer=server.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, clock=clock)

    with served(sqlite_store, provider) as site, seated(browser, site) as seat:
        seat.page.context.route(f"{servers[0].issuer}/**", lambda route: route.continue_())
        yield seat
        assert (seat.complaints, seat.elsewhere) == ([], [])


def test_somebody_signs_in_by_the_service_and_comes_to_the_page_that_was_wanted(seat: Seat) -> None:
    seat.go("/bookings?when=upcoming")
    seat.page.get_by_role("link", name="Sign in with your organisation").click()

    expect(seat.page.get_by_role("heading", name="Bookings")).to_be_visible()
    assert seat.path == "/bookings?when=upcoming"
    assert [cookie["name"] for cookie in seat.page.context.cookies()] == ["__Host-tocsin"]
    seat.page.get_by_role("button", name="Sign out").click()
    expect(seat.page.get_by_role("status")).to_have_text("You are signed out.")


def test_somebody_without_an_account_reads_why_he_stays_outside(seat: Seat, servers: list[OpenIdServer]) -> None:
    servers[0].manner = Manner(email="eve@example.net")
    seat.go("/sign-in")
    seat.page.get_by_role("link", name="Sign in with your organisation").click()

    expect(seat.page.get_by_role("heading", name="Not allowed")).to_be_visible()
    expect(seat.page.get_by_text("there is no account of eve@example.net in Acme")).to_be_visible()
    seat.page.get_by_role("link", name="To the page to sign in").click()
    assert seat.path == "/sign-in"


def test_a_link_on_somebody_elses_page_signs_nobody_in(seat: Seat, servers: list[OpenIdServer]) -> None:
    there = f"{seat.site.origin}/sign-in/openid"
    servers[0].manner = Manner(raw=f"<a href='{there}'>go</a>".encode(), content_type="text/html")
    seat.page.goto(f"{servers[0].issuer}/page")
    seat.page.get_by_role("link", name="go").click()

    expect(seat.page.get_by_role("heading", name="Sign in to Acme")).to_be_visible()
    assert seat.page.context.cookies() == []
