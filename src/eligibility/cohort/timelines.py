"""Rows of occurrences go in; what is known of each condition and event comes out, one row for each patient and concept.

Every occurrence of a part is one of each whole that is asked for; windows are laid over the episodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import Length, Moment, moment_expression, most_of, moved
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.reading import B, Clock, I
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.statements import PAST, PLANNED, UNKNOWN
from eligibility.instants import EARLIEST, LATEST
from eligibility.vocabulary import Vocabulary

col = nw.col


def wholes_table(
    vocabulary: Vocabulary, numbers: Mapping[str, int], wanted: Iterable[int]
) -> dict[str, tuple[Any, Sequence[Any]]]:
    """Which occurrences are episodes of which wanted concept: the concept itself and its parts."""
    names = list(vocabulary.concepts)
    rows = [
        (numbers[part], whole, place == 0, vocabulary[names[whole]].kind == "event", place)
        for whole in sorted(wanted)
        for place, part in enumerate((names[whole], *vocabulary.parts(names[whole])))
    ]
    return {
        "cid": (I, [row[0] for row in rows]), "x": (I, [row[1] for row in rows]), "own": (B, [row[2] for row in rows]),
        "of_event": (B, [row[3] for row in rows]), "place": (I, [row[4] for row in rows]),
    }  # fmt: skip


def is_complete() -> nw.Expr:
    """Do the rows of a patient and concept tell all there is, by the counts of `stated`?"""
    listed = (col("npast") > 0) & (col("nundated") == 0) & ~((col("nlost") > 0) & (col("nkept") == 0))
    return (col("nnever") > 0) | listed


def own_records(together: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """What the own rows of each concept say: whether they are complete, absent now, and said anything at all."""
    said = (
        col("nkept") + col("nplanned") + col("nnever") + col("nabsent")
    ) > 0  # what lies after the instant is not seen
    return together.filter(said).select(
        "patient", col("cid").alias("x"), complete=is_complete(), absent=col("nabsent") > 0, stated=nw.lit(True),
        listed=is_complete() & (col("nnever") == 0),
    )  # fmt: skip


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

    found = engine.settle(
        joined.select(
            "patient", "x", ROW, "own", "of_event", "place", since_1="onset_1", since_2="onset_2", raw_1="end_first", raw_2="end_last",
            onset_1=nw.when(sharp).then(col("onset_1")).otherwise(nw.lit(EARLIEST, dtype=nw.Int64)), onset_2="onset_2",
            end_1=unless_event("end_first"), end_2=unless_event("end_last"), full=col("_full").fill_null(False),
            acute_months=unless_event("acute_months"), acute_exact=unless_event("acute_exact"),
        )
    )  # fmt: skip
    return _held_by_wholes(engine, found)


_MADE = (
    "patient",
    "x",
    ROW,
    "since_1",
    "since_2",
    "onset_1",
    "onset_2",
    "end_1",
    "end_2",
    "raw_2",
    "acute_months",
    "acute_exact",
)


def _held_by_wholes(engine: Engine, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Episodes of parts that the complete record of the whole dates: the two tell each other's onsets. Follows `facts._joined`."""
    keys = ["patient", "x"]
    theirs = frame.filter(~col("own") & col("full")).select(
        *keys, "of_event", "place", "raw_1", "raw_2", part=ROW, p1="onset_1", p2="onset_2",
    )  # fmt: skip
    mine = frame.filter(col("own") & col("full")).select(*keys, whole=ROW, w1="onset_1", w2="onset_2", w_end="end_2")
    pairs = theirs.join(mine, on=keys, how="inner")
    reaches = (
        nw.when(col("of_event")).then(col("w2") >= col("p1")).when(col("w_end").is_null()).then(nw.lit(True))
        .otherwise((~col("raw_2").is_null() & (col("w_end") >= col("raw_1"))).fill_null(False))
    )  # fmt: skip
    pairs = engine.settle(pairs.filter((col("w1") <= col("p2")) & reaches))
    if engine.is_empty(pairs):
        return engine.settle(frame.select(*_MADE))
    pairs = pairs.with_columns(_one=nw.lit(1, dtype=nw.Int64)).with_columns(_n=col("_one").sum().over(*keys, "part"))
    alone = col("_n") == 1
    # each part narrows the one occurrence that may hold it, before the next part is looked at
    order, within = ["place", "part"], [*keys, "whole"]
    pairs = pairs.with_columns(
        _low=nw.when(alone & col("of_event")).then(col("p1")).otherwise(nw.lit(EARLIEST, dtype=nw.Int64)),
        _high=nw.when(alone).then(col("p2")).otherwise(nw.lit(LATEST, dtype=nw.Int64)),
    ).with_columns(
        _low_now=col("_low").cum_max().over(*within, order_by=order), _high_now=col("_high").cum_min().over(*within, order_by=order),
    ).with_columns(
        _low_so=col("_low_now").shift(1).over(*within, order_by=order), _high_so=col("_high_now").shift(1).over(*within, order_by=order),
    )  # fmt: skip
    first = nw.when(col("of_event")).then(_greatest("w1", "_low_so", "p1")).otherwise(col("w1"))
    pairs = engine.settle(pairs.with_columns(_f=first, _l=_smallest("w2", "_high_so", "p2")))
    spans = pairs.group_by(*keys, "part").agg(h1=col("_f").min(), h2=col("_l").max())
    narrowed = pairs.group_by(*keys, "whole").agg(n1=col("_low").max(), n2=col("_high").min())
    joined = frame.join(spans.rename({"part": ROW}), on=[*keys, ROW], how="left")
    joined = joined.join(narrowed.rename({"whole": ROW}), on=[*keys, ROW], how="left")
    held, own = ~col("own") & ~col("h1").is_null(), col("own")
    joined = joined.with_columns(
        _o1=nw.when(held).then(col("h1")).when(own).then(_greatest("onset_1", "n1")).otherwise(col("onset_1")),
        _o2=nw.when(held).then(col("h2")).when(own).then(_smallest("onset_2", "n2")).otherwise(col("onset_2")),
        _s1=nw.when(held & col("of_event")).then(col("h1")).when(held).then(_greatest("since_1", "h1"))
        .when(own).then(_greatest("since_1", "n1")).otherwise(col("since_1")),
        _s2=nw.when(held & col("of_event")).then(col("h2")).when(own).then(_smallest("since_2", "n2")).otherwise(col("since_2")),
    ).drop("onset_1", "onset_2", "since_1", "since_2")  # fmt: skip
    return engine.settle(
        joined.rename({"_o1": "onset_1", "_o2": "onset_2", "_s1": "since_1", "_s2": "since_2"}).select(*_MADE)
    )


