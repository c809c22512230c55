"""Brings the catalogs in src/tocsin/locale up to the words in the code: `make messages`; a test compares the two.

New words come without a translation, and what is said nowhere any more goes. For a new language make its folder first:
`mkdir -p src/tocsin/locale/xx/LC_MESSAGES && touch src/tocsin/locale/xx/LC_MESSAGES/tocsin.po`.
"""

import io
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

SOURCE = Path(__file__).parent.parent / "src" / "tocsin"
# Where words for the catalogs stand, and what takes them: functions of formats/words.py, and `say` in pages.
_PLACES: list[tuple[Any, dict[str, None]]] = [
    ([("**.py", "python")], {"gettext": None, "marked": None}),
    ([("web/templates/**.html", babel_extract)], {"say": None}),
]
_HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def catalogs() -> dict[str, Path]:
    """Return the file of each language."""
    return {path.parts[-3]: path for path in sorted((SOURCE / "locale").glob("*/LC_MESSAGES/tocsin.po"))}


@cache
def said(folder: Path = SOURCE) -> Catalog:
    """Return all words in the code of a folder that are to be translated, with the files that they stand in."""
    found = Catalog()
    for methods, keywords in _PLACES:
        for name, _, message, _, _ in extract_from_dir(folder, methods, keywords=keywords):
            found.add(message, None, [(name, 0)])
    return found


def updated(language: str, path: Path) -> str:
    """Return what the file of a language is to hold: its translations of the words that are in the code now."""
    with path.open("rb") as source:
        catalog = read_po(source, locale=language)
    catalog.update(said(), no_fuzzy_matching=True)
    written = io.BytesIO()
    write_po(
        written, catalog, width=120, omit_header=True, sort_by_file=True, ignore_obsolete=True, include_lineno=False
    )
    return _HEADER.format(language=language) + written.getvalue().decode().strip("\n") + "\n"


if __name__ == "__main__":
    for name, file in catalogs().items():
        file.write_text(updated(name, file), "utf-8")
