"""From which address a workspace writes: the installation's, or its own at a domain that it has shown to be its own."""

from dataclasses import replace

from tocsin.domain.audit import Verb
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.model import Workspace
from tocsin.domain.signed_address import LONGEST_BASE
from tocsin.formats import addresses
from tocsin.services import audit, workspaces
from tocsin.services.identity import domain_of
from tocsin.services.ports import Transaction


def set_address(tx: Transaction, address: str) -> Workspace:
    """Set the sender of a workspace; an empty one takes the installation's. Entries that were sent keep their organizer.

    Raises InvalidInputError for what is no address, and for a domain for which no DKIM key of the workspace signs: its record
    in the DNS is what shows that the domain is the workspace's to write from.
    """
    before = workspaces.own(tx)
    if address and addresses.complaint(address) is None:
        address = addresses.normal(address)
    if address != (before.mail_from or ""):
        wrong = _complaint(tx, address) if address else None
        if wrong is not None:
            raise InvalidInputError.of("mail_from", wrong)
    after = replace(before, mail_from=address or None)
    tx.workspaces.change(after)
    audit.note(tx, Verb.SENDER_CHANGED, after.id, name=after.name, before=before, after=after)
    return after


def _complaint(tx: Transaction, address: str) -> str | None:
    wrong = addresses.complaint(address)
    if wrong is not None:
        return wrong
    if len(address.rpartition("@")[0]) > LONGEST_BASE:
        return (
            f"has more than {LONGEST_BASE} characters before the @, which leaves no room for what answers are known by"
        )
    domain = domain_of(address)
    if tx.dkim_keys.signing(domain) is None:
        return f"is of {domain}, for which no key of yours signs; make a DKIM key for it, publish it, let it sign"
    return None
