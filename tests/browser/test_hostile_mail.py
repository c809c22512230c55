"""A20: a browser runs nothing of what hostile templates become."""

from playwright.sync_api import Browser

from tests.torture.rig import Rig
from tests.torture.test_html import filled

# A link is not followed: where it may lead is looked at without a browser.
EVENTS = """
for (const one of document.querySelectorAll("body *"))
  for (const name of ["mouseover", "focus", "toggle", "load", "error", ...(one.closest("a") ? [] : ["click"])])
    one.dispatchEvent(new Event(name))
"""


def test_a_browser_runs_nothing_of_hostile_templates(browser: Browser, rig: Rig) -> None:
    size, runs = rig.size(quick=40, nightly=500), []
    page = browser.new_page()
    page.expose_function("canary", lambda: runs.append(page.url))

    page.set_content("<img src=x onerror=canary()>")
    page.wait_for_function("document.images[0].complete")
    page.evaluate("canary()")
    assert len(runs) == 2  # so that a run would be seen
    runs.clear()
    for text in filled(size):
        page.set_content(f"<!doctype html><body>{text}</body>")
        page.evaluate(EVENTS)
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    page.close()

    rig.found("A20", f"{len(runs)} scripts ran in Chromium in {size:,}", is_met=not runs)
