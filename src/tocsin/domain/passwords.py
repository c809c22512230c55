"""Which passwords are too easy to guess here: short ones, and those made of words that anybody would try."""

import re
from collections.abc import Iterable

SHORTEST_PASSWORD = 12  # characters
LONGEST_PASSWORD = 256
# What an attacker tries first at a booking server. Beside these stand the workspace's own words, and those of the address.
COMMON_WORDS = ("tocsin", "booking", "calendar", "meeting", "schedule", "invite", "workspace", "password", "admin")
_SHORTEST_WORD = 3  # characters: shorter ones stand in every sentence
_LEAST_LEFT = 8  # characters that must be left without these words
_LOOKALIKES = str.maketrans("01345@$!", "oieasasi")
_JOINTS = re.compile(r"[\W_]+")


def complaint(password: str, *, email: str, workspace: Iterable[str] = ()) -> str | None:
    """Tell what is wrong with `password` for the account of `email`, or None. `workspace`: its name and subdomain.

    Length is what counts, and not which kinds of characters there are (NIST SP 800-63B, 3.1.1).
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
    if "\n" in password or "\0" in password:
        return "must be one line"
    if len(set(password)) < 5 or email.lower() in password.lower() or password.lower() in email.lower():
        return "is too easy to guess; take several words, and not the address"
    if len(_without(password, _words([*COMMON_WORDS, *workspace, email]))) < _LEAST_LEFT:
        return "is too easy to guess: it is hardly more than the address, the workspace or the like; take other words"
    return None


def _words(texts: Iterable[str]) -> list[str]:
    """Return the words of `texts`, the longest first, each text also as one word."""
    found = {word for text in texts for word in (_plain(text), *(_plain(part) for part in _JOINTS.split(text)))}
    return sorted((word for word in found if len(word) >= _SHORTEST_WORD), key=lambda word: (-len(word), word))


def _without(password: str, words: Iterable[str]) -> str:
    left = _plain(password)
    for word in words:
        left = left.replace(word, "")
    return left


def _plain(text: str) -> str:
    """Return `text` without case, spaces and signs, and with letters for the digits that are put in their place."""
    return _JOINTS.sub("", text.casefold().translate(_LOOKALIKES))
