import json
import logging
import socket
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tocsin import bootstrap, observation
from tocsin.chance import real_chance
from tocsin.domain.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    StoreInUseError,
    UnavailableError,
)
from tocsin.mail.capture import CaptureMailer
from tocsin.mail.lanes import Lanes
from tocsin.services import administration
from tocsin.settings import Settings
from tocsin.storage.clock import DatabaseClock
from tocsin.storage.postgres import PostgresDatabase
from tocsin.workers import desk

SECRET = "correct-horse-battery-staple-0123456789"


def on(path: Path, **environment: str) -> Settings:
    return Settings.from_environment({"TOCSIN_DATABASE_URL": f"sqlite:///{path}"} | environment)


@pytest.fixture
def path(sqlite_path: Path) -> Path:
    return sqlite_path


def complaint(settings: Settings) -> str:
    with pytest.raises(ConfigurationError) as caught:
        bootstrap.open_app(settings)
    return str(caught.value)


def test_sqlite_is_brought_to_this_version_at_once(tmp_path: Path) -> None:
    with closing(bootstrap.open_app(on(tmp_path / "new.db"))) as app:
        assert administration.run(app.office, "workspace list", {}) == []


@pytest.fixture
def bare_postgres_url(postgres: Postgres) -> Iterator[str]:
    """Give the URL of a PostgreSQL database without a table."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


def test_postgresql_is_not_touched_before_somebody_says_migrate(bare_postgres_url: str) -> None:
    settings = Settings.from_environment({"TOCSIN_DATABASE_URL": bare_postgres_url, "TOCSIN_SECRET_KEY": SECRET})

    first = complaint(settings)
    applied = [migration.name for migration in bootstrap.migrate_store(settings)]

    assert first == "the database is not at this version; run `tocsin migrate`"
    assert applied
    assert bootstrap.migrate_store(settings) == []
    with closing(bootstrap.open_app(settings)) as app:
        assert app.clock().utcoffset() == timedelta(0)


def test_a_secret_is_made_at_the_first_start_and_only_its_owner_reads_it(path: Path) -> None:
    with closing(bootstrap.open_app(on(path))) as app:
        first = app.pepper
    with closing(bootstrap.open_app(on(path))) as app:
        second = app.pepper

    secret_path = path.with_name(path.name + ".key")
    assert first == second == secret_path.read_bytes()
    assert len(first) == 64
    assert stat.S_IMODE(secret_path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "short"])
def test_a_secret_that_was_lost_is_not_replaced_by_none(path: Path, content: str) -> None:
    path.with_name(path.name + ".key").write_text(content)

    assert "holds no secret" in complaint(on(path))


def test_a_secret_of_the_settings_wins(path: Path) -> None:
    with closing(bootstrap.open_app(on(path, TOCSIN_SECRET_KEY=SECRET))) as app:
        assert app.pepper == SECRET.encode()
    assert not path.with_name(path.name + ".key").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_MAIL_FROM", "nobody"),
        ("TOCSIN_MAIL_FROM", ""),
        ("TOCSIN_SMTP_URL", "mail.example"),
        ("TOCSIN_SMTP_URL", "smtp://user:pass@mail.example?tls=none"),
        ("TOCSIN_SMTP_URL", ""),
        ("TOCSIN_FAULTS", "nowhere:kill"),
        ("TOCSIN_INBOUND", "yes"),
    ],
)
def test_a_wrong_setting_is_named_and_the_file_is_free_again(path: Path, name: str, value: str) -> None:
    assert complaint(on(path, **{name: value})).startswith(f"{name}: ")

    bootstrap.open_app(on(path)).close()


def test_postgresql_needs_a_secret_of_the_settings(postgres_url: str) -> None:
    found = complaint(Settings.from_environment({"TOCSIN_DATABASE_URL": postgres_url}))

    assert found == "TOCSIN_SECRET_KEY: on PostgreSQL give one, the same for every process and host"


def test_a_second_process_is_kept_out(path: Path) -> None:
    with closing(bootstrap.open_app(on(path))), pytest.raises(StoreInUseError):
        bootstrap.open_app(on(path))


def test_the_mailer_is_what_the_settings_say(path: Path) -> None:
    with closing(bootstrap.open_app(on(path))) as app:
        assert isinstance(app.mailer(), CaptureMailer)
    with closing(bootstrap.open_app(on(path, TOCSIN_SMTP_URL="smtp://127.0.0.1:2525"))) as app:
        assert isinstance(app.mailer(), Lanes)


def test_chance_gives_what_nobody_can_guess() -> None:
    chance = real_chance()

    assert len({chance.new_id() for _ in range(100)}) == 100
    assert len({chance.ordered_id() for _ in range(100)}) == 100
    moments = [uuid.UUID(chance.ordered_id()) for _ in range(100)]
    assert {(one.version, one.variant) for one in moments} == {(7, uuid.RFC_4122)}
    assert [one.int >> 80 for one in moments] == sorted(one.int >> 80 for one in moments)
    assert len({chance.new_secret() for _ in range(100)}) == 100
    assert all(len(chance.new_sid()) == 7 and chance.new_sid().isalnum() for _ in range(100))
    assert all(len(chance.nine_digits()) == 9 and chance.nine_digits().isdecimal() for _ in range(100))
    assert all(0 <= chance.jitter() <= 1 for _ in range(100))


# Administration, here or at the desk of the server


VALUES = {"subdomain": "acme", "name": "Acme", "time_zone": "Etc/UTC", "mail_from": None}


@pytest.fixture(params=["here", "at the desk"])
def administered(request: pytest.FixtureRequest, path: Path) -> Iterator[Settings]:
    """Give settings of a store that nobody uses, and of one that a server in this process owns."""
    if request.param == "here":
        yield on(path)
        return
    with closing(bootstrap.open_app(on(path))) as app, bootstrap.desk_open(app):
        yield on(path)


def test_a_command_runs_whether_or_not_a_server_owns_the_file(administered: Settings) -> None:
    made = bootstrap.administer(administered, "workspace create", VALUES)
    key = bootstrap.administer(administered, "key create", {"subdomain": "acme", "name": "", "scopes": []})

    assert bootstrap.administer(administered, "workspace list", {}) == [made]
    assert key["key"].startswith(f"tocsin_{key['id']}_")
    assert {one["name"] for one in bootstrap.administer(administered, "doctor", {})} >= {"database", "queue", "mail"}


def test_an_error_of_a_command_is_the_same_on_both_ways(administered: Settings) -> None:
    bootstrap.administer(administered, "workspace create", VALUES)

    with pytest.raises(NotFoundError, match="there is no workspace called globex"):
        bootstrap.administer(administered, "workspace show", {"subdomain": "globex"})
    with pytest.raises(InvalidInputError) as caught:
        bootstrap.administer(administered, "workspace create", VALUES)
    assert str(caught.value) == "subdomain: there is a workspace called acme already"
    with pytest.raises(InvalidInputError, match="command: there is no command eat"):
        bootstrap.administer(administered, "eat", {})
    with pytest.raises(InvalidInputError, match="name: holds the control character"):
        bootstrap.administer(administered, "key create", {"subdomain": "acme", "name": "a\nb", "scopes": []})


def test_what_nobody_foresaw_at_the_desk_is_told_and_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(bootstrap.open_app(on(path))) as app, bootstrap.desk_open(app):
        with pytest.raises(UnavailableError, match="KeyError"):
            bootstrap.administer(on(path), "workspace show", {})
        assert bootstrap.administer(on(path), "workspace list", {}) == []

    assert "a command failed unforeseen" in caplog.text


@pytest.mark.parametrize("content", ["", "/nowhere/desk", "\x00"])
def test_a_file_that_is_owned_by_a_process_without_a_desk_is_told_so(path: Path, content: str) -> None:
    with closing(bootstrap.open_app(on(path))):
        path.with_name(path.name + ".lock").write_text(content)
        with pytest.raises(StoreInUseError, match="takes no commands; stop it first"):
            bootstrap.administer(on(path), "workspace list", {})


def test_a_caller_who_talks_nonsense_at_the_desk_does_not_close_it(path: Path) -> None:

    with closing(bootstrap.open_app(on(path))) as app, bootstrap.desk_open(app):
        sign = path.with_name(path.name + ".lock")
        for octets in (b"", b"{", b"nonsense\n", b"[]\n", b"{}\n"):
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(sign.read_text())
                line.sendall(octets)
        assert bootstrap.administer(on(path), "workspace list", {}) == []
    assert sign.read_text() == ""


def test_an_answer_of_any_length_comes_through_the_desk(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    long = "x" * 1_000_000

    with desk.open_desk(sign, lambda request: {"result": request["values"] + long}):
        assert desk.ask(sign, {"values": "y"}) == {"result": f"y{long}"}


# Logging


@pytest.fixture
def former_logging() -> Iterator[None]:
    """Give the former logging back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("former_logging")
