"""DKIM keys of a workspace, and the signature that each of its messages gets.

A new key waits until its record is in the DNS; the one that was activated last for a domain signs. A key in one workspace
never signs for another: it is read through the workspace's own transaction, and is encrypted for that workspace alone.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache, partial

from tocsin.domain.audit import Verb
from tocsin.domain.dkim import Algorithm, DkimKey, KeyState, is_domain, record_complaint, selector_complaint
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.model import WorkspaceId
from tocsin.formats import addresses, dkim, secretbox
from tocsin.formats.dkim import SigningKey
from tocsin.services import audit
from tocsin.services.boxes import Box, Sort
from tocsin.services.ports import Transaction
from tocsin.services.ports_sender import Names

_PURPOSE = "dkim key"
_LONGEST_SELECTOR = 63  # characters of a label (RFC 1035, 2.3.4)

log = logging.getLogger("tocsin.dkim")


def create(
    tx: Transaction, domain: str, *, selector: str, algorithm: Algorithm, secret: bytes, now: datetime
) -> DkimKey:
    """Make and store a key that does not sign yet. Raises InvalidInputError if a name cannot be or is taken."""
    domain = normal_domain(domain)
    wrong = selector_complaint(selector)
    if wrong is not None:
        raise InvalidInputError.of("selector", f"{selector} cannot be a selector; {wrong}")
    made = dkim.generate(algorithm)
    identity = _identity(tx.workspace_id, domain, selector, algorithm)
    key = DkimKey(
        domain=domain,
        selector=selector,
        algorithm=algorithm,
        private_key=secretbox.seal(dkim.to_pem(made), secret=secret, purpose=_PURPOSE, identity=identity),
        public_record=dkim.public_record(made),
        created_at=now,
    )
    if not tx.dkim_keys.add(key):
        # A selector is used once: receivers and verifiers may still hold the record of the former key.
        raise InvalidInputError.of("selector", f"{selector} was used for {domain} before; give another selector")
    audit.note(tx, Verb.DKIM_CREATED, key.name, name=key.name, after=key)
    return key


def dated_selector(subdomain: str, now: datetime) -> str:
    """Return a selector that no other workspace takes, and that tells how old its key is."""
    day = f"{now:%Y%m%d}"
    return f"{subdomain[: _LONGEST_SELECTOR - len(day) - 1]}-{day}"


def of_workspace(tx: Transaction) -> list[DkimKey]:
    """Return all keys, by domain, the oldest first."""
    return tx.dkim_keys.all()


def get(tx: Transaction, domain: str, selector: str) -> DkimKey:
    """Return a key. Raises NotFoundError, and InvalidInputError if `domain` cannot be one."""
    domain = normal_domain(domain)
    key = tx.dkim_keys.get(domain, selector)
    if key is None:
        raise NotFoundError(f"there is no DKIM key {selector} for {domain}; `tocsin dkim list` names them")
    return key


def publication_complaint(key: DkimKey, names: Names) -> str | None:
    """Ask the DNS for the record of `key`; tell why signatures could not be checked by what is there, or None."""
    found = names.txt(key.name)
    if found.trouble:
        return f"the DNS could not be asked ({found.trouble})"
    return record_complaint(found.records, key)


def activate(tx: Transaction, domain: str, selector: str, *, now: datetime) -> DkimKey:
    """Let a key sign from now on; one that does already is left as it is.

    Whether its record is in the DNS is asked before, by `publication_complaint`: no transaction is open while the network is
    used. Raises NotFoundError, and ConflictError if the key is retired.
    """
    key = get(tx, domain, selector)
    if key.state is KeyState.RETIRED:
        raise ConflictError(f"the DKIM key {selector} for {key.domain} is retired; make a new one")
    tx.dkim_keys.activate(key.domain, selector, at=now)
    return _noted(tx, Verb.DKIM_ACTIVATED, key)


def retire(tx: Transaction, domain: str, selector: str, *, now: datetime) -> DkimKey:
    """End a key and forget its private half. Raises NotFoundError, and ConflictError if it is retired already."""
    key = get(tx, domain, selector)
    if not tx.dkim_keys.retire(key.domain, selector, at=now):
        raise ConflictError(f"the DKIM key {selector} for {key.domain} is retired already")
    return _noted(tx, Verb.DKIM_RETIRED, key)


def signed(message: bytes, key: DkimKey, *, workspace_id: WorkspaceId, secret: bytes, now: datetime) -> bytes:
    """Return `message` signed at `now` by `key`, which is active for exactly the sender's domain.

    If the key was encrypted with another secret, it is returned as it is, as where there is no key: then the relay signs, or
    nobody does. That is logged and told by `tocsin doctor`, and holds no message up.
    """
    signing_key = _signing_key(workspace_id, key, secret)
    if signing_key is None:
        return message
    return dkim.sign(message, signing_key, domain=key.domain, selector=key.selector, at=now)


def can_be_opened(workspace_id: WorkspaceId, key: DkimKey, secret: bytes) -> bool:
    """Tell whether `key`, which is not retired, can sign with this secret."""
    return _signing_key(workspace_id, key, secret) is not None


def boxes(tx: Transaction) -> Iterator[Box]:
    """Yield the boxes of all private keys; of retired ones nothing is left."""
    for key in tx.dkim_keys.all():
        if key.state is not KeyState.RETIRED:
            yield Box(
                sort=Sort.DKIM_KEY,
                name=key.name,
                sealed=key.private_key,
                purpose=_PURPOSE,
                identity=_identity(tx.workspace_id, key.domain, key.selector, key.algorithm),
                put=partial(tx.dkim_keys.put_box, key.domain, key.selector),
            )


def normal_domain(domain: str) -> str:
    """Return `domain` in A-labels and lower case. Raises InvalidInputError if no mail can come from there."""
    try:
        found = addresses.normal(f"a@{domain}").removeprefix("a@")
    except ValueError:
        found = ""
    if not is_domain(found):
        raise InvalidInputError.of("domain", f"{domain} is no domain that mail can be signed for; write example.com")
    return found


def _noted(tx: Transaction, verb: Verb, before: DkimKey) -> DkimKey:
    after = get(tx, before.domain, before.selector)
    audit.note(tx, verb, after.name, name=after.name, before=before, after=after)
    return after


def _signing_key(workspace_id: WorkspaceId, key: DkimKey, secret: bytes) -> SigningKey | None:
    return _opened(key.private_key, _identity(workspace_id, key.domain, key.selector, key.algorithm), secret)


# To read a key of RSA takes longer than to sign with it. All that decides is part of what is looked up: a box that was
# moved to another workspace is opened anew, in vain.
@lru_cache(maxsize=256)
def _opened(box: bytes, identity: tuple[str, ...], secret: bytes) -> SigningKey | None:
    try:
        return dkim.from_pem(secretbox.unseal(box, secret=secret, purpose=_PURPOSE, identity=identity))
    except ValueError:
        _, domain, selector, _ = identity
        log.warning("the DKIM key %s of %s was encrypted with another secret; messages go unsigned", selector, domain)
        return None


def _identity(workspace_id: WorkspaceId, domain: str, selector: str, algorithm: Algorithm) -> tuple[str, ...]:
    return (workspace_id, domain, selector, algorithm.value)
