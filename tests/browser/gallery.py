"""A workspace worth looking at: a small agency with a week behind it, for the pictures in docs/."""

from datetime import timedelta

from tests.browser.site import Site
from tests.faces.client import ACCEPTED, REFUSED, Client, Json, an_action, made
from tests.faces.dry_runs import ended
from tests.faces.held import hold
from tests.faces.visitor import Visitor
from tests.sources.senders import connected_to, first
from tocsin.domain.delivery import Outcome, Result
from tocsin.services import administration, administration_mail
from tocsin.services.administration_mail import MailOffice

_DAY = timedelta(days=1)
_AWAY = Outcome(result=Result.TEMPORARY, code=451, enhanced_code="4.7.1", reply="try again in a few minutes")
_GREETING = (
    "<h2>See you soon, {{client.name}}</h2><p>{{host.name}} meets you on <strong>{{client.starts_at}}</strong>.</p>"
    '<ul><li>Join here: <a href="{{meeting.join_url}}">{{meeting.join_url}}</a></li>'
    '<li>Something came up? <a href="{{meeting.scheduling_url}}">Choose another time</a></li></ul>'
)
_PEOPLE = (
    ("Ada Okafor", "ada@northwind.example", "Europe/London", "09:30"),
    ("Jonas Weber", "jonas@weber.example", "Europe/Berlin", "11:00"),
    ("Mei Tanaka", "mei@tanaka.example", "Asia/Tokyo", "13:30"),
    ("Sofía Herrera", "sofia@herrera.example", "America/Bogota", "15:00"),
    ("Priya Nair", "priya@nair.example", "Asia/Kolkata", "16:30"),
    ("Sam O'Neill", "sam@oneill.example", "America/New_York", "18:00"),
)


def hung(site: Site) -> None:
    """Fill the workspace of a site."""
    client = site.client
    links = _links(client)
    _rules(client, *links)
    _settled(client)
    _reported(client)
    bookings = [_booked(client, number, links[number % 2]) for number in range(len(_PEOPLE))]
    client.drain()
    client.clock.advance(_DAY)
    _lived(client, bookings)
    client.clock.advance(timedelta(hours=3))
    client.drain()
    _tried(client)
    _brought_back(client, links[0])


def _tried(client: Client) -> None:
    """Try each rule on the month that lies behind, and wait until it is done."""
    ann = Visitor(client=client)
    ann.sign_in()
    days = {"first": f"{client.clock() - 29 * _DAY:%Y-%m-%d}", "last": f"{client.clock():%Y-%m-%d}"}
    for rule in client.v2.get("/automation-rules").json()["workflows"]:
        ann.get(f"/rules/{rule['id']}/dry-run")
        ended(client, ann.post(f"/rules/{rule['id']}/dry-run", days).headers["location"])


def _brought_back(client: Client, link: Json) -> None:
    """Let a restore hold back what two bookings would send."""
    for name, email, start in (
        ("Kofi Mensah", "kofi@mensah.example", "09:00"),
        ("Ines Duarte", "ines@duarte.example", "10:00"),
    ):
        day = client.clock() + 9 * _DAY
        client.book(
            meeting_slug=link["slug"],
            name=name,
            email=email,
            slot_date=f"{day:%Y-%m-%d}",
            slot_start_time=start,
            override_availability=True,
        )
    hold(client)


def _reported(client: Client) -> None:
    """Let another scheduler report a booking, and call once what cannot be understood."""
    other = connected_to(client, "cal_com", name="Cal.com of the sales team")
    other.tells(first("cal_com"))
    other.tells({"triggerEvent": "A_CUSTOM_TEMPLATE"})


def _links(client: Client) -> tuple[Json, Json]:
    first = client.a_link(slug="intro", name="Discovery call", description="Half an hour to see what you need.")
    second = client.a_link(slug="onboarding", name="Onboarding", description="Your first steps, together.", duration=60)
    return first, second


def _rules(client: Client, first: Json, second: Json) -> None:
    invite = an_action(
        emails=["{{client.email}}", "team@agency.example"],
        email_subject="{{meeting.name}} with {{host.name}}",
        email_body=_GREETING,
        calendar_invite_subject="{{meeting.name}}: {{client.name}}",
        calendar_invite_body="<p>{{meeting.description}}</p><p>{{meeting.join_url}}</p>",
        keep_in_sync=True,
    )
    reminder = {"event": "before_meeting_starts", "offset_minutes": [1440, 60]}
    remind = client.a_rule(second, name="Remind a day and an hour before", actions=[invite], **reminder)
    weekday = {"field": "booking.weekday", "operator": "is_none_of", "value": ["saturday", "sunday"]}
    domain = {"field": "client.domain", "operator": "is_not", "value": "agency.example"}
    made(client.v2.patch(f"/automation-rules/{remind['id']}", {"conditions": [weekday, domain]}))
    welcome = client.a_rule(first, name="Invite the client and the team", actions=[invite])
    client.v2.patch(f"/automation-rules/{welcome['id']}", {"meeting_ids": [first["id"], second["id"]]})
    client.a_rule(first, name="Tell sales when a call is cancelled", event="booking_cancelled", actions=[invite])


def _settled(client: Client) -> None:
    """Fill the lists of the settings."""
    for name, colour in (("Became a client", "#15803d"), ("Call again", "#b45309")):
        made(client.v2.post("/meeting-outcomes", {"name": name, "color": colour}))
    made(client.v2.post("/suppressions", {"recipient": "zoe@elsewhere.example", "note": "She asked us by telephone."}))
    made(client.v2.put("/recipients/rui@studio.example", {"time_zone": "Europe/Lisbon", "locale": "pt"}))
    made(client.v2.put("/recipients/lucia@studio.example", {"time_zone": "America/Lima", "locale": "es"}))
    key = {"subdomain": "acme", "name": "Website", "scopes": ["bookings:write"]}
    administration.run(client.app.office, "key create", key)
    mail = MailOffice(office=client.app.office, mail_from="invites@agency.example", names=client.app.names)
    dkim = {"subdomain": "acme", "domain": "agency.example", "selector": "tocsin", "algorithm": "rsa"}
    administration_mail.run(mail, "dkim create", dkim)


def _booked(client: Client, number: int, link: Json) -> Json:
    name, email, zone, start = _PEOPLE[number]
    day = client.clock() + (number + 1) * _DAY
    return client.book(
        meeting_slug=link["slug"],
        name=name,
        email=email,
        time_zone=zone,
        slot_date=f"{day:%Y-%m-%d}",
        slot_start_time=start,
        room_url=f"https://meet.example/{name.split()[0].lower()}",
        override_availability=True,
    )


def _lived(client: Client, bookings: list[Json]) -> None:
    """Let some of them move, be cancelled, be missed; and let the relay have a bad hour."""
    path = "/bookings/{}".format
    client.v2.patch(path(bookings[0]["id"]), {"no_show": True})
    client.letterbox.outcome = REFUSED
    client.v2.patch(path(bookings[2]["id"]), {"status": "cancelled", "cancel_reason": "Mei is ill"})
    client.drain()
    client.letterbox.outcome = _AWAY
    moved = {"slot_date": f"{client.clock() + 8 * _DAY:%Y-%m-%d}", "slot_start_time": "10:15"}
    client.v2.patch(path(bookings[3]["id"]), moved)
    client.drain()
    client.letterbox.outcome = ACCEPTED
