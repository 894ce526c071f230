"""The rules of some trials go in, read through `atoms`; what has to be looked up in the long table comes out: series, windows,
slots, probes, each once, and the names of the columns that will hold the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import narwhals as nw

from eligibility import rules
from eligibility.cohort.choosing import SELECTIONS
from eligibility.cohort.folding import (
    Flag,
    Quad,
    Statement,
    after,
    chosen_quad,
    compared,
    constant,
    either,
    expression,
    pick,
)
from eligibility.cohort.onsets import OnsetQuestion, Windowed
from eligibility.cohort.people import cannot
from eligibility.cohort.reading import Clock, is_duration, names_of
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.sources import Line, Onset, Picked, Plans, Probe, Reach, Source, Wanted, current_limit
from eligibility.cohort.windows import hangs_on_milestone, reach_of, where_to_look
from eligibility.instants import LATEST, Duration
from eligibility.intervals import ANYTHING, INFINITY, Interval, point
from eligibility.look import Absent
from eligibility.vocabulary import Concept, Vocabulary

col = nw.col
_Key = TypeVar("_Key")

Series = tuple[str, str, object]
"""What observations are of: ("plain", name, None), ("limit", name, upper), ("set", name, ranks), ("derived", name, values)."""


@dataclass(frozen=True)
class Slot:
    """One number that is asked for: of which series, which one, in which window; may the window reach past now."""

    series: int
    selection: int
    window: int
    ahead: bool
    coming: Interval | None
    counting: bool = False
    """May it be given in months?"""


@dataclass(frozen=True)
class ChangeSlot:
    """One rise or fall that is asked for."""

    series: int
    rise: bool
    over: Duration
    window: int


@dataclass
class Questions(Source):
    """A source that answers with columns, and remembers what they must hold."""

    vocabulary: Vocabulary
    clock: Clock
    absent: Absent
    trials: dict[str, int]
    addresses: dict[str, int]
    numbers: dict[str, int] = field(init=False)
    lines: dict[str, None] = field(default_factory=dict)
    onset_of: dict[str, None] = field(default_factory=dict)
    series: dict[Series, int] = field(default_factory=dict)
    windows: dict[object, int] = field(default_factory=dict)
    reaches: dict[int, Reach] = field(default_factory=dict)
    slots: dict[Slot, int] = field(default_factory=dict)
    change_slots: dict[ChangeSlot, int] = field(default_factory=dict)
    probes: dict[tuple[int, int], int] = field(default_factory=dict)
    plan_probes: dict[tuple[int, int], int] = field(default_factory=dict)
    held_probes: dict[tuple[int, OnsetQuestion], int] = field(default_factory=dict)
    given: dict[int, None] = field(default_factory=dict)
    answers: dict[tuple[int, int], None] = field(default_factory=dict)
    milestones: dict[tuple[int, int], None] = field(default_factory=dict)
    sheet: Sheet = field(default_factory=Sheet)
    _known: dict[object, Reach] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = names_of(self.vocabulary)
        self.keep = self.sheet.keep

    # --- conditions and events ---------------------------------------------------------------------------------------

    def line(self, name: str) -> Line:
        self.lines[name] = None
        x = self.numbers[name]
        complete = either(col(f"x{x}_complete"), self.cannot(name))
        assumed: Flag = False
        if self.absent == "no" and self.vocabulary[name].on_problem_list:
            assumed = col(f"x{x}_assumed")
        return Line(
            complete, assumed, col(f"x{x}_absent"), col(f"x{x}_known"), col(f"x{x}_here"), col(f"x{x}_maybe")
        )  # fmt: skip

    def cannot(self, name: str) -> Flag:
        return cannot(self.vocabulary, self.numbers[name])

    def episodes(self, concept: Concept) -> tuple[nw.Expr, nw.Expr]:
        self.line(concept.name)
        self.onset_of[concept.name] = None
        x = self.numbers[concept.name]
        return col(f"x{x}_onset_1"), col(f"x{x}_onset_2")

    def probe(self, name: str, window: rules.Window, trial: str) -> Probe:
        number = _numbered(self.probes, (self.numbers[name], self._reached(window, trial)))
        return Probe(*(col(f"p{number}_{part}") for part in ("here", "maybe", "surely", "happened", "perhaps")))

    def plans(self, concept: Concept, window: rules.Window, trial: str) -> Plans:
        number = _numbered(self.plan_probes, (self.numbers[concept.name], self._reached(window, trial)))
        own, near, soon = (col(f"a{number}_{part}") for part in ("has", "near", "soon"))
        return Plans(col(f"a{number}_hit"), own, ~near, ~soon)

    def held(self, name: str, question: OnsetQuestion) -> tuple[Flag, Flag, Flag]:
        self.line(name)
        if isinstance(question, Windowed):
            question = Windowed(question.window, self._of(question.window, question.trial))
        number = _numbered(self.held_probes, (self.numbers[name], question))
        return col(f"x{self.numbers[name]}_listed"), ~col(f"h{number}_not_false"), ~col(f"h{number}_not_true")

    def milestone(self, concept: Concept, trial: str) -> Onset:
        x, tid = self.numbers[concept.name], self.trials.get(trial.casefold(), -2)
        self.milestones[x, -1] = None
        self.milestones[x, tid] = None
        general, own = f"m{x}_-1", f"m{x}_{tid}"
        first = nw.when(col(f"{own}_given")).then(col(f"{own}_1")).otherwise(col(f"{general}_1"))
        last = nw.when(col(f"{own}_given")).then(col(f"{own}_2")).otherwise(col(f"{general}_2"))
        return Onset(first.fill_null(LATEST), last.fill_null(LATEST), False, first.is_null())

    # --- windows -----------------------------------------------------------------------------------------------------

    def _of(self, window: rules.Window, trial: str) -> str:
        """The trial, where a window hangs on a milestone."""
        return trial if hangs_on_milestone(window) else ""

    def reach(self, window: rules.Window, trial: str) -> Reach:
        key = ("reach", window, self._of(window, trial))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._as_columns(key, reach_of(self, window, trial))
        return found

    def _reached(self, window: rules.Window, trial: str) -> int:
        """The number of a window as a rule has it."""
        return self._window(("reach", window, self._of(window, trial)), self.reach(window, trial))

    def _as_columns(self, key: object, found: Reach) -> Reach:
        """A reach by the columns that will hold it; constants stay constants."""
        number = self._window(key, found)
        if found.is_constant and not isinstance(found.never, nw.Expr) and not isinstance(found.unknown, nw.Expr):
            return found
        ends = [
            end if isinstance(end, int) or end is self.clock.now else col(f"w{number}_{name}")
            for name, end in (
                ("sure_1", found.sure_1),
                ("sure_2", found.sure_2),
                ("may_1", found.may_1),
                ("may_2", found.may_2),
            )
        ]
        flags = [
            col(f"w{number}_{name}") if isinstance(flag, nw.Expr) else flag
            for name, flag in (("never", found.never), ("unknown", found.unknown))
        ]
        return Reach(ends[0], ends[1], ends[2], ends[3], flags[0], flags[1])

    def _window(self, key: object, reach: Reach) -> int:
        number = _numbered(self.windows, key)
        self.reaches.setdefault(number, reach)
        return number

    def _looked(self, wanted: Wanted) -> tuple[int, Reach]:
        """The window of a measurement, by its number."""
        where = where_to_look(self, wanted)
        if wanted.window is not None:
            key: object = ("look", wanted.window, self._of(wanted.window, wanted.trial))
        else:
            limit = current_limit(wanted.concept, wanted.values) if wanted.selection == "latest" else None
            key = ("current", None if limit is None else (limit.months, limit.exact))
        return self._window(key, where), where

    # --- numbers -----------------------------------------------------------------------------------------------------

    def series_of(self, concept: Concept, values: Duration | None) -> int:
        """The number of the series of a quantity; what can be computed is part of it."""
        if concept.formula is None:
            return _numbered(self.series, ("plain", concept.name, None))
        return _numbered(self.series, ("derived", concept.name, values))

    def _slot(
        self,
        series: int,
        selection: rules.Selection,
        where: tuple[int, Reach],
        coming: Interval | None,
        counting: bool = False,
    ) -> tuple[str, Flag]:
        ahead = after(where[1].may_2, self.clock.now)
        slot = Slot(
            series,
            SELECTIONS[selection],
            where[0],
            ahead is not False,
            coming if ahead is not False else None,
            counting,
        )
        number = _numbered(self.slots, slot)
        return f"n{number}", col(f"n{number}_sure")

    def number(self, wanted: Wanted) -> Picked:
        concept, where = wanted.concept, self._looked(wanted)
        series = self.series_of(concept, wanted.values)
        name, sure = self._slot(series, wanted.selection, where, concept.possible, is_duration(concept))
        other = constant(concept.possible)
        found = sure
        if concept.assumed is not None:
            self.given[series] = None
            anything = either(col(f"g{series}_given"), after(where[1].may_2, self.clock.now))
            other = chosen_quad(anything, other, constant(point(concept.assumed)))
            found = either(sure, ~expression(anything))
        value = chosen_quad(sure, _quad(name), other)
        return Picked(value, found, (col(f"{name}_months_1"), col(f"{name}_months_2"), col(f"{name}_in_months")))

    def ratio(self, wanted: Wanted, upper: bool) -> Picked:
        anything = Interval(0.0, INFINITY, False, True)
        series = _numbered(self.series, ("limit", wanted.concept.name, upper))
        name, sure = self._slot(series, wanted.selection, self._looked(wanted), anything)
        return Picked(chosen_quad(sure, _quad(name), constant(anything)), sure)

    def change(self, wanted: Wanted, rise: bool, over: Duration) -> Picked:
        where, looked = self._looked(wanted)
        slot = ChangeSlot(self.series_of(wanted.concept, wanted.values), rise, over, where)
        number = _numbered(self.change_slots, slot)
        name = f"c{number}"
        sure = col(f"{name}_sure")
        low, high, low_open, high_open = _quad(name)
        ahead = after(looked.may_2, self.clock.now)
        high = pick(ahead, INFINITY, high)
        high_open = either(ahead, high_open)
        return Picked(chosen_quad(sure, (low, high, low_open, high_open), constant(ANYTHING)), sure)

    def rank(self, wanted: Wanted, ranks: frozenset[int] | None) -> Picked:
        name = wanted.concept.name
        key: Series = ("plain", name, None) if ranks is None else ("set", name, ranks)
        name, sure = self._slot(_numbered(self.series, key), wanted.selection, self._looked(wanted), None)
        return Picked(_quad(name), sure)

    def compared_age(self, unit: str, operator: str, threshold: float) -> Statement:
        return compared(self.age(unit), operator, threshold)

    def age(self, unit: str) -> Quad:
        return col(f"{unit}_1"), col(f"{unit}_2"), False, False

    # --- answers -----------------------------------------------------------------------------------------------------

    def answer(self, concept: Concept, trial: str) -> Statement:
        x, tid = self.numbers[concept.name], self.trials.get(trial.casefold(), -2)
        self.answers[x, -1] = None
        self.answers[x, tid] = None
        return nw.when(col(f"t{x}_{tid}_given")).then(col(f"t{x}_{tid}_answer")).otherwise(col(f"t{x}_-1_answer"))

    def judgement(self, address: str) -> Statement:
        number = self.addresses[address.casefold()]
        self.answers[number, -1] = None
        return col(f"t{number}_-1_answer")


def _numbered(numbers: dict[_Key, int], key: _Key) -> int:
    return numbers.setdefault(key, len(numbers))


def _quad(name: str) -> Quad:
    return col(f"{name}_low"), col(f"{name}_high"), col(f"{name}_low_open"), col(f"{name}_high_open")
