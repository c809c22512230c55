"""/sender and `tocsin dkim`: how a workspace looks to those who get its invites, by a real DNS."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faces.client import Client, Json, connected, refusal
from tests.mail.dns_server import SERVFAIL, SILENT, DnsServer
from tocsin.bootstrap import _run
from tocsin.domain.errors import TocsinError
from tocsin.storage.store import SqlStore

ADDRESS = "invites@example.com"
CREATE: Json = {"subdomain": "acme", "domain": "", "selector": "", "algorithm": "ed25519"}
SELECTOR = "acme-20261124"
NAME = f"{SELECTOR}._domainkey.example.com"


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


@pytest.fixture
def sending(store: SqlStore, dns: DnsServer) -> Iterator[Client]:
    """Give a client of an application that sends by a relay; the test runs once on SQLite and once on PostgreSQL."""
    environment = {
        "TOCSIN_SMTP_URL": "smtp://relay.example.net:25?tls=none",
        "TOCSIN_MAIL_FROM": ADDRESS,
        "TOCSIN_RESOLVER": f"127.0.0.1:{dns.port}",
    }
    with connected(store, **environment) as client:
        yield client


def office(client: Client, command: str, **values: object) -> Any:
    return _run(client.app, command, dict(values))


def sender(client: Client) -> Json:
    response = client.v2.get("/sender")
    assert response.status_code == 200
    found: Json = response.json()["sender"]
    assert client.v1.get("/sender").json() == {"sender": found}
    return found


def publish(dns: DnsServer, line: str) -> None:
    """Publish a line of a zone file as it was shown."""
    name, _, kind, data = line.split(" ", 3)
    dns._records.setdefault((name.removesuffix("."), kind), []).append(data)


def grades(found: Json) -> list[str]:
    """Return the grades of SPF, DKIM, DMARC, alignment and MX."""
    assert [check["name"] for check in found["checks"]] == ["SPF", "DKIM", "DMARC", "alignment", "MX"]
    return [check["grade"] for check in found["checks"]]


def test_a_sender_is_set_up_step_by_step_by_the_records_that_it_names(sending: Client, dns: DnsServer) -> None:
    bare = sender(sending)
    assert grades(bare) == ["failed", "warning", "warning", "warning", "failed"]
    assert bare["sentence"].startswith("Gmail will likely refuse the invite or put it into spam")
    for check in bare["checks"]:
        if check["record"]:
            publish(dns, check["record"])

    key = office(sending, "dkim create", **(CREATE | {"algorithm": "rsa"}))
    waiting = sender(sending)
    assert grades(waiting) == ["ok", "warning", "ok", "warning", "ok"]
    (record,) = (check["record"] for check in waiting["checks"] if check["name"] == "DKIM")
    assert record == key["record"]

    publish(dns, record)
    office(sending, "dkim activate", subdomain="acme", selector=key["selector"], domain="", force=False)
    done = sender(sending)

    assert grades(done) == ["ok"] * 5
    assert (
        done["sentence"] == "Gmail and Outlook will show the invite as from invites@example.com and let people answer"
    )
    assert done["address"] == ADDRESS
    assert done["dkim"] == [
        {
            "domain": "example.com",
            "selector": SELECTOR,
            "algorithm": "rsa",
            "state": "active",
            "record": key["record"],
            "created_at": "2026-11-24T12:00:00Z",
            "activated_at": "2026-11-24T12:00:00Z",
            "retired_at": None,
        }
    ]


def test_nothing_that_is_answered_holds_a_private_key(sending: Client) -> None:
    shown = office(sending, "dkim create", **CREATE)
    with sending.app.store._database.reading() as connection:
        (kept,) = connection.rows("SELECT private_key FROM dkim_keys")
    sealed = bytes(kept["private_key"])

    for text in (str(shown), sending.v2.get("/sender").text, str(office(sending, "dkim list", subdomain="acme"))):
        assert "PRIVATE" not in text
        assert "private" not in text
        assert str(sealed)[2:30] not in text
        assert sealed.hex()[:16] not in text
        assert b64encode(sealed).decode()[:16] not in text


def test_a_certificate_that_is_away_for_a_moment_hinders_no_page(
    store: SqlStore, dns: DnsServer, tmp_path: Path
) -> None:
    own = tmp_path / "own.pem"
    own.touch()
    environment = {
        "TOCSIN_SMTP_URL": f"smtps://relay.example.net?cert={own}",
        "TOCSIN_RESOLVER": f"127.0.0.1:{dns.port}",
    }
    with connected(store, **environment) as client:
        own.unlink()

        assert grades(sender(client))


def test_without_a_relay_nothing_is_asked(store: SqlStore, dns: DnsServer) -> None:
    with connected(store, TOCSIN_RESOLVER=f"127.0.0.1:{dns.port}") as client:
        found = sender(client)

    assert found == {
        "address": "invites@tocsin.example",
        "sentence": "Nobody will see the invite, because messages are captured and nothing leaves; set TOCSIN_SMTP_URL",
        "checks": [],
        "dkim": [],
    }
    assert dns.asked == []


def test_a_dns_in_trouble_is_an_answer_too(sending: Client, dns: DnsServer) -> None:
    for name in ("example.com", "_dmarc.example.com"):
        dns.misbehave(name, SERVFAIL)

    found = sender(sending)

    assert grades(found) == ["warning"] * 5
    assert found["sentence"] == (
        "What Gmail and Outlook will show cannot be told now, because the DNS could not be asked (example.com: the name"
        " server answers with an error)"
    )


def test_another_workspace_sees_its_own_sender_and_keys_only(sending: Client) -> None:
    office(sending, "dkim create", **CREATE)

    assert sender(sending.neighbour())["dkim"] == []
    assert [key["selector"] for key in sender(sending)["dkim"]] == [SELECTOR]


def test_a_key_needs_the_scope_to_read_deliveries(sending: Client) -> None:
    assert sending.with_key("deliveries:read").v2.get("/sender").status_code == 200
    assert "lacks the scope deliveries:read" in refusal(sending.with_key("bookings:write").v2.get("/sender"), 403)


# The operator's commands


def test_a_key_is_activated_once_its_record_is_there(sending: Client, dns: DnsServer) -> None:
    key = office(sending, "dkim create", **CREATE)
    activate = {"subdomain": "acme", "selector": SELECTOR, "domain": "", "force": False}
    assert (key["name"], key["state"], key["type"]) == (NAME, "waiting", "TXT")

    with pytest.raises(
        TocsinError, match="cannot be checked by receivers yet: there is no record; add the record that"
    ):
        office(sending, "dkim activate", **activate)
    dns.publish(NAME, "TXT", "v=DKIM1; k=ed25519; p=AAAA")
    with pytest.raises(TocsinError, match="yet: the record holds another key"):
        office(sending, "dkim activate", **activate)
    dns.withdraw(NAME, "TXT")
    dns.publish(NAME, "TXT", key["value"])

    assert office(sending, "dkim activate", **activate)["state"] == "active"
    asked = dns.asked
    assert office(sending, "dkim activate", **activate)["state"] == "active"
    assert dns.asked == asked  # it signs already: nothing has to be found out
    (listed,) = office(sending, "dkim list", subdomain="acme")
    assert (listed["state"], listed["activated_at"]) == ("active", "2026-11-24T12:00:00+00:00")


def test_a_key_is_activated_without_a_look_at_the_dns_when_told_so(sending: Client, dns: DnsServer) -> None:
    dns.misbehave(NAME, SILENT)
    office(sending, "dkim create", **CREATE)

    activated = office(sending, "dkim activate", subdomain="acme", selector=SELECTOR, domain="", force=True)

    assert activated["state"] == "active"
    assert dns.asked == []


def test_a_retired_key_is_listed_and_comes_back_no_more(sending: Client) -> None:
    office(sending, "dkim create", **CREATE)

    assert office(sending, "dkim retire", subdomain="acme", selector=SELECTOR, domain="")["state"] == "retired"

    with pytest.raises(TocsinError, match="is retired; make a new one"):
        office(sending, "dkim activate", subdomain="acme", selector=SELECTOR, domain="", force=True)
    with pytest.raises(TocsinError, match=r"was used for example\.com before; give another"):
        office(sending, "dkim create", **CREATE)
    assert [key["state"] for key in office(sending, "dkim list", subdomain="acme")] == ["retired"]


def test_a_selector_and_a_domain_can_be_chosen(sending: Client) -> None:
    key = office(sending, "dkim create", **(CREATE | {"selector": "one", "domain": "Mail.Example.ORG"}))

    assert key["name"] == "one._domainkey.mail.example.org"
    assert office(sending, "dkim retire", subdomain="acme", selector="one", domain="mail.example.org")["domain"] == (
        "mail.example.org"
    )


def test_the_selector_of_a_long_subdomain_fits_into_a_label(sending: Client) -> None:
    neighbour = sending.neighbour("a" * 63)

    key = office(neighbour, "dkim create", **(CREATE | {"subdomain": "a" * 63}))

    assert key["selector"] == "a" * 54 + "-20261124"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"subdomain": "nobody"}, "there is no workspace called nobody"),
        ({"selector": "a.b"}, "selector: a.b cannot be a selector"),
        ({"domain": "localhost"}, "domain: localhost is no domain"),
        ({"algorithm": "dsa"}, "algorithm: use one of rsa, ed25519"),
    ],
)
def test_what_is_wrong_with_a_new_key_is_told(sending: Client, values: Json, words: str) -> None:
    with pytest.raises(TocsinError, match=words):
        office(sending, "dkim create", **(CREATE | values))


def test_a_sender_at_no_domain_cannot_have_a_key(store: SqlStore) -> None:
    words = "domain: invites@localhost is at no domain that can be signed for"
    with connected(store, TOCSIN_MAIL_FROM="invites@localhost") as client, pytest.raises(TocsinError, match=words):
        office(client, "dkim create", **CREATE)
