"""The list of recipients as chips; and all islands for everybody, on any screen, in any light."""

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.site import SCREENS, Site, axe_source
from tests.browser.test_pages import SERIOUS
from tests.browser.workshop import Workshop, at_work

RECIPIENTS = """<form><p class="field"><label for="r">Recipients</label>
<textarea id="r" name="emails" data-island="chips" data-check="/rules/check-recipient" {more}>{entries}</textarea>
<span class="hint" id="r-said">Who gets it.</span></p><button>Save</button></form>"""


def checked(sent: dict[str, str]) -> tuple[int, str]:
    if sent["entry"].startswith("bad"):
        return 200, '{"ok": false, "says": "write it as name@example.com"}'
    return 200, '{"ok": true, "says": ""}'


def opened(work: Workshop, entries: str = "", more: str = "") -> Locator:
    """Show the field with `entries` in it; return the input that stands in its place."""
    work.serve("/rules/check-recipient", checked)
    work.open(RECIPIENTS.format(entries=entries, more=more))
    return work.page.get_by_label("Recipients", exact=True).locator("visible=true")


def chips(work: Workshop) -> Locator:
    return work.page.get_by_role("list", name="Recipients, so far").get_by_role("listitem")


def test_what_the_field_holds_is_shown_as_chips(work: Workshop) -> None:
    opened(work, "ann@example.com\n{{client.email}}")

    expect(chips(work)).to_contain_text(["ann@example.com", "{{client.email}}"])
    expect(work.field("emails")).to_be_hidden()
    expect(work.field("emails")).to_have_value("ann@example.com\n{{client.email}}")
    assert work.asked == []


@pytest.mark.parametrize("key", ["Enter", ",", ";", "Tab"])
def test_an_entry_is_added_by(work: Workshop, key: str) -> None:
    entry = opened(work, "ann@example.com")
    work.page.evaluate("document.forms[0].addEventListener('input', () => { document.title = 'changed' })")
    entry.focus()
    work.page.keyboard.type("{{ host.email }}")
    work.page.keyboard.press(key)

    expect(work.field("emails")).to_have_value("ann@example.com\n{{ host.email }}")
    expect(entry).to_have_value("")
    expect(work.page.get_by_role("status")).to_have_text("{{ host.email }} added")
    expect(work.page).to_have_title("changed")
    assert work.seat.path == "/workshop"  # Enter has not sent the form


def test_a_press_on_save_adds_what_was_typed_and_is_not_lost(work: Workshop) -> None:
    work.page.set_viewport_size({"width": 360, "height": 900})  # where one chip more moves the button
    entry = opened(work, "\n".join(f"somebody.{number}@department.example.com" for number in range(4)))
    work.page.evaluate(
        "document.forms[0].addEventListener('submit', one => { one.preventDefault(); document.title = "
        "document.forms[0].elements.emails.value.split('\\n').pop() })"
    )
    entry.fill("zoe.with.a.long.name@department.example.com")

    work.page.get_by_role("button", name="Save").click()

    expect(work.page).to_have_title("zoe.with.a.long.name@department.example.com")


