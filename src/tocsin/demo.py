"""`tocsin demo`: a throw-away workspace in which one booking goes through its life, for people to watch or to try things on."""

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from tocsin import __version__, bootstrap, server
from tocsin.bootstrap import App
from tocsin.domain.accounts import Role
from tocsin.domain.actions import SendInvite
from tocsin.domain.events import EventKind
from tocsin.domain.model import Client, Place, SchedulingLink, Workspace, WorkspaceId
from tocsin.domain.rules import RuleDraft
from tocsin.formats import dates
from tocsin.services import accounts, administration, bookings, links, members, rules, workspaces
from tocsin.services.bookings import BookingChange, BookingDraft, Slot
from tocsin.services.links import LinkDraft
from tocsin.services.ports import Clock, Transaction
from tocsin.settings import CAPTURE, Settings
from tocsin.web import mailbox
from tocsin.workers.loop import drain

_SUBDOMAIN = "acme"
_CLIENT = Client(name="Ada Lovelace", email="ada@example.com", time_zone="Asia/Kathmandu")
_EMAIL = "demo@example.com"
_TEAM = ("team@example.com", "partner@example.org")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens to the booking: when, what people would say of it, and the deed."""

    at: datetime
    words: str
    deed: Callable[[Transaction, datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The workspace of a demonstration."""

    app: App
    workspace: Workspace
    link: SchedulingLink
    key: str
    password: str = field(repr=False)  # of the account _EMAIL


def settings(chosen: Settings) -> Settings:
    """Return the settings of a demonstration: those of the environment, but nothing leaves and nothing is kept."""
    return replace(chosen, smtp_url=CAPTURE)


def play_once(console: Console) -> None:
    """Play the life of one booking on a fast clock; print who got what and when."""
    now = [datetime(2026, 3, 27, 9, 0, tzinfo=UTC)]
    with _stage(bootstrap.settings(), clock=lambda: now[0], lead=timedelta(minutes=30)) as stage:
        console.print("\n[bold]One booking, from confirmed to cancelled[/bold], on a fast clock\n")
        for step in _life(stage, start=now[0] + timedelta(days=3), moved=timedelta(days=1), pace=timedelta(hours=2)):
            while (due := stage.app.store.queue.next_due()) is not None and due <= step.at:
                now[0] = max(now[0], due)
                _play(stage, "the reminder falls due", console, now=now[0])
            now[0] = max(now[0], step.at)
            with stage.app.store.transaction(stage.workspace.id) as tx:
                step.deed(tx, now[0])
            _play(stage, step.words, console, now=now[0])
        console.print("SEQUENCE rises when the entry changes, and only then; the UID never changes.")
        console.print("`tocsin demo` shows these messages in a browser, and lets you try the API.\n")


def serve(chosen: Settings, console: Console) -> None:
    """Serve a demonstration until interrupted; a booking goes through its life in about a minute."""
    with _stage(chosen, clock=None, lead=_MINUTE) as stage:
        stop = threading.Event()
        actor = threading.Thread(target=_act, args=(stage, stop, console), daemon=True)

        def ready() -> None:
            _greet(stage, console)
            actor.start()

        try:
            server.serve(stage.app, with_worker=True, ready=ready)
        finally:
            stop.set()


@contextmanager
def _stage(chosen: Settings, *, clock: Clock | None, lead: timedelta) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as folder:
        path = Path(folder) / "demo.db"
        throw_away = replace(
            chosen, database_url=f"sqlite:///{path}", sqlite_path=path, secret_key="", smtp_url=CAPTURE, inbound=""
        )
        app = bootstrap.open_app(throw_away, clock=clock)
        try:
            yield _set(app, lead=lead)
        finally:
            app.close()


def _set(app: App, *, lead: timedelta) -> Stage:
    office, now, chance = app.office, app.clock(), app.chance
    values = {
        "subdomain": _SUBDOMAIN,
        "name": "Acme",
        "time_zone": "Europe/Berlin",
        "mail_from": "invites@acme.example",
    }
    workspace_id = WorkspaceId(administration.run(office, "workspace create", values)["id"])
    key = administration.run(office, "key create", {"subdomain": _SUBDOMAIN, "name": "demo", "scopes": []})["key"]
    draft = LinkDraft(
        slug="demo-call", name="Demo call", hosts=("zoe.host@acme.example",), duration=timedelta(minutes=30)
    )
    with app.store.transaction(workspace_id) as tx:
        link = links.create(tx, draft, template_id=None, is_template=False, now=now, chance=chance)
        members.update(tx, link.hosts[0].id, name="Zoe Host", time_zone="America/New_York")
        for rule in _rules(link, lead=lead):
            rules.create(tx, rule, now=now, chance=chance)
        workspace = workspaces.get(tx.workspaces, _SUBDOMAIN)
        password = chance.new_secret()[:20]
        accounts.create(tx, _EMAIL, password, role=Role.ADMIN, now=now, chance=chance)
    return Stage(app=app, workspace=workspace, link=link, key=key, password=password)


def _rules(link: SchedulingLink, *, lead: timedelta) -> Iterator[RuleDraft]:
    words = {
        EventKind.BOOKING_CONFIRMED: "Invitation",
        EventKind.BEFORE_MEETING_STARTS: "Soon",
        EventKind.BOOKING_RESCHEDULED: "Moved",
        EventKind.BOOKING_CANCELLED: "Cancelled",
    }
    for event, word in words.items():
        action = SendInvite(
            emails=_TEAM,
            email_subject=f"{word}: {{{{meeting.name}}}} with {{{{client.name}}}}",
            email_body="<h3>{{meeting.name}}</h3><p>{{client.name}} meets {{host.name}} on "
            "<strong>{{booking.starts_at}}</strong>.</p><p>For {{client.first_name}} that is {{client.starts_at}}.</p>",
            calendar_invite_subject="{{client.name}} and {{host.name}}",
            calendar_invite_body="<p>{{meeting.name}}, join at {{meeting.join_url}}</p>",
        )
        offsets = (lead,) if event is EventKind.BEFORE_MEETING_STARTS else ()
        yield RuleDraft(name=word, event=event, link_ids=(link.id,), actions=(action,), offsets=offsets)


