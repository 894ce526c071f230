"""Truths that are never unknown go in, two by two; their conjunctions, disjunctions and negations come out, made once and folded.

A nullable truth is a pair of such planes: where it holds and where it fails. Engines join planes bit by bit, without nulls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

Plane = "bool | Node"
Bounds = tuple[float, float]
_MOST = 24  # members of a joined plane that are looked through; more are joined as they are


class Node:
    """One step of the work: an operation on other steps. Nodes of one book that do the same are the same object."""

    __slots__ = ("args", "book", "bounds", "exact", "op", "raw", "whole")

    def __init__(self, book: Book, op: str, args: tuple[object, ...]) -> None:
        self.book = book
        self.op: Final = op
        self.args: Final = args
        self.bounds: Bounds = (-math.inf, math.inf)
        self.whole = False
        self.raw: frozenset[str] = frozenset()
        """Columns whose null may make the number null; a comparison of null does not hold."""
        self.exact = True
        """Is it null wherever one of those columns is?"""

    @property
    def inputs(self) -> Iterator[Node]:
        """The steps that it is made of."""
        return (arg for arg in self.args if isinstance(arg, Node))


class Book:
    """All steps that were written for one table."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[object, ...], Node] = {}
        self.folded: dict[tuple[str, Node, Node], bool | Node] = {}
        """What comparisons of two numbers were folded to."""
        self.limits: dict[Node, list[tuple[tuple[float, bool], Node]]] = {}
        """For each number that is compared with constants the comparisons, by the constant and whether it is included."""
        self.comparisons: dict[str, list[Node]] = {}
        """For each column the comparisons that do not hold where it is null."""

    def make(self, op: str, *args: object) -> Node:
        """The step of an operation and its inputs."""
        key = (op, *args)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(self, op, args)
        return found

    def find(self, op: str, *args: object) -> Node | None:
        """The step of an operation and its inputs, if it was written before."""
        return self._nodes.get((op, *args))


def negated(plane: bool | Node) -> bool | Node:
    """Where a plane does not hold."""
    if isinstance(plane, bool):
        return not plane
    return plane.args[0] if plane.op == "not" else plane.book.make("not", plane)  # type: ignore[return-value]  # of a node


def conjoined(*planes: bool | Node) -> bool | Node:
    """Where all of some planes hold."""
    return _join(planes, True)


def disjoined(*planes: bool | Node) -> bool | Node:
    """Where one of some planes holds."""
    return _join(planes, False)


def _flat(planes: Iterable[bool | Node], op: str, other: str, depth: int = 3) -> Iterator[bool | Node]:
    for plane in planes:
        if not isinstance(plane, Node) or depth == 0:
            yield plane
        elif plane.op == op and len(plane.args) <= _MOST:
            yield from _flat(plane.inputs, op, other, depth - 1)
        elif plane.op == "not" and _negates(plane, other):
            inner = plane.args[0]
            yield from _flat((negated(part) for part in inner.inputs), op, other, depth - 1)  # type: ignore[attr-defined]  # a node
        else:
            yield plane


def _negates(plane: Node, op: str) -> bool:
    inner = plane.args[0]
    return isinstance(inner, Node) and inner.op == op and len(inner.args) <= _MOST


def _join(planes: Iterable[bool | Node], neutral: bool) -> bool | Node:
    op, other = ("and", "or") if neutral else ("or", "and")
    given = dict.fromkeys(planes)
    members: dict[Node, None] = {}
    for plane in _flat(given, op, other):
        if isinstance(plane, bool):
            if plane is not neutral:
                return plane
        else:
            members[plane] = None
    if not members:
        return neutral
    found = [plane for plane in given if isinstance(plane, Node)]
    if 1 < len(members) <= _MOST:
        folded = _folded(list(members), neutral, other)
        if isinstance(folded, bool):
            return folded
        if folded != list(members):
            return _join(folded, neutral)
    # as it was given: what was joined before is not joined again
    book = found[0].book
    before = book.find(op, *sorted(members, key=id))
    if before is not None:
        return before
    parts = {part for plane in found if plane.op == op for part in plane.args}
    found = [plane for plane in found if plane not in parts]
    if len(found) == 1:
        return found[0]
    found.sort(key=id)
    return book.make(op, *found)


