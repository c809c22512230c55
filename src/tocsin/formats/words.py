"""The fixed words of what recipients see, in their language: the gettext catalogs in `locale/`.

English stands in the code. A language is a file `locale/<language>/LC_MESSAGES/tocsin.po`; it is compiled when a process first
needs it, so that what is read by people is what is used. `make messages` brings the files up to the code.
"""

import gettext
import io
import re
from functools import cache, lru_cache
from importlib.resources import files

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = "en"
_FOLDER = files("tocsin") / "locale"
LANGUAGES = frozenset({SOURCE, *(one.name for one in _FOLDER.iterdir())})
_MOST_WISHES = 20  # languages of an Accept-Language that are looked at
_WISH = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?")


def language(locale: str) -> str:
    """Return the language whose words are used for `locale`: its own if there are any, or English."""
    own = re.split(r"[_\-]", locale, maxsplit=1)[0].lower()
    return own if own in LANGUAGES else SOURCE


@lru_cache(maxsize=256)
def words(locale: str) -> gettext.NullTranslations:
    """Return what translates our words for `locale`: `words(locale).gettext("…")`."""
    return _catalog(language(locale))


def marked(text: str) -> str:
    """Return `text`, which is translated somewhere else; so it is found for the catalogs."""
    return text


def wished(accept_language: str) -> str | None:
    """Return the language with words of ours that an Accept-Language asks for first (RFC 9110, 12.5.4), or None."""
    found = [_WISH.fullmatch(one) for one in accept_language.split(",")[:_MOST_WISHES]]
    wishes = [(float(one[2] or 1), one[1].lower()) for one in found if one is not None and one[1].lower() in LANGUAGES]
    weight, wish = max(wishes, key=lambda each: each[0], default=(0.0, ""))
    return wish if weight > 0 else None


@cache
def _catalog(name: str) -> gettext.NullTranslations:
    if name == SOURCE:
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with (_FOLDER / name / "LC_MESSAGES" / "tocsin.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
