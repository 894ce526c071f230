"""A patient goes in; for each trial a verdict comes out, with the reason of every criterion and what is still missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from eligibility import rules
from eligibility.errors import UsageError, excerpt, nearest
from eligibility.evaluator import Situation, evaluate, evaluate_atom
from eligibility.explanation import OUTCOMES, Truths, explain
from eligibility.facts import Absent, Facts, Timeline, prepare
from eligibility.instants import iso
from eligibility.library import Trial, bundled_trials, select
from eligibility.logic import Truth
from eligibility.needs import merge, needs_of
from eligibility.patient import Patient, Unrecognized
from eligibility.results import Criteria, CriterionResult, Need, Screening, TrialResult, Verdict
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
    vocabulary = _vocabulary_of(chosen)
    record = patient if isinstance(patient, Patient) else Patient.parse(patient, vocabulary=vocabulary)
    if record.vocabulary is not vocabulary:
        raise UsageError("the patient was read with another vocabulary than that of the trials; read it with theirs")
    facts = prepare(record, at, absent)
    results = tuple(judge(trial, facts) for trial in chosen)
    noted = facts.computed.get("warnings", {})
    warnings = (*facts.warnings, *(noted if isinstance(noted, dict) else ()), *_taken_as_never(chosen, facts))
    return Screening(
        iso(facts.at, facts.zone), results, (*record.unrecognized, *_strange_addresses(record, chosen)),
        facts.ignored, tuple(dict.fromkeys(warnings)), record.id,
    )  # fmt: skip


def _vocabulary_of(trials: tuple[Trial, ...]) -> Vocabulary:
    if not trials:
        return bundled_vocabulary()
    if any(trial.vocabulary is not trials[0].vocabulary for trial in trials):
        raise UsageError("the trials were compiled with different vocabularies; screen them apart")
    return trials[0].vocabulary


def judge(trial: Trial, facts: Facts) -> TrialResult:
    """One trial against prepared facts."""
    situation = Situation(facts, facts.at, trial.id, trial.values)
    results: list[CriterionResult] = []
    waiting: list[Need] = []
    states: list[_Judged] = []
    for criterion in trial.criteria:
        truths: Truths = {atom: evaluate_atom(atom, situation) for atom in rules.atoms(criterion.rule)}
        outcome = evaluate(criterion.rule, situation)
        reason, evidence = explain(criterion.rule, truths, situation)
        needs, answers = needs_of(criterion, truths, situation) if outcome is U else ((), True)
        waiting += needs
        states.append(_Judged(_passes(criterion, outcome), answers))
        results.append(CriterionResult(
            criterion.address, criterion.section, criterion.label, OUTCOMES[outcome], _passes(criterion, outcome),
            reason, evidence, needs, criterion.note,
        ))  # fmt: skip
    verdict = _verdict(states)
    is_open = verdict in ("review", "undetermined")

    def find_valid_until() -> str | None:
        found = first_change(
            trial.criteria, facts, trial.id, trial.values,
            lambda criterion, now: _Later(criterion, Situation(facts, now, trial.id, trial.values)), _verdict,
        )  # fmt: skip
        return None if found is None else iso(found, facts.zone)

    return TrialResult(
        trial.id, trial.title, verdict, Criteria(results), merge(waiting) if is_open else (), find_valid_until
    )


class _Judged(NamedTuple):
    """What a criterion says of a verdict: whether it passes, and if that is open, whether it waits for people alone."""

    passes: bool | None
    only_answers: bool


class _Later:
    """The same at a later instant, found when it is asked for: most verdicts do not hang on all criteria."""

    def __init__(self, criterion: rules.Criterion, situation: Situation) -> None:
        self._criterion, self._situation = criterion, situation

    @cached_property
    def passes(self) -> bool | None:
        """Does it pass? None while it is open."""
        return _passes(self._criterion, evaluate(self._criterion.rule, self._situation))

    @cached_property
    def only_answers(self) -> bool:
        """Is nothing open, or nothing but answers of people?"""
        if self.passes is not None:
            return True
        truths = {atom: evaluate_atom(atom, self._situation) for atom in rules.atoms(self._criterion.rule)}
        return needs_of(self._criterion, truths, self._situation)[1]


def _passes(criterion: rules.Criterion, outcome: Truth) -> bool | None:
    if outcome is U:
        return None
    return outcome is (T if criterion.section == "include" else F)


def _verdict(states: Sequence[_Judged | _Later]) -> Verdict:
    if any(state.passes is False for state in states):
        return "ineligible"
    if all(state.passes for state in states):
        return "eligible"
    return "review" if all(state.only_answers for state in states) else "undetermined"


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
            found.append(Unrecognized(f"judgements.{excerpt(address, 80)}", tuple(near)))
    for trial_id in patient.overrides:
        if trial_id.casefold() not in known:
            near = nearest(trial_id, [trial.id for trial in known.values()])
            found.append(Unrecognized(f"trials.{excerpt(trial_id, 80)}", tuple(near)))
    return found


def _bundled_if_loaded(trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    return bundled_trials() if trials and trials[0].vocabulary is bundled_vocabulary() else ()
