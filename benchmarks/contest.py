"""A piece of work and all who do it go in; checked, interleaved times with their ratios come out.

A module of this folder takes part by a function `contests(settings)` that yields a Contest for each piece of work. The
runner takes one contest at a time: it asks every contestant for its answer and compares it, times those that are right
in rounds that meet the same moments of the machine, and drops it before the next one is made.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Literal

Clock = Callable[[], float]

MOST_SECONDS = 20.0  # of all rounds of one contestant; a slow one runs fewer rounds, at least two


@dataclass(frozen=True)
class Settings:
    """How much is measured: `quick` is a small instance of every contest, in seconds instead of minutes."""

    quick: bool = False
    rounds: int = 15


@dataclass(frozen=True)
class Contestant:
    """One way to do the work.

    `work` does it once. `wrong` is asked before anything is timed and returns what is wrong with the answer, "" if nothing.
    `goal` is the most that it may take, in times of the baseline. `note` says what a reader should know of the encoding.
    """

    name: str
    work: Callable[[], object]
    wrong: Callable[[], str] = lambda: ""
    goal: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """Something that was measured once, beside the times: memory, a file, a compilation."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Contest:
    """One piece of work. `units` of it are done in one pass (patients, trials), so that times are given for one `unit`.

    `left_out` names peers that are not there, and why. Contests of one `family` that differ in `size` along an `axis`
    (patients, trials, criteria) are drawn as a curve. `clock`: "processor" counts what this process computes, which a busy
    machine disturbs least, and is right where one thread does the work; "wall" is for work in several threads or processes.
    """

    name: str
    contestants: Sequence[Contestant]
    baseline: str
    units: int = 1
    unit: str = "patient"
    clock: Literal["processor", "wall"] = "processor"
    left_out: dict[str, str] = field(default_factory=dict)
    family: str = ""
    axis: str = ""
    size: int = 0
    figures: Sequence[Figure] = ()
    note: str = ""


@dataclass
class Row:
    """What was measured of one contestant: seconds for one unit of work in each round, or what was wrong."""

    name: str
    seconds: list[float] = field(default_factory=list)
    wrong: str = ""
    goal: float | None = None
    note: str = ""

    @property
    def minimum(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass
class Result:
    """A contest that was held, with the load of the machine (the mean of the last minute) before and after."""

    contest: Contest
    rows: list[Row]
    load: tuple[float, float]

    def ratio(self, row: Row) -> float | None:
        """How many times the baseline, by the minima; None where the baseline was not timed."""
        baseline = next((other for other in self.rows if other.name == self.contest.baseline), None)
        return None if baseline is None or not baseline.seconds or not row.seconds else row.minimum / baseline.minimum

    def median_ratio(self, row: Row) -> float | None:
        """How many times the baseline, by the median of the ratios within a round."""
        baseline = next((other for other in self.rows if other.name == self.contest.baseline), None)
        if baseline is None or not baseline.seconds or not row.seconds:
            return None
        return statistics.median(a / b for a, b in zip(row.seconds, baseline.seconds, strict=False))


def hold(contest: Contest, settings: Settings) -> Result:
    """Check every contestant, then time those that are right, in turns."""
    before = load()
    clock = time.process_time if contest.clock == "processor" else time.perf_counter
    rows = [Row(c.name, goal=c.goal, note=c.note) for c in contest.contestants]
    entered = []
    for contestant, row in zip(contest.contestants, rows, strict=True):
        row.wrong = contestant.wrong()
        if not row.wrong:
            entered.append((contestant, row, _passes(contestant.work, clock, settings)))
    spent = {row.name: 0.0 for row in rows}
    for number in range(settings.rounds):
        turn = number % max(1, len(entered))
        for contestant, row, passes in entered[turn:] + entered[:turn]:
            if number >= 2 and spent[row.name] > MOST_SECONDS:
                continue
            took = _timed(contestant.work, passes, clock)
            spent[row.name] += took * passes
            row.seconds.append(took / contest.units)
    return Result(contest, rows, (before, load()))


def _passes(work: Callable[[], object], clock: Clock, settings: Settings) -> int:
    """How many passes make a round long enough to be timed; one that is slow has been warmed up by this."""
    least = 0.01 if settings.quick else 0.05
    passes = 1
    while True:
        took = _timed(work, passes, clock) * passes
        if took >= least / 4:
            return max(1, round(passes * least / took))
        passes *= 4 if took > least / 40 else 20


def _timed(work: Callable[[], object], passes: int, clock: Clock) -> float:
    """Seconds of one pass, with the garbage of others collected before and none collected meanwhile."""
    gc.collect()
    gc.disable()
    try:
        start = clock()
        for _ in range(passes):
            work()
        return (clock() - start) / passes
    finally:
        gc.enable()


def load() -> float:
    """How many processes wanted to run in the last minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def over(judge: Callable[[Any], object], given: Sequence[Any]) -> Callable[[], object]:
    """One patient after the other, round and round: one call of the result judges one."""
    following = cycle(given).__next__
    return lambda: judge(following())


def differing(found: Sequence[object], expected: Sequence[object]) -> str:
    """What is wrong with a list of answers: "" where all are right."""
    if len(found) != len(expected):
        return f"{len(found)} answers, {len(expected)} expected"
    places = [place for place, (one, other) in enumerate(zip(found, expected, strict=True)) if one != other]
    if not places:
        return ""
    return f"{len(places)} of {len(expected)} answers differ; the first, {places[0]}: {found[places[0]]!r}, not {expected[places[0]]!r}"