def _greatest(*names: str) -> nw.Expr:
    """The greatest of some columns; null does not count, but in the first."""
    found = col(names[0])
    for name in names[1:]:
        found = nw.when((col(name) > found).fill_null(False)).then(col(name)).otherwise(found)
    return found


def _smallest(*names: str) -> nw.Expr:
    """The smallest of some columns; null does not count, but in the first."""
    found = col(names[0])
    for name in names[1:]:
        found = nw.when((col(name) < found).fill_null(False)).then(col(name)).otherwise(found)
    return found


def acute_lengths(vocabulary: Vocabulary) -> list[Length]:
    """How long acute conditions are presumed to last: each length once."""
    return [Length.of(length) for length in dict.fromkeys(c.acute_for for c in vocabulary if c.acute_for)]


def _presumed(moment: Moment, acute: Sequence[Length], clock: Clock, sign: int, sheet: Sheet) -> nw.Expr:
    """An instant moved by the presumed length of each row, which is one of a few; the calendar is asked for those alone that
    count months."""
    found = nw.lit(None, dtype=nw.Int64)
    for length in acute:
        same = (col("acute_months") == length.months) & (col("acute_exact") == length.exact)
        end = moved(moment, length, clock.offset, sign, sheet.keep)
        found = nw.when(same).then(moment_expression(end)).otherwise(found)
    return found


def overlap(first: Any, last: Any, acute: Sequence[Length], clock: Clock, sheet: Sheet) -> tuple[nw.Expr, nw.Expr]:
    """Is an episode there at some instant from `first` to `last`: surely, and perhaps?"""
    apart = (col("since_1") > last) | (col("end_2") <= first).fill_null(False)
    begun = col("since_2") <= last
    ended = ~col("end_2").is_null()
    presumed = ~col("acute_months").is_null()
    back = _presumed(first, acute, clock, -1, sheet)
    lasting = (
        nw.when(col("since_1") >= first)
        .then(nw.lit(True))
        .when(ended)
        .then(col("end_1") > first)
        .when(presumed)
        .then(col("since_1") >= back)
        .otherwise(nw.lit(True))
    )
    here = ~apart & begun & lasting
    return here.fill_null(False), ~apart


