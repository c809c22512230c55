"""What an operator does once the installation's secret was replaced. Nobody else may work on the store meanwhile.

So it is no command that a running server takes: that has its own secret in memory.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.errors import ConflictError
from tocsin.domain.model import Workspace
from tocsin.services import replacement, workspaces
from tocsin.services.administration import Office
from tocsin.services.boxes import Secrets, Sort
from tocsin.services.replacement import Ended, Replaced, Standing

NOT_NEEDED = (
    "nothing here was sealed with the secret in --former, and nothing was changed:"
    " give the one that the store had before"
)
NOT_LOST = "nothing here tells of another secret than the present one, and nothing was changed"
THE_SAME = (
    "the secret in --former is the one in use, and nothing was changed: set the new one first, in TOCSIN_SECRET_KEY or as the"
    " file .key beside the database"
)


def replaced(
    office: Office, former: bytes | None, *, begin: Callable[[], None] = lambda: None
) -> Iterator[tuple[dict[str, Any], int]]:
    """Seal everything anew with the office's secret, a transaction for each workspace.

    Yield what became of each as soon as that is durable, because nobody can tell it later, and how many there are in all.
    Raises ConflictError, before anything is changed, if there is nothing that the `former` secret is needed for, unless
    all was done before. Who has read the former secret could open the former boxes: `scrub` is to follow. Where it is lost
    (None) boxes and logs stay as they are, and all that it proved ends. `begin` is called before the first is changed.
    """
    secrets = Secrets(former=former or office.pepper, present=office.pepper, is_lost=former is None)
    found = workspaces.every(office.store)
    _must_fit({_standing(office, workspace, secrets) for workspace in found}, secrets)
    begin()
    for workspace in found:
        yield _replaced(office, workspace, secrets), len(found)


def scrub(office: Office) -> None:
    """Leave no former box in the database's files. Raises UnavailableError."""
    office.store.scrub()


def _must_fit(found: set[Standing], secrets: Secrets) -> None:
    if Standing.NEEDED in found or (secrets.is_lost and Standing.FOREIGN in found):
        return
    if secrets.is_lost:
        raise ConflictError(NOT_LOST)
    if secrets.former == secrets.present:
        raise ConflictError(THE_SAME)
    if Standing.DONE not in found or Standing.FOREIGN in found:
        raise ConflictError(NOT_NEEDED)


def _standing(office: Office, workspace: Workspace, secrets: Secrets) -> Standing:
    with office.store.reading(workspace.id) as tx:
        return replacement.standing(tx, secrets)


def _replaced(office: Office, workspace: Workspace, secrets: Secrets) -> dict[str, Any]:
    with office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        made = replacement.replace_in(tx, secrets, now=office.clock())
    with office.store.reading(workspace.id) as tx:
        head = tx.audit.head()
    return _shown(workspace, made) | {"anchor": f"{head.number}:{head.last}" if head.last else None}


def _shown(workspace: Workspace, made: Replaced) -> dict[str, Any]:
    boxes, fault = made.boxes, made.log.fault
    return {
        "subdomain": workspace.subdomain,
        "was_done": made.was_done,
        "boxes": [
            {
                "sort": sort.value,
                "sealed_anew": boxes.sealed[sort],
                "as_before": boxes.left[sort],
                "not_opened": boxes.closed[sort],
            }
            for sort in Sort
        ],
        "not_opened": [{"sort": sort.value, "name": name} for sort, name in boxes.names],
        "log": {
            "sealed_anew": made.log.sealed,
            "fault": None if fault is None else fault.sentence,
            "fault_at": None if fault is None else fault.number,
        },
        "ended": _ended(made.ended),
    }


def _ended(ended: Ended) -> dict[str, Any]:
    return {
        "sessions": ended.sessions,
        "api_keys": len(ended.api_keys),
        "recovery_codes": ended.recovery_codes,
        "messages": ended.messages,
        "erased": ended.erased,
        "webhooks": list(ended.webhooks),
        "sources": [{"id": source.id, "name": source.name} for source in ended.sources],
    }
