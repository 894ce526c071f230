"""A patient dict goes in; validated facts with their dates as written come out, or every bad key at once.

What depends on the instant (a zone for dates without one, an age against a birth date) is judged in `facts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from functools import cached_property, partial
from typing import Any, Literal

from eligibility.errors import PatientError, Problem, excerpt
from eligibility.instants import PartialDate
from eligibility.values import (
    AgeReading,
    ClassReading,
    QuantityReader,
    Reading,
    UnreadableValue,
    read_age,
    read_class,
    read_when,
    wrong,
)
from eligibility.vocabulary import Concept, Vocabulary, bundled_vocabulary, key_of

LONGEST_LIST = 100_000
MOST_KEYS = 100_000


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a condition was there, or an event happened, or is planned."""

    onset: PartialDate | None = None
    end: PartialDate | None = None
    present: bool | None = None
    planned: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Occurrences:
    """What a record says of a condition or event: never, present (undated), absent now, or a complete list."""

    form: Literal["never", "present", "absent", "listed", "planned"]
    items: tuple[Occurrence, ...] = ()

    @property
    def plans(self) -> tuple[PartialDate, ...]:
        """When it is planned."""
        return tuple(item.planned for item in self.items if item.planned is not None)

    @property
    def past(self) -> tuple[Occurrence, ...]:
        """What is no plan."""
        return tuple(item for item in self.items if item.planned is None)


@dataclass(frozen=True)
class Unrecognized:
    """A key that no concept has, with the nearest names, which are looked for when they are first read."""

    key: str
    look: Callable[[], Iterable[str]] = field(repr=False, compare=False, default=tuple)

    @cached_property
    def nearest(self) -> tuple[str, ...]:
        """The names most like it, the best first."""
        return tuple(self.look())

    def __str__(self) -> str:
        return f"{self.key} (did you mean {', '.join(self.nearest)}?)" if self.nearest else self.key


@dataclass(frozen=True)
class Override:
    """Attestations and milestones that belong to one trial."""

    attestations: Mapping[str, bool | None]
    milestones: Mapping[str, PartialDate | None]


@dataclass
class Patient:
    """A validated patient record. Made by `Patient.parse`."""

    vocabulary: Vocabulary
    id: str | None = None
    as_of: PartialDate | None = None
    birth: PartialDate | None = None
    age: AgeReading | None = None
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    classes: dict[str, list[ClassReading]] = field(default_factory=dict)
    occurrences: dict[str, Occurrences] = field(default_factory=dict)
    attestations: dict[str, bool] = field(default_factory=dict)
    milestones: dict[str, PartialDate] = field(default_factory=dict)
    judgements: dict[str, bool] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    nulls: set[str] = field(default_factory=set)
    unrecognized: list[Unrecognized] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, data: Mapping[str, Any], *, vocabulary: Vocabulary | None = None) -> Patient:
        """Read a patient dict against a vocabulary (the bundled one if none is given).

        Keys are names or synonyms of concepts; case, spaces, `_` and `-` do not matter. Raises PatientError, which lists
        every problem with its key. Unknown keys are no problem: they are kept in `unrecognized` with the nearest names.
        """
        return _Reader(vocabulary or bundled_vocabulary()).read(data)


def quantity_reader(vocabulary: Vocabulary) -> QuantityReader:
    """The reader of a vocabulary, which remembers the units it has met."""
    reader = vocabulary.formula_cache.get("\0reader")
    if not isinstance(reader, QuantityReader):
        reader = QuantityReader(vocabulary.units)
        vocabulary.formula_cache["\0reader"] = reader
    return reader


