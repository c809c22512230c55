"""The last line of a message to somebody who is not part of the booking: why it came, and how to have no more of them."""

from markupsafe import escape

from tocsin.domain.text import one_line
from tocsin.formats import html, links

# Why it came, and the words of the link, by language.
_WORDS = {
    "de": ("Sie erhalten diese Nachricht, weil {} Sie über Buchungen informiert.", "Keine Nachrichten mehr"),
    "en": ("You receive this because {} tells you of its bookings.", "Stop these messages"),
    "es": ("Recibe este mensaje porque {} le informa de sus reservas.", "No recibir más mensajes"),
    "fr": ("Vous recevez ce message parce que {} vous informe de ses réservations.", "Ne plus recevoir de messages"),
    "it": ("Ricevi questo messaggio perché {} ti informa delle sue prenotazioni.", "Non ricevere più messaggi"),
    "nl": ("U ontvangt dit bericht omdat {} u op de hoogte houdt van boekingen.", "Geen berichten meer"),
    "pt": ("Recebe esta mensagem porque {} envia informações sobre reservas.", "Não receber mais mensagens"),
}


def footer(url: str, workspace_name: str, locale: str) -> str:
    """Return the line as sanitised HTML, to stand behind the body; nothing if `url` is empty or no full http(s) address.

    `locale` is the workspace's; a language without words of its own gets the English ones. `html.to_text` makes the same
    line of the plain-text part of it.
    """
    target = links.web(url)
    if not target:
        return ""
    why, stop = _WORDS.get(locale.replace("_", "-").partition("-")[0].lower(), _WORDS["en"])
    shown = escape(one_line(workspace_name).strip())
    return html.clean(f'<p>{why.format(shown)} · <a href="{escape(target)}">{stop}</a></p>')
