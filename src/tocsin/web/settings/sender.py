"""The sender: its address, how receivers see it, the records to publish, and the keys that sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from tocsin.domain.accounts import Role
from tocsin.domain.dkim import Algorithm, DkimKey, KeyState
from tocsin.domain.errors import ConflictError
from tocsin.domain.evidence import Check
from tocsin.domain.zone_record import ZoneRecord, read
from tocsin.services import dkim, identity, senders
from tocsin.web.fields import Form, Id, Line
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class Address(Form):
    """From which address the workspace writes; empty: from that of the installation."""

    mail_from: Line = ""


class NewKey(Form):
    """What a key is to sign for, and with what; without a selector it is named after the day."""

    domain: Line
    selector: Line = ""
    algorithm: Literal["rsa", "ed25519"] = "rsa"


class Which(Form):
    """Which key is meant."""

    domain: Line
    selector: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How a check went, and the record to publish, if one is missing."""

    check: Check
    record: ZoneRecord | None


def show(visit: Visit) -> Shown:
    """Show the sender and its keys; the DNS is not asked."""
    with visit.reading() as tx:
        keys = dkim.of_workspace(tx)
    return _shown(visit, keys, sentence="", checks=())


def check(visit: Visit) -> Shown:
    """Ask the DNS, which takes some 10 seconds at most, and show how each check went."""
    found, keys = identity.of_workspace(visit.app.outlet, visit.workspace, visit.app.names())
    checks = [Checked(check=one, record=read(one.record)) for one in found.checks]
    return _shown(visit, keys, sentence=found.sentence, checks=checks)


def set_address(visit: Visit, form: Address) -> Answer:
    """Write from another address from now on."""
    visit.write(lambda tx: senders.set_address(tx, form.mail_from))
    return Goto(to=_PATH, notice="saved")


def make_key(visit: Visit, form: NewKey) -> Answer:
    """Make a key that does not sign yet."""
    selector = form.selector or dkim.dated_selector(visit.workspace.subdomain, visit.now)
    algorithm = Algorithm(form.algorithm)
    visit.write(
        lambda tx: dkim.create(
            tx, form.domain, selector=selector, algorithm=algorithm, secret=visit.app.pepper, now=visit.now
        )
    )
    return Goto(to=_PATH, notice="dkim-made")


def activate(visit: Visit, form: Which) -> Answer:
    """Let a key sign, once its record is in the DNS."""
    with visit.reading() as tx:
        key = dkim.get(tx, form.domain, form.selector)
    wrong = dkim.publication_complaint(key, visit.app.names()) if key.state is KeyState.WAITING else None
    if wrong is not None:
        raise ConflictError(f"{key.name} cannot be checked by receivers yet: {wrong}; add its record, then try again")
    visit.write(lambda tx: dkim.activate(tx, form.domain, form.selector, now=visit.now))
    return Goto(to=_PATH, notice="dkim-active")


def retire(visit: Visit, form: Which) -> Answer:
    """End a key."""
    visit.write(lambda tx: dkim.retire(tx, form.domain, form.selector, now=visit.now))
    return Goto(to=_PATH, notice="dkim-retired")


def _shown(visit: Visit, keys: Sequence[DkimKey], *, sentence: str, checks: Sequence[Checked]) -> Shown:
    address = visit.workspace.mail_from or visit.app.settings.mail_from
    return {
        "address": address,
        "domain": identity.domain_of(address),
        "sentence": sentence,
        "checks": checks,
        "keys": keys,
        "answers_come": bool(visit.app.settings.inbound),
        "installation": visit.app.settings.mail_from,
    }


_PATH, _TEMPLATE = "/settings/sender", "settings/sender.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show)
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE),
    Page(path=f"{_PATH}/check", view=check, template=_TEMPLATE),
    _deed(path=f"{_PATH}/address", view=set_address, form=Address),
    _deed(path=f"{_PATH}/key", view=make_key, form=NewKey),
    _deed(path=f"{_PATH}/activate", view=activate, form=Which),
    _deed(path=f"{_PATH}/retire", view=retire, form=Which),
]
