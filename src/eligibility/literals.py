"""The literals of one slot go in, each with the bits of the clauses that hold it; for a content of the slot come out those
that fail and those that are open.

The bits stand in planes. Plane 0 holds clauses of one literal; plane 1 the first literal of those of several, plane 2 the
second, and so on. What was told of a content is kept, since patients are much alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from eligibility.cuts import Bits, Cuts
from eligibility.intervals import INFINITY
from eligibility.slots import ASKS, FALSE, TRUE, Range

FAILS, DATA, ANSWERS = 0, 1, 2  # what is told of a literal: it fails; it is open for want of data, or of an answer
KINDS = 3
Item = tuple[int, Bits]  # KINDS * plane + kind, and bits
Told = tuple[Bits, Bits, tuple[Item, ...]]  # clauses of one literal that fail, that lack data; and all the rest

NOTHING: Told = (0, 0, ())
MOST_KEPT = 256  # contents of one slot, or of one group of slots, of which it is known what they tell
Key = TypeVar("Key")


def told(items: Iterable[Item]) -> Told:
    """What several literals tell together."""
    found: dict[int, Bits] = {}
    for kind, bits in items:
        if bits:
            found[kind] = found.get(kind, 0) | bits
    return (found.pop(FAILS, 0), found.pop(DATA, 0), tuple(found.items())) if found else NOTHING


def _kept(memory: dict[Key, Told], key: Key, items: Iterable[Item]) -> Told:
    if len(memory) >= MOST_KEPT:
        memory.clear()
    memory[key] = found = told(items)
    return found


@dataclass(eq=False)
class Truths:
    """Literals over a truth: the bits by plane, and whether they are negated."""

    bits: dict[tuple[int, bool], Bits] = field(default_factory=dict)

    def items(self, truth: int) -> list[Item]:
        """What one of FALSE, TRUE, ASKS, LACKS tells."""
        if truth in (FALSE, TRUE):
            return [(KINDS * plane, bits) for (plane, negated), bits in self.bits.items() if negated is (truth == TRUE)]
        kind = ANSWERS if truth == ASKS else DATA
        return [(KINDS * plane + kind, bits) for (plane, _), bits in self.bits.items()]


class Group(dict[bytes, Told]):
    """Truths that stand side by side: what the contents of all together tell."""

    def __init__(self, truths: Sequence[Truths]) -> None:
        super().__init__()
        self._truths = truths

    def __missing__(self, contents: bytes) -> Told:
        pairs = zip(self._truths, contents, strict=True)
        return _kept(self, contents, (item for truths, truth in pairs for item in truths.items(truth)))


class Ranks(dict[int, Told]):
    """Literals over a class (the bits by plane, the wanted ranks, and whether they are negated): what each set of ranks tells."""

    def __init__(self) -> None:
        super().__init__()
        self.bits: dict[tuple[int, int, bool], Bits] = {}

    def __missing__(self, ranks: int) -> Told:
        found: list[Item] = []
        for (plane, wanted, negated), bits in self.bits.items():
            some, other = bool(ranks & wanted), bool(ranks & ~wanted)
            if some and other:
                found.append((KINDS * plane + DATA, bits))
            elif some is negated:
                found.append((KINDS * plane + FAILS, bits))
        return _kept(self, ranks, found)


Directions = dict[tuple[int, bool], Cuts]  # the cuts of literals over one number, by plane, and whether they hold above


class Ranges(dict[Range, Told]):
    """What a number tells that is known as a range."""

    def __init__(self, directions: Directions) -> None:
        super().__init__()
        self._directions = directions

    def __missing__(self, known: Range) -> Told:
        found: list[Item] = []
        for (plane, _), cuts in self._directions.items():
            fails, unsure = cuts.failing(known)
            found += [(KINDS * plane + FAILS, fails), (KINDS * plane + DATA, unsure & ~fails)]
        return _kept(self, known, found)


class Steps:
    """What a number tells that is known exactly, by how many of the edges it has passed; None where that was not asked yet.
    The last edge is an infinity, and what has passed it is no number: it tells nothing."""

    def __init__(self, directions: Directions) -> None:
        self.directions = directions
        self.edges = [*sorted({edge for cuts in directions.values() for edge in cuts.edges}), INFINITY]
        self.told: list[Told | None] = []
        self._forget()

    def _forget(self) -> None:
        self.told[:] = [*(None for _ in self.edges), NOTHING]
        self._kept = 0

    def tell(self, passed: int) -> Told:
        """Find it, and keep it."""
        if self._kept == MOST_KEPT:
            self._forget()
        value = self.edges[passed - 1] if passed else -INFINITY
        items = [(KINDS * plane, cuts.failing_at(value)) for (plane, _), cuts in self.directions.items()]
        self.told[passed] = found = told(items)
        self._kept += 1
        return found
