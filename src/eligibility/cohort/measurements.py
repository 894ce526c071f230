"""Rows of quantities, classes and ages go in; observations in canonical units, as intervals with their times, come out."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import least_of, moment_expression
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.reading import B, Clock, D, I, Rejects, S, counts_months, distinct, lookup, reason
from eligibility.cohort.twins import SIGNS, observation
from eligibility.intervals import INFINITY, Interval
from eligibility.patient import quantity_reader
from eligibility.unreadable import UnreadableValue
from eligibility.vocabulary import Vocabulary

col = nw.col
NO_NUMBER = 1.5e308  # stands for null in a key: no measurement is that large
NO_TEXT = "\x00"
_LARGEST = 1e30
OBSERVED = (
    "patient",
    ROW,
    "cid",
    "low",
    "high",
    "low_open",
    "high_open",
    "first",
    "last",
    "lower",
    "upper",
    "months_1",
    "months_2",
)


def quantities(
    engine: Engine, rows: nw.LazyFrame[Any], vocabulary: Vocabulary, clock: Clock, rejects: Rejects
) -> nw.LazyFrame[Any]:
    """Observations of quantities: those of the columns `value` and `unit` are computed, those of `text` are read once for
    each distinct text. Future ones are still among them."""
    rows = rows.with_columns(unit=col("unit").fill_null(""))
    rows = _with_scales(engine, rows, vocabulary)
    rows = rows.with_columns(_slow=(~col("text").is_null()) | col("_calendar").fill_null(False))
    rows = _with_readings(engine, rows, vocabulary)
    return rejects.split(_computed(rows, clock)).select(*OBSERVED, "concept", "dated")


def _with_scales(engine: Engine, rows: nw.LazyFrame[Any], vocabulary: Vocabulary) -> nw.LazyFrame[Any]:
    """Each row with the exact line to its canonical unit: `(value * _p + _q) / _r`, so that zero stays zero."""
    concepts = list(vocabulary)
    reader = quantity_reader(vocabulary)
    found: dict[str, list[Any]] = {
        name: [] for name in ("cid", "unit", "_p", "_q", "_r", "_calendar", "_refused", "_from", "_to", "_from_open", "_to_open")
    }  # fmt: skip
    for cid, unit in distinct(engine, rows, ["cid", "unit"]):
        concept = concepts[cid]
        refused, p, q, r = None, 1.0, 0.0, 1.0
        calendar = counts_months(concept, unit)
        if not calendar:
            try:
                p, q, r = _line(reader.scale(concept, unit))
            except UnreadableValue as error:
                refused = str(error)
        for name, value in zip(
            found, (cid, unit, p, q, r, calendar, refused, concept.possible.low, concept.possible.high,
                    concept.possible.low_open, concept.possible.high_open), strict=True,
        ):  # fmt: skip
            found[name].append(value)
    types = {"cid": I, "unit": S, "_calendar": B, "_refused": S, "_from_open": B, "_to_open": B}
    return lookup(engine, rows, ["cid", "unit"], {name: (types.get(name, D), values) for name, values in found.items()})


def _line(scale: Any) -> tuple[float, float, float]:
    factor, offset = Fraction(scale.factor), Fraction(scale.offset)
    below = factor.denominator * offset.denominator
    p, q = factor.numerator * offset.denominator, offset.numerator * factor.denominator
    if max(abs(p), abs(q), below) < 2**53 and offset:
        return float(p), float(q), float(below)
    if max(factor.numerator, factor.denominator) < 2**53:
        return float(factor.numerator), float(offset), float(factor.denominator)
    return float(factor), float(offset), 1.0


_KEY = {
    "value": "_k1", "value_high": "_k2", "lower_limit": "_k3", "upper_limit": "_k4", "comparator": "_k5", "text": "_k6",
}  # fmt: skip


def _keyed(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return rows.with_columns(
        *[
            col(name).fill_null(NO_NUMBER if index < 4 else NO_TEXT).alias(key)
            for index, (name, key) in enumerate(_KEY.items())
        ]
    )


def given_of(values: tuple[Any, ...]) -> list[Any]:
    """The parts of a key, with null where nothing stood."""
    return [None if value in (NO_NUMBER, NO_TEXT) else value for value in values]


def _with_readings(engine: Engine, rows: nw.LazyFrame[Any], vocabulary: Vocabulary) -> nw.LazyFrame[Any]:
    """What the reader of patient files makes of the rows that are no plain numbers."""
    keys = ["cid", "unit", *_KEY.values()]
    out = (
        "_low",
        "_high",
        "_low_open",
        "_high_open",
        "_lower",
        "_upper",
        "_months_1",
        "_months_2",
        "_unread",
        "_nothing",
    )
    keyed = _keyed(rows)
    found: dict[str, list[Any]] = {name: [] for name in (*keys, *out)}
    concepts, reader = list(vocabulary), quantity_reader(vocabulary)
    listed = distinct(engine, keyed.filter(col("_slow")), keys)
    for given in listed:
        cid, unit, value, high, lower, upper, sign, text = (*given[:2], *given_of(given[2:]))
        row = {
            "value": value, "value_high": high, "lower_limit": lower, "upper_limit": upper, "comparator": sign, "text": text,
            "unit": unit or None,
        }  # fmt: skip
        said: tuple[Any, ...]
        try:
            twin = observation(row)
            reading = None if twin is None else reader.reading(concepts[cid], twin)
            if reading is None:
                said = (None,) * 9 + (True,)
            else:
                x = reading.value
                said = (
                    x.low,
                    x.high,
                    x.low_open,
                    x.high_open,
                    reading.lower,
                    reading.upper,
                    *counted(reading.months),
                    None,
                    False,
                )
        except UnreadableValue as error:
            said = (None,) * 8 + (str(error), False)
        for name, part in zip(found, (*given, *said), strict=True):
            found[name].append(part)
    types = {
        "cid": I, "unit": S, "_k5": S, "_k6": S, "_low_open": B, "_high_open": B, "_unread": S, "_nothing": B,
    }  # fmt: skip
    if not listed:
        nothing = [nw.lit(None, dtype=types.get(name, D)).alias(name) for name in out]
        return rows.with_columns(*nothing)
    joined = lookup(engine, keyed, keys, {name: (types.get(name, D), values) for name, values in found.items()})
    return joined.drop(*_KEY.values())


def counted(months: Interval | None) -> tuple[float | None, float | None]:
    """A duration counted in months, as two closed ends: half a month inside of an open one, since thresholds are whole months."""
    if months is None:
        return None, None
    return months.low + 0.5 * months.low_open, months.high - 0.5 * months.high_open


def _scaled(name: str) -> nw.Expr:
    return (col(name) * col("_p") + col("_q")) / col("_r")


def _outside(value: nw.Expr) -> nw.Expr:
    """Is a value outside of what is possible, by more than the tolerance?"""
    too_low = (
        nw.when(col("_from") > -INFINITY)
        .then(value < col("_from") - 1e-9 * col("_from").abs())
        .otherwise(nw.lit(False))
    )
    too_high = nw.when(col("_to") < INFINITY).then(value > col("_to") * (1 + 1e-9)).otherwise(nw.lit(False))
    return (too_low | too_high).fill_null(False)


def _computed(rows: nw.LazyFrame[Any], clock: Clock) -> nw.LazyFrame[Any]:
    sign = col("comparator").fill_null("")
    below = sign.is_in(["<", "<=", "≤"])
    above = sign.is_in([">", ">=", "≥"])
    strict = sign.is_in(["<", ">"])
    rows = rows.with_columns(
        _one=_scaled("value"), _two=_scaled("value_high"), _l=_scaled("lower_limit"), _u=_scaled("upper_limit"),
        _below=below, _above=above, _strict=strict,
    )  # fmt: skip
    has = ~col("value").is_null()
    ranged = ~col("value_high").is_null()
    fast = ~col("_slow")
    possible = (col("_from"), col("_to"))
    low = (
        nw.when(col("_below"))
        .then(possible[0])
        .when(col("_above") & (possible[0] > col("_one")))
        .then(possible[0])
        .otherwise(col("_one"))
    )
    high = (
        nw.when(col("_above")).then(possible[1])
        .when(col("_below") & (possible[1] < col("_one"))).then(possible[1])
        .when(ranged).then(col("_two")).otherwise(col("_one"))
    )  # fmt: skip
    low_open = (
        nw.when(col("_below")).then(col("_from_open"))
        .when(col("_above") & ~(possible[0] > col("_one"))).then(col("_strict")).otherwise(nw.lit(False))
    )  # fmt: skip
    high_open = (
        nw.when(col("_above")).then(col("_to_open"))
        .when(col("_below") & ~(possible[1] < col("_one"))).then(col("_strict")).otherwise(nw.lit(False))
    )  # fmt: skip
    signed = col("_below") | col("_above")
    empty = (col("_below") & ((col("_one") < col("_from")) | (col("_strict") & (col("_one") <= col("_from"))))) | (
        col("_above") & ((col("_one") > col("_to")) | (col("_strict") & (col("_one") >= col("_to"))))
    )
    nothing = (fast & ~has & ~ranged & (sign == "")) | (~fast & col("_nothing").fill_null(False))
    said = reason(
        (col("patient").is_null(), "the row names no patient"),
        (col("time_wrong"), "its time is no date of the calendar"),
        (~col("trial").is_null(), "only attestations, judgements and milestones belong to one trial"),
        (~col("status").is_null() & ~((col("status") == "unknown") & nothing), "a quantity has no status"),
        (~fast & ~col("_unread").is_null(), col("_unread")),
        (nothing, nw.lit(None, dtype=nw.String)),
        (fast & ~col("_refused").is_null(), col("_refused")),
        (fast & ~has, "a comparator or a second end stands without a value"),
        (fast & (sign != "") & ~sign.is_in(list(SIGNS)), "a comparator is one of <, <=, > and >="),
        (fast & signed & ranged, "a comparator and a second end stand together"),
        (fast & _too_large(), "a number is not finite, or too large to be a measurement"),
        (fast & signed & empty, "no possible value is beyond that limit"),
        (
            fast & ~signed & (_outside(col("_one")) | (ranged & _outside(col("_two")))),
            "the value is outside what is possible",
        ),
        (fast & ranged & (col("_one") > col("_two")), "the range is the wrong way round"),
        (fast & (_bad_limit("_l") | _bad_limit("_u")), "a limit of normal must be one possible number above zero"),
        (fast & (col("_l") > col("_u")).fill_null(False), "the lower limit is above the upper limit"),
    )
    undated = col("time_1").is_null()
    rows = rows.with_columns(reason=said, _drop=nothing)
    rows = rows.filter(~(col("_drop") & col("reason").is_null()))
    slow = col("_slow")
    return rows.with_columns(
        low=nw.when(slow).then(col("_low")).otherwise(low), high=nw.when(slow).then(col("_high")).otherwise(high),
        low_open=nw.when(slow).then(col("_low_open")).otherwise(low_open),
        high_open=nw.when(slow).then(col("_high_open")).otherwise(high_open),
        lower=nw.when(slow).then(col("_lower")).otherwise(col("_l")), upper=nw.when(slow).then(col("_upper")).otherwise(col("_u")),
        months_1=col("_months_1"), months_2=col("_months_2"), dated=~undated, **seen(clock),
    )  # fmt: skip


def seen(clock: Clock) -> dict[str, nw.Expr]:
    """The instants of an observation: undated ones were made at `at`, and a partial date is cut there. What lies after it
    keeps its `first`, by which it is left out later."""
    now = moment_expression(clock.now)
    last = least_of(col("time_2"), now)
    assert isinstance(last, nw.Expr)
    undated = col("time_1").is_null()
    return {
        "first": nw.when(undated).then(now).otherwise(col("time_1")), "last": nw.when(undated).then(now).otherwise(last),
    }  # fmt: skip


def _too_large() -> nw.Expr:
    parts = [
        (col(name).abs() > _LARGEST).fill_null(False) for name in ("value", "value_high", "lower_limit", "upper_limit")
    ]
    return parts[0] | parts[1] | parts[2] | parts[3]


def _bad_limit(name: str) -> nw.Expr:
    wrong = (col(name) <= 0) if name == "_u" else (col(name) < 0)
    return ((wrong & (col("_from") >= 0)) | _outside(col(name))).fill_null(False)
