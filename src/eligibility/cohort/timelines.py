"""Rows of occurrences go in; what is known of each condition and event comes out, one row for each patient and concept.

Every occurrence of a part is one of each whole that is asked for; windows are laid over the episodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import Length, most_of, moved
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.reading import B, Clock, I
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.statements import PAST, PLANNED, UNKNOWN
from eligibility.instants import EARLIEST, LATEST
from eligibility.vocabulary import Vocabulary

col = nw.col


def wholes_table(vocabulary: Vocabulary, numbers: Mapping[str, int], wanted: Iterable[int]) -> dict[str, tuple[Any, Sequence[Any]]]:
    """Which occurrences are episodes of which wanted concept: the concept itself and its parts."""
    names = list(vocabulary.concepts)
    rows = [
        (numbers[part], whole, part == names[whole], vocabulary[names[whole]].kind == "event")
        for whole in sorted(wanted)
        for part in (names[whole], *vocabulary.parts(names[whole]))
    ]
    return {
        "cid": (I, [row[0] for row in rows]), "x": (I, [row[1] for row in rows]), "own": (B, [row[2] for row in rows]),
        "of_event": (B, [row[3] for row in rows]),
    }  # fmt: skip


def is_complete() -> nw.Expr:
    """Do the rows of a patient and concept tell all there is, by the counts of `stated`?"""
    listed = (col("npast") > 0) & (col("nundated") == 0) & ~((col("nlost") > 0) & (col("nkept") == 0))
    return (col("nnever") > 0) | listed


def own_records(together: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """What the own rows of each concept say: whether they are complete, absent now, and said anything at all."""
    said = (col("npast") + col("nplanned") + col("nnever") + col("nabsent")) > 0
    return together.filter(said).select("patient", col("cid").alias("x"), complete=is_complete(), absent=col("nabsent") > 0, stated=nw.lit(True))


def episodes(
    engine: Engine, rows: nw.LazyFrame[Any], whole: nw.LazyFrame[Any], complete: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    """One row for each patient, wanted concept `x` and episode: its onset, `since` when its presence counts, its end, and for
    how long it is presumed. `complete` holds the patients and concepts whose own record is complete."""
    kept = rows.filter((col("what") == PAST) & ~col("lost")).join(whole, on="cid", how="inner")
    joined = kept.join(complete.with_columns(_full=nw.lit(True)), on=["patient", "x"], how="left")
    sharp = col("own") | col("of_event") | col("_full").fill_null(False)
    none = nw.lit(None, dtype=nw.Int64)
    ended = ~col("of_event") | col("own")

    def unless_event(name: str) -> nw.Expr:
        return nw.when(ended).then(col(name)).otherwise(none)

    return engine.settle(
        joined.select(
            "patient", "x", ROW, since_1="onset_1", since_2="onset_2",
            onset_1=nw.when(sharp).then(col("onset_1")).otherwise(nw.lit(EARLIEST, dtype=nw.Int64)), onset_2="onset_2",
            end_1=unless_event("end_first"), end_2=unless_event("end_last"),
            acute_months=unless_event("acute_months"), acute_exact=unless_event("acute_exact"),
        )
    )  # fmt: skip


def _acute() -> tuple[nw.Expr, Length]:
    presumed = ~col("acute_months").is_null()
    return presumed, Length(col("acute_months").fill_null(0), col("acute_exact").fill_null(0))


def overlap(first: Any, last: Any, clock: Clock, sheet: Sheet) -> tuple[nw.Expr, nw.Expr]:
    """Is an episode there at some instant from `first` to `last`: surely, and perhaps?"""
    apart = (col("since_1") > last) | (col("end_2") <= first).fill_null(False)
    begun = col("since_2") <= last
    ended = ~col("end_2").is_null()
    presumed, length = _acute()
    back = moved(first, length, clock.offset, -1, sheet.keep)
    lasting = nw.when(ended).then(col("end_1") > first).when(presumed).then(col("since_1") >= back).otherwise(nw.lit(True))
    here = ~apart & begun & lasting
    return here.fill_null(False), ~apart


def present(frame: nw.LazyFrame[Any], clock: Clock) -> nw.LazyFrame[Any]:
    """For each patient and concept: are there episodes, is one there now, may one be, may one last."""
    sheet = Sheet()
    here, maybe = overlap(clock.now, clock.now, clock, sheet)
    lasts = col("end_2").is_null() | (col("end_2") > clock.now)
    marked = sheet.applied(frame).with_columns(here=here, maybe=maybe, lasts=lasts, known=nw.lit(True))
    return marked.group_by("patient", "x").agg(*[col(name).max() for name in ("known", "here", "maybe", "lasts")])


def onsets(engine: Engine, frame: nw.LazyFrame[Any], events: Sequence[int], clock: Clock) -> nw.LazyFrame[Any]:
    """The onset of the newest episode, `low` to `high`, for each patient and concept.

    Episodes are one where the older surely reaches the beginning of the newer (for `high`), or may reach it (for `low`):
    the newest run without a gap, found by running maxima in the order of onsets.
    """
    keys = ["patient", "x"]
    sheet = Sheet()
    presumed, length = _acute()
    sure_end = (
        nw.when(~col("end_1").is_null()).then(col("end_1"))
        .when(presumed).then(moved(col("since_1"), length, clock.offset, 1, sheet.keep)).otherwise(nw.lit(LATEST, dtype=nw.Int64))
    )  # fmt: skip
    last_end = nw.when(~col("end_2").is_null()).then(col("end_2")).otherwise(nw.lit(LATEST, dtype=nw.Int64))
    reach = most_of(last_end, col("onset_2"))
    assert isinstance(reach, nw.Expr)
    frame = engine.settle(sheet.applied(frame).with_columns(_sure=sure_end, _reach=reach))
    by_last, by_first = ["onset_2", "onset_1", ROW], ["onset_1", "onset_2", ROW]
    frame = frame.with_columns(
        _sure_max=col("_sure").cum_max().over(*keys, order_by=by_last),
        _reach_max=col("_reach").cum_max().over(*keys, order_by=by_first),
        _newest=col("onset_2").max().over(*keys),
    )
    frame = frame.with_columns(
        _before=col("_sure_max").shift(1).over(*keys, order_by=by_last),
        _earlier=col("_reach_max").shift(1).over(*keys, order_by=by_first),
        _begun=nw.when(col("onset_2") == col("_newest")).then(col("onset_1")),
    ).with_columns(_first=col("_begun").max().over(*keys))
    breaks_high = col("_before").is_null() | (col("_before") < col("onset_2"))
    breaks_low = (col("_earlier").is_null() | (col("_earlier") < col("onset_1"))) & (col("onset_1") <= col("_first"))
    event = col("x").is_in(list(events)) if events else nw.lit(False)
    frame = frame.with_columns(
        _h=nw.when(breaks_high | event).then(col("onset_2")), _l=nw.when(breaks_low | event).then(col("onset_1"))
    )
    return frame.group_by(*keys).agg(low=col("_l").max(), high=col("_h").max())


def unknowns(rows: nw.LazyFrame[Any], whole: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The patients and concepts that are said to be unknown, or a part of which is."""
    said = rows.filter(col("what") == UNKNOWN).join(whole, on="cid", how="inner")
    return said.select("patient", "x", null=nw.lit(True)).unique()


