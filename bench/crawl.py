"""Following links from page to page until one of each sort was seen."""

import re
from collections.abc import Callable, Iterable

from bench.children import FailedError

MOST_SEEN = 2_000  # addresses


def one_of_each(links_of: Callable[[str], list[str]], patterns: Iterable[str], begin: str) -> dict[str, str]:
    """Follow links from the page `begin`; return for each pattern (`/rules/{id}`) the first address that is of it.

    `links_of` returns the paths that a page links to, in its order. Raises FailedError if a pattern is reached by no link.
    """
    wanted, found = {pattern: _expression(pattern) for pattern in patterns}, dict[str, str]()
    waiting, known = [begin], {begin}
    while waiting and len(known) < MOST_SEEN and len(found) < len(wanted):
        path = waiting.pop(0)
        pattern = _pattern_of(path, wanted)
        if pattern is None or pattern in found:
            continue
        found[pattern] = path
        fresh = [link for link in dict.fromkeys(links_of(path)) if link not in known]
        waiting += fresh
        known |= set(fresh)
    if missing := sorted(set(wanted) - set(found)):
        raise FailedError(f"no link leads to {', '.join(missing)}")
    return found


def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", pattern))))


def _pattern_of(address: str, wanted: dict[str, re.Pattern[str]]) -> str | None:
    """Return the pattern that an address is of: the one with the fewest gaps, so that /rules/new is none of /rules/{id}."""
    path = address.partition("?")[0]
    fitting = [pattern for pattern, expression in wanted.items() if expression.fullmatch(path)]
    return min(fitting, key=lambda pattern: pattern.count("{"), default=None)
