"""What the parts of a client share: a path with its parts filled in, a query without what was left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tocsin.client.errors import UnreachableError
from tocsin.client.session import Session

Value = str | int | None


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to one workspace."""

    session: Session

    def _ask(self, method: str, path: str, *, body: object = None, **values: Value) -> Any:
        """Ask for one answer. `values` are parts of the path, and what is not in it is the query."""
        where, query = _filled(path, values)
        if method == "GET":
            return self.session.get(where, query)
        if method == "POST":
            return self.session.post(where, body, query)
        return (self.session.patch if method == "PATCH" else self.session.put)(where, body)

    def _part(self, name: str, method: str, path: str, *, body: object = None, **values: Value) -> Any:
        """Ask, and return what is under a name in the answer."""
        answer = self._ask(method, path, body=body, **values)
        if not isinstance(answer, dict) or name not in answer:
            raise UnreachableError(f"{self.session.url} answers without a {name}; is it the address of a Tocsin?")
        return answer[name]

    def _all(self, name: str, path: str, **values: Value) -> Iterator[Any]:
        """Yield what is under a name on each page; a page is asked for when it is wanted."""
        where, query = _filled(path, values)
        return self.session.every(where, name, query)

    def _delete(self, path: str, **values: Value) -> None:
        where, query = _filled(path, values)
        self.session.delete(where, query)


def _filled(path: str, values: Mapping[str, Value]) -> tuple[str, dict[str, str | int]]:
    parts = {name: quote(str(one), safe="") for name, one in values.items() if f"{{{name}}}" in path}
    query = {name: one for name, one in values.items() if name not in parts and one is not None}
    return path.format(**parts), query
