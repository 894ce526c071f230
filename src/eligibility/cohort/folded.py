"""Criteria that were judged over terms go in; frames of Polars with verdicts, criteria, or what attrition counts come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import polars as pl

from eligibility.cohort.folding import Statement
from eligibility.cohort.planes import Node
from eligibility.cohort.plans import Plan
from eligibility.cohort.terms import Truth, truth_of
from eligibility.cohort.verdicts import Judged, Judgement, grounds_of
from eligibility.library import Trial


def _planes(statements: Sequence[Statement]) -> list[bool | Node]:
    """The planes of which columns are made."""
    truths = [truth_of(statement) for statement in statements]
    return [plane for truth in truths for plane in (truth.holds, truth.fails)]


def with_statements(frame: nw.LazyFrame[Any], statements: Mapping[str, Statement]) -> nw.LazyFrame[Any]:
    """A frame with a column for each of some statements."""
    native: pl.LazyFrame = frame.to_native()
    names = native.collect_schema().names()
    plan = Plan(_planes(list(statements.values())))
    made = [plan.statement(_plain(value)).alias(name) for name, value in statements.items()]
    found: nw.LazyFrame[Any] = nw.from_native(plan.applied(native).select(*names, *made))
    return found


def _plain(value: Statement) -> bool | None | Truth:
    return value if isinstance(value, Truth) or not isinstance(value, nw.Expr) else truth_of(value)


def verdicts(frame: nw.LazyFrame[Any], judgement: Judgement, trials: Sequence[Trial]) -> nw.LazyFrame[Any]:
    """The patients of a frame with a column for the verdict of each trial."""
    native: pl.LazyFrame = frame.to_native()
    grounds = [[truth_of(flag).holds for flag in grounds_of(judgement.of(trial))] for trial in trials]
    plan = Plan(plane for flags in grounds for plane in flags)
    columns = []
    for trial, flags in zip(trials, grounds, strict=True):
        fails, waits, lacks = (plan.plane(flag) for flag in flags)
        verdict = pl.when(fails).then(pl.lit("ineligible")).when(~waits).then(pl.lit("eligible"))
        columns.append(verdict.when(lacks).then(pl.lit("undetermined")).otherwise(pl.lit("review")).alias(trial.id))
    found: nw.LazyFrame[Any] = nw.from_native(plan.applied(native).select("patient", *columns))
    return found


def criteria(frame: nw.LazyFrame[Any], judgement: Judgement) -> nw.LazyFrame[Any]:
    """The patients of a frame with a column for whether each criterion is met."""
    native: pl.LazyFrame = frame.to_native()
    plan = Plan(_planes([judged.met for judged in judgement.criteria]))
    columns = [plan.statement(_plain(judged.met)).alias(judged.name) for judged in judgement.criteria]
    found: nw.LazyFrame[Any] = nw.from_native(plan.applied(native).select("patient", *columns))
    return found


def in_columns(frame: nw.LazyFrame[Any], judgement: Judgement) -> tuple[nw.LazyFrame[Any], Judgement]:
    """The patients of a frame with what is known of each criterion as columns, and the judgement over those columns."""
    statements: dict[str, Statement] = {}

    def kept(name: str, value: Statement) -> Any:
        if not isinstance(value, nw.Expr):
            return value
        statements[name] = value
        return nw.col(name)

    made: list[Judged] = []
    for index, judged in enumerate(judgement.criteria):
        met, lacks = kept(f"_c{index}", judged.met), kept(f"_l{index}", judged.lacks_data)
        found = replace(judged, met=met, lacks_data=lacks)
        found.open_on = {name: kept(f"_o{index}_{number}", flag) for number, (name, flag) in enumerate(judged.open_on.items())}
        made.append(found)
    return with_statements(frame.select(nw.all()), statements).select("patient", *statements), Judgement(criteria=made)
