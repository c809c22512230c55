"""The editor of mails: what it shows, what it writes into the form's field, and what it never lets in."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Locator, expect

from tests.browser.site import CANARY
from tests.browser.workshop import Workshop
from tocsin.formats.html import clean
from tocsin.formats.html import complaints as complaints_about
from tocsin.formats.markup import TAGS
from tocsin.formats.plaintext import to_text


def opened(work: Workshop, html: str = "", more: str = "") -> Locator:
    """Show a field with `html` in it; return the editor that stands in its place."""
    text = html.replace("&", "&amp;").replace("<", "&lt;")
    work.open(
        '<form><p class="field"><label for="b">Mail</label><textarea id="b" name="body" data-island="html"'
        f' data-variables="#template-variables" {more}>{text}</textarea></p><button>Save</button></form>'
    )
    return work.page.get_by_role("textbox", name="Mail").locator("visible=true")


def button(work: Workshop, name: str) -> Locator:
    return work.page.get_by_role("toolbar", name="Format: Mail").get_by_role("button", name=name, exact=True)


def paste(work: Workshop, html: str, text: str = "") -> None:
    """Paste as a browser does: an event with what another program has put on the clipboard."""
    work.page.evaluate(
        """([html, text]) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData('text/html', html);
            clipboardData.setData('text/plain', text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        }""",
        [html, text],
    )


# What it writes


def test_what_is_typed_stands_in_the_forms_field(work: Workshop) -> None:
    editor = opened(work)
    work.page.evaluate("document.forms[0].addEventListener('input', () => { document.title = 'changed' })")

    editor.click()
    work.page.keyboard.type("Hello & <b>")
    work.page.keyboard.press("Enter")
    work.page.keyboard.press("Control+b")
    work.page.keyboard.type("you")

    expect(work.field("body")).to_have_value("<p>Hello &amp; &lt;b&gt;</p>\n<p><strong>you</strong></p>")
    expect(work.page).to_have_title("changed")
    expect(work.field("body")).to_be_hidden()


def test_nothing_is_written_as_long_as_nothing_is_changed(work: Workshop) -> None:
    source = "<p>One</p>   <p >two<br/>three</p>"
    editor = opened(work, source)
    editor.click()
    work.page.keyboard.press("Control+End")

    expect(work.field("body")).to_have_value(source)


def test_an_emptied_editor_is_an_empty_field(work: Workshop) -> None:
    editor = opened(work, "<h2>Hello</h2>")
    editor.click()
    work.page.keyboard.press("Control+a")
    work.page.keyboard.press("Delete")
    work.page.get_by_role("button", name="Kind of paragraph").click()
    work.page.get_by_role("menuitemradio", name="Paragraph").click()

    expect(work.field("body")).to_have_value("")


@pytest.mark.parametrize(
    ("tool", "written"),
    [
        ("Bold", "<p><strong>words</strong></p>"),
        ("Italic", "<p><em>words</em></p>"),
        ("Underline", "<p><u>words</u></p>"),
        ("Strikethrough", "<p><s>words</s></p>"),
        ("Code", "<p><code>words</code></p>"),
        ("Bullet list", "<ul>\n<li>words</li>\n</ul>"),
        ("Numbered list", "<ol>\n<li>words</li>\n</ol>"),
    ],
)
def test_each_tool_makes_its_tag_shows_itself_pressed_and_can_be_undone(
    work: Workshop, tool: str, written: str
) -> None:
    editor = opened(work, "<p>words</p>")
    editor.click()
    work.page.keyboard.press("Control+a")
    expect(button(work, tool)).to_have_attribute("aria-pressed", "false")

    button(work, tool).click()

    expect(work.field("body")).to_have_value(written)
    expect(button(work, tool)).to_have_attribute("aria-pressed", "true")
    button(work, "Undo").click()
    expect(work.field("body")).to_have_value("<p>words</p>")
    button(work, "Redo").click()
    expect(work.field("body")).to_have_value(written)


def test_a_paragraph_becomes_a_heading(work: Workshop) -> None:
    opened(work, "<p>words</p>").click()
    for level in range(1, 6):
        work.page.get_by_role("button", name="Kind of paragraph").click()
        work.page.get_by_role("menuitemradio", name=f"Heading {level}").click()

        expect(work.field("body")).to_have_value(f"<h{level}>words</h{level}>")
        expect(work.page.get_by_role("button", name="Kind of paragraph")).to_have_text(f"Heading {level}")


def test_the_items_of_a_list_go_further_in_and_out_and_tab_leaves_the_editor(work: Workshop) -> None:
    opened(work, "<ul><li>one</li><li>two</li></ul>").click()
    work.page.keyboard.press("Control+End")

    button(work, "Further in").click()
    expect(work.field("body")).to_have_value("<ul>\n<li>one\n<ul>\n<li>two</li>\n</ul></li>\n</ul>")
    work.page.keyboard.press("Control+[")
    expect(work.field("body")).to_have_value("<ul>\n<li>one</li>\n<li>two</li>\n</ul>")
    expect(button(work, "Further in")).to_have_attribute("aria-disabled", "false")
    work.page.keyboard.press("Tab")
    expect(work.page.get_by_role("button", name="Save")).to_be_focused()


# Links


def test_a_link_is_set_changed_and_taken_away_in_a_line_below_the_toolbar(work: Workshop) -> None:
    editor = opened(work, "<p>words</p>")
    editor.click()
    work.page.keyboard.press("Control+a")
    button(work, "Link").click()
    asked = work.page.get_by_label("Link to")
    expect(asked).to_be_focused()
    asked.fill("https://example.com/a?b=1&c={{client.email}}")
    work.page.keyboard.press("Enter")
    expect(work.field("body")).to_have_value(
        '<p><a href="https://example.com/a?b=1&amp;c={{client.email}}">words</a></p>'
    )
    expect(editor).to_be_focused()

    button(work, "Link").click()
    expect(asked).to_have_value("https://example.com/a?b=1&c={{client.email}}")
    asked.fill("ann@example.com")
    work.page.get_by_role("button", name="Set link").click()
    expect(work.field("body")).to_have_value('<p><a href="mailto:ann@example.com">words</a></p>')

    button(work, "Link").click()
    work.page.get_by_role("button", name="Remove link").click()
    expect(work.field("body")).to_have_value("<p>words</p>")


@pytest.mark.parametrize(
    "href", ["javascript:canary()", " JaVaScRiPt:canary()", "data:text/html,x", "/rules", "//x.example", "http:x"]
)
def test_a_link_that_leads_elsewhere_is_refused_with_what_would_be_right(work: Workshop, href: str) -> None:
    opened(work, "<p>words</p>").click()
    work.page.keyboard.press("Control+a")
    button(work, "Link").click()
    work.page.get_by_label("Link to").fill(href)
    work.page.keyboard.press("Enter")

    expect(work.page.get_by_role("alert")).to_contain_text("begins with https://")
    expect(work.page.get_by_label("Link to")).to_be_focused()
    work.page.keyboard.press("Escape")
    expect(work.page.get_by_label("Link to")).to_be_hidden()
    expect(work.field("body")).to_have_value("<p>words</p>")


# Variables


def test_a_variable_is_a_chip_that_is_written_as_it_was(work: Workshop) -> None:
    editor = opened(work, "<p>Hello {{ client.name }}, {{client.nmae}}, {{7*7}}</p>")

    expect(editor.locator(".variable")).to_have_text(["{{client.name}}", "{{client.nmae}}"])
    expect(editor.get_by_title("the client's full name")).to_be_visible()
    expect(editor.get_by_title("There is no such variable")).to_be_visible()
    editor.click()
    work.page.keyboard.press("Control+End")
    work.page.keyboard.type("!")
    expect(work.field("body")).to_have_value("<p>Hello {{ client.name }}, {{client.nmae}}, {{7*7}}!</p>")


def test_a_variable_is_inserted_by_the_menu_or_typed_and_goes_as_a_whole(work: Workshop) -> None:
    editor = opened(work, "<p>Hello </p>")
    editor.click()
    work.page.keyboard.press("Control+End")
    button(work, "Insert variable").click()
    work.page.get_by_role("menuitem", name="client.first_name").click()
    expect(editor).to_be_focused()
    work.page.keyboard.type(" and {{host.name}}")

    expect(work.field("body")).to_have_value("<p>Hello{{client.first_name}} and {{host.name}}</p>")
    expect(editor.locator(".variable")).to_have_count(2)
    work.page.keyboard.press("Backspace")
    expect(work.field("body")).to_have_value("<p>Hello{{client.first_name}} and </p>")


# Source


def test_the_source_is_the_plain_field_and_both_show_the_same(work: Workshop) -> None:
    editor = opened(work, "<p>one</p>")
    source = work.page.locator("textarea")
    button(work, "Source").click()
    expect(source).to_be_visible()
    expect(button(work, "Source")).to_have_attribute("aria-pressed", "true")
    expect(button(work, "Bold")).to_have_attribute("aria-disabled", "true")

    source.fill("<p>two</p>")
    button(work, "Insert variable").click()
    work.page.get_by_role("menuitem", name="host.name").click()
    expect(source).to_have_value("<p>two</p>{{host.name}}")
    button(work, "Source").click()

    expect(editor.locator("p")).to_have_text(["two", "{{host.name}}"])
    expect(editor).to_be_focused()


@pytest.mark.parametrize(
    "source",
    [
        "<table><tr><td>x</td></tr></table>",
        f"<p>x</p>{CANARY}",
        '<p><a href="javascript:canary()">x</a></p>',
        "<p>x<!-- y --></p>",
        "<h1><p>x</p></h1>",
    ],
)
def test_what_the_editor_would_change_is_shown_as_source_and_stays(work: Workshop, source: str) -> None:
    editor = opened(work, source)

    expect(work.page.locator("textarea")).to_be_visible()
    expect(work.page.locator("textarea")).to_have_value(source)
    expect(work.page.get_by_role("status")).to_contain_text("cannot show")
    button(work, "Source").click()
    expect(work.page.locator("textarea")).to_be_visible()

    work.page.locator("textarea").fill("<p>fine</p>")
    button(work, "Source").click()
    expect(editor.locator("p")).to_have_text("fine")
    expect(work.page.get_by_role("status")).to_have_text("")


# What is pasted

PASTED = f"""<div style="color: red" onclick="canary()"><h6>Head</h6><table><tr><td>cell</td></tr></table>
<p class="x">see <a href="https://example.com/" onclick="canary()" target="_blank">this</a>, not
<a href="javascript:canary()">that</a> <b>bold</b> <font color="red">red</font> {{{{client.name}}}}</p>
<img src="/x.png" onerror="canary()"><iframe srcdoc="{CANARY}"></iframe><svg onload="canary()"></svg>
<script>canary()</script><style>p {{ color: red }}</style><ol start="7"><li>seven</li></ol></div>"""


def test_pasted_html_is_cut_to_the_allowed_tags_and_nothing_in_it_runs(work: Workshop) -> None:
    editor = opened(work)
    editor.click()

    paste(work, PASTED)

    expect(editor).to_contain_text("seven")
    written = work.field("body").input_value()
    assert complaints_about(written) == []
    assert '<a href="https://example.com/">this</a>' in written
    assert "not that <strong>bold</strong> red {{client.name}}" in written
    assert "<ol>\n<li>seven</li>\n</ol>" in written
    assert editor.locator("img, script, iframe, svg, style").count() <= editor.locator(".ProseMirror-separator").count()


def test_what_other_programs_say_by_styles_is_pasted_as_tags(work: Workshop) -> None:
    opened(work).click()

    paste(
        work,
        '<b style="font-weight:normal" id="docs-internal-guid"><p><span style="font-weight:700">bold</span> and '
        '<span style="font-style:italic; text-decoration:underline">both</span></p></b>',
    )

    expect(work.field("body")).to_have_value("<p><strong>bold</strong> and <em><u>both</u></em></p>")


def test_pasted_plain_text_is_text(work: Workshop) -> None:
    editor = opened(work)
    editor.click()

    paste(work, "", f"one {{{{host.name}}}}\n\n{CANARY}")

    expect(editor.locator(".variable")).to_have_count(1)
    written = work.field("body").input_value()
    assert written.startswith("<p>one {{host.name}}</p>\n<p>&lt;img src=x")


# What was there before comes out meaning the same


class Meaning(HTMLParser):
    """Each character of a document that is seen, with what it stands in; `p` and `span` say nothing of their own."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, tuple[str, ...], frozenset[str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append(f"a {dict(attrs).get('href')}" if tag == "a" else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "br":
            assert self.open.pop().split()[0] == tag

    def handle_data(self, data: str) -> None:
        blocks = tuple(one for one in self.open if one[0] == "h" or one in ("ul", "ol", "li"))
        marks = frozenset(one for one in self.open if one not in blocks and one not in ("p", "span"))
        self.seen += [(one, blocks, marks) for one in data if one not in " \n"]


