"""Criteria that were judged over terms go in; frames of Polars with verdicts, criteria, or what attrition counts come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import polars as pl

from eligibility.cohort.folding import Flag, Statement
from eligibility.cohort.planes import Node, conjoined, disjoined, negated
from eligibility.cohort.plans import Plan, roots_of
from eligibility.cohort.terms import Truth, truth_of
from eligibility.cohort.verdicts import Judged, Judgement
from eligibility.library import Trial

_VERDICTS = ["ineligible", "eligible", "undetermined", "review"]


def holding(frame: nw.LazyFrame[Any], flags: Sequence[Flag]) -> list[bool]:
    """Does each of some flags hold in some row of a frame?"""
    planes = [truth_of(flag).holds for flag in flags]
    plan = Plan(planes)
    native: pl.LazyFrame = frame.to_native()
    columns = [plan.plane(plane).any().alias(f"c{index}") for index, plane in enumerate(planes)]
    return [bool(found) for found in plan.applied(native, "patient").select(columns).collect().row(0)]


def with_statements(frame: nw.LazyFrame[Any], statements: Mapping[str, Statement]) -> nw.LazyFrame[Any]:
    """A frame with a column for each of some statements."""
    native: pl.LazyFrame = frame.to_native()
    names = native.collect_schema().names()
    plan = Plan(root for value in statements.values() for root in roots_of(_plain(value)))
    made = [plan.statement(_plain(value)).alias(name) for name, value in statements.items()]
    found: nw.LazyFrame[Any] = nw.from_native(plan.applied(native, *names).select(*names, *made))
    return found


def _plain(value: Statement) -> bool | Truth | None:
    return value if isinstance(value, Truth) or not isinstance(value, nw.Expr) else truth_of(value)


def verdicts(frame: nw.LazyFrame[Any], judgement: Judgement, trials: Sequence[Trial]) -> nw.LazyFrame[Any]:
    """The patients of a frame with a column for the verdict of each trial."""
    native: pl.LazyFrame = frame.to_native()
    if "verdicts" not in judgement.plans:
        judgement.plans["verdicts"] = _verdict_columns(judgement, trials)
    plan, columns = judgement.plans["verdicts"]
    found: nw.LazyFrame[Any] = nw.from_native(plan.applied(native, "patient").select("patient", *columns))
    return found


def _verdict_columns(judgement: Judgement, trials: Sequence[Trial]) -> tuple[Plan, list[pl.Expr]]:
    grounds = [_grounds(judgement.of(trial)) for trial in trials]
    plan = Plan(plane for planes in grounds for plane in planes)
    columns = []
    for trial, planes in zip(trials, grounds, strict=True):
        number: pl.Expr = pl.lit(3, dtype=pl.UInt8)
        for index, plane in reversed(list(enumerate(planes))):
            chosen = pl.lit(index, dtype=pl.UInt8)
            number = (
                chosen
                if plane is True
                else number
                if plane is False
                else pl.when(plan.plane(plane)).then(chosen).otherwise(number)
            )
        if all(isinstance(plane, bool) for plane in planes):
            verdict = pl.lit(_VERDICTS[next((index for index, plane in enumerate(planes) if plane), 3)])
        else:  # a number for each is chosen, and its text is taken: texts are slow to choose between
            verdict = pl.lit(pl.Series(_VERDICTS)).gather(number)
        columns.append(verdict.alias(trial.id))
    return plan, columns


def _grounds(criteria: Sequence[Judged]) -> list[bool | Node]:
    """Where a criterion rules the patient out; where all are passed; and where one lacks data, if none rules the patient out:
    what waits for data alone then lacks them where it is not passed."""
    fails: list[bool | Node] = []
    passes: list[bool | Node] = []
    measured: list[bool | Node] = []
    lacks: list[bool | Node] = []
    for judged in criteria:
        met = truth_of(judged.met)
        failing, passing = (met.fails, met.holds) if judged.criterion.section == "include" else (met.holds, met.fails)
        fails.append(failing)
        if judged.waits_for_data:
            measured.append(passing)
        else:
            passes.append(passing)
            lacks.append(truth_of(judged.lacks_data).holds)
    by_data = conjoined(*measured)
    return [disjoined(*fails), conjoined(by_data, *passes), disjoined(negated(by_data), *lacks)]


def criteria(frame: nw.LazyFrame[Any], judgement: Judgement) -> nw.LazyFrame[Any]:
    """The patients of a frame with a column for whether each criterion is met."""
    native: pl.LazyFrame = frame.to_native()
    if "criteria" not in judgement.plans:
        plan = Plan(root for judged in judgement.criteria for root in roots_of(_plain(judged.met)))
        columns = [plan.statement(_plain(judged.met)).alias(judged.name) for judged in judgement.criteria]
        judgement.plans["criteria"] = plan, columns
    plan, columns = judgement.plans["criteria"]
    found: nw.LazyFrame[Any] = nw.from_native(plan.applied(native, "patient").select("patient", *columns))
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
        found.open_on = {
            name: kept(f"_o{index}_{number}", flag) for number, (name, flag) in enumerate(judged.open_on.items())
        }
        made.append(found)
    return with_statements(frame.select(nw.all()), statements).select("patient", *statements), Judgement(criteria=made)
