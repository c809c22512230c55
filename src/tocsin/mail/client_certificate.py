"""The certificate by which we prove to the relay who we are, without a password: read, checked, and until when it holds."""

import ssl
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from cryptography import x509

from tocsin.domain.errors import ConfigurationError

# What OpenSSL says to a key that is another certificate's; the second one if it is of another kind too.
_FOREIGN = ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED", "KEY_TYPE_MISMATCH")


def load(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    """Let `context` show the certificate in `cert`, with its private key in `key`, or in `cert` if that is None.

    Raises ConfigurationError with a sentence that names the file and what would be right.
    """
    key = key or cert
    term(cert)

    def refuse() -> NoReturn:  # OpenSSL would ask at the terminal
        raise ConfigurationError(
            f"the key file {key} in the SMTP URL is encrypted, and nobody is there to type its password; write the key"
            " without one (openssl pkey), readable by this user alone"
        )

    try:
        context.load_cert_chain(cert, key, password=refuse)
    except ssl.SSLError as error:
        raise ConfigurationError(_complaint(cert, key, reason=error.reason or "")) from error
    except OSError as error:
        raise ConfigurationError(_unreadable("key", key, error)) from error


def term(cert: Path) -> tuple[datetime, datetime]:
    """Return from when until when the certificate in `cert` holds, in UTC (RFC 5280, 4.1.2.5).

    It is the first one there. Raises ConfigurationError if there is none.
    """
    try:
        found = x509.load_pem_x509_certificates(cert.read_bytes())[0]
    except OSError as error:
        raise ConfigurationError(_unreadable("cert", cert, error)) from error
    except ValueError as error:
        raise ConfigurationError(
            f"the cert file {cert} in the SMTP URL holds no certificate in PEM; name one that begins with ours, and"
            " goes on with those of the authorities between"
        ) from error
    return found.not_valid_before_utc, found.not_valid_after_utc


def _unreadable(name: str, path: Path, error: OSError) -> str:
    return f"the {name} file {path} in the SMTP URL cannot be read ({error.strerror}); let this user read it"


def _complaint(cert: Path, key: Path, *, reason: str) -> str:
    if not reason:
        return f"the key file {key} in the SMTP URL holds no private key in PEM; name the file of the certificate's key by key="
    if reason in _FOREIGN:
        return (
            f"the key in {key} is not that of the first certificate in {cert}; name two files in the SMTP URL that belong"
            " together"
        )
    why = reason.lower().replace("_", " ")
    return f"TLS refuses the certificate of the SMTP URL in {cert} ({why}); have a stronger one issued"
