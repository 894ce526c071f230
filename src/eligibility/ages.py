"""An age as a record gives it goes in (`54`, `"17 months"`, `">= 18 years"`), or a date of birth; completed years or months at an
instant come out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from decimal import Decimal
from fractions import Fraction
from numbers import Real

from eligibility.errors import excerpt
from eligibility.instants import Instant, PartialDate, completed_months, days_in_months, local, time_unit
from eligibility.intervals import Interval
from eligibility.unreadable import key_text, plain, wrong

LONGEST_AGE = 60  # characters
OLDEST = 150  # years


@dataclass(frozen=True, slots=True)
class AgeReading:
    """Completed years or months, from `low` to `high`."""

    low: int
    high: int
    unit: str
    text: str = field(compare=False)


_RANGE = re.compile(
    r"(\d{1,4})\s*([A-Za-z]{1,10})?\s+to\s+(\d{1,4})\s*([A-Za-z]{1,10})?(?:[ -]old)?", re.ASCII | re.IGNORECASE
)
_YEARS_AND_MONTHS = re.compile(
    r"(\d{1,3})\s*([A-Za-z]{1,10})(?:,|\s+and)?\s*(\d{1,2})\s*([A-Za-z]{1,10})(?:[ -]old)?", re.ASCII | re.IGNORECASE
)
_VALUE = re.compile(r"(<=|>=|<|>|≤|≥)?\s*(\d{1,5}(?:\.\d{1,3})?)\s*([A-Za-z]{1,10}(?:[ -]old)?)?", re.ASCII)
_AMBIGUOUS = re.compile(r"\d\s?[,'’]\s?\d|\d\s*[-–—]\s*\d")


def read_age(value: object) -> AgeReading | None:
    """Completed years or months (weeks and days as the months they can be). Raises UnreadableValue."""
    if isinstance(value, Mapping):
        strange = [key for key in value if key not in ("value", "unit")]
        if strange:
            wrong(
                f"an age has no `{key_text(strange[0])}`; it has a value and a unit, and holds at the instant of screening"
            )
        if "value" not in value:
            wrong("an age needs a `value`")
        unit = value.get("unit")
        if unit is not None and not isinstance(unit, str):
            wrong("the `unit` must be a text")
        return None if value["value"] is None else _read(value["value"], unit)
    return None if value is None else _read(value, None)


def _read(value: object, unit_beside: str | None) -> AgeReading:
    if isinstance(value, list | tuple):
        wrong("an age is one value, without a time; a list of ages says when none of them held")
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, str | Real | Decimal):
        wrong("write an age as `54 years`")
    if isinstance(value, str):
        text = value.strip()
    elif not _is_small(value) or float(value) < 0:
        wrong("it is no age of a human being")
    else:
        text = f"{Decimal(float.__repr__(float(value))):f}".removesuffix(".0")
    if len(text) > LONGEST_AGE:
        wrong("the text is too long to be an age")
    if span := _RANGE.fullmatch(text):
        low = _age(span[1], span[2] or span[4] or unit_beside, text)
        high = _age(span[3], span[4] or unit_beside, text)
        if low.unit != high.unit or low.low > high.high:
            wrong("the range is the wrong way round, or in two units")
        return AgeReading(low.low, high.high, low.unit, text)
    if both := _YEARS_AND_MONTHS.fullmatch(text):
        years, months = _age(both[1], both[2], text), _age(both[3], both[4], text)
        if years.unit == "years" and time_unit(both[4]) == "month" and months.low < 12:
            count = years.low * 12 + months.low
            return AgeReading(count, count, "months", text)
    match = _VALUE.fullmatch(text)
    if match is None:
        if _AMBIGUOUS.search(text):
            wrong(
                "it is ambiguous: it can be read in two ways; write a range as `50 to 60 years`, and a number without separators"
            )
        wrong("it is no age; write it as `54 years`" if text else "it is empty; write an age as `54 years`")
    unit = re.sub(r"(?i)[ -]?old$", "", match[3] or "") or None
    if unit and unit_beside and unit != unit_beside:
        wrong("the unit is given twice, in the value and beside it, and the two differ")
    age = _age(match[2], unit or unit_beside, text)
    sign = {"≤": "<=", "≥": ">="}.get(match[1] or "", match[1])
    oldest = OLDEST * (1 if age.unit == "years" else 12)
    match sign:
        case "<":
            age = AgeReading(0, age.low - 1, age.unit, text)
        case "<=":
            age = AgeReading(0, age.high, age.unit, text)
        case ">":
            age = AgeReading(age.high + 1, oldest, age.unit, text)
        case ">=":
            age = AgeReading(age.low, oldest, age.unit, text)
    if age.low > age.high:
        wrong("no age lies there")
    return age


def _is_small(value: Real | Decimal) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value.adjusted() < 6
    return abs(value) < 1_000_000 if isinstance(value, int) else math.isfinite(value)


def _age(number: str, unit: str | None, text: str) -> AgeReading:
    name = time_unit(unit) if unit else "year"
    if name not in ("year", "month", "week", "day"):
        wrong(f"`{excerpt(unit or '')}` is no unit of age; write years or months")
    value = Fraction(number)
    if value.denominator != 1:
        wrong("it is no completed age; write whole years, or months")
    count = int(value)
    days = count * (7 if name == "week" else 1)
    if count > OLDEST * (12 if name == "month" else 1) if name in ("year", "month") else days > OLDEST * 366:
        wrong("it is no age of a human being")
    if name in ("year", "month"):
        return AgeReading(count, count, f"{name}s", text)
    low = max((months for months in range(days // 28 + 2) if days_in_months(months)[1] <= days), default=0)
    high = max((months for months in range(days // 28 + 2) if days_in_months(months)[0] <= days), default=0)
    return AgeReading(low, high, "months", text)


@dataclass(frozen=True)
class Ages:
    """What is known of an age: completed months from a birth date, or an age that was given."""

    birth: tuple[date, date] | None = None
    low: int = 0
    high: int = 0
    unit: str = ""
    text: str = ""


def birth_days(birth: PartialDate, today: date) -> tuple[date, date] | None:
    """The first and the last day that a date of birth may mean, up to today; None where it lies ahead."""
    first, last = birth.start.date(), local(birth.span(UTC).last, UTC).date()
    return None if first > today else (first, min(last, today))


def age_in_months(ages: Ages, now: Instant, zone: tzinfo) -> Interval:
    """Completed months at an instant, as an interval of whole numbers."""
    today = local(now, zone).date()
    found: Interval | None = None
    if ages.birth is not None:
        found = Interval(max(0, completed_months(ages.birth[1], today)), max(0, completed_months(ages.birth[0], today)))
    if ages.unit:
        given = Interval(ages.low * 12, ages.high * 12 + 11) if ages.unit == "years" else Interval(ages.low, ages.high)
        found = given if found is None else found.meets(given)
    return found if found is not None else Interval(0, 1_800)


def age_in(unit: str, ages: Ages | None, now: Instant, zone: tzinfo) -> Interval:
    """Completed years or months at an instant."""
    months = Interval(0, 1_800) if ages is None else age_in_months(ages, now, zone)
    if unit == "months":
        return months
    return Interval(float(months.low // 12), float(months.high // 12))
