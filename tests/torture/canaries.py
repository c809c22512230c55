"""Secrets and personal data that are known, so that all that a program says can be searched for them; and the search."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

# Secrets that somebody chooses, or types where they do not belong.
GIVEN = (
    "the server's secret",
    "password at the relay",
    "token of the metrics",
    "secret at the sign-in service",
    "password at the mailbox",
    "password at the database",
    "ann's password",
    "ann's new password",
    "bob's password",
    "a password that is wrong",
    "a password typed as an address",
    "secret of generic",
    "secret of cal_com",
    "secret of calendly",
    "secret of easy_appointments",
    "secret of acuity",
    "token for the API of Easy!Appointments",
    "a key that opens nothing",
    "a key in the query",
    "a bearer",
    "a basic password",
    "a cookie of somebody else",
    "a proof that is wrong",
    "a secret in a broken body",
    "a secret in an unknown field",
    "a secret in a form that is refused",
    "password in a broken relay URL",
    "password in a broken database URL",
    "password in a broken mailbox URL",
    "a secret for a sign-in service that is not named",
    "a key for the API of another",
)
PEOPLE = (
    "address of the client",
    "name of the client",
    "answer of the client",
    "phone of the client",
    "address of the guest",
    "address of the recipient",
    "address that is suppressed",
    "address of the reader",
    "address that the relay refuses",
    "reason of a cancellation",
)


def canary(name: str) -> str:
    """Return what stands for a thing: as random as a secret, and the same in each run."""
    return "canary" + hashlib.sha256(name.encode()).hexdigest()[:34]


@dataclass(slots=True)
class Planted:
    """What must not be found, by its name; more is added as it comes into being."""

    secrets: dict[str, str] = field(default_factory=lambda: {name: canary(name) for name in GIVEN})
    people: dict[str, str] = field(default_factory=lambda: {name: canary(name) for name in PEOPLE})


def found(values: Mapping[str, str], texts: Mapping[str, str | bytes]) -> list[str]:
    """Return each of `values` that stands in one of `texts`, as it is or in a writing of it, by both names."""
    folded = {where: _folded(text) for where, text in texts.items()}
    spelt = {name: {spelling.lower() for spelling in spellings(value)} for name, value in values.items()}
    return [
        f"{name} in {where}"
        for where, text in folded.items()
        for name, spellings in spelt.items()
        if any(one in text for one in spellings)
    ]


def spellings(value: str) -> Iterator[str]:
    """Yield how a value can be written: as it is, in URLs, in JSON, in hex, and in base64 at each of three places."""
    yield from (value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1])
    yield value.encode().hex()
    for shift in range(3):
        # The first and last digits depend on what stands beside it.
        yield base64.b64encode(b"\0" * shift + value.encode()).decode()[4 if shift else 0 :].rstrip("=")[:-1]


def _folded(text: str | bytes) -> str:
    return (text.decode("latin-1") if isinstance(text, bytes) else text).lower()
