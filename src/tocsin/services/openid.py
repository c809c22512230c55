"""Signing in by an OpenID provider: for accounts that are there already, with the same sessions as by a password.

Nothing is stored of a sign-in that was begun: a cookie holds a secret, and state, nonce and verifier are made from it. So an
answer is only taken by the browser that began, in the workspace where it began, and for ten minutes.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from tocsin.domain.audit import By, Through, Verb
from tocsin.domain.errors import PermissionDeniedError, UnavailableError
from tocsin.domain.model import Workspace, WorkspaceId
from tocsin.domain.sessions import SERVICE, Seat
from tocsin.services import accounts, audit, sessions, subjects
from tocsin.services.ports_openid import Person, Proof, Provider
from tocsin.services.sessions import Door

LONGEST = timedelta(minutes=10)
_COOKIE = re.compile(r"[0-9a-f]{64}\.([0-9]{1,12})\.([A-Za-z0-9_-]{0,2000})", re.ASCII)
_ERROR = re.compile(r"[a-z_]{1,40}", re.ASCII)
_LONGEST_CODE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sign-in that was begun: what the browser keeps, and where it goes."""

    cookie: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What somebody comes back with: his cookie, what the address holds, and from where."""

    cookie: str
    query: Mapping[str, str]
    redirect_uri: str
    seat: Seat


def begin(door: Door, provider: Provider, workspace: Workspace, *, redirect_uri: str, back: str) -> Begun:
    """Begin to sign in; `back` is the page that was wanted. Raises UnavailableError."""
    began, wanted = int(door.clock().timestamp()), base64.urlsafe_b64encode(back.encode()).rstrip(b"=").decode()
    cookie = f"{door.chance.new_secret()}.{began}.{wanted if len(wanted) <= 2000 else ''}"
    state = _derived(door, workspace.id, "state", cookie)
    address = provider.address(_proof(door, workspace.id, cookie, redirect_uri), state=state)
    return Begun(cookie=cookie, address=address)


def finish(door: Door, provider: Provider, workspace: Workspace, returned: Returned) -> tuple[str, str]:
    """Begin a session of whom the provider has signed in; return what the cookie is to hold, and the page that was wanted.

    Raises PermissionDeniedError, UnavailableError, and RateLimitedError if it was tried too often from there.
    """
    back, query = _must_be_ours(door, workspace.id, returned), returned.query
    if "error" in query:
        error = query["error"] if _ERROR.fullmatch(query["error"]) else "an error"
        raise PermissionDeniedError(f"the sign-in service has refused ({error.replace('_', ' ')}); begin again")
    code = query.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE:
        raise PermissionDeniedError("the sign-in service has sent no code; begin again")
    accounts.must_not_be_often(door, workspace.id, source=returned.seat.source)
    try:
        proof = _proof(door, workspace.id, returned.cookie, returned.redirect_uri)
        person = provider.person(code, proof)
    except UnavailableError as error:
        raise UnavailableError(f"nobody can sign in by the sign-in service now: {error}") from error
    return _session(door, workspace, person, seat=returned.seat), back


def _session(door: Door, workspace: Workspace, person: Person, *, seat: Seat) -> str:
    who = person.email.lower() if person.is_verified else "somebody whose address is not verified"
    try:
        with door.store.transaction(workspace.id, by=By(who=who, through=Through.PAGES)) as tx:
            account = subjects.account_of(tx, person, workspace=workspace.name)
    except PermissionDeniedError:
        # In a transaction of its own, because the other one is undone.
        _note_refusal(door, workspace.id, who, seat.source)
        raise
    return sessions.begin(door, account, seat=seat, way=SERVICE)


def _must_be_ours(door: Door, workspace_id: WorkspaceId, returned: Returned) -> str:
    """Return the page that was wanted. Raises PermissionDeniedError unless this browser has begun, here and lately."""
    match = _COOKIE.fullmatch(returned.cookie)
    state = returned.query.get("state", "").encode(errors="replace")
    wanted = _derived(door, workspace_id, "state", returned.cookie).encode()
    age = door.clock().timestamp() - (int(match[1]) if match else 0)
    if match is None or not hmac.compare_digest(state, wanted) or not 0 <= age + 1 <= LONGEST.total_seconds():
        raise PermissionDeniedError(
            "this sign-in was not begun in this browser, or more than ten minutes ago; begin again on the page to sign in"
        )
    return base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4)).decode(errors="replace")


def _note_refusal(door: Door, workspace_id: WorkspaceId, who: str, source: str) -> None:
    with door.store.transaction(workspace_id, by=By(who=who, through=Through.PAGES)) as tx:
        audit.note(tx, Verb.ACCOUNT_REFUSED, "", name=who, after={"from": source, "by": SERVICE})


def _proof(door: Door, workspace_id: WorkspaceId, cookie: str, redirect_uri: str) -> Proof:
    nonce, verifier = (_derived(door, workspace_id, purpose, cookie) for purpose in ("nonce", "verifier"))
    return Proof(redirect_uri=redirect_uri, nonce=nonce, verifier=verifier)


def _derived(door: Door, workspace_id: WorkspaceId, purpose: str, cookie: str) -> str:
    text = f"openid {purpose}:{workspace_id}:{cookie}".encode(errors="replace")
    return hmac.new(door.pepper, text, hashlib.sha256).hexdigest()
