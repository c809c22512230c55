"""Every page that somebody can sign in for is reached by links, and none of them leads nowhere."""

from bench.crawl import one_of_each
from tests.browser.gallery import hung
from tests.browser.site import Seat
from tocsin.web.views import PAGES

LINKS = "links => links.map(link => link.getAttribute('href'))"


def test_every_page_is_reached_by_links_from_the_overview_and_has_a_way_to_sign_out(seat: Seat) -> None:
    hung(seat.site)
    seat.sign_in()
    answers, ways_out = dict[str, int](), dict[str, int]()

    def links_of(path: str) -> list[str]:
        answers[path] = seat.go(path)
        ways_out[path] = seat.page.get_by_role("button", name="Sign out", exact=True).count()
        return list(seat.page.eval_on_selector_all("a[href^='/']", LINKS))

    pages = {page.path for page in PAGES if page.method == "GET" and page.template and page.role}
    found = one_of_each(links_of, sorted(pages), "/overview")

    assert set(found) == pages
    assert {path: status for path, status in answers.items() if status != 200} == {}
    assert set(ways_out.values()) == {1}
