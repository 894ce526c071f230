"""A native frame of Polars, DuckDB or Spark goes in; its engine, with one narwhals face over the frame, comes out.

pandas and Arrow tables are taken through Arrow into Polars, the embedded engine, and given back as they came.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from eligibility.cohort.engine import ROW, Engine, Taken, TimeKind, has_numbers, is_nothing, kind_of
from eligibility.cohort.polars_engine import Polars
from eligibility.errors import UsageError

__all__ = ["ROW", "Engine", "Taken", "TimeKind", "engine_of", "is_nothing"]


class _DuckDB(Engine):
    name = "duckdb"
    _numbers = itertools.count()

    def __init__(self, relation: Any) -> None:
        # one row of no table of the cohort: what is read through it does not bind the whole chain of relations again
        self._root = relation.limit(0).aggregate("count(*) as n")
        self._made: list[str] = []
        self._stored: dict[int, tuple[Any, str]] = {}  # the relations that are plain tables by now, and their names

    def take(self, native: Any, times: Sequence[str], *, numbered: bool = True) -> Taken:
        import duckdb

        frame: nw.LazyFrame[Any] = nw.from_native(native)
        schema = frame.collect_schema()
        kinds = {name: kind_of(schema[name]) if name in schema else "absent" for name in times}
        columns = []
        number_rows = numbered and not has_numbers(schema)
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
        native: Any = frame.to_native()
        if id(native) in self._stored:
            return frame
        name = f"eligibility_{next(self._numbers)}"
        native.query(f"{name}_source", f"create temp table {name} as select * from {name}_source")
        return self._table_of(name)

    def _table_of(self, name: str) -> nw.LazyFrame[Any]:
        """A temporary table of this engine as a frame."""
        native = self._root.query("eligibility_root", f"select * from {name}")
        self._made.append(name)
        self._stored[id(native)] = native, name
        made_lazy: nw.LazyFrame[Any] = nw.from_native(native)
        return made_lazy

    def _name_of(self, frame: nw.LazyFrame[Any]) -> str:
        """The name of a temporary table with the rows of a frame."""
        return self._stored[id(self.settle(frame).to_native())][1]

    def beside(self, frame: nw.LazyFrame[Any], other: nw.LazyFrame[Any], flags: Sequence[str]) -> nw.LazyFrame[Any]:
        # as one statement: a projection of hundreds of columns is bound and looked through again by each step of a relation
        left, right, name = self._name_of(frame), self._name_of(other), f"eligibility_{next(self._numbers)}"
        false = set(flags)
        columns = [
            f'coalesce(r."{column}", false) as "{column}"' if column in false else f'r."{column}"'
            for column in other.collect_schema().names()
            if column != "patient"
        ]
        made = f"select l.*, {', '.join(columns)} from {left} l left join {right} r on l.patient = r.patient"
        self._root.query("eligibility_root", f"create temp table {name} as {made}")
        return self._table_of(name)

    def finished(self, *frames: nw.LazyFrame[Any]) -> tuple[nw.LazyFrame[Any], ...]:
        earlier = list(self._made)
        self._stored.clear()  # what is given back is a table of its own, or it would be dropped below
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
        return self._table_of(name)

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
        kinds: dict[str, TimeKind] = {name: kind_of(schema[name]) if name in schema else "absent" for name in times}
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
        if numbered and not has_numbers(schema):
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
        return Polars(lambda frame: frame if lazy else frame.collect()), native
    if module in ("duckdb", "_duckdb"):
        return _DuckDB(native), native
    if module == "pyspark":
        return _Spark(native.sparkSession), native
    if module in ("pyarrow", "pandas"):
        import polars as pl

        if module == "pandas":
            import pyarrow as pa

            arrow = pa.Table.from_pandas(native, preserve_index=False)
            return Polars(lambda frame: frame.collect().to_pandas(use_pyarrow_extension_array=True)), pl.from_arrow(
                arrow
            )
        return Polars(lambda frame: frame.collect().to_arrow()), pl.from_arrow(native)
    raise UsageError(
        f"a cohort is a frame of Polars, DuckDB, Spark, Arrow or pandas, not a {type(native).__name__}; "
        "read the file first, for example with `polars.scan_parquet`"
    )
