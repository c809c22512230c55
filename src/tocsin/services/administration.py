"""What an operator does from the command line: workspaces, keys, and looking at rules; each by name, with plain values.

The same commands run in the program itself or, where one process owns the store, in the server that does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.domain.access import ApiKey, KeyDraft, Scope
from tocsin.domain.actions import SendInvite
from tocsin.domain.audit import COMMAND_LINE
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.model import Workspace, WorkspaceId
from tocsin.domain.rules import AutomationRule
from tocsin.domain.text import LINE_LENGTH, complaint
from tocsin.domain.webhook import url_complaint
from tocsin.formats import addresses, dates, zones
from tocsin.services import access, limits, rules, webhooks, workspaces
from tocsin.services.ports import Chance, Clock, Page, Store

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the commands work with. `webhook_allow` are origins inside that may be called."""

    store: Store
    clock: Clock
    chance: Chance
    pepper: bytes
    url_of: Callable[[str], str]
    webhook_allow: frozenset[str] = frozenset()

    def workspace(self, values: Mapping[str, Any]) -> Workspace:
        """Return the workspace that a command names. Raises NotFoundError."""
        with self.store.directory() as directory:
            return workspaces.get(directory, values["subdomain"])


def run(office: Office, command: str, values: Values) -> Any:
    """Run a command; return its answer in JSON values. Raises TocsinError as the use cases do."""
    if command not in _COMMANDS:
        raise InvalidInputError.of("command", f"there is no command {command}")
    return _COMMANDS[command](office, values)


def _create_workspace(office: Office, values: Values) -> Any:
    subdomain, now, locale = str(values["subdomain"]), office.clock(), values.get("locale") or "en"
    for field, wrong in (
        ("name", complaint(values["name"] or "", limit=LINE_LENGTH)),
        ("time_zone", zones.complaint(values["time_zone"])),
        ("locale", dates.locale_complaint(locale)),
        ("mail_from", addresses.sender_complaint(values["mail_from"]) if values["mail_from"] else None),
    ):
        if wrong is not None:
            raise InvalidInputError.of(field, wrong)
    workspace = Workspace(
        id=WorkspaceId(office.chance.new_id()),
        subdomain=subdomain,
        name=values["name"] or subdomain.replace("-", " ").title(),
        time_zone=values["time_zone"],
        locale=locale,
        mail_from=values["mail_from"],
        created_at=now,
    )
    return _workspace(office, workspaces.create(office.store, workspace, now=now, chance=office.chance))


def _list_workspaces(office: Office, _values: Values) -> Any:
    return [_workspace(office, workspace) for workspace in workspaces.every(office.store)]


def _show_workspace(office: Office, values: Values) -> Any:
    with office.store.directory() as directory:
        workspace = workspaces.get(directory, values["subdomain"])
    with office.store.reading(workspace.id) as tx:
        pause = limits.pause_of(tx)
    return _workspace(office, workspace) | {
        "sending_paused_at": None if pause is None else pause.since_at.isoformat(timespec="seconds"),
        "sending_paused_because": None if pause is None else pause.because,
    }


def _delete_workspace(office: Office, values: Values) -> Any:
    workspaces.delete(office.store, values["subdomain"])
    return {"deleted": values["subdomain"]}


def _create_key(office: Office, values: Values) -> Any:
    try:
        scopes = [Scope(scope) for scope in values["scopes"] or [Scope.ADMIN]]
    except ValueError as error:
        raise InvalidInputError.of("scope", f"{error}; scopes are {', '.join(Scope)}") from error
    wrong = complaint(values["name"] or "", limit=LINE_LENGTH)
    if wrong is not None:
        raise InvalidInputError.of("name", wrong)
    key, text = access.create_key(
        office.store,
        values["subdomain"],
        KeyDraft(name=values["name"], scopes=frozenset(scopes), expires_at=_end(office, values.get("days"))),
        pepper=office.pepper,
        now=office.clock(),
        chance=office.chance,
    )
    return _key(key) | {"key": text}


def _end(office: Office, days: int | None) -> datetime | None:
    return None if days is None else office.clock() + timedelta(days=days)


def _list_keys(office: Office, values: Values) -> Any:
    return [_key(key) for key in access.keys(office.store, values["subdomain"])]


def _revoke_key(office: Office, values: Values) -> Any:
    access.revoke_key(office.store, values["subdomain"], values["id"], now=office.clock())
    return {"revoked": values["id"]}


def _list_rules(office: Office, values: Values) -> Any:
    with office.store.directory() as directory:
        workspace = workspaces.get(directory, values["subdomain"])
    with office.store.reading(workspace.id) as tx:
        found, _ = rules.page(tx, Page(size=1000))
    return [_rule(rule) for rule in found]


def _show_rule(office: Office, values: Values) -> Any:
    with office.store.directory() as directory:
        workspace = workspaces.get(directory, values["subdomain"])
    with office.store.reading(workspace.id) as tx:
        return _rule(rules.get(tx, values["id"]))


def _renew_webhook_secret(office: Office, values: Values) -> Any:
    url, now = values["url"], office.clock()
    wrong = url_complaint(url, allowed=office.webhook_allow)
    if wrong is not None:
        raise InvalidInputError.of("url", wrong)
    with office.store.directory() as directory:
        workspace = workspaces.get(directory, values["subdomain"])
    with office.store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        return {"url": url, "secret": webhooks.renew_secret(tx, url, secret=office.pepper, now=now)}


def _workspace(office: Office, workspace: Workspace) -> dict[str, Any]:
    return {
        "id": workspace.id,
        "subdomain": workspace.subdomain,
        "name": workspace.name,
        "url": office.url_of(workspace.subdomain),
        "time_zone": workspace.time_zone,
        "locale": workspace.locale,
        "mail_from": workspace.mail_from,
        "created_at": workspace.created_at.isoformat(timespec="seconds"),
    }


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(timespec="seconds"),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(timespec="seconds"),
    }


def _rule(rule: AutomationRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "event": rule.event.value,
        "enabled": rule.enabled,
        "offset_minutes": [offset // timedelta(minutes=1) for offset in rule.offsets],
        "conditions": [str(condition) for condition in rule.conditions],
        "keep_in_sync": any(isinstance(action, SendInvite) and action.keep_in_sync for action in rule.actions),
        "meeting_ids": list(rule.link_ids),
        "recipients": sorted({one for action in rule.actions for one in action.entries}),
        "revision": rule.revision,
        "created_at": rule.created_at.isoformat(timespec="seconds"),
    }


_COMMANDS: dict[str, Callable[[Office, Values], Any]] = {
    "workspace create": _create_workspace,
    "workspace list": _list_workspaces,
    "workspace show": _show_workspace,
    "workspace delete": _delete_workspace,
    "key create": _create_key,
    "key list": _list_keys,
    "key revoke": _revoke_key,
    "rules list": _list_rules,
    "rules show": _show_rule,
    "webhook secret": _renew_webhook_secret,
}
