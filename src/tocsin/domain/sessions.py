"""Sessions: somebody who is signed in, for how long, and on how many browsers at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

IDLE = timedelta(hours=8)
LONGEST = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
MOST_AT_ONCE = 20  # of one account; one more ends the oldest
# Whoever has signed in so lately need not show his password again.
FRESH = timedelta(minutes=10)
PASSWORD, SERVICE = "password", "sign-in service"  # ways to sign in

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"),
             ("Chrome", "Chrome"), ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("iPhone", "iOS"), ("iPad", "iOS"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
            ("Linux", "Linux"))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where somebody signs in: the network address, and the browser as `browser_of` calls it."""

    source: str
    browser: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An account that is signed in. It ends when nobody has used it for IDLE, and LONGEST after signing in at last.

    `name` tells it from the account's others, and opens nothing.
    """

    account_id: str
    created_at: datetime
    seen_at: datetime
    seat: Seat
    way: str = PASSWORD
    name: str = ""

    def is_over(self, now: datetime) -> bool:
        """Tell whether the session has run out."""
        return now >= min(self.seen_at + IDLE, self.created_at + LONGEST)

    def is_to_be_seen(self, now: datetime) -> bool:
        """Tell whether it is worth a write that the session is used; not at every look at a page."""
        return now >= self.seen_at + SEEN_EVERY

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether it began so lately that whoever uses it has just shown who he is."""
        return now < self.created_at + FRESH


def browser_of(user_agent: str) -> str:
    """Return the family of a browser and its system, such as `Firefox on Linux`, of what it says of itself; empty if unknown.

    No more is kept of it: versions and devices would tell people apart who need not be.
    """
    family = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    return f"{family} on {system}" if family and system else family or system


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((told for mark, told in names if mark in text), "")
