"""`tocsin doctor` names each misconfiguration that is planted, in one sentence with the remedy."""

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509

from tests.builders import a_planned, a_source, an_inbound_call
from tests.faces.shell import Shell
from tests.faces.test_cli import SECRET
from tests.mail.certificates import Authority
from tests.mail.dns_server import DnsServer
from tests.ports import free_port
from tests.postgres import Postgres
from tests.smtp_server import Sink
from tests.torture.disks import spoil
from tocsin import bootstrap
from tocsin.domain.pause import Pause
from tocsin.domain.restore import HELD
from tocsin.domain.sources.source import CallState
from tocsin.storage import postgres
from tocsin.storage.store import SqlTransaction

OTHER_SECRET = "another-secret-of-more-than-32-characters"
LONG_AGO = timedelta(hours=2)


@dataclass
class Patient:
    """A store with one workspace that is well, into which a mistake is planted."""

    shell: Shell
    monkeypatch: pytest.MonkeyPatch
    folder: Path
    dns: DnsServer
    request: pytest.FixtureRequest
    closing: list[Callable[[], None]] = field(default_factory=list)

    def set(self, name: str, value: object) -> None:
        self.monkeypatch.setenv(f"TOCSIN_{name}", str(value))

    def relay(self, **how: Any) -> Sink:
        """Start a relay."""
        sink = Sink(**how)
        sink.__enter__()
        self.closing.append(lambda: sink.__exit__(None, None, None))
        return sink

    def sends(self, query: str = "tls=none", *, user: str = "", **how: Any) -> None:
        """Let messages leave, by a relay that is as it should be unless told otherwise."""
        self.set("SMTP_URL", f"smtp://{user}127.0.0.1:{self.relay(**how).port}?{query}")
        self.set("MAIL_FROM", "invites@acme.example")

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect("tocsin.db")) as connection, connection:
            connection.execute(statement)

    def store(self, work: Callable[[SqlTransaction, datetime], object]) -> None:
        """Change something in the workspace, as of now."""
        with closing(bootstrap.open_app(bootstrap.settings())) as app:
            with app.store.directory() as directory:
                workspace = directory.by_subdomain("acme")
            assert workspace is not None
            with app.store.transaction(workspace.id) as tx:
                work(tx, app.clock())

    def on_postgresql(self, options: str = "") -> None:
        """Work on a PostgreSQL from now on, which is well and has the workspace too."""
        url = self.request.getfixturevalue("postgres_url")
        self.set("DATABASE_URL", url)
        self.set("SECRET_KEY", SECRET)
        self.shell.done("workspace", "create", "acme", "--mail-from", "invites@acme.example")
        if options:
            self.set("DATABASE_URL", f"{url}{'&' if '?' in url else '?'}options=-c%20{options.replace('=', '%3D')}")


@pytest.fixture
def patient(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sqlite_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Patient]:
    assert sqlite_path.parent == tmp_path
    monkeypatch.chdir(tmp_path)
    with DnsServer() as dns:
        monkeypatch.setenv("TOCSIN_RESOLVER", f"127.0.0.1:{dns.port}")
        monkeypatch.setenv("TOCSIN_BASE_URL", "https://bookings.example.com")
        shell = Shell(capsys)
        shell.done("workspace", "create", "acme", "--mail-from", "invites@acme.example")
        found = Patient(shell=shell, monkeypatch=monkeypatch, folder=tmp_path, dns=dns, request=request)
        yield found
        for close in found.closing:
            close()


Plant = Callable[[Patient], object]


def each(*plants: Plant) -> Plant:
    """Return what plants all of these, in order."""

    def plant(patient: Patient) -> None:
        for one in plants:
            one(patient)

    return plant


def old_python(patient: Patient) -> None:
    others = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    patient.monkeypatch.setattr(bootstrap, "sys", SimpleNamespace(version_info=(3, 11, 2, "final", 0), **others))


def foreign_certificate(patient: Patient) -> None:
    authority = Authority(patient.folder)
    patient.sends(f"tls=required&ca={authority.path}", tls=authority.server(x509.DNSName("elsewhere.example")))


def by_certificate(since: timedelta, until: timedelta) -> Plant:
    """Return what lets the relay be shown a certificate that began and ends so long from now."""

    def plant(patient: Patient) -> None:
        now = datetime.now(UTC)  # noqa: TID251  certificates are of this host's days
        authority = Authority(patient.folder)
        shown = authority.issue("tocsin", since=now + since, until=now + until)
        patient.sends(f"tls=required&ca={authority.path}&cert={shown.cert}&key={shown.key}", tls=authority.server())

    return plant


