"""One value of a patient record goes in (`"82 mmHg"`, `"<0.05 ng/mL"`, `{"value": ...}`); what it says comes out.

Raises UnreadableValue with a message fit for the user; the patient reader adds the key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import NoReturn

from eligibility.errors import excerpt, nearest
from eligibility.instants import PartialDate, days_in_months, duration, read_date, time_unit
from eligibility.intervals import INFINITY, Interval, point
from eligibility.units import Scale, Unit, UnitRefusal, UnitTable
from eligibility.vocabulary import Concept, key_of


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation of a quantity in its canonical unit. `months` where it was a duration in calendar units,
    which are compared with calendar units by counting them."""

    value: Interval
    when: PartialDate | None
    text: str
    lower: float | None = None
    upper: float | None = None
    months: Interval | None = None
    lower_text: str | None = None
    upper_text: str | None = None


@dataclass(frozen=True, slots=True)
class ClassReading:
    """One observation of a class, by its rank."""

    rank: int
    when: PartialDate | None
    text: str


@dataclass(frozen=True, slots=True)
class AgeReading:
    """Completed years or months, from `low` to `high`."""

    low: int
    high: int
    unit: str
    text: str


_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_VALUE = re.compile(
    rf"(?P<sign><=|>=|<|>|≤|≥)?\s*(?P<number>{_NUMBER})\s*(?P<unit>(?![\d.,-])\D.*)?", re.ASCII | re.DOTALL
)
_VALUE_10 = re.compile(
    rf"(?P<sign><=|>=|<|>|≤|≥)?\s*(?P<number>{_NUMBER})\s+(?P<unit>10\s?[*^⁰¹²³⁴⁵⁶⁷⁸⁹eE].*)", re.DOTALL
)
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER})\s*(?P<low_unit>\D[^<>]*?)?\s+to\s+(?P<high>{_NUMBER})\s*(?P<unit>\D.*)?", re.DOTALL
)
_AMBIGUOUS = re.compile(r"\d\s?[,'’]\s?\d|\d\s*[-–—]\s*\d")
_SPACED = re.compile(r"(?!10[1-9])\d{3}(?![\d^*])")  # 1 000 for a thousand; 103 is a power that fell flat
LONGEST_VALUE = 120


class UnreadableValue(ValueError):
    """A value that cannot be read; its text is fit for the user. The patient reader gathers them into a PatientError."""


def wrong(message: str) -> NoReturn:
    """Refuse a value."""
    raise UnreadableValue(message)


