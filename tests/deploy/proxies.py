"""The proxies whose settings are in deploy/, as real programs on loopback in front of a real server."""

import os
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography import x509

from tests.journeys.program import until
from tests.mail.certificates import Authority, Issued
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
HOST = "bookings.example.com"
CLIENT = "127.0.0.2"  # another address than that from which the proxy itself connects
_CERTIFICATES = f"/etc/letsencrypt/live/{HOST}"


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where a proxy listens, and where Tocsin does."""

    plain: int
    tls: int
    tocsin: int


@dataclass(frozen=True, kw_only=True)
class Front:
    """What a client sees of a proxy that runs."""

    ports: Ports
    trusted: ssl.SSLContext

    def call(self, method: str, path: str, *, host: str = f"acme.{HOST}", **more: object) -> httpx.Response:
        """Send a request to a host over TLS, from the address CLIENT. `more`: what httpx takes."""
        headers = {"Host": host, **more.pop("headers", {})}  # type: ignore[dict-item]
        with httpx.Client(transport=httpx.HTTPTransport(verify=self.trusted, local_address=CLIENT), timeout=60) as http:
            return http.request(
                method,
                f"https://127.0.0.1:{self.ports.tls}{path}",
                headers=headers,
                extensions={"sni_hostname": host},
                **more,  # type: ignore[arg-type]
            )


def nginx(folder: Path, ports: Ports, certificate: Issued) -> list[str]:
    """Write nginx's settings into a folder: ours as they stand, with places of their own; return its command."""
    ours = _placed("deploy/nginx/tocsin.conf", certificate).replace("127.0.0.1:8000", f"127.0.0.1:{ports.tocsin}")
    for port, found in (("80", ports.plain), ("443", ports.tls)):
        ours = ours.replace(f"listen {port}", f"listen 127.0.0.1:{found}").replace(
            f"listen [::]:{port}", f"# [::]:{port}"
        )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Started by root it would work as another user, who cannot enter a test's folder.
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\npid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{ours}}}\n", "utf-8"
    )
    return ["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def caddy(folder: Path, ports: Ports, certificate: Issued) -> list[str]:
    """Write Caddy's settings into a folder: ours as they stand, with places of their own; return its command."""
    ours = _placed("deploy/caddy/Caddyfile", certificate).replace("127.0.0.1:8000", f"127.0.0.1:{ports.tocsin}")
    own = f"admin off\nstorage file_system {folder}/storage\nhttp_port {ports.plain}\nhttps_port {ports.tls}\n"
    (folder / "Caddyfile").write_text(f"{{\n{own}skip_install_trust\n}}\n{ours}", "utf-8")
    return ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@contextmanager
def running(settings: Callable[[Path, Ports, Issued], list[str]], folder: Path, tocsin: int) -> Iterator[Front]:
    """Run a proxy in front of the port `tocsin`; end it afterwards."""
    authority = Authority(folder)
    certificate = authority.issue("tocsin", x509.DNSName(f"*.{HOST}"))
    ports = Ports(plain=free_port(), tls=free_port(), tocsin=tocsin)
    front = Front(ports=ports, trusted=ssl.create_default_context(cafile=str(authority.path)))
    command = settings(folder, ports, certificate)
    with (folder / "errors.txt").open("w") as errors:
        process = subprocess.Popen(command, cwd=folder, env={"HOME": str(folder)}, stdout=errors, stderr=errors)
    try:
        until(lambda: process.poll() is not None or _answers(front))
        assert process.poll() is None, (folder / "errors.txt").read_text("utf-8")
        yield front
    finally:
        process.terminate()
        process.wait(60)


def _placed(path: str, certificate: Issued) -> str:
    text = (ROOT / path).read_text("utf-8")
    for name, file in (("fullchain", certificate.cert), ("privkey", certificate.key)):
        assert f"{_CERTIFICATES}/{name}.pem" in text
        text = text.replace(f"{_CERTIFICATES}/{name}.pem", str(file))
    return text


def _answers(front: Front) -> bool:
    try:
        return front.call("GET", "/healthz").status_code == 200
    except httpx.TransportError:
        return False
