"""Facts: all that is asked about a batch of deliveries before their messages are written, read in a few statements.

What many deliveries share is asked for once, and what each has of its own is asked for all of them together: a question to
the store costs more than the answer.
"""

from collections.abc import Sequence
from functools import cache, cached_property, partial

from tocsin.domain.actions import Action
from tocsin.domain.delivery import Delivery, DeliveryId, Frozen
from tocsin.domain.dkim import DkimKey
from tocsin.domain.invite import Invitation
from tocsin.domain.model import Booking, BookingId, SchedulingLink, Workspace
from tocsin.domain.pause import Pause
from tocsin.domain.recipients import RecipientSettings, recipient_key
from tocsin.domain.rules import AutomationRule
from tocsin.domain.suppression import Suppression, suppression_key
from tocsin.domain.sync import Inviter
from tocsin.services.ports import Transaction


class Facts:
    """What is known of the deliveries in hand, which are of one workspace, as of the transaction that read it."""

    def __init__(self, tx: Transaction, deliveries: Sequence[Delivery]) -> None:
        self._tx = tx
        self._ids = [one.id for one in deliveries]
        self._booking_ids = [one.booking_id for one in deliveries]
        self._recipients = [one.recipient for one in deliveries]
        self._link = cache(partial(tx.links.get, deleted_too=True))
        self._rule = cache(tx.rules.get)
        self._pause = cache(tx.usage.pause)
        self._signing_key = cache(tx.dkim_keys.signing)

    @cached_property
    def workspace(self) -> Workspace | None:
        """The workspace of all of them."""
        return self._tx.workspaces.by_id(self._tx.workspace_id)

    def booking(self, delivery: Delivery) -> Booking | None:
        """Return the booking that it is about."""
        return self._bookings.get(delivery.booking_id)

    def link(self, booking: Booking) -> SchedulingLink | None:
        """Return the link of a booking, which may be deleted."""
        return self._link(booking.link_id)

    def rule(self, delivery: Delivery) -> AutomationRule | None:
        """Return its rule as it is now, or None if it was deleted."""
        return self._rule(delivery.rule_id)

    def action(self, delivery: Delivery) -> Action:
        """Return the action that asks for it, as it was at the revision of the rule that fired."""
        return self._tx.rules.action(delivery.rule_id, revision=delivery.rule_revision, index=delivery.action_index)

    def told(self, delivery: Delivery) -> Invitation | None:
        """Return what its recipient's calendar was told about its booking before."""
        return self._told.get(_holder(delivery))

    def inviters(self, delivery: Delivery) -> list[Inviter]:
        """Return the actions that invited its recipient, the latest last."""
        return self._inviters.get(_holder(delivery), [])

    def listed(self, delivery: Delivery) -> list[Suppression]:
        """Return the entries for its recipient on the suppression list."""
        return self._listed.get(suppression_key(delivery.recipient), [])

    def settings(self, delivery: Delivery) -> RecipientSettings | None:
        """Return what is set for its recipient."""
        return self._settings.get(recipient_key(delivery.recipient))

    def frozen(self, delivery: Delivery) -> Frozen | None:
        """Return its message, if it was frozen for a former attempt and holds what its recipient is told now."""
        return self._frozen.get(delivery.id)

    def is_outrun(self, delivery: Delivery) -> bool:
        """Tell whether a rule's message of a newer change of the booking waits for the same recipient."""
        return delivery.id in self._outrun

    def pause(self) -> Pause | None:
        """Return since when and why the workspace sends nothing, or None."""
        return self._pause()

    def signing_key(self, domain: str) -> DkimKey | None:
        """Return the key that signs for a domain, in whatever case it is written."""
        return self._signing_key(domain.lower())

    def invited(self, delivery: Delivery, inviter: Inviter) -> None:
        """Take note that an action invites the recipient now."""
        others = [one for one in self.inviters(delivery) if one.rule_id != inviter.rule_id]
        self._inviters[_holder(delivery)] = [*others, inviter]

    # What is asked of each delivery is read for all of them when it is first asked of one.

    @cached_property
    def _bookings(self) -> dict[BookingId, Booking]:
        return self._tx.bookings.of(self._booking_ids)

    @cached_property
    def _told(self) -> dict[tuple[BookingId, str], Invitation]:
        return self._tx.invitations.of(self._booking_ids, self._recipients)

    @cached_property
    def _inviters(self) -> dict[tuple[BookingId, str], list[Inviter]]:
        return self._tx.sync.of(self._booking_ids, self._recipients)

    @cached_property
    def _listed(self) -> dict[str, list[Suppression]]:
        return self._tx.suppressions.of(self._recipients)

    @cached_property
    def _settings(self) -> dict[str, RecipientSettings]:
        return self._tx.recipients.of(self._recipients)

    @cached_property
    def _frozen(self) -> dict[DeliveryId, Frozen]:
        return self._tx.messages.current(self._ids)

    @cached_property
    def _outrun(self) -> set[DeliveryId]:
        return self._tx.deliveries.outrun(self._ids)


def _holder(delivery: Delivery) -> tuple[BookingId, str]:
    return delivery.booking_id, recipient_key(delivery.recipient)
