"""The people of a workspace: added by address, named later."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tocsin.domain.audit import Verb
from tocsin.domain.errors import NotFoundError
from tocsin.domain.model import Member, MemberId
from tocsin.services import audit
from tocsin.services.ports import Chance, Page, Transaction


def add(tx: Transaction, email: str, *, role: str = "standard", now: datetime, chance: Chance) -> Member:
    """Return the member with this address, made if there is none; named after the address until somebody sets a name."""
    member = tx.members.by_email(email)
    if member is None:
        workspace = tx.workspaces.by_id(tx.workspace_id)
        zone = "Etc/UTC" if workspace is None else workspace.time_zone
        name = email.partition("@")[0].replace(".", " ").replace("_", " ").title()
        member = Member(id=MemberId(chance.new_id()), name=name, email=email, time_zone=zone, role=role, created_at=now)
        audit.note(tx, Verb.MEMBER_ADDED, member.id, name=member.email, after=member)
    tx.members.put(member)
    return member


def add_all(tx: Transaction, emails: Iterable[str], *, now: datetime, chance: Chance) -> tuple[Member, ...]:
    """Return the members with these addresses in order, each once."""
    return tuple(add(tx, email, now=now, chance=chance) for email in dict.fromkeys(emails))


def get(tx: Transaction, member_id: str) -> Member:
    """Return a member. Raises NotFoundError."""
    member = tx.members.get(member_id)
    if member is None:
        raise NotFoundError("there is no team member with this id")
    return member


def page(tx: Transaction, wanted: Page, *, email: str = "") -> tuple[list[Member], int]:
    """Return a page of members by name and the number of all."""
    return tx.members.page(email=email, limit=wanted.size, offset=wanted.offset)


def update(
    tx: Transaction, member_id: str, *, name: str | None = None, time_zone: str | None = None, role: str | None = None
) -> Member:
    """Change what is given. Raises NotFoundError."""
    member = get(tx, member_id)
    changed = replace(
        member, name=name or member.name, time_zone=time_zone or member.time_zone, role=role or member.role
    )
    tx.members.put(changed)
    audit.note(tx, Verb.MEMBER_CHANGED, member.id, name=changed.email, before=member, after=changed)
    return changed


def remove(tx: Transaction, member_id: str, *, now: datetime) -> None:
    """Take a member off the list; bookings keep their hosts. Raises NotFoundError."""
    member = get(tx, member_id)
    tx.members.remove(member.id, at=now)
    audit.note(tx, Verb.MEMBER_REMOVED, member.id, name=member.email, before=member)
