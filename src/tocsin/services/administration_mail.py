"""What an operator does from the command line about signatures: DKIM keys, each by name, with plain values.

Beside `administration`, whose office it works with. It also asks the DNS, so it knows the way there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.dkim import Algorithm, DkimKey, KeyState, selector_complaint
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.model import Workspace
from tocsin.services import dkim
from tocsin.services.administration import Office
from tocsin.services.identity import domain_of
from tocsin.services.ports_sender import NewNames

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOffice:
    """What the commands work with. `mail_from` is the sender of workspaces without their own."""

    office: Office
    mail_from: str
    names: NewNames


def run(desk: MailOffice, command: str, values: Values) -> Any:
    """Run one of COMMANDS; return its answer in JSON values. Raises TocsinError as the use cases do."""
    return COMMANDS[command](desk, values)


def _create(desk: MailOffice, values: Values) -> Any:
    workspace, now = desk.office.workspace(values), desk.office.clock()
    domain = _domain(desk, workspace, values)
    selector = values["selector"] or dkim.dated_selector(workspace.subdomain, now)
    wrong = selector_complaint(selector)
    if wrong is not None:
        raise InvalidInputError.of("selector", f"{selector} cannot be a selector; {wrong}")
    with desk.office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        key = dkim.create(
            tx,
            domain,
            selector=selector,
            algorithm=_algorithm(values["algorithm"]),
            secret=desk.office.pepper,
            now=now,
        )
    return _key(key)


def _list(desk: MailOffice, values: Values) -> Any:
    with desk.office.store.reading(desk.office.workspace(values).id) as tx:
        return [_key(key) for key in dkim.of_workspace(tx)]


def _activate(desk: MailOffice, values: Values) -> Any:
    workspace = desk.office.workspace(values)
    domain = _domain(desk, workspace, values)
    with desk.office.store.reading(workspace.id) as tx:
        key = dkim.get(tx, domain, values["selector"])
    if key.state is KeyState.WAITING and not values["force"]:
        _must_be_published(desk, key)
    with desk.office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        return _key(dkim.activate(tx, domain, key.selector, now=desk.office.clock()))


def _retire(desk: MailOffice, values: Values) -> Any:
    workspace = desk.office.workspace(values)
    domain = _domain(desk, workspace, values)
    with desk.office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        return _key(dkim.retire(tx, domain, values["selector"], now=desk.office.clock()))


def _must_be_published(desk: MailOffice, key: DkimKey) -> None:
    wrong = dkim.publication_complaint(key, desk.names())
    if wrong is not None:
        what = f"{key.name} cannot be checked by receivers yet: {wrong}"
        raise ConflictError(f"{what}; add the record that `tocsin dkim list` shows, or give --force")


def _domain(desk: MailOffice, workspace: Workspace, values: Values) -> str:
    """Return the domain that was asked for, or that of the workspace's sender."""
    if values["domain"]:
        return dkim.normal_domain(values["domain"])
    sender = workspace.mail_from or desk.mail_from
    domain = domain_of(sender)
    if not domain:
        raise InvalidInputError.of("domain", f"{sender} is at no domain that can be signed for; give one with --domain")
    return domain


def _algorithm(value: str) -> Algorithm:
    try:
        return Algorithm(value)
    except ValueError as error:
        raise InvalidInputError.of("algorithm", f"use one of {', '.join(Algorithm)}") from error


def _key(key: DkimKey) -> dict[str, Any]:
    return {
        "domain": key.domain,
        "selector": key.selector,
        "algorithm": key.algorithm.value,
        "state": key.state.value,
        "name": key.name,
        "type": "TXT",
        "value": key.public_record,
        "record": key.zone_line,
        **{
            field: None if moment is None else moment.isoformat(timespec="seconds")
            for field, moment in (
                ("created_at", key.created_at),
                ("activated_at", key.activated_at),
                ("retired_at", key.retired_at),
            )
        },
    }


COMMANDS: dict[str, Callable[[MailOffice, Values], Any]] = {
    "dkim create": _create,
    "dkim list": _list,
    "dkim activate": _activate,
    "dkim retire": _retire,
}
