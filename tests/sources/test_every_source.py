"""What holds for every source: proof, storing first, one effect however often a call comes, and nothing across tenants."""

from typing import Any

import pytest

from tests.builders import DAY, MINUTE, SECOND
from tests.faces.client import Client, Json, made, part, refusal, wrong_fields
from tests.sources.senders import (
    FIELDS,
    FIRST,
    KINDS,
    SECRETS,
    Other,
    bookings,
    connected_to,
    first,
    fixture,
    the_booking,
)
from tests.torture.rig import Rig
from tocsin.domain.sources.source import SourceKind
from tocsin.formats.sources import FORMATS
from tocsin.services import administration_person, source_bookings

EVERY = pytest.mark.parametrize("kind", KINDS)


# From nothing to a booking


@EVERY
def test_a_call_becomes_a_booking_with_its_link_and_its_host(client: Client, kind: str) -> None:
    other = connected_to(client, kind)

    call = other.tells(first(kind))

    assert (call["state"], call["times"]) == ("applied", 1)
    booking = the_booking(client)
    assert call["sentence"] == f"made booking {booking['sid']} (confirmed)"
    assert (booking["starts_at"], booking["ends_at"]) == ("2026-11-26T14:30:00Z", "2026-11-26T15:00:00Z")
    assert (booking["name"], booking["email"], booking["status"]) == ("Eve Jones", "eve@example.net", "confirmed")
    assert (booking["host_name"], booking["host_email"]) == ("Oliver Smith", "oliver@example.com")
    assert booking["room_url"].startswith("https://meet.example.com/")
    (link,) = made(client.v2.get("/meetings"))["meetings"]
    assert (link["name"], booking["meeting_id"]) == ("Introduction", link["id"])


@EVERY
def test_a_booking_comes_to_the_link_that_somebody_made_for_it(client: Client, kind: str) -> None:
    slug = {"generic": "intro", "cal_com": "intro"}.get(kind, "introduction")
    link = client.a_link(slug=slug, hosts=["somebody@example.com"])
    client.a_rule(link, actions=[an_invite_to("ada@example.org")])

    connected_to(client, kind).tells(first(kind))
    client.drain()

    assert the_booking(client)["meeting_id"] == link["id"]
    assert len(client.letterbox.letters("ada@example.org")) == 1


def an_invite_to(*emails: str) -> Json:
    return {
        "type": "send_calendar_invite_to_anyone",
        "emails": list(emails),
        "email_subject": "Invitation",
        "email_body": "<p>{{client.name}}</p>",
        "calendar_invite_subject": "Meeting",
        "calendar_invite_body": "<p>x</p>",
    }


# Proof


def tampered(other: Other) -> dict[str, tuple[Any, dict[str, str]]]:
    """Return forged calls by what is wrong with them."""
    body, kind = first(other.kind), other.kind
    right = other.signed(body)
    elsewhere = Other(client=other.client, kind=kind, source=other.source, secret=_another(kind)).signed(body)
    forged = {
        "nothing": (body, dict.fromkeys(right, "")),
        "another secret": (body, elsewhere),
        "cut short": (body, {name: value[:-1] for name, value in right.items()}),
        "two at once": (body, {name: f"{value}, {value}" for name, value in right.items()}),
        "no secret": (body, dict.fromkeys(right, "no-secret-provided")),
        "letters beyond ASCII": (body, {name: "é" + value for name, value in right.items()}),
    }
    if kind != "easy_appointments":  # which signs nothing
        forged["another body"] = ({**first(kind), "more": 1}, right)
    return {name: (sent, headers | {"Content-Type": "text/plain"}) for name, (sent, headers) in forged.items()}


def _another(kind: str) -> str:
    return "whsec_" + "A" * 44 if kind == "generic" else "another secret"


@EVERY
def test_a_call_that_proves_nothing_has_no_effect(client: Client, kind: str) -> None:
    other = connected_to(client, kind)
    before = client.counts()

    answers = {name: other.call(body, headers) for name, (body, headers) in tampered(other).items()}

    for name, answer in answers.items():
        assert refusal(answer, 401).startswith("the signature is missing"), name
    assert client.counts() == before


