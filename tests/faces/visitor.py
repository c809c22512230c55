"""Somebody who uses the pages without a browser: keeps the session's cookie, and sends forms as a browser sends them."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx

from tests.faces.client import Client
from tocsin.services import administration_accounts

PASSWORD = "correct horse battery"
COOKIE = "__Host-tocsin"
OPENID_COOKIE = "__Host-tocsin-openid"


@dataclass(kw_only=True)
class Visitor:
    """One browser at one workspace."""

    client: Client
    cookie: str = ""
    openid: str = ""  # what is kept while somebody is at the sign-in service
    last: str = field(default="", repr=False)  # the page that was seen last

    @property
    def origin(self) -> str:
        return f"http://{self.client.host}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._call("GET", path, None, {name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, fields: dict[str, str] | None = None, /, **headers: str) -> httpx.Response:
        """Send a form with the token of the page that was seen last; an empty header is not sent."""
        token = re.search(r'name="_token" value="([0-9a-f]*)"', self.last)
        content = ({"_token": token[1]} if token else {}) | (fields or {})
        return self.post_pairs(path, list(content.items()), **headers)

    def post_pairs(self, path: str, pairs: list[tuple[str, str]], /, **headers: str) -> httpx.Response:
        """Send the fields of a form as they are; names may come several times."""
        named = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        return self._call("POST", path, urlencode(pairs).encode(), named)

    def sign_in(self, email: str = "ann@example.com", password: str = PASSWORD, **fields: str) -> httpx.Response:
        return self.post("/sign-in", {"email": email, "password": password} | fields)

    def _call(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> httpx.Response:
        kept = {COOKIE: self.cookie, OPENID_COOKIE: self.openid}
        cookies = "; ".join(f"{name}={value}" for name, value in kept.items() if value)
        named = {"Host": self.client.host, "Cookie": cookies} | headers
        sent = [(name, value) for name, value in named.items() if value]
        response = self.client.line.call(method, path, content, sent)
        assert response.status_code < 500, response.text
        for header in response.headers.get_list("set-cookie"):
            if found := re.match(rf'{COOKIE}="?([0-9a-f]*)"?;', header):
                self.cookie = found[1]
            if found := re.match(rf'{OPENID_COOKIE}="?([A-Za-z0-9._-]*)"?;', header):
                self.openid = found[1]
        self.last = response.text or self.last
        return response


def an_account(client: Client, email: str = "ann@example.com", role: str = "admin") -> None:
    values = {"subdomain": client.subdomain, "email": email, "role": role, "password": PASSWORD}
    administration_accounts.run(client.app.office, "account create", values)


def signed_in(client: Client, email: str = "ann@example.com", role: str = "admin") -> Visitor:
    """Return somebody who is signed in, and sees the overview."""
    an_account(client, email, role)
    visitor = Visitor(client=client)
    assert visitor.sign_in(email).status_code == 303
    visitor.get("/overview")
    return visitor
