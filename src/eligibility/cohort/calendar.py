"""Instants as whole microseconds and calendar durations go in, constants or expressions; shifted instants and ages come out.

The same arithmetic as `instants`: minutes to weeks are exact, months and years follow the calendar of a fixed offset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone
from functools import reduce

import narwhals as nw

from eligibility.cohort.folding import Flag, Number, both, either, least, most, no, numeric, pick
from eligibility.instants import DAY, EARLIEST, HOUR, LATEST, Duration, shift

Moment = int | nw.Expr
Keep = Callable[[Moment], Moment]
_MARGIN = 15 * HOUR
_EPOCH_DAYS = 719_468  # days from 0000-03-01 to 1970-01-01


@dataclass(frozen=True)
class Length:
    """A duration as two numbers: whole months and exact microseconds, each a constant or a column."""

    months: Moment
    exact: Moment

    @classmethod
    def of(cls, duration: Duration) -> Length:
        """A duration of the rules."""
        return cls(duration.months, duration.exact)


def moment_expression(moment: Moment) -> nw.Expr:
    """An instant as an expression."""
    return numeric(moment, whole=True)


def least_of(a: Moment, b: Moment) -> Moment:
    """The earlier of two instants."""
    return least(a, b, whole=True)  # type: ignore[return-value]  # whole numbers stay whole


def most_of(a: Moment, b: Moment) -> Moment:
    """The later of two instants."""
    return most(a, b, whole=True)  # type: ignore[return-value]  # whole numbers stay whole


def pick_moment(condition: Flag, then: Moment, otherwise: Moment) -> Moment:
    """One of two instants."""
    return pick(condition, then, otherwise, whole=True)  # type: ignore[return-value]  # whole numbers stay whole


def clamped(moment: Moment) -> Moment:
    """The nearest instant that a calendar can show."""
    return most_of(EARLIEST, least_of(LATEST, moment))


def _div(a: Number, b: int) -> Moment:
    return a // b  # type: ignore[return-value]  # of a whole number


def day_of(wall: Moment) -> Moment:
    """The day of a wall clock, counted from 1970-01-01."""
    positive = wall + _EPOCH_DAYS * DAY  # engines do not agree on remainders of negative numbers
    return _div(positive - positive % DAY, DAY) - _EPOCH_DAYS


@dataclass(frozen=True)
class Civil:
    """A day of the calendar, and the microseconds since its midnight."""

    year: Moment
    month: Moment
    day: Moment
    rest: Moment


def civil(wall: Moment, keep: Keep) -> Civil:
    """The date of a wall clock, by Howard Hinnant's algorithm for the proleptic Gregorian calendar."""
    positive = keep(wall + (_EPOCH_DAYS * DAY))
    rest = keep(positive % DAY)
    days = keep(_div(positive - rest, DAY))
    era = keep(_div(days, 146_097))
    of_era = keep(days - era * 146_097)
    year_of_era = keep(_div(of_era - _div(of_era, 1_460) + _div(of_era, 36_524) - _div(of_era, 146_096), 365))
    of_year = keep(of_era - (365 * year_of_era + _div(year_of_era, 4) - _div(year_of_era, 100)))
    shifted = keep(_div(5 * of_year + 2, 153))
    day = keep(of_year - _div(153 * shifted + 2, 5) + 1)
    month = keep(pick_moment(shifted < 10, shifted + 3, shifted - 9))
    year = keep(year_of_era + era * 400 + pick_moment(month <= 2, 1, 0))
    return Civil(year, month, day, rest)


def days_of(year: Moment, month: Moment, day: Moment, keep: Keep) -> Moment:
    """Days since 1970-01-01 of a date."""
    early = month <= 2
    shifted_year = keep(year - pick_moment(early, 1, 0))
    era = keep(_div(shifted_year, 400))
    year_of_era = keep(shifted_year - era * 400)
    of_year = _div(153 * (month + pick_moment(early, 9, -3)) + 2, 5) + day - 1
    return era * 146_097 + year_of_era * 365 + _div(year_of_era, 4) - _div(year_of_era, 100) + of_year - _EPOCH_DAYS


def _month_length(year: Moment, month: Moment) -> Moment:
    leap = both((year % 4) == 0, either((year % 100) != 0, (year % 400) == 0))
    short = reduce(either, [month == number for number in (4, 6, 9, 11)])
    return pick_moment(month == 2, pick_moment(leap, 29, 28), pick_moment(short, 30, 31))


def moved(moment: Moment, length: Length, offset: Moment, sign: int, keep: Keep) -> Moment:
    """`moment` plus (sign 1) or less (sign -1) a length; months by the calendar of a fixed offset (in microseconds). `keep`
    makes columns of what is used several times."""
    if isinstance(length.months, int) and isinstance(length.exact, int):
        if isinstance(moment, int) and isinstance(offset, int):
            zone = timezone(timedelta(microseconds=offset))
            return shift(moment, Duration("", length.months, length.exact), zone, sign)
        if length.months == 0:
            return clamped(moment + sign * length.exact)
    exact = keep(moment + sign * length.exact)
    by_months = keep(_months_moved(exact, sign * length.months, offset, keep))
    inside = both(moment > EARLIEST, moment < LATEST, no(length.months == 0))
    return clamped(keep(pick_moment(inside, by_months, exact)))


def _months_moved(moment: Moment, months: Moment, offset: Moment, keep: Keep) -> Moment:
    wall = keep(most_of(EARLIEST + _MARGIN, least_of(LATEST - _MARGIN, moment)) + offset)
    date = civil(wall, keep)
    index = keep(date.year * 12 + date.month - 1 + months)
    before, after = index < 12, index >= 120_000
    safe = keep(pick_moment(either(before, after), 24_000, index))
    year = keep(_div(safe, 12))
    month = keep(safe - year * 12 + 1)
    day = keep(least_of(date.day, keep(_month_length(year, month))))
    found = keep(days_of(year, month, day, keep) * DAY + date.rest - offset)
    return pick_moment(before, EARLIEST, pick_moment(after, LATEST, found))


def completed_months(birth: Civil, today: Civil) -> Moment:
    """The greatest n with `birth <= today less n months`; below zero before birth."""
    months = (today.year - birth.year) * 12 + today.month - birth.month
    return months - pick_moment(birth.day > today.day, 1, 0)
