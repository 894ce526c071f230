"""A trial and an instant go in; patient records come out that make it pass, fail, or stay open, built and not searched for.

Criteria that share no fact are solved apart, and any of their solutions go together.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eligibility import rules as checked
from eligibility.errors import EligibilityError
from eligibility.evaluator import Situation, kleene, truths_of
from eligibility.facts import Facts, prepare
from eligibility.library import Trial
from eligibility.logic import Truth
from eligibility.patient import Patient
from eligibility.regions import clusters, touched
from eligibility.screening import verdict_at
from eligibility.states import State, states_for
from eligibility.vocabulary import Vocabulary

_MOST = 8
_ATTEMPTS = 60


def merged(pieces: Iterable[State]) -> dict[str, Any]:
    """One record from pieces; judgements are gathered under their key."""
    record: dict[str, Any] = {}
    for piece in pieces:
        for key, value in piece.items():
            record[key] = {**record[key], **value} if key == "judgements" and key in record else value
    return record


def consistent(record: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """A record without the facts that contradict others of it: parts of what never was, what cannot apply, two ages."""
    kept = dict(record)
    if "age" in kept and "birth_date" in kept:
        del kept["age"]
    for name in list(kept):
        concept = vocabulary.concepts.get(name)
        if concept is None:
            continue
        if any(_denies(kept.get(whole)) for whole in vocabulary.wholes(name)) and not _denies(kept[name]):
            del kept[name]
        elif concept.has_limited_applicability and not _denies(kept[name]) and kept[name] is not None:
            young = not (
                isinstance(kept.get("age"), str) and kept["age"].endswith("years") and int(kept["age"].split()[0]) >= 8
            )
            if kept.get("sex") not in (None, "female") or isinstance(kept.get("sex"), list | dict) or young:
                del kept[name]
        elif concept.none_when_absent and _denies(kept.get(concept.none_when_absent)):
            del kept[name]
    return kept


def _denies(value: object) -> bool:
    return value is False or value == {"present": False} or value == []


def facts_of(record: Mapping[str, Any], trial: Trial, moment: datetime) -> Facts | None:
    """What is known from a record; None for one that contradicts itself."""
    try:
        return prepare(Patient.parse(record, vocabulary=trial.vocabulary), moment)
    except EligibilityError:
        return None


def choices(criteria: Sequence[checked.Criterion], trial: Trial, moment: datetime) -> dict[str, tuple[State, ...]]:
    statements = [criterion.rule for criterion in criteria]
    needed = set().union(*(touched(statement, trial.vocabulary) for statement in statements))
    return states_for(statements, trial.vocabulary, moment, sorted(needed & {"sex", "age"}))


@dataclass(frozen=True)
class Solutions:
    """Records about one cluster of criteria, by what they make of it."""

    passing: tuple[dict[str, Any], ...]
    failing: tuple[dict[str, Any], ...]
    lacking: tuple[dict[str, Any], ...]
    asking: tuple[dict[str, Any], ...]
    criteria: tuple[checked.Criterion, ...]
    blocked: str | None


def solve(trial: Trial, group: tuple[checked.Criterion, ...], moment: datetime) -> Solutions:
    """Look for records that make a cluster pass, fail, or stay open; Kleene logic cuts off what cannot succeed."""
    solver = _Solver(trial, group, moment)
    passing = solver.search(want_pass=True)
    failing = solver.search(want_pass=False)
    lacking: list[dict[str, Any]] = []
    asking: list[dict[str, Any]] = []
    if solver.status({}) == "data":
        lacking.append({})
    elif solver.status({}) == "answers":
        asking.append({})
    for record in passing:
        for left_out in list(record):
            thinner = {key: value for key, value in record.items() if key != left_out}
            status = solver.status(thinner)
            if status == "data":
                lacking.append(thinner)
            elif status == "answers":
                asking.append(thinner)
    blocked = None
    if not passing:
        named = ", ".join(criterion.address for criterion in solver.stubborn())
        blocked = f"{named} cannot pass" if named else f"{', '.join(c.address for c in group)} cannot pass together"
    return Solutions(
        tuple(passing), tuple(failing), _distinct(lacking), _distinct(asking), group, blocked
    )  # fmt: skip


def _distinct(records: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple({repr(record): record for record in records}.values())[: 3 * _MOST]


def solved(trial: Trial, moment: datetime) -> tuple[Solutions, ...]:
    """The solutions of every cluster of a trial's criteria; found once for each trial and instant."""
    key = (id(trial), moment.isoformat())
    if key not in _SOLVED:
        _SOLVED[key] = (
            trial,
            tuple(solve(trial, group, moment) for group in clusters(trial.criteria, trial.vocabulary)),
        )
    return _SOLVED[key][1]