def present(engine: Engine, frame: nw.LazyFrame[Any], acute: Sequence[Length], clock: Clock) -> nw.LazyFrame[Any]:
    """For each patient and concept: are there episodes, is one there now, may one be, may one last."""
    sheet = Sheet()
    here, maybe = overlap(clock.now, clock.now, acute, clock, sheet)
    lasts = col("raw_2").is_null() | (col("raw_2") > clock.now)
    marked = sheet.applied(frame, engine).with_columns(here=here, maybe=maybe, lasts=lasts, known=nw.lit(True))
    return _any_of(engine, marked, "x", ("known", "here", "maybe", "lasts"))


def _any_of(engine: Engine, frame: nw.LazyFrame[Any], key: str, flags: Sequence[str]) -> nw.LazyFrame[Any]:
    """One row for each patient and key: which flags any of its rows bears."""
    keys = ("patient", key)
    frame, by = engine.keyed(frame, keys)
    return engine.unkeyed(frame.group_by(*by).agg(*[col(name).max() for name in flags]), keys)


def onsets(
    engine: Engine, frame: nw.LazyFrame[Any], events: Sequence[int], acute: Sequence[Length], clock: Clock
) -> nw.LazyFrame[Any]:
    """The onset of the newest episode, `low` to `high`, for each patient and concept.

    Episodes are one where the older surely reaches the beginning of the newer (for `high`), or may reach it (for `low`):
    the newest run without a gap, found by running maxima in the order of onsets.
    """
    keys = ("patient", "x")
    frame, by = engine.keyed(frame, keys)
    counted = frame.with_columns(_one=nw.lit(1, dtype=nw.Int64)).with_columns(_n=col("_one").sum().over(*by))
    counted = engine.settle(counted.drop("_one"))
    alone = counted.filter(col("_n") == 1).select(*by, low="onset_1", high="onset_2")
    found = nw.concat(
        [alone, _newest_runs(engine, counted.filter(col("_n") > 1), by, events, acute, clock)], how="vertical"
    )
    return engine.unkeyed(found, keys)


def _newest_runs(
    engine: Engine, frame: nw.LazyFrame[Any], by: Sequence[str], events: Sequence[int], acute: Sequence[Length], clock: Clock
) -> nw.LazyFrame[Any]:  # fmt: skip
    """The same where there are several episodes, by the columns of the group."""
    sheet = Sheet()
    presumed = ~col("acute_months").is_null()
    sure_end = (
        nw.when(~col("end_1").is_null()).then(col("end_1"))
        .when(presumed).then(_presumed(col("since_1"), acute, clock, 1, sheet)).otherwise(nw.lit(LATEST, dtype=nw.Int64))
    )  # fmt: skip
    last_end = nw.when(~col("end_2").is_null()).then(col("end_2")).otherwise(nw.lit(LATEST, dtype=nw.Int64))
    reach = most_of(last_end, col("onset_2"))
    assert isinstance(reach, nw.Expr)
    frame = engine.settle(sheet.applied(frame, engine).with_columns(_sure=sure_end, _reach=reach))
    by_last, by_first = ["onset_2", "onset_1", ROW], ["onset_1", "onset_2", ROW]
    frame = frame.with_columns(
        _sure_max=col("_sure").cum_max().over(*by, order_by=by_last),
        _reach_max=col("_reach").cum_max().over(*by, order_by=by_first),
        _newest=col("onset_2").max().over(*by),
    )
    frame = frame.with_columns(
        _before=col("_sure_max").shift(1).over(*by, order_by=by_last),
        _earlier=col("_reach_max").shift(1).over(*by, order_by=by_first),
        _begun=nw.when(col("onset_2") == col("_newest")).then(col("onset_1")),
    ).with_columns(_first=col("_begun").max().over(*by))
    event = _is_event(events)
    breaks_high = col("_before").is_null() | (col("_before") < col("onset_2"))
    breaks_low = (col("_earlier").is_null() | (col("_earlier") < col("onset_1"))) & (col("onset_1") <= col("_first"))
    frame = frame.with_columns(
        _h=nw.when(breaks_high | event).then(col("onset_2")), _l=nw.when(breaks_low | event).then(col("onset_1"))
    )
    return frame.group_by(*by).agg(low=col("_l").max(), high=col("_h").max())


