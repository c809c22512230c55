"""One request to the API as a handler sees it, what it replies, and the entry of the route table."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from tocsin.bootstrap import App
from tocsin.domain.access import ApiKey, Scope
from tocsin.domain.audit import By, Through
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.model import Workspace
from tocsin.schemas import strict_json
from tocsin.schemas.strict_json import Room
from tocsin.services.idempotency import once
from tocsin.services.ports import Transaction
from tocsin.services.ports_answers import Answer

LONGEST_IDEMPOTENCY_KEY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of NeetoCal's API: how it spells paths, and what it answers to a POST that creates."""

    number: int
    created: int

    @property
    def base(self) -> str:
        """Where its routes begin."""
        return f"/api/external/v{self.number}"

    def path(self, path: str) -> str:
        """Return `path`, written with hyphens, in this version's spelling."""
        return self.base + (path.replace("-", "_") if self.number == 1 else path)


V1 = Version(number=1, created=200)
V2 = Version(number=2, created=201)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a handler answers: JSON, nothing, or the bytes of another type."""

    status: int = 200
    body: Any = None
    raw: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The octets of the answer's body."""
        if self.raw or self.body is None:
            return self.raw
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request whose workspace and key are known and whose body and query were read."""

    app: App
    version: Version
    workspace: Workspace
    key: ApiKey
    path: Mapping[str, str]
    request: bytes  # method, path and body: what must be the same when an Idempotency-Key comes again
    idempotency_key: str | None

    @property
    def by(self) -> str:
        """Who calls, in words."""
        return f"API key {self.key.name or self.key.id}"

    @property
    def actor(self) -> By:
        """Who calls, as the audit log names them."""
        return By(who=" ".join(filter(None, ("API key", self.key.name, f"({self.key.id})"))), through=Through.API)

    def reading(self) -> AbstractContextManager[Transaction]:
        """Give the workspace for reading."""
        return self.app.store.reading(self.workspace.id)

    def write(self, work: Callable[[Transaction], Reply]) -> Reply:
        """Run `work` in one transaction, once for each Idempotency-Key, and wake the workers for what it planned."""
        with self.app.store.transaction(self.workspace.id, by=self.actor) as tx:
            if self.idempotency_key is None:
                reply = work(tx)
            else:
                kept = once(tx, self.idempotency_key, self.request, lambda tx: _kept(work(tx)), now=self.app.clock())
                reply = Reply(status=kept.status, raw=kept.body.encode())
        self.app.bell.set()
        return reply

    def created(self, body: object) -> Reply:
        """Return the reply to a POST that created something, with the status of the version."""
        return Reply(status=self.version.created, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One entry of the route table. `path` is in v2's spelling; `body` and `query` say what is read, None: nothing.

    Every route names the scope that a key needs, so that none can be forgotten. `can_be_repeated`: the same Idempotency-Key
    gets the same answer again. `answer_v1` is what v1 answers where that is something else.
    """

    method: str
    path: str
    handler: Callable[..., Reply]
    scope: Scope
    summary: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    answer_v1: type[BaseModel] | None = None
    status: int = 200
    versions: tuple[Version, ...] = (V1, V2)
    can_be_repeated: bool = True
    room: Room = strict_json.USUAL

    def answer_in(self, version: Version) -> type[BaseModel] | None:
        """Return what is answered in a version."""
        return self.answer_v1 if version is V1 and self.answer_v1 is not None else self.answer


def idempotency_key_of(values: list[str]) -> str | None:
    """Return the one Idempotency-Key among header values, or None. Raises InvalidInputError."""
    if not values:
        return None
    key = values[0]
    if len(values) > 1 or not key.isascii() or not key.isprintable() or not 0 < len(key) <= LONGEST_IDEMPOTENCY_KEY:
        wanted = f"send it once, with 1 to {LONGEST_IDEMPOTENCY_KEY} printable ASCII characters"
        raise InvalidInputError.of("Idempotency-Key", wanted)
    return key


def _kept(reply: Reply) -> Answer:
    return Answer(status=reply.status, body=reply.content.decode())
