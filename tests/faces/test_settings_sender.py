"""The sender in the pages: checks by a real DNS when somebody asks, records to publish, and keys that are made to sign."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.faces.client import Client, connected
from tests.faces.test_sender import ADDRESS, NAME, SELECTOR
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import Visitor, signed_in
from tests.mail.dns_server import SERVFAIL, DnsServer
from tocsin.storage.store import SqlStore

KEY = {"domain": "example.com", "selector": "", "algorithm": "ed25519"}
WHICH = {"domain": "example.com", "selector": SELECTOR}


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


@pytest.fixture
def ann(store: SqlStore, dns: DnsServer) -> Iterator[Visitor]:
    """Give an admin at the page of a sender whose mail leaves by a relay; the test runs on each store."""
    environment = {
        "TOCSIN_SMTP_URL": "smtp://relay.example.net:25?tls=none",
        "TOCSIN_MAIL_FROM": ADDRESS,
        "TOCSIN_RESOLVER": f"127.0.0.1:{dns.port}",
    }
    with connected(store, **environment) as client:
        ann = signed_in(client)
        ann.get("/settings/sender")
        yield ann


def value(page: str, field: str) -> str:
    """Return what stands in a field that is there to be copied."""
    found = re.search(rf'id="{field}" readonly[^>]*>([^<]*)<|id="{field}" type="text" readonly value="([^"]*)"', page)
    assert found is not None, page
    return unescape(found[1] or found[2])


def publish_all(dns: DnsServer, page: str) -> None:
    """Publish each record of a check as the page shows it."""
    for number in re.findall(r'id="check-(\d+)-name"', page):
        kind = re.search(rf'id="check-{number}-name".*?<code>(\w+)</code>', page, re.DOTALL)
        assert kind is not None
        shown = value(page, f"check-{number}-value")
        dns.publish(value(page, f"check-{number}-name"), kind[1], shown)


def test_the_dns_is_asked_when_somebody_wants_it_and_at_no_other_time(ann: Visitor, dns: DnsServer) -> None:
    assert "Invites of this workspace come from invites@example.com" in text(ann, "/settings/sender")
    assert dns.asked == []

    page = text(ann, "/settings/sender/check")

    assert dns.asked != []
    assert "Gmail will likely refuse the invite or put it into spam" in page
    for name, grade in (("SPF", "wrong"), ("DKIM", "look at this"), ("DMARC", "look at this"), ("MX", "wrong")):
        assert f"{name} {grade}" in page


def test_a_sender_is_set_up_with_the_pages_alone(ann: Visitor, dns: DnsServer) -> None:
    publish_all(dns, ann.get("/settings/sender/check").text)
    ann.get("/settings/sender")
    told(ann, "/settings/sender/key", KEY | {"algorithm": "rsa"})
    page = ann.get("/settings/sender").text
    assert value(page, "key-1-name") == NAME

    dns.publish(NAME, "TXT", value(page, "key-1-value"))
    assert "The key signs from now on." in told(ann, "/settings/sender/activate", WHICH)
    entry = ann.client.v2.get("/audit").json()["entries"][0]
    assert (entry["verb"], entry["who"], entry["name"]) == ("dkim.activated", "ann@example.com", NAME)

    done = text(ann, "/settings/sender/check")
    assert done.count("right") >= 5
    assert "wrong" not in done
    assert "Gmail and Outlook will show the invite as from invites@example.com" in done


def test_a_dns_in_trouble_is_told(ann: Visitor, dns: DnsServer) -> None:
    dns.misbehave("example.com", SERVFAIL)

    assert "could not be looked up" in text(ann, "/settings/sender/check")


def test_a_key_does_not_sign_before_its_record_is_there(ann: Visitor, dns: DnsServer) -> None:
    page = told(ann, "/settings/sender/key", KEY)
    assert "The key is made." in page
    assert f"{SELECTOR} for example.com does not sign yet" in page

    response = ann.post("/settings/sender/activate", WHICH)

    assert response.status_code == 409
    assert "cannot be checked by receivers yet: there is no record; add its record" in response.text
    dns.publish(NAME, "TXT", "v=DKIM1; k=ed25519; p=AAAA")
    assert "the record holds another key" in ann.post("/settings/sender/activate", WHICH).text


def test_a_key_is_retired_for_good(ann: Visitor) -> None:
    told(ann, "/settings/sender/key", KEY)

    page = told(ann, "/settings/sender/retire", WHICH)

    assert "The key signs no more" in page
    assert f"{SELECTOR} for example.com retired" in page
    again = ann.post("/settings/sender/key", KEY)
    assert again.status_code == 422
    assert "was used for example.com before; give another selector" in again.text


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"domain": "localhost"}, "domain", "is no domain that mail can be signed for"),
        ({"domain": ""}, "domain", "fill this in"),
        ({"selector": "a.b"}, "selector", "a.b cannot be a selector"),
        ({"algorithm": "dsa"}, "algorithm", "choose one of rsa, ed25519"),
    ],
)
def test_what_is_wrong_with_a_key_is_told_in_its_place(
    ann: Visitor, fields: dict[str, str], field: str, words: str
) -> None:
    response = ann.post("/settings/sender/key", KEY | fields)

    assert response.status_code == 422
    wrong = re.search(rf'id="key-{field}-said">([^<]*)<', response.text)
    assert wrong is not None
    assert words in wrong[1]


def test_a_workspace_writes_from_a_domain_only_once_a_key_of_its_own_signs_for_it(ann: Visitor, dns: DnsServer) -> None:
    own = {"mail_from": "Hello@Mail.Example.ORG"}
    refused = ann.post("/settings/sender/address", own)
    assert refused.status_code == 422
    assert "is of mail.example.org, for which no key of yours signs" in refused.text

    told(ann, "/settings/sender/key", KEY | {"domain": "mail.example.org"})
    assert ann.post("/settings/sender/address", own).status_code == 422  # its record was not seen
    page = ann.get("/settings/sender").text
    dns.publish(value(page, "key-1-name"), "TXT", value(page, "key-1-value"))
    told(ann, "/settings/sender/activate", WHICH | {"domain": "mail.example.org"})

    assert "come from Hello@mail.example.org" in told(ann, "/settings/sender/address", own)
    ann.client.a_rule(ann.client.a_link())
    ann.client.book()
    ann.client.drain()
    (letter,) = ann.client.letterbox.letters()
    assert "Hello@mail.example.org" in letter["From"]
    assert "come from invites@example.com" in told(ann, "/settings/sender/address", {"mail_from": ""})


def test_a_key_of_another_workspace_proves_nothing(ann: Visitor, dns: DnsServer) -> None:
    told(ann, "/settings/sender/key", KEY)
    page = ann.get("/settings/sender").text
    dns.publish(NAME, "TXT", value(page, "key-1-value"))
    told(ann, "/settings/sender/activate", WHICH)
    bob = signed_in(ann.client.neighbour(), "bob@example.com")
    bob.get("/settings/sender")

    assert bob.post("/settings/sender/address", {"mail_from": "ceo@example.com"}).status_code == 422
    assert SELECTOR not in text(bob, "/settings/sender")
    assert bob.post("/settings/sender/retire", WHICH).status_code == 404


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nobody", "is not a mail address"),
        ("a@b.example\r\nBcc: x@example.org", ""),
        (f"{'x' * 40}@example.com", "no room"),
    ],
)
def test_what_cannot_be_a_sender_is_refused(ann: Visitor, address: str, words: str) -> None:
    response = ann.post("/settings/sender/address", {"mail_from": address})

    assert response.status_code == 422
    assert words in response.text


def test_where_messages_are_captured_nothing_is_asked(client: Client) -> None:
    ann = signed_in(client)

    assert "messages are captured and nothing leaves" in text(ann, "/settings/sender/check")
