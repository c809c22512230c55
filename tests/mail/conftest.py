"""What the tests of mail share: an authority, and mailers that are closed afterwards."""

from collections.abc import Callable, Iterator

import pytest

from tests.mail.certificates import Authority
from tests.mail.wire import Server
from tocsin.mail.smtp import SmtpMailer
from tocsin.mail.transport import Relay, parse

Connect = Callable[..., SmtpMailer]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Give a function that makes mailers for a server, with short times, and close them all in the end."""
    mailers: list[SmtpMailer] = []

    def connect(to: Server | Relay, **options: float) -> SmtpMailer:
        relay = to if isinstance(to, Relay) else parse(to.url)
        times = {"greeting_s": 5.0, "command_s": 5.0, "final_s": 5.0} | options
        per_connection = int(times.pop("per_connection", 100))
        mailer = SmtpMailer(relay, client_name="tocsin.example", per_connection=per_connection, **times)
        mailers.append(mailer)
        return mailer

    yield connect
    for mailer in mailers:
        mailer.close()
