"""The pages: the reference of the API, and the captured mailbox on this machine only."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tests.faces.client import Client, an_action, connected
from tocsin.api import app as api
from tocsin.storage.store import SqlStore

PUBLIC = ["/", "/docs", "/static/tocsin.css"]
MAILBOX = ["/mailbox", "/mailbox/nothing", "/mailbox/nothing/invite.ics", "/mailbox/nothing/message.eml"]


class Seen(HTMLParser):
    """The tags of a page, the addresses that it names, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action", "srcset")]

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_harmless(page: str) -> Seen:
    seen = Seen(page)
    assert "script" not in seen.tags
    assert not {name for name in seen.attributes if name.startswith("on") or name == "style"}
    assert all(re.match(r"/(?!/)|#|data:,$", address) for address in seen.addresses), seen.addresses
    return seen


def test_the_reference_names_every_path_of_v2_and_works_offline(shared: Client) -> None:
    page = shared.root.get("/docs").text

    seen = assert_harmless(page)
    for version, route in api.table():
        if version.number == 2:
            assert version.path(route.path) in seen.text
            assert route.summary in seen.text
    assert "actions[].calendar_invite_body" in seen.text
    assert "form_responses.guest_email_s" in seen.text
    assert seen.text.count("Set the zone and locale of an address") == 1
    assert seen.text.count("Change a team member") == 1
    assert "required" in seen.text


@pytest.mark.parametrize("path", PUBLIC + MAILBOX)
def test_every_page_is_locked_down(shared: Client, path: str) -> None:
    headers = shared.root.get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == ("same-origin" if path in MAILBOX else "no-referrer")
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "set-cookie" not in headers
    assert "access-control-allow-origin" not in headers


def test_every_answer_of_the_api_is_locked_down(shared: Client) -> None:
    for path in ("/api/external/v2/bookings", "/openapi.json", "/healthz", "/nothing"):
        headers = shared.root.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_the_home_page_leads_to_the_others(shared: Client) -> None:
    seen = assert_harmless(shared.root.get("/").text)

    assert {"/mailbox", "/docs", "/openapi.json"} <= set(seen.addresses)


def test_an_empty_mailbox_says_so(client: Client) -> None:
    assert "No message yet" in Seen(client.root.get("/mailbox").text).text


@pytest.fixture
def posted(client: Client) -> str:
    """Give the path of the page of a message with hostile text in every place."""
    link = client.a_link(description="<script>alert('description')</script>")
    hostile = "{{client.name}} {{meeting.description}}"
    action = an_action(
        email_subject=hostile,
        email_body=f"<p>{hostile}</p>",
        calendar_invite_subject=hostile,
        calendar_invite_body=f"<p>{hostile}</p>",
    )
    client.a_rule(link, actions=[action])
    client.book(name="<img src=x onerror=alert('name')>", room_url="https://meet.example/'onload='x")
    client.drain()
    (delivery,) = client.v2.get("/deliveries").json()["deliveries"]
    return f"/mailbox/{delivery['id']}"


def test_the_mailbox_shows_what_was_sent_and_runs_nothing_of_it(client: Client, posted: str) -> None:
    listing = assert_harmless(client.root.get("/mailbox").text)
    page = assert_harmless(client.root.get(posted).text)

    assert posted in listing.addresses
    assert "ada@example.org" in listing.text
    assert "REQUEST 0" in listing.text
    for words in ("<img src=x onerror=alert('name')>", "<script>alert('description')</script>"):
        assert words in page.text
    assert "img" not in page.tags
    assert page.tags.count("iframe") == 1
    assert "sandbox" in page.attributes
    assert "SUMMARY" in page.text
    assert "To ada@example.org, because of booking confirmed" in page.text


def test_the_parts_of_a_message_are_downloaded(client: Client, posted: str) -> None:
    (envelope,) = client.letterbox.envelopes

    invite = client.root.get(f"{posted}/invite.ics")
    message = client.root.get(f"{posted}/message.eml")

    assert invite.text.startswith("BEGIN:VCALENDAR\r\n")
    assert invite.headers["content-type"].startswith("text/calendar")
    assert message.content == envelope.message
    assert client.root.get(f"{posted}/attachment").status_code == 404


@pytest.mark.parametrize(
    "path", ["/mailbox/nothing", "/mailbox/%00", "/mailbox/nothing/message.eml", "/mailbox/%00/invite.ics"]
)
def test_a_message_that_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.root.get(path).status_code == 404


def test_a_message_that_was_not_sent_yet_is_not_shown(client: Client) -> None:
    client.a_rule(client.a_link())
    client.book()
    (delivery,) = client.v2.get("/deliveries").json()["deliveries"]

    assert client.root.get(f"/mailbox/{delivery['id']}").status_code == 404
    assert "No message yet" in client.root.get("/mailbox").text


def test_a_workspace_sees_its_own_mailbox_only(client: Client, posted: str) -> None:
    neighbour = client.neighbour()

    assert "No message yet" in neighbour.root.get("/mailbox").text
    assert neighbour.root.get(posted).status_code == 404
    assert neighbour.root.get(f"{posted}/message.eml").status_code == 404


OTHERS = {
    "another machine can reach it": {"TOCSIN_LISTEN": "0.0.0.0:8000"},
    "its name only looks like loopback": {"TOCSIN_LISTEN": "127.evil.example:8000"},
    "messages leave": {"TOCSIN_SMTP_URL": "smtp://127.0.0.1:2525"},
}


@pytest.fixture(params=list(OTHERS))
def without_mailbox(request: pytest.FixtureRequest, sqlite_store: SqlStore) -> Iterator[Client]:
    """Give a client of an application that must show no mailbox."""
    with connected(sqlite_store, **OTHERS[request.param]) as client:
        yield client


def test_there_is_no_mailbox_where_others_could_look(without_mailbox: Client) -> None:
    client = without_mailbox
    client.a_rule(client.a_link())
    client.book()
    client.drain()
    (delivery,) = client.v2.get("/deliveries").json()["deliveries"]

    for path in ("", f"/{delivery['id']}", f"/{delivery['id']}/invite.ics", f"/{delivery['id']}/message.eml"):
        response = client.root.get(f"/mailbox{path}")
        assert response.status_code == 404
        assert "ada@example.org" not in response.text
    assert "/mailbox" not in client.root.get("/").text
