"""A DNS of a few names, for tests of what is made of its answers; tests/mail/ has a real server."""

from collections.abc import Mapping

from tocsin.domain.lookup import Lookup

Records = Mapping[str, str | tuple[str, ...]]


class FewNames:
    """Knows what it was given; every other name is not there. `asked` is what was asked for, in order."""

    def __init__(
        self,
        *,
        txt: Records | None = None,
        mx: Records | None = None,
        addresses: Records | None = None,
        trouble: Mapping[str, str] | None = None,
    ) -> None:
        self._txt, self._mx, self._addresses = txt or {}, mx or {}, addresses or {}
        self._trouble = trouble or {}
        self.asked: list[str] = []

    def txt(self, name: str) -> Lookup:
        return self._found("TXT", name, self._txt)

    def mx(self, name: str) -> Lookup:
        return self._found("MX", name, self._mx)

    def addresses(self, name: str) -> Lookup:
        return self._found("A", name, self._addresses)

    def _found(self, kind: str, name: str, records: Records) -> Lookup:
        self.asked.append(f"{kind} {name}")
        found = records.get(name, ())
        return Lookup(records=(found,) if isinstance(found, str) else tuple(found), trouble=self._trouble.get(name, ""))
