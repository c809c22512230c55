"""Certificates made on the fly: an authority, what it issues, and server contexts that are right or wrong in one way each."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = x509.IPAddress(IPv4Address("127.0.0.1"))
BORN_AT = datetime(2020, 1, 1, tzinfo=UTC)
LONG = timedelta(days=36_500)


@dataclass(frozen=True)
class Issued:
    """A certificate in one PEM file and its private key in another."""

    cert: Path
    key: Path


class Authority:
    """A certificate authority of our own, or one that is vouched for by the one `above` it; its certificate is in `path`."""

    def __init__(
        self, directory: Path, *, name: str = "Tocsin test authority", above: "Authority | None" = None
    ) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=1 if above is None else 0)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        signer = above or self
        builder = signer._builder(self._name, self._key.public_key(), until=BORN_AT + LONG)
        builder = builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)
        self.path = directory / "authority.pem"
        self.path.write_bytes(builder.sign(signer._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(
        self, name: x509.GeneralName = LOOPBACK, *, lasts: timedelta = LONG, asks: ssl.VerifyMode = ssl.CERT_NONE
    ) -> ssl.SSLContext:
        """Return the context of a server that shows a certificate for `name`, valid for `lasts` from the year 2020 on.

        It `asks` clients for one of this authority.
        """
        issued = self.issue("relay", name, until=BORN_AT + lasts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.cert, issued.key)
        context.load_verify_locations(self.path)
        context.verify_mode = asks
        return context

    def issue(
        self, owner: str, *names: x509.GeneralName, until: datetime = BORN_AT + LONG, since: datetime = BORN_AT
    ) -> Issued:
        """Return a certificate for `owner`, which is its common name, and for `names`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
        builder = self._builder(subject, key.public_key(), until=until, since=since)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        files = [self._directory / f"{owner}-{certificate.serial_number}.{ending}" for ending in ("pem", "key")]
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].touch(0o600)  # libpq uses no key that others can read
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Issued(*files)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, until: datetime, since: datetime = BORN_AT
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder(issuer_name=self._name, subject_name=subject, public_key=key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since)
        return builder.not_valid_after(until)
