"""API keys: made once, shown once, kept only as a keyed hash.

A key reads `tocsin_<id>_<secret><checksum>`: the id finds the row, the secret has 256 bits, and the checksum lets a scanner
that finds a leaked key tell it from chance. A slow password hash is not needed at that entropy.
"""

import hashlib
import hmac
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from tocsin.domain.access import ApiKey, KeyDraft
from tocsin.domain.audit import COMMAND_LINE, By, Verb
from tocsin.domain.errors import AuthenticationError, InvalidInputError, NotFoundError
from tocsin.domain.model import WorkspaceId
from tocsin.services import audit, workspaces
from tocsin.services.ports import Chance, Store, Transaction

_PREFIX = "tocsin"
LONGEST_KEY = 200  # characters; ours have 93


def create_key(
    store: Store,
    subdomain: str,
    draft: KeyDraft,
    *,
    pepper: bytes,
    now: datetime,
    chance: Chance,
    by: By = COMMAND_LINE,
) -> tuple[ApiKey, str]:
    """Store a key of a workspace; return it with its text, which nobody can show again.

    Raises NotFoundError; InvalidInputError if it would have run out already.
    """
    if draft.expires_at is not None and draft.expires_at <= now:
        raise InvalidInputError.of("expires", "is over already; choose a day to come, or none")
    with _transaction(store, subdomain, by) as tx:
        key = ApiKey(
            id=chance.new_id().replace("-", "")[:12],
            workspace_id=tx.workspace_id,
            name=draft.name,
            scopes=draft.scopes,
            created_at=now,
            revoked_at=None,
            expires_at=draft.expires_at,
        )
        secret = chance.new_secret()
        tx.workspaces.add_key(key, _hash(secret, pepper))
        audit.note(tx, Verb.KEY_CREATED, key.id, name=key.name, after=key)
    return key, f"{_PREFIX}_{key.id}_{secret}{_checksum(secret)}"


def keys(store: Store, subdomain: str) -> list[ApiKey]:
    """Return the keys of a workspace, the oldest first. Raises NotFoundError."""
    with store.directory() as directory:
        return directory.keys(workspaces.get(directory, subdomain).id)


def revoke_key(store: Store, subdomain: str, key_id: str, *, now: datetime, by: By = COMMAND_LINE) -> None:
    """End a key at once. Raises NotFoundError if the workspace has no such live key."""
    with _transaction(store, subdomain, by) as tx:
        if not tx.workspaces.revoke(key_id, workspace_id=tx.workspace_id, at=now):
            raise NotFoundError(f"{subdomain} has no live key {key_id}; `tocsin key list {subdomain}` names them")
        found = tx.workspaces.key(key_id)
        audit.note(tx, Verb.KEY_REVOKED, key_id, name=found[0].name if found else "")


def authenticate(store: Store, text: str, *, workspace_id: WorkspaceId, pepper: bytes, now: datetime) -> ApiKey:
    """Return the live key that `text` is. Raises AuthenticationError, the same for whatever is wrong with it.

    A key of another workspace is not valid here, and nothing tells that it is valid elsewhere.
    """
    key_id, secret = _parsed(text)
    with store.directory() as directory:
        found = directory.key(key_id)
    key, kept_hash = found or (None, "0" * 64)
    # Compared even if there is no such key, so that time does not tell which ids exist.
    is_right = hmac.compare_digest(_hash(secret, pepper), kept_hash)
    if key is None or not is_right or not key.is_live(now) or key.workspace_id != workspace_id:
        raise AuthenticationError
    return key


@contextmanager
def _transaction(store: Store, subdomain: str, by: By) -> Iterator[Transaction]:
    with store.directory() as directory:
        workspace = workspaces.get(directory, subdomain)
    with store.transaction(workspace.id, by=by) as tx:
        workspaces.get(tx.workspaces, subdomain)  # it can have been deleted meanwhile
        yield tx


def _parsed(text: str) -> tuple[str, str]:
    if len(text) > LONGEST_KEY or not text.isascii() or not text.isprintable():
        return "", ""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    # Only what was printed opens: neither is secret, so that how long it takes to compare them tells nothing.
    if prefix != _PREFIX or secret[-8:] != _checksum(secret[:-8]):
        return "", ""
    return key_id, secret[:-8]


def _hash(secret: str, pepper: bytes) -> str:
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()


def _checksum(secret: str) -> str:
    return f"{zlib.crc32(secret.encode()):08x}"
