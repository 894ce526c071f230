"""A cell goes in; a plain number inside of it comes out, and its spelling in a patient record."""

from __future__ import annotations

from random import Random

from eligibility.analysis.cells import Cell
from eligibility.analysis.keys import Pick, variable_key
from eligibility.analysis.world import World
from eligibility.intervals import INFINITY, Interval
from eligibility.vocabulary import Concept


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


def spell(concept: Concept, value: float) -> str:
    """A number with its unit."""
    return f"{value:.15g}" if concept.unit == "1" else f"{value:.15g} {concept.unit}"


def usual_number(concept: Concept, ratio: float = 0.0) -> float:
    """A number that the quantity may well have; one whose limit of normal is possible, where it is so many times that."""
    usual = plain_number(Cell(concept.possible.low, concept.possible.high, 1.0, False), concept.plausible)
    if ratio and not concept.possible.low <= usual / ratio <= concept.possible.high:
        usual = (
            usual if concept.possible.low <= usual * ratio <= concept.possible.high else concept.possible.high
        ) * ratio
    return usual
