"""Trials and a source of facts go in; for each criterion whether it is met, and for each trial its verdict, come out as
expressions; and how many patients each criterion removed, is open for, and on which facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, assert_never

import narwhals as nw

from eligibility import rules
from eligibility.cohort.atoms import Asking, statement_of
from eligibility.cohort.engines import Engine
from eligibility.cohort.folding import (
    Flag,
    Statement,
    all_hold,
    any_holds,
    both,
    either,
    expression,
    is_false,
    is_open,
    is_true,
    known_from,
    no,
    opposite,
)
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.sources import Source
from eligibility.cohort.terms import Term
from eligibility.cohort.windows import hangs_on_milestone
from eligibility.library import Trial

col = nw.col


@dataclass
class Judged:
    """One criterion: whether it is met, whether data are missing for it, and on which facts it is open. `waits_for_data`: no
    part of it is for a person to answer."""

    trial: Trial
    criterion: rules.Criterion
    met: Statement
    lacks_data: Flag
    waits_for_data: bool
    truths: Mapping[rules.Atom, Statement] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`NCT00000000/include.1`"""
        return f"{self.trial.id}/{self.criterion.address}"

    @cached_property
    def open_on(self) -> dict[str, Flag]:
        """For each fact of the criterion whether it is open on it."""
        found: dict[str, Flag] = {}
        for atom, path in _open_atoms(self.criterion.rule, self.truths, True):
            for name in facts_of(atom):
                found[name] = either(found.get(name, False), path)
        return found

    @property
    def fails(self) -> Flag:
        """Does it make the patient ineligible?"""
        return is_false(self.met) if self.criterion.section == "include" else is_true(self.met)


@dataclass
class Judgement:
    """All criteria of all trials; `atoms` are the columns that they are made of, `sheet` what those are made of."""

    sheet: Sheet = field(default_factory=Sheet)
    atoms: dict[str, nw.Expr] = field(default_factory=dict)
    criteria: list[Judged] = field(default_factory=list)
    plans: dict[str, Any] = field(default_factory=dict)
    """How columns of Polars are made of terms, once that was worked out."""

    def applied(self, frame: nw.LazyFrame[Any], engine: Engine) -> nw.LazyFrame[Any]:
        """The patients of a frame with the columns of the atoms."""
        return self.sheet.applied(frame, engine).select("patient", **self.atoms)

    @property
    def is_folded(self) -> bool:
        """Is it made of terms?"""
        return any(isinstance(judged.met, Term) for judged in self.criteria)

    def of(self, trial: Trial) -> list[Judged]:
        """The criteria of one trial."""
        return [judged for judged in self.criteria if judged.trial is trial]

    @property
    def columns(self) -> dict[str, nw.Expr]:
        """A column for whether each criterion is met, where that varies."""
        return {f"_m{index}": found.met for index, found in enumerate(self.criteria) if isinstance(found.met, nw.Expr)}

    def by_columns(self, trial: Trial) -> list[Judged]:
        """The criteria of one trial by those columns: a verdict looks at each several times."""
        found = []
        for index, judged in enumerate(self.criteria):
            if judged.trial is trial and isinstance(judged.met, nw.Expr):
                met = col(f"_m{index}")
                lacks = is_open(met) if judged.waits_for_data else judged.lacks_data
                found.append(replace(judged, met=met, lacks_data=lacks))
            elif judged.trial is trial:
                found.append(judged)
        return found


def judged(trials: Sequence[Trial], source: Source) -> Judgement:
    """Every criterion of some trials over one source of facts."""
    found = Judgement()
    seen: dict[object, Statement] = {}
    for trial in trials:
        asking = Asking(source, trial.id, trial.values, found.sheet)
        for criterion in trial.criteria:
            truths: dict[rules.Atom, Statement] = {}
            for atom in dict.fromkeys(rules.atoms(criterion.rule)):
                key = (atom, trial.id if _hangs_on_trial(atom) else "", trial.values)
                if key not in seen:
                    statement = statement_of(atom, asking)
                    if isinstance(statement, nw.Expr) and not isinstance(statement, Term):
                        name = f"_a{len(found.atoms)}"
                        found.atoms[name] = statement
                        statement = col(name)
                    seen[key] = statement
                truths[atom] = seen[key]
            met = value_of(criterion.rule, truths)
            alone = not any(isinstance(atom, rules.Attested | rules.Judged) for atom in truths)
            lacks = is_open(met) if alone else _lacks_data(criterion.rule, truths)
            found.criteria.append(Judged(trial, criterion, met, lacks, alone, truths))
    return found


