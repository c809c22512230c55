import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.templates import LONGEST_OUTPUT, MOST_TOKENS, VARIABLES, Variable, complaints, parse, render

NAMES = st.sampled_from(sorted(VARIABLES))
LITERALS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=20)
TOKENS = st.builds(
    lambda left, name, right: f"{{{{{left}{name}{right}}}}}", st.just(" "), NAMES, st.just(" ")
) | NAMES.map(lambda name: f"{{{{{name}}}}}")
TEMPLATES = st.lists(LITERALS | TOKENS).map("".join)
HOSTILE = (
    st.sampled_from(["{{client.email}}", "{{ host.name }}", "{{", "}}", "{{{{client.name}}}}", "<b>", ""]) | st.text()
)


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        ("", []),
        ("plain", ["plain"]),
        ("{{client.name}}", [Variable("client.name")]),
        ("{{ client.name }}", [Variable("client.name")]),
        ("a {{client.name}} b", ["a ", Variable("client.name"), " b"]),
        ("{{client.name}}{{host.name}}", [Variable("client.name"), Variable("host.name")]),
        ("{{no such}}", [Variable("no such")]),
        ("{client.name}", ["{client.name}"]),
        ("{{client.name", ["{{client.name"]),
        ("{{7*7}}", ["{{7*7}}"]),
        ("{{().__class__}}", ["{{().__class__}}"]),
        ("{% if x %}${y}", ["{% if x %}${y}"]),
        ("{{client\n.name}}", ["{{client\n.name}}"]),
        ("{{" + "a" * 65 + "}}", ["{{" + "a" * 65 + "}}"]),
        ("{{{client.name}}}", ["{", Variable("client.name"), "}"]),
    ],
)
def test_a_template_is_text_and_variables(template: str, pieces: list[str | Variable]) -> None:
    assert list(parse(template)) == pieces


@pytest.mark.parametrize("name", VARIABLES)
def test_every_known_variable_is_accepted_and_replaced(name: str) -> None:
    assert complaints(f"{{{{{name}}}}}") == []
    assert render(f"<{{{{ {name} }}}}>", {name: "value"}) == "<value>"


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("client.nam", "client.name"),
        ("Client.Name", "client.name"),
        ("client.first-name", "client.first_name"),
        ("client.first name", "client.first_name"),
        ("meeting.url", "meeting.join_url"),
        ("workspace", "workspace.name"),
    ],
)
def test_an_unknown_variable_is_answered_with_the_nearest_known_one(wrong: str, nearest: str) -> None:
    assert complaints(f"{{{{{wrong}}}}}") == [f"unknown variable {{{{{wrong}}}}}; did you mean {{{{{nearest}}}}}?"]


def test_empty_braces_are_an_unknown_variable() -> None:
    assert len(complaints("{{ }}")) == 1


def test_each_unknown_variable_is_named_once() -> None:
    assert len(complaints("{{a.b}} {{c.d}} {{a.b}}")) == 2


def test_a_template_holds_a_limited_number_of_variables() -> None:
    assert complaints("{{client.name}}" * MOST_TOKENS) == []
    assert complaints("{{client.name}}" * (MOST_TOKENS + 1)) == ["holds 201 variables; at most 200 are accepted"]


def test_a_variable_without_a_value_becomes_empty() -> None:
    assert render("[{{client.name}}]", {}) == "[]"


def test_values_are_escaped_and_literal_text_is_not() -> None:
    assert render("<b>{{client.name}}</b>", {"client.name": "<i>"}, escape=lambda value: value.upper()) == "<b><I></b>"


def test_the_output_is_limited() -> None:
    assert len(render("{{client.name}}" * 3, {"client.name": "x" * 200_000})) == LONGEST_OUTPUT


def test_what_looks_like_a_variable_only_after_rendering_stays_text() -> None:
    assert render("{{client{{host.name}}.name}}", {"client.name": "Eve"}) == "{{client.name}}"


@given(st.text())
def test_the_pieces_of_a_template_make_it_whole_again(template: str) -> None:
    whole = "".join(
        re.escape(p) if isinstance(p, str) else rf"\{{\{{ *{re.escape(p.name)} *\}}\}}" for p in parse(template)
    )

    assert re.fullmatch(whole, template)


@given(TEMPLATES, st.dictionaries(NAMES, LITERALS))
def test_rendering_leaves_no_known_variable(template: str, values: dict[str, str]) -> None:
    left = {piece.name for piece in parse(render(template, values)) if isinstance(piece, Variable)}

    assert not left & set(VARIABLES)


@given(st.lists(LITERALS | NAMES.map(Variable)), st.dictionaries(NAMES, HOSTILE))
def test_values_are_pasted_as_they_are_and_never_expanded(pieces: list[str | Variable], values: dict[str, str]) -> None:
    template = "".join(piece if isinstance(piece, str) else f"{{{{{piece.name}}}}}" for piece in pieces)

    rendered = render(template, values)

    assert rendered == "".join(p if isinstance(p, str) else values.get(p.name, "") for p in pieces)[:LONGEST_OUTPUT]


@given(st.text())
def test_no_template_breaks_the_check_or_the_rendering(template: str) -> None:
    complaints(template)

    assert len(render(template, {})) <= len(template)
