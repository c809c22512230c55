"""How much a workspace may send: each message is counted once, and waits or is given up where a limit is reached.

Beside it stands the pause: what comes back or is called spam is counted too, and too much of it stops the workspace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.domain.audit import Verb
from tocsin.domain.delivery import Delivery, DeliveryId, State, Verdict
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.limits import REACHED, Buckets, Limit, Limits, Refusal, Scope, admit, free_from, parse
from tocsin.domain.pause import PAUSED, WINDOW, Fate, Pause, too_many, waiting
from tocsin.domain.suppression import suppression_key
from tocsin.services import audit
from tocsin.services.ports import Transaction
from tocsin.services.ports_recipients import Meter, Overrides

_FATES = {fate: Meter(kind=fate.value, name="", window=WINDOW) for fate in Fate}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How far a limit is used. `used` is None where it counts for each recipient or domain, and none was named.

    It can be a little more than left in the last window, because whole buckets are counted.
    """

    limit: Limit
    used: int | None
    frees_at: datetime | None

    @property
    def left(self) -> int | None:
        """How many more may leave now."""
        return None if self.used is None else max(0, self.limit.most - self.used)


def in_force(tx: Transaction, defaults: Limits) -> Limits:
    """Return the limits of the workspace: its own where an operator has set them, and else the installation's."""
    own = tx.usage.overrides()
    return Limits(
        workspace=defaults.workspace if own.workspace is None else parse(Scope.WORKSPACE, own.workspace),
        recipient=defaults.recipient if own.recipient is None else parse(Scope.RECIPIENT, own.recipient),
        domain=defaults.domain if own.domain is None else parse(Scope.DOMAIN, own.domain),
    )


def charge(
    tx: Transaction, deliveries: Sequence[Delivery], defaults: Limits, *, now: datetime
) -> dict[DeliveryId, Verdict]:
    """Count messages that are about to leave; return how those wait, or end, for which a limit is reached.

    Each delivery is counted once, however often it is tried, and all limits are looked at before any is counted. It is counted
    among what was sent, too, which the shares of bounces and complaints are of.
    `defaults` are the installation's limits. Nobody else counts for this workspace until the transaction ends.
    """
    charged = tx.usage.charged([one.id for one in deliveries])
    asking = [one for one in deliveries if one.id not in charged]
    if not asking:
        return {}
    tx.usage.lock()
    limits = in_force(tx, defaults).all
    meters = {one.id: {limit: _meter(limit, one.recipient) for limit in limits} for one in asking}
    counted = tx.usage.read([*_FATES.values(), *(meter for each in meters.values() for meter in each.values())])
    admitted: dict[Meter, Buckets] = {}
    refusals = {one.id: _refusal(meters[one.id], counted, admitted, now=now) for one in asking}
    tx.usage.write(admitted)
    passed = [one.id for one in asking if refusals[one.id] is None]
    tx.usage.charge(passed)
    _count(tx, Fate.SENT, counted, len(passed), now=now)
    return {one.id: _held(one, refusal) for one in asking if (refusal := refusals[one.id]) is not None}


def _refusal(
    meters: Mapping[Limit, Meter], counted: Mapping[Meter, Buckets], admitted: dict[Meter, Buckets], *, now: datetime
) -> Refusal | None:
    """Count one more message in `admitted`, or return which limit frees last of those that keep it."""
    asked = {meter: admit(admitted.get(meter, counted[meter]), limit, now) for limit, meter in meters.items()}
    refusals = [answer for answer in asked.values() if isinstance(answer, Refusal)]
    if refusals:
        return max(refusals, key=lambda refusal: refusal.frees_at)
    admitted.update({meter: answer for meter, answer in asked.items() if isinstance(answer, Buckets)})
    return None


def count_bounced(tx: Transaction, *, now: datetime) -> None:
    """Count a message that came back for good; too many pause the workspace.

    Call it before anything else in the transaction is changed: who counts waits for others who count.
    """
    tx.usage.lock()
    _count(tx, Fate.BOUNCED, tx.usage.read(_FATES.values()), 1, now=now)


def count_complained(tx: Transaction, *, now: datetime) -> None:
    """Count a message that was called spam; too many pause the workspace. Call it as `count_bounced`."""
    tx.usage.lock()
    _count(tx, Fate.COMPLAINED, tx.usage.read(_FATES.values()), 1, now=now)


