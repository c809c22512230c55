"""The pages of the settings, in the order in which they are named beside each of them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page of the settings, as the navigation names it."""

    name: str
    path: str
    for_admins: bool = False

    def is_at(self, address: str) -> bool:
        """Tell whether a page at `address` belongs to it."""
        path = address.partition("?")[0]
        return path == self.path or (self.path != ENTRIES[0].path and path.startswith(f"{self.path}/"))


# A page more is one line here, its views in a module of `web.settings`, and those in `settings.pages`.
ENTRIES: Sequence[Entry] = (
    Entry(name="Workspace", path="/settings"),
    Entry(name="Sender", path="/settings/sender"),
    Entry(name="Accounts", path="/settings/people"),
    Entry(name="Members", path="/settings/members"),
    Entry(name="Scheduling links", path="/settings/links"),
    Entry(name="Sources", path="/settings/sources"),
    Entry(name="Outcomes", path="/settings/outcomes"),
    Entry(name="Recipients", path="/settings/recipients"),
    Entry(name="Suppression list", path="/settings/suppressions"),
    Entry(name="Limits", path="/settings/limits"),
    Entry(name="API keys", path="/settings/keys"),
    Entry(name="Audit log", path="/settings/audit", for_admins=True),
    Entry(name="You", path="/settings/me"),
)
