"""The cells of measured numbers go in; observations come out that choose, rise and fall as these cells say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from eligibility import rules, series
from eligibility.analysis.cells import Cell
from eligibility.analysis.keys import Key, Pick, possible_of, variable_key
from eligibility.analysis.solver import Solution
from eligibility.analysis.world import World
from eligibility.formulas import check_formula
from eligibility.instants import DAY, MINUTE, days_in_months, iso
from eligibility.intervals import INFINITY, Interval, point
from eligibility.logic import Truth
from eligibility.vocabulary import Concept

_TRIES = 400
_LONG_AGO = 3_650 * DAY


def number_in(world: World, pick: Pick, index: int, chance: Random | None) -> float:
    """A number in a cell, plain and plausible where it can be."""
    cell = world.space.grids[world.index[variable_key(pick)]].cells[index]
    plausible = pick.stream.concept.plausible if pick.kind == "value" else None
    return plain_number(cell, plausible or (pick.stream.concept.possible if pick.kind == "value" else None), chance)


def plain_number(cell: Cell, wished: Interval | None, chance: Random | None = None) -> float:
    """A short number inside of a cell."""
    if cell.single:
        return cell.sample
    low, high = cell.low, cell.high
    if wished is not None and low < wished.high and high > wished.low:
        low, high = max(low, wished.low), min(high, wished.high)
    if high == INFINITY:
        high = low + max(1.0, abs(low)) * (2.0 if chance is None else chance.choice((0.5, 2.0, 50.0)))
    if low == -INFINITY:
        low = high - max(1.0, abs(high))
    share = 0.5 if chance is None else chance.random()
    if low > 0 and high > 8 * low:
        value = low * (high / low) ** share
    else:
        value = low + (high - low) * (share if low or high <= 100 else share / 5)
    for digits in (1, 2, 3, 4, 6):
        near = float(f"{value:.{digits}g}")
        if cell.low < near < cell.high and (near != low or near == value):
            return near
    return value if cell.low < value < cell.high else cell.sample


def spelled(world: World, pick: Pick, value: float) -> dict[str, Any]:
    """One observation of a number or a class."""
    concept = pick.stream.concept
    if pick.stream.kind == "class":
        return {"value": concept.values[int(value)]}
    if pick.kind in ("upper", "lower"):
        limit = "upper_limit" if pick.kind == "upper" else "lower_limit"
        base = _usual(concept, value)
        return {"value": spell(concept, base), limit: spell(concept, base / value)} if value else {"value": "0"}
    return {"value": spell(concept, value)}


def spell(concept: Concept, value: float) -> str:
    """A number with its unit."""
    return f"{value:.15g}" if concept.unit == "1" else f"{value:.15g} {concept.unit}"


def _usual(concept: Concept, ratio: float = 0.0) -> float:
    """A number that the quantity may well have; one whose limit of normal is possible, where it is so many times that."""
    usual = plain_number(Cell(concept.possible.low, concept.possible.high, 1.0, False), concept.plausible)
    if ratio and not concept.possible.low <= usual / ratio <= concept.possible.high:
        usual = (
            usual if concept.possible.low <= usual * ratio <= concept.possible.high else concept.possible.high
        ) * ratio
    return usual


def observations(
    world: World, solution: Solution, ago: Mapping[int, int], chance: Random | None
) -> Iterator[tuple[Concept, Any]]:
    """What a record says of each quantity and class: one value, or a series."""
    by_concept: dict[Concept, list[Pick]] = {}
    for pick in world.picks:
        if world.index[variable_key(pick)] in solution.cells:
            by_concept.setdefault(pick.stream.concept, []).append(pick)
    leaves = _leaves(world, solution, by_concept, chance)
    computed: set[Concept] = set()
    if not leaves:
        leaves, computed = _inputs(world, solution, by_concept, chance)
    for concept, value in leaves.items():
        if concept not in by_concept:
            yield concept, spell(concept, value)
    for concept, picks in by_concept.items():
        if concept in computed:
            continue
        maker = _Maker(world, solution, ago, chance, picks, leaves.get(concept))
        told = maker.told()
        if told:
            yield concept, told


class _Maker:
    """Makes the observations of one concept."""

    def __init__(
        self, world: World, solution: Solution, ago: Mapping[int, int], chance: Random | None, picks: list[Pick],
        fixed: float | None,
    ) -> None:  # fmt: skip
        self._world, self._solution, self._ago, self._chance = world, solution, ago, chance
        self._picks = picks
        self._fixed = fixed
        self._numbers: dict[Key, float] = {}

    def _number(self, pick: Pick) -> float:
        key = variable_key(pick)
        if key not in self._numbers:
            if self._fixed is not None and pick.kind == "value":
                return self._fixed
            index = self._solution.cells[self._world.index[key]]
            twins = [
                number
                for other, number in self._numbers.items()
                if isinstance(other, tuple) and other[:2] == (pick.kind, pick.stream)
                and self._solution.cells[self._world.index[other]] == index
            ]  # fmt: skip
            self._numbers[key] = twins[0] if twins else number_in(self._world, pick, index, self._chance)
        return self._numbers[key]

    def told(self) -> Any:
        changes = [pick for pick in self._picks if pick.kind == "change"]
        chosen = [pick for pick in self._picks if pick.kind != "change" and pick.stretch.ends_now]
        slots = self._slots(chosen)
        if changes:
            slots = self._changing(changes, slots)
        told = [self._observation(numbers, when) for when, numbers in sorted(slots.items(), reverse=True)]
        if len(told) == 1 and 0 in slots:
            only = {key: value for key, value in told[0].items() if key != "at"}
            return only["value"] if len(only) == 1 else only
        return told[0] if len(told) == 1 else told

    def _observation(self, numbers: Mapping[str, float], when: int) -> dict[str, Any]:
        concept = self._picks[0].stream.concept
        at = iso(self._world.clock.now - when, self._world.clock.zone)
        if self._picks[0].stream.kind == "class":
            return {"value": concept.values[int(numbers["value"])], "at": at}
        ratios = [numbers[kind] for kind in ("upper", "lower") if numbers.get(kind)]
        usual = self._fixed if self._fixed is not None else _usual(concept, max(ratios, default=0.0))
        value = numbers.get("value", 0.0 if not ratios and numbers else usual)
        told: dict[str, Any] = {"value": spell(concept, value)}
        for kind in ("upper", "lower"):
            if numbers.get(kind):
                told[f"{kind}_limit"] = spell(concept, value / numbers[kind])
            elif kind in numbers:  # zero times its limit
                told[f"{kind}_limit"] = spell(concept, _usual(concept))
        return {**told, "at": at}

    # --- choosing ----------------------------------------------------------------------------------------------------

    def _slots(self, picks: list[Pick]) -> dict[int, dict[str, float]]:
        """Observations by how long ago they were made, so that each selection picks its number."""
        if not picks:
            return {} if self._fixed is None else {0: {}}
        stream = picks[0].stream
        newest_variable = self._world.index.get(("newest", stream))
        newest = self._ago.get(newest_variable, 0) if newest_variable is not None else 0
        slots: dict[int, dict[str, float]] = {}
        for pick in picks:
            if pick.selection == "latest":
                slots.setdefault(newest, {})[pick.kind] = self._number(pick)
        if self._fixed is not None:
            slots.setdefault(newest, {})
        inner = newest
        edges = sorted({self._far(pick) for pick in picks if pick.selection != "latest"})
        for edge in edges:
            if edge < newest:
                continue
            for pick in picks:
                if pick.selection == "latest" or self._far(pick) != edge:
                    continue
                room = edge - inner
                place = {"first": edge, "highest": edge - room // 3, "lowest": edge - 2 * room // 3}[pick.selection]
                slots.setdefault(place, {})[pick.kind] = self._number(pick)
            inner = edge
        self._fill(slots)
        return slots

    def _far(self, pick: Pick) -> int:
        """How long ago the window of a pick begins."""
        stretch = pick.stretch
        far = _LONG_AGO if stretch.is_endless else self._world.clock.back(stretch.months, stretch.exact)
        if stretch.relation is not None and stretch.relation.concept.is_occurrence:
            onset = self._ago.get(self._world.index[("onset", stretch.relation.concept)], 0)
            far = min(far, max(onset, 0))
        return far

    def _fill(self, slots: dict[int, dict[str, float]]) -> None:
        """Each observation has every number that is asked for: where no selection says which, one that changes none."""
        kinds = dict.fromkeys(kind for numbers in slots.values() for kind in numbers)
        for kind in kinds:
            known = [numbers[kind] for _, numbers in sorted(slots.items()) if kind in numbers]
            for numbers in slots.values():
                numbers.setdefault(kind, known[0])

    # --- rising and falling ------------------------------------------------------------------------------------------

    def _changing(self, changes: list[Pick], slots: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
        """Three observations, the newest of them the one that is there already, that rise and fall as they should."""
        rise = next((self._number(pick) for pick in changes if pick.stream.kind == "rise"), None)
        fall = next((self._number(pick) for pick in changes if pick.stream.kind == "fall"), None)
        apart = min(self._span(pick) for pick in changes)
        newest = min(slots, default=0)
        possible = changes[0].stream.concept.possible
        kinds = slots.get(newest, {})
        if rise is not None and fall is not None:
            steps: tuple[float, ...] = (
                (0.0, rise, rise - fall)
                if rise >= 0 and fall >= 0
                else (0.0, rise, -fall)
                if rise < 0
                else (0.0, -fall, rise)
            )
        else:
            steps = (0.0, rise) if rise is not None else (0.0, -(fall or 0.0))
        if "value" in kinds:
            base = kinds["value"] - steps[-1]
        else:
            base = _usual(changes[0].stream.concept)
            base = max(base, possible.low - min(steps)) if possible.low > -INFINITY else base
            base = min(base, possible.high - max(steps)) if possible.high < INFINITY else base
        found = dict(slots)
        for number, step in enumerate(reversed(steps)):
            place = newest + number * (apart // (2 * len(steps)))
            found[place] = {**found.get(place, kinds), "value": base + step}
        return found

    def _span(self, pick: Pick) -> int:
        months, exact = pick.over
        over = days_in_months(months)[0] * DAY + exact if months else exact
        return max(4 * MINUTE, min(over, self._far(pick)))


# --- computed numbers ------------------------------------------------------------------------------------------------


def _leaves(
    world: World, solution: Solution, by_concept: Mapping[Concept, list[Pick]], chance: Random | None
) -> dict[Concept, float]:
    """Values for what expressions are computed from, found by trying, so that each comes out in its cell."""
    asked = [
        (key[1], world.space.grids[variable].cells[solution.cells[variable]], key[2])
        for key, variable in world.index.items()
        if isinstance(key, tuple) and key[0] == "computed" and variable in solution.cells
    ]
    if not asked:
        return {}
    concepts: dict[Concept, Pick | None] = {}
    for _, _, leaves in asked:
        for leaf in leaves if isinstance(leaves, tuple) else ():
            if isinstance(leaf, Pick) and leaf.kind == "value":
                concepts.setdefault(leaf.stream.concept, None)
    for concept in concepts:
        concepts[concept] = next(
            (pick for pick in by_concept.get(concept, ()) if _in_cells(world, solution, pick)), None
        )
    chance = chance or Random(0)
    for _ in range(_TRIES):
        tried = {concept: _tried(world, solution, concept, pick, chance) for concept, pick in concepts.items()}
        if all(_lies_in(number, cell, tried) for number, cell, _ in asked):  # type: ignore[arg-type]  # the first is an expression
            return tried
    return {}


def _inputs(
    world: World, solution: Solution, by_concept: Mapping[Concept, list[Pick]], chance: Random | None
) -> tuple[dict[Concept, float], set[Concept]]:
    """Values for the inputs of derived quantities that are asked for beside one of their inputs, so that each comes out in its
    cell by itself; and those quantities, which then need not be given."""
    wanted: dict[Concept, rules.Expression] = {}
    for concept, picks in by_concept.items():
        if concept.formula is not None and all(pick.selection == "latest" and pick.kind == "value" for pick in picks):
            formula = check_formula(world.vocabulary, concept)
            plain = all(source.kind == "quantity" and source.formula is None for source in formula.inputs)
            if plain and any(source in by_concept for source in formula.inputs):
                wanted[concept] = formula.expression
    if not wanted:
        return {}, set()
    sources = dict.fromkeys(source for concept in wanted for source in check_formula(world.vocabulary, concept).inputs)
    asked = {source: next((p for p in by_concept.get(source, ()) if p.kind == "value"), None) for source in sources}
    chance = chance or Random(0)
    for _ in range(_TRIES):
        tried = {
            source: source.assumed
            if source.assumed is not None and pick is None
            else _tried(world, solution, source, pick, chance)
            for source, pick in asked.items()
        }
        cells = {
            concept: world.space.grids[variable].cells[solution.cells[variable]]
            for concept in wanted
            for variable in [world.index[variable_key(by_concept[concept][0])]]
        }
        if all(_lies_in(wanted[concept], cell, tried) for concept, cell in cells.items()):
            return {source: value for source, value in tried.items() if source.assumed is None or asked[source]}, set(
                wanted
            )
    return {}, set()


def _in_cells(world: World, solution: Solution, pick: Pick) -> bool:
    return pick.kind == "value" and world.index[variable_key(pick)] in solution.cells


def _tried(world: World, solution: Solution, concept: Concept, pick: Pick | None, chance: Random) -> float:
    if pick is not None and chance.random() < 0.9:
        return number_in(world, pick, solution.cells[world.index[variable_key(pick)]], chance)
    wished = concept.plausible or possible_of(concept, world.vocabulary)
    low = wished.low if wished.low > -INFINITY else -1_000.0
    high = wished.high if wished.high < INFINITY else max(1_000.0, low * 10)
    low, high = (low, high) if chance.random() < 0.7 else (concept.possible.low, min(concept.possible.high, high * 100))
    low = max(low, -100_000.0)
    return float(f"{low + (high - low) * chance.random() ** chance.choice((1, 3, 8)):.6g}")


def _lies_in(number: rules.Expression, cell: Cell, tried: Mapping[Concept, float]) -> bool:
    def leaf(expression: rules.Age | rules.Measured | rules.Changed | rules.InClass) -> Interval | Truth:
        if isinstance(expression, rules.Measured) and expression.concept in tried:
            return point(tried[expression.concept])
        return Interval(-INFINITY, INFINITY, True, True)

    value = series.evaluate(number, leaf)
    if cell.single:
        return value.is_point and abs(value.low - cell.sample) <= 1e-9 * abs(cell.sample)
    return value.is_point and cell.low < value.low < cell.high