class _Reader:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._quantities = quantity_reader(vocabulary)
        self._problems: list[Problem] = []
        self._parsed: dict[str, object] = {}
        self._named: dict[str, str] = {}

    def read(self, data: Mapping[str, Any]) -> Patient:
        if not isinstance(data, Mapping):
            raise PatientError([Problem("patient", "a patient is a dict of facts by name")])
        if len(data) > MOST_KEYS:
            raise PatientError([Problem("patient", f"a patient has at most {MOST_KEYS:,} keys")])
        patient = Patient(self._vocabulary)
        reserved: dict[str, str] = {}
        for key, value in data.items():
            if not isinstance(key, str):
                self._problems.append(Problem(excerpt(str(key)), "a key must be a text"))
                continue
            folded = key_of(key[:200])
            concept = self._vocabulary.find(key)
            if folded in ("id", "asof", "birthdate", "trials", "judgements"):
                if folded in reserved:
                    self._problems.append(Problem(excerpt(key), f"the same as `{reserved[folded]}`, given twice"))
                reserved[folded] = excerpt(key)
                self._attempt(key, self._reserved, patient, folded, value)
            elif concept is None:
                is_one_of_few = len(patient.unrecognized) < 200  # looking for names takes its time
                look = partial(self._vocabulary.nearest, key) if is_one_of_few else tuple[str, ...]
                patient.unrecognized.append(Unrecognized(excerpt(key, 80), look))
            else:
                self._attempt(concept.name, self._concept, patient, key, concept, value)
        if not self._problems:
            self._check(patient)
        if self._problems:
            raise PatientError(self._problems)
        return patient

    def _attempt(self, key: str, reader: Any, *arguments: Any) -> None:
        try:
            reader(*arguments)
        except UnreadableValue as error:
            self._problems.append(Problem(excerpt(key, 80), str(error)))

    # --- reserved keys -----------------------------------------------------------------------------------------------

    def _reserved(self, patient: Patient, key: str, value: object) -> None:
        match key:
            case "id":
                if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
                    wrong("the id must be a text")
                patient.id = None if value is None else str(value)[:200]
            case "asof":
                patient.as_of = read_when(value)
                if patient.as_of is not None and patient.as_of.precision != "instant":
                    wrong(f"`{patient.as_of.text}` is a day, not an instant; write `{patient.as_of.text}T08:00Z`")
            case "birthdate":
                if isinstance(value, int) and not isinstance(value, bool) and 1800 <= value <= 9999:
                    value = str(value)
                patient.birth = read_when(value, "birth date")
                if patient.birth is not None and patient.birth.precision == "instant":
                    wrong("a birth date is a day; write it without a time")
            case "trials":
                self._overrides(patient, value)
            case "judgements":
                self._judgements(patient, value)

    def _overrides(self, patient: Patient, value: object) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            wrong("`trials` is a dict by trial ID")
        if len({str(trial).casefold() for trial in value}) < len(value):
            wrong("a trial stands in it twice, in other letters")
        for trial, facts in value.items():
            if not isinstance(facts, Mapping):
                self._problems.append(
                    Problem(f"trials.{excerpt(str(trial))}", "it is a dict of attestations and milestones")
                )
                continue
            attestations: dict[str, bool | None] = {}
            milestones: dict[str, PartialDate | None] = {}
            for key, fact in facts.items():
                place = f"trials.{excerpt(str(trial))}.{excerpt(str(key))}"
                concept = self._vocabulary.find(str(key))
                try:
                    if concept is None:
                        patient.unrecognized.append(Unrecognized(place, partial(self._vocabulary.nearest, str(key))))
                    elif concept.kind == "attestation":
                        attestations[concept.name] = _answer(fact)
                    elif concept.kind == "milestone":
                        milestones[concept.name] = self._milestone(concept, fact)
                    else:
                        wrong(f"it is {_article(concept.kind)}; only attestations and milestones belong to one trial")
                except UnreadableValue as error:
                    self._problems.append(Problem(place, str(error)))
            patient.overrides[str(trial)] = Override(attestations, milestones)

    def _judgements(self, patient: Patient, value: object) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            wrong("`judgements` is a dict by address, such as `NCT00000000/exclude.1`")
        for address, answer in value.items():
            key = f"judgements.{excerpt(str(address), 80)}"
            try:
                if not re.fullmatch(
                    r"[A-Za-z0-9._-]{1,80}/(include|exclude)\.[A-Za-z0-9.]{1,40}", str(address), re.IGNORECASE
                ):
                    wrong("an address is `TRIAL/include.ID` or `TRIAL/exclude.ID`")
                said = _answer(answer)
                if said is not None:
                    patient.judgements[str(address).casefold()] = said
            except UnreadableValue as error:
                self._problems.append(Problem(key, str(error)))

    # --- concepts ----------------------------------------------------------------------------------------------------

    def _concept(self, patient: Patient, key: str, concept: Concept, value: object) -> None:
        parsed = self._value(patient, concept, value)
        if concept.name in self._parsed and self._parsed[concept.name] != parsed:
            wrong(f"it is given twice, as `{self._named[concept.name]}` and as `{excerpt(key)}`, and the two disagree")
        self._parsed[concept.name] = parsed
        self._named[concept.name] = excerpt(key)
        if parsed is None:
            patient.nulls.add(concept.name)
            return
        patient.nulls.discard(concept.name)
        if isinstance(parsed, AgeReading):
            patient.age = parsed
        elif isinstance(parsed, Occurrences):
            patient.occurrences[concept.name] = parsed
        elif isinstance(parsed, bool):
            patient.attestations[concept.name] = parsed
        elif isinstance(parsed, PartialDate):
            patient.milestones[concept.name] = parsed
        elif isinstance(parsed, list) and concept.kind == "class":
            patient.classes[concept.name] = parsed
        elif isinstance(parsed, list):
            patient.readings[concept.name] = parsed
            self._warn_of_implausible(patient, concept, parsed)

    def _value(self, patient: Patient, concept: Concept, value: object) -> object:
        match concept.kind:
            case "quantity":
                return self._series(value, lambda item: self._quantities.reading(concept, item))
            case "class":
                return self._series(value, lambda item: read_class(concept, item))
            case "age":
                return read_age(value)
            case "attestation":
                return _answer(value)
            case "milestone":
                return self._milestone(concept, value)
            case "condition" | "event":
                return _occurrences(concept, value)

    def _series(self, value: object, read: Any) -> object:
        if not isinstance(value, list | tuple):
            reading = read(value)
            return None if reading is None else [reading]
        if len(value) > LONGEST_LIST:
            wrong(f"a list of at most {LONGEST_LIST:,} observations")
        readings = []
        for index, item in enumerate(value):
            if isinstance(item, list | tuple):
                wrong(f"observation {index + 1} is a list inside a list")
            try:
                reading = read(item)
            except UnreadableValue as error:
                raise UnreadableValue(f"observation {index + 1}: {error}" if len(value) > 1 else str(error)) from None
            if reading is not None:
                readings.append(reading)
        if len(readings) > 1 and any(reading.when is None for reading in readings):
            wrong("a value without a time stands beside others; give each its `at`")
        return readings or None

    def _milestone(self, concept: Concept, value: object) -> PartialDate | None:
        if concept.name == "screening" and value is not None:
            wrong("screening is always the instant of judgement; give it as `at`")
        if isinstance(value, bool | int | float | list | Mapping):
            wrong("a milestone is an instant, such as `2024-03-20T08:00Z`")
        return read_when(value)

    def _warn_of_implausible(self, patient: Patient, concept: Concept, readings: list[Reading]) -> None:
        plausible = concept.plausible
        for reading in readings:
            if plausible and (reading.value.high < plausible.low or reading.value.low > plausible.high):
                patient.warnings.append(f"{concept.name}: a value is outside the plausible range; check its unit")
                return

    # --- what facts say together -------------------------------------------------------------------------------------

    def _check(self, patient: Patient) -> None:
        vocabulary = self._vocabulary
        sexes = patient.classes.get("sex")
        sex = (
            vocabulary["sex"].values[sexes[0].rank] if sexes and len({reading.rank for reading in sexes}) == 1 else None
        )
        for name, stated in patient.occurrences.items():
            concept = vocabulary[name]
            if (
                sex
                and concept.applies_to_sex
                and sex != concept.applies_to_sex
                and stated.form not in ("never", "absent")
            ):
                self._problems.append(Problem(name, f"it cannot apply to a patient whose sex is {sex}"))
            if stated.form in ("never", "absent"):
                for part in vocabulary.parts(name):
                    theirs = patient.occurrences.get(part)
                    if theirs is not None and _is_present(theirs):
                        self._problems.append(
                            Problem(name, f"it is absent, and `{part}`, which it includes, is present")
                        )
        for name, said in patient.attestations.items():
            applies = vocabulary[name].applies_to_sex
            if said and sex and applies and sex != applies:
                self._problems.append(Problem(name, f"it cannot apply to a patient whose sex is {sex}"))
        for name, readings in patient.classes.items():
            condition = vocabulary[name].none_when_absent
            stated_condition = patient.occurrences.get(condition) if condition else None
            if stated_condition and stated_condition.form == "never" and any(reading.rank > 0 for reading in readings):
                self._problems.append(Problem(name, f"it has a value, and `{condition}` never was"))