@pytest.mark.parametrize(("kind", "limit"), [("calendly", 180 * SECOND), ("generic", 300 * SECOND)])
def test_a_signature_with_a_moment_is_good_for_some_minutes_only(client: Client, kind: str, limit: Any) -> None:
    other = connected_to(client, kind)
    body = first(kind)
    signed = other.signed(body)

    client.clock.advance(limit + SECOND)
    assert other.call(body, signed).status_code == 401
    client.clock.advance(-2 * limit - 2 * SECOND)
    assert other.call(body, signed).status_code == 401
    client.clock.advance(SECOND)
    assert other.call(body, signed).status_code == 200


def test_the_name_of_the_header_is_as_somebody_set_it(client: Client) -> None:
    other = connected_to(client, "easy_appointments", header="X-Our-Own")

    assert other.call(first("easy_appointments")).status_code == 401
    assert other.call(first("easy_appointments"), {"X-Our-Own": other.secret}).status_code == 200


# Once


@EVERY
def test_hundreds_of_replays_of_a_call_send_nothing_more(sqlite_client: Client, rig: Rig, kind: str) -> None:
    client, replays = sqlite_client, rig.size(quick=200, nightly=1_000)
    other = connected_to(client, kind)
    client.a_rule(client.a_link(slug={"generic": "intro", "cal_com": "intro"}.get(kind, "introduction")))
    other.tells(first(kind))
    client.drain()
    sent, before = len(client.letterbox.envelopes), client.counts()

    for _ in range(replays):
        assert other.call(first(kind)).status_code == 200
    other.tend()
    client.drain()

    assert len(client.letterbox.envelopes) == sent == 1
    assert client.counts() == before
    (call,) = other.calls()
    assert call["times"] == replays + 1
    rig.found("A24", f"0 done twice in {replays:,} replays of {kind}", is_met=True)


# What is kept, and read again


@EVERY
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\x00\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(b'{"triggerEvent": 1e999, "event": NaN}', id="odd numbers"),
        pytest.param(b"[1, 2]", id="a list"),
        pytest.param(b"title=My+own+template&who=Eve", id="a form"),
        pytest.param(b'{"my": "own template"}', id="a template of one's own"),
    ],
)
def test_what_cannot_be_understood_is_kept_and_told(sqlite_client: Client, kind: str, body: bytes) -> None:
    client = sqlite_client
    other = connected_to(client, kind)

    answer = other.call(body)
    if kind == "generic" and b"\xff" in body:
        assert answer.status_code == 401  # what is no text has no signature of the standard
        return

    call = part(made(answer), "call")
    assert call["state"] == "not_understood"
    assert call["sentence"]
    assert other.shown(call["id"])["body"] == body.decode("utf-8", "replace")
    assert [one["id"] for one in other.calls(state="not_understood")] == [call["id"]]
    assert bookings(client) == []


def test_a_call_is_read_again_after_what_was_wrong_is_mended(client: Client) -> None:
    other = connected_to(client, "acuity")
    other.has(appointment={**other_record(), "email": ""})
    call = other.tells(first("acuity"))
    assert (call["state"], bookings(client)) == ("not_understood", [])
    assert "no mail address of its client" in call["sentence"]

    other.has()
    again = part(made(client.v2.post(f"/sources/{other.source['id']}/calls/{call['id']}/replay")), "call")
    assert again["state"] == "new"
    other.tend()

    assert other.shown(call["id"])["state"] == "applied"
    assert the_booking(client)["email"] == "eve@example.net"


def other_record() -> Json:
    found: Json = fixture("acuity", "api_appointment")
    return found


