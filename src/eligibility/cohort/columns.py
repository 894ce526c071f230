"""One column of a wide table and the concept that it is of go in; what it says of each patient comes out as expressions."""

from __future__ import annotations

import math
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

import narwhals as nw

from eligibility.cohort.calendar import Length, Moment, least_of
from eligibility.cohort.folding import (
    Flag,
    Quad,
    Statement,
    chosen_quad,
    constant,
    edges,
    either,
    filled,
    is_false,
    is_open,
    is_true,
    no,
    of_truth,
    opposite,
    pick,
)
from eligibility.cohort.named_columns import NamedColumns
from eligibility.instants import DAY, EARLIEST, EPOCH
from eligibility.intervals import INFINITY, TOLERANCE, Interval, compare
from eligibility.units import Scale


@dataclass(frozen=True)
class PlainNumber:
    """A column of numbers in one unit, with the exact line to the canonical unit; null is any possible value."""

    columns: NamedColumns
    name: str
    scale: Scale
    possible: Interval
    whole: bool = False
    is_exact: bool = False
    """Is no number beside the possible range, not even within the tolerance?"""

    @property
    def column(self) -> nw.Expr:
        """The column, without what is impossible."""
        low, high = self.possible_here if self.is_exact else self.impossible
        return self.columns.number(self.name, low, high, whole=self.whole)

    @property
    def exists(self) -> Flag:
        """Is there a number?"""
        return no(is_open(self.column))

    @property
    def value(self) -> nw.Expr:
        """The number in the canonical unit, null where there is none."""
        value = self.column
        factor, offset = self.scale.factor, self.scale.offset
        if factor == 1 and offset == 0:
            return value.cast(nw.Float64) if self.whole else value
        below = factor.denominator * offset.denominator
        p, q = factor.numerator * offset.denominator, offset.numerator * factor.denominator
        if max(abs(p), abs(q), below) < 2**53:
            scaled = value * float(p) + float(q) if q else value * float(p)
            return scaled / float(below) if below != 1 else scaled
        return value * float(factor) + float(offset)

    def quad(self) -> Quad:
        """The number, or all that is possible."""
        value, low, high = self.value, self.possible.low, self.possible.high
        exists = self.exists
        # an infinite end is never reached, so that there is nothing to say of whether it is open
        low_open = False if math.isinf(low) or not self.possible.low_open else no(exists)
        high_open = False if math.isinf(high) or not self.possible.high_open else no(exists)
        return pick(exists, value, low), pick(exists, value, high), low_open, high_open

    def compared(self, operator: str, threshold: float) -> Statement:
        """Does `number operator threshold` hold? The threshold is led to the unit of the column, never the column."""
        bottom, top = self._edges(threshold)
        value = self.column
        match operator:
            case "<":
                found = value < bottom
            case "<=":
                found = value <= top
            case ">":
                found = value > top
            case _:
                found = value >= bottom
        missing = of_truth(compare(self.possible, operator, threshold))
        return found if missing is None else filled(found, missing)

    def _edges(self, threshold: float) -> tuple[float, float]:
        low, high = edges(threshold)
        if (self.scale.factor == 1 and self.scale.offset == 0) or math.isinf(threshold):
            return low, high
        return least_at(self.scale, low), greatest_at(self.scale, high)

    @cached_property
    def impossible(self) -> tuple[float, float]:
        """The numbers of the column below and above which a value is refused; infinite where there is no limit."""
        low, high = self.possible.low, self.possible.high
        below = -1e30 if low == -INFINITY else low - 1e-9 * abs(low)
        above = 1e30 if high == INFINITY else high * (1 + 1e-9)
        return self._between(below, above)

    @cached_property
    def possible_here(self) -> tuple[float, float]:
        """The ends of the possible range as numbers of the column, without tolerance."""
        return self._between(self.possible.low, self.possible.high)

    def _between(self, below: float, above: float) -> tuple[float, float]:
        return max(least_at(self.scale, below), -1e30), min(greatest_at(self.scale, above), 1e30)


def least_at(scale: Scale, end: float) -> float:
    """The least number on a scale whose canonical value, rounded once, is not below `end`."""
    if math.isinf(end):
        return end
    # what is rounded to `end` begins half way from the double below it
    half_way = (Fraction(end) + Fraction(math.nextafter(end, -INFINITY))) / 2
    guess = float((half_way - scale.offset) / scale.factor)
    for _ in range(4):  # a double is read by its decimal spelling, which may lie a little beside it
        if scale(Fraction(repr(guess))) >= end:
            break
        guess = math.nextafter(guess, INFINITY)
    for _ in range(4):
        lower = math.nextafter(guess, -INFINITY)
        if scale(Fraction(repr(lower))) < end:
            break
        guess = lower
    return guess


