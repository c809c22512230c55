import pytest

from tocsin.formats import links


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("https://zoom.example/j/1?pwd=a.b&x=(1)#z", "https://zoom.example/j/1?pwd=a.b&x=(1)#z"),
        ("HTTP://example.com", "HTTP://example.com"),
        (" https://example.com:8443/ ", "https://example.com:8443/"),
        ("https://[::1]/x", "https://[::1]/x"),
        ("https://example.com/ä b".replace(" ", ""), "https://example.com/%C3%A4b"),
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://example.com/\ud800", "https://example.com/%3F"),
    ],
)
def test_a_full_web_address_is_a_link(address: str, uri: str) -> None:
    assert links.web(address) == links.link(address) == uri


@pytest.mark.parametrize(
    "address",
    [
        "", "/path", "//evil.example", "evil.example", "javascript:alert(1)", "data:text/html,x", "vbscript:x", "ftp://x.example",
        "https:evil.example", "https:/evil.example", "https:\\\\evil.example", "https://good.example\\@evil.example",
        "https://user@host.example", "https://user:pw@host.example/", "https://bücher.example/", "https://", "https:///x",
        "https://a b.example", "https://x.example/a b", 'https://x.example/"', "https://x.example/<b>", "https://x.example/\n",
        "java\nscript:alert(1)", "https://x.example/{{y}}", "https://x.example/\0y", "https://x.example/" + "y" * 2048,
        "https://x.example:99999999/",
    ],
    ids=ascii,
)  # fmt: skip
def test_anything_else_is_none(address: str) -> None:
    expected = "https://x.example/" if address == "https://x.example/\n" else ""

    assert links.link(address) == links.web(address) == expected


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ("mailto:ana@example.com", "mailto:ana@example.com"),
        ("MAILTO:a%25b@example.com?bcc=x@evil.example&body=hi", "MAILTO:a%25b@example.com"),
        ("mailto:zoë@example.com", "mailto:zo%C3%AB@example.com"),
        ("mailto:", ""),
        ("mailto:?to=x@evil.example", ""),
        ("mailto:a@b.example,c@d.example", ""),
        ("mailto:a%0d%0abcc:x@example.com", ""),
        ("mailto:a@b@c.example", ""),
    ],
)
def test_a_mail_link_is_one_address_without_a_query(value: str, uri: str) -> None:
    assert links.link(value) == uri
    assert links.web(value) == ""
