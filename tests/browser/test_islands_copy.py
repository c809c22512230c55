"""Text that is there to be taken away: a button copies it, and says so."""

import pytest
from playwright.sync_api import expect

from tests.browser.site import Seat

READ = "navigator.clipboard.readText()"
REFUSE = "navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))"


@pytest.mark.parametrize("refuse", ["", REFUSE])
def test_a_new_key_is_copied_by_a_button_and_the_page_says_so(seat: Seat, refuse: str) -> None:
    page = seat.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=seat.site.origin)
    page.add_init_script(refuse)
    key = _a_new_key(seat)

    page.get_by_role("button", name="Copy: Key").press("Enter")

    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert page.evaluate(READ) == key


def test_where_nothing_may_be_copied_the_text_is_selected(seat: Seat) -> None:
    seat.page.add_init_script(f"{REFUSE}; document.execCommand = () => false")
    key = _a_new_key(seat)

    seat.page.get_by_role("button", name="Copy: Key").click()

    expect(seat.page.get_by_role("status").filter(has_text="copy it with the keyboard")).to_be_visible()
    assert seat.page.evaluate("document.activeElement.selectionEnd") == len(key)


def _a_new_key(seat: Seat) -> str:
    seat.sign_in()
    seat.go("/settings/keys")
    seat.page.get_by_label("Name").fill("Scheduler")
    seat.page.get_by_label("Do everything").check()
    seat.page.get_by_role("button", name="Make the key").click()
    return seat.page.get_by_label("Key", exact=True).input_value()
