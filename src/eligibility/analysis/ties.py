"""The variables of a world go in; what ties a number to the numbers that it is computed from comes out.

Arithmetic in a rule reads the very measurements that other rules compare, so its ties hold for every patient. A derived quantity
may also be brought by itself, measured at another time than its inputs: its ties hold for those in whom it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from eligibility import rules
from eligibility.analysis.cells import Cell, Mask
from eligibility.analysis.enclosure import Range, enclose
from eligibility.analysis.keys import Pick, Stream, possible_of, variable_key
from eligibility.analysis.statements import Tie
from eligibility.analysis.stretches import Stretch
from eligibility.analysis.world import World
from eligibility.formulas import check_formula
from eligibility.instants import DAY
from eligibility.intervals import TOLERANCE
from eligibility.logic import Truth
from eligibility.vocabulary import Concept

_KEPT = 4_096  # answers kept for one tie


@dataclass(frozen=True)
class Derivation:
    """A derived quantity that is compared, beside something that it is computed from. `assumed` are those of its inputs that
    nothing is asked of, and that have a value where none is given; `inputs` are the names of the others."""

    concept: Concept
    inputs: tuple[str, ...]
    assumed: tuple[Concept, ...]


def arithmetic_ties(world: World) -> Iterator[Tie]:
    """What holds between the arithmetic of the rules and the measurements that it reads."""
    for key, variable in list(world.index.items()):
        if isinstance(key, tuple) and key[0] == "computed":
            number: rules.Expression = key[1]  # type: ignore[assignment]  # the second part of such a key
            sources: dict[object, int] = {}
            for leaf, pick in zip(rules.leaves(number), key[2], strict=True):  # type: ignore[call-overload]  # the third one
                found = world.index.get(variable_key(pick)) if isinstance(pick, Pick) else None
                if found is not None:
                    sources[leaf] = found
            if sources:
                yield _tie(world, number, variable, sources)


def derived_ties(world: World) -> Iterator[tuple[Derivation, Tie]]:
    """What holds between a derived quantity and its inputs, where it is computed from the newest of each."""
    for pick in list(world.picks):
        concept = pick.stream.concept
        newest = pick.selection == "latest" and pick.stretch.ends_now and pick.kind == "value"
        if concept.formula is None or pick.stream.kind != "value" or not newest:
            continue
        formula = check_formula(world.vocabulary, concept)
        sources: dict[object, int] = {}
        assumed: dict[Concept, None] = {}
        for leaf in rules.leaves(formula.expression):
            key = _newest(leaf, pick.stream.values)
            if key in world.index:
                sources[leaf] = world.index[key]
            elif isinstance(leaf, rules.Measured) and leaf.concept.assumed is not None:
                assumed[leaf.concept] = None
        if any(not isinstance(leaf, rules.InClass) for leaf in sources):
            inputs = sorted(formula.inputs, key=lambda source: source.kind != "quantity")
            names = tuple(source.name for source in inputs if source not in assumed)
            target, younger = world.index[variable_key(pick)], _younger(world, pick.stream)
            tie = _tie(world, formula.expression, target, sources, younger)
            yield Derivation(concept, names, tuple(assumed)), tie


def _newest(leaf: rules.Age | rules.Measured | rules.Changed | rules.InClass, values: tuple[int, int] | None) -> object:
    """The key of the variable that a formula reads."""
    match leaf:
        case rules.Age():
            return ("age",)
        case rules.InClass(concept=concept):
            return variable_key(Pick(Stream(concept, "class"), "value", "latest", Stretch()))
        case _:
            stream = Stream(leaf.concept, "value", values if leaf.concept.formula is not None else None)
            return variable_key(Pick(stream, "value", "latest", Stretch()))


def _tie(
    world: World, number: rules.Expression, target: int, sources: Mapping[object, int], younger: float = 0.0
) -> Tie:
    reading = _Reading(world, number, target, sources, younger)
    return Tie(target, reading.variables, reading.reached)


def _younger(world: World, stream: Stream) -> float:
    """How many years ago the newest value may have been computed, at an earlier age."""
    longest = 0.0
    for stretch, _ in world.stretches[stream]:
        if stretch.is_endless:
            return math.inf
        longest = max(longest, stretch.months / 12 + stretch.exact / (365 * DAY))
    return math.floor(longest) + 1.0  # a birthday may have been still to come


class _Reading:
    """Tells which cells of a number can be reached from some cells of what it is computed from."""

    def __init__(
        self, world: World, number: rules.Expression, target: int, sources: Mapping[object, int], younger: float
    ) -> None:
        self._younger = younger
        self._vocabulary = world.vocabulary
        self._number = number
        self._sources = sources
        self.variables = tuple(dict.fromkeys(sources.values()))
        grids = world.space.grids
        self._cells = {variable: grids[variable].cells for variable in self.variables}
        self._ends = [_ends(cell) for cell in grids[target].cells]
        self._known: dict[tuple[Mask, ...], Mask] = {}

    def reached(self, masks: tuple[Mask, ...]) -> Mask:
        """The cells of the number that cannot be ruled out."""
        found = self._known.get(masks)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[masks] = self._reached(dict(zip(self.variables, masks, strict=True)))
        return found

    def _reached(self, masks: Mapping[int, Mask]) -> Mask:
        low, high = enclose(self._number, lambda leaf: self._range(leaf, masks), lambda atom: self._truth(atom, masks))
        return sum(1 << index for index, ends in enumerate(self._ends) if ends[1] >= low and ends[0] <= high)

    def _range(self, leaf: rules.Age | rules.Measured | rules.Changed, masks: Mapping[int, Mask]) -> Range:
        variable = self._sources.get(leaf)
        if variable is None:
            return self._free(leaf)
        mask, cells = masks[variable], self._cells[variable]
        lowest, highest = cells[(mask & -mask).bit_length() - 1], cells[mask.bit_length() - 1]
        if not isinstance(leaf, rules.Age):
            return _ends(lowest)[0], _ends(highest)[1]
        unit = 12 if leaf.unit == "years" else 1
        return max(0.0, int(lowest.low) // unit - self._younger * 12 // unit), float(int(highest.high) // unit)

    def _free(self, leaf: rules.Age | rules.Measured | rules.Changed) -> Range:
        match leaf:
            case rules.Measured(concept=concept) if concept.assumed is not None:
                return concept.assumed, concept.assumed
            case rules.Measured(concept=concept):
                possible = possible_of(concept, self._vocabulary)
                return possible.low, possible.high
            case rules.Age():
                return 0.0, math.inf
            case _:
                return -math.inf, math.inf

    def _truth(self, atom: rules.InClass, masks: Mapping[int, Mask]) -> Truth:
        variable = self._sources.get(atom)
        if variable is None:
            return Truth.UNKNOWN
        wanted = sum(1 << rank for rank in atom.ranks)
        here = masks[variable]
        return Truth.TRUE if not here & ~wanted else Truth.UNKNOWN if here & wanted else Truth.FALSE


def _ends(cell: Cell) -> Range:
    """The ends of a cell; a threshold reaches as far as the tolerance, and each a little further, as it was rounded."""
    share = 1.001 * TOLERANCE if cell.single else TOLERANCE / 1_000
    low = cell.low if math.isinf(cell.low) else cell.low - share * abs(cell.low)
    return low, cell.high if math.isinf(cell.high) else cell.high + share * abs(cell.high)
