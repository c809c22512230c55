"""Whose account it is by what the sign-in service says: the subject it names, which it gives to nobody else.

The address decides once, at the first sign-in, because an account is made for an address; from then on the subject does.
"""

from dataclasses import replace

from tocsin.domain.accounts import Account
from tocsin.domain.audit import Verb
from tocsin.domain.errors import NotFoundError, PermissionDeniedError
from tocsin.formats import addresses
from tocsin.services import accounts, audit
from tocsin.services.ports import Transaction
from tocsin.services.ports_openid import Person

NOT_VERIFIED = (
    "the sign-in service does not say that your mail address is yours (email_verified), so it opens nothing here"
)


def account_of(tx: Transaction, person: Person, *, workspace: str) -> Account:
    """Return the account of somebody whom the provider has signed in; it is bound to him if it was to nobody.

    Raises PermissionDeniedError if there is none, or if it is bound to somebody else there. One that is bound at another
    issuer is bound anew: the operator has changed the provider, and there is only one.
    """
    bound = tx.accounts.by_subject(person.subject)
    if bound is not None:
        return bound
    found = _by_address(tx, person, workspace=workspace)
    if found.subject is not None and found.subject.issuer == person.subject.issuer:
        raise PermissionDeniedError(
            f"the account of {found.email} belongs to somebody else at the sign-in service, who had this address before; "
            "an admin can unbind it under Settings, Accounts"
        )
    tx.accounts.set_subject(found.id, person.subject)
    audit.note(tx, Verb.ACCOUNT_BOUND, found.id, name=found.email, before=found.subject, after=person.subject)
    return replace(found, subject=person.subject)


def unbind(tx: Transaction, account_id: str) -> Account:
    """Let whoever comes next from the sign-in service with the account's address have it; end its sessions.

    Raises NotFoundError.
    """
    found = tx.accounts.by_id(account_id, lock=True)
    if found is None:
        raise NotFoundError("there is no account with this id; it may have been removed")
    tx.accounts.set_subject(account_id, None)
    tx.sessions.end_all(account_id)
    account = found[0]
    audit.note(tx, Verb.ACCOUNT_UNBOUND, account.id, name=account.email, before=account.subject)
    return replace(account, subject=None)


def _by_address(tx: Transaction, person: Person, *, workspace: str) -> Account:
    if addresses.complaint(person.email) is not None or not person.is_verified:
        raise PermissionDeniedError(NOT_VERIFIED)
    found = accounts.find(tx, person.email)
    if found is None:
        raise PermissionDeniedError(
            f"there is no account of {person.email} in {workspace}, and signing in makes none; ask an admin for one"
        )
    # Held, so that two who come first at the same moment cannot both have it.
    held = tx.accounts.by_id(found.id, lock=True)
    return found if held is None else held[0]
