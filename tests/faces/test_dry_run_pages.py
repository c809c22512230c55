"""A rule tried on the past by people: which days, how far it is, what it would have sent, and every way in which it can end."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import DAY, MINUTE, NOON, SECOND, a_line, a_report
from tests.faces.client import Client, Json, an_action, an_app, on_the_line
from tests.faces.dry_runs import Held, ended, kept, run_at
from tests.faces.test_rule_editor import opened
from tests.faces.test_signed_pages import text
from tests.faces.visitor import Visitor, signed_in
from tocsin.domain.dry_run import MOST_UNDER_WAY, Progress, RunState
from tocsin.domain.model import BookingId
from tocsin.services import dry_runs, past
from tocsin.workers import dry_runs as runner

TWO = ["ada@example.org", "{{client.email}}"]


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


@pytest.fixture
def quick(sqlite_client: Client) -> Visitor:
    """Give one on SQLite alone, for what the store has no part in."""
    return signed_in(sqlite_client)


def a_rule(ann: Visitor, **fields: object) -> Json:
    return ann.client.a_rule(ann.client.a_link(), **{"name": "Tell all", "actions": [an_action(emails=TWO)], **fields})


def started(ann: Visitor, rule: Json, **days: str) -> str:
    """Start a dry run of a rule on its page; return where it shows."""
    ann.get(f"/rules/{rule['id']}/dry-run")
    fields = {"first": "2026-11-01", "last": "2026-11-30"} | days
    response = ann.post(f"/rules/{rule['id']}/dry-run", fields)
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


def refused(ann: Visitor, rule: Json, status: int, **days: str) -> str:
    ann.get(f"/rules/{rule['id']}/dry-run")
    response = ann.post(f"/rules/{rule['id']}/dry-run", {"first": "2026-11-01", "last": "2026-11-30"} | days)
    assert response.status_code == status
    return response.text


def counts(page: str) -> list[int]:
    """Return the numbers on top of what was found."""
    found = re.findall(r"(\d+) (?:deliveries|sent by no other rule|not sent as it is now|not sent|sent no more) ", page)
    return [int(number) for number in found[:4]]


# What it finds


def test_a_rule_is_tried_on_the_past_and_shows_all_that_it_would_have_sent(ann: Visitor) -> None:
    rule, booking = a_rule(ann), ann.client.book()
    ann.client.drain()
    before, letters = ann.client.counts(), len(ann.client.letterbox.letters())

    path = started(ann, rule)
    ended(ann.client, path)

    page = text(ann, path)
    assert "1 booking was lived through once more" in page
    assert counts(page) == [2, 2, 0, 0]
    assert "24 Nov 2026, 13:00 ada@example.org Eve Jones , 25 Nov 2026, 15:30 booking confirmed" in page
    assert f'href="/bookings/{booking["id"]}"' in ann.last
    after = ann.client.counts() | {"dry_runs": 0, "sessions": before["sessions"]}
    assert after == before
    assert ann.client.drain() == 0
    assert len(ann.client.letterbox.letters()) == letters


def test_a_rule_that_is_saved_is_compared_with_the_others_alone(ann: Visitor) -> None:
    rule = a_rule(ann)
    link = ann.client.v2.get("/meetings").json()["meetings"][0]
    ann.client.a_rule(link, name="Beside it", actions=[an_action(emails=["ada@example.org"])])
    ann.client.book()

    path = started(ann, rule)
    ended(ann.client, path)

    assert counts(text(ann, path)) == [2, 1, 0, 0]
    assert "sent by another rule, too" in text(ann, path)
    new = text(ann, f"{path}?show=new")
    assert "eve@example.net Eve Jones" in new
    assert "ada@example.org Eve Jones" not in new


def test_what_would_not_have_left_says_why(ann: Visitor) -> None:
    rule = a_rule(ann)
    ann.client.book()
    ann.client.v2.post("/suppressions", {"recipient": "ada@example.org"})

    path = started(ann, rule)
    ended(ann.client, path)

    page = text(ann, f"{path}?show=unsent")
    assert counts(page) == [2, 1, 1, 0]
    assert "ada@example.org Eve Jones" in page
    assert "suppressed" in page
    assert "eve@example.net Eve Jones" not in page


def test_a_rule_that_is_off_is_tried_as_if_it_were_on_and_stays_off(ann: Visitor) -> None:
    rule = a_rule(ann)
    ann.client.v2.post(f"/automation-rules/{rule['id']}/disable")
    ann.client.book()

    path = started(ann, rule)

    assert ended(ann.client, path).report is not None
    assert counts(text(ann, path)) == [2, 2, 0, 0]
    assert "The rule is off, and stays off" in text(ann, f"/rules/{rule['id']}/dry-run")


def test_a_rule_that_names_a_deleted_link_beside_others_can_be_tried(ann: Visitor) -> None:
    gone, link = ann.client.a_link(slug="gone"), ann.client.a_link()
    rule = ann.client.a_rule(link, name="Tell all", meeting_ids=[gone["id"], link["id"]])
    ann.client.book()
    assert ann.client.v2.delete(f"/meetings/{gone['id']}").status_code == 204

    path = started(ann, rule)

    assert (ended(ann.client, path).state, run_at(ann.client, path).sentence) == (RunState.DONE, "")
    assert counts(text(ann, path)) == [1, 1, 0, 0]


def test_a_change_in_the_editor_is_tried_without_being_saved(ann: Visitor) -> None:
    rule = a_rule(ann)
    ann.client.book()
    form = opened(ann, f"/rules/{rule['id']}/edit")
    changed = {"actions-0-emails": "{{client.email}}\nbob@example.org", "past_first": "2026-11-01"}

    response = ann.post_pairs(f"/rules/{rule['id']}/edit", form.sent("dry-run", **changed))
    path = str(response.headers["location"])
    ended(ann.client, path)

    page = text(ann, path)
    assert "as it stood in the editor and was not saved" in page
    assert counts(page) == [2, 1, 0, 1]
    lost = text(ann, f"{path}?show=lost")
    assert "What is sent as it is now, and would not have left with it" in lost
    assert "ada@example.org Eve Jones" in lost
    assert "sent no more" in lost
    assert ann.client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]["revision"] == 1
    assert "with a change that was not saved" in text(ann, f"/rules/{rule['id']}/dry-run")


def test_a_new_rule_is_tried_before_it_is_there(quick: Visitor) -> None:
    link = quick.client.a_link()
    quick.client.book()
    form = opened(quick, "/rules/new?starter=invite-client")

    response = quick.post_pairs("/rules/new", form.sent("dry-run", link=link["id"], name=""))
    path = str(response.headers["location"])
    ended(quick.client, path)

    assert "A rule without a name yet, tried on the past" in text(quick, path)
    assert counts(text(quick, path)) == [1, 1, 0, 0]
    assert quick.client.v2.get("/automation-rules").json()["pagination"]["total_records"] == 0


def test_a_long_list_comes_in_parts_and_says_what_is_not_kept(quick: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = a_rule(quick)
    lines = tuple(a_line(recipient=f"{number:03}@example.org") for number in range(60))
    path = kept(quick.client, rule["id"], report=a_report(deliveries=61, sent=61, new=61, lines=lines))

    first, second = text(quick, path), text(quick, f"{path}?page=2")

    assert "1 to 50 of 60 deliveries" in first
    assert "049@example.org" in first
    assert "050@example.org" not in first
    assert "059@example.org" in second
    assert "are kept, by their moments; the numbers count all" in first


def test_no_more_lines_are_kept_than_a_page_can_bear(quick: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_runs, "MOST_LINES", 1)
    rule = a_rule(quick)
    quick.client.book()

    report = ended(quick.client, started(quick, rule)).report

    assert report is not None
    assert (report.deliveries, len(report.lines), report.is_whole) == (2, 1, False)


def test_a_booking_that_is_gone_and_a_past_that_is_not_known_are_said(quick: Visitor) -> None:
    rule = a_rule(quick)
    line = a_line(booking_id=BookingId("gone"), known_since=NOON)
    path = kept(quick.client, rule["id"], report=a_report(lines=(line,)))

    page = text(quick, path)

    assert "a booking that is gone" in page
    assert "what happened to it before 24 Nov 2026, 13:00 is not known" in page


# Which days


def test_the_last_thirty_days_of_ones_own_zone_are_offered(quick: Visitor) -> None:
    rule = a_rule(quick)
    quick.get("/settings/me")
    quick.post("/settings/me/reading", {"time_zone": "Pacific/Kiritimati"})

    quick.get(f"/rules/{rule['id']}/dry-run")

    assert re.findall(r'type="date" value="([^"]*)"', quick.last) == ["2026-10-27", "2026-11-25"]
    run = run_at(quick.client, started(quick, rule, first="2026-11-02", last="2026-11-02"))
    assert (run.start.isoformat(), run.end - run.start) == ("2026-11-01T10:00:00+00:00", DAY)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ({"first": ""}, "fill this in"),
        ({"last": "yesterday"}, "write a date such as 2026-11-24"),
        ({"last": "2026-10-31"}, "choose the same day as the first, or a later one"),
        ({"first": "2025-11-29"}, "choose a day at most 366 days after the first"),
        ({"first": "2100-12-31", "last": "2100-12-31"}, "choose a day before the year 2100"),
    ],
)
def test_wrong_days_are_told_at_their_field_and_what_was_typed_stays(
    quick: Visitor, days: dict[str, str], sentence: str
) -> None:
    rule = a_rule(quick)

    page = refused(quick, rule, 422, **days)

    assert sentence in page
    assert 'aria-invalid="true"' in page
    assert f'value="{days.get("last", "2026-11-30")}"' in page
    assert quick.client.counts()["dry_runs"] == 0


def test_a_whole_year_and_a_day_can_be_tried(quick: Visitor) -> None:
    assert ended(quick.client, started(quick, a_rule(quick), first="2025-11-30")).state is RunState.DONE


def test_wrong_days_in_the_editor_are_told_there(quick: Visitor) -> None:
    rule = a_rule(quick)
    form = opened(quick, f"/rules/{rule['id']}/edit")
    wrong = {"past_first": "2026-11-02", "past_last": "2026-11-01"}

    response = quick.post_pairs(f"/rules/{rule['id']}/edit", form.sent("dry-run", **wrong))

    assert response.status_code == 422
    assert '<a href="#past_last">Last day</a>: choose the same day as the first' in response.text
    assert 'name="past_last" value="2026-11-01" id="past_last" aria-invalid="true"' in response.text
    empty = quick.post_pairs(f"/rules/{rule['id']}/edit", form.sent("dry-run", past_first="", past_last="x"))
    assert '<a href="#past_first">First day</a>: fill this in' in empty.text


# How far it is


def test_its_page_shows_how_far_it_is(ann: Visitor) -> None:
    rule = a_rule(ann)
    half = Progress(bookings=40, lived=30, part=2, parts=2)
    began = ann.client.clock() - 7 * SECOND
    path = kept(ann.client, rule["id"], state=RunState.RUNNING, began_at=began, progress=half)

    page = text(ann, path)

    assert "Second part of two: lived through without it, to compare" in page
    assert "30 of 40 bookings about 10 seconds more" in page
    assert '<progress max="80" value="70"' in ann.last
    assert "Look again" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "It waits for others to end"),
        ({"state": RunState.RUNNING}, "The bookings of these days are looked for"),
        ({"state": RunState.RUNNING, "progress": Progress(bookings=1)}, "Lived through once more, with the rule"),
        ({"state": RunState.RUNNING, "progress": Progress(bookings=1, parts=2)}, "First part of two"),
    ],
)
def test_each_stage_has_its_words(quick: Visitor, changes: Json, sentence: str) -> None:
    assert sentence in text(quick, kept(quick.client, a_rule(quick)["id"], **changes))
    assert "<progress" in quick.last


def test_without_a_script_the_page_looks_again_by_itself_unless_it_is_told_not_to(quick: Visitor) -> None:
    path = kept(quick.client, a_rule(quick)["id"])
    refresh = '<meta http-equiv="refresh" content="3">'

    assert refresh in quick.get(path).text
    assert refresh not in quick.get(f"{path}?still=yes").text
    quick.client.app.store.queue.forget_dry_runs(before=NOON + DAY)
    over = kept(quick.client, a_rule_of_its_own(quick), report=a_report())
    assert refresh not in quick.get(over).text


def a_rule_of_its_own(ann: Visitor) -> str:
    rules = ann.client.v2.get("/automation-rules").json()["workflows"]
    return str(rules[0]["id"])


def test_another_process_shows_how_far_it_is_and_can_cancel_it(ann: Visitor) -> None:
    rule, held = a_rule(ann), Held()
    ann.client.book()
    ann.client.app.dry_runs._scratch = held.open
    path = started(ann, rule)
    assert held.is_asked_for.wait(60)

    app = an_app(ann.client.app.store, ann.client.clock)
    with on_the_line(app) as line:
        elsewhere = Visitor(client=replace(ann.client, app=app, line=line), cookie=ann.cookie)
        shown = text(elsewhere, path)
        response = elsewhere.post(f"{path}/cancel")
        after = text(elsewhere, path)
    held.goes.set()

    assert "The bookings of these days are looked for" in shown
    assert (response.status_code, response.headers["location"]) == (303, path)
    assert "It was cancelled, and found nothing" in after
    ann.client.app.dry_runs.close()
    assert run_at(ann.client, path).report is None


# How it ends otherwise


def test_one_whose_process_died_is_shown_so_and_is_not_in_the_way_of_others(ann: Visitor) -> None:
    rule = a_rule(ann)
    paths = [
        kept(ann.client, rule["id"], id=f"{number}", state=RunState.RUNNING, began_at=NOON)
        for number in range(MOST_UNDER_WAY)
    ]
    refused(ann, rule, 409)
    ann.client.clock.advance(MINUTE + SECOND)

    assert "gave no sign of life for a minute" in text(ann, paths[0])
    assert "http-equiv" not in ann.last
    assert "lost" in text(ann, f"/rules/{rule['id']}/dry-run")
    assert ended(ann.client, started(ann, rule)).state is RunState.DONE


def test_one_that_asks_for_too_much_says_what_to_do(quick: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "MOST_BOOKINGS", 0)
    rule = a_rule(quick)
    quick.client.book()

    path = started(quick, rule)
    ended(quick.client, path)

    assert "It ended without a result: more than 0 bookings are concerned; choose a shorter time." in text(quick, path)
    assert f'/rules/{rule["id"]}/dry-run?first=2026-11-01&amp;last=2026-11-30"' in quick.last
    quick.get(f"/rules/{rule['id']}/dry-run?first=2026-11-01&last=2026-11-30")
    assert re.findall(r'type="date" value="([^"]*)"', quick.last) == ["2026-11-01", "2026-11-30"]


def test_one_that_is_under_way_when_the_server_stops_says_so(ann: Visitor) -> None:
    rule, held = a_rule(ann), Held()
    ann.client.book()
    ann.client.app.dry_runs._scratch = held.open
    first, second = started(ann, rule), started(ann, rule)
    assert held.is_asked_for.wait(60)

    ann.client.app.dry_runs._stops.set()
    held.goes.set()
    ann.client.app.dry_runs.close()

    for path in (first, second):
        assert "the server was stopped meanwhile; nothing was sent, and it can be started again" in text(ann, path)
    assert "has enough dry runs to do" in refused(ann, rule, 429)


def test_only_so_many_of_a_workspace_are_under_way_at_once(ann: Visitor) -> None:
    rule = a_rule(ann)
    for number in range(MOST_UNDER_WAY):
        kept(ann.client, rule["id"], id=f"{number}")

    page = refused(ann, rule, 409, first="2026-11-03")

    assert "3 dry runs of this workspace are under way; wait for one to end, or cancel one" in page
    assert 'value="2026-11-03"' in page
    theirs = signed_in(ann.client.neighbour())
    assert ended(theirs.client, started(theirs, a_rule(theirs))).state is RunState.DONE


def test_only_so_many_wait_in_a_process(quick: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, held = a_rule(quick), Held()
    quick.client.book()
    monkeypatch.setattr(dry_runs, "MOST_UNDER_WAY", runner.MOST + 2)
    quick.client.app.dry_runs._scratch = held.open
    paths = [started(quick, rule) for _ in range(runner.MOST)]

    page = refused(quick, rule, 429)
    held.goes.set()

    assert "this server has enough dry runs to do; try again in a minute" in page
    assert {ended(quick.client, path).state for path in paths} == {RunState.DONE}
    assert ended(quick.client, started(quick, rule)).state is RunState.DONE


def test_the_oldest_make_way(quick: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_runs, "MOST_KEPT", 2)
    rule = a_rule(quick)

    paths = []
    for _ in range(3):
        paths.append(started(quick, rule))
        ended(quick.client, paths[-1])
        quick.client.clock.advance(timedelta(seconds=1))

    assert [quick.get(path).status_code for path in paths] == [404, 200, 200]


# Who may


def test_a_viewer_looks_and_neither_starts_nor_cancels(ann: Visitor) -> None:
    rule = a_rule(ann)
    path = kept(ann.client, rule["id"])
    vic = signed_in(ann.client, "vic@example.com", "viewer")

    assert "It waits for others to end" in text(vic, path)
    assert ">Cancel<" not in vic.last
    assert "Tried lately" in text(vic, f"/rules/{rule['id']}/dry-run")
    assert 'name="first"' not in vic.last
    assert vic.post(f"{path}/cancel").status_code == 403
    assert vic.post(f"/rules/{rule['id']}/dry-run", {"first": "2026-11-01", "last": "2026-11-30"}).status_code == 403
    assert run_at(ann.client, path).state is RunState.WAITING


def test_those_of_another_workspace_are_not_there(ann: Visitor) -> None:
    rule = a_rule(ann)
    path = kept(ann.client, rule["id"])
    bob = signed_in(ann.client.neighbour())

    assert bob.get(path).status_code == 404
    assert bob.post(f"{path}/cancel").status_code == 404
    assert bob.get(f"/rules/{rule['id']}/dry-run").status_code == 404
    assert run_at(ann.client, path).state is RunState.WAITING
    assert ann.get("/rules/dry-runs/nothing").status_code == 404
    assert ann.get("/rules/dry-runs/%00").status_code == 404


def test_a_form_from_elsewhere_starts_and_cancels_nothing(quick: Visitor) -> None:
    rule = a_rule(quick)
    path = kept(quick.client, rule["id"])
    elsewhere = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}

    assert quick.post(f"{path}/cancel", **elsewhere).status_code == 403
    fields = {"first": "2026-11-01", "last": "2026-11-30"}
    assert quick.post(f"/rules/{rule['id']}/dry-run", fields, **elsewhere).status_code == 403
    assert run_at(quick.client, path).state is RunState.WAITING
    assert quick.client.counts()["dry_runs"] == 1


def test_cancelling_what_has_ended_shows_how_it_did(quick: Visitor) -> None:
    path = kept(quick.client, a_rule(quick)["id"], report=a_report())
    quick.get(path)

    response = quick.post(f"{path}/cancel")

    assert (response.status_code, response.headers["location"]) == (303, path)
    assert "3 bookings were lived through once more" in text(quick, path)
