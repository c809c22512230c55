"""Workspaces: made, listed, deleted, and found by the address that a request was sent to."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tocsin.domain.audit import COMMAND_LINE, Verb
from tocsin.domain.errors import InvalidInputError, NotFoundError, Problem
from tocsin.domain.host import BARE, subdomain_of
from tocsin.domain.model import Workspace, WorkspaceId
from tocsin.domain.text import LINE_LENGTH, complaint
from tocsin.formats import dates, zones
from tocsin.services import audit, outcomes
from tocsin.services.ports import Chance, Store, Transaction, Workspaces

_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
RESERVED = frozenset({"www", "api", "mail", "smtp", "admin", "app", "static", "localhost"})


def create(store: Store, workspace: Workspace, *, now: datetime, chance: Chance) -> Workspace:
    """Store a workspace with its built-in outcome. Raises InvalidInputError if its subdomain cannot be or is taken."""
    if not _SUBDOMAIN.fullmatch(workspace.subdomain) or workspace.subdomain in RESERVED:
        what = "use up to 63 of a-z, 0-9 and hyphens, no hyphen at the ends, and none of " + ", ".join(sorted(RESERVED))
        raise InvalidInputError.of("subdomain", f"{workspace.subdomain} cannot be a subdomain; {what}")
    # Only who has the server's own command line can make one.
    with store.transaction(workspace.id, by=COMMAND_LINE) as tx:
        if not tx.workspaces.add(workspace):
            raise InvalidInputError.of("subdomain", f"there is a workspace called {workspace.subdomain} already")
        outcomes.create_built_in(tx, now=now, chance=chance)
        audit.note(tx, Verb.WORKSPACE_CREATED, workspace.id, name=workspace.subdomain, after=workspace)
    return workspace


def every(store: Store) -> list[Workspace]:
    """Return all workspaces by subdomain."""
    with store.directory() as directory:
        return directory.all()


def get(directory: Workspaces, subdomain: str) -> Workspace:
    """Return the workspace at a subdomain. Raises NotFoundError."""
    workspace = directory.by_subdomain(subdomain)
    if workspace is None:
        raise NotFoundError(f"there is no workspace called {subdomain}; `tocsin workspace list` names them")
    return workspace


def at_host(store: Store, hosts: Sequence[str], *, base_host: str) -> Workspace:
    """Return the workspace that a request's Host headers name. Raises NotFoundError.

    While there is only one workspace, the bare base host serves it too.
    """
    subdomain = subdomain_of(hosts, base=base_host)
    with store.directory() as directory:
        found = None
        if subdomain == BARE:
            found = directory.only()
        elif subdomain is not None:
            found = directory.by_subdomain(subdomain)
    if found is None:
        raise NotFoundError(f"there is no workspace here; each lives at its subdomain of {base_host}")
    return found


def change(tx: Transaction, *, name: str, time_zone: str, locale: str) -> Workspace:
    """Change a workspace's name, time zone and locale. Raises NotFoundError; InvalidInputError for what cannot be."""
    wrong = {
        "name": "fill this in" if not name else complaint(name, limit=LINE_LENGTH),
        "time_zone": zones.complaint(time_zone),
        "locale": dates.locale_complaint(locale),
    }
    problems = [Problem(field=field, message=message) for field, message in wrong.items() if message is not None]
    if problems:
        raise InvalidInputError(problems)
    before = own(tx)
    changed = replace(before, name=name, time_zone=time_zone, locale=locale)
    tx.workspaces.change(changed)
    audit.note(tx, Verb.WORKSPACE_CHANGED, changed.id, name=changed.name, before=before, after=changed)
    return changed


def own(tx: Transaction) -> Workspace:
    """Return the workspace of a transaction. Raises NotFoundError if it was deleted meanwhile."""
    workspace = tx.workspaces.by_id(tx.workspace_id)
    if workspace is None:
        raise NotFoundError("this workspace was deleted")
    return workspace


def delete(store: Store, subdomain: str) -> WorkspaceId:
    """Delete a workspace and all that it holds. Raises NotFoundError."""
    with store.registry() as registry:
        workspace = get(registry, subdomain)
        registry.delete(workspace.id)
        return workspace.id
