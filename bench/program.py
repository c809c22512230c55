"""Tocsin as it is run: its programs as processes, with the settings of an installation, and its API from outside."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from bench.children import Child, FailedError
from bench.databases import Database
from bench.ports import free_port
from bench.rig import Rig

# One installation, so that what one process has written another can read.
SECRET = "0123456789abcdef" * 4
SUBDOMAIN = "bench000"
WHOLE: tuple[tuple[str, ...], ...] = (("serve",),)


class Tocsin:
    """The processes of one installation on one database, running. `parts` are the commands that are its processes."""

    def __init__(
        self, rig: Rig, database: Database, relay_port: int, *, parts: tuple[tuple[str, ...], ...] = WHOLE
    ) -> None:
        self.port = free_port()
        self._children = rig.children
        environment = settings(database, port=self.port, relay_port=relay_port)
        command = (sys.executable, "-m", "tocsin")
        self.processes: list[Child] = []
        for part in parts:
            self.processes.append(rig.children.start(*command, *part, environment=environment))
        for process in self.processes:
            process.line()

    def check(self) -> None:
        """Raise FailedError if a process has ended."""
        for process in self.processes:
            process.check()

    def close(self) -> None:
        """Tell all processes to end in order, and wait for it."""
        self._children.end(*self.processes)


def settings(database: Database, *, port: int, relay_port: int) -> dict[str, str]:
    """Return the environment of an installation: the defaults, but for the limits.

    Those are meant to stop what a benchmark does: 10,000 a day from a workspace, 100 a day to one address.
    """
    return {
        "TOCSIN_DATABASE_URL": database.url,
        "TOCSIN_LISTEN": f"127.0.0.1:{port}",
        "TOCSIN_BASE_URL": f"http://localhost:{port}",
        "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{relay_port}",
        "TOCSIN_MAIL_FROM": "invites@tocsin.example",
        "TOCSIN_SECRET_KEY": SECRET,
        "TOCSIN_LIMIT_WORKSPACE": "",
        "TOCSIN_LIMIT_RECIPIENT": "",
    }


def administer(database: Database, *command: str) -> str:
    """Run a command of the operator; return what it prints."""
    environment = {**os.environ, **settings(database, port=free_port(), relay_port=25)}
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", *command], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise FailedError(f"tocsin {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


class Api:
    """The API of a running server, as the workspace of the key sees it."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self.headers: Mapping[str, str] = {
            "Host": f"{SUBDOMAIN}.localhost:{port}",
            "X-Api-Key": key,
            "Content-Type": "application/json",
        }

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer in JSON values. Raises FailedError if it is not a success."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/api/external/v2{path}", text, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise FailedError(f"{method} {path}: {answer.status} {content.decode('utf-8', 'replace')}")
        return json.loads(content)
