"""A relay that is shown a certificate instead of being told a password: in the handshake, by AUTH EXTERNAL, and anew."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.mail.certificates import Authority, Issued
from tests.mail.conftest import Connect
from tests.mail.envelopes import an_envelope
from tests.smtp_server import OK, Sink
from tocsin.domain.delivery import Result
from tocsin.domain.errors import ConfigurationError
from tocsin.mail import client_certificate
from tocsin.mail.dialogue import context_for
from tocsin.mail.transport import Relay, Tls, parse

both_ways = pytest.mark.parametrize("implicit", [True, False], ids=["from the first byte", "STARTTLS"])


@pytest.fixture(scope="session")
def issued(authority: Authority) -> Issued:
    return authority.issue("tocsin")


def url(sink: Sink, authority: Authority, issued: Issued, *, user: str = "") -> str:
    where = f"{user}127.0.0.1:{sink.port}?ca={authority.path}&cert={issued.cert}&key={issued.key}"
    return f"smtps://{where}" if sink.implicit_tls else f"smtp://{where}&tls=required"


def asking(authority: Authority, *, implicit: bool = False, mechanisms: str = "") -> Sink:
    """Return a relay that talks only with who has a certificate of the authority."""
    return Sink(tls=authority.server(asks=ssl.CERT_REQUIRED), implicit_tls=implicit, mechanisms=mechanisms)


@both_ways
def test_a_relay_that_wants_a_certificate_is_shown_ours_and_takes_messages_without_a_password(
    connect: Connect, authority: Authority, issued: Issued, *, implicit: bool
) -> None:
    with asking(authority, implicit=implicit) as sink:
        mailer = connect(parse(url(sink, authority, issued)))

        assert [mailer.send(an_envelope()).result for _ in range(2)] == [Result.ACCEPTED] * 2
        assert (sink.clients[-1], sink.logins, sink.violations) == ("tocsin", [], [])


@both_ways
def test_a_relay_that_offers_external_is_signed_in_to_by_the_certificate(
    connect: Connect, authority: Authority, issued: Issued, *, implicit: bool
) -> None:
    with asking(authority, implicit=implicit, mechanisms="PLAIN EXTERNAL") as sink:
        assert connect(parse(url(sink, authority, issued))).send(an_envelope()).result is Result.ACCEPTED
        assert (sink.logins, sink.violations) == ([("tocsin", "")], [])


def test_a_relay_that_lets_in_by_certificate_alone_is_not_signed_in_to(
    connect: Connect, authority: Authority, issued: Issued
) -> None:
    # As Postfix with permit_tls_clientcerts, which offers logins to others.
    with Sink(tls=authority.server(asks=ssl.CERT_OPTIONAL), credentials=("user", "s3cret")) as sink:
        sink.on_mail = lambda _: OK if sink.clients[-1] == "tocsin" else "530 5.7.0 who are you?"

        assert connect(parse(url(sink, authority, issued))).send(an_envelope()).result is Result.ACCEPTED
        assert sink.logins == []


def test_a_password_beside_the_certificate_is_used_for_the_login(
    connect: Connect, authority: Authority, issued: Issued
) -> None:
    tls = authority.server(asks=ssl.CERT_REQUIRED)
    with Sink(tls=tls, credentials=("user", "s3cret"), mechanisms="EXTERNAL PLAIN") as sink:
        mailer = connect(parse(url(sink, authority, issued, user="user:s3cret@")))

        assert mailer.send(an_envelope()).result is Result.ACCEPTED
        assert (sink.clients[-1], sink.logins) == ("tocsin", [("user", "s3cret")])


def test_without_a_certificate_external_is_not_tried(connect: Connect, authority: Authority) -> None:
    with Sink(tls=authority.server(), mechanisms="EXTERNAL") as sink:
        relay = Relay(host="127.0.0.1", port=sink.port, tls=Tls.REQUIRED, ca=authority.path)

        assert connect(relay).send(an_envelope()).result is Result.ACCEPTED
        assert sink.logins == []


@pytest.mark.parametrize("shown", ["none", "of an authority that the relay does not know", "that has ended"])
@both_ways
def test_a_relay_takes_nothing_from_who_cannot_show_the_right_certificate(
    connect: Connect, authority: Authority, tmp_path: Path, *, implicit: bool, shown: str
) -> None:
    found: Issued | None = None
    if shown == "of an authority that the relay does not know":
        found = Authority(tmp_path, name="Unknown authority").issue("tocsin")
    elif shown == "that has ended":
        found = authority.issue("tocsin", until=datetime(2021, 1, 1, tzinfo=UTC))
    mode = Tls.IMPLICIT if implicit else Tls.REQUIRED
    with asking(authority, implicit=implicit) as sink:
        cert, key = (found.cert, found.key) if found else (None, None)
        relay = Relay(host="127.0.0.1", port=sink.port, tls=mode, ca=authority.path, cert=cert, key=key)

        outcome = connect(relay).send(an_envelope())

        assert outcome.result is Result.TRANSPORT
        assert outcome.reply.startswith(f"the relay 127.0.0.1:{sink.port} cannot be used: ")
        assert sink.messages == []


def test_a_certificate_that_external_refuses_is_tried_once_and_nothing_is_sent(
    connect: Connect, authority: Authority, issued: Issued
) -> None:
    with Sink(tls=authority.server(), mechanisms="EXTERNAL") as sink:  # it does not look at certificates, so sees none
        outcome = connect(parse(url(sink, authority, issued))).send(an_envelope())

        assert (outcome.result, outcome.code) == (Result.TRANSPORT, 535)
        assert (sink.logins, sink.messages) == ([("", "")], [])


def test_the_authorities_between_are_shown_too(connect: Connect, authority: Authority, tmp_path: Path) -> None:
    between = Authority(tmp_path, name="Authority between", above=authority)
    issued = between.issue("tocsin")
    alone = Issued(tmp_path / "alone.pem", issued.key)
    alone.cert.write_bytes(issued.cert.read_bytes())
    issued.cert.write_bytes(issued.cert.read_bytes() + between.path.read_bytes())
    with asking(authority) as sink:
        assert connect(parse(url(sink, authority, issued))).send(an_envelope()).result is Result.ACCEPTED
        assert connect(parse(url(sink, authority, alone))).send(an_envelope()).result is Result.TRANSPORT


def test_the_key_may_stand_in_the_file_of_the_certificate(
    connect: Connect, authority: Authority, issued: Issued, tmp_path: Path
) -> None:
    both = tmp_path / "our own.pem"
    both.write_bytes(issued.key.read_bytes() + issued.cert.read_bytes())
    with asking(authority) as sink:
        named = f"smtp://127.0.0.1:{sink.port}?tls=required&ca={authority.path}&cert={tmp_path}/our%20own.pem"

        assert connect(parse(named)).send(an_envelope()).result is Result.ACCEPTED
        assert sink.clients[-1] == "tocsin"


def test_a_renewed_certificate_is_shown_by_the_next_connection_and_half_of_one_is_not(
    connect: Connect, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = authority.issue("first"), authority.issue("second")
    used = Issued(tmp_path / "client.pem", tmp_path / "client.key")
    used.cert.write_bytes(first.cert.read_bytes())
    used.key.write_bytes(first.key.read_bytes())
    with asking(authority) as sink:
        mailer = connect(parse(url(sink, authority, used)), per_connection=1)
        sent = [mailer.send(an_envelope())]
        used.cert.write_bytes(second.cert.read_bytes())
        sent.append(mailer.send(an_envelope()))
        warned = caplog.text
        used.key.write_bytes(second.key.read_bytes())
        sent.append(mailer.send(an_envelope()))

        assert [each.result for each in sent] == [Result.ACCEPTED] * 3
        assert [name for name in sink.clients if name] == ["first", "first", "second"]
        assert f"the certificate that was read last goes on: the key in {used.key} is not that of" in warned


@pytest.fixture
def wrong(authority: Authority, issued: Issued, tmp_path: Path) -> dict[str, tuple[Path, Path | None]]:
    """Give certificates and keys that cannot be used, by what is wrong with them."""
    files = {name: tmp_path / name for name in ("garbage", "encrypted", "sealed", "der", "elsewhere", "weak")}
    files["garbage"].write_text("no certificate")
    key = serialization.load_pem_private_key(issued.key.read_bytes(), password=None)
    sealing = serialization.BestAvailableEncryption(b"s3cret")
    pem, old, new = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.PrivateFormat.PKCS8,
    )
    files["encrypted"].write_bytes(key.private_bytes(pem, new, sealing))
    files["sealed"].write_bytes(key.private_bytes(pem, old, sealing))
    files["der"].write_bytes(key.private_bytes(serialization.Encoding.DER, new, serialization.NoEncryption()))
    of_rsa = rsa.generate_private_key(65537, 2048)
    files["elsewhere"].write_bytes(of_rsa.private_bytes(pem, new, serialization.NoEncryption()))
    files["weak"].write_bytes(a_weak_one())
    return {
        "a certificate that is none": (files["garbage"], issued.key),
        "a key in the place of the certificate": (issued.key, issued.key),
        "a folder for the certificate": (tmp_path, issued.key),
        "a key that is none": (issued.cert, files["garbage"]),
        "a key in another form": (issued.cert, files["der"]),
        "a folder for the key": (issued.cert, tmp_path),
        "no key at all": (issued.cert, None),
        "a key of another certificate": (issued.cert, authority.issue("other").key),
        "a key of another kind": (issued.cert, files["elsewhere"]),
        "an encrypted key": (issued.cert, files["encrypted"]),
        "an encrypted key in the old form": (issued.cert, files["sealed"]),
        "a weak key": (files["weak"], None),
    }


def a_weak_one() -> bytes:
    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tocsin")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2120, 1, 1, tzinfo=UTC)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        (
            "a certificate that is none",
            r"cert file {cert} .*holds no certificate in PEM; name one that begins with ours",
        ),
        ("a key in the place of the certificate", r"cert file {cert} .*holds no certificate in PEM"),
        ("a folder for the certificate", r"cert file {cert} .*cannot be read \(Is a directory\)"),
        ("a key that is none", r"key file {key} .*holds no private key in PEM; name the file"),
        ("a key in another form", r"key file {key} .*holds no private key in PEM"),
        ("a folder for the key", r"key file {key} .*cannot be read \(Is a directory\)"),
        ("no key at all", r"key file {cert} .*holds no private key in PEM; .*by key="),
        (
            "a key of another certificate",
            r"key in {key} is not that of .*{cert}; name two files .* that belong together",
        ),
        ("a key of another kind", r"key in {key} is not that of .*{cert}"),
        ("an encrypted key", r"key file {key} .*is encrypted.*write the key without one"),
        ("an encrypted key in the old form", r"key file {key} .*is encrypted"),
        ("a weak key", r"TLS refuses the certificate .*{cert} \(ee key too small\)"),
    ],
)
def test_what_cannot_be_shown_is_a_wrong_setting_that_names_the_file(
    wrong: dict[str, tuple[Path, Path | None]], what: str, complaint: str
) -> None:
    cert, key = wrong[what]
    relay = Relay(host="mail.example.com", port=465, tls=Tls.IMPLICIT, cert=cert, key=key)

    with pytest.raises(ConfigurationError, match=complaint.format(cert=cert, key=key)):
        context_for(relay)


def test_the_term_of_a_certificate_is_read_from_the_first_one_in_the_file(authority: Authority) -> None:
    since = datetime(2026, 11, 1, tzinfo=UTC)
    issued = authority.issue("tocsin", since=since, until=since + timedelta(hours=24))
    issued.cert.write_bytes(issued.cert.read_bytes() + authority.path.read_bytes())

    assert client_certificate.term(issued.cert) == (since, since + timedelta(hours=24))
