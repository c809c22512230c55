"""200 addresses: rare, wrong, confusing, from other grammars; each with its normal form, or None where it is none."""

_LABEL = "x" * 63
_LONG_DOMAIN = f"{_LABEL}.{_LABEL}.{_LABEL}."  # 192 octets


def _same(*addresses: str) -> dict[str, str | None]:
    return {one: one for one in addresses}


def _none(*addresses: str) -> dict[str, str | None]:
    return dict.fromkeys(addresses)


# Rare and right: each octet that a dot-atom may hold (RFC 5322, 3.2.3), and names that a machine might take for something.
_RARE = _same(
    "ada@example.org", "a@example.org", "1@example.org", "0x0@example.org", "-@example.org", "_@example.org",
    "--@example.org", "!@example.org", "#@example.org", "$@example.org", "%@example.org", "&@example.org",
    "'@example.org", "*@example.org", "+@example.org", "/@example.org", "=@example.org", "?@example.org",
    "^@example.org", "`@example.org", "{@example.org", "|@example.org", "}@example.org", "~@example.org",
    "a.b.c.d@example.org", "first-last@example.org", "o'hara@example.org", "ada+tag@example.org",
    "ada+a+b@example.org", "+ada@example.org", "ada-@example.org", "null@example.org", "undefined@example.org",
    "none@example.org", "true@example.org", "1e9@example.org", "007@example.org", "a@b.co",
    "ada@sub.sub.sub.example.org", "ada@1.example.org", "ada@123.example", "ada@a-b.example.org",
    "ada@a--b.example.org", "ada@example.museum", "ada@example.photography", "drop'table--@example.org",
    "${x}@example.org", "{{x}}@example.org", "a/b@example.org", "//ada@example.org", "ada%example.org@relay.example",
    "relay!ada@example.org", "%s@example.org", "a%0d%0ab@example.org", "x=1&y=2@example.org",
)  # fmt: skip
# Accounts of a role keep their letters (RFC 2142, 4), and so does everybody before the @ (RFC 5321, 2.4).
_CASES: dict[str, str | None] = {
    "Postmaster@example.org": "Postmaster@example.org",
    "POSTMASTER@EXAMPLE.ORG": "POSTMASTER@example.org",
    "abuse@example.org": "abuse@example.org",
    "no-reply@example.org": "no-reply@example.org",
    "MAILER-DAEMON@example.org": "MAILER-DAEMON@example.org",
    "ADA@Example.Org": "ADA@example.org",
    "Ada.Lovelace@EXAMPLE.ORG": "Ada.Lovelace@example.org",
    " ada@example.org": "ada@example.org",
    "ada@example.org ": "ada@example.org",
    "  ada@example.org  ": "ada@example.org",
    "ada@printer.local": "ada@printer.local",
    "ada@PRINTER.LOCAL": "ada@printer.local",
    "ada@example.test": "ada@example.test",
    "ada@example.invalid": "ada@example.invalid",
}
# Other scripts: domains as A-labels (RFC 5890), names in NFC (RFC 6531, 3.3).
_SCRIPTS: dict[str, str | None] = {
    "ada@bücher.example": "ada@xn--bcher-kva.example",
    "ada@BÜCHER.example": "ada@xn--bcher-kva.example",
    "ada@bu\u0308cher.example": "ada@xn--bcher-kva.example",
    "ada@xn--bcher-kva.example": "ada@xn--bcher-kva.example",
    "ada@straße.example": "ada@xn--strae-oqa.example",
    "ada@例え.example": "ada@xn--r8jz45g.example",
    "ada@пример.example": "ada@xn--e1afmkfd.example",
    "ada@مثال.example": "ada@xn--mgbh0fb.example",
    "ada@उदाहरण.example": "ada@xn--p1b6ci4b4b3a.example",
    "ada@example。org": "ada@example.org",
    "zoë@example.org": "zoë@example.org",
    "zoe\u0308@example.org": "zoë@example.org",
    "用户@example.org": "用户@example.org",
    "почта@example.org": "почта@example.org",
    "δοκιμή@example.org": "δοκιμή@example.org",
    "उपयोगकर्ता@example.org": "उपयोगकर्ता@example.org",
    "ада@example.org": "ада@example.org",  # looks like ada, and is somebody else
    "\U0001f600@example.org": "\U0001f600@example.org",
}
_LENGTHS: dict[str, str | None] = {
    **_same(
        "x" * 63 + "@example.org", "x" * 64 + "@example.org", "é" * 32 + "@example.org", f"ada@{_LABEL}.org",
        "a@" + _LONG_DOMAIN + "y" * 55 + ".org", "ab@" + _LONG_DOMAIN + "y" * 55 + ".org",
    ),
    **_none(
        "x" * 65 + "@example.org", "é" * 33 + "@example.org", f"ada@{_LABEL}x.org", "abc@" + _LONG_DOMAIN + "y" * 55 + ".org",
        "x" * 64 + "@" + _LONG_DOMAIN + "org", "x" * 300 + "@example.org", "ada@" + "x." * 127 + "org", "x" * 254, "@" * 254,
    ),
}  # fmt: skip
_INCOMPLETE = _none(
    "", " ", "@", "@@", "ada", "ada@", "@example.org", "ada@ ", " @example.org", "ada@example", "ada@localhost",
    "ada@org", "ada@.", "ada@.org", "ada@example.", "ada@example..org", "ada@.example.org", ".ada@example.org",
    "ada.@example.org", "ada..b@example.org", ".@example.org", "ada@-example.org", "ada@example-.org",
    "ada@exam_ple.org", "ada@example.org-", "ada@exa mple.org", "ada @example.org", "ada@ example.org",
    "a da@example.org", "ada@@example.org", "ada@b@example.org", "ada@example.1", "ada@example!.org",
    "ada@example,org", "ada.example.org", "ada at example.org", "ada(at)example.org",
)  # fmt: skip
# From other grammars: headers, groups, lists, routes, literals, links. Some would reach somebody else than they show.
_FOREIGN = _none(
    "Ada <ada@example.org>", "<ada@example.org>", "<ada@example.org", "ada@example.org>", '"Ada" <ada@example.org>',
    "ada@example.org (Ada)", "(Ada)ada@example.org", "ada@(x)example.org", '"ada"@example.org', '"a b"@example.org',
    '"a@b"@example.org', '"ada\\"@example.org', "team: ada@example.org, eve@example.org;", "team:;",
    "ada@example.org, eve@example.net", "ada@example.org,eve@example.net", "ada@example.org; eve@example.net",
    "ada@example.org eve@example.net", "ada@example.org\neve@example.net",
    "@relay.example,@b.example:ada@example.org", "relay!ada@example.org@relay.example",
    "ada%example.org@x@relay.example", "ada@[127.0.0.1]", "ada@[IPv6:::1]", "ada@[IPv6:2001:db8::1]", "ada@127.0.0.1",
    "ada@::1", "mailto:ada@example.org", "https://ada@example.org/", "ada@example.org/path",
    "ada@example.org:25", "ada@example.org?bcc=eve@example.net", "ada@example.org#x", "=?utf-8?q?ada?=@example.org",
    "ada@=?utf-8?q?example.org?=", "\\ada@example.org", "ada[1]@example.org", "a:b@example.org", "a;b@example.org",
    "a,b@example.org", "a<b@example.org", "ada@x.onion", "ada@xn--a.example.org", "ada@example.org|sh",
)  # fmt: skip
_CONTROLS = _none(
    "ada\r\n@example.org", "ada@example.org\r\nBcc: eve@example.net", "ada\n@example.org", "ada\t@example.org",
    "ada\0@example.org", "ada@exa\0mple.org", "ada\x7f@example.org", "ada\x85@example.org", "ada\u2028@example.org",
    "ada\u202e@example.org", "ada\u200b@example.org", "ada\ufeff@example.org", "ada@exam\u200bple\u2029.org",
    "\ud800@example.org", "ada@exa\u00admp\u202ele.org",
)  # fmt: skip

ADDRESSES: dict[str, str | None] = _RARE | _CASES | _SCRIPTS | _LENGTHS | _INCOMPLETE | _FOREIGN | _CONTROLS
