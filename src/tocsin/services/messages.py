"""One delivery becomes one message: values, letter, calendar object, bytes. A pure function of what it is given."""

from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.domain.delivery import Delivery, Frozen
from tocsin.domain.invite import Entry, Invitation, is_told, method_for, revise
from tocsin.domain.letter import Letter
from tocsin.domain.model import Booking, SchedulingLink, Workspace
from tocsin.domain.rules import Action, recipient_key
from tocsin.domain.templates import render
from tocsin.domain.text import one_line
from tocsin.formats import dates, html, ics, mime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a message can speak of. `mail_from` is the sender, `base_url` where the workspace lives."""

    workspace: Workspace
    link: SchedulingLink
    booking: Booking
    mail_from: str
    base_url: str


def compose(
    delivery: Delivery, action: Action, scene: Scene, told: Invitation | None, *, now: datetime
) -> tuple[Frozen, Invitation]:
    """Return the finished message and what its recipient's calendar is told by it.

    `told` is what he was told before: the same content again is the very same object, so that his answer stays.
    """
    values = values_for(scene, delivery.recipient)
    organizer = scene.mail_from if told is None else told.organizer_email
    entry = _entry(action, scene, values, organizer=organizer)
    invitation = _invitation(delivery, entry, told, now=now)
    message_id = f"{delivery.id}.{scene.booking.revision}.{invitation.sequence}@{organizer.rpartition('@')[2]}"
    if not invitation.thread_id:
        invitation = replace(invitation, thread_id=message_id)
    letter = _letter(action, scene, values, invitation, message_id=message_id, now=now)
    frozen = Frozen(
        booking_revision=scene.booking.revision,
        sequence=invitation.sequence,
        message_id=message_id,
        sender=organizer,
        message=mime.write(letter),
        frozen_at=now,
    )
    return frozen, invitation


def values_for(scene: Scene, recipient: str) -> dict[str, str]:
    """Return the value of each template variable for one recipient; `domain.templates.VARIABLES` says what they are."""
    booking, link, locale = scene.booking, scene.link, scene.workspace.locale
    people = {
        "client": booking.client.time_zone,
        "host": booking.host.time_zone,
        "booking": recipient_zone(scene, recipient),
    }
    times = {}
    for group, zone in people.items():
        times[f"{group}.starts_at"] = dates.moment(booking.starts_at, zone, locale)
        times[f"{group}.ends_at"] = dates.moment(booking.ends_at, zone, locale)
    return times | {
        "booking.id": booking.sid,
        "booking.status": booking.status.value,
        "booking.cancel_reason": booking.cancel_reason,
        "booking.outcome": "" if booking.outcome is None else booking.outcome.name,
        "meeting.name": link.name,
        "meeting.description": link.description,
        "meeting.scheduling_url": scheduling_url(scene),
        "meeting.join_url": booking.place.join_url,
        "client.name": booking.client.name,
        "client.first_name": booking.client.first_name,
        "client.last_name": booking.client.last_name,
        "client.email": booking.client.email,
        "host.name": booking.host.name,
        "host.email": booking.host.email,
        "workspace.name": scene.workspace.name,
        "recipient.email": recipient,
    }


def scheduling_url(scene: Scene) -> str:
    """Return the public address of the link: its own, or its slug at the workspace's address."""
    return scene.link.scheduling_url or f"{scene.base_url}/{scene.link.slug}"


def recipient_zone(scene: Scene, recipient: str) -> str:
    """Return the time zone of a recipient: the client's or a host's if he is one, else the workspace's."""
    zones = {recipient_key(host.email): host.time_zone for host in scene.booking.hosts}
    zones[recipient_key(scene.booking.client.email)] = scene.booking.client.time_zone
    return zones.get(recipient_key(recipient), scene.workspace.time_zone)


def _entry(action: Action, scene: Scene, values: dict[str, str], *, organizer: str) -> Entry:
    booking, place = scene.booking, scene.booking.place
    summary = one_line(render(action.calendar_invite_subject, values)).strip()
    recipient = values["recipient.email"]
    return Entry(
        method=method_for(booking),
        uid=booking.uid,
        summary=summary or scene.link.name,
        description=html.to_text(html.fill(action.calendar_invite_body, values)),
        location=place.join_url or place.details,
        url=scheduling_url(scene),
        starts_at=booking.starts_at.replace(microsecond=0),
        ends_at=booking.ends_at.replace(microsecond=0),
        created_at=booking.created_at.replace(microsecond=0),
        organizer_name=booking.host.name,
        organizer_email=organizer,
        attendee_name=_name(scene, recipient),
        attendee_email=recipient,
    )


def _invitation(delivery: Delivery, entry: Entry, told: Invitation | None, *, now: datetime) -> Invitation:
    if told is not None and is_told(entry, told):
        return told
    invite = revise(entry, told, now=now)
    fresh = Invitation(
        booking_id=delivery.booking_id,
        recipient=delivery.recipient,
        uid=entry.uid,
        organizer_email=entry.organizer_email,
        method=entry.method,
        sequence=invite.sequence,
        stamp=invite.stamp,
        digest=entry.digest,
        calendar=ics.write(invite),
        thread_id="",
    )
    return fresh if told is None else replace(fresh, thread_id=told.thread_id)


def _letter(
    action: Action, scene: Scene, values: dict[str, str], invitation: Invitation, *, message_id: str, now: datetime
) -> Letter:
    fragment = html.fill(action.email_body, values)
    subject = one_line(render(action.email_subject, values)).strip()
    return Letter(
        from_name=scene.booking.host.name,
        from_address=invitation.organizer_email,
        reply_to=scene.booking.host.email,
        to_name=_name(scene, values["recipient.email"]),
        to_address=values["recipient.email"],
        subject=subject or scene.link.name,
        text=html.to_text(fragment),
        html=html.page(fragment, locale=scene.workspace.locale),
        method=invitation.method,
        calendar=invitation.calendar,
        message_id=message_id,
        references="" if invitation.thread_id == message_id else invitation.thread_id,
        date=now,
    )


def _name(scene: Scene, recipient: str) -> str:
    names = {recipient_key(host.email): host.name for host in scene.booking.hosts}
    names[recipient_key(scene.booking.client.email)] = scene.booking.client.name
    return names.get(recipient_key(recipient), "")
