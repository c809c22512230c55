"""Who may use the pages: accounts with a role, and how often signing in is tried."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.domain.errors import PermissionDeniedError
from tocsin.domain.model import WorkspaceId


class Role(StrEnum):
    """What an account may do: everything, or look at everything and change nothing."""

    ADMIN = "admin"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Somebody as an OpenID provider knows him; it gives `name` to nobody else (OpenID Connect Core, 2)."""

    issuer: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may sign in to the pages of one workspace. The password is not here: the store holds a slow hash of it.

    `time_zone` and `locale` are those in which the account reads the pages; None: the workspace's. `subject` is who the
    sign-in service says has it; `has_second_factor`: a password alone lets nobody in.
    """

    id: str
    workspace_id: WorkspaceId
    email: str
    role: Role
    created_at: datetime
    time_zone: str | None = None
    locale: str | None = None
    subject: Subject | None = None
    has_second_factor: bool = False

    def must_be(self, role: Role) -> None:
        """Raise PermissionDeniedError unless the account may do what `role` may; an admin may do all."""
        if self.role not in (role, Role.ADMIN):
            raise PermissionDeniedError(
                f"your account may look and not change; ask somebody with the role {role.value}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often signing in was tried since a moment, for one account or from one address."""

    number: int
    since_at: datetime


TRIES_WINDOW = timedelta(minutes=15)
# An address can be that of a whole office, or of a proxy that does not say for whom it asks.
MOST_TRIES_OF_ACCOUNT = 10
MOST_TRIES_FROM_ADDRESS = 100
