"""Columns of a table go in as terms, which are used like expressions; what is done with them is written down and folded at once.

A term knows more than an expression of a dataframe: whether it may be null, between which ends a number lies, and whether two are
the same. So a rule over plain columns folds to little more than what a person would write. `plans` makes columns of terms.
"""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw

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


def _statement(holds: bool | Node, fails: bool | Node) -> bool | None | Truth:
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
        return _number(_choice(negated(self.missing), self.node, constant(self.node.book, value, self.node.whole)))

    def cast(self, dtype: Any) -> Any:
        if dtype == nw.Float64 and self.node.whole:
            return Number(_made("double", self.node, bounds=self.node.bounds, whole=False), self.missing)
        return self

    def _compared(self, op: str, other: Any) -> Any:
        book = self.node.book
        second = other.node if isinstance(other, Number) else constant(book, other, self.node.whole)
        missing = disjoined(self.missing, other.missing if isinstance(other, Number) else False)
        match op:
            case "<":
                holds = _below("lt", self.node, second)
            case "<=":
                holds = _below("le", self.node, second)
            case ">":
                holds = _below("lt", second, self.node)
            case ">=":
                holds = _below("le", second, self.node)
            case _:
                holds = conjoined(_below("le", self.node, second), _below("le", second, self.node))
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


def number_column(book: Book, name: str, bounds: Bounds = (-math.inf, math.inf), *, whole: bool = False, full: bool = False) -> Number:
    """A column of numbers between two ends; whole ones of 64 bits, or doubles without NaN. `full`: none is null."""
    node = book.make("column", name)
    node.bounds, node.whole, node.raw = bounds, whole, frozenset() if full else frozenset((name,))
    return Number(node, False if full else book.make("null", name))


def is_text(book: Book, name: str, text: str) -> Truth:
    """Is a column of texts this one? Not where it is null."""
    return Truth(book.make("same", book.make("column", name), text))


def constant(book: Book, value: float, whole: bool = False) -> Node:
    """A number."""
    whole = whole and isinstance(value, int)
    number: float = int(value) if whole else float(value)
    node = book.make("constant", number, whole)
    node.bounds, node.whole = (number, number), whole
    return node


# --- choices ---------------------------------------------------------------------------------------------------------


def chosen(condition: Any, then: Any, otherwise: Any) -> Any:
    """One of two numbers, by a flag; a flag that is unknown takes the other one."""
    whole = all(not isinstance(value, float) and (not isinstance(value, Number) or value.node.whole) for value in (then, otherwise))
    truth = truth_of(condition)
    if isinstance(truth.holds, bool):
        return then if truth.holds else otherwise
    book = truth.holds.book
    nodes = [value.node if isinstance(value, Number) else constant(book, value, whole) for value in (then, otherwise)]
    lacks = [value.missing if isinstance(value, Number) else False for value in (then, otherwise)]
    missing = disjoined(conjoined(truth.holds, lacks[0]), conjoined(negated(truth.holds), lacks[1]))
    return _number(_choice(truth.holds, nodes[0], nodes[1]), missing)


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


def _made(op: str, *args: Node, bounds: Bounds, whole: bool) -> Node:
    node = args[0].book.make(op, *args)
    node.bounds, node.whole = bounds, whole
    node.raw = frozenset().union(*(arg.raw for arg in args))
    node.exact = all(arg.exact for arg in args)
    return node


def _choice(flag: bool | Node, then: Node, otherwise: Node) -> Node:
    if isinstance(flag, bool):
        return then if flag else otherwise
    if then is otherwise:
        return then
    if flag.op == "not":
        return _choice(negated(flag), otherwise, then)
    if then.op == "choice":
        inner: Any = then.args[0]
        if conjoined(flag, negated(inner)) is False:
            return _choice(flag, then.args[1], otherwise)  # type: ignore[arg-type]  # a node
        if conjoined(flag, inner) is False:
            return _choice(flag, then.args[2], otherwise)  # type: ignore[arg-type]  # a node
    if otherwise.op == "choice":
        inner = otherwise.args[0]
        if conjoined(negated(flag), negated(inner)) is False:
            return _choice(flag, then, otherwise.args[1])  # type: ignore[arg-type]  # a node
        if conjoined(negated(flag), inner) is False:
            return _choice(flag, then, otherwise.args[2])  # type: ignore[arg-type]  # a node
    if _under(flag, otherwise) is then:  # it would be so anyway
        return otherwise
    if _under(negated(flag), then) is otherwise:
        return then
    first, second = _refined(then, _known(flag)), _refined(otherwise, _known(negated(flag)))
    bounds = min(first[0], second[0]), max(first[1], second[1])
    node = flag.book.make("choice", flag, then, otherwise)
    node.bounds, node.whole = bounds, then.whole and otherwise.whole
    node.raw = frozenset(
        name for branch, taken in ((then, flag), (otherwise, negated(flag))) for name in branch.raw
        if conjoined(taken, flag.book.make("null", name)) is not False
    )  # fmt: skip
    node.exact = not node.raw
    return node


