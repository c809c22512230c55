"""A filled stencil says what sanitising the whole would say; the law is tried with templates and values of all kinds."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.formats.letters import hostile_text
from tocsin.formats import fragments, html
from tocsin.formats.stencils import Fragment

TIDY = (
    "<p>", "<strong>", "<em>", "<ul>", "<ol>", "<li>", "<h2>", "<span>", '<a href="https://x.example/?a=1&amp;b=2">',
    "<a href='{{u}}'>", '<a href="https://x.example/?q={{n}}#{{u}}">', '<a href="mailto:a@b.example">',
)  # fmt: skip
TEXTS = (
    "{{n}}", "{{u}}", "{{ n }}", "{{no such}}", " ", "  ", "a", "word", "two words", " b ", "c ", " d", "\n", "&", "&am", "p;",
    "&lt", "&copy;", "%", "%(n)s", "100 %s", '"', "'", "\xa0", "\ufeff", "<br>", "- ", "1. ", "x@y.example", "https://x.example/",
    "https://0.value.invalid/", " (https://0.address.invalid/)",
)  # fmt: skip
URLS = (
    "https://x.example/", "https://x.example", "http://x.example:99999/", "https://[::::]/", "https://xn--a.example/?q=ü&x='",
    "mailto:a@b.example?bcc=c@d.example", "mailto:a@b.example", "javascript:x", "", " https://x.example/%zz ", "two words",
    "https://1.2.3.4.5/", "https://a..b/", "HTTPS://X.example/#" + "ü" * 400, "https://x.example/?a=1&b=2", "word",
)  # fmt: skip


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tagged = st.builds(lambda tag, body: f"{tag}{body}</{tag[1:-1].split(' ')[0]}>", st.sampled_from(TIDY), inner)
    return st.lists(st.one_of(tagged, inner), max_size=4).map("".join)


templates = st.recursive(st.lists(st.sampled_from(TEXTS), max_size=4).map("".join), wrapped, max_leaves=12)
values = st.fixed_dictionaries(
    {},
    optional={
        "n": st.one_of(st.sampled_from((*TEXTS, *URLS)), hostile_text),
        "u": st.one_of(st.sampled_from(URLS), hostile_text),
        "no such": st.just("x"),
    },
)


def whole(template: str, values: Mapping[str, str]) -> Fragment:
    document = html.fill(template, values)
    return Fragment(html=document, text=html.to_text(document))


@settings(deadline=None, max_examples=400)
@given(templates, values)
@example("&am{{n}}p;", {"n": ""})
def test_a_fragment_is_what_sanitising_the_whole_makes(template: str, values: Mapping[str, str]) -> None:
    assert fragments.filled(template, values) == whole(template, values)


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("<p>Hi {{n}}</p>" * 400, id="a long template"),
        pytest.param("<p>{{n}}</p>" * 190, id="a long value, often"),
        pytest.param("<p>open {{n}}", id="a tag that is left open"),
        pytest.param("<a href='{{u}}'>one <br>two</a>", id="a link of two lines"),
        pytest.param("<a href='{{u}}'></a>{{n}}", id="a link without words"),
        pytest.param("<a href='{{u}}'>{{n}}</a>", id="a link whose words are a value"),
        pytest.param("<a href='https://a.example'><a href='{{u}}'>x</a></a>", id="a link in a link"),
        pytest.param("\x07{{n}}", id="a control"),
        pytest.param("<span>" * 50 + "{{n}}" + "</span>" * 50, id="as deep as can be"),
        pytest.param("<div>{{n}}</div><b", id="what should not be there"),
    ],
)
@pytest.mark.parametrize("value", ["https://x.example/", "x" * 3_000, "", "\xa0", "two\nlines", "\ufeffx"])
def test_it_is_the_same_with(template: str, value: str) -> None:
    values = {"n": value, "u": value}

    assert fragments.filled(template, values) == whole(template, values)


WORDS_AS_A_LINK = "<p>See <a href='{{u}}'>{{n}}</a> now</p>"


@pytest.mark.parametrize(
    ("template", "values"),
    [
        pytest.param(WORDS_AS_A_LINK, {"u": "mailto:a@b.example", "n": "a@b.example"}, id="an address as the words"),
        pytest.param(
            WORDS_AS_A_LINK, {"u": "mailto:a@b.example", "n": "mailto:a@b.example"}, id="all of it as the words"
        ),
        pytest.param(WORDS_AS_A_LINK, {"u": "https://a.example/", "n": "\xa0"}, id="words that are not seen"),
        pytest.param(WORDS_AS_A_LINK, {"u": "https://a.example:99999/", "n": "a"}, id="a port that cannot be"),
        pytest.param(WORDS_AS_A_LINK, {"u": "https://[::::]/", "n": "a"}, id="a host that cannot be"),
        pytest.param(
            WORDS_AS_A_LINK, {"u": "https://a.example/" + "ü" * 400, "n": "a"}, id="an address that grows too long"
        ),
        pytest.param(WORDS_AS_A_LINK, {"u": "", "n": "a"}, id="no address"),
        pytest.param("x</a>{{n}}", {"n": "a"}, id="the end of a link that was not opened"),
    ],
)
def test_it_is_the_same_for(template: str, values: Mapping[str, str]) -> None:
    assert fragments.filled(template, values) == whole(template, values)


def test_a_template_that_is_nested_too_deep_is_an_error_here_too() -> None:
    with pytest.raises(html.UnsafeHtmlError, match="nested deeper than 50"):
        fragments.filled("<span>" * 51 + "x" + "</span>" * 51, {})
