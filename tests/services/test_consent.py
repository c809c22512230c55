"""The recipient's choice: who may not be written to, the link in a message, and what it changes."""

from dataclasses import replace

import pytest

from tests.builders import HOUR, NOON, WORKSPACE_ID, a_client, a_delivery, a_suppression
from tests.journeys.world import ACCEPTED, SECOND_HOST, SECRET, Postbox, World
from tocsin.domain.delivery import Delivery, Outcome, State, Verdict
from tocsin.domain.errors import NotFoundError
from tocsin.domain.events import EventKind
from tocsin.domain.letter import Envelope
from tocsin.domain.model import Booking
from tocsin.domain.opt_out import OptOut
from tocsin.domain.rules import AutomationRule
from tocsin.domain.suppression import Suppression, SuppressionReason
from tocsin.services import consent, suppressions
from tocsin.services.consent import Choice

ADA = "ada@example.org"
BASE = "https://acme.tocsin.example"


@pytest.fixture
def rule(office: World) -> AutomationRule:
    return office.rule(EventKind.BEFORE_MEETING_STARTS, ADA, before_or_after=HOUR)


@pytest.fixture
def booking(office: World, rule: AutomationRule) -> Booking:
    """Give a booking of which Ada is to be reminded; she is not part of it."""
    return office.book()


def about(rule: AutomationRule, recipient: str = ADA) -> OptOut:
    return OptOut(workspace_id=WORKSPACE_ID, rule_id=rule.id, recipient=recipient)


def list_(office: World, entry: Suppression) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        suppressions.put(tx, entry, now=office.clock())


def refused(office: World, delivery: Delivery, booking: Booking) -> Verdict | None:
    with office.store.reading(WORKSPACE_ID) as tx:
        return consent.refusal(tx.suppressions.of_recipient(delivery.recipient), delivery, booking)


def chosen(office: World, wanted: OptOut) -> Choice:
    with office.store.reading(WORKSPACE_ID) as tx:
        return consent.choice(tx, wanted)


def stop(office: World, wanted: OptOut, *, whole: bool) -> Choice:
    with office.store.transaction(WORKSPACE_ID) as tx:
        return consent.stop(tx, wanted, whole=whole, now=office.clock())


def want_again(office: World, wanted: OptOut) -> Choice:
    with office.store.transaction(WORKSPACE_ID) as tx:
        return consent.want_again(tx, wanted)


# Who may not be written to


@pytest.mark.parametrize("reason", SuppressionReason)
def test_who_is_on_the_list_gets_nothing_and_the_delivery_says_why(
    office: World, booking: Booking, reason: SuppressionReason
) -> None:
    delivery = office.delivery()
    assert refused(office, delivery, booking) is None
    entry = a_suppression(recipient="Ada@EXAMPLE.org", reason=reason)

    list_(office, entry)

    assert refused(office, delivery, booking) == Verdict(state=State.SUPPRESSED, reason=entry.sentence)


def test_an_entry_for_another_rule_or_address_refuses_nothing(office: World, booking: Booking) -> None:
    list_(office, a_suppression(rule_id="another"))
    list_(office, a_suppression(recipient="bob@example.org"))

    assert refused(office, office.delivery(), booking) is None


@pytest.mark.parametrize("recipient", ["eve@example.net", "EVE@example.net", "wanda@example.com"])
def test_who_is_part_of_the_booking_is_written_to_after_an_opt_out_but_not_after_a_bounce(
    office: World, booking: Booking, recipient: str
) -> None:
    own = replace(booking, client=a_client(email="eve@example.net"), hosts=(*booking.hosts, SECOND_HOST))
    delivery = a_delivery(recipient=recipient)
    list_(office, a_suppression(recipient=recipient))
    list_(office, a_suppression(recipient=recipient, rule_id=delivery.rule_id))

    assert refused(office, delivery, own) is None

    list_(office, a_suppression(recipient=recipient, reason=SuppressionReason.BOUNCED))

    ended = refused(office, delivery, own)
    assert ended is not None
    assert ended.reason == "a message of this workspace to the recipient came back for good on 2026-11-24"


# The link


def test_the_link_of_a_message_leads_to_what_it_is_about(office: World, booking: Booking, rule: AutomationRule) -> None:
    url = consent.opt_out_url(office.delivery(), booking, base_url=BASE, secret=SECRET)

    start, _, token = url.rpartition("/")
    assert start == f"{BASE}/opt-out"
    assert consent.opened(token, SECRET) == about(rule)


def test_who_is_part_of_the_booking_gets_no_link(booking: Booking) -> None:
    for recipient in ("eve@example.net", "oliver@example.com", "Oliver@Example.com"):
        delivery = a_delivery(recipient=recipient)
        assert consent.opt_out_url(delivery, booking, base_url=BASE, secret=SECRET) == ""


