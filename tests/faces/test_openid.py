"""Signing in by the operator's sign-in service: an OpenID provider on loopback, with real HTTP and real signatures."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.builders import MINUTE, SettableClock
from tests.faces.client import Client, Letterbox, an_app, on_the_line, opened
from tests.faces.test_audit import entries
from tests.faces.test_signed_pages import text
from tests.faces.visitor import Visitor, an_account
from tests.openid_server import CLIENT_ID, CLIENT_SECRET, EC, RSA, STRANGER, Manner, OpenIdServer, unsigned
from tocsin.calls.provider import OpenIdProvider
from tocsin.domain.accounts import Account, Subject
from tocsin.domain.errors import ConfigurationError
from tocsin.services import accounts, administration_accounts
from tocsin.storage.store import SqlStore

WANTED = "/bookings?when=upcoming"
AWAY = "/sign-in/openid?next=/bookings%3Fwhen%3Dupcoming"


@dataclass(kw_only=True)
class Door:
    """A workspace whose people sign in by a provider, and somebody in front of it."""

    client: Client
    server: OpenIdServer
    visitor: Visitor

    def there(self) -> str:
        """Go to the provider; return the address there."""
        response = self.visitor.get(AWAY)
        assert response.status_code == 303, response.text
        address: str = response.headers["location"]
        return address

    def back(self, address: str) -> httpx.Response:
        """Come back from the provider, at `address`."""
        assert address.startswith("http://acme.tocsin.test/sign-in/openid/back?")
        return self.visitor.get(address.removeprefix("http://acme.tocsin.test"), Sec_Fetch_Site="cross-site")

    def signed_in(self) -> httpx.Response:
        return self.back(self.server.authorize(self.there()))


def provider_at(server: OpenIdServer, clock: SettableClock, *, acr: tuple[str, ...] = ()) -> OpenIdProvider:
    return OpenIdProvider(issuer=server.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, clock=clock, acr=acr)


@pytest.fixture
def door(store: SqlStore) -> Iterator[Door]:
    """Give a workspace with a provider and an account; the test runs once on each store."""
    clock = SettableClock()
    with OpenIdServer(clock) as server:
        app = replace(an_app(store, clock), provider=provider_at(server, clock))
        with on_the_line(app) as line:
            client = Client(app=app, clock=clock, letterbox=Letterbox(), line=line, key=opened(app, "acme"))
            an_account(client)
            yield Door(client=client, server=server, visitor=Visitor(client=client))


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/overview").status_code == 200


def refused(door: Door, response: httpx.Response, status: int, words: str) -> None:
    assert (response.status_code, words in response.text) == (status, True), response.text
    assert door.visitor.cookie == ""
    assert not is_in(door.visitor)


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
def test_whoever_has_an_account_comes_in_and_to_the_page_that_was_wanted(door: Door, key: Any, algorithm: str) -> None:
    door.server.manner = Manner(key=key, algorithm=algorithm, email="Ann@Example.com")

    response = door.signed_in()

    assert (response.status_code, response.headers["location"]) == (303, WANTED)
    assert is_in(door.visitor)
    assert door.visitor.openid == ""  # used, and forgotten
    (entry,) = entries(door.client, what="account.signed_in")
    assert (entry["who"], entry["after"]["by"]) == ("ann@example.com", "sign-in service")


def test_the_session_is_one_like_any_other(door: Door) -> None:
    door.signed_in()
    first = door.visitor.cookie
    door.signed_in()

    assert door.visitor.cookie != first  # each sign-in is a new one
    assert not is_in(Visitor(client=door.client, cookie=first))  # and ends the one before
    door.client.clock.advance(timedelta(hours=8))
    assert not is_in(door.visitor)


def test_the_cookies_are_for_this_host_alone_and_unseen_by_scripts(door: Door) -> None:
    response = door.visitor.get(AWAY)

    (header,) = response.headers.get_list("set-cookie")
    assert header.startswith("__Host-tocsin-openid=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert part in header
    assert "Domain" not in header


@pytest.mark.parametrize(
    "manner",
    [
        pytest.param(Manner(claims=lambda claims: claims | {"nonce": "another"}), id="another nonce"),
        pytest.param(Manner(claims=lambda claims: {k: v for k, v in claims.items() if k != "nonce"}), id="no nonce"),
        pytest.param(Manner(claims=lambda claims: claims | {"aud": "another"}), id="another audience"),
        pytest.param(Manner(claims=lambda claims: claims | {"aud": [CLIENT_ID, "another"]}), id="two audiences"),
        pytest.param(Manner(claims=lambda claims: claims | {"azp": "another"}), id="another party"),
        pytest.param(Manner(claims=lambda claims: claims | {"iss": "http://127.0.0.1:1"}), id="another issuer"),
        pytest.param(Manner(claims=lambda claims: claims | {"exp": claims["iat"] - 61}), id="expired"),
        pytest.param(Manner(claims=lambda claims: {k: v for k, v in claims.items() if k != "exp"}), id="never expires"),
        pytest.param(Manner(claims=lambda claims: claims | {"iat": claims["iat"] + 3600}), id="from the future"),
        pytest.param(Manner(key=STRANGER), id="another's signature"),
        pytest.param(Manner(token=unsigned), id="alg none"),
        pytest.param(Manner(token=lambda token: token[:-8] + "AAAAAAAA"), id="a broken signature"),
        pytest.param(Manner(token=lambda _: "no token"), id="no token at all"),
        pytest.param(Manner(token=lambda _: jwt.encode({"alg": "HS256"}, {}, OctKey.import_key(CLIENT_SECRET * 3))),
                     id="signed with a secret"),
    ],
)  # fmt: skip
def test_a_token_that_is_not_for_us_now_opens_nothing(door: Door, manner: Manner) -> None:
    door.server.manner = manner

    refused(door, door.signed_in(), 403, "has vouched for nobody, or not to us")


def test_a_token_signed_with_our_public_secrets_text_as_if_it_were_a_key_opens_nothing(door: Door) -> None:
    public = RSA.as_pem(private=False)

    def forged(token: str) -> str:
        body = token.split(".")[1]
        claims = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return jwt.encode({"alg": "HS256", "kid": "rsa-1"}, json.loads(claims), OctKey.import_key(public.hex()))

    door.server.manner = Manner(token=forged)

    refused(door, door.signed_in(), 403, "has vouched for nobody, or not to us")


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_provider_has_not_verified_opens_nothing(door: Door, verified: object) -> None:
    door.server.manner = Manner(verified=verified)

    refused(door, door.signed_in(), 403, "does not say that your mail address is yours")


@pytest.mark.parametrize("email", ["", "no address", "ann@example.com\nx"])
def test_what_is_no_address_opens_nothing(door: Door, email: str) -> None:
    door.server.manner = Manner(email=email)

    refused(door, door.signed_in(), 403, "does not say that your mail address is yours")


def test_no_account_is_made_for_somebody_without_one(door: Door) -> None:
    door.server.manner = Manner(email="eve@example.net")

    refused(door, door.signed_in(), 403, "there is no account of eve@example.net in Acme, and signing in makes none")
    (entry,) = entries(door.client, what="account.refused")
    assert entry["who"] == "eve@example.net"


def test_an_account_of_another_workspace_opens_nothing_here(door: Door) -> None:
    globex = door.client.neighbour()
    an_account(globex, "eve@example.net")
    door.server.manner = Manner(email="eve@example.net")

    refused(door, door.signed_in(), 403, "there is no account of eve@example.net in Acme")


def test_what_was_begun_in_one_workspace_is_not_finished_in_another(door: Door) -> None:
    globex = door.client.neighbour()
    an_account(globex)
    back = door.server.authorize(door.there()).removeprefix("http://acme.tocsin.test")
    there = Visitor(client=globex, openid=door.visitor.openid)

    response = there.get(back)

    assert (response.status_code, there.cookie) == (403, "")
    assert "was not begun in this browser" in response.text


@pytest.mark.parametrize("state", ["", "another", "é"])
def test_another_state_is_refused_before_the_provider_is_asked(door: Door, state: str) -> None:
    door.server.manner = Manner(state=lambda _: state)
    back = door.server.authorize(door.there())
    asked = len(door.server.asked)

    refused(door, door.back(back), 403, "was not begun in this browser")
    assert len(door.server.asked) == asked


def test_whoever_is_sent_the_address_of_somebody_elses_sign_in_is_not_signed_in(door: Door) -> None:
    back = door.server.authorize(door.there())
    victim = Visitor(client=door.client)

    for cookie in ("", "x", f"{'0' * 64}.1.", "0" * 4000):
        victim.openid = cookie
        response = victim.get(back.removeprefix("http://acme.tocsin.test"))
        assert (response.status_code, victim.cookie) == (403, "")


def test_a_code_is_good_once(door: Door) -> None:
    back = door.server.authorize(door.there())
    kept = door.visitor.openid
    door.back(back)
    thief = Visitor(client=door.client, openid=kept)

    response = thief.get(back.removeprefix("http://acme.tocsin.test"))

    assert (response.status_code, thief.cookie) == (403, "")


def test_a_sign_in_that_took_longer_than_ten_minutes_is_over(door: Door) -> None:
    back = door.server.authorize(door.there())
    door.client.clock.advance(11 * MINUTE)

    refused(door, door.back(back), 403, "more than ten minutes ago")


def test_that_the_provider_refuses_is_told_in_its_known_words_only(door: Door) -> None:
    door.server.manner = Manner(refuses="access_denied")
    refused(door, door.signed_in(), 403, "the sign-in service has refused (access denied)")
    door.server.manner = Manner(refuses="<b>call 0900 for help</b>")
    refused(door, door.signed_in(), 403, "the sign-in service has refused (an error)")


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        (Manner(status=500), "answers with 500 for its discovery document"),
        (Manner(status=302), "answers with 302 for its discovery document"),
        (Manner(raw=b"[]"), "answers with what is no JSON object, or too large"),
        (Manner(raw=b"[" * 200_000), "answers with what is no JSON object, or too large"),
        (Manner(raw=b" " * 300_000 + b"{}"), "answers with what is no JSON object, or too large"),
        (Manner(document=lambda one: one | {"issuer": "http://other"}), "must be written exactly as it does"),
        (
            Manner(document=lambda one: one | {"token_endpoint": "http://login.example.com/"}),
            "must begin with https://",
        ),
        (Manner(document=lambda one: one | {"jwks_uri": 7}), "whose jwks_uri is no URL"),
        (Manner(keys=[]), "shows no keys that can be used"),
    ],
)
def test_a_provider_that_says_what_cannot_be_is_told_of(door: Door, manner: Manner, words: str) -> None:
    door.server.manner = manner

    response = _get(door, AWAY)

    assert (response.status_code, words in response.text.replace("&#39;", "'")) == (503, True), response.text


def _get(door: Door, path: str) -> httpx.Response:
    """Ask for a page that may be away."""
    return door.client.line.call("GET", path, None, [("Host", door.client.host)])


def test_while_the_provider_is_away_a_page_says_so_and_passwords_still_open(door: Door) -> None:
    door.server.stop()

    response = _get(door, AWAY)

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "does not answer" in response.text
    assert door.visitor.sign_in().status_code == 303


def test_a_key_that_the_provider_took_since_is_learnt_but_not_asked_for_at_every_try(door: Door) -> None:
    door.server.manner = Manner(keys=[EC])
    door.there()
    door.server.manner = Manner(keys=[RSA, EC])

    refused(door, door.signed_in(), 403, "has vouched for nobody")
    door.client.clock.advance(2 * MINUTE)
    assert door.signed_in().status_code == 303


def test_what_was_learnt_is_kept_for_an_hour(door: Door) -> None:
    door.signed_in()
    door.signed_in()
    assert door.server.asked.count("/keys") == 1
    door.client.clock.advance(timedelta(hours=1))
    door.signed_in()
    assert door.server.asked.count("/keys") == 2


def test_a_provider_that_takes_no_basic_is_told_the_secret_in_the_form(door: Door) -> None:
    methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    door.server.manner = Manner(document=lambda one: one | methods)

    assert door.signed_in().status_code == 303


def test_too_many_tries_from_one_place_have_to_wait(door: Door) -> None:
    door.server.manner = Manner(email="eve@example.net")
    found = [door.signed_in().status_code for _ in range(101)]

    assert found == [403] * 100 + [429]


def test_nobody_elses_page_begins_a_sign_in(door: Door) -> None:
    for site in ("cross-site", "same-site"):
        response = door.visitor.get(AWAY, Sec_Fetch_Site=site)
        assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
        assert door.visitor.openid == ""


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "x" * 3000])
def test_nobody_is_sent_elsewhere_after_signing_in(door: Door, back: str) -> None:
    response = door.visitor.get(str(httpx.URL("/sign-in/openid", params={"next": back})))

    assert door.back(door.server.authorize(response.headers["location"])).headers["location"] == "/overview"


def test_the_page_to_sign_in_offers_it_only_where_there_is_a_provider(door: Door) -> None:
    assert "Sign in with your organisation" in text(door.visitor, "/sign-in")
    with on_the_line(replace(door.client.app, provider=None)) as line:
        without = Visitor(client=replace(door.client, line=line))
        assert "organisation" not in text(without, "/sign-in")
        assert without.get("/sign-in/openid").status_code == 404
        assert without.get("/sign-in/openid/back?code=1&state=2").status_code == 404


def test_an_account_without_a_password_is_opened_by_the_provider_alone(door: Door) -> None:
    values = {"subdomain": "acme", "email": "bob@example.com", "role": "viewer", "password": None}
    administration_accounts.run(door.client.app.office, "account create", values)
    for password in ("", "None", "correct horse battery"):
        assert door.visitor.sign_in("bob@example.com", password).status_code == 422
    door.server.manner = Manner(email="bob@example.com")

    assert door.signed_in().status_code == 303


# Whose account it is


def the_account(door: Door) -> Account:
    with door.client.app.store.reading(door.client.app.office.workspace({"subdomain": "acme"}).id) as tx:
        return accounts.get(tx, "ann@example.com")


def test_the_first_sign_in_binds_the_account_and_then_the_subject_decides(door: Door) -> None:
    door.signed_in()
    assert the_account(door).subject == Subject(issuer=door.server.issuer, name="1")
    (entry,) = entries(door.client, what="account.bound")
    assert (entry["who"], entry["after"]["name"]) == ("ann@example.com", "1")

    door.server.manner = Manner(email="ann.married@example.org", verified=False)
    door.visitor.cookie = ""
    assert door.signed_in().status_code == 303
    assert is_in(door.visitor)
    assert len(entries(door.client, what="account.bound")) == 1


def test_whoever_has_got_somebodys_former_address_does_not_get_the_account(door: Door) -> None:
    door.signed_in()
    door.visitor.cookie = ""
    door.server.manner = Manner(subject="2")

    refused(door, door.signed_in(), 403, "belongs to somebody else at the sign-in service")
    assert the_account(door).subject == Subject(issuer=door.server.issuer, name="1")
    assert entries(door.client, what="account.refused")


def test_an_admin_unbinds_an_account_and_the_next_with_its_address_has_it(door: Door) -> None:
    door.signed_in()
    an_account(door.client, "boss@example.com")
    boss, first = Visitor(client=door.client), Visitor(client=door.client, cookie=door.visitor.cookie)
    boss.sign_in("boss@example.com")
    page = boss.get("/settings/people").text
    assert page.count("bound to your organisation") == 1

    done = boss.post("/settings/people/unbind", {"account": the_account(door).id})
    assert (done.status_code, done.headers["location"]) == (303, "/settings/people?done=unbound")
    assert not is_in(first)
    door.server.manner = Manner(subject="2")
    assert door.signed_in().status_code == 303
    assert the_account(door).subject == Subject(issuer=door.server.issuer, name="2")

    values = {"subdomain": "acme", "email": "ann@example.com"}
    done = administration_accounts.run(door.client.app.office, "account unbind", values)
    assert (done["email"], done["is_bound"]) == ("ann@example.com", False)
    assert not is_in(door.visitor)


def test_another_provider_binds_the_accounts_anew(door: Door) -> None:
    workspace = door.client.app.office.workspace({"subdomain": "acme"}).id
    account = the_account(door)
    with door.client.app.store.transaction(workspace) as tx:
        tx.accounts.set_subject(account.id, Subject(issuer="https://former.example", name="x"))

    assert door.signed_in().status_code == 303
    assert the_account(door).subject == Subject(issuer=door.server.issuer, name="1")


@pytest.mark.parametrize("subject", ["", 1, None, "x" * 256, "a\nb", ["1"]])
def test_a_subject_that_cannot_be_opens_nothing(door: Door, subject: object) -> None:
    door.server.manner = Manner(subject=subject)

    refused(door, door.signed_in(), 403, "has vouched for nobody, or not to us")


# How strongly the provider has asked


@pytest.mark.parametrize("acr", ["phr", "phrh"])
def test_a_way_to_sign_in_is_wished_for_and_one_of_those_that_will_do_comes_in(strict: Door, acr: str) -> None:
    strict.server.manner = Manner(claims=lambda claims: claims | {"acr": acr})

    assert strict.signed_in().status_code == 303
    assert strict.server.acr_values == "phr phrh"


@pytest.mark.parametrize("acr", [None, "", "pwd", "phr phrh", ["phr"], 1])
def test_whoever_has_signed_in_in_a_weaker_way_is_refused(strict: Door, acr: object) -> None:
    strict.server.manner = Manner(claims=lambda claims: claims | ({} if acr is None else {"acr": acr}))

    refused(strict, strict.signed_in(), 403, "sign in there with a second factor")


@pytest.fixture
def strict(sqlite_store: SqlStore) -> Iterator[Door]:
    """Give a workspace whose people must sign in at the provider in one of two ways."""
    clock = SettableClock()
    with OpenIdServer(clock) as server:
        app = replace(an_app(sqlite_store, clock), provider=provider_at(server, clock, acr=("phr", "phrh")))
        with on_the_line(app) as line:
            client = Client(app=app, clock=clock, letterbox=Letterbox(), line=line, key=opened(app, "acme"))
            an_account(client)
            yield Door(client=client, server=server, visitor=Visitor(client=client))


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example.com",
        "login.example.com",
        "https://",
        "ftp://login.example.com",
        "https://a@login.example.com",
    ],
)
def test_an_issuer_that_cannot_be_is_refused_at_the_start(issuer: str) -> None:
    with pytest.raises(ConfigurationError, match="TOCSIN_OIDC_ISSUER"):
        OpenIdProvider(issuer=issuer, client_id="x", client_secret="y", clock=SettableClock())
