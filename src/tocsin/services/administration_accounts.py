"""What an operator does from the command line about accounts; each by name, with plain values.

Beside `administration`, whose office it works with.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.domain.accounts import Account, Role
from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.errors import InvalidInputError
from tocsin.services import accounts, second_factor, subjects
from tocsin.services.administration import Office

Values = Mapping[str, Any]


def run(office: Office, command: str, values: Values) -> Any:
    """Run one of COMMANDS; return its answer in JSON values. Raises TocsinError as the use cases do."""
    return COMMANDS[command](office, values)


def _create(office: Office, values: Values) -> Any:
    try:
        role = Role(values["role"])
    except ValueError as error:
        raise InvalidInputError.of("role", f"{error}; roles are {', '.join(Role)}") from error
    with office.store.transaction(office.workspace(values).id, by=COMMAND_LINE) as tx:
        account = accounts.create(
            tx, values["email"], values["password"], role=role, now=office.clock(), chance=office.chance
        )
    return _account(account)


def _list(office: Office, values: Values) -> Any:
    with office.store.reading(office.workspace(values).id) as tx:
        return [_account(account) for account in accounts.every(tx)]


def _set_password(office: Office, values: Values) -> Any:
    with office.store.transaction(office.workspace(values).id, by=COMMAND_LINE) as tx:
        return _account(accounts.set_password(tx, values["email"], values["password"], chance=office.chance))


def _unbind(office: Office, values: Values) -> Any:
    with office.store.transaction(office.workspace(values).id, by=COMMAND_LINE) as tx:
        return _account(subjects.unbind(tx, accounts.get(tx, values["email"]).id))


def _reset_factor(office: Office, values: Values) -> Any:
    with office.store.transaction(office.workspace(values).id, by=COMMAND_LINE) as tx:
        return _account(second_factor.turn_off(tx, accounts.get(tx, values["email"]).id))


def _delete(office: Office, values: Values) -> Any:
    with office.store.transaction(office.workspace(values).id, by=COMMAND_LINE) as tx:
        return _account(accounts.delete(tx, values["email"]))


def _account(account: Account) -> dict[str, Any]:
    return {
        "email": account.email,
        "role": account.role.value,
        "has_second_factor": account.has_second_factor,
        "is_bound": account.subject is not None,
        "created_at": account.created_at.isoformat(timespec="seconds"),
    }


COMMANDS: dict[str, Callable[[Office, Values], Any]] = {
    "account create": _create,
    "account list": _list,
    "account password": _set_password,
    "account unbind": _unbind,
    "account reset-factor": _reset_factor,
    "account delete": _delete,
}
