"""Trials and a back end go in; an error for the first criterion that the back end cannot express comes out, before any row is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from eligibility import rules
from eligibility.cohort.engines import Engine
from eligibility.errors import UsageError
from eligibility.formulas import check_formula
from eligibility.library import Trial
from eligibility.vocabulary import Concept, Vocabulary


def require_expressible(trials: Sequence[Trial], engine: Engine) -> None:
    """Raises UsageError, naming the criterion, the construct and the back end. A construct is never read as something else."""
    if not engine.inexpressible:
        return
    for trial in trials:
        for criterion in trial.criteria:
            for construct in constructs(criterion.rule, trial.vocabulary):
                if construct in engine.inexpressible:
                    raise UsageError(
                        f"{trial.id}/{criterion.address}: {engine.name} cannot express {construct}; screen this trial on another "
                        "engine, such as polars, or leave it out"
                    )


def constructs(rule: rules.Rule, vocabulary: Vocabulary) -> Iterator[str]:
    """The constructs of the language that a rule is made of, formulas included, by the words of this module."""
    match rule:
        case rules.Not(operand=operand):
            yield from ("not", *constructs(operand, vocabulary))
        case rules.And(operands=operands) | rules.Or(operands=operands) | rules.Count(operands=operands):
            yield "a count" if isinstance(rule, rules.Count) else "and, or"
            for part in operands:
                yield from constructs(part, vocabulary)
        case rules.Comparison(number=number):
            yield from ("a comparison", *_of_number(number, vocabulary, ()))
        case rules.LimitComparison(window=window):
            yield from ("a multiple of a limit of normal", *_of_window(window))
        case rules.InClass(window=window):
            yield from ("a class", *_of_window(window))
        case rules.Present():
            yield "a condition now"
        case rules.Ever():
            yield "a condition ever"
        case rules.InWindow(window=window):
            yield from ("a condition in a window", *_of_window(window))
        case rules.OnsetIn(window=window):
            yield from ("an onset in a window", *_of_window(window))
        case rules.Elapsed():
            yield "the time since an onset"
        case rules.Lasting():
            yield "how long a condition lasts"
        case rules.Attested():
            yield "an answer"
        case rules.Judged():
            yield "a judgement"
        case _:
            assert_never(rule)


def _of_window(window: rules.Window | None) -> Iterator[str]:
    if window is not None:
        yield "a window"
        if window.anchor is not None or window.relation is not None:
            yield "a window beside an event"


def _of_number(number: rules.Expression, vocabulary: Vocabulary, above: tuple[Concept, ...]) -> Iterator[str]:
    match number:
        case rules.Constant():
            yield "a constant"
        case rules.Age():
            yield "an age"
        case rules.Measured(concept=concept, selection=selection, window=window):
            yield from (f"the {selection} value", *_of_window(window))
            if concept.formula is not None and concept not in above:
                yield "a formula"
                yield from _of_number(check_formula(vocabulary, concept).expression, vocabulary, (*above, concept))
        case rules.Changed(window=window):
            yield from ("a rise or fall", *_of_window(window))
        case rules.Scaled(operand=operand):
            yield from ("a change of unit", *_of_number(operand, vocabulary, above))
        case rules.Applied(function=function, operand=operand):
            yield from (f"`{function}`", *_of_number(operand, vocabulary, above))
        case rules.Combined(operator=operator, left=left, right=right):
            yield from (f"`{operator}`", *_of_number(left, vocabulary, above), *_of_number(right, vocabulary, above))
        case rules.Chosen(condition=condition, then=then, otherwise=otherwise):
            yield "a choice"
            yield from constructs(condition, vocabulary)
            yield from (*_of_number(then, vocabulary, above), *_of_number(otherwise, vocabulary, above))
        case _:
            assert_never(number)
