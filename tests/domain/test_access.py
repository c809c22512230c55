import pytest

from tests.builders import a_key
from tocsin.domain.access import Scope
from tocsin.domain.errors import PermissionDeniedError


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        pytest.param(Scope.RULES_READ, Scope.RULES_READ, id="the scope itself"),
        pytest.param(Scope.RULES_WRITE, Scope.RULES_WRITE, id="the writing scope itself"),
        pytest.param(Scope.RULES_WRITE, Scope.RULES_READ, id="writing includes reading"),
        pytest.param(Scope.ADMIN, Scope.ADMIN, id="admin itself"),
        *(pytest.param(Scope.ADMIN, scope, id=f"admin includes {scope.value}") for scope in Scope),
    ],
)
def test_a_key_allows(held: Scope, wanted: Scope) -> None:
    a_key(scopes=frozenset({held})).must_allow(wanted)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        pytest.param(frozenset(), Scope.RULES_READ, id="nothing without scopes"),
        pytest.param({Scope.RULES_READ}, Scope.RULES_WRITE, id="no writing by a reading scope"),
        pytest.param({Scope.RULES_WRITE}, Scope.LINKS_READ, id="no reading of another thing"),
        pytest.param(set(Scope) - {Scope.ADMIN}, Scope.ADMIN, id="no administration by all the others"),
    ],
)
def test_a_key_refuses(held: frozenset[Scope], wanted: Scope) -> None:
    with pytest.raises(PermissionDeniedError, match=f"lacks the scope {wanted.value}"):
        a_key(scopes=frozenset(held)).must_allow(wanted)