def pause_of(tx: Transaction) -> Pause | None:
    """Return the pause that makes each delivery wait (`Pause.verdict`), or None while sending goes on."""
    return tx.usage.pause()


def resume(tx: Transaction, *, now: datetime) -> int:
    """Let sending go on, begin to count anew, and free at once what has waited; return how many. Raises ConflictError."""
    tx.usage.lock()
    pause = tx.usage.pause()
    if pause is None:
        raise ConflictError("sending is not paused")
    tx.usage.set_pause(None)
    audit.note(tx, Verb.SENDING_RESUMED, tx.workspace_id, before=pause)
    tx.usage.forget(kinds=[fate.value for fate in Fate])
    return tx.usage.release(PAUSED, now=now)


def override(
    tx: Transaction,
    *,
    workspace: str | None = None,
    recipient: str | None = None,
    domain: str | None = None,
    reset: bool = False,
    now: datetime,
) -> Overrides:
    """Set limits of the workspace, with `reset` from the installation's on; what is None stays. An empty text is no limit.

    What waits for a limit is looked at again at once. Raises InvalidInputError naming each limit that cannot be read.
    """
    tx.usage.lock()
    wanted = {"workspace": workspace, "recipient": recipient, "domain": domain}
    given = {name: _readable(name, text) for name, text in wanted.items() if text is not None}
    former = tx.usage.overrides()
    changed = replace(Overrides() if reset else former, **given)
    tx.usage.override(changed)
    audit.note(tx, Verb.LIMITS_CHANGED, tx.workspace_id, before=former, after=changed)
    tx.usage.release(REACHED, now=now)
    return changed


def uses(tx: Transaction, defaults: Limits, *, recipient: str = "", now: datetime) -> list[Use]:
    """Return how far each limit is used; for limits to one recipient or domain as this recipient counts, if one is named."""
    meters = {limit: _meter(limit, recipient) for limit in in_force(tx, defaults).all}
    counted = tx.usage.read(meters.values())
    return [
        Use(limit=limit, used=None, frees_at=None)
        if limit.scope is not Scope.WORKSPACE and not recipient
        else Use(
            limit=limit,
            used=counted[meter].current(limit.window, now).total,
            frees_at=free_from(counted[meter], limit, now),
        )
        for limit, meter in meters.items()
    ]


def _count(tx: Transaction, fate: Fate, counted: dict[Meter, Buckets], number: int, *, now: datetime) -> None:
    if number == 0:
        return
    meter = _FATES[fate]
    after = counted[meter].and_more(number, WINDOW, now)
    tx.usage.write({meter: after})
    if len(counted[meter].counts) == 0 or after.counts[-1][0] != counted[meter].counts[-1][0]:
        tx.usage.forget(before=now)  # a few times a day: what counts nothing any more
    _pause_if_too_many(tx, counted | {meter: after}, now=now)


def _pause_if_too_many(tx: Transaction, counted: dict[Meter, Buckets], *, now: datetime) -> None:
    numbers = {fate.value: counted[meter].current(WINDOW, now).total for fate, meter in _FATES.items()}
    because = too_many(**numbers)
    if because is not None and tx.usage.pause() is None:
        pause = Pause(since_at=now, because=because)
        tx.usage.set_pause(pause)
        audit.note(tx, Verb.SENDING_PAUSED, tx.workspace_id, after=pause)


def _held(delivery: Delivery, refusal: Refusal) -> Verdict:
    # A message that comes too late is worse than none: a reminder after the meeting, an invite to what is over.
    if refusal.frees_at >= delivery.expires_at:
        return Verdict(state=State.SUPPRESSED, reason=refusal.sentence)
    return waiting(delivery, until=refusal.frees_at, reason=refusal.sentence)


def _meter(limit: Limit, recipient: str) -> Meter:
    names = {
        Scope.WORKSPACE: "",
        Scope.RECIPIENT: suppression_key(recipient),
        Scope.DOMAIN: suppression_key(recipient).rpartition("@")[2],
    }
    return Meter(kind=limit.scope.value, name=names[limit.scope], window=limit.window)


def _readable(name: str, text: str) -> str:
    try:
        return ",".join(str(limit) for limit in parse(Scope(name), text))
    except ValueError as error:
        raise InvalidInputError.of(name, str(error)) from error
