"""What is set for recipients, in the store."""

from tests.builders import HOUR, NOON, WORKSPACE_ID, a_workspace
from tests.storage.shelf import NASTY, OTHER_ID
from tocsin.domain.model import WorkspaceId
from tocsin.domain.recipients import RecipientSettings
from tocsin.storage.store import SqlStore

ADA = RecipientSettings(address="Ada@example.org", time_zone="Asia/Tokyo", locale="ja", updated_at=NOON)
BOB = RecipientSettings(address="bob@example.org", time_zone=None, locale="ar-EG", updated_at=NOON)


def put(store: SqlStore, *settings: RecipientSettings, workspace_id: WorkspaceId = WORKSPACE_ID) -> None:
    with store.transaction(workspace_id) as tx:
        for one in settings:
            tx.recipients.put(one)


def page(store: SqlStore, *, limit: int = 10, offset: int = 0) -> tuple[list[RecipientSettings], int]:
    with store.reading(WORKSPACE_ID) as tx:
        return tx.recipients.page(limit=limit, offset=offset)


def test_what_is_set_comes_back_as_it_was(acme: SqlStore) -> None:
    put(acme, ADA, BOB)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.recipients.get("Ada@EXAMPLE.org") == ADA
        assert tx.recipients.get("ada@example.org") is None, "a server may tell letters' case apart before the @"
        assert tx.recipients.get(NASTY) is None
        assert tx.recipients.of(["Ada@example.org", BOB.address, BOB.address, "eve@example.org"]) == {
            "Ada@example.org": ADA,
            "bob@example.org": BOB,
        }
        assert tx.recipients.of([]) == {}


def test_what_is_set_later_takes_its_place(acme: SqlStore) -> None:
    later = RecipientSettings(address="Ada@example.org", time_zone=None, locale="de", updated_at=NOON + HOUR)

    put(acme, ADA)
    put(acme, later)

    assert page(acme) == ([later], 1)


def test_the_list_comes_in_pages_by_address(acme: SqlStore) -> None:
    put(acme, BOB, ADA)

    assert page(acme) == ([ADA, BOB], 2)
    assert page(acme, limit=1, offset=1) == ([BOB], 2)


def test_what_is_removed_is_gone(acme: SqlStore) -> None:
    put(acme, ADA, BOB)

    with acme.transaction(WORKSPACE_ID) as tx:
        assert tx.recipients.remove("Ada@EXAMPLE.org")
        assert not tx.recipients.remove("Ada@example.org")

    assert page(acme) == ([BOB], 1)


def test_each_workspace_has_its_own(acme: SqlStore) -> None:
    with acme.registry() as registry:
        registry.add(a_workspace(id=OTHER_ID, subdomain="globex"))
    put(acme, ADA, workspace_id=OTHER_ID)

    assert page(acme) == ([], 0)
    with acme.transaction(WORKSPACE_ID) as tx:
        assert tx.recipients.get(ADA.address) is None
        assert not tx.recipients.remove(ADA.address)
    with acme.registry() as registry:
        registry.delete(OTHER_ID)
