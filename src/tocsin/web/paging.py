"""Lists in parts: which part is shown, and the addresses of its neighbours, which keep the filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

SHOWN = 50  # entries of a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """One part of a list of `total` entries."""

    path: str
    query: Mapping[str, str]
    number: int
    total: int

    @property
    def first(self) -> int:
        """The place of the first entry that is shown, from 1."""
        return min((self.number - 1) * SHOWN + 1, self.total)

    @property
    def last(self) -> int:
        """The place of the last one."""
        return min(self.number * SHOWN, self.total)

    @property
    def before(self) -> str:
        """The address of the part before; empty if there is none."""
        return self._address(self.number - 1) if self.number > 1 else ""

    @property
    def after(self) -> str:
        """The address of the part after; empty if there is none."""
        return self._address(self.number + 1) if self.last < self.total else ""

    @property
    def kept(self) -> str:
        """The filters, as the query of an address."""
        return urlencode({name: value for name, value in self.query.items() if value and name not in ("page", "done")})

    def _address(self, number: int) -> str:
        return f"{self.path}?" + "&".join(filter(None, (self.kept, f"page={number}")))