def _known(flag: bool | Node) -> list[tuple[Node, bool]]:
    """Comparisons with constants that hold, or do not, where a flag holds."""
    if isinstance(flag, bool):
        return []
    if flag.op == "not":
        inner: Any = flag.args[0]
        parts = [negated(part) for part in inner.inputs] if inner.op == "or" else [flag]
    else:
        parts = list(flag.inputs) if flag.op == "and" else [flag]
    found = []
    for part in parts:
        if isinstance(part, Node):
            plain: Any = part.args[0] if part.op == "not" else part
            if plain.op in ("lt", "le") and plain.args[1].op == "constant":
                found.append((plain, plain is part))
    return found


def _refined(node: Node, known: list[tuple[Node, bool]]) -> Bounds:
    """Between which ends a number lies where some comparisons hold or do not."""
    if not known:
        return node.bounds
    low, high = node.bounds
    if node.op == "choice":
        then, otherwise = (_refined(branch, known) for branch in node.args[1:])  # type: ignore[arg-type]  # nodes
        low, high = max(low, min(then[0], otherwise[0])), min(high, max(then[1], otherwise[1]))
    for comparison, holds in known:
        if comparison.args[0] is node:
            limit: Any = comparison.args[1]
            low, high = (low, min(high, limit.args[0])) if holds else (max(low, limit.args[0]), high)
    return low, high


def _tightened(node: Node, bounds: Bounds) -> Node:
    """The same number, of which more is known."""
    low, high = max(node.bounds[0], bounds[0]), min(node.bounds[1], bounds[1])
    if low <= high and not (math.isnan(bounds[0]) or math.isnan(bounds[1])):
        node.bounds = low, high
    return node


def _under(flag: bool | Node, node: Node) -> Node:
    """What a number is where a flag holds, as far as choices tell."""
    while node.op == "choice":
        inner: Any = node.args[0]
        if conjoined(flag, negated(inner)) is False:
            node = node.args[1]  # type: ignore[assignment]  # a node
        elif conjoined(flag, inner) is False:
            node = node.args[2]  # type: ignore[assignment]  # a node
        else:
            break
    return node


# --- comparisons -----------------------------------------------------------------------------------------------------


def _below(op: str, a: Node, b: Node) -> bool | Node:
    """Where a < b (`lt`) or a <= b (`le`), and neither is null."""
    if a is b and not a.raw:
        return op == "le"
    key = ("~" + op, a, b)
    found = a.book._nodes.get(key)  # noqa: SLF001  # what was folded before is kept with the steps
    if found is None:
        plane = _folded_below(op, a, b)
        a.book._nodes[key] = plane  # type: ignore[assignment]  # noqa: SLF001
        return plane
    return found


def _folded_below(op: str, a: Node, b: Node) -> bool | Node:
    if math.isnan(a.bounds[0]) or math.isnan(b.bounds[0]):  # of a branch that is never taken
        return False
    for first, other in ((a, b), (b, a)):
        if first.op == "choice" and (other.op in ("constant", "column") or first is a):
            flag, then, otherwise = first.args
            assert isinstance(flag, Node) and isinstance(then, Node) and isinstance(otherwise, Node)
            pair = [(_below(op, part, b) if first is a else _below(op, a, part)) for part in (then, otherwise)]
            return disjoined(conjoined(flag, pair[0]), conjoined(negated(flag), pair[1]))
    if a is b and a.exact and op == "lt":
        return False
    if a.exact and b.exact:
        known = [negated(a.book.make("null", name)) for node in (a, b) for name in sorted(node.raw)]
        if a is b or a.bounds[1] < b.bounds[0] or (op == "le" and a.bounds[1] <= b.bounds[0]):
            return conjoined(*known)
        if a.bounds[0] > b.bounds[1] or (op == "lt" and a.bounds[0] >= b.bounds[1]):
            return False
    if a.whole and b.op == "constant" and a.op == "+" and a.args[1].op == "constant":  # type: ignore[attr-defined]  # a node
        return _below(op, a.args[0], constant(a.book, b.args[0] - a.args[1].args[0], True))  # type: ignore
    if b.whole and a.op == "constant" and b.op == "+" and b.args[1].op == "constant":  # type: ignore[attr-defined]  # a node
        return _below(op, constant(a.book, a.args[0] - b.args[1].args[0], True), b.args[0])  # type: ignore
    if a.op == "constant":  # one comparison serves both directions
        found = negated(_below("le" if op == "lt" else "lt", b, a))
        if b.exact:
            return conjoined(found, *(negated(b.book.make("null", name)) for name in b.raw))
    elif b.op != "constant" and a.exact and b.exact and id(a) > id(b):
        known = [negated(a.book.make("null", name)) for name in sorted(a.raw | b.raw)]
        return conjoined(negated(_below("le" if op == "lt" else "lt", b, a)), *known)
    made = a.book.make(op, a, b)
    made.raw = a.raw | b.raw
    if a.exact and b.exact:
        for name in made.raw:
            listed = a.book.comparisons.setdefault(name, [])
            if made not in listed:
                listed.append(made)
    if b.op == "constant":
        a.book.limits.setdefault(a, []).append(((b.args[0], op == "le"), made))  # type: ignore[arg-type]  # a number
    return made


