"""What is known of numbers: comparison and arithmetic on intervals against brute force over points that they hold."""

import math
from itertools import product

import pytest

from eligibility.intervals import (
    ANYTHING,
    Interval,
    add,
    compare,
    divide,
    exponential,
    hull,
    largest,
    logarithm,
    multiply,
    negate,
    point,
    power,
    same,
    smallest,
    subtract,
)
from eligibility.logic import Truth

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
INF = math.inf
ENDS = (-3.0, -1.0, 0.0, 0.5, 2.0)
OPERATORS = {
    "<": lambda x, t: x < t and not equal(x, t),
    "<=": lambda x, t: x < t or equal(x, t),
    ">": lambda x, t: x > t and not equal(x, t),
    ">=": lambda x, t: x > t or equal(x, t),
}


def equal(x, t):
    """The contract: a value x equals a threshold t when |x - t| <= 1e-9 |t|."""
    return abs(x - t) <= 1e-9 * abs(t)


def finite():
    for low, high in product(ENDS, repeat=2):
        if low < high:
            for low_open, high_open in product((False, True), repeat=2):
                yield Interval(low, high, low_open, high_open)
        elif low == high:
            yield Interval(low, high)


def unbounded():
    for end in ENDS:
        for is_open in (False, True):
            yield Interval(end, INF, is_open, True)
            yield Interval(-INF, end, True, is_open)
    yield ANYTHING


FINITE = list(finite())
ALL = [*FINITE, *unbounded()]


def contains(interval, x):
    above = x > interval.low or (x == interval.low and not interval.low_open)
    return above and (x < interval.high or (x == interval.high and not interval.high_open))


def points(interval, *others):
    """Points of an interval: its closed ends, what lies just inside an open one, some between, and what lies around others."""
    low, high = max(interval.low, -1e6), min(interval.high, 1e6)
    step = high - low
    candidates = [
        low, high, low + step * 1e-5, high - step * 1e-5, low + step * 0.25, low + step / 2, low + step * 0.8,
        -2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5,
        *[other + shift for other in others for shift in (-1e-3, 0.0, 1e-3)],
    ]  # fmt: skip
    return [x for x in candidates if contains(interval, x)]


def near(found, x, slack=1e-9):
    """Is x in the interval, give or take the rounding of one operation?"""
    widened = slack * max(1.0, abs(x))
    return found.low - widened <= x <= found.high + widened


# --- comparison ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("threshold", [-4.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.2, 0.5, 1.0, 2.0, 5.0])
def test_comparison_agrees_with_every_point(operator, threshold):
    for interval in ALL:
        answers = {OPERATORS[operator](x, threshold) for x in points(interval, threshold, interval.low, interval.high)}
        expected = U if len(answers) == 2 else T if answers == {True} else F
        assert compare(interval, operator, threshold) is expected, (interval, operator, threshold)


COMPARISONS = [
    (Interval(0, 0.05, False, True), "<", 0.05, T),  # "<0.05 ng/mL"
    (Interval(0, 0.05, False, True), "<=", 0.05, T),
    (Interval(0, 0.05, False, True), ">=", 0.05, F),
    (Interval(0, 0.05, False, True), ">", 0.05, F),
    (Interval(0, 0.05, False, True), "<", 0.04, U),
    (Interval(0, 0.05, False, True), ">=", 0.04, U),
    (Interval(0, 0.05), "<", 0.05, U),  # "<=0.05 ng/mL"
    (Interval(0, 0.05), "<=", 0.05, T),
    (Interval(0, 0.05), ">=", 0.05, U),
    (Interval(0, 0.05), ">", 0.05, F),
    (Interval(20, INF, True, True), ">", 20, T),  # ">20"
    (Interval(20, INF, True, True), ">=", 20, T),
    (Interval(20, INF, True, True), "<=", 20, F),
    (Interval(20, INF, True, True), "<", 20, F),
    (Interval(20, INF, True, True), ">", 1e300, U),
    (Interval(20, INF, False, True), ">", 20, U),  # ">=20"
    (Interval(20, INF, False, True), "<=", 20, U),
    (Interval(20, INF, False, True), "<", 20, F),
    (Interval(5, 10), ">=", 5, T),  # "5 to 10"
    (Interval(5, 10), ">", 5, U),
    (Interval(5, 10), "<", 5, F),
    (Interval(5, 10), "<=", 10, T),
    (Interval(5, 10), "<", 10, U),
    (Interval(5, 10), ">", 10, F),
    (Interval(5, 10, True, True), ">", 5, T),
    (Interval(5, 10, True, True), "<", 10, T),
    (Interval(5, 10, True, True), "<=", 5, F),
    (Interval(5, 10, True, True), ">=", 10, F),
    (Interval(0, INF, False, True), ">=", 0, T),  # a missing quantity is its possible range
    (Interval(0, INF, False, True), "<", 0, F),
    (Interval(0, INF, False, True), ">", 0, U),
    (Interval(0, INF, False, True), "<=", 0, U),
    (ANYTHING, "<", 0, U),
    (ANYTHING, ">=", -1e308, U),
    (point(442), ">=", 442, T),
    (point(442), ">", 442, F),
    (point(442), "<=", 442, T),
    (point(442), "<", 442, F),
]


