"""Rows of conditions, events, attestations, judgements and milestones go in; what each says, with its times, comes out.

Occurrences are a list that is complete for its concept, so that one of them that cannot be used takes the others with it:
what is left would claim to be everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import least_of, moment_expression, most_of
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.reading import KINDS, Clock, I, Rejects, S, distinct, lookup, reason
from eligibility.instants import EARLIEST
from eligibility.vocabulary import Vocabulary

col = nw.col
UNKNOWN, NEVER, ABSENT, PAST, PLANNED = range(5)
_STATUSES = ["present", "absent", "never", "unknown", "planned"]


def _with_status(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The status of each row; `true`, `false` and `null` of a patient file are read as such."""
    word = col("text").str.strip_chars().str.to_lowercase()
    said = (
        nw.when(~col("status").is_null()).then(col("status"))
        .when(word == "true").then(nw.lit("present")).when(word == "false").then(nw.lit("never"))
        .when(word == "null").then(nw.lit("unknown")).otherwise(nw.lit(None, dtype=nw.String))
    )  # fmt: skip
    return rows.with_columns(
        _status=said, _odd=~col("text").is_null() & ~word.is_in(["true", "false", "null"]).fill_null(False)
    )


_NUMBER_GIVEN = ~(col("value").is_null() & col("value_high").is_null() & col("comparator").is_null())


def occurrences(rows: nw.LazyFrame[Any], vocabulary: Vocabulary, clock: Clock, engine: Engine) -> nw.LazyFrame[Any]:
    """Each row of a condition or event: what it says (`what`), its onset, end and plan as spans, and `reason` where it
    cannot be used. Presumed ends of acute conditions are `acute_months` and `acute_exact`."""
    rows = _with_status(rows)
    event = col("kind") == KINDS["event"]
    status = col("_status").fill_null("")
    timed, ended = ~col("time_1").is_null(), ~col("end_1").is_null()
    said = reason(
        (col("patient").is_null(), "the row names no patient"),
        (col("time_wrong"), "its time is no date of the calendar"),
        (col("end_wrong"), "its end is no date of the calendar"),
        (~col("trial").is_null(), "only attestations, judgements and milestones belong to one trial"),
        (_NUMBER_GIVEN, "a condition or an event has no number"),
        (~col("status").is_null() & ~col("status").is_in(_STATUSES), f"a status is one of {', '.join(_STATUSES)}"),
        (~col("status").is_null() & ~col("text").is_null(), "a row has a status or a text, not both"),
        (col("_odd"), "a condition or an event is true, false or null, or has a status"),
        (event & ended, "an event has no end"),
        (event & (status == "absent"), "an event that never happened is `never`"),
        ((status == "planned") & (~timed | ended), "a plan has one time"),
        (status.is_in(["never", "unknown"]) & (timed | ended), "what never was, or is not known, has no time"),
        ((status == "present") & ended, "it is present and has ended at once"),
        ((status == "") & ~timed & ~ended, "the row says nothing: give a status or a time"),
        ((col("end_2") < col("time_1")).fill_null(False), "it ended before its onset"),
    )
    what = (
        nw.when(status == "unknown").then(nw.lit(UNKNOWN)).when(status == "never").then(nw.lit(NEVER))
        .when((status == "absent") & ~timed & ~ended).then(nw.lit(ABSENT))
        .when(status == "planned").then(nw.lit(PLANNED)).otherwise(nw.lit(PAST))
    )  # fmt: skip
    now = moment_expression(clock.now)
    far = nw.lit(EARLIEST, dtype=nw.Int64)
    onset_first = nw.when(timed).then(col("time_1")).otherwise(far)
    over = (ended & (col("end_1") <= now)).fill_null(False)  # an end that lies after the instant is not seen: it lasts
    end_last = _least(col("end_2"), now)
    begun = _least(col("time_2"), now)
    onset_last = (
        nw.when(timed & over & ~event).then(_most(onset_first, _least(begun, end_last)))  # it began before it ended
        .when(timed).then(begun).when(over).then(end_last).otherwise(now)
    )  # fmt: skip
    none = nw.lit(None, dtype=nw.Int64)
    absent = status == "absent"
    acute = _acute_table(vocabulary)
    rows = rows.with_columns(
        reason=said,
        what=what,
        _event=event,
        _absent=absent,
        _timed=timed,
        _over=over,
        _end_last=end_last,
        onset_1=onset_first,
        onset_2=onset_last,
    )
    rows = lookup(engine, rows, ["cid"], acute)
    presumed = ~event & ~col("_over") & (status == "")
    return rows.with_columns(
        end_first=nw.when(event).then(none).when(col("_over")).then(_most(col("end_1"), col("onset_1"))).when(absent).then(col("onset_1")).otherwise(none),
        end_last=nw.when(event).then(none).when(col("_over")).then(col("_end_last")).when(absent).then(now).otherwise(none),
        acute_months=nw.when(presumed).then(col("_acute_months")).otherwise(none),
        acute_exact=nw.when(presumed).then(col("_acute_exact")).otherwise(none),
        lost=(col("what") == PAST) & ((timed & (col("time_1") > now)) | (~timed & ended & ~col("_over"))),
        undated=(col("what") == PAST) & ~timed & ~ended,
        present=(col("what") == PAST) & ~event & (status == "present"),
    ).select(
        "patient", ROW, "concept", "cid", "kind", "reason", "what", "onset_1", "onset_2", "end_first", "end_last", "acute_months",
        "acute_exact", "lost", "undated", "present", "time_1", "time_2",
    )  # fmt: skip


