"""What an action makes of a delivery."""

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.domain.delivery import Frozen
from tocsin.domain.invite import Invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A finished message, and what is to be done with it before it may leave.

    `invitation` is what its recipient's calendar is told by it, None if nothing. `signing_domain` is whose DKIM key signs it,
    empty where none does. `complaints` takes the last look at the bytes: what it returns keeps them from leaving.
    """

    frozen: Frozen
    invitation: Invitation | None
    signing_domain: str
    complaints: Callable[[bytes], list[str]]
