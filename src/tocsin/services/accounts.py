"""Accounts: who may use the pages of a workspace, and signing in by a password."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from tocsin.domain.accounts import (
    MOST_TRIES_FROM_ADDRESS,
    MOST_TRIES_OF_ACCOUNT,
    TRIES_WINDOW,
    Account,
    Role,
)
from tocsin.domain.audit import By, Through, Verb
from tocsin.domain.errors import InvalidInputError, NotFoundError, RateLimitedError
from tocsin.domain.model import Workspace, WorkspaceId
from tocsin.domain.passwords import complaint
from tocsin.domain.sessions import PASSWORD, Seat, Session
from tocsin.formats import addresses, passwords
from tocsin.services import audit, second_factor, sessions
from tocsin.services.ports import Chance, Transaction
from tocsin.services.sessions import Door, by, keyed

log = logging.getLogger("tocsin.refusals")

WRONG = "the address or the password is not right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What somebody signs in with, and from where."""

    email: str
    password: str
    seat: Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session has begun; `token` is what the cookie is to hold, which is new each time."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeWanted:
    """The password is right, and the account has a second factor; `proof` says the former, with the code."""

    proof: str


def create(tx: Transaction, email: str, password: str | None, *, role: Role, now: datetime, chance: Chance) -> Account:
    """Store an account; without a password nobody signs in with one until it is chosen (`password_links`).

    Raises InvalidInputError for an address or a password that cannot be, or an address that has one.
    """
    wrong = addresses.complaint(email)
    if wrong is not None:
        raise InvalidInputError.of("email", wrong)
    account = Account(id=chance.new_id(), workspace_id=tx.workspace_id, email=_normal(email), role=role, created_at=now)
    # Without a password it is the hash of what nobody has seen, so that a try takes as long as any.
    kept = _unseen(chance) if password is None else _hash(tx, password, email=account.email, chance=chance)
    if not tx.accounts.add(account, kept):
        raise InvalidInputError.of("email", f"there is an account of {account.email} already")
    audit.note(tx, Verb.ACCOUNT_CREATED, account.id, name=account.email, after=account)
    return account


def every(tx: Transaction) -> list[Account]:
    """Return all accounts by address."""
    return tx.accounts.all()


def get(tx: Transaction, email: str) -> Account:
    """Return the account with an address. Raises NotFoundError."""
    found = find(tx, email)
    if found is None:
        raise NotFoundError(f"there is no account of {email}; `tocsin account list` names them")
    return found


def set_password(tx: Transaction, email: str, password: str, *, chance: Chance) -> Account:
    """Give an account another password, and end its sessions. Raises NotFoundError, InvalidInputError."""
    account = get(tx, email)
    tx.accounts.set_password(account.id, _hash(tx, password, email=account.email, chance=chance))
    tx.sessions.end_all(account.id)
    audit.note(tx, Verb.ACCOUNT_PASSWORD_CHANGED, account.id, name=account.email)
    return account


def delete(tx: Transaction, email: str) -> Account:
    """Delete an account, and end its sessions. Raises NotFoundError."""
    account = get(tx, email)
    tx.sessions.end_all(account.id)
    tx.accounts.delete(account.id)
    audit.note(tx, Verb.ACCOUNT_DELETED, account.id, name=account.email, before=account)
    return account


def sign_in(door: Door, workspace: Workspace, given: Credentials) -> SignedIn | CodeWanted:
    """Begin a session, or say that a code is wanted too.

    Raises InvalidInputError, the same and after as long whether there is no such account or the password is another's;
    RateLimitedError if it was tried too often for this account or from this source, right or wrong.
    """
    account = _proved(door, workspace, given)
    if account is None:
        raise InvalidInputError.of("password", WRONG)
    if not account.has_second_factor:
        return SignedIn(token=sessions.begin(door, account, seat=given.seat, way=PASSWORD))
    with door.store.reading(workspace.id) as tx:
        _, kept = tx.accounts.by_id(account.id) or (account, "")
    return CodeWanted(proof=second_factor.proof_of(door, account, kept))


def enter_code(door: Door, workspace: Workspace, proof: str, code: str, *, seat: Seat) -> str:
    """Begin a session of somebody whose password was right, if the code is too; return what the cookie is to hold.

    Raises InvalidInputError, and RateLimitedError as `sign_in`, which counts the same tries.
    """
    with door.store.reading(workspace.id) as tx:
        account = second_factor.proved(tx, door, proof)
    if account is None:
        raise InvalidInputError.of("proof", "ran out; begin again with the password")
    with door.store.transaction(workspace.id) as tx:
        wait = _count(tx, _tried(door, account.email, seat), now=door.clock())
    _must_not_wait(wait)
    # Taken in a transaction of its own, so that a code is used up whatever becomes of the session.
    with door.store.transaction(workspace.id) as tx:
        way = second_factor.take(tx, door, account, code)
    if not way:
        _note_refusal(door, workspace.id, account, source=seat.source, way="second factor")
        raise InvalidInputError.of("code", second_factor.WRONG)
    return sessions.begin(door, account, seat=seat, way=PASSWORD, beside=way)


