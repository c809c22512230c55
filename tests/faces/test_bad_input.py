"""What no route may do, whatever it is sent: answer 5xx, leave the wrong field unnamed, store something.

The cases come from the route table and from the schemas of its bodies, so that a new route or field is tested by itself.
The application is shared by a whole module, on each store, because nothing here may leave a trace.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.faces.client import Client, Json, booking_body, headers_of, refusal, rule_body
from tocsin.api import app as api
from tocsin.api.call import Route, Version
from tocsin.domain.access import Scope
from tocsin.schemas.actions import ActionIn
from tocsin.schemas.strict_json import Room
from tocsin.services import administration

NOBODY = "00000000-0000-4000-8000-0000deadbeef"
Entry = tuple[Version, Route]


def _id(entry: object) -> str:
    assert isinstance(entry, tuple)
    version, route = entry
    return f"{route.method} {version.path(route.path)}"


TABLE = api.table()
EVERY_ROUTE = pytest.mark.parametrize("entry", TABLE, ids=_id)
WITH_ID = pytest.mark.parametrize("entry", [entry for entry in TABLE if "{id}" in entry[1].path], ids=_id)
WITH_BODY = pytest.mark.parametrize("entry", [entry for entry in TABLE if entry[1].body], ids=_id)


def ask(client: Client, entry: Entry, *, body: object = None, path_id: str = NOBODY, **headers: str) -> httpx.Response:
    """Send a request to a route; its id is one that does not exist unless another is given."""
    version, route = entry
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {} if body is None and route.body else body
    query = {"booking_id": path_id} if route.path == "/invitations" else None
    face = client.v1 if version.number == 1 else client.v2
    path = version.path(route.path).removeprefix(face.base).replace("{id}", path_id)
    return face.send(route.method, path, content, query=query, headers=named)


def raw(client: Client, entry: Entry, headers: list[tuple[str, str]]) -> httpx.Response:
    """Send a request with these headers only, be there too many of one sort or none."""
    version, route = entry
    return client.line.call(route.method, version.path(route.path).replace("{id}", NOBODY), b"{}", headers)


@pytest.fixture
def untouched(shared: Client) -> Iterator[Client]:
    """Give the shared client, and fail if there is a row more or less in any table afterwards."""
    before = shared.counts()
    yield shared
    assert shared.counts() == before


# Who asks


@EVERY_ROUTE
def test_nothing_is_answered_without_the_one_right_key(untouched: Client, entry: Entry) -> None:
    key, host = untouched.key, ("Host", untouched.host)
    wrong = {
        "no key": [],
        "an empty key": [("X-Api-Key", "")],
        "two keys": [("X-Api-Key", key), ("X-Api-Key", key)],
        "another secret": [("X-Api-Key", key[:-10] + "0" * 10)],
        "another id": [("X-Api-Key", key.replace("tocsin_0", "tocsin_f"))],
        "an id alone": [("X-Api-Key", key[:20])],
        "a key and more": [("X-Api-Key", f"{key}, {key}")],
        "a NUL": [("X-Api-Key", "tocsin_\x00_x")],
        "no letters of ours": [("X-Api-Key", "tocsin_schlüssel_x".encode().decode("latin-1"))],
        "much": [("X-Api-Key", "tocsin_" + "x" * 10_000)],
        "another header": [("Authorization", f"Bearer {key}")],
    }

    answers = {name: raw(untouched, entry, [host, *headers]) for name, headers in wrong.items()}

    for name, answer in answers.items():
        assert (name, answer.status_code) == (name, 401)
        assert answer.json() == {"error": "Could not authenticate, invalid API Key"}


def test_a_key_works_in_its_own_workspace_only(client: Client) -> None:
    neighbour = client.neighbour()
    stranger = replace(client, key=neighbour.key)

    for entry in TABLE:
        answer = ask(stranger, entry)
        assert answer.status_code == 401
        assert answer.json() == {"error": "Could not authenticate, invalid API Key"}


def test_a_revoked_key_ends_at_once_on_every_route(client: Client) -> None:
    admin = client.with_key("admin")
    office = client.app.office
    key = administration.run(office, "key list", {"subdomain": "acme"})[-1]
    assert ask(admin, TABLE[0]).status_code != 401

    administration.run(office, "key revoke", {"subdomain": "acme", "id": key["id"]})

    assert {ask(admin, entry).status_code for entry in TABLE} == {401}


def test_a_key_may_do_what_its_scopes_say_and_nothing_else(client: Client) -> None:
    limited = {scope: client.with_key(scope.value) for scope in Scope}

    for entry in TABLE:
        wanted = entry[1].scope
        enough = {wanted.value, wanted.replace(":read", ":write"), Scope.ADMIN.value}
        for scope, face in limited.items():
            answer = ask(face, entry)
            if scope.value in enough:
                assert answer.status_code != 403, (_id(entry), scope)
            else:
                assert refusal(answer, 403) == f"this API key lacks the scope {wanted.value}"


@EVERY_ROUTE
def test_a_route_names_its_scope_and_reading_never_asks_for_writing(entry: Entry) -> None:
    _, route = entry

    assert isinstance(route.scope, Scope)
    assert route.scope is not Scope.ADMIN
    assert route.scope.endswith(":read" if route.method == "GET" else ":write")


@EVERY_ROUTE
def test_a_host_that_is_no_workspace_is_not_found_whatever_the_key(untouched: Client, entry: Entry) -> None:
    for host in ("nobody.tocsin.test", "acme.tocsin.test.evil.example", "evil.example"):
        answer = raw(untouched, entry, [("Host", host), ("X-Api-Key", untouched.key)])
        assert refusal(answer, 404) == "there is no workspace here; each lives at its subdomain of tocsin.test"


@WITH_ID
def test_an_id_that_does_not_exist_is_not_found(untouched: Client, entry: Entry) -> None:
    for path_id in (NOBODY, "x", "x" * 5000, "%00", "%F0%9F%A6%84", "%ED%A0%80", "..%2F", "%27%20OR%201=1--", "null"):
        assert refusal(ask(untouched, entry, path_id=path_id), 404)


def test_an_id_of_another_workspace_is_answered_like_one_that_does_not_exist(client: Client) -> None:
    link, template = client.a_link(), client.a_template()
    client.a_rule(link)
    booking = client.book()
    client.drain()
    ids = {
        "/automation-rules": [client.v2.get("/automation-rules").json()["workflows"][0]["id"]],
        "/meetings": [link["id"], link["sid"]],
        "/meeting-templates": [template["id"], template["sid"]],
        "/bookings": [booking["id"], booking["sid"]],
        "/team-members": [client.v2.get("/team-members").json()["team_members"][0]["id"]],
        "/meeting-outcomes": [client.v2.get("/meeting-outcomes").json()["meeting_outcomes"][0]["id"]],
        "/deliveries": [client.v2.get("/deliveries").json()["deliveries"][0]["id"]],
        "/invitations": [booking["id"], booking["sid"]],
        "/sources": [client.v2.post("/sources", {"source": "generic"}).json()["source"]["id"]],
    }
    neighbour = client.neighbour()
    before = client.counts()

    for entry in TABLE:
        noun = "/" + entry[1].path.split("/")[1]
        if "{id}" not in entry[1].path and noun != "/invitations":
            continue
        nothing = ask(neighbour, entry)
        for path_id in ids[noun]:
            theirs = ask(neighbour, entry, path_id=path_id)
            assert (theirs.status_code, theirs.content, headers_of(theirs)) == (
                404,
                nothing.content,
                headers_of(nothing),
            )

    assert client.counts() == before


def test_listings_hold_nothing_of_another_workspace(client: Client) -> None:
    client.a_rule(client.a_link())
    client.a_template()
    booking = client.book()
    client.drain()
    neighbour = client.neighbour()

    for entry in TABLE:
        if entry[1].method == "GET" and "{id}" not in entry[1].path and entry[1].path != "/invitations":
            text = ask(neighbour, entry).text
            assert booking["id"] not in text
            assert "oliver" not in text
            assert "ada@" not in text


# Bodies that cannot be read


BROKEN = {
    b"": (400, "the body is missing; send a JSON object"),
    b" \r\n": (400, "the body is missing; send a JSON object"),
    b"[]": (400, "the body must be a JSON object"),
    b'"text"': (400, "the body must be a JSON object"),
    b"null": (400, "the body must be a JSON object"),
    b"{": (400, "the body is not valid JSON"),
    b'{"a": 1} x': (400, "the body is not valid JSON"),
    b"{'a': 1}": (400, "the body is not valid JSON"),
    b'{"name": NaN}': (400, "NaN is no JSON number"),
    b'{"name": -Infinity}': (400, "-Infinity is no JSON number"),
    b'{"name": 1e999}': (400, "a number is too large"),
    b'{"name": ' + b"9" * 5000 + b"}": (400, "the body is not valid JSON"),
    b'{"name": "a", "name": "b"}': (400, "an object names a key twice"),
    b'\xef\xbb\xbf{"name": "a"}': (400, "the body is not valid JSON"),
    b'{"name": "\xff"}': (400, "the body is not UTF-8"),
    b'{"name": "\xed\xa0\x80"}': (400, "the body is not UTF-8"),
    '{"name": "a"}'.encode("utf-16"): (400, "the body is not UTF-8"),
    b'{"name": "a\x00b"}': (400, "the body is not valid JSON"),
    b'{"a":' * 33 + b"{}" + b"}" * 33: (413, "the body is nested deeper than 32"),
    b'{"a":' * 5000 + b"{}" + b"}" * 5000: (413, "the body is nested deeper than 32"),
    b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}": (413, "the body is nested deeper than 32"),
}


def too_large(room: Room) -> dict[bytes, tuple[int, str]]:
    """Return bodies for which a route with this room has none."""
    keys, octets = room.keys, room.octets
    return {
        json.dumps({f"k{number}": 1 for number in range(keys + 1)}).encode(): (
            413,
            f"the body has more than {keys} keys",
        ),
        b'{"name": "' + b"x" * octets + b'"}': (413, f"the body has more than {octets} octets"),
    }


@WITH_BODY
def test_a_body_that_cannot_be_read_is_told_why(untouched: Client, entry: Entry) -> None:
    for body, (status, sentence) in (BROKEN | too_large(entry[1].room)).items():
        answer = ask(untouched, entry, body=body)
        assert sentence in refusal(answer, status), body[:40]
        assert set(answer.json()) == {"error"}


@WITH_BODY
def test_only_json_is_read(untouched: Client, entry: Entry) -> None:
    for media_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
    ):
        assert "send Content-Type: application/json" in refusal(ask(untouched, entry, Content_Type=media_type), 415)
    for media_type in ("application/json", "Application/JSON; charset=utf-8", ""):
        assert ask(untouched, entry, Content_Type=media_type).status_code in (404, 422)


@WITH_BODY
def test_a_compressed_body_is_not_read(untouched: Client, entry: Entry) -> None:
    assert refusal(ask(untouched, entry, body=b"\x1f\x8b\x08", Content_Encoding="gzip"), 415)


# Values that cannot be


LONG = "x" * 70_000
CONTROLS = ("a\x00b", "a\nb", "a\r\nBcc: x@example.com", "a\u202eb", "a\ud800b", "a\u2028b", "a\x85b", "a\x7fb")


def _wrong_types(kinds: set[str]) -> Iterator[object]:
    samples: dict[str, list[object]] = {
        "string": ["text"],
        "integer": [7],
        "number": [7.5],
        "boolean": [True],
        "array": [[], ["text"], [[]]],
        "object": [{}, {"a": {"b": 1}}],
    }
    allowed = kinds | ({"integer"} if "number" in kinds else set())
    for kind, values in samples.items():
        if kind not in allowed:
            yield from values


def _kinds(schema: Json, document: Json) -> set[str]:
    if "$ref" in schema:
        schema = document["$defs"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return set().union(*(_kinds(one, document) for one in schema["anyOf"]))
    return {schema["type"]}


def _wrong_values(schema: Json, document: Json) -> Iterator[object]:
    """Yield values that a field with this schema cannot have."""
    kinds = _kinds(schema, document)
    yield from _wrong_types(kinds)
    if "string" in kinds:
        yield LONG
        yield from CONTROLS[:1] + CONTROLS[3:]
    if "integer" in kinds:
        yield from (-1, 10**9, 10**4000)
    choices = schema.get("enum") or next((one["enum"] for one in schema.get("anyOf", []) if "enum" in one), None)
    if choices:
        yield from ("", choices[0].upper(), choices[0] + " ")


def _cases(model: type[BaseModel]) -> Iterator[tuple[str, object]]:
    document = model.model_json_schema()
    for name, schema in document["properties"].items():
        for value in _wrong_values(schema, document):
            # An object of answers may hold a string, and a list may hold one.
            yield name, value


def _body_of(model: type[BaseModel], client: Client) -> Json:
    """Return a body of this model that would be taken."""
    bodies: dict[str, Json] = {
        "RuleIn": rule_body(NOBODY),
        "TestSendIn": rule_body(NOBODY) | {"recipient": "nobody@example.com"},
        "DryRunIn": rule_body(NOBODY) | {"from": "2026-11-01", "until": "2026-12-01"},
        "BookingIn": booking_body(),
        "LinkIn": {"slug": "new", "name": "New", "hosts": ["new@example.com"], "duration": 30},
        "MembersIn": {"emails": ["new@example.com"]},
        "OutcomeIn": {"name": "New"},
        "RuleSetIn": {"version": 1, "rules": []},
        "HeldIn": {"delivery_ids": [NOBODY]},
        "RuleSetChange": {"version": 1, "rules": []},
    }
    return dict(bodies.get(model.__name__, {}))


@WITH_BODY
def test_each_field_of_a_body_is_named_when_it_is_wrong(untouched: Client, entry: Entry) -> None:
    model = entry[1].body
    assert model is not None
    cases = list(_cases(model))

    for name, value in cases:
        if name == "form_responses" and value == {}:
            continue  # no answers are answers too
        answer = ask(untouched, entry, body=_body_of(model, untouched) | {name: value})
        assert answer.status_code == 422, (name, repr(value)[:60], answer.text)
        body = answer.json()
        fields = [one["field"] for one in body["field_errors"]]
        assert any(field.startswith(name) for field in fields), (name, repr(value)[:60], fields)
        assert len(answer.content) < 5000, (name, repr(value)[:60])

    assert len(cases) >= 6 * len(model.model_fields)


@WITH_BODY
def test_a_null_says_nothing_of_a_field(untouched: Client, entry: Entry) -> None:
    model = entry[1].body
    assert model is not None

    for name, field in model.model_fields.items():
        if field.is_required():
            sent = field.alias or name
            answer = ask(untouched, entry, body=_body_of(model, untouched) | {sent: None})
            assert {one["field"]: one["message"] for one in answer.json()["field_errors"]}[sent] == "is required"


ACTION_FIELDS = tuple(ActionIn.model_fields)


@pytest.mark.parametrize("name", ACTION_FIELDS)
def test_each_field_of_an_action_is_named_when_it_is_wrong(untouched: Client, name: str) -> None:
    texts = {"email_body", "calendar_invite_body"}
    values: list[object] = [
        7,
        True if name != "keep_in_sync" else "yes",
        {},
        [[]],
        LONG,
        "a\x00b",
        "a\u202eb",
        "a\ud800b",
        "",
        None,
    ]
    if name == "emails":
        entries: list[object] = [7, None, [], {}, *CONTROLS, LONG]
        values += [["ada@example.org", entry] for entry in entries]
    elif name != "keep_in_sync":
        values += ["a\nb"] if name not in texts else ["{{" + "x" * 60 + "}}"]

    for value in values:
        if name == "keep_in_sync" and value is None:
            continue
        body = rule_body(NOBODY)
        body["actions"][0][name] = value
        answer = untouched.v2.post("/automation-rules", body)
        assert answer.status_code == 422
        fields = [one["field"] for one in answer.json()["field_errors"]]
        assert any(field.startswith(f"actions[0].{name}") for field in fields), (value, fields)


@pytest.mark.parametrize("name", ["\ud800", "\x00", "x" * 60_000, "", "a\nb", "=?UTF-8?Q?x?=", "actions", "__class__"])
def test_an_unknown_field_with_any_name_is_told(untouched: Client, name: str) -> None:
    body = rule_body(NOBODY)
    body["actions"][0][name] = 1

    answer = untouched.v2.post("/automation-rules", body)

    assert answer.status_code == 422
    assert any(words in answer.text for words in ("is not a field here", "holds half a character"))
    assert len(answer.content) < 5000


@pytest.mark.parametrize("value", ["a\x00b", "a\ud800b", LONG, "", "a\nb", 7, None, [], {}, "%", "' OR 1=1 --"])
def test_an_id_of_a_link_can_be_anything_and_is_refused(untouched: Client, value: object) -> None:
    for other in ({}, {"event": "wrong"}):
        answer = untouched.v2.post("/automation-rules", rule_body("x") | {"meeting_ids": [NOBODY, value]} | other)
        assert answer.status_code == 422
        fields = [one["field"] for one in answer.json()["field_errors"]]
        assert "meeting_ids[1]" in fields


def test_ids_in_bodies_can_be_anything_and_are_refused(client: Client) -> None:
    client.a_link()
    booking = client.book()
    before = client.counts()

    for value in ("a\x00b", "a\ud800b", LONG, "a\nb", NOBODY, "'"):
        link = {"slug": "new", "name": "New", "hosts": ["new@example.com"], "duration": 30, "template_id": value}
        made = client.v2.post("/meetings", link)
        marked = client.v2.patch(f"/bookings/{booking['id']}", {"meeting_outcome_id": value})
        assert (made.status_code, made.json()["field_errors"][0]["field"]) == (422, "template_id")
        assert (marked.status_code, marked.json()["field_errors"][0]["field"]) == (422, "meeting_outcome_id")

    assert client.counts() == before


@pytest.mark.parametrize("entry", [entry for entry in TABLE if entry[1].query], ids=_id)
def test_each_part_of_a_query_can_be_anything(untouched: Client, entry: Entry) -> None:
    version, route = entry
    assert route.query is not None
    face = untouched.v1 if version.number == 1 else untouched.v2
    path = version.path(route.path).removeprefix(face.base).replace("{id}", NOBODY)
    for name, field in route.query.model_fields.items():
        for value in ("a\x00b", "x" * 3000, "", "-1", "1e9", "null", "\u202e", "' OR 1=1 --", "%", "ı", "🦄"):
            query = {"booking_id": NOBODY} if route.path == "/invitations" else {}
            answer = face.send(route.method, path, query=query | {field.alias or name: value})
            assert answer.status_code in (200, 404, 422), answer.text
            if "\x00" in value and answer.status_code == 422:
                assert answer.json()["field_errors"][0]["field"] == (field.alias or name)


def test_a_path_or_method_that_is_not_there_is_told_in_the_form_of_the_contract(untouched: Client) -> None:
    assert refusal(untouched.v2.get("/nothing"), 404) == "there is nothing at this path; /docs lists what there is"
    assert refusal(untouched.v2.get("/automation_rules"), 404)
    assert refusal(untouched.v1.get("/automation-rules"), 404)
    assert refusal(untouched.v2.get("/automation-rules/"), 404)
    answer = untouched.v2.send("DELETE", "/automation-rules")
    assert refusal(answer, 405) == "this path has no such method"
    assert answer.headers["allow"]


def test_too_many_or_too_large_headers_are_refused(untouched: Client) -> None:
    host = ("Host", untouched.host)
    many = [(f"X-{number}", "x") for number in range(70)]

    assert refusal(raw(untouched, TABLE[0], [host, *many]), 431)
    assert refusal(raw(untouched, TABLE[0], [host, ("X-Large", "x" * 17_000)]), 431)
    assert refusal(raw(untouched, TABLE[0], [host, *many[:40], ("X-Large", "x" * 10_000)]), 401)


# Whatever hypothesis thinks of


_TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from([*CONTROLS, "{{client.name}}", "<b>", "2026-11-25", "15:30", ""])
)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TEXTS)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=5,
)
_BODIED = [entry for entry in TABLE if entry[1].body and entry[0].number == 2 and entry[1].method != "PUT"]


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_both_stores_answer_alike_and_never_with_a_5xx(both: tuple[Client, Client], data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(_BODIED), label="route")
    model = entry[1].body
    assert model is not None
    fields = sorted(field.alias or name for name, field in model.model_fields.items())
    names = st.one_of(st.sampled_from(fields), _TEXTS)
    wrong = data.draw(st.dictionaries(names, _VALUES, max_size=4), label="body")
    body = data.draw(st.sampled_from([{}, _body_of(model, both[0])]), label="around") | wrong

    sqlite, postgresql = (ask(client, entry, body=body) for client in both)

    assert sqlite.status_code == postgresql.status_code
    assert sqlite.json() == postgresql.json()
