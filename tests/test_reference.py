"""docs/reference.md says what the code can do."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "scripts" / "reference.py"


def test_the_reference_is_made_from_the_code() -> None:
    made = runpy.run_path(str(SCRIPT))

    assert made["PAGE"].read_text("utf-8") == made["page"](), "run `make reference`"
