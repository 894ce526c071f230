"""One value of a patient record goes in (`"82 mmHg"`, `"<0.05 ng/mL"`, `{"value": ...}`); what it says comes out.

Raises UnreadableValue with messages fit for the user; the patient reader adds the key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from numbers import Rational, Real

from eligibility.ages import AgeReading, read_age
from eligibility.errors import excerpt, nearest
from eligibility.instants import PartialDate, days_in_months, duration, time_unit
from eligibility.intervals import INFINITY, Interval, point
from eligibility.units import Scale, UnitRefusal, UnitTable
from eligibility.unreadable import Gathered, UnreadableValue, key_text, plain, read_when, wrong
from eligibility.vocabulary import Concept, key_of

__all__ = [
    "AgeReading", "ClassReading", "QuantityReader", "Reading", "UnreadableValue", "read_age", "read_class", "read_when",
    "wrong",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation of a quantity in its canonical unit. `months` where it was a duration in calendar units, which are
    compared with calendar units by counting them. How it was spelled does not count when two are compared."""

    value: Interval
    when: PartialDate | None
    text: str = field(compare=False)
    lower: float | None = None
    upper: float | None = None
    months: Interval | None = None
    lower_text: str | None = field(default=None, compare=False)
    upper_text: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ClassReading:
    """One observation of a class, by its rank."""

    rank: int
    when: PartialDate | None
    text: str = field(compare=False)