@pytest.mark.parametrize(("interval", "operator", "threshold", "expected"), COMPARISONS)
def test_comparison_by_hand(interval, operator, threshold, expected):
    assert compare(interval, operator, threshold) is expected


NOISE = [
    (0.1 + 0.2, 0.3),
    (1.1 * 3, 3.3),
    (300 * (1 + 5e-10), 300),
    (300 * (1 - 5e-10), 300),
    (-300 * (1 + 5e-10), -300),
    (1e-12 * (1 + 5e-10), 1e-12),
    (1e12 + 500, 1e12),
]


@pytest.mark.parametrize(("value", "threshold"), NOISE)
def test_what_differs_by_noise_is_equal(value, threshold):
    x = point(value)
    assert same(value, threshold)
    assert [compare(x, op, threshold) for op in ("<", "<=", ">", ">=")] == [F, T, F, T]


DIFFERENT = [(300 * (1 + 2e-9), 300), (1e-12 * (1 + 2e-9), 1e-12), (1e12 + 2000, 1e12), (1e-300, 0.0), (5e-324, 0.0)]


@pytest.mark.parametrize(("value", "threshold"), DIFFERENT)
def test_what_differs_by_more_than_the_tolerance_is_not(value, threshold):
    assert not same(value, threshold)
    assert [compare(point(value), op, threshold) for op in ("<", "<=", ">", ">=")] == [F, F, T, T]
    mirrored = [compare(point(-value), op, -threshold) for op in ("<", "<=", ">", ">=")]
    assert mirrored == [T, T, F, F]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("shift", [-2e-9, -5e-10, 0.0, 5e-10, 2e-9])
def test_the_tolerance_counts_at_both_ends(operator, shift):
    """An end that equals the threshold by the tolerance is treated as the threshold itself."""
    end = 300 * (1 + shift)
    exact = 300.0 if abs(shift) < 1e-9 else end
    for low_open, high_open in product((False, True), repeat=2):
        for made, ideal in (
            (Interval(end, 400, low_open, high_open), Interval(exact, 400, low_open, high_open)),
            (Interval(200, end, low_open, high_open), Interval(200, exact, low_open, high_open)),
        ):
            assert compare(made, operator, 300) is compare(ideal, operator, 300)


def test_the_tolerance_itself_is_within_it():
    """1e-9 of a thousand million is one."""
    assert same(1e9 + 1, 1e9)
    assert not same(1e9 + 2, 1e9)


def test_an_operator_and_its_opposite_are_never_alike():
    for interval, threshold in product(ALL, (-3.0, -0.7, 0.0, 0.5, 1.9)):
        for one, other in (("<", ">="), ("<=", ">")):
            pair = {compare(interval, one, threshold), compare(interval, other, threshold)}
            assert pair in ({T, F}, {U})


def test_a_comparison_that_is_none_is_refused():
    with pytest.raises(ValueError, match="=="):
        compare(point(1), "==", 1)


# --- arithmetic ------------------------------------------------------------------------------------------------------

PLAIN = {
    add: lambda a, b: a + b,
    subtract: lambda a, b: a - b,
    multiply: lambda a, b: a * b,
}


