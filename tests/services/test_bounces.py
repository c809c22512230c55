"""What came back of a delivery, as the use cases see it; the way there is in test_inbound.py."""

import pytest

from tests.builders import DAY, WORKSPACE_ID
from tests.journeys.world import Postbox, World
from tocsin.domain.bounce import Bounce, BounceKind
from tocsin.domain.delivery import Outcome, Result, State
from tocsin.domain.events import EventKind
from tocsin.domain.invite import Method
from tocsin.domain.pause import WINDOW, Fate
from tocsin.domain.suppression import Suppression, SuppressionReason
from tocsin.services import bounces
from tocsin.services.ports_recipients import Meter

ADA = "ada@example.org"
HARD = Bounce(recipient=ADA, status="5.1.1", diagnostic="no such user", kind=BounceKind.HARD)


def bounced(world: World, delivery_id: str, bounce: Bounce = HARD, *, limit: int = 1) -> bool:
    with world.store.transaction(WORKSPACE_ID) as tx:
        return bounces.bounced(tx, delivery_id, bounce, now=world.clock(), limit=limit)


def suppressed(world: World) -> list[Suppression]:
    with world.store.reading(WORKSPACE_ID) as tx:
        return tx.suppressions.of_recipient(ADA)


def a_sent(world: World, *, ahead: int = 1) -> str:
    """Book, send, and return the delivery's id."""
    world.book(ahead=ahead * DAY)
    world.drain()
    return max(world.deliveries(), key=lambda one: one.id).id


def test_a_bounce_of_an_unknown_delivery_changes_nothing(office: World) -> None:
    assert not bounced(office, "unknown")
    with office.store.transaction(WORKSPACE_ID) as tx:
        assert not bounces.complained(tx, "unknown", now=office.clock())


@pytest.mark.parametrize("kind", [BounceKind.SOFT, BounceKind.NONE])
def test_what_is_not_final_ends_nothing(office: World, kind: BounceKind) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, ADA)
    sent = a_sent(office)

    assert not bounced(office, sent, Bounce(recipient=ADA, status="5.1.1", diagnostic="", kind=kind))
    assert office.states() == [State.SENT]


def test_only_after_as_many_bounces_as_the_limit_says_is_an_address_given_up(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, ADA)
    first, second = a_sent(office), a_sent(office, ahead=2)

    assert bounced(office, first, limit=2)
    assert suppressed(office) == []
    assert bounced(office, second, limit=2)

    (entry,) = suppressed(office)
    assert (entry.reason, entry.note) == (SuppressionReason.BOUNCED, "bounced: 5.1.1 no such user")


def test_what_came_back_is_not_held_but_what_arrived_before_is(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, ADA)
    office.rule(EventKind.BOOKING_CANCELLED, ADA)
    booking = office.book()
    office.drain()
    (first,) = office.deliveries()
    office.cancel(booking)
    office.drain()
    second = office.delivery(EventKind.BOOKING_CANCELLED)

    full = Bounce(recipient=ADA, status="5.2.2", diagnostic="full", kind=BounceKind.HARD)
    assert bounced(office, second.id, full)
    told = office.invitation(booking, ADA)
    assert (told.held_method, told.held_sequence, told.method) == (Method.REQUEST, 0, Method.CANCEL)
    assert bounced(office, first.id, full)
    assert office.invitation(booking, ADA).held_method is None


def test_long_words_of_a_server_are_cut(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, ADA)
    long = Bounce(recipient=ADA, status="5.1.1", diagnostic="x" * 500, kind=BounceKind.HARD)

    assert bounced(office, a_sent(office), long)

    assert len(office.delivery().reason) == 500
    assert suppressed(office)[0].note == office.delivery().reason


@pytest.mark.parametrize(("enhanced", "counted"), [("5.1.1", 1), ("5.7.1", 0), ("", 0)])
def test_an_address_that_the_relay_refuses_at_once_counts_as_a_bounce(
    office: World, postbox: Postbox, enhanced: str, counted: int
) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, ADA)
    postbox.answers(Outcome(result=Result.PERMANENT, code=550, enhanced_code=enhanced, reply="no"))
    office.book()
    office.drain()

    meter = Meter(kind=Fate.BOUNCED.value, name="", window=WINDOW)
    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.usage.read([meter])[meter].current(WINDOW, office.clock()).total == counted
    assert suppressed(office) == []
