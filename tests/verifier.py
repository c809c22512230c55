"""An independent verifier of DKIM signatures: dkimpy, with the records that a test publishes instead of the DNS.

It leaves Ed25519 to a library that we do not have. The curve comes from `cryptography` then; what is hashed, and how it is
made canonical, stays dkimpy's own.
"""

import logging
from base64 import b64decode
from collections.abc import Mapping
from types import SimpleNamespace

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_SILENT = logging.getLogger("tests.verifier")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class _Curve:
    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(b64decode(key, validate=True))

    def verify(self, digest: bytes, signature: bytes) -> None:
        self._key.verify(signature, digest)


dkim.nacl = SimpleNamespace(
    signing=SimpleNamespace(VerifyKey=_Curve),
    encoding=SimpleNamespace(Base64Encoder=None),
    exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
)


def is_verified(message: bytes, records: Mapping[str, str]) -> bool:
    """Tell whether the first signature of `message` holds, by the TXT records given by name."""

    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        found = records.get(name.decode().removesuffix("."))
        return None if found is None else found.encode()

    try:
        return bool(dkim.DKIM(message, logger=_SILENT).verify(dnsfunc=txt))
    except (dkim.DKIMException, ValueError, IndexError):
        return False  # what is damaged enough cannot even be read