def test_what_fails_unforeseen_is_stored_alone_and_can_be_read_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = connected_to(client, "cal_com")

    with monkeypatch.context() as patched:
        patched.setattr(source_bookings, "take", _break)
        call = part(made(other.call(first("cal_com"))), "call")
    assert (call["state"], call["sentence"]) == ("failed", "it failed here; the log says how")
    assert "unforeseen" in caplog.text
    assert bookings(client) == []
    again = part(made(client.v2.post(f"/sources/{other.source['id']}/calls/{call['id']}/replay")), "call")

    assert again["state"] == "applied"
    assert len(bookings(client)) == 1


def _break(*_: object) -> None:
    raise RuntimeError("on purpose")


def test_bodies_are_forgotten_after_thirty_days_and_calls_after_half_a_year(client: Client) -> None:
    other = connected_to(client, "cal_com")
    call = other.tells(first("cal_com"))

    client.clock.advance(30 * DAY)
    other.tend()
    assert other.shown(call["id"])["body"] is not None
    client.clock.advance(MINUTE)
    other.tend()

    assert other.shown(call["id"])["body"] is None
    replayed = client.v2.post(f"/sources/{other.source['id']}/calls/{call['id']}/replay")
    assert "was forgotten" in refusal(replayed, 409)
    client.clock.advance(150 * DAY)
    other.tend()
    assert other.calls() == []
    assert len(bookings(client)) == 1


def test_neither_secrets_nor_bodies_stand_in_the_database_as_they_are(client: Client) -> None:
    other = connected_to(client, "acuity")
    other.tells(first("acuity"))

    with client.app.store._database.reading() as connection:
        (source,) = connection.rows("SELECT * FROM sources")
        (call,) = connection.rows("SELECT * FROM source_calls")

    kept = b"".join(
        value if isinstance(value, bytes) else str(value).encode() for value in (*source.values(), *call.values())
    )
    assert SECRETS["acuity"].encode() not in kept
    assert b"5500" not in bytes(call["box"])


