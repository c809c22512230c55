"""A real PostgreSQL of Debian's that listens on loopback with TLS and lets nobody in but by a certificate of one authority."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from tests.mail.certificates import LOOPBACK, Authority
from tests.ports import free_port
from tests.postgres import SETTINGS, WATCHDOG

ROLE = "tocsin"
_BIN = Path("/usr/lib/postgresql/15/bin")
# By the socket come those who make the database for a test. By the network: TLS, and a certificate whose common name is the
# role's (`clientcert=verify-full`). No method here takes a password.
_WHO_MAY = """
local   all  postgres                trust
hostssl all  all       127.0.0.1/32  cert  clientcert=verify-full
"""


class TlsPostgres:
    """A server with an empty database `tocsin` of the role `tocsin`, which has no password."""

    def __init__(self, authority: Authority) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="pt", dir="/tmp"))  # short, because the socket is in it
        self._data = self._folder / "data"
        self._owner: dict[str, Any] = {}
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG, str(self._data)], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            if os.geteuid() == 0:  # which PostgreSQL does not run as
                user = pwd.getpwnam("postgres")
                self._owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            self._own(self._folder)
            self._run("initdb", "--username", "postgres", "--auth", "trust", "--no-sync", "--encoding", "UTF8")
            self._configure(authority)
            self._run("pg_ctl", "start", "--wait", "--silent", "--log", str(self._folder / "log"))
            self._make_database()
        except BaseException:
            self.close()
            raise

    def url(self, **parameters: object) -> str:
        """Return the address for role and database `tocsin`, with these of libpq's parameters."""
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/tocsin?{query}"

    def close(self) -> None:
        """End the server and throw its data away."""
        self._watchdog.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _configure(self, authority: Authority) -> None:
        issued = authority.issue("postgresql", LOOPBACK)
        for source, name in ((issued.cert, "server.crt"), (issued.key, "server.key"), (authority.path, "root.crt")):
            shutil.copy(source, self._data / name)
            self._own(self._data / name)
        (self._data / "pg_hba.conf").write_text(_WHO_MAY)
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(f"{SETTINGS}\nport = {self.port}\nlisten_addresses = '127.0.0.1'\n")
            settings.write(f"unix_socket_directories = '{self._folder}'\nssl = on\nssl_ca_file = 'root.crt'\n")

    def _make_database(self) -> None:
        where = f"postgresql://postgres@/postgres?host={self._folder}&port={self.port}"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD NULL".encode())
            connection.execute(f"CREATE DATABASE tocsin OWNER {ROLE} TEMPLATE template0 LOCALE 'C.UTF-8'".encode())

    def _own(self, path: Path) -> None:
        if self._owner:
            os.chown(path, self._owner["user"], self._owner["group"])

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [_BIN / program, "--pgdata", str(self._data), *words],
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # pg_ctl's server would keep a pipe open
            stderr=subprocess.DEVNULL,
            check=False,
            **self._owner,
        )
        assert done.returncode == 0, f"{program} ended with {done.returncode}"
