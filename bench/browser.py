"""Somebody at the pages: keeps the session's cookie and measures what comes."""

import gzip
import http.client
import re
import time
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlencode

from bench.children import FailedError
from bench.program import SUBDOMAIN

_LINK = re.compile(r'<a [^>]*href="(/[^"#]*)')
_PART = re.compile(r'<(?:link rel="stylesheet" [^>]*href|script [^>]*src)="(/[^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came: how long it took from the question to the last octet in seconds, and the octets of its body on the wire."""

    status: int
    seconds: float
    octets: int
    text: str

    @property
    def links(self) -> list[str]:
        """The pages of the same site that it links to, in its order."""
        return [unescape(found) for found in _LINK.findall(self.text)]

    @property
    def parts(self) -> list[str]:
        """What a browser loads along with it."""
        return [unescape(found) for found in _PART.findall(self.text)]


class Browser:
    """A browser at one workspace of a server on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._host = f"{SUBDOMAIN}.localhost:{port}"
        self._cookie = ""

    def sign_in(self, email: str, password: str) -> None:
        """Begin a session. Raises FailedError if that is refused."""
        form = urlencode({"email": email, "password": password})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self._host}"}
        status, cookie, _ = self._ask("POST", "/sign-in", form, headers)
        if status != 303 or not cookie:
            raise FailedError(f"signing in was answered with {status}")
        self._cookie = cookie.partition(";")[0]

    def get(self, path: str) -> Seen:
        """Ask for a page, as a browser that takes what is compressed."""
        begun = time.perf_counter()
        status, _, content = self._ask("GET", path, None, {"Accept-Encoding": "gzip", "Cookie": self._cookie})
        seconds = time.perf_counter() - begun
        text = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        return Seen(status=status, seconds=seconds, octets=len(content), text=text.decode("utf-8", "replace"))

    def links_of(self, path: str) -> list[str]:
        """Return the pages that a page links to. Raises FailedError if it is none."""
        seen = self.get(path)
        if seen.status != 200:
            raise FailedError(f"a link leads to {path}, which answers {seen.status}")
        return seen.links

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body, {"Host": self._host, **headers})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Set-Cookie", ""), answer.read()
        finally:
            connection.close()
