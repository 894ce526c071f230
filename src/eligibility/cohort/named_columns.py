"""The name of a column goes in; what stands for it in a rule comes out: an expression of any engine, or a term that folds."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from eligibility.cohort.folding import Statement, any_holds
from eligibility.cohort.planes import Book
from eligibility.cohort.terms import Truth, is_text, number_column, truth_column
from eligibility.instants import DAY, EARLIEST

col = nw.col
FIRST_PLAIN = EARLIEST + 2
"""The earliest instant of times that are read as they stand: later than what stands for no time."""


class NamedColumns(ABC):
    """What stands for the columns of a wide table."""

    @abstractmethod
    def truth(self, name: str) -> nw.Expr:
        """A column of true, false and null."""

    @abstractmethod
    def number(self, name: str, low: float = -math.inf, high: float = math.inf, *, whole: bool = False) -> nw.Expr:
        """A column of doubles or whole numbers, without NaN, between two ends where it is not null."""

    @abstractmethod
    def whole(self, name: str, *, full: bool = False) -> Any:
        """A column of whole numbers of 64 bits; `full`: none is null."""

    @abstractmethod
    def moments(self, name: str) -> tuple[Any, Any]:
        """The first and the last instant that each time of a column may be."""

    @abstractmethod
    def among(self, name: str, inside: list[str], outside: list[str]) -> Statement:
        """Is a text one of some (true), or of some others (false)?"""

    @abstractmethod
    def given(self, name: str) -> nw.Expr:
        """Is a column not null?"""


class Expressions(NamedColumns):
    """The columns as expressions of narwhals."""

    def truth(self, name: str) -> nw.Expr:
        return col(name)

    def number(self, name: str, low: float = -math.inf, high: float = math.inf, *, whole: bool = False) -> nw.Expr:
        return col(name)

    def whole(self, name: str, *, full: bool = False) -> Any:
        return col(name)

    def moments(self, name: str) -> tuple[Any, Any]:
        return col(f"{name}_1"), col(f"{name}_2")

    def among(self, name: str, inside: list[str], outside: list[str]) -> Statement:
        yes: nw.Expr | bool = col(name).is_in(inside) if inside else False
        nay: nw.Expr | bool = col(name).is_in(outside) if outside else False
        if isinstance(yes, bool) and isinstance(nay, bool):
            return None
        holds = nw.when(yes).then(nw.lit(True)) if isinstance(yes, nw.Expr) else None
        if holds is None:
            assert isinstance(nay, nw.Expr)
            return nw.when(nay).then(nw.lit(False)).otherwise(nw.lit(None, dtype=nw.Boolean))
        if isinstance(nay, bool):
            return holds.otherwise(nw.lit(None, dtype=nw.Boolean))
        return holds.when(nay).then(nw.lit(False)).otherwise(nw.lit(None, dtype=nw.Boolean))

    def given(self, name: str) -> nw.Expr:
        return ~col(name).is_null()


@dataclass
class TermColumns(NamedColumns):
    """The columns as terms. `plain_times` are read as they stand: microseconds less an offset, whether
    each is a day, and the greatest that there is at most."""

    book: Book = field(default_factory=Book)
    plain_times: dict[str, tuple[int, bool, int]] = field(default_factory=dict)

    def truth(self, name: str) -> nw.Expr:
        return truth_column(self.book, name)

    def number(self, name: str, low: float = -math.inf, high: float = math.inf, *, whole: bool = False) -> nw.Expr:
        return number_column(self.book, name, (low, high), whole=whole)

    def whole(self, name: str, *, full: bool = False) -> Any:
        return number_column(self.book, name, whole=True, full=full)

    def moments(self, name: str) -> tuple[Any, Any]:
        if name not in self.plain_times:
            return self.whole(f"{name}_1"), self.whole(f"{name}_2")
        offset, is_day, most = self.plain_times[name]
        first: Any = number_column(self.book, name, (FIRST_PLAIN + offset, most), whole=True) - offset
        return first, first + (DAY - 1) if is_day else first

    def among(self, name: str, inside: list[str], outside: list[str]) -> Statement:
        yes, nay = (any_holds(*(is_text(self.book, name, text) for text in texts)) for texts in (inside, outside))
        if isinstance(yes, bool) and isinstance(nay, bool):
            return None
        return Truth(*(part.holds if isinstance(part, Truth) else False for part in (yes, nay)))

    def given(self, name: str) -> nw.Expr:
        return Truth(self.book.make("not", self.book.make("null", name)))
