"""/bookings in both versions: made, listed, moved, decided and marked."""

import json

import pytest

from tests.faces.client import Client, Face, Json, booking_body, headers_of, made, refusal, rule_body, wrong_fields


def place(client: Client, version: int) -> tuple[Face, str]:
    return (client.v1, "/bookings") if version == 1 else (client.v2, "/bookings")


def unwrapped(body: Json, version: int) -> Json:
    found: Json = body if version == 1 else body["booking"]
    return found


versions = pytest.mark.parametrize("version", [1, 2])


@versions
def test_a_booking_is_made_and_shown_with_the_fields_of_the_original(client: Client, version: int) -> None:
    link = client.a_link(spot="zoom")
    face, path = place(client, version)
    body = booking_body(
        form_responses={"company": "Initech", "guests": 2, "topics": ["a", "b"], "vip": True, "notes": None},
        room_url="https://zoom.example/j/1",
        time_zone="Asia/Kathmandu",
    )

    response = face.post(path, body)

    assert response.status_code == (200 if version == 1 else 201)
    booking = unwrapped(response.json(), version)
    expected = {
        "parent_booking_id": None,
        "meeting_id": link["id"],
        "meeting": {"name": "Introduction"},
        "name": "Eve Jones",
        "email": "eve@example.net",
        "time_zone": "Asia/Kathmandu",
        "starts_at_for_client": "2026-11-25T15:30:00+05:45",
        "ends_at_for_client": "2026-11-25T16:00:00+05:45",
        "host_name": "Oliver",
        "host_email": "oliver@example.com",
        "is_multihost": False,
        "multihosts": [],
        "starts_at": "2026-11-25T09:45:00Z",
        "ends_at": "2026-11-25T10:15:00Z",
        "created_at": "2026-11-24T12:00:00Z",
        "updated_at": "2026-11-24T12:00:00Z",
        "status": "confirmed",
        "cancel_reason": None,
        "cancelled_by": None,
        "reschedule_requested": False,
        "reschedule_reason": None,
        "no_show": False,
        "meeting_outcome": None,
        "preferred_meeting_spot": "zoom",
        "room_type": "zoom",
        "room_url": "https://zoom.example/j/1",
        "room_id": None,
        "spot_details": None,
        "notes_url": None,
        "internal_notes": None,
        "metadata": {},
        "admin_booking_url": None,
        "client_booking_url": None,
        "form_responses_as_hash": {"company": "Initech", "guests": "2", "topics": "a, b", "vip": "true", "notes": ""},
    }
    assert {name: booking[name] for name in expected} == expected
    assert {"field": "company", "value": "Initech", "type": "text", "field_code": "company"} in booking[
        "form_responses"
    ]
    assert set(booking) == {*expected, "id", "sid", "form_responses"}
    assert face.get(f"{path}/{booking['id']}").json() == response.json()
    assert face.get(f"{path}/{booking['sid']}").json() == response.json()


@pytest.mark.parametrize(
    ("clock", "starts_at"),
    [
        ("15:30", "2026-11-25T14:30:00Z"),
        ("03:30 PM", "2026-11-25T14:30:00Z"),
        ("3:30pm", "2026-11-25T14:30:00Z"),
        ("12:00 AM", "2026-11-24T23:00:00Z"),
        ("12:15 PM", "2026-11-25T11:15:00Z"),
        ("00:00", "2026-11-24T23:00:00Z"),
    ],
)
def test_a_time_is_read_in_both_formats(client: Client, clock: str, starts_at: str) -> None:
    client.a_link()

    assert client.book(slot_start_time=clock)["starts_at"] == starts_at


