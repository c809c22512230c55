"""What rules do: whom each action is for, and which of a rule's actions invites."""

from dataclasses import replace

import pytest

from tests.builders import a_booking, a_call, a_delivery, a_rule, an_action, an_email, an_event
from tocsin.domain.actions import ACTIONS, Action, ActionType
from tocsin.domain.plan import plan, readdressed


def test_every_type_has_an_action_that_says_what_it_does() -> None:
    assert set(ACTIONS) == set(ActionType)
    assert all(one.type is kind and one.does for kind, one in ACTIONS.items())


def test_a_call_is_for_its_url_and_nobody_else() -> None:
    call = a_call("https://hooks.example.org/A")

    assert list(call.recipients(a_booking())) == ["https://hooks.example.org/A"] == list(call.entries)
    assert call.is_for("https://hooks.example.org/A", a_booking())
    assert not call.is_for("https://hooks.example.org/a", a_booking())


def test_only_an_action_that_invites_makes_a_rule_invite() -> None:
    rule = a_rule(actions=(an_email("ada@example.org"), an_action(emails=("ben@example.org",))))

    assert not rule.invites("ada@example.org", a_booking())
    assert rule.invites("ben@example.org", a_booking())
    assert rule.writes(ActionType.SEND_EMAIL, "ada@example.org", a_booking())
    assert not rule.writes(ActionType.CALL_WEBHOOK, "ada@example.org", a_booking())


@pytest.mark.parametrize("action", [an_action(), an_email(), a_call()])
def test_what_is_planned_says_of_which_action_it_is(action: Action) -> None:
    rule = replace(a_rule(), actions=(action,))

    (planned,) = plan(an_event(), [rule])

    assert planned.action is rule.actions[0].type
    assert readdressed(a_delivery(action=planned.action), "ben@example.org").action is planned.action
