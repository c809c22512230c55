"""Signing in: the right password and no other, as slowly for nobody as for somebody, and not too often."""

from dataclasses import replace

import pytest

from tests.builders import DAY, HOUR, MINUTE, SECOND, WORKSPACE_ID, SettableClock, a_chance, a_workspace
from tocsin.chance import real_chance
from tocsin.domain.accounts import MOST_TRIES_FROM_ADDRESS, MOST_TRIES_OF_ACCOUNT, Role
from tocsin.domain.errors import InvalidInputError, NotFoundError, RateLimitedError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.sessions import FRESH, MOST_AT_ONCE, Seat
from tocsin.formats import passwords
from tocsin.services import accounts, sessions
from tocsin.services.accounts import Credentials, SignedIn
from tocsin.services.sessions import Door
from tocsin.storage.store import SqlStore

PASSWORD = "correct horse battery"
GIVEN = Credentials(email="ann@example.com", password=PASSWORD, seat=Seat(source="192.0.2.1"))
OTHER = a_workspace(id=WorkspaceId("a0000000-0000-4000-8000-000000000002"), subdomain="other")


@pytest.fixture
def clock() -> SettableClock:
    """Give the clock of the door."""
    return SettableClock()


@pytest.fixture
def door(store: SqlStore, clock: SettableClock) -> Door:
    """Give two workspaces, in the first of which Ann has an account."""
    with store.registry() as registry:
        registry.add(a_workspace())
        registry.add(OTHER)
    with store.transaction(WORKSPACE_ID) as tx:
        accounts.create(tx, "Ann@Example.com", PASSWORD, role=Role.ADMIN, now=clock(), chance=a_chance())
    return Door(store=store, clock=clock, chance=real_chance(), pepper=b"pepper")


def sign_in(door: Door, source: str = "192.0.2.1", **changes: str) -> str:
    found = accounts.sign_in(door, a_workspace(), replace(GIVEN, seat=Seat(source=source), **changes))
    assert isinstance(found, SignedIn)
    return found.token


def email_of(door: Door, token: str) -> str | None:
    account = sessions.signed_in(door, WORKSPACE_ID, token)
    return None if account is None else account.email


def refused(door: Door, **changes: str) -> str:
    with pytest.raises(InvalidInputError) as caught:
        sign_in(door, **changes)
    return str(caught.value)


def kept_off(door: Door, **changes: str) -> int:
    with pytest.raises(RateLimitedError, match="try again in") as caught:
        sign_in(door, **changes)
    return caught.value.retry_after


@pytest.mark.parametrize("email", ["ann@example.com", "ANN@example.COM", " ann@example.com "])
def test_whoever_has_the_password_is_let_in(door: Door, email: str) -> None:
    assert email_of(door, sign_in(door, email=email)) == "ann@example.com"


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "correct horse"},
        {"password": ""},
        {"password": "\ud800"},
        {"email": "bob@example.com"},
        {"email": "no address"},
        {"email": ""},
    ],
)
def test_whatever_is_wrong_is_told_in_the_same_words(door: Door, wrong: dict[str, str]) -> None:
    assert refused(door, **wrong) == f"password: {accounts.WRONG}"


