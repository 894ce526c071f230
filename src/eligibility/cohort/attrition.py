"""Judged criteria go in; how many patients each removed and is open for, and the facts that would settle most open cases, come out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import narwhals as nw

from eligibility.cohort.folding import Flag, Statement, both, either, expression, is_open
from eligibility.cohort.verdicts import Judged, Judgement
from eligibility.library import Trial

col = nw.col
ATTRITION = ("trial", "criterion", "label", "fact", "patients", "removed", "removed_first", "left", "open", "settled")
"""The columns. A row with a criterion and no fact counts patients that the criterion removed, that no earlier one had removed, that
were left then, and for whom it is open. A row with a criterion and a fact: for whom the criterion is open on that fact. A row with
a fact and no criterion: whom the trial has not ruled out and waits for that fact, and for how many of them for that alone."""


def attrition_sums(
    frame: nw.LazyFrame[Any], judgement: Judgement, trials: tuple[Trial, ...]
) -> tuple[nw.LazyFrame[Any], dict[str, Flag]]:
    """A judged frame with a column for what is looked at several times, and what is to be counted in it, by a code."""
    columns: dict[str, nw.Expr] = {}

    def kept(name: str, value: Statement) -> Any:
        if not isinstance(value, nw.Expr):
            return value
        columns[name] = value
        return col(name)

    criteria = [replace(judged, met=kept(f"m{index}", judged.met)) for index, judged in enumerate(judgement.criteria)]
    for index, (judged, told) in enumerate(zip(criteria, judgement.criteria, strict=True)):
        judged.open_on = {
            name: kept(f"o{index}_{number}", flag) for number, (name, flag) in enumerate(told.open_on.items())
        }
    frame = frame.with_columns(**columns) if columns else frame
    sums: dict[str, Flag] = {}
    first: dict[str, nw.Expr] = {}
    for index, judged in reversed(list(enumerate(criteria))):
        later = first.get(judged.trial.id, nw.lit(None, dtype=nw.Int64))
        first[judged.trial.id] = nw.when(expression(judged.fails)).then(nw.lit(index, dtype=nw.Int64)).otherwise(later)
    names = {trial: f"first_{number}" for number, trial in enumerate(first)}
    frame = frame.with_columns(**{names[trial]: found for trial, found in first.items()})
    for index, judged in enumerate(criteria):
        sums[f"{index}:removed"] = judged.fails
        sums[f"{index}:first"] = (col(names[judged.trial.id]) == index).fill_null(False)
        sums[f"{index}:open"] = is_open(judged.met)
        for number, flag in enumerate(judged.open_on.values()):
            sums[f"{index}:on:{number}"] = flag
    waits: dict[str, nw.Expr] = {}
    several: dict[str, nw.Expr] = {}
    for place, trial in enumerate(trials):
        if trial.id not in names:
            continue
        facts = waiting([judged for judged in criteria if judged.trial is trial])
        here = {
            f"w{place}_{number}": both(col(names[trial.id]).is_null(), flag)
            for number, flag in enumerate(facts.values())
        }
        waits |= {name: expression(flag) for name, flag in here.items()}
        several[f"s{place}"] = sum((col(name).cast(nw.Int64) for name in here), start=nw.lit(0, dtype=nw.Int64))
        for number, name in enumerate(here):
            sums[f"{trial.id}:waits:{number}"] = col(name)
            sums[f"{trial.id}:alone:{number}"] = col(name) & (col(f"s{place}") == 1)
    if waits:
        frame = frame.with_columns(**waits).with_columns(**several)
    return frame, sums


def waiting(criteria: list[Judged]) -> dict[str, Flag]:
    """For each fact whether a criterion of a trial is open on it."""
    found: dict[str, Flag] = {}
    for judged in criteria:
        for name, flag in judged.open_on.items():
            found[name] = either(found.get(name, False), flag)
    return found


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
