"""What came back of a delivery, as the use cases see it; the way there is in test_inbound.py."""

import pytest

from tests.builders import DAY, WORKSPACE_ID
from tests.journeys.world import World
from tocsin.domain.bounce import Bounce, BounceKind
from tocsin.domain.delivery import State
from tocsin.domain.events import EventKind
from tocsin.domain.suppression import Suppression, SuppressionReason
from tocsin.services import bounces

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


def test_a_server_that_refuses_the_address_itself_counts_like_a_bounce(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, ADA)
    first, second = a_sent(office), a_sent(office, ahead=2)

    assert bounced(office, first, limit=2)
    assert suppressed(office) == []
    with office.store.transaction(WORKSPACE_ID) as tx:
        refused = tx.deliveries.get(second)
        assert refused is not None
        bounces.died(tx, refused, note="550 5.1.1 no such user", now=office.clock(), limit=2)

    (entry,) = suppressed(office)
    assert (entry.reason, entry.note) == (SuppressionReason.BOUNCED, "550 5.1.1 no such user")


def test_long_words_of_a_server_are_cut(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, ADA)
    long = Bounce(recipient=ADA, status="5.1.1", diagnostic="x" * 500, kind=BounceKind.HARD)

    assert bounced(office, a_sent(office), long)

    assert len(office.delivery().reason) == 500
    assert suppressed(office)[0].note == office.delivery().reason
