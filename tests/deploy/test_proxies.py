"""The examples in deploy/ for nginx and Caddy, on the real ones; and whose word on a client's address is believed."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.deploy import proxies
from tests.deploy.proxies import CLIENT, HOST, Front
from tests.faces.running import Program
from tests.left_out import is_in_ci, require
from tests.packages import CADDY, NGINX
from tests.ports import free_port
from tocsin import bootstrap
from tocsin.settings import Settings

SPOOFED = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Host": f"other.{HOST}", "X-Real-IP": "198.51.100.9"}
LARGEST = 4 * 1024 * 1024  # octets that Tocsin takes in one request
SIGN_IN = {"email": "ann@example.com", "password": "not the right one"}


@pytest.fixture
def program(sqlite_path: Path) -> Program:
    """Give a program, not started, with two workspaces."""
    program = Program(
        folder=sqlite_path.parent,
        environment={
            "TOCSIN_DATABASE_URL": f"sqlite:///{sqlite_path}",
            "TOCSIN_LISTEN": f"127.0.0.1:{free_port()}",
            "TOCSIN_BASE_URL": f"https://{HOST}",
        },
    )
    for name in ("Acme", "Other"):
        values = {"subdomain": name.lower(), "name": name, "time_zone": "Etc/UTC", "locale": "en", "mail_from": None}
        administer(program, "workspace create", values)
    return program


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def administer(program: Program, command: str, values: dict[str, Any]) -> Any:
    return bootstrap.administer(Settings.from_environment(program.environment), command, values)


def port_of(program: Program) -> int:
    return int(program.environment["TOCSIN_LISTEN"].rpartition(":")[2])


def sources_of_refusals(program: Program) -> list[str]:
    """Return from where signing in was tried and refused, as Tocsin has understood it."""
    values = {"subdomain": "acme", "who": "", "what": "account.refused", "thing": "", "day": ""}
    entries = administer(program, "audit list", values)
    return [entry["after"]["from"] for entry in entries]


def goes_through(front: Front, program: Program, *, too_large: tuple[int, ...]) -> None:
    """Assert all that a proxy in front of Tocsin has to do; `too_large`: how it may refuse what is."""
    ready = front.call("GET", "/readyz")
    assert ready.status_code == 200
    assert ready.headers.get_list("strict-transport-security") == ["max-age=31536000; includeSubDomains"]
    assert "Acme" in front.call("GET", "/sign-in").text
    assert "Acme" in front.call("GET", "/sign-in", headers=SPOOFED).text
    assert front.call("GET", "/sign-in", host=f"nobody.{HOST}").status_code == 404

    origin = {"Origin": f"https://acme.{HOST}", "Sec-Fetch-Site": "same-origin", **SPOOFED}
    assert front.call("POST", "/sign-in", headers=origin, data=SIGN_IN).status_code == 422
    assert sources_of_refusals(program) == [CLIENT]
    assert f"client={CLIENT}" in (program.folder / "stderr.txt").read_text()

    # The first is refused by Tocsin, because it has no key, and the second by the proxy.
    assert front.call("PUT", "/api/external/v2/automation-rules", content=b" " * LARGEST).status_code == 401
    assert front.call("PUT", "/api/external/v2/automation-rules", content=b" " * 2 * LARGEST).status_code in too_large
    # Numbers of all tenants are for this machine alone, from which the proxy connects.
    assert front.call("GET", "/metrics").status_code == 403

    with httpx.Client() as http:
        plain = http.get(f"http://127.0.0.1:{front.ports.plain}/a?b", headers={"Host": f"acme.{HOST}"})
    assert plain.status_code in (301, 308)
    assert plain.text == "" or "Acme" not in plain.text
    assert plain.headers["location"].partition("://")[::2] == ("https", f"acme.{HOST}/a?b")


def test_behind_nginx_a_request_comes_with_its_host_and_the_clients_address(
    program: Program, servers: ExitStack, tmp_path: Path
) -> None:
    require(NGINX, in_ci=is_in_ci())
    servers.enter_context(program.started("serve", says="Tocsin "))
    goes_through(
        servers.enter_context(proxies.running(proxies.nginx, tmp_path, port_of(program))), program, too_large=(413,)
    )


def test_behind_caddy_a_request_comes_with_its_host_and_the_clients_address(
    program: Program, servers: ExitStack, tmp_path: Path
) -> None:
    require(CADDY, in_ci=is_in_ci())
    servers.enter_context(program.started("serve", says="Tocsin "))
    # Caddy before 2.7 says 502, because to it the request broke off on its way.
    goes_through(
        servers.enter_context(proxies.running(proxies.caddy, tmp_path, port_of(program))), program, too_large=(413, 502)
    )


def test_nginx_keeps_off_a_client_that_asks_too_often_and_nobody_else(
    program: Program, servers: ExitStack, tmp_path: Path
) -> None:
    require(NGINX, in_ci=is_in_ci())
    servers.enter_context(program.started("serve", says="Tocsin "))
    front = servers.enter_context(proxies.running(proxies.nginx, tmp_path, port_of(program)))

    async def ask(http: httpx.AsyncClient, many: int) -> list[int]:
        answers: list[int] = []

        async def once() -> None:
            url = f"https://127.0.0.1:{front.ports.tls}/healthz"
            asked = await http.get(url, headers={"Host": f"acme.{HOST}"}, extensions={"sni_hostname": f"acme.{HOST}"})
            answers.append(asked.status_code)

        async with anyio.create_task_group() as group:
            for _ in range(many):
                group.start_soon(once)
        return answers

    async def crowd() -> list[int]:
        transport = httpx.AsyncHTTPTransport(
            verify=front.trusted, local_address="127.0.0.3", limits=httpx.Limits(max_connections=400)
        )
        async with httpx.AsyncClient(transport=transport, timeout=60) as http:
            return await ask(http, 400)

    answers = anyio.run(crowd)
    assert set(answers) == {200, 429}
    assert answers.count(200) > 100
    assert front.call("GET", "/healthz").status_code == 200


@pytest.mark.parametrize(
    ("environment", "source"),
    [
        pytest.param({"TOCSIN_PROXIES": "127.0.0.0/24"}, "198.51.100.9", id="in their network"),
        pytest.param({"TOCSIN_PROXIES": "172.30.0.0/24", "FORWARDED_ALLOW_IPS": "*"}, "127.0.0.1", id="and no others"),
    ],
)
def test_the_address_of_a_client_is_believed_from_proxies_that_are_named(
    program: Program, environment: dict[str, str], source: str
) -> None:
    with program.started("serve", says="Tocsin ", **environment), httpx.Client() as http:
        origin = {"Host": f"acme.{HOST}", "Origin": f"https://acme.{HOST}", **SPOOFED}
        refused = http.post(f"http://127.0.0.1:{port_of(program)}/sign-in", headers=origin, data=SIGN_IN)

        assert refused.status_code == 422
        assert sources_of_refusals(program) == [source]
