"""Tables that are made when they are first used: most transactions use few of them."""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, overload

from tocsin.domain.model import WorkspaceId
from tocsin.storage.database import Connection

T = TypeVar("T")


class Holder(Protocol):
    """Whoever has tables: the connection that they work on, and whose rows they are."""

    connection: Connection
    workspace_id: WorkspaceId


class Table(Generic[T]):
    """An attribute that holds what `make` returns for the connection and workspace of its holder."""

    def __init__(self, make: Callable[[Connection, WorkspaceId], T]) -> None:
        self._make = make

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, holder: None, owner: type) -> "Table[T]": ...
    @overload
    def __get__(self, holder: Holder, owner: type) -> T: ...
    def __get__(self, holder: Any, owner: type) -> Any:
        """Make it, and leave it in the holder, where it is found from then on without asking here."""
        if holder is None:
            return self
        made = holder.__dict__[self._name] = self._make(holder.connection, holder.workspace_id)
        return made