@pytest.mark.parametrize(
    "clock", ["25:00", "24:00", "12:60", "13:00 PM", "0:30 AM", "noon", "15.30", "", "١٥:٣٠", 1530]
)
def test_a_time_that_no_clock_shows_is_refused(client: Client, clock: object) -> None:
    client.a_link()

    assert list(wrong_fields(client.v2.post("/bookings", booking_body(slot_start_time=clock)))) == ["slot_start_time"]


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "25.11.2026", "1969-12-31", "2101-01-01", "", 20261125])
def test_a_day_that_no_calendar_shows_is_refused(client: Client, day: object) -> None:
    client.a_link()

    assert list(wrong_fields(client.v2.post("/bookings", booking_body(slot_date=day)))) == ["slot_date"]


def test_all_that_is_wrong_with_a_booking_is_told_at_once(client: Client) -> None:
    body = {"name": " ", "email": "eve", "time_zone": "UTC+1", "room_url": "javascript:alert(1)", "status": "sold"}

    found = wrong_fields(client.v2.post("/bookings", body))

    assert set(found) == {*body, "meeting_slug", "slot_date", "slot_start_time"}
    assert found["name"] == "must not be blank"
    assert "write the name of a zone" in found["time_zone"]
    assert found["status"] == "must be one of confirmed, awaiting_approval"


def test_unknown_fields_of_a_booking_are_ignored(client: Client) -> None:
    client.a_link()

    booking = client.book(workspace_id="other", id="mine", add_on_services=[{"id": 1}], created_at="1999-01-01")

    assert booking["id"] != "mine"
    assert booking["created_at"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"meeting_slug": "nowhere"}, "meeting_slug"),
        ({"meeting_slug": "mould"}, "meeting_slug"),
        ({"meeting_slug": "closed"}, "meeting_slug"),
        ({"slot_date": "2026-11-23"}, "slot_start_time"),
        ({"host_email": "nobody@example.com"}, "host_email"),
    ],
)
def test_a_booking_that_cannot_be_is_refused(client: Client, fields: Json, field: str) -> None:
    client.a_link()
    client.a_link(slug="closed", disabled=True)
    client.a_template()

    assert list(wrong_fields(client.v2.post("/bookings", booking_body(**fields)))) == [field]


def test_a_host_is_not_booked_twice_at_one_time_unless_told_so(client: Client) -> None:
    client.a_link()
    client.a_link(slug="other")
    client.book()

    same = wrong_fields(client.v2.post("/bookings", booking_body(email="ann@example.net")))
    found = wrong_fields(client.v2.post("/bookings", booking_body(meeting_slug="other", slot_start_time="15:45")))
    overridden = client.book(meeting_slug="other", slot_start_time="15:45", override_availability=True)

    assert found == {
        "slot_start_time": "a host is booked from 2026-11-25 14:30 to 15:00 UTC already; choose another time or send "
        "override_availability"
    }
    assert same == found
    assert overridden["starts_at"] == "2026-11-25T14:45:00Z"
    client.book(slot_start_time="16:15")


