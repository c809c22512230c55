"""Keys are made, activated and retired; what is signed with them holds, and never for another workspace."""

import logging
from dataclasses import replace

import pytest

from tests.builders import HOUR, MINUTE, WORKSPACE_ID, a_workspace
from tests.formats.keys import SIGNED_AT
from tests.formats.letters import a_letter
from tests.services.names import FewNames
from tests.storage.shelf import OTHER_ID
from tests.verifier import is_verified
from tocsin.domain.dkim import Algorithm, DkimKey, KeyState
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.model import WorkspaceId
from tocsin.formats import mime
from tocsin.services import dkim
from tocsin.services.facts import Facts
from tocsin.storage.store import SqlStore

SECRET = b"p" * 32
OTHER_SECRET = b"q" * 32
NOW = SIGNED_AT  # the verifier looks at the clock and refuses what is to come
DOMAIN = "example.net"  # of the sender of `letters`
MESSAGE = mime.write(a_letter())


@pytest.fixture
def both(store: SqlStore) -> SqlStore:
    """Give a store with two workspaces; the test runs once on SQLite and once on PostgreSQL."""
    with store.registry() as registry:
        registry.add(a_workspace())
        registry.add(a_workspace(id=OTHER_ID, subdomain="other"))
    return store


def created(
    store: SqlStore,
    selector: str = "s1",
    *,
    domain: str = DOMAIN,
    algorithm: Algorithm = Algorithm.ED25519,
    workspace_id: WorkspaceId = WORKSPACE_ID,
    active: bool = True,
) -> DkimKey:
    with store.transaction(workspace_id) as tx:
        key = dkim.create(tx, domain, selector=selector, algorithm=algorithm, secret=SECRET, now=NOW)
        return dkim.activate(tx, domain, selector, now=NOW) if active else key


def signed(
    store: SqlStore, *, domain: str = DOMAIN, workspace_id: WorkspaceId = WORKSPACE_ID, secret: bytes = SECRET
) -> bytes:
    with store.reading(workspace_id) as tx:
        key = tx.dkim_keys.signing(domain)
    return MESSAGE if key is None else dkim.signed(MESSAGE, key, workspace_id=workspace_id, secret=secret, now=NOW)


def records(*keys: DkimKey) -> dict[str, str]:
    return {key.name: key.public_record for key in keys}


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_message_is_signed_with_the_workspaces_key(both: SqlStore, algorithm: Algorithm) -> None:
    key = created(both, algorithm=algorithm)

    message = signed(both)

    assert message.endswith(MESSAGE)
    assert is_verified(message, records(key))
    assert signed(both) == message


def test_without_an_active_key_for_the_very_domain_a_message_stays_as_it_is(both: SqlStore) -> None:
    created(both, active=False)
    created(both, "s2", domain="mail.example.net")
    created(both, "s3", domain="net.example")

    assert signed(both) == MESSAGE


def test_the_case_of_the_senders_domain_does_not_matter(both: SqlStore) -> None:
    key = created(both, domain="Example.NET")

    assert key.domain == "example.net"
    with both.reading(WORKSPACE_ID) as tx:
        assert Facts(tx, []).signing_key("EXAMPLE.net") == key


def test_a_key_of_one_workspace_never_signs_for_another(both: SqlStore) -> None:
    created(both)

    assert signed(both, workspace_id=OTHER_ID) == MESSAGE
    with both.reading(OTHER_ID) as tx:
        assert dkim.of_workspace(tx) == []


