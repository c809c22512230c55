"""The suppression list: who gets no more messages, by whose decision, and what that ends."""

from datetime import datetime

from tocsin.domain.audit import Verb
from tocsin.domain.errors import InvalidInputError, NotFoundError
from tocsin.domain.suppression import WHOLE_WORKSPACE, Suppression, SuppressionReason
from tocsin.formats import addresses
from tocsin.services import audit
from tocsin.services.ports import Page, Transaction


def page(tx: Transaction, wanted: Page, *, recipient: str = "", search: str = "") -> tuple[list[Suppression], int]:
    """Return a page of the list, the newest first, and the number of all entries.

    Of one address only, if `recipient` is given; with `search` of all addresses that contain it.
    """
    kept = addresses.as_kept(recipient)
    return tx.suppressions.page(recipient=kept, search=search, limit=wanted.size, offset=wanted.offset)


def put(tx: Transaction, suppression: Suppression, *, now: datetime) -> bool:
    """Put an entry on the list and end what waits for its recipient; return False if it is there already.

    What is on its way at this moment is stopped by `consent.refusal` if it comes back.
    """
    if not tx.suppressions.add(suppression):
        return False
    tx.suppressions.end_waiting(suppression, now=now)
    audit.note(tx, Verb.SUPPRESSION_ADDED, suppression.recipient, name=suppression.recipient, after=suppression)
    return True


def add(
    tx: Transaction, recipient: str, *, rule_id: str = WHOLE_WORKSPACE, note: str = "", now: datetime
) -> Suppression:
    """Put an address on the list by hand; one that is there by hand already stays as it is, and is returned.

    Raises InvalidInputError if there is no such rule.
    """
    if rule_id and not tx.rules.exists(rule_id):
        raise InvalidInputError.of(
            "rule_id", f"there is no automation rule with the id {rule_id}; leave it out for all"
        )
    entry = Suppression(recipient=recipient, rule_id=rule_id, reason=SuppressionReason.BY_HAND, since_at=now, note=note)
    if put(tx, entry, now=now):
        return entry
    kept = (one for one in tx.suppressions.of_recipient(recipient) if one.rule_id == rule_id)
    return next(one for one in kept if one.reason is SuppressionReason.BY_HAND)


def remove(tx: Transaction, recipient: str, *, rule_id: str = WHOLE_WORKSPACE) -> int:
    """Take an address off the list, for a rule or, if none is named, for the whole workspace; return how many entries went.

    What was ended meanwhile stays ended. Raises NotFoundError, which names the rules for which it is still listed.
    """
    recipient = addresses.as_kept(recipient)
    gone = tx.suppressions.remove(recipient, rule_id=rule_id)
    if gone:
        audit.note(tx, Verb.SUPPRESSION_LIFTED, recipient, name=recipient, before={"rule_id": rule_id, "entries": gone})
        return gone
    others = sorted({one.rule_id or "the whole workspace" for one in tx.suppressions.of_recipient(recipient)})
    hint = f"; it is listed for {', '.join(others)}" if others else ""
    raise NotFoundError(f"this address is not on the list for {rule_id or 'the whole workspace'}{hint}")