def test_a_cancelled_booking_leaves_its_time_free(client: Client) -> None:
    client.a_link()
    booking = client.book()
    made(client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"}))

    assert client.book()["starts_at"] == booking["starts_at"]


def test_round_robin_books_the_host_with_the_fewest_coming_bookings_who_is_free(client: Client) -> None:
    client.a_link(kind="round_robin", hosts=["ann@example.com", "bob@example.com"])

    hosts = [client.book(slot_start_time=clock)["host_email"] for clock in ("09:00", "09:00", "11:00", "13:00")]
    third_at_nine = client.v2.post("/bookings", booking_body(slot_start_time="09:00"))

    assert sorted(hosts[:2]) == ["ann@example.com", "bob@example.com"]
    assert sorted(hosts[2:]) == ["ann@example.com", "bob@example.com"]
    assert list(wrong_fields(third_at_nine)) == ["slot_start_time"]


def test_multihost_books_all_hosts(client: Client) -> None:
    client.a_link(kind="multihost", hosts=["ann@example.com", "bob@example.com"])
    client.a_link(slug="bob", hosts=["bob@example.com"])

    booking = client.book()
    at_the_same_time = client.v2.post("/bookings", booking_body(meeting_slug="bob"))

    assert booking["is_multihost"] is True
    assert booking["host_email"] == "ann@example.com"
    hosts = [{"name": "Ann", "email": "ann@example.com"}, {"name": "Bob", "email": "bob@example.com"}]
    assert booking["multihosts"] == hosts
    assert list(wrong_fields(at_the_same_time)) == ["slot_start_time"]


def test_many_clients_share_one_start_of_a_grouped_link(client: Client) -> None:
    client.a_link(kind="grouped")

    starts = {client.book(email=f"guest{number}@example.net")["starts_at"] for number in range(3)}
    overlapping = client.v2.post("/bookings", booking_body(slot_start_time="15:45"))

    assert len(starts) == 1
    assert list(wrong_fields(overlapping)) == ["slot_start_time"]


def test_a_host_can_be_chosen(client: Client) -> None:
    client.a_link(kind="round_robin", hosts=["ann@example.com", "bob@example.com"])

    assert client.book(host_email="bob@example.com")["host_email"] == "bob@example.com"


@versions
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_booking_is_moved(client: Client, version: int, method: str) -> None:
    link = client.a_link()
    client.a_rule(link, event="booking_rescheduled")
    booking = client.book()
    face, path = place(client, version)
    body = {
        "name": "Eve Jones",
        "email": "eve@example.net",
        "slot_date": "2026-11-26",
        "slot_start_time": "09:00 AM",
        "time_zone": "Europe/Berlin",
        "reschedule_reason": "ill",
    }

    response = face.send(method, f"{path}/{booking['sid']}", body)

    assert response.status_code == 200
    moved = unwrapped(response.json(), version)
    assert (moved["starts_at"], moved["ends_at"]) == ("2026-11-26T08:00:00Z", "2026-11-26T08:30:00Z")
    assert (moved["id"], moved["reschedule_reason"]) == (booking["id"], "ill")
    assert client.drain() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None, "status": None},
        {"name": "Eve Jones"},
        {"slot_date": "2026-11-25", "slot_start_time": "3:30 PM"},
    ],
)
def test_a_change_that_changes_nothing_fires_nothing(client: Client, body: Json) -> None:
    link = client.a_link()
    client.a_rule(link, event="booking_rescheduled")
    booking = client.book()
    client.clock.now += client.clock.now.resolution

    changed = client.v2.patch(f"/bookings/{booking['id']}", body)

    assert changed.json()["booking"] == booking
    assert client.drain() == 0


@pytest.mark.parametrize("name", ["slot_date", "slot_start_time"])
def test_half_a_slot_is_refused_and_named(client: Client, name: str) -> None:
    client.a_link()
    booking = client.book()

    found = wrong_fields(client.v2.patch(f"/bookings/{booking['id']}", {name: booking_body()[name]}))

    assert list(found) == ["slot_start_time"]
    assert "slot_date and slot_start_time go together" in found["slot_start_time"]


def test_a_booking_cannot_be_moved_onto_another_one_unless_told_so(client: Client) -> None:
    client.a_link()
    client.book()
    second = client.book(slot_start_time="16:00")
    onto = {"slot_date": "2026-11-25", "slot_start_time": "15:30"}

    refused = client.v2.patch(f"/bookings/{second['id']}", onto)
    moved = client.v2.patch(f"/bookings/{second['id']}", onto | {"override_availability": True})

    assert list(wrong_fields(refused)) == ["slot_start_time"]
    assert made(moved)["booking"]["starts_at"] == "2026-11-25T14:30:00Z"


