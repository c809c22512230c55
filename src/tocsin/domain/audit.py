"""The audit log of a workspace: who did what to what, in a chain that nobody who can only write the database can mend.

Each entry's seal is a keyed hash of the entry and of the seal before it. The head says where the chain ends and where it
begins, and has a seal of its own: without it the newest entries could be cut off, and what is left would be whole.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tocsin.domain.model import WorkspaceId

KEPT_FOR = timedelta(days=365)


class Through(StrEnum):
    """By which way somebody came."""

    PAGES = "pages"
    API = "api"
    MCP = "mcp"
    COMMAND_LINE = "command_line"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who does something: an account's address, an API key with its public id, or one of those below.

    `through` is a Through; in a log that somebody has changed, it can be anything, and so can a verb.
    """

    who: str
    through: str


THE_SERVER = By(who="the server itself", through=Through.SERVER)
COMMAND_LINE = By(who="command line", through=Through.COMMAND_LINE)
A_RECIPIENT = By(who="a recipient, by the link in a message", through=Through.PAGES)


class Verb(StrEnum):
    """All that can be done; the part before the dot says what kind of thing it is done to."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_PASSWORD_CHANGED = "account.password_changed"  # noqa: S105  a verb
    ACCOUNT_LINK_MADE = "account.password_link_made"
    ACCOUNT_BOUND = "account.bound"
    ACCOUNT_UNBOUND = "account.unbound"
    ACCOUNT_FACTOR_ON = "account.second_factor_on"
    ACCOUNT_FACTOR_OFF = "account.second_factor_off"
    ACCOUNT_DELETED = "account.deleted"
    ACCOUNT_SIGNED_IN = "account.signed_in"
    ACCOUNT_REFUSED = "account.refused"
    ACCOUNT_SESSIONS_ENDED = "account.sessions_ended"
    DELIVERY_PAUSED = "delivery.paused"
    DELIVERY_RESUMED = "delivery.resumed"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_SKIPPED = "delivery.skipped"
    DELIVERY_TAKEN_AS_SENT = "delivery.taken_as_sent"
    DKIM_CREATED = "dkim.created"
    DKIM_ACTIVATED = "dkim.activated"
    DKIM_RETIRED = "dkim.retired"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    LIMITS_CHANGED = "limits.changed"
    LINK_CREATED = "link.created"
    LINK_CHANGED = "link.changed"
    LINK_DELETED = "link.deleted"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    OUTCOME_CREATED = "outcome.created"
    OUTCOME_CHANGED = "outcome.changed"
    OUTCOME_DELETED = "outcome.deleted"
    PERSON_ERASED = "person.erased"
    RECIPIENT_CHANGED = "recipient.changed"
    RECIPIENT_FORGOTTEN = "recipient.forgotten"
    RULE_CREATED = "rule.created"
    RULE_CHANGED = "rule.changed"
    RULE_DELETED = "rule.deleted"
    RULE_TESTED = "rule.tested"
    SECRET_REPLACED = "secret.replaced"  # noqa: S105  a verb
    SENDER_CHANGED = "sender.changed"
    SENDING_PAUSED = "sending.paused"
    SENDING_RESUMED = "sending.resumed"
    SOURCE_CREATED = "source.created"
    SOURCE_DELETED = "source.deleted"
    SOURCE_CALL_REPLAYED = "source.call_replayed"
    SOURCE_LOOKED = "source.looked"
    SUPPRESSION_ADDED = "suppression.added"
    SUPPRESSION_LIFTED = "suppression.lifted"
    WEBHOOK_SECRET_RENEWED = "webhook.secret_renewed"  # noqa: S105  a verb
    WORKSPACE_CREATED = "workspace.created"
    WORKSPACE_CHANGED = "workspace.changed"
    WORKSPACE_RESTORED = "workspace.restored"


KINDS = tuple(dict.fromkeys(verb.partition(".")[0] for verb in Verb))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that was done, before it has its place in the log. `before` and `after` are JSON text, or empty."""

    verb: str
    thing: str  # its id
    name: str  # what people call it
    before: str = ""
    after: str = ""

    @property
    def kind(self) -> str:
        """What kind of thing it was done to."""
        return self.verb.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the log."""

    number: int
    at: datetime
    by: By
    deed: Deed
    seal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the log ends, and behind which entry it begins since older ones were forgotten.

    `torn_at` is the first entry that was added when the head was not as Tocsin had left it; 0 if that never happened.
    """

    number: int = 0
    last: str = ""  # the seal of that entry
    since: int = 0
    first: str = ""  # the seal of the last entry that was forgotten
    torn_at: int = 0
    seal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where the log is not as it was written, in words."""

    number: int
    sentence: str


def what_complaint(value: str) -> str | None:
    """Tell what is wrong with `value` as a kind of things, or a verb, to look for, or None."""
    if value in {*KINDS, *Verb}:
        return None
    return f"use one of {', '.join(KINDS)}, or a whole verb such as {Verb.RULE_CHANGED}"


def chain_key(secret: bytes) -> bytes:
    """Return what keys the seals, made from the installation's secret."""
    return hmac.new(secret, b"audit log", hashlib.sha256).digest()


