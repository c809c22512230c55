"""Sessions of the pages: begun, found again, listed and ended.

A session is 256 bits that only the browser's cookie holds; the store has a keyed hash of them, as it has of API keys.
"""

import hashlib
import hmac
from dataclasses import dataclass

from tocsin.domain.accounts import Account
from tocsin.domain.audit import By, Through, Verb
from tocsin.domain.errors import NotFoundError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.sessions import IDLE, LONGEST, MOST_AT_ONCE, Seat, Session
from tocsin.services import audit
from tocsin.services.ports import Chance, Clock, Store, Transaction

_TOKEN_LENGTH = 64  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What signing in works with. `pepper` keys the hashes of sessions."""

    store: Store
    clock: Clock
    chance: Chance
    pepper: bytes


def begin(door: Door, account: Account, *, seat: Seat, way: str, beside: str = "") -> str:
    """Begin a session of who has proved who he is, in a `way` and by what was asked `beside`; return what the cookie holds."""
    with door.store.transaction(account.workspace_id, by=by(account)) as tx:
        return begin_in(tx, door, account, seat=seat, way=way, beside=beside)


def begin_in(tx: Transaction, door: Door, account: Account, *, seat: Seat, way: str, beside: str = "") -> str:
    """Begin a session as `begin` does, as a part of something larger. With too many at once the oldest end."""
    token, now = door.chance.new_secret(), door.clock()
    tx.sign_ins.clear("account", keyed(door.pepper, "account", account.email))
    tx.sessions.forget(created_before=now - LONGEST, seen_before=now - IDLE)
    # Held, so that sign-ins at the same moment do not each leave room for one.
    tx.accounts.by_id(account.id, lock=True)
    session = Session(account_id=account.id, created_at=now, seen_at=now, seat=seat, way=way)
    tx.sessions.add(session, keyed(door.pepper, "session", token))
    tx.sessions.keep_newest(account.id, MOST_AT_ONCE)
    audit.note(
        tx,
        Verb.ACCOUNT_SIGNED_IN,
        account.id,
        name=account.email,
        after={"from": seat.source, "by": " and ".join(filter(None, (way, beside)))},
    )
    return token


def find(door: Door, workspace_id: WorkspaceId, token: str) -> tuple[Session, Account] | None:
    """Return the session that `token` is, in this workspace and still, and whose it is; or None."""
    if len(token) != _TOKEN_LENGTH:
        return None
    token_hash, now = keyed(door.pepper, "session", token), door.clock()
    with door.store.reading(workspace_id) as tx:
        found = tx.sessions.get(token_hash)
    if found is None or found[0].is_over(now):
        return None
    if found[0].is_to_be_seen(now):
        with door.store.transaction(workspace_id) as tx:
            tx.sessions.see(token_hash, at=now)
    return found


def signed_in(door: Door, workspace_id: WorkspaceId, token: str) -> Account | None:
    """Return whose session `token` is, in this workspace and still, or None."""
    found = find(door, workspace_id, token)
    return None if found is None else found[1]


def of(tx: Transaction, account: Account, door: Door) -> list[Session]:
    """Return the sessions of an account that are not over, the one that was used last first."""
    now = door.clock()
    return [session for session in tx.sessions.of(account.id) if not session.is_over(now)]


def end(tx: Transaction, account: Account, name: str) -> None:
    """End the session of an account that is known by `name`. Raises NotFoundError."""
    if not name or not tx.sessions.end_named(account.id, name):
        raise NotFoundError("there is no such session; it may be over already")
    audit.note(tx, Verb.ACCOUNT_SESSIONS_ENDED, account.id, name=account.email, after={"sessions": 1})


def end_others(tx: Transaction, account: Account, name: str) -> int:
    """End all sessions of an account but the one that is known by `name`; return how many."""
    ended = tx.sessions.end_others(account.id, name)
    if ended:
        audit.note(tx, Verb.ACCOUNT_SESSIONS_ENDED, account.id, name=account.email, after={"sessions": ended})
    return ended


def sign_out(door: Door, workspace_id: WorkspaceId, token: str) -> None:
    """End the session that `token` is."""
    with door.store.transaction(workspace_id) as tx:
        tx.sessions.end(keyed(door.pepper, "session", token))


def form_token(door: Door, token: str) -> str:
    """Return what every form of a session carries, so that nobody else's page can send one."""
    return keyed(door.pepper, "form", token)


def by(account: Account) -> By:
    """Return an account as the audit log names who does something on the pages."""
    return By(who=account.email, through=Through.PAGES)


def keyed(pepper: bytes, purpose: str, value: str) -> str:
    """Return what the store has in the place of `value`."""
    return hmac.new(pepper, f"{purpose}:{value}".encode(errors="replace"), hashlib.sha256).hexdigest()
