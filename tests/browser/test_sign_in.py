"""Signing in and out in a real browser, which alone decides about cookies, origins and policies."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import Seat, Site, seated
from tests.faces.visitor import COOKIE


def test_somebody_signs_in_looks_and_signs_out_by_keyboard_alone(seat: Seat) -> None:
    seat.go("/bookings?when=upcoming")
    assert seat.path == "/sign-in?next=/bookings%3Fwhen%3Dupcoming"
    keyboard = seat.page.keyboard
    seat.page.get_by_label("Email address").focus()
    keyboard.type("ann@example.com")
    keyboard.press("Tab")
    keyboard.type("correct horse battery")
    keyboard.press("Enter")

    expect(seat.page.get_by_role("heading", name="Bookings")).to_be_visible()
    assert seat.path == "/bookings?when=upcoming"
    keyboard.press("Tab")
    expect(seat.page.get_by_role("link", name="Skip to content")).to_be_focused()
    keyboard.press("Enter")
    expect(seat.page.locator("main")).to_be_focused()
    seat.page.get_by_role("button", name="Sign out").focus()
    keyboard.press("Enter")
    expect(seat.page.get_by_role("status")).to_have_text("You are signed out.")
    seat.go("/overview")
    assert seat.path == "/sign-in?next=/overview"


def test_a_wrong_password_is_told_and_begins_nothing(seat: Seat) -> None:
    seat.sign_in(password="not the password")

    expect(seat.page.get_by_label("Password")).to_have_accessible_description(
        "the address or the password is not right"
    )
    assert seat.page.context.cookies() == []


def test_a_password_is_masked_and_may_be_pasted(seat: Seat) -> None:
    seat.go("/sign-in")
    field = seat.page.get_by_label("Password")
    paste = "field => field.dispatchEvent(new ClipboardEvent('paste', {bubbles: true, cancelable: true}))"

    assert field.get_attribute("type") == "password"
    assert field.evaluate(paste)  # nobody has prevented it


def test_the_browser_keeps_the_cookie_for_this_host_and_from_scripts(seat: Seat) -> None:
    seat.sign_in()

    (cookie,) = seat.page.context.cookies()
    assert cookie["name"] == COOKIE
    assert cookie["domain"] == "acme.localhost"
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert seat.page.evaluate("document.cookie") == ""


def test_a_session_that_has_run_out_leads_back_to_the_page(seat: Seat) -> None:
    seat.sign_in()
    seat.site.client.clock.advance(timedelta(hours=8))

    seat.go("/deliveries?state=sent")

    assert seat.path == "/sign-in?next=/deliveries%3Fstate%3Dsent"


def test_a_session_of_one_workspace_is_none_in_another(seat: Seat) -> None:
    seat.site.client.neighbour("globex")
    seat.sign_in()
    globex = seat.site.origin_of("globex")

    seat.page.goto(f"{globex}/overview")

    assert seat.page.url == f"{globex}/sign-in?next=/overview"
    assert seat.go("/overview") == 200
    assert seat.path == "/overview"


def test_a_viewer_who_sends_a_form_anyway_is_refused(seat: Seat) -> None:
    seat.site.client.a_link()
    booking = seat.site.client.book()
    seat.sign_in("vic@example.com")
    seat.go(f"/bookings/{booking['id']}")
    expect(seat.page.get_by_text("What you can do")).to_have_count(0)

    seat.page.evaluate(
        """path => { const form = document.querySelector("form[action='/sign-out']"); form.action = path; form.submit() }""",
        f"/bookings/{booking['id']}/cancel",
    )

    expect(seat.page.get_by_role("heading", name="Not allowed")).to_be_visible()
    assert seat.site.client.v2.get(f"/bookings/{booking['id']}").json()["booking"]["status"] == "confirmed"


@pytest.mark.parametrize("subdomain", ["globex", "evil"])
def test_a_form_on_another_page_changes_nothing(browser: Browser, site: Site, subdomain: str) -> None:
    client = site.client
    client.neighbour("globex")
    client.a_link()
    booking = client.book()
    page = f"""<form method="post" action="{site.origin}/bookings/{booking["id"]}/cancel">
        <input name="_token" value="0"><button>Win</button></form>"""
    with seated(browser, site) as seat:
        seat.sign_in()
        trap = f"http://{subdomain}.localhost:{site.port}/trap"
        seat.page.context.route(trap, lambda route: route.fulfill(content_type="text/html", body=page))
        seat.page.goto(trap)
        with seat.page.expect_response(lambda response: response.request.method == "POST") as sending:
            seat.page.get_by_role("button", name="Win").click()

        # Sub-domains of localhost are sites of their own, so the cookie stays at home, and the form is nobody's.
        assert sending.value.request.url.endswith("/cancel")
        assert COOKIE not in sending.value.request.all_headers().get("cookie", "")
        assert sending.value.headers["location"] == "/sign-in"
        expect(seat.page.get_by_role("heading", name="Overview")).to_be_visible()
    assert client.v2.get(f"/bookings/{booking['id']}").json()["booking"]["status"] == "confirmed"


def test_no_other_page_can_frame_ours(seat: Seat) -> None:
    seat.sign_in()
    # A page without a policy of its own, on another host.
    seat.page.goto(f"{seat.site.origin_of('globex')}/healthz")
    load = """address => new Promise(done => { const frame = document.createElement('iframe');
        frame.onload = done; frame.src = address; document.body.append(frame) })"""

    for path in ("/sign-in", "/overview"):
        seat.page.evaluate(load, seat.site.origin + path)
    contents = [frame.content() for frame in seat.page.frames[1:]]

    assert len(contents) == 2
    assert not any("Sign in" in content for content in contents)


def test_a_script_put_into_a_page_does_not_run(seat: Seat) -> None:
    seat.sign_in()

    seat.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=canary()>')")
    seat.page.evaluate(
        "const one = document.createElement('script'); one.textContent = 'canary()'; document.body.append(one)"
    )
    seat.page.evaluate("document.querySelector('h1').setAttribute('onclick', 'canary()')")
    seat.page.locator("h1").click()

    assert seat.complaints == []
