"""A19: whatever is written into every field, what arrives has the headers, recipients, parts and properties that it should."""

import os
from multiprocessing import get_context

from tests.torture.injection import Found, injected
from tests.torture.rig import Rig
from tests.torture.tenants import some

_PART = 2_500  # sets of one application


def all_of(size: int, *, side_by_side: bool) -> Found:
    parts, total = [range(start, min(start + _PART, size)) for start in range(0, size, _PART)], Found()
    if side_by_side:
        with get_context("spawn").Pool(os.cpu_count()) as pool:
            done = pool.map(injected, parts, chunksize=1)
    else:
        done = [injected(part) for part in parts]
    for one in done:
        total.add(one)
    return total


def test_no_set_of_values_adds_a_header_a_recipient_a_part_or_a_property(rig: Rig) -> None:
    size = rig.size(quick=5_000, nightly=100_000)

    found = all_of(size, side_by_side=rig.is_nightly)

    assert found.sets == size
    assert found.taken > size / 10  # so that not all was refused
    assert found.arrived >= found.taken
    counts = f"{len(found.wrong)} wrong and {found.dead} dead of {found.arrived:,} messages"
    text = f"{counts} from {size:,} sets, {found.taken:,} taken{some(found.wrong)}"
    rig.found("A19", text, is_met=not found.wrong and not found.dead)
