"""A trial goes in; patients that together show every comparison and operand of its criteria come out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from eligibility import rules
from eligibility.building import choices, consistent, facts_of, merged, solve
from eligibility.coverage import goals, shown
from eligibility.evaluator import Situation
from eligibility.library import Trial
from eligibility.regions import clusters
from eligibility.states import State

_TRIES = 4000


def cover(trial: Trial, moment: datetime, seed: int = 1) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:
    """Patients that reach as many goals of coverage as were found, and the goals that no patient was found for."""
    chance = random.Random(seed)
    kept: list[list[dict[str, Any]]] = []
    lost: list[str] = []
    for group in clusters(trial.criteria, trial.vocabulary):
        records, missing = _cover_group(trial, group, moment, chance)
        kept.append(records)
        lost += missing
    most = max((len(records) for records in kept), default=0)
    patients = tuple(
        merged(records[index] for records in kept if index < len(records)) for index in range(most)
    )  # fmt: skip
    return patients, tuple(lost)


def _cover_group(
    trial: Trial, group: Sequence[rules.Criterion], moment: datetime, chance: random.Random
) -> tuple[list[dict[str, Any]], list[str]]:  # fmt: skip
    options = choices(group, trial, moment)
    wanted = {(c.address, goal) for c in group for goal in goals(c, trial.vocabulary)}
    kept: list[dict[str, Any]] = []
    solutions = solve(trial, tuple(group), moment)
    seeds: list[dict[str, Any]] = [{}, *solutions.passing, *solutions.failing]
    for attempt in range(_TRIES):
        if not wanted:
            break
        if attempt < len(seeds):
            record = seeds[attempt]
        elif attempt % 4:
            record = _varied(chance.choice(seeds), options, chance, trial)
        else:
            record = _random_record(options, chance, trial)
        found = _shown(trial, group, record, moment)
        if found & wanted:
            wanted -= found
            kept.append(record)
            seeds.append(record)
    return kept, [f"{address}: {goal}" for address, goal in sorted(wanted)]


def _random_record(options: dict[str, tuple[State, ...]], chance: random.Random, trial: Trial) -> dict[str, Any]:
    share = chance.choice((0.3, 0.7, 1.0, 1.0))
    simple = chance.random() < 0.6  # the first states of a variable are plain values and answers
    drawn = []
    for states in options.values():
        if states and chance.random() < share:
            drawn.append(chance.choice(states[: max(3, len(states) // 3)] if simple else states))
    return consistent(merged(drawn), trial.vocabulary)


def _varied(
    base: dict[str, Any], options: dict[str, tuple[State, ...]], chance: random.Random, trial: Trial
) -> dict[str, Any]:  # fmt: skip
    changed = dict(base)
    for name in chance.sample(sorted(options), min(len(options), chance.choice((1, 1, 2)))):
        if options[name]:
            changed = merged([changed, chance.choice(options[name])])
    return consistent(changed, trial.vocabulary)


def _shown(
    trial: Trial, group: Sequence[rules.Criterion], record: dict[str, Any], moment: datetime
) -> set[tuple[str, str]]:  # fmt: skip
    facts = facts_of(record, trial, moment)
    if facts is None:
        return set()
    situation = Situation(facts, facts.at, trial.id, trial.values)
    return {(criterion.address, goal) for criterion in group for goal in shown(criterion, situation)}
