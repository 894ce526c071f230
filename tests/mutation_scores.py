"""What `mutmut run` left in `mutants/` goes in; the score of each module and its survivors come out.

Exit status 1 where a module that was tested is below the share that is asked for.
"""

import json
import sys
from collections import Counter
from pathlib import Path

ASKED = 90  # per cent of the mutants of each module
KILLED, SURVIVED, UNTESTED = (1, 3), (0,), (33, 5)  # exit codes of mutmut's workers
NOT_RUN = None


def outcome(code):
    """What became of a mutant: a test failed, none did, none reads it, or its tests did not end."""
    if code in KILLED:
        return "killed"
    if code in SURVIVED:
        return "survived"
    return "not tested" if code in UNTESTED else "timeout"


def main():
    below = []
    print(f"{'module':12} {'mutants':>8} {'killed':>7} {'timeout':>8} {'survived':>9} {'not tested':>11} {'score':>7}")
    survivors = []
    for path in sorted(Path("mutants/src/eligibility").glob("*.meta")):
        module = path.name.removesuffix(".py.meta")
        codes = json.loads(path.read_text("utf-8"))["exit_code_by_key"]
        found = Counter(outcome(code) for code in codes.values() if code is not NOT_RUN)
        total = found.total()
        if not total:
            continue
        score = 100 * (found["killed"] + found["timeout"]) / total
        print(
            f"{module:12} {total:8} {found['killed']:7} {found['timeout']:8} {found['survived']:9} "
            f"{found['not tested']:11} {score:6.1f}%"
        )
        if score < ASKED:
            below.append(module)
        survivors += [
            key for key, code in codes.items() if code is not NOT_RUN and outcome(code) in ("survived", "not tested")
        ]
    print("\nSurvivors (`mutmut show NAME` shows one):", *survivors, sep="\n  ")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
