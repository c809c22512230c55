"""The signature's part of the last look at a message: is DKIM-Signature exactly what Tocsin writes, for this sender?

Written apart from `dkim`, like the rest of the scan. Whether the signature is right is not asked here: only its key could
tell, and a wrong one does no harm but that receivers ignore it.
"""

import re
from collections.abc import Iterator, Mapping

NAME = "DKIM-Signature"

_TAGS = re.compile(
    r"v=1; a=(rsa|ed25519)-sha256; c=relaxed/relaxed; d=([a-z0-9.\-]{1,253}); s=[a-z0-9\-]{1,63}; t=[0-9]{1,11}; "
    r"h=([A-Za-z\-]+(?: ?:[A-Za-z\-]+)*); bh=[A-Za-z0-9+/]{43}=; b=( ?[A-Za-z0-9+/=]+(?: [A-Za-z0-9+/=]+)*)"
)
# The base64 of 384 octets or, of keys that were made before, 256; and of 64.
_SIGNATURES = {
    "rsa": re.compile(r"[A-Za-z0-9+/]{512}|[A-Za-z0-9+/]{342}=="),
    "ed25519": re.compile(r"[A-Za-z0-9+/]{86}=="),
}
_TWICE = ("From", "To", "Subject", "List-Unsubscribe")  # named once more than they are there


def complaints(headers: Mapping[str, str], *, sender: str) -> Iterator[str]:
    """Yield what is wrong with the DKIM-Signature among `headers` (unfolded, in order); it need not be there.

    It must sign every other header, and for the domain of `sender`.
    """
    if NAME not in headers:
        return
    if next(iter(headers)) != NAME:
        yield f"{NAME} is not the first header"
    found = _TAGS.fullmatch(headers[NAME])
    if found is None or not _SIGNATURES[found[1]].fullmatch(found[4].replace(" ", "")):
        yield f"{NAME} is not of the form in which Tocsin writes it"
        return
    if found[2] != sender.rpartition("@")[2].lower():
        yield f"{NAME} is not of the domain of From"
    others = [name for name in headers if name != NAME]
    if sorted(found[3].replace(" ", "").split(":")) != sorted([*others, *_TWICE]):
        yield f"{NAME} does not sign exactly the headers that are there"
