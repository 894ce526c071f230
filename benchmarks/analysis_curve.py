"""How long the analysis takes as trials grow: seconds of processor time for 5 to 500 criteria of four kinds, and for the bundled
trials alone and against each other.

    python benchmarks/analysis_curve.py [--most 500] [-o FILE.json]
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

from eligibility import compile_trial, load_trials
from eligibility.analysis import analyse, compare
from eligibility.analysis.reasoner import Reasoner, asker_of, passing
from eligibility.library import Trial
from eligibility.vocabulary import bundled_vocabulary

SIZES = (5, 10, 30, 60, 125, 250, 500)


def seconds(work: Callable[[], object], repeat: int = 3) -> float:
    """The best of a few runs, in seconds of processor time."""
    best = float("inf")
    for _ in range(repeat):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def written(kind: str, size: int, chance: random.Random) -> Trial:
    """A trial of so many exclusions: of different facts, of one number, of one condition in windows, or of random ones."""
    words = bundled_vocabulary()
    conditions = [name for name, concept in words.concepts.items() if concept.kind == "condition" and name.isascii()]
    quantities = [
        concept for concept in words if concept.kind == "quantity" and concept.formula is None and concept.plausible
    ]

    def rule(number: int) -> str:
        match kind:
            case "apart":
                return f"history of `{conditions[number % len(conditions)]}`"
            case "one number":
                return f"creatinine > {1000 + number} umol/L"
            case "windows":
                return f"stroke within {number + 1} days"
            case _:
                name = chance.choice(conditions)
                concept = chance.choice(quantities)
                limit = concept.plausible.low + (concept.plausible.high - concept.plausible.low) * chance.random()
                unit = "" if concept.unit == "1" else f" {concept.unit}"
                return f"`{name}` within {chance.randint(1, 30)} days or `{concept.name}` > {limit:.3f}{unit}"

    lines = [f'  {number} "criterion {number}": {rule(number)}' for number in range(size)]
    return compile_trial("\n".join([f'trial SIZE{size} "{kind}"', "", "exclude:", *lines, ""]))


def pairwise(trial: Trial) -> int:
    """Ask of every ordered pair of criteria whether the first decides the second; how many do."""
    asker = asker_of(trial)
    reasoner = Reasoner([(asker, criterion.rule) for criterion in trial.criteria], None, trial.vocabulary)
    goals = [passing(asker, criterion) for criterion in trial.criteria]
    count = 0
    for one, other in combinations(goals, 2):
        for first, second in ((one, other), (other, one)):
            denied = type(second)(second.asker, second.rule, second.met, denied=True)
            count += reasoner.can([first, denied]).kind == "never"
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--most", type=int, default=500, help="the largest trial")
    parser.add_argument("-o", "--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}

    def note(what: str, at: str, value: float) -> None:
        figures.setdefault(what, {})[at] = round(value, 5)
        print(f"{what:<42} {at:>12} {value * 1000:10.1f} ms", flush=True)

    trials = load_trials()
    for trial in trials:
        note("analyse, bundled", trial.id, seconds(lambda trial=trial: analyse(trial)))  # type: ignore[misc]  # bound now
    note("compare, bundled", "10 pairs", seconds(lambda: [compare(a, b) for a, b in combinations(trials, 2)]))
    thirty = written("random", 30, random.Random(1))
    note("every ordered pair of criteria", "30", seconds(lambda: pairwise(thirty)))
    for kind in ("apart", "one number", "windows", "random"):
        for size in SIZES:
            if size <= arguments.most:
                trial = written(kind, size, random.Random(size))
                note(f"analyse, {kind}", str(size), seconds(lambda trial=trial: analyse(trial), 1 if size > 60 else 3))  # type: ignore[misc]  # bound now
    if arguments.output:
        arguments.output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
