import pytest

from tocsin.domain.bounce import BounceKind, is_hard, kind_of, names_a_dead_address


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", BounceKind.HARD),
        ("Failed", "5.7.1", BounceKind.HARD),
        (" failed ", "", BounceKind.HARD),
        pytest.param("failed", "4.4.7", BounceKind.HARD, id="tried for days, given up (RFC 3464, 2.3.3)"),
        pytest.param("failed", "2.0.0", BounceKind.SOFT, id="a contradiction"),
        ("delayed", "4.4.1", BounceKind.SOFT),
        ("delayed", "5.1.1", BounceKind.SOFT),
        ("delivered", "2.0.0", BounceKind.NONE),
        ("relayed", "2.0.0", BounceKind.NONE),
        ("expanded", "2.0.0", BounceKind.NONE),
        ("delivered", "5.1.1", BounceKind.NONE),
        ("", "5.1.1", BounceKind.NONE),
        ("failedly", "5.1.1", BounceKind.NONE),
    ],
)
def test_only_what_a_server_has_given_up_is_hard(action: str, status: str, kind: BounceKind) -> None:
    assert kind_of(action, status) is kind
    assert is_hard(action, status) is (kind is BounceKind.HARD)


@pytest.mark.parametrize(
    "status",
    ["5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1", "5.4.1", "5.4.4", "5.4.310", " 5.1.1 "],
)
def test_these_codes_name_a_dead_address(status: str) -> None:
    assert names_a_dead_address(status)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("5.2.2", id="the mailbox is full"),
        pytest.param("5.3.4", id="the message is too large"),
        pytest.param("5.7.1", id="a policy"),
        pytest.param("5.7.26", id="we are not authenticated"),
        pytest.param("5.1.5", id="the address is right"),
        pytest.param("5.1.7", id="the sender's address is wrong"),
        pytest.param("5.1.8", id="the sender's domain is wrong"),
        pytest.param("5.1.90", id="our own limit is reached"),
        pytest.param("5.4.6", id="a loop"),
        pytest.param("5.0.0", id="nothing in particular"),
        pytest.param("5.2.0", id="nothing in particular of the mailbox"),
        pytest.param("4.1.1", id="not for good"),
        pytest.param("2.1.5", id="all went well"),
        pytest.param("", id="no code"),
        pytest.param("550", id="no enhanced code"),
        pytest.param("5.1", id="half a code"),
        pytest.param("5.1.1.1", id="more than a code"),
        pytest.param("5.1.1 user unknown", id="a code and words"),
        pytest.param("5.1.1234", id="too many digits"),
        pytest.param("٥.١.١", id="other digits"),
    ],
)
def test_these_codes_say_nothing_of_the_address(status: str) -> None:
    assert not names_a_dead_address(status)
