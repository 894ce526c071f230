"""The literals of one slot go in, each with the bits of the clauses that hold it; for a content of the slot come out those
that fail and those that are open.

The bits stand in planes. Plane 0 holds clauses of one literal; plane 1 the first literal of those of several, plane 2 the
second, and so on. What was told of a content is kept, since patients are much alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from eligibility.cuts import Bits, Cuts
from eligibility.slots import ASKS, FALSE, TRUE, Range

FAILS, DATA, ANSWERS = 0, 1, 2  # what is told of a literal: it fails; it is open for want of data, or of an answer
KINDS = 3
Told = tuple[tuple[int, Bits], ...]  # KINDS * plane + kind, and bits

Key = TypeVar("Key")

MOST_KEPT = 64  # contents of one slot, or of one group of slots, of which it is known what they tell


@dataclass(eq=False)
class Truths:
    """Literals over a truth: the bits by plane, and whether they are negated."""

    bits: dict[tuple[int, bool], Bits] = field(default_factory=dict)

    def told(self, truth: int) -> Told:
        """What one of FALSE, TRUE, ASKS, LACKS tells."""
        if truth in (FALSE, TRUE):
            return tuple(
                (KINDS * plane, bits) for (plane, negated), bits in self.bits.items() if negated is (truth == TRUE)
            )
        kind = ANSWERS if truth == ASKS else DATA
        return tuple((KINDS * plane + kind, bits) for (plane, _), bits in self.bits.items())


class Ranks(dict[int, Told]):
    """Literals over a class: the bits by plane, the wanted ranks, and whether they are negated; what each set of ranks tells."""

    def __init__(self) -> None:
        super().__init__()
        self.bits: dict[tuple[int, int, bool], Bits] = {}

    def __missing__(self, ranks: int) -> Told:
        found: list[tuple[int, Bits]] = []
        for (plane, wanted, negated), bits in self.bits.items():
            some, other = bool(ranks & wanted), bool(ranks & ~wanted)
            if some and other:
                found.append((KINDS * plane + DATA, bits))
            elif some is negated:
                found.append((KINDS * plane + FAILS, bits))
        return _kept(self, ranks, tuple(found))


class Ranges(dict[Range, Told]):
    """What a number that is not known exactly tells."""

    def __init__(self, cuts: dict[tuple[int, bool], Cuts]) -> None:
        super().__init__()
        self._cuts = cuts

    def __missing__(self, known: Range) -> Told:
        found: list[tuple[int, Bits]] = []
        for (plane, _), cuts in self._cuts.items():
            fails, unsure = cuts.failing(known)
            found += [(KINDS * plane + FAILS, fails), (KINDS * plane + DATA, unsure & ~fails)]
        return _kept(self, known, tuple(item for item in found if item[1]))


class Steps(dict[int, Told]):
    """What a number tells that is known exactly, by how many of the edges it has passed."""

    def __init__(self, cuts: dict[tuple[int, bool], Cuts]) -> None:
        super().__init__()
        self._cuts = cuts
        self.edges = sorted({edge for own in cuts.values() for edge in own.edges})

    def __missing__(self, passed: int) -> Told:
        value = self.edges[passed - 1] if passed else float("-inf")
        found = [(KINDS * plane, cuts.failing_at(value)) for (plane, _), cuts in self._cuts.items()]
        return _kept(self, passed, tuple(item for item in found if item[1]))


@dataclass(eq=False)
class Numbers:
    """Literals over a number: their cuts by plane, and whether they hold above or below."""

    cuts: dict[tuple[int, bool], Cuts] = field(default_factory=dict)


class Group(dict[bytes, Told]):
    """Truths that stand side by side, and what the contents of all together tell."""

    def __init__(self, truths: Sequence[Truths]) -> None:
        super().__init__()
        self._truths = truths

    def __missing__(self, contents: bytes) -> Told:
        found: dict[int, Bits] = {}
        for truths, truth in zip(self._truths, contents, strict=True):
            for place, bits in truths.told(truth):
                found[place] = found.get(place, 0) | bits
        return _kept(self, contents, tuple(found.items()))


def _kept(told: dict[Key, Told], key: Key, found: Told) -> Told:
    if len(told) >= MOST_KEPT:
        told.clear()
    told[key] = found
    return found
