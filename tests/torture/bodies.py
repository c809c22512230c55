"""Bodies that are no JSON object of a size that is read, or hardly are: each with the statuses that are right."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from tests.faces.client import Json
from tocsin.schemas.strict_json import DEEPEST, Room

READ = frozenset({404, 422})  # it was understood, and speaks of nothing that there is
BROKEN, TOO_LARGE, OTHER = frozenset({400}), frozenset({413}), frozenset({415})


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent to a route that reads JSON, and the statuses that are right."""

    id: str
    octets: bytes
    right: frozenset[int]
    headers: dict[str, str] = field(default_factory=dict)


NUMBERS = {
    "NaN": BROKEN, "Infinity": BROKEN, "-Infinity": BROKEN, "nan": BROKEN, "1e999": BROKEN, "-1e999": BROKEN,
    "1e400": BROKEN,
    "9" * 4300: READ, "9" * 4301: BROKEN, "-" + "9" * 4301: BROKEN, "0." + "0" * 5000 + "1": READ, "1e-999": READ,
    "-0": READ,
    "-0.0": READ, "1E5": READ, "0x10": BROKEN, "01": BROKEN, "+1": BROKEN, ".5": BROKEN, "1.": BROKEN, "1e": BROKEN,
    "--1": BROKEN, "1_000": BROKEN, "1,000": BROKEN, "\u0661": BROKEN, "\uff11": BROKEN, "0b1": BROKEN, "1e+": BROKEN,
}  # fmt: skip
WORDS = {
    "True": BROKEN, "None": BROKEN, "undefined": BROKEN, "'x'": BROKEN, "x": BROKEN, "[1,]": BROKEN, "[,1]": BROKEN,
    "{,}": BROKEN,
    '{"b":1,}': BROKEN, '{"b"}': BROKEN, '{"b":}': BROKEN, "{b:1}": BROKEN, '"\\x41"': BROKEN, '"\\u12"': BROKEN,
    '"\\q"': BROKEN,
    '"a\nb"': BROKEN, '"a\tb"': BROKEN, '"a\x00b"': BROKEN, '"a\x1fb"': BROKEN, '"\\ud800"': READ,
    '"\\udc00\\ud800"': READ,
    '"\\u0000"': READ, '"\\ud83e\\udd84"': READ, '"\\/"': READ, '"': BROKEN, '"\\': BROKEN, "[": BROKEN, "]": BROKEN,
    "/**/1": BROKEN, "1//": BROKEN, "#": BROKEN, "NULL": BROKEN, "tru": BROKEN, "function(){}": BROKEN, "`x`": BROKEN,
}  # fmt: skip
TOPS = (
    "[]", '"text"', "1", "null", "true", '""', "-0", "1e5", "[{}]", '["a"]', "{}[]", "{}{}", "{} {}", "{}\n{}", "{}]",
    "{},", "{}\x00", "{}//", "{}#", "{};", ")]}',\n{}", "/**/{}", "f({})", "\x1e{}\n", "\xa0{}", "\u2028{}", "\x0c{}",
    "\x0b{}", "---\na: 1", "<a/>", "a=1", "--x\r\n\r\n--x--", "", " ", "\r\n\t ", "\x00", "{", "}", "{{}}", "(",
    "data: {}\n\n",
)  # fmt: skip
ENCODINGS = {
    "a mark of order": b"\xef\xbb\xbf{}", "a mark twice": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "UTF-16, little": '{"a":1}'.encode("utf-16-le"), "UTF-16, big": '{"a":1}'.encode("utf-16-be"),
    "UTF-32": "{}".encode("utf-32"), "UTF-32, big": "{}".encode("utf-32-be"), "UTF-7": b"+AHs-+AH0-",
    "Latin-1": b'{"a":"\xe9"}', "overlong": b'{"a":"\xc0\x80"}', "overlong quote": b'{"a":"\xc0\xa2}',
    "half a pair": b'{"a":"\xed\xa0\x80"}',
    "two halves": b'{"a":"\xed\xa0\xbd\xed\xb0\x80"}', "alone": b'{"a":"\x80"}', "cut": b'{"a":"\xf0\x9f\xa6"}',
    "too high": b'{"a":"\xf4\x90\x80\x80"}',
    "of five octets": b'{"a":"\xf8\x88\x80\x80\x80"}', "EBCDIC": "{}".encode("cp500"),
    "deflated": gzip.compress(b"{}"), "CBOR": b"\xa1\x61\x61\x01",
    "MessagePack": b"\x81\xa1a\x01", "BSON": b"\x05\x00\x00\x00\x00", "NULs": b"\x00" * 9000,
}  # fmt: skip
MEDIA_TYPES = (
    "text/plain", "text/json", "text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/xml",
    "application/jsonp", "application/json5", "application/vnd.api+json", "application/ld+json",
    "application/json-patch+json", "json",
    "application", "application/", "/json", "*/*", "application/*", "application/json, text/plain",
    "application/json/x", "x" * 5000,
    "application/octet-stream", "application/x-ndjson", "application/cbor", "application /json", '"application/json"',
    "null",
)  # fmt: skip
READ_MEDIA_TYPES = (
    "application/json", "Application/JSON", "application/json;charset=utf-8", "application/json; charset=utf-16",
    "application/json;", "application/json; x=\"a;b\"", " application/json ", "",
)  # fmt: skip
CODINGS = (
    "gzip",
    "x-gzip",
    "GZIP",
    "deflate",
    "br",
    "zstd",
    "compress",
    "gzip, gzip",
    "identity, gzip",
    "x",
    "aes128gcm",
    "gzip;q=0",
)
DEPTHS = (10, DEEPEST - 1, DEEPEST, DEEPEST + 1, 200, 5000, 100_000)