_SOLVED: dict[tuple[int, str], tuple[Trial, tuple[Solutions, ...]]] = {}


class _Solver:
    def __init__(self, trial: Trial, group: tuple[checked.Criterion, ...], moment: datetime) -> None:
        self._trial = Trial(
            trial.id, trial.title, group, trial.registry, trial.values, (), trial.source, trial.vocabulary
        )  # fmt: skip
        self._moment = moment
        self._choices = choices(group, trial, moment)
        self._random = random.Random(20240304)

    def _outcomes(
        self, record: dict[str, Any], criteria: Sequence[checked.Criterion]
    ) -> tuple[list[bool | None], int] | None:
        """Whether each criterion passes, and how many comparisons are open; None for a record that contradicts itself."""
        known = facts_of(record, self._trial, self._moment)
        if known is None:
            return None
        situation = Situation(known, known.at, self._trial.id, self._trial.values)
        passes: list[bool | None] = []
        count = 0
        for criterion in criteria:
            truths = truths_of(criterion.rule, situation)
            outcome = kleene(criterion.rule, truths)
            count += sum(truth is Truth.UNKNOWN for truth in truths.values())
            wanted = Truth.TRUE if criterion.section == "include" else Truth.FALSE
            passes.append(None if outcome is Truth.UNKNOWN else outcome is wanted)
        return passes, count

    def status(self, record: dict[str, Any]) -> str:
        """`pass`, `fail`, `data` or `answers`; `wrong` for a record that contradicts itself."""
        known = facts_of(record, self._trial, self._moment)
        if known is None:
            return "wrong"
        verdict = verdict_at(self._trial, known, known.at)
        return {"eligible": "pass", "ineligible": "fail", "undetermined": "data", "review": "answers"}[verdict]

    def search(self, *, want_pass: bool) -> list[dict[str, Any]]:
        """Up to a handful of different records that make every criterion pass, or one of them fail."""
        found: dict[str, dict[str, Any]] = {}
        for attempt in range(_ATTEMPTS):
            if len(found) >= _MOST:
                break
            aim = self._trial.criteria if want_pass else (self._random.choice(self._trial.criteria),)
            record = self._walk(aim, want_pass, plain=attempt < 4)
            if record is not None:
                found.setdefault(repr(sorted(record.items(), key=lambda item: item[0])), record)
        return sorted(found.values(), key=lambda record: len(repr(record)))

    def _walk(self, aim: Sequence[checked.Criterion], want_pass: bool, plain: bool) -> dict[str, Any] | None:
        names = list(self._choices)
        self._random.shuffle(names)
        record: dict[str, Any] = {}
        found = self._outcomes(record, aim)
        for name in names:
            options = list(self._choices[name])
            head = options[: max(4, len(options) // 2)] if plain else options
            self._random.shuffle(head)
            fallback = None
            for option in [*head, *options][:40]:
                tried = merged([record, option])
                outcome = self._outcomes(tried, aim)
                if outcome is None or (not want_pass) in outcome[0]:
                    continue
                if found is None or outcome[1] < found[1]:  # it decides something
                    record, found, fallback = tried, outcome, None
                    break
                fallback = fallback or (tried, outcome)
            if fallback is not None and self._random.random() < 0.3:
                record, found = fallback
            if found and found[0] and all(value is want_pass for value in found[0]):
                return record
        return None

    def stubborn(self) -> list[checked.Criterion]:
        """The criteria that cannot pass even alone."""
        return [
            criterion for criterion in self._trial.criteria
            if not any(self._walk((criterion,), True, plain=attempt % 2 == 0) for attempt in range(20))
        ]  # fmt: skip
