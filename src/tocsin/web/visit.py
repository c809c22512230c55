"""A page as a table names it, the visit that its view is given, and what a view can answer."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from tocsin.bootstrap import App
from tocsin.domain.accounts import Account, Role
from tocsin.domain.model import Workspace
from tocsin.formats import dates, zones
from tocsin.services.ports import Transaction
from tocsin.web.fields import Form

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goto:
    """Another page is to be shown. `notice` is a name of NOTICES; `token` begins a session, and ends it if it is empty."""

    to: str
    notice: str = ""
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file to keep."""

    name: str
    media_type: str
    content: bytes


Shown = dict[str, Any]  # the values of a template
Answer = Shown | Goto | Download

# What is said once something was done. The address names the sentence and never holds it, so that no link can put words here.
NOTICES = {
    "cancelled": "The booking is cancelled. Whoever holds an invite is told.",
    "approved": "The booking is approved.",
    "rejected": "The booking is rejected.",
    "moved": "The booking is moved.",
    "no-show": "The booking is marked as no-show.",
    "show": "The booking is no longer marked as no-show.",
    "outcome": "The outcome is set.",
    "rule-on": "The rule is on.",
    "rule-off": "The rule is off; what waited of it is withdrawn.",
    "undone": "The rule is again as it was then. That is a change like any other, and can be undone too.",
    "retrying": "The delivery is in the queue again.",
    "signed-out": "You are signed out.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request for a page whose workspace is known, and whose account is if anybody is signed in."""

    app: App
    workspace: Workspace
    account: Account | None
    token: str  # what the session's cookie holds; empty without one
    path: Mapping[str, str]
    query: Mapping[str, str]
    address: str  # path and query
    source: str  # the network address that it comes from

    @property
    def now(self) -> datetime:
        """The moment."""
        return self.app.clock()

    @property
    def who(self) -> Account:
        """Who is signed in, on a page that nobody else sees."""
        if self.account is None:
            raise AssertionError("only pages without a role are shown to nobody")
        return self.account

    @property
    def can_write(self) -> bool:
        """Whether there is any use in showing buttons that change something."""
        return self.account is not None and self.account.role is Role.ADMIN

    def reading(self) -> AbstractContextManager[Transaction]:
        """Give the workspace for reading."""
        return self.app.store.reading(self.workspace.id)

    def write(self, work: Callable[[Transaction], R]) -> R:
        """Do `work` in one transaction, and then look whether something has fallen due."""
        with self.app.store.transaction(self.workspace.id) as tx:
            done = work(tx)
        self.app.bell.set()
        return done

    def brief(self, moment: datetime, zone: str = "") -> str:
        """Return a moment as short as lists want it, in the workspace's zone unless told: `24 Nov 2026, 15:30`."""
        local = zones.local(moment, zone or self.workspace.time_zone)
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M}"

    def full(self, moment: datetime, zone: str = "") -> str:
        """Return a moment in full, in the workspace's zone unless told."""
        return dates.moment(moment, zone or self.workspace.time_zone, self.workspace.locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One entry of a table of pages.

    `view` is given the visit, then the query as `query` and what was sent as `form`, where these are named. It answers with
    the values of `template`, which is in templates/. `role` is what an account must be; None: nobody needs to be signed in.
    A POST that is wrong shows the page of `again`, on which the form stands; forms are known by the last part of their path.
    """

    path: str
    view: Callable[..., Answer]
    template: str = ""
    method: str = "GET"
    role: Role | None = Role.VIEWER
    query: type[Form] | None = None
    form: type[Form] = Form
    again: Callable[[Visit], Shown] | None = field(default=None)

    @property
    def form_name(self) -> str:
        """What the form is known by."""
        return self.path.rpartition("/")[2]


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
