from tests.builders import HOUR, MINUTE, NOON, WORKSPACE_ID, a_dkim_key
from tests.storage.shelf import MOMENT, NASTY, OTHER_ID
from tocsin.domain.dkim import Algorithm, DkimKey
from tocsin.domain.model import WorkspaceId
from tocsin.storage.store import SqlStore


def added(store: SqlStore, *keys: DkimKey, workspace_id: WorkspaceId = WORKSPACE_ID) -> list[bool]:
    with store.transaction(workspace_id) as tx:
        return [tx.dkim_keys.add(key) for key in keys]


def kept(store: SqlStore, workspace_id: WorkspaceId = WORKSPACE_ID) -> list[DkimKey]:
    with store.reading(workspace_id) as tx:
        return tx.dkim_keys.all()


def signing(store: SqlStore, domain: str = "example.com", workspace_id: WorkspaceId = WORKSPACE_ID) -> str | None:
    with store.reading(workspace_id) as tx:
        key = tx.dkim_keys.signing(domain)
    return None if key is None else key.selector


def test_a_key_comes_back_as_it_was(acme: SqlStore) -> None:
    key = a_dkim_key(
        algorithm=Algorithm.ED25519,
        private_key=bytes(range(256)),
        public_record=NASTY,
        created_at=MOMENT,
        activated_at=MOMENT + HOUR,
        retired_at=MOMENT + 2 * HOUR,
    )

    assert added(acme, key, a_dkim_key(selector="acme-2")) == [True, True]

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.dkim_keys.get("example.com", "acme-1") == key
        assert tx.dkim_keys.get("example.com", "acme-2") == a_dkim_key(selector="acme-2")


def test_a_selector_of_a_domain_is_taken_once(acme: SqlStore) -> None:
    assert added(acme, a_dkim_key(), a_dkim_key(private_key=b"other"), a_dkim_key(domain="example.org")) == [
        True,
        False,
        True,
    ]
    assert [key.private_key for key in kept(acme)] == [b"sealed", b"sealed"]


def test_there_is_no_key_of_an_unknown_domain_or_selector(acme: SqlStore) -> None:
    added(acme, a_dkim_key())

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.dkim_keys.get("example.org", "acme-1") is None
        assert tx.dkim_keys.get("example.com", "acme-2") is None


def test_keys_are_listed_by_domain_the_oldest_first(acme: SqlStore) -> None:
    keys = [
        a_dkim_key(domain="a.example", selector="s9"),
        a_dkim_key(domain="b.example", selector="s5", created_at=NOON - HOUR),
        a_dkim_key(domain="b.example", selector="s1"),
        a_dkim_key(domain="b.example", selector="s2"),
    ]

    added(acme, *reversed(keys))

    assert kept(acme) == keys


def test_the_key_that_was_activated_last_signs_and_a_waiting_one_does_not(acme: SqlStore) -> None:
    added(
        acme,
        a_dkim_key(selector="s1", activated_at=NOON + HOUR),
        a_dkim_key(selector="s2", created_at=NOON + MINUTE, activated_at=NOON + 2 * HOUR),
        a_dkim_key(selector="s3", created_at=NOON + 2 * MINUTE, activated_at=NOON),
        a_dkim_key(selector="s4", created_at=NOON + 3 * MINUTE),
        a_dkim_key(selector="s5", activated_at=NOON + 3 * HOUR, retired_at=NOON + 4 * HOUR),
    )

    assert signing(acme) == "s2"


def test_only_a_key_of_the_very_domain_signs(acme: SqlStore) -> None:
    added(acme, a_dkim_key(activated_at=NOON))

    assert signing(acme, "example.com") == "acme-1"
    for domain in ("mail.example.com", "com", "xexample.com", ""):
        assert signing(acme, domain) is None


def test_a_key_is_activated_once_and_not_after_it_was_retired(acme: SqlStore) -> None:
    added(acme, a_dkim_key(), a_dkim_key(selector="s2", retired_at=NOON))

    with acme.transaction(WORKSPACE_ID) as tx:
        assert tx.dkim_keys.activate("example.com", "acme-1", at=NOON + HOUR)
        assert not tx.dkim_keys.activate("example.com", "acme-1", at=NOON + 2 * HOUR)
        assert not tx.dkim_keys.activate("example.com", "s2", at=NOON + HOUR)
        assert not tx.dkim_keys.activate("example.com", "s3", at=NOON + HOUR)

    assert [key.activated_at for key in kept(acme)] == [NOON + HOUR, None]


def test_a_retired_key_signs_no_more_and_its_private_half_is_gone(acme: SqlStore) -> None:
    added(acme, a_dkim_key(activated_at=NOON), a_dkim_key(selector="s2", activated_at=NOON + HOUR))

    with acme.transaction(WORKSPACE_ID) as tx:
        assert tx.dkim_keys.retire("example.com", "s2", at=NOON + 2 * HOUR)
        assert not tx.dkim_keys.retire("example.com", "s2", at=NOON + 3 * HOUR)
        assert not tx.dkim_keys.retire("example.com", "s3", at=NOON + 3 * HOUR)

    assert signing(acme) == "acme-1"
    first, second = kept(acme)
    assert (first.private_key, first.retired_at) == (b"sealed", None)
    assert (second.private_key, second.retired_at) == (b"", NOON + 2 * HOUR)


def test_a_workspace_sees_and_changes_its_own_keys_only(two: SqlStore) -> None:
    added(two, a_dkim_key(activated_at=NOON))

    assert kept(two, OTHER_ID) == []
    assert signing(two, workspace_id=OTHER_ID) is None
    with two.transaction(OTHER_ID) as tx:
        assert tx.dkim_keys.get("example.com", "acme-1") is None
        assert not tx.dkim_keys.activate("example.com", "acme-1", at=NOON)
        assert not tx.dkim_keys.retire("example.com", "acme-1", at=NOON)
    assert added(two, a_dkim_key(public_record="other"), workspace_id=OTHER_ID) == [True]
    assert [key.public_record for key in kept(two)] == ["v=DKIM1; k=rsa; p=AAAA"]
    assert [key.public_record for key in kept(two, OTHER_ID)] == ["other"]