def unpublished_key(patient: Patient) -> None:
    patient.shell.done("dkim", "create", "acme", "--selector", "one")
    patient.shell.done("dkim", "activate", "acme", "one", "--force")
    patient.sends()


def nobody_listens(patient: Patient) -> None:
    patient.sends()
    patient.set("INBOUND", f"lmtp://127.0.0.1:{free_port()}")


def nobody_vouches(patient: Patient) -> None:
    patient.set("OIDC_ISSUER", f"http://127.0.0.1:{free_port()}")
    patient.set("OIDC_CLIENT_ID", "tocsin")
    patient.set("OIDC_CLIENT_SECRET", "x")


def no_worker(patient: Patient) -> None:
    patient.store(
        lambda tx, now: tx.deliveries.add(
            [a_planned(due_at=now - LONG_AGO, expires_at=now + LONG_AGO)], new_id=lambda: "d1", now=now - LONG_AGO
        )
    )


def unused_calls(patient: Patient) -> None:
    def work(tx: SqlTransaction, now: datetime) -> None:
        tx.sources.add(a_source())
        tx.source_calls.put(an_inbound_call(state=CallState.NOT_UNDERSTOOD, received_at=now, last_at=now))

    patient.store(work)


def held_back(patient: Patient) -> None:
    no_worker(patient)
    patient.sql(f"UPDATE deliveries SET state = 'paused', reason = '{HELD}x'")


def other_clock(patient: Patient) -> None:
    patient.on_postgresql()
    later = datetime.now(UTC) + timedelta(minutes=3)  # noqa: TID251  the host's clock is what is wrong
    patient.monkeypatch.setattr(bootstrap, "_utc_now", lambda: later)


def opened_to_all(name: str, mode: int) -> Plant:
    """Return what brings the store to a folder that everybody can enter, with a file of that mode."""

    def plant(patient: Patient) -> None:
        folder = Path(tempfile.mkdtemp())
        patient.closing.append(lambda: shutil.rmtree(folder))
        folder.chmod(0o755)
        for file in patient.folder.glob("tocsin.db*"):
            shutil.copy(file, folder)
        (folder / name).chmod(mode)
        patient.set("DATABASE_URL", f"sqlite:///{folder}/tocsin.db")

    return plant


def no_checksums(patient: Patient) -> None:
    patient.on_postgresql()
    said = postgres._SETUP.replace("current_setting('data_checksums')", "'off'")
    patient.monkeypatch.setattr(postgres, "_SETUP", said)


def no_tables(patient: Patient) -> None:
    server: Postgres = patient.request.getfixturevalue("postgres")
    name = server.create()
    patient.closing.append(lambda: server.drop(name))
    patient.set("DATABASE_URL", server.url(name))
    patient.set("SECRET_KEY", SECRET)


def no_key(patient: Patient) -> None:
    patient.set("DATABASE_URL", patient.request.getfixturevalue("postgres_url"))


def full_disk(patient: Patient) -> None:
    usage = shutil._ntuple_diskusage(10**11, 10**11 - 10**8, 10**8)
    patient.monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)


