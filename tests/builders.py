"""Things to test with. Each builder gives a whole, plain thing; a test names only what matters to it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tocsin.domain.access import ApiKey, Scope
from tocsin.domain.accounts import Account, Role
from tocsin.domain.actions import ActionType, CallWebhook, SendEmail, SendInvite
from tocsin.domain.audit import Deed, Verb, chain_key
from tocsin.domain.delivery import Cause, Delivery, DeliveryId, Frozen, Outcome, Result, Settlement, State, Verdict
from tocsin.domain.dkim import Algorithm, DkimKey
from tocsin.domain.dry_run import KeptRun, Line, Report
from tocsin.domain.events import Event, EventKind
from tocsin.domain.invite import Entry, Invitation, Method
from tocsin.domain.model import (
    Booking,
    BookingId,
    BookingStatus,
    Client,
    LinkId,
    LinkKind,
    MeetingOutcome,
    Member,
    MemberId,
    OutcomeId,
    OutcomeKind,
    Place,
    SchedulingLink,
    Workspace,
    WorkspaceId,
)
from tocsin.domain.plan import Planned
from tocsin.domain.recipients import Reader
from tocsin.domain.rules import AutomationRule, RuleDraft, RuleId
from tocsin.domain.sessions import Seat, Session
from tocsin.domain.sources.chain import External
from tocsin.domain.sources.looks import Look
from tocsin.domain.sources.news import Details, ExternalLink, Known, News, Person, merge
from tocsin.domain.sources.source import CallState, InboundCall, Source, SourceId, SourceKind
from tocsin.domain.suppression import WHOLE_WORKSPACE, Suppression, SuppressionReason
from tocsin.domain.sync import Inviter, standing
from tocsin.services.messages import Scene
from tocsin.services.ports import Chance
from tocsin.services.ports_audit import Trail

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

WORKSPACE_ID = WorkspaceId("a0000000-0000-4000-8000-000000000001")
MEMBER_ID = MemberId("e0000000-0000-4000-8000-000000000001")
LINK_ID = LinkId("c0000000-0000-4000-8000-000000000001")
BOOKING_ID = BookingId("b0000000-0000-4000-8000-000000000001")
RULE_ID = RuleId("d0000000-0000-4000-8000-000000000001")
OUTCOME_ID = OutcomeId("f0000000-0000-4000-8000-000000000001")
INVITATION_ID = "80000000-0000-4000-8000-000000000001"
ACCOUNT_ID = "70000000-0000-4000-8000-000000000001"
SOURCE_ID = SourceId("60000000-0000-4000-8000-000000000001")
RUN_ID = "50000000-0000-4000-8000-000000000001"
DELIVERY_ID = DeliveryId("90000000-0000-4000-8000-000000000001")


def a_workspace(**changes: Any) -> Workspace:
    workspace = Workspace(
        id=WORKSPACE_ID,
        subdomain="acme",
        name="Acme",
        time_zone="Europe/Berlin",
        locale="en",
        mail_from=None,
        created_at=NOON - 30 * DAY,
    )
    return replace(workspace, **changes)


def a_member(**changes: Any) -> Member:
    member = Member(
        id=MEMBER_ID,
        name="Oliver Smith",
        email="oliver@example.com",
        time_zone="Europe/Berlin",
        role="admin",
        created_at=NOON - 30 * DAY,
    )
    return replace(member, **changes)


def a_client(**changes: Any) -> Client:
    return replace(Client(name="Eve Jones", email="eve@example.net", time_zone="America/New_York"), **changes)


def a_link(**changes: Any) -> SchedulingLink:
    link = SchedulingLink(
        id=LINK_ID,
        sid="link001",
        slug="intro",
        name="Introduction",
        description="A first talk",
        kind=LinkKind.ONE_ON_ONE,
        duration=30 * MINUTE,
        hosts=(a_member(),),
        spot="zoom",
        spot_details="",
        scheduling_url="https://acme.example.com/intro",
        is_template=False,
        is_disabled=False,
        requires_approval=False,
        extras={},
        created_at=NOON - 20 * DAY,
        updated_at=NOON - 20 * DAY,
    )
    return replace(link, **changes)


def an_outcome(**changes: Any) -> MeetingOutcome:
    outcome = MeetingOutcome(id=OUTCOME_ID, name="Won", color="#00aa00", kind=OutcomeKind.CUSTOM)
    return replace(outcome, **changes)


def a_booking(**changes: Any) -> Booking:
    """Return a confirmed booking for the day after NOON, half an hour long, made at NOON."""
    booking = Booking(
        id=BOOKING_ID,
        sid="book001",
        uid="b0000000-0000-4000-8000-00000000000f@tocsin",
        link_id=LINK_ID,
        client=a_client(),
        hosts=(a_member(),),
        starts_at=NOON + DAY,
        ends_at=NOON + DAY + 30 * MINUTE,
        status=BookingStatus.CONFIRMED,
        place=Place(spot="zoom", join_url="https://zoom.example/j/1"),
        revision=0,
        created_at=NOON,
        updated_at=NOON,
    )
    return replace(booking, **changes)


def a_cancelled_booking(**changes: Any) -> Booking:
    """Return a booking that was cancelled an hour after NOON."""
    booking = a_booking(status=BookingStatus.CANCELLED, cancelled_at=NOON + HOUR, cancel_reason="ill", revision=1)
    return replace(booking, **changes)


def an_action(**changes: Any) -> SendInvite:
    action = SendInvite(
        emails=("ada@example.org",),
        email_subject="Invitation: {{meeting.name}}",
        email_body="<p>Hello, {{client.name}} booked {{meeting.name}}.</p>",
        calendar_invite_subject="{{meeting.name}} with {{client.name}}",
        calendar_invite_body="<p>{{meeting.description}}</p>",
    )
    return replace(action, **changes)


def an_email(*emails: str, **changes: Any) -> SendEmail:
    """Return an action that sends a plain mail."""
    action = SendEmail(
        emails=emails or ("ada@example.org",),
        email_subject="News of {{meeting.name}}",
        email_body="<p>{{client.name}} comes on {{booking.starts_at}}.</p>",
    )
    return replace(action, **changes)


def the_invite(rule: AutomationRule | RuleDraft) -> SendInvite:
    """Return the first action of a rule, which sends invites."""
    action = rule.actions[0]
    assert isinstance(action, SendInvite)
    return action


def a_call(url: str = "https://hooks.example.org/bookings") -> CallWebhook:
    """Return an action that calls a webhook."""
    return CallWebhook(url=url)


def a_rule(**changes: Any) -> AutomationRule:
    """Return a rule for confirmed bookings; for a timed event give `offsets` too."""
    rule = AutomationRule(
        id=RULE_ID,
        revision=1,
        name="Invite the team",
        event=EventKind.BOOKING_CONFIRMED,
        link_ids=(LINK_ID,),
        actions=(an_action(),),
        enabled=True,
        offsets=(),
        created_at=NOON - 10 * DAY,
        updated_at=NOON - 10 * DAY,
    )
    return replace(rule, **changes)


def a_rule_draft(**changes: Any) -> RuleDraft:
    draft = RuleDraft(
        name="Invite the team", event=EventKind.BOOKING_CONFIRMED, link_ids=(LINK_ID,), actions=(an_action(),)
    )
    return replace(draft, **changes)


def a_reminder(**changes: Any) -> AutomationRule:
    """Return a rule that sends an hour before the meeting."""
    return replace(a_rule(event=EventKind.BEFORE_MEETING_STARTS, offsets=(HOUR,)), **changes)


def an_event(**changes: Any) -> Event:
    return replace(Event(kind=EventKind.BOOKING_CONFIRMED, booking=a_booking(), occurred_at=NOON), **changes)


def a_planned(**changes: Any) -> Planned:
    """Return a delivery to be stored, due at NOON."""
    planned = Planned(
        key="key-1",
        rule_id=RULE_ID,
        rule_revision=1,
        action_index=0,
        booking_id=BOOKING_ID,
        booking_revision=0,
        event=EventKind.BOOKING_CONFIRMED,
        recipient="ada@example.org",
        due_at=NOON,
        expires_at=NOON + 3 * DAY,
        rank=0,
    )
    return replace(planned, **changes)


def a_delivery(**changes: Any) -> Delivery:
    """Return a delivery that was planned and is due at NOON."""
    delivery = Delivery(
        id=DELIVERY_ID,
        workspace_id=WORKSPACE_ID,
        rule_id=RULE_ID,
        rule_revision=1,
        action_index=0,
        booking_id=BOOKING_ID,
        booking_revision=0,
        event=EventKind.BOOKING_CONFIRMED,
        recipient="ada@example.org",
        state=State.SCHEDULED,
        reason="",
        due_at=NOON,
        expires_at=NOON + 3 * DAY,
        next_at=NOON,
        attempts=0,
        failures=0,
        crashes=0,
        created_at=NOON,
        settled_at=None,
    )
    return replace(delivery, **changes)


def a_settlement(delivery: Delivery, **changes: Any) -> Settlement:
    """Return the settlement of an attempt that was accepted."""
    accepted = Outcome(result=Result.ACCEPTED, code=250, enhanced_code="2.0.0", reply="taken")
    settlement = Settlement(delivery=delivery, outcome=accepted, verdict=Verdict(state=State.SENT))
    return replace(settlement, **changes)


def an_entry(**changes: Any) -> Entry:
    entry = Entry(
        method=Method.REQUEST,
        uid="b0000000-0000-4000-8000-00000000000f@tocsin",
        summary="Introduction with Eve Jones",
        description="A first talk",
        location="https://zoom.example/j/1",
        url="https://acme.example.com/intro",
        starts_at=NOON + DAY,
        ends_at=NOON + DAY + 30 * MINUTE,
        created_at=NOON,
        organizer_name="Oliver Smith",
        organizer_email="invites@example.com",
        attendee_name="Ada Byron",
        attendee_email="ada@example.org",
    )
    return replace(entry, **changes)


def an_invitation(**changes: Any) -> Invitation:
    """Return what a recipient was told: `an_entry()`, as its first revision."""
    invitation = Invitation(
        booking_id=BOOKING_ID,
        recipient="ada@example.org",
        uid="b0000000-0000-4000-8000-00000000000f@tocsin",
        organizer_email="invites@example.com",
        method=Method.REQUEST,
        sequence=0,
        stamp=NOON,
        digest=an_entry().digest,
        calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        thread_id="first.0.0@example.com",
    )
    return replace(invitation, **changes)


def an_inviter(**changes: Any) -> Inviter:
    """Return the action of `a_rule()` as one that invited somebody at NOON and keeps the invite in sync."""
    inviter = Inviter(rule_id=RULE_ID, rule_revision=1, action_index=0, keeps=True, is_active=True, invited_at=NOON)
    return replace(inviter, **changes)


def a_frozen(**changes: Any) -> Frozen:
    frozen = Frozen(
        booking_revision=0,
        sequence=0,
        message_id="first.0.0@example.com",
        sender="invites@example.com",
        message=b"Subject: Invitation\r\n\r\nHello\r\n",
        frozen_at=NOON,
    )
    return replace(frozen, **changes)


def a_suppression(**changes: Any) -> Suppression:
    """Return the opt-out of the recipient of `a_planned()` from all of the workspace."""
    suppression = Suppression(
        recipient="ada@example.org",
        rule_id=WHOLE_WORKSPACE,
        reason=SuppressionReason.OPTED_OUT,
        since_at=NOON,
        note="",
    )
    return replace(suppression, **changes)


def a_scene(**changes: Any) -> Scene:
    """Return what a message about `a_booking()` can speak of; its standing follows from the booking."""
    booking: Booking = changes.setdefault("booking", a_booking())
    scene = Scene(
        workspace=a_workspace(),
        link=a_link(),
        booking=booking,
        reader=Reader(time_zone="Europe/Berlin", locale="en"),
        mail_from="invites@example.com",
        base_url="https://acme.example.com",
        standing=standing(booking, []),
        told=None,
        rsvp=None,
        secret=None,
        fresh_id=INVITATION_ID,
        opt_out_url="",
    )
    return replace(scene, **changes)


def a_dkim_key(**changes: Any) -> DkimKey:
    """Return a key that was made at NOON and does not sign yet; what it holds is no real key."""
    key = DkimKey(
        domain="example.com",
        selector="acme-1",
        algorithm=Algorithm.RSA,
        private_key=b"sealed",
        public_record="v=DKIM1; k=rsa; p=AAAA",
        created_at=NOON,
    )
    return replace(key, **changes)


def a_key(**changes: Any) -> ApiKey:
    key = ApiKey(
        id="key000000001",
        workspace_id=WORKSPACE_ID,
        name="Scheduler",
        scopes=frozenset({Scope.ADMIN}),
        created_at=NOON,
        revoked_at=None,
    )
    return replace(key, **changes)


def an_account(**changes: Any) -> Account:
    account = Account(
        id=ACCOUNT_ID, workspace_id=WORKSPACE_ID, email="ann@example.com", role=Role.ADMIN, created_at=NOON
    )
    return replace(account, **changes)


def a_session(**changes: Any) -> Session:
    seat = Seat(source="192.0.2.1", browser="Firefox on Linux")
    return replace(Session(account_id=ACCOUNT_ID, created_at=NOON, seen_at=NOON, seat=seat), **changes)


def numbered(pattern: str) -> Callable[[], str]:
    """Return a function that fills `pattern` with 1, 2, 3 and so on; threads may share it."""
    numbers = count(1)
    return lambda: pattern.format(next(numbers))


def a_chance() -> Chance:
    """Return chance without chance: ids, sids, secrets and digits count up, and the jitter is in the middle."""
    # The number stands in front too, because the first twelve digits of an id become an API key's.
    ids = numbered("{0:08x}-0000-4000-8000-{0:012x}")
    return Chance(
        new_id=ids,
        ordered_id=ids,
        new_sid=numbered("s{0:06d}"),
        new_secret=numbered("{0:064x}"),
        nine_digits=numbered("{0:09d}"),
        jitter=lambda: 0.5,
    )


def a_deed(**changes: Any) -> Deed:
    return replace(Deed(verb=Verb.RULE_CHANGED, thing="rule-1", name="Invitation", before="", after=""), **changes)


def a_trail(clock: Callable[[], datetime] = lambda: NOON) -> Trail:
    """Return what audit logs are written with where the server's secret is `pepper`."""
    return Trail(key=chain_key(b"pepper"), clock=clock)


class SettableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


def a_source(**changes: Any) -> Source:
    source = Source(
        id=SOURCE_ID,
        kind=SourceKind.GENERIC,
        name="our shop",
        header="",
        api_url="",
        user_id="",
        host_email="",
        box=b"box",
        created_at=NOON,
    )
    return replace(source, **changes)


def an_inbound_call(**changes: Any) -> InboundCall:
    call = InboundCall(
        id="61000000-0000-4000-8000-000000000001",
        source_id=SOURCE_ID,
        digest="digest",
        box=b"box",
        received_at=NOON,
        last_at=NOON,
        times=1,
        state=CallState.APPLIED,
        sentence="made booking",
    )
    return replace(call, **changes)


def some_details(**changes: Any) -> Details:
    details = Details(
        starts_at=NOON + DAY,
        ends_at=NOON + DAY + HOUR,
        link=ExternalLink(id="7", name="Introduction", slug="intro"),
        client=Person(email="eve@example.net", name="Eve Jones", time_zone="America/New_York"),
        hosts=(Person(email="oliver@example.com", name="Oliver Smith", time_zone="Europe/Berlin"),),
    )
    return replace(details, **changes)


def some_news(**changes: Any) -> News:
    return replace(News(booking="b-1", at=NOON, details=some_details(), is_confirmed=True), **changes)


