"""YAML by hand: what people type is what is read, what is written reads back, and what is odd is told with its line."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats import yaml_document
from tocsin.formats.yaml_document import YamlError, read, write

LOOKS_LIKE_YAML = (
    "no", "on", "y", "~", "", "null", "True", "0x1f", "0o17", "017", "1e3", ".inf", "1_000", "10:30", "2026-11-24", "- a",
    "a: b", "x # y", "|", "> ", "'", '"', "<<", "=", "---", "...", "%x", "@", "`", "!x", "&a", "*a", "{}", "[a]", "{{a}}",
    "\n", "\n\n", "a\n", "a\nb", " a", "a ", "a \nb", "\ta", "\n a", "a\n\n", "é\u0301", "\U0001f984", "\x85", "\u2028",
    "\ufeff",
)  # fmt: skip
TEXTS = st.sampled_from(LOOKS_LIKE_YAML) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(9)), *map(chr, range(11, 32)), "\x7f"])
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value: object) -> None:
    assert read(write(value)).value == value


@given(VALUES)
def test_what_is_written_is_the_same_to_a_reader_of_yaml_1_1(value: object) -> None:
    assert yaml.safe_load(write(value)) == value


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("y", "y"), ("NO", "NO"),
        ("10:30", "10:30"), ("1:20:30", "1:20:30"), ("2026-11-24", "2026-11-24"),
        ("0123", "0123"), ("0x1f", "0x1f"), ("1_000", "1_000"), ("1.5", "1.5"), ("1e3", "1e3"), ("+5", "+5"), (".inf", ".inf"),
        ("30", 30), ("-5", -5), ("0", 0), ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("'30'", "30"), ('"true"', "true"), ("!!str 30", "30"), ("9999999999999999999", "9999999999999999999"),
    ],
)  # fmt: skip
def test_words_are_what_people_typed(typed: str, meant: object) -> None:
    assert read(f"name: {typed}\n").value == {"name": meant}


def test_each_value_has_the_line_where_it_stands() -> None:
    text = "version: 1\nrules:\n  - name: a\n    emails: [x,\n      y]\n  -\n    name: b\n"

    document = read(text)

    assert document.line_of("rules[0].name") == 3
    assert document.line_of("rules[0].emails[1]") == 5
    assert document.line_of("rules[1].name") == 7
    # What is missing is told where it ought to be.
    assert document.line_of("rules[1].event") == 7
    assert document.line_of("rules[1].actions[3].type") == 7
    assert document.line_of("rules") == 3
    assert document.line_of("nothing") == 1


def test_an_alias_repeats_what_was_named() -> None:
    assert read("a: &x [1, {b: c}]\nd: *x\ne: &y z\nf: *y\n").value == {
        "a": [1, {"b": "c"}],
        "d": [1, {"b": "c"}],
        "e": "z",
        "f": "z",
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "names a twice; keep one of them"),
        ("r:\n- {n: 1, n: 2}\n", 2, "names n twice"),
        ("a: 1\n---\nb: 2\n", 2, "holds a second document"),
        ("a: [1,\n", 2, "is no YAML"),
        ("a:\n\t- b\n", 2, "is no YAML"),
        ("a: b: c\n", 1, "is no YAML"),
        ("a: 1\nb: !!int 2\n", 2, "a tag such as !!int is not read here"),
        ("a: !!python/object:os.system x\n", 1, "is not read here"),
        ("a: !!set {b}\n", 1, "is not read here"),
        ("? [a]\n: 1\n", 1, "the name of a field must be a word"),
        ("a: *b\n", 1, "the alias *b names nothing that stands before it"),
        ("a: &x [*x]\n", 1, "the alias *x names nothing"),
        ("a: 1\nb: \x1b[2J\n", 2, "holds the control character U+001B"),
        ("a: \ud800\n", 1, "holds the control character U+D800"),
        ("", 0, "is empty"),
        ("# only a comment\n", 0, "is empty"),
        ("[" * 40 + "]" * 40, 1, "is nested deeper than 32"),
        ("[" * 100_000, 1, "is n"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(YamlError) as caught:
        read(text)

    assert (caught.value.line, words in str(caught.value)) == (line, True), str(caught.value)


def test_aliases_of_aliases_do_not_grow_without_end() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(YamlError, match="holds more than 200000 values"):
        read("\n".join(rows))


def test_a_text_that_is_too_long_is_not_even_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_document, "LARGEST", 10)

    with pytest.raises(YamlError, match="has 11 characters; at most 10 are read"):
        read("a: 'bcdefg'")
    assert read("a: 'bcdef'").value == {"a": "bcdef"}


@given(st.text(max_size=40) | st.text("[]{}:,-&*!|>'\"#%@ab\n ?", max_size=60))
def test_whatever_is_given_is_read_or_refused(text: str) -> None:
    with suppress(YamlError):
        read(text)
