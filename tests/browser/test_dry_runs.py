"""A rule tried on the past, in a browser: the page follows by itself how far it is, with a script and without."""

from playwright.sync_api import Browser, expect

from tests.browser.site import Seat, Site, furnished, seated
from tests.browser.workshop import need_scripts
from tests.builders import a_report
from tests.faces.dry_runs import Held, kept, workspace_of
from tocsin.domain.dry_run import Progress, RunState

PATIENCE = 30_000  # ms


def _half_done(seat: Seat) -> tuple[str, str]:
    """Put one that is half done into the store; return its id, and the path of its page."""
    client = seat.site.client
    rule = client.a_rule(client.a_link(), name="Tell all")
    path = kept(client, rule["id"], state=RunState.RUNNING, progress=Progress(bookings=9, lived=4))
    return path.rpartition("/")[2], path


def test_the_page_follows_how_far_it_is_and_what_has_the_focus_keeps_it(seat: Seat) -> None:
    need_scripts()
    run_id, path = _half_done(seat)
    client, page = seat.site.client, seat.page
    seat.sign_in()
    seat.go(path)
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "4")
    page.get_by_role("button", name="Cancel").focus()

    with client.app.store.transaction(workspace_of(client)) as tx:
        tx.dry_runs.see(run_id, Progress(bookings=9, lived=8), now=client.clock())

    expect(page.get_by_text("8 of 9 bookings")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "8")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()

    with client.app.store.transaction(workspace_of(client)) as tx:
        tx.dry_runs.end(run_id, RunState.DONE, now=client.clock(), report=a_report())

    expect(page.get_by_text("3 bookings were lived through once more")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert seat.path == path


def test_trouble_of_the_server_passes(seat: Seat) -> None:
    need_scripts()
    run_id, path = _half_done(seat)
    client, page, failed = seat.site.client, seat.page, list[int]()
    seat.sign_in()
    seat.go(path)

    def fail(route: object) -> None:
        failed.append(1)
        route.fulfill(status=503, body="away") if len(failed) == 1 else route.fallback()  # type: ignore[attr-defined]

    page.route(f"**{path}", fail)
    with client.app.store.transaction(workspace_of(client)) as tx:
        tx.dry_runs.end(run_id, RunState.CANCELLED, now=client.clock())

    expect(page.get_by_text("It was cancelled")).to_be_visible(timeout=PATIENCE)
    assert len(failed) == 2  # once more, and then no more


def test_without_a_script_a_rule_is_tried_and_the_page_loads_itself_until_it_is_done(
    browser: Browser, site: Site
) -> None:
    furnished(site)
    held = Held()
    site.client.app.dry_runs._scratch = held.open
    with seated(browser, site, scripts=False) as seat:
        page = seat.page
        seat.sign_in()
        seat.go("/rules")
        page.get_by_role("link", name="Eve Jones 2").click()
        page.get_by_role("link", name="Try it on the past").click()
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.locator("noscript p")).to_contain_text("This page looks again every three seconds")

        held.goes.set()

        expect(page.get_by_role("heading", name="All that it would have made")).to_be_visible(timeout=PATIENCE)


def test_a_draft_is_tried_in_a_tab_of_its_own_and_what_was_typed_stays(seat: Seat) -> None:
    path = furnished(seat.site)["rule, edited"]
    page = seat.page
    seat.sign_in()
    seat.go(path)
    page.get_by_label("Name of the rule").fill("Not saved")

    with page.context.expect_page() as opening:
        page.get_by_role("button", name="Try it on these days").click()

    tried = opening.value
    expect(tried.get_by_role("heading", name="Not saved, tried on the past")).to_be_visible()
    expect(tried.get_by_role("heading", name="All that it would have made")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Name of the rule")).to_have_value("Not saved")
