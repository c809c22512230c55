"""The audit log: use cases note what they did, people read it, and `tocsin doctor` looks whether it is as it was written.

What was before and after is kept as far as it differs, without what is secret, and long texts by their beginning: whole rules
stand with their revisions.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

from tocsin.domain.actions import CallWebhook, SendEmail, SendInvite
from tocsin.domain.audit import Deed, Entry, Fault, Head, Verb, chain_key, first_fault, is_sealed_with, is_whole
from tocsin.domain.conditions import AnyOf, Condition
from tocsin.domain.model import Member
from tocsin.domain.text import LINE_LENGTH, one_line
from tocsin.formats import zones
from tocsin.services.ports import Page, Transaction
from tocsin.services.ports_audit import AuditFilter

Values = Mapping[str, Any]

_LONGEST_TEXT = 500  # characters of one value
_PART = 1000  # entries that are read at once
_HOUSEKEEPING = frozenset({"id", "workspace_id", "created_at", "updated_at", "sid"})


def note(
    tx: Transaction, verb: Verb, thing: str, *, name: str = "", before: object = None, after: object = None
) -> None:
    """Have it written down, when the transaction ends, that `verb` was done to `thing`, which people call `name`.

    `before` and `after` are things of the domain, or what there is to say of them; a change that changed nothing is none.
    """
    was, is_now = _values(before), _values(after)
    if before is not None and after is not None:
        if was == is_now:
            return
        was, is_now = _but(was, is_now), _but(is_now, was)
    label = one_line(name, limit=LINE_LENGTH)
    tx.audit.note(Deed(verb=verb, thing=thing, name=label, before=_text(was), after=_text(is_now)))


def filter_of(*, who: str = "", what: str = "", thing: str = "", day: date | None = None, zone: str) -> AuditFilter:
    """Return which entries are wanted: those of a day as it is in a zone, if one is named."""
    if day is None:
        return AuditFilter(who=who, what=what, thing=thing)
    since = zones.instant(day, time(), zone)
    until = zones.instant(day + timedelta(days=1), time(), zone)
    return AuditFilter(who=who, what=what, thing=thing, since=since, until=until)


def page(tx: Transaction, wanted: AuditFilter, part: Page) -> tuple[list[Entry], int]:
    """Return a page of the log, the newest first, and the number of all entries that are wanted."""
    return tx.audit.page(wanted, limit=part.size, offset=part.offset)


def fault(tx: Transaction, secret: bytes, *, anchor: tuple[int, str] | None = None) -> Fault | None:
    """Return the first place at which the log is not as it was written, or None; `secret` is the installation's.

    `anchor` is the number and the seal of an entry that somebody has noted elsewhere: the log must still lead over it.
    """
    head, key = tx.audit.head(), chain_key(secret)
    found = first_fault(_every(tx, head.since), head, workspace_id=tx.workspace_id, key=key)
    if found is not None or anchor is None:
        return found
    number, seal = anchor
    at = (head.since, head.first) if number == head.since else _seal_at(tx, number)
    is_there = number < head.since or at == (number, seal)
    return None if is_there else Fault(number=number, sentence=f"entry {number} is not the one with that seal")


def is_of(tx: Transaction, secret: bytes) -> bool:
    """Tell whether a log is of a secret: its newest entry of a replacement was sealed with it or, without one, its beginning.

    By the head only if the log was never torn, because its seal is of whoever wrote last: a server that was started with
    another secret, for one.
    """
    if ends_with(tx, secret) and not tx.audit.head().torn_at:
        return True
    replaced, _ = tx.audit.page(AuditFilter(what=Verb.SECRET_REPLACED), limit=1, offset=0)
    return _is_sealed_with(tx, secret, replaced[0]) if replaced else begins_with(tx, secret)


def begins_with(tx: Transaction, secret: bytes) -> bool:
    """Tell whether the first entry that is kept was sealed with a secret; where none is kept, whether its head was.

    The second tells as well, unless the log was torn there: whoever has changed the head or the first has not changed it.
    """
    head = tx.audit.head()
    kept = tx.audit.after(head.since, limit=2)
    if kept:
        whole = [*kept[:1], *(one for one in kept[1:] if not head.torn_at or one.number < head.torn_at)]
        return any(_is_sealed_with(tx, secret, entry) for entry in whole)
    return not head.torn_at and ends_with(tx, secret)


def ends_with(tx: Transaction, secret: bytes) -> bool:
    """Tell whether whoever wrote last had a secret."""
    head = tx.audit.head()
    return head != Head() and is_whole(head, workspace_id=tx.workspace_id, key=chain_key(secret))


def is_empty(tx: Transaction) -> bool:
    """Tell whether nothing was ever written."""
    return tx.audit.head() == Head() and not tx.audit.after(0, limit=1)


def seal_anew(tx: Transaction, former: bytes) -> int | Fault:
    """Seal a log that the `former` secret sealed with the store's own; return of how many entries.

    Where it is not as it was written, nothing of it is changed, because the seals show where: return the fault then.
    """
    return tx.audit.seal_anew(chain_key(former))


def forget(tx: Transaction, *, before: datetime) -> int:
    """Forget the entries from before a moment; what is left is a whole chain. Return how many went."""
    return tx.audit.forget(before=before)


def differences(entry: Entry) -> list[tuple[str, str, str]]:
    """Return what was changed: the name of each value with what it was and what it is, empty where it was not there."""
    was, is_now = values_of(entry.deed.before), values_of(entry.deed.after)
    return [(name, _shown(was.get(name)), _shown(is_now.get(name))) for name in dict.fromkeys([*was, *is_now])]


def values_of(text: str) -> dict[str, Any]:
    """Return what `before` or `after` of an entry holds; nothing if somebody has made it unreadable."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = {"unreadable": text}
    return found if isinstance(found, dict) else {"unreadable": text}


