"""DKIM: a signature as the first header of a finished message, and the keys that make it (RFC 6376, RFC 8463).

Relaxed/relaxed only, never with `l=`. Equal messages get equal bytes: RSA with PKCS#1 v1.5 and Ed25519 use no chance.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from tocsin.domain.dkim import Algorithm, is_domain, selector_complaint

SigningKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

# Everything that a reader sees or that a program acts on (RFC 6376, 5.4.1; RFC 8058, 4).
_SIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Reply-To",
    "References",
    "In-Reply-To",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)
# Named once more than they are there, so that nobody can add another on the way (RFC 6376, 5.4.2 and 8.15).
_OVERSIGNED = frozenset({"From", "To", "Subject", "List-Unsubscribe"})
_WIDTH = 76  # characters of a line; only a domain can be longer
_RSA_BITS = 3072  # 128 bits of strength (ASVS 5.0, 11.2.3); receivers take up to 4096 (RFC 8301, 3.2)
_RSA_FORMER = 2048  # of keys that were made before; they go on until they are replaced
_RSA_EXPONENT = 65537
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_BLANKS = re.compile(rb"[ \t]+")

_Field = tuple[str, bytes]  # name in lower case, and what follows the colon, unfolded


def sign(message: bytes, key: SigningKey, *, domain: str, selector: str, at: datetime) -> bytes:
    """Return `message` with a DKIM-Signature of `domain` in front. `at` is when it says that it was signed, to the second.

    Raises ValueError if `message` has no From or no end of its headers, or if `domain` or `selector` cannot be one.
    """
    if not is_domain(domain) or selector_complaint(selector) is not None:
        raise ValueError(f"{selector}._domainkey.{domain} cannot be the name of a key")
    head, separator, body = message.partition(b"\r\n\r\n")
    fields = list(_fields(head))
    if not separator or not any(name == "from" for name, _ in fields):
        raise ValueError("a message is signed only with a From and an empty line after its headers")
    names = list(_names(fields))
    digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    unsigned = _folded(
        [
            "DKIM-Signature: v=1;",
            f" a={_algorithm(key).value}-sha256;",
            " c=relaxed/relaxed;",
            f" d={domain};",
            f" s={selector};",
            f" t={int(at.timestamp())};",
            f" h={names[0]}",
            *(f":{name}" for name in names[1:-1]),
            f":{names[-1]};",
            f" bh={digest};",
            " b=",
        ]
    ).encode()
    ((own_name, own_value),) = _fields(unsigned)
    # Its own header is signed too: last, with an empty `b=`, and without a line end (RFC 6376, 3.7).
    signed = b"".join(_chosen(names, fields)) + relaxed_header(own_name, own_value).removesuffix(b"\r\n")
    return unsigned + _signature(unsigned, _made(key, signed)) + b"\r\n" + message


def relaxed_header(name: str, value: bytes) -> bytes:
    """Return a header in relaxed form, with its CRLF; `value` is unfolded (RFC 6376, 3.4.2)."""
    return name.strip().lower().encode() + b":" + _BLANKS.sub(b" ", value).strip(b" ") + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """Return a body in relaxed form (RFC 6376, 3.4.4)."""
    found = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    end = len(found)
    while found.endswith(b"\r\n", 0, end):
        end -= 2
    return found[:end] + b"\r\n" if end else b""


def generate(algorithm: Algorithm) -> SigningKey:
    """Return a new key, from the chance of the cryptographic library."""
    if algorithm is Algorithm.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=_RSA_EXPONENT, key_size=_RSA_BITS)


def to_pem(key: SigningKey) -> bytes:
    """Return `key` as PEM (PKCS#8), not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def from_pem(pem: bytes) -> SigningKey:
    """Return the key in `pem`. Raises ValueError unless it is one of RSA with 3072 or 2048 bits or of Ed25519."""
    key = serialization.load_pem_private_key(pem, password=None)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size in {_RSA_BITS, _RSA_FORMER}:
        return key
    raise ValueError(f"a DKIM key is one of RSA with {_RSA_BITS} or {_RSA_FORMER} bits or of Ed25519")


def public_record(key: SigningKey) -> str:
    """Return the text of the TXT record by which signatures of `key` are checked (RFC 6376, 3.6.1; RFC 8463, 4)."""
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        octets = public.public_bytes_raw()
    else:
        octets = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k={_algorithm(key).value}; p={base64.b64encode(octets).decode()}"


def _algorithm(key: SigningKey) -> Algorithm:
    return Algorithm.RSA if isinstance(key, rsa.RSAPrivateKey) else Algorithm.ED25519


def _fields(head: bytes) -> Iterator[_Field]:
    for line in _FOLD.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        yield name.decode("latin-1").strip().lower(), value


def _names(fields: list[_Field]) -> Iterator[str]:
    """Yield what stands in `h=`."""
    present = [name for name, _ in fields]
    for name in _SIGNED:
        yield from [name] * (present.count(name.lower()) + (name in _OVERSIGNED))


def _chosen(names: list[str], fields: list[_Field]) -> Iterator[bytes]:
    """Yield the header for each of `names`, the last of that name first; one that is not there is nothing (5.4.2)."""
    left = list(fields)
    for name in names:
        places = [place for place, field in enumerate(left) if field[0] == name.lower()]
        if places:
            yield relaxed_header(*left.pop(places[-1]))


def _folded(words: list[str]) -> str:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > _WIDTH:
            # In the tags that we write a blank may stand on either side of a colon or semicolon (RFC 6376, 3.2 and 3.5).
            lines.append("")
            word = f" {word.lstrip()}"  # noqa: PLW2901
        lines[-1] += word
    return "\r\n".join(lines)


def _signature(unsigned: bytes, octets: bytes) -> bytes:
    """Return the value of `b=` as it continues the last line of `unsigned`."""
    text, room = base64.b64encode(octets), _WIDTH - len(unsigned.rpartition(b"\n")[2])
    rest = [text[start : start + _WIDTH - 1] for start in range(room, len(text), _WIDTH - 1)]
    return b"\r\n ".join([text[:room], *rest])


def _made(key: SigningKey, signed: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(hashlib.sha256(signed).digest())  # RFC 8463, 3: the hash is what is signed
