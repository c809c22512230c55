"""`python -m tests.torture.simulation SEED` lives a seed again and tells all of it; `FIRST LAST` lives many of them.

With `--first` behind these it ends, with 1, at the first that does not hold.
"""

import sys
from collections.abc import Sequence

from tests.torture.simulation.engine import BrokenError, live

_COUNTED = ("hours", "handed_over", "repeated", "deaths")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Live through a seed, or through all from the first to the last; return how many did not hold."""
    is_first_enough = "--first" in arguments
    first, *rest = (int(one) for one in arguments if one != "--first")
    broken, lived = 0, []
    for seed in range(first, (rest[0] if rest else first) + 1):
        try:
            lived.append(live(seed, tells=(lambda _line: None) if rest else _say))
        except BrokenError as error:
            broken += 1
            _say(str(error))
            if is_first_enough:
                break
    sums = [f"{sum(getattr(one, name) for one in lived):.0f} {name}" for name in _COUNTED]
    _say(f"{len(lived)} held, {broken} broke: {', '.join(sums)}")
    return broken


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
