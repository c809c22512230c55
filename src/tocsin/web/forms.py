"""The small forms of the pages, read by hand: few fields, few octets, in both spellings that browsers and mail programs use."""

import re
from urllib.parse import parse_qsl

from starlette.requests import Request

from tocsin.domain.errors import InvalidInputError, TooLargeError, UnsupportedMediaError

LARGEST_FORM = 4096  # octets
_MOST_FIELDS = 20
_BOUNDARY = re.compile(r""";[ \t]*boundary="?([A-Za-z0-9'()+_,./:=?-]{1,70})""", re.IGNORECASE | re.ASCII)
_NAME = re.compile(
    r"""^Content-Disposition:[ \t]*form-data;[ \t]*name="([^"\n]{1,100})\"""", re.IGNORECASE | re.MULTILINE
)


async def body_of(request: Request, *, limit: int = LARGEST_FORM) -> bytes:
    """Return the body of a request with a form; of one that is too large just enough to see that."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > limit:
            break
    return bytes(found)


def fields(content_type: str, body: bytes, *, limit: int = LARGEST_FORM, most: int = _MOST_FIELDS) -> dict[str, str]:
    """Return the fields of a form by name; of two with one name the last. Raises as `pairs` does."""
    return dict(pairs(content_type, body, limit=limit, most=most))


def pairs(
    content_type: str, body: bytes, *, limit: int = LARGEST_FORM, most: int = _MOST_FIELDS
) -> list[tuple[str, str]]:
    """Return the fields of a form, name and value, in their order.

    Raises TooLargeError; UnsupportedMediaError for any other type than application/x-www-form-urlencoded, which no type means
    too, and multipart/form-data (RFC 7578); InvalidInputError for too many fields.
    """
    if len(body) > limit:
        raise TooLargeError(f"the form has more than {limit} octets")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        found = _parts(content_type, body)
        if len(found) > most:
            raise _too_many(most)
        return found
    if media_type not in {"", "application/x-www-form-urlencoded"}:
        raise UnsupportedMediaError(
            "forms are read as application/x-www-form-urlencoded or multipart/form-data; send one of these"
        )
    try:
        return parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=most)
    except ValueError as error:
        raise _too_many(most) from error


def _too_many(most: int) -> InvalidInputError:
    return InvalidInputError.of("form", f"has more than {most} fields")


def _parts(content_type: str, body: bytes) -> list[tuple[str, str]]:
    # By hand, because `email` takes a second for what somebody can put into a header of this size, and can fail on it.
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return []
    text = body.replace(b"\r\n", b"\n").decode(errors="replace")
    # The example in RFC 8058, 8.3, lacks the two hyphens that stand before a boundary (RFC 2046, 5.1.1).
    delimiter = f"--{boundary[1]}" if f"--{boundary[1]}" in text else boundary[1]
    found = []
    for piece in text.split(delimiter)[1:-1]:
        head, _, content = piece.partition("\n\n")
        name = _NAME.search(head)
        if name is not None:
            found.append((name[1], content.removesuffix("\n")))
    return found