def _every(tx: Transaction, number: int) -> Iterator[Entry]:
    while found := tx.audit.after(number, limit=_PART):
        yield from found
        number = found[-1].number


def _is_sealed_with(tx: Transaction, secret: bytes, entry: Entry) -> bool:
    head, before = tx.audit.head(), entry.number - 1
    number, seal = _seal_at(tx, before)
    if number != before and before == head.since:  # that one was forgotten
        number, seal = head.since, head.first
    is_next = number == before  # else the one before is missing
    return is_next and is_sealed_with(chain_key(secret), entry, previous=seal, workspace_id=tx.workspace_id)


def _seal_at(tx: Transaction, number: int) -> tuple[int, str]:
    found = tx.audit.after(number - 1, limit=1)
    return (found[0].number, found[0].seal) if found else (0, "")


def _values(thing: object) -> dict[str, Any]:
    if thing is None:
        return {}
    found = _plain(thing)
    return {name: value for name, value in found.items() if name not in _HOUSEKEEPING}


def _plain(value: Any) -> Any:
    """Return `value` as JSON has it. A field that a repr leaves out is secret, and is left out here too."""
    if isinstance(value, Member):
        return {"email": value.email, "name": value.name, "time_zone": value.time_zone, "role": value.role}
    if isinstance(value, Condition | AnyOf):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        own = {"type": value.type.value} if isinstance(value, SendInvite | SendEmail | CallWebhook) else {}
        return own | {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.repr}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        every = [_plain(one) for one in value]
        return sorted(every) if isinstance(value, set | frozenset) else every
    return _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        return f"{value // timedelta(minutes=1)} min"
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clipped(str(value))


def _clipped(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
    return f"{text[:_LONGEST_TEXT]}… ({len(text)} characters, SHA-256 {digest})"


def _but(values: Values, others: Values) -> dict[str, Any]:
    """Return what of `values` is not the same in `others`."""
    return {name: value for name, value in values.items() if name not in others or others[name] != value}


def _text(values: Values) -> str:
    return json.dumps(values, separators=(",", ":")) if values else ""


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
