"""The links and hosts that bookings of a source speak of: found here, or made from what arrives."""

import re
from dataclasses import replace
from datetime import datetime
from itertools import count

from tocsin.domain.model import Member, SchedulingLink
from tocsin.domain.sources.news import Details, ExternalLink, Person
from tocsin.domain.sources.source import Source
from tocsin.formats.sources.fields import NotUnderstoodError
from tocsin.services import links, members
from tocsin.services.links import LinkDraft
from tocsin.services.ports import Chance, Transaction

_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9_]+")
LONGEST_SLUG = 80  # characters, and a few more where it is taken


def hosts_of(tx: Transaction, source: Source, details: Details, *, now: datetime, chance: Chance) -> tuple[Member, ...]:
    """Return who hosts a booking; who is no member becomes one. Raises NotUnderstoodError if nobody is named."""
    named = details.hosts or ((Person(email=source.host_email),) if source.host_email else ())
    if not named:
        raise NotUnderstoodError(
            "the call names no host with a mail address; make the source with host_email, and replay the call"
        )
    once = {person.email: person for person in reversed(named)}
    return tuple(_host(tx, once[email], now=now, chance=chance) for email in dict.fromkeys(one.email for one in named))


def link_of(
    tx: Transaction, source: Source, details: Details, hosts: tuple[Member, ...], *, now: datetime, chance: Chance
) -> SchedulingLink:
    """Return the link that an event type is here: the one it was before, or one with its slug, or a new one."""
    known = tx.sources.link_of(source.id, details.link.id)
    found = None if known is None else tx.links.get(known)
    if found is None:
        found = _fitting(tx, details.link) or _made(tx, details, hosts, now=now, chance=chance)
        tx.sources.put_link(source.id, details.link.id, found.id)
    return found


def slug_of(text: str) -> str:
    """Return what of a text can be a slug."""
    return _NOT_IN_A_SLUG.sub("-", text.lower())[:LONGEST_SLUG].strip("-") or "meeting"


def _host(tx: Transaction, person: Person, *, now: datetime, chance: Chance) -> Member:
    known = tx.members.by_email(person.email)
    if known is not None:
        return known
    member = members.add(tx, person.email, now=now, chance=chance)
    named = replace(member, name=person.name or member.name, time_zone=person.time_zone or member.time_zone)
    if named != member:
        tx.members.put(named)
    return named


def _fitting(tx: Transaction, external: ExternalLink) -> SchedulingLink | None:
    """Return the link with the event type's slug, which somebody may have made for it; none that another one is already."""
    found = tx.links.by_slug(slug_of(external.slug))
    return None if found is None or found.is_template or tx.sources.is_taken(found.id) else found


def _made(
    tx: Transaction, details: Details, hosts: tuple[Member, ...], *, now: datetime, chance: Chance
) -> SchedulingLink:
    wanted = slug_of(details.link.slug)
    slugs = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    slug = next(one for one in slugs if tx.links.by_slug(one) is None)
    draft = LinkDraft(
        slug=slug,
        name=details.link.name or slug,
        hosts=tuple(host.email for host in hosts),
        duration=details.ends_at - details.starts_at,
    )
    return links.create(tx, draft, template_id=None, is_template=False, now=now, chance=chance)
