"""What a question to the DNS found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The answer to one question: texts of TXT records, hosts of MX records by preference, or addresses.

    A name that is not there, or has no such record, has no `records`. `trouble` is why nobody knows, in a few words; empty
    if the answer is certain.
    """

    records: tuple[str, ...] = ()
    trouble: str = ""
