"""What may stand in a log: nothing that opens anything, and nobody's address, but a name that is always the same for it."""

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tocsin.domain.suppression import suppression_key

LONGEST = 16_000  # characters of one text; of a longer one the middle is left out
HIDDEN = "***"
PERSON = "person"  # the field of a line that holds the address of one, and nothing else
_DIGITS = 16  # hexadecimal, of a person's name: two of a billion people have the same with a chance of 1 in 37
_SHORTEST_SECRET = 4  # characters: to hide shorter ones would spoil whole sentences

# What opens something, by how it looks, wherever it came from.
_SHAPES = (
    (re.compile(r"://[^/\s@]*@"), f"://{HIDDEN}@"),
    (re.compile(r"\b(tocsin_[0-9A-Za-z]{1,64}_)[0-9A-Za-z]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\bwhsec_[0-9A-Za-z+/=]+"), f"whsec_{HIDDEN}"),
    (re.compile(r"\b(bearer|basic)\s+[^\s,;'\"]+", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"(password|passwd|pwd|secret|token|api[_-]?key)(['\"]?\s{0,3}[=:]\s{0,3}['\"]?)[^\s,;&'\"]+",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
    # Links that are signed, addresses that sources call, sessions.
    (re.compile(r"(?<![\w-])(?:[a-z2-7]{52}|[\w-]{64,})(?![\w-])", re.ASCII), HIDDEN),
    # PostgreSQL repeats the row that it refused, pydantic the value.
    (re.compile(r"^(\s*DETAIL:).*", re.MULTILINE), rf"\1 {HIDDEN}"),
    (re.compile(r"input_value=.*?(?=, input_type=|$)", re.MULTILINE), f"input_value={HIDDEN}"),
)
_LOCAL = r"[\w.!#$%&+?^~-]"
_ADDRESS = re.compile(
    rf"(?<!{_LOCAL})(?:\"[^\"\n]{{1,64}}\"|{_LOCAL}+(?:'{_LOCAL}+){{0,3}})(?:@|%40)(?:\[[\w.:]+\]|[\w-]+(?:\.[\w-]+)*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discretion:
    """How an installation writes its logs: `key` makes people's names, `secrets` are hidden wherever they stand."""

    key: bytes = field(repr=False)
    secrets: Collection[str] = field(default=(), repr=False)

    def name_of(self, address: str) -> str:
        """Return what stands for the address of a person: the same in each log of an installation, and no way back."""
        whose = suppression_key(address.replace("%40", "@"))
        return f"person-{hmac.digest(self.key, whose.encode(errors='replace'), 'sha256').hex()[:_DIGITS]}"

    def told(self, text: str) -> str:
        """Return `text` without secrets, with a name for each address."""
        text = _bounded(text)
        for secret in self.secrets:
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, HIDDEN)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return _ADDRESS.sub(lambda found: self.name_of(found[0]), text)

    def told_all(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Return the fields of a line as they may be told; what is no number and no truth is told as text."""
        return {name: self._told_field(name, value) for name, value in fields.items()}

    def _told_field(self, name: str, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.name_of(str(value)) if name == PERSON else self.told(str(value))


def log_key(secret: bytes) -> bytes:
    """Return the key of an installation's names, made from its secret."""
    return hmac.digest(secret, b"names in logs", "sha256")


def in_one_line(text: str) -> str:
    """Return `text` with all that is no plain character written as an escape, so that it cannot look like two lines."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _bounded(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} ... {len(text) - LONGEST} characters ... {text[-half:]}"