def change_password(door: Door, workspace: Workspace, given: Credentials, password: str) -> str:
    """Give an account that shows its present password another one; end all its sessions, and begin one as `sign_in` does.

    Raises InvalidInputError for `present` or `password`, and RateLimitedError as `sign_in`.
    """
    account = _proved(door, workspace, given)
    if account is None:
        raise InvalidInputError.of("present", "is not your password")
    with door.store.transaction(workspace.id, by=by(account)) as tx:
        set_password(tx, account.email, password, chance=door.chance)
        return sessions.begin_in(tx, door, account, seat=given.seat, way=PASSWORD)


def must_be_proved(door: Door, workspace: Workspace, given: Credentials, session: Session) -> None:
    """Raise InvalidInputError for `present` unless somebody has signed in just now, or gives the password again.

    Who has none signs in anew. Raises RateLimitedError as `sign_in`.
    """
    if not session.is_fresh(door.clock()) and _proved(door, workspace, given) is None:
        raise InvalidInputError.of(
            "present", "is not your password; without one, sign out, sign in and come back at once"
        )


def _proved(door: Door, workspace: Workspace, given: Credentials) -> Account | None:
    """Return the account if the password is its own; that is counted, and may be tried only so often."""
    email = _normal(given.email)
    with door.store.transaction(workspace.id) as tx:
        wait = _count(tx, _tried(door, email, given.seat), now=door.clock())
        found = tx.accounts.by_email(email)
    # Raised behind the block, because the count must stay.
    _must_not_wait(wait)
    account, kept = found or (None, None)
    # Looked at also where there is no account, so that it takes as long.
    if passwords.matches(given.password, kept) and account is not None:
        return account
    _note_refusal(door, workspace.id, account, source=given.seat.source, way=PASSWORD)
    return None


def must_not_be_often(door: Door, workspace_id: WorkspaceId, *, source: str) -> None:
    """Count a try to sign in by other means from a source. Raises RateLimitedError if there were too many."""
    with door.store.transaction(workspace_id) as tx:
        wait = _count(tx, {"source": keyed(door.pepper, "source", _net(source))}, now=door.clock())
    _must_not_wait(wait)


def find(tx: Transaction, email: str) -> Account | None:
    """Return the account with an address, if there is one."""
    found = tx.accounts.by_email(_normal(email))
    return None if found is None else found[0]


def _tried(door: Door, email: str, seat: Seat) -> dict[str, str]:
    return {
        "account": keyed(door.pepper, "account", email),
        "source": keyed(door.pepper, "source", _net(seat.source)),
    }


def _must_not_wait(wait: timedelta | None) -> None:
    if wait is not None:
        minutes, seconds = max(1, round(wait.total_seconds() / 60)), max(1, int(wait.total_seconds()))
        raise RateLimitedError(f"signing in was tried too often; try again in {minutes} min", retry_after=seconds)


def _note_refusal(door: Door, workspace_id: WorkspaceId, account: Account | None, *, source: str, way: str) -> None:
    # An address that has no account is not written down: some people type their password in its place.
    who = "somebody without an account" if account is None else account.email
    named = {} if account is None else {"account": account.id, "person": account.email}
    what = "the address or the password" if way == PASSWORD else f"the {way}"
    log.warning("signing in was refused: %s is wrong", what, extra={"client": source, **named})
    with door.store.transaction(workspace_id, by=By(who=who, through=Through.PAGES)) as tx:
        thing = "" if account is None else account.id
        audit.note(tx, Verb.ACCOUNT_REFUSED, thing, name=who, after={"from": source, "by": way})


def _count(tx: Transaction, tried: dict[str, str], *, now: datetime) -> timedelta | None:
    """Count a try; return how long to wait if there were too many."""
    tx.sign_ins.forget(before=now - TRIES_WINDOW)
    waits = []
    for kind, most in (("account", MOST_TRIES_OF_ACCOUNT), ("source", MOST_TRIES_FROM_ADDRESS)):
        if kind not in tried:
            continue
        tries = tx.sign_ins.count(kind, tried[kind], now=now, since=now - TRIES_WINDOW)
        if tries.number > most:
            waits.append(tries.since_at + TRIES_WINDOW - now)
    return max(waits, default=None)


def _hash(tx: Transaction, password: str, *, email: str, chance: Chance) -> str:
    workspace = tx.workspaces.by_id(tx.workspace_id)
    names = () if workspace is None else (workspace.name, workspace.subdomain)
    wrong = complaint(password, email=email, workspace=names)
    if wrong is None and passwords.is_common(password):
        wrong = "is one of those that are tried first everywhere; take several words"
    if wrong is not None:
        raise InvalidInputError.of("password", wrong)
    return _hashed(password, chance)


def _unseen(chance: Chance) -> str:
    """Return the hash of a password that nobody has."""
    return _hashed(chance.new_secret(), chance)


def _hashed(password: str, chance: Chance) -> str:
    return passwords.hashed(password, salt=bytes.fromhex(chance.new_secret())[: passwords.SALT_OCTETS])


def _normal(email: str) -> str:
    # Nobody has two accounts that differ in a letter's case, and nobody remembers which he has typed.
    return (addresses.normal(email) if addresses.complaint(email) is None else email.strip()).lower()


def _net(source: str) -> str:
    """Return the network that stands for a source: one household has a whole /64 of IPv6."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)
