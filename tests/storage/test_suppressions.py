"""The suppression list in the store, and what it ends of what waits."""

import pytest

from tests.builders import (
    BOOKING_ID,
    HOUR,
    MINUTE,
    NOON,
    RULE_ID,
    WORKSPACE_ID,
    a_booking,
    a_client,
    a_member,
    a_planned,
    a_suppression,
)
from tests.storage.shelf import MOMENT, NASTY, OTHER_ID, claim, delivery, keep, states
from tocsin.domain.delivery import State
from tocsin.domain.model import Booking, BookingId, MemberId
from tocsin.domain.suppression import Suppression, SuppressionReason, covering, suppression_key
from tocsin.storage.store import SqlStore

BOUNCED = a_suppression(reason=SuppressionReason.BOUNCED)
OF_RULE = a_suppression(rule_id=RULE_ID)
BY_HAND = a_suppression(reason=SuppressionReason.BY_HAND)


def put(store: SqlStore, *suppressions: Suppression) -> list[bool]:
    with store.transaction(WORKSPACE_ID) as tx:
        return [tx.suppressions.add(one) for one in suppressions]


def listed(store: SqlStore, recipient: str = "", *, limit: int = 100, offset: int = 0) -> tuple[list[Suppression], int]:
    with store.reading(WORKSPACE_ID) as tx:
        return tx.suppressions.page(recipient=recipient, limit=limit, offset=offset)


def covered_by(store: SqlStore, recipient: str = "ada@example.org", rule_id: str = RULE_ID) -> Suppression | None:
    with store.reading(WORKSPACE_ID) as tx:
        listed = tx.suppressions.of([recipient, "nobody@example.org"])
        return covering(listed.get(suppression_key(recipient), []), rule_id)


def ended(store: SqlStore, suppression: Suppression) -> int:
    with store.transaction(WORKSPACE_ID) as tx:
        return tx.suppressions.end_waiting(suppression, now=NOON + HOUR)


def test_an_entry_comes_back_as_it_was(acme: SqlStore) -> None:
    entry = a_suppression(recipient="Zoë@example.org", rule_id=RULE_ID, note=NASTY, since_at=MOMENT)

    assert put(acme, entry) == [True]

    assert listed(acme) == ([entry], 1)
    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.suppressions.of_recipient("zoË@EXAMPLE.org") == [entry]


def test_the_same_again_leaves_the_first_as_it_is(acme: SqlStore) -> None:
    again = a_suppression(recipient="ADA@example.org", note="again", since_at=NOON + HOUR)

    assert put(acme, a_suppression(), again) == [True, False]

    assert listed(acme) == ([a_suppression()], 1)


def test_one_address_can_be_there_for_several_reasons_and_rules(acme: SqlStore) -> None:
    assert put(acme, a_suppression(), BOUNCED, OF_RULE) == [True, True, True]

    assert listed(acme)[1] == 3


def test_an_entry_covers_its_rule_or_all_rules(acme: SqlStore) -> None:
    put(acme, OF_RULE)
    assert covered_by(acme, "ADA@Example.org") == OF_RULE
    assert covered_by(acme, rule_id="another") is None
    assert covered_by(acme, "bob@example.org") is None

    put(acme, BOUNCED)

    assert covered_by(acme) == BOUNCED
    assert covered_by(acme, rule_id="another") == BOUNCED


def test_an_opt_out_is_left_out_where_it_does_not_count(acme: SqlStore) -> None:
    put(acme, a_suppression())

    with acme.reading(WORKSPACE_ID) as tx:
        assert covering(tx.suppressions.of_recipient("ada@example.org"), RULE_ID, opt_outs=False) is None


def test_the_list_comes_in_pages_the_newest_first(acme: SqlStore) -> None:
    entries = [
        a_suppression(recipient=f"p{number}@example.org", since_at=NOON + number * MINUTE) for number in range(5)
    ]
    put(acme, *entries)

    assert listed(acme, limit=2, offset=2) == ([entries[2], entries[1]], 5)
    assert listed(acme, "P3@example.org") == ([entries[3]], 1)
    assert listed(acme, "nobody@example.org") == ([], 0)


