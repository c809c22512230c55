"""Boxes as they stand in the tables of a workspace: what can be sealed anew. Whoever seals something gives his."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tocsin.formats import secretbox


class Sort(StrEnum):
    """What is in a box, as people call it."""

    DKIM_KEY = "DKIM key"
    SOURCE = "source"
    CALL = "call of a source"
    SECOND_FACTOR = "second factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The installation's secret, and the one that it had before. Where that one is lost, `former` is the present one too."""

    former: bytes
    present: bytes
    is_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box. `name` is what people call what is in it; `put` stores another one in its place."""

    sort: Sort
    name: str
    sealed: bytes
    purpose: str
    identity: tuple[str, ...]
    put: Callable[[bytes], None]

    def anew(self, secrets: Secrets) -> bytes:
        """Return the box as it would be sealed now; the very same if it is so already. Raises ValueError if none opens it."""
        return secretbox.sealed_anew(
            self.sealed,
            former=secrets.former,
            secret=secrets.present,
            purpose=self.purpose,
            identity=self.identity,
        )
