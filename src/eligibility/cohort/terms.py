"""Columns of a table go in as terms, which are used like expressions; what is done with them is written down and folded at once.

A term knows more than an expression of a dataframe: whether it may be null, between which ends a number lies, and whether two are
the same. So a rule over plain columns folds to little more than what a person would write. `plans` makes columns of terms.
"""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw

from eligibility.cohort.number_steps import arithmetic, below, choice, constant, made, mapped
from eligibility.cohort.planes import Book, Bounds, Node, conjoined, disjoined, negated


class Term(nw.Expr):
    """What takes part where an expression does."""

    def __init__(self) -> None:
        pass

    __hash__ = object.__hash__


def truth_of(value: object) -> Truth:
    """A term or a constant as a truth."""
    if isinstance(value, Truth):
        return value
    if value is None or isinstance(value, bool):
        return Truth(value is True, value is False)
    raise TypeError(type(value))


class Truth(Term):
    """A nullable truth: where it holds, and where it fails."""

    def __init__(self, holds: bool | Node, fails: bool | Node | None = None) -> None:
        self.holds = holds
        self.fails = negated(holds) if fails is None else fails

    def __and__(self, other: object) -> Any:
        return joined((self, other), True)

    __rand__ = __and__

    def __or__(self, other: object) -> Any:
        return joined((self, other), False)

    __ror__ = __or__

    def __invert__(self) -> Any:
        return Truth(self.fails, self.holds)

    def is_null(self) -> Any:
        return _flag(negated(disjoined(self.holds, self.fails)))

    def fill_null(self, value: Any = None, strategy: Any = None, limit: Any = None) -> Any:
        return _flag(negated(self.fails) if value else self.holds)

    def cast(self, dtype: Any) -> Any:
        return chosen(self, 1, 0)


def _flag(plane: bool | Node) -> bool | Truth:
    return plane if isinstance(plane, bool) else Truth(plane)


def _statement(holds: bool | Node, fails: bool | Node) -> bool | Truth | None:
    if isinstance(holds, bool) and isinstance(fails, bool):
        return True if holds else False if fails else None
    return Truth(holds, fails)


def joined(statements: Any, neutral: bool) -> Any:
    """Kleene's conjunction (`neutral` true) or disjunction of statements."""
    truths = [truth_of(statement) for statement in statements]
    holds, fails = [truth.holds for truth in truths], [truth.fails for truth in truths]
    if neutral:
        return _statement(conjoined(*holds), disjoined(*fails))
    return _statement(disjoined(*holds), conjoined(*fails))


