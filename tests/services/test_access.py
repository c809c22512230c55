"""API keys: what opens a workspace, and what does not."""

from datetime import datetime

import pytest

from tests.builders import NOON, WORKSPACE_ID
from tests.journeys.world import World
from tests.storage.shelf import OTHER_ID
from tocsin.domain.access import ApiKey, KeyDraft, Scope
from tocsin.domain.errors import AuthenticationError, NotFoundError
from tocsin.domain.model import WorkspaceId
from tocsin.services import access

PEPPER = b"p" * 32


def made(office: World, *, subdomain: str = "acme") -> tuple[ApiKey, str]:
    scopes = [Scope.RULES_READ]
    return access.create_key(
        office.store,
        subdomain,
        KeyDraft(name="k", scopes=frozenset(scopes)),
        pepper=PEPPER,
        now=NOON,
        chance=office.chance,
    )


def opens(
    office: World,
    text: str,
    *,
    workspace_id: WorkspaceId = WORKSPACE_ID,
    pepper: bytes = PEPPER,
    now: datetime = NOON,
) -> bool:
    try:
        access.authenticate(office.store, text, workspace_id=workspace_id, pepper=pepper, now=now)
    except AuthenticationError:
        return False
    return True


def test_a_key_opens_its_own_workspace_with_its_scopes(office: World) -> None:
    key, text = made(office)

    found = access.authenticate(office.store, text, workspace_id=WORKSPACE_ID, pepper=PEPPER, now=NOON)

    assert found == key
    assert found.scopes == {Scope.RULES_READ}
    assert access.keys(office.store, "acme") == [key]


def test_a_key_does_not_open_another_workspace(office: World) -> None:
    _, text = made(office)

    assert not opens(office, text, workspace_id=OTHER_ID)


def test_a_revoked_key_opens_nothing_and_the_others_still_do(office: World) -> None:
    key, text = made(office)
    _, kept = made(office)

    access.revoke_key(office.store, "acme", key.id, now=NOON)

    assert not opens(office, text)
    assert opens(office, kept)
    with pytest.raises(NotFoundError, match="no live key"):
        access.revoke_key(office.store, "acme", key.id, now=NOON)


def test_a_secret_that_is_wrong_anywhere_opens_nothing(office: World) -> None:
    key, text = made(office)
    prefix, key_id, secret = text.split("_")
    flipped = ("1" if secret[0] == "0" else "0") + secret[1:]

    assert not opens(office, f"{prefix}_{key_id}_{flipped}")
    assert not opens(office, f"{prefix}_{key_id}_{secret[:-9]}")
    assert not opens(office, f"{prefix}_ffffffffffff_{secret}")
    assert not opens(office, f"{prefix}_{key_id}_{secret[:-8]}{int(secret[-8:], 16) ^ 1:08x}")
    assert not opens(office, f"acme_{key_id}_{secret}")
    assert not opens(office, text, pepper=b"q" * 32)
    assert key.id == key_id


@pytest.mark.parametrize("text", ["", "_", "__", "tocsin_", "é" * 20, "tocsin_a_b", "x" * 201, "tocsin__", "a_b_c_d"])
def test_what_is_no_key_at_all_opens_nothing(office: World, text: str) -> None:
    assert not opens(office, text)


def test_a_dump_of_the_database_holds_no_usable_key(office: World) -> None:
    key, text = made(office)
    secret = text.split("_")[2]

    with office.store.directory() as directory:
        kept = directory.key(key.id)

    assert kept is not None
    assert secret[:-8] not in kept[1]
    assert not opens(office, f"tocsin_{key.id}_{kept[1]}00000000")


def test_keys_are_made_listed_and_revoked_in_workspaces_that_exist(office: World) -> None:
    key, _ = made(office)

    with pytest.raises(NotFoundError):
        made(office, subdomain="nowhere")
    with pytest.raises(NotFoundError):
        access.keys(office.store, "nowhere")
    with pytest.raises(NotFoundError):
        access.revoke_key(office.store, "nowhere", key.id, now=NOON)