def test_a_booking_is_given_to_another_host_and_place(client: Client) -> None:
    client.a_link()
    client.a_link(slug="ann", hosts=["ann@example.com"])
    booking = client.book()
    change = {"host_email": "ann@example.com", "room_url": "https://meet.example/1", "spot_details": "blue room"}

    changed = made(client.v2.patch(f"/bookings/{booking['id']}", change))["booking"]
    unknown = client.v2.patch(f"/bookings/{booking['id']}", {"host_email": "nobody@example.com"})

    assert (changed["host_email"], changed["room_url"]) == ("ann@example.com", "https://meet.example/1")
    assert list(wrong_fields(unknown)) == ["host_email"]


def test_v2_cancels_with_a_status(client: Client) -> None:
    link = client.a_link()
    client.a_rule(link, event="booking_cancelled")
    booking = client.book()
    change = {"status": "cancelled", "cancel_reason": "ill", "cancelled_by": "eve@example.net"}

    cancelled = made(client.v2.patch(f"/bookings/{booking['id']}", change))["booking"]

    assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "ill")
    assert cancelled["cancelled_by"] == "eve@example.net"
    assert client.drain() == 1
    assert "cancelled already" in refusal(client.v2.patch(f"/bookings/{booking['id']}", change), 409)
    moved = client.v2.patch(f"/bookings/{booking['id']}", {"slot_date": "2026-11-27", "slot_start_time": "10:00"})
    assert refusal(moved, 409) == "the booking is cancelled; it cannot be moved"


def test_v1_cancels_at_a_path_of_its_own(client: Client) -> None:
    client.a_link()
    booking = client.book()

    response = client.v1.post(f"/bookings/{booking['sid']}/cancel", cancel_reason="ill")

    assert (response.status_code, response.json()) == (200, {"message": "Booking cancelled successfully"})
    shown = client.v1.get(f"/bookings/{booking['sid']}").json()
    assert (shown["status"], shown["cancel_reason"]) == ("cancelled", "ill")
    assert "cancelled already" in refusal(client.v1.post(f"/bookings/{booking['sid']}/cancel"), 409)


def test_the_paths_of_v1_are_not_those_of_v2(client: Client) -> None:
    client.a_link()
    booking = client.book()

    assert refusal(client.v2.post(f"/bookings/{booking['id']}/cancel"), 404)


@versions
@pytest.mark.parametrize(("verb", "status"), [("approve", "confirmed"), ("reject", "rejected")])
def test_a_booking_that_waits_is_decided(client: Client, version: int, verb: str, status: str) -> None:
    link = client.a_link(requires_approval=True)
    client.a_rule(link)
    client.a_rule(link, event="booking_cancelled")
    booking = client.book()
    word = {"approve": "approved", "reject": "rejected"}[verb]

    if version == 1:
        response = client.v1.post(f"/bookings/{booking['id']}/{verb}", rejection_reason="full")
    else:
        response = client.v2.patch(f"/bookings/{booking['id']}", {"status": word, "rejection_reason": "full"})

    assert booking["status"] == "awaiting_approval"
    assert response.status_code == 200
    shown = client.v2.get(f"/bookings/{booking['id']}").json()["booking"]
    assert (shown["status"], shown["cancel_reason"]) == (status, "full" if verb == "reject" else None)
    assert client.drain() == 1
    again = client.v2.patch(f"/bookings/{booking['id']}", {"status": word})
    assert "only a booking that awaits approval" in refusal(again, 409)


def test_a_booking_can_ask_for_approval_by_itself(client: Client) -> None:
    client.a_rule(client.a_link())

    booking = client.book(status="awaiting_approval")

    assert booking["status"] == "awaiting_approval"
    assert client.drain() == 0
    assert (
        made(client.v2.patch(f"/bookings/{booking['id']}", {"status": "confirmed"}))["booking"]["status"] == "confirmed"
    )
    assert client.drain() == 1


@versions
def test_a_no_show_is_marked_once_and_unmarked_silently(client: Client, version: int) -> None:
    client.a_rule(client.a_link(), event="marked_no_show")
    booking = client.book()
    face, path = place(client, version)
    fired = []

    for mark in (True, True, False, True):
        shown = unwrapped(face.patch(f"{path}/{booking['sid']}", {"no_show": mark}).json(), version)
        assert shown["no_show"] is mark
        fired.append(client.drain())

    assert fired == [1, 0, 0, 1]