def _hangs_on_trial(atom: rules.Atom) -> bool:
    match atom:
        case rules.Attested() | rules.Judged():
            return True
        case rules.Comparison(number=number):
            return any(
                hangs_on_milestone(leaf.window) for leaf in rules.leaves(number) if not isinstance(leaf, rules.Age)
            )
        case rules.LimitComparison() | rules.InClass() | rules.InWindow() | rules.OnsetIn():
            return hangs_on_milestone(atom.window)
        case rules.Present() | rules.Ever() | rules.Elapsed() | rules.Lasting():
            return False
        case _:
            assert_never(atom)


def value_of(rule: rules.Rule, truths: Mapping[rules.Atom, Statement]) -> Statement:
    """What is known of a rule."""
    match rule:
        case rules.Not(operand=operand):
            return opposite(value_of(operand, truths))
        case rules.And(operands=operands):
            return all_hold(*(value_of(operand, truths) for operand in operands))
        case rules.Or(operands=operands):
            return any_holds(*(value_of(operand, truths) for operand in operands))
        case rules.Count(low=low, high=high, operands=operands):
            return _counted([value_of(operand, truths) for operand in operands], low, high)
        case _:
            return truths[rule]


def _counted(statements: Sequence[Statement], low: int, high: int) -> Statement:
    least: Any = sum((_one(is_true(statement)) for statement in statements), start=0)
    most: Any = least + sum((_one(is_open(statement)) for statement in statements), start=0)
    return known_from(both(least >= low, most <= high), either(most < low, least > high))


def _one(flag: Flag) -> Any:
    return flag.cast(nw.Int64) if isinstance(flag, nw.Expr) else int(flag)


def _lacks_data(rule: rules.Rule, truths: Mapping[rules.Atom, Statement]) -> Flag:
    """Is an open atom left, after everything decided has been struck out, that no person can answer?"""
    return either(
        *(path for atom, path in _open_atoms(rule, truths, True) if not isinstance(atom, rules.Attested | rules.Judged))
    )


def _open_atoms(
    rule: rules.Rule, truths: Mapping[rules.Atom, Statement], path: Flag
) -> Iterator[tuple[rules.Atom, Flag]]:
    """Each atom with whether it is left open: it and all that stands above it are."""
    here = both(path, is_open(value_of(rule, truths)))
    if here is False:
        return
    match rule:
        case rules.Not(operand=operand):
            yield from _open_atoms(operand, truths, path)
        case rules.And(operands=operands) | rules.Or(operands=operands) | rules.Count(operands=operands):
            for operand in operands:
                yield from _open_atoms(operand, truths, here)
        case _:
            yield rule, here


def facts_of(atom: rules.Atom) -> tuple[str, ...]:
    """The facts that an atom reads, by the names of their concepts, or the address of a judgement."""
    match atom:
        case rules.Comparison(number=number):
            return tuple(dict.fromkeys(leaf.concept.name for leaf in rules.leaves(number)))
        case rules.Judged(address=address):
            return (address,)
        case (
            rules.LimitComparison() | rules.InClass() | rules.Present() | rules.Ever() | rules.InWindow() | rules.OnsetIn()
            | rules.Elapsed() | rules.Lasting() | rules.Attested()
        ):  # fmt: skip
            return (atom.concept.name,)
        case _:
            assert_never(atom)


def verdict_of(criteria: Sequence[Judged]) -> nw.Expr:
    """The verdict of one trial: `ineligible`, `eligible`, `undetermined` or `review`."""
    fails = either(*(judged.fails for judged in criteria))
    waits = either(*(is_open(judged.met) for judged in criteria))
    lacks = either(*(judged.lacks_data for judged in criteria))
    return (
        nw.when(expression(fails)).then(nw.lit("ineligible")).when(expression(no(waits))).then(nw.lit("eligible"))
        .when(expression(lacks)).then(nw.lit("undetermined")).otherwise(nw.lit("review"))
    )  # fmt: skip
