"""How long a call takes that does next to nothing: bare Python, the import, the help, and a screen of one patient.

    python benchmarks/startup.py [--rounds 30] [--json FILE]

Every call is a process of its own; the calls are interleaved, so that a busy moment of the machine meets all of them, and
each is given beside bare `python -c ''` of the same rounds. "first" is a screen without a cache, "next" one with it. Bytecode
is written before anything is timed, as an installed package has it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENT = str(ROOT / "docs" / "examples" / "ards.json")
SCREEN = ["-m", "eligibility", "screen", PATIENT]
CALLS: dict[str, tuple[list[str], Callable[[str], bool]]] = {
    "bare python": (["-c", ""], lambda said: said == ""),
    "import pydantic": (["-c", "import pydantic"], lambda said: said == ""),
    "import rich.console": (["-c", "import rich.console"], lambda said: said == ""),
    "import eligibility": (["-c", "import eligibility"], lambda said: said == ""),
    "--help": (["-m", "eligibility", "--help"], lambda said: "vocabulary" in said),
    "screen --help": (["-m", "eligibility", "screen", "--help"], lambda said: "--absent" in said),
    "screen, first": (SCREEN, lambda said: said.count("undetermined") >= 3),
    "screen, next": (SCREEN, lambda said: said.count("undetermined") >= 3),
    "screen, next, json": ([*SCREEN, "-f", "json"], lambda said: len(json.loads(said)["trials"]) == 5),
    "screen, next, html": ([*SCREEN, "-f", "html"], lambda said: said.rstrip().endswith("</html>")),
}
# what design.md asks for, in milliseconds on a machine where bare Python takes 10: over bare Python, or in all
GOALS = {"import eligibility": ("over bare", 25.0), "--help": ("in all", 60.0), "screen, next": ("in all", 150.0)}


def measured(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call in each round. Every call is checked for the right answer before it is timed."""
    times: dict[str, list[float]] = {name: [] for name in CALLS}
    with tempfile.TemporaryDirectory() as cache:
        for number in range(-1, rounds):  # the first round is the check
            for name, (arguments, is_right) in CALLS.items():
                environment = {
                    **os.environ,
                    "ELIGIBILITY_CACHE": "off" if name.endswith("first") else cache,
                    "COLUMNS": "80",
                }
                environment.pop("PYTHONDONTWRITEBYTECODE", None)
                start = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, *arguments],
                    capture_output=True,
                    text=True,
                    encoding="utf-8",
                    env=environment,
                    check=True,
                )
                took = 1000 * (time.perf_counter() - start)
                if number >= 0:
                    times[name].append(took)
                elif not is_right(done.stdout):
                    raise SystemExit(f"{name}: wrong answer:\n{done.stdout}")
    return times


def report(times: dict[str, list[float]]) -> dict[str, object]:
    """Median and minimum of each call, beside bare Python, and whether the goals are met."""
    bare = statistics.median(times["bare python"])
    rows = {}
    for name, found in times.items():
        median = statistics.median(found)
        row: dict[str, object] = {
            "median_ms": round(median, 2), "min_ms": round(min(found), 2), "over_bare_ms": round(median - bare, 2),
            "ratio_to_bare": round(median / bare, 2),
        }  # fmt: skip
        if name in GOALS:
            what, goal = GOALS[name]
            scaled = goal * bare / 10  # they are for a machine where bare Python takes 10 ms
            reached = median - bare if what == "over bare" else median
            row |= {"goal_ms": round(scaled, 2), "goal": what, "met": reached <= scaled}
        rows[name] = row
    machine = {"python": platform.python_version(), "system": platform.system(), "processors": os.cpu_count()}
    load = list(os.getloadavg()) if hasattr(os, "getloadavg") else None
    return {"rounds": len(times["bare python"]), "machine": machine, "load": load, "calls": rows}


def main() -> int:
    """Measure, print, and write JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30, help="how often each call is timed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures are written")
    arguments = parser.parse_args()
    found = report(measured(max(1, arguments.rounds)))
    print(f"{'':22}{'median':>9}{'min':>9}{'over bare':>11}{'ratio':>8}   goal")
    for name, row in found["calls"].items():  # type: ignore[attr-defined]  # made above
        goal = f"{row['goal_ms']:.0f} ms {row['goal']}: {'met' if row['met'] else 'MISSED'}" if "goal" in row else ""
        print(
            f"{name:22}{row['median_ms']:9.1f}{row['min_ms']:9.1f}{row['over_bare_ms']:11.1f}{row['ratio_to_bare']:8.1f}   {goal}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
