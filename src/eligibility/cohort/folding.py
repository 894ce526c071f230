"""Truths and numbers that are constants or dataframe expressions go in; folded expressions come out.

A statement is True, False, None (unknown) or a nullable boolean expression; strong Kleene logic is what the engines do with
nulls. A `Flag` is a statement that is never unknown. Constants are folded here, so that only what varies reaches the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import narwhals as nw

from eligibility.cohort.terms import Term, chosen, either_statement, joined, settled
from eligibility.intervals import TOLERANCE, Interval, compare, same
from eligibility.logic import Truth

Flag = bool | nw.Expr
Statement = bool | None | nw.Expr
Number = float | int | nw.Expr


def expression(value: Statement) -> nw.Expr:
    """A statement as an expression."""
    return value if isinstance(value, nw.Expr) else nw.lit(value, dtype=nw.Boolean)


def numeric(value: Number, *, whole: bool = False) -> nw.Expr:
    """A number as an expression: a double, or a whole number of 64 bits."""
    if isinstance(value, nw.Expr):
        return value
    return nw.lit(int(value), dtype=nw.Int64) if whole else nw.lit(float(value), dtype=nw.Float64)


def of_truth(truth: Truth) -> bool | None:
    """A Truth as a nullable bool."""
    return None if truth is Truth.UNKNOWN else truth is Truth.TRUE


# --- Kleene logic ----------------------------------------------------------------------------------------------------


def all_hold(*statements: Statement) -> Statement:
    """Kleene conjunction; True for nothing."""
    return _joined(statements, neutral=True)


def any_holds(*statements: Statement) -> Statement:
    """Kleene disjunction; False for nothing."""
    return _joined(statements, neutral=False)


def _joined(statements: Iterable[Statement], neutral: bool) -> Statement:
    statements = tuple(statements)
    if any(isinstance(statement, Term) for statement in statements):
        return joined(statements, neutral)  # type: ignore[no-any-return]  # terms fold to constants
    found: nw.Expr | None = None
    unknown = False
    for statement in statements:
        if isinstance(statement, nw.Expr):
            found = statement if found is None else (found & statement if neutral else found | statement)
        elif statement is None:
            unknown = True
        elif statement is not neutral:
            return not neutral
    if found is None:
        return None if unknown else neutral
    if not unknown:
        return found
    null = nw.lit(None, dtype=nw.Boolean)
    return found & null if neutral else found | null


def both(*flags: Flag) -> Flag:
    """Conjunction of what is never unknown."""
    return all_hold(*flags)  # type: ignore[return-value]  # flags have no nulls


def either(*flags: Flag) -> Flag:
    """Disjunction of what is never unknown."""
    return any_holds(*flags)  # type: ignore[return-value]  # flags have no nulls


def opposite(statement: Statement) -> Statement:
    """Kleene negation."""
    if isinstance(statement, nw.Expr):
        return ~statement
    return None if statement is None else not statement


def no(flag: Flag) -> Flag:
    """Negation of what is never unknown."""
    return opposite(flag)  # type: ignore[return-value]  # a flag has no nulls


def known_from(holds: Flag, fails: Flag) -> Statement:
    """True where it holds, False where it fails, else unknown."""
    if isinstance(holds, bool) and isinstance(fails, bool):
        return True if holds else False if fails else None
    if isinstance(holds, Term) or isinstance(fails, Term):
        return settled(holds, fails)  # type: ignore[no-any-return]  # terms fold to constants
    if holds is True:
        return True
    if holds is False:
        return nw.when(expression(fails)).then(nw.lit(False)).otherwise(nw.lit(None, dtype=nw.Boolean))
    rest = expression(False) if fails is True else (
        nw.lit(None, dtype=nw.Boolean) if fails is False
        else nw.when(fails).then(nw.lit(False)).otherwise(nw.lit(None, dtype=nw.Boolean))
    )  # fmt: skip
    return nw.when(holds).then(nw.lit(True)).otherwise(rest)


def case(condition: Flag, then: Statement, otherwise: Statement) -> Statement:
    """One of two statements, by a flag."""
    if isinstance(condition, bool):
        return then if condition else otherwise
    if not isinstance(then, nw.Expr) and not isinstance(otherwise, nw.Expr) and then is otherwise:
        return then
    if isinstance(condition, Term):
        return either_statement(condition, then, otherwise)  # type: ignore[no-any-return]  # terms fold to constants
    return nw.when(condition).then(expression(then)).otherwise(expression(otherwise))


def filled(statement: Statement, value: bool) -> Flag:
    """A statement, and `value` where it is unknown."""
    if isinstance(statement, nw.Expr):
        return statement.fill_null(value)
    return value if statement is None else statement


def is_open(statement: Statement) -> Flag:
    """Is it unknown?"""
    return statement.is_null() if isinstance(statement, nw.Expr) else statement is None


def is_true(statement: Statement) -> Flag:
    """Is it known to hold?"""
    return statement.fill_null(False) if isinstance(statement, nw.Expr) else statement is True


def is_false(statement: Statement) -> Flag:
    """Is it known not to hold?"""
    return (~statement).fill_null(False) if isinstance(statement, nw.Expr) else statement is False


# --- numbers ---------------------------------------------------------------------------------------------------------


def pick(condition: Flag, then: Number, otherwise: Number, *, whole: bool = False) -> Number:
    """One of two numbers, by a flag."""
    if isinstance(condition, bool):
        return then if condition else otherwise
    if not isinstance(then, nw.Expr) and not isinstance(otherwise, nw.Expr) and then == otherwise:
        return then
    if isinstance(condition, Term):
        return chosen(condition, then, otherwise)  # type: ignore[no-any-return]  # terms fold to constants
    return nw.when(condition).then(numeric(then, whole=whole)).otherwise(numeric(otherwise, whole=whole))


def after(a: Number, b: Number) -> Flag:
    """a > b; never where both are the same column."""
    return False if a is b else a > b


def most(a: Number, b: Number, *, whole: bool = False) -> Number:
    """The greater of two numbers that are not null."""
    if a is b:
        return a
    if not isinstance(a, nw.Expr) and not isinstance(b, nw.Expr):
        return max(a, b)
    return pick(a >= b, a, b, whole=whole)


def least(a: Number, b: Number, *, whole: bool = False) -> Number:
    """The smaller of two numbers that are not null."""
    if a is b:
        return a
    if not isinstance(a, nw.Expr) and not isinstance(b, nw.Expr):
        return min(a, b)
    return pick(a <= b, a, b, whole=whole)


# --- comparisons with the tolerance of the contract ------------------------------------------------------------------


def edges(threshold: float) -> tuple[float, float]:
    """The least and the greatest double that equal a threshold under the contract's tolerance, exactly as `same` says:
    the one shifted constant that makes every engine agree."""
    if math.isinf(threshold):
        return threshold, threshold
    return _edge(threshold, -math.inf), _edge(threshold, math.inf)


def _edge(threshold: float, towards: float) -> float:
    sign = -1.0 if towards < 0 else 1.0
    guess = threshold + sign * TOLERANCE * abs(threshold)
    while not same(guess, threshold):
        guess = math.nextafter(guess, threshold)
    while same(further := math.nextafter(guess, towards), threshold):
        guess = further
    return guess


Quad = tuple[Number, Number, Flag, Flag]
"""What is known of a number in each row: low, high, is the low end open, is the high end open."""


def constant(interval: Interval) -> Quad:
    """The same interval in each row."""
    return interval.low, interval.high, interval.low_open, interval.high_open


def compared(x: Quad, operator: str, threshold: float) -> Statement:
    """Does `x operator threshold` hold for every value of x, for none, or for some? Follows `intervals.compare`."""
    low, high, low_open, high_open = x
    if not any(isinstance(part, nw.Expr) for part in x):
        return of_truth(compare(Interval(low, high, bool(low_open), bool(high_open)), operator, threshold))  # type: ignore[arg-type]  # all are plain
    bottom, top = edges(threshold)
    point = low is high
    match operator:
        case "<":
            if point:
                return high < bottom
            holds = either(high < bottom, both(high <= top, high_open, low < bottom))
            return known_from(holds, low >= bottom)
        case "<=":
            if point:
                return high <= top
            return known_from(high <= top, either(low > top, both(low >= bottom, low_open)))
        case ">":
            if point:
                return low > top
            holds = either(low > top, both(low >= bottom, low_open, high > top))
            return known_from(holds, high <= top)
        case ">=":
            if point:
                return low >= bottom
            return known_from(low >= bottom, either(high < bottom, both(high <= top, high_open)))
    raise ValueError(operator)


def chosen_quad(condition: Flag, then: Quad, otherwise: Quad) -> Quad:
    """One of two intervals, by a flag."""
    return (
        pick(condition, then[0], otherwise[0]), pick(condition, then[1], otherwise[1]),
        case(condition, then[2], otherwise[2]), case(condition, then[3], otherwise[3]),  # type: ignore[return-value]  # flags have no nulls
    )  # fmt: skip
