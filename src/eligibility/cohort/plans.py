"""Terms go in; columns of Polars come out. What several terms need is worked out once, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from operator import and_, or_
from typing import Any

import polars as pl

from eligibility.cohort.planes import Node
from eligibility.cohort.terms import Truth

Written = Callable[[bool | Node], pl.Expr]
_LEAVES = frozenset(("column", "constant"))


class Plan:
    """The steps of some planes and numbers, in an order in which each finds what it needs."""

    def __init__(self, roots: Iterable[bool | Node]) -> None:
        self._names: dict[Node, str] = {}
        self._made: dict[Node, pl.Expr] = {}
        order: list[Node] = []
        uses: dict[Node, int] = {}
        wanted = [root for root in roots if isinstance(root, Node)]
        for root in wanted:
            uses[root] = uses.get(root, 0) + 1
        stack: list[tuple[Node, bool]] = [(root, False) for root in wanted]
        seen: set[Node] = set()
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                for part in node.inputs:
                    uses[part] = uses.get(part, 0) + 1
                    stack.append((part, False))
        level: dict[Node, int] = {}
        self.steps: list[list[pl.Expr]] = []
        for node in order:
            level[node] = max((level[part] for part in node.inputs), default=0)
            if uses[node] > 1 and node.op not in _LEAVES:
                here = level[node]
                while len(self.steps) <= here:
                    self.steps.append([])
                name = f"_t{len(self._names)}"
                self.steps[here].append(self._written(node).alias(name))
                self._made[node] = pl.col(name)
                self._names[node] = name
                level[node] = here + 1

    def applied(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """A frame with the columns of what is used several times."""
        return reduce(lambda found, step: found.with_columns(step), self.steps, frame)

    def plane(self, plane: bool | Node) -> pl.Expr:
        """A plane as an expression over those columns."""
        return pl.lit(plane) if isinstance(plane, bool) else self.written(plane)

    def statement(self, statement: bool | None | Truth) -> pl.Expr:
        """A nullable truth."""
        if not isinstance(statement, Truth):
            return pl.lit(statement, dtype=pl.Boolean)
        holds, fails = statement.holds, statement.fails
        if isinstance(holds, bool) and isinstance(fails, bool):
            return pl.lit(True if holds else False if fails else None, dtype=pl.Boolean)
        if isinstance(holds, Node) and isinstance(fails, Node):
            if {holds.op, fails.op} == {"true", "false"} and holds.args == fails.args:
                column = pl.col(str(holds.args[0]))
                return column if holds.op == "true" else ~column
            if (holds.op == "not" and holds.args[0] is fails) or (fails.op == "not" and fails.args[0] is holds):
                return self.written(holds)
        if fails is False:
            return pl.when(self.plane(holds)).then(True)
        if holds is False:
            return pl.when(self.plane(fails)).then(False)
        return pl.when(self.plane(holds) | self.plane(fails)).then(self.plane(holds))

    def written(self, node: Node) -> pl.Expr:
        """A step as an expression."""
        found = self._made.get(node)
        if found is None:
            found = self._made[node] = self._written(node)
        return found

    def _written(self, node: Node) -> pl.Expr:  # noqa: C901  # one case for each operation
        args: Any = node.args
        match node.op:
            case "column":
                return pl.col(args[0])
            case "constant":
                return pl.lit(args[0], dtype=pl.Int64 if node.whole else pl.Float64)
            case "true":
                return pl.col(args[0]).fill_null(False)
            case "false":
                return (~pl.col(args[0])).fill_null(False)
            case "null":
                return pl.col(args[0]).is_null()
            case "same":
                return (self.written(args[0]) == args[1]).fill_null(False)
            case "not":
                return ~self.written(args[0])
            case "and":
                return reduce(and_, (self.written(part) for part in args))
            case "or":
                return reduce(or_, (self.written(part) for part in args))
            case "lt" | "le":
                a, b = self.written(args[0]), self.written(args[1])
                found = a < b if node.op == "lt" else a <= b
                return found.fill_null(False) if node.raw else found
            case "choice":
                flag, then, otherwise = args
                if flag.op == "null" and otherwise.op == "column" and otherwise.args[0] == flag.args[0] and not then.raw:
                    return self.written(otherwise).fill_null(self.written(then))
                return pl.when(self.written(flag)).then(self.written(then)).otherwise(self.written(otherwise))
            case "double":
                return self.written(args[0]).cast(pl.Float64)
            case "log":
                return self.written(args[0]).log()
            case "exp":
                return self.written(args[0]).exp()
            case "abs":
                return self.written(args[0]).abs()
            case "+":
                return self.written(args[0]) + self.written(args[1])
            case "-":
                return self.written(args[0]) - self.written(args[1])
            case "*":
                return self.written(args[0]) * self.written(args[1])
            case "/":
                return self.written(args[0]) / self.written(args[1])
            case "//":
                return self.written(args[0]) // self.written(args[1])
            case "%":
                return self.written(args[0]) % self.written(args[1])
            case "**":
                return self.written(args[0]) ** self.written(args[1])
            case _:
                raise AssertionError(node.op)