def _least(a: nw.Expr, b: nw.Expr) -> nw.Expr:
    return least_of(a, b)  # type: ignore[return-value]  # of two expressions


def _most(a: nw.Expr, b: nw.Expr) -> nw.Expr:
    return most_of(a, b)  # type: ignore[return-value]  # of two expressions


def _acute_table(vocabulary: Vocabulary) -> dict[str, tuple[Any, Sequence[Any]]]:
    listed = [(index, concept.acute_for) for index, concept in enumerate(vocabulary) if concept.acute_for]
    return {
        "cid": (I, [index for index, _ in listed]), "_acute_months": (I, [acute.months for _, acute in listed if acute]),
        "_acute_exact": (I, [acute.exact for _, acute in listed if acute]),
    }  # fmt: skip


def stated(engine: Engine, rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """What the rows of each patient and concept say together: one row for each, as counts."""
    marked = rows.with_columns(
        _bad=~col("reason").is_null(), _past=col("what") == PAST, _never=col("what") == NEVER, _absent=col("what") == ABSENT,
        _planned=col("what") == PLANNED, _unknown=col("what") == UNKNOWN, _kept=(col("what") == PAST) & ~col("lost"),
    )  # fmt: skip
    names = ("_bad", "_past", "_never", "_absent", "_planned", "_unknown", "_kept", "lost", "undated", "present")
    marked = marked.with_columns(*[col(name).cast(nw.Int64).alias(name) for name in names])
    keys = ("patient", "cid")
    marked, by = engine.keyed(marked, keys)
    counts = [col(name).sum().alias(f"n{name.strip('_')}") for name in names]
    return engine.unkeyed(marked.group_by(*by).agg(col("kind").max(), *counts), keys)


TROUBLE = "its rows contradict each other: `absent` or `never` stands beside others"
NEIGHBOUR = "another row of this concept and patient cannot be used, and without it the list is not complete"


def consistent(
    engine: Engine, rows: nw.LazyFrame[Any], together: nw.LazyFrame[Any], rejects: Rejects
) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]:
    """Rows and their summary without what contradicts itself or cannot be used."""
    said = (col("npast") + col("nplanned") + col("nnever") + col("nabsent")) > 0
    denied = (col("nnever") + col("nabsent")) > 0
    torn = (denied & ((col("npast") + col("nplanned")) > 0)) | ((col("nnever") > 0) & (col("nabsent") > 0))
    vain = (col("nunknown") > 0) & said
    trouble = together.with_columns(_torn=torn, _vain=vain, _bad=col("nbad") > 0).filter(
        col("_torn") | col("_vain") | col("_bad")
    )
    if engine.is_empty(trouble):
        return rows.drop("reason"), together
    keys = ["patient", "cid"]
    joined = rows.join(trouble.select(*keys, "_torn", "_vain", "_bad"), on=keys, how="left")
    joined = joined.with_columns(
        reason=reason(
            (~col("reason").is_null(), col("reason")), (col("_bad").fill_null(False), NEIGHBOUR),
            (col("_torn").fill_null(False), TROUBLE),
            (col("_vain").fill_null(False) & (col("what") == UNKNOWN), "`unknown` stands beside rows that say more"),
        )
    )  # fmt: skip
    kept = engine.settle(rejects.split(joined.drop("_torn", "_vain", "_bad")))
    return kept, engine.settle(stated(engine, kept.with_columns(reason=nw.lit(None, dtype=nw.String))))


# --- answers and milestones ------------------------------------------------------------------------------------------


def trial_numbers(engine: Engine, rows: nw.LazyFrame[Any], known: Mapping[str, int]) -> nw.LazyFrame[Any]:
    """Each row with the number of its trial: -1 for none, null for one that nobody knows."""
    texts = [text for (text,) in distinct(engine, rows.filter(~col("trial").is_null()), ["trial"])]
    found = [(text, known[text.strip().casefold()]) for text in texts if text.strip().casefold() in known]
    table: dict[str, tuple[Any, Sequence[Any]]] = {
        "trial": (S, [text for text, _ in found]),
        "_trial": (I, [number for _, number in found]),
    }
    joined = lookup(engine, rows, ["trial"], table)
    return joined.with_columns(
        tid=nw.when(col("trial").is_null()).then(nw.lit(-1, dtype=nw.Int64)).otherwise(col("_trial"))
    ).drop("_trial")


