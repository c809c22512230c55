"""Scheduling links and the templates that they are made from."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tocsin.domain.audit import Verb
from tocsin.domain.errors import InvalidInputError, NotFoundError
from tocsin.domain.model import Booking, LinkId, LinkKind, Member, SchedulingLink
from tocsin.services import audit, members
from tocsin.services.ports import Chance, Page, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDraft:
    """What somebody asks a link to be; None keeps what the link, or the template it is made from, has."""

    slug: str | None = None
    name: str | None = None
    hosts: tuple[str, ...] | None = None  # addresses
    duration: timedelta | None = None
    description: str | None = None
    kind: LinkKind | None = None
    spot: str | None = None
    spot_details: str | None = None
    scheduling_url: str | None = None
    is_disabled: bool | None = None
    requires_approval: bool | None = None
    extras: dict[str, Any] = field(default_factory=dict)


def create(
    tx: Transaction, draft: LinkDraft, *, template_id: str | None, is_template: bool, now: datetime, chance: Chance
) -> SchedulingLink:
    """Store a link, copied from a template if one is named. Raises InvalidInputError for a slug in use."""
    blank = SchedulingLink(
        id=LinkId(chance.new_id()),
        sid=chance.new_sid(),
        slug="",
        name="",
        description="",
        kind=LinkKind.ONE_ON_ONE,
        duration=timedelta(minutes=30),
        hosts=(),
        spot="",
        spot_details="",
        scheduling_url="",
        is_template=is_template,
        is_disabled=False,
        requires_approval=False,
        extras={},
        created_at=now,
        updated_at=now,
    )
    made = _store(tx, _copied(tx, blank, template_id), draft, now=now, chance=chance)
    audit.note(tx, Verb.LINK_CREATED, made.id, name=made.name, after=made)
    return made


def update(
    tx: Transaction, link_id: str, draft: LinkDraft, *, is_template: bool, now: datetime, chance: Chance
) -> SchedulingLink:
    """Change what is given. Raises NotFoundError, and InvalidInputError for a slug in use."""
    before = get(tx, link_id, is_template=is_template)
    after = _store(tx, before, draft, now=now, chance=chance)
    audit.note(tx, Verb.LINK_CHANGED, after.id, name=after.name, before=before, after=after)
    return after


def get(tx: Transaction, link_id: str, *, is_template: bool = False) -> SchedulingLink:
    """Return the link (or template) with this id or sid. Raises NotFoundError."""
    link = tx.links.get(link_id) or tx.links.by_sid(link_id)
    if link is None or link.is_template is not is_template:
        raise NotFoundError(f"there is no {'meeting template' if is_template else 'meeting'} with this id")
    return link


def of_booking(tx: Transaction, booking: Booking) -> SchedulingLink:
    """Return the link of a booking, which may be deleted. Raises NotFoundError."""
    link = tx.links.get(booking.link_id, deleted_too=True)
    if link is None:
        raise NotFoundError("there is no meeting of this booking")
    return link


def page(
    tx: Transaction, wanted: Page, *, templates: bool = False, search: str = "", host_email: str = ""
) -> tuple[list[SchedulingLink], int]:
    """Return a page of links, or of templates, and the number of all."""
    return tx.links.page(
        templates=templates, search=search, host_email=host_email, limit=wanted.size, offset=wanted.offset
    )


def delete(tx: Transaction, link_id: str, *, is_template: bool = False, now: datetime) -> None:
    """Take a link off the lists; its bookings and their invites go on. Raises NotFoundError."""
    link = get(tx, link_id, is_template=is_template)
    tx.links.delete(link.id, at=now)
    audit.note(tx, Verb.LINK_DELETED, link.id, name=link.name, before=link)


def _copied(tx: Transaction, blank: SchedulingLink, template_id: str | None) -> SchedulingLink:
    if template_id is None:
        return blank
    template = tx.links.get(template_id)
    if template is None or not template.is_template:
        raise InvalidInputError.of("template_id", "there is no meeting template with this id")
    fresh = {"id": blank.id, "sid": blank.sid, "slug": "", "scheduling_url": "", "is_template": blank.is_template}
    return replace(template, **fresh, created_at=blank.created_at)  # type: ignore[arg-type]  # the names above are fields


def _store(tx: Transaction, link: SchedulingLink, draft: LinkDraft, *, now: datetime, chance: Chance) -> SchedulingLink:
    hosts = link.hosts if draft.hosts is None else members.add_all(tx, draft.hosts, now=now, chance=chance)
    changed = _changed(link, draft, hosts, now=now)
    namesake = tx.links.by_slug(changed.slug)
    if namesake is not None and namesake.id != changed.id:
        raise InvalidInputError.of("slug", f"{changed.slug} is the slug of another meeting; choose another")
    tx.links.put(changed)
    return changed


def _changed(link: SchedulingLink, draft: LinkDraft, hosts: tuple[Member, ...], *, now: datetime) -> SchedulingLink:
    given: dict[str, Any] = {
        "slug": draft.slug,
        "name": draft.name,
        "duration": draft.duration,
        "description": draft.description,
        "kind": draft.kind,
        "spot": draft.spot,
        "spot_details": draft.spot_details,
        "scheduling_url": draft.scheduling_url,
        "is_disabled": draft.is_disabled,
        "requires_approval": draft.requires_approval,
    }
    given = {name: value for name, value in given.items() if value is not None}
    return replace(link, hosts=hosts, extras=link.extras | draft.extras, updated_at=now, **given)
