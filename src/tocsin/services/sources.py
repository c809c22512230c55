"""Sources: made, listed, deleted, opened; and what a person pastes where in the other product."""

import base64
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from tocsin.domain.audit import Verb
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.sources.address import PATH, token_of
from tocsin.domain.sources.looks import Look
from tocsin.domain.sources.source import MOST_SOURCES, Access, Source, SourceId, SourceKind
from tocsin.domain.webhook import url_complaint
from tocsin.formats import secretbox
from tocsin.formats.sources import FORMATS
from tocsin.formats.sources.looks import ALWAYS, can_look
from tocsin.services import audit
from tocsin.services.boxes import Box, Sort
from tocsin.services.ports import Chance, Transaction

_PURPOSE = "source"
_OPTIONAL = ("header", "api_url", "api_token", "user_id")
NO_SECRET = "no-secret-provided"  # noqa: S105  what Cal.com sends in the place of a signature
SHORTEST_SECRET, LONGEST_SECRET = 8, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDraft:
    """A source as somebody asks for it; without a secret one is made, where the product lets people choose it."""

    kind: SourceKind
    name: str = ""
    secret: str = ""
    header: str = ""
    api_url: str = ""
    api_token: str = ""
    user_id: str = ""
    host_email: str = ""


def create(
    tx: Transaction,
    draft: SourceDraft,
    *,
    secret: bytes,
    allowed: Collection[str],
    now: datetime,
    chance: Chance,
) -> tuple[Source, str]:
    """Store a source; return it with the secret that was made for it, which nothing returns again, or nothing.

    `secret` is the server's own. Raises InvalidInputError for what cannot be, ConflictError if there are too many.
    """
    if len(tx.sources.all()) >= MOST_SOURCES:
        raise ConflictError(f"there are {MOST_SOURCES} sources already; delete one that is not used")
    _check(draft, allowed=allowed)
    made = "" if draft.secret else _made_secret(draft.kind, chance)
    source = Source(
        id=SourceId(chance.new_id()),
        kind=draft.kind,
        name=draft.name or draft.kind.value,
        header=draft.header,
        api_url=draft.api_url.rstrip("/"),
        user_id=draft.user_id,
        host_email=draft.host_email,
        box=b"",
        created_at=now,
    )
    held = json.dumps({"secret": draft.secret or made, "api_token": draft.api_token}).encode()
    identity = (tx.workspace_id, source.id)
    source = replace(source, box=secretbox.seal(held, secret=secret, purpose=_PURPOSE, identity=identity))
    tx.sources.add(source)
    if can_look(source.kind, opened(source, workspace_id=WorkspaceId(tx.workspace_id), secret=secret)):
        tx.source_looks.put(Look(source_id=source.id, next_at=now))
    audit.note(tx, Verb.SOURCE_CREATED, source.id, name=source.name, after=_open(source))
    return source, made


def every(tx: Transaction) -> list[Source]:
    """Return all sources, the oldest first."""
    return tx.sources.all()


def get(tx: Transaction, source_id: str) -> Source:
    """Return a source. Raises NotFoundError."""
    source = tx.sources.get(source_id)
    if source is None:
        raise NotFoundError("there is no source with this id")
    return source


def delete(tx: Transaction, source_id: str) -> None:
    """Delete a source: its address is dead, what it reported stays as it is. Raises NotFoundError."""
    source = get(tx, source_id)
    tx.sources.delete(source.id)
    audit.note(tx, Verb.SOURCE_DELETED, source.id, name=source.name, before=_open(source))


def url_of(source: Source, *, workspace_id: WorkspaceId, base_url: str, secret: bytes) -> str:
    """Return the address that a source calls; `base_url` is where the workspace lives."""
    return f"{base_url}{PATH}{token_of(source.id, workspace_id=workspace_id, secret=secret)}"


def steps_of(source: Source, url: str) -> tuple[str, ...]:
    """Return what a person does in the other product so that it calls `url`."""
    return FORMATS[source.kind].steps(url, Access(secret="", header=source.header))


def opened(source: Source, *, workspace_id: WorkspaceId, secret: bytes) -> Access:
    """Return how a source proves who it is and is asked. Raises ConflictError if its box was sealed by another server."""
    try:
        held = secretbox.unseal(source.box, secret=secret, purpose=_PURPOSE, identity=(workspace_id, source.id))
    except ValueError:
        raise ConflictError("the secret of this source cannot be opened; was TOCSIN_SECRET_KEY changed?") from None
    return Access(**json.loads(held), header=source.header, api_url=source.api_url, user_id=source.user_id)


def boxes(tx: Transaction) -> Iterator[Box]:
    """Yield the boxes of all sources."""
    for source in tx.sources.all():
        yield Box(
            sort=Sort.SOURCE,
            name=source.name,
            sealed=source.box,
            purpose=_PURPOSE,
            identity=(tx.workspace_id, source.id),
            put=partial(tx.sources.put_box, source.id),
        )


def _open(source: Source) -> dict[str, str]:
    """Return what of a source is no secret."""
    told = {"source": source.kind.value, "header": source.header, "api_url": source.api_url}
    return told | {"user_id": source.user_id, "host_email": source.host_email}


def _check(draft: SourceDraft, *, allowed: Collection[str]) -> None:
    form = FORMATS[draft.kind]
    for field in _OPTIONAL:
        given = getattr(draft, field)
        if field in form.wants and not given and field != "header":
            raise InvalidInputError.of(field, f"is required for {draft.kind.value}")
        if field not in form.wants + form.may and given:
            raise InvalidInputError.of(field, f"means nothing for {draft.kind.value}; leave it out")
    _check_access(draft)
    if draft.api_url and (wrong := url_complaint(draft.api_url, allowed=allowed)) is not None:
        raise InvalidInputError.of("api_url", wrong)
    if draft.secret or not form.makes_secret:
        wrong = _secret_complaint(draft.secret) or form.secret_complaint(draft.secret)
        if wrong is not None:
            raise InvalidInputError.of("secret", wrong)


def _check_access(draft: SourceDraft) -> None:
    if draft.user_id and (wrong := FORMATS[draft.kind].user_id_complaint(draft.user_id)) is not None:
        raise InvalidInputError.of("user_id", wrong)
    if draft.kind not in ALWAYS and not draft.api_token and (draft.api_url or draft.user_id):
        raise InvalidInputError.of("api_token", "is required to look with; or leave api_url and user_id out")


def _secret_complaint(secret: str) -> str | None:
    if secret == NO_SECRET:
        return "is what Cal.com sends if it has no secret; choose one of your own there, or leave it out here"
    if not secret.isascii() or not secret.isprintable() or not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        return f"must have {SHORTEST_SECRET} to {LONGEST_SECRET} printable ASCII characters"
    return None


def _made_secret(kind: SourceKind, chance: Chance) -> str:
    made = chance.new_secret()
    if kind is SourceKind.GENERIC:
        return f"whsec_{base64.b64encode(bytes.fromhex(made)).decode()}"
    return made
