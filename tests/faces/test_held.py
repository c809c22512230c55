"""What a restore holds back, on its page and through the API: listed, taken as sent, or let go though it may have left."""

import pytest

from tests.builders import DAY
from tests.calendars import read
from tests.faces.client import Client, Json, an_action, refusal, wrong_fields
from tests.faces.dry_runs import workspace_of
from tests.faces.held import hold
from tests.faces.test_bad_input import NOBODY
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import Visitor, signed_in
from tocsin.domain.restore import HELD
from tocsin.services import held, interventions, restore
from tocsin.web import held as page

ADA, BOB = "ada@example.org", "bob@example.org"


def due(client: Client, *emails: str, **fields: object) -> Json:
    """Let mails to these be due, and return the booking that they are about."""
    links = client.v2.get("/meetings").json()["meetings"]
    client.a_rule(links[0] if links else client.a_link(), actions=[an_action(emails=list(emails), keep_in_sync=True)])
    return client.book(**fields)


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin of a workspace that was brought back and holds two mails."""
    due(client, ADA, BOB)
    assert restore.quarantine(client.app.sender, taken_at=client.clock() - DAY) == {"acme": 2}
    return signed_in(client)


def ids(client: Client, *recipients: str) -> list[str]:
    """Return the ids of the deliveries to these."""
    found = {one["recipient"]: one["id"] for one in client.v2.get("/deliveries").json()["deliveries"]}
    return [found[one] for one in recipients]


def states(client: Client) -> dict[str, str]:
    """Return the state of what each recipient is sent."""
    return {one["recipient"]: one["state"] for one in client.v2.get("/deliveries").json()["deliveries"]}


def ticked(ann: Visitor, deed: str, *recipients: str, **fields: str) -> str:
    """Tick the boxes of these on the page, press a button, and return what is seen then."""
    ann.get("/held")
    token = ann.last.partition('name="_token" value="')[2].partition('"')[0]
    pairs = [("_token", token), *(("ids", one) for one in ids(ann.client, *recipients)), *fields.items()]
    response = ann.post_pairs(f"/held/{deed}", pairs)
    assert response.status_code == 303, response.text
    return text(ann, response.headers["location"])


# The page


def test_the_page_tells_what_is_held_of_what_it_is_and_why(ann: Visitor) -> None:
    shown = text(ann, "/held")

    for one in (ADA, BOB, "booking confirmed an invite, by", "Eve Jones", "Was due", "too late after"):
        assert one in shown
    assert f"{HELD}2026-11-24 12:00 UTC: it may have left after the backup of 2026-11-23 12:00 UTC" in shown
    assert "Search the log of your mail relay" in shown
    assert "1 to 2 of 2 messages" in shown
    assert "All 2 that are held" in shown


def test_the_overview_and_the_page_of_the_delivery_lead_to_it_while_something_is_held(ann: Visitor) -> None:
    (to_ada,) = ids(ann.client, ADA)

    assert "2 messages are held back since a restore" in text(ann, "/overview")
    assert 'href="/held"' in ann.get("/overview").text
    booking = ann.client.v2.get("/bookings").json()["bookings"][0]["id"]
    assert f'href="/held?booking={booking}"' in ann.get(f"/deliveries/{to_ada}").text

    ticked(ann, "done", ADA)
    assert "1 message is held back since a restore, because it may" in text(ann, "/overview")
    ticked(ann, "done", BOB)
    for path in ("/overview", f"/deliveries/{to_ada}"):
        assert 'href="/held' not in ann.get(path).text
    assert "Nothing is held back." in text(ann, "/held")


def test_what_has_left_is_not_sent_and_the_recipient_hears_of_the_cancellation(ann: Visitor) -> None:
    assert "It is taken as sent" in ticked(ann, "done", ADA)

    ann.client.drain()
    assert states(ann.client) == {ADA: "sent", BOB: "paused"}
    assert ann.client.letterbox.envelopes == []
    (to_ada,) = ids(ann.client, ADA)
    assert "taken as sent by ann@example.com" in text(ann, f"/deliveries/{to_ada}")
    booking = ann.client.v2.get("/bookings").json()["bookings"][0]["id"]
    ann.client.v2.patch(f"/bookings/{booking}", {"status": "cancelled"})
    ann.client.drain()
    (withdrawal,) = [read(one.message) for one in ann.client.letterbox.envelopes if one.recipient == ADA]
    assert withdrawal.method == "CANCEL"


def test_what_is_let_go_leaves(ann: Visitor) -> None:
    assert "in the queue" in ticked(ann, "send", BOB)

    ann.client.drain()

    assert states(ann.client) == {ADA: "paused", BOB: "sent"}
    assert [one.recipient for one in ann.client.letterbox.envelopes] == [BOB]


def test_all_means_all_that_the_filter_leaves(ann: Visitor) -> None:
    shown = text(ann, f"/held?recipient={ADA}")
    assert "All 1 that the filter leaves" in shown
    assert 'formaction="/held/done?recipient=ada%40example.org"' in ann.last

    response = ann.post(f"/held/done?recipient={ADA}", {"all": "yes"})

    assert response.headers["location"] == "/held?recipient=ada%40example.org&done=held-done"
    assert states(ann.client) == {ADA: "sent", BOB: "paused"}
    assert "Nothing like that is held back" in text(ann, response.headers["location"])


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("event=booking_confirmed", 2),
        ("event=booking_cancelled", 0),
        ("recipient=ada@EXAMPLE.org", 1),
        ("rule={rule}", 2),
        (f"rule={NOBODY}", 0),
        ("booking={booking}", 2),
        (f"booking={NOBODY}", 0),
        ("event=booking_confirmed&recipient=bob@example.org&rule={rule}&booking={booking}", 1),
    ],
)
def test_the_filters_leave_what_they_name(ann: Visitor, query: str, number: int) -> None:
    v2 = ann.client.v2
    rule = v2.get("/automation-rules").json()["workflows"][0]["id"]
    booking = v2.get("/bookings").json()["bookings"][0]["id"]
    asked = query.format(rule=rule, booking=booking)

    assert ann.get(f"/held?{asked}").text.count('data-label="To"') == number
    named = asked.replace("rule=", "rule_id=").replace("booking=", "booking_id=")
    listed = v2.get(f"/held-deliveries?{named}").json()
    assert (len(listed["deliveries"]), listed["pagination"]["total_records"]) == (number, number)


def test_a_long_list_is_shown_in_parts_and_decided_in_parts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    due(client, *(f"p{number}@example.org" for number in range(50)))
    client.book(slot_start_time="17:00")
    hold(client)
    ann = signed_in(client)
    assert "51 to 100 of 100 messages" in text(ann, "/held?page=2")
    assert "All 100 that are held, on the other parts too" in text(ann, "/held")
    monkeypatch.setattr(held, "MOST", 20)
    monkeypatch.setattr(page, "MOST_AT_ONCE", 40)
    assert "40 at once, those that were due first" in text(ann, "/held")

    assert "1 to 50 of 60 messages" in told(ann, "/held/send", {"all": "yes"})
    assert "1 to 20 of 20 messages" in told(ann, "/held/done", {"all": "yes"})
    assert "Nothing is held back." in told(ann, "/held/done", {"all": "yes"})
    assert client.v2.get("/deliveries", state="scheduled").json()["pagination"]["total_records"] == 40


def test_without_a_tick_nothing_is_decided(ann: Visitor) -> None:
    assert "Nothing was ticked" in ticked(ann, "send")
    assert set(states(ann.client).values()) == {"paused"}


def test_pressing_twice_is_as_good_as_once_and_deciding_otherwise_is_refused(ann: Visitor) -> None:
    ticked(ann, "done", ADA)
    assert "It is taken as sent" in ticked(ann, "done", ADA)

    ann.get("/held")
    (to_ada,) = ids(ann.client, ADA)
    response = ann.post("/held/send", {"ids": to_ada})

    assert response.status_code == 422
    assert "no restore holds this delivery; it is sent" in response.text
    assert BOB in response.text
    assert states(ann.client) == {ADA: "sent", BOB: "paused"}


def test_what_is_too_late_ends_as_expired_whatever_is_decided(ann: Visitor) -> None:
    ann.client.clock.advance(8 * DAY)
    ann.sign_in()

    ticked(ann, "done", ADA)
    ticked(ann, "send", BOB)

    assert states(ann.client) == {ADA: "expired", BOB: "expired"}
    ann.client.drain()
    assert ann.client.letterbox.envelopes == []


def test_a_viewer_looks_and_decides_nothing(client: Client) -> None:
    due(client, ADA)
    hold(client)
    vic = signed_in(client, role="viewer")

    assert ADA in text(vic, "/held")
    assert 'type="checkbox"' not in vic.last
    assert "It has left" not in vic.last
    for deed in ("done", "send"):
        assert vic.post(f"/held/{deed}", {"ids": ids(client, ADA)[0]}).status_code == 403
    assert states(client) == {ADA: "paused"}


def test_a_form_of_others_decides_nothing(ann: Visitor) -> None:
    (to_ada,) = ids(ann.client, ADA)
    ann.get("/held")

    assert ann.post("/held/send", {"ids": to_ada, "_token": "0" * 64}).status_code == 403
    assert ann.post("/held/send", {"all": "yes"}, Sec_Fetch_Site="cross-site").status_code == 403
    assert set(states(ann.client).values()) == {"paused"}


def test_of_another_workspace_nothing_is_shown_or_decided(ann: Visitor) -> None:
    globex = ann.client.neighbour()
    due(globex, "gil@example.org")
    hold(globex)
    (theirs,) = ids(globex, "gil@example.org")

    assert "gil@example.org" not in text(ann, "/held")
    ann.post("/held/send", {"all": "yes"})
    ann.get("/held")
    response = ann.post("/held/send", {"ids": theirs})

    assert response.status_code == 422
    assert "there is no delivery with this id" in response.text
    assert "gil@example.org" not in response.text
    assert states(globex) == {"gil@example.org": "paused"}


# The API


def test_a_program_lists_and_decides_and_may_ask_again(ann: Visitor) -> None:
    v2, (to_ada, to_bob) = ann.client.v2, ids(ann.client, ADA, BOB)
    listed = v2.get("/held-deliveries").json()
    assert {one["id"] for one in listed["deliveries"]} == {to_ada, to_bob}
    assert all(one["reason"].startswith(HELD) for one in listed["deliveries"])

    for _ in range(2):
        answer = v2.post("/held-deliveries/done", {"delivery_ids": [to_ada]}).json()
        assert [(one["id"], one["state"]) for one in answer["deliveries"]] == [(to_ada, "sent")]
        assert answer["still_held"] == 1
    for _ in range(2):
        answer = ann.client.v1.post("/held_deliveries/send", {"delivery_ids": [to_bob, to_bob]}).json()
        assert [(one["id"], one["state"]) for one in answer["deliveries"]] == [(to_bob, "scheduled")]
    ann.client.drain()
    answer = v2.post("/held-deliveries/send", {"delivery_ids": [to_bob]}).json()
    assert [one["state"] for one in answer["deliveries"]] == ["sent"]  # it left once, and does not leave again
    ann.client.drain()
    assert [one.recipient for one in ann.client.letterbox.envelopes] == [BOB]


def test_each_that_no_restore_holds_is_named_and_none_is_decided(ann: Visitor) -> None:
    v2, (to_ada, to_bob) = ann.client.v2, ids(ann.client, ADA, BOB)
    v2.post("/held-deliveries/done", {"delivery_ids": [to_ada]})

    wrong = wrong_fields(v2.post("/held-deliveries/send", {"delivery_ids": [to_bob, to_ada]}))
    assert wrong == {"delivery_ids[1]": "no restore holds this delivery; it is sent"}
    wrong = wrong_fields(v2.post("/held-deliveries/done", {"delivery_ids": [to_bob, "x", NOBODY]}))
    assert wrong == dict.fromkeys(("delivery_ids[1]", "delivery_ids[2]"), "there is no delivery with this id")
    assert states(ann.client)[BOB] == "paused"


def test_what_somebody_has_paused_himself_is_not_decided_here(ann: Visitor) -> None:
    due(ann.client, "cy@example.org", slot_start_time="17:00")
    (to_cy,) = ids(ann.client, "cy@example.org")
    with ann.client.app.store.transaction(workspace_of(ann.client)) as tx:
        interventions.pause(tx, to_cy, by="ann", now=ann.client.clock())

    wrong = wrong_fields(ann.client.v2.post("/held-deliveries/done", {"delivery_ids": [to_cy]}))

    assert wrong == {"delivery_ids[0]": "no restore holds this delivery; it is paused"}
    assert len(ann.client.v2.get("/held-deliveries").json()["deliveries"]) == 2


def test_all_of_a_filter_is_decided_a_hundred_at_a_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    due(client, *(f"p{number}@example.org" for number in range(5)))
    hold(client)
    monkeypatch.setattr(held, "MOST", 2)
    wanted = {"all": True, "event": "booking_confirmed"}

    left = [client.v2.post("/held-deliveries/done", wanted).json()["still_held"] for _ in range(4)]

    assert left == [3, 1, 0, 0]
    assert client.v2.post("/held-deliveries/done", {"all": True}).json() == {"deliveries": [], "still_held": 0}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "delivery_ids"),
        ({"delivery_ids": []}, "delivery_ids"),
        ({"delivery_ids": [NOBODY], "all": True}, "delivery_ids"),
        ({"delivery_ids": [NOBODY] * 101}, "delivery_ids"),
        ({"delivery_ids": [NOBODY], "rule_id": NOBODY}, "rule_id"),
        ({"all": True, "event": "eaten"}, "event"),
    ],
)
def test_what_cannot_be_meant_is_told_at_its_field(client: Client, body: Json, field: str) -> None:
    assert field in wrong_fields(client.v2.post("/held-deliveries/send", body))


def test_a_key_needs_the_scopes_that_deliveries_need(client: Client) -> None:
    reader = client.with_key("deliveries:read")

    assert reader.v2.get("/held-deliveries").status_code == 200
    for deed in ("done", "send"):
        refusal(reader.v2.post(f"/held-deliveries/{deed}", {"all": True}), 403)
        assert client.with_key("deliveries:write").v2.post(f"/held-deliveries/{deed}", {"all": True}).status_code == 200
