"""A25: whoever breaks a guard is noticed. All of them by night; two quickly; and always that each could still be broken."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.docs.test_threats import the_tests_of
from tests.torture.guards import GUARDS
from tests.torture.mutants import Mutant, is_whole, missing, tried
from tests.torture.rig import Rig

_QUICK = ("a repeat is the bytes that were frozen", "the secret of a key has to be right")


def test_each_guard_stands_where_it_is_said_to_and_is_told_by_tests_that_exist() -> None:
    assert missing(GUARDS) == []
    assert len({one.guard for one in GUARDS}) == len(GUARDS) >= 24
    assert [one.guard for one in GUARDS if one.old == one.new] == []
    named = [test.partition("::")[::2] for one in GUARDS for test in one.tests]
    assert [(file, name) for file, name in named if name and name not in the_tests_of(file)] == []


def test_whoever_breaks_a_guard_is_noticed(rig: Rig) -> None:
    wanted = [one for one in GUARDS if rig.is_nightly or one.guard in _QUICK]

    assert is_whole(wanted) == ""
    with ThreadPoolExecutor(os.cpu_count() if rig.is_nightly else 1) as pool:
        verdicts = list(pool.map(tried, wanted))

    unseen = [f"{one.mutant.guard}: {one.said}" for one in verdicts if not one.is_seen]
    seen = len(verdicts) - len(unseen)
    text = f"{seen} of {len(verdicts)} guard mutants seen" + "".join(f"\nunseen: {one}" for one in unseen)
    rig.found("A25", text, is_met=seen >= 0.95 * len(verdicts))


def test_a_guard_that_nobody_would_miss_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = Mutant(
        guard="none",
        file="domain/invite.py",
        old="stamp = now.replace(microsecond=0)\n",
        new="stamp = now.replace(microsecond=0)  # the same\n",
        tests=("tests/domain/test_invite.py::test_another_content_is_the_next_revision",),
    )
    broken = Mutant(guard="gone", file="domain/invite.py", old="this stands nowhere", new="", tests=nobody.tests)

    assert missing([nobody, broken]) == ["gone: its text stands 0 times in domain/invite.py"]
    assert not tried(nobody).is_seen
