"""Which wanted rule is which stored one, and what has to change."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HOUR, LINK_ID, a_rule, a_rule_draft, an_action
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId
from tocsin.domain.rule_set import Change, Step, fingerprint, steps
from tocsin.domain.rules import AutomationRule, RuleDraft, RuleId


def stored(number: int, draft: RuleDraft) -> AutomationRule:
    return a_rule(id=RuleId(f"r{number}"), **{name: getattr(draft, name) for name in draft.__slots__})


def draft(name: str = "A", **changes: Any) -> RuleDraft:
    return a_rule_draft(name=name, **changes)


def told(found: list[Step]) -> list[tuple[str, str | None, str]]:
    return [(step.change.value, step.rule.id if step.rule else None, step.name) for step in found]


DRAFTS = st.builds(
    draft,
    st.sampled_from(["", "A", "B"]),
    event=st.sampled_from([EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_CANCELLED]),
    link_ids=st.sampled_from([(LINK_ID,), (LinkId("x"),)]),
    actions=st.sampled_from([(an_action(),), (an_action(email_subject="other"),)]),
    enabled=st.booleans(),
)
NAMED = DRAFTS.map(lambda one: replace(one, name=one.name or "C"))


@given(st.lists(NAMED, max_size=6), st.lists(DRAFTS, max_size=6))
def test_every_wanted_and_every_stored_rule_is_in_one_step_and_the_steps_lead_to_what_is_wanted(
    before: list[RuleDraft], wanted: list[RuleDraft]
) -> None:
    present = [stored(number, one) for number, one in enumerate(before)]

    found = steps(present, wanted)

    assert sorted(step.rule.id for step in found if step.rule) == sorted(rule.id for rule in present)
    assert [step.place for step in found if step.draft] == list(range(len(wanted)))
    for step in found:
        if step.draft is not None and step.place is not None:
            assert replace(step.draft, name=wanted[step.place].name) == wanted[step.place]
            assert (step.change is Change.KEEP) is (step.rule is not None and step.rule.draft == step.draft)


@given(st.lists(NAMED, max_size=6), st.lists(DRAFTS, max_size=6))
def test_once_the_steps_are_done_nothing_is_left_to_do(before: list[RuleDraft], wanted: list[RuleDraft]) -> None:
    present = [stored(number, one) for number, one in enumerate(before)]
    after = [
        stored(100 + number, step.draft if step.draft.name else replace(step.draft, name=f"New Rule - {number}"))
        for number, step in enumerate(steps(present, wanted))
        if step.draft is not None
    ]

    for order in (after, after[::-1]):
        assert {step.change for step in steps(order, wanted)} <= {Change.KEEP}


@pytest.mark.parametrize(
    ("present", "wanted", "expected"),
    [
        pytest.param(
            [draft("A"), draft("A", enabled=False)], [draft("A", enabled=False), draft("A")],
            [("keep", "r1", "A"), ("keep", "r0", "A")], id="equal ones find each other before equal names do",
        ),
        pytest.param([draft("A")], [draft("A", enabled=False)], [("change", "r0", "A")], id="a change keeps the rule"),
        pytest.param(
            [draft("A"), draft("B")], [draft("B2"), draft("A")],
            [("change", "r1", "B2"), ("keep", "r0", "A")], id="a new name is a change",
        ),
        pytest.param(
            [draft("A", event=EventKind.BEFORE_MEETING_STARTS, offsets=(HOUR,))],
            [draft("B", event=EventKind.BEFORE_MEETING_STARTS, offsets=(2 * HOUR,))],
            [("change", "r0", "B")], id="a new name and another moment, with the same actions",
        ),
        pytest.param(
            [draft("A")], [draft("B", actions=(an_action(email_subject="x"),))],
            [("create", None, "B"), ("delete", "r0", "A")], id="another name and other actions are another rule",
        ),
        pytest.param(
            [draft("A", event=EventKind.BOOKING_CANCELLED), draft("A")],
            [draft("A", enabled=False), draft("A", event=EventKind.BOOKING_CANCELLED, enabled=False)],
            [("change", "r1", "A"), ("change", "r0", "A")], id="of equal names those with the same event are paired first",
        ),
        pytest.param(
            [draft("A"), draft("A", enabled=False)], [draft("A", link_ids=(LinkId("x"),))],
            [("change", "r0", "A"), ("delete", "r1", "A")], id="equal names are paired in order",
        ),
        pytest.param([draft("New Rule - 1")], [draft("")], [("keep", "r0", "New Rule - 1")], id="no name keeps the name"),
        pytest.param(
            [draft("New Rule - 1")], [draft("", actions=(an_action(email_subject="x"),))],
            [("change", "r0", "New Rule - 1")], id="without a name, event and links tell which it is",
        ),
        pytest.param(
            [draft("A", enabled=False), draft("B")], [draft("C")],
            [("change", "r1", "C"), ("delete", "r0", "A")], id="of two that could be renamed the one that is else the same",
        ),
        pytest.param([], [draft("")], [("create", None, "")], id="a new rule without a name"),
        pytest.param([draft("A")], [], [("delete", "r0", "A")], id="what is not wanted goes"),
        pytest.param(
            [draft("X"), draft("New Rule - 1")], [draft(""), draft("X", enabled=False)],
            [("keep", "r1", "New Rule - 1"), ("change", "r0", "X")], id="a name is stronger than being alike without one",
        ),
    ],
)  # fmt: skip
def test_who_is_who(
    present: list[RuleDraft], wanted: list[RuleDraft], expected: list[tuple[str, str | None, str]]
) -> None:
    assert told(steps([stored(number, one) for number, one in enumerate(present)], wanted)) == expected


def test_a_fingerprint_tells_each_change_and_nothing_else() -> None:
    one, two = a_rule(id=RuleId("a")), a_rule(id=RuleId("b"))

    different = {fingerprint(rules) for rules in ([], [one], [two], [one, two], [replace(one, revision=2), two])}

    assert len(different) == 5
    assert fingerprint([one, two]) == fingerprint([two, one])
