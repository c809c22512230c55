"""The catalogs of our words: up to the code, whole, and such that nothing can go wrong where they are put in."""

import re
import runpy
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tocsin.formats.words import LANGUAGES, SOURCE

SCRIPT = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "messages.py"))
CATALOGS: dict[str, Path] = SCRIPT["catalogs"]()
EACH = pytest.mark.parametrize("language", CATALOGS)
PLACE = re.compile(r"\{+[a-z_.]*\}+")
LRM = "\u200e"


def messages(language: str) -> list[Message]:
    with CATALOGS[language].open("rb") as source:
        catalog: Catalog = read_po(source, locale=language)
    return [one for one in catalog if one.id]


def places(text: object) -> set[str]:
    return set(PLACE.findall(str(text)))


def complaints(message: Message) -> list[str]:
    """Return what is wrong with a translation."""
    text = str(message.string)
    found = {
        "it has no translation": not text.strip(),
        "it is fuzzy": message.fuzzy,
        "its places are others": places(message.id) != places(text),
        "it holds what HTML reads": bool(set('<>&"') & set(text)),
        "it holds a control character": any(unicodedata.category(one) in {"Cc", "Zl", "Zp"} for one in text),
        "it begins or ends in a blank": text != text.strip(),
    }
    return [sentence for sentence, is_so in found.items() if is_so]


def test_every_language_with_words_has_a_catalog() -> None:
    assert set(CATALOGS) == LANGUAGES - {SOURCE}


@EACH
def test_a_catalog_holds_the_words_that_are_in_the_code_and_no_others(language: str) -> None:
    path = CATALOGS[language]

    assert path.read_text("utf-8") == SCRIPT["updated"](language, path), "run `make messages`"
    assert {one.id for one in messages(language)} == {one.id for one in SCRIPT["said"]() if one.id}


@EACH
def test_every_translation_is_there_and_fits(language: str) -> None:
    wrong = {one.id: complaints(one) for one in messages(language) if complaints(one)}

    assert wrong == {}


@pytest.mark.parametrize(
    ("source", "translation", "wrong"),
    [
        ("Stop {workspace}", "", "it has no translation"),
        ("Stop {workspace}", "Stopp", "its places are others"),
        ("Stop {workspace}", "Stopp {workspaze}", "its places are others"),
        ("On {{booking.starts_at}}", "Am {booking.starts_at}", "its places are others"),
        ("Stop", "<b>Stopp</b>", "it holds what HTML reads"),
        ("Stop", "Stopp\n", "it holds a control character"),
        ("Stop", " Stopp", "it begins or ends in a blank"),
    ],
)
def test_a_translation_that_does_not_fit_is_found(source: str, translation: str, wrong: str) -> None:
    assert wrong in complaints(Message(source, translation))


def test_a_fuzzy_translation_is_found() -> None:
    assert complaints(Message("Stop", "Stopp", flags=["fuzzy"])) == ["it is fuzzy"]


def test_in_arabic_mails_the_values_keep_their_own_direction() -> None:
    # On pages <bdi> does that. In text a mark on each side keeps the punctuation of a Latin name from running away.
    in_mails = [one for one in messages("ar") if not any(str(name).startswith("web/") for name, _ in one.locations)]
    for one in in_mails:
        for place in places(one.string) & {"{workspace}", "{subject}", "{{booking.cancel_reason}}"}:
            assert f"{place}{LRM}" in str(one.string), one.id


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("words(locale).gettext('New words')", {"New words"}),
        ("raise NotFoundError(marked('New words'))", {"New words"}),
        ("say('not for recipients')", set()),
        ("words(locale).gettext(text)", set()),
    ],
)
def test_words_in_the_code_are_found(tmp_path: Path, planted: str, found: set[str]) -> None:
    (tmp_path / "planted.py").write_text(planted)
    said: Any = SCRIPT["said"]

    assert {one.id for one in said(tmp_path) if one.id} == found
