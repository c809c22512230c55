"""A letter: what one message says, to whom and from whom, before it is bytes. And its envelope, when it is."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.domain.delivery import Claim, Delivery, Frozen
from tocsin.domain.invite import Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to one recipient.

    `html` is a whole page around the sanitised fragment, and `text` says the same in plain words. What its reader alone is
    told at the end, so that all before is the same for others too, stands apart in `own_html` and `own_text`. `calendar` is the
    iCalendar object, which goes in twice: as the iMIP part (RFC 6047, 2.4) and as an attachment, the same bytes; a plain mail
    has none, and no `method`. `reply_to`
    holds the addresses that an answer goes to. `references`, the Message-ID of the first message of the thread, may be empty.
    `opt_out_url` is where its reader can have no more of them, with one click (RFC 8058); empty for who is part of the booking.
    """

    from_name: str
    from_address: str
    reply_to: tuple[str, ...]
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    message_id: str
    references: str
    date: datetime
    method: Method | None = None
    calendar: str = ""
    opt_out_url: str = ""
    own_html: str = ""
    own_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SMTP is told (RFC 5321, 2.3.1): one sender, one recipient, and the finished bytes.

    A call of a webhook has one too: its recipient is the URL, the bytes are the body, nobody sends it, and `secrets` are what
    it is signed with. `claim` is the attempt in which it is handed over.
    """

    sender: str
    recipient: str
    message: bytes
    claim: Claim
    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, delivery: Delivery, frozen: Frozen, *, secrets: tuple[str, ...] = ()) -> "Envelope":
        """Return the envelope of the attempt at `delivery` that is under way."""
        return cls(
            sender=frozen.sender,
            recipient=delivery.recipient,
            message=frozen.message,
            claim=delivery.claim,
            secrets=secrets,
        )
