"""What `tocsin doctor` finds: each check a name, how it went, and one sentence with the remedy if it did not go well."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.errors import TocsinError
from tocsin.domain.evidence import Grade
from tocsin.domain.model import WorkspaceId
from tocsin.domain.signed_address import LONGEST_BASE
from tocsin.services import audit, checkup_site, identity, limits, workspaces
from tocsin.services.administration import Office
from tocsin.services.checkup_site import Site
from tocsin.services.identity import Outlet
from tocsin.services.ports_sender import NewNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one check went."""

    name: str
    grade: Grade
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the process runs in, as far as checks need it. `sqlite` is None on PostgreSQL, `probe` on `capture:`.

    `certificate` tells from when until when that one holds which the relay is shown; None if none is.
    """

    python: tuple[int, int, int]
    sqlite: tuple[int, int, int] | None
    zone_rules: str
    captures: bool
    inbound: Callable[[], str | None] | None  # why nothing that comes back is taken; None: nobody wants to
    is_local: bool
    mail_from: str
    probe: Callable[[], Outcome] | None
    local_now: Callable[[], datetime]
    outlet: Outlet
    names: NewNames
    site: Site | None = None
    certificate: Callable[[], tuple[datetime, datetime]] | None = None


# The first release of each Python whose mail library has the flaws mended that our own filter and scan make up for.
_MENDED_PYTHONS = {(3, 11): (3, 11, 15), (3, 12): (3, 12, 13), (3, 13): (3, 13, 12), (3, 14): (3, 14, 3)}
_LARGEST_SKEW = timedelta(seconds=30)
_OVERDUE = timedelta(minutes=5)
_LOOK_BACK = timedelta(days=7)
_SOON = timedelta(days=14)


def findings(office: Office, around: Surroundings) -> list[Finding]:
    """Run all checks; one that cannot run is a finding too."""
    found: list[Finding] = []
    checks = [(name, partial(check, office, around)) for name, check in _CHECKS.items()]
    if around.site is not None:
        checks += [(name, partial(check, office, around.site)) for name, check in checkup_site.CHECKS.items()]
    for name, run in checks:
        try:
            found += [Finding(name=name, grade=grade, sentence=text) for grade, text in run()]
        except TocsinError as error:
            found.append(Finding(name=name, grade=Grade.FAILED, sentence=str(error)))
    return found


def _python(_office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    version = ".".join(map(str, around.python))
    mended = _MENDED_PYTHONS.get(around.python[:2])
    if mended is not None and around.python < mended:
        better = ".".join(map(str, mended))
        yield Grade.WARNING, f"{version} has known flaws in its mail library; Tocsin guards against them; use {better}"
    else:
        yield Grade.OK, version


def _database(office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    number = len(workspaces.every(office.store))
    what = "PostgreSQL" if around.sqlite is None else f"SQLite {'.'.join(map(str, around.sqlite))}"
    if around.sqlite is not None and _can_reset_wrongly(around.sqlite):
        yield Grade.WARNING, f"{what} has the WAL-reset flaw; Tocsin avoids what triggers it; 3.51.3 mends it"
    else:
        yield Grade.OK, what
    if number == 0:
        yield Grade.WARNING, "there is no workspace yet; make one with `tocsin workspace create NAME`"


def _integrity(office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    wrong = office.store.check_integrity()
    if wrong is not None:
        yield Grade.FAILED, wrong
    elif around.sqlite is not None:
        yield Grade.OK, "every page of the database file fits the others"
    else:
        yield Grade.OK, "the files are PostgreSQL's, which looks after them"


def _clock(office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    skew = abs(office.clock() - around.local_now())
    if skew > _LARGEST_SKEW:
        yield Grade.WARNING, f"this host and the database differ by {skew.total_seconds():.0f} s; set up time keeping"
    else:
        yield Grade.OK, "this host and the store agree"


def _queue(office: Office, _around: Surroundings) -> Iterator[tuple[Grade, str]]:
    due = office.store.queue.next_due()
    late = timedelta(0) if due is None else office.clock() - due
    if late > _OVERDUE:
        minutes = late.total_seconds() / 60
        yield Grade.FAILED, f"a delivery is overdue by {minutes:.0f} min; is a worker running (`tocsin serve`)?"
    else:
        yield Grade.OK, "nothing is overdue"


def _mail(office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    if around.probe is None:
        yield Grade.WARNING, "messages are captured and do not leave; set TOCSIN_SMTP_URL to send them"
        return
    outcome = around.probe()
    if outcome.result is Result.ACCEPTED:
        yield Grade.OK, outcome.reply
    else:
        yield (
            Grade.FAILED,
            f"{outcome.reply}; look at the relay, and at TOCSIN_SMTP_URL for host, port, TLS and password or certificate",
        )
    yield from _shown(office, around)
    if around.mail_from.endswith("@localhost"):
        yield Grade.FAILED, f"{around.mail_from} is no sender for other people's mail; set TOCSIN_MAIL_FROM"


def _shown(office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    """Check the certificate that the relay is shown. One of days or hours is replaced late, so a quarter of its life counts."""
    if around.certificate is None:
        return
    begins_at, ends_at = around.certificate()
    left = ends_at - office.clock()
    remedy = "write a new one into the file that cert= in TOCSIN_SMTP_URL names; it is used without a restart"
    if left <= timedelta(0):
        yield Grade.FAILED, f"the certificate that the relay is shown ended on {ends_at:%Y-%m-%d %H:%M} UTC; {remedy}"
    elif left < min(_SOON, (ends_at - begins_at) / 4):
        yield Grade.WARNING, f"the certificate that the relay is shown ends on {ends_at:%Y-%m-%d %H:%M} UTC; {remedy}"


def _answers(office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    if around.captures:
        yield Grade.OK, "messages are captured, so nobody answers"
    elif around.inbound is None:
        yield Grade.WARNING, "answers and bounces are not taken; set TOCSIN_INBOUND to where your relay forwards them"
    else:
        wrong = around.inbound()
        where = "does a worker run (`tocsin serve` or `tocsin worker`), or is the mailbox's server away?"
        taken = f"answers and bounces are taken; in the last {_LOOK_BACK.days} days {_counted(office)}"
        yield (Grade.OK, taken) if wrong is None else (Grade.FAILED, f"{wrong}; {where}")
        for workspace in workspaces.every(office.store):
            sender = workspace.mail_from or around.mail_from
            if len(sender.rpartition("@")[0]) > LONGEST_BASE:
                where = f"{workspace.subdomain}: {sender} has more than {LONGEST_BASE} characters before the @"
                yield (
                    Grade.WARNING,
                    f"{where}, which leaves no room for a signature, so nothing that comes back to it is taken",
                )


def _counted(office: Office) -> str:
    """Return what came back lately, by what became of it; of the workspace '' is what nobody could tell whose it was."""
    found: Counter[str] = Counter()
    for workspace_id in (WorkspaceId(""), *(workspace.id for workspace in workspaces.every(office.store))):
        with office.store.reading(workspace_id) as tx:
            found.update(tx.inbound_counts.since(office.clock() - _LOOK_BACK))
    named = [f"{number} {verdict.replace('_', ' ')}" for verdict, number in sorted(found.items())]
    return ", ".join(named) or "nothing came"


def _sending(office: Office, _around: Surroundings) -> Iterator[tuple[Grade, str]]:
    paused = 0
    for workspace in workspaces.every(office.store):
        with office.store.reading(workspace.id) as tx:
            pause = limits.pause_of(tx)
        if pause is not None:
            paused += 1
            since = f"{workspace.subdomain} sends nothing since {pause.since_at:%Y-%m-%d %H:%M} UTC: {pause.because}"
            yield Grade.FAILED, f"{since}; mend what it sends, then `tocsin workspace resume {workspace.subdomain}`"
    if not paused:
        yield Grade.OK, "no workspace is paused"


def _senders(office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    """Check the sender of every workspace, in one round of questions to the DNS for all."""
    if around.captures:
        yield Grade.OK, "messages are captured and nothing leaves, so no sender is checked"
        return
    names = around.names()
    for workspace in workspaces.every(office.store):
        found, _ = identity.of_workspace(around.outlet, workspace, names)
        yield found.grade, f"{workspace.subdomain}: {found.sentence}"
        for check in found.checks:
            if check.grade is not Grade.OK:
                added = f": {check.record}" if check.record else ""
                yield check.grade, f"{workspace.subdomain}: {check.name}: {check.sentence}{added}"


def _audit(office: Office, _around: Surroundings) -> Iterator[tuple[Grade, str]]:
    broken = 0
    for workspace in workspaces.every(office.store):
        with office.store.reading(workspace.id) as tx:
            fault = audit.fault(tx, office.pepper)
        if fault is not None:
            broken += 1
            yield Grade.FAILED, f"{workspace.subdomain}: {fault.sentence}; compare it with an export or a backup"
    if not broken:
        yield Grade.OK, "every audit log is as it was written"


def _zones(_office: Office, around: Surroundings) -> Iterator[tuple[Grade, str]]:
    yield Grade.OK, f"time zone rules {around.zone_rules}, pinned"


def _can_reset_wrongly(version: tuple[int, int, int]) -> bool:
    mended_branches = {(3, 44): 6, (3, 50): 7}
    if version[:2] in mended_branches:
        return version[2] < mended_branches[version[0], version[1]]
    return (3, 7, 0) <= version < (3, 51, 3)


_CHECKS: dict[str, Callable[[Office, Surroundings], Iterator[tuple[Grade, str]]]] = {
    "Python": _python,
    "database": _database,
    "integrity": _integrity,
    "clock": _clock,
    "queue": _queue,
    "mail": _mail,
    "answers": _answers,
    "sending": _sending,
    "sender": _senders,
    "audit": _audit,
    "time zones": _zones,
}
