"""Rows of classes and ages go in; ranks and completed ages come out. Values without a time that stand beside others are set aside."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from eligibility.ages import read_age
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.measurements import NO_NUMBER, NO_TEXT, OBSERVED, given_of, seen
from eligibility.cohort.reading import B, Clock, D, I, Rejects, S, distinct, lookup, reason
from eligibility.cohort.twins import amount
from eligibility.unreadable import UnreadableValue
from eligibility.values import read_class
from eligibility.vocabulary import Vocabulary

col = nw.col


def classes(
    engine: Engine, rows: nw.LazyFrame[Any], vocabulary: Vocabulary, clock: Clock, rejects: Rejects
) -> nw.LazyFrame[Any]:
    """Observations of classes by their rank, as numbers."""
    keyed = rows.with_columns(_k1=col("value").fill_null(NO_NUMBER), _k6=col("text").fill_null(NO_TEXT))
    keys = ["cid", "_k1", "_k6"]
    concepts = list(vocabulary)
    found: dict[str, list[Any]] = {name: [] for name in (*keys, "_rank", "_unread", "_nothing")}
    for cid, *given in distinct(engine, keyed, keys):
        value, text = given_of(tuple(given))
        rank, unread = None, None
        try:
            if value is not None and (text is not None or value != value // 1 or abs(value) > 1e9):
                unread = f"write one of its values: {', '.join(concepts[cid].values)}"
            else:
                reading = read_class(concepts[cid], text if value is None else int(value))
                rank = None if reading is None else reading.rank
        except UnreadableValue as error:
            unread = str(error)
        for name, part in zip(found, (cid, *given, rank, unread, rank is None and unread is None), strict=True):
            found[name].append(part)
    types = {"cid": I, "_k6": S, "_unread": S, "_nothing": B}
    joined = lookup(engine, keyed, keys, {name: (types.get(name, D), values) for name, values in found.items()})
    said = reason(
        (col("patient").is_null(), "the row names no patient"),
        (col("time_wrong"), "its time is no date of the calendar"),
        (~col("trial").is_null(), "only attestations, judgements and milestones belong to one trial"),
        (~col("_unread").is_null(), col("_unread")),
        (~col("status").is_null() & ~((col("status") == "unknown") & col("_nothing")), "a class has no status"),
    )
    joined = joined.with_columns(reason=said).filter(~(col("_nothing").fill_null(False) & col("reason").is_null()))
    nothing = nw.lit(None, dtype=nw.Float64)
    joined = joined.with_columns(
        low=col("_rank"), high=col("_rank"), low_open=nw.lit(False), high_open=nw.lit(False), lower=nothing, upper=nothing,
        months_1=nothing, months_2=nothing, dated=~col("time_1").is_null(), **seen(clock),
    )  # fmt: skip
    return rejects.split(joined).select(*OBSERVED, "concept", "dated")


# --- undated ones beside others --------------------------------------------------------------------------------------


def without_undated_twins(engine: Engine, rows: nw.LazyFrame[Any], rejects: Rejects) -> nw.LazyFrame[Any]:
    """A value without a time stands alone: beside others it is rejected, unless all of them are the same, undated."""
    undated = rows.filter(~col("dated")).select("patient", "cid").unique()
    if engine.is_empty(undated):
        return rows
    same = [
        (col(name).cast(nw.Float64).min() == col(name).cast(nw.Float64).max()).alias(f"_same_{name}")
        for name in ("low", "high", "lower", "upper", "months_1", "months_2")
    ]
    beside = rows.join(undated, on=["patient", "cid"], how="semi").with_columns(
        _lo=col("low_open").cast(nw.Int64), _ho=col("high_open").cast(nw.Int64),
        _d=col("dated").cast(nw.Int64), _one=nw.lit(1, dtype=nw.Int64),
        _l=(~col("lower").is_null()).cast(nw.Int64), _u=(~col("upper").is_null()).cast(nw.Int64),
        _m=(~col("months_1").is_null()).cast(nw.Int64),
    )  # fmt: skip
    flags = [
        (col(name).min() == col(name).max()).alias(f"_same{name}") for name in ("_lo", "_ho", "_d", "_l", "_u", "_m")
    ]
    grouped = beside.group_by("patient", "cid").agg(
        *same, *flags, col("_one").sum().alias("_n"), col(ROW).min().alias("_least")
    )
    equal = nw.lit(True)
    for name in ("low", "high", "lower", "upper", "months_1", "months_2", "_lo", "_ho", "_d", "_l", "_u", "_m"):
        equal = equal & col(f"_same{name}" if name.startswith("_") else f"_same_{name}").fill_null(True)
    grouped = grouped.select("patient", "cid", "_n", "_least", _equal=equal).filter(col("_n") > 1)
    joined = rows.join(grouped, on=["patient", "cid"], how="left")
    several = ~col("_n").is_null() & ~col("dated")
    joined = joined.filter(~(several & col("_equal").fill_null(False) & (col(ROW) != col("_least"))).fill_null(False))
    joined = joined.with_columns(
        reason=reason(
            (
                several & ~col("_equal").fill_null(False),
                "a value without a time stands beside others; give each its time",
            )
        )
    ).drop("_n", "_least", "_equal")
    return rejects.split(joined)


# --- ages ------------------------------------------------------------------------------------------------------------


def ages(engine: Engine, rows: nw.LazyFrame[Any], rejects: Rejects) -> nw.LazyFrame[Any]:
    """One row for each patient with an age: `age_low`, `age_high` and whether they count years, by `row`."""
    keyed = rows.with_columns(
        _k1=col("value").fill_null(NO_NUMBER), _k2=col("value_high").fill_null(NO_NUMBER), _k5=col("comparator").fill_null(NO_TEXT),
        _k6=col("text").fill_null(NO_TEXT), _k7=col("unit").fill_null(NO_TEXT),
    )  # fmt: skip
    keys = ["_k1", "_k2", "_k5", "_k6", "_k7"]
    found: dict[str, list[Any]] = {name: [] for name in (*keys, "age_low", "age_high", "age_years", "_unread")}
    for given in distinct(engine, keyed, keys):
        value, high, sign, text, unit = given_of(given)
        said: tuple[Any, ...] = (None, None, None, None)
        try:
            twin = amount({"value": value, "value_high": high, "comparator": sign, "text": text, "unit": unit})
            plain = isinstance(twin, float) or (text is not None and unit)
            reading = read_age({"value": twin, "unit": unit} if plain and twin is not None else twin)
            if reading is not None:
                said = (reading.low, reading.high, reading.unit == "years", None)
        except UnreadableValue as error:
            said = (None, None, None, str(error))
        for name, part in zip(found, (*given, *said), strict=True):
            found[name].append(part)
    types = {"_k5": S, "_k6": S, "_k7": S, "age_low": I, "age_high": I, "age_years": B, "_unread": S}
    joined = lookup(engine, keyed, keys, {name: (types.get(name, D), values) for name, values in found.items()})
    said_of = reason(
        (col("patient").is_null(), "the row names no patient"),
        (~col("trial").is_null(), "only attestations, judgements and milestones belong to one trial"),
        (~col("_unread").is_null(), col("_unread")),
        (
            ~col("time_1").is_null() | col("time_wrong"),
            "an age has no time: it holds at the instant of judgement; give a birth date",
        ),
        (~col("status").is_null(), "an age has no status"),
    )
    kept = rejects.split(
        joined.with_columns(reason=said_of).filter(~(col("age_low").is_null() & col("reason").is_null()))
    )
    grouped = kept.with_columns(_y=col("age_years").cast(nw.Int64)).group_by("patient").agg(
        *[((col(name).min()) == col(name).max()).alias(f"_{name}") for name in ("age_low", "age_high", "_y")],
        col(ROW).min().alias("_least"),
    )  # fmt: skip
    joined = kept.join(grouped, on="patient", how="left")
    equal = col("_age_low") & col("_age_high") & col("__y")
    joined = joined.with_columns(reason=reason((~equal, "several ages are given, and they disagree")))
    kept = rejects.split(joined)
    return kept.filter(col(ROW) == col("_least")).select(
        "patient", "concept", "age_low", "age_high", "age_years", col(ROW).alias("age_row")
    )