@pytest.mark.parametrize("operation", PLAIN, ids=lambda operation: operation.__name__)
def test_every_result_is_held(operation):
    for x, y in product(ALL, repeat=2):
        found = operation(x, y)
        for a, b in product(points(x), points(y)):
            assert near(found, PLAIN[operation](a, b)), (x, y, a, b, found)


@pytest.mark.parametrize("operation", PLAIN, ids=lambda operation: operation.__name__)
def test_nothing_too_much_is_held(operation):
    """The ends are results of ends, and closed exactly where a pair of points reaches them."""
    for x, y in product(FINITE, repeat=2):
        found = operation(x, y)
        plain = PLAIN[operation]
        corners = [plain(a, b) for a in (x.low, x.high) for b in (y.low, y.high)]
        assert (found.low, found.high) == (min(corners), max(corners))
        reached = {plain(a, b) for a, b in product(points(x), points(y))}
        if operation is multiply:  # zero times anything is a way to an end, too
            reached |= {0.0 for one, other in ((x, y), (y, x)) if contains(one, 0.0) and points(other)}
        assert found.low_open is (found.low not in reached), (x, y, found)
        assert found.high_open is (found.high not in reached), (x, y, found)


@pytest.mark.parametrize(("x", "y"), [(x, y) for x in ALL[::3] for y in ALL[::4]])
def test_quotients_are_held(x, y):
    found = divide(x, y)
    for a, b in product(points(x), points(y)):
        if b != 0:
            assert near(found, a / b, 1e-8), (a, b, found)


def test_division_by_what_may_be_zero_is_any_number():
    for x, y in product(ALL, repeat=2):
        if contains(y, 0.0):
            assert divide(x, y) == ANYTHING, (x, y)


QUOTIENTS = [
    (point(60), Interval(0.209, 1), 60.0, 60 / 0.209, False, False),
    (Interval(10, 20), Interval(2, 5), 2.0, 10.0, False, False),
    (Interval(10, 20, True, False), Interval(2, 5, False, True), 2.0, 10.0, True, False),
    (Interval(-10, 20), Interval(2, 5), -5.0, 10.0, False, False),
    (Interval(10, 20), Interval(-5, -2), -10.0, -2.0, False, False),
    (Interval(1, 2), Interval(0, 4, True, False), 0.25, INF, False, True),
    (Interval(1, 2), Interval(-4, 0, False, True), -INF, -0.25, True, False),
    (Interval(1, 2), Interval(4, INF, False, True), 0.0, 0.5, True, False),
    (point(0), Interval(2, 5), 0.0, 0.0, False, False),
]


@pytest.mark.parametrize(("x", "y", "low", "high", "low_open", "high_open"), QUOTIENTS)
def test_quotients_by_hand(x, y, low, high, low_open, high_open):
    found = divide(x, y)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.low_open, found.high_open) == (low_open, high_open)


def test_negation_turns_the_ends_round():
    assert negate(Interval(1, 2, True, False)) == Interval(-2, -1, False, True)
    for x in ALL:
        assert negate(negate(x)) == x


def test_zero_times_anything_is_zero():
    found = multiply(point(0.0), ANYTHING)
    assert (found.low, found.high) == (0, 0)


def test_zero_and_more_times_zero_and_more():
    found = multiply(Interval(0, INF, False, True), Interval(0, INF, False, True))
    assert (found.low, found.high, found.low_open, found.high_open) == (0, INF, False, True)


def test_no_arithmetic_gives_nan():
    for x, y in product(ALL, repeat=2):
        for operation in (add, subtract, multiply, divide, power):
            found = operation(x, y)
            assert not math.isnan(found.low), (operation, x, y)
            assert not math.isnan(found.high), (operation, x, y)
            assert found.low <= found.high, (operation, x, y, found)


# --- logarithm, exponential, power -----------------------------------------------------------------------------------


@pytest.mark.parametrize("x", ALL)
def test_logarithm(x):
    found = logarithm(x)
    if any(a <= 0 for a in points(x)):
        assert found == ANYTHING
        return
    for a in points(x):
        assert near(found, math.log(a))


LOGARITHMS = [
    (point(1), 0.0, 0.0, False, False),
    (Interval(1, math.e), 0.0, 1.0, False, False),
    (Interval(0, 1, True, True), -INF, 0.0, True, True),
    (Interval(1, INF, False, True), 0.0, INF, False, True),
]


