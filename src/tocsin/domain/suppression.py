"""Suppressions: who gets no more messages, by whose decision, and for which messages that holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from tocsin.domain.model import Booking

WHOLE_WORKSPACE = ""  # in the place of a rule's id
MOST_NOTE = 500  # characters


class SuppressionReason(StrEnum):
    """Why an address is on the list."""

    OPTED_OUT = "opted_out"  # its owner asked for it (RFC 8058)
    BOUNCED = "bounced"  # its server says that nobody is there (RFC 3464)
    COMPLAINED = "complained"  # its owner called a message spam (RFC 5965)
    BY_HAND = "by_hand"  # somebody of the workspace put it there


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One entry of the list. `rule_id` is the rule whose messages it stops, or WHOLE_WORKSPACE."""

    recipient: str
    rule_id: str
    reason: SuppressionReason
    since_at: datetime
    note: str

    @property
    def sentence(self) -> str:
        """Say why a delivery that it stops is not sent."""
        where = "this rule" if self.rule_id else "this workspace"
        return f"{_WORDS[self.reason].format(where=where)} on {self.since_at:%Y-%m-%d}"


_WORDS = {
    SuppressionReason.OPTED_OUT: "the recipient asked for no more messages of {where}",
    SuppressionReason.BOUNCED: "a message of {where} to the recipient came back for good",
    SuppressionReason.COMPLAINED: "the recipient called a message of {where} spam",
    SuppressionReason.BY_HAND: "the recipient was put on the suppression list of {where} by hand",
}


@lru_cache(maxsize=4096)  # asked several times for each message
def suppression_key(address: str) -> str:
    """Return what makes two addresses one on the list: no letter's case counts.

    That is wider than `recipient_key`: a server may tell `Ada@` from `ada@` (RFC 5321, 2.4), but whoever asked for no more
    messages must not get one because somebody typed the address in another way.
    """
    return address.casefold()


def is_part_of(booking: Booking, address: str) -> bool:
    """Tell whether `address` is the client's or a host's: the messages are about a meeting of their own."""
    own = (booking.client.email, *(host.email for host in booking.hosts))
    return suppression_key(address) in map(suppression_key, own)


def covering(listed: Iterable[Suppression], rule_id: str, *, opt_outs: bool = True) -> Suppression | None:
    """Return the one of an address's entries that keeps a rule's messages from it, or None.

    Of several it is the one that tells most of why; an opt-out only counts with `opt_outs`.
    """
    order = (SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED, SuppressionReason.BY_HAND)
    wanted = (*order, SuppressionReason.OPTED_OUT) if opt_outs else order
    counting = [one for one in listed if one.reason in wanted and one.rule_id in (WHOLE_WORKSPACE, rule_id)]
    return min(counting, key=lambda one: (wanted.index(one.reason), one.rule_id), default=None)
