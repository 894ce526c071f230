"""The cells of computed numbers, and of what they are computed from, go in; values come out under which each lies in its cell.

They are found by trying: values are drawn from the cells, then one is moved until the number that it counts in fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from eligibility import rules, series
from eligibility.analysis.cells import Cell
from eligibility.analysis.keys import Pick, possible_of, variable_key
from eligibility.analysis.samples import number_in
from eligibility.analysis.solver import Solution
from eligibility.analysis.world import World
from eligibility.formulas import check_formula
from eligibility.intervals import INFINITY, TOLERANCE, Interval, point
from eligibility.logic import Truth
from eligibility.vocabulary import Concept

_TRIES = 40
_LEAST_TRIES = 2  # where much was tried in vain already
_HALVINGS = 40
_YEARS = 40.0  # an age that nothing is asked of


@dataclass
class Inputs:
    """Values of quantities, the ranks of classes, and the quantities that need not be given, since these give them. Where there
    are no such values, `apart` are the inputs that have to be measured earlier than what is computed from them elsewhere."""

    values: dict[Concept, float] = field(default_factory=dict)
    ranks: dict[Concept, int] = field(default_factory=dict)
    computed: set[Concept] = field(default_factory=set)
    years: float | None = None
    apart: set[Concept] = field(default_factory=set)


@dataclass(frozen=True)
class _Asked:
    """A number that must lie in a cell."""

    number: rules.Expression
    cell: Cell


class InputFinder:
    """Finds them for one assignment; `years` is the age of the patient, where it is asked for."""

    def __init__(
        self, world: World, solution: Solution, by_concept: Mapping[Concept, list[Pick]], years: float | None,
        chance: Random | None,
    ) -> None:  # fmt: skip
        self._world, self._solution, self._by_concept = world, solution, by_concept
        self._years = years
        self._chance = chance or Random(0)

    def arithmetic(self) -> Inputs:
        """For what the arithmetic of rules reads."""
        asked: list[_Asked] = []
        concepts: dict[Concept, None] = {}
        for key, variable in self._world.index.items():
            if isinstance(key, tuple) and key[0] == "computed" and variable in self._solution.cells:
                asked.append(_Asked(key[1], self._cell(variable)))  # type: ignore[arg-type]  # the second part of such a key
                for pick in self._world.picks_of(key):
                    if pick.kind == "value":
                        concepts[pick.stream.concept] = None
        values = self._found(asked, concepts, {}) or {}
        derived = [concept for concept in self._by_concept if concept.formula is not None]
        inputs = {source for concept in derived for source in check_formula(self._world.vocabulary, concept).inputs}
        return Inputs(values, apart=inputs & ({*values} | {*self._by_concept}) if values else set())

    def derived(self) -> Inputs:
        """For the derived quantities that are asked for beside one of their inputs, so that they come out by themselves."""
        wanted: list[Concept] = []
        asked: list[_Asked] = []
        concepts: dict[Concept, None] = {}
        ranks: dict[Concept, int] = {}
        needs_age = False
        for concept, picks in self._by_concept.items():
            if concept.formula is None or any(pick.selection != "latest" or pick.kind != "value" for pick in picks):
                continue
            formula = check_formula(self._world.vocabulary, concept)
            inputs = [source for source in formula.inputs if source.kind == "quantity"]
            if any(source.formula for source in inputs) or not any(source in self._by_concept for source in inputs):
                continue
            wanted.append(concept)
            asked.append(_Asked(formula.expression, self._cell(self._world.index[variable_key(picks[0])])))
            concepts |= dict.fromkeys(inputs)
            needs_age = needs_age or any(source.kind == "age" for source in formula.inputs)
            for source in formula.inputs:
                if source.kind == "class":
                    ranks[source] = self._rank(source)
        values = self._found(asked, concepts, ranks) if wanted else None
        if values is None:
            return Inputs(apart={concept for concept in concepts if concept in self._by_concept})
        given = {c: value for c, value in values.items() if c.assumed is None or c in self._by_concept}
        left = {concept: rank for concept, rank in ranks.items() if concept not in self._by_concept}
        return Inputs(given, left, set(wanted), _YEARS if needs_age and self._years is None else None)

    def _cell(self, variable: int) -> Cell:
        return self._world.space.grids[variable].cells[self._solution.cells[variable]]

    def _rank(self, concept: Concept) -> int:
        picks = self._by_concept.get(concept)
        return self._solution.cells[self._world.index[variable_key(picks[0])]] if picks else 0

    def _found(
        self, asked: list[_Asked], concepts: Mapping[Concept, None], ranks: Mapping[Concept, int]
    ) -> dict[Concept, float] | None:
        """Values under which each number lies in its cell, or None where none were hit upon."""
        if not asked:
            return None
        picks = {concept: self._pick(concept) for concept in concepts}
        for _ in range(_TRIES if self._world.patience > 0 else _LEAST_TRIES):
            self._world.patience -= 1
            tried = {concept: self._tried(concept, pick) for concept, pick in picks.items()}
            for one in asked:
                if not _lies_in(self._value(one, tried, ranks), one.cell):
                    self._move(one, tried, ranks, picks)
            if all(_lies_in(self._value(one, tried, ranks), one.cell) for one in asked):
                self._world.patience += 1
                return tried
        return None

    def _pick(self, concept: Concept) -> Pick | None:
        picks = [p for p in self._by_concept.get(concept, ()) if p.kind == "value"]
        return next((p for p in picks if self._world.index[variable_key(p)] in self._solution.cells), None)

    def _tried(self, concept: Concept, pick: Pick | None) -> float:
        chance = self._chance
        if pick is not None:
            return number_in(self._world, pick, self._solution.cells[self._world.index[variable_key(pick)]], chance)
        if concept.assumed is not None:
            return concept.assumed
        wished = concept.plausible or possible_of(concept, self._world.vocabulary)
        low = wished.low if wished.low > -INFINITY else -1_000.0
        high = wished.high if wished.high < INFINITY else max(1_000.0, low * 10)
        if chance.random() < 0.2:
            low, high = concept.possible.low, min(concept.possible.high, high * 100)
        low = max(low, -100_000.0)
        return float(f"{low + (high - low) * chance.random() ** chance.choice((1, 3, 8)):.6g}")

    def _move(
        self, one: _Asked, tried: dict[Concept, float], ranks: Mapping[Concept, int], picks: Mapping[Concept, Pick | None]
    ) -> None:  # fmt: skip
        """Move one value, halving the room that it has, until the number lies in its cell: it rises or falls with the value."""
        read = [leaf.concept for leaf in rules.leaves(one.number) if isinstance(leaf, rules.Measured)]
        movable = [concept for concept in dict.fromkeys(read) if concept in tried and concept.assumed is None]
        if not movable:
            return
        concept = self._chance.choice(movable)
        low, high = self._room(concept, picks[concept])
        at_low, at_high = (self._value(one, {**tried, concept: end}, ranks) for end in (low, high))
        if not (at_low.is_point and at_high.is_point):
            return
        rising = at_low.low <= at_high.low
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            value = self._value(one, {**tried, concept: middle}, ranks)
            if _lies_in(value, one.cell):
                tried[concept] = self._shorter(one, tried, ranks, concept, middle)
                return
            if (value.low < one.cell.low or (one.cell.single and value.low < one.cell.sample)) is rising:
                low = middle
            else:
                high = middle

    def _shorter(
        self, one: _Asked, tried: Mapping[Concept, float], ranks: Mapping[Concept, int], concept: Concept, value: float
    ) -> float:
        """The same with fewer digits, where they do."""
        pick = self._pick(concept)
        for digits in (2, 3, 4, 6, 9):
            near = float(f"{value:.{digits}g}")
            own = pick is None or _lies_in(point(near), self._cell(self._world.index[variable_key(pick)]))
            if own and _lies_in(self._value(one, {**tried, concept: near}, ranks), one.cell):
                return near
        return value

    def _room(self, concept: Concept, pick: Pick | None) -> tuple[float, float]:
        span = (concept.possible.low, concept.possible.high)
        if pick is not None:
            cell = self._cell(self._world.index[variable_key(pick)])
            if cell.single:
                return cell.sample, cell.sample
            span = (cell.low, cell.high)
        likely = concept.plausible
        if likely is not None and likely.low < span[1] and likely.high > span[0] and self._chance.random() < 0.8:
            span = (max(span[0], likely.low), min(span[1], likely.high))
        low = max(span[0], -1e6) if span[0] == -INFINITY else span[0]
        high = max(1e6, 10 * abs(low)) if span[1] == INFINITY else span[1]
        inward = 4 * TOLERANCE
        return low + inward * abs(low), high - inward * abs(high)

    def _value(self, one: _Asked, tried: Mapping[Concept, float], ranks: Mapping[Concept, int]) -> Interval:
        def leaf(expression: rules.Age | rules.Measured | rules.Changed | rules.InClass) -> Interval | Truth:
            match expression:
                case rules.Measured(concept=concept) if concept in tried:
                    return point(tried[concept])
                case rules.Age():
                    return point(_YEARS if self._years is None else self._years)
                case rules.InClass(concept=concept, ranks=wanted) if concept in ranks:
                    return Truth.TRUE if ranks[concept] in wanted else Truth.FALSE
                case rules.InClass():
                    return Truth.UNKNOWN
                case _:
                    return Interval(-INFINITY, INFINITY, True, True)

        return series.evaluate(one.number, leaf)


def _lies_in(value: Interval, cell: Cell) -> bool:
    if cell.single:
        return value.is_point and abs(value.low - cell.sample) <= 1e-9 * abs(cell.sample)
    return value.is_point and cell.low < value.low < cell.high
