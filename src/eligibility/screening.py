"""A patient goes in; for each trial a verdict comes out, with the reason of every criterion and what is still missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from eligibility import rules
from eligibility.errors import UsageError, excerpt, nearest
from eligibility.evaluator import Situation, Truths, kleene, truths_of
from eligibility.explanation import explain
from eligibility.facts import Facts, prepare
from eligibility.instants import Instant, iso
from eligibility.library import Trial, bundled_trials, select
from eligibility.logic import Truth
from eligibility.look import Absent
from eligibility.needs import merge, needs_of, open_atoms
from eligibility.patient import Patient, Unrecognized
from eligibility.results import OUTCOMES, Criteria, CriterionResult, Need, Remarks, Screening, TrialResult, Verdict
from eligibility.timelines import Timeline
from eligibility.validity import first_change
from eligibility.vocabulary import Vocabulary, bundled_vocabulary

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def screen(
    patient: Mapping[str, Any] | Patient,
    trials: Iterable[str | Trial] | str | Trial | None = None,
    *,
    at: str | datetime | None = None,
    absent: Absent = "unknown",
) -> Screening:
    """Judge a patient against trials at one instant.

    `patient` is a dict of facts (or a parsed Patient); `trials` are IDs of bundled trials, compiled Trials, or None for
    all bundled ones. `at` is an instant (`2024-03-04T08:00Z`; UTC where it brings no offset), else the patient's `as_of`,
    else now. `absent="no"` reads silence as absence for those conditions and events that a problem list would name.

    Raises PatientError, which names every key that cannot be used, and UsageError for an unknown trial or a bad `at`.
    """
    chosen = select(trials)
    vocabulary = vocabulary_of(chosen)
    record = record_of(patient, vocabulary)
    facts = prepare(record, at, absent)
    results = tuple(judge(trial, facts) for trial in chosen)
    return Screening(iso(facts.at, facts.zone), results, record.id, partial(remarks, record, facts, chosen))


def record_of(patient: Mapping[str, Any] | Patient, vocabulary: Vocabulary) -> Patient:
    """The validated record of a patient. Raises PatientError, and UsageError for one of another vocabulary."""
    record = patient if isinstance(patient, Patient) else Patient.parse(patient, vocabulary=vocabulary)
    if record.vocabulary is not vocabulary:
        raise UsageError("the patient was read with another vocabulary than that of the trials; read it with theirs")
    return record


def remarks(record: Patient, facts: Facts, trials: tuple[Trial, ...]) -> Remarks:
    """What is to be said of a record beside the verdicts, once the trials were judged."""
    noted = facts.computed.get("warnings", {})
    warnings = (*facts.warnings, *(noted if isinstance(noted, dict) else ()), *_taken_as_never(trials, facts))
    unrecognized = (*record.unrecognized, *_strange_addresses(record, trials))
    return Remarks(unrecognized, facts.ignored, tuple(dict.fromkeys(warnings)))


def vocabulary_of(trials: tuple[Trial, ...]) -> Vocabulary:
    """The vocabulary of some trials. Raises UsageError where they were compiled with different ones."""
    if not trials:
        return bundled_vocabulary()
    if any(trial.vocabulary is not trials[0].vocabulary for trial in trials):
        raise UsageError("the trials were compiled with different vocabularies; screen them apart")
    return trials[0].vocabulary


def judge(trial: Trial, facts: Facts) -> TrialResult:
    """One trial against prepared facts."""
    return TrialResult(trial.id, trial.title, verdict_at(trial, facts, facts.at), Judgement(trial, facts))


@dataclass(frozen=True)
class Judgement:
    """What stands behind the verdict of one trial: the reference evaluator, asked again for what is read."""

    trial: Trial
    facts: Facts

    def criteria(self) -> Criteria:
        """Every criterion, judged."""
        situation = Situation(self.facts, self.facts.at, self.trial.id, self.trial.values)
        return Criteria([_criterion(criterion, situation) for criterion in self.trial.criteria])

    def needs(self, criteria: Criteria) -> tuple[Need, ...]:
        """What the open criteria wait for, one need for each fact."""
        return merge(need for criterion in criteria for need in criterion.needs)

    def valid_until(self) -> str | None:
        """The first later instant at which the same facts give another verdict."""
        trial, facts = self.trial, self.facts

        def standing_at(criterion: rules.Criterion, now: Instant) -> _Standing:
            return _Standing(criterion, Situation(facts, now, trial.id, trial.values))

        found = first_change(trial.criteria, facts, trial.id, trial.values, standing_at, _verdict)
        return None if found is None else iso(found, facts.zone)


def _criterion(criterion: rules.Criterion, situation: Situation) -> CriterionResult:
    truths = truths_of(criterion.rule, situation)
    outcome = kleene(criterion.rule, truths)
    return CriterionResult(
        criterion.address, criterion.section, criterion.label, OUTCOMES[outcome], _passes(criterion, outcome), criterion.note,
        partial(explain, criterion.rule, truths, situation), partial(needs_of, criterion, truths, situation),
    )  # fmt: skip


def verdict_at(trial: Trial, facts: Facts, now: Instant) -> Verdict:
    """The verdict that the facts give at their instant, or at a later one."""
    situation = Situation(facts, now, trial.id, trial.values)
    return _verdict([_Standing(criterion, situation) for criterion in trial.criteria])


class _Standing:
    """What a criterion says of the verdict at an instant, found when it is asked for: few verdicts hang on all criteria."""

    def __init__(self, criterion: rules.Criterion, situation: Situation) -> None:
        self._criterion, self._situation = criterion, situation

    @cached_property
    def _truths(self) -> Truths:
        return truths_of(self._criterion.rule, self._situation)

    @cached_property
    def passes(self) -> bool | None:
        """Does it pass? None while it is open."""
        return _passes(self._criterion, kleene(self._criterion.rule, self._truths))

    @property
    def only_answers(self) -> bool:
        """Does it wait for nothing but answers of people?"""
        waits_for = open_atoms(self._criterion.rule, self._truths)
        return all(isinstance(atom, rules.Attested | rules.Judged) for atom in waits_for)


def _passes(criterion: rules.Criterion, outcome: Truth) -> bool | None:
    if outcome is U:
        return None
    return outcome is (T if criterion.section == "include" else F)


def _verdict(standings: Sequence[_Standing]) -> Verdict:
    if any(standing.passes is False for standing in standings):
        return "ineligible"
    if all(standing.passes for standing in standings):
        return "eligible"
    return "review" if all(standing.only_answers for standing in standings) else "undetermined"


def _taken_as_never(trials: tuple[Trial, ...], facts: Facts) -> list[str]:
    """Where a plain `false` decides a history or a window it is taken as "never", which the record may not have meant."""
    where: dict[str, list[str]] = {}
    for trial in trials:
        for criterion in trial.criteria:
            for atom in rules.atoms(criterion.rule):
                if (
                    not isinstance(atom, rules.Ever | rules.InWindow | rules.OnsetIn)
                    or atom.concept.kind != "condition"
                ):
                    continue
                for name in (atom.concept.name, *facts.vocabulary.wholes(atom.concept.name)):
                    timeline = facts.timelines.get(name, Timeline())
                    if timeline.complete == "never" and not timeline.episodes:
                        where.setdefault(name, []).append(f"{trial.id}/{criterion.address}")
                        break
    told = [f"{name} ({', '.join(dict.fromkeys(addresses))})" for name, addresses in where.items()]
    return [f"`false` was taken as never, now and before: {', '.join(told)}"] if told else []


def _strange_addresses(patient: Patient, trials: tuple[Trial, ...]) -> list[Unrecognized]:
    """Judgements and overrides of the record that belong to no criterion of a known trial."""
    if not patient.judgements and not patient.overrides:
        return []
    known = {trial.id.casefold(): trial for trial in (*_bundled_if_loaded(trials), *trials)}
    found = []
    for address in patient.judgements:
        trial_id, _, place = address.partition("/")
        trial = known.get(trial_id)
        asked = [
            criterion.address for criterion in (trial.criteria if trial else ())
            if any(isinstance(atom, rules.Judged) for atom in rules.atoms(criterion.rule))
        ]  # fmt: skip
        if trial is None or place not in [item.casefold() for item in asked]:
            near = [f"judgements.{trial.id}/{item}" for item in nearest(place, asked)] if trial else []
            found.append(Unrecognized(f"judgements.{excerpt(address, 80)}", partial(tuple, near)))
    for trial_id in patient.overrides:
        if trial_id.casefold() not in known:
            near = nearest(trial_id, [trial.id for trial in known.values()])
            found.append(Unrecognized(f"trials.{excerpt(trial_id, 80)}", partial(tuple, near)))
    return found


def _bundled_if_loaded(trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    return bundled_trials() if trials and trials[0].vocabulary is bundled_vocabulary() else ()
