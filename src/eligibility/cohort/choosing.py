"""Observations and what is asked of them go in; the chosen number of each patient and question comes out, as an interval.

The same choice as `series.choose`: what may be chosen is decided by times alone, then the values say what is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import Length, moment_expression, moved
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.reading import Clock
from eligibility.cohort.sheets import Sheet

col = nw.col
LATEST_ONE, FIRST_ONE, HIGHEST, LOWEST = range(4)
SELECTIONS = {"latest": LATEST_ONE, "first": FIRST_ONE, "highest": HIGHEST, "lowest": LOWEST}
NO_MONTHS = {name: nw.lit(None, dtype=nw.Float64) for name in ("months_1", "months_2")}
"""What was not given in months."""
OBSERVATION = ("patient", ROW, "oid", "low", "high", "low_open", "high_open", "first", "last", "months_1", "months_2")


def choose(
    engine: Engine, frame: nw.LazyFrame[Any], keys: Sequence[str], *, exact: str | None = None, counting: bool = False
) -> nw.LazyFrame[Any]:
    """One row for each question (two `keys`): `sure` where there is an observation for sure, and then `low`, `high`, their openness,
    and the months where all of it was given in months.

    The rows have the observation, the bounds of the window and the `selection`. `exact` names a flag: where an observation
    of a question bears it, only those count. `counting` says that some may count months.
    """
    frame, by = engine.keyed(frame, keys)
    possible = (col("first") <= col("may_2")) & (col("last") >= col("may_1"))
    frame = frame.filter(possible).with_columns(_sure=(col("sure_1") <= col("first")) & (col("last") <= col("sure_2")))
    pick = col("selection")
    frame = frame.with_columns(
        _newest=nw.when(col("_sure") & (pick == LATEST_ONE)).then(col("first")),
        _oldest=nw.when(col("_sure") & (pick == FIRST_ONE)).then(col("last")),
    ).with_columns(_newest=col("_newest").max().over(*by), _oldest=col("_oldest").min().over(*by))
    if exact is not None:
        frame = frame.with_columns(_exact=col(exact).max().over(*by))
    kept = (col("_newest").is_null() | (col("last") >= col("_newest"))) & (
        col("_oldest").is_null() | (col("first") <= col("_oldest"))
    )
    if exact is not None:
        kept = nw.when(col("_exact")).then(col(exact)).otherwise(kept)
        frame = frame.with_columns(_sure=col("_sure") | col("_exact"))
    frame = frame.filter(kept)
    if counting:
        bar = (
            nw.when(col("_sure") & (pick == HIGHEST))
            .then(col("low"))
            .otherwise(nw.when(col("_sure") & (pick == LOWEST)).then(-col("high")))
        )
        frame = frame.with_columns(_bar=bar).with_columns(_bar=col("_bar").max().over(*by))
        used = (
            nw.when(pick == HIGHEST)
            .then(col("high") >= col("_bar"))
            .when(pick == LOWEST)
            .then(-col("low") >= col("_bar"))
            .otherwise(nw.lit(True))
        )
    else:
        used = nw.lit(True)
    from_low = (pick != HIGHEST) | col("_sure")
    from_high = (pick != LOWEST) | col("_sure")
    frame = frame.with_columns(
        _low=nw.when(pick == HIGHEST).then(-col("low")).otherwise(col("low")),
        _high=nw.when(pick == LOWEST).then(-col("high")).otherwise(col("high")),
        _from_low=from_low, _from_high=from_high,
    )  # fmt: skip
    frame = frame.with_columns(
        _lc=nw.when(col("_from_low") & ~col("low_open")).then(col("_low")),
        _lo=nw.when(col("_from_low") & col("low_open")).then(col("_low")),
        _hc=nw.when(col("_from_high") & ~col("high_open")).then(col("_high")),
        _ho=nw.when(col("_from_high") & col("high_open")).then(col("_high")),
        _plain=used.fill_null(True) & col("months_1").is_null(), _m1=nw.when(used).then(col("months_1")),
        _m2=nw.when(used).then(col("months_2")),
    )  # fmt: skip
    grouped = frame.group_by(*by).agg(
        sure=col("_sure").max(), _lc=col("_lc").min(), _lo=col("_lo").min(), _hc=col("_hc").max(), _ho=col("_ho").max(),
        pick=col("selection").max(), months_1=col("_m1").min(), months_2=col("_m2").max(), _plain=col("_plain").max(),
    ).filter(col("sure"))  # fmt: skip
    grouped = engine.unkeyed(grouped, keys)
    falls, rises = col("pick") == HIGHEST, col("pick") == LOWEST
    low_open = _wins(col("_lo"), col("_lc"), least=True, ties=falls)
    high_open = _wins(col("_ho"), col("_hc"), least=False, ties=rises)
    grouped = grouped.with_columns(low_open=low_open, high_open=high_open)
    low = nw.when(col("low_open")).then(col("_lo")).otherwise(col("_lc"))
    high = nw.when(col("high_open")).then(col("_ho")).otherwise(col("_hc"))
    return grouped.select(
        *keys, "sure", "low_open", "high_open", "months_1", "months_2", in_months=~col("_plain"),
        low=nw.when(falls).then(-low).otherwise(low), high=nw.when(rises).then(-high).otherwise(high),
    )  # fmt: skip


def _wins(opened: nw.Expr, closed: nw.Expr, *, least: bool, ties: nw.Expr) -> nw.Expr:
    """Does the open end stand farther out than the closed one, or as far where ties go to it?"""
    farther = opened < closed if least else opened > closed
    found = closed.is_null() | farther | (ties & (opened == closed))
    return (~opened.is_null() & found).fill_null(False)


# --- changes ---------------------------------------------------------------------------------------------------------


def changes(
    engine: Engine,
    frame: nw.LazyFrame[Any],
    over: Mapping[int, tuple[int, int]],
    rising: Mapping[int, bool],
    clock: Clock,
) -> nw.LazyFrame[Any]:
    """The greatest rise or fall for each patient and `slot`, where there is a pair for sure.

    The rows have the observation, the bounds of the window and the `slot`; `over` is how far apart a pair may be, in months and
    microseconds. A self-join within the patient.
    """
    frame = engine.settle(frame.filter((col("first") <= col("may_2")) & (col("last") >= col("may_1"))))
    pieces = []
    for months, exact in sorted(set(over.values())):
        slots = [slot for slot, length in over.items() if length == (months, exact)]
        pieces.append(_pairs(engine, frame.filter(col("slot").is_in(slots)), Length(months, exact), clock))
    joined = nw.concat(pieces, how="vertical")
    up = col("slot").is_in([slot for slot, rises in rising.items() if rises])
    a, b = ("", "_b")
    joined = joined.with_columns(
        _low=nw.when(up).then(col(f"low{b}") - col(f"high{a}")).otherwise(col(f"low{a}") - col(f"high{b}")),
        _high=nw.when(up).then(col(f"high{b}") - col(f"low{a}")).otherwise(col(f"high{a}") - col(f"low{b}")),
        _low_open=nw.when(up)
        .then(col(f"low_open{b}") | col(f"high_open{a}"))
        .otherwise(col(f"low_open{a}") | col(f"high_open{b}")),
        _high_open=nw.when(up)
        .then(col(f"high_open{b}") | col(f"low_open{a}"))
        .otherwise(col(f"high_open{a}") | col(f"low_open{b}")),
    )
    # where the order of the two is open, the difference counts both ways round: the greater end of it and of its opposite
    either_way = ~col("_apart")
    joined = joined.with_columns(
        _lc=nw.when(col("_certain") & ~col("_low_open")).then(col("_low")),
        _lo=nw.when(col("_certain") & col("_low_open")).then(col("_low")),
        _hc=nw.when(~col("_high_open")).then(col("_high")), _ho=nw.when(col("_high_open")).then(col("_high")),
        _rc=nw.when(either_way & ~col("_low_open")).then(-col("_low")), _ro=nw.when(either_way & col("_low_open")).then(-col("_low")),
    )  # fmt: skip
    grouped = joined.group_by("patient", "slot").agg(
        sure=col("_certain").max(), _lc=col("_lc").max(), _lo=col("_lo").max(), _hc=col("_hc").max(), _ho=col("_ho").max(),
        _rc=col("_rc").max(), _ro=col("_ro").max(),
    ).filter(col("sure"))  # fmt: skip
    grouped = grouped.with_columns(_hc=_greater("_hc", "_rc"), _ho=_greater("_ho", "_ro"))
    low_open = (~col("_lo").is_null() & (col("_lc").is_null() | (col("_lo") >= col("_lc")))).fill_null(False)
    high_open = (~col("_ho").is_null() & (col("_hc").is_null() | (col("_ho") > col("_hc")))).fill_null(False)
    grouped = grouped.with_columns(low_open=low_open, high_open=high_open)
    return grouped.select(
        "patient", "slot", "sure", "low_open", "high_open",
        low=nw.when(col("low_open")).then(col("_lo")).otherwise(col("_lc")),
        high=nw.when(col("high_open")).then(col("_ho")).otherwise(col("_hc")),
    )  # fmt: skip


def _greater(a: str, b: str) -> nw.Expr:
    return (
        nw.when(col(b).is_null())
        .then(col(a))
        .when(col(a).is_null())
        .then(col(b))
        .when(col(a) >= col(b))
        .then(col(a))
        .otherwise(col(b))
    )


def _pairs(engine: Engine, frame: nw.LazyFrame[Any], over: Length, clock: Clock) -> nw.LazyFrame[Any]:
    """Pairs of observations of one patient and slot, the earlier beside the later (`_b`), at most `over` apart."""
    parts = ("low", "high", "low_open", "high_open", "first", "last")
    extra = () if clock.is_shared else ("offset",)
    frame = frame.with_columns(_inside=(col("sure_1") <= col("first")) & (col("last") <= col("sure_2")))
    sheet = Sheet()
    near, near_last = (moved(col(name), over, clock.offset, -1, sheet.keep) for name in ("first", "last"))
    frame = sheet.applied(frame, engine).with_columns(
        _near=moment_expression(near), _near_last=moment_expression(near_last)
    )
    earlier = frame.select("patient", "slot", ROW, *parts, "_inside")
    later = frame.select(
        "patient", "slot", *[col(name).alias(f"{name}_b") for name in (ROW, *parts, *extra)], col("_inside").alias("_inside_b"),
        col("_near").alias("_near_b"), col("_near_last").alias("_near_last_b"),
    )  # fmt: skip
    pairs = earlier.join(later, on=["patient", "slot"], how="inner")
    first_order = (col("first") < col("first_b")) | (
        (col("first") == col("first_b"))
        & ((col("last") < col("last_b")) | ((col("last") == col("last_b")) & (col(ROW) < col(f"{ROW}_b"))))
    )
    close = col("last") >= col("_near_b")
    apart = col("last") < col("first_b")
    overlapping = (col("first") < col("last_b")) | (col("first_b") < col("last"))
    pairs = (
        pairs.filter(first_order)
        .with_columns(_apart=apart)
        .filter((close & col("_apart")) | (~col("_apart") & overlapping))
    )
    within = col("first") >= col("_near_last_b")
    certain = col("_apart") & within & col("_inside") & col("_inside_b")
    return pairs.with_columns(_certain=certain).select(
        "patient", "slot", *parts[:4], *[f"{name}_b" for name in parts[:4]], "_apart", "_certain"
    )
