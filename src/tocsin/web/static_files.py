"""The files that pages load: the style sheet, and the scripts if they were built; browsers keep them until they change."""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript"}
_NAMES = ("tocsin.css", "built/islands.js")
_FOR_EVER = "max-age=31536000, immutable"
_A_MINUTE = "max-age=60"


@dataclass(frozen=True, kw_only=True)
class StaticFile:
    """A file that pages load, as it is and compressed, and the mark by which its content is known."""

    media_type: str
    content: bytes
    compressed: bytes
    mark: str


@lru_cache
def _files() -> Mapping[str, StaticFile]:
    folder = resources.files("tocsin.web") / "static"
    there = {name: folder.joinpath(*name.split("/")) for name in _NAMES}
    return {name: _file(name, path.read_bytes()) for name, path in there.items() if path.is_file()}


def _file(name: str, content: bytes) -> StaticFile:
    return StaticFile(
        media_type=_MEDIA_TYPES[name.rpartition(".")[2]],
        content=content,
        compressed=gzip.compress(content, mtime=0),
        mark=hashlib.sha256(content).hexdigest()[:12],
    )


def address(name: str) -> str:
    """Return where a page finds the file `name`; nothing if it was not built, which pages can do without."""
    found = _files().get(name)
    return "" if found is None else f"/static/{name}?{found.mark}"


def routes(headers: Mapping[str, str]) -> list[Route]:
    """Return the routes of all files, which are answered with `headers` too."""
    return [Route(f"/static/{name}", _answer(found, headers)) for name, found in _files().items()]


def _answer(file: StaticFile, headers: Mapping[str, str]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        # Another release may run beside this one; its pages ask with another mark, and must not keep what they get.
        kept = _FOR_EVER if request.url.query == file.mark else _A_MINUTE
        said = dict(headers) | {"Cache-Control": kept, "Vary": "Accept-Encoding"}
        if not _takes_gzip(request):
            return Response(file.content, media_type=file.media_type, headers=said)
        return Response(file.compressed, media_type=file.media_type, headers=said | {"Content-Encoding": "gzip"})

    return answer


def _takes_gzip(request: Request) -> bool:
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = one.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