def answers(
    engine: Engine, rows: nw.LazyFrame[Any], addresses: Mapping[str, int], trials: Mapping[str, int], rejects: Rejects
) -> nw.LazyFrame[Any]:
    """One row for each patient and attestation (by `cid` and `tid`) or judgement (by the number of its address as `cid`):
    `answer` is null where it is said to be unknown."""
    rows = trial_numbers(engine, _with_status(rows), trials)
    rows = _addressed(engine, rows, addresses)
    status = col("_status").fill_null("")
    said = reason(
        (col("patient").is_null(), "the row names no patient"),
        (col("tid").is_null(), "no trial has this ID"),
        (col("cid").is_null(), "no trial asks for this judgement; an address is TRIAL/include.ID or TRIAL/exclude.ID"),
        (_NUMBER_GIVEN | col("_odd"), "an answer is `present`, `absent` or `unknown`, or true, false or null"),
        (~status.is_in(["present", "absent", "never", "unknown"]), "an answer is `present`, `absent` or `unknown`"),
    )
    answer = nw.when(status == "present").then(nw.lit(True)).when(status.is_in(["absent", "never"])).then(nw.lit(False))
    kept = rejects.split(rows.with_columns(reason=said, answer=answer.otherwise(nw.lit(None, dtype=nw.Boolean))))
    code = nw.when(col("answer").is_null()).then(nw.lit(2)).otherwise(col("answer").cast(nw.Int64))
    return _agreed(kept.with_columns(_code=code.cast(nw.Int64)), ["_code"], rejects)


def _addressed(engine: Engine, rows: nw.LazyFrame[Any], addresses: Mapping[str, int]) -> nw.LazyFrame[Any]:
    """Judgements get the number of their address as `cid`."""
    judged = rows.filter(col("cid") == -1).with_columns(_t=col("trial").fill_null(""))
    found: list[tuple[str, str, int]] = []
    for concept, trial in distinct(engine, judged, ["concept", "_t"]):
        address = (concept if not trial else f"{trial.strip()}/{concept}").strip().casefold()
        if address in addresses:
            found.append((concept, trial, addresses[address]))
    table: dict[str, tuple[Any, Sequence[Any]]] = {
        "concept": (S, [concept for concept, _, _ in found]), "_t": (S, [trial for _, trial, _ in found]),
        "_address": (I, [number for _, _, number in found]),
    }  # fmt: skip
    joined = lookup(engine, rows.with_columns(_t=col("trial").fill_null("")), ["concept", "_t"], table)
    judgement = col("cid") == -1
    return joined.with_columns(
        cid=nw.when(judgement).then(col("_address")).otherwise(col("cid")),
        tid=nw.when(judgement & ~col("tid").is_null())
        .then(nw.lit(-1, dtype=nw.Int64))
        .otherwise(col("tid")),  # its address names it
    ).drop("_t", "_address")


def _agreed(rows: nw.LazyFrame[Any], values: Sequence[str], rejects: Rejects) -> nw.LazyFrame[Any]:
    """One row for each patient, concept and trial; all are rejected where they disagree."""
    keys = ["patient", "cid", "tid"]
    grouped = rows.group_by(*keys).agg(
        *[(col(name).min() == col(name).max()).alias(f"_same{name}") for name in values], col(ROW).min().alias("_least")
    )
    joined = rows.join(grouped, on=keys, how="left")
    equal = nw.lit(True)
    for name in values:
        equal = equal & col(f"_same{name}")
    joined = joined.with_columns(reason=reason((~equal, "it is given several times, and the rows disagree")))
    kept = rejects.split(joined)
    return kept.filter(col(ROW) == col("_least")).drop("_least", *[f"_same{name}" for name in values])


def milestones(
    engine: Engine, rows: nw.LazyFrame[Any], trials: Mapping[str, int], screening: int, rejects: Rejects
) -> nw.LazyFrame[Any]:
    """One row for each patient and milestone, by `cid` and `tid`: its span, or none where it is said to be unknown."""
    rows = trial_numbers(engine, rows, trials)
    said = reason(
        (col("patient").is_null(), "the row names no patient"),
        (col("tid").is_null(), "no trial has this ID"),
        (col("time_wrong"), "its time is no date of the calendar"),
        (col("cid") == screening, "screening is always the instant of judgement; give it as `at`"),
        (_NUMBER_GIVEN | ~col("text").is_null(), "a milestone is a time"),
        (
            col("time_1").is_null() & ~(col("status").fill_null("") == "unknown"),
            "a milestone has a time, or the status `unknown`",
        ),
        (
            ~col("time_1").is_null() & (col("status").fill_null("") == "unknown"),
            "a milestone has a time, or the status `unknown`",
        ),
    )
    kept = rejects.split(rows.with_columns(reason=said))
    coded = kept.with_columns(_1=col("time_1").fill_null(EARLIEST - 1), _2=col("time_2").fill_null(EARLIEST - 1))
    return _agreed(coded, ["_1", "_2"], rejects)