def test_a_pasted_list_is_added_as_a_whole_without_what_is_there_already(work: Workshop) -> None:
    entry = opened(work, "ann@example.com")
    entry.focus()

    work.page.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData('text/plain', text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        }""",
        '"Example, Ann" <Ann@example.com>, Bob <bob@example.com>; {{client.email}}\ncy@example.com {{ client.email }}',
    )

    expect(work.field("emails")).to_have_value("ann@example.com\nbob@example.com\n{{client.email}}\ncy@example.com")


def test_backspace_in_the_empty_input_selects_the_last_chip_and_then_removes_it(work: Workshop) -> None:
    entry = opened(work, "ann@example.com\nbob@example.com")
    entry.focus()
    work.page.keyboard.press("Backspace")
    expect(work.page.get_by_role("status")).to_contain_text("bob@example.com selected")
    expect(work.field("emails")).to_have_value("ann@example.com\nbob@example.com")
    work.page.keyboard.type("c")
    work.page.keyboard.press("Backspace")
    work.page.keyboard.press("Backspace")
    expect(work.field("emails")).to_have_value("ann@example.com\nbob@example.com")

    work.page.keyboard.press("Backspace")

    expect(work.field("emails")).to_have_value("ann@example.com")
    expect(work.page.get_by_role("status")).to_have_text("bob@example.com removed")


def test_each_chip_has_a_button_that_removes_it(work: Workshop) -> None:
    entry = opened(work, "ann@example.com\nbob@example.com")

    work.page.get_by_role("button", name="Remove ann@example.com").press("Enter")

    expect(work.field("emails")).to_have_value("bob@example.com")
    expect(entry).to_be_focused()


def test_a_wrong_entry_stays_and_is_shown_as_wrong_with_what_would_be_right(work: Workshop) -> None:
    entry = opened(work)
    entry.fill("bad")
    entry.press("Enter")

    button = work.page.get_by_role("button", name="Remove bad")
    expect(button).to_have_accessible_description("bad: write it as name@example.com")
    expect(entry).to_have_attribute("aria-invalid", "true")
    expect(work.page.get_by_role("status")).to_have_text("bad: write it as name@example.com")
    expect(work.field("emails")).to_have_value("bad")
    button.click()
    expect(entry).not_to_have_attribute("aria-invalid", "true")
    expect(work.page.get_by_text("write it as")).to_have_count(0)


def test_what_the_server_has_refused_is_asked_about_again(work: Workshop) -> None:
    opened(work, "ann@example.com\nbad", 'aria-invalid="true"')

    expect(work.page.get_by_text("bad: write it as name@example.com").locator("visible=true").first).to_be_visible()
    assert [one["entry"] for one in work.asked] == ["ann@example.com", "bad"]


def test_if_nobody_can_tell_an_entry_is_taken_for_right(work: Workshop) -> None:
    work.page.route("**/rules/check-recipient*", lambda route: route.fulfill(content_type="text/html", body="<p>No"))
    work.open(RECIPIENTS.format(entries="", more=""))
    entry = work.page.get_by_label("Recipients", exact=True).locator("visible=true")
    entry.fill("ann@example.com")
    with work.page.expect_response("**/rules/check-recipient*"):
        entry.press("Enter")

    expect(work.field("emails")).to_have_value("ann@example.com")
    expect(entry).not_to_have_attribute("aria-invalid", "true")


def test_placeholders_are_offered_in_a_menu_and_while_typing(work: Workshop) -> None:
    entry = opened(work)
    work.page.get_by_role("button", name="Insert placeholder: Recipients").click()
    work.page.get_by_role("menuitem", name="host.email").click()

    expect(work.field("emails")).to_have_value("{{host.email}}")
    expect(entry).to_be_focused()
    offered = work.page.locator(f"datalist#{entry.get_attribute('list')} option")
    expect(offered).to_have_text(["The client's address", "The host's address"])


EVERYTHING = (
    RECIPIENTS.replace("</form>", "").replace("<form>", '<form data-live="/rules/preview" data-live-target="#p">')
    + """
<p class="field"><label for="s">Subject</label>
<input id="s" name="subject" data-island="variables" data-variables="#template-variables" value="Hello"></p>
<p class="field"><label for="m">Mail</label>
<textarea id="m" name="body" data-island="html" data-variables="#template-variables">&lt;h2&gt;{{{{client.name}}}}&lt;/h2&gt;
&lt;p&gt;x {{{{client.nmae}}}} &lt;code&gt;y&lt;/code&gt; &lt;a href="https://example.com"&gt;z&lt;/a&gt;&lt;/p&gt;</textarea></p>
</form><div id="p"></div>"""
)


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_everybody_can_use_every_island(browser: Browser, site: Site, width: int, scheme: str) -> None:
    entries = "ann@example.com\nbad\n{{client.email}}\n" + "a" * 60 + "@example.com"
    with at_work(browser, site, width=width, scheme=scheme) as work:
        work.serve("/rules/check-recipient", checked)
        work.serve("/rules/preview", lambda form: (200, f"<h2>{form['subject']}</h2>"))
        work.open(EVERYTHING.format(entries=entries, more='aria-invalid="true"'))
        expect(work.page.locator("#p")).to_have_text("Hello")
        expect(work.page.locator(".token.wrong")).to_have_count(1)
        work.page.get_by_role("toolbar").get_by_role("button", name="Link", exact=True).click()
        work.page.get_by_label("Link to").fill("foo:")
        work.page.keyboard.press("Enter")
        found = issues(work)
        for button in work.page.locator("[aria-haspopup=menu]:visible").all():
            button.click()
            found += issues(work)
            work.page.keyboard.press("Escape")
        work.page.get_by_role("button", name="Source").click()
        found += issues(work)

    assert found == []


def issues(work: Workshop) -> list[str]:
    work.page.evaluate(axe_source())
    report = work.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert len(report["passes"]) > 10
    wide = work.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    found = [one for one in report["violations"] if one["impact"] in SERIOUS]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found] + ["wider than the screen"] * wide
