"""Whom a workspace knows."""

import pytest

from tests.builders import a_rule, an_action
from tocsin.domain.actions import CallWebhook
from tocsin.domain.circle import Circle, Stranger, circle_of

OWN = ["invites@acme.example", "oliver@Acme.example", "ada@gmail.com"]


@pytest.mark.parametrize(
    ("entry", "known"),
    [
        ("anybody@acme.example", True),
        ("anybody@ACME.example", True),
        ("anybody@sub.acme.example", False),
        ("anybody@notacme.example", False),
        ("ada@gmail.com", True),
        ("mallory@gmail.com", False),
        ("{{host.email}}", True),
        ("{{client.email}}", False),
        ("{{guest.emails}}", False),
        ("https://acme.example/take", False),
        ("https://evil.example/x@acme.example", False),
    ],
)
def test_known_are_the_own_domains_but_not_those_open_to_all(entry: str, known: bool) -> None:
    assert circle_of(OWN, []).knows(entry) is known


def test_what_a_rule_names_that_is_on_is_known_and_of_one_that_is_off_is_not() -> None:
    on = a_rule(actions=(CallWebhook(url="https://hooks.example/a"),))
    off = a_rule(actions=(CallWebhook(url="https://hooks.example/b"),), enabled=False)

    found = circle_of([], [on, off])

    assert (found.knows("https://hooks.example/a"), found.knows("https://hooks.example/b")) == (True, False)


def test_strangers_are_named_with_their_places() -> None:
    actions = (CallWebhook(url="https://hooks.example/a"), an_action(emails=("ada@acme.example", "eve@evil.example")))

    found = Circle(domains=frozenset({"acme.example"})).strangers(actions)

    assert found == [
        Stranger(field="actions[0].url", entry="https://hooks.example/a"),
        Stranger(field="actions[1].emails[1]", entry="eve@evil.example"),
    ]
