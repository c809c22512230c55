import re
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.letters import hostile_text
from tocsin.formats import html, markup

SOUP = (
    "<p>", "</p>", "<ul>", "<li>", "</ul>", "<a href=", '"https://x.example"', ">", "</a>", "<em>", "</strong>", "<br/>",
    "{{n}}", "<script>", "</script>", "<!--", "-->",
    "<svg><style>", "javascript:", "&lt;", "&#x6a;", "'", "text ", "<span onclick=x>",
    "<a href='{{n}}'>", "<a href=\"https://x.example/?q={{n}}\">", "<", "</", "<![CDATA[", "<math><mtext>", "\n",
)  # fmt: skip
FORMATS = "<u><s><em><strong><code>" * 3  # left open, a browser opens them again in each paragraph
soup = st.lists(st.one_of(st.sampled_from(SOUP), st.text(max_size=5)), max_size=30).map("".join)


@pytest.mark.parametrize(
    "template",
    [
        "",
        "plain text, a < b, c > d & e <3 </",
        "<h1>x</h1><h5>y</h5><p>a<br>b<br/>c<p>d <strong><em>e</em></strong> <s>f</s> <u>g</u> <code>h</code> <span>i</span>",
        "<ul><li>a<li>b</ul><ol><li>c</li></ol></p></a>",
        '<A HREF="https://x.example/?a=1&amp;b=2">x</A>',
        "<a href='{{meeting.join_url}}'>x</a> <a href={{meeting.join_url}}>x</a> <a href=\" {{ meeting.join_url }} \">x</a>",
        '<a href="https://x.example/?q={{client.name}}&r={{client.email}}#{{booking.id}}">x</a>',
        '<a href="mailto:ana@example.com">x</a><a>y</a>',
        "{{client.name}} {{no.such}} {{7*7}} {% x %}",
        "<p>" * 60,
        "<ul>" + "<li>x" * 60 + "</ul>",
    ],
)
def test_a_template_of_allowed_things_has_no_complaints(template: str) -> None:
    assert html.complaints(template) == []


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("ab <script>x", "<script> is not allowed (line 1, column 4); allowed tags: a br code em h1"),
        ("a\nb<IMG src=x>", "<img> is not allowed (line 2, column 2)"),
        ("</div>", "<div> is not allowed"),
        ('<p class="x">', "the attribute class of <p> is not allowed (line 1, column 1); the only one is href of <a>"),
        ("<p href='https://x.example'>", "the attribute href of <p> is not allowed"),
        ("<a onclick=x>", "the attribute onclick of <a> is not allowed"),
        ("<a @click=x>", "the attribute @click of <a> is not allowed"),
        ("</a href='https://x.example'>", "the attribute href of <a> is not allowed"),
        ("<!-- {{client.name}} -->", "comments and declarations"),
        ("<!DOCTYPE html>", "comments and declarations"),
        ("<?xml version='1.0'?>", "comments and declarations"),
        ("<!-- without end", "comments and declarations"),
        ("<p", "a tag begins here that has no end"),
        ('<a href="https://x.example>y', "a tag begins here that has no end"),
        ("<{{client.name}}>", "a variable cannot be the name of a tag"),
        ("<h{{client.name}}>", "a variable cannot be the name of a tag"),
        ("</{{client.name}}>", "a variable cannot be the name of a tag"),
        ("<a {{client.name}}>", "a variable cannot be an attribute of <a>"),
        ("<a {{client.name}}='x'>", "a variable cannot be an attribute of <a>"),
        ("<a href={{ client.name }}>", "the address of this link is not allowed"),
        ("<a href='{{client.name}}://x.example'>", "{{client.name}} stands in a link before its ? or #"),
        ("<a href='https://{{client.name}}/'>", "{{client.name}} stands in a link before its ? or #"),
        ("<a href='https://x.example/{{client.name}}'>", "{{client.name}} stands in a link before its ? or #"),
        ("<a href='mailto:{{client.email}}'>", "{{client.email}} stands in a link before its ? or #"),
        ("<a href='/x'>", "the address of this link is not allowed"),
        ("<a href=''>", "the address of this link is not allowed"),
        ("<a href>", "the address of this link is not allowed"),
        ("<a href='//x.example'>", "the address of this link is not allowed"),
        ("<a href='https://u:p@x.example'>", "the address of this link is not allowed"),
        ("<a href='java&#115;cript:alert(1)'>", "the address of this link is not allowed"),
        ("<a href='https://x.example' href='javascript:x'>", "the address of this link is not allowed"),
        ("<ul><li>" * 26, "tags are nested deeper than 50 levels (line 1, column 201); close some"),
        ("x<br>" * 6_000, "there are more than 10000 tags and texts"),
        (f"<p>{FORMATS}</p>" + "<ul><li>" * 24 + "x", "tags overlap too much: nested deeper than 50 levels"),
    ],
)
def test_a_complaint_names_the_thing_and_its_place(template: str, complaint: str) -> None:
    assert html.complaints(template)[0].startswith(complaint)


