"""A native frame of Polars, DuckDB or Spark goes in; one narwhals face over it comes out, with what narwhals leaves open:
timestamps as whole microseconds, numbers of rows, small tables, and results that are worked out once.

pandas and Arrow tables are taken through Arrow into Polars, the embedded engine, and given back as they came.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw

from eligibility.errors import UsageError

TimeKind = Literal["absent", "floating", "instant", "day", "text", "other"]
"""What a column of times holds: nothing, timestamps without or with a zone, dates, ISO text, or what is no time."""

ROW = "row"


@dataclass(frozen=True)
class Taken:
    """A frame at the border: times are microseconds (or text), every row has its number in the column `row`."""

    frame: nw.LazyFrame[Any]
    kinds: Mapping[str, TimeKind]


class Engine(ABC):
    """What the screening of a cohort asks of a back end beside narwhals."""

    name: str

    @abstractmethod
    def take(self, native: Any, times: Sequence[str], *, numbered: bool = True) -> Taken:
        """A native frame behind the narwhals face."""

    @abstractmethod
    def settle(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The same frame, worked out once."""

    def steady(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The same frame, worked out where a back end plans a long chain of steps slowly."""
        return self.settle(frame)

    @abstractmethod
    def table(self, columns: Mapping[str, tuple[Any, Sequence[Any]]]) -> nw.LazyFrame[Any]:
        """A small table: for each column its narwhals type and its values."""

    @abstractmethod
    def numbered(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """A frame with the number of each row in the column `row`."""

    @abstractmethod
    def give(self, frame: nw.LazyFrame[Any]) -> Any:
        """A native frame, as the one that came in."""

    def finished(self, *frames: nw.LazyFrame[Any]) -> tuple[nw.LazyFrame[Any], ...]:
        """Some frames, worked out; what was worked out on the way to them is given up."""
        return tuple(self.settle(frame) for frame in frames)

    def rows(self, frame: nw.LazyFrame[Any]) -> list[tuple[Any, ...]]:
        """The rows of a small frame."""
        return [tuple(row) for row in frame.collect().iter_rows()]

    def inside(
        self, frame: nw.LazyFrame[Any], ends: Mapping[str, tuple[float, float]], tops: Mapping[str, int]
    ) -> tuple[dict[str, bool], dict[str, bool]]:
        """Does all that a column of numbers has lie between two ends (NaN does not); not above a third one? Nothing where looking
        is not cheap."""
        return {}, {}

    def is_empty(self, frame: nw.LazyFrame[Any]) -> bool:
        """Has a frame no rows?"""
        return not self.rows(frame.head(1))

    def beside(self, frame: nw.LazyFrame[Any], other: nw.LazyFrame[Any], flags: Sequence[str]) -> nw.LazyFrame[Any]:
        """The patients of a frame with the columns of another, null where it has no such patient; `flags` are false there."""
        joined = frame.join(other, on="patient", how="left")
        return joined.with_columns(*[nw.col(name).fill_null(False) for name in flags]) if flags else joined

    def spread(
        self, frame: nw.LazyFrame[Any], key: str, wanted: Mapping[int, Sequence[tuple[str, str]]]
    ) -> nw.LazyFrame[Any]:
        """One row for each patient from one row for each (patient, key): `wanted` names for each key the columns to take
        and what they become."""
        aggregates = [
            nw.when(nw.col(key) == value).then(nw.col(column)).max().alias(name)
            for value, columns in wanted.items()
            for column, name in columns
        ]
        return frame.group_by("patient").agg(*aggregates)


def _kind_of(dtype: Any) -> TimeKind:
    if isinstance(dtype, nw.Datetime):
        return "instant" if dtype.time_zone else "floating"
    if dtype == nw.Date:
        return "day"
    if is_nothing(dtype):
        return "absent"
    return "text" if dtype in (nw.String, nw.Categorical) or isinstance(dtype, nw.Enum) else "other"


def is_nothing(dtype: Any) -> bool:
    """Is it the type of a column in which nothing but null stands?"""
    return dtype == nw.Unknown or str(dtype) in ("Null", "Unknown")


def _has_numbers(schema: Any) -> bool:
    """Does a frame number its own rows, in a column `row` of whole numbers?"""
    return ROW in schema and schema[ROW].is_integer()


class _Polars(Engine):
    name = "polars"

    def __init__(self, back: Callable[[Any], Any]) -> None:
        self._back = back

    def take(self, native: Any, times: Sequence[str], *, numbered: bool = True) -> Taken:
        import polars as pl

        frame = native.lazy() if isinstance(native, pl.DataFrame) else native
        schema = frame.collect_schema()
        if numbered and not (ROW in schema and schema[ROW].is_integer()):
            frame = frame.drop(ROW, strict=False).with_row_index(ROW)
        if numbered:
            frame = frame.with_columns(pl.col(ROW).cast(pl.Int64))
        taken: nw.LazyFrame[Any] = nw.from_native(frame)
        kinds = {name: _kind_of(taken.collect_schema()[name]) if name in schema else "absent" for name in times}
        changed = []
        for name, kind in kinds.items():
            if kind in ("floating", "instant"):
                changed.append(pl.col(name).dt.timestamp("us"))
            elif kind == "day":
                changed.append(pl.col(name).cast(pl.Datetime("us")).dt.timestamp("us"))
            elif kind == "text":
                changed.append(pl.col(name).cast(pl.String))
        texts = [name for name, dtype in schema.items() if dtype == pl.Categorical or isinstance(dtype, pl.Enum)]
        changed += [pl.col(name).cast(pl.String) for name in texts if name not in kinds]
        return Taken(nw.from_native(frame.with_columns(changed)), kinds)

    def settle(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return frame.collect().lazy()

    def inside(
        self, frame: nw.LazyFrame[Any], ends: Mapping[str, tuple[float, float]], tops: Mapping[str, int]
    ) -> tuple[dict[str, bool], dict[str, bool]]:
        import polars as pl

        # each end for itself: a conjunction of what may be null costs more than both; NaN is above every number
        within = [
            ((pl.col(name) < low).any() | (pl.col(name) > high).any()).not_().alias(f"c{index}")
            for index, (name, (low, high)) in enumerate(ends.items())
        ]
        below = [(pl.col(name) > top).any().not_().alias(f"t{index}") for index, (name, top) in enumerate(tops.items())]
        if not within and not below:
            return {}, {}
        found = frame.to_native().select(within + below).collect().row(0)
        return dict(zip(ends, found, strict=False)), dict(zip(tops, found[len(within) :], strict=True))

    def steady(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return frame

    def table(self, columns: Mapping[str, tuple[Any, Sequence[Any]]]) -> nw.LazyFrame[Any]:
        import polars as pl

        types = {
            nw.Int64: pl.Int64,
            nw.Float64: pl.Float64,
            nw.String: pl.String,
            nw.Boolean: pl.Boolean,
        }
        data = {name: pl.Series(name, list(values), dtype=types[dtype]) for name, (dtype, values) in columns.items()}
        made_lazy: nw.LazyFrame[Any] = nw.from_native(pl.DataFrame(data).lazy())
        return made_lazy

    def numbered(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        import polars as pl

        made_lazy: nw.LazyFrame[Any] = nw.from_native(
            frame.to_native().drop(ROW, strict=False).with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
        )
        return made_lazy

    def give(self, frame: nw.LazyFrame[Any]) -> Any:
        return self._back(frame.to_native())

    def spread(
        self, frame: nw.LazyFrame[Any], key: str, wanted: Mapping[int, Sequence[tuple[str, str]]]
    ) -> nw.LazyFrame[Any]:
        if not wanted:
            return super().spread(frame, key, wanted)
        import polars as pl

        taken = sorted({column for columns in wanted.values() for column, _ in columns})
        native = frame.filter(nw.col(key).is_in(list(wanted))).select("patient", key, *taken).collect().to_native()
        ready = native.filter(pl.col(key) < 0)  # no rows: the columns of keys that never occur
        pieces = native.partition_by(key, as_dict=True, include_key=False)
        wide = native.select("patient").unique()
        for value, columns in wanted.items():
            piece = pieces.get((value,), ready)
            if piece.height == 0:
                types = [pl.lit(None, dtype=native.schema[column]).alias(name) for column, name in columns]
                wide = wide.with_columns(types)
                continue
            named = piece.select("patient", *[pl.col(column).alias(name) for column, name in columns])
            wide = wide.join(named, on="patient", how="left", maintain_order="none")
        made_lazy: nw.LazyFrame[Any] = nw.from_native(wide.lazy())
        return made_lazy


class _DuckDB(Engine):
    name = "duckdb"
    _numbers = itertools.count()

    def __init__(self, relation: Any) -> None:
        # one row of no table of the cohort: what is read through it does not bind the whole chain of relations again
        self._root = relation.limit(0).aggregate("count(*) as n")
        self._made: list[str] = []

    def take(self, native: Any, times: Sequence[str], *, numbered: bool = True) -> Taken:
        import duckdb

        frame: nw.LazyFrame[Any] = nw.from_native(native)
        schema = frame.collect_schema()
        kinds = {name: _kind_of(schema[name]) if name in schema else "absent" for name in times}
        columns = []
        number_rows = numbered and not _has_numbers(schema)
        for name, dtype in schema.items():
            if number_rows and name == ROW:
                continue
            column = duckdb.ColumnExpression(name)
            if kinds.get(name) in ("floating", "instant", "day"):
                columns.append(duckdb.FunctionExpression("epoch_us", column).alias(name))
            elif dtype == nw.Categorical or isinstance(dtype, nw.Enum):
                columns.append(column.cast(duckdb.sqltype("VARCHAR")).alias(name))
            else:
                columns.append(column)
        if number_rows:
            columns.append(duckdb.SQLExpression("row_number() over () - 1").alias(ROW))
        return Taken(nw.from_native(native.select(*columns)), kinds)

    def settle(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        name = f"eligibility_{next(self._numbers)}"
        native: Any = frame.to_native()
        native.query(f"{name}_source", f"create temp table {name} as select * from {name}_source")
        self._made.append(name)
        made_lazy: nw.LazyFrame[Any] = nw.from_native(self._root.query("eligibility_root", f"select * from {name}"))
        return made_lazy

    def _stored(self, frame: nw.LazyFrame[Any]) -> str:
        """The name of a temporary table with the rows of a frame."""
        self.settle(frame)
        return self._made[-1]

    def beside(self, frame: nw.LazyFrame[Any], other: nw.LazyFrame[Any], flags: Sequence[str]) -> nw.LazyFrame[Any]:
        # as one statement: a projection of hundreds of columns is bound and looked through again by each step of a relation
        left, right, name = self._stored(frame), self._stored(other), f"eligibility_{next(self._numbers)}"
        false = set(flags)
        columns = [
            f'coalesce(r."{column}", false) as "{column}"' if column in false else f'r."{column}"'
            for column in other.collect_schema().names()
            if column != "patient"
        ]
        made = f"select l.*, {', '.join(columns)} from {left} l left join {right} r on l.patient = r.patient"
        self._root.query("eligibility_root", f"create temp table {name} as {made}")
        self._made.append(name)
        made_lazy: nw.LazyFrame[Any] = nw.from_native(self._root.query("eligibility_root", f"select * from {name}"))
        return made_lazy

    def finished(self, *frames: nw.LazyFrame[Any]) -> tuple[nw.LazyFrame[Any], ...]:
        earlier = list(self._made)
        kept = super().finished(*frames)
        for name in earlier:
            self._root.query("eligibility_root", f"drop table {name}")
        self._made = [name for name in self._made if name not in earlier]
        return kept

    def table(self, columns: Mapping[str, tuple[Any, Sequence[Any]]]) -> nw.LazyFrame[Any]:
        import pyarrow as pa

        types = {nw.Int64: pa.int64(), nw.Float64: pa.float64(), nw.String: pa.string(), nw.Boolean: pa.bool_()}
        made = pa.table({name: pa.array(values, type=types[dtype]) for name, (dtype, values) in columns.items()})
        name = f"eligibility_{next(self._numbers)}"
        self._root.query("eligibility_root", f"create temp table {name} as select * from made")
        del made
        self._made.append(name)
        made_lazy: nw.LazyFrame[Any] = nw.from_native(self._root.query("eligibility_root", f"select * from {name}"))
        return made_lazy

    def numbered(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return self.take(frame.to_native(), []).frame

    def give(self, frame: nw.LazyFrame[Any]) -> Any:
        return frame.to_native()


class _Spark(Engine):
    name = "spark"

    def __init__(self, session: Any) -> None:
        self._session = session

    def take(self, native: Any, times: Sequence[str], *, numbered: bool = True) -> Taken:
        from pyspark.sql import functions
        from pyspark.sql.types import TimestampNTZType

        frame: nw.LazyFrame[Any] = nw.from_native(native)
        schema = frame.collect_schema()
        kinds: dict[str, TimeKind] = {name: _kind_of(schema[name]) if name in schema else "absent" for name in times}
        for name, kind in list(kinds.items()):
            if kind in ("floating", "instant"):
                if isinstance(native.schema[name].dataType, TimestampNTZType):
                    kinds[name] = "floating"
                    whole = functions.expr(f"timestampdiff(MICROSECOND, TIMESTAMP_NTZ'1970-01-01 00:00:00', `{name}`)")
                else:
                    kinds[name] = "instant"
                    whole = functions.unix_micros(name)
                native = native.withColumn(name, whole)
            elif kind == "day":
                native = native.withColumn(name, functions.unix_date(name).cast("long") * 86_400_000_000)
        if numbered and not _has_numbers(schema):
            native = native.withColumn(ROW, functions.monotonically_increasing_id())
        return Taken(nw.from_native(native), kinds)

    def settle(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        native: Any = frame.to_native()
        made_lazy: nw.LazyFrame[Any] = nw.from_native(native.localCheckpoint())
        return made_lazy

    def table(self, columns: Mapping[str, tuple[Any, Sequence[Any]]]) -> nw.LazyFrame[Any]:
        types = {nw.Int64: "long", nw.Float64: "double", nw.String: "string", nw.Boolean: "boolean"}
        layout = ", ".join(f"`{name}` {types[dtype]}" for name, (dtype, _) in columns.items())
        read = {nw.Float64: float, nw.Int64: int, nw.String: str, nw.Boolean: bool}
        lists = [
            [None if value is None else read[dtype](value) for value in values] for dtype, values in columns.values()
        ]
        rows = list(zip(*lists, strict=True))
        made: Any = self._session.createDataFrame(rows, layout)
        made_lazy: nw.LazyFrame[Any] = nw.from_native(made)
        return made_lazy

    def numbered(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return self.take(frame.to_native(), []).frame

    def give(self, frame: nw.LazyFrame[Any]) -> Any:
        return frame.to_native()


def engine_of(native: Any) -> tuple[Engine, Any]:
    """The engine of a frame, and the frame as that engine takes it. Raises UsageError for what is no known frame."""
    module = type(native).__module__.partition(".")[0]
    if module == "polars":
        import polars as pl

        lazy = isinstance(native, pl.LazyFrame)
        return _Polars(lambda frame: frame if lazy else frame.collect()), native
    if module in ("duckdb", "_duckdb"):
        return _DuckDB(native), native
    if module == "pyspark":
        return _Spark(native.sparkSession), native
    if module in ("pyarrow", "pandas"):
        import polars as pl

        if module == "pandas":
            import pyarrow as pa

            arrow = pa.Table.from_pandas(native, preserve_index=False)
            return _Polars(lambda frame: frame.collect().to_pandas(use_pyarrow_extension_array=True)), pl.from_arrow(
                arrow
            )
        return _Polars(lambda frame: frame.collect().to_arrow()), pl.from_arrow(native)
    raise UsageError(
        f"a cohort is a frame of Polars, DuckDB, Spark, Arrow or pandas, not a {type(native).__name__}; "
        "read the file first, for example with `polars.scan_parquet`"
    )
