"""Steps that are numbers go in; their comparisons, choices and arithmetic come out as steps, folded by what is known of them.

Of each number it is known between which ends it lies, and which columns make it null.
"""

from __future__ import annotations

import math
from typing import Any

from eligibility.cohort.planes import Book, Bounds, Node, conjoined, disjoined, negated


def constant(book: Book, value: float, whole: bool = False) -> Node:
    """A number."""
    whole = whole and isinstance(value, int)
    number: float = int(value) if whole else float(value)
    node = book.make("constant", number, whole)
    node.bounds, node.whole = (number, number), whole
    return node


def made(op: str, *args: Node, bounds: Bounds, whole: bool) -> Node:
    """The step of an operation on numbers."""
    node = args[0].book.make(op, *args)
    node.bounds, node.whole = bounds, whole
    node.raw = frozenset().union(*(arg.raw for arg in args))
    node.exact = all(arg.exact for arg in args)
    return node


def choice(flag: bool | Node, then: Node, otherwise: Node) -> Node:
    """One of two numbers, by a plane."""
    if isinstance(flag, bool):
        return then if flag else otherwise
    if then is otherwise:
        return then
    if flag.op == "not":
        return choice(negated(flag), otherwise, then)
    if then.op == "choice":
        inner: Any = then.args[0]
        if conjoined(flag, negated(inner)) is False:
            return choice(flag, then.args[1], otherwise)  # type: ignore[arg-type]  # a node
        if conjoined(flag, inner) is False:
            return choice(flag, then.args[2], otherwise)  # type: ignore[arg-type]  # a node
    if otherwise.op == "choice":
        inner = otherwise.args[0]
        if conjoined(negated(flag), negated(inner)) is False:
            return choice(flag, then, otherwise.args[1])  # type: ignore[arg-type]  # a node
        if conjoined(negated(flag), inner) is False:
            return choice(flag, then, otherwise.args[2])  # type: ignore[arg-type]  # a node
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


def below(op: str, a: Node, b: Node) -> bool | Node:
    """Where a < b (`lt`) or a <= b (`le`), and neither is null."""
    if a is b and not a.raw:
        return op == "le"
    found = a.book.folded.get((op, a, b))
    if found is None:
        found = a.book.folded[op, a, b] = _folded_below(op, a, b)
    return found


def _folded_below(op: str, a: Node, b: Node) -> bool | Node:
    if math.isnan(a.bounds[0]) or math.isnan(b.bounds[0]):  # of a branch that is never taken
        return False
    for first, other in ((a, b), (b, a)):
        if first.op == "choice" and (other.op in ("constant", "column") or first is a):
            flag, then, otherwise = first.args
            assert isinstance(flag, Node)
            assert isinstance(then, Node)
            assert isinstance(otherwise, Node)
            pair = [(below(op, part, b) if first is a else below(op, a, part)) for part in (then, otherwise)]
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
        return below(op, a.args[0], constant(a.book, b.args[0] - a.args[1].args[0], True))  # type: ignore
    if b.whole and a.op == "constant" and b.op == "+" and b.args[1].op == "constant":  # type: ignore[attr-defined]  # a node
        return below(op, constant(a.book, a.args[0] - b.args[1].args[0], True), b.args[0])  # type: ignore
    if a.op == "constant":  # one comparison serves both directions
        found = negated(below("le" if op == "lt" else "lt", b, a))
        if b.exact:
            return conjoined(found, *(negated(b.book.make("null", name)) for name in b.raw))
    elif b.op != "constant" and a.exact and b.exact and id(a) > id(b):
        known = [negated(a.book.make("null", name)) for name in sorted(a.raw | b.raw)]
        return conjoined(negated(below("le" if op == "lt" else "lt", b, a)), *known)
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
                return _tightened(choice(flag, *parts), _ends(op, a, b))  # type: ignore[arg-type]  # a plane
    return made(op, a, b, bounds=_ends(op, a, b), whole=whole)


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
        return _tightened(choice(flag, mapped(op, then), mapped(op, otherwise)), bounds)  # type: ignore[arg-type]  # nodes
    if a.op == "constant":
        value: Any = a.args[0]
        if op == "abs":
            return constant(a.book, abs(value), a.whole)
        if op == "log" and value > 0:
            return constant(a.book, math.log(value))
        if op == "exp" and value < 709:
            return constant(a.book, math.exp(value))
    return made(op, a, bounds=bounds, whole=a.whole and op == "abs")
