"""Links with which somebody chooses the password of an account, once.

Nothing is kept for them: a link is signed, and what is signed holds the hash of the password that the account has. So a link
ends as soon as any password is chosen, with the account, with its last day, and with TOCSIN_SECRET_KEY.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tocsin.domain.accounts import Account
from tocsin.domain.audit import Verb
from tocsin.domain.errors import NotFoundError
from tocsin.services import accounts, audit
from tocsin.services.ports import Chance, Transaction

LASTS = timedelta(days=3)
_TOKEN = re.compile(r"([0-9a-f-]{36})\.([0-9]{10})\.([0-9a-f]{64})")
_GONE = "this link was used already, or has run out; ask for another one"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordLink:
    """What the address ends in, and until when it is good."""

    account: Account
    token: str
    ends_at: datetime


def make(tx: Transaction, account_id: str, *, pepper: bytes, now: datetime) -> PasswordLink:
    """Return a link for an account, which keeps its password meanwhile. Raises NotFoundError."""
    found = tx.accounts.by_id(account_id)
    if found is None:
        raise NotFoundError("there is no account with this id; it may have been removed")
    account, kept = found
    ends_at = (now + LASTS).replace(microsecond=0)
    audit.note(tx, Verb.ACCOUNT_LINK_MADE, account.id, name=account.email, after={"until": ends_at})
    ends = f"{int(ends_at.timestamp()):010}"
    return PasswordLink(
        account=account, token=f"{account.id}.{ends}.{_mac(account, ends, kept, pepper)}", ends_at=ends_at
    )


def read(tx: Transaction, token: str, *, pepper: bytes, now: datetime, lock: bool = False) -> Account:
    """Return whose link it is; nobody else uses it meanwhile with `lock`.

    Raises NotFoundError, the same for whatever is wrong with it.
    """
    match = _TOKEN.fullmatch(token)
    found = None if match is None else tx.accounts.by_id(match[1], lock=lock)
    if match is None or found is None:
        raise NotFoundError(_GONE)
    account, kept = found
    is_right = hmac.compare_digest(match[3], _mac(account, match[2], kept, pepper))
    if not is_right or now >= datetime.fromtimestamp(int(match[2]), UTC):
        raise NotFoundError(_GONE)
    return account


def use(tx: Transaction, token: str, password: str, *, pepper: bytes, now: datetime, chance: Chance) -> Account:
    """Give the account of a link this password, and end its sessions and the link. Raises NotFoundError, InvalidInputError."""
    account = read(tx, token, pepper=pepper, now=now, lock=True)
    return accounts.set_password(tx, account.email, password, chance=chance)


def _mac(account: Account, ends: str, kept: str, pepper: bytes) -> str:
    signed = f"password link\n{account.workspace_id}\n{account.id}\n{ends}\n{kept}"
    return hmac.new(pepper, signed.encode(), hashlib.sha256).hexdigest()