def bodies(sample: Json, room: Room) -> Iterator[Body]:
    """Yield all of them, for a route with so much room; `sample` is what it would read."""
    for name, right in {**NUMBERS, **WORDS}.items():
        for before, after in (("", ""), ("[", "]"), ('{"b":', "}")):
            text = f'{{"no_field":{before}{name}{after}}}'
            yield Body(id=f"value {text[:60]!r}", octets=text.encode(), right=right)
    for top in TOPS:
        yield Body(id=f"top {top!r}", octets=top.encode(), right=BROKEN)
    for name, octets in ENCODINGS.items():
        yield Body(id=f"octets: {name}", octets=octets, right=BROKEN)
    yield from _sizes(room)
    yield from _twice("no_field")
    yield from _headers()
    whole = json.dumps(sample).encode()
    for at in range(len(whole)):
        yield Body(id=f"cut at {at}", octets=whole[:at], right=BROKEN)
    for extra in (b"\x00", b"x", b"}", b",", b'"', b"\xff"):
        yield Body(id=f"with {extra!r} behind it", octets=whole + extra, right=BROKEN)


def flipped(sample: Json, chance: Random) -> Body:
    """Return the octets of `sample` with a few of them changed."""
    octets = bytearray(json.dumps(sample).encode())
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(octets))
        octets[at : at + chance.randint(0, 2)] = bytes(chance.choices(range(256), k=chance.randint(0, 2)))
    return Body(id="flipped", octets=bytes(octets), right=BROKEN | READ)


def _sizes(room: Room) -> Iterator[Body]:
    for depth in DEPTHS:
        # The object itself is the first.
        right = READ if depth <= DEEPEST else TOO_LARGE
        ends = {"objects": ('{"a":', "}"), "lists": ("[", "]")}
        for name, (opened, closed) in ends.items():
            text = '{"a":' + opened * (depth - 2) + ("{}" if name == "objects" else "[]") + closed * (depth - 2) + "}"
            yield Body(
                id=f"{depth} {name} deep", octets=text.encode(), right=right if len(text) <= room.octets else TOO_LARGE
            )
            yield Body(id=f"{depth} {name} open", octets=b'{"a":' + opened.encode() * depth, right=BROKEN | TOO_LARGE)
    for keys in (room.keys - 1, room.keys, room.keys + 1, 10**6):
        octets = json.dumps({f"k{number}": 1 for number in range(keys)}).encode()
        yield Body(id=f"{keys} keys", octets=octets, right=READ if keys <= room.keys else TOO_LARGE)
    many = json.dumps({"a": [{"b": 1}] * room.keys}).encode()
    yield Body(id="keys in many objects", octets=many, right=TOO_LARGE)
    for size in (room.octets, room.octets + 1):
        body = b'{"a":"' + b"x" * (size - 8) + b'"}'
        yield Body(id=f"{size} octets", octets=body, right=READ if size <= room.octets else TOO_LARGE)
    yield Body(id="blanks", octets=b"{" + b" " * room.octets + b"}", right=TOO_LARGE)


def _twice(field: str) -> Iterator[Body]:
    texts = (
        f'{{"{field}":1,"{field}":1}}',
        f'{{"{field}":1,"x":2,"{field}":3}}',
        f'{{"{field}":1,"\\u{ord(field[0]):04x}{field[1:]}":1}}',
        '{"a":{"b":1,"b":2}}',
        '{"a":[{"b":1},{"b":1,"b":1}]}',
        '{"":1,"":1}',
        '{"__proto__":1,"__proto__":2}',
    )
    for text in texts:
        yield Body(id=f"twice {text}", octets=text.encode(), right=BROKEN)


def _headers() -> Iterator[Body]:
    for media_type in MEDIA_TYPES:
        yield Body(id=f"as {media_type[:40]}", octets=b"{}", right=OTHER, headers={"Content-Type": media_type})
    for media_type in READ_MEDIA_TYPES:
        yield Body(id=f"as {media_type}", octets=b"{}", right=READ, headers={"Content-Type": media_type})
    bomb = gzip.compress(b"\0" * 20_000_000)
    for coding in CODINGS:
        yield Body(id=f"coded as {coding}", octets=bomb, right=OTHER, headers={"Content-Encoding": coding})
    yield Body(id="a bomb that nobody told of", octets=bomb, right=BROKEN)