@EVERY
def test_what_an_erased_client_wrote_is_known_of_no_booking_of_a_source(client: Client, kind: str) -> None:
    other = connected_to(client, kind)
    other.tells(first(kind))
    booking = the_booking(client)
    answers = [str(one["value"]) for one in booking["form_responses"] if "@" not in str(one["value"])]  # no other's

    administration_person.run(client.app.office, "person erase", {"subdomain": "acme", "address": "eve@example.net"})

    with client.app.store._database.reading() as connection:
        (row,) = connection.rows("SELECT * FROM source_bookings")
    known = str(row["known"])
    assert [text for text in (*answers, "Eve Jones", "eve@example.net") if text in known] == []
    assert the_booking(client)["email"].endswith("@erased.invalid")
    made(client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"}))


# Other workspaces


@EVERY
def test_another_workspace_knows_nothing_of_a_source(client: Client, kind: str) -> None:
    other = connected_to(client, kind)
    call = other.tells(first(kind))
    neighbour = client.neighbour()
    theirs = connected_to(neighbour, kind)
    mine, before = f"/sources/{other.source['id']}", client.counts()

    asked = [
        neighbour.v2.get(mine),
        neighbour.v2.get(f"{mine}/calls"),
        neighbour.v2.get(f"{mine}/calls/{call['id']}"),
        neighbour.v2.get(f"/sources/{theirs.source['id']}/calls/{call['id']}"),
        neighbour.v2.post(f"{mine}/calls/{call['id']}/replay"),
        neighbour.v2.delete(mine),
        neighbour.root.send("POST", other.path, b"{}", headers=other.signed(b"{}")),
        client.root.send("POST", "/in/" + "a" * 52, b"{}", headers=other.signed(b"{}")),
        client.root.send("POST", "/in/x", b"{}", headers=other.signed(b"{}")),
    ]

    assert [answer.status_code for answer in asked] == [404] * len(asked)
    assert client.counts() == before
    assert bookings(neighbour) == []


# Making and ending


def test_a_secret_is_made_where_none_is_given_and_shown_once(client: Client) -> None:
    body = {"source": "cal_com", "name": "Our Cal.com"}
    source = part(made(client.v2.post("/sources", body)), "source")
    other = Other(client=client, kind="cal_com", source=source, secret=source["secret"])

    shown = part(made(client.v2.get(f"/sources/{source['id']}")), "source")

    assert len(source["secret"]) == 64
    assert source["secret"] not in str(shown)
    assert (shown["name"], shown["url"]) == ("Our Cal.com", source["url"])
    assert any(source["url"] in step for step in shown["steps"])
    assert [one["id"] for one in made(client.v2.get("/sources"))["sources"]] == [source["id"]]
    assert other.tells(first("cal_com"))["state"] == "applied"


@EVERY
def test_the_steps_hold_the_address_and_never_a_secret(client: Client, kind: str) -> None:
    other = connected_to(client, kind)

    said = " ".join(other.source["steps"])

    assert other.source["url"] in said
    assert other.secret not in said
    assert other.source["secret"] is None


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"source": "outlook"}, "source", "must be one of"),
        ({"source": "acuity"}, "user_id", "is required for acuity"),
        ({"source": "acuity", "user_id": "1"}, "secret", "must have 8 to 500"),
        ({"source": "cal_com", "user_id": "1"}, "user_id", "means nothing for cal_com"),
        ({"source": "cal_com", "secret": "no-secret-provided"}, "secret", "is what Cal.com sends"),
        ({"source": "cal_com", "secret": "short"}, "secret", "must have 8 to 500"),
        ({"source": "generic", "secret": "not of the standard"}, "secret", "must be whsec_"),
        ({"source": "easy_appointments", "api_token": "x"}, "api_url", "is required"),
        ({"source": "easy_appointments", "api_url": EASY, "api_token": "x"} if (EASY := "https://127.0.0.1/") else {},
         "api_url", "must name a public host"),
        ({"source": "easy_appointments", "api_url": "https://e.org", "api_token": "x", "header": "a b"}, "header", ""),
        ({"source": "cal_com", "host_email": "nobody"}, "host_email", "is not a mail address"),
        ({"source": "cal_com", "workspace_id": "x"}, "workspace_id", "is not a field here"),
    ],
)  # fmt: skip
def test_a_source_that_could_not_work_is_refused(client: Client, body: Json, field: str, words: str) -> None:
    wrong = wrong_fields(client.v2.post("/sources", body))

    assert words in wrong[field]
    assert made(client.v2.get("/sources"))["sources"] == []


@EVERY
def test_a_deleted_source_is_dead_and_its_bookings_live(client: Client, kind: str) -> None:
    other = connected_to(client, kind)
    other.tells(first(kind))

    assert client.v2.delete(f"/sources/{other.source['id']}").status_code == 204

    assert other.call(first(kind)).status_code == 404
    assert client.v2.get(f"/sources/{other.source['id']}").status_code == 404
    assert len(bookings(client)) == 1


def test_a_key_needs_the_scope(client: Client) -> None:
    other = connected_to(client, "generic")
    reader, stranger = client.with_key("bookings:read"), client.with_key("rules:write")

    assert reader.v2.get(f"/sources/{other.source['id']}/calls").status_code == 200
    assert reader.v2.post("/sources", {"source": "generic"}).status_code == 403
    assert stranger.v2.get("/sources").status_code == 403


def test_a_body_that_is_too_large_or_packed_is_refused(client: Client) -> None:
    other = connected_to(client, "cal_com")

    assert refusal(other.call(b"x" * 524_289), 413)
    assert other.call(b"x" * 524_288).status_code == 200
    packed = other.signed(b"{}") | {"Content-Encoding": "gzip"}
    assert refusal(other.call(b"{}", packed), 415)
    assert client.root.get(other.path).status_code == 405


def test_the_same_kinds_are_everywhere() -> None:
    assert set(FORMATS) == set(SourceKind) == {SourceKind(kind) for kind in KINDS} == {SourceKind(one) for one in FIRST}
    assert set(FIELDS) <= set(KINDS)
