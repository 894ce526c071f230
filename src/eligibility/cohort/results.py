"""A judged frame goes in; verdicts, criteria, attrition and rejects come out, as frames of the engine that came in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw

from eligibility.cohort.attrition import ATTRITION, attrition_rows, attrition_sums, counted
from eligibility.cohort.engines import Engine
from eligibility.cohort.folding import expression
from eligibility.cohort.reading import I, S
from eligibility.cohort.verdicts import Judgement, verdict_of
from eligibility.library import Trial

col = nw.col
_SUMS_AT_ONCE = 400  # expressions of one query; more of them make a planner slow


@dataclass
class Cohort:
    """A screened cohort. Its frames are of the engine that came in (a Polars DataFrame for a DataFrame, a LazyFrame for a
    LazyFrame, a DuckDB relation, a Spark DataFrame, an Arrow or pandas table); each is worked out when it is asked for.

    `verdicts`: `patient` and a column for each trial. `criteria`: `patient` and a column `TRIAL/include.ID` for each criterion,
    true where it is met, false where it is not, null where that is unknown. `attrition`: for each criterion how many patients it
    removed (`removed`), how many of those no earlier criterion of the trial had removed (`removed_first`), how many were `left`
    then, and for how many it is `open`; a row with the `fact` for each fact that it is open on; and at the end of a trial, without a
    criterion, each fact that patients who are not ruled out wait for (`open`), and how many of them wait for it alone (`settled`), so
    that the facts that would settle most open cases stand first. `rejects`: the rows that could not
    be used, with the reason (`row` is null for the table of patients).
    """

    _engine: Engine
    _frame: nw.LazyFrame[Any]
    _judgement: Judgement
    _trials: tuple[Trial, ...]
    _rejects: nw.LazyFrame[Any]

    @cached_property
    def verdicts(self) -> Any:
        """The verdict of every trial for each patient."""
        if self._judgement.is_folded:
            from eligibility.cohort import folded

            return self._engine.give(folded.verdicts(self._frame, self._judgement, self._trials))
        made = self._judgement.columns
        frame = self._frame.with_columns(**made) if made else self._frame
        columns = [verdict_of(self._judgement.by_columns(trial)).alias(trial.id) for trial in self._trials]
        return self._engine.give(frame.select("patient", *columns))

    @cached_property
    def criteria(self) -> Any:
        """Whether each patient meets each criterion."""
        if self._judgement.is_folded:
            from eligibility.cohort import folded

            return self._engine.give(folded.criteria(self._frame, self._judgement))
        columns = [expression(judged.met).alias(judged.name) for judged in self._judgement.criteria]
        return self._engine.give(self._frame.select("patient", *columns))

    @cached_property
    def attrition_list(self) -> list[dict[str, Any]]:
        """The rows of `attrition` as dicts."""
        frame, judgement = self._frame, self._judgement
        if judgement.is_folded:
            from eligibility.cohort import folded

            frame, judgement = folded.in_columns(frame, judgement)
        frame, sums = attrition_sums(frame, judgement, self._trials)
        patients = int(self._engine.rows(self._frame.select(nw.len()))[0][0])
        varying = {name: flag for name, flag in sums.items() if isinstance(flag, nw.Expr)}
        counts = {name: patients if flag is True else 0 for name, flag in sums.items()}
        names = list(varying)
        for start in range(0, len(names), _SUMS_AT_ONCE):
            part = names[start : start + _SUMS_AT_ONCE]
            found = self._engine.rows(frame.select(*counted({name: varying[name] for name in part})))[0]
            counts.update({name: int(value or 0) for name, value in zip(part, found, strict=True)})
        return [
            dict(zip(ATTRITION, row, strict=True))
            for row in attrition_rows(self._judgement, self._trials, patients, counts)
        ]

    @cached_property
    def attrition(self) -> Any:
        """What each criterion removed and is open on."""
        rows = self.attrition_list
        types = {name: S if name in ("trial", "criterion", "label", "fact") else I for name in ATTRITION}
        table = {name: (types[name], [row[name] for row in rows]) for name in ATTRITION}
        return self._engine.give(self._engine.table(table))

    @cached_property
    def rejects(self) -> Any:
        """The rows that could not be used, with the reason."""
        return self._engine.give(self._rejects)

    def first_rejects(self, count: int) -> list[dict[str, Any]]:
        """Some of the rejected rows, as dicts."""
        names = ("row", "patient", "concept", "reason")
        return [
            dict(zip(names, row, strict=True)) for row in self._engine.rows(self._rejects.head(count).select(*names))
        ]

    def reasons(self, most: int) -> list[tuple[str, int]]:
        """Why rows could not be used, with how many rows, the most frequent first; so many reasons at most."""
        found = self._engine.rows(
            self._rejects.group_by("reason")
            .agg(nw.len().alias("rows"))
            .sort("rows", "reason", descending=[True, False])
            .head(most)
        )
        return [(str(why), int(count)) for why, count in found]

    @property
    def rejected(self) -> int:
        """How many rows could not be used."""
        return int(self._engine.rows(self._rejects.select(nw.len()))[0][0])
