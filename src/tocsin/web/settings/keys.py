"""API keys: made and shown once, listed without their secret, revoked."""

from collections.abc import Iterator
from datetime import datetime, time
from functools import partial
from typing import Literal

from tocsin.domain.access import KeyDraft, Scope
from tocsin.domain.accounts import Role
from tocsin.domain.errors import InvalidInputError
from tocsin.formats import zones
from tocsin.services import access
from tocsin.web.fields import Day, Form, Id, Line, Ticked
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit

_May = Literal["read", "write"] | None
AREAS = tuple(dict.fromkeys(scope.partition(":")[0] for scope in Scope if scope is not Scope.ADMIN))


class NewKey(Form):
    """What a key is for and may do, and the last day, in the workspace's zone, on which it opens anything."""

    name: Line
    everything: Ticked = False
    rules: _May = None
    bookings: _May = None
    links: _May = None
    deliveries: _May = None
    audit: Literal["read"] | None = None
    expires: Day | None = None

    def scopes(self) -> Iterator[Scope]:
        """Yield what the key may do."""
        if self.everything:
            yield Scope.ADMIN
            return
        for area in AREAS:
            if (may := getattr(self, area)) is not None:
                yield Scope(f"{area}:{may}")


class Which(Form):
    """Which key is meant."""

    key: Id


def show(visit: Visit) -> Shown:
    """List the keys, the newest first."""
    found = access.keys(visit.app.store, visit.workspace.subdomain)[::-1]
    now = visit.now
    return {"keys": [(key, key.is_live(now)) for key in found], "areas": AREAS, "made": None, "text": ""}


def create(visit: Visit, form: NewKey) -> Shown:
    """Make a key and show it, this once."""
    scopes = frozenset(form.scopes())
    if not scopes:
        raise InvalidInputError.of("everything", "choose at least one thing that the key may do")
    key, text = access.create_key(
        visit.app.store,
        visit.workspace.subdomain,
        KeyDraft(name=form.name, scopes=scopes, expires_at=_end(visit, form)),
        pepper=visit.app.pepper,
        now=visit.now,
        chance=visit.app.chance,
        by=visit.by,
    )
    return show(visit) | {"made": key, "text": text}


def revoke(visit: Visit, form: Which) -> Answer:
    """End a key at once."""
    access.revoke_key(visit.app.store, visit.workspace.subdomain, form.key, now=visit.now, by=visit.by)
    return Goto(to=_PATH, notice="key-revoked")


def _end(visit: Visit, form: NewKey) -> datetime | None:
    """Return the last moment of the key's last day."""
    return None if form.expires is None else zones.instant(form.expires, time(23, 59, 59), visit.workspace.time_zone)


_PATH, _TEMPLATE = "/settings/keys", "settings/keys.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show)
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE),
    _deed(path=f"{_PATH}/create", view=create, form=NewKey),
    _deed(path=f"{_PATH}/revoke", view=revoke, form=Which),
]
