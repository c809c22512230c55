"""What changed of a rule: each field with what was there and what is there now, down to the words."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import a_call, a_rule, an_action, an_email
from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId
from tocsin.web.rule_changes import changes_of, compared

NAMES = {"a": "Introduction", "b": "Demonstration"}
FAMILY = Condition(field=Field.CLIENT_DOMAIN, operator=Operator.IS, value="example.org")


def shown(*changes: dict[str, Any]) -> dict[str, str]:
    """Return the changes from the first rule to the second, what is gone in [-…-] and what is new in {+…+}."""
    old, new = (a_rule(**one) for one in changes)
    marks = {"old": "[-{}-]", "new": "{{+{}+}}", "same": "{}"}
    return {
        one.label: "".join(marks[piece.kind].format(piece.text) for piece in one.pieces)
        for one in changes_of(old, new, NAMES)
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"name": "One"}, {"name": "Two"}, {"Name": "[-One-]{+Two+}"}),
        ({"enabled": True}, {"enabled": False}, {"On or off": "[-on-]{+off+}"}),
        (
            {"link_ids": (LinkId("a"),)},
            {"link_ids": (LinkId("a"), LinkId("b"), LinkId("c"))},
            {"Scheduling links": "Introduction\n{+Demonstration\na link that is gone\n+}"},
        ),
        (
            {"event": EventKind.BEFORE_MEETING_STARTS, "offsets": (timedelta(days=1), timedelta(hours=1))},
            {"event": EventKind.BEFORE_MEETING_STARTS, "offsets": (timedelta(days=1),)},
            {"Times": "1 day\n[-1 hour\n-]"},
        ),
        (
            {"event": EventKind.AFTER_MEETING_ENDS, "offsets": (timedelta(0),)},
            {"event": EventKind.BOOKING_CONFIRMED, "offsets": ()},
            {"What happens": "[-has been over for …-]{+is confirmed+}", "Times": "[-0 minutes-]{+nothing+}"},
        ),
        (
            {"conditions": ()},
            {"conditions": (FAMILY,)},
            {"Conditions": "{+the domain of the client's address is example.org\n+}"},
        ),
        (
            {"actions": (an_action(emails=("a@example.org", "b@example.org")),)},
            {"actions": (an_action(emails=("b@example.org", "c@example.org"), keep_in_sync=True),)},
            {
                "Action 1, recipients": "[-a@example.org\n-]b@example.org\n{+c@example.org\n+}",
                "Action 1, kept in sync": "[-off-]{+on+}",
            },
        ),
        (
            {"actions": (an_action(email_body="<p>Hello {{client.name}}, good day</p>"),)},
            {"actions": (an_action(email_body="<p>Hello {{host.name}}, good day</p>"),)},
            {"Action 1, mail": "<p>Hello [-{{client.name}}-]{+{{host.name}}+}, good day</p>"},
        ),
    ],
)
def test_each_field_that_differs_is_told_with_what_differs_in_it(
    old: dict[str, Any], new: dict[str, Any], expected: dict[str, str]
) -> None:
    assert shown(old, new) == expected
    assert shown(old, old) == {}


def test_an_action_of_another_sort_is_told_field_by_field() -> None:
    found = shown({"actions": (an_email("a@example.org"),)}, {"actions": (a_call("https://hooks.example.org/x"),)})

    assert found["Action 1, what it does"] == "[-send a mail-]{+call a webhook+}"
    assert found["Action 1, address of the webhook"] == "[-nothing-]{+https://hooks.example.org/x+}"


def test_what_was_not_kept_differs_from_nothing() -> None:
    assert changes_of(None, a_rule(), NAMES) == []
    assert changes_of(a_rule(), None, NAMES) == []


def test_the_middle_of_what_stayed_is_left_out() -> None:
    stayed = "word " * 100

    pieces = compared(f"a {stayed}", f"b {stayed}")

    assert [one.kind for one in pieces] == ["old", "new", "same"]
    assert len(pieces[-1].text) < 100
    assert "…" in pieces[-1].text


def test_long_texts_are_compared_by_lines_and_very_long_ones_as_a_whole() -> None:
    lines = [f"word {number} {'x ' * 20}\n" for number in range(100)]
    other = [*lines[:50], "another\n", *lines[51:]]
    assert [one.text for one in compared("".join(lines), "".join(other)) if one.kind != "same"] == [
        lines[50],
        "another\n",
    ]

    long = "a\n" * 65_000
    assert [one.kind for one in compared(long, f"{long}b")] == ["old", "new"]
