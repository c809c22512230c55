"""The fixed words of messages: in whose language, and where they are not translated."""

import pytest

from tocsin.formats.words import LANGUAGES, _catalog, language, marked, wished, words

GREETING = "Stop these messages"


@pytest.fixture(autouse=True)
def _read_anew() -> None:
    """Let each test read the catalogs, whatever was read in this process before."""
    _catalog.cache_clear()


def test_these_languages_have_words() -> None:
    assert {"ar", "de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt"} == LANGUAGES


@pytest.mark.parametrize(
    ("locale", "own"),
    [
        ("de", "de"),
        ("de_AT", "de"),
        ("pt-BR", "pt"),
        ("AR-eg", "ar"),
        ("sv", "en"),
        ("den", "en"),
        ("", "en"),
        ("../de", "en"),
    ],
)
def test_a_locale_has_the_words_of_its_language_or_english_ones(locale: str, own: str) -> None:
    assert language(locale) == own
    assert words(locale).gettext(GREETING) == words(own).gettext(GREETING)


def test_english_is_what_stands_in_the_code() -> None:
    assert words("en").gettext(GREETING) == GREETING == marked(GREETING)
    assert words("de").gettext(GREETING) == "Keine Nachrichten mehr"


def test_what_is_in_no_catalog_stays_as_it_is() -> None:
    assert words("ja").gettext("the database is busy") == "the database is busy"


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("sv-SE, fr;q=0.5, ja;q=0.7", "ja"),
        ("fr;q=0.3,en;q=0.3", "fr"),
        ("DE ; q=0.1", "de"),
        ("sv, fi", None),
        ("*", None),
        ("", None),
        ("de;q=0", None),
        ("de;q=2", None),
        ("de;q=x, \u0661", None),
        (",,;,", None),
        ("sv," * 20 + "de", None),
    ],
)
def test_a_browser_asks_for_the_language_that_it_wants_most(header: str, wish: str | None) -> None:
    assert wished(header) == wish
