"""A patient dict whose facts bear no times goes in; the contents of a screener's slots come out, by the short way.

Each key has a handler, found once; what facts say together comes last. A record that holds anything else (times, lists,
plans, milestones, a problem of any kind) is not plain: None comes out, and the caller takes the long way, which also says
what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from typing import Any

from eligibility import intervals
from eligibility.ages import Ages, age_in_months, birth_days
from eligibility.facts import prepare
from eligibility.instants import Instant, local
from eligibility.intervals import Interval, point
from eligibility.look import Absent
from eligibility.patient import RESERVED, Patient, quantity_reader
from eligibility.plain_joint import MOST_REMEMBERED, Given, JointFacts, NotPlain
from eligibility.plain_slots import Family, Plan
from eligibility.slots import ASKS, FALSE, TRUE, Content, Slot, content, range_of
from eligibility.values import Reading, UnreadableValue, read_age, read_when
from eligibility.vocabulary import Concept, Vocabulary, key_of

_MOST_DIGITS = 15

_POWERS = tuple(10**power for power in range(_MOST_DIGITS + 1))

_UNUSED, _QUANTITY, _CLASS, _FLAG, _AGE, _ANSWER, _RESERVED = range(7)
_KINDS = {
    "quantity": _QUANTITY,
    "class": _CLASS,
    "condition": _FLAG,
    "event": _FLAG,
    "age": _AGE,
    "attestation": _ANSWER,
}


@dataclass(eq=False)
class _Handler:
    """What to do with the value of a key."""

    kind: int
    name: str = ""
    concept: Concept | None = None
    places: tuple[int, ...] = ()
    ratios: tuple[tuple[int, bool], ...] = ()
    family: Family | None = None
    lines: dict[str, tuple[int, int]] = field(default_factory=dict)  # unit spelling to an exact factor as a fraction
    ranks: dict[str, int] = field(default_factory=dict)
    low: float = 0.0
    high: float = 0.0


class PlainRecords:
    """Reads plain records for the slots of one screener."""

    def __init__(self, vocabulary: Vocabulary, absent: Absent) -> None:
        self._vocabulary = vocabulary
        self._plan = Plan(vocabulary)
        self._joint = JointFacts(vocabulary, self._plan, absent)
        self._reader = quantity_reader(vocabulary)
        self._handlers: dict[str, _Handler] = {}
        self._empty = prepare(Patient.parse({}, vocabulary=vocabulary), "2024-01-01T00:00Z", absent)
        self._defaults: list[Content] = []

    def extend(self, slots: Sequence[Slot]) -> None:
        """Read for these slots: the known ones, and more behind them."""
        known = len(self._defaults)
        if len(slots) > known:
            self._joint.slots = slots
            self._plan.extend(enumerate(slots[known:], known))
            self._defaults += [content(slot, self._empty) for slot in slots[known:]]
            self._handlers.clear()

    def contents(self, record: Mapping[str, Any], at: Instant, zone: tzinfo) -> list[Content] | None:
        """The contents of the slots; None where the record is not plain."""
        try:
            return self._contents(record, at, zone)
        except NotPlain:
            return None

    def _contents(self, record: Mapping[str, Any], at: Instant, zone: tzinfo) -> list[Content]:
        found = self._defaults.copy()
        given = Given()
        numbers = given.numbers
        told: dict[Family, list[tuple[str, Any]]] = {}
        seen: set[str] = set()
        count = 0
        for key, value in record.items():
            handler = self._handlers.get(key) if type(key) is str else None
            if handler is None:
                handler = self._resolve(key)
            kind = handler.kind
            if kind == _UNUSED:
                continue
            seen.add(handler.name)
            count += 1
            if kind == _QUANTITY:
                if value is None:
                    continue
                number: float | Reading | None = None
                if type(value) is str:
                    digits, _, unit = value.partition(" ")
                    line = handler.lines.get(unit)
                    if line is not None:
                        whole, _, decimals = digits.partition(".")
                        joined = whole + decimals
                        if (
                            joined.isdecimal()
                            and joined.isascii()
                            and len(joined) <= _MOST_DIGITS
                            and whole
                            and digits[-1] != "."
                        ):
                            # one division of whole numbers, rounded once: what the exact factor gives as a double
                            exact: float = int(joined) * line[0] / (line[1] * _POWERS[len(decimals)])
                            number = exact if handler.low <= exact <= handler.high else None
                if number is None:
                    number = self._reading(handler, value)
                numbers[handler.name] = number
                if type(number) is not float:
                    self._read(handler, number, found)
                elif handler.places:
                    known = (number, number, False, False)
                    for place in handler.places:
                        found[place] = known
            elif handler.family is not None:
                if value is not True and value is not False and value is not None:
                    if kind != _CLASS:
                        raise NotPlain
                    value = self._rank(handler, value)
                told.setdefault(handler.family, []).append((handler.name, value))
            elif kind == _FLAG:
                if value is not True and value is not False and value is not None:
                    raise NotPlain
                if handler.concept is not None and handler.concept.has_limited_applicability:
                    raise NotPlain  # whether it can apply at all is judged the long way
                if value is not None and len(self._vocabulary.wholes(handler.name)) + len(
                    self._vocabulary.parts(handler.name)
                ):
                    raise NotPlain  # it may contradict a kin, though no slot hangs on either
            elif value is None:
                continue
            elif kind == _CLASS:
                rank = handler.ranks.get(value) if type(value) is str else None
                if rank is None:
                    rank = self._rank(handler, value)
                given.ranks[handler.name] = rank
                for place in handler.places:
                    found[place] = 1 << rank
            elif kind == _ANSWER:
                if value is not True and value is not False:
                    raise NotPlain
                for place in handler.places:
                    found[place] = TRUE if value else FALSE
            elif kind == _AGE:
                given.ages = _ages(value, None, at, zone)
            else:
                self._reserved(handler.name, value, given, at, zone, found)
        if len(seen) != count or {"age", "birthdate"} <= seen:
            raise NotPlain
        if given.ages is not None:
            given.months = months = age_in_months(given.ages, at, zone)
            years = Interval(months.low // 12, months.high // 12)
            for place, unit in self._plan.ages:
                found[place] = range_of(years if unit == "years" else months)
        self._joint.say(told, seen, given, at, zone, found)
        return found

    # --- keys --------------------------------------------------------------------------------------------------------

    def _resolve(self, key: object) -> _Handler:
        """The handler of a key that was not met before."""
        if not isinstance(key, str):
            raise NotPlain
        folded = key_of(key[:200])
        concept = self._vocabulary.find(key)
        if folded == "trials" or (concept is not None and concept.kind == "milestone"):
            raise NotPlain
        if folded in RESERVED:
            handler = _Handler(_RESERVED, folded)
        elif concept is None:
            handler = _Handler(_UNUSED)
        else:
            family = self._plan.family(concept)
            places = () if family else tuple(self._plan.direct.get(concept.name, ()))
            handler = _Handler(
                _KINDS[concept.kind], concept.name, concept, places, tuple(self._plan.ratios.get(concept.name, ())), family,
                low=concept.possible.low, high=concept.possible.high,
            )  # fmt: skip
        if len(self._handlers) < MOST_REMEMBERED:
            self._handlers[key] = handler
        return handler

    def _reserved(
        self, name: str, value: object, given: Given, at: Instant, zone: tzinfo, found: list[Content]
    ) -> None:  # fmt: skip
        if name == "birthdate":
            given.ages = _ages(None, value, at, zone)
        elif name == "judgements":
            if not isinstance(value, Mapping):
                raise NotPlain
            for address, answer in value.items():
                place = self._plan.judged.get(address.casefold()) if isinstance(address, str) else None
                if place is None or not (answer is None or isinstance(answer, bool)):
                    raise NotPlain
                found[place] = ASKS if answer is None else TRUE if answer else FALSE
        elif name == "id" and not isinstance(value, str):
            raise NotPlain

    # --- values ------------------------------------------------------------------------------------------------------

    def _reading(self, handler: _Handler, value: object) -> float | Reading:
        assert handler.concept is not None
        if isinstance(value, list | tuple):
            raise NotPlain
        try:
            reading = self._reader.reading(handler.concept, value)
        except UnreadableValue:
            raise NotPlain from None
        if reading is None or reading.when is not None:
            raise NotPlain
        if reading.months is not None or reading.lower is not None or reading.upper is not None:
            return reading
        if isinstance(value, str) and len(handler.lines) < MOST_REMEMBERED:
            self._learn(handler, value)
        return reading.value.low if reading.value.is_point else reading

    def _learn(self, handler: _Handler, value: str) -> None:
        """Remember the exact factor of a unit that was met, where the value is written `number unit`."""
        digits, _, unit = value.partition(" ")
        assert handler.concept is not None
        if not digits.replace(".", "", 1).isdecimal() or (unit and not unit.strip()):
            return
        try:
            scale = self._reader.scale(handler.concept, unit.strip() or None)
        except UnreadableValue:  # a range, such as `5 to 10 mg/L`
            return
        if not scale.offset:
            handler.lines[unit] = (scale.factor.numerator, scale.factor.denominator)

    def _read(self, handler: _Handler, reading: float | Reading, found: list[Content]) -> None:
        assert isinstance(reading, Reading)
        for place in handler.places:
            found[place] = range_of(reading.value)
        for place, upper in handler.ratios:
            limit = reading.upper if upper else reading.lower
            if limit:
                found[place] = range_of(intervals.divide(reading.value, point(limit)))

    def _rank(self, handler: _Handler, value: object) -> int:
        assert handler.concept is not None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise NotPlain
        rank = handler.concept.value_ranks.get(key_of(str(value).strip()[:80]))
        if rank is None:
            raise NotPlain
        if isinstance(value, str) and len(handler.ranks) < MOST_REMEMBERED:
            handler.ranks[value] = rank
        return rank


_read_age = lru_cache(maxsize=1_024)(read_age)


def _ages(age: object, born: object, at: Instant, zone: tzinfo) -> Ages | None:
    """What is known of an age from the one or the other."""
    try:
        if born is None:
            reading = _read_age(age) if isinstance(age, str) else read_age(age)
            return None if reading is None else Ages(None, reading.low, reading.high, reading.unit, reading.text)
        when = read_when(born, "birth date")
    except UnreadableValue:
        raise NotPlain from None
    days = None if when is None or when.precision == "instant" else birth_days(when, local(at, zone).date())
    if when is None or days is None:
        raise NotPlain
    return Ages(days, text=f"born {when.text}")
