"""An expression and the ranges of what it reads go in; a range comes out that surely holds each of its values.

Every step is rounded outward, so that nothing is claimed that a rounded number only seems to say. The ends belong to a range;
where a step leaves its domain at one end (a division by what may be 0), the range reaches to infinity on that side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from sys import float_info
from typing import assert_never

from eligibility import rules
from eligibility.logic import Truth

Range = tuple[float, float]
Leaf = Callable[[rules.Age | rules.Measured | rules.Changed], Range]
Choice = Callable[[rules.InClass], Truth]

ALL: Range = (-math.inf, math.inf)
_SLACK = 1e-14  # relative error of the mathematical functions of the platform, many times over


def enclose(number: rules.Expression, leaf: Leaf, choice: Choice) -> Range:
    """The range of an expression; `leaf` gives the range of a measurement, `choice` what is known of a condition."""
    match number:
        case rules.Age() | rules.Measured() | rules.Changed():
            return leaf(number)
        case rules.Constant(value=value):
            return value, value
        case rules.Scaled(operand=operand, factor=factor, offset=offset):
            scaled = _times(enclose(operand, leaf, choice), (factor, factor))
            return scaled if not offset else _plus(scaled, (offset, offset))
        case rules.Applied(function=function, operand=operand):
            inner = enclose(operand, leaf, choice)
            return _logarithm(inner) if function == "ln" else _exponential(inner)
        case rules.Combined(operator=operator, left=left, right=right):
            a, b = enclose(left, leaf, choice), enclose(right, leaf, choice)
            match operator:
                case "+":
                    return _plus(a, b)
                case "-":
                    return _plus(a, (-b[1], -b[0]))
                case "*":
                    return _times(a, b)
                case "/":
                    return _times(a, _reciprocal(b))
                case "^":
                    return _power(a, b)
                case "min":
                    return min(a[0], b[0]), min(a[1], b[1])
                case "max":
                    return max(a[0], b[0]), max(a[1], b[1])
                case _:
                    assert_never(operator)
        case rules.Chosen(condition=condition, then=then, otherwise=otherwise):
            truth = choice(condition) if isinstance(condition, rules.InClass) else Truth.UNKNOWN
            if truth is not Truth.UNKNOWN:
                return enclose(then if truth is Truth.TRUE else otherwise, leaf, choice)
            a, b = enclose(then, leaf, choice), enclose(otherwise, leaf, choice)
            return min(a[0], b[0]), max(a[1], b[1])
        case _:
            assert_never(number)


def _out(low: float, high: float) -> Range:
    """One step outward on both sides; a number that overflowed is only known to be large."""
    if math.isnan(low) or math.isnan(high):
        return ALL
    low = math.nextafter(min(low, float_info.max), -math.inf)
    return low, math.nextafter(max(high, -float_info.max), math.inf)


def _plus(a: Range, b: Range) -> Range:
    low, high = a[0] + b[0], a[1] + b[1]
    exact = 0.0 in (a[0], b[0]), 0.0 in (a[1], b[1])
    outer = _out(low, high)
    return low if exact[0] else outer[0], high if exact[1] else outer[1]


def _product(x: float, y: float) -> Range:
    """The product of two ends, rounded both ways; it keeps its sign, so that what is positive does not reach past 0."""
    if not x or not y:
        return 0.0, 0.0
    low, high = _out(x * y, x * y)
    return (max(low, 0.0), high) if (x > 0) is (y > 0) else (low, min(high, 0.0))


def _times(a: Range, b: Range) -> Range:
    if b[0] == b[1] == 1:
        return a
    corners = [_product(x, y) for x in set(a) for y in set(b)]
    return min(low for low, _ in corners), max(high for _, high in corners)


def _reciprocal(x: Range) -> Range:
    if x[0] < 0 < x[1] or x == (0, 0):
        return ALL
    if x[1] <= 0:
        low, high = _reciprocal((-x[1], -x[0]))
        return -high, -low
    low = 0.0 if x[1] == math.inf else max(0.0, math.nextafter(1 / x[1], 0.0))
    return low, math.inf if not x[0] else _out(1.0, _over(x[0]))[1]


def _over(x: float) -> float:
    try:
        return 1 / x
    except OverflowError:
        return math.inf


def _slack(low: float, high: float) -> Range:
    """Outward by the error of a mathematical function."""
    return _out(
        low - _SLACK * abs(low) if abs(low) < math.inf else low,
        high + _SLACK * abs(high) if abs(high) < math.inf else high,
    )


def _exponential(x: Range) -> Range:
    low, high = _slack(*(_exp(end) for end in x))
    return max(low, 0.0), high


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _logarithm(x: Range) -> Range:
    if x[1] <= 0:
        return ALL
    low = -math.inf if x[0] <= 0 else math.log(x[0])
    return _slack(low, math.inf if x[1] == math.inf else math.log(x[1]))


def _power(x: Range, y: Range) -> Range:
    if y[0] != y[1]:
        return ALL if x[0] < 0 else _exponential(_times(y, _logarithm(x)))
    exponent = y[0]
    if exponent == 0:
        return 1.0, 1.0
    if exponent < 0:
        return _reciprocal(_power(x, (-exponent, -exponent)))
    if x[0] >= 0:
        low, high = _slack(_raised(x[0], exponent), _raised(x[1], exponent))
        return max(low, 0.0), high
    if exponent != int(exponent):
        return ALL
    ends = [math.copysign(_raised(abs(end), exponent), end if exponent % 2 else 1.0) for end in x]
    if exponent % 2 == 1:
        return _slack(ends[0], ends[1])
    low, high = _slack(0.0 if x[1] >= 0 else min(ends), max(ends))
    return max(low, 0.0), high


def _raised(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf
