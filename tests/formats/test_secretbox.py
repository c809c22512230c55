import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats import secretbox

SECRET = b"s" * 32


def sealed(
    plain: bytes = b"plain", *, secret: bytes = SECRET, purpose: str = "test", identity: tuple[str, ...] = ("a", "b")
) -> bytes:
    return secretbox.seal(plain, secret=secret, purpose=purpose, identity=identity)


def unsealed(
    box: bytes, *, secret: bytes = SECRET, purpose: str = "test", identity: tuple[str, ...] = ("a", "b")
) -> bytes:
    return secretbox.unseal(box, secret=secret, purpose=purpose, identity=identity)


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=64), st.lists(st.text(max_size=9), max_size=4))
def test_what_was_sealed_comes_back(plain: bytes, secret: bytes, identity: list[str]) -> None:
    box = secretbox.seal(plain, secret=secret, purpose="test", identity=identity)

    assert secretbox.unseal(box, secret=secret, purpose="test", identity=identity) == plain


def test_nothing_of_what_is_sealed_can_be_seen() -> None:
    plain = b"-----BEGIN PRIVATE KEY-----" * 4

    box = sealed(plain)

    assert len(box) == 1 + 12 + len(plain) + 16
    assert not any(plain[start : start + 4] in box for start in range(len(plain) - 4))


def test_equal_things_give_equal_boxes_and_everything_else_another_nonce() -> None:
    boxes = [
        sealed(),
        sealed(b"other"),
        sealed(secret=b"o" * 32),
        sealed(purpose="other"),
        sealed(identity=("a", "c")),
        sealed(identity=("ab", "")),
    ]

    assert sealed() == boxes[0]
    assert len({box[1:13] for box in boxes}) == len(boxes)


@pytest.mark.parametrize(
    "other",
    [
        {"secret": b"o" * 32},
        {"purpose": "other"},
        {"identity": ("a", "c")},
        {"identity": ("ab", "")},
        {"identity": ("a",)},
        {"identity": ("a", "b", "")},
    ],
    ids=str,
)
def test_a_box_opens_with_the_same_secret_purpose_and_identity_only(other: dict[str, object]) -> None:
    arguments: dict[str, object] = {"secret": SECRET, "purpose": "test", "identity": ("a", "b")}

    with pytest.raises(ValueError, match="sealed with another secret or for something else"):
        secretbox.unseal(sealed(), **(arguments | other))  # type: ignore[arg-type]  # the names say which is which


def test_a_box_of_which_any_bit_was_changed_does_not_open() -> None:
    box = sealed()

    for place in range(len(box)):
        with pytest.raises(ValueError, match=r"damaged|no sealed box"):
            unsealed(box[:place] + bytes([box[place] ^ 1]) + box[place + 1 :])


@pytest.mark.parametrize("box", [b"", b"\x01", b"\x02" + b"x" * 60, sealed()[:28]])
def test_what_is_no_box_is_told(box: bytes) -> None:
    with pytest.raises(ValueError, match="no sealed box"):
        unsealed(box)


def test_a_box_that_was_cut_does_not_open() -> None:
    with pytest.raises(ValueError, match="damaged"):
        unsealed(sealed()[:-1])


def test_a_box_is_sealed_anew_from_either_secret_and_stays_the_same_if_it_is_of_the_present_one() -> None:
    present = b"p" * 32
    anew = {"former": SECRET, "secret": present, "purpose": "test", "identity": ("a", "b")}

    made = secretbox.sealed_anew(sealed(), **anew)  # type: ignore[arg-type]

    assert unsealed(made, secret=present) == b"plain"
    assert secretbox.sealed_anew(made, **anew) == made  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="another secret"):
        secretbox.sealed_anew(sealed(secret=b"x" * 32), **anew)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no sealed box"):
        secretbox.sealed_anew(b"\x09" + sealed()[1:], **anew)  # type: ignore[arg-type]


def test_a_box_of_the_first_releases_still_opens() -> None:
    # Sealed before boxes could be of several algorithms.
    box = bytes.fromhex("01a530f878a174cf36ac88827730b7cb83a039aeaa85709c9324fb73649341ea177e")

    assert unsealed(box) == b"plain"
    assert sealed() == box
