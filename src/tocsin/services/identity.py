"""How a workspace looks as a sender: its keys and the records of its domain, gathered for `domain.identity` to judge."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tocsin.domain import dmarc, identity, spf
from tocsin.domain.dkim import DkimKey, KeyState
from tocsin.domain.dmarc import Dmarc
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.evidence import Evidence, SeenKey
from tocsin.domain.identity import Identity
from tocsin.domain.lookup import Lookup
from tocsin.domain.model import Workspace
from tocsin.domain.spf import Walk
from tocsin.services import dkim
from tocsin.services.ports import Store
from tocsin.services.ports_sender import Names

_Read = TypeVar("_Read", Walk, Dmarc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """How messages leave this installation, as far as the checks need to know.

    `mail_from` is the sender of workspaces without their own, `secret` opens private keys. `relay` is the host that takes
    our messages: empty if that is this machine, None if messages are captured.
    """

    store: Store
    mail_from: str
    secret: bytes
    relay: str | None


def of_workspace(outlet: Outlet, workspace: Workspace, names: Names) -> tuple[Identity, list[DkimKey]]:
    """Return what receivers make of a workspace's sender, and its DKIM keys; never raises for what the DNS does.

    Takes as long as `names` may. Nothing is asked for a sender whose messages do not leave or that nobody can know.
    """
    address = workspace.mail_from or outlet.mail_from
    domain = domain_of(address)
    with outlet.store.reading(workspace.id) as tx:
        keys, signing = dkim.of_workspace(tx), tx.dkim_keys.signing(domain)
    if outlet.relay is None:
        return identity.captured(address), keys
    if not identity.is_public(domain):
        return identity.of_nowhere(address), keys
    seen = None if signing is None else _seen(outlet, workspace, signing, names)
    return identity.judge(_evidence(outlet, workspace, keys, names, signing=seen)), keys


def domain_of(address: str) -> str:
    """Return the domain of a sender in A-labels; empty if it has one label only, such as localhost."""
    try:
        return dkim.normal_domain(address.rpartition("@")[2])
    except InvalidInputError:
        return ""


def _evidence(
    outlet: Outlet, workspace: Workspace, keys: list[DkimKey], names: Names, *, signing: SeenKey | None
) -> Evidence:
    address = workspace.mail_from or outlet.mail_from
    domain = domain_of(address)
    waiting = [key for key in keys if key.state is KeyState.WAITING and key.domain == domain]
    mx = names.mx(domain)
    return Evidence(
        subdomain=workspace.subdomain,
        address=address,
        domain=domain,
        relay=outlet.relay or "",
        signing=signing,
        waiting=_seen(outlet, workspace, waiting[-1], names) if waiting else None,
        elsewhere=_elsewhere(keys, domain),
        spf=_followed(lambda found: spf.walk(domain, found), names),
        dmarc=_followed(lambda found: dmarc.read(domain, found), names),
        mx=mx,
        addresses=Lookup() if mx.records or mx.trouble else names.addresses(domain),
    )


def _seen(outlet: Outlet, workspace: Workspace, key: DkimKey, names: Names) -> SeenKey:
    opens = dkim.can_be_opened(workspace.id, key, outlet.secret)
    return SeenKey(key=key, found=names.txt(key.name), opens=opens)


def _elsewhere(keys: list[DkimKey], domain: str) -> tuple[str, ...]:
    live = [key.domain for key in keys if key.state is not KeyState.RETIRED]
    return tuple(dict.fromkeys(each for each in live if each != domain))


def _followed(read: Callable[[dict[str, Lookup]], _Read], names: Names) -> _Read:
    """Ask for what `read` misses, name by name, until it misses nothing."""
    found: dict[str, Lookup] = {}
    while (so_far := read(found)).missing:
        found[so_far.missing] = names.txt(so_far.missing)
    return so_far
