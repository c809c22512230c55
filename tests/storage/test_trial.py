"""A trial: everything can be done in it, and nothing stays; it never makes others wait for long."""

from contextlib import closing

import pytest

from tests.builders import BOOKING_ID, NOON, RULE_ID, WORKSPACE_ID, a_link, a_member, a_planned, a_rule, a_workspace
from tests.storage.shelf import keep
from tocsin.domain.errors import UnavailableError
from tocsin.domain.model import BookingId
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore


def test_what_is_done_in_a_trial_is_seen_there_and_nowhere_else(acme: SqlStore) -> None:
    with acme.trial(WORKSPACE_ID) as tx:
        tx.members.put(a_member())
        tx.links.put(a_link())
        tx.rules.put(a_rule())
        assert tx.rules.get(RULE_ID) == a_rule()

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.rules.get(RULE_ID) is None
        assert tx.links.get(a_link().id) is None


def test_a_trial_that_fails_says_so_and_leaves_nothing(acme: SqlStore) -> None:
    def fail() -> None:
        with acme.trial(WORKSPACE_ID) as tx:
            tx.members.put(a_member())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.members.get(a_member().id) is None


def test_after_a_trial_the_store_writes_as_before(acme: SqlStore) -> None:
    with acme.trial(WORKSPACE_ID) as tx:
        tx.members.put(a_member(name="tried"))
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.members.put(a_member(name="meant"))

    with acme.reading(WORKSPACE_ID) as tx:
        found = tx.members.get(a_member().id)
    assert found is not None
    assert found.name == "meant"


def test_a_trial_gives_up_what_somebody_else_holds(postgres_url: str) -> None:
    with closing(SqlStore(PostgresDatabase(postgres_url))) as store:
        with store.registry() as registry:
            registry.add(a_workspace())
        with store.transaction(WORKSPACE_ID) as tx:
            tx.members.put(a_member())
            tx.links.put(a_link())
            tx.rules.put(a_rule())

        with store.transaction(WORKSPACE_ID) as tx:
            tx.rules.lock(RULE_ID)
            with pytest.raises(UnavailableError), store.trial(WORKSPACE_ID) as other:
                other.rules.lock(RULE_ID)


def test_a_trial_that_looks_at_some_bookings_only_withdraws_of_a_rule_what_is_about_them(store: SqlStore) -> None:
    keep(store, a_planned(key="a"), a_planned(key="b", booking_id=BookingId("x")))

    with store.trial(WORKSPACE_ID) as tx:
        tx.only_about([BOOKING_ID])
        assert [one.booking_id for one in tx.deliveries.waiting(RULE_ID)] == [BOOKING_ID]
        assert tx.deliveries.withdraw_rule(RULE_ID, now=NOON, reason="tried") == 1
        assert tx.deliveries.waiting(RULE_ID) == []

    with store.reading(WORKSPACE_ID) as tx:
        assert len(tx.deliveries.waiting(RULE_ID)) == 2
