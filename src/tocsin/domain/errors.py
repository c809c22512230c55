"""Every error that Tocsin raises on purpose.

TocsinError                 code
 ├─ InvalidInputError       invalid_input       names each wrong field and what would be right
 ├─ MalformedRequestError   malformed_request   the request cannot be read at all
 ├─ AuthenticationError     not_authenticated
 ├─ SignatureError          wrong_signature     of a call of a source
 ├─ PermissionDeniedError   not_permitted
 ├─ NotFoundError           not_found           the same for another workspace's thing
 ├─ ConflictError           conflict            right request, wrong state
 ├─ TooLargeError           too_large
 ├─ UnsupportedMediaError   unsupported_media
 ├─ RateLimitedError        rate_limited        retry_after in seconds
 ├─ UnavailableError        unavailable         the store is busy or away; retry_after in seconds
 └─ ConfigurationError      configuration       only at start
     └─ StoreInUseError      store_in_use        another process owns the SQLite file

The domain knows codes, never HTTP: `schemas/problems.py` and `cli.py` give each class a status and an exit code.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class TocsinError(Exception):
    """Something that a person can act on; the message says how."""

    code: ClassVar[str] = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One wrong field: its path in the request, such as `actions[0].emails[1]`, and what would be right."""

    field: str
    message: str


class InvalidInputError(TocsinError):
    """One or more fields hold values that cannot be accepted; nothing was stored."""

    code = "invalid_input"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in self.problems))

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidInputError":
        """Return the error for a single wrong field."""
        return cls([Problem(field=field, message=message)])


class MalformedRequestError(TocsinError):
    """The request cannot be read: send a JSON object in UTF-8."""

    code = "malformed_request"


class AuthenticationError(TocsinError):
    """Could not authenticate, invalid API Key"""

    code = "not_authenticated"

    def __init__(self) -> None:
        super().__init__("Could not authenticate, invalid API Key")


class SignatureError(TocsinError):
    """The call of a source does not prove that it comes from there."""

    code = "wrong_signature"

    def __init__(self) -> None:
        super().__init__(
            "the signature is missing, too old, or not made with the secret of this source; nothing was done"
        )


class PermissionDeniedError(TocsinError):
    """The API key is valid but may not do this."""

    code = "not_permitted"


class NotFoundError(TocsinError):
    """There is no such thing in this workspace."""

    code = "not_found"


class ConflictError(TocsinError):
    """The request is right, but the thing is in a state that does not allow it."""

    code = "conflict"


class TooLargeError(TocsinError):
    """The request is larger than is accepted."""

    code = "too_large"


class UnsupportedMediaError(TocsinError):
    """The body is of a type that is not read here: send application/json."""

    code = "unsupported_media"


class RateLimitedError(TocsinError):
    """Too many requests; `retry_after` is in seconds."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(TocsinError):
    """The store is busy or away; `retry_after` is in seconds."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConfigurationError(TocsinError):
    """A setting is wrong; the program does not start."""

    code = "configuration"


class StoreInUseError(ConfigurationError):
    """Another process works on the SQLite file."""

    code = "store_in_use"
