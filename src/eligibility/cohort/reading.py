"""The long table of facts goes in; canonical rows of each kind come out, and every row that cannot be used, with the reason.

Names, units, dates and texts are looked up once for each distinct one; the rows themselves are only joined and computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import Moment, clamped, moment_expression, pick_moment
from eligibility.cohort.engines import ROW, Engine, TimeKind, is_nothing
from eligibility.cohort.folding import Flag
from eligibility.errors import UsageError, excerpt
from eligibility.facts import read_instant
from eligibility.instants import DAY, EPOCH, LATEST, Instant, instant_of, read_date, time_unit
from eligibility.vocabulary import Concept, Vocabulary

col = nw.col
I: Any = nw.Int64  # noqa: E741  # the four types of small tables, a letter each
D: Any = nw.Float64
S: Any = nw.String
B: Any = nw.Boolean
_OVERFLOW = LATEST + 10 * DAY  # the end of a date that the calendar cannot show

NUMBERS = ("value", "value_high", "lower_limit", "upper_limit")
TEXTS = ("unit", "comparator", "text", "status", "trial")
TIMES = ("time", "end")
KINDS = {"quantity": 0, "class": 1, "age": 2, "condition": 3, "event": 4, "attestation": 5, "milestone": 6}
JUDGEMENT = 7


@dataclass(frozen=True)
class Clock:
    """The instant of judgement and its offset from UTC in microseconds: constants, or columns of each patient."""

    now: Moment
    offset: Moment

    @property
    def is_shared(self) -> bool:
        """Are all patients judged at one instant?"""
        return isinstance(self.now, int)


def clock_at(at: str | datetime | None) -> Clock:
    """The clock of an `at`, else of this moment. Raises UsageError for a zone whose offset changes in the year."""
    found = read_instant(at)
    if found is None:
        return Clock(instant_of(datetime.now(UTC), UTC), 0)
    return Clock(found[0], offset_of(found[1], found[0]))


def offset_of(zone: tzinfo, instant: Instant) -> int:
    """The fixed offset of a zone in microseconds."""
    offset = zone.utcoffset(None)
    if offset is None:
        raise UsageError(
            f"`at` is in the zone {zone}, whose offset changes in the year; a cohort is read at one offset: "
            f"give `at` as text, such as `{(EPOCH + timedelta(microseconds=instant)).isoformat()}`"
        )
    return offset // timedelta(microseconds=1)


@dataclass
class Rejects:
    """Rows that cannot be used; each piece has row, patient, concept and reason."""

    pieces: list[nw.LazyFrame[Any]] = field(default_factory=list)
    _named: list[nw.LazyFrame[Any]] = field(default_factory=list)
    _codes: nw.LazyFrame[Any] | None = None

    def coded(self, codes: nw.LazyFrame[Any]) -> None:
        """From here on the rows bear the code of their patient."""
        self._named, self.pieces, self._codes = self.pieces, [], codes

    def whole(self) -> nw.LazyFrame[Any]:
        """All of them, with the patients as they came."""
        pieces = self.pieces
        if self._codes is not None and pieces:
            pieces = [*self._named, decoded(nw.concat(pieces, how="vertical"), self._codes)]
        return nw.concat(pieces, how="vertical")

    def split(self, frame: nw.LazyFrame[Any], reason: str = "reason") -> nw.LazyFrame[Any]:
        """What has no reason to be rejected; the rest is kept aside."""
        self.add(frame.filter(~col(reason).is_null()), reason)
        return frame.filter(col(reason).is_null()).drop(reason)

    def add(self, frame: nw.LazyFrame[Any], reason: str | nw.Expr = "reason") -> None:
        """Rows with their reason."""
        said = col(reason) if isinstance(reason, str) else reason
        self.pieces.append(frame.select(ROW, "patient", "concept", said.cast(nw.String).alias("reason")))


def coded(frame: nw.LazyFrame[Any], codes: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any]:
    """A frame with the codes of its patients for the patients."""
    if codes is None:
        return frame
    names = frame.collect_schema().names()
    return frame.join(codes, on="patient", how="left").drop("patient").rename({"_code": "patient"}).select(*names)


def decoded(frame: nw.LazyFrame[Any], codes: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any]:
    """The same frame as it was before `coded`."""
    if codes is None:
        return frame
    names = frame.collect_schema().names()
    known = codes.rename({"patient": "_named", "_code": "patient"})
    return frame.join(known, on="patient", how="left").drop("patient").rename({"_named": "patient"}).select(*names)


def reason(*cases: tuple[Flag, str | nw.Expr]) -> nw.Expr:
    """The first of some reasons that applies, else null."""
    found: nw.Expr = nw.lit(None, dtype=nw.String)
    for condition, said in reversed(cases):
        if condition is False:
            continue
        text = said if isinstance(said, nw.Expr) else nw.lit(said)
        found = text if condition is True else nw.when(condition).then(text).otherwise(found)
    return found


def lookup(
    engine: Engine, frame: nw.LazyFrame[Any], keys: Sequence[str], found: Mapping[str, tuple[Any, Sequence[Any]]]
) -> nw.LazyFrame[Any]:
    """A frame with the columns of a small table, by keys that are never null."""
    return frame.join(engine.table(found), on=list(keys), how="left")


def distinct(engine: Engine, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> list[tuple[Any, ...]]:
    """The distinct values of some columns."""
    return engine.rows(frame.select(*keys).unique())


def prepared(frame: nw.LazyFrame[Any], needed: Iterable[str], kinds: Mapping[str, TimeKind]) -> nw.LazyFrame[Any]:
    """The columns of the long table with one type each; those that are left out are null, and NaN is null."""
    schema = frame.collect_schema()
    missing = [name for name in needed if name not in schema]
    if missing:
        raise UsageError(f"the table of facts has no column `{missing[0]}`; it has {', '.join(schema)}")
    strange = [name for name, kind in kinds.items() if kind == "other"]
    if strange:
        raise UsageError(
            f"the column `{strange[0]}` must hold timestamps, days, or text such as 2024-03-04T08:00Z, not {schema[strange[0]]}"
        )
    columns: list[nw.Expr] = []
    for name in NUMBERS:
        if name not in schema:
            columns.append(nw.lit(None, dtype=nw.Float64).alias(name))
        elif schema[name].is_numeric():
            plain = col(name).cast(nw.Float64)
            columns.append(
                nw.when(~plain.is_nan()).then(plain).alias(name) if schema[name].is_float() else plain.alias(name)
            )
        elif is_nothing(schema[name]):
            columns.append(nw.lit(None, dtype=nw.Float64).alias(name))
        else:
            raise UsageError(f"the column `{name}` must hold numbers, not {schema[name]}; put texts into `text`")
    for name in TEXTS:
        if name not in schema or is_nothing(schema[name]):
            columns.append(nw.lit(None, dtype=nw.String).alias(name))
        elif schema[name] == nw.String:
            columns.append(col(name))
        else:
            raise UsageError(f"the column `{name}` must hold text, not {schema[name]}")
    columns += [nw.lit(None, dtype=nw.Int64).alias(name) for name in TIMES if name not in schema]
    columns += [col(name) for name in TIMES if name in schema]
    return frame.select(col(ROW).cast(nw.Int64), identified(schema), col("concept").cast(nw.String), *columns)


def identified(schema: Any) -> nw.Expr:
    """The column of patients: whole numbers of one size, or texts. Raises UsageError for what cannot name a patient."""
    dtype = schema["patient"]
    if dtype.is_integer():
        return col("patient").cast(nw.Int64)
    if dtype in (nw.String, nw.Categorical) or isinstance(dtype, nw.Enum) or is_nothing(dtype):
        return col("patient").cast(nw.String)
    raise UsageError(f"the column `patient` must hold whole numbers or text, not {dtype}")


def dated(engine: Engine, frame: nw.LazyFrame[Any], column: str, kind: TimeKind, clock: Clock) -> nw.LazyFrame[Any]:
    """A column of times as the first and the last instant that each may be: `<column>_1`, `<column>_2` (null where there
    is no time), and `<column>_wrong` where a text is no date."""
    one, two, wrong = f"{column}_1", f"{column}_2", f"{column}_wrong"
    if kind == "absent":
        nothing = nw.lit(None, dtype=nw.Int64)
        return frame.with_columns(nothing.alias(one), nothing.alias(two), nw.lit(False).alias(wrong))
    if kind == "text":
        return _dated_texts(engine, frame, column, clock)
    start = col(column).cast(nw.Int64)
    floating = kind != "instant"
    first = clamped(start - clock.offset if floating else start)
    last = first if kind != "day" else _last(start + DAY, clock.offset)
    return frame.with_columns(_kept(start, first).alias(one), _kept(start, last).alias(two), nw.lit(False).alias(wrong))


def _kept(given: nw.Expr, moment: Moment) -> nw.Expr:
    """An instant, null where none was given."""
    return nw.when(~given.is_null()).then(moment_expression(moment))


def _last(after: nw.Expr, offset: Moment) -> Moment:
    """The last microsecond before the wall clock `after`."""
    return pick_moment(after >= _OVERFLOW, LATEST, clamped(after - offset) - 1)


def _dated_texts(engine: Engine, frame: nw.LazyFrame[Any], column: str, clock: Clock) -> nw.LazyFrame[Any]:
    given = frame.filter(~col(column).is_null())
    texts = [text for (text,) in distinct(engine, given, [column])]
    firsts: list[int | None] = []
    afters: list[int | None] = []
    floats: list[bool] = []
    for text in texts:
        start, after, floating = wall_of(text)
        firsts.append(start)
        afters.append(after)
        floats.append(floating)
    table: dict[str, tuple[Any, Sequence[Any]]] = {
        column: (S, texts), "_first": (I, firsts), "_after": (I, afters), "_floats": (B, floats), "_known": (B, [True] * len(texts)),
    }  # fmt: skip
    joined = lookup(engine, frame, [column], table)
    offset = pick_moment(col("_floats"), clock.offset, 0)
    first = clamped(col("_first") - offset)
    last = pick_moment(col("_after").is_null(), first, _last(col("_after"), offset))
    return joined.with_columns(
        _kept(col("_first"), first).alias(f"{column}_1"), _kept(col("_first"), last).alias(f"{column}_2"),
        (~col(column).is_null() & col("_first").is_null()).alias(f"{column}_wrong"),
    ).drop("_first", "_after", "_floats", "_known")  # fmt: skip


def wall_of(text: str) -> tuple[int | None, int | None, bool]:
    """A written date: the wall clock of its first microsecond, of the first one after it (None for an instant), and
    whether it waits for a zone. Nothing where it is no date."""
    found = read_date(text)
    if found is None:
        return None, None, True
    first = instant_of(found.start, UTC)
    if found.precision == "instant":
        return first, None, found.is_floating
    last = found.span(UTC).last
    return first, _OVERFLOW if last == LATEST else last + 1, True


def names_of(vocabulary: Vocabulary) -> dict[str, int]:
    """The number of each concept."""
    return {name: index for index, name in enumerate(vocabulary.concepts)}


def named(
    engine: Engine, frame: nw.LazyFrame[Any], vocabulary: Vocabulary, numbers: Mapping[str, int]
) -> nw.LazyFrame[Any]:
    """Every row with the number `cid` and the `kind` of its concept; both null for what the vocabulary does not know."""
    found: list[tuple[str, int, int]] = []
    for (name,) in distinct(engine, frame.filter(~col("concept").is_null()), ["concept"]):
        concept = vocabulary.find(name)
        if concept is not None:
            found.append((name, numbers[concept.name], KINDS[concept.kind]))
        elif is_address(name):
            found.append((name, -1, JUDGEMENT))
    table: dict[str, tuple[Any, Sequence[Any]]] = {
        "concept": (S, [name for name, _, _ in found]), "cid": (I, [number for _, number, _ in found]),
        "kind": (I, [kind for _, _, kind in found]),
    }  # fmt: skip
    return lookup(engine, frame, ["concept"], table)


def is_duration(concept: Concept) -> bool:
    """Is it a quantity of time?"""
    return concept.measure is not None and concept.measure.unit.dimensions == (("[time]", 1),)


def counts_months(concept: Concept, unit: str | None) -> bool:
    """Is an amount of it counted in months or years of the calendar, which have no one length?"""
    return unit is not None and is_duration(concept) and time_unit(unit) in ("month", "year")


_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]{1,80}/)?(?:include|exclude)\.[A-Za-z0-9.]{1,40}", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Does a text look like the address of a judgement?"""
    return _ADDRESS.fullmatch(text) is not None


def unknown_name(vocabulary: Vocabulary, name: str) -> str:
    """Why a name is not known, with the nearest ones."""
    close = vocabulary.nearest(name)
    return f"no concept `{excerpt(name)}`" + (f"; did you mean {', '.join(close)}?" if close else "")
