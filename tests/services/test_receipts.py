"""A worker that was killed after the relay took a message: what it noted is settled, and nothing is sent again."""

from collections.abc import Callable, Collection

from tests.builders import MINUTE, WORKSPACE_ID
from tests.journeys.world import ACCEPTED, Postbox, World
from tocsin.domain.delivery import Claim, Delivery, DeliveryId, Receipt, State
from tocsin.domain.events import EventKind
from tocsin.services.ports_relay import Neighbours
from tocsin.services.receipts import of_lapsed, settle_left
from tocsin.workers.loop import drain


class Left:
    """What a worker left behind."""

    def __init__(self, *claims: Claim) -> None:
        self.found = [Receipt(claim=one, code=250, enhanced_code="2.0.0") for one in claims]

    def neighbours(self, worker: str) -> Neighbours:
        raise NotImplementedError(worker)

    def take(self, settle: Callable[[list[Receipt]], None]) -> None:
        settle(self.found)

    def noted(self, claims: Collection[Claim]) -> list[Receipt]:
        return [one for one in self.found if one.claim in claims]


def taken(office: World, *emails: str) -> list[Delivery]:
    """Book, and claim what is to be sent as a worker does that dies then."""
    office.rule(EventKind.BOOKING_CONFIRMED, *emails)
    office.book()
    now = office.clock()
    return office.store.queue.claim(worker="dead", now=now, lease_ends=now + MINUTE, limit=10)


def test_what_the_relay_took_counts_as_sent_and_the_rest_is_sent_after_the_lease(office: World) -> None:
    known, unknown = taken(office, "ada@example.org", "bob@example.org")

    assert settle_left(office.sender, Left(known.claim))
    office.clock.advance(2 * MINUTE)
    box = Postbox()
    drain(office.sender, box)

    assert box.recipients == [unknown.recipient]
    assert office.states() == [State.SENT, State.SENT]
    with office.store.reading(WORKSPACE_ID) as tx:
        [attempt] = tx.deliveries.attempts(known.id)
    assert attempt.outcome is not None
    assert (attempt.outcome.result, attempt.outcome.code) == (ACCEPTED.result, 250)
    assert "its worker ended" in attempt.outcome.reply


def test_a_receipt_of_an_attempt_that_is_over_or_of_another_store_changes_nothing(office: World) -> None:
    [delivery] = taken(office, "ada@example.org")
    former = delivery.claim._replace(attempt=delivery.attempts - 1)
    stranger = delivery.claim._replace(delivery_id=DeliveryId("nobody's"))

    assert not settle_left(office.sender, Left(former, stranger))
    assert office.states() == [State.SENDING]

    settle_left(office.sender, Left(delivery.claim))
    settle_left(office.sender, Left(delivery.claim))
    assert office.states() == [State.SENT]


def test_only_what_lapsed_is_looked_for_among_the_receipts_of_workers_that_stand_still(office: World) -> None:
    known, unknown = taken(office, "ada@example.org", "bob@example.org")
    receipts = Left(known.claim)

    assert of_lapsed(office.sender, receipts, [known, unknown]) == []  # they are its own

    office.clock.advance(2 * MINUTE)
    now = office.clock()
    again = office.store.queue.claim(worker="other", now=now, lease_ends=now + MINUTE, limit=10)
    [found] = of_lapsed(office.sender, receipts, again)
    assert (found.delivery.id, found.verdict.state) == (known.id, State.SENT)


def test_nothing_that_was_left_is_nothing_to_do(office: World) -> None:
    taken(office, "ada@example.org")

    settle_left(office.sender, Left())

    assert office.states() == [State.SENDING]
