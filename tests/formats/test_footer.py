"""The line that says why a message came, and how to have no more."""

import pytest
from hypothesis import given

from tests.formats.letters import hostile_text
from tocsin.formats import html
from tocsin.formats.footer import footer
from tocsin.formats.markup import Tag, read
from tocsin.formats.stencils import Fragment

URL = "https://acme.example.com/opt-out/AbC-_123"
ENGLISH = f"You receive this because Acme tells you of its bookings. · Stop these messages ({URL})"


def test_the_line_says_why_and_leads_out() -> None:
    line = footer(URL, "Acme", "en")

    assert line.html == (
        "<p>You receive this because Acme tells you of its bookings. · "
        f'<a href="{URL}" rel="noopener noreferrer">Stop these messages</a></p>'
    )
    assert line.text == ENGLISH


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de", "Keine Nachrichten mehr"),
        ("de_AT", "Keine Nachrichten mehr"),
        ("fr-CH", "Ne plus recevoir de messages"),
        ("es", "No recibir más mensajes"),
        ("it", "Non ricevere più messaggi"),
        ("nl", "Geen berichten meer"),
        ("pt_BR", "Não receber mais mensagens"),
        ("hi", "ये संदेश बंद करें"),
        ("ja", "配信を停止する"),
        ("ar-EG", "إيقاف هذه الرسائل"),
        ("sv", "Stop these messages"),
        ("den", "Stop these messages"),
        ("", "Stop these messages"),
    ],
)
def test_it_is_in_the_readers_language_or_in_english(locale: str, words: str) -> None:
    line = footer(URL, "Acme", locale)

    assert f">{words}</a>" in line.html
    assert "Acme" in line.text
    assert "{" not in line.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mailto:stop@example.com",
        "MAILTO:stop@example.com",
        "javascript:alert(1)",
        "/opt-out/x",
        "https://user@example.com/x",
    ],
)
def test_without_a_way_out_there_is_no_line(url: str) -> None:
    assert footer(url, "Acme", "en") == Fragment()


@given(name=hostile_text)
def test_no_name_adds_a_tag_or_breaks_the_line(name: str) -> None:
    line = footer(URL, name, "en")

    tags = [(piece.name, piece.is_end) for _, piece in read(line.html) if isinstance(piece, Tag)]
    assert tags == [("p", False), ("a", False), ("a", True), ("p", True)]
    assert html.clean(line.html) == line.html
    assert html.to_text(line.html) == line.text
    assert "\n" not in line.text
    assert line.text.endswith(f"Stop these messages ({URL})")