def an_external(**changes: Any) -> External:
    return replace(External(id="b-1", known=merge(Known(), some_news())), **changes)


def a_look(**changes: Any) -> Look:
    return replace(Look(source_id=SOURCE_ID, next_at=NOON), **changes)


def a_kept_run(**changes: Any) -> KeptRun:
    run = KeptRun(
        id=RUN_ID,
        rule_id=RULE_ID,
        name="Tell everybody",
        is_draft=False,
        start=NOON - 30 * DAY,
        end=NOON,
        made_by="ann@example.com",
        made_at=NOON,
        seen_at=NOON,
    )
    return replace(run, **changes)


def a_line(**changes: Any) -> Line:
    line = Line(
        booking_id=BOOKING_ID,
        recipient="ada@example.org",
        due_at=NOON,
        event=EventKind.BOOKING_CONFIRMED,
        cause=Cause.RULE_FIRED,
        action=ActionType.SEND_CALENDAR_INVITE_TO_ANYONE,
        state=State.SENT,
        reason="",
        is_told_anyway=False,
        known_since=None,
    )
    return replace(line, **changes)


def a_report(**changes: Any) -> Report:
    report = Report(bookings=3, deliveries=1, sent=1, new=1, no_longer=0, lines=(a_line(),), lost_lines=())
    return replace(report, **changes)
