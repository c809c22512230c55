"""The pages as people meet them: what somebody writes never runs, everybody can use them, on any screen, in any light."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import NASTY, SCREENS, Seat, Site, axe_source, furnished, seated, unfold

SERIOUS = ("serious", "critical")


def test_what_people_write_never_runs_on_any_page_and_nothing_is_asked_of_others(seat: Seat) -> None:
    paths = furnished(seat.site, NASTY)
    seat.sign_in()

    shown = 0
    for path in paths.values():
        seat.go(path)
        unfold(seat.page)
        shown += seat.page.content().count("canary()")
        # Scripts of ours stand in the head; the editor of mails has an image of its own, that shows nothing.
        foreign = seat.page.locator("body").locator("img:not(.ProseMirror-separator), script, [onerror]")
        assert foreign.count() == 0
        assert "49" not in seat.page.locator("h1").all_inner_texts()

    assert shown > 20  # it stands there as text
    assert seat.complaints == []
    assert seat.elsewhere == []


def test_the_message_stands_in_a_frame_in_which_nothing_runs(seat: Seat) -> None:
    paths = furnished(seat.site, NASTY)
    seat.sign_in()
    seat.go(paths["delivery"])

    frame = seat.page.frame_locator("iframe")
    expect(frame.locator("p").first).to_contain_text("canary()")
    assert seat.page.locator("iframe").get_attribute("sandbox") == ""


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_everybody_can_use_every_page_by_day_and_by_night(
    browser: Browser, site: Site, width: int, scheme: str
) -> None:
    paths = furnished(site, "Eve Jones of the department with a Donaudampfschifffahrtsgesellschaftskapitänspatent")
    found = []
    with seated(browser, site, width=width, scheme=scheme) as seat:
        axe = axe_source()
        found += _issues(seat, "/sign-in", axe)
        seat.sign_in()
        for path in paths.values():
            found += _issues(seat, path, axe)

    assert found == []


def _issues(seat: Seat, path: str, axe: str) -> list[str]:
    seat.go(path)
    unfold(seat.page)
    expect(seat.page.locator("[aria-busy=true]")).to_have_count(0)  # what is brought up to date just now is dimmed
    seat.page.evaluate(axe)
    report = seat.page.evaluate("axe.run(document, {iframes: false, resultTypes: ['violations']})")
    assert len(report["passes"]) > 10
    found = [
        f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in report["violations"]
        if one["impact"] in SERIOUS
    ]
    if seat.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"{path}: wider than the screen")
    return found


def test_on_a_phone_the_links_fold_away_without_a_script(browser: Browser, site: Site) -> None:
    with seated(browser, site, width=360) as seat:
        seat.sign_in()
        bookings = seat.page.get_by_role("link", name="Bookings").locator("visible=true")
        expect(bookings).to_have_count(0)
        seat.page.get_by_text("Menu").click()
        bookings.click()

        assert seat.path == "/bookings"
        expect(seat.page.get_by_role("heading", name="Bookings")).to_be_visible()


def test_what_has_the_focus_is_seen(seat: Seat) -> None:
    paths = furnished(seat.site)
    seat.sign_in()
    seat.go(paths["booking"])

    outlines = []
    seat.page.keyboard.press("Tab")
    while seat.page.evaluate("document.activeElement !== document.body"):
        outlines.append(seat.page.evaluate("getComputedStyle(document.activeElement).outline"))
        seat.page.keyboard.press("Tab")

    assert len(outlines) > 15
    assert all("solid 3px" in outline for outline in outlines), outlines


def test_a_booking_is_found_moved_and_cancelled(seat: Seat) -> None:
    furnished(seat.site)
    page = seat.page
    seat.sign_in()
    page.get_by_role("link", name="Bookings").locator("visible=true").click()
    page.get_by_label("Name or address").fill("eve")
    page.get_by_label("When", exact=True).select_option("Upcoming")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Eve Jones").first.click()

    page.locator("summary", has_text="Reschedule").click()
    page.get_by_label("Date").fill("2026-11-20")
    page.get_by_label("Time", exact=True).fill("10:15")
    page.get_by_role("button", name="Reschedule").click()
    expect(page.get_by_label("Time", exact=True)).to_have_accessible_description(
        "the meeting would be over already; choose a time to come"
    )
    expect(page.get_by_label("Date")).to_have_value("2026-11-20")
    page.get_by_label("Date").fill("2026-11-27")
    page.get_by_role("button", name="Reschedule").click()
    expect(page.get_by_role("status")).to_have_text("The booking is moved. ")
    expect(page.locator(".lead")).to_contain_text("Friday, 27 November 2026 at 10:15 (Europe/Berlin, GMT+1)")

    page.locator("summary", has_text="Cancel").click()
    page.get_by_label("Reason").locator("visible=true").fill("Eve is ill")
    page.get_by_role("button", name="Cancel the booking").click()
    expect(page.locator(".lead .chip")).to_have_text("cancelled")
    expect(page.get_by_text("Eve is ill, by ann@example.com")).to_be_visible()


def test_a_failed_delivery_is_found_on_the_overview_and_retried(seat: Seat) -> None:
    furnished(seat.site)
    seat.sign_in()
    failed = seat.page.locator("#failed + ul a").first

    failed.click()
    seat.page.get_by_role("button", name="Retry").click()

    expect(seat.page.get_by_role("status")).to_contain_text("in the queue again")
    expect(seat.page.locator(".lead .chip")).to_have_text("scheduled")


def test_how_invites_were_answered_is_seen_as_a_bar(seat: Seat) -> None:
    furnished(seat.site)
    seat.sign_in()

    height = seat.page.locator("svg.bar").evaluate(
        "(bar) => { const s = getComputedStyle(bar);"
        " return bar.getBoundingClientRect().height - parseFloat(s.paddingTop) - parseFloat(s.paddingBottom); }"
    )

    assert height >= 10


def test_the_log_is_saved_as_a_file(seat: Seat) -> None:
    furnished(seat.site)
    seat.sign_in()
    seat.go("/deliveries?state=sent")

    with seat.page.expect_download() as saving:
        seat.page.get_by_role("link", name="Save as CSV").click()

    assert saving.value.suggested_filename == "deliveries.csv"
    lines = saving.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert ",sent," in lines[1]


def test_a_rule_is_tried_switched_off_and_undone(seat: Seat) -> None:
    path = furnished(seat.site)["rule"]
    seat.sign_in()
    seat.page.get_by_role("link", name="Rules").first.click()
    seat.page.get_by_role("link", name="Eve Jones", exact=True).click()

    seat.page.get_by_role("link", name="See what it would send").click()
    expect(seat.page.frame_locator("iframe").first.locator("p").first).to_contain_text("Alex Example")

    seat.go(path)
    seat.page.get_by_role("link", name="Switch off").click()
    expect(seat.page.get_by_role("heading", name="What this will do")).to_be_visible()
    seat.page.get_by_role("button", name="Switch it off").click()
    expect(seat.page.get_by_role("status")).to_contain_text("The rule is off")
    seat.page.get_by_role("link", name="Make it this again: revision 2").click()
    seat.page.get_by_role("button", name="Make it revision 2 again").click()
    expect(seat.page.get_by_role("status")).to_contain_text("again as it was")
    expect(seat.page.get_by_role("link", name="Switch off")).to_be_visible()
