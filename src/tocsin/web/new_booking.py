"""A booking made by hand, for a client who has called or written."""

from tocsin.domain.accounts import Role
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.model import MOST_ANSWERS, Client, Place
from tocsin.domain.text import ANSWER_LENGTH, NAME_LENGTH, complaint
from tocsin.formats import zones
from tocsin.schemas.fields import Address, Name, Paragraphs, Url
from tocsin.services import bookings
from tocsin.services.bookings import BookingDraft
from tocsin.web.fields import Addresses, Clock, Day, Form, Line, Ticked, Zone
from tocsin.web.settings.workspace import zone_names
from tocsin.web.slots import slot
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit

_MOST_LINKS = 200  # in the list to choose from


class NewBooking(Form):
    """Who comes, when, and to what. The names are those that services complain of; `zone` is that of the time."""

    meeting_slug: Line
    name: Name
    email: Address
    time_zone: Zone
    slot_date: Day
    slot_start_time: Clock
    zone: Zone
    host_email: Line = ""
    guests: Addresses = ()
    spot_details: Line = ""
    room_url: Url = ""
    form_responses: Paragraphs = ""
    awaits_approval: Ticked = False
    override_availability: Ticked = False

    def draft(self) -> BookingDraft:
        """Return the same in the services' words: the time as the client's clocks show it."""
        return BookingDraft(
            link_slug=self.meeting_slug,
            client=Client(name=self.name, email=self.email, time_zone=self.time_zone),
            slot=slot(self.slot_date, self.slot_start_time, zone=self.zone, own=self.time_zone),
            place=Place(details=self.spot_details, join_url=self.room_url),
            host_email=self.host_email,
            form_responses=answers(self.form_responses),
            guests=self.guests,
            override_availability=self.override_availability,
            awaits_approval=self.awaits_approval,
        )


def answers(text: str) -> tuple[tuple[str, str], ...]:
    """Return answers from lines such as `Company: Example Ltd`. Raises InvalidInputError."""
    found: dict[str, str] = {}
    for number, line in enumerate(filter(str.strip, text.split("\n")), 1):
        question, colon, answer = (piece.strip() for piece in line.partition(":"))
        wrong = complaint(question, limit=NAME_LENGTH) or complaint(answer, limit=ANSWER_LENGTH)
        if not colon or not question:
            wrong = "must be a question, a colon and its answer, such as Company: Example Ltd"
        if wrong is not None:
            raise InvalidInputError.of("form_responses", f"line {number} {wrong}")
        found[question] = answer
    if len(found) > MOST_ANSWERS:
        raise InvalidInputError.of("form_responses", f"has {len(found)} answers; at most {MOST_ANSWERS} are accepted")
    return tuple(found.items())


def blank(visit: Visit) -> Shown:
    """Show the form."""
    with visit.reading() as tx:
        links, _ = tx.links.page(templates=False, search="", host_email="", limit=_MOST_LINKS, offset=0)
    open_links = [link for link in links if not link.is_disabled]
    hosts = {host.email: host.name for link in open_links for host in link.hosts}
    return {
        "link_options": [(one.slug, f"{one.name} ({one.duration.seconds // 60 or 1440} min)") for one in open_links],
        "host_options": [("", "As the link decides"), *((email, f"{name} ({email})") for email, name in hosts.items())],
        "zones": zone_names(),
        "today": zones.local(visit.now, visit.workspace.time_zone).date().isoformat(),
    }


def create(visit: Visit, form: NewBooking) -> Answer:
    """Make the booking."""
    draft = form.draft()
    made = visit.write(lambda tx: bookings.create(tx, draft, now=visit.now, chance=visit.app.chance))
    return Goto(to=f"/bookings/{made.id}", notice="booked")


_TEMPLATE = "new_booking.html"
PAGES = [
    Page(path="/bookings/new", view=blank, template=_TEMPLATE, role=Role.ADMIN),
    Page(path="/bookings/create", view=create, template=_TEMPLATE, method="POST", role=Role.ADMIN, form=NewBooking,
         again=blank),
]  # fmt: skip
