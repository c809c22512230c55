"""What signing and the checks of a sender need from outside: DKIM keys, a part of `ports.Transaction`, and the DNS."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from tocsin.domain.dkim import DkimKey
from tocsin.domain.lookup import Lookup
from tocsin.domain.webhook import WebhookSecret


class DkimKeys(Protocol):
    """What a workspace signs its messages with."""

    def add(self, key: DkimKey) -> bool: ...
    def all(self) -> list[DkimKey]: ...
    def get(self, domain: str, selector: str) -> DkimKey | None: ...
    def signing(self, domain: str) -> DkimKey | None: ...
    def activate(self, domain: str, selector: str, *, at: datetime) -> bool: ...
    def retire(self, domain: str, selector: str, *, at: datetime) -> bool: ...
    def put_box(self, domain: str, selector: str, box: bytes) -> None: ...


class WebhookSecrets(Protocol):
    """Which secret calls of each webhook are signed with."""

    def of(self, url: str, *, limit: int) -> list[WebhookSecret]: ...
    def make(self, url: str, *, now: datetime) -> WebhookSecret: ...
    def urls(self) -> list[str]: ...


class SenderTables(Protocol):
    """The tables of one workspace that speak of it as a sender."""

    @property
    def webhook_secrets(self) -> WebhookSecrets: ...

    @property
    def dkim_keys(self) -> DkimKeys: ...


class Names(Protocol):
    """Asks the DNS. One for each round of questions, which together take a few seconds at most; never raises."""

    def txt(self, name: str) -> Lookup:
        """Return the texts of the TXT records of `name`, each put together from its strings."""
        ...

    def mx(self, name: str) -> Lookup:
        """Return the hosts that take mail for `name`, the preferred first; `.` says that none does (RFC 7505)."""
        ...

    def addresses(self, name: str) -> Lookup:
        """Return the IPv4 and IPv6 addresses of `name`."""
        ...


NewNames = Callable[[], Names]