def greatest_at(scale: Scale, end: float) -> float:
    """The greatest number on a scale whose canonical value, rounded once, is not above `end`."""
    return -least_at(Scale(scale.factor, -scale.offset), -end)


@dataclass(frozen=True)
class ReadNumber:
    """A column of texts, read into intervals: `<name>_low` and so on; null is any possible value."""

    columns: NamedColumns
    name: str
    possible: Interval

    @property
    def exists(self) -> Flag:
        """Is there a value?"""
        return no(is_open(self.columns.number(f"{self.name}_low")))

    @property
    def months(self) -> tuple[nw.Expr, nw.Expr]:
        """The fewest and the most months, null where it was not given in months."""
        return self.columns.number(f"{self.name}_months_1"), self.columns.number(f"{self.name}_months_2")

    def quad(self) -> Quad:
        """What is known of the number."""
        low, high = (self.columns.number(f"{self.name}_{part}") for part in ("low", "high"))
        opened = [is_true(self.columns.truth(f"{self.name}_{part}_open")) for part in ("low", "high")]
        return chosen_quad(self.exists, (low, high, opened[0], opened[1]), constant(self.possible))


@dataclass(frozen=True)
class Born:
    """A column of birth dates, as microseconds of the wall clock, and the day of judgement: an age is compared by the last
    birthday that has it, so that no age is worked out."""

    columns: NamedColumns
    name: str
    today: date

    def at_least(self, months: int) -> Statement:
        """Has the patient completed so many months?"""
        if months <= 0:
            return True
        year, month = divmod(self.today.year * 12 + self.today.month - 1 - months, 12)
        if year < 1:
            return False
        day = date(year, month + 1, min(self.today.day, monthrange(year, month + 1)[1]))
        return self.columns.whole(self.name) < ((day - EPOCH.date()).days + 1) * DAY  # type: ignore[no-any-return]  # of a column

    def compared(self, unit: str, operator: str, threshold: float) -> Statement:
        """Does `completed years or months operator threshold` hold?"""
        slack = TOLERANCE * abs(threshold)
        whole = math.ceil(threshold - slack) if operator in (">=", "<") else math.floor(threshold + slack) + 1
        found = self.at_least(whole * (12 if unit == "years" else 1))
        return found if operator in (">=", ">") else opposite(found)


@dataclass(frozen=True)
class Spelled:
    """A column of the values of a class, with the rank of every spelling that it has."""

    columns: NamedColumns
    name: str
    ranks: dict[str, int]

    def among(self, wanted: frozenset[int]) -> Statement:
        """Is it one of those with these ranks?"""
        inside = [text for text, rank in self.ranks.items() if rank in wanted]
        outside = [text for text, rank in self.ranks.items() if rank not in wanted]
        return self.columns.among(self.name, inside, outside)

    @property
    def exists(self) -> Flag:
        """Is there a value?"""
        return is_true(self.columns.among(self.name, list(self.ranks), []))


@dataclass(frozen=True)
class Happening:
    """One time that a condition was there or an event happened, as far as a wide table can say it: it lasts."""

    exists: Flag
    onset_1: Moment
    onset_2: Moment
    acute: Length | None
    since_1: Moment
    since_2: Moment


@dataclass(frozen=True)
class Said:
    """What a column says of a condition or event: that it never was, or one time of it, and whether that is all."""

    never: Flag
    stated: Flag
    happening: Happening

    @property
    def complete(self) -> Flag:
        """Is there nothing beside?"""
        dated = False if self.happening.onset_1 is EARLIEST else self.happening.exists
        return either(self.never, dated)


def said_by_boolean(columns: NamedColumns, name: str, now: Moment) -> Said:
    """A column of true, false and null."""
    yes = columns.truth(name)
    return Said(is_false(yes), no(is_open(yes)), Happening(is_true(yes), EARLIEST, now, None, EARLIEST, now))


def said_by_time(columns: NamedColumns, name: str, acute: Length | None, now: Moment) -> Said:
    """A column of onsets: what lies after now is not seen."""
    first, last = columns.moments(name)
    seen = filled(first <= now, False)
    begun = filled_moment(first, EARLIEST + 1)
    last = least_of(last, now)
    return Said(False, seen, Happening(seen, begun, last, acute, begun, last))


def filled_moment(moment: Moment, value: int) -> Moment:
    """An instant, and `value` where there is none."""
    return moment.fill_null(value) if isinstance(moment, nw.Expr) else moment
