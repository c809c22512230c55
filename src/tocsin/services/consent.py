"""The recipient's choice: who is not part of a booking can have no more messages of a rule, or of the workspace.

The link in a message names the recipient, the rule and the workspace, and is signed: whoever has it has seen the message.
Looking at it changes nothing, because programs that check mail follow links.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from tocsin.domain import opt_out
from tocsin.domain.audit import Verb
from tocsin.domain.delivery import Delivery, State, Verdict
from tocsin.domain.errors import NotFoundError
from tocsin.domain.model import Booking
from tocsin.domain.opt_out import OptOut
from tocsin.domain.suppression import WHOLE_WORKSPACE, Suppression, SuppressionReason, covering, is_part_of
from tocsin.formats.words import marked
from tocsin.services import audit, suppressions
from tocsin.services.ports import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a recipient has chosen. `rule_name` is empty if the rule was deleted.

    `locale` is the one that is set for the address, or None; `usual_locale` the workspace's.
    `is_blocked`: nothing would be sent anyway, because messages came back, or somebody of the workspace decided so.
    """

    recipient: str
    workspace_name: str
    locale: str | None
    usual_locale: str
    rule_name: str
    stops_rule: bool
    stops_all: bool
    is_blocked: bool


def refusal(listed: Collection[Suppression], delivery: Delivery, booking: Booking | None) -> Verdict | None:
    """Return why nothing may be sent to the recipient, of whom `listed` are the entries, or None.

    An opt-out does not count for the booking's client and hosts: they are told of a meeting of their own. That messages
    came back, were called spam, or that somebody of the workspace has decided so, counts for everybody. Nobody is part of what
    is about no booking.
    """
    if not listed:
        return None
    is_own = booking is not None and is_part_of(booking, delivery.recipient)
    found = covering(listed, delivery.rule_id, opt_outs=not is_own)
    return None if found is None else Verdict(state=State.SUPPRESSED, reason=found.sentence)


def opt_out_url(delivery: Delivery, booking: Booking, *, base_url: str, secret: bytes) -> str:
    """Return the link with which the recipient can stop such messages; empty for who is part of the booking."""
    if is_part_of(booking, delivery.recipient):
        return ""
    wanted = OptOut(workspace_id=delivery.workspace_id, rule_id=delivery.rule_id, recipient=delivery.recipient)
    return f"{base_url}/opt-out/{opt_out.write(wanted, secret)}"


def opened(token: str, secret: bytes) -> OptOut:
    """Return what a link is about. Raises NotFoundError if it was not signed by us."""
    wanted = opt_out.read(token, secret)
    if wanted is None:
        raise NotFoundError(marked("this link is not whole; open it from the message once more, or copy all of it"))
    return wanted


def choice(tx: Transaction, wanted: OptOut) -> Choice:
    """Return what the recipient of a link has chosen so far. Raises NotFoundError if the workspace is gone."""
    workspace = tx.workspaces.by_id(tx.workspace_id)
    if workspace is None:
        raise NotFoundError(marked("whoever sent this message is not here any more, and sends nothing"))
    rule = tx.rules.get(wanted.rule_id)
    listed = tx.suppressions.of_recipient(wanted.recipient)
    settings = tx.recipients.get(wanted.recipient)
    chosen = {one.rule_id for one in listed if one.reason is SuppressionReason.OPTED_OUT}
    return Choice(
        recipient=wanted.recipient,
        workspace_name=workspace.name,
        locale=None if settings is None else settings.locale,
        usual_locale=workspace.locale,
        rule_name="" if rule is None else rule.name,
        stops_rule=wanted.rule_id in chosen,
        stops_all=WHOLE_WORKSPACE in chosen,
        is_blocked=covering(listed, wanted.rule_id, opt_outs=False) is not None,
    )


def stop(tx: Transaction, wanted: OptOut, *, whole: bool, now: datetime) -> Choice:
    """Send the recipient no more messages of the rule, or with `whole` of the workspace, and end what waits.

    Raises NotFoundError if the workspace is gone. To ask twice is to ask once.
    """
    choice(tx, wanted)
    entry = Suppression(
        recipient=wanted.recipient,
        rule_id=WHOLE_WORKSPACE if whole else wanted.rule_id,
        reason=SuppressionReason.OPTED_OUT,
        since_at=now,
        note="",
    )
    suppressions.put(tx, entry, now=now)
    return choice(tx, wanted)


def want_again(tx: Transaction, wanted: OptOut) -> Choice:
    """Take the recipient's own choices back, of the rule and of the workspace; what bounced or was decided here stays.

    Raises NotFoundError if the workspace is gone.
    """
    for rule_id in (wanted.rule_id, WHOLE_WORKSPACE):
        if tx.suppressions.remove(wanted.recipient, rule_id=rule_id, reasons=[SuppressionReason.OPTED_OUT]):
            before = {"rule_id": rule_id, "reason": SuppressionReason.OPTED_OUT}
            audit.note(tx, Verb.SUPPRESSION_LIFTED, wanted.recipient, name=wanted.recipient, before=before)
    return choice(tx, wanted)