def probed(frame: nw.LazyFrame[Any], clock: Clock) -> nw.LazyFrame[Any]:
    """Episodes with the bounds of a window (`sure_1` ... `may_2`, cut at now) for each `probe`: one row for each patient and probe."""
    sheet = Sheet()
    here, maybe = overlap(col("may_1"), col("may_2"), clock, sheet)
    surely, _ = overlap(col("sure_1"), col("sure_2"), clock, sheet)
    happened = (col("sure_1") <= col("onset_1")) & (col("onset_2") <= col("sure_2"))
    perhaps = ~((col("onset_2") < col("may_1")) | (col("onset_1") > col("may_2")))
    marked = sheet.applied(frame).with_columns(here=here, maybe=maybe, surely=surely, happened=happened, perhaps=perhaps)
    return marked.group_by("patient", "probe").agg(
        *[col(name).max() for name in ("here", "maybe", "surely", "happened", "perhaps")]
    )


def planned(engine: Engine, rows: nw.LazyFrame[Any], whole: nw.LazyFrame[Any], clock: Clock) -> nw.LazyFrame[Any]:
    """Plans that are not over, for each patient and wanted concept."""
    plans = rows.filter(col("what") == PLANNED).join(whole, on="cid", how="inner").filter(col("time_2") >= clock.now)
    first = most_of(col("time_1"), clock.now)
    assert isinstance(first, nw.Expr)
    return engine.settle(plans.select("patient", "x", "own", plan_1=first, plan_2="time_2"))


def planned_against(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Plans with the bounds of a window for each `probe`: one row for each patient and probe."""
    hit = (col("sure_1") <= col("plan_1")) & (col("plan_2") <= col("sure_2"))
    outside = (col("plan_2") < col("may_1")) | (col("plan_1") > col("may_2"))
    later = col("plan_1") > col("may_2")
    marked = frame.with_columns(
        hit=hit, has=col("own"), near=col("own") & ~outside, soon=col("own") & ~later,
    )  # fmt: skip
    return marked.group_by("patient", "probe").agg(*[col(name).max() for name in ("hit", "has", "near", "soon")])


def laid_over(
    engine: Engine, frame: nw.LazyFrame[Any], probes: Mapping[int, tuple[int, int]], fixed: Mapping[int, tuple[int, int, int, int]],
    bounds: nw.LazyFrame[Any] | None,
) -> nw.LazyFrame[Any]:  # fmt: skip
    """Rows of a concept `x` with the bounds of every window asked of it. `probes` gives for each probe its concept and its
    window, `fixed` the windows that are the same for all, `bounds` the others, for each patient."""
    listed = [(probe, x, window) for probe, (x, window) in probes.items()]
    table = {
        "x": (I, [x for _, x, _ in listed]), "probe": (I, [probe for probe, _, _ in listed]), "window": (I, [window for _, _, window in listed]),
    }  # fmt: skip
    joined = frame.join(engine.table(table), on="x", how="inner")
    return with_bounds(engine, joined, fixed, bounds)


ENDS = ("sure_1", "sure_2", "may_1", "may_2")


def with_bounds(
    engine: Engine, frame: nw.LazyFrame[Any], fixed: Mapping[int, tuple[int, int, int, int]], bounds: nw.LazyFrame[Any] | None
) -> nw.LazyFrame[Any]:
    """Rows of a `window` with its bounds."""
    table: dict[str, tuple[Any, Sequence[Any]]] = {"window": (I, list(fixed))}
    for index, name in enumerate(ENDS):
        table[name] = (I, [ends[index] for ends in fixed.values()])
    same = frame.join(engine.table(table), on="window", how="inner")
    if bounds is None:
        return same
    own = frame.join(bounds, on=["patient", "window"], how="inner")
    return nw.concat([same, own.select(*same.collect_schema().names())], how="vertical")

