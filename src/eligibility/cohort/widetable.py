"""A wide table, one row for each patient, and trials go in; a screened cohort comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from eligibility.cohort.engines import engine_of
from eligibility.cohort.expressible import require_expressible
from eligibility.cohort.kept_judgements import kept_or_judged
from eligibility.cohort.long import addresses_of, known_trials, vocabulary_of
from eligibility.cohort.reading import clock_at
from eligibility.cohort.results import Cohort
from eligibility.cohort.wide_reading import WideTable
from eligibility.errors import UsageError
from eligibility.library import Trial, select
from eligibility.look import Absent


def screen_wide(
    frame: Any,
    trials: Iterable[str | Trial] | str | Trial | None = None,
    *,
    at: str | datetime | None = None,
    units: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    patient: str = "patient",
    absent: Absent = "unknown",
) -> Cohort:
    """Judge every row of a wide table.

    A column is named like a concept, or `columns` gives its concept (`{"krea": "creatinine"}`; `"ALT upper limit"` for a column of
    limits of normal; the address of a judgement). Numbers are in the unit that `units` gives for their column, else in the unit
    that a bare number of the concept has; conditions, events, attestations and judgements are boolean, or times (an onset, an
    instant); classes are texts. Every value was observed at the instant: `at`, else the column `as_of`, else now. Null is unknown.

    A value that cannot be used is read as null and is in `.rejects`; so is the name of a column that is no concept. Raises
    UsageError for a column of the wrong type, or without a unit that it needs.
    """
    chosen = select(trials)
    vocabulary = vocabulary_of(chosen)
    if absent not in ("unknown", "no"):
        raise UsageError('`absent` is "unknown" or "no"')
    engine, native = engine_of(frame)
    require_expressible(chosen, engine)
    table = WideTable(
        engine,
        clock_at(at),
        native,
        vocabulary,
        at is not None,
        dict(units or {}),
        dict(columns or {}),
        patient,
        absent,
    )
    known = addresses_of(known_trials(chosen))
    source = table.source(known)
    judgement = kept_or_judged(table.form(source, chosen) if engine.name == "polars" else None, source, chosen)
    if source.asks_months and source.born is not None:
        table.months(source.born.name)
    if engine.name == "polars":
        return Cohort(engine, table.frame, judgement, chosen, table.rejected)
    answered = judgement.applied(source.sheet.applied(table.frame, engine), engine)
    return Cohort(engine, engine.settle(answered), judgement, chosen, table.rejected)
