"""A small OpenID provider on loopback: real HTTP, real signatures; and it misbehaves as it is told."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "tocsin client", "a secret & more"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})  # the same name, and another key

Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(kw_only=True)
class Manner:
    """How the provider behaves."""

    email: str = "ann@example.com"
    verified: object = True
    subject: object = "1"
    key: RSAKey | ECKey = field(default_factory=lambda: RSA)
    algorithm: str = "RS256"
    keys: list[RSAKey | ECKey] = field(default_factory=lambda: [RSA, EC])
    claims: Change = lambda claims: claims
    token: Callable[[str], str] = lambda token: token
    document: Change = lambda document: document
    refuses: str = ""  # the error with which it sends people back
    state: Callable[[str], str] = lambda state: state
    raw: bytes | None = None  # what it answers to everything
    content_type: str = "application/json"
    status: int = 200


class OpenIdServer:
    """Signs everybody in as `manner.email` until the end of the block."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.manner, self.clock = Manner(), clock
        self.asked: list[str] = []
        self.acr_values = ""  # that were wished last
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._get(self, urlsplit(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider._post(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Be away from now on."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def authorize(self, address: str) -> str:
        """Return where somebody is sent back to who came to `address` and has signed in."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert (asked["code_challenge_method"], asked["scope"]) == ("S256", "openid email")
        self.acr_values = asked.get("acr_values", "")
        state = self.manner.state(asked["state"])
        if self.manner.refuses:
            return f"{asked['redirect_uri']}?{urlencode({'error': self.manner.refuses, 'state': state})}"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': state})}"

    def _get(self, handler: BaseHTTPRequestHandler, path: Any) -> None:
        self.asked.append(path.path)
        if path.path == "/authorize":
            handler.send_response(302)
            handler.send_header("Location", self.authorize(f"{path.path}?{path.query}"))
            handler.end_headers()
        elif path.path == "/keys":
            self._answer(handler, {"keys": [key.as_dict(private=False) for key in self.manner.keys]})
        else:
            self._answer(handler, self.manner.document(self._document()))

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def _post(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        self.asked.append("/token")
        # A code is good once, for who began and can prove it (RFC 6749, 4.1.2; RFC 7636, 4.6).
        asked = self._codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        is_right = (
            asked is not None
            and self._is_client(handler, form)
            and asked["code_challenge"] == challenge.decode()
            and asked["redirect_uri"] == form["redirect_uri"]
        )
        if not is_right or asked is None:
            self._answer(handler, {"error": "invalid_grant"}, status=400)
        else:
            self._answer(
                handler, {"access_token": "x", "token_type": "Bearer", "id_token": self._token(asked["nonce"])}
            )

    def _is_client(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> bool:
        kind, _, text = handler.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            name, _, secret = base64.b64decode(text).decode().partition(":")
            return (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def _token(self, nonce: str) -> str:
        now, manner = int(self.clock().timestamp()), self.manner
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": manner.subject,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": manner.email,
            "email_verified": manner.verified,
        }
        header = {"alg": manner.algorithm, "kid": manner.key.kid}
        return manner.token(jwt.encode(header, manner.claims(claims), manner.key, algorithms=[manner.algorithm]))

    def _answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any], *, status: int = 200) -> None:
        raw = json.dumps(body).encode() if self.manner.raw is None else self.manner.raw
        handler.send_response(self.manner.status if status == 200 else status)
        handler.send_header("Content-Type", self.manner.content_type)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)


def unsigned(token: str) -> str:
    """Return a token that says of itself that nobody has signed it."""
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."
