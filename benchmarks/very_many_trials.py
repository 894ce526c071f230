"""Random trials of a registry go in; one patient against all of them is timed, and what the trials cost to hold and change."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import many_trials
from contest import Contest, Contestant, Figure, Settings, differing, over
from eligibility import Screener, Trial, compile_trial, screen
from eligibility.screener import PreparedFacts
from eligibility.verdicts import VERDICTS
from many_trials import Made, Registry
from patients import STAMP

GOAL = 1 / 80
SIZES = (100, 1_000, 10_000)
CRITERIA = (10, 30, 100, 300, 1_000)
SEED = 11


def contests(settings: Settings) -> Iterator[Contest]:
    """The curve over trials, with limits on the grids of protocols and with limits of their own; the curve over criteria."""
    for distinct in (False, True):
        sizes = SIZES[:2] if settings.quick else SIZES
        made = many_trials.make(sizes[-1], SEED, distinct=distinct)
        for size in sizes:
            part = Made(made.written[:size], made.trials[:size])
            is_largest = size == sizes[-1] and not distinct
            yield _contest(part, distinct, settings, is_largest=is_largest)
            if is_largest:
                yield _nothing_known(part)
    for size in CRITERIA[:3] if settings.quick else CRITERIA:
        yield _criteria(size, settings)


def _contest(made: Made, distinct: bool, settings: Settings, *, is_largest: bool) -> Contest:
    size = len(made.trials)
    start = time.process_time()
    screener = Screener(made.trials)
    took = time.process_time() - start
    functions = many_trials.by_hand(made, screener)
    registry = Registry(SEED, distinct)
    # more patients than a round judges, none of whom was seen in the round before
    some = 60 if settings.quick else 1_500
    records = list(many_trials.patients(registry, some, 12))
    facts = [screener.prepare(record, at=STAMP) for record in records]
    figures = [Figure("distinct slots", len(screener.slots), ""), Figure("indexing, for each trial", took / size, "s")]
    if is_largest:
        figures += changes(screener, made, settings)
    name = f"one patient, {size:,} trials" + (", limits of their own" if distinct else "")

    def wrong() -> str:
        for one in facts[: 20 if settings.quick else 60]:
            found = list(screener.verdicts(one).values())
            fault = differing(found, [VERDICTS[function(one.contents)] for function in functions])
            if fault:
                return fault
        return _unlike_the_reference(screener, made.trials, registry)

    contestants = [
        Contestant("loop over functions by hand", over(lambda one: [f(one.contents) for f in functions], facts), note="a list of codes"),
        Contestant("Screener.verdicts", over(screener.verdicts, facts), wrong, GOAL if size == SIZES[-1] and not distinct else None, "as bitsets"),
        Contestant("the IDs of the eligible", over(lambda one: list(screener.verdicts(one).eligible), facts), note="one of the sets, listed"),
        Contestant("dict(Screener.verdicts)", over(lambda one: dict(screener.verdicts(one)), facts), note="all of them, listed"),
        Contestant("Screener.verdicts, from the dict", over(lambda record: screener.verdicts(screener.prepare(record, at=STAMP)), records), note="read and validated"),
    ]  # fmt: skip
    return Contest(
        name, contestants, "loop over functions by hand", unit="patient", figures=figures,
        family="one patient against many trials" + (", limits of their own" if distinct else ""), axis="trials", size=size,
        note="Facts are prepared; the right answers are those of the reference, and of every function by hand.",
    )  # fmt: skip


def _nothing_known(made: Made) -> Contest:
    """For a patient without a record no criterion fails, and code by hand looks at all of them."""
    screener = Screener(made.trials)
    functions = many_trials.by_hand(made, screener)
    nothing = screener.prepare({}, at=STAMP)

    def wrong() -> str:
        return differing(list(screener.verdicts(nothing).values()), [VERDICTS[f(nothing.contents)] for f in functions])

    contestants = [
        Contestant("loop over functions by hand", lambda: [f(nothing.contents) for f in functions], note="a list of codes"),
        Contestant("Screener.verdicts", lambda: screener.verdicts(nothing), wrong, note="as bitsets"),
    ]  # fmt: skip
    name = f"a patient of whom nothing is known, {len(made.trials):,} trials"
    return Contest(name, contestants, "loop over functions by hand")


def _unlike_the_reference(screener: Screener, trials: Sequence[Trial], registry: Registry) -> str:
    """What is wrong by the reference evaluator, for a few patients and some of the trials."""
    some = trials[:: max(1, len(trials) // 200)]
    for record in many_trials.patients(registry, 4, 13):
        verdicts = screener.verdicts(screener.prepare(record, at=STAMP))
        expected = {trial.id: trial.verdict for trial in screen(record, some, at=STAMP)}
        fault = differing([verdicts[trial.id] for trial in some], [expected[trial.id] for trial in some])
        if fault:
            return fault
    return ""


def changes(screener: Screener, made: Made, settings: Settings) -> list[Figure]:
    """What it costs to hold the trials, and to change which there are."""
    size = len(made.trials)
    some = size // 5  # rules are alike; only the index is smaller for each trial the more there are
    figures = [Figure("checked rules, for each trial", _resident(f"made = make({some}, {SEED})") / some, "B")]
    gc.collect()
    tracemalloc.start()
    another = Screener(made.trials)
    held = tracemalloc.get_traced_memory()[0]
    for record in many_trials.patients(Registry(SEED), 50 if settings.quick else 300, 16):
        another.verdicts(another.prepare(record, at=STAMP))
    gc.collect()
    warm = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    figures.append(Figure("index, for each trial", held / size, "B"))
    figures.append(Figure("the same with what it remembers of patients", warm / size, "B"))
    fresh = many_trials.make(20, SEED + 1)
    renamed = [Trial(f"NEW{n}", t.title, t.criteria, t.registry, t.values) for n, t in enumerate(fresh.trials)]
    first, record = many_trials.patients(Registry(SEED), 2, 14)
    another.verdicts(another.prepare(first, at=STAMP))
    figures.append(Figure("adding a trial", _each(another.add, renamed), "s"))
    figures.append(Figure("the next verdicts, facts prepared anew", _each(lambda one: another.verdicts(another.prepare(one, at=STAMP)), [record]), "s"))  # fmt: skip
    figures.append(Figure("withdrawing a trial", _each(lambda trial: another.withdraw(trial.id), renamed), "s"))
    figures += _saved(screener, made)
    return figures


def _each(work: Callable[[Any], object], given: Sequence[Any]) -> float:
    start = time.process_time()
    for one in given:
        work(one)
    return (time.process_time() - start) / len(given)


def _resident(statements: str) -> float:
    """By how many bytes the resident memory of a process of its own grows through some statements; 0 if not told."""
    program = (
        "import gc, sys\nfrom many_trials import make\n"
        "def pages():\n    gc.collect()\n    return int(open('/proc/self/statm').read().split()[1])\n"
        f"make(5, 1)\nbefore = pages()\n{statements}\nprint(pages() - before)\n"
    )
    if not Path("/proc/self/statm").exists():
        return 0.0
    here = str(Path(__file__).parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([here, *sys.path])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout) * os.sysconf("SC_PAGE_SIZE")


def _saved(screener: Screener, made: Made) -> list[Figure]:
    """Saving and loading the compiled set."""
    texts = [many_trials.text_of(number, criteria) for number, criteria in enumerate(made.written[:200])]
    start = time.process_time()
    for text in texts:
        compile_trial(text)
    compiling = (time.process_time() - start) / len(texts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trials"
        start = time.process_time()
        screener.save(path)
        saving = time.process_time() - start
        size = path.stat().st_size
        start = time.process_time()
        screener.load(path)
        loading = time.process_time() - start
    count = len(made.trials)
    return [
        Figure("compiling, for each trial", compiling, "s"), Figure("saving, for each trial", saving / count, "s"),
        Figure("loading, for each trial", loading / count, "s"), Figure("saved, for each trial", size / count, "B"),
    ]  # fmt: skip


def _criteria(size: int, settings: Settings) -> Contest:
    """One trial of so many criteria, facts prepared: one function, ours and by hand."""
    registry = Registry(SEED + 2)
    written: list[many_trials.Written] = []
    while len(written) < size:
        written += [
            one for one in registry.trial() if one.section == "exclude" and not one.formula.startswith("judgement")
        ]
    trial = compile_trial(many_trials.text_of(0, written[:size]))
    made = Made([written[:size]], [trial])
    screener = Screener(made.trials)
    (function,) = many_trials.by_hand(made, screener)
    records = list(many_trials.patients(registry, 20 if settings.quick else 100, 15))
    records.append({})  # nothing known: every criterion is looked at
    facts: list[PreparedFacts] = [screener.prepare(record, at=STAMP) for record in records]

    def wrong() -> str:
        found = [screener.verdicts(one)[trial.id] for one in facts]
        by_hand = differing(found, [VERDICTS[function(one.contents)] for one in facts])
        few = records[:3] + records[-1:]
        return by_hand or differing(
            [screener.verdicts(screener.prepare(record, at=STAMP))[trial.id] for record in few],
            [screen(record, [trial], at=STAMP)[trial.id].verdict for record in few],
        )

    nothing = facts[-1]
    contestants = [
        Contestant("by hand", lambda: function(nothing.contents)),
        Contestant("Screener.verdicts", lambda: screener.verdicts(nothing), wrong),
        Contestant("Screener.verdicts, from the dict", over(lambda record: screener.verdicts(screener.prepare(record, at=STAMP)), records)),
    ]  # fmt: skip
    return Contest(
        f"one trial of {size:,} criteria", contestants, "by hand", family="one trial of many criteria", axis="criteria",
        size=size, note="Nothing is known of the patient, so that no criterion ends the trial.",
    )  # fmt: skip