def inline(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inside, min_size=1, max_size=3).map("".join)
    return st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["strong", "em", "s", "code", "u", "span"]), several)


WORD = st.sampled_from(
    ["one", "zwei ", " δύο", "a &amp; b", "&lt;p&gt;", "{{client.name}}", "{{7*7}}", "x:", "y\nz", "&nbsp;"]
)
INLINE = st.recursive(WORD, inline, max_leaves=5)
HREF = st.sampled_from(
    ["https://example.com/?a=1&amp;b={{client.email}}", "{{meeting.scheduling_url}}", "mailto:a@example.com"]
)
LINKED = st.builds('<a href="{}">{}</a>y'.format, HREF, INLINE)  # two beside each other to one address are one
LINE = st.lists(INLINE | LINKED | st.just("x<br>y"), min_size=1, max_size=4).map(lambda parts: f"x{''.join(parts)}x")
BLOCK = st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["p", "h1", "h2", "h3", "h4", "h5"]), LINE)


def listed(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    item = (LINE | st.builds("{}{}".format, LINE, inside) | inside).map("<li>{}</li>".format)
    return st.builds(
        "<{0}>{1}</{0}>".format, st.sampled_from(["ul", "ol"]), st.lists(item, min_size=1, max_size=3).map("".join)
    )


DOCUMENT = st.lists(st.recursive(BLOCK, listed, max_leaves=4) | BLOCK, min_size=1, max_size=4).map("\n".join) | LINE


def test_what_is_allowed_comes_out_meaning_the_same(work: Workshop) -> None:
    editor = opened(work)
    field = work.page.locator("textarea")

    @settings(max_examples=25, deadline=None)
    @given(document=DOCUMENT)
    def tried(document: str) -> None:
        assert complaints_about(document) == []
        button(work, "Source").click()
        field.fill(document)
        button(work, "Source").click()
        expect(field).to_be_hidden()
        editor.focus()
        work.page.keyboard.press("Control+End")
        work.page.keyboard.type("x")
        assert field.input_value() != document  # it is written anew
        work.page.keyboard.press("Backspace")
        written = field.input_value()
        assert Meaning(written).seen == Meaning(document).seen
        assert lines(written) == lines(document)

    tried()


def lines(html: str) -> list[str]:
    """Return the lines of the plain-text part; blanks aside, of which HTML shows only one of several."""
    return to_text(clean(html)).replace(" ", "").splitlines()


def html_text(document: str) -> str:
    return document.replace("&", "&amp;").replace("<", "&lt;")


def test_every_allowed_tag_is_tried(work: Workshop) -> None:
    everything = "".join(f"<{tag}>x</{tag}>" for tag in sorted(TAGS - {"br", "ul", "ol", "li", "a"}))
    editor = opened(work, f'{everything}<ul><li>x<br>y</li></ul><ol><li>z</li></ol><a href="https://example.com">a</a>')

    expect(editor).to_be_visible()
    for tag in TAGS - {"span"}:
        expect(editor.locator(tag).first).to_be_attached()


# Everybody can use it


def test_the_toolbar_is_one_stop_of_the_tab_key_and_arrows_move_in_it(work: Workshop) -> None:
    editor = opened(work, "<p>words</p>")
    keys = work.page.keyboard
    editor.focus()
    keys.press("Alt+F10")
    expect(work.page.get_by_role("button", name="Kind of paragraph")).to_be_focused()
    keys.press("ArrowRight")
    expect(button(work, "Bold")).to_be_focused()
    keys.press("End")
    expect(button(work, "Source")).to_be_focused()
    keys.press("ArrowRight")
    keys.press("ArrowLeft")
    expect(button(work, "Source")).to_be_focused()
    keys.press("Home")
    keys.press("ArrowDown")
    expect(work.page.get_by_role("menuitemradio", name="Paragraph")).to_be_focused()
    keys.press("Escape")

    keys.press("Tab")

    expect(editor).to_be_focused()


def test_the_editor_has_the_name_the_hint_and_the_trouble_of_its_field(work: Workshop) -> None:
    more = 'aria-describedby="said" aria-invalid="true" required'
    editor = opened(work, "<p>words</p>", more)
    work.page.evaluate("document.forms[0].insertAdjacentHTML('beforeend', '<p id=said>is too long</p>')")

    expect(editor).to_have_accessible_name("Mail")
    expect(editor).to_have_accessible_description("is too long")
    expect(editor).to_have_attribute("aria-invalid", "true")
    expect(editor).to_have_attribute("aria-required", "true")
    work.page.get_by_text("Mail", exact=True).click()
    expect(editor).to_be_focused()


def test_a_form_that_is_reset_is_as_it_was(work: Workshop) -> None:
    editor = opened(work, "<p>words</p>")
    editor.click()
    work.page.keyboard.type("other ")
    work.page.evaluate("document.forms[0].reset()")

    expect(editor).to_have_text("words")
    expect(work.field("body")).to_have_value("<p>words</p>")
