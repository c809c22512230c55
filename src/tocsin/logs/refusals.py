"""Who was refused: a line for each request whose key, session, signature or role did not open what it asked for."""

import logging

from tocsin.domain.errors import AuthenticationError, PermissionDeniedError, RateLimitedError, SignatureError
from tocsin.logs.about import current, note

_REFUSED = (AuthenticationError, PermissionDeniedError, RateLimitedError, SignatureError)
_STATUSES = (401, 403)
_FIELD = "reason"

log = logging.getLogger("tocsin.refusals")


def because(error: Exception) -> None:
    """Keep why a request is refused for its line, if that is what the error says."""
    if isinstance(error, _REFUSED):
        note(**{_FIELD: str(error)})


def write(*, method: str, route: str, status: int, client: str) -> None:
    """Write the line of a request that is answered now, if it was refused; `client` is the network address of who asked.

    A tool that a key may not use is refused by an answer of status 200.
    """
    if _FIELD in current() or status in _STATUSES:
        fields = {"method": method, "route": route, "status": status, "client": client}
        log.warning("a request was refused", extra=fields)
