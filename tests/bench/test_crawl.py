"""Following links: every sort of page is found once, or it is said which no link leads to."""

import pytest

from bench.children import FailedError
from bench.crawl import one_of_each

PATTERNS = ["/overview", "/rules", "/rules/new", "/rules/{id}", "/rules/{id}/edit"]
SITE = {
    "/overview": ["/rules?page=2", "/elsewhere"],
    "/rules?page=2": ["/rules/new", "/rules/7", "/rules/8", "/overview"],
    "/rules/7": ["/rules/7/edit"],
    "/rules/8": ["/rules/8/edit"],
}


def test_one_address_of_each_sort_is_found_the_first_that_is_linked() -> None:
    found = one_of_each(lambda path: SITE.get(path, []), PATTERNS, "/overview")

    assert found == {
        "/overview": "/overview",
        "/rules": "/rules?page=2",
        "/rules/new": "/rules/new",
        "/rules/{id}": "/rules/7",
        "/rules/{id}/edit": "/rules/7/edit",
    }


def test_a_page_that_no_link_leads_to_is_named() -> None:
    with pytest.raises(FailedError, match=r"no link leads to /lost/\{id\}"):
        one_of_each(lambda path: SITE.get(path, []), [*PATTERNS, "/lost/{id}"], "/overview")
