"""Intermediate results go in as expressions; columns come out, to be added to a frame in the order in which they were asked for.

An expression that is used several times grows with each use; as a column it does not.
"""

from __future__ import annotations

import itertools
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import Moment
from eligibility.cohort.engines import Engine
from eligibility.cohort.folding import Quad, Statement
from eligibility.cohort.terms import Term

_STEPS = 4


class Sheet:
    """Intermediate columns under fresh names, to be added to a frame in the order in which they were asked for. Terms need none."""

    _sheets = itertools.count()

    def __init__(self) -> None:
        self._prefix = f"_s{next(self._sheets)}_"
        self._steps: list[list[nw.Expr]] = []
        self._count = 0

    def _named(self, value: nw.Expr, step: list[nw.Expr]) -> nw.Expr:
        self._count += 1
        name = f"{self._prefix}{self._count}"
        step.append(value.alias(name))
        return nw.col(name)

    def quad(self, x: Quad) -> Quad:
        """An interval as columns; constants stay constants."""
        step: list[nw.Expr] = []
        low, high, low_open, high_open = x
        if any(isinstance(part, Term) for part in x):
            return x
        new_low = self._named(low, step) if isinstance(low, nw.Expr) else low
        new_high = new_low if high is low else self._named(high, step) if isinstance(high, nw.Expr) else high
        opened = [self._named(part, step) if isinstance(part, nw.Expr) else part for part in (low_open, high_open)]
        if step:
            self._steps.append(step)
        return new_low, new_high, opened[0], opened[1]

    def statement(self, value: Statement) -> Statement:
        """A statement as a column; constants stay constants."""
        return self._alone(value) if isinstance(value, nw.Expr) else value

    def keep(self, value: Moment) -> Moment:
        """A whole number as a column; constants stay constants."""
        return self._alone(value) if isinstance(value, nw.Expr) else value

    def _alone(self, value: nw.Expr) -> nw.Expr:
        if isinstance(value, Term):
            return value
        step: list[nw.Expr] = []
        found = self._named(value, step)
        self._steps.append(step)
        return found

    def applied(self, frame: nw.LazyFrame[Any], engine: Engine) -> nw.LazyFrame[Any]:
        """A frame with the columns. A planner that writes columns back into the expressions that use them is stopped every
        few steps, or the expressions would grow without bound."""
        for number, step in enumerate(self._steps, 1):
            frame = frame.with_columns(*step)
            if number % _STEPS == 0:
                frame = engine.steady(frame)
        return frame
