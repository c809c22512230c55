"""Which workspace a request is for: the subdomain of its Host header, read once and strictly.

Host is an attacker's input (RFC 9112, 3.2). Nothing else, and no forwarded header, takes part in the decision.
"""

import re
from collections.abc import Sequence

_LABEL = re.compile(r"[a-z0-9-]{1,63}")
# What a person on the server's own machine types. A browser sends the name it was given, so these cannot be forged from a
# page of somebody else's (DNS rebinding).
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
BARE = ""


def subdomain_of(hosts: Sequence[str], *, base: str) -> str | None:
    """Return the subdomain of `base` that the Host headers name, BARE for `base` itself, or None for anything else."""
    if len(hosts) != 1:
        return None
    host = re.sub(r":\d{1,5}$", "", hosts[0].lower()).removesuffix(".")
    if host == base or host in _LOOPBACK:
        return BARE
    label, _, rest = host.partition(".")
    return label if rest == base and _LABEL.fullmatch(label) else None
