"""The literals of one slot go in, each with the bits of the clauses that hold it; for a content of the slot come out those
that fail and those that are open.

The bits stand in planes. Plane 0 holds clauses of one literal. Of those of several, plane 1 holds all truths that must be so:
few are, so that it tells which hold. Plane 2 holds the first of their other literals, plane 3 the second, and so on; most of
these hold, so that it is told which fail. What was told of a content is kept, since patients are much alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from eligibility.cuts import Bits, Cuts
from eligibility.intervals import INFINITY
from eligibility.slots import ASKS, FALSE, TRUE, Range

FAILS, DATA, ANSWERS = 0, 1, 2  # what is told of a literal: it fails; it is open for want of data, or of an answer
KINDS = 3
WISHES = 1  # the plane of which it is told that a literal holds, where of others it is told that it fails
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
            said = truth == TRUE
            return [
                (KINDS * plane, bits)
                for (plane, wrong), bits in self.bits.items()
                if (wrong or plane == WISHES) is said
            ]
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
    From `low` on and below `high` all literals hold: it tells nothing. `silence` is such a number; an infinity is one always."""

    def __init__(self, directions: Directions) -> None:
        self.directions = directions
        self.low = max((cuts.edges[-1] for cuts in directions.values() if cuts.holds_above), default=-INFINITY)
        self.high = min((cuts.edges[0] for cuts in directions.values() if not cuts.holds_above), default=INFINITY)
        self.silence = self.low if self.low < self.high else INFINITY
        self._edges = [*sorted({edge for cuts in directions.values() for edge in cuts.edges}), INFINITY]
        self._forget()

    def _forget(self) -> None:
        self._told: list[Told | None] = [*(None for _ in self._edges), NOTHING]
        self._kept = 0

    def told_at(self, value: float) -> Told:
        """What a number tells."""
        passed = bisect_right(self._edges, value)
        return self._told[passed] or self._tell(passed)

    def _tell(self, passed: int) -> Told:
        """Find it, and keep it."""
        if self._kept == MOST_KEPT:
            self._forget()
        value = self._edges[passed - 1] if passed else -INFINITY
        items = [(KINDS * plane, cuts.failing_at(value)) for (plane, _), cuts in self.directions.items()]
        self._told[passed] = found = told(items)
        self._kept += 1
        return found
