"""The suppression list: when two addresses are one, who is part of a booking, and which entry counts."""

from itertools import permutations
from typing import Any

import pytest

from tests.builders import NOON, RULE_ID, a_booking, a_client, a_member, a_suppression
from tocsin.domain.suppression import SuppressionReason, covering, is_part_of, suppression_key

OPTED_OUT = a_suppression()
COMPLAINED, BOUNCED, BY_HAND = (
    a_suppression(reason=reason)
    for reason in (SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED, SuppressionReason.BY_HAND)
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@example.org", "ada@example.org"),
        ("ada@EXAMPLE.org", "ADA@example.ORG"),
        ("ZOË@example.org", "zoë@example.org"),
        ("STRASSE@example.org", "straße@example.org"),
    ],
)
def test_no_letters_case_makes_another_address(one: str, other: str) -> None:
    assert suppression_key(one) == suppression_key(other)


def test_another_address_is_another() -> None:
    assert suppression_key("ada@example.org") != suppression_key("ada+x@example.org")


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("Eve@EXAMPLE.net", True),
        ("oliver@example.com", True),
        ("wanda@example.com", True),
        ("ada@example.org", False),
        ("", False),
    ],
    ids=["the client", "the host", "the second host", "somebody else", "nobody"],
)
def test_client_and_hosts_are_part_of_their_booking(address: str, part: bool) -> None:
    booking = a_booking(
        client=a_client(email="eve@example.net"), hosts=(a_member(), a_member(email="wanda@example.com"))
    )

    assert is_part_of(booking, address) is part


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "the recipient asked for no more messages of this workspace on 2026-11-24"),
        ({"rule_id": RULE_ID}, "the recipient asked for no more messages of this rule on 2026-11-24"),
        (
            {"reason": SuppressionReason.BOUNCED},
            "a message of this workspace to the recipient came back for good on 2026-11-24",
        ),
        (
            {"reason": SuppressionReason.COMPLAINED},
            "the recipient called a message of this workspace spam on 2026-11-24",
        ),
        (
            {"reason": SuppressionReason.BY_HAND, "rule_id": RULE_ID},
            "the recipient was put on the suppression list of this rule by hand on 2026-11-24",
        ),
    ],
)
def test_an_entry_says_why_nothing_is_sent(changes: dict[str, Any], sentence: str) -> None:
    assert a_suppression(since_at=NOON, **changes).sentence == sentence


def test_the_strongest_entry_counts_in_whatever_order_they_come() -> None:
    for found in permutations([OPTED_OUT, COMPLAINED, BOUNCED, BY_HAND]):
        assert covering(found, RULE_ID) == COMPLAINED
    assert covering([OPTED_OUT, BY_HAND, BOUNCED], RULE_ID) == BOUNCED
    assert covering([OPTED_OUT, BY_HAND], RULE_ID) == BY_HAND
    assert covering([a_suppression(rule_id=RULE_ID), OPTED_OUT], RULE_ID) == OPTED_OUT
    assert covering([], RULE_ID) is None


def test_an_opt_out_only_counts_where_it_is_asked_for() -> None:
    assert covering([OPTED_OUT], RULE_ID, opt_outs=False) is None
    assert covering([OPTED_OUT, BY_HAND], RULE_ID, opt_outs=False) == BY_HAND
