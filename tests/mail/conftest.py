"""What the tests of mail share: an authority, and mailers that are closed afterwards."""

import select
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from tests.mail.certificates import Authority
from tests.mail.wire import Server
from tocsin.domain.delivery import Outcome
from tocsin.domain.letter import Envelope
from tocsin.mail.smtp import SmtpMailer
from tocsin.mail.transport import Relay, parse


class Single(SmtpMailer):
    """A mailer that sends one message after the other."""

    def send(self, envelope: Envelope) -> Outcome:
        self.rest()
        stages = self.stages(envelope)
        while True:
            try:
                next(stages)
            except StopIteration as ended:
                return self.send(envelope) if ended.value is None else cast("Outcome", ended.value)
            wait = select.poll()
            wait.register(self.fileno(), self.events)
            wait.poll(1000 * self.patience_s)


Connect = Callable[..., Single]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Give a function that makes mailers for a server, with short times, and close them all in the end."""
    mailers: list[Single] = []

    def connect(to: Server | Relay, **options: float) -> Single:
        relay = to if isinstance(to, Relay) else parse(to.url)
        times = {"greeting_s": 5.0, "command_s": 5.0, "final_s": 5.0} | options
        per_connection = int(times.pop("per_connection", 100))
        mailer = Single(relay, client_name="tocsin.example", per_connection=per_connection, **times)
        mailers.append(mailer)
        return mailer

    yield connect
    for mailer in mailers:
        mailer.close()
