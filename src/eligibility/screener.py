"""Trials go in once; prepared facts, verdicts and screenings of many patients come out, at the speed of hand-written code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cached_property, lru_cache, partial
from typing import Any, Protocol

from eligibility.compiled import ELIGIBLE, INELIGIBLE, REVIEW, UNDETERMINED, SlotTable, Statements, compile_trials
from eligibility.errors import UsageError
from eligibility.facts import Absent, Facts, prepare
from eligibility.instants import Instant, instant_of, iso, read_date
from eligibility.library import Trial, select
from eligibility.patient import Patient
from eligibility.plain_records import PlainRecords
from eligibility.results import Criteria, Need, Remarks, Screening, TrialResult, Verdict
from eligibility.screening import Judgement, remarks, verdict_at, vocabulary_of
from eligibility.slots import Content, fill, is_of_one_trial

VERDICTS: tuple[Verdict, ...] = ("ineligible", "eligible", "review", "undetermined")  # by their codes


class TrialSet(Set[str]):
    """The IDs of some of the trials, held as the bits of a number."""

    __slots__ = ("_bits", "_ids")

    def __init__(self, bits: int, ids: Mapping[str, int]) -> None:
        self._bits = bits
        self._ids = ids

    def __contains__(self, trial_id: object) -> bool:
        place = self._ids.get(trial_id) if isinstance(trial_id, str) else None
        return place is not None and bool(self._bits >> place & 1)

    def __iter__(self) -> Iterator[str]:
        return (trial_id for trial_id, place in self._ids.items() if self._bits >> place & 1)

    def __len__(self) -> int:
        return self._bits.bit_count()

    @classmethod
    def _from_iterable(cls, items: Iterable[str]) -> Set[str]:  # type: ignore[override]  # the result of `&` and `|` is a plain set
        return frozenset(items)

    def __repr__(self) -> str:
        return f"TrialSet({sorted(self)})"


class Verdicts(Mapping[str, Verdict]):
    """Trial ID to verdict, and the trials of each verdict as sets."""

    __slots__ = ("_codes", "_ids")

    def __init__(self, codes: Sequence[int], ids: Mapping[str, int]) -> None:
        self._codes = codes
        self._ids = ids

    def __getitem__(self, trial_id: str) -> Verdict:
        return VERDICTS[self._codes[self._ids[trial_id]]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def _with(self, code: int) -> TrialSet:
        return TrialSet(sum(1 << place for place, found in enumerate(self._codes) if found == code), self._ids)

    @property
    def eligible(self) -> TrialSet:
        """The trials in which the patient may take part."""
        return self._with(ELIGIBLE)

    @property
    def review(self) -> TrialSet:
        """The trials in which only answers of people are open."""
        return self._with(REVIEW)

    @property
    def undetermined(self) -> TrialSet:
        """The trials in which data are missing."""
        return self._with(UNDETERMINED)

    @property
    def ineligible(self) -> TrialSet:
        """The trials in which the patient may not take part."""
        return self._with(INELIGIBLE)

    def __repr__(self) -> str:
        return f"Verdicts({dict(self)})"


@dataclass(frozen=True)
class PreparedFacts:
    """What is known of one patient at one instant, as one screener asks for it: one content for each of its slots.

    Immutable, and bound to the screener that prepared it. `apart` holds the contents for trials of which the record says
    something of their own.
    """

    screener: Screener = field(repr=False)
    contents: tuple[Content, ...]
    apart: Mapping[int, tuple[Content, ...]]


class Screener:
    """Trials compiled once, for many patients. `trials` as for `screen`; all of one vocabulary.

    Raises UsageError for trials of different vocabularies, or an ID that is not there.
    """

    def __init__(self, trials: Iterable[str | Trial] | str | Trial | None = None) -> None:
        self._trials = select(trials)
        self._vocabulary = vocabulary_of(self._trials)
        table = SlotTable()
        self._judge = compile_trials((Statements(trial.criteria, trial.values) for trial in self._trials), table)
        self.slots = table.slots
        self._ids = {trial.id: place for place, trial in enumerate(self._trials)}
        self._readers: dict[str, PlainRecords] = {}
        self._of_one_trial = tuple(place for place, slot in enumerate(self.slots) if is_of_one_trial(slot))

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials, in the order of the verdicts."""
        return self._trials

    def prepare(
        self, patient: Mapping[str, Any] | Patient, *, at: str | datetime | None = None, absent: Absent = "unknown"
    ) -> PreparedFacts:
        """Read and validate a patient once, for `verdicts`. Raises PatientError and UsageError as `screen` does."""
        plain = self._plain(patient, at, absent)
        if plain is not None:
            return PreparedFacts(self, tuple(plain[0]), {})
        return self._prepared(prepare(self._record(patient), at, absent))

    def verdicts(self, facts: PreparedFacts) -> Verdicts:
        """The verdict of every trial. Raises UsageError for facts that another screener prepared."""
        if facts.screener is not self:
            raise UsageError("these facts were prepared by another screener; prepare them with this one")
        return Verdicts(self._codes(facts), self._ids)

    def screen(
        self, patient: Mapping[str, Any] | Patient, *, at: str | datetime | None = None, absent: Absent = "unknown"
    ) -> Screening:
        """As `eligibility.screen`, on the compiled trials; reasons and needs are made when they are read.

        Raises PatientError and UsageError as `screen` does.
        """
        plain = self._plain(patient, at, absent)
        if plain is not None and isinstance(patient, Mapping):
            contents, (now, zone) = plain
            codes: Sequence[int] = self._judge(contents)
            known: _Known = _Later(self, dict(patient), now, zone, absent)
            name, stamp = patient.get("id"), iso(now, zone)
        else:
            record = self._record(patient)
            facts = prepare(record, at, absent)
            codes = self._codes(self._prepared(facts))
            known = _Now(record, facts)
            name, stamp = record.id, iso(facts.at, facts.zone)
        results = tuple([
            TrialResult(trial.id, trial.title, VERDICTS[code], _BehindCompiled(trial, known))
            for trial, code in zip(self._trials, codes, strict=True)
        ])  # fmt: skip
        return Screening(stamp, results, name, partial(_remarks, known, self._trials))

    # --- stages ------------------------------------------------------------------------------------------------------

    def _record(self, patient: Mapping[str, Any] | Patient) -> Patient:
        if not isinstance(patient, Patient):
            return Patient.parse(patient, vocabulary=self._vocabulary)
        if patient.vocabulary is not self._vocabulary:
            raise UsageError(
                "the patient was read with another vocabulary than that of the trials; read it with theirs"
            )
        return patient

    def _plain(
        self, patient: Mapping[str, Any] | Patient, at: str | datetime | None, absent: Absent
    ) -> tuple[list[Content], tuple[Instant, tzinfo]] | None:
        """The contents of the slots by the short way, and the instant; None where it cannot be taken."""
        if type(patient) is not dict or absent not in ("unknown", "no"):
            return None
        moment = _instant(at if at is not None else patient.get("as_of"))
        if moment is None:
            return None
        reader = self._readers.get(absent)
        if reader is None:
            reader = self._readers[absent] = PlainRecords(self._vocabulary, self.slots, absent)
        contents = reader.contents(patient, *moment)
        return None if contents is None else (contents, moment)

    def _codes(self, facts: PreparedFacts) -> Sequence[int]:
        codes = self._judge(facts.contents)
        if not facts.apart:
            return codes
        own = {place: self._judge(contents)[place] for place, contents in facts.apart.items()}
        return tuple(own.get(place, code) for place, code in enumerate(codes))

    def _prepared(self, facts: Facts) -> PreparedFacts:
        contents = tuple(fill(self.slots, facts))
        apart: dict[int, tuple[Content, ...]] = {}
        for trial_id in facts.overrides:
            place = self._ids.get(trial_id)
            if place is not None:
                own = list(contents)
                for slot in self._of_one_trial:
                    (own[slot],) = fill((self.slots[slot],), facts, trial_id)
                apart[place] = tuple(own)
        return PreparedFacts(self, contents, apart)


