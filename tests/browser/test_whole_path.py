"""All of it in a browser, as somebody who begins would do it: from a rule that is written to an invite that has come."""

from playwright.sync_api import Page, expect

from tests.browser.site import Seat
from tests.browser.workshop import need_scripts
from tests.faces.client import ACCEPTED, REFUSED


def test_from_a_rule_to_an_invite_that_is_explained_retried_changed_and_undone(seat: Seat) -> None:
    need_scripts()
    seat.site.client.a_link()
    seat.site.client.a_link(slug="demo", name="Demonstration")
    seat.sign_in()

    _write_a_rule(seat.page)
    _book(seat.page)
    _be_refused_at_first(seat)
    _see_the_invite_and_why(seat)
    _change_it_and_undo_that(seat.page)


def _write_a_rule(page: Page) -> None:
    page.get_by_role("link", name="Rules").locator("visible=true").click()
    page.get_by_role("link", name="write the first").click()
    page.get_by_role("link", name="Invite the client when").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("It is shown here once the rule can be read")
    page.get_by_label("Introduction").check()
    expect(preview.locator(".day .what")).to_be_visible()

    title = page.get_by_label("Title of the calendar entry", exact=True)
    title.fill("Tea with ")
    page.get_by_role("button", name="Insert variable: Title of the calendar entry").click()
    page.get_by_role("menuitem", name="client.first_name").click()
    expect(title).to_have_value("Tea with {{client.first_name}}")
    expect(preview.locator(".day .what")).to_have_text("Tea with Alex")

    mail = page.get_by_role("textbox", name="Mail", exact=True)
    mail.press("Control+A")
    page.keyboard.type("Bring a cup, ")
    page.get_by_role("toolbar", name="Format: Mail").get_by_role("button", name="Insert variable").click()
    page.get_by_role("menuitem", name="client.first_name").click()
    expect(mail.locator(".variable")).to_contain_text("client.first_name")
    expect(preview.frame_locator("iframe").first.locator("body")).to_contain_text("Bring a cup, Alex")

    recipients = page.get_by_role("group", name="Action 1").get_by_label("to", exact=True)
    recipients.press_sequentially("team@agency.example,")
    expect(page.get_by_role("button", name="Remove team@agency.example")).to_be_visible()
    expect(preview.locator(".letter")).to_have_count(2)
    expect(preview.locator(".letter > summary").last).to_contain_text("team@agency.example")
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_role("status")).to_contain_text("The rule is saved")


def _book(page: Page) -> None:
    page.get_by_role("link", name="Bookings").locator("visible=true").click()
    page.get_by_role("link", name="New booking").click()
    page.get_by_label("Link").select_option("intro")
    page.get_by_label("Date").fill("2026-11-25")
    page.get_by_label("Start").fill("15:30")
    page.get_by_label("Name").fill("Eve Jones")
    page.get_by_label("Email address").fill("eve@example.net")
    page.get_by_role("button", name="Make the booking").click()
    expect(page.get_by_role("status")).to_contain_text("The booking is made.")


def _be_refused_at_first(seat: Seat) -> None:
    client, page = seat.site.client, seat.page
    client.letterbox.outcome = REFUSED
    client.drain()
    page.reload()
    page.locator(".timeline .delivery", has_text="team@agency.example").get_by_role("link").click()
    expect(page.locator(".warning")).to_contain_text("nobody of that name")
    client.letterbox.outcome = ACCEPTED
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("status")).to_contain_text("in the queue again")
    client.drain()
    page.reload()
    expect(page.locator(".lead .chip")).to_have_text("sent")


def _see_the_invite_and_why(seat: Seat) -> None:
    page = seat.page
    page.get_by_role("link", name="Eve Jones").click()
    timeline = page.locator(".timeline")
    expect(timeline.locator(".delivery", has_text="team@agency.example")).to_contain_text("sent")
    expect(timeline.locator(".delivery", has_text="eve@example.net")).to_contain_text("nobody of that name")
    page.locator("summary", has_text="Invite the client").click()
    expect(page.locator(".clauses .yes:visible").first).to_have_text("yes")
    expect(page.locator(".clauses .no")).to_have_count(0)

    page.get_by_role("link", name="Mailbox").locator("visible=true").click()
    expect(page.get_by_role("row", name="team@agency.example")).to_contain_text("REQUEST")
    page.get_by_role("row", name="team@agency.example").get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("Tea with Eve")
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("Bring a cup, Eve")


def _change_it_and_undo_that(page: Page) -> None:
    page.get_by_role("link", name="Rules").locator("visible=true").click()
    page.get_by_role("link", name="Invite the client").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Remove team@agency.example").click()
    expect(page.locator("#preview .letter")).to_have_count(1)
    page.get_by_role("button", name="Save the change").click()
    expect(page.locator(".entry")).not_to_contain_text("team@agency.example")

    page.get_by_role("link", name="Make it this again: revision 1").click()
    page.get_by_role("button", name="Make it revision 1 again").click()
    expect(page.locator(".entry")).to_contain_text("team@agency.example")