def read_when(value: object, what: str = "time") -> PartialDate | None:
    """A date or an instant, as text or as an object of the standard library; None stays None."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return PartialDate(value.isoformat(), value, "instant")
    if isinstance(value, date):
        return PartialDate(value.isoformat(), datetime(value.year, value.month, value.day), "day")
    if not isinstance(value, str):
        wrong(f"the {what} must be a text such as `2024-03-01` or `2024-03-01T08:30Z`")
    found = read_date(value)
    if found is None:
        wrong(
            f"`{excerpt(value)}` is not a date of the calendar; write `2024`, `2024-03`, `2024-03-01` or `2024-03-01T08:30Z`"
        )
    return found


class QuantityReader:
    """Reads the values of quantities; units are looked up once for each concept and spelling."""

    def __init__(self, units: UnitTable) -> None:
        self._units = units
        self._scales: dict[tuple[str, str], Scale] = {}

    def reading(self, concept: Concept, value: object) -> Reading | None:
        """One observation, or None where nothing is known of it. Raises UnreadableValue."""
        if isinstance(value, Mapping):
            return self._from_mapping(concept, value)
        if value is None:
            return None
        return self._plain(concept, value, None, None)

    def _from_mapping(self, concept: Concept, value: Mapping[object, object]) -> Reading | None:
        strange = [str(key) for key in value if key not in ("value", "unit", "at", "upper_limit", "lower_limit")]
        if strange:
            wrong(f"an observation has no `{excerpt(strange[0])}`; it has value, unit, at, upper_limit and lower_limit")
        if "value" not in value:
            wrong("an observation needs a `value`")
        unit = value.get("unit")
        if unit is not None and not isinstance(unit, str):
            wrong("the `unit` must be a text")
        when = read_when(value.get("at"))
        if value["value"] is None:
            return None
        reading = self._plain(concept, value["value"], unit, when)
        own_unit = unit if unit is not None else _unit_of(value["value"])
        limits = [self._limit(concept, name, value.get(name), own_unit) for name in ("lower_limit", "upper_limit")]
        (lower, lower_text), (upper, upper_text) = limits
        if lower is not None and upper is not None and lower > upper:
            wrong("the lower limit is above the upper limit")
        return Reading(reading.value, when, reading.text, lower, upper, reading.months, lower_text, upper_text)

    def _limit(
        self, concept: Concept, name: str, value: object, own_unit: str | None
    ) -> tuple[float | None, str | None]:
        """A limit of normal in the canonical unit, and as it was given."""
        if value is None:
            return None, None
        if isinstance(value, Mapping | list):
            wrong(f"the {name} must be a number with its unit")
        unit = None if isinstance(value, str) and _unit_of(value) else own_unit
        try:
            given = self._plain(concept, value, unit, None, limit=name)
        except UnreadableValue as error:
            raise UnreadableValue(f"the {name}: {error}") from None
        limit = given.value
        if not limit.is_point or (limit.low <= 0 <= concept.possible.low):
            wrong(f"the {name} must be one number above zero")
        return limit.low, given.text

    def _plain(
        self, concept: Concept, value: object, unit: str | None, when: PartialDate | None, limit: str = ""
    ) -> Reading:
        if isinstance(value, bool):
            wrong("true and false are no measurement; write a number with its unit")
        if isinstance(value, int | float):
            if isinstance(value, float) and not math.isfinite(value):
                wrong("the number is not finite")
            if isinstance(value, int) and abs(value) > 10**30:
                wrong("the number is too large to be a measurement")
            number = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
            text = f"{value:g}" if isinstance(value, float) and abs(value) < 1e15 else str(value)
            return self._point(concept, number, unit, when, f"{text} {unit}" if unit else text, limit)
        if isinstance(value, str):
            return self._text(concept, value.strip(), unit, when, limit)
        magnitude, units = getattr(value, "magnitude", None), getattr(value, "_units", None)
        if isinstance(magnitude, int | float | Fraction) and isinstance(units, Mapping):
            spelled = "*".join(f"{name}^{_whole(power)}" if power != 1 else str(name) for name, power in units.items())
            return self._plain(concept, float(magnitude), spelled or "1", when, limit)
        return wrong("this is no measurement; write a number with its unit, such as `82 mmHg`")

    def _text(self, concept: Concept, text: str, unit: str | None, when: PartialDate | None, limit: str) -> Reading:
        if len(text) > LONGEST_VALUE:
            wrong("the text is too long to be a measurement")
        text = text.replace("−", "-")
        if span := _RANGE.fullmatch(text):
            _no_separators(text, span["low_unit"], span["unit"])
            return self._range(concept, span, unit, when, text)
        match = _VALUE_10.fullmatch(text) or _VALUE.fullmatch(text)
        if match is None or _AMBIGUOUS.match(text.lstrip("<>=≤≥ +-")):
            if _AMBIGUOUS.search(text):
                wrong(f"`{excerpt(text)}` is ambiguous; write a range as `5 to 10` and a number without separators")
            wrong(f"`{excerpt(text)}` is no number with a unit")
        given = match["unit"].strip() if match["unit"] else None
        _no_separators(text, given)
        if given and unit:
            wrong("the unit is given twice, in the value and beside it")
        number = _fraction(match["number"])
        sign = {"≤": "<=", "≥": ">="}.get(match["sign"] or "", match["sign"])
        reading = self._point(
            concept, number, given or unit, when, text if given or not unit else f"{text} {unit}", limit, bool(sign)
        )
        if not sign:
            return reading
        if limit:
            wrong(f"the {limit} must be one number")
        possible, end, months = concept.possible, reading.value, reading.months
        if months is not None:
            count = months.low
            months = (
                Interval(0.0, count, False, sign == "<")
                if sign[0] == "<"
                else Interval(count, INFINITY, sign == ">", True)
            )
        if sign[0] == "<":
            value = Interval(possible.low, end.high, possible.low_open, sign == "<")
            empty = end.high < possible.low or (sign == "<" and end.high <= possible.low)
        else:
            value = Interval(end.low, possible.high, sign == ">", possible.high_open)
            empty = end.low > possible.high or (sign == ">" and end.low >= possible.high)
        if empty:
            wrong(f"no possible value is {excerpt(text)}")
        low_clipped = max(value.low, possible.low)
        high_clipped = min(value.high, possible.high)
        return Reading(
            Interval(low_clipped, high_clipped, value.low_open and low_clipped == value.low, value.high_open and high_clipped == value.high),
            when, reading.text, months=months,
        )  # fmt: skip

    def _range(
        self, concept: Concept, span: re.Match[str], unit: str | None, when: PartialDate | None, text: str
    ) -> Reading:
        high_unit = (span["unit"] or "").strip() or unit
        low_unit = (span["low_unit"] or "").strip() or high_unit
        if unit and (span["unit"] or span["low_unit"]):
            wrong("the unit is given twice, in the value and beside it")
        low = self._point(concept, _fraction(span["low"]), low_unit, when, text, "")
        high = self._point(concept, _fraction(span["high"]), high_unit, when, text, "")
        if low.value.low > high.value.high:
            wrong(f"the range `{excerpt(text)}` is the wrong way round")
        months = Interval(low.months.low, high.months.low) if low.months and high.months else None
        return Reading(Interval(low.value.low, high.value.high), when, text, months=months)

    def _point(
        self, concept: Concept, number: Fraction, unit: str | None, when: PartialDate | None, text: str, limit: str,
        censored: bool = False,
    ) -> Reading:  # fmt: skip
        if abs(number) > 10**30:
            wrong("the number is not finite, or too large to be a measurement")
        measure = concept.measure
        assert measure is not None
        if unit and measure.unit.dimensions == (("[time]", 1),) and time_unit(unit) in ("month", "year"):
            length = duration(number, unit)
            if length is None:
                wrong(f"`{excerpt(text)}` is no duration of whole months")
            fewest, most = days_in_months(length.months)
            per_day = 86_400 / measure.unit.factor
            value = Interval(float(fewest * per_day), float(most * per_day))
            return Reading(value, when, text, months=point(float(length.months)))
        scaled = self.scale(concept, unit)(number)
        value = point(scaled)
        possible = concept.possible
        tolerance = 1e-9 * max(abs(possible.low) if possible.low > -INFINITY else 0, 0)
        too_low = scaled < possible.low - tolerance
        too_high = scaled > possible.high * (1 + 1e-9) if possible.high < INFINITY else False
        if (too_low or too_high) and not (censored and not limit):
            bounds = (
                f"{possible.low:g} to {possible.high:g}" if possible.high < INFINITY else f"{possible.low:g} and above"
            )
            wrong(f"{excerpt(text)} is outside what is possible ({bounds} {concept.unit})".replace(" 1)", ")"))
        return Reading(value, when, text)

    def scale(self, concept: Concept, unit: str | None) -> Scale:
        """The exact line from a spelled unit to the canonical unit of a concept. Raises UnreadableValue."""
        key = (concept.name, unit or "")
        found = self._scales.get(key)
        if found is not None:
            return found
        assert concept.measure is not None
        text = unit or concept.bare
        if text is None:
            wrong(f"a number without a unit; write one, such as `{concept.unit}`: the unit is not the same everywhere")
        read = self._units.read(text)
        if isinstance(read, UnitRefusal):
            wrong(read.message + (f"; {read.help}" if read.help else ""))
        line = concept.measure.scale(read)
        if line is None:
            wrong(f"`{excerpt(text)}` is not a unit of this quantity, which is measured in {concept.unit}")
        if len(self._scales) < 20_000:
            self._scales[key] = line
        return line

    def known_unit(self, text: str) -> Unit | UnitRefusal:
        """The unit of a spelling."""
        return self._units.read(text)


def _no_separators(text: str, *units: str | None) -> None:
    """A unit that begins with three digits is the rest of a number: `1 000 mL`."""
    if any(unit and _SPACED.match(unit.strip()) for unit in units):
        wrong(f"`{excerpt(text)}` is ambiguous; write a number without separators")


def _whole(power: object) -> str:
    return str(int(power)) if isinstance(power, int | float | Fraction) and power == int(power) else "?"


def _fraction(text: str) -> Fraction:
    exponent = re.search(r"[eE]([+-]?\d+)$", text)
    if exponent and abs(int(exponent[1])) > 30:
        wrong("the number is not finite, or too large to be a measurement")
    return Fraction(text)


def _unit_of(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        return None
    text = value.strip()
    if span := _RANGE.fullmatch(text):
        return (span["unit"] or "").strip() or None
    match = _VALUE_10.fullmatch(text) or _VALUE.fullmatch(text)
    return match["unit"].strip() if match and match["unit"] else None


def read_class(concept: Concept, value: object) -> ClassReading | None:
    """One observation of a class, or None where nothing is known. Raises UnreadableValue."""
    when = None
    if isinstance(value, Mapping):
        strange = [str(key) for key in value if key not in ("value", "at")]
        if strange:
            wrong(f"an observation of a class has no `{excerpt(strange[0])}`; it has value and at")
        if "value" not in value:
            wrong("an observation needs a `value`")
        when, value = read_when(value.get("at")), value["value"]
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # tables hold 2.0 where a column has gaps
    if isinstance(value, bool) or not isinstance(value, str | int):
        wrong(f"write one of its values: {', '.join(concept.values)}")
    text = str(value).strip() if not isinstance(value, int) or abs(value) < 10**9 else "?"
    rank = concept.value_ranks.get(key_of(text[:80]))
    if rank is None:
        close = nearest(text, concept.values, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        wrong(f"`{excerpt(text)}` is none of its values: {', '.join(concept.values)}{hint}")
    return ClassReading(rank, when, concept.values[rank])


def read_age(value: object) -> AgeReading | None:
    """Completed years or months (weeks and days as the months they can be). Raises UnreadableValue."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        wrong("an age is one value, without a time; a list of ages says when none of them held")
    unit_beside = None
    if isinstance(value, Mapping):
        strange = [str(key) for key in value if key not in ("value", "unit")]
        if strange:
            wrong(
                f"an age has no `{excerpt(strange[0])}`; it has a value and a unit, and holds at the instant of screening"
            )
        unit_beside, value = value.get("unit"), value.get("value")
        if unit_beside is not None and not isinstance(unit_beside, str):
            wrong("the `unit` must be a text")
        if value is None:
            return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        wrong("write an age as `54 years`")
    text = (
        (f"{value:g}" if isinstance(value, float) else str(value)).strip()
        if not isinstance(value, int) or abs(value) < 10**9
        else "?"
    )
    if len(text) > LONGEST_VALUE:
        wrong("the text is too long to be an age")
    if span := re.fullmatch(r"(\d{1,4})\s*([A-Za-z]{1,10})?\s+to\s+(\d{1,4})\s*([A-Za-z]{1,10})?", text, re.ASCII):
        low = _age(span[1], span[2] or span[4] or unit_beside, text)
        high = _age(span[3], span[4] or unit_beside, text)
        if low.unit != high.unit or low.low > high.high:
            wrong(f"the range `{excerpt(text)}` is the wrong way round, or in two units")
        return AgeReading(low.low, high.high, low.unit, text)
    if both := re.fullmatch(
        r"(\d{1,3})\s*([A-Za-z]{1,10})(?:,|\s+and)?\s*(\d{1,2})\s*([A-Za-z]{1,10})(?:[ -]old)?", text, re.ASCII
    ):
        years, months = _age(both[1], both[2], text), _age(both[3], both[4], text)
        if years.unit == "years" and time_unit(both[4]) == "month" and months.low < 12:
            count = years.low * 12 + months.low
            return AgeReading(count, count, "months", text)
    match = re.fullmatch(r"(<=|>=|<|>|≤|≥)?\s*(\d{1,5}(?:\.\d{1,3})?)\s*([A-Za-z]{1,10}(?:[ -]old)?)?", text, re.ASCII)
    if match is None:
        if _AMBIGUOUS.search(text):
            wrong(f"`{excerpt(text)}` is ambiguous; write a range as `50 to 60 years`")
        wrong(f"`{excerpt(text)}` is no age; write it as `54 years`")
    unit = (match[3] or "").removesuffix("old").strip(" -") or None
    if unit and unit_beside:
        wrong("the unit is given twice, in the value and beside it")
    age = _age(match[2], unit or unit_beside, text)
    sign = {"≤": "<=", "≥": ">="}.get(match[1] or "", match[1])
    oldest = 150 if age.unit == "years" else 1_800
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
        wrong(f"no age is {excerpt(text)}")
    return age


def _age(number: str, unit: str | None, text: str) -> AgeReading:
    name = time_unit(unit) if unit else "year"
    if name not in ("year", "month", "week", "day"):
        wrong(f"`{excerpt(unit or '')}` is no unit of age; write years or months")
    value = Fraction(number)
    if value.denominator != 1:
        wrong(f"`{excerpt(text)}` is no completed age; write whole years, or months")
    count = int(value)
    if name in ("year", "month"):
        if count > (150 if name == "year" else 1_800):
            wrong(f"`{excerpt(text)}` is no age of a human being")
        return AgeReading(count, count, f"{name}s", text)
    days = count * (7 if name == "week" else 1)
    if days > 55_000:
        wrong(f"`{excerpt(text)}` is no age of a human being")
    low = max((months for months in range(days // 28 + 2) if days_in_months(months)[1] <= days), default=0)
    high = max((months for months in range(days // 28 + 2) if days_in_months(months)[0] <= days), default=0)
    return AgeReading(low, high, "months", text)
