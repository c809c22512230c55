"""Whom a workspace knows: to whom a rule may write that a model has made, before a person has looked at it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tocsin.domain.actions import Action
from tocsin.domain.recipients import HOST_EMAIL, RECIPIENTS, recipient_key
from tocsin.domain.rules import AutomationRule

# Where anybody can have an address. That a colleague has one there says nothing of the others.
OPEN_TO_ALL = frozenset({
    "aol.com", "fastmail.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net",
    "googlemail.com", "hey.com", "hotmail.com", "icloud.com", "laposte.net", "libero.it", "live.com", "mac.com",
    "mail.com", "mail.ru", "mailbox.org", "me.com", "msn.com", "naver.com", "orange.fr", "outlook.com",
    "outlook.de", "pm.me", "posteo.de", "proton.me", "protonmail.com", "qq.com", "rediffmail.com",
    "t-online.de", "tutanota.com", "tuta.com", "web.de", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.de",
    "yandex.com", "yandex.ru", "ymail.com", "zoho.com", "126.com", "163.com",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """An entry of a rule that leads outside: where it stands, and what it is."""

    field: str
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Whom a workspace knows: all at a domain, and those whom a person has let a rule write to."""

    domains: frozenset[str] = frozenset()
    entries: frozenset[str] = field(default_factory=frozenset)

    def knows(self, entry: str) -> bool:
        """Tell whether a recipient as a rule names it is known. Clients and guests are whoever has booked: never."""
        if entry in RECIPIENTS:
            return entry == HOST_EMAIL
        key = recipient_key(entry)
        return key in self.entries or ("://" not in key and key.rpartition("@")[2] in self.domains)

    def strangers(self, actions: Sequence[Action]) -> list[Stranger]:
        """Return the recipients of a rule's actions who are not known."""
        return [
            Stranger(field=f"actions[{number}].{_place(action, index)}", entry=entry)
            for number, action in enumerate(actions)
            for index, entry in enumerate(action.entries)
            if not self.knows(entry)
        ]


def circle_of(own: Iterable[str], rules: Iterable[AutomationRule]) -> Circle:
    """Return whom a workspace knows whose `own` addresses these are: its sender's and its members'.

    What a rule names that is switched on, a person has seen; what one names that is off, perhaps nobody.
    """
    keys = {recipient_key(address) for address in own}
    domains = {key.rpartition("@")[2] for key in keys}
    seen = {recipient_key(one) for rule in rules if rule.enabled for action in rule.actions for one in action.entries}
    return Circle(domains=frozenset(domains - OPEN_TO_ALL), entries=frozenset(keys | seen))


def _place(action: Action, index: int) -> str:
    return f"emails[{index}]" if hasattr(action, "emails") else "url"
