"""What an operator does once the installation's secret was replaced. Nobody else may work on the store meanwhile.

So it is no command that a running server takes: that has its own secret in memory.
"""

from collections.abc import Callable
from typing import Any

from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.errors import ConflictError
from tocsin.domain.model import Workspace
from tocsin.services import replacement, workspaces
from tocsin.services.administration import Office
from tocsin.services.boxes import Secrets, Sort
from tocsin.services.replacement import Ended, Replaced

Told = Callable[[int, int], None]  # how many workspaces are done, and how many there are

NOT_NEEDED = (
    "nothing here was sealed with the secret in --former, and nothing was changed: give the one that the store had before,"
    " unless all of it was sealed anew already (`tocsin doctor` and `tocsin audit verify` tell)"
)
THE_SAME = (
    "the secret in --former is the one in use, and nothing was changed: set the new one first, in TOCSIN_SECRET_KEY or as the"
    " file .key beside the database"
)


def replace(office: Office, former: bytes, told: Told) -> dict[str, Any]:
    """Seal everything anew with the office's secret, a transaction for each workspace; return what became of it.

    Raises ConflictError, before anything is changed, if there is nothing that the `former` secret is needed for.
    """
    secrets = Secrets(former=former, present=office.pepper)
    found = workspaces.every(office.store)
    if not any(_is_needed(office, workspace, secrets) for workspace in found):
        raise ConflictError(THE_SAME if former == office.pepper else NOT_NEEDED)
    done = []
    for number, workspace in enumerate(found):
        told(number, len(found))
        done.append(_replaced(office, workspace, secrets))
    office.store.scrub()  # whoever has read the former secret could open the former boxes
    return {"workspaces": done}


def _is_needed(office: Office, workspace: Workspace, secrets: Secrets) -> bool:
    with office.store.reading(workspace.id) as tx:
        return replacement.is_needed(tx, secrets)


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
        "api_keys": ended.api_keys,
        "recovery_codes": ended.recovery_codes,
        "messages": ended.messages,
        "erased": ended.erased,
        "webhooks": list(ended.webhooks),
        "sources": [{"id": source.id, "name": source.name} for source in ended.sources],
    }