def _is_event(events: Sequence[int]) -> nw.Expr:
    return col("x").is_in(list(events)) if events else nw.lit(False)


def unknowns(rows: nw.LazyFrame[Any], whole: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The patients and concepts that are said to be unknown, or a part of which is."""
    said = rows.filter(col("what") == UNKNOWN).join(whole, on="cid", how="inner")
    return said.select("patient", "x", null=nw.lit(True)).unique()


def probed(engine: Engine, frame: nw.LazyFrame[Any], acute: Sequence[Length], clock: Clock) -> nw.LazyFrame[Any]:
    """Episodes with the bounds of a window (`sure_1` ... `may_2`, cut at now) for each `probe`: one row for each patient and probe."""
    sheet = Sheet()
    here, maybe = overlap(col("may_1"), col("may_2"), acute, clock, sheet)
    surely, _ = overlap(col("sure_1"), col("sure_2"), acute, clock, sheet)
    happened = (col("sure_1") <= col("onset_1")) & (col("onset_2") <= col("sure_2"))
    perhaps = ~((col("onset_2") < col("may_1")) | (col("onset_1") > col("may_2")))
    marked = sheet.applied(frame, engine).with_columns(
        here=here, maybe=maybe, surely=surely, happened=happened, perhaps=perhaps
    )
    return _any_of(engine, marked, "probe", ("here", "maybe", "surely", "happened", "perhaps"))


def held_spans(frame: nw.LazyFrame[Any], events: Sequence[int], clock: Clock) -> nw.LazyFrame[Any]:
    """When a part began, if it ever did, by each occurrence of its whole: `span_1` to `span_2` (an event: then)."""
    now = moment_expression(clock.now)
    over = col("end_2") - 1
    until = nw.when(col("end_2").is_null()).then(now).when(over < now).then(over).otherwise(now)
    return frame.with_columns(
        span_1=col("onset_1"), span_2=nw.when(_is_event(events)).then(col("onset_2")).otherwise(until)
    )


def held(engine: Engine, frame: nw.LazyFrame[Any], said: nw.Expr) -> nw.LazyFrame[Any]:
    """For each patient and question about the onset of a part (`probe`): is it not false, is it not true of some occurrence of
    the whole? `said` is the answer for an onset in `span_1` to `span_2`."""
    marked = frame.with_columns(_said=said).with_columns(
        not_false=~((~col("_said")).fill_null(False)), not_true=~(col("_said").fill_null(False))
    )
    return _any_of(engine, marked, "probe", ("not_false", "not_true"))


def planned(engine: Engine, rows: nw.LazyFrame[Any], whole: nw.LazyFrame[Any], clock: Clock) -> nw.LazyFrame[Any]:
    """Plans that are not over, for each patient and wanted concept."""
    plans = rows.filter(col("what") == PLANNED).join(whole, on="cid", how="inner").filter(col("time_2") >= clock.now)
    first = most_of(col("time_1"), clock.now)
    assert isinstance(first, nw.Expr)
    return engine.settle(plans.select("patient", "x", "own", plan_1=first, plan_2="time_2"))


def planned_against(engine: Engine, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Plans with the bounds of a window for each `probe`: one row for each patient and probe."""
    hit = (col("sure_1") <= col("plan_1")) & (col("plan_2") <= col("sure_2"))
    outside = (col("plan_2") < col("may_1")) | (col("plan_1") > col("may_2"))
    later = col("plan_1") > col("may_2")
    marked = frame.with_columns(
        hit=hit, has=col("own"), near=col("own") & ~outside, soon=col("own") & ~later,
    )  # fmt: skip
    return _any_of(engine, marked, "probe", ("hit", "has", "near", "soon"))


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
    engine: Engine,
    frame: nw.LazyFrame[Any],
    fixed: Mapping[int, tuple[int, int, int, int]],
    bounds: nw.LazyFrame[Any] | None,
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
