"""A page as a table names it, the visit that its view is given, and what a view can answer."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from tocsin.bootstrap import App
from tocsin.domain.accounts import Account, Role
from tocsin.domain.audit import By, Through
from tocsin.domain.errors import TocsinError
from tocsin.domain.model import Workspace
from tocsin.domain.sessions import PASSWORD, Seat, Session
from tocsin.formats import dates
from tocsin.services.ports import Transaction
from tocsin.web.fields import Form

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goto:
    """Another page is to be shown. `notice` is a name of NOTICES; `token` begins a session, and ends it if it is empty.

    `openid` is what the browser keeps while somebody is at the sign-in service; empty, it forgets it.
    """

    to: str
    notice: str = ""
    token: str | None = None
    openid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file to keep."""

    name: str
    media_type: str
    content: bytes


Shown = dict[str, Any]  # the values of a template


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The page is shown again by a view that knows better than the table how; `error` gives the status."""

    values: Shown
    error: TocsinError


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """An answer for a script of ours, as JSON."""

    value: Mapping[str, object]


Answer = Shown | Goto | Download | Refusal | Data


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How large a form may be. A rule can be large, and its octets come up to three times as many."""

    octets: int = 262_144
    fields: int = 500


USUAL, WIDE = Room(), Room(octets=2_097_152, fields=2_500)

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
    "rule-made": "The rule is saved, and planned for the coming bookings of its links.",
    "rule-saved": "The change is saved. It holds for what happens from now on.",
    "rule-same": "Nothing was changed, so there is nothing to save.",
    "rule-deleted": "The rule is deleted; what waited of it is withdrawn.",
    "undone": "The rule is again as it was then. That is a change like any other, and can be undone too.",
    "paused": "The delivery is paused: it is not sent until somebody resumes it.",
    "resumed": "The delivery is resumed: it is due as before.",
    "too-late": "The delivery is too late to be sent, and ended as expired.",
    "skipped": "The delivery is skipped: it is never sent.",
    "held-done": "It is taken as sent: nothing leaves, and its recipients hear of changes. What was too late ended as expired.",
    "held-send": "It is in the queue and leaves now. What was too late ended as expired.",
    "held-none": "Nothing was ticked, so nothing was decided.",
    "retrying": "The delivery is in the queue again.",
    "reading": "It is saved. Times are shown like this from now on.",
    "signed-out": "You are signed out.",
    "booked": "The booking is made.",
    "saved": "It is saved.",
    "added": "It is added.",
    "removed": "It is removed.",
    "account-added": "The account is made.",
    "account-removed": "The account is removed, and signed out everywhere.",
    "role": "The role is changed.",
    "factor-reset": "The second factor is gone; the password alone signs in until another one is set up.",
    "factor-needed": "Set up your second factor first: here nobody signs in by a password alone.",
    "factor-off": "Your second factor is off. Your password alone signs you in.",
    "unbound": "The account is signed out, and belongs to whoever comes next from the sign-in service with its address.",
    "password": "You have a new password. Whoever was signed in elsewhere with the former one is signed out.",
    "session-ended": "The session is ended; whoever used it has to sign in.",
    "sessions-ended": "All your other sessions are ended.",
    "password-chosen": "Your password is set. Sign in with it.",
    "key-revoked": "The key opens nothing any more.",
    "dkim-made": "The key is made. Add its record to the DNS, and then let it sign.",
    "dkim-active": "The key signs from now on.",
    "dkim-retired": "The key signs no more, and its private half is gone.",
    "lifted": "The address is off the list. What was ended meanwhile stays ended.",
    "suppressed": "The address is on the list; what waited for it is ended.",
    "source-looks": "It looks as soon as a worker can; this page says how it went.",
    "source-deleted": "The source is deleted, and its address is dead. The bookings that it reported stay.",
    "replayed": "The call was read again; what became of it stands here.",
    "link-deleted": "The link is off the lists. Its bookings and their invites go on.",
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
    seat: Seat  # the network address that it comes from, and the browser
    session: Session | None = None
    origin: str = ""  # of the pages, as this visitor reaches them
    openid: str = ""  # what the cookie of a sign-in by the sign-in service holds
    fetch_site: str = ""  # by whose page the browser says that it was asked for

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
    def seated(self) -> Session:
        """The session of who is signed in."""
        if self.session is None:
            raise AssertionError("only pages without a role are shown to nobody")
        return self.session

    @property
    def lacks_factor(self) -> bool:
        """Whether whoever is signed in has to set up a second factor first."""
        is_needed = self.app.settings.second_factor == "required" and self.seated.way == PASSWORD
        return is_needed and not self.who.has_second_factor

    @property
    def can_write(self) -> bool:
        """Whether there is any use in showing buttons that change something."""
        return self.account is not None and self.account.role is Role.ADMIN

    @property
    def by(self) -> By:
        """Who is signed in, as the audit log names them."""
        who = "somebody who is not signed in" if self.account is None else self.account.email
        return By(who=who, through=Through.PAGES)

    def reading(self) -> AbstractContextManager[Transaction]:
        """Give the workspace for reading."""
        return self.app.store.reading(self.workspace.id)

    def write(self, work: Callable[[Transaction], R]) -> R:
        """Do `work` in one transaction, and then look whether something has fallen due."""
        with self.app.store.transaction(self.workspace.id, by=self.by) as tx:
            done = work(tx)
        self.app.bell.set()
        return done

    @property
    def zone(self) -> str:
        """The zone in which times are shown: the account's own, or the workspace's."""
        return (self.account and self.account.time_zone) or self.workspace.time_zone

    @property
    def locale(self) -> str:
        """The language in which dates are written: the account's own, or the workspace's."""
        return (self.account and self.account.locale) or self.workspace.locale

    def brief(self, moment: datetime, zone: str = "") -> str:
        """Return a moment as short as lists want it, in the zone of the pages unless told: `24 Nov 2026, 15:30`."""
        return dates.brief(moment, zone or self.zone, self.locale)

    def full(self, moment: datetime, zone: str = "") -> str:
        """Return a moment in full, in the zone of the pages unless told."""
        return dates.moment(moment, zone or self.zone, self.locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One entry of a table of pages.

    `view` is given the visit, then the query as `query` and what was sent as `form`, where these are named. It answers with
    the values of `template`, which is in templates/. `role` is what an account must be; None: nobody needs to be signed in.
    With `reads_rows` the view is given what was typed as it is, and says itself what is wrong with it.
    A POST that is wrong shows the page of `again`, on which the form stands; forms are known by the last part of their path.
    """

    path: str
    view: Callable[..., Answer]
    template: str = ""
    method: str = "GET"
    role: Role | None = Role.VIEWER
    query: type[Form] | None = None
    form: type[Form] = Form
    reads_rows: bool = False
    room: Room = USUAL
    again: Callable[[Visit], Shown] | None = field(default=None)

    @property
    def form_name(self) -> str:
        """What the form is known by."""
        return self.path.rpartition("/")[2]
