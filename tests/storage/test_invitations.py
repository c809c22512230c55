from dataclasses import replace

import pytest

from tests.builders import (
    BOOKING_ID,
    HOUR,
    NOON,
    WORKSPACE_ID,
    a_frozen,
    a_planned,
    a_settlement,
    an_invitation,
)
from tests.storage.shelf import MOMENT, NASTY, claim, keep, settle
from tocsin.domain.delivery import State, Verdict
from tocsin.domain.invite import Invitation, Method
from tocsin.domain.model import BookingId
from tocsin.storage.store import SqlStore


def ledger(store: SqlStore) -> list[Invitation]:
    with store.reading(WORKSPACE_ID) as tx:
        return tx.invitations.of_booking(BOOKING_ID)


def sent(store: SqlStore, *, sequence: int, state: State = State.SENT) -> None:
    """Plan, freeze and settle a message with an entry of this sequence to the recipient of `an_invitation()`."""
    keep(store, a_planned(key=f"of {sequence}"))
    (taken,) = claim(store)
    with store.transaction(WORKSPACE_ID) as tx:
        tx.messages.freeze({taken.id: a_frozen(sequence=sequence)})
    settle(store, a_settlement(taken, verdict=Verdict(state=state)))


def test_an_invitation_comes_back_as_it_was(acme: SqlStore) -> None:
    invitation = an_invitation(calendar=NASTY.replace("\n", "\r\n"), stamp=MOMENT, sequence=7, method=Method.CANCEL)

    keep(acme, invitation)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.invitations.get(BOOKING_ID, invitation.recipient) == invitation
    assert ledger(acme) == [invitation]


def test_who_was_told_nothing_has_no_invitation(acme: SqlStore) -> None:
    keep(acme, an_invitation())

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.invitations.get(BOOKING_ID, "bob@example.org") is None
        assert tx.invitations.get(BookingId("other"), an_invitation().recipient) is None
        assert tx.invitations.of_booking(BookingId("other")) == []


def test_the_domains_case_does_not_make_another_recipient(acme: SqlStore) -> None:
    keep(acme, an_invitation(recipient="ada@example.org"))
    keep(acme, an_invitation(recipient="ada@EXAMPLE.org", sequence=1), an_invitation(recipient="Ada@example.org"))

    assert sorted((one.recipient, one.sequence) for one in ledger(acme)) == [
        ("Ada@example.org", 0),
        ("ada@example.org", 1),
    ]
    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.invitations.get(BOOKING_ID, "ada@Example.Org") == an_invitation(sequence=1)


def test_what_is_told_later_takes_the_place_but_identity_stays(acme: SqlStore) -> None:
    later = an_invitation(method=Method.CANCEL, sequence=2, stamp=NOON + HOUR, digest="new", calendar="new")

    keep(acme, an_invitation(), replace(later, organizer_email="x"))

    assert ledger(acme) == [later]


def test_under_another_uid_a_recipient_holds_nothing_yet(acme: SqlStore) -> None:
    keep(acme, an_invitation())
    sent(acme, sequence=0)

    keep(acme, again := an_invitation(uid="b.1@tocsin", sequence=1))

    assert ledger(acme) == [again]


def test_a_recipient_holds_nothing_until_a_server_took_the_message(acme: SqlStore) -> None:
    keep(acme, an_invitation())
    assert [(one.held_method, one.held_sequence) for one in ledger(acme)] == [(None, None)]

    sent(acme, sequence=0)

    assert [(one.held_method, one.held_sequence) for one in ledger(acme)] == [(Method.REQUEST, 0)]


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED, State.CANCELLED, State.RETRYING])
def test_a_recipient_does_not_hold_a_message_that_ended_as(acme: SqlStore, state: State) -> None:
    keep(acme, an_invitation())

    sent(acme, sequence=0, state=state)

    assert [(one.held_method, one.held_sequence) for one in ledger(acme)] == [(None, None)]


def test_telling_anew_leaves_what_is_held(acme: SqlStore) -> None:
    keep(acme, an_invitation())
    sent(acme, sequence=0)

    keep(acme, an_invitation(method=Method.CANCEL, sequence=1))
    assert [(one.held_method, one.held_sequence) for one in ledger(acme)] == [(Method.REQUEST, 0)]

    sent(acme, sequence=1)
    assert [(one.held_method, one.held_sequence) for one in ledger(acme)] == [(Method.CANCEL, 1)]


def test_a_message_with_an_older_entry_does_not_count_as_the_newest_being_held(acme: SqlStore) -> None:
    keep(acme, an_invitation(sequence=1))

    sent(acme, sequence=0)

    assert [(one.held_method, one.held_sequence) for one in ledger(acme)] == [(None, None)]


def test_only_the_recipient_of_the_message_holds_it(acme: SqlStore) -> None:
    keep(
        acme, an_invitation(), an_invitation(recipient="bob@example.org"), an_invitation(booking_id=BookingId("other"))
    )

    sent(acme, sequence=0)

    with acme.reading(WORKSPACE_ID) as tx:
        bob = tx.invitations.get(BOOKING_ID, "bob@example.org")
        elsewhere = tx.invitations.get(BookingId("other"), an_invitation().recipient)
    assert bob is not None
    assert elsewhere is not None
    assert bob.held_sequence is elsewhere.held_sequence is None


def test_the_invitations_of_several_people_to_several_bookings_are_read_at_once(acme: SqlStore) -> None:
    ada, bob = an_invitation(), an_invitation(recipient="bob@example.org", id="of bob")
    elsewhere = an_invitation(booking_id=BookingId("another"), id="elsewhere")
    keep(acme, ada, bob, elsewhere)

    with acme.reading(WORKSPACE_ID) as tx:
        both = tx.invitations.of([ada.booking_id, BookingId("another")], ["ada@EXAMPLE.org", "nobody@example.org"])
        one = tx.invitations.of([ada.booking_id], ["ada@example.org", "bob@example.org"])

    assert both == {(ada.booking_id, "ada@example.org"): ada, (BookingId("another"), "ada@example.org"): elsewhere}
    assert one == {(ada.booking_id, "ada@example.org"): ada, (ada.booking_id, "bob@example.org"): bob}
