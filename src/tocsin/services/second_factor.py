"""The second factor of accounts that sign in by a password: set up, asked for, and taken away."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from tocsin.domain.accounts import Account
from tocsin.domain.audit import Verb
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.second_factor import (
    ANSWER_WITHIN,
    RECOVERY_CODES,
    Factor,
    is_of_app,
    key_of,
    recovery_code,
    step_to_try,
    typed,
)
from tocsin.formats import one_time_codes, secretbox
from tocsin.services import audit
from tocsin.services.boxes import Box, Sort
from tocsin.services.ports import Transaction
from tocsin.services.sessions import Door, keyed

_PURPOSE = "second factor"
_PROOF = re.compile(r"([0-9a-f-]{36})\.([0-9]{10})\.([0-9a-f]{64})")
WRONG = "is not right, has gone from the app's screen, or was used before; type the one that it shows now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an app has to know: a key to type, and the address that the picture holds."""

    key: str
    address: str


def set_up(tx: Transaction, door: Door, account_id: str, *, place: str) -> Setup:
    """Make a key, which is asked for only once a code of it was confirmed. Raises ConflictError if there is one that is."""
    account, factor = _held(tx, account_id)
    if factor is not None and factor.since is not None:
        raise ConflictError("your second factor is on; turn it off before you set up another one")
    key = key_of(door.chance.new_secret())
    box = secretbox.seal(key.encode(), secret=door.pepper, purpose=_PURPOSE, identity=_identity(account))
    tx.accounts.set_factor(account.id, Factor(box=box))
    return _setup(account, key, place)


def pending(tx: Transaction, door: Door, account: Account, *, place: str) -> Setup | None:
    """Return what was set up and not confirmed, if there is anything."""
    factor = tx.accounts.factor(account.id)
    return None if factor is None or factor.since else _setup(account, _key(door, account, factor), place)


def confirm(tx: Transaction, door: Door, account_id: str, code: str) -> list[str]:
    """Turn on what was set up; return the codes for who has lost the app, which nobody can show again.

    Raises InvalidInputError for `code`, ConflictError if nothing was set up.
    """
    account, factor = _held(tx, account_id)
    if factor is None or factor.since is not None:
        raise ConflictError("there is nothing to confirm; set up a second factor first")
    step = _step(door, account, factor, typed(code))
    if step is None:
        raise InvalidInputError.of("code", WRONG)
    codes = [recovery_code(door.chance.new_secret()) for _ in range(RECOVERY_CODES)]
    hashes = tuple(_recovery_hash(door, account, typed(one)) for one in codes)
    tx.accounts.set_factor(account.id, replace(factor, since=door.clock(), step=step, recovery=hashes))
    audit.note(tx, Verb.ACCOUNT_FACTOR_ON, account.id, name=account.email)
    return codes


def turn_off(tx: Transaction, account_id: str) -> Account:
    """Take an account's second factor away. Raises NotFoundError, and ConflictError if there is none."""
    account, factor = _held(tx, account_id)
    if factor is None:
        raise ConflictError(f"{account.email} has no second factor")
    tx.accounts.set_factor(account.id, None)
    audit.note(tx, Verb.ACCOUNT_FACTOR_OFF, account.id, name=account.email)
    return replace(account, has_second_factor=False)


def take(tx: Transaction, door: Door, account: Account, code: str) -> str:
    """Take a code, once: return `code` or `recovery code` as it was one; empty if it is none, or was used."""
    _, factor = _held(tx, account.id)
    if factor is None or factor.since is None:
        return ""
    code = typed(code)
    step = _step(door, account, factor, code)
    if step is not None:
        tx.accounts.set_factor(account.id, replace(factor, step=step))
        return "code"
    told = _recovery_hash(door, account, code)
    found = [one for one in factor.recovery if hmac.compare_digest(one, told)]
    if not found:
        return ""
    tx.accounts.set_factor(account.id, factor.without(found[0]))
    return "recovery code"


def proof_of(door: Door, account: Account, kept: str) -> str:
    """Return what shows for five minutes that the password was right; `kept` is the hash of it, with which it ends."""
    ends = f"{int((door.clock() + ANSWER_WITHIN).timestamp()):010}"
    return f"{account.id}.{ends}.{_mac(door, account, ends, kept)}"


def proved(tx: Transaction, door: Door, proof: str) -> Account | None:
    """Return whose password was right, and lately; or None."""
    match = _PROOF.fullmatch(proof)
    found = None if match is None else tx.accounts.by_id(match[1])
    if match is None or found is None:
        return None
    account, kept = found
    is_right = hmac.compare_digest(match[3], _mac(door, account, match[2], kept))
    return account if is_right and door.clock() < datetime.fromtimestamp(int(match[2]), UTC) else None


def boxes(tx: Transaction) -> Iterator[Box]:
    """Yield the boxes of all keys, confirmed or not."""
    for account, factor in _factors(tx):
        yield Box(
            sort=Sort.SECOND_FACTOR,
            name=account.email,
            sealed=factor.box,
            purpose=_PURPOSE,
            identity=_identity(account),
            put=partial(_put_box, tx, account.id, factor),
        )


def forget_recovery_codes(tx: Transaction) -> int:
    """Forget all codes for who has lost the app, whose hashes fit no more; return how many accounts had some."""
    having = [(account, factor) for account, factor in _factors(tx) if factor.recovery]
    for account, factor in having:
        tx.accounts.set_factor(account.id, replace(factor, recovery=()))
    return len(having)


def _factors(tx: Transaction) -> Iterator[tuple[Account, Factor]]:
    for account in tx.accounts.all():
        factor = tx.accounts.factor(account.id)
        if factor is not None:
            yield account, factor


def _put_box(tx: Transaction, account_id: str, factor: Factor, box: bytes) -> None:
    tx.accounts.set_factor(account_id, replace(factor, box=box))


def _held(tx: Transaction, account_id: str) -> tuple[Account, Factor | None]:
    """Return an account and its factor, which nobody changes meanwhile. Raises NotFoundError."""
    found = tx.accounts.by_id(account_id, lock=True)
    if found is None:
        raise NotFoundError("there is no account with this id; it may have been removed")
    return found[0], tx.accounts.factor(account_id)


def _step(door: Door, account: Account, factor: Factor, code: str) -> int | None:
    if not is_of_app(code):
        return None
    step = step_to_try(door.clock(), after=factor.step)
    is_right = step is not None and one_time_codes.is_code(_key(door, account, factor), step, code)
    return step if is_right else None


def _setup(account: Account, key: str, place: str) -> Setup:
    return Setup(key=key, address=one_time_codes.address_of(key, email=account.email, place=place))


def _key(door: Door, account: Account, factor: Factor) -> str:
    try:
        return secretbox.unseal(factor.box, secret=door.pepper, purpose=_PURPOSE, identity=_identity(account)).decode()
    except ValueError as error:
        raise ConflictError(
            "the second factor was made with another secret of this installation; an admin has to reset it"
        ) from error


def _identity(account: Account) -> tuple[WorkspaceId, str]:
    return (account.workspace_id, account.id)


def _recovery_hash(door: Door, account: Account, code: str) -> str:
    return keyed(door.pepper, "recovery code", f"{account.workspace_id}:{account.id}:{code}")


def _mac(door: Door, account: Account, ends: str, kept: str) -> str:
    signed = f"second factor\n{account.workspace_id}\n{account.id}\n{ends}\n{kept}"
    return hmac.new(door.pepper, signed.encode(), hashlib.sha256).hexdigest()
