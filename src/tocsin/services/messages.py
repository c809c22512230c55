"""One delivery becomes one message: values, letter, calendar object, bytes. A pure function of what it is given."""

from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.domain import signed_address
from tocsin.domain.actions import SendEmail, SendInvite
from tocsin.domain.delivery import Cause, Delivery, Frozen
from tocsin.domain.invite import Entry, Invitation, is_told, revise, uid_for
from tocsin.domain.letter import Letter
from tocsin.domain.model import Booking, Client, Member, SchedulingLink, Workspace
from tocsin.domain.recipients import Reader, RecipientSettings, recipient_key
from tocsin.domain.restore import gap
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.signed_address import Purpose
from tocsin.domain.sync import Standing
from tocsin.domain.templates import render
from tocsin.domain.text import one_line
from tocsin.formats import dates, html, ics, mime
from tocsin.formats.footer import footer
from tocsin.formats.fragments import filled
from tocsin.formats.stencils import Fragment
from tocsin.formats.words import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a message can speak of. `mail_from` is the sender, `base_url` where the workspace lives.

    `reader` is in which time zone and locale its recipient reads. `standing` is what is true of its recipient, `told` what his
    calendar was told before. `rsvp` is the answer of the person whom the event is about, if it was one. With `secret` mail to
    our signed addresses is read; without, there are none. `fresh_id` is for an invitation that is new. `opt_out_url` is
    empty for who is part of the booking.
    """

    workspace: Workspace
    link: SchedulingLink
    booking: Booking
    reader: Reader
    mail_from: str
    base_url: str
    standing: Standing
    told: Invitation | None
    rsvp: Rsvp | None
    secret: bytes | None
    fresh_id: str
    opt_out_url: str


def compose(delivery: Delivery, action: SendInvite, scene: Scene, *, now: datetime) -> tuple[Frozen, Invitation]:
    """Return the finished message and what its recipient's calendar is told by it.

    The same content as he was told before is the very same object again, so that his answer stays.
    """
    values = values_for(scene, delivery)
    entry = _entry(action, scene, values)
    invitation = _invitation(delivery, entry, scene, now=now)
    letter = _letter(delivery, action, scene, values, entry=entry, invitation=invitation, now=now)
    frozen = Frozen(
        booking_revision=scene.booking.revision,
        sequence=invitation.sequence,
        message_id=letter.message_id,
        sender=return_path(scene, letter.from_address, delivery),
        message=mime.write(letter),
        frozen_at=now,
    )
    return frozen, invitation


def values_for(scene: Scene, delivery: Delivery) -> dict[str, str]:
    """Return the value of each template variable for one message; `domain.templates.VARIABLES` says what they are."""
    recipient = delivery.recipient
    booking, link, locale = scene.booking, scene.link, scene.reader.locale
    people = {
        "client": booking.client.time_zone,
        "host": booking.host.time_zone,
        "booking": scene.reader.time_zone,
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
        "invitation.email": delivery.about,
        "invitation.rsvp": "" if scene.rsvp is None else scene.rsvp.value,
    }


def scheduling_url(scene: Scene) -> str:
    """Return the public address of the link: its own, or its slug at the workspace's address."""
    return scene.link.scheduling_url or f"{scene.base_url}/{scene.link.slug}"


def reader_of(booking: Booking, workspace: Workspace, recipient: str, settings: RecipientSettings | None) -> Reader:
    """Return how a recipient reads: as is set for his address, else as the client or host that he is, else as the workspace."""
    zone, locale = (None, None) if settings is None else (settings.time_zone, settings.locale)
    person = _person(booking, recipient)
    own_zone = workspace.time_zone if person is None else person.time_zone
    return Reader(time_zone=zone or own_zone, locale=locale or workspace.locale)


def name_of(booking: Booking, recipient: str) -> str:
    """Return the name of a recipient who is part of the booking; empty for others, whose names nobody knows."""
    person = _person(booking, recipient)
    return "" if person is None else person.name


def return_path(scene: Scene, sender: str, delivery: Delivery) -> str:
    """Return the address that bounces of a delivery come back to: signed, or the plain sender where none are read."""
    return _signed(scene, sender, Purpose.BOUNCE, delivery.id) or sender


@dataclass(frozen=True, slots=True, kw_only=True)
class MailText:
    """What a mail says. What all of its readers are told comes before what this one alone is: see `Letter`."""

    subject: str
    text: str
    html: str
    own_text: str
    own_html: str


def mail_text(
    action: SendInvite | SendEmail, scene: Scene, values: dict[str, str], *, news: Fragment | None = None
) -> MailText:
    """Return the texts of an action about a booking, `news` before them."""
    locale = scene.reader.locale
    subject = one_line(render(action.email_subject, values)).strip() or scene.link.name
    body = filled(action.email_body, values)
    if news is not None:
        body = Fragment(html=news.html + body.html, text=_apart(news.text, body.text))
    closing = footer(scene.opt_out_url, scene.workspace.name, locale)
    return MailText(
        subject=subject,
        text=body.text,
        html=html.page(body.html, locale=locale),
        own_text=_apart(body.text, closing.text).removeprefix(body.text),
        own_html=closing.html + html.CLOSING,
    )


