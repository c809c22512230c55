"""`send_calendar_invite_to_anyone`: a mail with a calendar object."""

from datetime import datetime

from tocsin.domain.actions import SendInvite
from tocsin.domain.delivery import Delivery
from tocsin.formats import scan
from tocsin.services import messages
from tocsin.services.actions.composed import Composed
from tocsin.services.messages import Scene


def compose(delivery: Delivery, action: SendInvite, scene: Scene, *, now: datetime) -> Composed:
    """Return the mail with the invite or its withdrawal."""
    frozen, invitation = messages.compose(delivery, action, scene, now=now)
    return Composed(
        frozen=frozen,
        invitation=invitation,
        signing_domain=invitation.organizer_email.rpartition("@")[2],
        complaints=scan.complaints,
    )
