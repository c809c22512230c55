"""`python -m bench run` measures, `python -m bench report` prints the results as Markdown. `--help` names the options."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench import (
    delivery,
    end_to_end,
    herd,
    machine,
    matching,
    needs,
    pages,
    plots,
    results,
    usual_parts,
    waiting,
    workers,
)
from bench.children import FailedError
from bench.figures import Result
from bench.rig import Rig, open_rig

RESULTS = Path(__file__).parent / "results"
RUNS = 5
RUNS_OF_TRIAL = 2
TRIAL = "trial"  # the folder in RESULTS for what a trial finds, so that it does not take the place of a result
BENCHMARKS: dict[str, tuple[str, Callable[[Rig], Result]]] = {
    "a": (end_to_end.TITLE, end_to_end.run),
    "b": (delivery.TITLE, delivery.run),
    "c": (usual_parts.TITLE, usual_parts.run),
    "d": (matching.TITLE, matching.run),
    "e": (waiting.TITLE, waiting.run),
    "f": (herd.TITLE, herd.run),
    "g": (workers.TITLE, workers.run),
    "h": (pages.TITLE, pages.run),
}


def main() -> int:
    """Run the program; return its exit code."""
    wanted = _arguments()
    folder = RESULTS / TRIAL if wanted.quick else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    if wanted.what == "report":
        print(results.markdown(results.latest(folder)))
        return 0
    letters = "".join(sorted(set(wanted.only or BENCHMARKS) - set(" ,")))
    unknown = set(letters) - set(BENCHMARKS)
    if unknown:
        print(f"bench: there is no benchmark {' '.join(sorted(unknown))}; ONLY takes of {''.join(BENCHMARKS)}")
        return 2
    said, complete = needs.lines(letters)
    print("\n".join(said), flush=True)
    if not complete:
        return 1
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGINT, _interrupted)
    runs = wanted.runs or (RUNS_OF_TRIAL if wanted.quick else RUNS)
    return _measured(folder, letters, runs=runs, is_trial=wanted.quick)


def _measured(folder: Path, letters: str, *, runs: int, is_trial: bool) -> int:
    failed = ""
    for letter in letters:
        title, _ = BENCHMARKS[letter]
        trial = " (A TRIAL: small sizes, the numbers mean nothing)" if is_trial else ""
        print(f"\nbench: {letter}. {title}{trial}", flush=True)
        try:
            print(_run(folder, letter, runs=runs, is_trial=is_trial), flush=True)
        except FailedError as error:
            print(f"bench: {letter} FAILED: {error}", flush=True)
            failed += letter
        except KeyboardInterrupt:
            print("bench: stopped; what was started for it has ended")
            return 130
    where = folder.relative_to(RESULTS.parent.parent)
    print(f"bench: tables and plots are in {where}/, all numbers in {results.LATEST} there")
    if failed:
        print(f"bench: FAILED: {failed}")
    return 1 if failed else 0


def _run(folder: Path, letter: str, *, runs: int, is_trial: bool) -> str:
    with open_rig(folder, is_trial=is_trial, runs=runs) as rig:
        facts = machine.facts(rig.folder)
        begun, revision = machine.now(), machine.revision()
        result = BENCHMARKS[letter][1](rig)
        facts["postgresql"] = rig.postgres_version
    circumstances = {"date": begun, "revision": revision, "trial": is_trial, "machine": facts}
    subtitle = f"{begun}, revision {revision}, {facts['cores']} cores{', A TRIAL' if is_trial else ''}"
    plots.draw(folder / f"{letter}.png", result, subtitle)
    return results.keep(folder, result, circumstances)


def _interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: what was started is being ended now.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("what", choices=("run", "report"))
    parser.add_argument("--only", default="", help="letters of the benchmarks, such as bc; all if left out")
    parser.add_argument("--runs", type=int, default=0, help=f"of each contender; {RUNS} if left out")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try whether it works")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