def _entry(action: SendInvite, scene: Scene, values: dict[str, str]) -> Entry:
    booking, place, method = scene.booking, scene.booking.place, scene.standing.method
    summary = one_line(render(action.calendar_invite_subject, values)).strip()
    recipient = values["recipient.email"]
    return Entry(
        method=method,
        uid=uid_for(booking, scene.told, method, recipient, gap=_gap(scene)),
        summary=summary or scene.link.name,
        description=filled(action.calendar_invite_body, values).text,
        location=place.join_url or place.details,
        url=scheduling_url(scene),
        starts_at=_to_the_second(booking.starts_at),
        ends_at=_to_the_second(booking.ends_at),
        created_at=_to_the_second(booking.created_at),
        organizer_name=booking.host.name,
        organizer_email=_organizer(scene),
        attendee_name=name_of(booking, recipient),
        attendee_email=recipient,
        is_still_on=scene.standing is Standing.TAKEN_OFF,
    )


def _to_the_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _organizer(scene: Scene) -> str:
    """Return where the answer goes: the same for the whole life of an entry, because some calendars go by it."""
    if scene.told is not None:
        return scene.told.organizer_email
    return _signed(scene, scene.mail_from, Purpose.ANSWER, scene.fresh_id) or scene.mail_from


def _signed(scene: Scene, base: str, purpose: Purpose, thing_id: str) -> str | None:
    if scene.secret is None:
        return None
    wanted = signed_address.reference(purpose, workspace_id=scene.workspace.id, thing_id=thing_id)
    return signed_address.write(base, wanted, scene.secret)


def _invitation(delivery: Delivery, entry: Entry, scene: Scene, *, now: datetime) -> Invitation:
    told = scene.told
    # Nobody can find the first message of a thread of which nothing was ever taken.
    thread_id = "" if told is None or told.held_method is None else told.thread_id
    if told is not None and is_told(entry, told):
        thread_id = thread_id or _message_id(delivery, scene, entry, told.sequence)
        return replace(told, booking_revision=scene.booking.revision, thread_id=thread_id)
    invite = revise(entry, told, now=now, gap=_gap(scene))
    return Invitation(
        booking_id=delivery.booking_id,
        recipient=delivery.recipient,
        uid=entry.uid,
        organizer_email=entry.organizer_email,
        method=entry.method,
        sequence=invite.sequence,
        stamp=invite.stamp,
        digest=entry.digest,
        calendar=ics.write(invite),
        thread_id=thread_id or _message_id(delivery, scene, entry, invite.sequence),
        booking_revision=scene.booking.revision,
        id=scene.fresh_id if told is None else told.id,
    )


def _gap(scene: Scene) -> int:
    return gap(scene.booking, scene.told, scene.workspace.restored_at)


def _message_id(delivery: Delivery, scene: Scene, entry: Entry, sequence: int) -> str:
    return f"{delivery.id}.{scene.booking.revision}.{sequence}@{entry.organizer_email.rpartition('@')[2]}"


def _letter(
    delivery: Delivery,
    action: SendInvite,
    scene: Scene,
    values: dict[str, str],
    *,
    entry: Entry,
    invitation: Invitation,
    now: datetime,
) -> Letter:
    said = _words(delivery, action, scene, values)
    message_id = _message_id(delivery, scene, entry, invitation.sequence)
    sender = signed_address.base_of(entry.organizer_email)
    # Some calendars only take what comes from, or is to be answered to, the ORGANIZER. People answer to a person.
    answers_to = () if sender == entry.organizer_email else (entry.organizer_email,)
    return Letter(
        from_name=scene.booking.host.name,
        from_address=sender,
        reply_to=(*answers_to, scene.booking.host.email),
        to_name=entry.attendee_name,
        to_address=delivery.recipient,
        subject=said.subject,
        text=said.text,
        html=said.html,
        method=invitation.method,
        calendar=invitation.calendar,
        message_id=message_id,
        references="" if invitation.thread_id == message_id else invitation.thread_id,
        opt_out_url=scene.opt_out_url,
        date=now,
        own_text=said.own_text,
        own_html=said.own_html,
    )


def _words(delivery: Delivery, action: SendInvite, scene: Scene, values: dict[str, str]) -> MailText:
    if delivery.cause is not Cause.KEEP_IN_SYNC:
        return mail_text(action, scene, values)
    title, sentence = _news(scene, values)
    said = mail_text(action, scene, values, news=filled(f"<p><strong>{sentence}</strong></p>", values))
    return replace(said, subject=title.format(subject=said.subject))


def _apart(*texts: str) -> str:
    """Return paragraphs as one text."""
    return "\n\n".join(filter(None, texts))


def _news(scene: Scene, values: dict[str, str]) -> tuple[str, str]:
    """Return the subject, around the rule's, and the first sentence (a template) of a message that keeps an invite true."""
    said = words(scene.reader.locale)
    match scene.standing:
        case Standing.INVITED:
            sentence = said.gettext("This meeting has changed. It is now on {{booking.starts_at}}.")
            return said.gettext("Updated: {subject}"), sentence
        case Standing.OVER:
            plain = said.gettext("This meeting was cancelled")
            because = said.gettext("This meeting was cancelled: {{booking.cancel_reason}}")
            return said.gettext("Cancelled: {subject}"), because if values["booking.cancel_reason"] else plain
        case Standing.TAKEN_OFF:  # pragma: no branch  mypy proves that no other is left
            sentence = said.gettext("You are no longer invited to this meeting. It can be removed from your calendar.")
            return said.gettext("Withdrawn: {subject}"), sentence


def _person(booking: Booking, recipient: str) -> Client | Member | None:
    """Return who of the booking a recipient is: its client, or else one of its hosts."""
    key = recipient_key(recipient)
    people: tuple[Client | Member, ...] = (booking.client, *reversed(booking.hosts))
    return next((person for person in people if recipient_key(person.email) == key), None)
