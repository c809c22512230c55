"""What leaves is signed: as it arrives at a relay, again on every try, and for the workspace that sends it only."""

from datetime import timedelta

import pytest

from tests.builders import DAY, WORKSPACE_ID
from tests.formats.keys import SIGNED_AT
from tests.journeys.world import GREYLISTED, SECRET, Postbox, World
from tests.smtp_server import Sink
from tests.verifier import is_verified
from tocsin.domain.delivery import State
from tocsin.domain.dkim import Algorithm, DkimKey
from tocsin.domain.events import EventKind
from tocsin.services import dkim

DOMAIN = "tocsin.example"  # of the world's sender


def activated(
    world: World, selector: str = "s1", *, algorithm: Algorithm = Algorithm.RSA, domain: str = DOMAIN
) -> DkimKey:
    """Make a key that signs from now on. The verifier looks at the clock, so that of the world is set to a day long past."""
    if world.clock.now > SIGNED_AT + DAY:
        world.clock.now = SIGNED_AT
    now = world.clock()
    with world.store.transaction(WORKSPACE_ID) as tx:
        dkim.create(tx, domain, selector=selector, algorithm=algorithm, secret=SECRET, now=now)
        return dkim.activate(tx, domain, selector, now=now)


def records(*keys: DkimKey) -> dict[str, str]:
    return {key.name: key.public_record for key in keys}


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_a_relay_is_given_verifies(world: World, sink: Sink, algorithm: Algorithm) -> None:
    key = activated(world, algorithm=algorithm)
    world.rule(EventKind.BOOKING_CONFIRMED, email_subject="Grüße, {{client.name}}", email_body="<p>.</p><p>. dots</p>")
    booking = world.book()
    world.drain()
    world.rule(EventKind.BOOKING_CANCELLED)
    world.cancel(booking)
    world.drain()

    messages = [received.message for received in sink.wait_for(2)]

    assert world.states() == [State.SENT, State.SENT]
    for message in messages:
        assert message.startswith(b"DKIM-Signature: v=1; ")
        assert is_verified(message, records(key))


def test_answers_that_come_back_to_a_signed_address_change_nothing_for_the_signature(
    hearing: World, postbox: Postbox
) -> None:
    key = activated(hearing)
    hearing.rule(EventKind.BOOKING_CONFIRMED)
    hearing.book()
    hearing.drain()

    (envelope,) = postbox.taken

    assert is_verified(envelope.message, records(key))


def test_another_try_has_the_same_octets_even_after_the_key_was_replaced(office: World, postbox: Postbox) -> None:
    old = activated(office)
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()
    postbox.answers(GREYLISTED)
    office.drain()
    office.clock.advance(timedelta(seconds=1))
    new = activated(office, "s0")

    office.go_to(office.clock() + timedelta(hours=1))

    first, second = postbox.handed
    assert first.message == second.message
    assert is_verified(second.message, records(old))
    office.book(ahead=2 * DAY)
    office.drain()
    assert is_verified(postbox.taken[-1].message, records(new))


def test_a_key_for_another_domain_signs_nothing(office: World, postbox: Postbox) -> None:
    activated(office, domain="sub.tocsin.example")
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()

    office.drain()

    (envelope,) = postbox.taken
    assert envelope.message.startswith(b"From: ")


def test_a_key_that_cannot_be_opened_holds_nothing_up(office: World, postbox: Postbox) -> None:
    office.clock.now = SIGNED_AT
    with office.store.transaction(WORKSPACE_ID) as tx:
        dkim.create(tx, DOMAIN, selector="s1", algorithm=Algorithm.ED25519, secret=b"another secret", now=SIGNED_AT)
        dkim.activate(tx, DOMAIN, "s1", now=SIGNED_AT)
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()

    office.drain()

    assert office.states() == [State.SENT]
    assert postbox.taken[0].message.startswith(b"From: ")
