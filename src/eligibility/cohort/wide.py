"""The columns of a wide table go in; what they say of each patient comes out, as expressions. Nothing is joined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eligibility import rules
from eligibility.cohort.calendar import Moment
from eligibility.cohort.columns import PlainNumber, ReadNumber
from eligibility.cohort.folding import (
    Flag,
    Quad,
    Statement,
    after,
    both,
    chosen_quad,
    compared,
    constant,
    either,
    filled,
    is_open,
    is_true,
    no,
    pick,
)
from eligibility.cohort.named_columns import NamedColumns
from eligibility.cohort.people import OLDEST
from eligibility.cohort.ranges import divide, evaluate, meets
from eligibility.cohort.sources import Picked, Reach, Wanted, chain
from eligibility.cohort.terms import Term
from eligibility.cohort.wide_episodes import WideEpisodes
from eligibility.cohort.windows import where_to_look
from eligibility.formulas import check_formula
from eligibility.instants import Duration
from eligibility.intervals import ANYTHING, INFINITY, Interval, point
from eligibility.vocabulary import Concept


class WideSource(WideEpisodes):
    """What the columns of a wide table say of each patient. Values have no time: they were observed at the instant."""

    # --- numbers -----------------------------------------------------------------------------------------------------

    def compared_age(self, unit: str, operator: str, threshold: float) -> Statement:
        if self.born is not None:
            return self.born.compared(unit, operator, threshold)
        return compared(self.age(unit), operator, threshold)

    def age(self, unit: str) -> Quad:
        if self.born is not None and self.months is None:
            self.asks_months = True
            self.months = born_months(self.columns)
        if self.months is not None:
            low, high = self.months
            return (low // 12, high // 12, False, False) if unit == "years" else (low, high, False, False)
        if self.age_column is None:
            return constant(Interval(0.0, float(OLDEST // 12 if unit == "years" else OLDEST)))
        years = self.columns.whole(self.age_column)
        missing = is_open(years)
        if unit == "years":
            return pick(missing, 0.0, years), pick(missing, float(OLDEST // 12), years), False, False
        return pick(missing, 0.0, years * 12), pick(missing, float(OLDEST), years * 12 + 11), False, False

    def _now(self, concept: Concept, values: Duration | None) -> tuple[Quad, Flag]:
        """What is known of a quantity at the instant, from its column or its formula, and whether there is an observation."""
        if concept.name not in self._quads:
            self._quads[concept.name] = self._found(concept, values)
        return self._quads[concept.name]

    def _found(self, concept: Concept, values: Duration | None) -> tuple[Quad, Flag]:
        column = self.values.get(concept.name)
        brought = (column.quad(), column.exists) if column is not None else None
        if concept.formula is None:
            return (self.sheet.quad(brought[0]), brought[1]) if brought else (constant(concept.possible), False)
        formula = check_formula(self.vocabulary, concept)
        sampled: Flag = either(*(self._now(source, values)[1] for source in formula.sampled_with))
        found: Quad = constant(concept.possible)
        if sampled is not False:

            def leaf(number: rules.Age | rules.Measured | rules.Changed) -> Quad:
                if isinstance(number, rules.Age):
                    return self.age(number.unit)
                return self._input(number.concept, values)

            def classed(atom: rules.InClass) -> Statement:
                return self._among(atom.concept, atom.ranks)

            value = self.sheet.quad(meets(evaluate(formula.expression, self.sheet, leaf, classed), concept.possible))
            found = self.sheet.quad(chosen_quad(sampled, value, found))
        if brought is not None:
            return self.sheet.quad(chosen_quad(brought[1], brought[0], found)), either(brought[1], sampled)
        return found, sampled

    def _input(self, concept: Concept, values: Duration | None) -> Quad:
        value, exists = self._now(concept, values)
        if concept.assumed is None:
            return value
        return self.sheet.quad(chosen_quad(exists, value, constant(point(concept.assumed))))

    def _inside(self, window: rules.Window | None, where: Reach) -> tuple[Flag, Flag, Flag]:
        """Is the instant surely in a window; may there be observations after it; would one of those be in it for sure?"""
        now = self.clock.now
        plain = window is None or (window.anchor is None and window.relation is None)
        inside: Flag = True if plain else both(where.sure_1 <= now, now <= where.sure_2)
        ahead = after(where.may_2, now)
        coming = ahead if plain or ahead is False else both(ahead, where.sure_1 <= now + 1, where.may_2 <= where.sure_2)
        return inside, ahead, coming

    def _pick(self, value: Quad, exists: Flag, other: Interval, wanted: Wanted, where: Reach) -> Picked:
        """What a selection makes of one observation at the instant, and of those that may follow it."""
        inside, ahead, coming = self._inside(wanted.window, where)
        sure = both(exists, inside)
        nothing = constant(other)
        match wanted.selection:
            case "latest":
                found = chosen_quad(both(sure, no(ahead)), value, nothing)
            case "first":
                found = chosen_quad(sure, value, nothing)
            case "highest":
                raised: Quad = (
                    value[0],
                    pick(ahead, other.high, value[1]),
                    value[2],
                    either(both(no(ahead), value[3]), both(ahead, other.high_open)),
                )
                found = chosen_quad(sure, raised, nothing)
            case _:
                lowered: Quad = (
                    pick(ahead, other.low, value[0]),
                    value[1],
                    either(both(no(ahead), value[2]), both(ahead, other.low_open)),
                    value[3],
                )
                found = chosen_quad(sure, lowered, nothing)
        return Picked(found, either(sure, coming))

    def number(self, wanted: Wanted) -> Picked:
        concept, where = wanted.concept, where_to_look(self, wanted)
        inside, ahead, _ = self._inside(wanted.window, where)
        column = self.values.get(concept.name)
        if (
            isinstance(column, PlainNumber)
            and concept.formula is None
            and concept.assumed is None
            and inside is True
            and ahead is False
        ):
            value = column.quad()
            return Picked(value, column.exists, None, column)
        value, exists = self._now(concept, wanted.values)
        found = self._pick(value, exists, concept.possible, wanted, where)
        if isinstance(column, ReadNumber) and concept.formula is None:
            counts = column.months
            given = both(no(is_open(counts[0])), True if wanted.selection == "first" else no(ahead))
            found = replace(found, months=(*counts, given))
        if concept.assumed is None:
            return found
        instead = no(either(exists, ahead))
        assumed = chosen_quad(instead, constant(point(concept.assumed)), found.value)
        return Picked(assumed, either(found.sure, instead), found.months)

    def ratio(self, wanted: Wanted, upper: bool) -> Picked:
        anything = Interval(0.0, INFINITY, False, True)
        concept, where = wanted.concept, where_to_look(self, wanted)
        column, limit = self.values.get(concept.name), self.limits.get((concept.name, upper))
        if column is None:
            return self._pick(constant(anything), False, anything, wanted, where)
        if limit is None:
            return self._pick(constant(anything), column.exists, anything, wanted, where)
        if isinstance(column, PlainNumber) and isinstance(
            limit, PlainNumber
        ):  # a point: without a value there is nothing
            bound: Any = limit.value
            usable = filled(bound != 0, False)
            by_limit = 1.0 / (bound if isinstance(bound, Term) else pick(usable, bound, 1.0))
            value = column.value
            times = pick(filled(value == 0, False), 0.0, value * by_limit)
            ratio: Quad = self.sheet.quad((times, times, False, False))
        else:
            bound = limit.quad()[0]
            usable = both(limit.exists, bound != 0)
            known = pick(usable, bound, 1.0)
            by = self.sheet.quad((known, known, False, False))
            ratio = self.sheet.quad(divide(self.sheet, self.sheet.quad(column.quad()), by))
        return self._pick(chosen_quad(usable, ratio, constant(anything)), column.exists, anything, wanted, where)

    def change(self, wanted: Wanted, rise: bool, over: Duration) -> Picked:
        return Picked(constant(ANYTHING), False)

    def rank(self, wanted: Wanted, ranks: frozenset[int] | None) -> Picked:
        concept = wanted.concept
        inside = self._inside(wanted.window, where_to_look(self, wanted))[0]
        column = self.classes.get(concept.name)
        stage = self._none_when_absent(concept)
        if column is None and stage is False:
            return Picked((0.0, 0.0, False, False), False)
        exists: Flag = column.exists if column is not None else False
        value: Any = 0.0
        if column is not None:
            for rank in range(len(concept.values)):
                value = pick(is_true(column.among(frozenset({rank}))), float(rank), value)
        value = pick(exists, value, 0.0)
        if ranks is not None:
            found = [value == rank for rank in sorted(ranks)]
            value = pick(either(*found), 1.0, 0.0)
        return Picked((value, value, False, False), both(either(exists, stage), inside))

    def _among(self, concept: Concept, ranks: frozenset[int]) -> Statement:
        column = self.classes.get(concept.name)
        if column is None:
            everything = frozenset(range(len(concept.values)))
            return True if everything <= ranks else None if everything & ranks else False
        return column.among(ranks)

    def _none_when_absent(self, concept: Concept) -> Flag:
        """Is it the lowest of its values since its condition is absent?"""
        condition = concept.none_when_absent
        if condition is None:
            return False
        lines = [self.line(name) for name in chain(self.vocabulary, self.vocabulary[condition])]
        absent = [both(either(line.complete, line.assumed), no(line.known)) for line in lines]
        column = self.classes.get(concept.name)
        given: Flag = column.exists if column is not None else False
        return both(either(*absent), no(given))

    # --- answers -----------------------------------------------------------------------------------------------------

    def answer(self, concept: Concept, trial: str) -> Statement:
        return self.answers.get(concept.name)

    def judgement(self, address: str) -> Statement:
        return self.judgements.get(address.casefold())


def born_months(columns: NamedColumns) -> tuple[Moment, Moment]:
    """Completed months at the instant, the fewest and the most: columns that are made of a birth date."""
    return columns.whole("_born_months_1", full=True), columns.whole("_born_months_2", full=True)
