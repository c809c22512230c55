"""TOCSIN_SMTP_URL: what is understood, and what is refused with a sentence that helps and holds no password."""

from pathlib import Path

import pytest

from tocsin.domain.errors import ConfigurationError
from tocsin.mail.transport import Relay, Tls, parse


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        pytest.param(
            "smtp://user:password@mail.example.com:2587?tls=required",
            Relay(host="mail.example.com", port=2587, user="user", password="password", tls=Tls.REQUIRED),
            id="the long form",
        ),
        pytest.param(
            "smtp://mail.example.com", Relay(host="mail.example.com", port=587, tls=Tls.REQUIRED), id="TLS unless told"
        ),
        pytest.param(
            "smtps://mail.example.com",
            Relay(host="mail.example.com", port=465, tls=Tls.IMPLICIT),
            id="TLS from the start",
        ),
        pytest.param(
            "smtps://mail.example.com/?tls=required",
            Relay(host="mail.example.com", port=465, tls=Tls.IMPLICIT),
            id="TLS from the start, said twice",
        ),
        pytest.param("smtp://127.0.0.1:2525", Relay(host="127.0.0.1", port=2525, tls=Tls.NONE), id="loopback in clear"),
        pytest.param("smtp://[::1]:2525", Relay(host="::1", port=2525, tls=Tls.NONE), id="loopback of IPv6"),
        pytest.param("smtp://localhost:25", Relay(host="localhost", port=25, tls=Tls.NONE), id="loopback by name"),
        pytest.param(
            "smtp://u:p@localhost:25?tls=optional",
            Relay(host="localhost", port=25, user="u", password="p", tls=Tls.OPTIONAL),
            id="loopback with TLS if offered",
        ),
        pytest.param(
            "smtp://mailpit:1025?tls=none", Relay(host="mailpit", port=1025, tls=Tls.NONE), id="clear if told"
        ),
        pytest.param(
            "smtps://mail.example.com?connections=3",
            Relay(host="mail.example.com", port=465, tls=Tls.IMPLICIT, connections=3),
            id="few connections",
        ),
        pytest.param(
            "smtp://a%40b.example:p%C3%A4ss%3A%2F%3F%23%25@mail.example.com",
            Relay(host="mail.example.com", port=587, user="a@b.example", password="päss:/?#%", tls=Tls.REQUIRED),
            id="percent-encoding",
        ),
    ],
)
def test_a_url_is_understood(url: str, relay: Relay) -> None:
    assert parse(url) == relay


def test_a_certificate_and_its_key_can_be_named(tmp_path: Path) -> None:
    cert, key = tmp_path / "our own.pem", tmp_path / "our own.key"
    cert.touch()
    key.touch()
    named = f"cert={tmp_path}/our%20own.pem"

    relay = parse(f"smtp://mail.example.com?{named}&key={tmp_path}/our%20own.key")

    assert (relay.cert, relay.key, relay.tls) == (cert, key, Tls.REQUIRED)
    assert parse(f"smtps://user:s3cret@mail.example.com?{named}").key is None


