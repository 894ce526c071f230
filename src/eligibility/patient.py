"""A patient dict goes in; validated facts with their dates as written come out, or every bad key at once.

What depends on the instant (a zone for dates without one, an age against a birth date) is judged in `facts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from eligibility.ages import AgeReading, read_age
from eligibility.errors import PatientError, Problem, excerpt
from eligibility.instants import PartialDate
from eligibility.stated import Occurrence, Occurrences, is_present, read_answer, read_occurrences
from eligibility.unreadable import Gathered, UnreadableValue, key_text, plain, read_when, wrong
from eligibility.values import ClassReading, QuantityReader, Reading, read_class
from eligibility.vocabulary import Concept, Vocabulary, bundled_vocabulary, key_of

__all__ = ["Occurrence", "Occurrences", "Override", "Patient", "Unrecognized", "quantity_reader"]

LONGEST_LIST = 100_000
MOST_KEYS = 100_000
MOST_HINTS = 100  # nearest names of unrecognized keys
RESERVED = ("id", "asof", "birthdate", "trials", "judgements")


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
    named: dict[str, str] = field(default_factory=dict)  # the key under which each concept was given
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

    def read(self, data: Mapping[str, Any]) -> Patient:
        if not isinstance(data, Mapping):
            raise PatientError([Problem("patient", "a patient is a dict of facts by name")])
        if len(data) > MOST_KEYS:
            raise PatientError([Problem("patient", f"a patient has at most {MOST_KEYS:,} keys")])
        patient = Patient(self._vocabulary)
        reserved: dict[str, str] = {}
        for key, value in data.items():
            if not isinstance(key, str):
                self._problems.append(Problem(key_text(key), "a key must be a text"))
                continue
            folded = key_of(key[:200])
            concept = self._vocabulary.find(key)
            if folded in RESERVED:
                if folded in reserved:
                    self._problems.append(Problem(excerpt(key), f"the same as `{reserved[folded]}`, given twice"))
                reserved[folded] = excerpt(key)
                self._attempt(key, None, self._reserved, patient, folded, value)
            elif concept is None:
                self._unrecognized(patient, excerpt(key, 80), key)
            else:
                self._attempt(key, concept, self._concept, patient, key, concept, value)
        self._check(patient)
        if self._problems:
            raise PatientError(self._problems)
        return patient

    def _unrecognized(self, patient: Patient, shown: str, key: object) -> None:
        """Keep a key that no concept has. Looking for names takes its time: few are given hints."""
        has_hints = isinstance(key, str) and len(patient.unrecognized) < MOST_HINTS
        look = partial(self._vocabulary.nearest, str(key)) if has_hints else tuple[str, ...]
        patient.unrecognized.append(Unrecognized(shown, look))

    def _attempt(self, key: str, concept: Concept | None, reader: Callable[..., None], *arguments: object) -> None:
        try:
            reader(*arguments)
        except UnreadableValue as error:
            name = concept.name if concept else None
            self._problems += [Problem(excerpt(key, 80), message, name) for message in error.messages]

    # --- reserved keys -----------------------------------------------------------------------------------------------

    def _reserved(self, patient: Patient, key: str, value: object) -> None:
        match key:
            case "id":
                value = plain(value)
                if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
                    wrong("the id must be a text, or a whole number")
                if isinstance(value, int) and abs(value) >= 10**40:
                    wrong("the id is too long")
                patient.id = None if value is None else str(value)[:200]  # what prints it escapes it
            case "asof":
                patient.as_of = read_when(value, "instant")
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
        for trial, facts in value.items():
            place = f"trials.{key_text(trial)}"
            if not isinstance(trial, str):
                self._problems.append(Problem(place, "the ID of a trial must be a text"))
            elif trial.casefold() in map(str.casefold, patient.overrides):
                self._problems.append(Problem(place, "this trial stands twice, in other letters"))
            elif isinstance(facts, Mapping):
                patient.overrides[trial] = self._override(patient, place, facts)
            elif facts is not None:
                self._problems.append(Problem(place, "it is a dict of attestations and milestones"))

    def _override(self, patient: Patient, trial: str, facts: Mapping[object, object]) -> Override:
        attestations: dict[str, bool | None] = {}
        milestones: dict[str, PartialDate | None] = {}
        seen: dict[str, tuple[str, object]] = {}
        for key, fact in facts.items():
            place = f"{trial}.{key_text(key)}"
            concept = self._vocabulary.find(key) if isinstance(key, str) else None
            if concept is None:
                self._unrecognized(patient, place, key)
                continue
            try:
                found: bool | PartialDate | None
                if concept.kind == "attestation":
                    found = attestations[concept.name] = read_answer(fact)
                elif concept.kind == "milestone":
                    found = milestones[concept.name] = self._milestone(concept, fact)
                else:
                    wrong(f"it is {_article(concept.kind)}; only attestations and milestones belong to one trial")
                if concept.name in seen and seen[concept.name][1] != found:
                    wrong(f"it is given twice, also as `{seen[concept.name][0]}`, and the two disagree")
                seen[concept.name] = (key_text(key), found)
            except UnreadableValue as error:
                self._problems += [Problem(place, message) for message in error.messages]
        return Override(attestations, milestones)

    def _judgements(self, patient: Patient, value: object) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            wrong("`judgements` is a dict by address, such as `NCT00000000/exclude.1`")
        for address, answer in value.items():
            key = f"judgements.{excerpt(address, 80) if isinstance(address, str) else key_text(address)}"
            try:
                if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
                    wrong("an address is `TRIAL/include.ID` or `TRIAL/exclude.ID`")
                said = read_answer(answer)
                if said is not None and patient.judgements.setdefault(address.casefold(), said) is not said:
                    wrong("this judgement stands twice, in other letters, and the two disagree")
            except UnreadableValue as error:
                self._problems += [Problem(key, message) for message in error.messages]

    # --- concepts ----------------------------------------------------------------------------------------------------

    def _concept(self, patient: Patient, key: str, concept: Concept, value: object) -> None:
        name = concept.name
        if name in patient.named:
            parsed = self._value(concept, value)
            before = self._parsed.get(name)
            if parsed is None:
                return
            if before is not None and before != parsed:
                wrong(f"it is given twice, also as `{patient.named[name]}`, and the two disagree")
            patient.named[name] = excerpt(key)
        else:
            patient.named[name] = excerpt(key)
            parsed = self._value(concept, value)
        self._parsed[name] = parsed
        if parsed is None:
            patient.nulls.add(name)
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

    def _value(self, concept: Concept, value: object) -> object:
        match concept.kind:
            case "quantity":
                return self._series(value, lambda item: self._quantities.reading(concept, item))
            case "class":
                return self._series(value, lambda item: read_class(concept, item))
            case "age":
                return read_age(value)
            case "attestation":
                return read_answer(value)
            case "milestone":
                return self._milestone(concept, value)
            case "condition" | "event":
                return read_occurrences(concept, value)

    def _series(self, value: object, read: Callable[[object], Reading | ClassReading | None]) -> object:
        if not isinstance(value, list | tuple):
            reading = read(value)
            return None if reading is None else [reading]
        if len(value) > LONGEST_LIST:
            wrong(f"a list of at most {LONGEST_LIST:,} observations")
        gathered = Gathered()
        readings = []
        for index, item in enumerate(value):
            prefix = f"observation {index + 1}: " if len(value) > 1 else ""
            if isinstance(item, list | tuple):
                gathered.tell(f"{prefix}a list inside a list")
                continue
            reading = gathered.read(read, item, prefix=prefix)
            if reading is not None:
                readings.append(reading)
        if len(readings) > 1 and any(reading.when is None for reading in readings):
            gathered.tell("a value without a time stands beside others; give each its `at`")
        gathered.settle()
        return readings or None

    def _milestone(self, concept: Concept, value: object) -> PartialDate | None:
        if concept.name == "screening" and value is not None:
            wrong("screening is always the instant of judgement; give it as `at`")
        if isinstance(plain(value), bool | int | float | list | tuple | Mapping):
            wrong("a milestone is an instant, such as `2024-03-20T08:00Z`")
        return read_when(value, "instant")

    def _warn_of_implausible(self, patient: Patient, concept: Concept, readings: list[Reading]) -> None:
        plausible = concept.plausible
        for reading in readings:
            if plausible and (reading.value.high < plausible.low or reading.value.low > plausible.high):
                patient.warnings.append(f"{concept.name}: a value is outside the plausible range; check its unit")
                return

    # --- what facts say together -------------------------------------------------------------------------------------

    def _clash(self, patient: Patient, name: str, message: str) -> None:
        self._problems.append(Problem(patient.named.get(name, name), message, name))

    def _check(self, patient: Patient) -> None:
        vocabulary = self._vocabulary
        sexes = patient.classes.get("sex")
        sex = (
            vocabulary["sex"].values[sexes[0].rank] if sexes and len({reading.rank for reading in sexes}) == 1 else None
        )
        for name, stated in patient.occurrences.items():
            if stated.form not in ("never", "absent"):
                self._check_applies(patient, name, sex)
                continue
            for part in vocabulary.parts(name):
                theirs = patient.occurrences.get(part)
                if theirs is not None and is_present(theirs):
                    shown = patient.named[part]
                    self._clash(patient, name, f"it is absent, and `{shown}`, which it includes, is present")
        for name, said in patient.attestations.items():
            if said:
                self._check_applies(patient, name, sex)
        for name, readings in patient.classes.items():
            condition = vocabulary[name].none_when_absent
            stated_condition = patient.occurrences.get(condition) if condition else None
            if stated_condition and stated_condition.form == "never" and any(reading.rank > 0 for reading in readings):
                self._clash(patient, name, f"it has a value, and `{condition}` never was")

    def _check_applies(self, patient: Patient, name: str, sex: str | None) -> None:
        """Can what was said to be there apply to this patient? What follows from a birth date is judged with the instant."""
        concept = self._vocabulary[name]
        if sex and concept.applies_to_sex and sex != concept.applies_to_sex:
            self._clash(patient, name, f"it cannot apply to a patient whose sex is {sex}")
        elif patient.age is not None and concept.applies_from_months:
            most = patient.age.high if patient.age.unit == "months" else patient.age.high * 12 + 11
            if most < concept.applies_from_months:
                self._clash(patient, name, "it cannot apply to a patient of this age")


_ADDRESS = re.compile(r"[A-Za-z0-9._-]{1,80}/(?:include|exclude)\.[A-Za-z0-9.]{1,40}", re.IGNORECASE)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
