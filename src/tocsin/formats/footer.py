"""The last line of a message to somebody who is not part of the booking: why it came, and how to have no more of them."""

from functools import cache

from tocsin.domain.text import one_line
from tocsin.formats import links
from tocsin.formats.fragments import filled
from tocsin.formats.stencils import Fragment
from tocsin.formats.words import language, words


def footer(url: str, workspace_name: str, locale: str) -> Fragment:
    """Return the line, to stand behind the body; nothing if `url` is empty or no full http(s) address.

    `locale` is the recipient's; a language without words of its own gets the English ones.
    """
    target = links.link(url)
    if not target or target[:7].lower() == "mailto:":
        return Fragment()
    return filled(_template(language(locale)), {"workspace": one_line(workspace_name).strip(), "url": target})


@cache  # there are few languages
def _template(locale: str) -> str:
    why = words(locale).gettext("You receive this because {workspace} tells you of its bookings.")
    stop = words(locale).gettext("Stop these messages")
    return f'<p>{why.format(workspace="{{workspace}}")} · <a href="{{{{url}}}}">{stop}</a></p>'