def test_an_authority_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "our own.pem"
    file.touch()

    assert parse(f"smtps://mail.example.com?ca={tmp_path}/our%20own.pem").ca == file


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        pytest.param("", "smtp:// nor smtps://", id="nothing"),
        pytest.param("mail.example.com:587", "smtp:// nor smtps://", id="no scheme"),
        pytest.param("https://mail.example.com", "smtp:// nor smtps://", id="another scheme"),
        pytest.param("smtp://", "no host", id="no host"),
        pytest.param("smtp://-mail.example.com", "no host", id="a host that cannot be"),
        pytest.param("smtp://" + "a" * 64 + ".example", "no host", id="a label too long for the resolver"),
        pytest.param("smtp://bücher.example", "ASCII", id="a host that is not ASCII"),
        pytest.param("smtp://mail.example.com:0", "host and port", id="port 0"),
        pytest.param("smtp://mail.example.com:70000", "port", id="a port too large"),
        pytest.param("smtp://user:s3cret/x@mail.example.com", "percent-encoded", id="a slash in the password"),
        pytest.param("smtp://user:s3cret#x@mail.example.com", "percent-encoded|host", id="a hash in the password"),
        pytest.param("smtp://user:s3cret?x@mail.example.com", "percent-encoded|host", id="a question mark in it"),
        pytest.param("smtp://user:s3cret%FF@mail.example.com", "percent-encoded UTF-8", id="not UTF-8"),
        pytest.param("smtp://user:s3cret%00@mail.example.com", "control character", id="a NUL in the password"),
        pytest.param("smtp://user:s3cret @mail.example.com", "space", id="a space"),
        pytest.param("smtp://user:s3cret@mail.example.com\n", "control character", id="a line end"),
        pytest.param("smtp://user@mail.example.com", "both user and password", id="no password"),
        pytest.param("smtp://:s3cret@mail.example.com", "both user and password", id="no user"),
        pytest.param("smtp://user:s3cret@mail.example.com/box", "may follow", id="a path"),
        pytest.param("smtp://mail.example.com?tls=maybe", "required, optional or none", id="another word for tls"),
        pytest.param("smtp://mail.example.com?tls=", "each once", id="no word for tls"),
        pytest.param("smtp://mail.example.com?tls=none&tls=none", "each once", id="tls twice"),
        pytest.param("smtp://mail.example.com?verify=no", "each once", id="another option"),
        pytest.param("smtps://mail.example.com?tls=none", "always encrypted", id="smtps in clear"),
        pytest.param("smtp://user:s3cret@mail.example.com?tls=none", "tls=required", id="a password in clear"),
        pytest.param(
            "smtp://user:s3cret@mail.example.com?tls=optional", "tls=required", id="a password perhaps in clear"
        ),
        pytest.param("smtp://mail.example.com?ca=/does/not/exist", "does not exist", id="no such file"),
        pytest.param("smtp://mail.example.com?connections=0", "from 1 to 100", id="no connection"),
        pytest.param("smtp://mail.example.com?connections=101", "from 1 to 100", id="too many connections"),
        pytest.param("smtp://mail.example.com?connections=1e2", "from 1 to 100", id="connections in another form"),
        pytest.param("smtp://mail.example.com?connections=" + "9" * 9999, "from 1 to 100", id="far too many"),
        pytest.param(f"smtps://mail.example.com?cert=/{'x' * 300}", "cannot be reached", id="a name that is too long"),
        pytest.param("smtps://mail.example.com?cert=/does/not/exist", "cert file /does/not", id="no such certificate"),
        pytest.param("smtps://mail.example.com?cert=/etc/hostname&key=/x", "key file /x", id="no such key"),
        pytest.param("smtps://mail.example.com?key=/etc/hostname", "needs cert=", id="a key for nothing"),
        pytest.param("smtp://127.0.0.1?cert=/etc/hostname", "cert .*needs tls=required", id="a certificate in clear"),
        pytest.param("smtp://a.example?tls=none&cert=/etc/hostname", "cert .*needs tls=required", id="and elsewhere"),
        pytest.param(
            "smtp://a.example?tls=optional&cert=/etc/hostname", "cert .*needs tls=required", id="perhaps in clear"
        ),
        pytest.param("smtps://a.example?cert=/etc/hostname&cert=/etc/hostname", "each once", id="two certificates"),
        pytest.param("smtp://127.0.0.1?ca=/etc/hostname", "needs tls=required", id="an authority for nothing"),
    ],
)
def test_a_url_is_refused_and_the_password_not_shown(url: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint) as caught:
        parse(url)

    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_relay_does_not_show_its_password() -> None:
    assert "s3cret" not in repr(parse("smtp://user:s3cret@mail.example.com"))