@pytest.mark.parametrize(("x", "low", "high", "low_open", "high_open"), LOGARITHMS)
def test_logarithm_by_hand(x, low, high, low_open, high_open):
    found = logarithm(x)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.low_open, found.high_open) == (low_open, high_open)


@pytest.mark.parametrize("x", [point(0), Interval(0, 5), Interval(-1, 5), Interval(-5, -1), ANYTHING])
def test_logarithm_of_what_may_not_be_positive_is_any_number(x):
    assert logarithm(x) == ANYTHING


@pytest.mark.parametrize("x", FINITE)
def test_exponential(x):
    found = exponential(x)
    assert (found.low, found.high) == (pytest.approx(math.exp(x.low)), pytest.approx(math.exp(x.high)))
    assert (found.low_open, found.high_open) == (x.low_open, x.high_open)


def test_exponential_of_the_unbounded():
    found = exponential(ANYTHING)
    assert (found.low, found.high) == (0, INF)
    assert exponential(point(1e6)).high == INF


EXPONENTS = (-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.2, 2.0, 3.0, 4.0)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_powers_with_a_known_exponent_are_held(exponent):
    for x in ALL:
        found = power(x, point(exponent))
        for a in points(x):
            if (a == 0 and exponent < 0) or (a < 0 and exponent != int(exponent)):
                assert found == ANYTHING, x
            else:
                assert near(found, a**exponent, 1e-8), (x, exponent, a, found)


@pytest.mark.parametrize("exponent", [Interval(0, 2), Interval(-1, 1), Interval(0.5, 1.5, True, True)])
def test_powers_with_an_unknown_exponent_are_held(exponent):
    for x in FINITE:
        found = power(x, exponent)
        for a, b in product(points(x), points(exponent)):
            if a > 0:
                assert near(found, a**b, 1e-8), (x, exponent, a, b, found)
            elif a < 0:
                assert found == ANYTHING


POWERS = [
    (Interval(-3, 2), 2.0, 0.0, 9.0),
    (Interval(-3, 2), 3.0, -27.0, 8.0),
    (Interval(-3, -1), 2.0, 1.0, 9.0),
    (Interval(2, 3), -1.0, 1 / 3, 0.5),
    (Interval(0, 4), 0.5, 0.0, 2.0),
    (Interval(-3, 2), 0.0, 1.0, 1.0),
    (point(2), 10.0, 1024.0, 1024.0),
]


@pytest.mark.parametrize(("x", "exponent", "low", "high"), POWERS)
def test_powers_by_hand(x, exponent, low, high):
    found = power(x, point(exponent))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("x", "exponent"),
    [
        (Interval(-1, 4), 0.5),
        (Interval(0, 4), -1.0),
        (Interval(-2, 2), -2.0),
        (Interval(-2, -1), 1.2),
        (point(0), -0.5),
    ],
)
def test_powers_outside_their_domain_are_any_number(x, exponent):
    assert power(x, point(exponent)) == ANYTHING


@pytest.mark.parametrize(
    ("x", "exponent", "expected"),
    [
        (Interval(-2, 0, True, True), point(2), Interval(0, 4, True, True)),  # the square of what is no zero is no zero
        (Interval(-2, 0), point(2), Interval(0, 4)),
        (Interval(-3, 2), point(2), Interval(0, 9)),
        (Interval(-3, 2, True, False), point(2), Interval(0, 9, False, True)),
        (Interval(-2, 3, False, True), point(2), Interval(0, 9, False, True)),
        (Interval(-3, 3, True, False), point(2), Interval(0, 9)),  # one of the two ends belongs to it
        (Interval(0, 2), Interval(1, 2), ANYTHING),  # a closed zero is outside of the domain of exp(y ln x)
        (Interval(-1, 2), Interval(1, 2), ANYTHING),
    ],
)
def test_powers_and_their_ends_by_hand(x, exponent, expected):
    assert power(x, exponent) == expected


@pytest.mark.parametrize(
    ("x", "low", "high", "low_open"),
    [(Interval(1, 2), 1, 4, False), (Interval(0, 2, True, False), 0, 4, True), (Interval(2, 3), 2, 9, False)],
)
def test_a_positive_base_may_have_an_exponent_between_two(x, low, high, low_open):
    found = power(x, Interval(1, 2))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.low_open, found.high_open) == (low_open, False)