# What is planted, which check finds it, and what its sentence says: what is wrong, and the remedy.
FOUND: dict[str, tuple[Plant, str, str, str]] = {
    "another secret key": (
        lambda p: p.set("SECRET_KEY", OTHER_SECRET),
        "secret key",
        "is not the one that this store was written with",
        "bring the old one back",
    ),
    "a database that its group can read": (
        lambda _: os.chmod("tocsin.db", 0o640),  # noqa: PTH101
        "files",
        "others on this machine can open tocsin.db",
        "chmod 600 tocsin.db*",
    ),
    "a key that its group can read": (
        lambda _: os.chmod("tocsin.db.key", 0o640),  # noqa: PTH101
        "files",
        "others on this machine can open tocsin.db.key",
        "chmod 600 tocsin.db.key*",
    ),
    "a file that its disk has spoiled": (
        lambda _: spoil(Path("tocsin.db"), "deliveries_bounced"),
        "integrity",
        "the database file is damaged",
        "`tocsin restore`",
    ),
    "a full disk": (full_disk, "disk", "only 0.1 GB", "make room"),
    "an old Python": (old_python, "Python", "3.11.2 has known flaws", "use 3.11.15"),
    "an old SQLite": (
        lambda p: p.monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1)),
        "database",
        "has the WAL-reset flaw",
        "3.51.3 mends it",
    ),
    "no relay": (lambda _: None, "mail", "messages are captured and do not leave", "set TOCSIN_SMTP_URL"),
    "a relay that is away": (
        lambda p: p.set("SMTP_URL", f"smtp://127.0.0.1:{free_port()}"),
        "mail",
        "cannot be used: ",
        "TOCSIN_SMTP_URL",
    ),
    "a relay that refuses the password": (
        lambda p: p.sends(user="ann:wrong@", credentials=("ann", "right")),
        "mail",
        "",
        "TOCSIN_SMTP_URL",
    ),
    "a relay without TLS": (lambda p: p.sends("tls=required"), "mail", "STARTTLS", "TOCSIN_SMTP_URL"),
    "a relay with another's certificate": (foreign_certificate, "mail", "certificate", "TOCSIN_SMTP_URL"),
    "a certificate for the relay that has ended": (
        by_certificate(timedelta(days=-90), timedelta(hours=-1)),
        "mail",
        "the certificate that the relay is shown ended on 20",
        "cert= in TOCSIN_SMTP_URL",
    ),
    "a certificate for the relay that ends soon": (
        by_certificate(timedelta(days=-77), timedelta(days=13)),
        "mail",
        "the certificate that the relay is shown ends on 20",
        "cert= in TOCSIN_SMTP_URL",
    ),
    "a short certificate for the relay that was not renewed in time": (
        by_certificate(timedelta(hours=-19), timedelta(hours=5)),
        "mail",
        "the certificate that the relay is shown ends on 20",
        "it is used without a restart",
    ),
    "a sender at localhost": (
        each(Patient.sends, lambda p: p.set("MAIL_FROM", "invites@localhost")),
        "mail",
        "is no sender for other people's mail",
        "set TOCSIN_MAIL_FROM",
    ),
    "no SPF": (lambda p: p.sends(), "sender", "SPF", "v=spf1"),
    "no DMARC": (lambda p: p.sends(), "sender", "DMARC", "v=DMARC1"),
    "a DKIM key that is not published": (unpublished_key, "sender", "one", "v=DKIM1"),
    "links to this machine": (
        each(Patient.sends, lambda p: p.set("BASE_URL", "http://localhost:8000")),
        "address",
        "which only this machine can open",
        "set TOCSIN_BASE_URL",
    ),
    "a public address without TLS": (
        lambda p: p.set("BASE_URL", "http://bookings.example.com"),
        "address",
        "has no TLS",
        "write https://",
    ),
    "answers that nobody takes": (lambda p: p.sends(), "answers", "are not taken", "set TOCSIN_INBOUND"),
    "an inbound address where nobody listens": (nobody_listens, "answers", "", "does a worker run"),
    "no worker": (no_worker, "queue", "a delivery is overdue by 120 min", "is a worker running"),
    "a paused workspace": (
        lambda p: p.store(lambda tx, now: tx.usage.set_pause(Pause(since_at=now, because="too much bounced"))),
        "sending",
        "acme sends nothing since",
        "`tocsin workspace resume acme`",
    ),
    "a changed audit log": (
        lambda p: p.sql("UPDATE audit SET who = 'nobody'"),
        "audit",
        "acme: entry 1 is not as it was written",
        "compare it with an export or a backup",
    ),
    "a ledger that does not add up": (
        each(no_worker, lambda p: p.sql("UPDATE deliveries SET state = 'sent'")),
        "ledger",
        "1 deliveries that are neither open nor ended",
        "tocsin restore",
    ),
    "what a restore holds": (
        held_back,
        "ledger",
        "1 messages are held since a restore",
        "/held, or with `tocsin held list acme`",
    ),
    "calls of sources that could not be used": (unused_calls, "sources", "1 calls of", "tocsin source calls acme"),
    "a sign-in service that is away": (nobody_vouches, "sign-in", "nobody can sign in by", "TOCSIN_OIDC_ISSUER"),
    "no workspace": (
        lambda p: p.shell.done("workspace", "delete", "acme", "--yes"),
        "database",
        "there is no workspace yet",
        "tocsin workspace create",
    ),
    "clocks that differ": (other_clock, "clock", "differ by 1", "set up time keeping"),
    "commits that are not flushed": (
        lambda p: p.on_postgresql("synchronous_commit=off"),
        "PostgreSQL",
        "synchronous_commit is off",
        "set synchronous_commit = on",
    ),
    "pages without checksums": (
        no_checksums,
        "PostgreSQL",
        "keeps no checksums of its pages",
        "`pg_checksums --enable`",
    ),
    "commits that are cut off": (
        lambda p: p.on_postgresql("statement_timeout=60000"),
        "PostgreSQL",
        "statement_timeout is 1min",
        "set it to 0",
    ),
}
# What the program does not even start with: one line on standard error.
REFUSED: dict[str, tuple[Plant, str, str]] = {
    "a short secret key": (
        lambda p: p.set("SECRET_KEY", "short"),
        "TOCSIN_SECRET_KEY",
        "at least 32 random characters",
    ),
    "no secret key on PostgreSQL": (no_key, "TOCSIN_SECRET_KEY", "the same for every process and host"),
    "a database that everybody can read": (opened_to_all("tocsin.db", 0o644), "tocsin.db (mode 644)", "chmod 600 /"),
    "a key that everybody can read": (opened_to_all("tocsin.db.key", 0o604), "tocsin.db.key (mode 604)", "chmod 600 /"),
    "a key file that is empty": (
        lambda _: Path("tocsin.db.key").write_text(""),
        "holds no secret",
        "bring it back from a backup",
    ),
    "a database of a newer version": (
        lambda p: p.sql("INSERT INTO migrations VALUES (9999, '9999_x.since_9998.sql', '')"),
        "migrated by a much newer version",
        "run that version",
    ),
    "a database that was not migrated": (no_tables, "not at this version", "run `tocsin migrate`"),
    "a backup in the place of the store": (
        each(lambda p: p.shell.done("backup", "x.db"), lambda p: p.set("DATABASE_URL", "sqlite:///x.db")),
        "is a backup of",
        "tocsin restore",
    ),
    "a certificate without its key": (
        lambda p: p.set("SMTP_URL", f"smtps://mail.example.com?cert={Authority(p.folder).path}"),
        "authority.pem in the SMTP URL holds no private key",
        "by key=",
    ),
    "a password over a line that is open": (
        lambda p: p.set("SMTP_URL", "smtp://ann:geheim@mail.example.com?tls=none"),
        "TOCSIN_SMTP_URL",
        "tls=required",
    ),
}


