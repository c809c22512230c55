"""A message of ours as pages show it: as a mail program would, and its entry as a calendar would."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.domain.delivery import Delivery
from tocsin.domain.model import Workspace
from tocsin.formats import dates
from tocsin.formats.opened import opened, opened_call
from tocsin.services import deliveries
from tocsin.services.ports import Transaction
from tocsin.web.calendar_entry import unescaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as its recipient would read it."""

    id: str
    event: str
    is_call: bool
    at: datetime
    headers: tuple[tuple[str, str], ...]
    subject: str
    recipient: str
    text: str
    html: str
    calendar: str
    raw: bytes
    time_zone: str  # of the workspace

    @property
    def starts(self) -> str:
        """When the entry starts, for people."""
        return self._moment("DTSTART")

    @property
    def ends(self) -> str:
        """When the entry ends, for people."""
        return self._moment("DTEND")

    @property
    def entry(self) -> tuple[tuple[str, str], ...]:
        """The lines of the calendar object, unfolded, as name and value."""
        lines = self.calendar.replace("\r\n ", "").split("\r\n")
        pairs = (line.partition(":") for line in lines if line and not line.startswith(("BEGIN", "END")))
        return tuple((name, unescaped(value)) for name, _, value in pairs)

    def property_named(self, name: str) -> str:
        """Return the value of the first property with this name, or nothing."""
        return next((value for found, value in self.entry if found.partition(";")[0] == name), "")

    def _moment(self, name: str) -> str:
        moment = datetime.strptime(self.property_named(name), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return dates.moment(moment, self.time_zone, "en")


def read(tx: Transaction, workspace: Workspace, delivery: Delivery) -> Message:
    """Return the message of a delivery. Raises ConflictError if it was not written yet."""
    raw = deliveries.message(tx, delivery.id).message
    shown = opened_call(raw) if delivery.is_call else opened(raw)
    return Message(
        id=delivery.id,
        event=delivery.event.value,
        is_call=delivery.is_call,
        at=delivery.settled_at or delivery.due_at,
        headers=shown.headers,
        subject=shown.subject,
        recipient=delivery.recipient,
        text=shown.text,
        html=shown.html,
        calendar=shown.calendar,
        raw=raw,
        time_zone=workspace.time_zone,
    )