_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_VALUE = re.compile(
    rf"(?P<sign><=|>=|<|>|≤|≥)?\s*(?P<number>{_NUMBER})\s*(?P<unit>(?![\d.,-])\D.*)?", re.ASCII | re.DOTALL
)
_VALUE_10 = re.compile(
    rf"(?P<sign><=|>=|<|>|≤|≥)?\s*(?P<number>{_NUMBER})\s+(?P<unit>10\s?[*^⁰¹²³⁴⁵⁶⁷⁸⁹eE].*)", re.DOTALL
)
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER})\s*(?P<low_unit>\D[^<>]*?)?\s+to\s+(?P<high>{_NUMBER})\s*(?P<unit>\D.*)?",
    re.DOTALL | re.IGNORECASE,
)
_AMBIGUOUS = re.compile(r"\d\s?[,'’]\s?\d|\d\s*[-–—]\s*\d")
_SPACED = re.compile(r"(?!10[1-9])\d{3}(?![\d^*])")  # 1 000 for a thousand; 103 is a power that fell flat
LONGEST_VALUE = 120
LARGEST = 10**30
_TOO_LARGE = "the number is not finite, or too large to be a measurement"
_FIELDS = ("value", "unit", "at", "upper_limit", "lower_limit")


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
        gathered = Gathered()
        for key in value:
            if key not in _FIELDS:
                gathered.tell(
                    f"an observation has no `{key_text(key)}`; it has value, unit, at, upper_limit and lower_limit"
                )
        if "value" not in value:
            gathered.tell("an observation needs a `value`")
        unit = value.get("unit")
        if unit is not None and (not isinstance(unit, str) or not unit.strip()):
            gathered.tell("the `unit` must be a text")
            gathered.settle()
        own_unit = unit if isinstance(unit, str) else None
        when = gathered.read(read_when, value.get("at"), "time (`at`)")
        found = value.get("value")
        reading = None
        if found is not None:
            reading = gathered.read(self._plain, concept, found, own_unit, when)
        own_unit = own_unit or _unit_of(found)
        (lower, lower_text), (upper, upper_text) = (
            gathered.read(self._limit, concept, name, value.get(name), own_unit, prefix=f"the {name}: ") or (None, None)
            for name in ("lower_limit", "upper_limit")
        )
        if lower is not None and upper is not None and lower > upper:
            gathered.tell("the lower limit is above the upper limit")
        gathered.settle()
        return reading and replace(reading, lower=lower, upper=upper, lower_text=lower_text, upper_text=upper_text)

    def _limit(
        self, concept: Concept, name: str, value: object, own_unit: str | None
    ) -> tuple[float | None, str | None]:
        """A limit of normal in the canonical unit, and as it was given."""
        if value is None:
            return None, None
        if isinstance(value, Mapping | list | tuple):
            wrong("it must be one number with its unit")
        unit = None if isinstance(value, str) and _unit_of(value) else own_unit
        given = self._plain(concept, value, unit, None, is_limit=True)
        limit = given.value
        if not limit.is_point:
            wrong("it must be one number")
        if concept.possible.low >= 0 and (limit.low < 0 or (limit.low == 0 and name == "upper_limit")):
            wrong("it must be above zero")
        return limit.low, given.text

    def _plain(
        self, concept: Concept, value: object, unit: str | None, when: PartialDate | None, is_limit: bool = False
    ) -> Reading:
        if isinstance(value, bool):
            wrong("true and false are no measurement; write a number with its unit")
        if isinstance(value, str):
            return self._text(concept, value.strip().replace("−", "-"), unit, when, is_limit)
        if isinstance(value, float):
            if not math.isfinite(value):
                wrong("the number is not finite")
            text = f"{value:g}" if abs(value) < 1e15 else float.__repr__(value)
            number = Fraction(float.__repr__(value))
        elif isinstance(value, int):
            number, text = Fraction(value), str(value) if abs(value) <= LARGEST else ""
        else:
            return self._object(concept, plain(value), unit, when, is_limit)
        return self._point(concept, number, unit, when, f"{text} {unit}" if unit else text, is_limit)

    def _object(
        self, concept: Concept, value: object, unit: str | None, when: PartialDate | None, is_limit: bool
    ) -> Reading:
        """A number of another class, or a quantity of pint."""
        if isinstance(value, bool | str | int | float):
            return self._plain(concept, value, unit, when, is_limit)
        if isinstance(value, Decimal):
            if not value.is_finite() or value.adjusted() > 30:
                wrong(_TOO_LARGE)
            if len(value.as_tuple().digits) > 60:
                return self._plain(concept, float(value), unit, when, is_limit)
            text = f"{value:f}" if value.adjusted() > -30 else "0"
            return self._point(concept, Fraction(text), unit, when, f"{text} {unit}" if unit else text, is_limit)
        if isinstance(value, Rational):
            number = Fraction(int(value.numerator), int(value.denominator))
            text = f"{float(number):g}" if abs(number) <= LARGEST else ""
            return self._point(concept, number, unit, when, f"{text} {unit}" if unit else text, is_limit)
        if isinstance(value, Real):
            return self._plain(concept, float(value), unit, when, is_limit)
        magnitude, units = plain(getattr(value, "magnitude", None)), getattr(value, "_units", None)
        if isinstance(units, Mapping) and isinstance(magnitude, Real | Decimal):
            if unit:
                wrong("the unit is given twice, in the value and beside it")
            spelled = "*".join(f"{name}^{_whole(power)}" if power != 1 else str(name) for name, power in units.items())
            return self._plain(concept, float(magnitude), spelled or "1", when, is_limit)
        return wrong("this is no measurement; write a number with its unit, such as `82 mmHg`")

    def _text(self, concept: Concept, text: str, unit: str | None, when: PartialDate | None, is_limit: bool) -> Reading:
        if len(text) > LONGEST_VALUE:
            wrong("the text is too long to be a measurement")
        if span := _RANGE.fullmatch(text):
            _no_separators(span["low_unit"], span["unit"])
            return self._range(concept, span, unit, when, text)
        match = _VALUE_10.fullmatch(text) or _VALUE.fullmatch(text)
        if match is None or _AMBIGUOUS.match(text.lstrip("<>=≤≥ +-")):
            if _AMBIGUOUS.search(text):
                wrong(
                    "it is ambiguous: it can be read in two ways; write a range as `5 to 10`, and a number without separators"
                )
            wrong("it is no number with a unit, such as `82 mmHg`" if text else "it is empty")
        given = match["unit"].strip() if match["unit"] else None
        _no_separators(given)
        if given and unit and given != unit.strip():
            wrong("the unit is given twice, in the value and beside it, and the two differ")
        number = _fraction(match["number"])
        sign = {"≤": "<=", "≥": ">="}.get(match["sign"] or "", match["sign"])
        reading = self._point(
            concept, number, given or unit, when, text if given or not unit else f"{text} {unit}", is_limit, bool(sign)
        )
        if not sign:
            return reading
        if is_limit:
            wrong("it must be one number")
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
            wrong(f"no possible value lies there ({_bounds(concept)})")
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
        low = self._point(concept, _fraction(span["low"]), low_unit, when, text, False)
        high = self._point(concept, _fraction(span["high"]), high_unit, when, text, False)
        if low.value.low > high.value.high:
            wrong("the range is the wrong way round")
        months = Interval(low.months.low, high.months.low) if low.months and high.months else None
        return Reading(Interval(low.value.low, high.value.high), when, text, months=months)

    def _point(
        self, concept: Concept, number: Fraction, unit: str | None, when: PartialDate | None, text: str, is_limit: bool,
        censored: bool = False,
    ) -> Reading:  # fmt: skip
        if abs(number) > LARGEST:
            wrong(_TOO_LARGE)
        measure = concept.measure
        assert measure is not None
        if unit and measure.unit.dimensions == (("[time]", 1),) and time_unit(unit) in ("month", "year"):
            length = duration(number, unit)
            if length is None:
                wrong("a duration in months or years has whole months, and is not below zero")
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
        if (too_low or too_high) and not (censored and not is_limit):
            wrong(f"the number is outside what is possible ({_bounds(concept)})")
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
        if line is None and concept.unit == "1":
            wrong(f"`{excerpt(text)}` is a unit, and this quantity has none")
        if line is None:
            wrong(f"`{excerpt(text)}` is not a unit of this quantity, which is measured in {concept.unit}")
        if len(self._scales) < 20_000:
            self._scales[key] = line
        return line