def _is_present(stated: Occurrences) -> bool:
    """Is it said to be present, whatever the instant?"""
    return stated.form == "present" or any(item.present for item in stated.items)


def _answer(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    return wrong("the answer must be true, false or null")


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _occurrences(concept: Concept, value: object) -> Occurrences | None:
    if value is None:
        return None
    if value is True:
        return Occurrences("present")
    if value is False:
        return Occurrences("never")
    if isinstance(value, Mapping):
        return _from_mapping(concept, value)
    if isinstance(value, list | tuple):
        return _from_list(concept, value)
    dated = '{"at": "2024-03-01"}' if concept.kind == "event" else '{"onset": "2024-03-01"}'
    return wrong(f"it is {_article(concept.kind)}: write true, false, null, or a date as {dated}")


def _from_mapping(concept: Concept, value: Mapping[object, object]) -> Occurrences | None:
    item = _occurrence(concept, value)
    if item is None:
        return None
    if item.planned is not None:
        return Occurrences("planned", (item,))
    if item.onset is None and item.end is None and item.present is not None:
        return Occurrences("present" if item.present else "absent")
    return Occurrences("listed", (item,))


def _from_list(concept: Concept, value: list[object] | tuple[object, ...]) -> Occurrences:
    if len(value) > LONGEST_LIST:
        wrong(f"a list of at most {LONGEST_LIST:,} occurrences")
    items: list[Occurrence] = []
    for index, entry in enumerate(value):
        try:
            if entry is True:
                items.append(Occurrence(present=True if concept.kind == "condition" else None))
                continue
            if not isinstance(entry, Mapping):
                wrong('an occurrence in a list is a dict with its dates, such as {"onset": "2024-03-01"}')
            item = _occurrence(concept, entry)
            if item is None or (item.onset is None and item.end is None and item.present is False):
                wrong("an occurrence in a list needs a date; what is absent is left out of it")
            items.append(item)
        except UnreadableValue as error:
            raise UnreadableValue(f"occurrence {index + 1}: {error}" if len(value) > 1 else str(error)) from None
    if items and all(item.planned is not None for item in items):
        return Occurrences("planned", tuple(items))
    return Occurrences("listed", tuple(items))


def _occurrence(concept: Concept, value: Mapping[object, object]) -> Occurrence | None:
    """One occurrence; None where every field is null."""
    allowed = ("at", "onset", "planned") if concept.kind == "event" else ("present", "onset", "resolved", "planned")
    strange = [str(key) for key in value if key not in allowed]
    if strange:
        wrong(f"{_article(concept.kind)} has no `{excerpt(strange[0])}`; it has {', '.join(allowed)}")
    if not value:
        wrong(f"an empty dict says nothing; write null, or one of {', '.join(allowed)}")
    if value.get("planned") is not None:
        if any(value.get(name) is not None for name in allowed if name != "planned"):
            wrong("a plan stands in a dict of its own")
        return Occurrence(planned=read_when(value["planned"], "planned date"))
    present = _answer(value.get("present"))
    if value.get("at") is not None and value.get("onset") is not None:
        wrong("`at` and `onset` of an event are the same; give one")
    when = value.get("onset") if value.get("at") is None else value["at"]
    onset = read_when(when, "onset")
    end = read_when(value.get("resolved"), "resolution")
    if onset is None and end is None and present is None:
        return None
    comparable = onset is not None and end is not None and onset.is_floating == end.is_floating
    if comparable and onset and end and end.span(UTC).last < onset.span(UTC).first:
        wrong(f"it resolved ({end.text}) before its onset ({onset.text})")
    if end is not None and present:
        wrong("it is present and resolved at once")
    return Occurrence(onset, end, present)