# --- arithmetic ------------------------------------------------------------------------------------------------------


def _value(op: str, a: Any, b: Any) -> Any:
    try:
        match op:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return a / b
            case "//":
                return a // b
            case "%":
                return a % b
            case _:
                return a**b
    except ZeroDivisionError:
        return math.nan if a == 0 or op != "/" else math.copysign(math.inf, a)
    except (ArithmeticError, ValueError):
        return math.nan


def arithmetic(op: str, a: Node, b: Node) -> Node:
    """A step of arithmetic."""
    whole = a.whole and b.whole and op != "/"
    if op == "-" and whole and b.op == "constant":
        return arithmetic("+", a, constant(a.book, -b.args[0], True))  # type: ignore[operator]  # a number
    if op in ("+", "*") and a.op == "constant":
        a, b = b, a
    if a.op == "constant" and b.op == "constant":
        return constant(a.book, _value(op, a.args[0], b.args[0]), whole)
    if b.op == "constant" and (whole or not a.whole):
        if b.args[0] == (1 if op in ("*", "/", "//") else 0 if op in ("+", "-") else None):
            return a
        if op == "*" and b.args[0] == -1 and a.op == "*" and a.args[1].op == "constant":  # type: ignore[attr-defined]  # a node
            return arithmetic("*", a.args[0], constant(a.book, -a.args[1].args[0], whole))  # type: ignore
        if whole and op == "+" and a.op == "+" and a.args[1].op == "constant":  # type: ignore[attr-defined]  # a node
            return arithmetic("+", a.args[0], constant(a.book, a.args[1].args[0] + b.args[0], True))  # type: ignore
        if op != "**" and a.op == "choice":  # into the branches, where one of them is a constant
            flag, then, otherwise = a.args
            if "constant" in (then.op, otherwise.op):  # type: ignore[attr-defined]  # nodes
                parts = arithmetic(op, then, b), arithmetic(op, otherwise, b)  # type: ignore[arg-type]  # nodes
                return _tightened(_choice(flag, *parts), _ends(op, a, b))  # type: ignore[arg-type]  # a plane
    return _made(op, a, b, bounds=_ends(op, a, b), whole=whole)


def _ends(op: str, a: Node, b: Node) -> Bounds:
    """Between which ends the result of arithmetic lies."""
    if op in ("+", "-", "*") or (op in ("/", "//") and not b.bounds[0] <= 0 <= b.bounds[1]):
        ends = [_value(op, x, y) for x in a.bounds for y in b.bounds]
        if not any(math.isnan(end) for end in ends):
            return min(ends), max(ends)
    return -math.inf, math.inf


def _log_bounds(bounds: Bounds) -> Bounds:
    """Libraries differ in the last digit."""
    low, high = (
        -math.inf if end <= 0 else end if end == math.inf else math.log(end) + turn * 1e-9 * (1 + abs(math.log(end)))
        for end, turn in zip(bounds, (-1, 1), strict=True)
    )
    return low, high if bounds[1] > 0 else math.inf


def mapped(op: str, a: Node) -> Node:
    """A function of one number: `log`, `exp` or `abs`."""
    bounds = _log_bounds(a.bounds) if op == "log" else (0.0, math.inf)
    if a.op == "choice":
        flag, then, otherwise = a.args
        return _tightened(_choice(flag, mapped(op, then), mapped(op, otherwise)), bounds)  # type: ignore[arg-type]  # nodes
    if a.op == "constant":
        value: Any = a.args[0]
        if op == "abs":
            return constant(a.book, abs(value), a.whole)
        if op == "log" and value > 0:
            return constant(a.book, math.log(value))
        if op == "exp" and value < 709:
            return constant(a.book, math.exp(value))
    return _made(op, a, bounds=bounds, whole=a.whole and op == "abs")
