"""The second factor on the pages, as a browser and an app use it; on each store."""

import re

import pyotp
import pytest

from tests.builders import SECOND
from tests.faces.client import Client, connected
from tests.faces.test_audit import entries
from tests.faces.test_signed_pages import told
from tests.faces.visitor import PASSWORD, Visitor, an_account, signed_in
from tocsin.domain.accounts import MOST_TRIES_OF_ACCOUNT
from tocsin.domain.sessions import FRESH
from tocsin.services import administration_accounts
from tocsin.storage.store import SqlStore

FACTOR = "/settings/me/factor"
EMAIL = "ann@example.com"


class Phone:
    """An app with a key, whose clock is that of the server."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.key = client, key

    def code(self, late: int = 0) -> str:
        return pyotp.TOTP(self.key).at(int(self.client.clock().timestamp()) - late)


def set_up(ann: Visitor) -> Phone:
    """Set up a second factor up to the code that confirms it."""
    ann.get("/settings/me")
    page = ann.post(f"{FACTOR}/set-up")
    assert page.status_code == 200
    assert "<svg" in page.text
    key = re.search(r'id="factor-key"[^>]*value="([A-Z2-7]{32})"', page.text)
    assert key is not None
    return Phone(ann.client, key[1])


def turned_on(ann: Visitor) -> tuple[Phone, list[str]]:
    """Turn a second factor on; return the app and the recovery codes."""
    phone = set_up(ann)
    page = ann.post(f"{FACTOR}/confirm", {"code": phone.code()})
    assert page.status_code == 200, page.text
    codes = re.findall(r"(?:[a-z2-7]{4}-){5}[a-z2-7]{4}", page.text)
    assert len(set(codes)) == 10
    ann.client.clock.advance(30 * SECOND)
    return phone, codes


def asked(client: Client) -> Visitor:
    """Return somebody who has shown Ann's password, and is asked for a code."""
    visitor = Visitor(client=client)
    page = visitor.sign_in(EMAIL, next="/bookings")
    assert page.status_code == 200
    assert 'action="/sign-in/code"' in page.text
    assert visitor.cookie == ""
    return visitor


def answered(visitor: Visitor, code: str) -> int:
    """Type a code; return the status of the answer."""
    hidden = dict(re.findall(r'type="hidden" name="(proof|next)" value="([^"]*)"', visitor.last))
    return visitor.post("/sign-in/code", hidden | {"code": code}).status_code


def test_with_a_second_factor_the_password_is_followed_by_a_code(client: Client) -> None:
    ann = signed_in(client)
    phone, _ = turned_on(ann)
    assert "It is on" in ann.get("/settings/me").text

    visitor = asked(client)
    assert visitor.get("/overview").status_code == 303
    visitor = asked(client)
    assert answered(visitor, f" {phone.code()[:3]} {phone.code()[3:]} ") == 303
    assert visitor.get("/overview").status_code == 200
    entry = entries(client, what="account.signed_in")[0]
    assert (entry["who"], entry["after"]["by"]) == (EMAIL, "password and code")
    assert [one["verb"] for one in entries(client, what="account.second_factor_on")] == ["account.second_factor_on"]


def test_a_code_is_good_once_and_only_while_it_stands_in_the_app(client: Client) -> None:
    phone, _ = turned_on(signed_in(client))
    client.clock.advance(60 * SECOND)
    first, second, third = asked(client), asked(client), asked(client)

    assert answered(first, phone.code(late=30)) == 422
    assert answered(first, phone.code(late=-30)) == 422
    assert answered(first, phone.code()) == 303
    assert answered(second, phone.code()) == 422
    client.clock.advance(30 * SECOND)
    assert answered(second, phone.code(late=30)) == 422  # the same one, a step later
    assert answered(third, phone.code()) == 303
    assert second.cookie == ""


def test_a_recovery_code_signs_in_once_and_is_kept_as_a_hash(client: Client) -> None:
    _, codes = turned_on(signed_in(client))

    assert answered(asked(client), codes[3].upper().replace("-", " ")) == 303
    assert answered(asked(client), codes[3]) == 422
    assert answered(asked(client), codes[4]) == 303
    assert entries(client, what="account.signed_in")[0]["after"]["by"] == "password and recovery code"
    with client.app.store._database.reading() as connection:
        rows = str(connection.rows("SELECT * FROM accounts"))
    assert codes[5].replace("-", "") not in rows.replace("-", "")


def test_the_key_is_not_in_the_database_in_the_clear(client: Client) -> None:
    phone, _ = turned_on(signed_in(client))

    with client.app.store._database.reading() as connection:
        (row,) = connection.rows("SELECT factor_box FROM accounts")
    assert phone.key.encode() not in bytes(row["factor_box"])


