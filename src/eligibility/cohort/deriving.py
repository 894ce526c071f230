"""The observations of the inputs of a formula go in; the series of the derived quantity comes out: one value at each observation
of the input that it is sampled with, from the newest value of each other input that is still current then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import narwhals as nw

from eligibility import rules
from eligibility.cohort.atoms import within
from eligibility.cohort.calendar import Length, civil, moment_expression, moved
from eligibility.cohort.choosing import LATEST_ONE, choose
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.folding import Flag, Quad, Statement, case, chosen_quad, constant, known_from
from eligibility.cohort.people import months_at
from eligibility.cohort.ranges import evaluate, meets
from eligibility.cohort.reading import B, Clock, D
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.sources import current_limit
from eligibility.instants import DAY, EARLIEST, Duration
from eligibility.intervals import Interval
from eligibility.vocabulary import Concept

col = nw.col
SAMPLE = (ROW, "slot")
_YEAR, _MONTH = 365.2425, 30.436875


def derived(
    engine: Engine, concept: Concept, formula: rules.Formula, values: Duration | None, clock: Clock, people: nw.LazyFrame[Any],
    series: Callable[[Concept], nw.LazyFrame[Any]], sets: Callable[[rules.InClass], nw.LazyFrame[Any]],
    dated: Callable[[Concept], nw.LazyFrame[Any]],
) -> nw.LazyFrame[Any]:  # fmt: skip
    """The computed values of a derived quantity: patient, first, last, and the interval. `series` gives the observations of a
    quantity, `sets` those of a class, as 1 or 0, `dated` the patients who have a class with a time."""
    sampled = [series(source).select("patient", at_1="first", at_2="last") for source in formula.sampled_with]
    found_at = nw.concat(sampled, how="vertical").unique()
    samples = engine.settle(engine.numbered(found_at))  # each has its number: one key in place of three
    leaves = list(dict.fromkeys(rules.leaves(formula.expression)))
    inputs = [leaf for leaf in leaves if isinstance(leaf, rules.Measured | rules.InClass)]
    pieces = []
    for index, leaf in enumerate(inputs):
        is_class = isinstance(leaf, rules.InClass)
        rows = sets(leaf) if isinstance(leaf, rules.InClass) else series(leaf.concept)
        exact = not is_class and leaf.concept in formula.sampled_with
        limit = current_limit(leaf.concept, None if is_class else values)
        lasting = dated(leaf.concept) if is_class and limit is None else None
        pieces.append(_beside(engine, samples, rows, index, limit, clock, exact, people, lasting))
    wide = samples
    if pieces:
        picked = choose(engine, engine.settle(nw.concat(pieces, how="vertical")), SAMPLE, exact="exact")
        wide = _pivoted(engine, samples, picked, len(inputs))
    assumed = {
        index: leaf.concept.assumed for index, leaf in enumerate(inputs)
        if isinstance(leaf, rules.Measured) and leaf.concept.assumed is not None
    }  # fmt: skip
    for index in assumed:
        leaf = inputs[index]
        given = series(leaf.concept).select("patient").unique().with_columns(nw.lit(True).alias(f"given_{index}"))
        wide = wide.join(given, on="patient", how="left").with_columns(col(f"given_{index}").fill_null(False))
    if any(isinstance(leaf, rules.Age) for leaf in leaves):
        wide = _with_ages(engine, wide, people, clock)
    found = _evaluated(engine, wide, concept, formula, inputs, assumed)
    return engine.settle(
        found.select("patient", first="at_1", last="at_2", low="_v1", high="_v2", low_open="_v3", high_open="_v4")
    )


def _beside(
    engine: Engine, samples: nw.LazyFrame[Any], rows: nw.LazyFrame[Any], index: int, limit: Duration | None, clock: Clock, exact: bool,
    people: nw.LazyFrame[Any], dated: nw.LazyFrame[Any] | None,
) -> nw.LazyFrame[Any]:  # fmt: skip
    """Each sample with the observations of one input, and the window in which they are current."""
    joined = samples.join(rows.drop(ROW), on="patient", how="inner")
    if limit is None:
        start: tuple[nw.Expr, nw.Expr] = (moment_expression(EARLIEST), moment_expression(EARLIEST))
    else:
        offset = clock.offset
        if not clock.is_shared and limit.months:
            joined = joined.join(people.select("patient", "offset"), on="patient", how="left")
            offset = col("offset")
        sheet = Sheet()
        ends = (moved(col(name), Length.of(limit), offset, -1, sheet.keep) for name in ("at_2", "at_1"))
        start = (moment_expression(next(ends)), moment_expression(next(ends)))
        joined = sheet.applied(joined, engine)
    until: tuple[nw.Expr, nw.Expr] = (col("at_1"), col("at_2"))
    if dated is not None:  # sex, which has no time, was the same before
        now = moment_expression(clock.now)
        if not clock.is_shared:
            joined = joined.join(people.select("patient", "now"), on="patient", how="left")
        joined = joined.join(dated.with_columns(_dated=nw.lit(True)), on="patient", how="left")
        has_time = col("_dated").fill_null(False)
        until = (nw.when(has_time).then(until[0]).otherwise(now), nw.when(has_time).then(until[1]).otherwise(now))
    same = (col("first") == col("at_1")) & (col("last") == col("at_2")) if exact else nw.lit(False)
    return joined.with_columns(
        sure_1=start[0], sure_2=until[0], may_1=start[1], may_2=until[1], selection=nw.lit(LATEST_ONE, dtype=nw.Int64),
        slot=nw.lit(index, dtype=nw.Int64), exact=same,
    ).select(
        *SAMPLE, "exact", "low", "high", "low_open", "high_open", "first", "last", "months_1", "months_2", "sure_1", "sure_2", "may_1", "may_2",
        "selection",
    )  # fmt: skip


def _pivoted(engine: Engine, samples: nw.LazyFrame[Any], picked: nw.LazyFrame[Any], count: int) -> nw.LazyFrame[Any]:
    parts = ("sure", "low", "high", "low_open", "high_open")
    columns = [
        nw.when(col("slot") == index).then(col(part)).max().alias(f"i{index}_{part}")
        for index in range(count)
        for part in parts
    ]
    wide = samples.join(picked.group_by(ROW).agg(*columns), on=ROW, how="left")
    return engine.settle(wide.with_columns(*[col(f"i{index}_sure").fill_null(False) for index in range(count)]))


def _with_ages(engine: Engine, wide: nw.LazyFrame[Any], people: nw.LazyFrame[Any], clock: Clock) -> nw.LazyFrame[Any]:
    """The age at each sample, as `_age_at` of the reference: a given age was reached at most one unit of it later than known."""
    schema = people.collect_schema().names()
    kept = [name for name in schema if name.startswith(("born_", "age_", "months_", "has_age"))]
    extra = [] if clock.is_shared else ["now", "offset"]
    wide = wide.join(people.select("patient", *kept, *extra), on="patient", how="left")
    born = ~col("born_1").is_null()
    sheet = Sheet()
    ends = []
    for name in ("at_1", "at_2"):
        ends.append(months_at(civil(col(name) + clock.offset, sheet.keep), sheet))
    wide = sheet.applied(wide, engine)
    earlier = col("has_age") & (col("at_1") < clock.now)
    days = (moment_expression(clock.now) - col("at_1")).cast(nw.Float64) / float(DAY)
    # hulls over both ends of a sample: the bounds grow with time
    lows, highs = (ends[0][0], ends[1][0]), (ends[0][1], ends[1][1])
    fewest = nw.when(lows[0] <= lows[1]).then(lows[0]).otherwise(lows[1])
    most = nw.when(highs[0] >= highs[1]).then(highs[0]).otherwise(highs[1])
    columns = {}
    for unit, divisor, length in (("years", 12, _YEAR), ("months", 1, _MONTH)):
        now_low, now_high = col("months_1") // divisor, col("months_2") // divisor
        back = now_low - (days / length).floor().cast(nw.Int64) - 1
        given_low = nw.when(back < 0).then(nw.lit(0, dtype=nw.Int64)).otherwise(back)
        columns[f"_{unit}_1"] = (
            nw.when(earlier & born)
            .then(fewest // divisor)
            .when(earlier)
            .then(given_low)
            .otherwise(now_low)
            .cast(nw.Float64)
        )
        columns[f"_{unit}_2"] = nw.when(earlier & born).then(most // divisor).otherwise(now_high).cast(nw.Float64)
    return wide.with_columns(**columns)


def _evaluated(
    engine: Engine, wide: nw.LazyFrame[Any], concept: Concept, formula: rules.Formula, inputs: Sequence[rules.Measured | rules.InClass],
    assumed: dict[int, float],
) -> nw.LazyFrame[Any]:  # fmt: skip
    sheet = Sheet()

    def leaf(number: rules.Age | rules.Measured | rules.Changed) -> Quad:
        if isinstance(number, rules.Age):
            return col(f"_{number.unit}_1"), col(f"_{number.unit}_2"), False, False
        assert isinstance(number, rules.Measured)
        index = inputs.index(number)
        sure: Flag = col(f"i{index}_sure")
        other = constant(number.concept.possible)
        if index in assumed:
            other = sheet.quad(
                chosen_quad(col(f"given_{index}"), other, constant(Interval(assumed[index], assumed[index])))
            )
        found = tuple(col(f"i{index}_{part}") for part in ("low", "high", "low_open", "high_open"))
        return sheet.quad(chosen_quad(sure, (found[0], found[1], found[2], found[3]), other))

    def classed(atom: rules.InClass) -> Statement:
        index = inputs.index(atom)
        low, high = col(f"i{index}_low"), col(f"i{index}_high")
        inside = within(low, high, atom.ranks) if atom.concept.ordered else known_from(low == 1, high == 0)
        return case(col(f"i{index}_sure"), inside, within(0, len(atom.concept.values) - 1, atom.ranks))

    value = sheet.quad(meets(evaluate(formula.expression, sheet, leaf, classed), concept.possible))
    frame = sheet.applied(wide, engine)
    types = (D, D, B, B)
    return frame.with_columns(
        *[
            (part if isinstance(part, nw.Expr) else nw.lit(part, dtype=dtype)).alias(f"_v{index + 1}")
            for index, (part, dtype) in enumerate(zip(value, types, strict=True))
        ]
    )
