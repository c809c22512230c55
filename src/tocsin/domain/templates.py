"""Templates: `{{ group.name }}` in a text. No logic, no filters, and a value is never expanded again."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

# Each name with what it stands for. The first twelve are NeetoCal's, the others are ours.
VARIABLES: Mapping[str, str] = {
    "booking.id": "the booking's SID",
    "meeting.name": "the scheduling link's name",
    "meeting.scheduling_url": "the scheduling link's public address",
    "client.name": "the client's full name",
    "client.first_name": "the client's first name",
    "client.last_name": "the client's last name",
    "client.email": "the client's address",
    "client.starts_at": "the start, in the client's time zone",
    "client.ends_at": "the end, in the client's time zone",
    "host.name": "the host's name",
    "host.starts_at": "the start, in the host's time zone",
    "host.ends_at": "the end, in the host's time zone",
    "booking.status": "confirmed, awaiting_approval, cancelled or rejected",
    "booking.cancel_reason": "why it was cancelled or rejected",
    "booking.outcome": "the meeting outcome's name",
    "booking.starts_at": "the start, in the recipient's time zone",
    "booking.ends_at": "the end, in the recipient's time zone",
    "meeting.description": "the scheduling link's description",
    "meeting.join_url": "the address to join the meeting",
    "host.email": "the host's address",
    "workspace.name": "the workspace's name",
    "recipient.email": "the address that this message goes to",
    "invitation.email": "who accepted or declined, after invite_accepted and invite_declined",
    "invitation.rsvp": "what that person's answer is now: accepted, declined, tentative, delegated or needs_action",
}
MOST_TOKENS = 200
LONGEST_OUTPUT = 262_144  # characters
_SHORT = 512  # characters; what is shorter is taken apart once

# What somebody who types a variable could have meant; anything else in braces, such as {{7*7}}, is text.
_TOKEN = re.compile(r"\{\{([A-Za-z0-9_.\- ]{1,64})\}\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """A place in a template where the value of `name` goes."""

    name: str


def parse(template: str) -> Iterator[str | Variable]:
    """Yield the pieces of `template` in order: literal text and variables."""
    end = 0
    for token in _TOKEN.finditer(template):
        if token.start() > end:
            yield template[end : token.start()]
        yield Variable(token.group(1).strip())
        end = token.end()
    if end < len(template):
        yield template[end:]


def complaints(template: str) -> list[str]:
    """Return what is wrong with the variables of `template`, each as a sentence that says what would be right."""
    names = [piece.name for piece in parse(template) if isinstance(piece, Variable)]
    found = [_unknown(name) for name in dict.fromkeys(names) if name not in VARIABLES]
    if len(names) > MOST_TOKENS:
        found.append(f"holds {len(names)} variables; at most {MOST_TOKENS} are accepted")
    return found


def render(template: str, values: Mapping[str, str], *, escape: Callable[[str], str] = str) -> str:
    """Return `template` with each variable replaced by its escaped value, once; one without a value becomes empty."""
    pieces = _short(template) if len(template) <= _SHORT else parse(template)
    filled = [escape(values.get(piece.name, "")) if isinstance(piece, Variable) else piece for piece in pieces]
    return "".join(filled)[:LONGEST_OUTPUT]


# Subjects are few and come often.
@lru_cache(maxsize=512)
def _short(template: str) -> tuple[str | Variable, ...]:
    return tuple(parse(template))


def _unknown(name: str) -> str:
    wanted = re.sub(r"[ \-]+", "_", name.lower())
    nearest = difflib.get_close_matches(wanted, VARIABLES, n=1, cutoff=0.0)[0]
    return f"unknown variable {{{{{name}}}}}; did you mean {{{{{nearest}}}}}?"
