"""The tests that a mutant of the kernel must get past: `make mutate` runs them, and the ordinary suite does not.

They are the ordinary tests of rules, numbers and reasons, and the properties on generated rules, folded: what stands there
as thousands of cases is a few functions here, since to find and name a case takes longer than to run it.
"""

import inspect
import math
import os
import sys
from functools import _lru_cache_wrapper
from itertools import product

import pytest

import messages
import models
import properties
import test_idioms
import test_intervals
import test_kit
import test_logic
import test_needs
import test_reasons_and_needs
import test_rule_errors
import test_units
import test_vocabulary
from eligibility import vocabulary
from eligibility.units import UnitTable, build_table

FOLDED = 60  # cases in one function
LEFT_OUT = {
    "test_hostile_texts_return", "test_deep_nesting_ends_in_an_error_of_ours", "test_very_many_criteria_are_read",
    "test_blocks_nested_very_deep", "test_no_message_speaks_of_the_machine", "test_an_error_says_what_and_where",
}  # fmt: skip  # about time and size; the last one says less than test_messages
_LANGUAGE = ("messages__diagnostics", "rule_errors", "kit__refused_rule", "kit__formula", "idioms")
READERS = {  # which tests speak of a module: no others are run for its mutants, in this order
    "logic": ("logic", "kit__formula"),
    "intervals": ("intervals", "kit__formula"),
    "units": ("units", "vocabulary", "rule_errors", "messages__diagnostics", "kit__formula", "kit__refused_patient"),
    "checker": _LANGUAGE,
    "scope": _LANGUAGE,
    "comparisons": _LANGUAGE,
    "evaluator": ("kit__formula", "needs", "messages__needs", "reasons_and_needs", "models", "properties"),
    "needs": ("needs", "messages__needs", "reasons_and_needs", "kit__formula", "properties"),
}


GRAMMAR = {"eligibility.parser"}  # what it keeps, no mutant can reach


def forget():
    """What was read and computed before."""
    for name, module in list(sys.modules.items()):
        if name.startswith("eligibility") and name not in GRAMMAR:
            for value in list(vars(module).values()):
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()
    vocabulary.bundled_vocabulary().formula_cache.clear()


@pytest.fixture(scope="session", autouse=True)
def nothing_kept():
    """A mutant is active from here on: nothing is kept of the process that this one was forked from."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    if not mutant.startswith("eligibility."):
        return
    forget()
    if mutant.startswith("eligibility.units."):
        vocabulary._BUNDLED.clear()
        for module in list(sys.modules.values()):  # tests that hold the vocabulary of before get the one of the mutant
            if getattr(module, "__name__", "").startswith("test_"):
                for name, value in list(vars(module).items()):
                    if isinstance(value, vocabulary.Vocabulary):
                        setattr(module, name, vocabulary.bundled_vocabulary())
                    elif isinstance(value, UnitTable):
                        setattr(module, name, vocabulary.bundled_vocabulary().units)


own = test_units.own


@pytest.fixture(autouse=True)
def speaks_of_the_mutant(request):
    """A mutant is shown to the tests of its module alone. While mutmut notes which test reaches which function, nothing is
    kept from one test for the next, and what is done once at the start is done for each of them."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    if mutant == "stats":
        forget()
        if request.node.name.startswith(tuple(f"test_{name}" for name in READERS["units"])):
            build_table(test_units.SMALL)
    module = mutant.partition(".")[2].partition(".")[0]
    readers = tuple(f"test_{name}" for name in READERS.get(module, ("",)))
    name = request.node.name
    if mutant.startswith("eligibility.") and not name.startswith(readers):
        pytest.skip("speaks of other modules")
    if (
        name.startswith("test_kit__formula__")
        and module not in ("evaluator", "needs", "")
        and int(name.split("__")[-1]) % 4
    ):
        pytest.skip("a quarter of the formulas is enough for what does not judge patients")


def cases_of(function):
    """Every set of arguments that the marks of a test give it."""
    axes = []
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize":
            names, given = mark.args[:2]
            names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
            axes.append([])
            for value in given:
                values = value if len(names) > 1 else (value,)
                if isinstance(value, type(pytest.param())):
                    values = value.values
                axes[-1].append(dict(zip(names, values, strict=True)))
    return [{name: value for part in parts for name, value in part.items()} for parts in product(*axes)]


def folded(function, cases):
    def run():
        for case in cases:
            function(**case)

    return run


for _module in (
    test_logic, test_needs, test_intervals, test_units, test_rule_errors, test_idioms, test_reasons_and_needs, test_kit,
):  # fmt: skip
    for _name, _function in list(vars(_module).items()):
        if not _name.startswith("test_") or not inspect.isfunction(_function) or _name in LEFT_OUT:
            continue
        if _function.__module__ != _module.__name__:
            continue
        _name = f"{_module.__name__}__{_name.removeprefix('test_')}"
        if {"tmp_path", "own"} & set(inspect.signature(_function).parameters):
            globals()[_name] = _function
            continue
        _cases = cases_of(_function)
        _parts = math.ceil(len(_cases) / FOLDED)
        for _part in range(_parts):  # each holds something of everything
            globals()[f"{_name}__{_part}"] = folded(_function, _cases[_part::_parts])


for _name in ("a_class_and_a_unit_of_a_user_s_own", "an_alias_in_a_circle_is_refused"):
    globals()[f"test_vocabulary__{_name}"] = getattr(test_vocabulary, f"test_{_name}")

_READ = messages.reviewed("diagnostics")
_TEXTS = [text for text in messages.faulty_texts() if messages.quoted(text) in _READ]
for _part in range(0, len(_TEXTS), FOLDED):

    def _told(texts=tuple(_TEXTS[_part : _part + FOLDED])):
        for text in texts:
            assert messages.told_of(text) == _READ[messages.quoted(text)]

    globals()[f"test_messages__diagnostics__{_part}"] = _told

_ASKED = messages.reviewed("needs")
_OPEN = [case for case in messages.open_cases() if case["case"] in _ASKED]
for _part in range(0, len(_OPEN), FOLDED):

    def _asked(cases=tuple(_OPEN[_part : _part + FOLDED])):
        for case in cases:
            assert messages.asked_in(case) == _ASKED[case["case"]]

    globals()[f"test_messages__needs__{_part}"] = _asked


@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.__name__)
def test_models(model):
    assert models.run(model, seed=7, cases=40) == []


@pytest.mark.parametrize("seed", [21])
def test_properties(seed):
    wrong, done, _ = properties.run(300, seed)
    assert wrong == []
    assert done >= 300
