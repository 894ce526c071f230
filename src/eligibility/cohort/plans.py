"""Terms go in; columns of Polars come out. What several terms need is worked out once, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import and_, or_
from typing import Any

import polars as pl

from eligibility.cohort.planes import Node
from eligibility.cohort.terms import Truth

_LEAVES = frozenset(("column", "constant"))


def roots_of(statement: bool | Truth | None) -> list[bool | Node]:
    """The steps of which the column of a statement is made."""
    if not isinstance(statement, Truth):
        return []
    column = _as_it_stands(statement)
    return [statement.holds, statement.fails] if column is None else [column]


def _as_it_stands(statement: Truth) -> Node | None:
    """The column of truths that a statement, or its opposite, is."""
    holds, fails = statement.holds, statement.fails
    if (
        isinstance(holds, Node)
        and isinstance(fails, Node)
        and {holds.op, fails.op} == {"true", "false"}
        and holds.args == fails.args
    ):
        return holds.book.make("column", holds.args[0])
    return None


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
        steps: list[list[Node]] = []
        last: dict[Node, int] = {}
        needs: dict[Node, set[Node]] = {}
        for node in order:
            here = level[node] = max((level[part] for part in node.inputs), default=0)
            needs[node] = {node} if node.op == "column" else set().union(*(needs[part] for part in node.inputs))
            if node.op in ("true", "false", "null"):
                needs[node] = {node.book.make("column", node.args[0])}
            if uses[node] > 1 and node.op not in _LEAVES:
                while len(steps) <= here:
                    steps.append([])
                steps[here].append(node)
                for part in needs[node]:
                    last[part] = max(last.get(part, 0), here)
                needs[node] = {node}
                level[node] = here + 1
        for root in wanted:
            for part in needs[root]:
                last[part] = len(steps)
        self._steps: list[list[pl.Expr]] = []
        live = [part for part in last if part.op == "column"]
        self._columns = [str(part.args[0]) for part in live]
        for number, step in enumerate(steps):
            made = []
            for node in step:
                name = self._names[node] = f"_t{len(self._names)}"
                made.append(self._written(node).alias(name))
            for node in step:
                self._made[node] = pl.col(self._names[node])
            live = [part for part in live if last[part] > number]
            self._steps.append([*(self.written(part) for part in live), *made])
            live += [node for node in step if last.get(node, 0) > number]

    def applied(self, frame: pl.LazyFrame, *kept: str) -> pl.LazyFrame:
        """The columns of a frame that are kept, and what later expressions need; nothing is held longer than it is needed."""
        always = list(dict.fromkeys(kept))
        named = set(always)
        found = frame.select(*always, *(name for name in self._columns if name not in named))
        for step in self._steps:
            found = found.select(*always, *(made for made in step if made.meta.output_name() not in named))
        return found

    def plane(self, plane: bool | Node) -> pl.Expr:
        """A plane as an expression over those columns."""
        return pl.lit(plane) if isinstance(plane, bool) else self.written(plane)

    def statement(self, statement: bool | Truth | None) -> pl.Expr:
        """A nullable truth."""
        if not isinstance(statement, Truth):
            return pl.lit(statement, dtype=pl.Boolean)
        holds, fails = statement.holds, statement.fails
        if isinstance(holds, bool) and isinstance(fails, bool):
            return pl.lit(True if holds else False if fails else None, dtype=pl.Boolean)
        if isinstance(holds, Node) and isinstance(fails, Node):
            column = _as_it_stands(statement)
            if column is not None:
                return pl.col(str(column.args[0])) if holds.op == "true" else ~pl.col(str(column.args[0]))
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

    def _written(self, node: Node) -> pl.Expr:  # one case for each operation
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
                equal: pl.Expr = self.written(args[0]) == args[1]
                return equal.fill_null(False)
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
                if (
                    flag.op == "null"
                    and otherwise.op == "column"
                    and otherwise.args[0] == flag.args[0]
                    and not then.raw
                ):
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
