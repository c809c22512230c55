"""Idempotency-Key: the same request twice has one effect."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from tests.faces.client import Client, Json, booking_body, headers_of, made, refusal, rule_body, wrong_fields


def post(client: Client, path: str, body: Json, key: str, *, version: int = 2) -> httpx.Response:
    face = client.v1 if version == 1 else client.v2
    return face.send("POST", path, body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("version", [1, 2])
def test_the_same_request_again_gets_the_first_answer_and_does_nothing(client: Client, version: int) -> None:
    link = client.a_link()
    client.a_rule(link)
    path = "/bookings"

    first = post(client, path, booking_body(), "key-1", version=version)
    before = client.counts()
    again = post(client, path, booking_body(), "key-1", version=version)

    assert made(first)
    assert (again.status_code, again.content, headers_of(again)) == (
        first.status_code,
        first.content,
        headers_of(first),
    )
    assert client.counts() == before


def test_every_kind_of_thing_is_made_once(client: Client) -> None:
    link = client.a_link()
    bodies = {
        "/automation-rules": rule_body(link["id"]),
        "/meetings": {"slug": "new", "name": "New", "hosts": ["new@example.com"], "duration": 30},
        "/meeting-templates": {"slug": "mould", "name": "New", "hosts": ["new@example.com"], "duration": 30},
        "/bookings": booking_body(),
        "/team-members": {"emails": ["ann@example.com"]},
        "/meeting-outcomes": {"name": "Won"},
    }

    for path, body in bodies.items():
        first, again = (post(client, path, body, f"key{path}") for _ in range(2))
        assert made(first) == made(again)
        assert first.status_code == again.status_code == 201


def test_another_body_path_or_query_with_the_same_key_is_refused(client: Client) -> None:
    client.a_link()
    booking = client.book()
    made(post(client, "/meeting-outcomes", {"name": "Won"}, "key-1"))
    cancelled = client.v1.send(
        "POST",
        f"/bookings/{booking['id']}/cancel",
        query={"cancel_reason": "ill"},
        headers={"Idempotency-Key": "key-2"},
    )
    before = client.counts()

    others = [
        post(client, "/meeting-outcomes", {"name": "Lost"}, "key-1"),
        post(client, "/team-members", {"emails": ["ann@example.com"]}, "key-1"),
        post(client, "/meeting_outcomes", {"name": "Won"}, "key-1", version=1),
        client.v1.send(
            "POST",
            f"/bookings/{booking['id']}/cancel",
            query={"cancel_reason": "well"},
            headers={"Idempotency-Key": "key-2"},
        ),
    ]

    assert cancelled.status_code == 200
    for other in others:
        assert wrong_fields(other) == {"Idempotency-Key": "this key came with another request before; use a new key"}
    assert client.counts() == before


def test_a_request_that_fails_keeps_nothing_and_can_come_again(client: Client) -> None:
    body = booking_body()
    before = client.counts()

    refused = post(client, "/bookings", body, "key-1")
    untouched = client.counts()
    client.a_link()

    assert list(wrong_fields(refused)) == ["meeting_slug"]
    assert untouched == before
    assert made(post(client, "/bookings", body, "key-1"))


def test_each_workspace_has_keys_of_its_own(client: Client) -> None:
    neighbour = client.neighbour()

    ours = made(post(client, "/meeting-outcomes", {"name": "Won"}, "key-1"))
    theirs = made(post(neighbour, "/meeting-outcomes", {"name": "Lost"}, "key-1"))

    assert ours["meeting_outcome"]["name"] == "Won"
    assert theirs["meeting_outcome"]["name"] == "Lost"


@pytest.mark.parametrize("key", ["k", "k" * 255, "a b!~"])
def test_a_key_has_up_to_255_printable_characters(client: Client, key: str) -> None:
    assert made(post(client, "/meeting-outcomes", {"name": "Won"}, key))


@pytest.mark.parametrize("keys", [["k" * 256], [""], ["a\tb"], ["schlüssel"], ["one", "two"]])
def test_a_key_that_cannot_be_is_refused(client: Client, keys: list[str]) -> None:
    headers = [("Host", client.host), ("X-Api-Key", client.key), *(("Idempotency-Key", key) for key in keys)]
    before = client.counts()

    response = client.line.call("POST", "/api/external/v2/meeting-outcomes", b'{"name": "Won"}', headers)

    found = wrong_fields(response)
    assert found == {"Idempotency-Key": "send it once, with 1 to 255 printable ASCII characters"}
    assert client.counts() == before


def test_only_a_post_has_such_a_key(client: Client) -> None:
    link = client.a_link()
    named = {"Idempotency-Key": "key-1"}

    first = client.v2.send("PATCH", f"/meetings/{link['id']}", {"name": "One"}, headers=named)
    second = client.v2.send("PATCH", f"/meetings/{link['id']}", {"name": "Two"}, headers=named)

    assert made(first)["meeting"]["name"] == "One"
    assert made(second)["meeting"]["name"] == "Two"


def test_of_64_at_once_one_makes_the_thing_and_the_others_answer_the_same_or_wait(client: Client) -> None:
    client.a_rule(client.a_link())
    with ThreadPoolExecutor(64) as crowd:
        answers = list(crowd.map(lambda _: post(client, "/bookings", booking_body(), "key-1"), range(64)))

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert all("still runs" in refusal(answer, 409) for answer in answers if answer.status_code == 409)
    counts = client.counts()
    assert (counts["bookings"], counts["deliveries"], counts["answers"]) == (1, 1, 1)
    assert post(client, "/bookings", booking_body(), "key-1").status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/meetings", {"slug": "new", "name": "New", "hosts": ["new@example.com"], "duration": 30}),
        ("/meeting-outcomes", {"name": "Won"}),
        ("/team-members", {"emails": ["ann@example.com"]}),
        ("/bookings", booking_body()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_same_thing_asked_for_at_once_without_a_key_is_made_once(client: Client, path: str, body: Json) -> None:
    client.a_link()
    table = {"/meetings": "scheduling_links", "/meeting-outcomes": "meeting_outcomes", "/team-members": "members"}.get(
        path, "bookings"
    )
    before = client.counts()[table]
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: replace(client).v2.post(path, body), range(8)))

    assert {answer.status_code for answer in answers} <= {201, 409, 422}
    assert client.counts()[table] == before + 1
