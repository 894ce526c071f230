"""A wide table and where its values cannot be used go in; what is wrong is set aside with its reason and is null from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from eligibility.cohort.calendar import civil, day_of, moment_expression
from eligibility.cohort.engines import ROW, Engine, TimeKind
from eligibility.cohort.folding import Flag, either, expression
from eligibility.cohort.long import rejected
from eligibility.cohort.people import BIRTH, OLDEST, months_since_birth, with_births
from eligibility.cohort.reading import Clock, Rejects, reason
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.terms import Term, Truth, truth_of
from eligibility.cohort.wide_contradictions import Check

col = nw.col


@dataclass
class CheckedRows:
    """The rows of a wide table, what is still to be looked at, and what was set aside."""

    engine: Engine
    clock: Clock
    frame: nw.LazyFrame[Any] = field(init=False)
    rejects: Rejects = field(default_factory=Rejects, kw_only=True)
    checks: list[Check] = field(default_factory=list, kw_only=True)
    kinds: Mapping[str, TimeKind] = field(init=False)

    def months(self, name: str) -> None:
        """Completed months at the instant as columns, the fewest and the most."""
        self.frame = with_births(
            self.engine, self.frame.rename({name: "birth_date"} if name != "birth_date" else {}), self.kinds[name]
        )
        self.checks.append(("birth_date", col("_birth_wrong"), "the birth date is no day of the calendar"))
        unborn = col("born_1") > moment_expression(day_of(self.clock.now + self.clock.offset))
        self.checks.append(("birth_date", unborn, "the birth date lies after the instant of judgement"))
        sheet = Sheet()
        ends = months_since_birth(civil(self.clock.now + self.clock.offset, sheet.keep), sheet)
        missing = col("born_1").is_null() | unborn
        found = {
            f"_born_months_{index}": nw.when(missing).then(nw.lit(instead)).otherwise(end).cast(nw.Int64)
            for index, (end, instead) in enumerate(zip(ends, (0, OLDEST), strict=True), 1)
        }
        self.frame = sheet.applied(self.frame, self.engine).with_columns(**found)

    def clean(self) -> None:
        """Look once whether anything is wrong; only then is it set aside and read as null."""
        if not self.checks:
            return
        found = self._wrong()
        bad = [check for check, wrong in zip(self.checks, found, strict=True) if wrong]
        self.checks = []
        if not bad:
            return
        bad, named = self._with_terms(bad)
        if ROW not in self.frame.collect_schema():
            self.frame = self.engine.numbered(self.frame)
        said: dict[str, list[Flag]] = {}
        for name, flag, why in bad:
            said.setdefault(name, []).append(flag)
            if why:
                rows = self.frame.filter(expression(flag).fill_null(False))
                self.rejects.add(rows.with_columns(concept=nw.lit(name)), reason((True, why)))
        self.frame = self.engine.settle(self.frame.with_columns(**{
            column: nw.when(~expression(either(*flags)).fill_null(False)).then(col(column))
            for name, flags in said.items()
            for column in self._columns_of(name)
        }))  # fmt: skip
        self.frame = self.frame.drop(*named) if named else self.frame

    def _wrong(self) -> list[bool]:
        """Which checks find something."""
        terms = {index: flag for index, (_, flag, _) in enumerate(self.checks) if isinstance(flag, Term)}
        found = dict.fromkeys(range(len(self.checks)), False)
        if terms:
            from eligibility.cohort.folded import holding

            found |= dict(zip(terms, holding(self.frame, list(terms.values())), strict=True))
        others = {index: expression(flag) for index, (_, flag, _) in enumerate(self.checks) if index not in terms}
        if others:
            flags = [flag.any().alias(f"c{index}") for index, flag in others.items()]
            found |= dict(zip(others, self.engine.rows(self.frame.select(*flags))[0], strict=True))
        return list(found.values())

    def _with_terms(self, checks: list[Check]) -> tuple[list[Check], list[str]]:
        """Flags that are terms become columns, so that rows can be looked up by them."""
        terms = {
            f"_wrong_{index}": Truth(truth_of(flag).holds)
            for index, (_, flag, _) in enumerate(checks)
            if isinstance(flag, Term)
        }
        if not terms:
            return checks, []
        from eligibility.cohort.folded import with_statements

        self.frame = with_statements(self.frame, terms)
        named = [
            (name, col(f"_wrong_{index}") if isinstance(flag, Term) else flag, why)
            for index, (name, flag, why) in enumerate(checks)
        ]
        return named, list(terms)

    def _columns_of(self, name: str) -> list[str]:
        schema = self.frame.collect_schema()
        parts = ("", "_1", "_2", "_low", "_high", "_low_open", "_high_open", "_months_1", "_months_2")
        found = [f"{name}{part}" for part in parts if f"{name}{part}" in schema]
        return [*found, *(part for part in BIRTH if part in schema)] if name == "birth_date" else found

    @property
    def rejected(self) -> nw.LazyFrame[Any]:
        """The table of rejects."""
        if not self.rejects.pieces:
            nothing = self.frame.head(0).select(
                **{ROW: nw.lit(-1, dtype=nw.Int64)}, patient=col("patient"), concept=nw.lit(""), reason=nw.lit("")
            )
            self.rejects.add(nothing)
        return self.engine.settle(rejected(self.rejects))
