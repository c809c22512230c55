import pytest

from tocsin.formats.plaintext import to_text


@pytest.mark.parametrize(
    ("fragment", "text"),
    [
        ("", ""),
        ("a   b\n\t c", "a b c"),
        ("<h1>Title</h1><p>One</p><p>Two<br>three </p>", "Title\n\nOne\n\nTwo\nthree"),
        ("<p>a <strong> b</strong> <span>c</span></p>", "a b c"),
        ("a &lt; b &amp; &copy; \xa0", "a < b & © \xa0"),
        ("<p>x</p><ul><li>one</li><li>two</li></ul><p>y</p>", "x\n\n- one\n- two\n\ny"),
        ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
        ("<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>", "- a\n  1. b\n  2. c\n- d"),
        ("<ul><li><p>a</p><p>b<br>c</p></li></ul>", "- a\n  b\n  c"),
        ("<p> </p><p>x</p>", "x"),
        ("<li>stray", "- stray"),
        ("before<li>stray", "before\n- stray"),
        (
            '<a href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer">here</a>!',
            "here (https://x.example/?a=1&b=2)!",
        ),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ('<a href="https://x.example"></a>', "https://x.example"),
        ('<a href="https://x.example"><em>big</em> <br>link </a>.', "big\nlink (https://x.example)."),
        (
            '<a href="mailto:a@b.example">a@b.example</a> <a href="mailto:a@b.example">Ana</a>',
            "a@b.example Ana (a@b.example)",
        ),
        ('<a rel="noopener noreferrer">no link</a>', "no link"),
        ("<p></p><p></p><br><br><br>x", "x"),
        ("<p>a</p><br><br><br><br><p>b</p>", "a\n\nb"),
        ("<code>x</code><!-- odd", "x"),
    ],
)
def test_plain_words_say_the_same(fragment: str, text: str) -> None:
    assert to_text(fragment) == text
