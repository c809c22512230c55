"""A20: whatever a template and its values hold, what comes out has the few tags, the one attribute and the three schemes."""

from collections.abc import Iterator
from html.parser import HTMLParser
from random import Random
from urllib.parse import urlsplit

from tests.torture.hostile import READABLE
from tests.torture.rig import Rig
from tests.torture.tenants import some
from tocsin.formats import html

TAGS = set("h1 h2 h3 h4 h5 br strong em a s code u ul ol li p span".split())  # noqa: SIM905  shorter to read
MARKUP = (
    "<p>",
    "</p>",
    "<ul>",
    "<li>",
    "</ul>",
    "<a href='{{n}}'>",
    '<a href="https://x.example/?q={{n}}">',
    "<a href=",
    "</a>",
    '<a href="javascript:canary()">',
    '<a href="data:text/html,<script>canary()</script>">',
    '<a href="//evil.example">',
    '<a href="&#x6a;avascript:canary()">',
    '<a href="java\nscript:canary()">',
    '<a href=" vbscript:canary()">',
    "<script>canary()</script>",
    "<img src=x onerror=canary()>",
    "<svg onload=canary()>",
    "<svg><style><img src=x onerror=canary()>",
    "<math><mtext><table><mglyph><style><img src=x onerror=canary()>",
    "<body onload=canary()>",
    "<iframe srcdoc='<script>canary()</script>'>",
    "<details open ontoggle=canary()>",
    "<input autofocus onfocus=canary()>",
    "<style>@import '//evil.example'</style>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0>",
    "<form action=//evil.example>",
    "<object data=x>",
    "<noscript><p title='</noscript><img src=x onerror=canary()>'>",
    "<template><script>canary()</script></template>",
    "<!--",
    "-->",
    "<!--><img src=x onerror=canary()>",
    "<![CDATA[",
    "]]>",
    "<?xml",
    "<!DOCTYPE x>",
    "<",
    ">",
    "</",
    '"',
    "'",
    "`",
    "{{n}}",
    "{{",
    "}}",
    "<strong>",
    "<em>",
    "<span onclick=canary()>",
    "<span style='x:expression(canary())'>",
    "text",
    "\n",
    "&lt;",
)


class Reader(HTMLParser):
    """Notes whatever is not on the lists; it is the standard library's reader, and none of ours."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            is_link = tag == "a" and name == "href" and urlsplit(value or "").scheme in ("http", "https", "mailto")
            if not is_link and (tag, name, value) != ("a", "rel", "noopener noreferrer"):
                self.wrong.append(f"<{tag} {name}={value}>")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"<?{data}")


def filled(size: int) -> Iterator[str]:
    """Yield so many templates, each filled with a hostile value."""
    for number in range(size):
        chance = Random(f"A20 {number}")
        template = "".join(chance.choices(MARKUP, k=chance.randint(1, 12)))
        value = "".join(chance.choices((*MARKUP, *READABLE), k=chance.randint(1, 4)))
        yield html.fill(template, {"n": value})


def test_no_template_and_no_value_brings_in_what_is_not_on_the_lists(rig: Rig) -> None:
    size, wrong = rig.size(quick=400, nightly=20_400), []

    for text in filled(size):
        reader = Reader()
        reader.feed(text)
        reader.close()
        wrong += reader.wrong

    rig.found(
        "A20",
        f"{len(wrong)} tags, attributes or schemes outside of the lists in {size:,}{some(wrong)}",
        is_met=not wrong,
    )
