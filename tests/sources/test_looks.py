"""Looks: what calls did not tell is found by asking the product, over HTTP on loopback, and told as a call would have."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import DAY, HOUR, MINUTE, SECOND
from tests.faces.client import Client, Json, made, refusal
from tests.http_server import Says
from tests.sources.products import ABLE, START, TOKEN, Product, product
from tests.sources.senders import SECRETS, Other, bookings, connected_to, first, the_booking
from tests.storage.shelf import in_threads
from tocsin.api.sources import inlet_of
from tocsin.domain.sources.looks import AGAIN, EVERY
from tocsin.services import source_bookings, source_looks
from tocsin.services.restore import quarantine

EACH = pytest.mark.parametrize("kind", ABLE)
LATER = START + DAY
# What a booking is called in the fixtures of its calls, and what it may be called when it was moved.
NAMES = {"easy_appointments": "31", "acuity": "5500", "cal_com": "calUid1", "calendly": "EV1"}
MOVED = {"cal_com": "calUid2", "calendly": "EV2"}
EVENTS = ("booking_confirmed", "booking_rescheduled", "booking_cancelled", "marked_no_show", "meeting_outcome_changed")


@pytest.fixture(params=ABLE)
def pair(client: Client, request: pytest.FixtureRequest) -> Iterator[tuple[Any, Other]]:
    """Give a product and its source, which has looked once, a minute ago."""
    with product(client, request.param) as (there, other):
        settle(client, there, other)
        yield there, other


def settle(client: Client, there: Product, other: Other) -> None:
    """Let a source look for the first time, and a minute pass."""
    other.look(there.fetch)
    client.clock.advance(MINUTE)


def next_look(client: Client, there: Product, other: Other) -> Json:
    """Let the time between two looks pass, and look."""
    client.clock.advance(EVERY + MINUTE)
    return other.look(there.fetch)


def watched(client: Client, kind: str) -> None:
    link = client.a_link(slug="intro" if kind == "cal_com" else "introduction")
    for event in EVENTS:
        client.a_rule(link, event=event)


def events(client: Client) -> list[str]:
    found: list[Json] = made(client.v2.get("/deliveries", page_size=100))["deliveries"]
    return sorted(one["event"] for one in found)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Lost calls


def test_a_booking_whose_call_was_lost_is_made(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    watched(client, there.kind)
    there.book(NAMES[there.kind])

    look = next_look(client, there, other)

    booking = the_booking(client)
    assert (booking["starts_at"], booking["ends_at"]) == ("2026-11-26T14:30:00Z", "2026-11-26T15:00:00Z")
    assert (booking["name"], booking["email"], booking["status"]) == ("Eve Jones", "eve@example.net", "confirmed")
    assert booking["host_email"] == "oliver@example.com"
    assert (look["found"], look["trouble"], events(client)) == (1, None, ["booking_confirmed"])


def test_a_booking_whose_move_was_lost_moves(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    watched(client, there.kind)
    there.book(NAMES[there.kind])
    other.has()
    other.tells(first(there.kind))
    client.clock.advance(MINUTE)
    there.move(NAMES[there.kind], starts_at=LATER, to=MOVED.get(there.kind, ""))

    next_look(client, there, other)
    client.clock.advance(3 * MINUTE)
    other.tend()

    assert (the_booking(client)["starts_at"], the_booking(client)["status"]) == ("2026-11-27T14:30:00Z", "confirmed")
    assert events(client) == ["booking_confirmed", "booking_rescheduled"]


def test_a_booking_whose_cancellation_was_lost_is_cancelled(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    watched(client, there.kind)
    there.book(NAMES[there.kind])
    other.tells(first(there.kind))
    client.clock.advance(MINUTE)
    there.cancel(NAMES[there.kind])

    look = next_look(client, there, other)

    assert (the_booking(client)["status"], look["found"]) == ("cancelled", 1)
    assert events(client) == ["booking_cancelled", "booking_confirmed"]


def test_all_three_may_be_lost(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    watched(client, there.kind)
    name = NAMES[there.kind]
    there.book(name)
    next_look(client, there, other)
    there.move(name, starts_at=LATER, to=MOVED.get(there.kind, ""))
    next_look(client, there, other)
    client.clock.advance(MINUTE)
    there.cancel(MOVED.get(there.kind, name))
    next_look(client, there, other)

    assert (the_booking(client)["status"], the_booking(client)["starts_at"]) == ("cancelled", "2026-11-27T14:30:00Z")
    assert events(client) == ["booking_cancelled", "booking_confirmed", "booking_rescheduled"]


# Call and look


def test_what_a_call_told_already_is_not_told_again(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    watched(client, there.kind)
    there.book(NAMES[there.kind])
    other.tells(first(there.kind))
    before = the_booking(client)

    looks = [next_look(client, there, other) for _ in range(3)]

    assert [look["found"] for look in looks] == [0, 0, 0]
    assert (the_booking(client), events(client)) == (before, ["booking_confirmed"])


def test_what_a_look_told_already_is_not_told_again_by_its_call(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    watched(client, there.kind)
    there.book(NAMES[there.kind])
    next_look(client, there, other)
    other.tells(first(there.kind))
    next_look(client, there, other)

    assert events(client).count("booking_confirmed") == 1
    assert len(bookings(client)) == 1


def test_what_was_booked_before_the_source_was_made_is_left_alone(client: Client, pair: tuple[Any, Other]) -> None:
    there, _ = pair
    there.book(NAMES[there.kind])
    client.clock.advance(MINUTE)
    fields = {} if there.kind == "acuity" else {"api_token": TOKEN}
    late = connected_to(client, there.kind, **fields)
    settle(client, there, late)
    next_look(client, there, late)
    source_id = late.source["id"]
    assert bookings(client) != []  # the other source was there before

    client.v2.delete(f"/sources/{source_id}")
    assert len(bookings(client)) == 1


# Trouble


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (Says(status=500), "the other product could not be asked: it answered 500"),
        (Says(status=302, headers={"Location": "/"}), "the other product could not be asked: it answered 302"),
        (Says(hangs_up=True), "the other product could not be asked: no answer"),
        (Says(body=b"<html>"), "the other product could not be asked: it answered 200"),
        (Says(body=b'"words"'), "it answered no list"),
        (Says(status=404), "it answered no list"),
    ],
    ids=["ill", "elsewhere", "away", "no JSON", "no list", "nothing there"],
)
@EACH
def test_a_look_that_fails_is_shown_tried_again_and_keeps_no_call_waiting(
    sqlite_client: Client, kind: str, trouble: Says, sentence: str
) -> None:
    client = sqlite_client
    with product(client, kind) as (there, other):
        settle(client, there, other)
        there.book(NAMES[kind])
        there.trouble = trouble

        look = next_look(client, there, other)

        if kind == "calendly" and sentence == "it answered no list":
            sentence = "it does not say whose token it is"
        assert sentence in look["trouble"]
        assert look["next_look_at"] == f"{client.clock() + AGAIN[0]:%Y-%m-%dT%H:%M:%SZ}"
        assert other.tells(first(kind))["state"] == "applied"
        asked = len(there.asked)
        client.clock.advance(AGAIN[0] - SECOND)
        other.look(there.fetch)
        assert len(there.asked) == asked
        there.trouble = None
        client.clock.advance(SECOND)
        assert other.look(there.fetch)["trouble"] is None
        assert len(there.asked) > asked


@EACH
def test_a_key_that_is_refused_is_tried_again_hours_later(sqlite_client: Client, kind: str) -> None:
    client = sqlite_client
    with product(client, kind) as (there, other):
        there.trouble = Says(status=401)

        look = other.look(there.fetch)

    assert look["trouble"] == "the other product refuses the key that it is asked with; make the source anew"
    assert look["next_look_at"] == f"{client.clock() + AGAIN[-1]:%Y-%m-%dT%H:%M:%SZ}"


def test_waits_get_longer_as_long_as_it_fails(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        there.trouble = Says(status=429)
        waits = []
        for _ in range(len(AGAIN) + 2):
            look = other.look(there.fetch)
            waits.append(at(look["next_look_at"]) - client.clock())
            client.clock.advance(waits[-1])

    assert waits == [*AGAIN, AGAIN[-1], AGAIN[-1]]


def test_what_cannot_be_used_is_shown_and_the_others_are_told(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        settle(client, there, other)
        for name in ("bad", "hostless", "good"):
            there.book(name)
        there.rows["bad"]["attendees"] = []
        there.rows["hostless"]["hosts"] = []

        look = next_look(client, there, other)

    assert look["trouble"] == "a booking could not be used: booking bad has no attendee with a mail address"
    assert (look["found"], the_booking(client)["status"]) == (1, "confirmed")


def test_what_fails_here_unforeseen_is_shown_and_tried_again(
    sqlite_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other), monkeypatch.context() as patched:
        settle(client, there, other)
        there.book("one")
        patched.setattr(source_bookings, "take", lambda *_: 1 / 0)
        assert next_look(client, there, other)["trouble"] == "it failed here; the log says how"

        patched.undo()
        assert next_look(client, there, other)["trouble"] is None

    assert len(bookings(client)) == 1


def test_what_answers_lead_from_one_to_another_without_end_is_given_up(
    sqlite_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with product(sqlite_client, "calendly") as (there, other):
        monkeypatch.setattr(source_looks, "MOST_WAVES", 1)

        assert "lead from one to another" in other.look(there.fetch)["trouble"]


# Progress, and workers


def test_more_bookings_than_a_step_sees_are_all_found(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    number = {"easy_appointments": 95, "acuity": 130, "cal_com": 230, "calendly": 45}[there.kind]
    starts = [START + timedelta(days=one // 10, minutes=30 * (one % 10)) for one in range(number)]
    for one, starts_at in enumerate(starts):
        there.book(str(1000 + one), starts_at=starts_at)

    look = next_look(client, there, other)

    assert look["found"] == number
    found = made(client.v2.get("/bookings", page_size=1))["pagination"]["total_records"]
    assert found == number
    assert next_look(client, there, other)["found"] == 0


def test_a_look_that_fails_in_the_middle_goes_on_there(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "easy_appointments") as (there, other):
        settle(client, there, other)
        for one in range(95):
            there.book(str(1000 + one), starts_at=START + timedelta(minutes=30 * one))
        client.clock.advance(EVERY + MINUTE)
        source_looks.tend(inlet_of(client.app), there.fetch)
        there.trouble = Says(status=500)
        other.look(there.fetch)
        there.trouble = None
        before = len(there.asked)
        client.clock.advance(AGAIN[0])

        look = other.look(there.fetch)

    assert (look["found"], look["trouble"]) == (95, None)
    assert [path.partition("page=")[2][0] for path in there.asked[before:]] == ["2", "3"]


def test_two_workers_that_look_at_once_look_once(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    watched(client, there.kind)
    there.book(NAMES[there.kind])
    client.clock.advance(EVERY + MINUTE)
    before = len(there.asked)
    other.look(there.fetch)
    once = len(there.asked) - before
    client.clock.advance(EVERY + MINUTE)
    before = len(there.asked)

    raised = in_threads([lambda: other.look(there.fetch)] * 2)

    assert raised == [None, None]
    assert len(there.asked) - before in (once, once - 1)  # Calendly's invitees are known by now
    assert events(client) == ["booking_confirmed"]


def test_a_worker_whose_step_was_taken_over_stores_nothing_of_it(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        settle(client, there, other)
        client.clock.advance(EVERY + MINUTE)

        def slow(*given: Any) -> Any:
            client.clock.advance(HOUR)
            other.look(there.fetch)
            return there.fetch(*given)

        source_looks.tend(inlet_of(client.app), slow)
        asked = len(there.asked)
        look = other.look(there.fetch)

    assert len(there.asked) == asked
    assert look["last_looked_at"] == f"{client.clock() - HOUR:%Y-%m-%dT%H:%M:%SZ}"


def test_a_source_that_is_deleted_while_it_looks_leaves_nothing(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        settle(client, there, other)
        there.book("one")
        client.clock.advance(EVERY + MINUTE)

        def last(*given: Any) -> Any:
            client.v2.delete(f"/sources/{other.source['id']}")
            return there.fetch(*given)

        source_looks.tend(inlet_of(client.app), last)

    assert (bookings(client), client.counts()["source_looks"]) == ([], 0)


def test_a_look_comes_when_somebody_asks_for_it(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    there.book(NAMES[there.kind])
    other.look(there.fetch)
    assert bookings(client) == []

    asked_for = made(client.v2.post(f"/sources/{other.source['id']}/look"))["look"]
    other.look(there.fetch)

    assert asked_for["next_look_at"] == f"{client.clock():%Y-%m-%dT%H:%M:%SZ}"
    assert len(bookings(client)) == 1


def test_a_source_without_a_token_does_not_look_and_says_so(sqlite_client: Client) -> None:
    client = sqlite_client
    for kind in ("generic", "cal_com", "calendly"):
        other = connected_to(client, kind)
        assert other.source["look"] is None
        assert "no token to look with" in refusal(client.v2.post(f"/sources/{other.source['id']}/look"), 409)


def test_no_secret_is_shown_whatever_goes_wrong(client: Client, pair: tuple[Any, Other]) -> None:
    there, other = pair
    shown = []
    for trouble in (None, Says(status=401), Says(hangs_up=True), Says(status=500)):
        there.trouble = trouble
        client.v2.post(f"/sources/{other.source['id']}/look")
        other.look(there.fetch)
        shown.append(client.v2.get(f"/sources/{other.source['id']}").text)
    shown += [client.v2.get("/sources").text, client.v2.get("/audit").text]

    for text in shown:
        assert TOKEN not in text
        assert SECRETS[there.kind] not in text


def test_a_source_that_is_older_than_looks_begins_to_look(client: Client) -> None:
    with product(client, "acuity") as (there, other):
        with client.app.store._database.transaction() as connection:
            connection.run("DELETE FROM source_looks")
        shown = made(client.v2.get(f"/sources/{other.source['id']}"))["source"]["look"]
        assert (shown["last_looked_at"], shown["next_look_at"]) == (None, "2026-11-24T12:00:00Z")

        settle(client, there, other)
        there.book("5500")
        next_look(client, there, other)

    assert len(bookings(client)) == 1


def test_after_a_restore_nothing_is_looked_at_until_somebody_asks_for_it(client: Client) -> None:
    with product(client, "cal_com") as (there, other):
        settle(client, there, other)
        there.book("one")
        quarantine(client.app.sender, taken_at=client.clock())

        look = next_look(client, there, other)
        assert (look["next_look_at"], look["trouble"], bookings(client)) == (None, source_looks.HELD, [])
        client.v2.post(f"/sources/{other.source['id']}/look")
        other.look(there.fetch)

    assert len(bookings(client)) == 1


def test_a_source_whose_secret_cannot_be_opened_says_so(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        elsewhere = replace(inlet_of(client.app), secret=b"another")
        source_looks.tend(elsewhere, there.fetch)

        assert there.asked == []
        assert "was TOCSIN_SECRET_KEY changed?" in other.look(there.fetch)["trouble"]
