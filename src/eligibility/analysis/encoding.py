"""A checked rule goes in; the statement over a world's variables that it is met, or that it is not met, comes out.

The two are no opposites: a measurement that was not made in its window leaves a comparison open.
"""

from __future__ import annotations

from typing import assert_never

from eligibility import rules
from eligibility.analysis.cells import YES, Mask
from eligibility.analysis.keys import (
    Asker,
    Key,
    Pick,
    Within,
    class_pick,
    judgement_key,
    limit_pick,
    number_key,
    pick_of,
    variable_key,
)  # fmt: skip
from eligibility.analysis.statements import FAILS, HOLDS, AtLeast, In, Node, every, some
from eligibility.analysis.stretches import stretch_of
from eligibility.analysis.world import World
from eligibility.vocabulary import Concept


class Encoder:
    """Writes rules as statements over the variables of a world; each rule once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[tuple[int, Asker, bool], tuple[rules.Rule, Node]] = {}

    def outcome(self, asker: Asker, rule: rules.Rule, met: bool) -> Node:
        """That a rule is met, or that it is not met."""
        key = (id(rule), asker, met)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = (rule, self._outcome(asker, rule, met))
        return found[1]

    def _outcome(self, asker: Asker, rule: rules.Rule, met: bool) -> Node:
        match rule:
            case rules.Not(operand=operand):
                return self.outcome(asker, operand, not met)
            case rules.And(operands=operands):
                return (every if met else some)([self.outcome(asker, operand, met) for operand in operands])
            case rules.Or(operands=operands):
                return (some if met else every)([self.outcome(asker, operand, met) for operand in operands])
            case rules.Count(low=low, high=high, operands=operands):
                yes = tuple(self.outcome(asker, operand, True) for operand in operands)
                no = tuple(self.outcome(asker, operand, False) for operand in operands)
                size = len(operands)
                if met:
                    return every((AtLeast(low, yes), AtLeast(size - high, no)))
                return some((AtLeast(size - low + 1, no), AtLeast(high + 1, yes)))
            case _:
                return self._atom(asker, rule, met)

    def _atom(self, asker: Asker, atom: rules.Atom, met: bool) -> Node:
        world = self._world
        match atom:
            case rules.Comparison(number=rules.Age(), bounds=bounds):
                return self._two_sided(("age",), self._age_cells(bounds), met)
            case rules.Comparison(number=number, bounds=bounds):
                return self._comparison(asker, number, bounds, met)
            case rules.LimitComparison(operator=operator, multiple=multiple):
                pick = limit_pick(asker, atom)
                grid = world.space.grids[world.index[variable_key(pick)]]
                return self._picked(pick, grid.where(operator, multiple, multiple), met)
            case rules.InClass(ranks=ranks):
                return self._picked(class_pick(asker, atom), sum(1 << rank for rank in ranks), met)
            case rules.Present(concept=concept):
                return self._either(world.is_present(concept), met)
            case rules.Ever(concept=concept):
                return self._either(world.is_ever(concept), met)
            case rules.InWindow(concept=concept, window=window):
                return self._in_window(asker, concept, window, met, is_onset=False)
            case rules.OnsetIn(concept=concept, window=window):
                return self._in_window(asker, concept, window, met, is_onset=True)
            case rules.Elapsed(concept=concept, bounds=spans):
                cells = self._onset_cells(concept)
                for operator, duration in spans:
                    edge = float(world.clock.back(duration.months, duration.exact))
                    cells &= self._time_cells(operator, edge)
                return self._two_sided(("onset", concept), cells, met)
            case rules.Lasting(concept=concept, duration=duration):
                edge = float(world.clock.back(duration.months, duration.exact))
                began = In(world.index[("onset", concept)], self._onset_cells(concept) & self._time_cells(">=", edge))
                return self._either(every((world.is_present(concept), began)), met)
            case rules.Attested(concept=concept):
                return self._two_sided(("attested", asker.name, concept), YES, met)
            case rules.Judged():
                return self._two_sided(judgement_key(asker, atom), YES, met)
            case _:
                assert_never(atom)

    def _either(self, node: Node, met: bool) -> Node:
        return node if met else self._world.space.opposite(node)

    def _two_sided(self, key: Key, cells: Mask, met: bool) -> Node:
        variable = self._world.index[key]
        return self._either(In(variable, cells), met)

    # --- numbers -----------------------------------------------------------------------------------------------------

    def _age_cells(self, bounds: tuple[rules.Bound, ...]) -> Mask:
        grid = self._world.space.grids[self._world.index[("age",)]]
        cells = grid.full
        for bound in bounds:
            step = 1 if bound.counts_months else 12
            edge = bound.months or 0
            first = edge if bound.operator in (">=", "<") else edge + step
            above = grid.upward(lambda x, first=first: x >= first)  # type: ignore[misc]  # bound now
            cells &= above if bound.operator in (">=", ">") else grid.full & ~above
        return cells

    def _comparison(self, asker: Asker, number: rules.Expression, bounds: tuple[rules.Bound, ...], met: bool) -> Node:
        world = self._world
        key = number_key(asker, number)
        if not bounds and isinstance(key, Pick):  # only that it was measured
            marks = [world.is_ever(concept) for concept in key.stretch.marks]
            return self._marked(marks, world.is_measured(key) or HOLDS, FAILS, met)
        variable = world.index[variable_key(key) if isinstance(key, Pick) else key]
        grid = world.space.grids[variable]
        cells = grid.full
        for bound in bounds:
            cells &= grid.where(bound.operator, bound.low, bound.high)
        if isinstance(key, Pick):
            return self._picked(key, cells, met)
        marks = [
            world.is_ever(concept)
            for leaf in rules.leaves(number)
            if isinstance(leaf, rules.Measured | rules.Changed)
            for concept in pick_of(asker, leaf).stretch.marks
        ]
        known = world.index.get(("computable", key))
        sides = [
            HOLDS if side == grid.full else In(variable, side) if known is None else every((In(known, YES), In(variable, side)))
            for side in (cells, grid.full & ~cells)
        ]  # fmt: skip
        return self._marked(marks, sides[0], sides[1], met)

    def _marked(self, marks: list[Node], yes: Node, no: Node, met: bool) -> Node:
        """A comparison with what is measured from something that never was is not met."""
        if met:
            return every((*marks, yes))
        return some((*(self._world.space.opposite(mark) for mark in marks), no))

    def _picked(self, pick: Pick, cells: Mask, met: bool) -> Node:
        """A number in some cells, if it was measured; where nothing was, only what holds for every number holds."""
        world = self._world
        variable = world.index[variable_key(pick)]
        full = world.space.grids[variable].full
        marks = [world.is_ever(concept) for concept in pick.stretch.marks]
        measured = world.is_measured(pick)
        anyway = pick.stretch.relation is None or pick.stream.kind == "class"
        yes, no = cells & full, full & ~cells
        sides: list[Node] = []
        for side in (yes, no):
            if side == full and anyway:
                sides.append(HOLDS)
            elif not side:
                sides.append(FAILS)
            else:
                sides.append(In(variable, side) if measured is None else every((measured, In(variable, side))))
        return self._marked(marks, sides[0], sides[1], met)

    # --- times -------------------------------------------------------------------------------------------------------

    def _onset_cells(self, concept: Concept) -> Mask:
        """All times of an onset, without `never`."""
        grid = self._world.space.grids[self._world.index[("onset", concept)]]
        return grid.full & ~1 & ~(1 << len(grid) - 1)

    def _time_cells(self, operator: str, edge: float) -> Mask:
        grid = self._world.time
        reached = grid.upward(lambda x: x >= edge)
        passed = grid.upward(lambda x: x > edge)
        return {">=": reached, "<": grid.full & ~reached, ">": passed, "<=": grid.full & ~passed}[operator]

    def _in_window(self, asker: Asker, concept: Concept, window: rules.Window, met: bool, *, is_onset: bool) -> Node:
        world = self._world
        stretch = stretch_of(window, asker.name)
        if stretch.anchor is not None:
            return self._two_sided(Within(concept, stretch, is_onset), YES, met)
        if stretch.ahead:
            grid = world.space.grids[world.index[("next", concept)]]
            edge = world.clock.ahead(stretch.months, stretch.exact)
            return self._two_sided(("next", concept), world.until(grid, edge), met)
        edge = world.clock.back(stretch.months, stretch.exact)
        if is_onset or concept.kind == "event":
            cells = self._onset_cells(concept) & self._time_cells("<=", float(edge))
            return self._two_sided(("onset", concept), cells, met)
        return self._two_sided(("last", concept), self._time_cells("<", float(edge)), met)
