"""What the tests of pages share: one Chromium for each module, and what to do where there is none."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.site import Seat, Site, seated, served
from tests.browser.workshop import Workshop, at_work
from tests.left_out import is_in_ci, require
from tests.packages import CHROMIUM
from tocsin.storage.store import SqlStore


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a Chromium: that of TOCSIN_CHROMIUM, or the one on the path. It is the system's: none is downloaded."""
    path = os.environ.get("TOCSIN_CHROMIUM") or shutil.which("chromium")  # noqa: TID251  about the run, not Tocsin
    if path is None:
        require(CHROMIUM, in_ci=is_in_ci())
        path = "/usr/bin/chromium"
    with sync_playwright() as playwright:
        # Its own sandbox needs rights that a container does not have; all that it opens here is ours.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def site(sqlite_store: SqlStore) -> Iterator[Site]:
    """Give a server on loopback."""
    with served(sqlite_store) as site:
        yield site


@pytest.fixture
def seat(browser: Browser, site: Site) -> Iterator[Seat]:
    """Give somebody at a browser; at the end nothing has run, and nothing was asked of others."""
    with seated(browser, site) as seat:
        yield seat
        assert seat.complaints == []
        assert seat.elsewhere == []


@pytest.fixture
def work(browser: Browser, site: Site) -> Iterator[Workshop]:
    """Give somebody in front of a page with the fields of the editor of rules."""
    with at_work(browser, site) as work:
        yield work