class _Contradicted(Exception):
    """What is assumed of some planes cannot be."""


def _bare(plane: Node) -> tuple[Node, bool]:
    """What a plane is the negation of, or itself; and whether it is a negation."""
    turned = False
    while plane.op == "not":
        plane, turned = plane.args[0], not turned  # type: ignore[assignment]  # of a node
    return plane, turned


class _Facts:
    """What follows when each of some planes has a value."""

    def __init__(self) -> None:
        self.told: dict[Node, bool] = {}
        self.derived: dict[Node, bool] = {}

    def tell(self, node: Node, value: bool) -> None:
        """Take a plane to hold, or not to."""
        node, turned = _bare(node)
        value = value is not turned
        self._agree(node, value)
        self.told[node] = value
        column = node.args[0]
        match node.op:
            case "true" | "false" | "null" if value:
                for op in ("true", "false", "null"):
                    if op != node.op:
                        self._derive(node.book.make(op, column), False)
                for known in node.book.comparisons.get(str(column), ()) if node.op == "null" else ():
                    self._derive(known, False)
            case "true" | "false" | "null":
                rest = [(op, self.told.get(node.book.make(op, column))) for op in ("true", "false", "null")]
                # only in a column of truths is what is neither null nor true false
                is_truth = node.book.find("truth", column) is not None
                unsettled = [op for op, known in rest if known is None]
                if len(unsettled) == 1 and all(known is not True for _, known in rest) and is_truth:
                    self._derive(node.book.make(unsettled[0], column), True)
            case "lt" | "le" | "same" if isinstance(column, Node):
                if value:
                    other = node.args[1]
                    for part in (column, other):
                        if isinstance(part, Node) and part.exact:
                            for name in part.raw:
                                self._derive(node.book.make("null", name), False)
                self._derive_limits(node, column, value)
            case _:
                pass

    def _derive_limits(self, node: Node, number: Node, value: bool) -> None:
        """What is below a limit is below greater ones."""
        listed = node.book.limits.get(number, ())
        here = next((limit for limit, known in listed if known is node), None)
        if here is None:
            return
        for limit, known in listed:
            if known is not node and (limit > here) is value:
                self._derive(known, value)

    def _derive(self, node: Node, value: bool) -> None:
        self._agree(node, value)
        self.derived[node] = value

    def _agree(self, node: Node, value: bool) -> None:
        if self.told.get(node, value) is not value or self.derived.get(node, value) is not value:
            raise _Contradicted

    def value(self, plane: Node) -> bool | None:
        """What a plane then is, if that follows."""
        node, turned = _bare(plane)
        found = self.told.get(node, self.derived.get(node))
        return found if found is None else found is not turned

    def follows(self, plane: Node) -> bool | None:
        """What a plane is by the others."""
        node, turned = _bare(plane)
        found = self.derived.get(node)
        return found if found is None else found is not turned


def _folded(members: list[Node], neutral: bool, other: str) -> list[bool | Node] | bool:
    facts = _Facts()
    compound = []
    try:
        for member in members:
            facts.tell(member, neutral)
            if member.op == other or (member.op == "not" and member.args[0].op == ("and" if other == "or" else "or")):  # type: ignore[attr-defined]  # a node
                compound.append(member)
    except _Contradicted:
        return not neutral
    found: list[bool | Node] = []
    for member in members:
        if member not in compound:
            if facts.follows(member) is not neutral:
                found.append(member)
            continue
        parts = list(member.inputs) if member.op == other else [negated(part) for part in member.args[0].inputs]  # type: ignore[attr-defined]  # a node
        values = [facts.value(part) if isinstance(part, Node) else part for part in parts]
        if any(value is neutral for value in values):
            continue
        left = [part for part, value in zip(parts, values, strict=True) if value is None]
        if len(left) == len(parts):
            found.append(member)
        else:
            found.append(_join(left, not neutral))
    return found