def test_of_many_faults_the_first_twenty_are_told() -> None:
    assert len(html.complaints("<b>" * 100)) == 20


@pytest.mark.parametrize(
    "hostile", ["<a ", "<!--", "<![", "</", "<a href='", "<span>", "<p>", "<{{a}}", "<ul><li>", "&"]
)
def test_hostile_templates_of_full_length_are_read_to_the_end(hostile: str) -> None:
    # How long it takes is for the benchmarks; a reader that takes quadratic time would not come back from this at all.
    assert isinstance(html.complaints(hostile * (65_536 // len(hostile))), list)


def test_variables_are_replaced_in_text() -> None:
    assert html.fill("<p>Hi {{ client.name }}{{none.such}}!</p>", {"client.name": "Ana"}) == "<p>Hi Ana!</p>"


def test_a_value_that_looks_like_a_variable_is_not_expanded_again() -> None:
    values = {"client.name": "{{host.email}}", "host.email": "secret@example.com"}

    assert html.fill("{{client.name}}", values) == "{{host.email}}"


def test_a_value_that_looks_like_markup_appears_as_typed() -> None:
    filled = html.fill("{{v}}", {"v": '<b>&amp;"x"</b> <script>alert(1)</script>'})

    assert html.to_text(filled) == '<b>&amp;"x"</b> <script>alert(1)</script>'


def test_line_ends_of_a_value_stay_and_controls_do_not() -> None:
    assert html.fill("{{v}}", {"v": "a\r\nb\0\u202ec"}) == "a<br>b  c"


def test_a_value_may_be_all_of_a_link() -> None:
    filled = html.fill('<a href="{{u}}">join</a>', {"u": "https://zoom.example/j?a=1&b=2"})

    assert filled == '<a href="https://zoom.example/j?a=1&amp;b=2" rel="noopener noreferrer">join</a>'


@pytest.mark.parametrize(
    "value",
    ["javascript:alert(1)", "//evil.example", "", "https://u@evil.example", 'https://x.example/" onclick="x', "\0"],
)
def test_a_value_that_is_no_address_leaves_the_text_of_the_link(value: str) -> None:
    assert html.fill('<a href="{{u}}">join</a> us', {"u": value}) == "join us"


def test_a_value_in_a_query_is_percent_encoded() -> None:
    filled = html.fill('<a href="https://x.example/?n={{n}}&amp;z=1#{{n}}">x</a>', {"n": "a&b=ä \"'#/"})

    assert 'href="https://x.example/?n=a%26b%3D%C3%A4%20%22%27%23%2F&amp;z=1#a%26b%3D%C3%A4%20%22%27%23%2F"' in filled


def test_a_value_never_chooses_the_host() -> None:
    assert html.fill('<a href="https://{{n}}.example/">x</a>', {"n": "evil.com/"}) == "x"


def test_the_query_of_a_mail_link_is_cut_off() -> None:
    assert html.clean('<a href="mailto:a@b.example?bcc=x@y.example">x</a>') == (
        '<a href="mailto:a@b.example" rel="noopener noreferrer">x</a>'
    )


def test_what_a_template_should_not_hold_is_text_or_gone_when_filled() -> None:
    filled = html.fill("<div>a</div><!-- {{n}} --><p onclick=x>b<p", {"n": "c"})

    assert filled == "a&lt;!-- c --&gt;<p>b&lt;p</p>"


@pytest.mark.parametrize(
    ("document", "cleaned"),
    [
        ("<script>alert(1)</script>x", "x"),
        ("<svg><style><img src=x onerror=alert(1)>", ""),
        ('<p lang="de" title="x" class="y" style="z" id="i">a</p>', "<p>a</p>"),
        ("<!-- x -->a", "a"),
        ('<a href="/x" target="_top" rel="opener">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ('<a href="data:text/html,x">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ("<p><em>a", "<p><em>a</em></p>"),
    ],
)
def test_only_the_allowed_is_left(document: str, cleaned: str) -> None:
    assert html.clean(document) in (cleaned, cleaned.replace(' rel="noopener noreferrer"', ""))


@pytest.mark.parametrize("document", ["<span>" * 51, f"<p>{FORMATS}</p>" + "<ul><li>" * 24 + "x"])
def test_endless_nesting_is_an_error(document: str) -> None:
    with pytest.raises(html.UnsafeHtmlError, match="nested deeper than 50"):
        html.clean(document)


def test_a_document_that_grows_in_repair_is_an_error() -> None:
    with pytest.raises(html.UnsafeHtmlError, match="longer than"):
        html.clean(f"<p>{FORMATS}</p>" + "<p>x" * 9_000)


@pytest.mark.parametrize(
    "document",
    [
        "<b>x</b>",
        "<!-- x -->",
        '<p class="x">',
        '<a href="javascript:x">',
        '<a href="https://x.example" rel="x">',
        "<p",
    ],
)
def test_the_second_reading_does_not_trust_the_sanitiser(document: str) -> None:
    with pytest.raises(html.UnsafeHtmlError, match="not allowed after sanitising"):
        html._assert_clean(document)


class Lax:
    """A sanitiser that lets everything through."""

    def clean(self, document: str) -> str:
        return document


def test_what_a_broken_sanitiser_lets_through_does_not_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_CLEANER", Lax())

    assert html.clean("<p>Hello</p>") == "<p>Hello</p>"
    with pytest.raises(html.UnsafeHtmlError, match="not allowed after sanitising"):
        html.clean("<p onclick='x()'>Hello</p>")


@settings(deadline=None)
@given(soup, st.fixed_dictionaries({"n": hostile_text}))
def test_whatever_is_filled_only_the_allowed_comes_out(template: str, values: Mapping[str, str]) -> None:
    filled = html.fill(template, values)

    bare = re.sub(
        r'</?(?:h[1-5]|br|strong|em|s|code|u|ul|ol|li|p|span|a)>|<a (?:href="[^"<>]+" )?rel="noopener noreferrer">',
        "",
        filled,
    )
    assert "<" not in bare
    assert html.clean(filled) == filled
    assert not any(line.endswith(" ") for line in html.to_text(filled).split("\n"))


@settings(deadline=None)
@given(soup, st.fixed_dictionaries({"n": hostile_text}))
def test_a_template_without_complaints_can_be_sent(template: str, values: Mapping[str, str]) -> None:
    if not html.complaints(template):
        assert markup.depth(html.fill(template, values)) <= markup.DEEPEST


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("en", '<html lang="en">'),
        ("pt_BR", '<html lang="pt-BR">'),
        ("ar", '<html lang="ar" dir="rtl">'),
        ("he_IL", '<html lang="he-IL" dir="rtl">'),
        ('"><script>', '<html lang="en">'),
    ],
)
def test_a_page_says_its_language_and_direction(locale: str, tag: str) -> None:
    page = html.page("<p>x</p>", locale=locale) + html.CLOSING

    assert page.startswith(f"<!DOCTYPE html>\n{tag}\n")
    assert '<meta charset="utf-8">' in page
    assert "<body>\n<p>x</p>\n</body>" in page
