"""Requests to an API with a key: within time limits, tried again where that can do no harm, errors as sentences."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from tocsin.client.errors import ClientError, RefusedError, UnreachableError

BASE = "/api/external/v2"
PAGE_SIZE = 100
MOST_PAGES = 1000
_WAITS_S = (0.5, 1.0, 2.0, 4.0)  # between five tries
_LONGEST_WAIT_S = 60.0  # whoever asks for more has to be asked again later, by a person
_TRY_AGAIN = frozenset((429, 502, 503, 504))
_LONGEST_SENTENCE = 500  # characters of what a server says of an error
_Query = Mapping[str, str | int]


@dataclass(kw_only=True)
class Session:
    """Speaks JSON with the API at `url`, such as `https://acme.example.com`; close it at the end, or use `with`.

    `sleep` waits between tries. `transport` takes the place of the network. `repeats_posts`: whether the API knows
    Idempotency-Key, so that a POST whose answer was lost can be sent again.
    """

    url: str
    key: str = field(repr=False)
    timeout_s: float = 120.0  # for an answer: to make a thousand rules takes a while
    repeats_posts: bool = True
    sleep: Callable[[float], None] = time.sleep
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    _http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        connect_to, host = _where(self.url)
        if not self.key or not self.key.isascii() or not self.key.isprintable() or " " in self.key:
            raise ClientError(
                "the API key is empty or holds what no key has; give the one that `tocsin key create` printed"
            )
        headers = {"X-Api-Key": self.key, "Accept": "application/json", "Host": host}
        timeout = httpx.Timeout(self.timeout_s, connect=10.0)
        self._http = httpx.Client(base_url=connect_to, headers=headers, timeout=timeout, transport=self.transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, query: _Query | None = None) -> Any:
        """Return what is at a path."""
        return self._asked("GET", path, query=query)

    def post(self, path: str, body: object = None, query: _Query | None = None, *, repeats: bool = True) -> Any:
        """Send a body, once even if it has to be sent again. `repeats`: whether this path knows Idempotency-Key."""
        key = uuid.uuid4().hex if self.repeats_posts and repeats else None
        return self._asked("POST", path, body, query=query, idempotency_key=key)

    def patch(self, path: str, body: object) -> Any:
        """Change what is there."""
        return self._asked("PATCH", path, body)

    def octets(self, path: str) -> bytes:
        """Return what is at a path as it came."""
        request = self._http.build_request("GET", BASE + path, headers={"Accept": "*/*"})
        answer = self._sent(request, is_repeatable=True)
        self._read(answer)
        return answer.content

    def put(self, path: str, body: object) -> Any:
        """Put a body in the place of what is there."""
        return self._asked("PUT", path, body)

    def delete(self, path: str, query: _Query | None = None) -> None:
        """Delete what is at a path. What is not there any more is as good as deleted."""
        try:
            self._asked("DELETE", path, query=query)
        except RefusedError as error:
            if error.status != 404:
                raise

    def every(self, path: str, name: str, query: _Query | None = None) -> Iterator[dict[str, Any]]:
        """Yield the entries of all pages of a listing, which are under `name`."""
        for number in range(1, MOST_PAGES + 1):
            answer = self.get(path, {**(query or {}), "page_number": number, "page_size": PAGE_SIZE})
            entries = answer.get(name) if isinstance(answer, dict) else None
            if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
                raise UnreachableError(f"{self.url} answers without {name}; is it the address of such an API?")
            yield from entries
            pages = (answer.get("pagination") or {}).get("total_pages", 1)
            if not entries or not isinstance(pages, int) or number >= pages:
                return

    def _asked(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: _Query | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        request = self._http.build_request(method, BASE + path, params=query, content=content, headers=headers)
        return self._read(self._sent(request, is_repeatable=method != "POST" or idempotency_key is not None))

    def beside_the_api(self, path: str, body: object, headers: Mapping[str, str]) -> Any:
        """Post a body to what stands beside the API, and not again once it may have arrived."""
        return self._read(
            self._sent(self._http.build_request("POST", path, json=body, headers=headers), is_repeatable=False)
        )

    def _sent(self, request: httpx.Request, *, is_repeatable: bool) -> httpx.Response:
        """Send a request until it is answered with something else than "later"; a last "later" is returned."""
        for number, wait in enumerate((*_WAITS_S, None)):
            try:
                answer = self._http.send(request)
            except httpx.TransportError as error:
                # A connection that was never made took no request with it.
                never_left = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
                if wait is None or not (is_repeatable or never_left):
                    raise UnreachableError(self._unreachable(error, tries=number + 1)) from error
                self.sleep(wait)
                continue
            later = _later(answer, wait)
            # 502 and 504 are a proxy's, and nobody knows what the server behind it has done.
            if later is None or not (is_repeatable or answer.status_code in {429, 503}):
                return answer
            self.sleep(later)
        raise AssertionError("the last try ends the loop")

    def _unreachable(self, error: Exception, *, tries: int) -> str:
        what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else f"cannot be reached ({error})"
        return f"{self.url} {what}, tried {tries} times" if tries > 1 else f"{self.url} {what}"

    def _read(self, answer: httpx.Response) -> Any:
        if answer.is_redirect:
            raise UnreachableError(
                f"{self.url} leads on to {answer.headers.get('location')}; give that address instead"
            )
        try:
            body = answer.json() if answer.content else None
        except ValueError:
            body = None
        if answer.is_success:
            return body
        raise RefusedError(*_sentence(self.url, answer, body), status=answer.status_code, problems=_problems(body))


def _where(url: str) -> tuple[str, str]:
    """Return where to connect to and the Host to name. Raises ClientError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None or parts.query:
        raise ClientError(f"{url} is no address of an API; give one such as https://acme.example.com")
    if parts.path.rstrip("/"):
        raise ClientError(f"{url} has a path; give the address without {parts.path}")
    host = parts.netloc
    # RFC 6761, 6.3: every name under localhost is this machine, whether or not the resolver knows.
    is_here = parts.scheme == "http" and parts.hostname.endswith(".localhost")
    return f"{parts.scheme}://{f'localhost:{port or 80}' if is_here else host}", host


def _later(answer: httpx.Response, wait: float | None) -> float | None:
    """Return after how many seconds to try again, or None: not at all."""
    if wait is None or answer.status_code not in _TRY_AGAIN:
        return None
    asked = answer.headers.get("retry-after", "")
    if not asked.isascii() or not asked.isdecimal():
        return wait
    return float(asked) if float(asked) <= _LONGEST_WAIT_S else None


def _sentence(url: str, answer: httpx.Response, body: Any) -> tuple[str]:
    """Return what the API says of an error: both APIs have several forms for it."""
    said = body if isinstance(body, dict) else {}
    found = next((said[name] for name in ("error", "message", "notice") if isinstance(said.get(name), str)), "")
    errors = said.get("errors")
    if not found and isinstance(errors, list):
        found = "; ".join(str(one) for one in errors)
    found = "".join(one if one.isprintable() else " " for one in found)[:_LONGEST_SENTENCE]
    return (found or f"{url} answers {answer.status_code} {answer.reason_phrase}".rstrip(),)


def _problems(body: Any) -> tuple[tuple[str, str], ...]:
    fields = body.get("field_errors") if isinstance(body, dict) else None
    return tuple(
        (str(one["field"]), str(one["message"]))
        for one in (fields if isinstance(fields, list) else [])
        if isinstance(one, dict) and "field" in one and "message" in one
    )
