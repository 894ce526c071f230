"""Independent models of single meanings agree with the engine, and each catches the fault that it is there for."""

from dataclasses import replace
from datetime import timedelta

import pytest

import models
from eligibility import ages, checker, evaluator, instants, intervals, look, occurrences, rules, series, values
from eligibility.instants import EARLIEST, Span
from eligibility.intervals import Interval
from eligibility.logic import Truth


@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.__name__)
def test_the_engine_agrees_with_the_model(model):
    assert models.run(model, seed=7, cases=150) == []


def vanishing_not(patch):
    patch.setattr(evaluator, "NOT", {truth: truth for truth in Truth})


def pushed_negation(patch):
    real = checker.check_trial
    other = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}

    def pushed(rule):
        if isinstance(rule, rules.Not) and isinstance(rule.operand, rules.Elapsed):
            bounds = tuple((other[operator], duration) for operator, duration in rule.operand.bounds)
            return replace(rule.operand, bounds=bounds)
        return rule

    def check_trial(tree, words):
        checked = real(tree, words)
        criteria = tuple(replace(criterion, rule=pushed(criterion.rule)) for criterion in checked.criteria)
        return replace(checked, criteria=criteria)

    patch.setattr(checker, "check_trial", check_trial)


def float_comparison(patch):
    patch.setattr(intervals, "same", lambda value, threshold: value == threshold)


def missing_is_false(patch):
    real = evaluator.evaluate_atom

    def evaluate_atom(atom, situation):
        found = real(atom, situation)
        return Truth.FALSE if found is Truth.UNKNOWN else found

    patch.setattr(evaluator, "evaluate_atom", evaluate_atom)


def shared_unit_cache(patch):
    real = values.QuantityReader.scale if hasattr(values.QuantityReader, "scale") else values.QuantityReader._scale
    name = "scale" if hasattr(values.QuantityReader, "scale") else "_scale"
    shared = {}

    def scale(self, concept, unit):
        if unit not in shared:
            shared[unit] = real(self, concept, unit)
        return shared[unit]

    patch.setattr(values.QuantityReader, name, scale)


def months_of_30_days(patch):
    def shift(instant, duration, zone, sign):
        return instants.clamp(instant + sign * (duration.exact + duration.months * 30 * instants.DAY))

    patch.setattr(occurrences, "shift", shift)


def years_of_365_days(patch):
    def completed_months(birth, today):
        return int((today - birth) / timedelta(days=365) * 12)

    patch.setattr(ages, "completed_months", completed_months)


def parent_does_not_reach(patch):
    patch.setattr(occurrences, "_chain", lambda known, concept: iter([occurrences._timeline(known, concept.name)]))


def closed_ends(patch):
    real = intervals.compare

    def compare(x, operator, limit):
        return real(Interval(x.low, x.high), operator, limit)

    patch.setattr(intervals, "compare", compare)


def never_too_old(patch):
    patch.setattr(
        series,
        "current_window",
        lambda known, concept, values, at: occurrences.Reach(Span(EARLIEST, at.first), Span(EARLIEST, at.last)),
    )


def later_oxygen(patch):
    real = series.input_at

    def input_at(known, source, when, values, sampled):
        return real(known, source, when if sampled else Span(known.at, known.at), values, sampled)

    patch.setattr(series, "input_at", input_at)


def future_is_seen(patch):
    patch.setattr(look.Look, "cut", lambda self, span: Span(min(span.first, self.at), min(span.last, self.at)))


@pytest.mark.parametrize(
    ("fault", "model"),
    [
        (vanishing_not, models.logic), (pushed_negation, models.negation), (float_comparison, models.threshold),
        (missing_is_false, models.missing), (shared_unit_cache, models.analytes), (months_of_30_days, models.calendar_window),
        (years_of_365_days, models.calendar_age), (parent_does_not_reach, models.absent_whole), (closed_ends, models.open_end),
        (never_too_old, models.currency), (later_oxygen, models.pairing), (future_is_seen, models.future),
    ],
    ids=lambda value: value.__name__,
)  # fmt: skip
def test_a_seeded_fault_is_caught(monkeypatch, fault, model):
    fault(monkeypatch)
    assert models.run(model, seed=7, cases=150)
