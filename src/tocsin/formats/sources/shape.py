"""The one shape of all sources: prove, read, tell. A source is a module here with a `FORMAT`, and a line in the table."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.domain.sources.news import News
from tocsin.domain.sources.source import Access, SourceKind

Answers = Mapping[str, object]  # what the other product answered, by the question's name; None: there is no such thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A call as it came: its headers by lower-case name, and the very octets of its body."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the other product is asked by GET before a call can be read; `authorization` is the header's value.

    `headers` are more of them.
    """

    name: str
    url: str
    authorization: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a call says: news of bookings, or what has to be asked first. `sentence` says why it is nothing, or what more.

    `about` is the booking that the questions are about, as the source calls it.
    """

    news: tuple[News, ...] = ()
    questions: tuple[Question, ...] = ()
    sentence: str = ""
    about: str = ""

    @property
    def bookings(self) -> tuple[str, ...]:
        """The bookings that it speaks of, each once, as the source calls them."""
        return tuple(dict.fromkeys(filter(None, (self.about, *(one.booking for one in self.news)))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How one product's calls are proved and read.

    `is_genuine` looks at the raw octets. `read` raises NotUnderstoodError; `at` is the moment of reading, for calls that carry
    none. `steps` tell a person what to paste where, given the address. `wants` are the fields of a source that it needs, `may`
    those that it can do without, and `secret_complaint` and `user_id_complaint` tell what cannot be one of it. `asks`: its
    calls only say what to ask for, so the same call again may be news.
    """

    kind: SourceKind
    is_genuine: Callable[[Incoming, Access, datetime], bool]
    read: Callable[[bytes, Access, Answers, datetime], Reading]
    steps: Callable[[str, Access], tuple[str, ...]]
    wants: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    makes_secret: bool = True
    asks: bool = False
    secret_complaint: Callable[[str], str | None] = lambda _secret: None
    user_id_complaint: Callable[[str], str | None] = lambda _user_id: None


def is_same(told: str, right: str) -> bool:
    """Compare what a caller told with what is right, in a time that tells nothing; nothing is never right."""
    return bool(right) and hmac.compare_digest(told.encode("utf-8", "surrogateescape"), right.encode())
