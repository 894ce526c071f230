"""Canonical observations and the series that are asked for go in; the observations of each series come out: as they were made, as a
set of classes, in multiples of a limit, or derived by a formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import narwhals as nw

from eligibility import rules
from eligibility.cohort import choosing, deriving, people
from eligibility.cohort.calendar import moment_expression
from eligibility.cohort.canonical import Canonical
from eligibility.cohort.engines import ROW, Engine
from eligibility.cohort.folding import both, either, expression, no
from eligibility.cohort.questions import Questions
from eligibility.formulas import check_formula
from eligibility.instants import Duration
from eligibility.vocabulary import Concept

col = nw.col
OBSERVED = choosing.OBSERVATION


class Observed:
    """Makes the observations of each series once. `patients` gives the row of each patient, with what its conditions are known to be."""

    def __init__(
        self, engine: Engine, facts: Canonical, questions: Questions, patients: Callable[[], nw.LazyFrame[Any]]
    ) -> None:
        self._engine = engine
        self._facts = facts
        self._questions = questions
        self._clock = facts.clock
        self._patients = patients
        self._series: dict[int, nw.LazyFrame[Any]] = {}

    def ask_inputs(self, concept: Concept, values: object) -> None:
        """The series behind a derived one are asked for as well."""
        formula = check_formula(self._questions.vocabulary, concept)
        for leaf in rules.leaves(formula.expression):
            if isinstance(leaf, rules.InClass):
                self._class_series(leaf)
        for source in formula.inputs:
            if source.kind == "quantity":
                self._questions.series_of(source, values if isinstance(values, Duration) else None)
                if source.formula is not None:
                    self.ask_inputs(source, values)

    def _class_series(self, atom: rules.InClass) -> int:
        """The series of a class in a formula: its rank where it is ordered, else 1 or 0."""
        series = self._questions.series
        key = ("plain", atom.concept.name, None) if atom.concept.ordered else ("set", atom.concept.name, atom.ranks)
        return series.setdefault(key, len(series))

    def rows_of(self, number: int) -> nw.LazyFrame[Any]:
        """The observations of a series: `OBSERVED` without its number."""
        found = self._series.get(number)
        if found is None:
            key = next(key for key, value in self._questions.series.items() if value == number)
            found = self._series[number] = self._engine.settle(self._made(key))
        return found

    def _plain(self, concept: Concept) -> nw.LazyFrame[Any]:
        number = self._questions.numbers[concept.name]
        return self._facts.observations.filter(col("cid") == number)

    def _made(self, key: tuple[str, str, object]) -> nw.LazyFrame[Any]:
        concept = self._questions.vocabulary[key[1]]
        parts = [name for name in OBSERVED if name != "oid"]
        plain = self._plain(concept)
        match key[0]:
            case "plain" | "set":
                ranks = key[2] if isinstance(key[2], frozenset) else None
                if ranks is not None:
                    inside = col("low").is_in([float(rank) for rank in ranks])
                    one = nw.when(inside).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
                    plain = plain.with_columns(low=one, high=one)
                found = plain.select(*parts)
                if concept.none_when_absent is None:
                    return found
                return nw.concat([found, self._none_when_absent(concept, ranks, found)], how="vertical")
            case "limit":
                return _ratios(plain, "upper" if key[2] else "lower").select(*parts)
            case _:
                return self._derived(concept, key[2] if isinstance(key[2], Duration) else None, plain.select(*parts))

    def _none_when_absent(
        self, concept: Concept, ranks: frozenset[int] | None, like: nw.LazyFrame[Any]
    ) -> nw.LazyFrame[Any]:
        """The lowest value for patients whose condition is absent now, and who have no value."""
        questions, clock = self._questions, self._clock
        condition = concept.none_when_absent
        assert condition is not None
        lines = [questions.line(name) for name in (condition, *questions.vocabulary.wholes(condition))]
        full = [either(line.complete, line.assumed) for line in lines]
        ended = both(full[0], no(col(f"x{questions.numbers[condition]}_lasts")))
        absent = either(
            ended,
            *(
                either(line.absent, both(all_there, no(line.known)))
                for line, all_there in zip(lines, full, strict=True)
            ),
        )
        number = questions.numbers[concept.name]
        given = self._facts.classes_given.filter(col("cid") == number).select("patient")
        value = nw.lit(float(0 in ranks) if ranks is not None else 0.0)
        now = moment_expression(clock.now)
        found = self._patients().filter(expression(absent)).join(given, on="patient", how="anti").with_columns(
            **{ROW: nw.lit(people.FROM_TABLE, dtype=nw.Int64)}, low=value, high=value, low_open=nw.lit(False), high_open=nw.lit(False),
            first=now, last=now, **choosing.NO_MONTHS,
        )  # fmt: skip
        return found.select(*like.collect_schema().names())

    def _derived(self, concept: Concept, values: Duration | None, brought: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        questions = self._questions

        def series(source: Concept) -> nw.LazyFrame[Any]:
            return self.rows_of(questions.series_of(source, values))

        def sets(atom: rules.InClass) -> nw.LazyFrame[Any]:
            return self.rows_of(self._class_series(atom))

        formula = check_formula(questions.vocabulary, concept)

        def dated(source: Concept) -> nw.LazyFrame[Any]:
            number = questions.numbers[source.name]
            return self._facts.observations.filter((col("cid") == number) & col("dated")).select("patient").unique()

        found = deriving.derived(
            self._engine, concept, formula, values, self._clock, self._facts.people, series, sets, dated
        )
        found = found.join(
            brought.select("patient", "first", "last").unique(), on=["patient", "first", "last"], how="anti"
        )
        found = found.with_columns(
            **{ROW: nw.lit(people.FROM_TABLE, dtype=nw.Int64)},
            **choosing.NO_MONTHS,
        )
        return nw.concat([brought, found.select(*brought.collect_schema().names())], how="vertical")

    def asked(self, numbers: Sequence[int]) -> nw.LazyFrame[Any]:
        """The observations of several series, with the number of each."""
        pieces = [self.rows_of(number).with_columns(oid=nw.lit(number, dtype=nw.Int64)) for number in numbers]
        return nw.concat(pieces, how="vertical")


def _ratios(rows: nw.LazyFrame[Any], limit: str) -> nw.LazyFrame[Any]:
    """Observations in multiples of their own limit of normal; any multiple where they came without one."""
    usable = (~col(limit).is_null() & (col(limit) != 0)).fill_null(False)
    inverse = nw.lit(1.0) / nw.when(usable).then(col(limit).abs()).otherwise(nw.lit(1.0))
    falls = (col(limit) < 0).fill_null(False)
    rows = rows.with_columns(_inverse=inverse, _usable=usable, _falls=falls)
    low = nw.when(col("_falls")).then(-col("high")).otherwise(col("low")) * col("_inverse")
    high = nw.when(col("_falls")).then(-col("low")).otherwise(col("high")) * col("_inverse")
    low_open = nw.when(col("_falls")).then(col("high_open")).otherwise(col("low_open"))
    high_open = nw.when(col("_falls")).then(col("low_open")).otherwise(col("high_open"))
    kept = col("_usable")
    return rows.with_columns(
        low=nw.when(kept).then(low).otherwise(nw.lit(0.0)), high=nw.when(kept).then(high).otherwise(nw.lit(float("inf"))),
        low_open=nw.when(kept).then(low_open).otherwise(nw.lit(False)), high_open=nw.when(kept).then(high_open).otherwise(nw.lit(True)),
        **choosing.NO_MONTHS,
    )  # fmt: skip
