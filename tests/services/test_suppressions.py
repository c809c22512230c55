"""The suppression list as a person of the workspace uses it, and what it ends."""

import pytest

from tests.builders import HOUR, MINUTE, NOON, WORKSPACE_ID, a_suppression
from tests.journeys.world import World
from tocsin.domain.delivery import State
from tocsin.domain.errors import InvalidInputError, NotFoundError
from tocsin.domain.events import EventKind
from tocsin.domain.suppression import Suppression, SuppressionReason
from tocsin.services import suppressions
from tocsin.services.ports import Page

ADA = "ada@example.org"


def add(office: World, recipient: str = ADA, *, rule_id: str = "", note: str = "") -> Suppression:
    with office.store.transaction(WORKSPACE_ID) as tx:
        return suppressions.add(tx, recipient, rule_id=rule_id, note=note, now=office.clock())


def remove(office: World, recipient: str = ADA, *, rule_id: str = "") -> int:
    with office.store.transaction(WORKSPACE_ID) as tx:
        return suppressions.remove(tx, recipient, rule_id=rule_id)


def listed(office: World, recipient: str = "") -> list[Suppression]:
    with office.store.reading(WORKSPACE_ID) as tx:
        found, number = suppressions.page(tx, Page(), recipient=recipient)
    assert len(found) == number
    return found


def test_who_is_put_on_the_list_by_hand_is_listed_with_the_reason(office: World) -> None:
    entry = add(office, note="asked by telephone")

    assert entry == a_suppression(reason=SuppressionReason.BY_HAND, since_at=NOON, note="asked by telephone")
    assert listed(office) == [entry]
    assert listed(office, "ADA@example.org") == [entry]
    assert listed(office, "bob@example.org") == []


def test_who_is_there_already_stays_as_he_was(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        suppressions.put(tx, a_suppression(), now=NOON)
    first = add(office, note="first")
    office.clock.advance(HOUR)

    again = add(office, "Ada@Example.org", note="second")

    assert again == first
    assert len(listed(office)) == 2


def test_a_domain_may_be_typed_in_its_own_letters(office: World) -> None:
    add(office, "ada@xn--bcher-kva.example")

    assert [one.recipient for one in listed(office, "Ada@Bücher.example")] == ["ada@xn--bcher-kva.example"]
    assert remove(office, "ada@bücher.example") == 1


def test_a_rule_that_is_not_there_cannot_be_named(office: World) -> None:
    with pytest.raises(InvalidInputError, match="rule_id: there is no automation rule with the id nothing"):
        add(office, rule_id="nothing")

    assert listed(office) == []


def test_what_waits_ends_and_says_why(office: World) -> None:
    rule = office.rule(EventKind.BEFORE_MEETING_STARTS, ADA, "bob@example.org", before_or_after=HOUR)
    other = office.rule(EventKind.BOOKING_CONFIRMED, ADA)
    office.book()

    add(office, rule_id=rule.id)

    states = {(one.rule_id, one.recipient): one.state for one in office.deliveries()}
    assert states == {
        (rule.id, ADA): State.SUPPRESSED,
        (rule.id, "bob@example.org"): State.SCHEDULED,
        (other.id, ADA): State.SCHEDULED,
    }
    (ended,) = office.deliveries(state="suppressed")
    assert ended.reason == "the recipient was put on the suppression list of this rule by hand on 2026-11-24"
    assert ended.settled_at == NOON


def test_the_same_entry_again_ends_nothing_twice(office: World) -> None:
    office.rule(EventKind.BEFORE_MEETING_STARTS, ADA, before_or_after=HOUR)
    office.book()
    add(office)
    office.clock.advance(MINUTE)

    with office.store.transaction(WORKSPACE_ID) as tx:
        assert not suppressions.put(tx, a_suppression(reason=SuppressionReason.BY_HAND), now=office.clock())

    assert [one.settled_at for one in office.deliveries()] == [NOON]


def test_who_is_taken_off_the_list_is_off_for_what_was_named(office: World) -> None:
    rule = office.rule(EventKind.BOOKING_CONFIRMED)
    add(office)
    add(office, rule_id=rule.id)

    assert remove(office, "ADA@example.org") == 1

    assert [one.rule_id for one in listed(office)] == [rule.id]
    with pytest.raises(NotFoundError) as caught:
        remove(office)
    assert str(caught.value) == f"this address is not on the list for the whole workspace; it is listed for {rule.id}"
    assert remove(office, rule_id=rule.id) == 1


def test_who_is_not_on_the_list_cannot_be_taken_off(office: World) -> None:
    rule = office.rule(EventKind.BOOKING_CONFIRMED)
    with pytest.raises(NotFoundError, match=r"^this address is not on the list for the whole workspace$"):
        remove(office)

    add(office)

    with pytest.raises(NotFoundError, match=f"not on the list for {rule.id}; it is listed for the whole workspace"):
        remove(office, rule_id=rule.id)
