"""What comes back of a message: bounces (RFC 3464) and complaints (RFC 5965), and what they mean."""

import re
from dataclasses import dataclass
from enum import StrEnum

_STATUS = re.compile(r"(?P<class>[245])\.(?P<subject>[0-9]{1,3})\.(?P<detail>[0-9]{1,3})", re.ASCII)

# Of the codes about addresses (RFC 3463, 3.2) those that do not say that the recipient's is dead: the address is right (5),
# the sender's is wrong (7, 8), a relay on the way is (9), and two of Microsoft's: several senders (20), our own limit (90).
_NOT_THE_RECIPIENT = frozenset({5, 7, 8, 9, 20, 90})
# Of the others: the mailbox is disabled (RFC 3463, 3.3); no way to the domain (3.5); and what Microsoft's edge says, without
# any mailbox behind it, of an address that does not exist (1) or of a domain that does not (310).
_DEAD = frozenset({(2, 1), (4, 1), (4, 4), (4, 310)})


class BounceKind(StrEnum):
    """How bad a bounce is: given up for good, delayed, or none at all (a report that all went well)."""

    HARD = "hard"
    SOFT = "soft"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A report on the fate of a message. Anybody can write one: which delivery it is about, its text cannot tell.

    `recipient` is whom it names, or empty. `status` is an enhanced code such as 5.1.1, or empty; `diagnostic` the words of the
    server that refused, in one line of at most 500 characters.
    """

    recipient: str
    status: str
    diagnostic: str
    kind: BounceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Somebody's mail provider reports that he has called a message spam. Anybody can write one.

    `return_paths` are the addresses that it gives for where the message came from, the likeliest first.
    """

    recipient: str
    return_paths: tuple[str, ...]


def kind_of(action: str, status: str) -> BounceKind:
    """Return how bad it is when a server reports `action` (RFC 3464, 2.3.3) and `status` (2.3.4)."""
    if is_hard(action, status):
        return BounceKind.HARD
    return BounceKind.SOFT if action.strip().lower() in ("failed", "delayed") else BounceKind.NONE


def is_hard(action: str, status: str) -> bool:
    """Tell whether a server has given a message up for good.

    `failed` alone says so, also with a code 4.x.x: then it was tried for days, and is not tried again. Only a code of success
    beside it is a contradiction, and believed.
    """
    return action.strip().lower() == "failed" and not status.strip().startswith("2")


def names_a_dead_address(status: str) -> bool:
    """Tell whether an enhanced code (RFC 3463) says that nobody is at the recipient's address, so that writing is useless.

    A full mailbox, a message that is too large, or a policy against us says nothing of the kind; nor does a code that says
    nothing in particular, such as 5.0.0.
    """
    found = _STATUS.fullmatch(status.strip())
    if found is None or found["class"] != "5":
        return False
    subject, detail = int(found["subject"]), int(found["detail"])
    if subject == 1:
        return detail not in _NOT_THE_RECIPIENT
    return (subject, detail) in _DEAD
