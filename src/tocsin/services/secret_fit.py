"""Whether a store was written with a secret: what its audit logs tell, and where there are none its boxes."""

from tocsin.domain.errors import TocsinError
from tocsin.services import audit, workspaces
from tocsin.services.boxes import Secrets
from tocsin.services.ports import Store, Transaction
from tocsin.services.replacement import boxes, is_opened


def fits(store: Store, secret: bytes) -> bool:
    """Tell whether a secret is the one that a store was written with; a new store takes any.

    One workspace that tells of it is enough, and one seal in it, since who changes a row is not to keep a server from
    starting. Raises what went wrong where none tells of it and one could not be read.
    """
    is_new, trouble = True, None
    for workspace in workspaces.every(store):
        try:
            with store.reading(workspace.id) as tx:
                if _tells_of(tx, secret):
                    return True
                is_new = is_new and audit.is_empty(tx) and not any(True for _ in boxes(tx))
        except (TocsinError, TypeError, ValueError) as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return is_new


def _tells_of(tx: Transaction, secret: bytes) -> bool:
    if audit.is_empty(tx):
        return any(is_opened(box, Secrets(former=secret, present=secret)) for box in boxes(tx))
    return audit.ends_with(tx, secret) or audit.is_of(tx, secret)
