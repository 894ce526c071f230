"""Trials go in once; prepared facts, verdicts and screenings of many patients come out, at the speed of hand-written code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

from eligibility import rules
from eligibility.compiled import Judge, SlotTable, Statements, compile_trials
from eligibility.errors import UsageError
from eligibility.facts import Facts, prepare
from eligibility.index import Index, Packed
from eligibility.instants import Instant, instant_of, iso, read_date
from eligibility.library import Trial, find, select
from eligibility.look import Absent
from eligibility.patient import Patient
from eligibility.plain_records import PlainRecords
from eligibility.results import Criteria, Need, Remarks, Screening, TrialResult
from eligibility.screening import Judgement, judge, record_of, remarks, verdict_at, vocabulary_of
from eligibility.slots import ASKS, Content, Slot, TruthSlot, content, is_of_one_trial
from eligibility.verdicts import VERDICTS, Places, Verdicts
from eligibility.vocabulary import Vocabulary, bundled_vocabulary

FEW = 24  # trials up to which one function is faster than an index


@dataclass(frozen=True)
class PreparedFacts:
    """What is known of one patient at one instant, as one screener asks for it: one content for each of its slots.

    Immutable, and bound to the screener that prepared it. `apart` holds the contents for trials of which the record says
    something of their own.
    """

    screener: Screener = field(repr=False)
    version: int
    contents: Sequence[Content]
    apart: Mapping[int, Sequence[Content]]
    answered: tuple[int, ...]
    packed: Packed | None  # for an index


class Screener:
    """Trials compiled once, for many patients. `trials` as for `screen`; all of one vocabulary.

    Trials can be added and withdrawn; the others are not compiled again, but facts must be prepared anew. Raises UsageError
    for trials of different vocabularies, or an ID that is not there.
    """

    def __init__(self, trials: Iterable[str | Trial] | str | Trial | None = None) -> None:
        chosen = select(trials)
        self._vocabulary = vocabulary_of(chosen)
        self._version = 0
        self._build(chosen)

    def _build(self, trials: Sequence[Trial]) -> None:
        """Lay everything out anew: few trials become one function, many are indexed."""
        self._table = SlotTable()
        self.slots: tuple[Slot, ...] = ()
        self._readers: dict[str, PlainRecords] = {}
        self._of_one_trial: list[int] = []
        self._asked: dict[str, int] = {}  # the places of slots of judgements, by their addresses
        self._index: Index | None = None
        if len(trials) <= FEW:
            self._trials = dict(enumerate(trials))  # by their places
            self._judge: Judge = compile_trials([_statements(trial) for trial in trials], self._table)
        else:
            self._index = Index(self._table)
            self._trials = {self._index.add(_statements(trial)): trial for trial in trials}
        self._ids = Places({trial.id: place for place, trial in self._trials.items()})
        self._renew()

    def _renew(self) -> None:
        """What follows from the slots, after trials came or went."""
        self._version += 1
        known, self.slots = len(self.slots), self._table.slots
        for place, slot in enumerate(self.slots[known:], known):
            if is_of_one_trial(slot):
                self._of_one_trial.append(place)
            if isinstance(slot, TruthSlot) and isinstance(slot.atom, rules.Judged):
                self._asked[slot.atom.address.casefold()] = place

    @classmethod
    def load(cls, path: str | Path, *, vocabulary: Vocabulary | None = None) -> Screener:
        """The trials that `save` wrote, without compiling them again; `vocabulary` is the one they were compiled with, the
        bundled one if none is given.

        Raises UsageError for a file that cannot be read, is damaged or of something else, or was saved by another version
        of the library or with another vocabulary.
        """
        from eligibility.saved_sets import read_set  # only where it is asked for

        return cls(read_set(Path(path), vocabulary or bundled_vocabulary()))

    def save(self, path: str | Path) -> None:
        """Write the trials to a file for `load`, as checked rules; a file that is there is replaced when the new one is whole.

        Raises UsageError where it cannot be written.
        """
        from eligibility.saved_sets import write_set

        write_set(Path(path), self.trials, self._vocabulary)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials, in the order of the verdicts."""
        return tuple(self._trials.values())

    def add(self, trial: Trial) -> None:
        """Take another trial in. Raises UsageError for an ID that is there already, or another vocabulary."""
        if trial.id.casefold() in map(str.casefold, self._ids):
            raise UsageError(f"the trial `{trial.id}` is there already; withdraw it first")
        if trial.vocabulary is not self._vocabulary:
            raise UsageError("the trial was compiled with another vocabulary than the others")
        if self._index is None:
            self._build([*self.trials, trial])
            return
        place = self._index.add(_statements(trial))
        self._trials[place] = trial
        self._ids = Places({**self._ids, trial.id: place})  # verdicts that were given keep what they know
        self._renew()

    def withdraw(self, trial_id: str) -> None:
        """Screen for a trial no longer. Raises UsageError for an ID that is not there."""
        name = trial_id if trial_id in self._ids else find(trial_id, self.trials).id
        place = self._ids[name]
        del self._trials[place]
        self._ids = Places({other: taken for other, taken in self._ids.items() if other != name})
        if self._index is not None:
            self._index.withdraw(place)
        if self._index is None or self._index.withdrawn > len(self._trials):  # more is idle than at work
            self._build(self.trials)
        else:
            self._renew()

    def prepare(
        self, patient: Mapping[str, Any] | Patient, *, at: str | datetime | None = None, absent: Absent = "unknown"
    ) -> PreparedFacts:
        """Read and validate a patient once, for `verdicts`. Raises PatientError and UsageError as `screen` does."""
        plain = self._plain(patient, at, absent)
        if plain is not None:
            return self._facts(tuple(plain[0]), _NOTHING_APART, self._answered(plain[0]))
        return self._prepared(prepare(record_of(patient, self._vocabulary), at, absent))

    def verdicts(self, facts: PreparedFacts) -> Verdicts:
        """The verdict of every trial. Raises UsageError for facts that another screener prepared, or this one with other
        trials."""
        if facts.screener is not self or facts.version != self._version:
            raise UsageError("these facts were prepared for other trials; prepare them with this screener as it is")
        if self._index is None or facts.packed is None:
            codes: Sequence[int] = self._judge(facts.contents)
            if facts.apart:
                own = {place: self._judge(contents)[place] for place, contents in facts.apart.items()}
                codes = tuple(own.get(place, code) for place, code in enumerate(codes))
            return Verdicts(self._ids, codes)
        bits = self._index.judge(facts.contents, facts.packed, facts.answered)
        for place, contents in facts.apart.items():
            code = self._index.judge_alone(place, contents)
            bits = tuple((own | 1 << place) if other == code else own & ~(1 << place) for other, own in enumerate(bits))  # type: ignore[assignment]  # still four
        return Verdicts(self._ids, None, bits)

    def screen(
        self, patient: Mapping[str, Any] | Patient, *, at: str | datetime | None = None, absent: Absent = "unknown"
    ) -> Screening:
        """As `eligibility.screen`, on the compiled trials; reasons and needs are made when they are read.

        Raises PatientError and UsageError as `screen` does.
        """
        plain = self._plain(patient, at, absent)
        if plain is not None and isinstance(patient, Mapping):
            contents, (now, zone) = plain
            known: _Known = _Later(self._vocabulary, dict(patient), now, zone, absent)
            name, stamp = patient.get("id"), iso(now, zone)
            facts = self._facts(contents, _NOTHING_APART, self._answered(contents))
        else:
            record = record_of(patient, self._vocabulary)
            seen = prepare(record, at, absent)
            if self._index is None:  # few trials ask for less than all of their slots
                told = tuple(judge(trial, seen) for trial in self.trials)
                return Screening(iso(seen.at, seen.zone), told, record.id, partial(remarks, record, seen, self.trials))
            known = _Now(record, seen)
            name, stamp = record.id, iso(seen.at, seen.zone)
            facts = self._prepared(seen)
        codes = self.verdicts(facts).codes
        results = tuple([
            TrialResult(trial.id, trial.title, VERDICTS[codes[place]], _BehindCompiled(trial, known))
            for place, trial in self._trials.items()
        ])  # fmt: skip
        return Screening(stamp, results, name, partial(_remarks, known, self.trials))

    # --- stages ------------------------------------------------------------------------------------------------------

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
            reader = self._readers[absent] = PlainRecords(self._vocabulary, absent)
        reader.extend(self.slots)
        contents = reader.contents(patient, *moment)
        return None if contents is None else (contents, moment)

    def _answered(self, contents: Sequence[Content]) -> tuple[int, ...]:
        """The slots of judgements that are answered; only an index asks for them."""
        if self._index is None:
            return ()
        return tuple(place for place in self._asked.values() if contents[place] != ASKS)

    def _facts(
        self, contents: Sequence[Content], apart: Mapping[int, Sequence[Content]], answered: tuple[int, ...]
    ) -> PreparedFacts:
        packed = None if self._index is None else self._index.pack(contents)
        return PreparedFacts(self, self._version, contents, apart, answered, packed)

    def _prepared(self, facts: Facts) -> PreparedFacts:
        answered = tuple(self._asked[address] for address in facts.judgements if address in self._asked)
        contents = [
            ASKS if isinstance(slot, TruthSlot) and isinstance(slot.atom, rules.Judged) else content(slot, facts)
            for slot in self.slots
        ]
        for place in answered:
            contents[place] = content(self.slots[place], facts)
        apart: dict[int, list[Content]] = {}
        for trial_id, place in self._ids.items() if facts.overrides else ():
            if trial_id.casefold() in facts.overrides:
                apart[place] = own = list(contents)
                for slot in self._of_one_trial:
                    own[slot] = content(self.slots[slot], facts, trial_id)
        return self._facts(tuple(contents), apart, answered)


def _statements(trial: Trial) -> Statements:
    return Statements(trial.criteria, trial.values)


_NOTHING_APART: Mapping[int, Sequence[Content]] = {}


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

    vocabulary: Vocabulary
    data: Mapping[str, Any]
    at: Instant
    zone: tzinfo
    absent: Absent

    @cached_property
    def record(self) -> Patient:
        return Patient.parse(self.data, vocabulary=self.vocabulary)

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
