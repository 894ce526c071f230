"""Dates as people write them go in; instants, calendar arithmetic and ages come out.

An instant is a whole number of microseconds since 1970-01-01T00:00Z. What is known of an instant is a closed pair of
them, so that a day is its first and its last microsecond. Minutes to weeks are exact; months and years follow the
calendar of a zone, the day clamped to the end of the month.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from functools import lru_cache

Instant = int

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST: Instant = -62_135_596_800 * SECOND  # 0001-01-01T00:00Z, the first instant that a datetime can hold
LATEST: Instant = 253_402_300_800 * SECOND - 1  # the last microsecond of 9999


@dataclass(frozen=True, slots=True)
class Span:
    """What is known of an instant: it is one of those from `first` to `last`, both included."""

    first: Instant
    last: Instant

    @property
    def is_undated(self) -> bool:
        """Is nothing known of when it began?"""
        return self.first <= EARLIEST


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: whole calendar months, or exact microseconds."""

    text: str
    months: int = 0
    exact: int = 0


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as it was written: to the year, the month, the day, or an instant, perhaps without an offset. How it was
    spelled does not count when two are compared."""

    text: str = field(compare=False)
    start: datetime
    precision: str  # "year", "month", "day" or "instant"

    @property
    def is_floating(self) -> bool:
        """Does it wait for a zone?"""
        return self.start.tzinfo is None

    def span(self, zone: tzinfo) -> Span:
        """The instants that it covers, read in `zone` where it brings no offset."""
        first = instant_of(self.start, zone)
        if self.precision == "instant":
            return Span(first, first)
        months = {"year": 12, "month": 1}.get(self.precision)
        try:
            after = _add_months(self.start, months) if months else self.start + timedelta(days=1)
        except OverflowError:
            return Span(first, LATEST)
        return Span(first, instant_of(after, zone) - 1)


_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r"\s?(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?)?)?)?",
    re.ASCII,
)


def read_date(text: str) -> PartialDate | None:
    """`1970`, `1970-02`, `1970-02-28`, `1970-02-28T08:30[:15][Z|+01:00]`, or None where it is no date of the calendar."""
    match = _DATE.fullmatch(text.strip()) if len(text) <= 40 else None
    if not match:
        return None
    part = match.groupdict()
    zone: tzinfo | None = None
    try:
        if part["offset"]:
            zone = _offset(part["offset"])
        start = datetime(
            int(part["year"]), int(part["month"] or 1), int(part["day"] or 1), int(part["hour"] or 0),
            int(part["minute"] or 0), int(part["second"] or 0), int((part["fraction"] or "0").ljust(6, "0")[:6]), zone,
        )  # fmt: skip
    except ValueError:
        return None
    precision = "instant" if part["hour"] else "day" if part["day"] else "month" if part["month"] else "year"
    return PartialDate(text.strip(), start, precision)


def _offset(text: str) -> tzinfo:
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def instant_of(moment: datetime, zone: tzinfo) -> Instant:
    """The instant of a datetime, read in `zone` where it is naive."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    offset = moment.utcoffset() or timedelta(0)
    delta = (moment.replace(tzinfo=None) - datetime(1970, 1, 1)) - offset
    return clamp((delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds)


def clamp(instant: Instant) -> Instant:
    """The nearest instant that a calendar can show."""
    return max(EARLIEST, min(LATEST, instant))


def local(instant: Instant, zone: tzinfo) -> datetime:
    """The wall clock of `zone` at an instant."""
    margin = 15 * HOUR  # offsets must not carry it out of the calendar
    safe = max(EARLIEST + margin, min(LATEST - margin, instant))
    return (EPOCH + timedelta(microseconds=safe)).astimezone(zone)


def _add_months(moment: datetime, months: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def shift(instant: Instant, duration: Duration, zone: tzinfo, sign: int) -> Instant:
    """`instant` plus (sign 1) or less (sign -1) a duration; months by the calendar of `zone`."""
    moved = instant + sign * duration.exact
    if duration.months and EARLIEST < instant < LATEST:
        try:
            moved = instant_of(_add_months(local(moved, zone), sign * duration.months), zone)
        except OverflowError:
            return EARLIEST if sign < 0 else LATEST
    return clamp(moved)


def completed_months(birth: date, today: date) -> int:
    """The greatest n with `birth <= today less n months`, the day clamped to the end of the month."""
    months = (today.year - birth.year) * 12 + today.month - birth.month
    return months if min(birth.day, 99) <= min(today.day, _days_in(birth)) else months - 1


def _days_in(day: date) -> int:
    return monthrange(day.year, day.month)[1]


@lru_cache(maxsize=512)
def days_in_months(months: int) -> tuple[int, int]:
    """The fewest and the most days that so many months in a row can have: (28, 31) for one, (89, 92) for three."""
    first = [date(2000 + month // 12, month % 12 + 1, 1).toordinal() for month in range(4801 + months % 4800)]
    whole, rest = divmod(months, 4800)  # the calendar repeats itself after 4,800 months, which are 146,097 days
    lengths = [first[index + rest] - first[index] for index in range(4800)]
    return whole * 146_097 + min(lengths), whole * 146_097 + max(lengths)


def show(span: Span, zone: tzinfo) -> str:
    """A span of instants as a reader expects it: a minute, a day, a month, or from ... to ..."""
    first, last = local(span.first, zone), local(span.last, zone)
    if span.is_undated:
        return f"at or before {_minute(last)}"
    if span.first == span.last:
        return _minute(first)
    day_start = first.hour == first.minute == first.second == first.microsecond == 0
    if day_start and last.date() == first.date() and span.last - span.first == DAY - 1:
        return f"{first:%Y-%m-%d}"
    if first.date() == last.date():
        return f"{first:%Y-%m-%d}"
    return f"between {first:%Y-%m-%d} and {last:%Y-%m-%d}"


def _minute(moment: datetime) -> str:
    pattern = "%Y-%m-%dT%H:%M:%S" if moment.second or moment.microsecond else "%Y-%m-%dT%H:%M"
    pattern += ".%f" if moment.microsecond else ""
    offset = moment.strftime("%z")
    return moment.strftime(pattern) + ("Z" if offset in ("+0000", "") else f"{offset[:3]}:{offset[3:5]}")


def iso(instant: Instant, zone: tzinfo) -> str:
    """An instant in ISO 8601, on the wall clock of `zone`."""
    moment = local(instant, zone)
    return moment.isoformat().replace("+00:00", "Z")


_EXACT = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
UNIT_LENGTHS = {f"{name}s": length for name, length in _EXACT.items()}
_CALENDAR = {"month": 1, "year": 12}
_SHORT = {
    "s": "second", "sec": "second", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour",
    "d": "day", "wk": "week", "wks": "week", "w": "week", "mo": "month", "mos": "month", "mth": "month",
    "yr": "year", "yrs": "year", "y": "year", "a": "year", "yo": "year",
}  # fmt: skip


def time_unit(text: str) -> str | None:
    """`hours`, `hr` and `h` are `hour`; None for what is no unit of time."""
    word = text.strip().casefold()
    word = _SHORT.get(word, word)
    singular = word[:-1] if word.endswith("s") else word
    return singular if singular in _EXACT or singular in _CALENDAR else None


def duration(amount: Fraction, unit: str) -> Duration | None:
    """So many hours, days, months: None where the unit is none of time or the calendar has no such part of a month."""
    name = time_unit(unit)
    if name is None or amount < 0 or amount > 1_000_000:
        return None
    text = f"{_number(amount)} {name}{'' if amount == 1 else 's'}"
    if name in _EXACT:
        exact = amount * _EXACT[name]
        return Duration(text, exact=int(exact)) if exact.denominator == 1 else None
    months = amount * _CALENDAR[name]
    return Duration(text, months=int(months)) if months.denominator == 1 and months <= 12_000 else None


def _number(amount: Fraction) -> str:
    return str(amount.numerator) if amount.denominator == 1 else f"{float(amount):g}"


def read_duration(text: str) -> Duration | None:
    """`24 hours`, `7 days`, `6 months` as a duration, or None."""
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([A-Za-z]{1,10})\s*", text, re.ASCII)
    return duration(Fraction(match[1]), match[2]) if match else None