def test_codes_are_tried_as_often_as_passwords_and_no_more(client: Client) -> None:
    phone, _ = turned_on(signed_in(client))
    visitor = asked(client)

    statuses = [answered(visitor, "000000") for _ in range(MOST_TRIES_OF_ACCOUNT)]
    assert statuses == [422] * (MOST_TRIES_OF_ACCOUNT - 1) + [429]
    assert answered(visitor, phone.code()) == 429
    refused = entries(client, what="account.refused")[0]
    assert (refused["who"], refused["after"]["by"]) == (EMAIL, "second factor")


@pytest.mark.parametrize("proof", ["", "x", "0" * 36 + ".0000000001." + "0" * 64])
def test_without_the_password_no_code_opens_anything(client: Client, proof: str) -> None:
    phone, codes = turned_on(signed_in(client))

    for code in (phone.code(), codes[0]):
        stranger = Visitor(client=client)
        assert stranger.post("/sign-in/code", {"proof": proof, "code": code}).status_code == 422
        assert stranger.cookie == ""


def test_what_shows_the_password_lasts_five_minutes_and_ends_with_the_password(client: Client) -> None:
    phone, _ = turned_on(signed_in(client))
    slow, former = asked(client), asked(client)
    values = {"subdomain": "acme", "email": EMAIL, "password": "another long password"}
    administration_accounts.run(client.app.office, "account password", values)
    assert answered(former, phone.code()) == 422

    administration_accounts.run(client.app.office, "account password", values | {"password": PASSWORD})
    slow = asked(client)
    client.clock.advance(301 * SECOND)
    assert answered(slow, phone.code()) == 422
    assert "longer than five minutes" in slow.last


def test_nothing_is_on_before_a_code_has_confirmed_it(client: Client) -> None:
    ann = signed_in(client)
    phone = set_up(ann)

    wrong = ann.post(f"{FACTOR}/confirm", {"code": "000000"})
    assert wrong.status_code == 422
    assert phone.key in wrong.text  # the same one, so that nobody has to begin anew
    assert Visitor(client=client).sign_in(EMAIL).status_code == 303
    assert ann.post(f"{FACTOR}/confirm", {"code": phone.code()}).status_code == 200
    assert ann.post(f"{FACTOR}/confirm", {"code": phone.code()}).status_code == 409
    assert ann.post(f"{FACTOR}/set-up").status_code == 409


def test_it_is_turned_off_with_the_password_by_its_owner(client: Client) -> None:
    ann = signed_in(client, role="viewer")
    turned_on(ann)
    client.clock.advance(FRESH)
    ann.get("/settings/me")

    assert ann.post(f"{FACTOR}/turn-off", {"present": "not the right one"}).status_code == 422
    assert ann.post(f"{FACTOR}/set-up", {"present": ""}).status_code == 422
    assert "Your second factor is off" in told(ann, f"{FACTOR}/turn-off", {"present": PASSWORD})
    assert Visitor(client=client).sign_in(EMAIL).status_code == 303
    assert len(entries(client, what="account.second_factor_off")) == 1


def test_an_admin_resets_that_of_somebody_who_has_lost_it(client: Client) -> None:
    turned_on(signed_in(client))
    boss = signed_in(client, "boss@example.com")
    page = boss.get("/settings/people").text
    account = re.search(r'action="/settings/people/reset-factor".*?name="account" value="([^"]+)"', page, re.DOTALL)
    assert account is not None
    done = boss.post("/settings/people/reset-factor", {"account": account[1]})
    assert done.headers["location"] == "/settings/people?done=factor-reset"
    ann = Visitor(client=client)
    assert ann.sign_in(EMAIL).status_code == 303

    turned_on(ann)
    values = {"subdomain": "acme", "email": EMAIL}
    done_by_command = administration_accounts.run(client.app.office, "account reset-factor", values)
    assert done_by_command["has_second_factor"] is False
    assert Visitor(client=client).sign_in(EMAIL).status_code == 303


def test_where_it_is_required_nothing_is_seen_before_it_is_set_up(sqlite_store: SqlStore) -> None:
    with connected(sqlite_store, TOCSIN_SECOND_FACTOR="required") as client:
        an_account(client)
        ann = Visitor(client=client)
        ann.sign_in(EMAIL)
        for path in ("/overview", "/bookings", "/settings/people", "/settings/audit"):
            page = ann.get(path)
            assert (page.status_code, page.headers["location"]) == (303, "/settings/me?done=factor-needed")
        assert ann.post("/settings/workspace", {"name": "x"}).headers["location"] == "/settings/me?done=factor-needed"
        turned_on(ann)
        assert ann.get("/overview").status_code == 200