def test_a_link_that_we_did_not_sign_is_told_from_one_that_we_did(office: World, booking: Booking) -> None:
    token = consent.opt_out_url(office.delivery(), booking, base_url=BASE, secret=SECRET).rpartition("/")[2]

    for wrong in ("", "x", token[:-1], token + "A"):
        with pytest.raises(NotFoundError, match="this link is not whole"):
            consent.opened(wrong, SECRET)
    with pytest.raises(NotFoundError):
        consent.opened(token, b"another secret")


# What is chosen


def test_before_anything_is_chosen_nothing_is_stopped(office: World, rule: AutomationRule) -> None:
    assert chosen(office, about(rule)) == Choice(
        recipient=ADA,
        workspace_name="Acme",
        locale=None,
        usual_locale="en",
        rule_name=rule.name,
        stops_rule=False,
        stops_all=False,
        is_blocked=False,
    )


@pytest.mark.parametrize("whole", [False, True])
def test_to_stop_ends_what_waits_and_keeps_the_next_from_leaving(
    office: World, booking: Booking, rule: AutomationRule, whole: bool
) -> None:
    other = office.rule(EventKind.BOOKING_RESCHEDULED, ADA)

    after = stop(office, about(rule), whole=whole)

    assert (after.stops_rule, after.stops_all) == (not whole, whole)
    assert office.delivery().state is State.SUPPRESSED
    where = "this workspace" if whole else "this rule"
    assert office.delivery().reason == f"the recipient asked for no more messages of {where} on 2026-11-24"
    assert refused(office, a_delivery(rule_id=rule.id), booking) is not None
    assert (refused(office, a_delivery(rule_id=other.id), booking) is not None) is whole


def test_to_stop_twice_is_to_stop_once(office: World, rule: AutomationRule) -> None:
    once = stop(office, about(rule), whole=True)
    office.clock.advance(HOUR)

    assert stop(office, about(rule), whole=True) == once

    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.suppressions.of_recipient(ADA) == [a_suppression(since_at=NOON)]


def test_who_wants_messages_again_gets_the_next(office: World, booking: Booking, rule: AutomationRule) -> None:
    stop(office, about(rule), whole=False)
    stop(office, about(rule), whole=True)

    after = want_again(office, about(rule, "ADA@example.org"))

    assert (after.stops_rule, after.stops_all, after.is_blocked) == (False, False, False)
    assert refused(office, a_delivery(rule_id=rule.id), booking) is None
    assert office.delivery().state is State.SUPPRESSED


def test_who_wants_messages_again_takes_back_his_own_choice_only(office: World, rule: AutomationRule) -> None:
    others = [reason for reason in SuppressionReason if reason is not SuppressionReason.OPTED_OUT]
    for reason in others:
        list_(office, a_suppression(reason=reason))
    of_another_rule = a_suppression(rule_id="another")
    list_(office, of_another_rule)
    stop(office, about(rule), whole=True)

    after = want_again(office, about(rule))

    assert after.is_blocked
    with office.store.reading(WORKSPACE_ID) as tx:
        left = {(one.reason, one.rule_id) for one in tx.suppressions.of_recipient(ADA)}
    assert left == {*((reason, "") for reason in others), (SuppressionReason.OPTED_OUT, "another")}


def test_a_deleted_rule_has_no_name_and_can_still_be_stopped(office: World, rule: AutomationRule) -> None:
    office.delete_rule(rule)

    assert chosen(office, about(rule)).rule_name == ""
    assert stop(office, about(rule), whole=True).stops_all


def test_a_workspace_that_is_gone_has_nothing_to_choose(office: World, rule: AutomationRule) -> None:
    with office.store.registry() as registry:
        registry.delete(WORKSPACE_ID)

    with pytest.raises(NotFoundError, match="is not here any more"):
        chosen(office, about(rule))
    with pytest.raises(NotFoundError, match="is not here any more"):
        stop(office, about(rule), whole=True)
    with pytest.raises(NotFoundError, match="is not here any more"):
        want_again(office, about(rule))


def test_an_opt_out_holds_for_what_is_prepared_already_and_waits_behind_a_slow_relay(
    office: World, postbox: Postbox
) -> None:
    rule = office.rule(EventKind.BOOKING_CONFIRMED, "bob@example.org", ADA)

    def slow(_envelope: Envelope) -> Outcome:
        with office.store.transaction(WORKSPACE_ID) as tx:
            consent.stop(tx, about(rule), whole=True, now=office.clock())
        return ACCEPTED

    postbox.answer = slow
    office.book()
    office.drain()

    assert postbox.recipients == ["bob@example.org"]
    assert office.delivery(recipient=ADA).state is State.SUPPRESSED
