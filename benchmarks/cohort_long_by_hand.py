"""A long table of facts goes in; what `cohort_by_hand` judges comes out: one row for each patient, with the newest current values.

What a careful person writes in Polars: the newest row of each patient and concept, how old it may be, what is paired with what, and
which measurements rose.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import polars as pl

from cohort_by_hand import AT, CREATININE, INFINITY, Derived, Range, below, change_of, gradient_of, meld_of, ratio_of
from cohort_tables import DATED, LIMITED, QUANTITIES

col = pl.col
DAY, WEEK = timedelta(hours=24), timedelta(days=7)
OF_A_DAY = ("PaO2", "FiO2", "PaCO2", "PEEP", "respiratory rate at rest", "SpO2 on room air", "SOFA", "failing organs")
BILIRUBIN = 17.103957855847842  # umol/L in 1 mg/dL
INPUTS = ("total bilirubin", "INR", "creatinine")


def by_patient(facts: pl.DataFrame, told: list[str]) -> pl.LazyFrame:
    """One row for each patient; `told` are the conditions, events and answers that have a column."""
    numbers = (*QUANTITIES, *LIMITED)
    newest = (
        facts.lazy().filter(col("concept").is_in(numbers)).group_by("patient", "concept")
        .agg(col("value", "upper_limit").sort_by("time").last(), col("time").max()).collect()
    )  # fmt: skip
    wide = facts.lazy().filter(col("concept") == "age").select("patient", age="value").collect()
    for name, rows in _pieces(newest):
        wide = wide.join(
            rows.select("patient", col("value").alias(name), col("time").alias(f"{name} at"), col("upper_limit").alias(f"{name} upper limit")),
            on="patient", how="left",
        )  # fmt: skip
    others = (
        facts.lazy()
        .filter(~col("concept").is_in((*numbers, "age")))
        .select("patient", "concept", "status", "time")
        .collect()
    )
    for name, rows in _pieces(others):
        said = col("time") if name in DATED else col("status") == "present"
        wide = wide.join(rows.select("patient", said.alias(name)), on="patient", how="left")
    missing = [
        pl.lit(None, dtype=pl.Datetime("us") if name in DATED else pl.Boolean).alias(name)
        for name in told
        if name not in wide.columns
    ]
    wide = wide.with_columns(
        *missing, sex=pl.lit(None, dtype=pl.String), **{"pulmonary hypertension stage": pl.lit(None, dtype=pl.String)}
    )
    for name, step in (("creatinine", 44.2 / CREATININE), ("total bilirubin", 17.1 / BILIRUBIN)):
        wide = wide.join(_rises(facts, name, step), on="patient", how="left")
    # a newest value that is too old is none, but for what is sampled with it
    kept = wide.lazy().with_columns(
        *[col("PaO2", "FiO2", "PaCO2", "white cell count", "SOFA", *INPUTS).name.prefix("newest ")]
    )
    paired = [
        pl.when(col(f"{name} at").is_between(col("PaO2 at") - DAY, col("PaO2 at"))).then(col(name)).alias(f"paired {name}") for name in ("FiO2", "PaCO2")
    ]  # fmt: skip
    kept = kept.with_columns(*paired)
    current = [
        pl.when(col(f"{name} at") >= AT - (DAY if name in OF_A_DAY else WEEK)).then(col(name)).alias(name)
        for name in numbers if name != "baseline SOFA"
    ]  # fmt: skip
    limits = [
        pl.when(col(f"{name} at") >= AT - WEEK).then(col(f"{name} upper limit")).alias(f"{name} upper limit")
        for name in (*LIMITED, "total bilirubin")
    ]
    return _with_older_pairs(facts, kept).with_columns(*current, *limits)


def _pieces(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(key[0]), piece) for key, piece in rows.partition_by("concept", as_dict=True).items()]


def _with_older_pairs(facts: pl.DataFrame, wide: pl.LazyFrame) -> pl.LazyFrame:
    """What was measured before the newest PaO2, where the newest of it came after."""
    for name in ("FiO2", "PaCO2"):
        rows = (
            facts.lazy()
            .filter(col("concept") == name)
            .select("patient", "time", col("value").alias("older"))
            .sort("time")
        )
        late = wide.filter(col(f"{name} at") > col("PaO2 at")).select("patient", "PaO2 at").sort("PaO2 at")
        found = late.join_asof(
            rows, left_on="PaO2 at", right_on="time", by="patient", tolerance=DAY, check_sortedness=False
        ).select("patient", "older")
        wide = (
            wide.join(found, on="patient", how="left")
            .with_columns(pl.coalesce(f"paired {name}", "older").alias(f"paired {name}"))
            .drop("older")
        )
    return wide


def _rises(facts: pl.DataFrame, name: str, step: float) -> pl.DataFrame:
    """Did a quantity rise by a step within 28 hours in the last week? Null without two values so close."""
    rows = (
        facts.filter((col("concept") == name) & (col("time") >= AT - WEEK))
        .select("patient", "time", "value")
        .sort("patient", "time")
    )
    seen = rows.rolling("time", period="28h", closed="both", group_by="patient").agg(
        rise=col("value").last() - col("value").min(), several=pl.len() > 1
    )
    found = seen.group_by("patient").agg(rise=(col("rise") >= step * (1 - 1e-9)).any(), several=col("several").any())
    return found.select("patient", pl.when("rise").then(True).when("several").then(False).alias(f"rise in {name}"))


def of_rows() -> Derived:
    """What is worked out of several facts, each at its time."""

    def when_current(value: Range, newest: pl.Expr, span: timedelta, low: float, high: float) -> Range:
        seen = newest >= AT - span
        return pl.when(seen).then(value[0]).otherwise(low), pl.when(seen).then(value[1]).otherwise(high)

    ratio = ratio_of(col("newest PaO2"), col("paired FiO2"))
    gradient = gradient_of(col("newest PaO2"), col("paired FiO2"), col("paired PaCO2"))
    sampled = pl.max_horizontal(*(col(f"{name} at") for name in INPUTS))
    inputs = [pl.when(col(f"{name} at") >= sampled - WEEK).then(col(f"newest {name}")) for name in INPUTS]
    # a change is one of a SOFA, from the baseline that was known then
    change = change_of(
        col("newest SOFA"), pl.when(col("baseline SOFA at") <= col("SOFA at")).then(col("baseline SOFA"))
    )

    def white_after(compared: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
        return pl.when(col("white cell count at") >= col("anti-infective treatment")).then(
            compared(col("newest white cell count"))
        )

    return Derived(
        lambda years: col("age") >= years, when_current(ratio, col("PaO2 at"), DAY, 0.0, INFINITY), gradient,
        when_current(meld_of(*inputs), sampled, WEEK, 0.0, INFINITY), when_current(change, col("SOFA at"), DAY, -24.0, 24.0),
        lambda treatment: pl.when(col("PaO2 at") >= col(treatment)).then(below(*ratio, 200)), white_after,
        col("rise in creatinine"), col("rise in total bilirubin"),
    )  # fmt: skip
