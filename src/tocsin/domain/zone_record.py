"""A record of the DNS as providers' forms ask for it: name, type and value, read from a line of a zone file of ours."""

import re
from dataclasses import dataclass

_LINE = re.compile(r"(\S+) IN ([A-Z]+) (.+)", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRecord:
    """One record. `name` has no dot at its end; the value of a TXT record is one text, however many strings it takes."""

    name: str
    kind: str
    value: str


def read(line: str) -> ZoneRecord | None:
    """Return what a line says as `dkim.zone_line` writes it, or None if it is none."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    name, kind, value = match.groups()
    if kind == "TXT":
        value = "".join(re.sub(r"\\(.)", r"\1", piece, flags=re.DOTALL) for piece in _STRING.findall(value))
    return ZoneRecord(name=name.removesuffix("."), kind=kind, value=value)
