"""What an operator does from the command line about the audit log; each by name, with plain values.

Beside `administration`, whose office it works with.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from tocsin.domain.audit import Entry, what_complaint
from tocsin.domain.errors import InvalidInputError
from tocsin.services import audit
from tocsin.services.administration import Office
from tocsin.services.ports import Page
from tocsin.services.ports_audit import AuditFilter

Values = Mapping[str, Any]

_SHOWN = 1000  # entries of a listing; `audit export` has all
_PART = 1000
_ANCHOR = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})", re.ASCII)


def run(office: Office, command: str, values: Values) -> Any:
    """Run one of COMMANDS; return its answer in JSON values. Raises TocsinError as the use cases do."""
    return COMMANDS[command](office, values)


def _list(office: Office, values: Values) -> Any:
    workspace = office.workspace(values)
    wanted = _filter(values, workspace.time_zone)
    with office.store.reading(workspace.id) as tx:
        found, _ = audit.page(tx, wanted, Page(size=_SHOWN))
    return [_shown(entry) for entry in found]


def _export(office: Office, values: Values) -> Any:
    """Return a part of the log behind an entry, the oldest first: who wants all asks again from the last on."""
    with office.store.reading(office.workspace(values).id) as tx:
        return [_shown(entry) for entry in tx.audit.after(values["after"], limit=_PART)]


def _verify(office: Office, values: Values) -> Any:
    anchor = _anchor(values["anchor"])
    with office.store.reading(office.workspace(values).id) as tx:
        fault, head = audit.fault(tx, office.pepper, anchor=anchor), tx.audit.head()
    return {
        "whole": fault is None,
        "fault": None if fault is None else fault.sentence,
        "fault_at": None if fault is None else fault.number,
        "entries": head.number - head.since,
        "first": head.since + 1,
        "last": head.number,
        "anchor": f"{head.number}:{head.last}" if head.last else None,
    }


def _anchor(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    match = _ANCHOR.fullmatch(text)
    if match is None:
        raise InvalidInputError.of(
            "anchor", "write it as `tocsin audit verify` has shown it: a number, a colon, a seal"
        )
    return int(match[1]), match[2]


def _filter(values: Values, zone: str) -> AuditFilter:
    what = values["what"]
    wrong = what_complaint(what) if what else None
    if wrong is not None:
        raise InvalidInputError.of("what", wrong)
    try:
        day = date.fromisoformat(values["day"]) if values["day"] else None
        return audit.filter_of(who=values["who"], what=what, thing=values["thing"], day=day, zone=zone)
    except ValueError as error:
        raise InvalidInputError.of("day", "write a day such as 2026-11-24") from error


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at.isoformat(timespec="seconds"),
        "who": entry.by.who,
        "through": entry.by.through,
        "verb": entry.deed.verb,
        "kind": entry.deed.kind,
        "id": entry.deed.thing,
        "name": entry.deed.name,
        "before": audit.values_of(entry.deed.before),
        "after": audit.values_of(entry.deed.after),
        "seal": entry.seal,
    }


COMMANDS: dict[str, Callable[[Office, Values], Any]] = {
    "audit list": _list,
    "audit export": _export,
    "audit verify": _verify,
}