def test_a_log_line_is_a_sentence_with_its_ids(capsys: pytest.CaptureFixture[str]) -> None:
    observation.log_to_stderr(Settings.from_environment({}))

    logging.getLogger("tocsin.test").info("attempt %d", 1, extra={"delivery": "d1"})
    logging.getLogger("tocsin.test").debug("nobody reads this")

    (line,) = capsys.readouterr().err.splitlines()
    assert "attempt 1" in line
    assert "delivery=d1" in line


@pytest.mark.usefixtures("former_logging")
def test_a_log_line_is_json_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    observation.log_to_stderr(Settings.from_environment({"TOCSIN_LOG": "json"}))

    logging.getLogger("tocsin.test").warning("two\nlines", extra={"delivery": "d1"})
    try:
        raise ValueError("on purpose")
    except ValueError:
        logging.getLogger("tocsin.test").exception("it failed")

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["delivery"]) == ("two\nlines", "warning", "d1")
    assert first["timestamp"].endswith("Z")
    assert "ValueError: on purpose" in second["exception"]


def test_closing_ends_the_dry_runs_of_the_process(path: Path) -> None:
    app = bootstrap.open_app(on(path))
    app.close()

    with pytest.raises(RateLimitedError):
        app.dry_runs.take(app.trial_sender, lambda: pytest.fail("nothing is begun any more"))


