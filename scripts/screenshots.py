"""Writes docs/pictures/pages/ and docs/screenshots.md anew: every page, on a desk in the light and on a phone in the dark.

`make screenshots`. The clock of what is shown stands still, so that a picture changes only if its page does.
"""

import os
import shutil
import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from bench.crawl import one_of_each
from tests.browser.gallery import hung
from tests.browser.site import Seat, Site, seated, served
from tocsin.storage.migrate import migrate
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore
from tocsin.web.views import PAGES

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = DOCS / "pictures" / "pages"
LOWEST, TALLEST = 900, 1_800  # pixels; what is longer is cut
LOOKS = {"desk": (1280, "light"), "phone": (390, "dark")}


def main() -> int:
    """Run the program; return its exit code."""
    path = os.environ.get("TOCSIN_CHROMIUM") or shutil.which("chromium")  # noqa: TID251  a program of its own
    if path is None:
        print("screenshots: no Chromium; install Debian's package chromium, or set TOCSIN_CHROMIUM")
        return 1
    with _store() as store, served(store) as site, sync_playwright() as playwright:
        hung(site)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        found = _addresses(browser, site)
        _draw(browser, site, found)
        browser.close()
    (DOCS / "screenshots.md").write_text(_page(found), "utf-8")
    print(f"screenshots: {len(LOOKS) * len(found)} pictures are in {PICTURES.relative_to(DOCS.parent)}/")
    return 0


@contextmanager
def _store() -> Iterator[SqlStore]:
    """Give an empty store that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, closing(SqliteDatabase(Path(folder) / "tocsin.db")) as database:
        migrate(database)
        yield SqlStore(database)


def _addresses(browser: Browser, site: Site) -> dict[str, str]:
    """Return an address for each page that is shown, found by following links."""
    wanted = dict.fromkeys(page.path for page in PAGES if page.method == "GET" and page.template and page.role)
    with seated(browser, site) as seat:
        seat.sign_in()
        inside = [pattern for pattern in wanted if pattern != "/sign-in"]
        found = one_of_each(lambda path: _links(seat, path), inside, "/overview")
        captured = one_of_each(lambda path: _links(seat, path), ["/mailbox", "/mailbox/{id}"], "/mailbox")
        return {"/sign-in": "/sign-in"} | found | captured | {"/opt-out/{token}": _way_out(site), "/docs": "/docs"}


def _way_out(site: Site) -> str:
    """Return the address at which somebody may stop the messages, as it stands in one of them."""
    headers = (letter["List-Unsubscribe"] for letter in site.client.letterbox.letters())
    return urlsplit(next(header for header in headers if header).strip("<>")).path


def _links(seat: Seat, path: str) -> list[str]:
    status = seat.go(path)
    if status != 200:
        raise RuntimeError(f"a link leads to {path}, which answers {status}")
    return list(seat.page.eval_on_selector_all("a[href^='/']", "links => links.map(link => link.getAttribute('href'))"))


def _draw(browser: Browser, site: Site, found: dict[str, str]) -> None:
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    for look, (width, scheme) in LOOKS.items():
        with seated(browser, site, width=width, scheme=scheme) as seat:
            for pattern, address in found.items():
                seat.go(address)
                seat.page.wait_for_load_state("networkidle")
                (PICTURES / f"{_name(pattern)}-{look}.webp").write_bytes(_picture(seat.page, width))
                if pattern == "/sign-in":
                    seat.sign_in()


def _picture(page: Page, width: int) -> bytes:
    """Return a page as WebP, which Chromium writes but Playwright does not ask for: a fifth of the octets of PNG."""
    height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    wanted = {
        "format": "webp",
        "quality": 80,
        "captureBeyondViewport": True,
        "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
    }
    # On a screen as tall as the page what stays in view stands at its end, and frames further down are drawn.
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    session = page.context.new_cdp_session(page)
    picture = b64decode(session.send("Page.captureScreenshot", wanted)["data"])
    page.set_viewport_size({"width": width, "height": LOWEST})
    return picture


def _name(pattern: str) -> str:
    return pattern.strip("/").replace("{", "").replace("}", "").replace("/", "-").replace(".", "-")


def _page(patterns: Iterable[str]) -> str:
    lines = [
        "# Every page, in pictures",
        "",
        "Made by `make screenshots`: on a desk in the light, on a phone in the dark.",
    ]
    for pattern in patterns:
        name = _name(pattern)
        lines += ["", f"## `{pattern}`", ""]
        lines += [f"![{pattern} on a desk](pictures/pages/{name}-desk.webp)", ""]
        lines += [f"![{pattern} on a phone](pictures/pages/{name}-phone.webp)"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
