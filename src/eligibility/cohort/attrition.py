"""Judged criteria go in; how many patients each removed and is open for, and the facts that would settle most open cases, come out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from eligibility.cohort.folding import Flag, both, either, is_open, no
from eligibility.cohort.verdicts import Judged, Judgement
from eligibility.library import Trial

ATTRITION = ("trial", "criterion", "label", "fact", "patients", "removed", "removed_first", "left", "open", "settled")
"""The columns. A row with a criterion and no fact counts patients that the criterion removed, that no earlier one had removed, that
were left then, and for whom it is open. A row with a criterion and a fact: for whom the criterion is open on that fact. A row with
a fact and no criterion: whom the trial has not ruled out and waits for that fact, and for how many of them for that alone."""


def attrition_sums(judgement: Judgement, trials: tuple[Trial, ...]) -> dict[str, Flag]:
    """What is to be counted, by a code."""
    sums: dict[str, Flag] = {}
    standing: dict[str, Flag] = {}
    for index, judged in enumerate(judgement.criteria):
        before = standing.get(judged.trial.id, True)
        sums[f"{index}:removed"] = judged.fails
        sums[f"{index}:first"] = both(before, judged.fails)
        sums[f"{index}:open"] = is_open(judged.met)
        standing[judged.trial.id] = both(before, no(judged.fails))
        for number, flag in enumerate(judged.open_on.values()):
            sums[f"{index}:on:{number}"] = flag
    for trial in trials:
        facts = waiting(judgement.of(trial))
        several = sum((_one(flag) for flag in facts.values()), start=nw.lit(0, dtype=nw.Int64))
        for number, flag in enumerate(facts.values()):
            waits = both(standing.get(trial.id, True), flag)
            sums[f"{trial.id}:waits:{number}"] = waits
            sums[f"{trial.id}:alone:{number}"] = both(waits, several == 1)
    return sums


def waiting(criteria: list[Judged]) -> dict[str, Flag]:
    """For each fact whether a criterion of a trial is open on it."""
    found: dict[str, Flag] = {}
    for judged in criteria:
        for name, flag in judged.open_on.items():
            found[name] = either(found.get(name, False), flag)
    return found


def _one(flag: Flag) -> nw.Expr:
    return flag.cast(nw.Int64) if isinstance(flag, nw.Expr) else nw.lit(int(flag), dtype=nw.Int64)


def attrition_rows(
    judgement: Judgement, trials: tuple[Trial, ...], patients: int, counts: dict[str, int]
) -> list[tuple[Any, ...]]:
    """The rows of the table of attrition: each criterion, then the facts that it is open on, most cases first; at the end of a
    trial the facts that would settle most of its open cases."""
    rows: list[tuple[Any, ...]] = []
    left: dict[str, int] = {}
    for trial in trials:
        for index, judged in enumerate(judgement.criteria):
            if judged.trial is not trial:
                continue
            address, label = judged.criterion.address, judged.criterion.label
            first = counts[f"{index}:first"]
            left[trial.id] = left.get(trial.id, patients) - first
            told = (counts[f"{index}:removed"], first, left[trial.id], counts[f"{index}:open"], None)
            rows.append((trial.id, address, label, None, patients, *told))
            for count, name in _most_first(
                (counts[f"{index}:on:{number}"], name) for number, name in enumerate(judged.open_on)
            ):
                rows.append((trial.id, address, label, name, patients, None, None, None, count, None))
        facts = [
            (counts[f"{trial.id}:alone:{number}"], counts[f"{trial.id}:waits:{number}"], name)
            for number, name in enumerate(waiting(judgement.of(trial)))
        ]
        for alone, waits, name in sorted(facts, key=lambda item: (-item[0], -item[1], item[2])):
            if waits:
                rows.append((trial.id, None, None, name, patients, None, None, None, waits, alone))
    return rows


def _most_first(facts: Any) -> list[tuple[int, str]]:
    return sorted((item for item in facts if item[0]), key=lambda item: (-item[0], item[1]))


def counted(flags: dict[str, nw.Expr]) -> list[nw.Expr]:
    """The sums of some flags."""
    return [flag.cast(nw.Int64).sum().alias(name) for name, flag in flags.items()]