def test_a_command_on_sqlite_loads_nothing_of_what_this_installation_does_not_use(path: Path) -> None:
    unused = ("psycopg", "joserfc", "imap_tools", "aiosmtpd", "starlette.applications", "opentelemetry", "mcp")
    program = (
        "import sys; from tocsin import cli; code = cli.run(['workspace', 'list']);"
        f" print([name for name in {unused} if name in sys.modules], code)"
    )

    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"TOCSIN_DATABASE_URL": f"sqlite:///{path}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert told.stdout.splitlines()[-1] == "[] 0", told.stderr


@pytest.mark.parametrize("off", [timedelta(minutes=10), timedelta(minutes=-10)])
def test_on_postgresql_a_host_whose_clock_is_wrong_has_the_databases_time(
    postgres_url: str, postgres_database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    is_told = DatabaseClock(postgres_database)
    monkeypatch.setattr(bootstrap, "_utc_now", lambda: is_told() + off)
    settings = Settings.from_environment({"TOCSIN_DATABASE_URL": postgres_url, "TOCSIN_SECRET_KEY": SECRET})

    with closing(bootstrap.open_app(settings)) as app:
        found = [app.clock(), app.sender.clock(), app.office.clock()]

    assert max(abs(one - is_told()) for one in found) < abs(off) / 2
