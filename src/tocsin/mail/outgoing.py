"""The way out: the relay, or that there is none, becomes mailers, a probe, and the host that receivers may see."""

from collections.abc import Callable
from datetime import datetime

from tocsin.domain.delivery import Outcome
from tocsin.mail import client_certificate
from tocsin.mail.capture import CaptureMailer
from tocsin.mail.ear import Ear
from tocsin.mail.lanes import Lanes
from tocsin.mail.pool import Pool
from tocsin.mail.receipts import Receipts
from tocsin.mail.smtp import SmtpMailer
from tocsin.mail.transport import Relay, is_loopback
from tocsin.services.ports_relay import Mailer
from tocsin.services.ports_telemetry import Telemetry

_PROBE_S = 10.0


def mailers(
    relay: Relay | None, *, client_name: str, telemetry: Telemetry | None = None, receipts: Receipts | None = None
) -> Callable[[], Mailer]:
    """Return what makes a mailer for each thread, which notes its receipts; without a relay messages are captured."""
    if relay is None:
        return CaptureMailer
    pool = Pool([SmtpMailer(relay, client_name=client_name) for _ in range(relay.connections)])
    ear = Ear()
    return lambda: Lanes(pool, telemetry, receipts.book() if receipts else None, ear)


def probe(relay: Relay | None, *, client_name: str) -> Callable[[], Outcome] | None:
    """Return what greets the relay and tells how that went; None without one."""
    if relay is None:
        return None
    return lambda: SmtpMailer(relay, client_name=client_name, greeting_s=_PROBE_S, command_s=_PROBE_S).probe()


def certificate(relay: Relay | None) -> Callable[[], tuple[datetime, datetime]] | None:
    """Return what tells from when until when the certificate holds that the relay is shown; None if none is."""
    cert = None if relay is None else relay.cert
    return None if cert is None else lambda: client_certificate.term(cert)


def host(relay: Relay | None) -> str | None:
    """Return the relay's host: empty if it is this machine, None without a relay."""
    if relay is None:
        return None
    return "" if is_loopback(relay.host) else relay.host
