"""A variable and an instant go in; what a patient record may say of it comes out, simplest first, at every edge.

Each state is a piece of a patient record. Together they hold values below, at and above each threshold, in several units,
censored, as intervals, dated at the edges of windows, partly dated, and series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction
from itertools import pairwise
from typing import Any

from eligibility import rules
from eligibility.instants import DAY, HOUR, MINUTE, SECOND, Duration, Instant, instant_of, local, shift
from eligibility.intervals import INFINITY
from eligibility.regions import Variable, edges, judgements, variables
from eligibility.units import Unit
from eligibility.vocabulary import Concept, Vocabulary

State = Mapping[str, Any]
SPELLINGS = (
    "mg/dL", "g/dL", "mg/L", "g/L", "ug/L", "ng/mL", "pg/mL", "mmol/L", "umol/L", "nmol/L", "mEq/L", "mmHg", "kPa", "cmH2O", "%", "1",
    "K/uL", "10^9/L", "x10^3/uL", "/mm3", "G/L", "U/L", "IU/L", "degC", "degF", "/min", "kg", "lb", "cm", "m", "mm/h", "s", "days", "weeks",
)  # fmt: skip


def states_for(
    statements: Sequence[rules.Rule], vocabulary: Vocabulary, at: datetime, more: Iterable[str] = ()
) -> dict[str, tuple[State, ...]]:
    """What a record may say of each variable of some rules, of `more` concepts, and of each judgement, by their names."""
    cut = variables(statements, vocabulary)
    for name in more:
        cut.setdefault(name, Variable(vocabulary[name]))
    found = {name: states(variable, vocabulary, at) for name, variable in cut.items()}
    for address in judgements(statements):
        found[address] = tuple({"judgements": {address: answer}} for answer in (True, False))
    return found


def states(variable: Variable, vocabulary: Vocabulary, at: datetime) -> tuple[State, ...]:
    """What a record may say of one variable at an instant."""
    maker = _Maker(variable, vocabulary, at)
    found: dict[str, State] = {}
    for state in maker.states():
        found.setdefault(repr(state), state)
    return tuple(found.values())


def spell(concept: Concept, value: float, unit: Unit | None = None, text: str | None = None) -> str:
    """A number of the canonical unit as text, in another unit if one is given, to 15 digits."""
    if unit is None or text is None:
        return f"{value:.15g}" if concept.unit == "1" else f"{value:.15g} {concept.unit}"
    assert concept.measure is not None
    line = concept.measure.scale(unit)
    assert line is not None
    exact = (Fraction(value) - line.offset) / line.factor
    return f"{float(exact):.15g}" if text == "1" else f"{float(exact):.15g} {text}"


def units_of(concept: Concept, vocabulary: Vocabulary) -> Iterator[tuple[str, Unit]]:
    """Other spellings of units in which a quantity may be given."""
    if concept.measure is None:
        return
    for text in SPELLINGS:
        unit = vocabulary.units.read(text)
        if isinstance(unit, Unit) and text != concept.unit and concept.measure.scale(unit) is not None:
            if text == "1" and concept.bare != "1":
                continue
            yield text, unit


class _Maker:
    def __init__(self, variable: Variable, vocabulary: Vocabulary, at: datetime) -> None:
        self._variable = variable
        self._concept = variable.concept
        self._vocabulary = vocabulary
        self._zone: tzinfo = at.tzinfo or datetime.now().astimezone().tzinfo or at.tzinfo  # type: ignore[assignment]  # never None here
        self._at = at
        self._now: Instant = instant_of(at, self._zone)

    def states(self) -> Iterator[State]:
        name = self._concept.name
        match self._concept.kind:
            case "quantity":
                yield from ({name: value} for value in self._quantity())
            case "class":
                yield from ({name: value} for value in self._class())
            case "age":
                yield from self._age()
            case "condition" | "event":
                yield from ({name: value} for value in self._occurrence())
            case "attestation":
                yield from ({name: True}, {name: False}, {name: None})
            case "milestone":
                yield from ({name: when} for when in self._edges_back(extra=True))
                yield {name: self._stamp(self._now + 3 * DAY)}

    # --- times -------------------------------------------------------------------------------------------------------

    def _stamp(self, instant: Instant) -> str:
        return local(instant, self._zone).isoformat(timespec="microseconds" if instant % SECOND else "seconds")

    def _before(self, duration: Duration) -> Instant:
        return shift(self._now, duration, self._zone, -1)

    def _edges_back(self, extra: bool = False) -> Iterator[str]:
        """Instants at, a minute before and a minute after each edge of a window, and what partial dates hold them."""
        if extra:
            yield self._stamp(self._now - HOUR)
        for duration in sorted(self._durations(), key=self._before, reverse=True):
            edge = self._before(duration)
            yield from (self._stamp(edge), self._stamp(edge - MINUTE), self._stamp(edge + MINUTE))
            day = local(edge, self._zone)
            yield from (f"{day:%Y-%m-%d}", f"{day:%Y-%m}")
            yield f"{day - timedelta(days=400):%Y-%m-%d}"
        yield f"{self._at - timedelta(days=1):%Y-%m-%d}"

    def _durations(self) -> set[Duration]:
        found = set(self._variable.durations)
        if self._concept.acute_for is not None:
            found.add(self._concept.acute_for)
        return found or {Duration("30 days", exact=30 * DAY)}

    # --- numbers -----------------------------------------------------------------------------------------------------

    def _numbers(self) -> list[float]:
        concept, variable = self._concept, self._variable
        plausible = concept.plausible or concept.possible
        middle = (
            [(plausible.low + plausible.high) / 2] if plausible.high < INFINITY and plausible.low > -INFINITY else []
        )
        found = list(edges(variable.thresholds, concept.possible))
        if not found:
            found = [value for value in (*middle, plausible.low, min(plausible.high, 1e6)) if abs(value) != INFINITY]
        return found

    def _quantity(self) -> Iterator[Any]:
        concept, variable = self._concept, self._variable
        numbers = self._numbers()
        yield from (spell(concept, value) for value in numbers)
        others = list(units_of(concept, self._vocabulary))
        for index, value in enumerate(numbers):
            if others:
                text, unit = others[index % len(others)]
                yield spell(concept, value, unit, text)
        yield None
        for threshold in sorted(variable.thresholds):
            for sign in ("<", "<=", ">", ">="):
                if concept.possible.low < threshold < concept.possible.high:
                    yield f"{sign}{spell(concept, threshold)}"
        for low, high in pairwise(sorted(numbers)):
            unit_text = "" if concept.unit == "1" else f" {concept.unit}"
            yield f"{low:.12g} to {high:.12g}{unit_text}"
        yield from self._limits()
        yield from self._dated(numbers)

    def _limits(self) -> Iterator[Any]:
        concept = self._concept
        limit = max(
            1.0,
            float(
                f"{(concept.plausible.high if concept.plausible and concept.plausible.high < INFINITY else 100) / 50:.2g}"
            ),
        )
        for upper, multiple in sorted(self._variable.multiples):
            name = "upper_limit" if upper else "lower_limit"
            for factor in (multiple, multiple * 0.999, multiple * 1.001, multiple / 2, multiple * 2):
                yield {"value": spell(concept, limit * factor), name: spell(concept, limit)}

    def _dated(self, numbers: list[float]) -> Iterator[Any]:
        if not numbers:
            return
        concept, variable = self._concept, self._variable
        low, high = min(numbers), max(numbers)
        durations = set(variable.durations)
        if concept.current_for is not None:
            durations.add(concept.current_for)
        for duration in sorted(durations, key=self._before, reverse=True):
            edge = self._before(duration)
            for instant in (edge, edge - 1, edge + MINUTE):
                yield {"value": spell(concept, low), "at": self._stamp(instant)}
            yield [
                {"value": spell(concept, high), "at": self._stamp(edge + MINUTE)},
                {"value": spell(concept, low), "at": self._stamp(self._now - MINUTE)},
            ]
        for value in numbers[:4]:
            yield {"value": spell(concept, value), "at": self._stamp(self._now - 30 * MINUTE)}
        yield {"value": spell(concept, high), "at": self._stamp(self._now + MINUTE)}
        start = max(low, concept.possible.low, 1.0)
        for apart in sorted(variable.apart, key=self._before, reverse=True):
            earlier = shift(self._now - MINUTE, apart, self._zone, -1)
            for rise in edges(variable.rises, concept.possible):
                limits = {
                    "upper_limit" if upper else "lower_limit": spell(concept, start + rise)
                    for upper, _ in variable.multiples
                }
                for instant in (earlier, earlier - MINUTE):
                    yield [
                        {"value": spell(concept, start), "at": self._stamp(instant), **limits},
                        {"value": spell(concept, start + rise), "at": self._stamp(self._now - MINUTE), **limits},
                    ]

    # --- the rest ----------------------------------------------------------------------------------------------------

    def _class(self) -> Iterator[Any]:
        concept = self._concept
        yield from concept.values
        yield None
        if concept.current_for is not None:
            for duration in {concept.current_for, *self._variable.durations}:
                edge = self._before(duration)
                yield from (
                    {"value": value, "at": self._stamp(instant)}
                    for value in concept.values
                    for instant in (edge, edge - 1)
                )
        if concept.ordered:
            yield [
                {"value": value, "at": self._stamp(self._now - MINUTE)}
                for value in (concept.values[0], concept.values[-1])
            ]

    def _age(self) -> Iterator[State]:
        name = self._concept.name
        months = sorted({int(value) for value in self._variable.thresholds} or {18 * 12})
        for count in months:
            for near in (count, count - 1, count - 12, count + 12):
                if near >= 0:
                    yield {name: f"{near // 12} years"}
            yield {name: f"{max(0, count - 1)} months"}
            birthday = local(shift(self._now, Duration("", months=count), self._zone, -1), self._zone)
            for days in (0, 1, -1, 366, -366):
                yield {"birth_date": f"{birthday + timedelta(days=days):%Y-%m-%d}"}
            yield from ({"birth_date": f"{birthday:%Y-%m}"}, {"birth_date": f"{birthday:%Y}"})
        yield from ({name: "40 years"}, {name: "5 years"}, {name: None})

    def _occurrence(self) -> Iterator[Any]:
        event = self._concept.kind == "event"
        yield from (False, True, None)
        if not event:
            yield {"present": False}
        for when in self._edges_back(extra=True):
            yield {"at": when} if event else {"onset": when}
        if not event:
            ends = list(self._edges_back())
            for when in ends:
                if "T" in when:
                    yield {"onset": "2009-05", "resolved": when}
            yield from ({"onset": when, "present": True} for when in ends[:2])
            yield from self._lists(ends)
        else:
            stamps = [when for when in self._edges_back() if "T" in when]
            yield [{"at": when} for when in stamps[:2]]
        if self._variable.looks_ahead or self._variable.is_anchor:
            for duration in self._durations():
                ahead = shift(self._now, duration, self._zone, 1)
                yield from (
                    {"planned": self._stamp(instant)} for instant in (ahead, ahead + MINUTE, self._now + MINUTE)
                )
        yield {"at" if event else "onset": self._stamp(self._now + MINUTE)}

    def _lists(self, ends: Iterable[str]) -> Iterator[Any]:
        stamps = [when for when in ends if "T" in when][:3]
        for when in stamps:
            yield [{"onset": "2015-02-01T00:00:00+00:00", "resolved": when}, {"onset": when}]
            yield [{"onset": "2015-02-01", "resolved": "2016-03"}, {"onset": when}]
