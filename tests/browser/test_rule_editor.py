"""The editor of rules in a real browser: without a script, on any screen, and whatever somebody types."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import CANARY, SCREENS, Seat, Site, axe_source, furnished, seated
from tests.browser.test_pages import SERIOUS

# The editor of mails ends a line that a chip ends with an image of its own, that shows nothing.
FOREIGN = "img:not(.ProseMirror-separator), script, [onerror]"


def test_a_rule_is_written_without_a_script_and_seen_before_it_is_saved(browser: Browser, site: Site) -> None:
    client = site.client
    client.a_link()
    client.a_link(slug="demo", name="Demonstration")
    with seated(browser, site, scripts=False) as seat:
        page = seat.page
        seat.sign_in()
        page.get_by_role("link", name="write the first").click()
        page.get_by_role("link", name="Invite the client when").click()
        page.get_by_label("Introduction").check()
        page.get_by_label("Title of the calendar entry").fill("Tea with {{client.nmae}}")
        page.get_by_label("Name of the rule").press("Enter")
        expect(page.locator("#preview")).to_contain_text("did you mean {{client.name}}?")
        page.get_by_role("button", name="Save the rule").click()
        expect(page.get_by_role("alert")).to_be_focused()
        page.get_by_role("alert").get_by_role("link", name="Action 1, title of the calendar entry").click()
        title = page.get_by_label("Title of the calendar entry")
        expect(title).to_have_accessible_description("unknown variable {{client.nmae}}; did you mean {{client.name}}?")
        title.fill("Tea with {{client.name}}")

        page.get_by_role("button", name="Also call a webhook").click()
        kind = page.get_by_label("Action 2: what it does")
        expect(kind).to_be_focused()
        expect(page.get_by_role("group", name="Action 2").get_by_label("Mail", exact=True)).to_be_hidden()
        kind.select_option("send a mail")
        second = page.get_by_role("group", name="Action 2")
        expect(second.get_by_label("Address of the webhook")).to_be_hidden()
        second.get_by_label("to", exact=True).fill("{{host.email}}")
        second.get_by_label("Subject of the mail").fill("A booking")
        second.get_by_label("Mail", exact=True).fill("<p>{{client.name}}</p>")
        page.get_by_role("button", name="Preview").last.click()

        preview = page.locator("#preview")
        expect(preview.locator(".letter")).to_have_count(2)
        expect(preview.locator(".day .what")).to_have_text("Tea with Alex Example")
        expect(preview.frame_locator("iframe").first.locator("p").first).to_have_text("Hello Alex,")
        page.get_by_role("button", name="Save the rule").click()

        expect(page.get_by_role("status")).to_contain_text("The rule is saved")
        expect(page.get_by_role("heading", level=1)).to_have_text("Invite the client")
    booking = client.book()
    client.drain()
    assert booking["id"]
    assert [letter["To"] for letter in client.letterbox.letters("oliver@example.com")] != []


def test_the_times_of_a_rule_show_with_the_events_that_have_some(browser: Browser, site: Site) -> None:
    site.client.a_link()
    with seated(browser, site, scripts=False) as seat:
        seat.sign_in()
        seat.go("/rules/new")
        add = seat.page.get_by_role("button", name="Add a time")
        expect(add).to_be_hidden()

        seat.page.get_by_label("what happens to it").select_option("starts in …")

        expect(add).to_be_visible()


def test_what_is_typed_into_any_field_never_runs(seat: Seat) -> None:
    seat.site.client.a_link(name=CANARY, description=CANARY)
    seat.sign_in()
    page = seat.page
    seat.go("/rules/new?starter=invite-client")
    for condition in ("form.answer", "booking.hour"):
        page.locator("#new_condition").select_option(condition)
        seat.press("Add a condition")
    seat.press("Also call a webhook")
    page.get_by_label("what happens to it").select_option("starts in …")
    seat.press("Add a time")
    boxes = (
        page.locator("form.editor .writing")
        .locator("input:not([type=checkbox]):not([type=hidden]), textarea")
        .locator("visible=true")
    )
    for box in boxes.all():
        box.fill(f"\"'>{CANARY}</textarea>{CANARY}")
    number = boxes.count()

    for name in ("Preview", "Save the rule", "Send a test to me"):
        seat.press(name)
        assert page.content().count("canary()") > 2 * number
        assert page.locator("main").locator(FOREIGN).count() == 0

    seat.go("/rules/new?starter=invite-client")
    for label in ("Name of the rule", "Title of the calendar entry", "Subject of the mail"):
        page.get_by_label(label, exact=True).fill(CANARY)
    seat.press("Preview")
    expect(page.locator("#preview .day .what")).to_have_text(CANARY)
    assert page.locator("main").locator(FOREIGN).count() == 0


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_everybody_can_use_the_editor_with_problems_and_differences(
    browser: Browser, site: Site, width: int, scheme: str
) -> None:
    paths = furnished(site, "Eve Jones of the department with a Donaudampfschifffahrtsgesellschaftskapitänspatent")
    with seated(browser, site, width=width, scheme=scheme) as seat:
        page = seat.page
        seat.sign_in()
        seat.go(paths["rule, edited"])
        page.get_by_label("Subject of the mail", exact=True).fill("{{client.nmae}} " * 20)
        page.get_by_label("to", exact=True).fill("x" * 300)
        page.get_by_label("What the form asked").click()
        expect(page.locator(".token.wrong")).to_have_count(1)
        page.get_by_label("What the form asked").fill("")
        for name in ("booking.weekday", "booking.hour"):
            page.locator("#new_condition").select_option(name)
            page.get_by_role("button", name="Add a condition").click()
        page.get_by_role("button", name="Save the change").click()
        expect(page.get_by_role("alert")).to_contain_text("things are to be mended")
        found = _issues(seat)
        seat.go(paths["rule, edited"])
        rule = paths["rule"].removeprefix("/rules/")
        site.client.v2.patch(f"/automation-rules/{rule}", {"name": "x" * 200})
        page.get_by_role("button", name="Save the change").click()
        expect(page.get_by_role("button", name="Save anyway")).to_be_visible()
        found += _issues(seat)
        seat.go(paths["rule"])
        found += _issues(seat)
        page.get_by_role("link", name="Delete").click()
        expect(page.get_by_role("button", name="Delete the rule")).to_be_visible()
        found += _issues(seat)

    assert found == []


@pytest.mark.parametrize("width", [360, 1440])
def test_what_saving_will_do_is_seen_at_once_and_whole(browser: Browser, site: Site, width: int) -> None:
    path = furnished(site)["rule, edited"]
    with seated(browser, site, width=width) as seat:
        seat.sign_in()
        seat.go(path)
        seat.page.get_by_role("button", name="See what saving will do").click()
        title = seat.page.get_by_role("heading", name="What this will do")
        expect(title).to_be_focused()
        expect(title).to_be_in_viewport()
        seat.page.wait_for_load_state("networkidle")  # the script of the page has done what it does to the preview

        covered = title.evaluate("""(title) => [...title.parentElement.children].filter((part) => {
            part.scrollIntoView({block: "center"});
            const box = part.getBoundingClientRect();
            const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return !title.parentElement.contains(seen);
        }).map((part) => part.textContent)""")

    assert covered == []


def _issues(seat: Seat) -> list[str]:
    seat.page.wait_for_load_state()
    seat.page.evaluate(axe_source())
    report = seat.page.evaluate("axe.run(document, {iframes: false, resultTypes: ['violations']})")
    found = [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in report["violations"] if one["impact"] in SERIOUS
    ]
    if seat.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("wider than the screen")
    return found
