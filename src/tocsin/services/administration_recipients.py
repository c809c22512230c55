"""What an operator does from the command line about recipients and limits; each by name, with plain values.

Beside `administration`, whose office it works with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.limits import Limits, Scope
from tocsin.domain.recipients import RecipientSettings
from tocsin.domain.suppression import MOST_NOTE, Suppression
from tocsin.domain.text import complaint
from tocsin.formats import addresses
from tocsin.services import limits, recipients, suppressions
from tocsin.services.administration import Office
from tocsin.services.limits import Use
from tocsin.services.ports import Page, Transaction

Values = Mapping[str, Any]

_SHOWN = 1000  # entries of the list; the API has pages


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientsOffice:
    """What the commands work with. `limits` are the installation's."""

    office: Office
    limits: Limits


def run(desk: RecipientsOffice, command: str, values: Values) -> Any:
    """Run one of COMMANDS; return its answer in JSON values. Raises TocsinError as the use cases do."""
    return COMMANDS[command](desk, values)


def _list(desk: RecipientsOffice, values: Values) -> Any:
    with desk.office.store.reading(desk.office.workspace(values).id) as tx:
        found, _ = suppressions.page(tx, Page(size=_SHOWN), recipient=values["recipient"])
    return [_suppression(one) for one in found]


def _add(desk: RecipientsOffice, values: Values) -> Any:
    wrong = addresses.complaint(values["recipient"])
    if wrong is not None:
        raise InvalidInputError.of("recipient", wrong)
    wrong = complaint(values["note"], limit=MOST_NOTE)
    if wrong is not None:
        raise InvalidInputError.of("note", wrong)
    workspace, recipient = desk.office.workspace(values), addresses.normal(values["recipient"])
    with desk.office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        entry = suppressions.add(tx, recipient, rule_id=values["rule_id"], note=values["note"], now=desk.office.clock())
    return _suppression(entry)


def _remove(desk: RecipientsOffice, values: Values) -> Any:
    with desk.office.store.transaction(desk.office.workspace(values).id, by=COMMAND_LINE) as tx:
        return {"removed": suppressions.remove(tx, values["recipient"], rule_id=values["rule_id"])}


def _recipients(desk: RecipientsOffice, values: Values) -> Any:
    with desk.office.store.reading(desk.office.workspace(values).id) as tx:
        found, _ = recipients.page(tx, Page(size=_SHOWN))
    return [_settings(one) for one in found]


def _set_recipient(desk: RecipientsOffice, values: Values) -> Any:
    """Set what is given; an empty text takes away what was set, and what is None stays."""
    with desk.office.store.transaction(desk.office.workspace(values).id, by=COMMAND_LINE) as tx:
        try:
            former = recipients.get(tx, values["address"])
            zone, locale = former.time_zone, former.locale
        except NotFoundError:
            zone, locale = None, None
        zone = zone if values["time_zone"] is None else values["time_zone"] or None
        locale = locale if values["locale"] is None else values["locale"] or None
        put = recipients.put(tx, values["address"], time_zone=zone, locale=locale, now=desk.office.clock())
    return _settings(put)


def _remove_recipient(desk: RecipientsOffice, values: Values) -> Any:
    with desk.office.store.transaction(desk.office.workspace(values).id, by=COMMAND_LINE) as tx:
        recipients.remove(tx, values["address"])
    return {"removed": values["address"]}


def _limits(desk: RecipientsOffice, values: Values) -> Any:
    now, own = desk.office.clock(), {scope.value: values[scope.value] for scope in Scope}
    with desk.office.store.transaction(desk.office.workspace(values).id, by=COMMAND_LINE) as tx:
        if values["reset"] or any(text is not None for text in own.values()):
            limits.override(tx, **own, reset=values["reset"], now=now)
        return _standing(tx, desk.limits, now=now)


def _resume(desk: RecipientsOffice, values: Values) -> Any:
    workspace = desk.office.workspace(values)
    with desk.office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        try:
            return {"resumed": workspace.subdomain, "freed": limits.resume(tx, now=desk.office.clock())}
        except ConflictError as error:
            raise ConflictError(f"{workspace.subdomain}: {error}") from error


def _standing(tx: Transaction, defaults: Limits, *, now: datetime) -> list[dict[str, Any]]:
    own = tx.usage.overrides()
    of_scope: dict[Scope, list[Use]] = {scope: [] for scope in Scope}
    for use in limits.uses(tx, defaults, now=now):
        of_scope[use.limit.scope].append(use)
    return [
        {
            "scope": scope.value,
            "limit": ",".join(str(use.limit) for use in uses) or "none",
            "set_by": "default" if getattr(own, scope.value) is None else "operator",
            "used": [use.used for use in uses if use.used is not None],
        }
        for scope, uses in of_scope.items()
    ]


def _suppression(one: Suppression) -> dict[str, Any]:
    return {
        "recipient": one.recipient,
        "rule_id": one.rule_id or None,
        "reason": one.reason.value,
        "since_at": one.since_at.isoformat(timespec="seconds"),
        "note": one.note,
    }


def _settings(one: RecipientSettings) -> dict[str, Any]:
    return {
        "address": one.address,
        "time_zone": one.time_zone,
        "locale": one.locale,
        "updated_at": one.updated_at.isoformat(timespec="seconds"),
    }


COMMANDS: dict[str, Callable[[RecipientsOffice, Values], Any]] = {
    "suppression list": _list,
    "suppression add": _add,
    "suppression remove": _remove,
    "recipient list": _recipients,
    "recipient set": _set_recipient,
    "recipient remove": _remove_recipient,
    "workspace limits": _limits,
    "workspace resume": _resume,
}
