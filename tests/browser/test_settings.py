"""Settings at a browser: set up from nothing without a script, keys that are seen once, and records that can be taken away."""

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import NASTY, SCREENS, Seat, Site, axe_source, seated
from tests.browser.test_pages import SERIOUS

PASSWORD = "seven bright mornings"


def test_somebody_sets_up_a_workspace_with_the_pages_alone(browser: Browser, site: Site) -> None:
    with seated(browser, site) as seat:
        page = seat.page
        seat.sign_in()
        page.get_by_role("link", name="Settings").locator("visible=true").click()
        page.get_by_role("link", name="Scheduling links").click()
        page.get_by_role("link", name="New link").click()
        page.get_by_label("Name").fill("First talk")
        page.get_by_label("Slug").fill("first-talk")
        page.get_by_label("Hosts").fill("oliver@example.com")
        page.get_by_role("button", name="Make the link").click()
        page.get_by_role("link", name="First talk").click()
        page.get_by_role("link", name="book it").click()
        page.get_by_label("Date").fill("2026-11-25")
        page.get_by_label("Start").fill("15:30")
        page.get_by_label("Name").fill("Eve Jones")
        page.get_by_label("Email address").fill("eve@example.net")
        page.get_by_role("button", name="Make the booking").click()

        expect(page.get_by_role("status")).to_contain_text("The booking is made.")
        expect(page.locator(".lead")).to_contain_text("First talk, Wednesday, 25 November 2026 at 15:30")


def test_a_key_is_selected_by_keyboard_and_gone_with_the_next_page(seat: Seat) -> None:
    seat.sign_in()
    seat.go("/settings/keys")
    seat.page.get_by_label("Name").fill("Scheduler")
    seat.page.get_by_label("Do everything").check()
    seat.page.get_by_role("button", name="Make the key").click()

    key = seat.page.get_by_label("Key", exact=True)
    text = key.input_value()
    key.focus()
    seat.page.keyboard.press("Control+A")
    seat.page.keyboard.type("x")
    assert key.input_value() == text  # it can be read and taken, and not changed
    assert seat.page.evaluate("document.activeElement.selectionEnd") == len(text)
    assert text not in seat.page.url
    assert seat.page.content().count(text) == 1
    seat.go("/settings/keys")
    assert text not in seat.page.content()
    expect(seat.page.get_by_role("cell", name="Scheduler")).to_be_visible()


def test_a_colleague_chooses_a_password_by_a_link_and_signs_in(browser: Browser, site: Site) -> None:
    with seated(browser, site) as seat:
        seat.sign_in()
        seat.go("/settings/people")
        seat.page.get_by_label("Email address").fill("zoe@example.com")
        seat.page.get_by_role("button", name="Add, and show").click()
        link = seat.page.locator("#password-link").input_value()
    with seated(browser, site) as zoe:
        zoe.page.goto(link)
        zoe.page.get_by_label("Password").fill(PASSWORD)
        zoe.page.get_by_label("The same again").fill(PASSWORD)
        zoe.page.get_by_role("button", name="Set the password").click()
        expect(zoe.page.get_by_role("status")).to_contain_text("Your password is set.")
        zoe.sign_in("zoe@example.com", PASSWORD)
        zoe.go("/settings/people")
        expect(zoe.page.get_by_role("button", name="Add, and show")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_somebody_sets_up_a_second_factor_and_signs_in_with_it(
    browser: Browser, site: Site, width: int, scheme: str
) -> None:
    with seated(browser, site, width=width, scheme=scheme) as seat:
        seat.sign_in()
        seat.go("/settings/me")
        seat.press("Set it up")
        key = seat.page.get_by_label("Key", exact=True).input_value()
        # All of the picture is seen: it fits into its box, which is as wide as the page lets it be.
        assert seat.page.evaluate(
            "(() => { const svg = document.querySelector('.qr svg'), box = svg.getBoundingClientRect(), whole = svg.getBBox();"
            " return Math.round(box.width - box.height) === 0 && box.right <= innerWidth"
            " && whole.width <= svg.viewBox.baseVal.width; })()"
        )
        seat.page.get_by_label("Code", exact=True).fill(pyotp.TOTP(key).at(int(site.client.clock().timestamp())))
        seat.press("Turn it on")
        codes = seat.page.get_by_label("Recovery codes", exact=True).input_value().split()
        assert _issues(seat) == []
    with seated(browser, site, width=width, scheme=scheme) as seat:
        seat.sign_in()
        expect(seat.page.get_by_label("Code")).to_be_focused()
        assert _issues(seat) == []
        seat.page.get_by_label("Code").fill(codes[0])
        seat.press("Go on")
        assert seat.path == "/overview"
        assert seat.complaints == []


def test_lifting_asks_once_more(seat: Seat) -> None:
    seat.site.client.v2.post("/suppressions", {"recipient": "bob@example.org"})
    seat.sign_in()
    seat.go("/settings/suppressions")
    lift = seat.page.get_by_role("button", name="Lift for bob@example.org")
    expect(lift).to_be_hidden()

    seat.page.locator("summary", has_text="Lift").click()
    lift.click()

    expect(seat.page.get_by_text("Nobody is on the list.")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_everybody_can_use_what_is_shown_once_and_what_was_refused(
    browser: Browser, site: Site, width: int, scheme: str
) -> None:
    site.client.a_link()
    with seated(browser, site, width=width, scheme=scheme) as seat:
        seat.sign_in()
        found = []
        for path, fields, button in (
            ("/settings/keys", {"Name": NASTY}, "Make the key"),
            ("/settings/people", {"Email address": f"z{width}{scheme}@example.com"}, "Add, and show"),
            ("/settings/links/new", {"Name": NASTY, "Slug": "a b", "Hosts": NASTY}, "Make the link"),
            (
                "/bookings/new",
                {"Name": NASTY, "Email address": "x@example.org", "Answers": NASTY, "Start": "10:00"},
                "Make",
            ),
            ("/settings/suppressions", {"Email address": "x@localhost", "Reason": NASTY}, "Add to the list"),
            ("/settings/sources/new?source=calendly", {"Name": NASTY}, "Make the source"),
            ("/settings/sources/new?source=acuity", {"User id": NASTY, "API key": "short"}, "Make the source"),
        ):
            seat.go(path)
            for label, value in fields.items():
                seat.page.get_by_label(label).fill(value)
            with seat.page.expect_navigation():
                seat.page.get_by_role("button", name=button).click()
            found += _issues(seat)

        assert found == []
        assert seat.complaints == []


def _issues(seat: Seat) -> list[str]:
    seat.page.evaluate(axe_source())
    report = seat.page.evaluate("axe.run(document, {iframes: false, resultTypes: ['violations']})")
    found = [f"{seat.path}: {one['id']}" for one in report["violations"] if one["impact"] in SERIOUS]
    if seat.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"{seat.path}: wider than the screen")
    return found
