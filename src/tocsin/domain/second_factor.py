"""The second factor of an account: codes that an app makes of a key and the time (RFC 6238), and some for who has lost it."""

import base64
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

STEP_S = 30  # seconds that a code stands in the app, and no longer here (ASVS 5.0, 6.5.5)
RECOVERY_CODES = 10
ANSWER_WITHIN = timedelta(minutes=5)  # between the password and the code
_KEY_OCTETS = 20  # as long as what is made of it (RFC 4226, 4)
_RECOVERY_OCTETS = 15  # 120 bits, 24 letters
_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_BLANKS = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """The second factor of one account.

    `box` holds its key; `since`: when it was confirmed, None until then; `step`: of the code that was taken last, so that
    none is taken twice; `recovery`: hashes of the codes that are left.
    """

    box: bytes = field(repr=False)
    since: datetime | None = None
    step: int = 0
    recovery: tuple[str, ...] = field(default=(), repr=False)

    def without(self, recovery: str) -> "Factor":
        """Return what is left when a code for who has lost the app was used."""
        return replace(self, recovery=tuple(one for one in self.recovery if one != recovery))


def step_of(moment: datetime) -> int:
    """Return which step a moment is in."""
    return int(moment.timestamp()) // STEP_S


def step_to_try(now: datetime, *, after: int) -> int | None:
    """Return the step whose code is taken at `now`; None while that of the code that was taken last goes on."""
    return step_of(now) if step_of(now) > after else None


def typed(code: str) -> str:
    """Return a code as it is compared: without blanks and hyphens, in small letters."""
    return _BLANKS.sub("", code).lower()


def is_of_app(code: str) -> bool:
    """Tell whether `code` is one of an app, and not one for who has lost it."""
    return _CODE.fullmatch(code) is not None


def key_of(secret: str) -> str:
    """Return a key as apps take it, in letters and digits, made of 256 random bits in hexadecimal."""
    return base64.b32encode(bytes.fromhex(secret)[-_KEY_OCTETS:]).decode()


def recovery_code(secret: str) -> str:
    """Return a code for who has lost the app, made of 256 random bits in hexadecimal, such as `abcd-efgh-…`."""
    letters = base64.b32encode(bytes.fromhex(secret)[-_RECOVERY_OCTETS:]).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
