"""Literals that compare one number in one direction go in; those that fail for a value, or for a range, come out as bits.

The thresholds stand sorted, and with them the bits of all literals below every so many of them, so that what is looked up is
joined from a few and what is held grows with the literals, not with their square.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from eligibility import rules
from eligibility.compiled import cuts
from eligibility.slots import Range

Bits = int
STRIDE = 8  # literals between two that are joined beforehand


@dataclass(eq=False)
class Cuts:
    """The literals of one slot that hold above their cut (or below it), with the bits of the clauses that hold them.

    A literal has three cuts: for a closed end of a range, for an open low and for an open high end. All three stand in the
    same order, so that an end has passed the literals up to a place.
    """

    holds_above: bool
    literals: dict[tuple[float, float, float], Bits] = field(default_factory=dict)
    plain: Bits = 0  # the bits of comparisons, which fail where there is no measurement
    _own: list[Bits] = field(default_factory=list)
    _joined: list[Bits] = field(default_factory=list)  # those that fail at every so many literals
    _closed: list[float] = field(default_factory=list)
    _open_low: list[float] = field(default_factory=list)
    _open_high: list[float] = field(default_factory=list)

    def add(self, operator: rules.Operator, threshold: float, negated: bool, bit: Bits) -> None:
        """A literal `operator threshold`, or its negation."""
        least, greatest = cuts(threshold)
        above = math.nextafter(greatest, math.inf)
        inclusive = operator in (">=", "<")  # the boundary lies at the least number that equals the threshold
        key = (least if inclusive else above, least, above)
        self.literals[key] = self.literals.get(key, 0) | bit
        if not negated:
            self.plain |= bit
        self._closed = []

    @property
    def edges(self) -> list[float]:
        """The cuts for a number that is known exactly."""
        self._sort()
        return self._closed

    def failing_at(self, value: float) -> Bits:
        """The bits of literals that fail at a number that is known exactly."""
        return self._beyond(bisect_right(self.edges, value))

    def failing(self, known: Range) -> tuple[Bits, Bits]:
        """The bits of literals that fail, and of those that do not surely hold."""
        self._sort()
        low, high, low_open, high_open = known
        if low != low:  # no measurement
            return self.plain, self.plain
        first = bisect_right(self._open_low if low_open else self._closed, low)
        last = bisect_right(self._open_high if high_open else self._closed, high)
        if low == high:
            last = first
        if first > last:
            bits = self._within_the_tolerance(first, last)
            return bits, bits
        fails, unsure = (last, first) if self.holds_above else (first, last)
        return self._beyond(fails), self._beyond(unsure)

    def _beyond(self, passed: int) -> Bits:
        """Those that fail where so many cuts are passed: the ones from there on, which hold above; else the ones up to there."""
        stride, rest = divmod(len(self._own) - passed if self.holds_above else passed, STRIDE)
        start = stride * STRIDE
        return reduce(or_, self._own[start : start + rest], self._joined[stride])

    def _within_the_tolerance(self, first: int, last: int) -> Bits:
        """For an open interval that lies within the tolerance of a threshold: it is known to equal it."""
        bits: Bits = 0
        for place, (key, own) in enumerate(sorted(self.literals.items())):
            is_above = place < last or (place < first and key[0] == key[1])
            if is_above is not self.holds_above:
                bits |= own
        return bits

    def _sort(self) -> None:
        """Lay the literals out, those that fail first at the front."""
        if self._closed:
            return
        ordered = sorted(self.literals.items())
        self._closed = [key[0] for key, _ in ordered]
        self._open_low = [key[1] for key, _ in ordered]
        self._open_high = [key[2] for key, _ in ordered]
        self._own = [bits for _, bits in ordered]
        if self.holds_above:
            self._own.reverse()
        self._joined = [0]
        for start in range(0, len(self._own), STRIDE):
            self._joined.append(reduce(or_, self._own[start : start + STRIDE], self._joined[-1]))
