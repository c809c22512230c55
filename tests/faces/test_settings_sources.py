"""Sources in the pages: what to paste where, a secret that is seen once, calls that are read, replayed and counted."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from tests.faces.client import Client
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import Visitor, signed_in
from tests.sources.senders import KINDS, SECRETS, Other, bookings, connected_to, first, fixture, the_booking
from tocsin.domain.sources.source import BODIES_KEPT_FOR, CallState, SourceKind
from tocsin.formats.sources import FORMATS
from tocsin.formats.sources.acuity import API as ACUITY
from tocsin.services import source_bookings, source_reading
from tocsin.services.ports_sources import Fetched
from tocsin.web.paging import SHOWN
from tocsin.web.settings.source_calls import legible
from tocsin.web.settings.sources import PRODUCTS, Chosen, Filters

SOURCES = "/settings/sources"
CANARY = "<img src=x onerror=alert(1)>"
# What a person types for each product.
TYPED: dict[str, dict[str, str]] = {
    "cal_com": {},
    "calendly": {},
    "generic": {},
    "easy_appointments": {"api_url": "https://book.example.org/ea", "api_token": "a token of its API"},
    "acuity": {"user_id": "4711", "secret": "an API key of Acuity"},
}


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in and looks at the sources."""
    ann = signed_in(client)
    ann.get(SOURCES)
    return ann


@pytest.fixture
def vic(client: Client) -> Visitor:
    """Give a viewer who is signed in."""
    return signed_in(client, "vic@example.com", role="viewer")


def add(ann: Visitor, kind: str, **fields: str) -> str:
    """Add a source; return the page that tells what to do."""
    assert ann.get(f"{SOURCES}/new?source={kind}").status_code == 200
    response = ann.post(f"{SOURCES}/create?source={kind}", TYPED[kind] | fields)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    return response.text


def shown(page: str, field: str) -> str:
    """Return what stands in a field to copy from; empty if it is not there."""
    found = re.search(rf'id="{field}" type="text" readonly value="([^"]*)"', page)
    return unescape(found[1]) if found else ""


def the_source(client: Client) -> dict[str, Any]:
    (found,) = client.v2.get("/sources").json()["sources"]
    return dict(found)


def path_of(other: Other, call: dict[str, Any] | None = None) -> str:
    return f"{SOURCES}/{other.source['id']}" + (f"/calls/{call['id']}" if call else "")


def breaks(*_: object) -> Any:
    raise RuntimeError("this was not foreseen")


def unusable(kind: str = "generic", **changes: object) -> Any:
    """Return a call that cannot be understood: nobody hosts its booking."""
    return first(kind, data__hosts=[], **changes)


# Adding


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_adds_a_source_is_told_what_to_paste_where(ann: Visitor, kind: str) -> None:
    page = add(ann, kind, name="Our <b>calendar</b>")

    source = the_source(ann.client)
    assert (source["source"], source["name"]) == (kind, "Our <b>calendar</b>")
    assert shown(page, "source-url") == source["url"]
    steps = [unescape(step) for step in re.findall(r"<li>(.*?)</li>", page, flags=re.DOTALL)]
    assert steps == source["steps"]
    assert ("your program" if kind == "generic" else PRODUCTS[SourceKind(kind)][0]) in unescape(page)
    assert bool(shown(page, "source-secret")) is (kind != "acuity")


def test_a_source_without_a_name_is_called_as_its_product(ann: Visitor) -> None:
    add(ann, "easy_appointments")

    assert the_source(ann.client)["name"] == "Easy!Appointments"


def test_the_secret_that_is_shown_opens_and_is_not_shown_again(ann: Visitor) -> None:
    page = add(ann, "cal_com")
    source, secret = the_source(ann.client), shown(page, "source-secret")
    other = Other(client=ann.client, kind="cal_com", source=source, secret=secret)

    assert other.tells(first("cal_com"))["state"] == "applied"
    again = ann.get(f"{SOURCES}/{source['id']}").text
    assert shown(again, "source-url") == source["url"]
    assert all(step in unescape(again) for step in source["steps"])
    for seen in (again, ann.get(SOURCES).text, ann.get("/settings/audit").text):
        assert secret not in seen


