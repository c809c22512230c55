"""One workspace after the installation's secret was replaced: what can be sealed anew is, and what cannot go on ends.

All of it is one transaction. What is done already is left, so that whoever was interrupted begins again.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from itertools import chain

from tocsin.domain.audit import Fault, Verb
from tocsin.domain.person import ERASED_DOMAIN
from tocsin.domain.sources.source import Source
from tocsin.services import audit, dkim, second_factor, source_calls, sources, workspaces
from tocsin.services.boxes import Box, Secrets, Sort
from tocsin.services.ports import Transaction

MOST_NAMED = 1000  # boxes of one workspace that nothing opens


class Standing(Enum):
    """How a workspace stands to the present secret and the former one."""

    DONE = auto()  # it was sealed anew, or never was of another
    NEEDED = auto()  # something is as the former one, or a former algorithm, left it, and can be opened
    EMPTY = auto()  # nothing tells
    FOREIGN = auto()  # it is of neither


@dataclass(slots=True, kw_only=True)
class Boxes:
    """What became of the boxes, how many of each sort: sealed now, sealed so already, and opened by neither secret."""

    sealed: Counter[Sort] = field(default_factory=Counter)
    left: Counter[Sort] = field(default_factory=Counter)
    closed: Counter[Sort] = field(default_factory=Counter)
    names: list[tuple[Sort, str]] = field(default_factory=list)  # of those that neither opens, at most MOST_NAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What became of the audit log: how many entries were sealed now; a fault if it was left as it is because of that."""

    sealed: int = 0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What works no more, because only the former secret could prove it."""

    sessions: int = 0
    api_keys: tuple[str, ...] = ()  # their ids
    recovery_codes: int = 0  # accounts that had some
    messages: int = 0  # with links and addresses in them
    erased: int = 0  # entries of the suppression list of addresses that nobody knows any more
    webhooks: tuple[str, ...] = ()  # URLs
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What was done in one workspace. `ended` is empty where it was done before, and nothing needed the former secret."""

    was_done: bool
    boxes: Boxes
    log: Log
    ended: Ended


def standing(tx: Transaction, secrets: Secrets) -> Standing:
    """Tell whether anything is to be done in a workspace."""
    is_done = audit.is_of(tx, secrets.present)
    is_former = not is_done and audit.is_of(tx, secrets.former)
    if is_former or any(_anew(box, secrets) not in (None, box.sealed) for box in boxes(tx)):
        return Standing.NEEDED
    if is_done:
        return Standing.DONE
    return Standing.EMPTY if audit.is_empty(tx) else Standing.FOREIGN


def replace_in(tx: Transaction, secrets: Secrets, *, now: datetime) -> Replaced:
    """Seal anew what is in a workspace, end what cannot go on, and note it. Nobody else may work on it meanwhile."""
    was_done, before = audit.is_of(tx, secrets.present), tx.audit.head()
    is_former = secrets.is_lost or audit.is_empty(tx) or audit.is_of(tx, secrets.former)
    found = _boxes_anew(tx, secrets)
    is_first_time = not was_done and (is_former or bool(found.sealed))
    ended = _ended(tx, now=now) if is_first_time else Ended()
    log = _checked(tx, secrets) if was_done else _log_anew(tx, secrets)
    # Where all is of a third secret nothing is written, or that one's log would be torn.
    if is_first_time or found.sealed:
        told = _told(found, ended) | ({"former secret": "lost"} if secrets.is_lost else {})
        told |= {"entries": log.sealed, "end before": f"{before.number}:{before.last}"} if log.sealed else {}
        audit.note(tx, Verb.SECRET_REPLACED, tx.workspace_id, name=workspaces.own(tx).subdomain, after=told)
    return Replaced(was_done=was_done and not found.sealed, boxes=found, log=log, ended=ended)


def _told(found: Boxes, ended: Ended) -> dict[str, object]:
    """Return what the log says of it."""
    told: dict[str, object] = {sort.value: number for sort, number in sorted(found.sealed.items())}
    told |= {"not opened": found.closed.total(), "sessions": ended.sessions, "API keys": len(ended.api_keys)}
    told |= {"ids of API keys": ended.api_keys, "accounts with recovery codes": ended.recovery_codes}
    return {name: value for name, value in told.items() if value}


def boxes(tx: Transaction) -> Iterator[Box]:
    """Yield all boxes of a workspace."""
    return chain(dkim.boxes(tx), sources.boxes(tx), source_calls.boxes(tx), second_factor.boxes(tx))


def is_opened(box: Box, secrets: Secrets) -> bool:
    """Tell whether one of the secrets opens a box."""
    return _anew(box, secrets) is not None


def _boxes_anew(tx: Transaction, secrets: Secrets) -> Boxes:
    found = Boxes()
    for box in boxes(tx):
        made = _anew(box, secrets)
        if made is None:
            found.closed[box.sort] += 1
            if len(found.names) < MOST_NAMED:
                found.names.append((box.sort, box.name))
        elif made == box.sealed:
            found.left[box.sort] += 1
        else:
            box.put(made)
            found.sealed[box.sort] += 1
    return found


def _anew(box: Box, secrets: Secrets) -> bytes | None:
    try:
        return box.anew(secrets)
    except ValueError:
        return None


def _log_anew(tx: Transaction, secrets: Secrets) -> Log:
    made = audit.seal_anew(tx, secrets.former)
    return Log(fault=made) if isinstance(made, Fault) else Log(sealed=made)


def _checked(tx: Transaction, secrets: Secrets) -> Log:
    """Look at a log that is of the present secret, or was left as the former one had sealed it: then that one tells where."""
    fault = audit.fault(tx, secrets.present)
    return Log(fault=audit.fault(tx, secrets.former) if fault and audit.begins_with(tx, secrets.former) else fault)


def _ended(tx: Transaction, *, now: datetime) -> Ended:
    live = [key for key in tx.workspaces.keys(tx.workspace_id) if key.is_live(now)]
    for key in live:
        tx.workspaces.revoke(key.id, workspace_id=tx.workspace_id, at=now)
    _, erased = tx.suppressions.page(recipient="", search=f"@{ERASED_DOMAIN}", limit=1, offset=0)
    return Ended(
        sessions=tx.sessions.end_of_everybody(),
        api_keys=tuple(key.id for key in live),
        recovery_codes=second_factor.forget_recovery_codes(tx),
        messages=tx.messages.number(),
        erased=erased,
        webhooks=tuple(tx.webhook_secrets.urls()),
        sources=tuple(tx.sources.all()),
    )
