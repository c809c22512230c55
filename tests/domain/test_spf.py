import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.lookup import Lookup
from tocsin.domain.spf import Walk, walk

DOMAIN = "example.com"


def found(**texts: str) -> dict[str, Lookup]:
    """Return what was found, by name; `_` in a name stands for a dot."""
    return {name.replace("_", "."): Lookup(records=(text,)) for name, text in texts.items()}


def walked(text: str, **others: str) -> Walk:
    return walk(DOMAIN, found(example_com=text, **others))


def test_nothing_is_known_before_the_record_was_asked_for() -> None:
    assert walk(DOMAIN, {}) == Walk(missing=DOMAIN)


@pytest.mark.parametrize(
    "records", [(), ("hello", "v=spf10 -all", "v=spf1-all", "spf1 -all", " v=spf1 -all", "google-site=x")]
)
def test_a_domain_without_a_record_has_none(records: tuple[str, ...]) -> None:
    assert walk(DOMAIN, {DOMAIN: Lookup(records=records)}) == Walk()


def test_two_records_are_as_bad_as_none() -> None:
    two = walk(DOMAIN, {DOMAIN: Lookup(records=("v=spf1 -all", "other", "V=SPF1 ~all"))})

    assert two.complaint == "example.com has 2 SPF records, and only one may be there"
    assert two.text == "v=spf1 -all"


def test_trouble_is_passed_on_with_the_name_that_was_asked_for() -> None:
    trouble = Lookup(trouble="no answer in time")

    assert walk(DOMAIN, {DOMAIN: trouble}) == Walk(trouble="example.com: no answer in time")
    included = found(example_com="v=spf1 include:a.example -all") | {"a.example": trouble}
    assert walk(DOMAIN, included) == Walk(trouble="a.example: no answer in time")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("v=spf1", ""),
        ("v=spf1 ip4:192.0.2.1", ""),
        ("v=spf1 -all", "-"),
        ("v=spf1  mx   ~all ", "~"),
        ("v=spf1 ?all", "?"),
        ("v=spf1 +all", "+"),
        ("V=SPF1 ALL", "+"),
        ("v=spf1 -all +all", "-"),
        ("v=spf1 redirect=%{d}.spf.example", "%"),
        ("v=spf1 -all redirect=%{d}.spf.example", "-"),
    ],
)
def test_what_is_said_of_all_other_servers(text: str, rest: str) -> None:
    record = walked(text)

    assert (record.rest, record.complaint, record.missing) == (rest, "", "")
    assert record.text == text


@pytest.mark.parametrize(
    ("text", "lookups"),
    [
        ("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ip4:192.0.2.9 -all", 0),
        ("v=spf1 a mx ptr a:b.example/24 mx:c.example//64 a/24//64 ptr:d.example exists:%{i}.e.example -all", 8),
        ("v=spf1 include:%{d}.example exp=why.example unknown=x moo.moo= -all", 1),
        ("v=spf1 -all redirect=a.example", 0),
        ("v=spf1 redirect=%{d}.a.example", 1),
        ("v=spf1 +a -mx ?exists:a%%b.example ~all", 3),
    ],
)
def test_terms_that_ask_the_dns_are_counted(text: str, lookups: int) -> None:
    assert (walked(text).complaint, walked(text).lookups) == ("", lookups)


@pytest.mark.parametrize(
    "term",
    [
        "all:x", "all/24", "include", "include:", "include:a/24", "exists", "exists:a/24", "ip4", "ip4:", "ip4:300.0.0.1",
        "ip4:192.0.2.1/33", "ip4:2001:db8::1", "ip6:192.0.2.1", "ip6:2001:db8::/129", "ptr/24", "mx:", "redirect=",
        "-redirect=a", "ipv4:192.0.2.1", "1a=b", "hello", "a:b/24/24", "ALLOW",
    ],
)  # fmt: skip
def test_a_term_that_is_none_spoils_the_record(term: str) -> None:
    assert walked(f"v=spf1 {term} -all").complaint == f"{term.lower()} in the record of example.com is no term of SPF"


@pytest.mark.parametrize("term", ["v=spf1;", "include=a.example", "exp=why.example", "x="])
def test_a_modifier_that_nobody_knows_is_ignored(term: str) -> None:
    assert walked(f"v=spf1 {term} -all") == Walk(text=f"v=spf1 {term} -all", rest="-")


def test_a_very_long_term_is_cut_in_the_sentence() -> None:
    assert len(walked("v=spf1 " + "x" * 60_000).complaint) < 120


def test_two_redirects_spoil_the_record() -> None:
    assert (
        walked("v=spf1 redirect=a.example redirect=b.example").complaint
        == "the record of example.com has two redirects"
    )


def test_includes_are_followed_in_order_and_what_is_missing_is_named() -> None:
    text = "v=spf1 include:a.example include:B.example. -all"

    assert walked(text).missing == "a.example"
    assert walked(text, a_example="v=spf1 mx include:c.example ?all").missing == "c.example"
    whole = walked(
        text, a_example="v=spf1 mx include:c.example ?all", c_example="v=spf1 a", b_example="v=spf1 ip4:192.0.2.1"
    )

    assert whole == Walk(text=text, lookups=5, rest="-")


def test_an_include_without_a_record_of_its_own_spoils_the_record() -> None:
    spoilt = walk(DOMAIN, found(example_com="v=spf1 include:a.example -all") | {"a.example": Lookup()})

    assert spoilt.complaint == "a.example, which the record includes, has no SPF record"
    assert spoilt.text == "v=spf1 include:a.example -all"
    assert "no term of SPF" in walked("v=spf1 include:a.example -all", a_example="v=spf1 nonsense").complaint


def test_a_redirect_is_followed_and_says_what_of_the_rest() -> None:
    text = "v=spf1 include:b.example redirect=a.example"

    whole = walked(text, a_example="v=spf1 mx -all", b_example="v=spf1 +all")

    assert whole == Walk(text=text, lookups=3, rest="-", is_redirected=True)
    assert (
        walked("v=spf1 redirect=a.example", a_example="v=spf1 redirect=b.example", b_example="v=spf1 ~all").rest == "~"
    )


def test_ten_lookups_are_the_most() -> None:
    ten = {f"i{number}_example": "v=spf1 ip4:192.0.2.1" for number in range(10)}
    includes = " ".join(f"include:i{number}.example" for number in range(10))

    assert walked(f"v=spf1 {includes} -all", **ten).lookups == 10
    assert walked(f"v=spf1 a {includes} -all", **ten).complaint == (
        "the record of example.com asks for more than 10 lookups with all that it includes"
    )


def test_includes_that_go_in_a_circle_come_to_an_end() -> None:
    assert "more than 10 lookups" in walked("v=spf1 include:example.com -all").complaint
    circle = walked("v=spf1 include:a.example -all", a_example="v=spf1 include:example.com -all")
    assert "more than 10 lookups" in circle.complaint
    assert "more than 10 lookups" in walked("v=spf1 redirect=example.com").complaint


@given(
    st.lists(
        st.sampled_from(["include:a.example", "redirect=b.example", "a", "-all", "x", "include:%{d}", "ip4:1.2.3.4"])
    ),
    st.text(),
)
def test_whatever_a_record_holds_the_walk_ends_within_eleven_questions(terms: list[str], noise: str) -> None:
    known: dict[str, Lookup] = {}
    text = " ".join(["v=spf1", *terms, noise])

    asked = 0
    while (so_far := walk(DOMAIN, known)).missing:
        known[so_far.missing] = Lookup(records=(text,))
        asked += 1

    assert asked <= 11
