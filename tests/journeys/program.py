"""The real program as processes that can be killed, a client that never gives up, and what both leave behind."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from tests.builders import a_link, a_member, a_rule, a_workspace, an_action
from tests.journeys.nursery import Child, Nursery
from tests.ports import free_port
from tocsin import bootstrap
from tocsin.domain.access import KeyDraft, Scope
from tocsin.domain.rules import AutomationRule
from tocsin.mail.transport import CONNECTIONS
from tocsin.services import access
from tocsin.settings import Settings

ROOT = Path(__file__).parents[2]
LIMIT_S = 240.0  # for what has to come in the end; nothing depends on how soon it does
RECIPIENTS = ("ada@example.org", "{{client.email}}")


class Listening(Protocol):
    """A relay, as far as the program has to find it."""

    @property
    def port(self) -> int: ...


class SinkProcess:
    """A relay of its own that outlives the program, and the log of what it took."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.smtp_server", "--port", "0", "--file", str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    @property
    def taken(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text("utf-8").splitlines()]

    def close(self) -> None:
        self._process.communicate()


@dataclass(frozen=True)
class Program:
    """`tocsin serve`, and beside it `tocsin worker` where that is its own process. `module` is what is run in its place.

    With a nursery it is forked there, which saves what loading its modules takes. Without one it logs into `log`.
    """

    environment: Mapping[str, str]
    key: str
    port: int
    parts: tuple[tuple[str, ...], ...]
    module: str = "tocsin"
    nursery: Nursery | None = None
    log: str = os.devnull
    _running: dict[tuple[str, ...], subprocess.Popen[str] | Child] = field(default_factory=dict)

    def start(self, *, faults: str = "") -> None:
        """Start every part that does not run, and return when all say that they are ready."""
        started = [part for part in self.parts if part not in self._running]
        for part in started:
            environment = {**os.environ, **self.environment, "TOCSIN_FAULTS": faults}  # noqa: TID251  a child's
            self._running[part] = self._started(part, environment)
        for part in started:
            process = self._running[part]
            assert process.stdout is not None
            line = process.stdout.readline()
            # A fault may strike before the process is ready.
            assert line.startswith("Tocsin") or faults, f"tocsin {part} did not start"

    def _started(self, part: tuple[str, ...], environment: Mapping[str, str]) -> "subprocess.Popen[str] | Child":
        if self.nursery is not None:
            return self.nursery.start(self.module, part, environment)
        with open(self.log, "ab") as log:  # noqa: PTH123  a name like /dev/full is no file to be kept
            return subprocess.Popen(
                [sys.executable, "-m", self.module, *part],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def kill(self, parts: Iterable[tuple[str, ...]] | None = None) -> None:
        """Kill parts with SIGKILL; None: all of them."""
        for part in list(self._running if parts is None else parts):
            self._end(part, signal.SIGKILL)

    def stop(self) -> list[int]:
        """Tell all parts to end in order; return their exit codes."""
        return [self._end(part, signal.SIGTERM) for part in list(self._running)]

    def await_death(self) -> None:
        """Wait until one of the parts has died of a planted fault, and kill the others."""
        until(lambda: any(process.poll() is not None for process in self._running.values()))
        self.kill()

    def _end(self, part: tuple[str, ...], number: signal.Signals) -> int:
        process = self._running.pop(part)
        process.send_signal(number)
        code = process.wait(LIMIT_S)
        assert process.stdout is not None
        process.stdout.close()
        return code

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and JSON of a request. Raises OSError or HTTPException if there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            content = {} if body is None else {"Content-Type": "application/json"}
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(
                method,
                f"/api/external/v2{path}",
                None if body is None else json.dumps(body),
                {"Host": f"localhost:{self.port}", "X-Api-Key": self.key, **content, **named},
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def readiness(self) -> tuple[int, str]:
        """Return the status and the sentence with which the program says whether it can work."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()).get("error", "")

    def count(self, state: str = "") -> int:
        """Return how many deliveries there are in a state, or in all."""
        query = f"&state={state}" if state else ""
        status, body = self.call("GET", f"/deliveries?page_size=1{query}")
        assert status == 200, body
        return int(body["pagination"]["total_records"])

    def counts(self) -> dict[str, int]:
        """Return the number of deliveries in each state that there is."""
        states = "scheduled sending retrying paused sent failed cancelled superseded expired suppressed"
        found = {state: self.count(state) for state in states.split()}
        return {state: number for state, number in found.items() if number}

    def await_end(self) -> dict[str, int]:
        """Wait until no delivery is open; return the counts of states."""
        until(lambda: not any(map(self.count, ("scheduled", "sending", "retrying"))))
        return self.counts()


class Client:
    """Posts bookings, each with its Idempotency-Key and as often as it takes, and writes down what was acknowledged.

    One that `waits` posts the next when all of the last was sent, so that nothing happens at the same time.
    """

    def __init__(self, program: Program, log: Path, *, most: int, waits: bool = False) -> None:
        self._program = program
        self._waits = waits
        self._log = log
        self._most = most
        self.made = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        log.touch()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the write in hand, which has to be acknowledged in the end, and return."""
        self._stop.set()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()

    @property
    def is_done(self) -> bool:
        """Whether it has made all the bookings that it was to make."""
        return self.made >= self._most

    @property
    def acknowledged(self) -> list[str]:
        """Return the ids of the bookings that were acknowledged."""
        return self._log.read_text("utf-8").split()

    def book(self, number: int) -> None:
        """Post a booking until it is acknowledged."""
        while True:
            try:
                status, body = self._program.call("POST", "/bookings", a_body(number), Idempotency_Key=f"key-{number}")
            except (OSError, http.client.HTTPException):
                threading.Event().wait(0.01)  # the server is away
                continue
            if status in {409, 503}:
                threading.Event().wait(0.01)  # the killed server's transaction is not rolled back yet
                continue
            assert status == 201, body
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"{body['booking']['id']}\n")
            self.made += 1
            return

    def _run(self) -> None:
        for number in range(self._most):
            if self._stop.is_set():
                return
            self.book(number)
            if self._waits:
                until(lambda: self._stop.is_set() or self._sent() == len(RECIPIENTS) * len(self.acknowledged))

    def _sent(self) -> int:
        try:
            return self._program.count("sent")
        except (OSError, http.client.HTTPException):
            return -1


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What a campaign came to."""

    writes: int
    lost: set[str]
    states: dict[str, int]
    taken: int
    missing: set[str]
    duplicates: int
    differing: int


def balance(program: Program, client: Client, sink: SinkProcess, states: dict[str, int]) -> Balance:
    """Compare what was acknowledged, what the program says and what the relay took."""
    stored = {one["id"] for one in _listing(program, "bookings")}
    deliveries = {one["id"] for one in _listing(program, "deliveries") if one["state"] == "sent"}
    taken = sink.taken
    by_id: dict[str, set[str]] = {}
    for one in taken:
        by_id.setdefault(one["message_id"], set()).add(one["sha256"])
    seen = Counter(message_id.partition(".")[0] for message_id in by_id)
    return Balance(
        writes=len(client.acknowledged),
        lost=set(client.acknowledged) - stored,
        states=states,
        taken=len(taken),
        missing=deliveries - set(seen),
        duplicates=len(taken) - len(by_id),
        differing=sum(len(digests) > 1 for digests in by_id.values()) + sum(number > 1 for number in seen.values()),
    )


def _listing(program: Program, name: str) -> Iterator[dict[str, Any]]:
    page, pages = 1, 1
    while page <= pages:
        status, body = program.call("GET", f"/{name}?page_size=100&page_number={page}")
        assert status == 200, body
        yield from body[name]
        page, pages = page + 1, body["pagination"]["total_pages"]


def a_body(number: int) -> dict[str, Any]:
    """Return a request for booking number `number`, some day next month."""
    day = datetime.now(UTC) + timedelta(days=30 + number % 20)  # noqa: TID251  the program runs on the real clock
    return {
        "meeting_slug": "intro",
        "name": f"Client {number}",
        "email": f"client{number}@example.net",
        "time_zone": "Asia/Kathmandu",
        "slot_date": f"{day:%Y-%m-%d}",
        "slot_start_time": "10:00",
        "override_availability": True,
    }


def prepare(
    database_url: str,
    sink: Listening,
    *,
    lease_s: int,
    connections: int = CONNECTIONS,
    state_dir: Path | str = "",
    nursery: Nursery | None = None,
    **action: Any,
) -> Program:
    """Put a workspace with a link, a rule and a key into a migrated database; return the program on it, not started.

    `action` says what the rule's action has beside, or instead of, its two recipients.
    """
    port = free_port()
    environment = {
        "TOCSIN_DATABASE_URL": database_url,
        "TOCSIN_LISTEN": f"127.0.0.1:{port}",
        "TOCSIN_BASE_URL": f"http://localhost:{port}",
        "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?connections={connections}",
        "TOCSIN_MAIL_FROM": "invites@tocsin.example",
        "TOCSIN_SECRET_KEY": "s" * 64,
        "TOCSIN_LEASE_S": str(lease_s),
        "TOCSIN_STATE_DIR": str(state_dir),
        "TOCSIN_LIMIT_WORKSPACE": "",  # a long run makes more in minutes than a day may have
        "TOCSIN_LIMIT_RECIPIENT": "",  # one recipient is told of every booking
    }
    app = bootstrap.open_app(Settings.from_environment(environment))
    rule: AutomationRule = a_rule(actions=(an_action(**({"emails": RECIPIENTS} | action)),))
    try:
        with app.store.transaction(a_workspace().id) as tx:
            tx.workspaces.add(a_workspace())
            tx.members.put(a_member())
            tx.links.put(a_link())
            tx.rules.put(rule)
        _, key = access.create_key(
            app.store,
            "acme",
            KeyDraft(name="", scopes=frozenset({Scope.ADMIN})),
            pepper=app.pepper,
            now=app.clock(),
            chance=app.chance,
        )
    finally:
        app.close()
    is_one = app.settings.sqlite_path is not None
    parts: tuple[tuple[str, ...], ...] = (("serve",),) if is_one else (("serve", "--no-worker"), ("worker",))
    return Program(environment=environment, key=key, port=port, parts=parts, nursery=nursery)


@contextmanager
def running(program: Program) -> Iterator[None]:
    """Leave no process behind."""
    try:
        yield
    finally:
        program.kill()


def until(condition: Any, *, limit_s: float = LIMIT_S) -> None:
    """Wait until `condition` holds, for what nobody announces; fail if it never does.

    What is not so for long is asked for less often, because each question costs those who work on it.
    """
    began = monotonic()
    while not condition():
        waited = monotonic() - began
        assert waited < limit_s, "what was waited for never came"
        threading.Event().wait(min(max(0.05, waited / 20), 0.5))
