"""What an operator does from the command line about what a restore holds back; each by name, with plain values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.delivery import Delivery
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.model import Workspace
from tocsin.services import restore
from tocsin.services.administration import Office
from tocsin.services.ports import Transaction
from tocsin.services.preparation import Sender

Values = Mapping[str, Any]

MOST_SHOWN = 1000
_PART = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOffice:
    """What these commands work with: what has left is written down as if it were sent."""

    office: Office
    sender: Sender


def run(desk: RestoreOffice, command: str, values: Values) -> Any:
    """Run one of COMMANDS; return its answer in JSON values. Raises TocsinError as the use cases do."""
    return COMMANDS[command](desk, values)


def _list(desk: RestoreOffice, values: Values) -> Any:
    with desk.office.store.reading(desk.office.workspace(values).id) as tx:
        return [_shown(one) for one in tx.held.page(limit=MOST_SHOWN)]


def _send(desk: RestoreOffice, values: Values) -> Any:
    return _each(desk, values, lambda tx, one: restore.send(tx, one, by=COMMAND_LINE.who, now=desk.office.clock()))


def _done(desk: RestoreOffice, values: Values) -> Any:
    def done(tx: Transaction, one: str) -> Delivery:
        return restore.take_as_sent(tx, desk.sender, one, by=COMMAND_LINE.who, now=desk.office.clock())

    return _each(desk, values, done)


def _each(desk: RestoreOffice, values: Values, deed: Callable[[Transaction, str], Delivery]) -> Any:
    workspace = desk.office.workspace(values)
    if bool(values["ids"]) == values["all"]:
        raise InvalidInputError.of("id", "name deliveries by their ids, or all of them with --all")
    found: list[Any] = []
    for one in values["ids"] or _held(desk, workspace):
        with desk.office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
            found.append(_shown(deed(tx, one)))
    return found


def _held(desk: RestoreOffice, workspace: Workspace) -> Iterator[str]:
    """Yield the ids of all that is held; each of them ends or goes before the next part is read."""
    while True:
        with desk.office.store.reading(workspace.id) as tx:
            part = [one.id for one in tx.held.page(limit=_PART)]
        if not part:
            return
        yield from part


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "recipient": delivery.recipient,
        "event": delivery.event.value,
        "booking_id": delivery.booking_id,
        "due_at": delivery.due_at.isoformat(timespec="seconds"),
        "expires_at": delivery.expires_at.isoformat(timespec="seconds"),
        "state": delivery.state.value,
        "reason": delivery.reason,
    }


COMMANDS: dict[str, Callable[[RestoreOffice, Values], Any]] = {
    "held list": _list,
    "held send": _send,
    "held done": _done,
}