def test_an_unbounded_divisor_leaves_zero_out():
    """1 / x for x of 1 and more, without an end: above 0, up to 1."""
    assert divide(point(1), Interval(1, INF)) == Interval(0, 1, True, False)
    assert divide(point(1), Interval(1, INF, True, True)) == Interval(0, 1, True, True)


def test_a_great_power_does_not_fail():
    assert power(point(1e300), point(300)).high == INF
    assert power(Interval(-1e300, 1e300), point(3)).low == -INF


# --- of several ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3])
def test_largest_and_smallest_against_every_choice_of_points(count):
    sample = ALL[:: 3 if count < 3 else 5]
    for chosen in product(sample, repeat=count):
        top, bottom = largest(chosen), smallest(chosen)
        assert top.low == max(x.low for x in chosen)
        assert top.high == max(x.high for x in chosen)
        assert bottom.low == min(x.low for x in chosen)
        assert bottom.high == min(x.high for x in chosen)
        if count < 3:
            for drawn in product(*[points(x) for x in chosen]):
                assert contains(top, max(drawn)), (chosen, drawn)
                assert contains(bottom, min(drawn)), (chosen, drawn)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([Interval(1, 3, True, False), Interval(1, 2)], Interval(1, 3, True, False)),
        ([Interval(1, 3, True, True), Interval(1, 3)], Interval(1, 3, True, False)),
        ([Interval(0, 1), point(5)], point(5)),
        ([Interval(0, 7, False, True), point(5)], Interval(5, 7, False, True)),
    ],
)
def test_largest_by_hand(given, expected):
    assert largest(given) == expected


def test_hull_is_the_smallest_that_holds_all():
    for chosen in product(ALL[::2], repeat=2):
        found = hull(chosen)
        for x in chosen:
            assert all(contains(found, a) for a in points(x))
        assert found.low == min(x.low for x in chosen)
        assert found.high == max(x.high for x in chosen)
        assert found.low_open is all(x.low_open for x in chosen if x.low == found.low)
        assert found.high_open is all(x.high_open for x in chosen if x.high == found.high)


def test_what_two_have_in_common():
    for x, y in product(ALL, repeat=2):
        shared = [a for a in {*points(x), *points(y)} if contains(x, a) and contains(y, a)]
        found = x.meets(y)
        if shared:
            assert all(contains(found, a) for a in shared), (x, y)
            assert all(contains(x, a) and contains(y, a) for a in points(found)), (x, y)
        elif not any(contains(y, a) for a in points(x)):
            assert found in (x, Interval(max(x.low, y.low), min(x.high, y.high), found.low_open, found.high_open))


@pytest.mark.parametrize(
    "y",
    [
        Interval(2, 3), Interval(-3, -2), Interval(1, 2, True, False), Interval(-2, 0, False, True), point(5),
        Interval(2, INF, False, True),
    ],
)  # fmt: skip
def test_what_has_nothing_in_common_with_another_stays_as_it_was(y):
    assert Interval(0, 1).meets(y) == Interval(0, 1)


def test_a_common_end_must_belong_to_both():
    assert Interval(0, 1).meets(Interval(1, 2)) == point(1)
    assert Interval(0, 1, False, True).meets(Interval(1, 2)) == Interval(0, 1, False, True)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (Interval(0, 1), Interval(1, 2), True),
        (Interval(0, 1, False, True), Interval(1, 2), False),
        (Interval(1, 2, True, False), Interval(0, 1), False),
        pytest.param(Interval(1, 2), Interval(0, 1, False, True), False),
        pytest.param(Interval(0, 1), Interval(1, 2, True, False), False),
        (Interval(0, 1), Interval(2, 3), False),
        (Interval(2, 3), Interval(0, 1), False),
        (Interval(0, 3), Interval(1, 2), True),
        (Interval(1, 2), Interval(0, 3), True),
        (point(1), point(1 + 1e-12), True),
        (point(1), point(1.001), False),
        (ANYTHING, point(7), True),
        (point(7), ANYTHING, True),
    ],
)
def test_overlaps(x, y, expected):
    assert x.overlaps(y) is expected
