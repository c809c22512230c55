"""Who of the accounts may change things, and that there is always somebody who may."""

from dataclasses import replace

from tocsin.domain.accounts import Account, Role
from tocsin.domain.audit import Verb
from tocsin.domain.errors import ConflictError, NotFoundError
from tocsin.services import accounts, audit
from tocsin.services.ports import Transaction


def change(tx: Transaction, account_id: str, role: Role) -> Account:
    """Give an account a role. Raises NotFoundError, and ConflictError if nobody would be left who may change things."""
    account = _of(tx, account_id)
    if role is not Role.ADMIN:
        _must_not_be_last(tx, account)
    tx.accounts.set_role(account.id, role)
    audit.note(
        tx, Verb.ACCOUNT_CHANGED, account.id, name=account.email, before=account, after=replace(account, role=role)
    )
    return account


def remove(tx: Transaction, account_id: str) -> Account:
    """Delete an account and end its sessions. Raises NotFoundError, and ConflictError for the last that may change things."""
    account = _of(tx, account_id)
    _must_not_be_last(tx, account)
    return accounts.delete(tx, account.email)


def _of(tx: Transaction, account_id: str) -> Account:
    # All admins are held first, and in one order, so that two of them cannot take each other's role at the same moment.
    tx.accounts.admins()
    found = tx.accounts.by_id(account_id, lock=True)
    if found is None:
        raise NotFoundError("there is no account with this id; it may have been removed")
    return found[0]


def _must_not_be_last(tx: Transaction, account: Account) -> None:
    if [one.id for one in tx.accounts.admins()] == [account.id]:
        raise ConflictError(f"{account.email} is the only admin; make somebody else one first")
