"""A rule in the fields of a form: opened and saved again it is the same, whatever the API can hold."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_rule
from tests.faces.rule_sets import LINES, RULES
from tocsin.domain.actions import ActionType
from tocsin.domain.conditions import ASK_A_QUESTION, IN_A_ZONE, OPERATORS, SORTS, WORDS, Field, Operator, Sort
from tocsin.domain.errors import Problem
from tocsin.domain.events import OF_RULES
from tocsin.schemas.rules import FullRuleIn, body_of
from tocsin.services import rules
from tocsin.web import rule_document, rule_form, rule_words, starters
from tocsin.web.forms import pairs
from tocsin.web.rule_deeds import done
from tocsin.web.typed import Typed

Json = dict[str, Any]
URLENCODED = "application/x-www-form-urlencoded"
BARE = (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)
LISTS = (Operator.IS_ONE_OF, Operator.IS_NONE_OF)


def values(field: Field) -> st.SearchStrategy[Any]:
    match SORTS[field]:
        case Sort.NUMBER:
            return st.integers(0, 23)
        case Sort.FLAG:
            return st.booleans()
        case Sort.WORD | Sort.ANSWER:
            return st.sampled_from([str(word) for word in WORDS[field]])
        case _:
            return LINES


@st.composite
def conditions(draw: st.DrawFn) -> Json:
    field = draw(st.sampled_from(list(Field)))
    operator = draw(st.sampled_from(OPERATORS[SORTS[field]]))
    condition: Json = {"field": field.value, "operator": operator.value}
    if operator in LISTS:
        condition["value"] = draw(st.lists(values(field), min_size=1, max_size=4))
    elif operator not in BARE:
        condition["value"] = draw(values(field))
    if field in ASK_A_QUESTION:
        condition["question"] = draw(LINES)
    if field in IN_A_ZONE and draw(st.booleans()):
        condition["time_zone"] = draw(st.sampled_from(["Asia/Tokyo", "UTC"]))
    return condition


GROUPS = conditions() | st.lists(conditions(), min_size=1, max_size=3).map(lambda some: {"any": some})


@given(body=RULES, wanted=st.lists(GROUPS, max_size=4))
def test_a_rule_that_is_opened_and_saved_again_is_the_same(body: Json, wanted: list[Json]) -> None:
    body = body | {"meeting_ids": body["meetings"], "conditions": wanted}
    del body["meetings"]
    draft = FullRuleIn.model_validate(body).draft()
    names = ("name", "event", "link_ids", "actions", "enabled", "conditions")
    rule = a_rule(**{name: getattr(draft, name) for name in names}, offsets=rules.offsets(draft))

    document = body_of(rule)
    typed = rule_document.typed_of(document)
    sent = urlencode([(name, value.replace("\n", "\r\n")) for name, value in typed.pairs]).encode()
    again = Typed(tuple(pairs(URLENCODED, sent, limit=len(sent), most=2000)))

    assert rule_document.read(typed) == document
    found = FullRuleIn.model_validate(rule_document.read(again)).draft()
    assert replace(found, offsets=rules.offsets(found)) == rule.draft
    # What there is to tick says the same, in the same order; else it is written.
    for row in rule_form.condition_rows(again):
        assert [one.value for one in row.words if one.is_chosen] in (row.typed.lines("value"), [])
        assert not row.words or any(one.is_chosen for one in row.words) or row.typed.lines("value") == []


@pytest.mark.parametrize(
    ("path", "input_of"),
    [
        ("name", "name"),
        ("event", "event"),
        ("meeting_ids", "link"),
        ("meeting_ids[3]", "link"),
        ("offset_minutes", "offsets"),
        ("actions", "actions"),
        ("actions[1]", "actions-1-type"),
        ("actions[0].emails[1]", "actions-0-emails"),
        ("actions[2].calendar_invite_body", "actions-2-calendar_invite_body"),
        ("conditions", "conditions"),
        ("conditions[0].value", "conditions-0-value"),
        ("conditions[1].any[1].operator", "conditions-2-operator"),
        ("conditions[2].question", "conditions-3-question"),
        ("conditions[2].value[4]", "conditions-3-value"),
        ("conditions[1]", "conditions-1-value"),
        ("conditions[9].value", "conditions"),
        ("booking_id", ""),
    ],
)
def test_a_problem_is_told_at_its_input(path: str, input_of: str) -> None:
    rows = [Typed((("joined", joined),)) for joined in ("and", "and", "or", "and")]
    typed = Typed().with_rows("conditions", rows)

    assert rule_document.place(typed, path) == input_of


def test_an_entry_that_is_no_recipient_is_named() -> None:
    typed = Typed().with_rows("actions", [Typed((("emails", "ada@example.org\r\n\r\n bob@ "),))])

    (told,), errors = rule_form.told(typed, [Problem(field="actions[0].emails[1]", message="is no address")])

    assert (told.anchor, told.label) == ("actions-0-emails", "Action 1, recipients")
    assert errors == {"actions-0-emails": "“bob@” is no address"}


def test_rows_come_go_and_change_places() -> None:
    typed = starters.STARTERS["remind"].typed

    typed, focus = done(typed, "add-actions-call_webhook")
    assert [row.first("type") for row in typed.rows("actions")] == ["send_email", "call_webhook"]
    assert focus == "actions-1-type"
    typed, focus = done(typed, "up-actions-1")
    assert [row.first("type") for row in typed.rows("actions")] == ["call_webhook", "send_email"]
    assert focus == "actions-0-type"
    typed, focus = done(typed, "down-actions-0")
    assert [row.first("type") for row in typed.rows("actions")] == ["send_email", "call_webhook"]
    typed, focus = done(typed, "remove-actions-0")
    assert [row.first("type") for row in typed.rows("actions")] == ["call_webhook"]
    typed, focus = done(typed, "remove-offsets-0")
    assert [row.first("unit") for row in typed.rows("offsets")] == ["hours"]
    assert focus == "add-offsets"
    typed, _ = done(typed, "add-offsets")
    assert len(typed.rows("offsets")) == 2
    typed, focus = done(typed.having(new_condition="booking.hour"), "add-conditions")
    assert [row.first("operator") for row in typed.rows("conditions")] == ["is"]
    assert focus == "conditions-0-operator"


@pytest.mark.parametrize("deed", ["", "preview", "remove-actions-7", "remove-actions", "up-actions-x", "fly-actions-0"])
def test_a_button_that_is_none_changes_nothing(deed: str) -> None:
    typed = starters.blank()

    assert done(typed, deed) == (typed, "")


def test_rows_may_have_any_numbers() -> None:
    typed = Typed((("offsets-7-number", "1"), ("offsets-2-number", "5"), ("offsets-x-number", "9"), ("event", "x")))

    assert [row.first("number") for row in typed.rows("offsets")] == ["5", "1"]
    assert rule_document.read(typed.having(event="before_meeting_starts"))["offset_minutes"] == [5, 1]


def test_a_number_that_is_none_is_left_for_the_model_to_tell() -> None:
    typed = Typed((("event", "before_meeting_starts"), ("offsets-0-number", "soon")))

    assert rule_document.read(typed)["offset_minutes"] == "soon"


def test_the_form_knows_every_event_action_and_field() -> None:
    assert set(rule_words.HAPPENS) == set(OF_RULES)
    assert set(rule_words.DOES) == set(rule_document.TEXTS) == set(ActionType)
    assert set(rule_words.LOOKS_AT) == set(Field)
