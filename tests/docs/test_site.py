"""The documentation as a site: it builds without a network, and nothing in it comes from elsewhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

ALONE = ["unshare", "--map-root-user", "--net"]  # a network namespace with no way out
LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=[\"'](https?:)?//|<link[^>]+href=[\"'](https?:)?//", re.IGNORECASE
)


def made(folder: Path, *, of: Path = ROOT) -> subprocess.CompletedProcess[str]:
    kept = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # noqa: TID251  what a shell hands on
    alone = ALONE if shutil.which("unshare") and subprocess.run([*ALONE, "true"], check=False).returncode == 0 else []
    command = [*alone, "sh", str(of / "scripts" / "docs"), str(folder)]
    return subprocess.run(command, env=kept, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    done = made(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_it_and_can_be_searched(site: Path) -> None:
    index = (site / "searchindex.js").read_text("utf-8")

    for page in (ROOT / "docs").glob("*.md"):
        assert (site / f"{page.stem}.html").exists()
        assert f'"{page.stem}"' in index


def test_nothing_in_it_is_loaded_from_another_host(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    styles = [*site.rglob("*.css")]

    assert len(pages) > 80
    assert [str(page) for page in pages if LOADED.search(page.read_text("utf-8"))] == []
    assert [
        str(one) for one in styles if re.search(r"(@import|url\()\s*[\"']?(https?:)?//", one.read_text("utf-8"))
    ] == []


def test_a_link_or_an_anchor_that_leads_nowhere_ends_the_build(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "docs").mkdir(parents=True)
    shutil.copytree(ROOT / "scripts", tree / "scripts")
    shutil.copytree(ROOT / "docs" / "_static", tree / "docs" / "_static")
    shutil.copy(ROOT / "docs" / "conf.py", tree / "docs")
    shutil.copy(ROOT / "docs" / "rules.schema.json", tree / "docs")
    (tree / "docs" / "index.md").write_text("# A page\n\n[nowhere](gone.md) and [no such heading](#gone)\n", "utf-8")

    done = made(tmp_path / "site", of=tree)

    assert done.returncode != 0
    assert "gone.md" in done.stderr
    assert "'gone'" in done.stderr