def test_an_account_that_is_not_there_costs_the_same_hash(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def matches(password: str, kept: str | None) -> bool:
        asked.append(kept)
        return real(password, kept)

    real = passwords.matches
    monkeypatch.setattr(passwords, "matches", matches)
    refused(door, password="x")
    refused(door, email="bob@example.com")

    assert len(asked) == 2
    assert asked[1] is None


def test_each_session_is_another_and_the_store_has_neither_of_them(door: Door) -> None:
    first, second = sign_in(door), sign_in(door)

    assert first != second
    with door.store.reading(WORKSPACE_ID) as tx:
        assert tx.sessions.get(first) is None


def test_a_session_is_one_of_its_workspace_only(door: Door) -> None:
    token = sign_in(door)

    assert sessions.signed_in(door, OTHER.id, token) is None
    with pytest.raises(InvalidInputError):
        accounts.sign_in(door, OTHER, GIVEN)


@pytest.mark.parametrize("token", ["", "0" * 64, "x" * 10_000, "\ud800" * 64])
def test_what_nobody_was_given_is_no_session(door: Door, token: str) -> None:
    assert sessions.signed_in(door, WORKSPACE_ID, token) is None


def test_a_session_ends_when_nobody_uses_it(door: Door, clock: SettableClock) -> None:
    token = sign_in(door)
    for _ in range(3):
        clock.advance(7 * HOUR)
        assert email_of(door, token)
    clock.advance(8 * HOUR)

    assert email_of(door, token) is None


def test_a_session_ends_after_a_week_however_much_it_is_used(door: Door, clock: SettableClock) -> None:
    token = sign_in(door)
    for _ in range(7 * 24 - 1):
        clock.advance(HOUR)
        assert email_of(door, token)
    clock.advance(HOUR)

    assert email_of(door, token) is None


def test_sessions_end_at_signing_out_a_new_password_and_deletion(door: Door) -> None:
    one, two = sign_in(door), sign_in(door)
    sessions.sign_out(door, WORKSPACE_ID, one)
    assert email_of(door, one) is None
    assert email_of(door, two)

    with door.store.transaction(WORKSPACE_ID) as tx:
        accounts.set_password(tx, "ann@example.com", "another long password", chance=a_chance())
    assert email_of(door, two) is None
    refused(door)
    three = sign_in(door, password="another long password")

    with door.store.transaction(WORKSPACE_ID) as tx:
        accounts.delete(tx, "ANN@example.com")
    assert email_of(door, three) is None
    refused(door, password="another long password")


def test_an_account_is_kept_off_after_too_many_tries_from_wherever(door: Door, clock: SettableClock) -> None:
    for number in range(MOST_TRIES_OF_ACCOUNT):
        refused(door, password="x", source=f"192.0.2.{number}")

    assert kept_off(door, source="192.0.2.200") == 15 * 60
    clock.advance(5 * MINUTE)
    assert kept_off(door, email="ANN@example.com") == 10 * 60
    assert refused(door, email="bob@example.com")
    clock.advance(10 * MINUTE + SECOND)
    assert sign_in(door)


def test_a_right_password_begins_the_count_anew(door: Door) -> None:
    for _ in range(2):
        for _ in range(MOST_TRIES_OF_ACCOUNT - 1):
            refused(door, password="x")
        assert sign_in(door)


@pytest.mark.parametrize(
    ("source", "same"),
    [("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8::1", "2001:db8::ffff:2"), ("somewhere", "somewhere")],
)
def test_a_source_is_kept_off_after_too_many_tries_for_whomever(door: Door, source: str, same: str) -> None:
    for number in range(MOST_TRIES_FROM_ADDRESS):
        refused(door, email=f"nobody{number}@example.com", source=source, password="")

    assert kept_off(door, source=same)
    assert sign_in(door, source="2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("ann@example.com", PASSWORD, "email"),
        ("no address", PASSWORD, "email"),
        ("bob@example.com", "short", "password"),
    ],
)
def test_an_account_that_cannot_be_is_refused(door: Door, email: str, password: str, field: str) -> None:
    with door.store.transaction(WORKSPACE_ID) as tx, pytest.raises(InvalidInputError) as caught:
        accounts.create(tx, email, password, role=Role.VIEWER, now=door.clock(), chance=a_chance())

    assert [problem.field for problem in caught.value.problems] == [field]


def test_nobody_has_no_password_and_cannot_be_deleted(door: Door) -> None:
    with door.store.transaction(WORKSPACE_ID) as tx:
        with pytest.raises(NotFoundError, match="tocsin account list"):
            accounts.set_password(tx, "bob@example.com", PASSWORD, chance=a_chance())
        with pytest.raises(NotFoundError):
            accounts.delete(tx, "bob@example.com")


def test_old_sessions_and_counts_do_not_pile_up(door: Door, clock: SettableClock) -> None:
    sign_in(door)
    refused(door, email="bob@example.com")
    clock.advance(8 * DAY)
    sign_in(door)

    with door.store._database.reading() as connection:  # type: ignore[attr-defined]
        assert connection.number("SELECT count(*) AS n FROM sessions") == 1
        assert connection.number("SELECT count(*) AS n FROM sign_ins WHERE kind = 'account'") == 0