@lru_cache(maxsize=64)
def _instant(at: str | None) -> tuple[Instant, tzinfo] | None:
    """The instant of an `at` or `as_of` that is written with its offset; None for anything else."""
    found = read_date(at) if isinstance(at, str) else None
    if found is None or found.precision != "instant" or found.start.tzinfo is None:
        return None
    return instant_of(found.start, UTC), found.start.tzinfo


class _Known(Protocol):
    """The record and the facts of a patient for the reference, made when they are asked for."""

    @property
    def record(self) -> Patient: ...
    @property
    def facts(self) -> Facts: ...


@dataclass(frozen=True)
class _Now:
    record: Patient
    facts: Facts


@dataclass(frozen=True)
class _Later:
    """A plain record, which the reference reads when a reason is asked for."""

    screener: Screener
    data: Mapping[str, Any]
    at: Instant
    zone: tzinfo
    absent: Absent

    @cached_property
    def record(self) -> Patient:
        return self.screener._record(self.data)

    @cached_property
    def facts(self) -> Facts:
        return prepare(self.record, iso(self.at, self.zone), self.absent)


@dataclass(frozen=True)
class _BehindCompiled:
    """What stands behind a compiled verdict: the reference, asked when something is read."""

    trial: Trial
    known: _Known

    @cached_property
    def _judgement(self) -> Judgement:
        return Judgement(self.trial, self.known.facts)

    def criteria(self) -> Criteria:
        return self._judgement.criteria()

    def needs(self, criteria: Criteria) -> tuple[Need, ...]:
        return self._judgement.needs(criteria)

    def valid_until(self) -> str | None:
        return self._judgement.valid_until()


def _remarks(known: _Known, trials: tuple[Trial, ...]) -> Remarks:
    for trial in trials:  # what a derived quantity has to say is found while it is computed
        verdict_at(trial, known.facts, known.facts.at)
    return remarks(known.record, known.facts, trials)
