from tests.builders import MINUTE, NOON, WORKSPACE_ID, a_booking, a_member, an_outcome
from tests.storage.shelf import NASTY, keep
from tocsin.domain.model import OutcomeId, OutcomeKind
from tocsin.storage.store import SqlStore


def test_an_outcome_comes_back_as_it_was(acme: SqlStore) -> None:
    outcome = an_outcome(name=NASTY, color="", kind=OutcomeKind.NO_SHOW)

    keep(acme, outcome)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.outcomes.get(outcome.id) == outcome
        assert tx.outcomes.by_name(NASTY) == outcome
        assert tx.outcomes.all() == [outcome]


def test_there_is_no_outcome_with_an_unknown_id_or_name(acme: SqlStore) -> None:
    keep(acme, an_outcome())

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.outcomes.get("unknown") is None
        assert tx.outcomes.by_name("unknown") is None


def test_outcomes_are_listed_from_the_oldest_and_changing_one_does_not_move_it(acme: SqlStore) -> None:
    later, first = an_outcome(id=OutcomeId("a"), name="later"), an_outcome(id=OutcomeId("b"), name="first")
    keep(acme, first, now=NOON)
    keep(acme, later, now=NOON + MINUTE)

    renamed = an_outcome(id=OutcomeId("b"), name="renamed", color="#fff")
    keep(acme, renamed, now=NOON + 2 * MINUTE)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.outcomes.all() == [renamed, later]


def test_a_deleted_outcome_is_off_the_list_and_bookings_keep_it(acme: SqlStore) -> None:
    booking = a_booking(outcome=an_outcome())
    keep(acme, a_member(), an_outcome(), booking)

    with acme.transaction(WORKSPACE_ID) as tx:
        tx.outcomes.delete(an_outcome().id, at=NOON)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.outcomes.all() == []
        assert tx.outcomes.get(an_outcome().id) is None
        assert tx.outcomes.by_name(an_outcome().name) == an_outcome()
        assert tx.bookings.get(booking.id) == booking


def test_a_deleted_outcome_is_there_again_once_stored_anew(acme: SqlStore) -> None:
    keep(acme, an_outcome())
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.outcomes.delete(an_outcome().id, at=NOON)

    keep(acme, an_outcome())

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.outcomes.all() == [an_outcome()]
