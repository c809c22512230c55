"""An OpenID provider, found by its discovery document; its token is checked (OpenID Connect Core 1.0, 3.1)."""

import base64
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, import_key
from joserfc.jwt import JWTClaimsRegistry

from tocsin.calls.fetching import fetched, url_complaint
from tocsin.domain.accounts import Subject
from tocsin.domain.errors import ConfigurationError, PermissionDeniedError, UnavailableError
from tocsin.services.ports import Clock
from tocsin.services.ports_openid import Person, Proof

KEPT_FOR = timedelta(hours=1)  # discovery and keys
ASKED_AGAIN = timedelta(minutes=1)  # at the earliest, for a key that is not known
LEEWAY_S = 60
# What is signed with a key of the provider's own. Not `none`, and no HS256, whose key would be the client's secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
_LONGEST_SUBJECT = 255  # characters
_AT_ONCE = 4  # whoever waits for the provider holds a thread of the server
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_TOO_WEAK = (
    "the sign-in service has asked for less than is needed here (TOCSIN_OIDC_ACR); sign in there with a second factor"
)
_BAD_TOKEN = "the sign-in service has vouched for nobody, or not to us; begin again"  # noqa: S105  a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was learnt of the provider, and when."""

    document: Mapping[str, Any]
    keys: KeySet
    at: datetime


class OpenIdProvider:
    """The provider at `issuer`, to which we are `client_id`. Raises ConfigurationError if that is no address for it.

    `acr` are the ways to sign in there of which one must have been used (OpenID Connect Core 1.0, 2); empty: any.
    """

    def __init__(
        self, *, issuer: str, client_id: str, client_secret: str, clock: Clock, acr: tuple[str, ...] = ()
    ) -> None:
        wrong = url_complaint(issuer)
        if wrong is not None:
            raise ConfigurationError(f"TOCSIN_OIDC_ISSUER: {wrong}")
        self._issuer, self._client_id, self._client_secret = issuer, client_id, client_secret
        self._clock, self._acr = clock, acr
        self._known: _Known | None = None
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def address(self, proof: Proof, *, state: str) -> str:
        """Return where somebody signs in. Raises UnavailableError."""
        with self._a_place():
            at = str(self._learnt().document["authorization_endpoint"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(proof.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "scope": "openid email",
            "client_id": self._client_id,
            "redirect_uri": proof.redirect_uri,
            "state": state,
            "nonce": proof.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if self._acr:
            asked["acr_values"] = " ".join(self._acr)
        return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}"

    def person(self, code: str, proof: Proof) -> Person:
        """Return whom a code stands for. Raises UnavailableError, PermissionDeniedError."""
        with self._a_place():
            known = self._learnt()
            claims = self._claims(self._token(known, code, proof), known, proof.nonce)
        return Person(
            subject=self._subject(claims),
            email=str(claims.get("email", "")),
            is_verified=claims.get("email_verified") is True,
        )

    def _subject(self, claims: Mapping[str, Any]) -> Subject:
        # At most 255 ASCII characters (OpenID Connect Core 1.0, 2).
        name = claims["sub"]
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_SUBJECT or not name.isprintable():
            raise PermissionDeniedError(_BAD_TOKEN)
        return Subject(issuer=self._issuer, name=name)

    def _token(self, known: _Known, code: str, proof: Proof) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": proof.redirect_uri,
            "code_verifier": proof.verifier,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        # Basic is what every provider takes unless it says something else (OpenID Connect Discovery 1.0, 3).
        if "client_secret_basic" in known.document.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        ):
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret)}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        endpoint = str(known.document["token_endpoint"])
        status, answer = fetched(endpoint, near=self._issuer, headers=headers, form=urlencode(form).encode())
        if status >= 500:
            raise UnavailableError(f"the sign-in service answers with {status}")
        if status != 200 or not isinstance(answer.get("id_token"), str):
            raise PermissionDeniedError(_BAD_TOKEN)
        return str(answer["id_token"])

    def _claims(self, token: str, known: _Known, nonce: str) -> Mapping[str, Any]:
        try:
            claims = self._decoded(token, known)
            JWTClaimsRegistry(
                now=int(self._clock().timestamp()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._client_id},
                nonce={"essential": True, "value": nonce},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            # What the token holds stays out of words: it was not checked.
            raise PermissionDeniedError(_BAD_TOKEN) from error
        self._must_be_the_only_audience(claims)
        if self._acr and claims.get("acr") not in self._acr:
            raise PermissionDeniedError(_TOO_WEAK)
        return claims

    def _decoded(self, token: str, known: _Known) -> dict[str, Any]:
        try:
            return jwt.decode(token, known.keys, algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            if self._clock() - known.at < ASKED_AGAIN:
                raise
        # The provider may have taken a new key since.
        return jwt.decode(token, self._learn().keys, algorithms=ALGORITHMS).claims

    def _must_be_the_only_audience(self, claims: Mapping[str, Any]) -> None:
        audience, party = claims["aud"], claims.get("azp", self._client_id)
        if party != self._client_id or audience not in (self._client_id, [self._client_id]):
            raise PermissionDeniedError(_BAD_TOKEN)

    def _learnt(self) -> _Known:
        known = self._known
        return known if known is not None and self._clock() - known.at < KEPT_FOR else self._learn()

    def _learn(self) -> _Known:
        status, document = fetched(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", near=self._issuer)
        wrong = _document_complaint(status, document, self._issuer)
        if wrong is None:
            status, found = fetched(str(document["jwks_uri"]), near=self._issuer)
            keys = _keys_of(found) if status == 200 else []
            wrong = None if keys else "shows no keys that can be used"
        if wrong is not None:
            raise UnavailableError(f"the sign-in service at {self._issuer} {wrong}")
        self._known = _Known(document=document, keys=KeySet(keys), at=self._clock())
        return self._known

    @contextmanager
    def _a_place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=1.0):
            raise UnavailableError("many people sign in at this moment; try again in a few seconds", retry_after=5)
        try:
            yield
        finally:
            self._places.release()


def _document_complaint(status: int, document: Mapping[str, Any], issuer: str) -> str | None:
    if status != 200:
        return f"answers with {status} for its discovery document"
    if document.get("issuer") != issuer:
        return "calls itself by another name; TOCSIN_OIDC_ISSUER must be written exactly as it does"
    for name in _ENDPOINTS:
        wrong = url_complaint(str(document.get(name, "")))
        if wrong is not None:
            return f"has a discovery document whose {name} {wrong}"
    return None


def _keys_of(found: Mapping[str, Any]) -> list[Any]:
    """Return the keys for signatures that can be read; a provider may have others beside them."""
    keys = []
    listed = found.get("keys")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("kty") in ("RSA", "EC") and one.get("use", "sig") == "sig":
            try:
                keys.append(import_key(one))
            except (JoseError, ValueError, TypeError):
                continue
    return keys
