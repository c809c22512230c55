"""API keys in the pages: shown once, open what they say until they end, and are revoked at once."""

import re
from dataclasses import replace

import pytest

from tests.builders import DAY
from tests.faces.client import Client
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import Visitor, signed_in
from tocsin.domain.access import Scope
from tocsin.web.settings.keys import AREAS, NewKey


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in and looks at the keys."""
    ann = signed_in(client)
    ann.get("/settings/keys")
    return ann


def a_key(ann: Visitor, **fields: str) -> str:
    response = ann.post("/settings/keys/create", {"name": "Scheduler", "rules": "read"} | fields)
    assert response.status_code == 200, response.text
    (key,) = re.findall(r"tocsin_[0-9a-f]{12}_[0-9a-f]{72}", response.text)
    return str(key)


def answer(ann: Visitor, key: str, path: str = "/automation-rules") -> int:
    return replace(ann.client, key=key).v2.get(path).status_code


def test_a_key_is_shown_once_in_what_nobody_keeps(ann: Visitor) -> None:
    key = a_key(ann)
    secret = key.rpartition("_")[2]

    response = ann.post("/settings/keys/create", {"name": "Other", "everything": "yes"})

    assert response.headers["cache-control"] == "no-store"
    for page in (response.text, ann.get("/settings/keys").text, ann.get("/overview").text):
        assert secret not in page
        assert key not in page
    with ann.client.app.store._database.reading() as connection:
        assert secret not in str([tuple(row.values()) for row in map(dict, connection.rows("SELECT * FROM api_keys"))])


def test_a_key_may_what_it_says(ann: Visitor) -> None:
    key = a_key(ann, bookings="write")

    assert answer(ann, key) == 200
    assert answer(ann, key, "/bookings") == 200
    assert answer(ann, key, "/deliveries") == 403
    assert answer(ann, a_key(ann, everything="yes"), "/deliveries") == 200
    page = text(ann, "/settings/keys")
    assert "bookings write rules read" in page
    assert "everything" in page


def test_every_scope_can_be_chosen() -> None:
    assert set(AREAS) <= set(NewKey.model_fields)
    for may in ("read", "write"):
        wanted = {scope for scope in Scope if scope.endswith(f":{may}")}
        chosen = NewKey.model_validate({"name": "x"} | {scope.partition(":")[0]: may for scope in wanted})
        assert set(chosen.scopes()) == wanted


def test_a_key_ends_with_its_last_day_in_the_workspaces_zone(ann: Visitor) -> None:
    key = a_key(ann, expires="2026-11-25")  # in Berlin that day ends at 23:00 UTC
    assert "25 Nov 2026, 23:59" in text(ann, "/settings/keys")

    ann.client.clock.advance(DAY * 34 / 24)
    assert answer(ann, key) == 200
    ann.client.clock.advance(DAY * 2 / 24)

    assert answer(ann, key) == 401
    ann.sign_in()
    assert "run out" in text(ann, "/settings/keys")


def test_a_key_that_is_revoked_opens_nothing_at_once(ann: Visitor) -> None:
    key = a_key(ann)
    ann.get("/settings/keys")

    page = told(ann, "/settings/keys/revoke", {"key": key.split("_")[1]})

    assert "The key opens nothing any more." in page
    assert "revoked" in page
    assert answer(ann, key) == 401
    assert ann.post("/settings/keys/revoke", {"key": key.split("_")[1]}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "fill this in"),
        ({"rules": ""}, "everything", "choose at least one thing"),
        ({"expires": "2026-11-23"}, "expires", "is over already"),
        ({"expires": "soon"}, "expires", "write a date"),
        ({"rules": "all"}, "rules", "choose one of read, write"),
    ],
)
def test_what_is_wrong_is_told_in_its_place_and_makes_no_key(
    ann: Visitor, fields: dict[str, str], field: str, words: str
) -> None:
    before = ann.client.counts()

    response = ann.post("/settings/keys/create", {"name": "Scheduler", "rules": "read"} | fields)

    assert response.status_code == 422
    wrong = re.search(rf'id="create-{field}-said">([^<]*)<', response.text)
    assert wrong is not None
    assert words in wrong[1]
    assert ann.client.counts() == before


def test_a_key_of_another_workspace_is_not_seen_and_not_revoked(ann: Visitor) -> None:
    key = a_key(ann)
    bob = signed_in(ann.client.neighbour(), "bob@example.com")

    assert "Scheduler" not in text(bob, "/settings/keys")
    assert bob.post("/settings/keys/revoke", {"key": key.split("_")[1]}).status_code == 404
    assert answer(ann, key) == 200
