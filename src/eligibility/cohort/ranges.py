"""Intervals in columns and arithmetic on them go in; columns of the results come out. The same rules as `intervals`.

Intermediate intervals become columns of a sheet, so that expressions stay small.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import assert_never

import narwhals as nw

from eligibility import rules
from eligibility.cohort.folding import (
    Flag,
    Number,
    Quad,
    Statement,
    both,
    case,
    chosen_quad,
    constant,
    either,
    is_false,
    is_true,
    no,
    pick,
)
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.terms import ends_of
from eligibility.intervals import ANYTHING, INFINITY, Interval, exponential, logarithm, power
from eligibility.intervals import add as add_plain
from eligibility.intervals import divide as divide_plain
from eligibility.intervals import multiply as multiply_plain


def _plain(*quads: Quad) -> list[Interval] | None:
    if any(isinstance(part, nw.Expr) for quad in quads for part in quad):
        return None
    return [Interval(low, high, bool(a), bool(b)) for low, high, a, b in quads]  # type: ignore[arg-type]  # all are plain


def meets(x: Quad, other: Interval) -> Quad:
    """What an interval has in common with a constant one; itself where they have nothing in common."""
    low, high, low_open, high_open = x
    first, last = other.low, other.high
    bottom, bottom_open = low, low_open
    least, most = ends_of(low)[0], ends_of(high)[1]
    if first > -INFINITY and (least < first or other.low_open):
        above = low > first
        level = low == first
        bottom = pick(above, low, first)
        bottom_open = case(above, low_open, either(both(level, low_open), other.low_open))  # type: ignore[assignment]  # flags have no nulls
    top, top_open = high, high_open
    if last < INFINITY and (most > last or other.high_open):
        below = high < last
        level = high == last
        top = pick(below, high, last)
        top_open = case(below, high_open, either(both(level, high_open), other.high_open))  # type: ignore[assignment]  # flags have no nulls
    # one of the two begins where the other has ended
    empty = either(
        low > last, both(low == last, either(low_open, other.high_open)) if last < INFINITY else False,
        high < first, both(high == first, either(high_open, other.low_open)) if first > -INFINITY else False,
    )  # fmt: skip
    return chosen_quad(empty, x, (bottom, top, bottom_open, top_open))


def negate(x: Quad) -> Quad:
    """-x"""
    return _minus(x[1]), _minus(x[0]), x[3], x[2]


def _minus(x: Number) -> Number:
    return -x if not isinstance(x, nw.Expr) else x * -1.0


def add(x: Quad, y: Quad) -> Quad:
    """x + y"""
    if plain := _plain(x, y):
        return constant(add_plain(*plain))
    return x[0] + y[0], x[1] + y[1], either(x[2], y[2]), either(x[3], y[3])


def _product(a: Number, b: Number) -> Number:
    if not isinstance(a, nw.Expr):
        if a == 0:
            return 0.0
        if math.isfinite(a):
            return a * b if isinstance(b, nw.Expr) else (0.0 if b == 0 else a * b)
    if not isinstance(b, nw.Expr):
        if b == 0:
            return 0.0
        if math.isfinite(b):
            return a * b
    if not (_may_be(a, 0.0) and _may_be(b, INFINITY)) and not (_may_be(b, 0.0) and _may_be(a, INFINITY)):
        return a * b
    zero = either(a == 0, b == 0)
    return pick(zero, 0.0, a * b)


def _may_be(a: Number, end: float) -> bool:
    """May a number be zero, or infinite?"""
    low, high = ends_of(a)
    return low <= 0 <= high if end == 0 else low == -INFINITY or high == INFINITY


def multiply(x: Quad, y: Quad) -> Quad:
    """x * y, where zero times an unbounded end is zero."""
    if plain := _plain(x, y):
        return constant(multiply_plain(*plain))
    if not isinstance(y[0], nw.Expr) and y[0] == y[1] and 0 < y[0] < INFINITY:
        by = y[0]
        return x[0] * by, x[1] * by, x[2], x[3]
    if not isinstance(x[0], nw.Expr) and x[0] == x[1] and 0 < x[0] < INFINITY:
        return multiply(y, x)
    closed = all(opened is False for opened in (*x[2:], *y[2:]))
    if closed and ends_of(x[0])[0] >= 0 and ends_of(y[0])[0] >= 0:
        return _product(x[0], y[0]), _product(x[1], y[1]), False, False
    corners: list[tuple[Number, Flag]] = []
    for a, a_open in ((x[0], x[2]), (x[1], x[3])):
        for b, b_open in ((y[0], y[2]), (y[1], y[3])):
            is_open = both(either(a_open, b_open), no(both(a == 0, no(a_open))), no(both(b == 0, no(b_open))))
            corners.append((_product(a, b), is_open))
    low, low_open = corners[0]
    high, high_open = corners[0]
    for value, is_open in corners[1:]:
        lower = either(value < low, both(value == low, no(is_open)))
        low, low_open = pick(lower, value, low), case(lower, is_open, low_open)  # type: ignore[assignment]  # flags have no nulls
        higher = either(high < value, both(value == high, no(is_open)))
        high, high_open = pick(higher, value, high), case(higher, is_open, high_open)  # type: ignore[assignment]  # flags have no nulls
    return low, high, low_open, high_open


def _inverse(value: Number, at_zero: float) -> Number:
    if not isinstance(value, nw.Expr):
        return at_zero if value == 0 else 1 / value
    return pick(value == 0, at_zero, 1.0 / pick(value == 0, 1.0, value))


def reciprocal(y: Quad) -> Quad:
    """1 / y for a y above zero: `divide` turns signs first, and is any number where y may be zero."""
    low = pick(y[1] == INFINITY, 0.0, _inverse(y[1], INFINITY))
    high = _inverse(y[0], INFINITY)
    return low, high, either(y[3], y[1] == INFINITY), y[2]


def divide(sheet: Sheet, x: Quad, y: Quad) -> Quad:
    """x / y; any number where y may be zero."""
    if plain := _plain(x, y):
        return constant(divide_plain(*plain))
    touches_low = either(y[0] < 0, both(y[0] == 0, no(y[2])))
    touches_high = either(y[1] > 0, both(y[1] == 0, no(y[3])))
    anything = both(touches_low, touches_high)
    turned = y[1] <= 0
    if turned is not False:
        x = sheet.quad(chosen_quad(turned, negate(x), x))
        y = sheet.quad(chosen_quad(turned, negate(y), y))
    over = sheet.quad(reciprocal(y))
    return chosen_quad(anything, constant(ANYTHING), multiply(x, over))


def extreme(x: Quad, y: Quad, greatest: bool) -> Quad:
    """The greater, or the lesser, of two numbers known as intervals."""
    if not greatest:
        return negate(extreme(negate(x), negate(y), True))
    first = either(x[0] > y[0], both(x[0] == y[0], x[2]))
    second = either(x[1] > y[1], both(x[1] == y[1], no(x[3])))
    return (
        pick(first, x[0], y[0]), pick(second, x[1], y[1]), case(first, x[2], y[2]), case(second, x[3], y[3]),  # type: ignore[return-value]  # flags have no nulls
    )  # fmt: skip


def hull(x: Quad, y: Quad) -> Quad:
    """The smallest interval that holds both."""
    first = either(x[0] < y[0], both(x[0] == y[0], no(x[2])))
    second = either(x[1] > y[1], both(x[1] == y[1], no(x[3])))
    return (
        pick(first, x[0], y[0]), pick(second, x[1], y[1]), case(first, x[2], y[2]), case(second, x[3], y[3]),  # type: ignore[return-value]  # flags have no nulls
    )  # fmt: skip


def _mapped(x: Quad, function: Callable[[nw.Expr], Number], plain: Callable[[float], float]) -> Quad:
    """A growing function of both ends."""

    def one(end: Number) -> Number:
        if not isinstance(end, nw.Expr):
            return plain(end)
        return function(end)

    low = one(x[0])
    return low, low if x[1] is x[0] else one(x[1]), x[2], x[3]


_LARGEST_EXPONENT = 709.0


def _function(x: Number, name: str) -> Number:
    if isinstance(x, nw.Expr):
        return x.log() if name == "log" else x.exp()
    return math.log(x) if name == "log" else math.exp(x)


def exponential_of(x: Quad) -> Quad:
    """e to the power of x; beyond the range of a double it is infinite."""

    def raised(end: nw.Expr) -> Number:
        large, small = end > _LARGEST_EXPONENT, end < -745.0
        safe = pick(either(large, small), 0.0, end)
        return pick(large, INFINITY, pick(small, 0.0, _function(safe, "exp")))

    low, high, low_open, high_open = _mapped(x, raised, lambda value: exponential(Interval(value, value)).low)
    return low, high, either(low_open, x[0] == -INFINITY), high_open  # no number is infinite: 0 is not reached


def logarithm_of(x: Quad) -> Quad:
    """The natural logarithm of x; any number where x may be negative or zero."""
    if plain := _plain(x):
        return constant(logarithm(plain[0]))

    def of(end: nw.Expr) -> Number:
        below, infinite = end <= 0, end == INFINITY
        safe = pick(either(below, infinite), 1.0, end)
        return pick(below, -INFINITY, pick(infinite, INFINITY, _function(safe, "log")))

    def of_plain(value: float) -> float:
        return -INFINITY if value <= 0 else INFINITY if value == INFINITY else math.log(value)

    outside = either(x[0] < 0, both(x[0] == 0, no(x[2])))
    return chosen_quad(outside, constant(ANYTHING), _mapped(x, of, of_plain))


def power_of(sheet: Sheet, x: Quad, y: Quad) -> Quad:
    """x to the power of y; any number outside the domain of the real power function."""
    if plain := _plain(x, y):
        return constant(power(*plain))
    if not isinstance(y[0], nw.Expr) and y[0] == y[1]:
        n = float(y[0])
        return _power_of_constant(sheet, x, n)
    outside = either(x[0] < 0, both(x[0] == 0, no(x[2])))
    log = sheet.quad(logarithm_of(x))
    return chosen_quad(outside, constant(ANYTHING), exponential_of(sheet.quad(multiply(y, log))))


def _raised(end: Number, n: float) -> Number:
    """A number that is not negative, to a positive power."""
    if not isinstance(end, nw.Expr):
        return power(Interval(end, end), Interval(n, n)).low
    overflow = math.exp(_LARGEST_EXPONENT / n) if _LARGEST_EXPONENT / n < 709 else INFINITY
    large = either(end == INFINITY, end > overflow if overflow < INFINITY else False)
    safe = pick(large, 1.0, pick(end < 0, 0.0, end))
    return pick(large, INFINITY, safe**n)


def _power_of_constant(sheet: Sheet, x: Quad, n: float) -> Quad:
    if n == 0:
        return constant(Interval(1.0, 1.0))
    if n < 0:
        return divide(sheet, constant(Interval(1.0, 1.0)), sheet.quad(_power_of_constant(sheet, x, -n)))
    positive: Quad = (_raised(x[0], n), _raised(x[1], n), x[2], x[3])
    below = x[0] < 0
    if below is False:
        return positive
    if n != int(n):
        return chosen_quad(below, constant(ANYTHING), positive)
    if n % 2 == 1:

        def signed(end: Number) -> Number:
            magnitude = _raised(abs(end) if not isinstance(end, nw.Expr) else end.abs(), n)
            return pick(end < 0, _minus(magnitude), magnitude)

        return signed(x[0]), signed(x[1]), x[2], x[3]
    turned = negate(x)
    falling: Quad = (_raised(turned[0], n), _raised(turned[1], n), turned[2], turned[3])
    farther = either(x[1] < turned[1], both(turned[1] == x[1], no(turned[3])))
    top = pick(farther, turned[1], x[1])
    across: Quad = (0.0, _raised(top, n), False, case(farther, turned[3], x[3]))  # type: ignore[assignment]  # flags have no nulls
    return chosen_quad(no(below), positive, chosen_quad(x[1] <= 0, falling, across))


Leaf = Callable[[rules.Age | rules.Measured | rules.Changed], Quad]


def evaluate(
    number: rules.Expression, sheet: Sheet, leaf: Leaf, classed: Callable[[rules.InClass], Statement]
) -> Quad:  # fmt: skip
    """The value of an expression; `leaf` gives what its measurements are known to be, `classed` whether a class is one of some."""
    match number:
        case rules.Age() | rules.Measured() | rules.Changed():
            return leaf(number)
        case rules.Constant(value=value):
            return constant(Interval(value, value))
        case rules.Scaled(operand=operand, factor=factor, offset=offset):
            inner = evaluate(operand, sheet, leaf, classed)
            scaled = multiply(inner, constant(Interval(factor, factor)))
            return sheet.quad(add(scaled, constant(Interval(offset, offset))) if offset else scaled)
        case rules.Applied(function=function, operand=operand):
            inner = evaluate(operand, sheet, leaf, classed)
            if plain := _plain(inner):
                return constant(logarithm(plain[0]) if function == "ln" else exponential(plain[0]))
            return sheet.quad(logarithm_of(inner) if function == "ln" else exponential_of(inner))
        case rules.Combined(operator=operator, left=left, right=right):
            a, b = evaluate(left, sheet, leaf, classed), evaluate(right, sheet, leaf, classed)
            match operator:
                case "+":
                    return sheet.quad(add(a, b))
                case "-":
                    return sheet.quad(add(a, negate(b)))
                case "*":
                    return sheet.quad(multiply(a, b))
                case "/":
                    return sheet.quad(divide(sheet, a, b))
                case "^":
                    return sheet.quad(power_of(sheet, a, b))
                case "min" | "max":
                    return sheet.quad(extreme(a, b, operator == "max"))
                case _:
                    assert_never(operator)
        case rules.Chosen(condition=condition, then=then, otherwise=otherwise):
            assert isinstance(condition, rules.InClass)
            truth = sheet.statement(classed(condition))
            first, second = evaluate(then, sheet, leaf, classed), evaluate(otherwise, sheet, leaf, classed)
            open_one = sheet.quad(hull(first, second))
            return sheet.quad(chosen_quad(is_true(truth), first, chosen_quad(is_false(truth), second, open_one)))
        case _:
            assert_never(number)
