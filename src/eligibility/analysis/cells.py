"""The thresholds that rules compare a variable with go in; the cells into which they cut its line come out.

Within one cell every comparison has the same outcome, so that one sample stands for the whole cell. Sets of cells are the
bits of a whole number: bit 3 is the fourth cell.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eligibility.intervals import INFINITY, TOLERANCE, Interval, same

Mask = int


@dataclass(frozen=True, slots=True)
class Cell:
    """Numbers between two thresholds, or one threshold with its tolerance (`single`)."""

    low: float
    high: float
    sample: float
    single: bool


class Grid:
    """The cells of one line, lowest first; `full` is the set of them all."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = tuple(cells)
        self.full: Mask = (1 << len(self.cells)) - 1
        self.open: Mask = sum(1 << index for index, cell in enumerate(self.cells) if not cell.single)

    def __len__(self) -> int:
        return len(self.cells)

    def upward(self, test: Callable[[float], bool]) -> Mask:
        """The cells whose sample passes a test that holds from some number on."""
        low, high = 0, len(self.cells)
        while low < high:
            middle = (low + high) // 2
            if test(self.cells[middle].sample):
                high = middle
            else:
                low = middle + 1
        return self.full & ~((1 << low) - 1)

    def where(self, operator: str, low: float, high: float) -> Mask:
        """The cells in which `number operator threshold` holds; the threshold may reach from `low` to `high`."""
        match operator:
            case ">=":
                return self.upward(lambda x: x >= low or same(x, low))
            case "<":
                return self.full & ~self.upward(lambda x: x >= low or same(x, low))
            case ">":
                return self.upward(lambda x: x > high and not same(x, high))
            case "<=":
                return self.full & ~self.upward(lambda x: x > high and not same(x, high))
        raise ValueError(operator)


def number_grid(thresholds: Iterable[tuple[float, float]], possible: Interval) -> Grid:
    """The cells of a quantity: between its thresholds, at each of them, and inside of what is possible. A threshold is a
    pair of ends, which differ where it is a number of months told in days."""
    zones = sorted(set(thresholds))
    edges = sorted({e for low, high in zones for e in (low - TOLERANCE * abs(low), high + TOLERANCE * abs(high))})
    found: list[tuple[float, bool]] = [(number, True) for low, high in zones for number in {low, high}]
    found += [((low + high) / 2, False) for low, high in pairwise(edges)]
    found += _ends(edges, possible)
    lows = sorted(low for low, _ in zones)
    highs = sorted(high for _, high in zones)
    cells: dict[tuple[int, int], Cell] = {}
    for number, single in sorted(found):
        if not possible.low <= number <= possible.high or abs(number) == INFINITY:
            continue
        key = (_reached(lows, number), _passed(highs, number))
        known = cells.get(key)
        if known is None:
            cells[key] = Cell(number, number, number, single)
        elif single and not known.single:
            cells[key] = Cell(known.low, number, number, True)
        else:
            cells[key] = Cell(known.low, number, known.sample, known.single)
    return Grid([_spread(cell, edges, possible) for cell in cells.values()])


def _ends(edges: Sequence[float], possible: Interval) -> list[tuple[float, bool]]:
    """A number on either side of all thresholds."""
    if not edges:
        middle = (max(possible.low, 0.0) + (possible.high if possible.high < INFINITY else 200.0)) / 2
        return [(middle if possible.low <= middle <= possible.high else possible.low, False)]
    low, high = edges[0], edges[-1]
    below = low - max(1.0, abs(low)) if possible.low == -INFINITY else (possible.low + low) / 2
    above = high + max(1.0, abs(high)) if possible.high == INFINITY else (possible.high + high) / 2
    found = [(below, False)] if below < low else []
    found += [(above, False)] if above > high else []
    return found + [(end, False) for end in (possible.low, possible.high)]


def _reached(lows: Sequence[float], number: float) -> int:
    """How many thresholds a number equals or exceeds."""
    return _count(lows, lambda low: number >= low or same(number, low))


def _passed(highs: Sequence[float], number: float) -> int:
    """How many thresholds a number exceeds."""
    return _count(highs, lambda high: number > high and not same(number, high))


def _count(ordered: Sequence[float], test: Callable[[float], bool]) -> int:
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if test(ordered[middle]):
            low = middle + 1
        else:
            high = middle
    return low


def _spread(cell: Cell, edges: Sequence[float], possible: Interval) -> Cell:
    """A cell with its ends: the edges around it, or the ends of what is possible."""
    if cell.single:
        return cell
    before, after = bisect_left(edges, cell.sample), bisect_right(edges, cell.sample)
    low = max(edges[before - 1], possible.low) if before else possible.low
    high = min(edges[after], possible.high) if after < len(edges) else possible.high
    if low > -INFINITY and high < INFINITY:
        middle = (low + high) / 2
    else:
        middle = low + max(1.0, abs(low)) if low > -INFINITY else high - max(1.0, abs(high)) if high < INFINITY else 0.0
    return Cell(low, high, middle if low < middle < high else cell.sample, low == high)


def whole_grid(edges: Iterable[int], top: int) -> Grid:
    """The cells of whole numbers from 0 to `top`, cut below each edge; for ages in months and for ranks."""
    starts = sorted({0, *(edge for edge in edges if 0 < edge <= top)})
    ends = [*(start - 1 for start in starts[1:]), top]
    return Grid([Cell(low, high, low, low == high) for low, high in zip(starts, ends, strict=True)])


NOW, FIRST = 0, 1


def time_grid(distances: Iterable[int]) -> Grid:
    """The cells of a time before now, in microseconds: bit 0 is what still lasts, the last bit what never was; between
    them lie the times at and around the edges of windows."""
    edges = sorted({edge for edge in distances if edge > 0})
    cells = [Cell(-1, -1, -1, True)]
    last = -1
    for edge in edges:
        if edge > last + 1:
            cells.append(Cell(last, edge, (last + edge) // 2, False))
        cells.append(Cell(edge, edge, edge, True))
        last = edge
    cells.append(Cell(last, INFINITY, last + 86_400_000_000 * 30, False))
    cells.append(Cell(INFINITY, INFINITY, math.inf, True))
    return Grid(cells)


BOOLEAN = Grid([Cell(0, 0, 0, True), Cell(1, 1, 1, True)])
NO, YES = 1, 2