def _bounds(concept: Concept) -> str:
    possible, unit = concept.possible, "" if concept.unit == "1" else f" {concept.unit}"
    if possible.low == -INFINITY:
        return f"{possible.high:g}{unit} and below"
    return (
        f"{possible.low:g} to {possible.high:g}{unit}"
        if possible.high < INFINITY
        else f"{possible.low:g}{unit} and above"
    )


def _no_separators(*units: str | None) -> None:
    """A unit that begins with three digits is the rest of a number: `1 000 mL`."""
    if any(unit and _SPACED.match(unit.strip()) for unit in units):
        wrong("it is ambiguous: it can be read in two ways; write a number without separators")


def _whole(power: object) -> str:
    return str(int(power)) if isinstance(power, int | float | Fraction) and power == int(power) else "?"


def _fraction(text: str) -> Fraction:
    exponent = re.search(r"[eE]([+-]?\d+)$", text)
    if exponent and abs(int(exponent[1])) > 30:
        wrong(_TOO_LARGE)
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
    if not isinstance(value, Mapping):
        return _class_value(concept, value, None)
    gathered = Gathered()
    for key in value:
        if key not in ("value", "at"):
            gathered.tell(f"an observation of a class has no `{key_text(key)}`; it has value and at")
    if "value" not in value:
        gathered.tell("an observation needs a `value`")
    when = gathered.read(read_when, value.get("at"), "time (`at`)")
    reading = gathered.read(_class_value, concept, value.get("value"), when)
    gathered.settle()
    return reading


def _class_value(concept: Concept, value: object, when: PartialDate | None) -> ClassReading | None:
    if value is None:
        return None
    value = plain(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # tables hold 2.0 where a column has gaps
    if isinstance(value, bool) or not isinstance(value, str | int):
        wrong(f"write one of its values: {', '.join(concept.values)}")
    text = str(value).strip() if not isinstance(value, int) or abs(value) < 10**9 else "?"
    rank = concept.value_ranks.get(key_of(text[:80]))
    if rank is None:
        close = nearest(text, concept.values, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        wrong(f"it is none of its values: {', '.join(concept.values)}{hint}")
    return ClassReading(rank, when, concept.values[rank])
