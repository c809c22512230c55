"""`send_email`: a mail and nothing for the calendar."""

from datetime import datetime
from functools import partial

from tocsin.domain.actions import SendEmail
from tocsin.domain.delivery import NO_ENTRY, Delivery, Frozen
from tocsin.domain.letter import Letter
from tocsin.formats import mime, scan
from tocsin.services import messages
from tocsin.services.actions.composed import Composed
from tocsin.services.messages import Scene


def compose(delivery: Delivery, action: SendEmail, scene: Scene, *, now: datetime) -> Composed:
    """Return the mail. It joins the thread of the invite that its recipient holds, if he holds one."""
    letter = _letter(delivery, action, scene, now=now)
    frozen = Frozen(
        booking_revision=scene.booking.revision,
        sequence=NO_ENTRY,
        message_id=letter.message_id,
        sender=messages.return_path(scene, letter.from_address, delivery),
        message=mime.write(letter),
        frozen_at=now,
    )
    domain = letter.from_address.rpartition("@")[2]
    complaints = partial(scan.complaints, invites=False)
    return Composed(frozen=frozen, invitation=None, signing_domain=domain, complaints=complaints)


def _letter(delivery: Delivery, action: SendEmail, scene: Scene, *, now: datetime) -> Letter:
    said = messages.mail_text(action, scene, messages.values_for(scene, delivery))
    told = scene.told
    return Letter(
        from_name=scene.booking.host.name,
        from_address=scene.mail_from,
        reply_to=(scene.booking.host.email,),
        to_name=messages.name_of(scene.booking, delivery.recipient),
        to_address=delivery.recipient,
        subject=said.subject,
        text=said.text,
        html=said.html,
        message_id=f"{delivery.id}.{scene.booking.revision}@{scene.mail_from.rpartition('@')[2]}",
        references="" if told is None or told.held_method is None else told.thread_id,
        opt_out_url=scene.opt_out_url,
        date=now,
        own_text=said.own_text,
        own_html=said.own_html,
    )
