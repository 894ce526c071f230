"""What is known of a number: an interval goes in, comparisons and arithmetic on it come out.

A number is known as every value between two ends, each of which may belong to it or not. Comparison with a threshold
uses the contract's tolerance: a value x equals a threshold t when |x - t| <= 1e-9 |t|.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from eligibility.logic import Truth

TOLERANCE = 1e-9
INFINITY = math.inf


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `low` to `high`; an open end does not belong to it. Infinite ends are open by nature."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    @property
    def is_point(self) -> bool:
        """Is the number known exactly?"""
        return self.low == self.high

    def meets(self, other: Interval) -> Interval:
        """What both intervals have in common; itself where they have nothing in common."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, not_high_open = min((self.high, not self.high_open), (other.high, not other.high_open))
        if low > high or (low == high and (low_open or not not_high_open)):
            return self
        return Interval(low, high, low_open, not not_high_open)

    def overlaps(self, other: Interval) -> bool:
        """Have the two a number in common, ends compared with the tolerance?"""
        below = compare(self, "<", other.low) is Truth.TRUE
        above = compare(self, ">", other.high) is Truth.TRUE
        touching = (same(self.high, other.low) and (self.high_open or other.low_open)) or (
            same(self.low, other.high) and (self.low_open or other.high_open)
        )
        return not (below or above or touching)


ANYTHING = Interval(-INFINITY, INFINITY, True, True)


def point(value: float) -> Interval:
    """A number that is known exactly."""
    return Interval(value, value)


def same(value: float, threshold: float) -> bool:
    """Does a value equal a threshold, under the tolerance of the contract?"""
    return value == threshold or (abs(threshold) < INFINITY and abs(value - threshold) <= TOLERANCE * abs(threshold))


def compare(x: Interval, operator: str, threshold: float) -> Truth:
    """Does `x operator threshold` hold for every value of x (TRUE), for none (FALSE), or for some (UNKNOWN)?"""
    if operator == ">":
        return compare(negate(x), "<", -threshold)
    if operator == ">=":
        return compare(negate(x), "<=", -threshold)
    low_at, high_at = same(x.low, threshold), same(x.high, threshold)
    low_below, high_below = x.low < threshold and not low_at, x.high < threshold and not high_at
    if operator == "<":
        if high_below or (high_at and x.high_open and not low_at):
            return Truth.TRUE
        return Truth.UNKNOWN if low_below else Truth.FALSE
    if operator == "<=":
        if high_below or high_at:
            return Truth.TRUE
        return Truth.UNKNOWN if low_below or (low_at and not x.low_open) else Truth.FALSE
    raise ValueError(operator)


def hull(intervals: Iterable[Interval]) -> Interval:
    """The smallest interval that holds all of the given ones (at least one)."""
    listed = list(intervals)
    bottom = min(listed, key=lambda x: (x.low, x.low_open))
    top = _highest_high(listed)
    return Interval(bottom.low, top.high, bottom.low_open, top.high_open)


def _highest_high(intervals: Iterable[Interval]) -> Interval:
    return max(intervals, key=lambda x: (x.high, not x.high_open))


def largest(intervals: Iterable[Interval]) -> Interval:
    """What is known of the greatest of several numbers, each known as an interval."""
    listed = list(intervals)
    bottom = max(listed, key=lambda x: (x.low, x.low_open))
    top = _highest_high(listed)
    return Interval(bottom.low, top.high, bottom.low_open, top.high_open)


def smallest(intervals: Iterable[Interval]) -> Interval:
    """What is known of the least of several numbers, each known as an interval."""
    return negate(largest(negate(x) for x in intervals))


def negate(x: Interval) -> Interval:
    """-x"""
    return Interval(-x.high, -x.low, x.high_open, x.low_open)


def add(x: Interval, y: Interval) -> Interval:
    """x + y"""
    return Interval(x.low + y.low, x.high + y.high, x.low_open or y.low_open, x.high_open or y.high_open)


def subtract(x: Interval, y: Interval) -> Interval:
    """x - y"""
    return add(x, negate(y))


def _product(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def multiply(x: Interval, y: Interval) -> Interval:
    """x * y, where zero times an unbounded end is zero."""
    corners = [
        (_product(a, b), (a_open or b_open) and not (a == 0 and not a_open) and not (b == 0 and not b_open))
        for a, a_open in ((x.low, x.low_open), (x.high, x.high_open))
        for b, b_open in ((y.low, y.low_open), (y.high, y.high_open))
    ]
    low, low_open = min(corners)
    high, high_closed = max((value, not is_open) for value, is_open in corners)
    return Interval(low, high, low_open, not high_closed)


def divide(x: Interval, y: Interval) -> Interval:
    """x / y; any number where y may be zero."""
    touches_low = y.low < 0 or (y.low == 0 and not y.low_open)
    touches_high = y.high > 0 or (y.high == 0 and not y.high_open)
    if touches_low and touches_high:
        return ANYTHING
    if y.high <= 0:
        return divide(negate(x), negate(y))
    high = INFINITY if y.low == 0 else 1 / y.low
    return multiply(x, Interval(1 / y.high, high, y.high_open or y.high == INFINITY, y.low_open))


def _increasing(function: Callable[[float], float], x: Interval) -> Interval:
    return Interval(function(x.low), function(x.high), x.low_open, x.high_open)


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return INFINITY


def exponential(x: Interval) -> Interval:
    """e to the power of x"""
    return _increasing(_exp, x)


def logarithm(x: Interval) -> Interval:
    """The natural logarithm of x; any number where x may be negative or zero."""
    if x.low < 0 or (x.low == 0 and not x.low_open):
        return ANYTHING
    return _increasing(lambda value: -INFINITY if value == 0 else math.log(value), x)


def _power(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return INFINITY
    except ZeroDivisionError:
        return INFINITY


def power(x: Interval, y: Interval) -> Interval:
    """x to the power of y; any number outside the domain of the real power function."""
    if y.is_point:
        n = y.low
        if n == 0:
            return point(1.0)
        if n < 0:
            return divide(point(1.0), power(x, point(-n)))
        if x.low >= 0:
            return _increasing(lambda value: _power(value, n), x)
        if n != int(n):
            return ANYTHING
        if n % 2 == 1:
            return _increasing(lambda value: math.copysign(_power(abs(value), n), value), x)
        if x.high <= 0:
            return power(negate(x), y)
        top = max((-x.low, not x.low_open), (x.high, not x.high_open))
        return Interval(0.0, _power(top[0], n), False, not top[1])
    if x.low < 0 or (x.low == 0 and not x.low_open):
        return ANYTHING
    return exponential(multiply(y, logarithm(x)))
