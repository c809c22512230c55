"""Workflows of Cal.com become rules of ours; what has no counterpart is left out and told."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.errors import InvalidInputError
from tocsin.rules_as_code.cal_com import Imported, imported
from tocsin.schemas.reading import read
from tocsin.schemas.rule_set import RuleSetIn

Json = dict[str, Any]
MEETINGS = {"7": ["intro"], "all": ["intro", "demo"]}


def a_step(**fields: object) -> Json:
    return {
        "id": 67244,
        "stepNumber": 1,
        "action": "email_attendee",
        "recipient": "attendee",
        "template": "custom",
        "includeCalendarEvent": True,
        "message": {"subject": "See you at {EVENT_NAME}", "html": "<p>Hello {ATTENDEE}</p>"},
    } | fields


def a_workflow(*steps: Json, **fields: object) -> Json:
    return {
        "id": 101,
        "name": "Reminder",
        "activation": {"isActiveOnAllEventTypes": False, "activeOnEventTypeIds": [7]},
        "trigger": {"type": "beforeEvent", "offset": {"value": 24, "unit": "hour"}},
        "steps": list(steps) or [a_step()],
    } | fields


def taken(*workflows: Json) -> Imported:
    """Return what becomes of workflows, after a look whether it could be applied as it is."""
    found = imported(json.dumps({"status": "success", "data": list(workflows)}), meetings=MEETINGS)
    read(RuleSetIn, found.rule_set)
    return found


def one(workflow: Json) -> Json:
    [rule] = taken(workflow).rule_set["rules"]
    found: Json = rule
    return found


def body_of(html: object, **message: object) -> str:
    return str(one(a_workflow(a_step(message={"subject": "x", "html": html} | message)))["actions"][0]["email_body"])


def test_a_reminder_becomes_a_rule_and_nothing_is_lost() -> None:
    found = taken(a_workflow())

    assert found.notes == []
    action = {
        "type": "send_calendar_invite_to_anyone",
        "emails": ["{{client.email}}"],
        "email_subject": "See you at {{meeting.name}}",
        "email_body": "<p>Hello {{client.name}}</p>",
        "calendar_invite_subject": "{{meeting.name}}: {{client.name}} and {{host.name}}",
        "calendar_invite_body": "<p>{{meeting.join_url}}</p>",
    }
    rule = {"name": "Reminder", "event": "before_meeting_starts", "meetings": ["intro"], "offset_minutes": 1440}
    assert found.rule_set == {"version": 1, "rules": [rule | {"actions": [action]}]}


@pytest.mark.parametrize(
    ("trigger", "event"),
    [
        ("newEvent", "booking_confirmed"),
        ("eventCancelled", "booking_cancelled"),
        ("rescheduleEvent", "booking_rescheduled"),
        ("NEW_EVENT", "booking_confirmed"),
        ("reschedule_event", "booking_rescheduled"),
        ("bookingNoShowUpdated", "marked_no_show"),
    ],
)
def test_each_trigger_that_has_a_counterpart_is_taken(trigger: str, event: str) -> None:
    assert one(a_workflow(trigger={"type": trigger}))["event"] == event
    assert one(a_workflow(trigger=trigger))["event"] == event


def test_a_rejection_is_a_cancellation_with_a_condition() -> None:
    rule = one(a_workflow(trigger={"type": "bookingRejected"}))

    assert rule["event"] == "booking_cancelled"
    assert rule["conditions"] == [{"field": "booking.status", "operator": "is", "value": "rejected"}]


@pytest.mark.parametrize("trigger", ["bookingPaid", "bookingRequested", "formSubmitted", "", None])
def test_a_trigger_without_a_counterpart_leaves_the_workflow_out(trigger: object) -> None:
    found = taken(a_workflow(trigger={"type": trigger}))

    assert found.rule_set["rules"] == []
    assert found.notes[0].startswith("workflow Reminder: left out, because there is no event for the trigger")


@pytest.mark.parametrize(
    ("step", "emails"),
    [
        ({"action": "email_host"}, ["{{host.email}}"]),
        ({"action": "EMAIL_ATTENDEE"}, ["{{client.email}}"]),
        ({"action": "email_address", "email": "boss@example.com"}, ["boss@example.com"]),
        ({"action": "EMAIL_ADDRESS", "sendTo": "boss@example.com"}, ["boss@example.com"]),
    ],
)
def test_each_mail_goes_to_whom_it_went(step: Json, emails: list[str]) -> None:
    assert one(a_workflow(a_step(**step)))["actions"][0]["emails"] == emails


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("sms_attendee", "step 1 (sms_attendee) is left out: there is no action for it"),
        ("cal_ai_phone_call", "step 1 (cal_ai_phone_call) is left out: there is no action for it"),
        ("email_address", "step 1 (email_address) is left out: its address is not in the file"),
    ],
)
def test_what_is_no_mail_is_told_and_the_mails_beside_it_are_taken(action: str, why: str) -> None:
    found = taken(a_workflow(a_step(stepNumber=2), a_step(action=action)))

    assert f"workflow Reminder: {why}" in found.notes
    assert len(found.rule_set["rules"][0]["actions"]) == 1
    alone = taken(a_workflow(a_step(action=action)))
    assert alone.notes[-1] == "workflow Reminder: left out, because none of its steps is a mail"


def test_a_mail_without_a_calendar_file_is_a_plain_mail_here_too() -> None:
    found = taken(a_workflow(a_step(includeCalendarEvent=False)))

    [action] = found.rule_set["rules"][0]["actions"]
    assert found.notes == []
    assert set(action) == {"type", "emails", "email_subject", "email_body"}
    assert action["type"] == "send_email"


def test_of_more_mails_than_a_rule_can_have_the_first_are_taken() -> None:
    found = taken(a_workflow(*(a_step(stepNumber=number) for number in range(1, 13))))

    assert len(found.rule_set["rules"][0]["actions"]) == 10
    assert found.notes == ["workflow Reminder: only the first 10 of its 12 mails are taken"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("{EVENT_DATE_ddd, MMM D, YYYY h:mma}", "{{booking.starts_at}}"),
        ("{EVENT_DATE_YYYY MM DD} - {EVENT_TIME_h:mma}", "{{booking.starts_at}}"),
        ("{EVENT_DATE}, {EVENT_TIME} to {EVENT_END_TIME}", "{{booking.starts_at}} to {{booking.ends_at}}"),
        ("{START_TIME_h:mma}", "{{booking.starts_at}}"),
        ("{ORGANIZER}, {ORGANIZER_NAME}, {ATTENDEE_FIRST_NAME}", "{{host.name}}, {{host.name}}, {{client.first_name}}"),
        ("x{TIMEZONE}y{NOT_KNOWN}", "xy"),
        ("{lower} {} {A} { EVENT_NAME }", "{lower} {} {A} { EVENT_NAME }"),
    ],
)
def test_variables_become_ours(theirs: str, ours: str) -> None:
    found = taken(a_workflow(a_step(message={"subject": theirs, "html": "<p>x</p>"})))

    assert found.rule_set["rules"][0]["actions"][0]["email_subject"] == ours
    assert ("there is no variable" in " ".join(found.notes)) is ("TIMEZONE" in theirs)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ('<div style="color:red">Hi <b>x</b> <i>y</i></div>', "<p>Hi <strong>x</strong> <em>y</em></p>"),
        ('<p>a<img src="x"><a href="{MEETING_URL}">join</a></p>', '<p>a<a href="{{meeting.join_url}}">join</a></p>'),
        ('<a href="https://example.com/x">a</a>', '<a href="https://example.com/x">a</a>'),
        ('<a href="javascript:alert(1)">a</a>', "<a>a</a>"),
        ("<table><tr><td>a</td></tr></table>", "a"),
    ],
)
def test_html_is_mended_to_what_may_stand_in_a_mail(theirs: str, ours: str) -> None:
    assert body_of(theirs) == ours


def test_a_plain_text_becomes_paragraphs() -> None:
    assert body_of("", text="a <b>\n\nc") == "<p>a &lt;b&gt;</p><p>c</p>"


def test_a_mail_without_a_text_gets_a_plain_one_and_that_is_told() -> None:
    found = taken(a_workflow(a_step(message=None, emailSubject=None, reminderBody="<br>")))

    assert found.rule_set["rules"][0]["actions"][0]["email_subject"] == "{{meeting.name}}"
    assert found.notes == ["workflow Reminder: step 1 has no text of its own; a plain one stands in its place"]


def test_the_rows_of_its_database_are_read_too() -> None:
    step = {"stepNumber": 1, "action": "EMAIL_HOST", "emailSubject": "S", "reminderBody": "<p>B</p>"}
    rule = one({
        "name": "Old",
        "trigger": "AFTER_EVENT",
        "time": 2,
        "timeUnit": "DAY",
        "activeOn": [{"eventTypeId": 7}],
        "steps": [step],
    })  # fmt: skip

    assert (rule["event"], rule["offset_minutes"], rule["meetings"]) == ("after_meeting_ends", 2880, ["intro"])
    assert (rule["actions"][0]["email_subject"], rule["actions"][0]["email_body"]) == ("S", "<p>B</p>")


def test_event_types_become_the_links_that_are_named_for_them_and_others_are_asked_for() -> None:
    everywhere = {"isActiveOnAllEventTypes": True, "activeOnEventTypeIds": []}
    assert one(a_workflow(activation=everywhere))["meetings"] == ["intro", "demo"]

    found = taken(a_workflow(activation={"activeOnEventTypeIds": [7, 8]}))
    assert found.rule_set["rules"][0]["meetings"] == ["intro", "cal-com-8"]
    assert found.notes == [
        "workflow Reminder: it is for event type 8; name your scheduling links with --meeting 8=SLUG"
    ]


@pytest.mark.parametrize(
    "offset", [{"value": 999, "unit": "day"}, {"value": 1, "unit": "week"}, {"value": "x"}, {}, None]
)
def test_a_time_that_cannot_be_kept_is_told(offset: object) -> None:
    found = taken(a_workflow(trigger={"type": "beforeEvent", "offset": offset}))

    assert "offset_minutes" not in found.rule_set["rules"][0]
    assert "its time before or after the meeting cannot be kept; set offset_minutes" in found.notes[0]


def test_what_could_not_be_saved_is_left_out_with_the_reason() -> None:
    found = taken(a_workflow(a_step(action="email_address", email="not an address")))

    assert found.rule_set["rules"] == []
    assert "left out, because actions[0].emails[0]: " in found.notes[0]


@pytest.mark.parametrize("shape", ["alone", "list", "data", "workflows", "data.workflows"])
def test_an_answer_a_list_and_a_single_one_are_read(shape: str) -> None:
    workflow = a_workflow()
    shapes: dict[str, object] = {
        "alone": workflow,
        "list": [workflow],
        "data": {"data": workflow},
        "workflows": {"workflows": [workflow]},
        "data.workflows": {"data": {"workflows": [workflow]}},
    }

    assert len(imported(json.dumps(shapes[shape]), meetings={}).rule_set["rules"]) == 1


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", "7", '{"data": 7}', '{"data": [{"name": "x"}]}', "[" * 100_000])
def test_what_holds_no_workflows_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"FILE: (is no JSON|holds no workflows)"):
        imported(text, meetings={})


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=30)
    | st.sampled_from(["<p>", "</b><a href=", "{EVENT_"])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*a_workflow(), *a_step()]), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(list(a_workflow())), ANYTHING, max_size=4),
    st.dictionaries(st.sampled_from(list(a_step())), ANYTHING, max_size=4),
)
def test_whatever_a_file_holds_the_rules_made_of_it_could_be_saved(workflow: Json, step: Json) -> None:
    with suppress(InvalidInputError):
        found = imported(json.dumps([a_workflow(a_step(**step)) | workflow]), meetings={})
        assert RuleSetIn.model_validate(found.rule_set)
