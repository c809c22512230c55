import pytest

from tests.builders import HOUR, NOON, SECOND, WORKSPACE_ID
from tests.storage.shelf import NASTY, OTHER_ID, undone
from tocsin.domain.errors import ConflictError
from tocsin.services.ports_answers import Answer
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore

ANSWER = Answer(status=201, body=NASTY)


def test_an_answer_is_given_again_with_the_digest_of_its_request(store: SqlStore) -> None:
    with store.transaction(WORKSPACE_ID) as tx:
        tx.answers.put(NASTY, "digest", ANSWER, now=NOON)

    with store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get(NASTY) == ("digest", ANSWER)
        assert tx.answers.get("other") is None


def test_the_answer_of_work_that_failed_is_not_kept(store: SqlStore) -> None:
    undone(store, lambda tx: tx.answers.put("key", "digest", ANSWER, now=NOON))

    with store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get("key") is None


def test_old_answers_are_forgotten(store: SqlStore) -> None:
    with store.transaction(WORKSPACE_ID) as tx:
        tx.answers.put("old", "digest", ANSWER, now=NOON - SECOND)
        tx.answers.put("young", "digest", ANSWER, now=NOON)
    with store.transaction(OTHER_ID) as tx:
        tx.answers.put("old", "digest", ANSWER, now=NOON - HOUR)

    assert store.queue.forget_answers(before=NOON) == 2

    with store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get("old") is None
        assert tx.answers.get("young") == ("digest", ANSWER)


def test_on_postgresql_a_second_request_with_a_key_is_refused_while_the_first_runs(
    postgres_database: PostgresDatabase,
) -> None:
    store = SqlStore(postgres_database)

    with store.transaction(WORKSPACE_ID) as first:
        assert first.answers.get("key") is None
        with store.transaction(WORKSPACE_ID) as second, pytest.raises(ConflictError, match="still runs"):
            second.answers.get("key")
        with store.transaction(WORKSPACE_ID) as third:
            assert third.answers.get("another key") is None
        with store.transaction(OTHER_ID) as fourth:
            assert fourth.answers.get("key") is None
        first.answers.put("key", "digest", ANSWER, now=NOON)

    with store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get("key") == ("digest", ANSWER)


def test_on_postgresql_a_key_is_free_again_when_its_first_request_failed(postgres_database: PostgresDatabase) -> None:
    store = SqlStore(postgres_database)

    undone(store, lambda tx: tx.answers.get("key"))

    with store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get("key") is None