def test_a_secret_of_ones_own_is_taken_and_never_shown(ann: Visitor) -> None:
    page = add(ann, "generic", secret=f"  {SECRETS['generic']} ")
    other = Other(client=ann.client, kind="generic", source=the_source(ann.client), secret=SECRETS["generic"])

    assert SECRETS["generic"] not in page
    assert shown(page, "source-secret") == ""
    assert other.tells(first("generic"))["state"] == "applied"


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        ("cal_com", "secret", "short", "must have 8 to 500"),
        ("cal_com", "secret", "no-secret-provided", "is what Cal.com sends if it has no secret"),
        ("cal_com", "host_email", "oliver", "is not a mail address"),
        ("cal_com", "name", "x" * 101, "at most 100"),
        ("calendly", "secret", "x" * 501, "at most 500"),
        ("easy_appointments", "api_url", "", "is required"),
        ("easy_appointments", "api_url", "ftp://x", "http"),
        ("easy_appointments", "api_url", "http://127.0.0.1/", "must begin with https://"),
        ("easy_appointments", "api_token", "", "is required"),
        ("easy_appointments", "header", "X Token", "letters, digits and hyphens"),
        ("acuity", "user_id", "", "is required"),
        ("acuity", "secret", "", "must have 8"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_made(
    ann: Visitor, kind: str, field: str, value: str, words: str
) -> None:
    typed = {"secret": "my own secret"} | TYPED[kind] | {"name": "Kept", field: value}
    ann.get(f"{SOURCES}/new?source={kind}")

    assert words in unescape(wrong(ann, kind, field, typed))

    assert field == "name" or 'value="Kept"' in ann.last
    assert "my own secret" not in ann.last
    assert "a token of its API" not in ann.last
    assert ann.client.v2.get("/sources").json()["sources"] == []


def wrong(ann: Visitor, kind: str, field: str, typed: dict[str, str]) -> str:
    response = ann.post(f"{SOURCES}/create?source={kind}", typed)
    assert response.status_code == 422, response.text
    found = re.search(rf'id="create-{field}-said">([^<]*)<', response.text)
    assert found is not None, response.text
    return found[1]


def test_a_product_that_is_none_is_refused(ann: Visitor) -> None:
    assert ann.get(f"{SOURCES}/new?source=outlook").status_code == 422
    ann.get(SOURCES)
    assert ann.post(f"{SOURCES}/create?source=outlook").status_code == 422


def test_every_product_and_state_can_be_chosen(ann: Visitor) -> None:
    assert set(PRODUCTS) == set(SourceKind)
    for kind in SourceKind:
        assert Chosen(source=kind.value).kind is kind
        assert f"{SOURCES}/new?source={kind}" in ann.get(SOURCES).text
    for state in CallState:
        assert Filters(state=state.value).state == state.value


# Looking


def test_the_list_tells_when_each_called_last_and_what_became_of_it(ann: Visitor) -> None:
    assert "No source yet." in text(ann, SOURCES)
    one = connected_to(ann.client, "generic", name="First")
    connected_to(ann.client, "cal_com", name="Second")
    one.tells(first("generic"))
    one.tells(unusable(data__id="B-18"))
    ann.client.clock.advance(timedelta(days=3))
    one.tells(unusable(data__id="B-19", timestamp="2026-11-26T09:00:00Z"))
    ann.sign_in()

    page = text(ann, SOURCES)

    assert "First Your own program 24 Nov 2026, 13:00 27 Nov 2026, 13:00 1 applied 2 not understood" in page
    assert "Second Cal.com 24 Nov 2026, 13:00 none yet none" in page
    ann.client.clock.advance(timedelta(days=12))
    ann.sign_in()
    assert "27 Nov 2026, 13:00 1 not understood" in text(ann, SOURCES)


def test_calls_are_listed_the_last_first_filtered_and_in_parts(ann: Visitor) -> None:
    other = connected_to(ann.client, "generic")
    assert "Nothing came from it yet." in text(ann, path_of(other))
    for number in range(SHOWN + 1):
        other.call({"type": f"unknown {number}"})
        ann.client.clock.advance(timedelta(minutes=1))
    other.tells(first("generic"))

    page = text(ann, path_of(other))
    assert f"1 to {SHOWN} of {SHOWN + 2} calls" in page
    assert page.index("made booking") < page.index(f"unknown {SHOWN};") < page.index(f"unknown {SHOWN - 1};")
    assert "unknown 0;" not in page
    filtered = text(ann, f"{path_of(other)}?state=not_understood&page=2")
    assert f"{SHOWN + 1} to {SHOWN + 1} of {SHOWN + 1} calls" in filtered
    assert "unknown 0;" in filtered
    assert "made booking" not in filtered
    assert "No call is in that state." in text(ann, f"{path_of(other)}?state=failed")
    assert ann.get(f"{path_of(other)}?state=lost").status_code == 422


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_is_shown_with_its_body_and_the_booking_that_it_is_about(ann: Visitor, kind: str) -> None:
    other = connected_to(ann.client, kind)
    call = other.tells(first(kind))

    page = ann.get(path_of(other, call)).text

    booking = the_booking(ann.client)
    assert f'<a href="/bookings/{booking["id"]}">{booking["name"]}, ' in page
    assert json.dumps("Eve")[1:-1] in page
    body = re.search(r"<pre[^>]*>(.*?)</pre>", page, flags=re.DOTALL)
    assert body is not None
    assert unescape(body[1]) == legible(call["body"].encode())
    if kind not in ("easy_appointments", "acuity"):  # whose calls hold ids only
        assert booking["email"] in text(ann, path_of(other, call)).partition("What it is understood as")[2]
    assert "Replay" not in page


def test_a_call_about_a_booking_that_another_has_replaced_leads_to_the_one_that_is_here(ann: Visitor) -> None:
    other = connected_to(ann.client, "generic")
    made = other.tells(first("generic"))
    replaced = other.tells(fixture("generic", "replaced"))

    (booking,) = bookings(ann.client)
    for call in (made, replaced):
        assert f'href="/bookings/{booking["id"]}"' in ann.get(path_of(other, call)).text
    assert "In the place of B-17" in text(ann, path_of(other, replaced))


def test_a_call_about_a_move_that_awaits_approval_leads_to_the_booking_that_would_move(ann: Visitor) -> None:
    other = connected_to(ann.client, "generic")
    other.tells(first("generic"))
    asked = other.tells(fixture("generic", "replaced", data__status="awaiting_approval"))

    (booking,) = bookings(ann.client)
    assert f'href="/bookings/{booking["id"]}"' in ann.get(path_of(other, asked)).text
    assert "Status awaiting approval" in text(ann, path_of(other, asked))


def test_what_a_call_says_of_an_end_and_of_who_did_not_come_is_told(ann: Visitor) -> None:
    other = connected_to(ann.client, "generic")
    other.tells(first("generic"))

    assert "No-show somebody" in text(ann, path_of(other, other.tells(fixture("generic", "no_show"))))
    ended = text(ann, path_of(other, other.tells(fixture("generic", "cancelled"))))
    assert "Status cancelled" in ended


def test_calls_that_are_no_text_at_all_can_be_looked_at(ann: Visitor) -> None:
    other = connected_to(ann.client, "cal_com")
    deep = b"[" * 800 + b"0," * 300 + b"0" + b"]" * 800
    for body in (b"", b"\xff\x00\x1b[2J", b'{"triggerEvent": "\\ud800"}', b"[" * 100_000, deep, b"<script>", b"1e999"):
        call = other.tells(body)
        assert call["state"] == "not_understood"
        page = ann.get(path_of(other, call))
        assert page.status_code == 200
        assert "No booking." in page.text
        assert "<script>" not in page.text
        assert len(page.text) < 5 * len(body) + 20_000


def test_json_is_set_out_in_lines_unless_that_makes_it_huge() -> None:
    deep = b"[" * 800 + b"0" + b"]" * 800

    assert legible(b'{"a": [1, "\xc3\xa9"]}') == '{\n  "a": [\n    1,\n    "é"\n  ]\n}'
    assert legible(deep) == deep.decode()
    assert legible(b"action=scheduled&id=5") == "action=scheduled&id=5"


def test_what_strangers_wrote_into_a_call_stays_text(ann: Visitor) -> None:
    hostile: dict[str, object] = {
        "data__client__name": CANARY,
        "data__meeting__name": CANARY,
        "data__answers": {CANARY: CANARY},
        "data__hosts__0__name": CANARY,
        "data__location": CANARY,
    }
    other = connected_to(ann.client, "generic", name=CANARY)
    calls = [other.tells(first("generic", **hostile)), other.tells(first("generic", type=CANARY))]
    ended = fixture("generic", "cancelled", data__cancel_reason=CANARY, data__cancelled_by=CANARY)

    for path in [SOURCES, path_of(other), "/overview", *(path_of(other, one) for one in [*calls, other.tells(ended)])]:
        page = ann.get(path).text
        assert "<img" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_body_that_was_forgotten_is_said_to_be(ann: Visitor) -> None:
    other = connected_to(ann.client, "generic")
    call = other.tells(unusable())
    ann.client.clock.advance(BODIES_KEPT_FOR + timedelta(days=1))
    other.tend()
    ann.sign_in()

    page = text(ann, path_of(other, call))

    assert "Its body was forgotten" in page
    assert "Replay" not in page
    ann.get("/overview")
    refused = ann.post(f"{path_of(other, call)}/replay")
    assert refused.status_code == 409
    assert "bodies are kept for 30 days" in refused.text


# Doing


def test_a_call_that_was_not_understood_is_mended_and_replayed(ann: Visitor) -> None:
    other = connected_to(ann.client, "easy_appointments")
    other.has(customer=fixture("easy_appointments", "api_customer", email="nobody"))
    call = other.tells(first("easy_appointments"))
    page = text(ann, path_of(other, call))
    assert "its customer has no mail address; mend it in Easy!Appointments" in page
    assert "No booking here is this one." in page
    other.has()

    told(ann, f"{path_of(other, call)}/replay")
    other.tend()

    page = text(ann, path_of(other, call))
    assert f"made booking {the_booking(ann.client)['sid']}" in page
    assert "No booking here" not in page
    assert "Replay" not in page


def test_replaying_says_that_it_was_done_even_if_nothing_is_better(ann: Visitor) -> None:
    other = connected_to(ann.client, "generic")
    call = other.tells(unusable())
    ann.get(path_of(other, call))

    page = told(ann, f"{path_of(other, call)}/replay")

    assert "The call was read again" in page
    assert "the call names no host" in page
    assert "Replay" in page


def test_a_call_that_failed_here_can_be_looked_at_and_replayed(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    other = connected_to(ann.client, "generic")
    with monkeypatch.context() as patch:
        patch.setattr(source_bookings, "take", breaks)
        call = other.tells(first("generic"))
    assert call["state"] == "failed"
    assert "it failed here" in text(ann, path_of(other, call))

    assert "made booking" in told(ann, f"{path_of(other, call)}/replay")


def test_a_call_that_cannot_even_be_read_is_shown_with_what_came(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    other = connected_to(ann.client, "generic")
    call = other.tells(first("generic"))
    broken = replace(FORMATS[SourceKind.GENERIC], read=breaks)
    monkeypatch.setattr(source_reading, "FORMATS", {SourceKind.GENERIC: broken})

    page = text(ann, path_of(other, call))

    assert "it cannot be read here; the log says how" in page
    assert "eve@example.net" in page


def test_a_source_is_deleted_and_what_it_reported_stays(ann: Visitor) -> None:
    other = connected_to(ann.client, "generic")
    other.tells(first("generic"))
    ann.get(path_of(other))

    assert "its address is dead" in told(ann, f"{path_of(other)}/delete")

    assert other.call(first("generic")).status_code == 404
    assert ann.get(path_of(other)).status_code == 404
    assert ann.get(f"/bookings/{the_booking(ann.client)['id']}").status_code == 200


def test_a_viewer_looks_at_calls_and_presses_nothing(vic: Visitor) -> None:
    other = connected_to(vic.client, "generic")
    call = other.tells(unusable())

    for path in (SOURCES, path_of(other), path_of(other, call)):
        page = vic.get(path)
        assert page.status_code == 200
        assert set(re.findall(r'<form method="post" action="([^"]*)"', page.text)) == {"/sign-out"}
        assert f"{SOURCES}/new" not in page.text
    assert vic.get(f"{SOURCES}/new").status_code == 403
    for path in (f"{path_of(other)}/delete", f"{path_of(other, call)}/replay", f"{SOURCES}/create"):
        vic.get("/overview")
        assert vic.post(path).status_code == 403
    assert other.shown(call["id"])["state"] == "not_understood"


def test_sources_and_calls_of_others_are_not_there(ann: Visitor) -> None:
    mine, theirs = connected_to(ann.client, "generic"), connected_to(ann.client.neighbour(), "generic", name="Secret")
    call = theirs.tells(unusable())

    assert "Secret" not in text(ann, SOURCES)
    assert "Secret" not in text(ann, "/overview")
    for path in (path_of(theirs), path_of(theirs, call), path_of(mine, call)):
        assert ann.get(path).status_code == 404
    ann.get("/overview")
    assert ann.post(f"{path_of(theirs)}/delete").status_code == 404
    assert ann.post(f"{path_of(mine, call)}/replay").status_code == 404


# The overview


def test_the_overview_says_what_could_not_be_used_until_it_is_mended_or_long_ago(ann: Visitor) -> None:
    other = connected_to(ann.client, "generic", name="Our program")
    other.tells(first("generic"))
    assert "could not be used" not in text(ann, "/overview")
    call = other.tells(unusable(data__id="B-18"))

    page = ann.get("/overview").text
    assert f'href="{path_of(other)}?state=not_understood">1 not understood</a>' in page
    assert "Our program" in page

    ann.client.clock.advance(timedelta(days=13))
    ann.sign_in()
    assert "could not be used" in text(ann, "/overview")
    ann.client.clock.advance(timedelta(days=2))
    ann.sign_in()
    assert "could not be used" not in text(ann, "/overview")
    assert other.shown(call["id"])["state"] == "not_understood"


def test_who_begins_with_nothing_reads_that_a_source_can_report_bookings(ann: Visitor) -> None:
    assert f'href="{SOURCES}"' in re.sub(r"<nav.*?</nav>", "", ann.get("/overview").text, flags=re.DOTALL)
    assert f'href="{SOURCES}"' in ann.get("/settings/links").text.partition("No link yet")[2]


# Looks


def test_a_token_to_look_with_is_taken_and_never_shown(ann: Visitor) -> None:
    fields = {"api_token": "cal_live_secret", "api_url": "https://api.cal.example.org"}
    page = add(ann, "cal_com", **fields)
    (source,) = ann.client.v2.get("/sources").json()["sources"]
    own = ann.get(f"{SOURCES}/{source['id']}").text

    assert source["look"] is not None
    assert "Looks next" in own
    assert "cal_live_secret" not in page + own
    ann.get(f"{SOURCES}/new?source=calendly")
    refused = ann.post(
        f"{SOURCES}/create?source=calendly", {"user_id": "https://evil.example", "api_token": "12345678"}
    )
    assert "must be the URI of a user or an organization" in refused.text


def test_how_the_looks_go_is_shown_and_another_can_be_asked_for(ann: Visitor) -> None:
    other = connected_to(ann.client, "acuity")
    path = f"{SOURCES}/{other.source['id']}"
    other.answers[f"{ACUITY}/calendars"] = Fetched(status=503)
    other.look()
    page = text(ann, path)
    assert "the other product could not be asked: it answered 503" in page
    assert "not yet" in page
    other.has()
    other.answer(f"{ACUITY}/appointments?minDate=2026-11-23&max=100&direction=ASC&showall=true", [])

    assert "It looks as soon as a worker can" in told(ann, f"{path}/look", {})
    other.look()

    page = text(ann, path)
    assert "could not be asked" not in page
    assert "Looked last" in page
    assert "not yet" not in page


def test_a_source_that_cannot_look_says_what_would_help(ann: Visitor) -> None:
    other = connected_to(ann.client, "cal_com")

    page = text(ann, f"{SOURCES}/{other.source['id']}")

    assert "This source has no token to look with" in page
    assert "Look now" not in page


def test_a_viewer_sees_how_the_looks_go_and_starts_none(vic: Visitor) -> None:
    other = connected_to(vic.client, "acuity")

    page = vic.get(f"{SOURCES}/{other.source['id']}").text

    assert "Catching up" in page
    assert "Look now" not in page
    assert vic.post(f"{SOURCES}/{other.source['id']}/look", {}).status_code == 403