def test_only_a_confirmed_booking_is_a_no_show(client: Client) -> None:
    client.a_link()
    booking = client.book(status="awaiting_approval")

    assert "only a confirmed one" in refusal(client.v2.patch(f"/bookings/{booking['id']}", {"no_show": True}), 409)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["late", "over", "gone", "soon"]),
        ({"type": "upcoming"}, ["late", "soon"]),
        ({"type": "past"}, ["over"]),
        ({"type": "cancelled"}, ["gone"]),
        ({"type": "incomplete"}, []),
        ({"client_email": "SOON@example.net"}, ["soon"]),
        ({"host_email": "oliver@example.com"}, ["late", "over", "gone", "soon"]),
        ({"host_email": "nobody@example.com"}, []),
        ({"search": "eve l"}, ["late"]),
        ({"search": "%"}, []),
        ({"meeting_sid": "nothing"}, []),
        ({"sorting_order": "asc"}, ["soon", "gone", "over", "late"]),
        ({"sorting_key": "starts_at", "sorting_order": "asc"}, ["over", "soon", "gone", "late"]),
        ({"starts_after": "2026-11-25T14:30:00Z", "sorting_order": "asc"}, ["soon", "gone", "late"]),
        ({"starts_before": "2026-11-25T15:30:00+01:00"}, ["over"]),
        ({"starts_before": "2026-11-26"}, ["over", "gone", "soon"]),
        ({"filters[starts_at][rule]": "at", "filters[starts_at][value]": "2026-11-25T14:30:00Z"}, ["soon"]),
        ({"filters[starts_at][rule]": "after", "filters[starts_at][value]": "2026-11-25T14:30:00Z"}, ["late", "gone"]),
        ({"filters[starts_at][rule]": "before", "filters[starts_at][value]": "2026-11-25T14:30:00Z"}, ["over"]),
        (
            {
                "filters[ends_at][rule]": "between",
                "filters[ends_at][value]": "2026-11-25T15:00:00Z, 2026-11-25T16:00:00Z",
            },
            ["gone", "soon"],
        ),
        ({"filters[starts_at][value]": "2026-11-25T14:30:00Z"}, ["late", "over", "gone", "soon"]),
        ({"page_size": 3, "page_number": 2}, ["soon"]),
        ({"colour": "red"}, ["late", "over", "gone", "soon"]),
    ],
    ids=str,
)
@versions
def test_bookings_are_listed_by(client: Client, version: int, query: Json, found: list[str]) -> None:
    client.a_link()
    times = {"soon": "15:30", "gone": "16:30", "over": "13:15", "late": "17:00"}
    for number, (name, clock) in enumerate(times.items()):
        client.clock.now = client.clock.now.replace(second=number)
        day = {"over": "2026-11-24", "late": "2026-11-26"}.get(name, "2026-11-25")
        booking = client.book(name=f"Eve {name}", email=f"{name}@example.net", slot_date=day, slot_start_time=clock)
        if name == "gone":
            client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})
    client.clock.now = client.clock.now.replace(hour=13)
    face, path = place(client, version)

    body = face.get(path, **query).json()

    assert [booking["name"].removeprefix("Eve ") for booking in body["bookings"]] == found
    assert body["pagination"]["total_records"] == (4 if "page_size" in query else len(found))


