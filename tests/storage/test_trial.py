"""A trial: everything can be done in it, and nothing stays; it never makes others wait for long."""

from contextlib import closing

import pytest

from tests.builders import RULE_ID, WORKSPACE_ID, a_link, a_member, a_rule, a_workspace
from tocsin.domain.errors import UnavailableError
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
