"""What signing in by an OpenID provider needs from outside."""

from dataclasses import dataclass
from typing import Protocol

from tocsin.domain.accounts import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is kept of a sign-in that was begun: `nonce` comes back in the token, `verifier` proves that we began."""

    redirect_uri: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom the provider has signed in. `is_verified`: it has seen that the address is theirs."""

    subject: Subject
    email: str
    is_verified: bool


class Provider(Protocol):
    """An OpenID provider. Both raise UnavailableError while it is away, or says what cannot be."""

    def address(self, proof: Proof, *, state: str) -> str:
        """Return where somebody signs in."""
        ...

    def person(self, code: str, proof: Proof) -> Person:
        """Return whom a code stands for. Raises PermissionDeniedError if it is no good, or its token is not for us."""
        ...
