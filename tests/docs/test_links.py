"""Links between files of the tree lead somewhere, anchors too; what leads out of it is listed and not asked for."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.blocks import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md")])
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Whom the documentation refers to, beside examples. One more is a line here, so that somebody has looked at it.
OTHERS = {
    "keepachangelog.com",
    "modelcontextprotocol.io",
    "patroni.readthedocs.io",
    "pg-auto-failover.readthedocs.io",
    "semver.org",
    "www.standardwebhooks.com",
}


def text_of(page: Path) -> str:
    return CODE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors that a forge makes of the headings of a page."""
    headings = re.findall(
        r"^#{1,6} (.+)$",
        re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE),
        re.MULTILINE,
    )
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


def goes_nowhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return not target.exists() or bool(anchor and target.suffix == ".md" and anchor not in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    inside = [link for link in LINK.findall(text_of(page)) if "://" not in link and not link.startswith("mailto:")]

    assert [link for link in inside if goes_nowhere(page, link)] == []


def test_a_link_to_nothing_is_seen() -> None:
    page = ROOT / "README.md"

    assert goes_nowhere(page, "docs/gone.md")
    assert goes_nowhere(page, "docs/api.md#gone")
    assert goes_nowhere(page, "#gone")
    assert not goes_nowhere(page, "docs/api.md#idempotency")


def test_what_leads_out_of_the_tree_is_known() -> None:
    links = {link for page in PAGES for link in LINK.findall(text_of(page)) if "://" in link}
    hosts = {urlsplit(link).hostname or "" for link in links}

    assert hosts - {"localhost"} == OTHERS
