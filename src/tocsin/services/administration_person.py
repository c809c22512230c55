"""What an operator does from the command line about one person, and how long what is kept; with plain values."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.discretion import Discretion, log_key
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.retention import Kept
from tocsin.formats import addresses
from tocsin.services import persons, retention
from tocsin.services.administration import Office

Values = Mapping[str, Any]


def run(office: Office, command: str, values: Values) -> Any:
    """Run one of COMMANDS; return its answer in JSON values. Raises TocsinError as the use cases do."""
    return COMMANDS[command](office, values)


def _export(office: Office, values: Values) -> Any:
    with office.store.reading(office.workspace(values).id) as tx:
        return persons.export(tx, values["address"])


def _log_name(office: Office, values: Values) -> Any:
    wrong = addresses.sender_complaint(values["address"])
    if wrong is not None:
        raise InvalidInputError.of("address", wrong)
    return Discretion(key=log_key(office.pepper)).name_of(addresses.normal(values["address"]))


def _erase(office: Office, values: Values) -> Any:
    with office.store.transaction(office.workspace(values).id, by=COMMAND_LINE) as tx:
        changed = persons.erase(tx, values["address"], secret=office.pepper, now=office.clock())
        stone = tx.persons.tombstone(addresses.normal(values["address"]))
    office.store.scrub()
    return {"erased_as": stone, "changed": dict(changed)}


def _retention(office: Office, values: Values) -> Any:
    workspace = office.workspace(values)
    said = {name: values[name] for name in ("messages", "bookings") if values[name] is not None}
    if values["reset"] or said:
        with office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
            retention.keep(tx, replace(Kept() if values["reset"] else tx.retention.kept(), **said))
    with office.store.reading(workspace.id) as tx:
        kept = tx.retention.kept()
    set_by = "default" if kept == Kept() else "operator"
    return {"messages_days": kept.words.days, "bookings_days": kept.bookings, "set_by": set_by}


COMMANDS: dict[str, Callable[[Office, Values], Any]] = {
    "person export": _export,
    "person erase": _erase,
    "person log-name": _log_name,
    "workspace retention": _retention,
}
