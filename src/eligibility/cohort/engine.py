"""What the screening of a cohort asks of a back end goes in as calls; frames behind the narwhals face come out.

The timestamps are whole microseconds, every row has its number, small tables can be made, and results are worked out once: what
narwhals leaves open.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw

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
    inexpressible: frozenset[str] = frozenset()
    """Constructs, by the words of `expressible`, that it cannot express: trials with them are refused. None of the three has any."""

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

    def codes(self, patients: nw.LazyFrame[Any]) -> nw.LazyFrame[Any] | None:
        """The patients of a frame with a `_code` from 0 on, by which they are dealt with until they are given back; None where
        that is of no use."""
        return None

    def keyed(self, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> tuple[nw.LazyFrame[Any], list[str]]:
        """A frame with the columns to group it by, in place of two keys: a patient (or a number of the same kind) and the number
        of a question."""
        return frame, list(keys)

    def unkeyed(self, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
        """A frame that was grouped by such columns, with the keys themselves."""
        return frame


def kind_of(dtype: Any) -> TimeKind:
    """What a column of a type holds."""
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


def has_numbers(schema: Any) -> bool:
    """Does a frame number its own rows, in a column `row` of whole numbers?"""
    return ROW in schema and schema[ROW].is_integer()
