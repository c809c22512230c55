"""RFC 8058: a mail program stops messages with one POST, on the word of two headers alone."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.builders import MINUTE
from tests.faces.client import Client, connected
from tocsin.storage.store import SqlStore

ADA = "ada@example.org"
URLENCODED = ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click")
PARTS = """\
-----FormBoundaryjWmhtjORrn
Content-Disposition: form-data; name="List-Unsubscribe"

One-Click
-----FormBoundaryjWmhtjORrn--
"""
MULTIPART = ("multipart/form-data; boundary=---FormBoundaryjWmhtjORrn", PARTS.replace("\n", "\r\n").encode())
# As 8.3 prints it: its delimiters lack the two hyphens before the boundary, and who copied it sends it so.
AS_PRINTED = (MULTIPART[0], MULTIPART[1].replace(b"-----Form", b"---Form"))


@pytest.fixture
def client(store: SqlStore) -> Iterator[Client]:
    """Give an application at an https address; the test runs once on each store."""
    with connected(store, TOCSIN_BASE_URL="https://tocsin.test") as client:
        client.a_rule(client.a_link())
        yield client


def link(client: Client) -> str:
    """Send Ada a message; return the only link of its header."""
    client.book()
    client.drain()
    letter = client.letterbox.letters(ADA)[-1]
    assert letter.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    (header,) = letter.get_all("List-Unsubscribe", [])
    assert (header[0], header[-1]) == ("<", ">")
    assert header.count("<") == 1
    return str(header[1:-1])


def click(client: Client, url: str, content_type: str, body: bytes) -> httpx.Response:
    """Post as a mail program does: without cookies, without anything that says who asks."""
    return client.root.send("POST", urlsplit(url).path, body, headers={"Content-Type": content_type})


def test_3_1_the_header_holds_an_https_link_that_names_recipient_and_list_by_itself(client: Client) -> None:
    parts = urlsplit(link(client))

    assert (parts.scheme, parts.hostname) == ("https", "acme.tocsin.test")
    assert (parts.query, parts.fragment) == ("", "")
    assert ADA not in parts.path


@pytest.mark.parametrize(
    ("content_type", "body"), [URLENCODED, MULTIPART, AS_PRINTED], ids=["urlencoded", "multipart", "as printed"]
)
def test_3_2_one_post_stops_the_messages_without_a_question_or_a_redirect(
    client: Client, content_type: str, body: bytes
) -> None:
    url = link(client)

    response = click(client, url, content_type, body)

    assert response.status_code == 200
    assert "location" not in response.headers
    assert "set-cookie" not in response.headers
    (entry,) = client.v2.get("/suppressions").json()["suppressions"]
    assert (entry["recipient"], entry["rule_id"], entry["reason"]) == (ADA, None, "opted_out")


def test_what_was_asked_for_holds_within_a_minute_and_a_second_click_is_well_too(client: Client) -> None:
    url = link(client)
    click(client, url, *URLENCODED)
    client.clock.advance(MINUTE)

    client.book(slot_start_time="17:30")
    client.drain()

    assert len(client.letterbox.letters(ADA)) == 1
    assert click(client, url, *URLENCODED).status_code == 200


def test_2_a_link_that_was_only_looked_at_stops_nothing(client: Client) -> None:
    path = urlsplit(link(client)).path

    assert client.root.get(path).status_code == 200
    assert client.root.send("HEAD", path).status_code == 200

    client.book(slot_start_time="17:30")
    client.drain()
    assert len(client.letterbox.letters(ADA)) == 2


def test_3_1_a_link_that_was_guessed_stops_nothing(client: Client) -> None:
    url = link(client)

    for guess in (url[:-1] + ("A" if url[-1] != "A" else "B"), url[:-20], url.rpartition("/")[0] + "/" + "A" * 90):
        assert click(client, guess, *URLENCODED).status_code == 404

    assert client.v2.get("/suppressions").json()["suppressions"] == []
