"""The last line of a message to somebody who is not part of the booking: why it came, and how to have no more of them."""

from tocsin.domain.text import one_line
from tocsin.formats import links
from tocsin.formats.fragments import filled
from tocsin.formats.stencils import Fragment

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


def footer(url: str, workspace_name: str, locale: str) -> Fragment:
    """Return the line, to stand behind the body; nothing if `url` is empty or no full http(s) address.

    `locale` is the workspace's; a language without words of its own gets the English ones.
    """
    target = links.link(url)
    if not target or target[:7].lower() == "mailto:":
        return Fragment()
    why, stop = _WORDS.get(locale.replace("_", "-").partition("-")[0].lower(), _WORDS["en"])
    template = f'<p>{why.format("{{workspace}}")} · <a href="{{{{url}}}}">{stop}</a></p>'
    return filled(template, {"workspace": one_line(workspace_name).strip(), "url": target})
