"""The literals of one slot go in, each a threshold and the trials that need it; a value is looked up among all of them at once.

The thresholds stand sorted, each with the bits of those that fail when a value lies on the wrong side of it or of one further
out.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field

from eligibility import rules
from eligibility.compiled import cuts
from eligibility.slots import Range

Bits = int


@dataclass
class Cuts:
    """The literals of one slot that hold above their cut (or below it), with the bits of those that need them.

    For each literal: the cut for a closed end, that for an open one, and its bits. `reach` is the number of literals whose
    cut an end has passed; masks tell the bits of the literals up to there, and from there on.
    """

    holds_above: bool
    literals: dict[tuple[float, float, float], Bits] = field(default_factory=dict)
    plain: Bits = 0  # the bits of comparisons, which fail where there is no measurement
    negated: Bits = 0  # the bits of negated comparisons, which hold there
    _closed: list[float] = field(default_factory=list)
    _open_low: list[float] = field(default_factory=list)
    _open_high: list[float] = field(default_factory=list)
    _upto: list[Bits] = field(default_factory=list)
    _from: list[Bits] = field(default_factory=list)
    _stale: bool = True

    def add(self, operator: rules.Operator, threshold: float, negated: bool, bit: Bits) -> None:
        """A literal `operator threshold`, or its negation."""
        least, greatest = cuts(threshold)
        above = math.nextafter(greatest, math.inf)
        inclusive = operator in (">=", "<")  # the boundary lies at the least number that equals the threshold
        key = (least if inclusive else above, least, above)
        self.literals[key] = self.literals.get(key, 0) | bit
        if negated:
            self.negated |= bit
        else:
            self.plain |= bit
        self._stale = True

    def holding(self, content: Range) -> tuple[Bits, Bits]:
        """The bits of which a literal surely holds, and of which one may hold."""
        reached = self._reach(content)
        if reached is None:
            return self.negated, self.negated
        low, high = reached
        if low > high:
            return self._within_the_tolerance(low, high, True)
        return (self._upto[low], self._upto[high]) if self.holds_above else (self._from[high], self._from[low])

    def failing(self, content: Range) -> tuple[Bits, Bits]:
        """The bits of which a literal fails, and of which one does not surely hold."""
        reached = self._reach(content)
        if reached is None:
            return self.plain, self.plain
        low, high = reached
        if low > high:
            return self._within_the_tolerance(low, high, False)
        return (self._from[high], self._from[low]) if self.holds_above else (self._upto[low], self._upto[high])

    def at(self, value: float, failing: bool) -> Bits:
        """The bits of which a literal fails (or holds) at a number that is known exactly."""
        if self._stale:
            self._sort()
        masks = self._from if self.holds_above is failing else self._upto
        return masks[bisect_right(self._closed, value)]

    def _reach(self, content: Range) -> tuple[int, int] | None:
        """How many literals each end of what is known has passed; None where there is no measurement."""
        if self._stale:
            self._sort()
        low, high, low_open, high_open = content
        if low != low:
            return None
        reached = bisect_right(self._open_low if low_open else self._closed, low)
        if low == high:
            return reached, reached
        return reached, bisect_right(self._open_high if high_open else self._closed, high)

    def _within_the_tolerance(self, low: int, high: int, holding: bool) -> tuple[Bits, Bits]:
        """For an open interval that lies within the tolerance of a threshold: it is known to equal it."""
        bits: Bits = 0
        for place, (key, own) in enumerate(sorted(self.literals.items())):
            is_above = place < high or (place < low and key[0] == key[1])
            if (is_above is self.holds_above) is holding:
                bits |= own
        return bits, bits

    def _sort(self) -> None:
        ordered = sorted(self.literals.items())
        self._closed = [key[0] for key, _ in ordered]
        self._open_low = [key[1] for key, _ in ordered]
        self._open_high = [key[2] for key, _ in ordered]
        self._upto, self._from = [0], [0]
        for _, bits in ordered:
            self._upto.append(self._upto[-1] | bits)
        for _, bits in reversed(ordered):
            self._from.append(self._from[-1] | bits)
        self._from.reverse()
        self._stale = False
