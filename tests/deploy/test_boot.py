"""The units in deploy/systemd on a real systemd, by the very commands of docs/deploy.md."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.deploy.boot import Said, booted, compiled
from tests.docs.blocks import blocks
from tests.left_out import is_in_ci, require
from tests.packages import NSPAWN
from tests.postgres import Postgres


def typed(page: str) -> list[str]:
    """Return the blocks of a page that are typed here."""
    return [one.text for one in blocks(page) if one.reason.endswith("tests/deploy types it on a machine of its own")]


UNITS, SECRET, ON_SQLITE, ON_POSTGRESQL, WORKSPACE = typed("docs/deploy.md")
UPGRADED, UPGRADED_ON_POSTGRESQL, BACK = typed("docs/upgrade.md")
# The last of them asks for a password.
FIRST = f"tocsin() {{ command tocsin \"$@\" <<<'a password of some length'; }}\n{WORKSPACE}"
API = """curl -sS http://127.0.0.1:8000/api/external/v2/meetings \\
    -H 'Host: bookings.example.com' -H "X-Api-Key: $(cat acme.key)" """
SHOW = "systemctl show --property=ActiveState,Result,ExecMainStatus,NRestarts,User"
INSIDE = 'nsenter --target "$(systemctl show --property=MainPID --value tocsin)" --mount'
RUNS = """tr '\\0' ' ' <"/proc/$(systemctl show --property=MainPID --value tocsin)/cmdline" """
AGAIN_SOON = """
mkdir -p /run/systemd/system/tocsin.service.d
printf '[Service]\\nRestartSec=100ms\\n' >/run/systemd/system/tocsin.service.d/soon.conf
systemctl daemon-reload"""


def until(condition: str) -> str:
    """Return what waits in a shell for what nobody announces, half a minute at the most."""
    return f"for _ in $(seq 300); do {condition} && break; sleep 0.1; done"


STEPS = {
    "units": UNITS,
    "secret": SECRET,
    "start": ON_SQLITE,
    "first": FIRST,
    "api": API,
    "running": f"{SHOW} tocsin.service",
    "files": "stat --format='%U %a %n' /var/lib/tocsin /var/lib/tocsin/* /etc/tocsin/secrets /etc/tocsin/secrets/*",
    "process": 'grep -E "^(NoNewPrivs|Seccomp|CapBnd):" "/proc/$(systemctl show --property=MainPID --value tocsin)/status"',
    # Not even root could.
    "writes": f"""for at in / /opt/tocsin /etc /usr /var /var/lib /root /home; do ! {INSIDE} touch "$at/here"; done
                  {INSIDE} touch /var/lib/tocsin/here""",
    "upgraded": f"{UPGRADED}\n{RUNS}",
    "back": f"{BACK}\nsystemctl restart tocsin.service\n{RUNS}",
    "ready": "curl -s --fail --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:8000/readyz",
    "backup": "systemctl start tocsin-backup.service; stat --format='%U %a' /var/lib/tocsin/backups/2*.db",
    "killed": f"""{AGAIN_SOON}
                  kill -KILL "$(systemctl show --property=MainPID --value tocsin)"
                  {until('[ "$(systemctl show --property=NRestarts --value tocsin)" = 1 ]')}
                  curl -s --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:8000/readyz
                  {SHOW} tocsin.service""",
    # As a backup holds it that was begun while the server was down.
    "in_use": f"""systemctl stop tocsin.service
                  exec 9</var/lib/tocsin/tocsin.db.lock
                  flock 9
                  systemctl start tocsin.service
                  {until('[ "$(systemctl show --property=NRestarts --value tocsin)" != 0 ]')}
                  flock --unlock 9
                  curl -s --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:8000/readyz""",
    "stopped": f"systemctl stop tocsin.service; {SHOW} tocsin.service",
    "wrong": f"""echo TOCSIN_LOG=xml >>/etc/tocsin/tocsin.env
                 systemctl start tocsin.service || true
                 {until('[ "$(systemctl is-active tocsin)" = failed ]')}
                 {SHOW} tocsin.service; journalctl --unit tocsin.service --output cat""",
    "no_secret": f"""rm /etc/tocsin/secrets/TOCSIN_SMTP_URL
                     systemctl start tocsin.service || true
                     {until('[ "$(systemctl is-active tocsin)" = failed ]')}
                     {SHOW} tocsin.service""",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the program's source, compiled."""
    require(NSPAWN, in_ci=is_in_ci())
    return compiled(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def said(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """Give what a machine says on which docs/deploy.md is typed as far as it goes for SQLite, and what comes after."""
    return booted(tmp_path_factory.mktemp("machine"), source, STEPS)


def shown(said: Said) -> dict[str, str]:
    """Return what `systemctl show` says of a service."""
    return dict(line.split("=", 1) for line in said.text.splitlines() if "=" in line)


def test_the_commands_of_the_page_end_with_a_server_that_answers(said: dict[str, Said]) -> None:
    for step in ("units", "secret", "start", "first", "api", "running"):
        assert said[step].code == 0, f"{step}: {said[step].text}"

    assert said["start"].text.endswith('{"status":"ready"}')
    assert "Acme lives at https://acme.bookings.example.com" in said["first"].text
    assert json.loads(said["api"].text)["meetings"] == []
    assert shown(said["running"]).items() >= {"ActiveState": "active", "NRestarts": "0", "User": "tocsin"}.items()


def test_the_commands_of_the_page_bring_the_next_version_and_the_one_before_again(said: dict[str, Said]) -> None:
    assert said["upgraded"].code == said["back"].code == 0, said["upgraded"].text + said["back"].text
    assert '{"status":"ready"}/opt/tocsin-0.2.0/.venv/bin/python ' in said["upgraded"].text
    assert said["back"].text == "/opt/tocsin-0.1.0/.venv/bin/python /opt/tocsin/.venv/bin/tocsin serve "


def test_store_and_secrets_are_for_their_owner_only(said: dict[str, Said]) -> None:
    files = [line.split() for line in said["files"].text.splitlines()]

    assert {f"{owner} {mode}" for owner, mode, name in files if name.startswith("/var")} == {"tocsin 700", "tocsin 600"}
    assert {f"{owner} {mode}" for owner, mode, name in files if name.startswith("/etc")} == {"root 700", "root 600"}
    assert "/var/lib/tocsin/tocsin.db.key" in {name for _, _, name in files}


def test_the_service_can_gain_nothing_and_write_nowhere_else(said: dict[str, Said]) -> None:
    assert dict(line.split() for line in said["process"].text.splitlines()) == {
        "NoNewPrivs:": "1",
        "Seccomp:": "2",
        "CapBnd:": "0000000000000000",
    }
    assert said["writes"].code == 0
    assert said["writes"].text.count("Read-only file system") == 8


def test_a_backup_is_made_while_the_server_runs(said: dict[str, Said]) -> None:
    assert (said["backup"].code, said["backup"].text) == (0, "tocsin 600\n")


def test_a_server_that_dies_is_started_again_and_one_that_is_stopped_ends_well(said: dict[str, Said]) -> None:
    assert said["killed"].code == said["stopped"].code == 0
    assert shown(said["killed"]).items() >= {"ActiveState": "active", "NRestarts": "1"}.items(), said["killed"].text
    assert shown(said["stopped"]).items() >= {"ActiveState": "inactive", "Result": "success"}.items()


def test_a_server_that_finds_its_store_in_use_is_started_again_until_it_is_free(said: dict[str, Said]) -> None:
    assert (said["in_use"].code, said["in_use"].text) == (0, '{"status":"ready"}')


@pytest.mark.parametrize(("step", "status"), [("wrong", "78"), ("no_secret", "243")])
def test_what_stays_wrong_is_not_tried_again(said: dict[str, Said], step: str, status: str) -> None:
    assert said[step].code == 0, said[step].text
    assert shown(said[step]).items() >= {"ActiveState": "failed", "ExecMainStatus": status, "NRestarts": "0"}.items()


def test_a_wrong_setting_is_told_in_the_log(said: dict[str, Said]) -> None:
    assert "tocsin: TOCSIN_LOG: 'xml' is none of text, json" in said["wrong"].text


def test_no_machine_is_up_beside_another(source: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    now = "/opt/tocsin/.venv/bin/python -c 'import time; print(time.monotonic())'"
    step = {"up": f"systemctl show --property=UserspaceTimestampMonotonic --value; {now}"}
    with ThreadPoolExecutor() as pool:
        machines = [pool.submit(booted, tmp_path_factory.mktemp("machine"), source, step) for _ in range(2)]

    spans = sorted([float(word) for word in machine.result()["up"].text.split()] for machine in machines)
    (_, first_ends), (second_begins_us, _) = spans
    assert first_ends < second_begins_us / 1e6


def test_api_and_workers_run_on_postgresql_by_the_commands_of_the_page(
    source: Path, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE tocsin LOGIN")
        connection.execute("CREATE DATABASE tocsin OWNER tocsin TEMPLATE template0 ENCODING 'UTF8'")
    units = "tocsin-api.service tocsin-worker@1.service tocsin-worker@2.service"

    try:
        said = booted(
            tmp_path_factory.mktemp("machine"),
            source,
            {
                "units": UNITS,
                "secret": SECRET,
                "start": ON_POSTGRESQL,
                "first": "tocsin workspace create acme --name Acme",
                "metrics": "curl -s --fail --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:946{1,2}/metrics",
                "upgraded": UPGRADED_ON_POSTGRESQL,
                "receipts": "tr '\\0' '\\n' <\"/proc/$(systemctl show --property=MainPID --value tocsin-worker@1)/environ\"",
                "active": f"systemctl is-active {units}",
                "stopped": f"systemctl stop {units}; systemctl show --property=Result --value {units}",
            },
            binds={"/run/postgresql/.s.PGSQL.5432": str(postgres.data / ".s.PGSQL.5432")},
        )
    finally:
        postgres.drop("tocsin")
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("DROP ROLE tocsin")

    for step, one in said.items():
        assert one.code == 0, f"{step}: {one.text}"
    assert said["start"].text.endswith('{"status":"ready"}')
    assert said["metrics"].text.count("\ntocsin_worker_last_round_timestamp_seconds ") == 2
    assert said["upgraded"].text == 'the database is at this version\n{"status":"ready"}'
    assert "STATE_DIRECTORY=/var/lib/tocsin" in said["receipts"].text.splitlines()
    assert said["active"].text.split() == ["active"] * 3
    assert said["stopped"].text.split() == ["success"] * 3