def test_bookings_of_one_link_are_listed_by_its_sid(client: Client) -> None:
    client.a_link()
    other = client.a_link(slug="other")
    client.book()
    wanted = client.book(meeting_slug="other", slot_start_time="17:00")

    found = client.v2.get("/bookings", meeting_sid=other["sid"]).json()["bookings"]

    assert [booking["id"] for booking in found] == [wanted["id"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"type": "lost"}, "type"),
        ({"sorting_key": "name"}, "sorting_key"),
        ({"sorting_order": "up"}, "sorting_order"),
        ({"starts_after": "yesterday"}, "starts_after"),
        ({"starts_before": "2026-02-30"}, "starts_before"),
        ({"starts_before": "2026-11-25T25:00:00Z"}, "starts_before"),
        ({"starts_before": "2026-11-25 10:00:00"}, "starts_before"),
        (
            {"filters[starts_at][rule]": "around", "filters[starts_at][value]": "2026-11-25"},
            "filters[starts_at][rule]",
        ),
        ({"filters[ends_at][rule]": "between", "filters[ends_at][value]": "2026-11-25"}, "filters[ends_at][value]"),
        ({"filters[ends_at][rule]": "at", "filters[ends_at][value]": "noon"}, "filters[ends_at][value]"),
        ({"filters[starts_at][rule]": "at"}, "filters[starts_at][value]"),
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_is_named_in_one_sentence(client: Client, query: Json, field: str) -> None:
    found = wrong_fields(client.v1.get("/bookings", **query))

    assert list(found) == [field]
    assert "\n" not in found[field]
    assert "pydantic" not in found[field]


def test_a_booking_outlives_its_link(client: Client) -> None:
    link = client.a_link()
    booking = client.book()
    client.v2.delete(f"/meetings/{link['id']}")

    shown = client.v2.get(f"/bookings/{booking['id']}").json()["booking"]
    moved = client.v2.patch(f"/bookings/{booking['id']}", {"slot_date": "2026-11-27", "slot_start_time": "10:00"})

    assert shown["meeting"] == {"name": "Introduction"}
    assert made(moved)["booking"]["starts_at"] == "2026-11-27T09:00:00Z"
    assert list(wrong_fields(client.v2.post("/bookings", booking_body()))) == ["meeting_slug"]


def test_a_booking_is_not_shown_to_a_neighbour(client: Client) -> None:
    client.a_link()
    booking = client.book()
    neighbour = client.neighbour()

    theirs = neighbour.v2.get(f"/bookings/{booking['id']}")
    nothing = neighbour.v2.get("/bookings/00000000-0000-4000-8000-0000deadbeef")

    assert theirs.status_code == nothing.status_code == 404
    assert theirs.content == nothing.content
    assert headers_of(theirs) == headers_of(nothing)


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ("x" * 501, "form_responses"),
        ("a\x00b", "form_responses"),
        ({"nested": "object"}, "form_responses"),
        (1e400, "form_responses"),
    ],
    ids=repr,
)
def test_an_answer_to_a_form_that_cannot_be_is_named(client: Client, answer: object, field: str) -> None:
    client.a_link()
    content = booking_body(form_responses={"company": "Initech", "notes": "HERE"})
    body = _json(content, answer)

    response = client.v2.post("/bookings", body)

    if response.status_code == 400:
        assert "number" in refusal(response, 400)
    else:
        found = wrong_fields(response)
        assert [name.split(".")[0] for name in found] == [field]
        assert "notes" in f"{found}"


def _json(content: Json, answer: object) -> bytes:
    text = json.dumps(content).replace('"HERE"', json.dumps(answer).replace("Infinity", "1e400"))
    return text.encode()


def test_at_most_fifty_answers_are_kept(client: Client) -> None:
    client.a_link()
    answers = {f"q{number}": "x" for number in range(51)}

    assert list(wrong_fields(client.v2.post("/bookings", booking_body(form_responses=answers)))) == ["form_responses"]


def test_a_rule_fires_for_the_links_it_names_only(client: Client) -> None:
    client.a_link()
    other = client.a_link(slug="other")
    made(client.v2.post("/automation-rules", rule_body(other["id"])))

    client.book()
    silent = client.drain()
    client.book(meeting_slug="other", slot_start_time="17:00")

    assert (silent, client.drain()) == (0, 1)
