"""The life of a program with canaries wherever something can be put: none of them may stand in what it says."""

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.faces.client import Json, an_action, booking_body, opened_in, rule_body
from tests.faces.running import Program, call
from tests.http_server import Receiver, Says
from tests.ports import free_port
from tests.smtp_server import Sink
from tests.storage.shelf import until
from tocsin.domain.discretion import Discretion, log_key

V2 = "/api/external/v2"
SECRET = "CANARY-installation-secret-0123456789"
ENVIRONMENT = {
    "TOCSIN_SECRET_KEY": SECRET,
    "TOCSIN_METRICS_TOKEN": "CANARY-metrics-token-0123456789012345",
    "TOCSIN_OIDC_ISSUER": "https://login.invalid",
    "TOCSIN_OIDC_CLIENT_ID": "tocsin",
    "TOCSIN_OIDC_CLIENT_SECRET": "CANARY-client-secret",
    "TOCSIN_MAIL_FROM": "canary-invites@tocsin.example",
    "TOCSIN_FAULTS": "before_mark:raise@2",
}
PEOPLE = ("canary-ada@example.org", "canary-eve@example.net", "canary-host@example.com", "canary-guest@example.org")
CANARY = re.compile("canary|Q0FOQVJZ|example\\.(org|net|com)", re.IGNORECASE)


def name_of(address: str) -> str:
    return Discretion(key=log_key(SECRET.encode())).name_of(address)


@dataclass(frozen=True, kw_only=True)
class Life:
    """The program on its way from bookings to messages that nobody takes, with canaries wherever something can be put."""

    program: Program
    port: int
    relay: Sink
    receiver: Receiver
    inbound: int
    key: str

    def live(self) -> None:
        key = self.key
        self._post("/meetings", key, {"slug": "intro", "name": "CANARY", "hosts": [PEOPLE[2]], "duration": 30})
        link = call(self.port, "GET", f"{V2}/meetings", key).json()["meetings"][0]["id"]
        self._post("/automation-rules/full", key, rule_body(link, actions=self._actions()))
        who = {"name": "CANARY", "email": PEOPLE[1], "guests": [PEOPLE[3]], "slot_date": "2036-11-25"}
        self._post("/bookings", key, booking_body(**who, override_availability=True))
        until(lambda: self._ended(key))
        self._strangers(key)

    def _actions(self) -> list[Json]:
        return [
            an_action(emails=[PEOPLE[0], "{{client.email}}"], email_subject="CANARY"),
            {"type": "call_webhook", "url": f"{self.receiver.url}?token=CANARY"},
        ]

    def _ended(self, key: str) -> bool:
        found = call(self.port, "GET", f"{V2}/deliveries", key).json()["deliveries"]
        return len(found) == 3 and all(one["state"] in {"failed", "retrying"} for one in found)

    def _strangers(self, key: str) -> None:
        source = self._post("/sources", key, {"source": "cal_com", "secret": "CANARY-of-a-source"})["source"]
        at = source["url"].partition("/in/")[2]
        httpx.post(f"http://127.0.0.1:{self.port}/in/{at}", content=b'{"CANARY": "canary-ada@example.org"}')
        call(self.port, "GET", f"{V2}/bookings/canary-ada@example.org", f"{key}CANARY")
        origin = {"Origin": f"http://127.0.0.1:{self.port}", "Cookie": "tocsin_session=CANARY"}
        form = {"email": PEOPLE[0], "password": "CANARY"}
        httpx.post(f"http://127.0.0.1:{self.port}/sign-in", data=form, headers=origin)
        with suppress(smtplib.SMTPException), smtplib.LMTP("127.0.0.1", self.inbound) as stranger:
            stranger.sendmail(PEOPLE[0], PEOPLE[1], b"Subject: CANARY\r\n\r\nCANARY\r\n")

    def _post(self, path: str, key: str, body: Json) -> Any:
        answer = call(self.port, "POST", V2 + path, key, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


@contextmanager
def living(folder: Path) -> Iterator[Life]:
    """Give the program in `folder`, not started, with all that its life needs."""
    port, inbound = free_port(), free_port()
    relay, receiver = (
        Sink(credentials=("user", "CANARY-of-relay"), port=0),
        Receiver(lambda _got: Says(status=500, body=b"CANARY")),
    )
    relay.on_rcpt = lambda address: f"550 5.1.1 {address} CANARY is nobody"
    with relay, receiver:
        own = {
            "TOCSIN_LISTEN": f"127.0.0.1:{port}",
            "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}",
            "TOCSIN_SMTP_URL": f"smtp://user:CANARY-of-relay@127.0.0.1:{relay.port}?tls=none",
            "TOCSIN_INBOUND": f"lmtp://127.0.0.1:{inbound}",
            "TOCSIN_WEBHOOK_ALLOW": receiver.origin,
        }
        key = opened_in(folder, ENVIRONMENT | own)
        program = Program(folder=folder, environment=ENVIRONMENT | own)
        yield Life(program=program, port=port, relay=relay, receiver=receiver, inbound=inbound, key=key)
