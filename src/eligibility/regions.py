"""Checked rules go in; how they cut each variable comes out: thresholds, limits, classes, durations, and where facts meet.

Serves whoever needs patients at the edges: strategies, tests of coverage, analysis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from eligibility import rules
from eligibility.formulas import check_formula
from eligibility.instants import Duration
from eligibility.intervals import Interval
from eligibility.vocabulary import Concept, Vocabulary


@dataclass
class Variable:
    """One concept that rules read, and where they cut it.

    `thresholds` are numbers in its canonical unit (completed months for an age); `multiples` are multiples of a limit of
    normal, `True` for the upper one; `ranks` are the sets of classes asked for; `durations` reach from an instant to the
    edge of a window; `apart` are the spans of changes, `rises` their thresholds.
    """

    concept: Concept
    thresholds: set[float] = field(default_factory=set)
    multiples: set[tuple[bool, float]] = field(default_factory=set)
    ranks: set[frozenset[int]] = field(default_factory=set)
    durations: set[Duration] = field(default_factory=set)
    apart: set[Duration] = field(default_factory=set)
    rises: set[float] = field(default_factory=set)
    is_anchor: bool = False
    looks_ahead: bool = False


def variables(statements: Iterable[rules.Rule], vocabulary: Vocabulary) -> dict[str, Variable]:
    """Every variable of some rules, by the name of its concept; inputs of formulas included."""
    found: dict[str, Variable] = {}
    for statement in statements:
        for atom in rules.atoms(statement):
            _cut(atom, found)
    for variable in list(found.values()):
        _add_inputs(variable.concept, found, vocabulary)
    return found


def judgements(statements: Iterable[rules.Rule]) -> tuple[str, ...]:
    """The addresses of the judgements that rules ask for."""
    found = (
        atom.address for statement in statements for atom in rules.atoms(statement) if isinstance(atom, rules.Judged)
    )
    return tuple(dict.fromkeys(found))


def _variable(concept: Concept, found: dict[str, Variable]) -> Variable:
    return found.setdefault(concept.name, Variable(concept))


def _cut(atom: rules.Atom, found: dict[str, Variable]) -> None:
    match atom:
        case rules.Comparison(number=number, bounds=bounds):
            for leaf in rules.leaves(number):
                variable = _variable(leaf.concept, found)
                match leaf:
                    case rules.Age():
                        variable.thresholds |= {float(bound.months or 0) for bound in bounds}
                    case rules.Changed(over=over, window=window):
                        variable.apart.add(over)
                        variable.rises |= {bound.low for bound in bounds}
                        _window(variable, window, found)
                    case rules.Measured(window=window):
                        if leaf is number:
                            variable.thresholds |= {end for bound in bounds for end in (bound.low, bound.high)}
                        _window(variable, window, found)
                    case rules.InClass():
                        _cut(leaf, found)
        case rules.LimitComparison(concept=concept, multiple=multiple, upper=upper, window=window):
            variable = _variable(concept, found)
            variable.multiples.add((upper, multiple))
            _window(variable, window, found)
        case rules.InClass(concept=concept, ranks=ranks, window=window):
            variable = _variable(concept, found)
            variable.ranks.add(ranks)
            _window(variable, window, found)
        case rules.InWindow(concept=concept, window=window) | rules.OnsetIn(concept=concept, window=window):
            _window(_variable(concept, found), window, found)
        case rules.Elapsed(concept=concept, bounds=spans):
            _variable(concept, found).durations |= {duration for _, duration in spans}
        case rules.Lasting(concept=concept, duration=duration):
            _variable(concept, found).durations.add(duration)
        case rules.Present(concept=concept) | rules.Ever(concept=concept) | rules.Attested(concept=concept):
            _variable(concept, found)
        case rules.Judged():
            pass


def _window(variable: Variable, window: rules.Window | None, found: dict[str, Variable]) -> None:
    if window is None:
        return
    if window.duration is not None:
        variable.durations.add(window.duration)
    variable.looks_ahead = variable.looks_ahead or window.ahead
    for anchor in window.anchors:
        if anchor.concept.name != "screening":
            other = _variable(anchor.concept, found)
            other.is_anchor = True
            if window.duration is not None:
                other.durations.add(window.duration)


def _add_inputs(concept: Concept, found: dict[str, Variable], vocabulary: Vocabulary) -> None:
    if concept.formula is not None:
        for source in check_formula(vocabulary, concept).inputs:
            _variable(source, found)
            _add_inputs(source, found, vocabulary)


def edges(thresholds: Iterable[float], possible: Interval) -> Iterator[float]:
    """Numbers below, just below, at, just above and above each threshold, inside of what is possible."""
    ordered = sorted(set(thresholds))
    for value in dict.fromkeys(_around(ordered)):
        if possible.low <= value <= possible.high:
            yield value


def _around(ordered: list[float]) -> Iterator[float]:
    for threshold in ordered:
        step = max(abs(threshold), 1.0) * 1e-3
        yield from (threshold, threshold - step, threshold + step)
    yield from ((low + high) / 2 for low, high in pairwise(ordered))
    if ordered:
        low, high = ordered[0], ordered[-1]
        yield from (low - max(1.0, abs(low)) * 0.5, high + max(1.0, abs(high)) * 0.5)


def clusters(criteria: Iterable[rules.Criterion], vocabulary: Vocabulary) -> list[tuple[rules.Criterion, ...]]:
    """Criteria that share a fact stand together; what decides one cluster says nothing of another."""
    listed = list(criteria)
    owner: dict[str, int] = {}
    parent = list(range(len(listed)))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    for index, criterion in enumerate(listed):
        for name in touched(criterion.rule, vocabulary):
            other = owner.setdefault(name, index)
            parent[root(index)] = root(other)
    grouped: dict[int, list[rules.Criterion]] = {}
    for index, criterion in enumerate(listed):
        grouped.setdefault(root(index), []).append(criterion)
    return [tuple(group) for group in grouped.values()]


def touched(statement: rules.Rule, vocabulary: Vocabulary) -> set[str]:
    """The names of everything that a rule may hang on: its variables, their wholes and parts, sex and age where they
    decide to whom something applies."""
    names: set[str] = set()
    for name, variable in variables([statement], vocabulary).items():
        names.add(name)
        concept = variable.concept
        if concept.is_occurrence:
            names |= {*vocabulary.wholes(name), *vocabulary.parts(name)}
        if concept.none_when_absent:
            names.add(concept.none_when_absent)
    for name in list(names):
        concept = vocabulary[name]
        if concept.applies_to_sex:
            names.add("sex")
        if concept.applies_from_months:
            names.add("age")
    names |= set(judgements([statement]))
    return names