def test_a_key_that_was_moved_to_another_workspace_or_name_does_not_open(
    both: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    key = created(both)
    assert signed(both) != MESSAGE  # so that it has been opened, and is remembered, under its own name

    with both.transaction(OTHER_ID) as tx:
        tx.dkim_keys.add(key)
    with both.transaction(WORKSPACE_ID) as tx:
        tx.dkim_keys.add(replace(key, domain="example.org"))
        tx.dkim_keys.add(replace(key, selector="s9", activated_at=NOW + HOUR))
    with caplog.at_level(logging.WARNING):
        assert signed(both, workspace_id=OTHER_ID) == MESSAGE
        assert signed(both, domain="example.org") == MESSAGE
        assert signed(both) == MESSAGE

    assert len(caplog.records) == 3


def test_with_another_secret_messages_go_unsigned_and_the_log_says_so_once(
    both: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    key = created(both, "moved-secret")

    with caplog.at_level(logging.WARNING):
        assert [signed(both, secret=OTHER_SECRET) for _ in range(3)] == [MESSAGE] * 3

    assert [record.getMessage() for record in caplog.records] == [
        "the DKIM key moved-secret of example.net was encrypted with another secret; messages go unsigned"
    ]
    assert dkim.can_be_opened(WORKSPACE_ID, key, SECRET)
    assert not dkim.can_be_opened(WORKSPACE_ID, key, OTHER_SECRET)


def test_no_private_key_is_kept_in_the_clear(both: SqlStore) -> None:
    for key in (created(both), created(both, "s2", algorithm=Algorithm.RSA)):
        assert b"PRIVATE KEY" not in key.private_key
        assert len(key.private_key) > 100


def test_a_new_key_signs_as_soon_as_it_is_activated_and_the_old_one_again_once_it_is_retired(both: SqlStore) -> None:
    old, new = created(both), created(both, "s2", active=False)
    assert is_verified(signed(both), records(old))

    with both.transaction(WORKSPACE_ID) as tx:
        activated = dkim.activate(tx, DOMAIN, "s2", now=NOW + MINUTE)

    assert (activated.state, activated.activated_at) == (KeyState.ACTIVE, NOW + MINUTE)
    assert is_verified(signed(both), records(new))
    with both.transaction(WORKSPACE_ID) as tx:
        retired = dkim.retire(tx, DOMAIN, "s2", now=NOW + HOUR)
    assert (retired.state, retired.private_key) == (KeyState.RETIRED, b"")
    assert is_verified(signed(both), records(old))


def test_activating_once_more_changes_nothing(both: SqlStore) -> None:
    key = created(both)

    with both.transaction(WORKSPACE_ID) as tx:
        assert dkim.activate(tx, DOMAIN, "s1", now=NOW + HOUR) == key


def test_what_is_retired_stays_so_and_its_selector_is_not_used_again(both: SqlStore) -> None:
    created(both)

    with both.transaction(WORKSPACE_ID) as tx:
        dkim.retire(tx, DOMAIN, "s1", now=NOW)
        with pytest.raises(ConflictError, match="is retired already"):
            dkim.retire(tx, DOMAIN, "s1", now=NOW)
        with pytest.raises(ConflictError, match="is retired; make a new one"):
            dkim.activate(tx, DOMAIN, "s1", now=NOW)
        with pytest.raises(InvalidInputError, match=r"selector: s1 was used for example\.net before; give another"):
            dkim.create(tx, DOMAIN, selector="s1", algorithm=Algorithm.ED25519, secret=SECRET, now=NOW)
    assert signed(both) == MESSAGE


def test_an_unknown_key_is_not_found_even_if_another_workspace_has_it(both: SqlStore) -> None:
    created(both, workspace_id=OTHER_ID)

    with both.transaction(WORKSPACE_ID) as tx:
        for act in (dkim.activate, dkim.retire):
            with pytest.raises(NotFoundError, match=r"there is no DKIM key s1 for example\.net; `tocsin dkim list`"):
                act(tx, DOMAIN, "s1", now=NOW)


@pytest.mark.parametrize(
    ("domain", "selector", "words"),
    [
        ("localhost", "s1", "domain: localhost is no domain that mail can be signed for"),
        ("exa mple.com", "s1", "domain: exa mple.com is no domain"),
        ("", "s1", "domain:  is no domain"),
        ("example.com; s=x", "s1", "domain:"),
        ("x@example.com", "s1", "domain:"),
        (DOMAIN, "a.b", "selector: a.b cannot be a selector; use up to 63 of a-z"),
        (DOMAIN, "", "selector:  cannot be a selector"),
    ],
)
def test_what_cannot_be_a_key_is_refused(both: SqlStore, domain: str, selector: str, words: str) -> None:
    with both.transaction(WORKSPACE_ID) as tx, pytest.raises(InvalidInputError) as caught:
        dkim.create(tx, domain, selector=selector, algorithm=Algorithm.ED25519, secret=SECRET, now=NOW)

    assert str(caught.value).startswith(words)
    with both.reading(WORKSPACE_ID) as tx:
        assert dkim.of_workspace(tx) == []


def test_a_domain_beyond_ascii_is_kept_in_a_labels(both: SqlStore) -> None:
    assert created(both, domain="bücher.example").name == "s1._domainkey.xn--bcher-kva.example"


def test_the_dns_is_asked_for_the_very_record(both: SqlStore) -> None:
    key, other = created(both), created(both, "s2")

    assert dkim.publication_complaint(key, FewNames(txt=records(key))) is None
    assert dkim.publication_complaint(key, FewNames()) == "there is no record"
    assert (
        dkim.publication_complaint(key, FewNames(txt={key.name: other.public_record})) == "the record holds another key"
    )
    assert (
        dkim.publication_complaint(key, FewNames(trouble={key.name: "no answer in time"}))
        == "the DNS could not be asked (no answer in time)"
    )
