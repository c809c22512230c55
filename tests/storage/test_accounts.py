"""Tables accounts, sessions and sign_ins."""

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, WORKSPACE_ID, a_session, a_workspace, an_account
from tests.storage.shelf import in_threads
from tocsin.domain.accounts import Role, Tries
from tocsin.domain.model import WorkspaceId
from tocsin.storage.store import SqlStore

OTHER_ID = WorkspaceId("a0000000-0000-4000-8000-000000000002")


@pytest.fixture
def two(store: SqlStore) -> SqlStore:
    """Give a store with two workspaces."""
    with store.registry() as registry:
        registry.add(a_workspace())
        registry.add(a_workspace(id=OTHER_ID, subdomain="other"))
    return store


def test_an_account_comes_back_with_its_hash(two: SqlStore) -> None:
    viewer = an_account(id="2", email="abe@example.com", role=Role.VIEWER)
    with two.transaction(WORKSPACE_ID) as tx:
        assert tx.accounts.add(an_account(), "hash")
        assert tx.accounts.add(viewer, "other hash")
        assert not tx.accounts.add(an_account(id="3"), "hash")

    with two.reading(WORKSPACE_ID) as tx:
        assert tx.accounts.all() == [viewer, an_account()]
        assert tx.accounts.by_email("ann@example.com") == (an_account(), "hash")
        assert tx.accounts.by_email("nobody@example.com") is None


def test_the_same_address_is_another_account_in_another_workspace(two: SqlStore) -> None:
    for workspace_id in (WORKSPACE_ID, OTHER_ID):
        with two.transaction(workspace_id) as tx:
            assert tx.accounts.add(an_account(workspace_id=workspace_id), f"hash of {workspace_id}")
    with two.transaction(OTHER_ID) as tx:
        tx.accounts.set_password(an_account().id, "new")
        tx.sessions.add(a_session(), "token")
        tx.accounts.delete(an_account().id)

    with two.reading(WORKSPACE_ID) as tx:
        assert tx.accounts.by_email("ann@example.com") == (an_account(), f"hash of {WORKSPACE_ID}")
        assert tx.sessions.get("token") is None
    with two.reading(OTHER_ID) as tx:
        assert tx.accounts.all() == []


def test_a_session_is_found_with_its_account_in_its_workspace_until_it_ends(two: SqlStore) -> None:
    with two.transaction(WORKSPACE_ID) as tx:
        tx.accounts.add(an_account(), "hash")
        tx.sessions.add(a_session(), "token")
        tx.sessions.see("token", at=NOON + HOUR)

    with two.reading(OTHER_ID) as tx:
        assert tx.sessions.get("token") is None
    with two.transaction(WORKSPACE_ID) as tx:
        assert tx.sessions.get("token") == (a_session(seen_at=NOON + HOUR, name="token"), an_account())
        tx.sessions.end("token")
        assert tx.sessions.get("token") is None


def test_all_sessions_of_an_account_end_and_no_others(two: SqlStore) -> None:
    with two.transaction(WORKSPACE_ID) as tx:
        for name in ("ann", "bob"):
            tx.accounts.add(an_account(id=name, email=f"{name}@example.com"), "hash")
            tx.sessions.add(a_session(account_id=name), name)
        tx.sessions.end_all("ann")

        assert tx.sessions.get("ann") is None
        assert tx.sessions.get("bob") is not None


def test_a_session_whose_account_is_gone_is_none(two: SqlStore) -> None:
    with two.transaction(WORKSPACE_ID) as tx:
        tx.sessions.add(a_session(), "token")

        assert tx.sessions.get("token") is None


def test_sessions_that_have_run_out_are_forgotten(two: SqlStore) -> None:
    with two.transaction(WORKSPACE_ID) as tx:
        tx.accounts.add(an_account(), "hash")
        tx.sessions.add(a_session(), "good")
        tx.sessions.add(a_session(created_at=NOON - SECOND), "too old")
        tx.sessions.add(a_session(seen_at=NOON - SECOND), "idle")
        tx.sessions.forget(created_before=NOON, seen_before=NOON)

        assert [name for name in ("good", "too old", "idle") if tx.sessions.get(name)] == ["good"]


def test_tries_are_counted_each_for_itself_and_anew_after_a_while(two: SqlStore) -> None:
    def count(kind: str, name: str, *, after: object = 0 * MINUTE) -> Tries:
        now = NOON + after  # type: ignore[operator]
        with two.transaction(WORKSPACE_ID) as tx:
            return tx.sign_ins.count(kind, name, now=now, since=now - 15 * MINUTE)

    assert [count("account", "a").number for _ in range(3)] == [1, 2, 3]
    assert count("source", "a") == Tries(number=1, since_at=NOON)
    assert count("account", "a", after=15 * MINUTE) == Tries(number=4, since_at=NOON)
    assert count("account", "a", after=15 * MINUTE + SECOND) == Tries(number=1, since_at=NOON + 15 * MINUTE + SECOND)
    with two.transaction(WORKSPACE_ID) as tx:
        tx.sign_ins.clear("account", "a")
    assert count("account", "a", after=DAY).number == 1
    assert count("source", "a").number == 2
    with two.transaction(WORKSPACE_ID) as tx:
        tx.sign_ins.forget(before=NOON + SECOND)
    assert count("source", "a").number == 1


def test_tries_of_many_processes_are_all_counted(two: SqlStore) -> None:
    def count() -> None:
        with two.transaction(WORKSPACE_ID) as tx:
            tx.sign_ins.count("account", "a", now=NOON, since=NOON)

    assert in_threads([count] * 8) == [None] * 8
    with two.transaction(WORKSPACE_ID) as tx:
        assert tx.sign_ins.count("account", "a", now=NOON, since=NOON).number == 9
