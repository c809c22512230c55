"""SPF as far as it can be read without knowing which server will send (RFC 7208).

Is there one record, can it be read, do its includes ask for too much, and what does it say of everybody else?
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.domain.lookup import Lookup

MOST_LOOKUPS = 10  # RFC 7208, 4.6.4

_VERSION = "v=spf1"
_MECHANISM = re.compile(
    r"([+\-~?]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?::([^/]+|.*%\{.*))?((?:/\d{1,3})?(?://\d{1,3})?)"
)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.\-]*)=(.*)")
_WITH_PREFIX = frozenset({"a", "mx"})
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MUST_NAME = frozenset({"include", "exists", "ip4", "ip6"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far a domain's SPF could be followed through what was found so far.

    `missing` is the name whose TXT records have to be asked for next. Once it is empty the walk is at its end: with
    `trouble` if the DNS could not be asked, with a `complaint` if receivers must give up on the record, and without a `text`
    if the domain has none. `rest` is what is said of all other servers: `-`, `~`, `?`, `+`, nothing, or `%` if that differs
    from message to message. `is_redirected`: another domain's record says it.
    """

    missing: str = ""
    trouble: str = ""
    complaint: str = ""
    text: str = ""
    lookups: int = 0
    rest: str = ""
    is_redirected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    text: str
    includes: tuple[str, ...]
    redirect: str
    lookups: int
    rest: str


class _WrongError(Exception):
    """Why a record cannot be used."""


def walk(domain: str, found: Mapping[str, Lookup]) -> Walk:
    """Follow the record of `domain` through its includes and redirects, by the TXT records found so far, by name."""
    lookups, text, rest, is_redirected = 0, "", "", False
    waiting = [(domain, True)]  # and whether what it says of the rest counts
    while waiting:
        name, counts = waiting.pop()
        if name not in found:
            return Walk(missing=name)
        if found[name].trouble:
            return Walk(trouble=f"{name}: {found[name].trouble}")
        texts = [text for text in found[name].records if _is_spf(text)]
        if not texts and name == domain:
            return Walk()
        try:
            record = _record(name, texts)
        except _WrongError as error:
            return Walk(complaint=str(error), text=text or next(iter(texts), ""))
        lookups, text = lookups + record.lookups, text or record.text
        if lookups > MOST_LOOKUPS:
            wrong = f"the record of {domain} asks for more than {MOST_LOOKUPS} lookups with all that it includes"
            return Walk(complaint=wrong, text=text, lookups=lookups)
        if counts:
            rest, is_redirected = record.rest, is_redirected or bool(record.redirect)
        waiting += [(record.redirect, counts)] if record.redirect else []
        waiting += [(include, False) for include in reversed(record.includes)]
    return Walk(text=text, lookups=lookups, rest=rest, is_redirected=is_redirected)


def _is_spf(text: str) -> bool:
    return text.lower().split(" ", 1)[0] == _VERSION


def _record(name: str, texts: list[str]) -> _Record:
    if not texts:
        raise _WrongError(f"{name}, which the record includes, has no SPF record")
    if len(texts) > 1:
        raise _WrongError(f"{name} has {len(texts)} SPF records, and only one may be there")
    terms = [_term(name, term) for term in texts[0].lower().split(" ")[1:] if term]
    rest = next((qualifier or "+" for qualifier, kind, _ in terms if kind == "all"), "")
    redirects = [value for _, kind, value in terms if kind == "redirect"]
    if len(redirects) > 1:
        raise _WrongError(f"the record of {name} has two redirects")
    is_redirected = bool(redirects) and not rest  # 6.1: what says `all` is not redirected
    is_variable = is_redirected and "%" in redirects[0]
    asking = [kind for _, kind, _ in terms if kind in _ASKING and (kind != "redirect" or is_redirected)]
    return _Record(
        text=texts[0],
        includes=tuple(value for _, kind, value in terms if kind == "include" and "%" not in value),
        redirect=redirects[0] if is_redirected and not is_variable else "",
        lookups=len(asking),
        rest="%" if is_variable else rest,
    )


def _term(name: str, term: str) -> tuple[str, str, str]:
    """Return qualifier, kind and value of a term. Names in values lose a dot at their end."""
    mechanism = _MECHANISM.fullmatch(term)
    if mechanism is not None and _is_whole(*mechanism.groups(default="")):
        return mechanism[1], mechanism[2], (mechanism[3] or "").removesuffix(".")
    modifier = _MODIFIER.fullmatch(term)
    if modifier is None or (modifier[1] == "redirect" and not modifier[2]):
        raise _WrongError(f"{term[:60]} in the record of {name} is no term of SPF")
    # Of the other modifiers `exp` is for people, and those that nobody knows are ignored (6), whatever they are called.
    kind = "redirect" if modifier[1] == "redirect" else ""
    return "", kind, modifier[2].removesuffix(".")


def _is_whole(_qualifier: str, kind: str, value: str, prefix: str) -> bool:
    """Tell whether a mechanism has the value and the prefix length that its kind wants (RFC 7208, 5)."""
    if kind in ("ip4", "ip6"):
        return _is_network(kind, value + prefix)
    if kind == "all":
        return not value and not prefix
    return bool(value or kind not in _MUST_NAME) and (not prefix or kind in _WITH_PREFIX)


def _is_network(kind: str, value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.version == int(kind[-1])
