"""PgBouncer in transaction mode in front of the PostgreSQL of a test process."""

import os
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.journeys.program import until
from tests.ports import free_port

# Fewer server connections than any process of Tocsin opens, so that transactions do change places.
SERVER_CONNECTIONS = 3
_SETTINGS = """
[databases]
* = host={socket} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
admin_users = tocsin
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 400
"""


class PgBouncer:
    """A pooler; `url(name)` is a database's address through it. It runs as who owns the data: the socket is only his."""

    def __init__(self, data: Path, *, mode: str = "transaction") -> None:
        self._port = free_port()
        owner = data.stat()
        with tempfile.NamedTemporaryFile("w", prefix="pgbouncer", suffix=".ini", delete=False) as file:
            file.write(_SETTINGS.format(socket=data, port=self._port, mode=mode, size=SERVER_CONNECTIONS))
        self._file = Path(file.name)
        self._file.chmod(0o644)
        other: dict[str, Any] = (
            {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self._process = subprocess.Popen(["/usr/sbin/pgbouncer", "-q", file.name], stderr=subprocess.DEVNULL, **other)
        until(self._listens)

    def url(self, name: str) -> str:
        return f"postgresql://tocsin@127.0.0.1:{self._port}/{name}"

    def forget(self, name: str) -> None:
        """Close all connections with a database, so that nobody gets one whose other end is gone."""
        with psycopg.connect(self.url("pgbouncer"), autocommit=True, cursor_factory=psycopg.ClientCursor) as console:
            for order in ("KILL", "RESUME"):
                console.execute(f"{order} {name}".encode())

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._file.unlink()

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
            return True
        assert self._process.poll() is None, "PgBouncer did not start"
        return False