@pytest.mark.parametrize(
    ("password", "wrong"),
    [("1qaz2wsx3edc", "tried first everywhere"), ("acme-2026-Acme", "hardly more than"), ("short", "12 to 256")],
)
def test_no_way_to_choose_a_password_takes_one_that_is_easy_to_guess(door: Door, password: str, wrong: str) -> None:
    with door.store.transaction(WORKSPACE_ID) as tx:
        with pytest.raises(InvalidInputError, match=wrong):
            accounts.set_password(tx, "ann@example.com", password, chance=a_chance())
        with pytest.raises(InvalidInputError, match=wrong):
            accounts.create(tx, "bob@example.com", password, role=Role.VIEWER, now=door.clock(), chance=a_chance())
    with pytest.raises(InvalidInputError, match=wrong):
        accounts.change_password(door, a_workspace(), GIVEN, password)
    assert email_of(door, sign_in(door)) == "ann@example.com"


def test_one_session_more_than_may_be_at_once_ends_the_oldest_and_nobody_elses(
    door: Door, clock: SettableClock
) -> None:
    with door.store.transaction(WORKSPACE_ID) as tx:
        accounts.create(tx, "bob@example.com", PASSWORD, role=Role.VIEWER, now=clock(), chance=real_chance())
    bobs = sign_in(door, email="bob@example.com")
    tokens = []
    for _ in range(MOST_AT_ONCE + 1):
        clock.advance(SECOND)
        tokens.append(sign_in(door))

    assert email_of(door, tokens[0]) is None
    assert {email_of(door, token) for token in tokens[1:]} == {"ann@example.com"}
    assert email_of(door, bobs) == "bob@example.com"


def test_sessions_are_listed_and_ended_one_by_one_or_all_others(door: Door, clock: SettableClock) -> None:
    first, second, third = (sign_in(door, source=f"192.0.2.{number}") for number in (1, 2, 3))
    mine, account = sessions.find(door, WORKSPACE_ID, third) or pytest.fail("not signed in")
    with door.store.transaction(WORKSPACE_ID) as tx:
        listed = sessions.of(tx, account, door)
        assert {one.seat.source for one in listed} == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
        assert len({one.name for one in listed}) == 3
        sessions.end(tx, account, next(one.name for one in listed if one.seat.source == "192.0.2.1"))
        with pytest.raises(NotFoundError, match="no such session"):
            sessions.end(tx, account, "")
    assert [email_of(door, token) for token in (first, second, third)] == [None, "ann@example.com", "ann@example.com"]

    with door.store.transaction(WORKSPACE_ID) as tx:
        assert sessions.end_others(tx, account, mine.name) == 1
        assert sessions.end_others(tx, account, mine.name) == 0
    assert [email_of(door, token) for token in (second, third)] == [None, "ann@example.com"]
    clock.advance(8 * HOUR)
    with door.store.reading(WORKSPACE_ID) as tx:
        assert sessions.of(tx, account, door) == []


def test_nobody_ends_a_session_of_another_account(door: Door) -> None:
    with door.store.transaction(WORKSPACE_ID) as tx:
        bob = accounts.create(tx, "bob@example.com", PASSWORD, role=Role.ADMIN, now=door.clock(), chance=real_chance())
    mine = sign_in(door)
    found = sessions.find(door, WORKSPACE_ID, mine) or pytest.fail("not signed in")

    with door.store.transaction(WORKSPACE_ID) as tx, pytest.raises(NotFoundError):
        sessions.end(tx, bob, found[0].name)
    assert email_of(door, mine) == "ann@example.com"


def test_after_ten_minutes_the_password_is_asked_for_again(door: Door, clock: SettableClock) -> None:
    session, _ = sessions.find(door, WORKSPACE_ID, sign_in(door)) or pytest.fail("not signed in")
    accounts.must_be_proved(door, a_workspace(), replace(GIVEN, password=""), session)
    clock.advance(FRESH)

    with pytest.raises(InvalidInputError, match="is not your password"):
        accounts.must_be_proved(door, a_workspace(), replace(GIVEN, password="x"), session)
    accounts.must_be_proved(door, a_workspace(), GIVEN, session)
