"""The small forms of the pages, read by hand: few fields, few octets, in both spellings that browsers and mail programs use."""

from email import message_from_bytes
from email.policy import HTTP
from urllib.parse import parse_qsl

from starlette.requests import Request

from tocsin.domain.errors import InvalidInputError, TooLargeError, UnsupportedMediaError

LARGEST_FORM = 4096  # octets
_MOST_FIELDS = 20


async def body_of(request: Request) -> bytes:
    """Return the body of a request with a form; of one that is too large just enough to see that."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > LARGEST_FORM:
            break
    return bytes(found)


def fields(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a form by name; of two with one name the last.

    Raises TooLargeError; UnsupportedMediaError for any other type than application/x-www-form-urlencoded, which no type means
    too, and multipart/form-data (RFC 7578); InvalidInputError for too many fields.
    """
    if len(body) > LARGEST_FORM:
        raise TooLargeError(f"the form has more than {LARGEST_FORM} octets")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return _parts(content_type, body)
    if media_type not in {"", "application/x-www-form-urlencoded"}:
        raise UnsupportedMediaError(
            "forms are read as application/x-www-form-urlencoded or multipart/form-data; send one of these"
        )
    try:
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise InvalidInputError.of("form", f"has more than {_MOST_FIELDS} fields") from error


def _parts(content_type: str, body: bytes) -> dict[str, str]:
    # The example in RFC 8058, 8.3, writes the delimiters without the two hyphens that stand before a boundary.
    return _parts_of(content_type, body) or _parts_of(content_type.replace("boundary=--", "boundary="), body)


def _parts_of(content_type: str, body: bytes) -> dict[str, str]:
    message = message_from_bytes(
        b"Content-Type: " + content_type.encode(errors="replace") + b"\r\n\r\n" + body, policy=HTTP
    )
    found = {}
    for part in message.iter_parts():
        name, content = part.get_param("name", header="Content-Disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content.decode(errors="replace")
    return found
