"""Ranges of computed numbers hold every value that the reference computes, and every exact one; what ties them rules out only what
cannot be."""

import math
import random
from fractions import Fraction

import pytest

from eligibility import rules, series
from eligibility.analysis.enclosure import enclose
from eligibility.formulas import check_formula
from eligibility.intervals import INFINITY, point
from eligibility.logic import Truth
from eligibility.vocabulary import bundled_vocabulary

WORDS = bundled_vocabulary()
DERIVED = [concept for concept in WORDS if concept.formula is not None]
CREATININE, UREA = WORDS["creatinine"], WORDS["urea"]
A, B = rules.Measured(CREATININE), rules.Measured(UREA)


def drawn(chance, low, high):
    """A range of numbers, and one of them: often an end."""
    ends = sorted(low + (high - low) * chance.random() ** chance.choice((1, 4)) for _ in range(2))
    if chance.random() < 0.2:
        ends[1] = ends[0]
    value = chance.choice((ends[0], ends[1], chance.uniform(*ends)))
    return tuple(ends), min(max(value, ends[0]), ends[1])


@pytest.mark.parametrize("concept", DERIVED, ids=[concept.name for concept in DERIVED])
def test_the_range_of_a_formula_holds_what_the_reference_computes(concept):
    formula = check_formula(WORDS, concept)
    chance = random.Random(concept.name)
    for _ in range(300):
        ranges, values = {}, {}
        for leaf in rules.leaves(formula.expression):
            if leaf in ranges or isinstance(leaf, rules.InClass):
                continue
            span = WORDS["age"] if isinstance(leaf, rules.Age) else leaf.concept
            low, high = (0, 110) if isinstance(leaf, rules.Age) else (span.possible.low, span.possible.high)
            low = max(low, -1e3)
            ranges[leaf], values[leaf] = drawn(chance, low, min(high, chance.choice((1.0, 50.0, 5e4)) + low))
        truth = chance.choice((Truth.TRUE, Truth.FALSE))
        seen = chance.choice((truth, Truth.UNKNOWN))
        low, high = enclose(formula.expression, ranges.__getitem__, lambda _, seen=seen: seen)
        value = series.evaluate(
            formula.expression, lambda leaf, truth=truth, values=values: truth if isinstance(leaf, rules.InClass) else point(values[leaf])
        )  # fmt: skip
        if value.is_point:  # else outside of the domain of an operation
            assert low <= value.low <= high


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "min", "max"])
def test_ranges_hold_the_exact_value(operator):
    chance = random.Random(operator)
    exact = {
        "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y, "min": min, "max": max,
    }[operator]  # fmt: skip
    for _ in range(3_000):
        scale = chance.choice((1e-12, 1.0, 3.0, 1e9))
        (a, x), (b, y) = drawn(chance, -scale, scale), drawn(chance, chance.choice((-scale, 0.0)), scale)
        low, high = enclose(rules.Combined(operator, A, B), {A: a, B: b}.__getitem__, lambda _: Truth.UNKNOWN)
        if operator == "/" and not y:
            continue
        value = exact(Fraction(x), Fraction(y))
        assert low == -INFINITY or Fraction(low) <= value
        assert high == INFINITY or value <= Fraction(high)


@pytest.mark.parametrize(
    ("expression", "ranges", "expected"),
    [
        (rules.Combined("/", A, B), ((1, 2), (0, 4)), (0.25, INFINITY)),
        (rules.Combined("/", A, B), ((1, 2), (-1, 1)), (-INFINITY, INFINITY)),
        (rules.Combined("/", A, B), ((1, 2), (0, 0)), (-INFINITY, INFINITY)),
        (rules.Combined("/", A, B), ((1, 2), (-4, 0)), (-INFINITY, -0.25)),
        (rules.Combined("*", A, B), ((0, INFINITY), (0, 5)), (0, INFINITY)),
        (rules.Combined("*", A, B), ((-2, 3), (-5, 7)), (-15, 21)),
        (rules.Combined("-", A, B), ((1, INFINITY), (1, INFINITY)), (-INFINITY, INFINITY)),
        (rules.Combined("^", A, rules.Constant(2.0)), ((-3, 2), (0, 0)), (0, 9)),
        (rules.Combined("^", A, rules.Constant(3.0)), ((-3, 2), (0, 0)), (-27, 8)),
        (rules.Combined("^", A, rules.Constant(-0.5)), ((0, 4), (0, 0)), (0.5, INFINITY)),
        (rules.Combined("^", A, rules.Constant(0.5)), ((-1, 4), (0, 0)), (-INFINITY, INFINITY)),
        (rules.Combined("^", A, B), ((1, 2), (2, 3)), (1, 8)),
        (rules.Applied("ln", A), ((0, 1), (0, 0)), (-INFINITY, 0)),
        (rules.Applied("ln", A), ((-2, -1), (0, 0)), (-INFINITY, INFINITY)),
        (rules.Applied("exp", A), ((0, 5_000), (0, 0)), (1, INFINITY)),
        (rules.Scaled(A, 0.01, 5.0), ((100, 200), (0, 0)), (6, 7)),
    ],
)
def test_the_range_of_each_operation(expression, ranges, expected):
    found = enclose(expression, dict(zip((A, B), ranges, strict=True)).__getitem__, lambda _: Truth.UNKNOWN)
    for end, wanted, outward in zip(found, expected, (-1, 1), strict=True):
        assert end == wanted or (
            math.isclose(end, wanted, rel_tol=1e-12, abs_tol=1e-12) and (end - wanted) * outward >= 0
        )
