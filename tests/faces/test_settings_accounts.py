"""Accounts in the pages: added by a link that is used once, given roles, removed, and everybody's own password."""

import re
from datetime import timedelta

import pytest

from tests.builders import DAY
from tests.faces.client import Client
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import PASSWORD, Visitor, an_account, signed_in

NEW = "seven bright mornings"
LINK = re.compile(r">http://acme\.tocsin\.test(/password/[0-9a-f.-]+)</textarea>")


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in and looks at the accounts."""
    ann = signed_in(client)
    ann.get("/settings/people")
    return ann


def a_link_for(ann: Visitor, email: str, role: str = "viewer") -> str:
    response = ann.post("/settings/people/add", {"email": email, "role": role})
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    (path,) = LINK.findall(response.text)
    return str(path)


def the_id(ann: Visitor, email: str) -> str:
    with ann.client.app.store.directory() as directory:
        workspace = directory.by_subdomain("acme")
    assert workspace is not None
    with ann.client.app.store.reading(workspace.id) as tx:
        found = tx.accounts.by_email(email)
    assert found is not None
    return found[0].id


def chosen(visitor: Visitor, path: str, password: str = NEW, repeat: str = "") -> int:
    visitor.get(path)
    return visitor.post(f"{path}/choose", {"password": password, "repeat": repeat or password}).status_code


def test_a_link_lets_somebody_choose_a_password_once(ann: Visitor) -> None:
    path = a_link_for(ann, "zoe@example.com")
    assert path not in ann.get("/settings/people").text
    zoe = Visitor(client=ann.client)

    assert "For zoe@example.com at Acme" in text(zoe, path)
    page = told(zoe, f"{path}/choose", {"password": NEW, "repeat": NEW})

    assert "Your password is set." in page
    assert zoe.sign_in("zoe@example.com", NEW).status_code == 303
    assert "This link was used" in text_of(Visitor(client=ann.client).get(path).text).replace("this link", "This link")
    assert chosen(Visitor(client=ann.client), path, "another long password") == 404
    assert zoe.get("/settings").status_code == 200


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_nobody_signs_in_before_a_password_is_chosen(ann: Visitor) -> None:
    a_link_for(ann, "zoe@example.com")

    assert Visitor(client=ann.client).sign_in("zoe@example.com", "").status_code == 422


def test_a_link_ends_after_three_days(ann: Visitor) -> None:
    path = a_link_for(ann, "zoe@example.com")

    ann.client.clock.advance(3 * DAY - timedelta(seconds=1))
    assert Visitor(client=ann.client).get(path).status_code == 200
    ann.client.clock.advance(timedelta(seconds=1))
    assert Visitor(client=ann.client).get(path).status_code == 404
    assert chosen(Visitor(client=ann.client), path) == 404


def test_a_link_that_was_made_up_or_is_of_another_workspace_opens_nothing(ann: Visitor) -> None:
    path = a_link_for(ann, "zoe@example.com")
    account, ends, mac = path.removeprefix("/password/").split(".")
    later = str(int(ends) + 1)
    other = the_id(ann, "ann@example.com")
    neighbour = ann.client.neighbour()

    for made_up in (f"{account}.{later}.{mac}", f"{other}.{ends}.{mac}", f"{account}.{ends}.{'0' * 64}", "x", "%00"):
        assert Visitor(client=ann.client).get(f"/password/{made_up}").status_code == 404
    assert Visitor(client=neighbour).get(path).status_code == 404


@pytest.mark.parametrize(
    ("password", "repeat", "field", "words"),
    [
        ("short", "short", "password", "12 to 256 characters"),
        (NEW, f"{NEW}!", "repeat", "is not the same"),
        ("", "", "password", "fill this in"),
    ],
)
def test_what_cannot_be_a_password_is_told_and_never_shown(
    ann: Visitor, password: str, repeat: str, field: str, words: str
) -> None:
    path = a_link_for(ann, "zoe@example.com")
    zoe = Visitor(client=ann.client)
    zoe.get(path)

    response = zoe.post(f"{path}/choose", {"password": password, "repeat": repeat})

    assert response.status_code == 422
    wrong = re.search(rf'id="choose-{field}-said">([^<]*)<', response.text)
    assert wrong is not None
    assert words in wrong[1]
    assert not password or password not in response.text
    assert chosen(zoe, path) == 303


def test_a_password_that_was_lost_is_replaced_by_a_link_and_sessions_end(ann: Visitor) -> None:
    vic = signed_in(ann.client, "vic@example.com", "viewer")
    response = ann.post("/settings/people/link", {"account": the_id(ann, "vic@example.com")})
    (path,) = LINK.findall(response.text)
    assert vic.get("/overview").status_code == 200  # the link alone changes nothing

    assert chosen(Visitor(client=ann.client), path) == 303

    assert vic.get("/overview").status_code == 303
    assert vic.sign_in("vic@example.com", PASSWORD).status_code == 422
    assert vic.sign_in("vic@example.com", NEW).status_code == 303


def test_a_role_holds_at_once(ann: Visitor) -> None:
    vic = signed_in(ann.client, "vic@example.com", "viewer")
    account = the_id(ann, "vic@example.com")

    assert "The role is changed." in told(ann, "/settings/people/role", {"account": account, "role": "admin"})
    assert vic.get("/settings/links/new").status_code == 200
    told(ann, "/settings/people/role", {"account": account, "role": "viewer"})
    assert vic.get("/settings/links/new").status_code == 403


@pytest.mark.parametrize("deed", [("role", {"role": "viewer"}), ("remove", {})])
def test_the_last_admin_stays(ann: Visitor, deed: tuple[str, dict[str, str]]) -> None:
    an_account(ann.client, "vic@example.com", "viewer")
    name, fields = deed
    path, account = f"/settings/people/{name}", the_id(ann, "ann@example.com")

    response = ann.post(path, {"account": account} | fields)

    assert response.status_code == 409
    assert "ann@example.com is the only admin; make somebody else one first" in response.text
    an_account(ann.client, "bea@example.com", "admin")
    assert ann.post(path, {"account": account} | fields).status_code == 303


def test_whoever_is_removed_is_signed_out(ann: Visitor) -> None:
    vic = signed_in(ann.client, "vic@example.com", "viewer")

    page = told(ann, "/settings/people/remove", {"account": the_id(ann, "vic@example.com")})

    assert "The account is removed" in page
    assert "vic@example.com" not in page
    assert vic.get("/overview").status_code == 303


@pytest.mark.parametrize("name", ["role", "link", "remove"])
def test_an_account_of_another_workspace_is_not_there(ann: Visitor, name: str) -> None:
    bob = signed_in(ann.client.neighbour(), "bob@example.com")
    bob.get("/settings/people")

    fields = {"account": the_id(ann, "ann@example.com"), "role": "viewer"}

    assert bob.post(f"/settings/people/{name}", fields).status_code == 404


def test_an_address_has_one_account(ann: Visitor) -> None:
    response = ann.post("/settings/people/add", {"email": "ANN@example.com", "role": "viewer"})

    assert response.status_code == 422
    assert "there is an account of ann@example.com already" in response.text
    assert 'value="ANN@example.com"' in response.text


# One's own password


def test_everybody_changes_his_own_password_and_stays_signed_in_here_only(ann: Visitor) -> None:
    vic, elsewhere = signed_in(ann.client, "vic@example.com", "viewer"), Visitor(client=ann.client)
    elsewhere.sign_in("vic@example.com")
    before = vic.cookie
    vic.get("/settings/me")

    page = told(vic, "/settings/me/password", {"present": PASSWORD, "password": NEW, "repeat": NEW})

    assert "You have a new password." in page
    assert vic.cookie != before
    assert elsewhere.get("/overview").status_code == 303
    assert elsewhere.sign_in("vic@example.com", PASSWORD).status_code == 422
    assert elsewhere.sign_in("vic@example.com", NEW).status_code == 303


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"present": "not my password"}, "present", "is not your password"),
        ({"password": "short", "repeat": "short"}, "password", "12 to 256 characters"),
        ({"repeat": "something else"}, "repeat", "is not the same"),
    ],
)
def test_a_wrong_field_keeps_the_password(ann: Visitor, wrong: dict[str, str], field: str, words: str) -> None:
    ann.get("/settings/me")

    fields = {"present": PASSWORD, "password": NEW, "repeat": NEW} | wrong
    response = ann.post("/settings/me/password", fields)

    assert response.status_code == 422
    complaint = re.search(rf'id="password-{field}-said">([^<]*)<', response.text)
    assert complaint is not None
    assert words in complaint[1]
    assert not any(value in response.text for value in fields.values())
    assert Visitor(client=ann.client).sign_in().status_code == 303


def test_the_present_password_cannot_be_guessed_for_long(ann: Visitor) -> None:
    ann.get("/settings/me")
    fields = {"present": "wrong", "password": NEW, "repeat": NEW}
    for _ in range(10):
        assert ann.post("/settings/me/password", fields).status_code == 422

    response = ann.post("/settings/me/password", fields | {"present": PASSWORD})

    assert response.status_code == 429
    assert "tried too often" in response.text
