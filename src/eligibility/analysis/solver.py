"""Statements over variables with finitely many cells go in; an assignment that makes them all hold comes out, or the proof
that there is none, or nothing where the search grew too long.

A small backtracking search: what follows is drawn first (a variable leaves the cells that a statement forbids, an order
between two variables narrows both), then one open alternative is tried after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eligibility.analysis.cells import Mask
from eligibility.analysis.statements import AtLeast, In, Node, Ordered, Space, Tie

MOST_PARTS = 400_000  # parts of statements looked at in one search
MOST_OF_ALL = 10_000_000  # and in all searches about one trial or pair


class Clash(Exception):
    """No assignment is left."""


class TooLarge(Exception):
    """The search grew too long to be finished."""


@dataclass
class Budget:
    """How much may still be looked at in all searches together."""

    left: int = MOST_OF_ALL


@dataclass(frozen=True, slots=True)
class Solution:
    """The cell of each variable that was spoken of, and the orders that hold between those in one cell."""

    cells: dict[int, int]
    orders: tuple[Ordered, ...]


class Search:
    """One search for an assignment."""

    def __init__(self, space: Space, budget: Budget | None = None) -> None:
        self._space = space
        self._ties: list[Tie] = []
        self._budget = budget or Budget()
        self._parts = self._most = min(MOST_PARTS, self._budget.left)

    def solve(self, goals: Sequence[Node], *, settled: bool = True) -> Solution | None:
        """One assignment under which all goals hold; None if there is none. Raises TooLarge. Without `settled` the answer
        is that there is one, but its cells are not chosen."""
        try:
            return self._solve(goals, settled)
        finally:
            self._budget.left -= self._most - self._parts

    def _solve(self, goals: Sequence[Node], settled: bool) -> Solution | None:
        self._ties = [goal for goal in goals if isinstance(goal, Tie)]
        plain: list[Node] = [goal for goal in goals if not isinstance(goal, Tie)] if self._ties else list(goals)
        waiting: list[tuple[dict[int, Mask], list[Node], list[Ordered]]] = [({}, plain, [])]
        while waiting:
            domains, open_goals, orders = waiting.pop()
            try:
                rest = self._draw(domains, open_goals, orders)
                if rest:
                    waiting += self._alternatives(domains, rest, orders)
                    continue
                split = self._circle(domains, orders) or self._untied(domains)
            except Clash:
                continue
            if split is None:
                return self._settle(domains, orders) if settled else Solution({}, ())
            variable, cell = split
            self._parts -= 1
            if self._parts < 0:
                raise TooLarge
            for cells in (self._cells(domains, variable) & ~cell, cell):
                waiting.append(({**domains, variable: cells}, [], list(orders)))
        return None

    # --- drawing conclusions -----------------------------------------------------------------------------------------

    def _cells(self, domains: dict[int, Mask], variable: int) -> Mask:
        found = domains.get(variable)
        return self._space.grids[variable].full if found is None else found

    def _narrow(self, domains: dict[int, Mask], variable: int, cells: Mask) -> bool:
        """Leave a variable some cells only; did that take any away?"""
        before = self._cells(domains, variable)
        after = before & cells
        if not after:
            raise Clash
        domains[variable] = after
        return after != before

    def _draw(self, domains: dict[int, Mask], goals: list[Node], orders: list[Ordered]) -> list[AtLeast]:
        """Narrow until nothing more follows; returns the alternatives that stay open. Raises Clash."""
        pending: list[AtLeast] = []
        while True:
            changed = False
            while goals:
                self._parts -= 1
                if self._parts < 0:
                    raise TooLarge
                goal = goals.pop()
                match goal:
                    case In(variable=variable, cells=cells):
                        changed |= self._narrow(domains, variable, cells)
                    case Ordered():
                        orders.append(goal)
                        changed = True
                    case AtLeast():
                        left = self._reduce(domains, goal, goals)
                        if left is not None:
                            pending.append(left)
            for order in orders:
                changed |= self._order(domains, order)
            if not changed and self._ties:
                for tie in self._ties:
                    changed |= self._tie(domains, tie)
            if not changed:
                return pending
            goals, pending = list(pending), []

    def _reduce(self, domains: dict[int, Mask], goal: AtLeast, goals: list[Node]) -> AtLeast | None:
        """What is left of alternatives after those that hold or fail are taken out; what must hold goes to the goals."""
        needed, left = goal.count, []
        for part in goal.parts:
            status = self._status(domains, part)
            if status is None:
                left.append(part)
            elif status:
                needed -= 1
        if needed <= 0:
            return None
        if len(left) < needed:
            raise Clash
        if len(left) == needed:
            goals.extend(left)
            return None
        return goal if len(left) == len(goal.parts) else AtLeast(needed, tuple(left))

    def _status(self, domains: dict[int, Mask], node: Node) -> bool | None:
        """Does a statement hold (True) or fail (False) whatever is still open?"""
        self._parts -= 1
        match node:
            case In(variable=variable, cells=cells):
                here = self._cells(domains, variable)
                return False if not here & cells else True if not here & ~cells else None
            case Ordered(lower=lower, upper=upper, strictly=strictly):
                low, high = self._cells(domains, lower), self._cells(domains, upper)
                if low.bit_length() < _lowest(high):
                    return True
                if low.bit_length() == _lowest(high) and not strictly and not self._grid_open(lower, _lowest(high)):
                    return True
                if _lowest(low) > high.bit_length():
                    return False
                if strictly and _lowest(low) == high.bit_length() and not self._grid_open(lower, _lowest(low)):
                    return False
                return None
            case AtLeast(count=count, parts=parts):
                sure = possible = 0
                for part in parts:
                    status = self._status(domains, part)
                    sure += status is True
                    possible += status is not False
                return True if sure >= count else False if possible < count else None
            case Tie():
                return None

    def _grid_open(self, variable: int, position: int) -> bool:
        """Is there room for several numbers in the cell at a position (counted from 1)?"""
        return bool(self._space.grids[variable].open >> (position - 1) & 1)

    def _order(self, domains: dict[int, Mask], order: Ordered) -> bool:
        low, high = self._cells(domains, order.lower), self._cells(domains, order.upper)
        top, bottom = high.bit_length(), _lowest(low)
        above = -1 << (bottom - 1)
        below = (1 << top) - 1
        if order.strictly:
            if not self._grid_open(order.lower, bottom):
                above &= ~(1 << (bottom - 1))
            if not self._grid_open(order.lower, top):
                below &= ~(1 << (top - 1))
        changed = self._narrow(domains, order.upper, above)
        return self._narrow(domains, order.lower, below) or changed

    def _tie(self, domains: dict[int, Mask], tie: Tie) -> bool:
        """Leave a computed number what its sources reach, and its sources, from both ends, what reaches it."""
        masks = [self._cells(domains, source) for source in tie.sources]
        self._parts -= len(masks)
        changed = self._narrow(domains, tie.target, tie.reached(tuple(masks)))
        target = domains[tie.target]
        for place, source in enumerate(tie.sources):
            cells = masks[place]
            for end in (_lowest, int.bit_length):
                while cells & (cells - 1):
                    one = 1 << (end(cells) - 1)
                    self._parts -= 1
                    if tie.reached((*masks[:place], one, *masks[place + 1 :])) & target:
                        break
                    cells &= ~one
            if cells != masks[place]:
                masks[place] = cells
                changed |= self._narrow(domains, source, cells)
        return changed

    def _untied(self, domains: dict[int, Mask]) -> tuple[int, Mask] | None:
        """A variable that a number is computed from and that is not in one cell yet, and a cell of it that may be wished for."""
        for tie in self._ties:
            for variable in (*tie.sources, tie.target):
                cells = self._cells(domains, variable)
                if cells & (cells - 1):
                    wished = [1 << cell for cell in self._space.wishes.get(variable, ()) if cells >> cell & 1]
                    return variable, wished[0] if wished else cells & -cells
        return None

    # --- trying ------------------------------------------------------------------------------------------------------

    def _alternatives(
        self, domains: dict[int, Mask], rest: list[AtLeast], orders: list[Ordered]
    ) -> list[tuple[dict[int, Mask], list[Node], list[Ordered]]]:
        """The two ways to go on from here; the one to try first comes last."""
        chosen = min(rest, key=lambda goal: len(goal.parts) - goal.count)
        first, others = chosen.parts[0], chosen.parts[1:]
        goals: list[Node] = [goal for goal in rest if goal is not chosen]
        without: list[Node] = [*goals, self._space.opposite(first), AtLeast(chosen.count, others)]
        taken: list[Node] = [*goals, first]
        if chosen.count > 1:
            taken.append(AtLeast(chosen.count - 1, others))
        return [(dict(domains), without, list(orders)), (dict(domains), taken, list(orders))]

    def _circle(self, domains: dict[int, Mask], orders: list[Ordered]) -> tuple[int, Mask] | None:
        """Orders that run in a circle with a strict one among them, all in one cell: a variable of it and that cell."""
        if not any(order.strictly for order in orders):
            return None
        least = {v: _lowest(self._cells(domains, v)) for order in orders for v in (order.lower, order.upper)}
        steps: dict[int, list[int]] = {}
        for order in orders:
            if least[order.lower] == least[order.upper]:
                steps.setdefault(order.lower, []).append(order.upper)
        for order in orders:
            if order.strictly and least[order.lower] == least[order.upper]:
                circle = _path(order.upper, order.lower, steps)
                if circle is not None:
                    for variable in circle:
                        cell = 1 << (least[variable] - 1)
                        if domains[variable] != cell:
                            return variable, cell
                    raise Clash
        return None

    def _settle(self, domains: dict[int, Mask], orders: list[Ordered]) -> Solution:
        """One cell for each variable, the ones that are wished for first. Any lowest cells go together."""
        ordered = {variable for order in orders for variable in (order.lower, order.upper)}
        room = {variable: self._cells(domains, variable) for variable in ordered}
        for variable in sorted(domains):
            here = domains[variable]
            for cell in self._space.wishes.get(variable, ()):
                if not here >> cell & 1:
                    continue
                if variable not in ordered:
                    domains[variable] = 1 << cell
                    break
                tried = {**room, variable: 1 << cell}
                if room[variable] >> cell & 1 and self._fits(tried, orders):
                    room = tried
                    break
        domains |= room
        return Solution({variable: _lowest(cells) - 1 for variable, cells in domains.items()}, tuple(orders))

    def _fits(self, domains: dict[int, Mask], orders: list[Ordered]) -> bool:
        try:
            while any([self._order(domains, order) for order in orders]):  # noqa: C419  # every order is applied
                pass
            return self._circle(domains, orders) is None
        except Clash:
            return False


def _lowest(cells: Mask) -> int:
    """The position of the lowest cell, counted from 1."""
    return (cells & -cells).bit_length()


def _path(start: int, goal: int, steps: dict[int, list[int]]) -> list[int] | None:
    """The variables on a way along orders, or None."""
    trail: list[tuple[int, list[int]]] = [(start, [start])]
    seen = {start}
    while trail:
        current, way = trail.pop()
        if current == goal:
            return way
        for following in steps.get(current, ()):
            if following not in seen:
                seen.add(following)
                trail.append((following, [*way, following]))
    return None
