"""Export and erasure of a person: all that a workspace keeps of one address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tocsin.domain.audit import Verb
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.formats import addresses
from tocsin.services import audit
from tocsin.services.ports import Transaction


def export(tx: Transaction, address: str) -> dict[str, Any]:
    """Return all that is kept of an address, by table, and the messages to it. Raises InvalidInputError."""
    normal = _checked(address)
    found: dict[str, Any] = dict(tx.persons.known(normal))
    return {"address": normal, "tables": found, "messages": tx.persons.messages(normal)}


def erase(tx: Transaction, address: str, *, secret: bytes, now: datetime) -> Mapping[str, int]:
    """Put a person out of all tables and out of the audit log, which is sealed anew; return how many rows changed.

    Raises InvalidInputError; ConflictError if something would go on to write to the person, or the log is not whole.
    """
    normal = _checked(address)
    obstacles = tx.persons.obstacles(normal)
    if obstacles:
        raise ConflictError(f"{normal} cannot be erased yet: {'; '.join(obstacles)}")
    fault = audit.fault(tx, secret)
    if fault is not None:
        raise ConflictError(f"the audit log would be sealed anew, and is not as it was written: {fault.sentence}")
    changed = tx.persons.erase(normal, now=now)
    entries = tx.audit.erase(normal, stone=tx.persons.tombstone(normal))
    found = changed | ({"audit": entries} if entries else {})
    audit.note(tx, Verb.PERSON_ERASED, tx.persons.tombstone(normal), after=found)
    return found


def _checked(address: str) -> str:
    wrong = addresses.complaint(address)
    if wrong is not None:
        raise InvalidInputError.of("address", wrong)
    return addresses.normal(address)
