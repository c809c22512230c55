"""One tool as a model sees it, who calls it, and what it answers."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field

from tocsin.bootstrap import App
from tocsin.domain.access import ApiKey, Scope
from tocsin.domain.audit import By, Through
from tocsin.domain.errors import PermissionDeniedError
from tocsin.domain.model import Workspace
from tocsin.schemas.context import context_of
from tocsin.schemas.fields import StrictlySent, plain
from tocsin.services.drafts import Author
from tocsin.services.ports import Transaction

T = TypeVar("T")
Wire = dict[str, Any]


Id = Annotated[str, Field(min_length=1, max_length=64), plain]


class Nothing(StrictlySent):
    """No arguments."""


class OfOne(StrictlySent):
    """Which one."""

    id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A model that calls with the key of a workspace."""

    app: App
    workspace: Workspace
    key: ApiKey

    @property
    def author(self) -> Author:
        """Who writes rules, in words."""
        by = f"API key {self.key.name or self.key.id} over MCP"
        return Author(by=by, mail_from=self.app.settings.mail_from)

    @property
    def actor(self) -> By:
        """Who calls, as the audit log names them."""
        return By(who=" ".join(filter(None, ("API key", self.key.name, f"({self.key.id})"))), through=Through.MCP)

    @property
    def context(self) -> Mapping[str, object]:
        """What the fields of rules ask for beside what was sent."""
        return context_of(self.app)

    def reading(self) -> AbstractContextManager[Transaction]:
        """Give the workspace for reading."""
        return self.app.store.reading(self.workspace.id)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and wake the workers for what it planned."""
        with self.app.store.transaction(self.workspace.id, by=self.actor) as tx:
            found = work(tx)
        self.app.bell.set()
        return found

    def may(self, scope: Scope) -> bool:
        """Tell whether the key has a scope. `admin` reads all; to write, a key must have the scope by its name."""
        wanted = {scope, Scope(scope.replace(":read", ":write"))}
        return bool(self.key.scopes & wanted) or (scope.endswith(":read") and Scope.ADMIN in self.key.scopes)

    def must(self, *scopes: Scope) -> None:
        """Raise PermissionDeniedError unless the key has all of `scopes`."""
        for scope in scopes:
            if not self.may(scope):
                raise PermissionDeniedError(
                    f"this API key lacks the scope {scope.value}, which a key for an assistant must name; "
                    "nothing was done, and only a person can make another key"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a tool answers: JSON values, and a sentence that the model must not miss."""

    body: Wire
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One entry of the table. `takes` says what the arguments are, `run` what is done, `scopes` what a key needs.

    `is_destructive`: whether what it takes away cannot be had back by another call.
    """

    name: str
    does: str
    scopes: tuple[Scope, ...]
    run: Callable[..., Told]
    takes: type[BaseModel] = Nothing
    is_destructive: bool = False
    is_idempotent: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return any(scope.endswith(":write") for scope in self.scopes)

    def schema(self) -> Wire:
        """Return the JSON Schema of the arguments; names with brackets are older spellings of what has other ones too."""
        found = self.takes.model_json_schema(by_alias=True)
        found["properties"] = {name: one for name, one in found.get("properties", {}).items() if name.isidentifier()}
        return found | {"additionalProperties": False}
