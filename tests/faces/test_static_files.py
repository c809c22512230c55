"""What pages load: kept by browsers as long as it stays the same, and small on the way."""

import gzip
import re
from pathlib import Path

import pytest

from tests.faces.client import Client
from tocsin.web import static_files

STYLE = Path(static_files.__file__).with_name("static") / "tocsin.css"


def test_a_page_asks_for_its_style_by_the_mark_of_its_content_and_it_is_kept_for_a_year(shared: Client) -> None:
    found = re.search(r'href="(/static/tocsin\.css\?[0-9a-f]{12})"', shared.root.get("/").text)
    assert found is not None

    answer = shared.root.get(found[1])

    assert answer.text == STYLE.read_text("utf-8")
    assert answer.headers["Cache-Control"] == "max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/css")


@pytest.mark.parametrize("query", ["", "?000000000000"])
def test_what_a_page_of_another_release_gets_is_kept_for_a_minute_only(shared: Client, query: str) -> None:
    assert shared.root.get(f"/static/tocsin.css{query}").headers["Cache-Control"] == "max-age=60"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "GZIP"])
def test_it_is_compressed_for_a_browser_that_takes_that(shared: Client, accepted: str) -> None:
    answer = shared.root.send("GET", "/static/tocsin.css", headers={"Accept-Encoding": accepted})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(gzip.compress(STYLE.read_bytes())) < STYLE.stat().st_size / 2
    assert answer.content == STYLE.read_bytes()  # as the client has unpacked it


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0", "gzipped"])
def test_it_is_plain_for_any_other(shared: Client, accepted: str) -> None:
    answer = shared.root.send("GET", "/static/tocsin.css", headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in answer.headers
    assert answer.content == STYLE.read_bytes()


@pytest.mark.parametrize("path", ["/static", "/static/", "/static/built", "/static/built/"])
def test_no_folder_is_listed(shared: Client, path: str) -> None:
    answer = shared.root.get(path)

    assert (answer.status_code, "tocsin.css" in answer.text) == (404, False)


def test_a_script_that_was_not_built_has_no_address() -> None:
    assert static_files.address("built/nothing.js") == ""
