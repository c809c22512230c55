"""The body of a request, read within limits."""

from starlette.requests import Request

from tocsin.domain.errors import TooLargeError, UnsupportedMediaError
from tocsin.schemas import strict_json
from tocsin.schemas.strict_json import Room


async def body_of(request: Request, room: Room = strict_json.USUAL) -> bytes:
    """Return the request's body. Raises TooLargeError as soon as it is too large, whatever length was announced."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMediaError("compressed bodies are not read; send the JSON as it is")
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > room.octets:
            raise TooLargeError(f"the body has more than {room.octets} octets")
    return bytes(found)
