"""/limits: how much the workspace may send; and what a limit does to its deliveries."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.builders import DAY, HOUR, NOON, a_delivery
from tests.faces.client import Client, Json, connected
from tocsin.domain.delivery import DeliveryId
from tocsin.domain.pause import Pause
from tocsin.services import limits, workspaces
from tocsin.services.ports import Transaction
from tocsin.storage.store import SqlStore

ADA = "ada@example.org"
FULL = "the limit of 2 messages a day to one recipient is reached; it frees at 2026-11-25 13:00 UTC"


@pytest.fixture
def tight(store: SqlStore) -> Iterator[Client]:
    """Give a client of an installation with tight limits; the test runs once on each store."""
    environment = {
        "TOCSIN_LIMIT_WORKSPACE": "5/day",
        "TOCSIN_LIMIT_RECIPIENT": "2/day",
        "TOCSIN_LIMIT_DOMAIN": "9/hour",
    }
    with connected(store, **environment) as client:
        yield client


def in_store(client: Client) -> AbstractContextManager[Transaction]:
    """Begin a transaction of the client's workspace."""
    with client.app.store.directory() as directory:
        workspace = workspaces.get(directory, client.subdomain)
    return client.app.store.transaction(workspace.id)


def shown(client: Client, **query: object) -> Json:
    found: Json = client.v2.get("/limits", **query).json()
    return found


def paused(client: Client) -> None:
    """Pause the workspace as too many bounces do."""
    with in_store(client) as tx:
        tx.usage.set_pause(Pause(since_at=NOON, because="20 of 500 messages bounced"))


def book(client: Client, *, times: int = 1) -> list[Json]:
    """Make bookings of which Ada is told at once; return the deliveries to her, the oldest first."""
    client.a_rule(client.a_link())
    for number in range(times):
        client.book(slot_start_time=f"{10 + number}:00")
    client.drain()
    found: list[Json] = client.v2.get("/deliveries", recipient=ADA).json()["deliveries"]
    return found


def test_every_limit_is_shown_with_how_far_it_is_used(tight: Client) -> None:
    assert shown(tight) == {
        "limits": [
            {"scope": "workspace", "most": 5, "window_s": 86400, "used": 0, "left": 5, "frees_at": None},
            {"scope": "recipient", "most": 2, "window_s": 86400, "used": None, "left": None, "frees_at": None},
            {"scope": "domain", "most": 9, "window_s": 3600, "used": None, "left": None, "frees_at": None},
        ],
        "sending_paused_at": None,
        "sending_paused_because": None,
    }


def test_limits_of_a_recipient_are_shown_when_he_is_named(tight: Client) -> None:
    book(tight, times=2)

    of_all, of_ada, of_domain = shown(tight, recipient="ADA@example.org")["limits"]

    assert (of_all["used"], of_all["left"]) == (2, 3)
    assert (of_ada["used"], of_ada["left"], of_ada["frees_at"]) == (2, 0, "2026-11-25T13:00:00Z")
    assert (of_domain["used"], of_domain["left"]) == (2, 7)
    assert [one["used"] for one in shown(tight, recipient="bob@example.com")["limits"]] == [2, 0, 0]


def test_what_is_over_a_limit_waits_says_why_and_leaves_when_there_is_room(tight: Client) -> None:
    deliveries = book(tight, times=3)

    (waiting,) = [one for one in deliveries if one["state"] == "scheduled"]
    assert (waiting["reason"], waiting["next_attempt_at"]) == (FULL, "2026-11-25T13:00:00Z")
    assert len(tight.letterbox.letters(ADA)) == 2

    tight.clock.now = NOON + 25 * HOUR
    tight.drain()

    assert {one["state"] for one in tight.v2.get("/deliveries", recipient=ADA).json()["deliveries"]} == {"sent"}
    assert len(tight.letterbox.letters(ADA)) == 3


def test_without_limits_the_list_is_empty(sqlite_store: SqlStore) -> None:
    with connected(sqlite_store, TOCSIN_LIMIT_WORKSPACE="", TOCSIN_LIMIT_RECIPIENT="") as client:
        assert shown(client)["limits"] == []


def test_a_paused_workspace_says_so_and_its_deliveries_wait(tight: Client) -> None:
    paused(tight)

    (delivery,) = book(tight)

    found = shown(tight)
    assert found["sending_paused_at"] == "2026-11-24T12:00:00Z"
    assert found["sending_paused_because"] == "20 of 500 messages bounced"
    assert delivery["state"] == "scheduled"
    assert delivery["next_attempt_at"] == "2026-11-24T12:10:00Z"
    assert delivery["reason"].startswith("sending is paused since 2026-11-24 12:00 UTC: 20 of 500 messages bounced")
    assert tight.letterbox.envelopes == []


def test_a_workspace_sees_its_own_use_only(tight: Client) -> None:
    with in_store(tight) as tx:
        limits.charge(tx, [a_delivery(id=DeliveryId("x"))], tight.app.settings.limits, now=NOON)
    paused(tight)

    neighbour = tight.neighbour()

    assert shown(tight)["limits"][0]["used"] == 1
    assert shown(neighbour)["limits"][0]["used"] == 0
    assert shown(neighbour)["sending_paused_at"] is None


def test_what_was_sent_longer_ago_than_the_window_does_not_count(tight: Client) -> None:
    book(tight)

    tight.clock.advance(2 * DAY)

    assert shown(tight, recipient=ADA)["limits"][1]["used"] == 0