def test_what_is_taken_off_is_just_what_was_named(acme: SqlStore) -> None:
    put(acme, a_suppression(), BOUNCED, OF_RULE, a_suppression(recipient="bob@example.org"))
    with acme.transaction(WORKSPACE_ID) as tx:
        assert tx.suppressions.remove("ada@example.org", rule_id="another") == 0
        assert tx.suppressions.remove("ADA@example.org", rule_id="", reasons=[SuppressionReason.OPTED_OUT]) == 1
        assert tx.suppressions.of_recipient("ada@example.org") == [BOUNCED, OF_RULE]
        assert tx.suppressions.remove("ada@example.org", rule_id="") == 1
        assert tx.suppressions.of_recipient("ada@example.org") == [OF_RULE]
        assert tx.suppressions.remove("ada@example.org", rule_id=RULE_ID) == 1

    assert listed(acme) == ([a_suppression(recipient="bob@example.org")], 1)


def test_a_workspace_has_a_list_of_its_own(two: SqlStore) -> None:
    put(two, a_suppression())

    with two.transaction(OTHER_ID) as tx:
        assert tx.suppressions.of_recipient("ada@example.org") == []
        assert tx.suppressions.page(recipient="", limit=9, offset=0) == ([], 0)
        assert tx.suppressions.remove("ada@example.org", rule_id="") == 0
        assert tx.suppressions.add(a_suppression())


def test_what_waits_for_the_recipient_ends_with_the_reason(acme: SqlStore) -> None:
    keep(acme, a_planned(recipient="ADA@example.org"), a_planned(key="other", recipient="bob@example.org"))

    assert ended(acme, BOUNCED) == 1

    assert states(acme) == {"key-1": State.SUPPRESSED, "other": State.SCHEDULED}
    found = delivery(acme)
    assert (found.reason, found.settled_at) == (BOUNCED.sentence, NOON + HOUR)


@pytest.mark.parametrize("state", [State.RETRYING, State.PAUSED])
def test_what_waits_in_another_way_ends_too(acme: SqlStore, state: State) -> None:
    keep(acme, a_planned(state=state))

    assert ended(acme, BY_HAND) == 1


def test_what_is_on_its_way_or_over_stays(acme: SqlStore) -> None:
    keep(acme, a_planned(), a_planned(key="over", state=State.SENT))
    claim(acme)

    assert ended(acme, BY_HAND) == 0

    assert states(acme) == {"key-1": State.SENDING, "over": State.SENT}


def test_an_entry_for_a_rule_leaves_the_other_rules(acme: SqlStore) -> None:
    keep(acme, a_planned(), a_planned(key="other", rule_id="another"))

    assert ended(acme, OF_RULE) == 1

    assert states(acme) == {"key-1": State.SUPPRESSED, "other": State.SCHEDULED}


OWN = [
    pytest.param(a_booking(client=a_client(email="Ada@example.org")), id="the client"),
    pytest.param(a_booking(hosts=(a_member(email="ADA@example.org"),)), id="the host"),
    pytest.param(
        a_booking(hosts=(a_member(), a_member(id=MemberId("second"), email="ada@example.org"))), id="the second host"
    ),
]


@pytest.mark.parametrize("booking", OWN)
def test_an_opt_out_leaves_what_is_about_a_booking_of_the_recipients_own(acme: SqlStore, booking: Booking) -> None:
    keep(acme, *booking.hosts, booking)
    keep(acme, a_planned(), a_planned(key="others", booking_id=BookingId("of somebody else")))

    assert ended(acme, a_suppression()) == 1

    assert states(acme) == {"key-1": State.SCHEDULED, "others": State.SUPPRESSED}


@pytest.mark.parametrize("booking", OWN)
def test_a_bounce_ends_what_is_about_a_booking_of_the_recipients_own_too(acme: SqlStore, booking: Booking) -> None:
    keep(acme, *booking.hosts, booking)
    keep(acme, a_planned())

    assert ended(acme, BOUNCED) == 1


def test_nothing_of_another_workspace_ends(two: SqlStore) -> None:
    keep(two, a_planned(), workspace_id=OTHER_ID)
    keep(two, a_booking(id=BOOKING_ID, client=a_client(email="ada@example.org")), workspace_id=OTHER_ID)
    keep(two, a_planned(key="ours"))

    assert ended(two, a_suppression()) == 1

    assert states(two, workspace_id=OTHER_ID) == {"key-1": State.SCHEDULED}
