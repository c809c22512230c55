"""Three PostgreSQL servers, one of them the primary, under pg_auto_failover on loopback; each can be killed and brought back.

Commits wait for one of the two standbys. The timeouts are tuned down so that a failover takes a few seconds.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.journeys.program import until
from tests.ports import free_port

NODES = (1, 2, 3)
_BIN = Path("/usr/lib/postgresql/15/bin")
# It is thrown away: what must survive here is the loss of a process, and not of a machine's power. Whoever comes back waits for
# a checkpoint of the new primary, which takes its time unless it is told not to.
_FAST = """
fsync = off
max_connections = 100
shared_buffers = 32MB
checkpoint_timeout = 30s
checkpoint_completion_target = 0.1
"""
_MONITOR = """
fsync = off
pgautofailover.health_check_period = 500
pgautofailover.health_check_timeout = 500
pgautofailover.health_check_max_retries = 1
pgautofailover.health_check_retry_delay = 200
pgautofailover.node_considered_unhealthy_timeout = 2000
pgautofailover.startup_grace_period = 1000
pgautofailover.primary_demote_timeout = 1000
"""
# Who copies the primary's data goes by the name of the standby that it will be, but replays nothing.
_STANDBYS = """
    SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum' AND replay_lsn IS NOT NULL"""
# Ends all when this process closes the pipe, or ends, however it ends: first who would start the servers again. Keepers and
# their children are known by where they work, because each is in a session of its own.
_WATCHDOG = """
    read _
    for process in /proc/[0-9]*; do
        case "$(readlink "$process/cwd") $(cat "$process/comm")" in "$0"*pg_autoctl) kill -KILL "${process#/proc/}" ;; esac
    done 2>/dev/null
    for file in "$0"/*/postmaster.pid; do
        postmaster=$(head -n 1 "$file") && kill -QUIT "$postmaster" && while kill -0 "$postmaster"; do sleep 0.02; done
    done 2>/dev/null
    until rm -rf "$0" 2>/dev/null; do sleep 0.05; done
"""


@dataclass(frozen=True)
class Server:
    """One server: its folder, its port, and `keeper`, the process that watches it."""

    folder: Path
    port: int
    keeper: subprocess.Popen[bytes]


class Cluster:
    """A monitor and three servers that follow it. They run as the user postgres if this process is root's."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fo", dir="/tmp"))  # short, because sockets are in it
        self._owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._watchdog = subprocess.Popen(["/bin/sh", "-c", _WATCHDOG, str(self._folder)], stdin=subprocess.PIPE)
        self._servers: dict[int, Server] = {}
        self._keepers: list[subprocess.Popen[bytes]] = []
        try:
            self._monitor = self._start_monitor()
            for number in NODES:
                self._servers[number] = self._join(number)
            until(self.is_synchronous)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """Return the address of whichever server is the primary."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self._servers.values())
        return f"postgresql://tocsin@{hosts}/tocsin?target_session_attrs=read-write&connect_timeout=2"

    def takes_writes(self) -> bool:
        try:
            with psycopg.connect(self.url) as connection:
                connection.execute("CREATE TEMPORARY TABLE probe (i INTEGER)")
        except psycopg.OperationalError:
            return False
        return True

    def is_synchronous(self) -> bool:
        """Tell whether commits wait for a standby and both are there, so that the next death loses nothing."""
        try:
            with psycopg.connect(self.url) as connection:
                [(names,)] = connection.execute("SHOW synchronous_standby_names").fetchall()
                standbys = connection.execute(_STANDBYS).fetchall()
        except psycopg.OperationalError:
            return False
        return bool(names) and len(standbys) == len(NODES) - 1

    def kill_primary(self) -> int:
        """Kill the primary with all that belongs to it, as if its machine were gone; return its number."""
        with psycopg.connect(self.url) as connection:
            [(port,)] = connection.execute("SELECT inet_server_port()").fetchall()
        [number] = [number for number, server in self._servers.items() if server.port == port]
        server = self._servers[number]
        postmaster = int((server.folder / "postmaster.pid").read_text().splitlines()[0])
        gone = [*_family(server.keeper.pid), *_family(postmaster)]
        for pid in gone:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        server.keeper.wait()
        until(lambda: not any(_is_alive(pid) for pid in gone))
        return number

    def bring_back(self, number: int) -> None:
        """Start a killed server again; it follows whoever is the primary now."""
        server = self._servers[number]
        self._servers[number] = Server(server.folder, server.port, self._keep(server.folder))

    def close(self) -> None:
        """End all processes and throw all data away."""
        self._watchdog.communicate()
        for keeper in self._keepers:
            keeper.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start_monitor(self) -> str:
        folder, port = self._folder / "monitor", free_port()
        self._run("create", "monitor", "--pgdata", str(folder), "--pgport", str(port))
        self._configure(folder, _MONITOR)
        self._keep(folder)
        return f"postgres://autoctl_node@127.0.0.1:{port}/pg_auto_failover?sslmode=disable"

    def _join(self, number: int) -> Server:
        folder, port = self._folder / f"node{number}", free_port()
        names = ("--name", f"node{number}", "--username", "tocsin", "--dbname", "tocsin")
        at = ("--pgdata", str(folder), "--pgport", str(port), "--monitor", self._monitor)
        # The monitor may not listen yet, and refuses a third server while the second one joins.
        until(lambda: self._runs("create", "postgres", *at, *names))
        self._configure(folder, _FAST)
        return Server(folder, port, self._keep(folder))

    def _configure(self, folder: Path, settings: str) -> None:
        path = folder / "postgresql.conf"
        if path.exists():  # a standby has none before it has copied the primary's
            with path.open("a") as file:
                file.write(settings)

    def _keep(self, folder: Path) -> subprocess.Popen[bytes]:
        with (self._folder / f"{folder.name}.log").open("ab") as log:
            keeper = subprocess.Popen(
                self._command("run", "--pgdata", str(folder)), stdout=log, stderr=log, **self._how()
            )
        self._keepers.append(keeper)
        return keeper

    def _runs(self, *words: str) -> bool:
        return subprocess.run(self._command(*words), capture_output=True, check=False, **self._how()).returncode == 0

    def _run(self, *words: str) -> None:
        done = subprocess.run(self._command(*words), capture_output=True, text=True, check=False, **self._how())
        assert done.returncode == 0, done.stderr

    def _command(self, *words: str) -> list[str]:
        here = ("--hostname", "127.0.0.1", "--auth", "trust", "--no-ssl") if words[0] == "create" else ()
        return ["/usr/bin/pg_autoctl", *words, *here]

    def _how(self) -> dict[str, Any]:
        (self._folder / "run").mkdir(exist_ok=True)
        if self._owner:
            os.chown(self._folder / "run", self._owner["user"], self._owner["group"])
        environment = {
            "HOME": str(self._folder),
            "XDG_RUNTIME_DIR": str(self._folder / "run"),
            "PATH": f"{_BIN}:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
        }
        return {"env": environment, "cwd": self._folder, **self._owner}


def _family(pid: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    yield pid
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if path.read_text().rpartition(")")[2].split()[1] == str(pid):
                yield from _family(int(path.parent.name))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
