"""A frame of Polars goes in; the engine that screens it comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw

from eligibility.cohort.engine import ROW, Engine, Taken, has_numbers, kind_of

_QUESTIONS = 2**24  # more than there are questions, concepts and addresses of judgements


class Polars(Engine):
    """The embedded engine. Patients are whole numbers from 0 on, so that a column for each is put together by position."""

    name = "polars"

    def __init__(self, back: Callable[[Any], Any]) -> None:
        self._back = back
        self._patients: int | None = None

    def take(self, native: Any, times: Sequence[str], *, numbered: bool = True) -> Taken:
        import polars as pl

        frame = native.lazy() if isinstance(native, pl.DataFrame) else native
        schema = frame.collect_schema()
        if numbered and not has_numbers(schema):
            frame = frame.drop(ROW, strict=False).with_row_index(ROW)
        if numbered:
            frame = frame.with_columns(pl.col(ROW).cast(pl.Int64))
        taken: nw.LazyFrame[Any] = nw.from_native(frame)
        kinds = {name: kind_of(taken.collect_schema()[name]) if name in schema else "absent" for name in times}
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

    def codes(self, patients: nw.LazyFrame[Any]) -> nw.LazyFrame[Any] | None:
        import polars as pl

        known = patients.select("patient").sort("patient").collect().to_native().with_row_index("_code")
        self._patients = known.height
        made_lazy: nw.LazyFrame[Any] = nw.from_native(known.with_columns(pl.col("_code").cast(pl.Int64)).lazy())
        return made_lazy

    def keyed(self, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> tuple[nw.LazyFrame[Any], list[str]]:
        first, second = keys
        # grouping by one whole number is several times as fast as by two columns
        return frame.with_columns(_key=nw.col(first) * _QUESTIONS + nw.col(second)), ["_key"]

    def unkeyed(self, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
        first, second = keys
        return frame.with_columns(
            (nw.col("_key") // _QUESTIONS).alias(first), (nw.col("_key") % _QUESTIONS).alias(second)
        ).drop("_key")

    def beside(self, frame: nw.LazyFrame[Any], other: nw.LazyFrame[Any], flags: Sequence[str]) -> nw.LazyFrame[Any]:
        import polars as pl

        left, right = frame.collect().to_native(), other.collect().to_native()
        if left["patient"].equals(right["patient"]):
            wide = left.hstack(right.drop("patient"))
        else:
            wide = left.join(right, on="patient", how="left")
        if flags:
            wide = wide.with_columns(pl.col(list(flags)).fill_null(False))
        made_lazy: nw.LazyFrame[Any] = nw.from_native(wide.lazy())
        return made_lazy

    def spread(
        self, frame: nw.LazyFrame[Any], key: str, wanted: Mapping[int, Sequence[tuple[str, str]]]
    ) -> nw.LazyFrame[Any]:
        import polars as pl

        assert self._patients is not None
        count = self._patients
        taken = sorted({column for columns in wanted.values() for column, _ in columns})
        native = frame.filter(nw.col(key).is_in(list(wanted))).select("patient", key, *taken).collect().to_native()
        pieces = native.partition_by(key, as_dict=True, include_key=False)
        made = [pl.int_range(count, dtype=pl.Int64, eager=True).alias("patient")]
        nowhere = pl.Series([None], dtype=pl.UInt32).new_from_index(0, count)
        for value, columns in wanted.items():
            piece = pieces.get((value,))
            if piece is None:
                made += [
                    pl.Series(name, [None], dtype=native.schema[column]).new_from_index(0, count)
                    for column, name in columns
                ]
                continue
            places = pl.int_range(piece.height, dtype=pl.UInt32, eager=True)
            where = nowhere.clone().scatter(piece["patient"], places)  # the row of each patient in the piece
            made += [piece[column].gather(where).alias(name) for column, name in columns]
        made_lazy: nw.LazyFrame[Any] = nw.from_native(pl.DataFrame(made).lazy())
        return made_lazy
