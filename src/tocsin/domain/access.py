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
    AUDIT_READ = "audit:read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDraft:
    """A key as somebody asks for it; without `expires_at` it has no end."""

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of one workspace. Its secret is not here: the store holds a keyed hash of it, and nothing else does."""

    id: str
    workspace_id: WorkspaceId
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether the key opens anything: it was not revoked, and has not run out."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def must_allow(self, scope: Scope) -> None:
        """Raise PermissionDeniedError unless the key has `scope`; writing includes reading."""
        wanted = {scope, Scope.ADMIN, scope.replace(":read", ":write")}
        if not self.scopes & wanted:
            raise PermissionDeniedError(f"this API key lacks the scope {scope.value}")
