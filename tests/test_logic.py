"""Strong Kleene logic against an independent definition: min, max and 1 - x over 0, 1/2 and 1, and brute force over completions."""

from fractions import Fraction
from itertools import product

import pytest

from eligibility.logic import AND, NOT, OR, Truth, all_of, any_of, count_between, known

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE
NUMBER = {F: Fraction(0), U: Fraction(1, 2), T: Fraction(1)}
TRUTH = {number: truth for truth, number in NUMBER.items()}
PAIRS = list(product(Truth, repeat=2))
LISTS = [truths for size in range(6) for truths in product(Truth, repeat=size)]


def completions(truths):
    """Every way in which the unknown ones may turn out."""
    return product(*[(False, True) if truth is U else (truth is T,) for truth in truths])


def settled(answers):
    """TRUE or FALSE where all completions agree, else UNKNOWN."""
    found = set(answers)
    return U if len(found) == 2 else T if found == {True} else F


def test_there_are_three_values():
    assert len(Truth) == 3
    assert {truth.value for truth in Truth} == {"true", "false", "unknown"}


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_and_is_the_lesser(a, b):
    assert AND[a, b] is TRUTH[min(NUMBER[a], NUMBER[b])]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_or_is_the_greater(a, b):
    assert OR[a, b] is TRUTH[max(NUMBER[a], NUMBER[b])]


@pytest.mark.parametrize("a", Truth)
def test_not_is_the_rest_to_one(a):
    assert NOT[a] is TRUTH[1 - NUMBER[a]]


def test_the_tables_hold_nothing_else():
    assert set(AND) == set(OR) == set(PAIRS)
    assert set(NOT) == set(Truth)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_de_morgan(a, b):
    assert NOT[AND[a, b]] is OR[NOT[a], NOT[b]]
    assert NOT[OR[a, b]] is AND[NOT[a], NOT[b]]


@pytest.mark.parametrize(("a", "b", "c"), list(product(Truth, repeat=3)))
def test_one_distributes_over_the_other(a, b, c):
    assert AND[a, OR[b, c]] is OR[AND[a, b], AND[a, c]]
    assert OR[a, AND[b, c]] is AND[OR[a, b], OR[a, c]]


def test_conjunction_of_up_to_five():
    for truths in LISTS:
        assert all_of(iter(truths)) is TRUTH[min([NUMBER[truth] for truth in truths], default=Fraction(1))]


def test_disjunction_of_up_to_five():
    for truths in LISTS:
        assert any_of(iter(truths)) is TRUTH[max([NUMBER[truth] for truth in truths], default=Fraction(0))]


def test_conjunction_and_disjunction_agree_with_all_completions():
    """No variable stands twice in a list, so Kleene's answer is the answer of all completions."""
    for truths in LISTS:
        assert all_of(truths) is settled(all(way) for way in completions(truths))
        assert any_of(truths) is settled(any(way) for way in completions(truths))


@pytest.mark.parametrize("low", range(7))
@pytest.mark.parametrize("high", range(7))
def test_counts_agree_with_all_completions(low, high):
    for truths in LISTS:
        expected = settled(low <= sum(way) <= high for way in completions(truths))
        if low > high:
            assert count_between(truths, low, high) in (F, U)  # nothing lies between; never said to be met
        else:
            assert count_between(iter(truths), low, high) is expected, truths


@pytest.mark.parametrize("size", range(1, 6))
def test_counts_contain_the_blocks(size):
    """all of, any of and none of are counts too."""
    for truths in product(Truth, repeat=size):
        assert count_between(truths, size, size) is all_of(truths)
        assert count_between(truths, 1, size) is any_of(truths)
        assert count_between(truths, 0, 0) is NOT[any_of(truths)]
        assert count_between(truths, 0, size) is T


def test_knowing_more_never_turns_an_answer_round():
    for truths in LISTS:
        for place, truth in enumerate(truths):
            if truth is not U:
                continue
            for better in (T, F):
                more = (*truths[:place], better, *truths[place + 1 :])
                for judge in (all_of, any_of, lambda found: count_between(found, 2, 3)):
                    assert judge(truths) in (U, judge(more))


@pytest.mark.parametrize(("given", "expected"), [(True, T), (False, F), (None, U)])
def test_known(given, expected):
    assert known(given) is expected


@pytest.mark.parametrize("truth", Truth)
def test_a_truth_is_no_bool(truth):
    with pytest.raises(TypeError) as caught:
        bool(truth)
    assert str(caught.value) == "a Truth is not a bool: UNKNOWN is neither; compare with `is`"
