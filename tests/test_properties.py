"""The engine's properties on random rules and patients, at a fixed seed; `make soak` runs them at length."""

from dataclasses import replace
from fractions import Fraction

import pytest

import properties
from eligibility import evaluator, explanation, facts, needs, screener, series, unreadable, validity, values
from eligibility.logic import Truth
from eligibility.units import Scale
from eligibility.writing import CONSTRUCTS


@pytest.mark.parametrize("seed", [11, 12])
def test_nothing_differs_and_every_construct_was_written(seed):
    wrong, done, used = properties.run(2_500, seed)
    assert wrong == []
    assert done >= 2_500
    assert sorted(set(CONSTRUCTS) - set(used)) == []


# --- each property can fail ------------------------------------------------------------------------------------------


def misprinted(patch):
    real = properties.print_trial
    patch.setattr(properties, "print_trial", lambda tree: real(tree).replace(" >= ", " > "))


def sections_exchanged(patch):
    real = screener.compile_trials

    def exchanged(trial):
        other = {"include": "exclude", "exclude": "include"}
        return replace(trial, criteria=tuple(replace(c, section=other[c.section]) for c in trial.criteria))

    patch.setattr(screener, "compile_trials", lambda trials, table: real([exchanged(trial) for trial in trials], table))


def missing_is_false(patch):
    real = evaluator.evaluate_atom

    def evaluate_atom(atom, situation):
        found = real(atom, situation)
        return Truth.FALSE if found is Truth.UNKNOWN else found

    patch.setattr(evaluator, "evaluate_atom", evaluate_atom)


def ten_times(patch):
    real = values.QuantityReader.scale

    def scale(self, concept, unit):
        found = real(self, concept, unit)
        return Scale(Fraction(10)) if isinstance(found, Scale) and found.factor not in (1, Fraction(1)) else found

    patch.setattr(values.QuantityReader, "scale", scale)


def first_row_alone(patch):
    real = series.series_of
    patch.setattr(series, "series_of", lambda known, concept, values: real(known, concept, values)[:1])


def last_need_forgotten(patch):
    real = needs.open_atoms
    patch.setattr(needs, "open_atoms", lambda rule, truths: list(real(rule, truths))[:-1])


def limit_not_asked(patch):
    patch.setattr(needs, "_without_limit", lambda atom, observations: False)


def a_day_is_all_that_is_read(patch):
    """Of a time no more than its day."""
    real = facts.read_date

    def read_date(text):
        return real(text[:10])

    patch.setattr(unreadable, "read_date", read_date)


def nothing_said(patch):
    real = explanation.tell
    patch.setattr(explanation, "tell", lambda atom, truth, situation: ("None", real(atom, truth, situation)[1]))


def no_turning_points(patch):
    patch.setattr(validity, "_turning_points", lambda atom, facts, trial, values: iter(()))


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (misprinted, "printed_and_parsed"), (sections_exchanged, "compiled"), (missing_is_false, "knowing_more"),
        (ten_times, "respelled"), (first_row_alone, "reordered"), (last_need_forgotten, "needs_are_exact"),
        (last_need_forgotten, "needs_are_enough"), (limit_not_asked, "needs_are_enough"),
        (a_day_is_all_that_is_read, "needs_are_enough"), (nothing_said, "reasons"), (no_turning_points, "holds_until"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)  # fmt: skip
def test_a_seeded_fault_is_caught(monkeypatch, fault, name):
    assert properties.run(60, 5, only=name)[0] == []
    fault(monkeypatch)
    wrong, _, _ = properties.run(6_000, 5, only=name, most=1)
    assert f": {name}: " in wrong[0]
