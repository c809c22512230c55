"""Who may do what: API keys and their scopes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.domain.errors import PermissionDeniedError
from tocsin.domain.model import WorkspaceId


class Scope(StrEnum):
    """What an API key may be allowed to do. `admin` holds all the others."""

    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    BOOKINGS_READ = "bookings:read"
    BOOKINGS_WRITE = "bookings:write"
    LINKS_READ = "links:read"
    LINKS_WRITE = "links:write"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_WRITE = "deliveries:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of one workspace. Its secret is not here: the store holds a keyed hash of it, and nothing else does."""

    id: str
    workspace_id: WorkspaceId
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None

    def must_allow(self, scope: Scope) -> None:
        """Raise PermissionDeniedError unless the key has `scope`; writing includes reading."""
        wanted = {scope, Scope.ADMIN, Scope(scope.replace(":read", ":write"))}
        if not self.scopes & wanted:
            raise PermissionDeniedError(f"this API key lacks the scope {scope.value}")