@pytest.mark.parametrize("planted", FOUND)
def test_what_is_planted_is_found_and_told_with_the_remedy(patient: Patient, planted: str) -> None:
    plant, name, wrong, remedy = FOUND[planted]

    plant(patient)

    code, out, err = patient.shell("doctor", "--json")
    assert err == ""
    found = [one for one in json.loads(out) if one["name"] == name and one["grade"] != "ok"]
    sentences = [one["sentence"] for one in found if wrong in one["sentence"] and remedy in one["sentence"]]
    assert len(sentences) == 1, found
    assert "\n" not in sentences[0]
    assert code == (1 if any(one["grade"] == "failed" for one in json.loads(out)) else 0)


@pytest.mark.parametrize("planted", REFUSED)
def test_what_nothing_can_start_with_is_refused_in_one_line(patient: Patient, planted: str) -> None:
    plant, wrong, remedy = REFUSED[planted]

    plant(patient)

    told = patient.shell.refused(78, "doctor")
    assert wrong in told
    assert remedy in told


def test_a_store_that_is_well_has_nothing_to_mend(patient: Patient) -> None:
    findings = patient.shell.json("doctor")

    known = {"Python", "database", "mail"}  # of the machine that runs the tests, and captured messages
    assert [one for one in findings if one["grade"] != "ok" and one["name"] not in known] == []


@pytest.mark.parametrize(
    ("since", "until"),
    [
        pytest.param(timedelta(days=-75), timedelta(days=15), id="of months"),
        pytest.param(timedelta(hours=-17), timedelta(hours=7), id="of a day"),
    ],
)
def test_a_certificate_for_the_relay_that_holds_for_long_enough_is_no_finding(
    patient: Patient, since: timedelta, until: timedelta
) -> None:
    by_certificate(since, until)(patient)

    _, out, _ = patient.shell("doctor", "--json")
    assert [one["grade"] for one in json.loads(out) if one["name"] == "mail"] == ["ok"]


def test_what_lies_in_a_folder_of_its_owner_is_started_with_whatever_its_mode_and_told(patient: Patient) -> None:
    patient.folder.chmod(0o700)
    Path("tocsin.db").chmod(0o644)

    code, out, err = patient.shell("doctor", "--json")

    assert (code, err) == (1, "")
    (found,) = (one for one in json.loads(out) if one["name"] == "files")
    assert "others on this machine can open tocsin.db (mode 644)" in found["sentence"]
