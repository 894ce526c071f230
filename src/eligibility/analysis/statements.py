"""Cells of variables go in; statements about them come out, which a search makes hold: that a variable lies in some cells, that so
many of several statements hold, that one number is not above another, that a number is computed from others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from eligibility.analysis.cells import Grid, Mask


@dataclass(frozen=True, slots=True)
class In:
    """A variable lies in one of these cells."""

    variable: int
    cells: Mask


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least so many of these hold. All of them for `and`, one for `or`."""

    count: int
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """One variable is not above another on their common line; below it where `strictly`."""

    lower: int
    upper: int
    strictly: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Tie:
    """A number is computed from others: `reached` tells, from their cells, the cells of it that cannot be ruled out. It only
    stands among what always holds, never inside of another statement."""

    target: int
    sources: tuple[int, ...]
    reached: Callable[[tuple[Mask, ...]], Mask]


Node = In | AtLeast | Ordered | Tie
HOLDS: Node = AtLeast(0, ())
FAILS: Node = AtLeast(1, ())


def every(parts: Iterable[Node]) -> Node:
    """All of them."""
    listed = tuple(parts)
    return listed[0] if len(listed) == 1 else AtLeast(len(listed), listed)


def some(parts: Iterable[Node]) -> Node:
    """One of them."""
    listed = tuple(parts)
    return listed[0] if len(listed) == 1 else AtLeast(1, listed)


@dataclass
class Space:
    """The variables and their cells, and what always holds between them."""

    grids: list[Grid] = field(default_factory=list)
    always: list[Node] = field(default_factory=list)
    wishes: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def add(self, grid: Grid) -> int:
        """A new variable on a line."""
        self.grids.append(grid)
        return len(self.grids) - 1

    def opposite(self, node: Node) -> Node:
        """What holds exactly where a statement does not."""
        match node:
            case In(variable=variable, cells=cells):
                return In(variable, self.grids[variable].full & ~cells)
            case AtLeast(count=count, parts=parts):
                return AtLeast(len(parts) - count + 1, tuple(self.opposite(part) for part in parts))
            case Ordered(lower=lower, upper=upper, strictly=strictly):
                return Ordered(upper, lower, not strictly)
            case Tie():
                raise ValueError("what a number is computed from cannot be denied")


def variables_of(node: Node) -> set[int]:
    """The variables that a statement speaks of."""
    found: set[int] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        match current:
            case In(variable=variable):
                found.add(variable)
            case AtLeast(parts=parts):
                waiting.extend(parts)
            case Ordered(lower=lower, upper=upper):
                found |= {lower, upper}
            case Tie(target=target, sources=sources):
                found |= {target, *sources}
    return found


def holds(node: Node, cells: Mapping[int, int]) -> bool | None:
    """Does a statement hold where each variable lies in one cell? None where that does not tell."""
    match node:
        case In(variable=variable, cells=mask):
            cell = cells.get(variable)
            return None if cell is None else bool(mask >> cell & 1)
        case AtLeast(count=count, parts=parts):
            sure = possible = 0
            for part in parts:
                outcome = holds(part, cells)
                sure += outcome is True
                possible += outcome is not False
            return True if sure >= count else False if possible < count else None
        case _:
            return None
