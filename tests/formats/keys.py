"""Keys to sign with in tests. To make one of RSA takes a while, so there is one of each for all tests."""

from datetime import UTC, datetime
from functools import cache

from tocsin.domain.dkim import Algorithm
from tocsin.formats import dkim
from tocsin.formats.dkim import SigningKey

DOMAIN = "example.net"  # of the sender of `letters`
SELECTOR = "acme-1"
NAME = f"{SELECTOR}._domainkey.{DOMAIN}"
SIGNED_AT = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)  # the verifier looks at the clock and refuses what is to come


def a_signing_key(algorithm: Algorithm = Algorithm.RSA, number: int = 0) -> SigningKey:
    """Return the key of this algorithm and number; the same each time."""
    return _made(algorithm, number)


@cache
def _made(algorithm: Algorithm, _number: int) -> SigningKey:
    return dkim.generate(algorithm)


def signed(message: bytes, algorithm: Algorithm = Algorithm.RSA) -> bytes:
    """Return `message` signed for DOMAIN with the first key of an algorithm."""
    return dkim.sign(message, a_signing_key(algorithm), domain=DOMAIN, selector=SELECTOR, at=SIGNED_AT)


def records(algorithm: Algorithm = Algorithm.RSA) -> dict[str, str]:
    """Return the TXT record of the key that `signed` takes, by name."""
    return {NAME: dkim.public_record(a_signing_key(algorithm))}
