"""The chain of an audit log: what was changed, taken out, swapped or cut off is seen."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.builders import NOON, SECOND, WORKSPACE_ID, a_deed
from tocsin.domain.audit import (
    COMMAND_LINE,
    KINDS,
    THE_SERVER,
    Entry,
    Head,
    Verb,
    appended,
    chain_key,
    first_fault,
    is_whole,
    pruned,
    sealed_head,
    what_complaint,
)
from tocsin.domain.model import WorkspaceId

KEY = chain_key(b"pepper")
OTHER_KEY = chain_key(b"another")


def a_log(number: int = 5, *, key: bytes = KEY, workspace_id: WorkspaceId = WORKSPACE_ID) -> tuple[Head, list[Entry]]:
    deeds = [(COMMAND_LINE, a_deed(thing=f"rule-{n}", after=f'{{"name":"{n}"}}')) for n in range(number)]
    return appended(Head(), deeds, at=NOON, workspace_id=workspace_id, key=key)


def fault(head: Head, entries: list[Entry]) -> tuple[int, str] | None:
    found = first_fault(entries, head, workspace_id=WORKSPACE_ID, key=KEY)
    return None if found is None else (found.number, found.sentence)


def test_numbers_go_up_from_one_without_a_gap_and_nothing_is_wrong() -> None:
    head, entries = a_log(2)
    head, more = appended(head, [(THE_SERVER, a_deed())], at=NOON, workspace_id=WORKSPACE_ID, key=KEY)

    assert [one.number for one in [*entries, *more]] == [1, 2, 3]
    assert fault(head, [*entries, *more]) is None
    assert fault(Head(), []) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: replace(entry, at=entry.at + SECOND),
        lambda entry: replace(entry, by=THE_SERVER),
        lambda entry: replace(entry, by=replace(entry.by, through="api")),
        lambda entry: replace(entry, deed=replace(entry.deed, verb=Verb.KEY_CREATED)),
        lambda entry: replace(entry, deed=replace(entry.deed, thing="other")),
        lambda entry: replace(entry, deed=replace(entry.deed, name="other")),
        lambda entry: replace(entry, deed=replace(entry.deed, before="{}")),
        lambda entry: replace(entry, deed=replace(entry.deed, after="{}")),
        lambda entry: replace(entry, seal="0" * 64),
    ],
    ids=["at", "who", "through", "verb", "thing", "name", "before", "after", "seal"],
)
@pytest.mark.parametrize("place", [0, 2, 4], ids=["the first", "one between", "the newest"])
def test_an_entry_of_which_anything_was_changed_is_named(change: Callable[[Entry], Entry], place: int) -> None:
    head, entries = a_log()
    entries[place] = change(entries[place])

    number, sentence = fault(head, entries) or (0, "")

    assert number == place + 1
    assert sentence.startswith(f"entry {place + 1} is not as it was written")


def test_a_text_that_moved_from_one_field_to_the_next_is_seen() -> None:
    head, entries = appended(
        Head(), [(COMMAND_LINE, a_deed(thing="ab", name="c"))], at=NOON, workspace_id=WORKSPACE_ID, key=KEY
    )

    moved = replace(entries[0], deed=replace(entries[0].deed, thing="a", name="bc"))

    assert fault(head, [moved]) is not None


def test_an_entry_that_was_taken_out_or_swapped_is_named() -> None:
    head, entries = a_log()

    assert fault(head, [*entries[:2], *entries[3:]]) == (3, "entry 3 is missing")
    swapped = [replace(entries[1], number=1), replace(entries[0], number=2), *entries[2:]]
    assert (fault(head, swapped) or (0, ""))[0] == 1
    assert fault(head, entries[1:]) == (1, "entry 1 is missing")


def test_what_was_cut_off_at_the_end_is_seen_also_if_the_head_was_set_back() -> None:
    head, entries = a_log()

    assert fault(head, entries[:3]) == (4, "entry 4 is missing, and all behind it")
    set_back = replace(head, number=3, last=entries[2].seal)
    assert fault(set_back, entries[:3]) == (4, "what came behind entry 3 may have been cut off")
    assert fault(Head(), entries) == (6, "what came behind entry 5 may have been cut off")
    assert fault(head, []) == (1, "entry 1 is missing, and all behind it")


def test_writing_on_does_not_heal_a_log_that_was_cut_off() -> None:
    head, entries = a_log()
    set_back = replace(head, number=3, last=entries[2].seal)

    after, more = appended(set_back, [(THE_SERVER, a_deed())], at=NOON, workspace_id=WORKSPACE_ID, key=KEY)
    after, still = appended(after, [(THE_SERVER, a_deed())], at=NOON, workspace_id=WORKSPACE_ID, key=KEY)

    told = (4, "before entry 4 was written, the end of the log was changed")
    assert fault(after, [*entries[:3], *more, *still]) == told


def test_nobody_without_the_secret_can_write_a_chain_and_none_of_another_workspace_fits() -> None:
    for log in (a_log(key=OTHER_KEY), a_log(workspace_id=WorkspaceId("other"))):
        assert (fault(*log) or (0, ""))[0] == 1
    head, entries = a_log()
    assert not is_whole(sealed_head(head, workspace_id=WORKSPACE_ID, key=OTHER_KEY), workspace_id=WORKSPACE_ID, key=KEY)
    assert fault(sealed_head(head, workspace_id=WorkspaceId("other"), key=KEY), entries) is not None


def test_a_log_whose_oldest_entries_were_forgotten_is_whole_and_what_is_left_is_still_bound() -> None:
    head, entries = a_log()
    shorter = pruned(head, entries[1], workspace_id=WORKSPACE_ID, key=KEY)

    assert fault(shorter, entries[2:]) is None
    assert fault(shorter, entries[3:]) == (3, "entry 3 is missing")
    assert fault(replace(shorter, since=3, first=entries[2].seal), entries[3:]) is not None


def test_forgetting_does_not_heal_what_was_cut_off_before_until_that_is_forgotten_too() -> None:
    head, entries = a_log()
    set_back = replace(head, number=3, last=entries[2].seal)

    shorter = pruned(set_back, entries[0], workspace_id=WORKSPACE_ID, key=KEY)
    assert fault(shorter, entries[1:3]) == (4, "before entry 4 was written, the end of the log was changed")
    after, more = appended(shorter, [(THE_SERVER, a_deed())] * 2, at=NOON, workspace_id=WORKSPACE_ID, key=KEY)
    assert fault(after, [*entries[1:3], *more]) is not None
    assert fault(pruned(after, more[0], workspace_id=WORKSPACE_ID, key=KEY), more[1:]) is None


def test_what_can_be_looked_for_is_a_kind_or_a_verb() -> None:
    assert what_complaint("rule") is None
    assert what_complaint("rule.changed") is None
    assert "a whole verb such as rule.changed" in (what_complaint("rule.eaten") or "")
    assert {a_deed(verb=verb).kind for verb in Verb} == set(KINDS)