def sealed(entry: Entry, *, previous: str, workspace_id: WorkspaceId, key: bytes) -> Entry:
    """Return `entry` with its seal; `previous` is that of the entry before."""
    deed, by = entry.deed, entry.by
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = [workspace_id, entry.number, at, by.who, by.through, deed.verb, deed.thing, deed.name]
    return replace(entry, seal=_keyed(key, "entry", *parts, deed.before, deed.after, previous))


def sealed_head(head: Head, *, workspace_id: WorkspaceId, key: bytes) -> Head:
    """Return `head` with its seal."""
    parts = [workspace_id, head.number, head.last, head.since, head.first, head.torn_at]
    return replace(head, seal=_keyed(key, "head", *parts))


def is_whole(head: Head, *, workspace_id: WorkspaceId, key: bytes) -> bool:
    """Tell whether a head is as Tocsin left it, with this secret."""
    if head == Head():
        return True  # nothing was written yet
    return _is_same(head.seal, sealed_head(head, workspace_id=workspace_id, key=key).seal)


def is_sealed_with(key: bytes, entry: Entry, *, previous: str, workspace_id: WorkspaceId) -> bool:
    """Tell whether a key made the seal of an entry; `previous` is that of the entry before."""
    return _is_same(entry.seal, sealed(entry, previous=previous, workspace_id=workspace_id, key=key).seal)


def _is_same(seal: str, made: str) -> bool:
    # As octets, because one that somebody has changed may hold any characters.
    return hmac.compare_digest(seal.encode(errors="replace"), made.encode())


def continued(head: Head, newest: Entry | None) -> Head:
    """Return where a log goes on whose head is not as Tocsin left it: behind the newest entry that is there.

    What the head says is of no use then: behind another number an entry may stand already. `torn_at` tells of it.
    """
    number, last = (head.since, head.first) if newest is None else (newest.number, newest.seal)
    return replace(head, number=number, last=last, torn_at=head.torn_at or number + 1)


def appended(
    head: Head, deeds: Iterable[tuple[By, Deed]], *, at: datetime, workspace_id: WorkspaceId, key: bytes
) -> tuple[Head, list[Entry]]:
    """Return the entries that tell of `deeds`, behind `head`, and the head that is then."""
    whole, entries, last = is_whole(head, workspace_id=workspace_id, key=key), [], head.last
    for number, (by, deed) in enumerate(deeds, start=head.number + 1):
        made = sealed(Entry(number=number, at=at, by=by, deed=deed), previous=last, workspace_id=workspace_id, key=key)
        entries.append(made)
        last = made.seal
    torn_at = head.torn_at or (0 if whole else head.number + 1)
    after = replace(head, number=head.number + len(entries), last=last, torn_at=torn_at)
    return sealed_head(after, workspace_id=workspace_id, key=key), entries


def pruned(head: Head, last_forgotten: Entry, *, workspace_id: WorkspaceId, key: bytes) -> Head:
    """Return the head of a log whose entries up to `last_forgotten` are gone: the chain begins behind that one."""
    whole, since = is_whole(head, workspace_id=workspace_id, key=key), last_forgotten.number
    torn_at = head.torn_at if head.torn_at > since else 0
    after = replace(
        head, since=since, first=last_forgotten.seal, torn_at=torn_at if whole else torn_at or head.number + 1
    )
    return sealed_head(after, workspace_id=workspace_id, key=key)


def first_fault(entries: Iterable[Entry], head: Head, *, workspace_id: WorkspaceId, key: bytes) -> Fault | None:
    """Return the first place at which a log, read from its begin, is not as it was written, or None."""
    number, previous = head.since, head.first
    for entry in entries:
        number += 1
        if entry.number != number:
            return Fault(number=number, sentence=f"entry {number} is missing")
        if not is_sealed_with(key, entry, previous=previous, workspace_id=workspace_id):
            return Fault(number=number, sentence=f"entry {number} is not as it was written, or with another secret")
        previous = entry.seal
    return _fault_of_head(head, number, previous, is_whole(head, workspace_id=workspace_id, key=key))


def _fault_of_head(head: Head, number: int, last: str, whole: bool) -> Fault | None:  # noqa: FBT001  private
    if number < head.number:
        return Fault(number=number + 1, sentence=f"entry {number + 1} is missing, and all behind it")
    if not whole or number != head.number or last != head.last:
        return Fault(number=number + 1, sentence=f"what came behind entry {number} may have been cut off")
    if head.torn_at:
        return Fault(
            number=head.torn_at,
            sentence=f"before entry {head.torn_at} was written, the end of the log was changed",
        )
    return None


def _keyed(key: bytes, *parts: object) -> str:
    return hmac.new(key, json.dumps(parts).encode(), hashlib.sha256).hexdigest()