class Number(Term):
    """A nullable number, a double or whole."""

    def __init__(self, node: Node, missing: bool | Node = False) -> None:
        self.node = node
        self.missing = missing

    def is_null(self) -> Any:
        return _flag(self.missing)

    def fill_null(self, value: Any = None, strategy: Any = None, limit: Any = None) -> Any:
        if self.missing is False:
            return self
        return _number(choice(negated(self.missing), self.node, constant(self.node.book, value, self.node.whole)))

    def cast(self, dtype: Any) -> Any:
        if dtype == nw.Float64 and self.node.whole:
            return Number(made("double", self.node, bounds=self.node.bounds, whole=False), self.missing)
        return self

    def _compared(self, op: str, other: Any) -> Any:
        book = self.node.book
        second = other.node if isinstance(other, Number) else constant(book, other, self.node.whole)
        missing = disjoined(self.missing, other.missing if isinstance(other, Number) else False)
        match op:
            case "<":
                holds = below("lt", self.node, second)
            case "<=":
                holds = below("le", self.node, second)
            case ">":
                holds = below("lt", second, self.node)
            case ">=":
                holds = below("le", second, self.node)
            case _:
                holds = conjoined(below("le", self.node, second), below("le", second, self.node))
        known = negated(missing)
        return _statement(conjoined(holds, known), conjoined(negated(holds), known))

    def __lt__(self, other: Any) -> Any:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(">=", other)

    def __eq__(self, other: Any) -> Any:
        return self._compared("==", other)

    def __ne__(self, other: Any) -> Any:
        found = self._compared("==", other)
        return ~found if isinstance(found, Truth) else found if found is None else not found

    __hash__ = object.__hash__

    def _with(self, op: str, other: Any, turned: bool = False) -> Any:
        second = other.node if isinstance(other, Number) else constant(self.node.book, other, self.node.whole)
        missing = disjoined(self.missing, other.missing if isinstance(other, Number) else False)
        a, b = (second, self.node) if turned else (self.node, second)
        return _number(arithmetic(op, a, b), missing)

    def __add__(self, other: Any) -> Any:
        return self._with("+", other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("-", other, turned=True)

    def __mul__(self, other: Any) -> Any:
        return self._with("*", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other, turned=True)

    def __floordiv__(self, other: Any) -> Any:
        return self._with("//", other)

    def __mod__(self, other: Any) -> Any:
        return self._with("%", other)

    def __pow__(self, other: Any) -> Any:
        return self._with("**", other)

    def log(self, base: float = math.e) -> Any:
        return _number(mapped("log", self.node), self.missing)

    def exp(self) -> Any:
        return _number(mapped("exp", self.node), self.missing)

    def abs(self) -> Any:
        return _number(mapped("abs", self.node), self.missing)


def _number(node: Node, missing: bool | Node = False) -> Any:
    return node.args[0] if node.op == "constant" and missing is False else Number(node, missing)


def ends_of(number: Any) -> Bounds:
    """The ends between which a number lies for sure, where it is not null."""
    if isinstance(number, Number):
        return number.node.bounds
    return (-math.inf, math.inf) if isinstance(number, nw.Expr) else (number, number)


# --- leaves ----------------------------------------------------------------------------------------------------------


def truth_column(book: Book, name: str) -> Truth:
    """A column of true, false and null."""
    book.make("truth", name)
    return Truth(book.make("true", name), book.make("false", name))


def number_column(
    book: Book, name: str, bounds: Bounds = (-math.inf, math.inf), *, whole: bool = False, full: bool = False
) -> Number:
    """A column of numbers between two ends; whole ones of 64 bits, or doubles without NaN. `full`: none is null."""
    node = book.make("column", name)
    node.bounds, node.whole, node.raw = bounds, whole, frozenset() if full else frozenset((name,))
    return Number(node, False if full else book.make("null", name))


def is_text(book: Book, name: str, text: str) -> Truth:
    """Is a column of texts this one? Not where it is null."""
    return Truth(book.make("same", book.make("column", name), text))


# --- choices ---------------------------------------------------------------------------------------------------------


def chosen(condition: Any, then: Any, otherwise: Any) -> Any:
    """One of two numbers, by a flag; a flag that is unknown takes the other one."""
    whole = all(
        not isinstance(value, float) and (not isinstance(value, Number) or value.node.whole)
        for value in (then, otherwise)
    )
    truth = truth_of(condition)
    if isinstance(truth.holds, bool):
        return then if truth.holds else otherwise
    book = truth.holds.book
    nodes = [value.node if isinstance(value, Number) else constant(book, value, whole) for value in (then, otherwise)]
    lacks = [value.missing if isinstance(value, Number) else False for value in (then, otherwise)]
    missing = disjoined(conjoined(truth.holds, lacks[0]), conjoined(negated(truth.holds), lacks[1]))
    return _number(choice(truth.holds, nodes[0], nodes[1]), missing)


def either_statement(condition: Any, then: Any, otherwise: Any) -> Any:
    """One of two statements, by a flag."""
    flag, first, second = truth_of(condition), truth_of(then), truth_of(otherwise)
    here, there = flag.holds, negated(flag.holds)
    return _statement(
        disjoined(conjoined(here, first.holds), conjoined(there, second.holds)),
        disjoined(conjoined(here, first.fails), conjoined(there, second.fails)),
    )


def settled(holds: Any, fails: Any) -> Any:
    """True where it holds, else False where it fails, else unknown."""
    first, second = truth_of(holds).holds, truth_of(fails).holds
    return _statement(first, conjoined(second, negated(first)))