def _life(stage: Stage, *, start: datetime, moved: timedelta, pace: timedelta) -> Iterator[Step]:
    """Yield what happens to the booking: confirmed now, moved after `pace`, cancelled soon after the last reminder."""
    chance, booked_at = stage.app.chance, stage.app.clock()
    booking_ids: list[str] = []

    def confirm(tx: Transaction, now: datetime) -> None:
        draft = BookingDraft(
            link_slug=stage.link.slug,
            client=_CLIENT,
            slot=_slot(start),
            place=Place(join_url="https://meet.example/ada"),
        )
        booking_ids.append(bookings.create(tx, draft, now=now, chance=chance).id)

    def move(tx: Transaction, now: datetime) -> None:
        change = BookingChange(slot=_slot(start + moved))
        bookings.change(tx, booking_ids[0], change, now=now, chance=chance)

    def cancel(tx: Transaction, now: datetime) -> None:
        change = BookingChange(status="cancelled", reason="Ada is ill", by=_CLIENT.email)
        bookings.change(tx, booking_ids[0], change, now=now, chance=chance)

    yield Step(at=booked_at, words="Ada books", deed=confirm)
    yield Step(at=booked_at + pace, words="Ada moves it", deed=move)
    yield Step(at=start + moved - pace / 8, words="Ada cancels", deed=cancel)


def _slot(moment: datetime) -> Slot:
    local = moment.astimezone(ZoneInfo(_CLIENT.time_zone))
    return Slot(day=local.date(), clock=local.time())


def _play(stage: Stage, words: str, console: Console, *, now: datetime) -> None:
    """Deliver what is due and print who got what, read from the very messages that went out."""
    drain(stage.app.sender, stage.app.mailer())
    console.print(f"[bold]{dates.moment(now, 'Etc/UTC', 'en').partition(' (')[0]} UTC: {words}[/bold]")
    for message in reversed(mailbox.messages(stage.app, stage.workspace)):
        if message.at == now:
            invite = f"{message.property_named('METHOD')}, SEQUENCE {message.property_named('SEQUENCE')}"
            console.print(f'  {message.recipient} gets "{message.subject}"', highlight=False)
            console.print(f"    {invite}: {message.starts}", highlight=False)
    console.print()


def _act(stage: Stage, stop: threading.Event, console: Console) -> None:
    """Play the life in real time; a minute, because that is how long people watch."""
    start = stage.app.clock() + 2 * _MINUTE + timedelta(seconds=15)
    for step in _life(stage, start=start, moved=timedelta(seconds=-45), pace=timedelta(seconds=20)):
        wait = (step.at - stage.app.clock()).total_seconds()
        if stop.wait(max(1.0, min(wait, 40.0))):
            return
        with stage.app.store.transaction(stage.workspace.id) as tx:
            step.deed(tx, stage.app.clock())
        stage.app.bell.set()
        console.print(f"[dim]{stage.app.clock():%H:%M:%S}[/dim] {step.words}; see the mailbox")


def _greet(stage: Stage, console: Console) -> None:
    base = stage.app.settings.base_url
    rule = {
        "event": "booking_confirmed",
        "meeting_ids": [stage.link.id],
        "actions": [
            {
                "type": "send_calendar_invite_to_anyone",
                "emails": ["you@example.com"],
                "email_subject": "You have a meeting scheduled",
                "email_body": "<h3>Hello {{client.name}}</h3><p>{{host.name}} meets you on {{client.starts_at}}</p>",
                "calendar_invite_subject": "Meeting with {{host.name}}",
                "calendar_invite_body": "<p>Join using {{meeting.scheduling_url}}</p>",
            }
        ],
    }
    booking = {
        "meeting_slug": stage.link.slug,
        "name": "Grace Hopper",
        "email": "grace@example.com",
        "time_zone": "Europe/Berlin",
        "slot_date": f"{stage.app.clock() + timedelta(days=1):%Y-%m-%d}",
        "slot_start_time": "15:30",
    }
    console.print(f"\n[bold]Tocsin {__version__}[/bold], a demonstration until you press Ctrl+C; nothing is kept.\n")
    sign_in = f"{base}/sign-in as {_EMAIL}, password {stage.password}"
    for name, value in (
        ("Pages", sign_in),
        ("Mailbox", f"{base}/mailbox"),
        ("API", f"{base}/docs"),
        ("API key", stage.key),
    ):
        console.print(f"  {name:<9}{value}", soft_wrap=True, highlight=False)
    console.print("\nMake a rule:\n")
    _print_curl(console, f"{base}/api/external/v2/automation-rules", stage.key, rule)
    console.print("\nMake a booking, and see its invite in the mailbox:\n")
    _print_curl(console, f"{base}/api/external/v2/bookings", stage.key, booking)
    console.print("\nMeanwhile Ada books a demo call, moves it, and cancels:\n")


def _print_curl(console: Console, url: str, key: str, body: object) -> None:
    # One line, so that it can be copied whole; nothing in it is markup.
    line = f"curl -sS {url} -H 'X-Api-Key: {key}' -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    console.print(line, soft_wrap=True, markup=False, highlight=False)
