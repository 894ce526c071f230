"""Checked rules go in; the distinct things that they ask of a patient come out as slots, each filled once from the facts.

A slot is a number out of some observations, the ranks that a class may have, or what is known of a presence. Many
comparisons share one slot; those that no slot can share (months against months) are slots of their own. How a slot is
filled is the reference evaluator's business, so that every reader over slots means what the reference means.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from eligibility import intervals, rules, series
from eligibility.evaluator import Situation, evaluate_atom, known_number, limit_ratio
from eligibility.facts import Facts
from eligibility.instants import Duration
from eligibility.intervals import Interval
from eligibility.logic import Truth
from eligibility.occurrences import Reach
from eligibility.source import Span
from eligibility.vocabulary import Concept

# What is known of a statement, as a small number that code can branch on. An open statement says what it waits for:
# an answer of a person, or data. The larger of two open ones is what both together wait for.
FALSE, TRUE, ASKS, LACKS = 0, 1, 2, 3

Range = tuple[float, float, bool, bool]  # low, high, low_open, high_open
Content = Range | int

NEVER: Range = (float("nan"), float("nan"), False, False)  # no measurement: it fails every comparison, as NaN does
OPEN: Range = (-intervals.INFINITY, intervals.INFINITY, True, True)
NO_CLASS = 1 << 62  # the rank of a class that was never observed


@dataclass(frozen=True, slots=True)
class NumberSlot:
    """A number that rules compare: what is known of it, as a Range."""

    number: rules.Expression
    values: Duration | None


@dataclass(frozen=True, slots=True)
class RatioSlot:
    """A measurement in multiples of its own limit of normal, as a Range."""

    concept: Concept
    selection: rules.Selection
    window: rules.Window | None
    upper: bool
    values: Duration | None


@dataclass(frozen=True, slots=True)
class RankSlot:
    """The ranks that a class may have, as the bits of a number."""

    concept: Concept
    selection: rules.Selection
    window: rules.Window | None
    values: Duration | None


@dataclass(frozen=True, slots=True)
class TruthSlot:
    """What is known of a presence, an answer, or a comparison that shares no number: FALSE, TRUE, ASKS or LACKS."""

    atom: rules.Atom
    values: Duration | None


Slot = NumberSlot | RatioSlot | RankSlot | TruthSlot


def slot_of(atom: rules.Atom, values: Duration | None) -> Slot:
    """The slot that an atom reads; `values` is how old a current value may be in its trial."""
    match atom:
        case rules.Comparison(number=number, bounds=bounds) if all(_is_plain(number, bound) for bound in bounds):
            return NumberSlot(_age_in_unit(number, bounds), values)
        case rules.LimitComparison(concept=concept, selection=selection, window=window, upper=upper):
            return RatioSlot(concept, selection, window, upper, values)
        case rules.InClass(concept=concept, selection=selection, window=window):
            return RankSlot(concept, selection, window, values)
        case rules.Judged():
            return TruthSlot(replace(atom, words="", text=""), None)
        case rules.Comparison():
            return TruthSlot(replace(atom, words=""), values)
        case (
            rules.Present() | rules.Ever() | rules.InWindow() | rules.OnsetIn() | rules.Elapsed() | rules.Lasting()
            | rules.Attested()
        ):  # fmt: skip
            return TruthSlot(replace(atom, words=""), None)
        case _:
            assert_never(atom)


def _is_plain(number: rules.Expression, bound: rules.Bound) -> bool:
    """Is it one threshold against one interval? Months are counted, or are as many days as they can be."""
    return bound.low == bound.high and (bound.months is None or isinstance(number, rules.Age))


def _age_in_unit(number: rules.Expression, bounds: tuple[rules.Bound, ...]) -> rules.Expression:
    """An age is compared in the unit of its threshold."""
    if isinstance(number, rules.Age):
        return replace(number, unit="months" if bounds[0].counts_months else "years")
    return number


def is_of_one_trial(slot: Slot) -> bool:
    """May a record say something else of it for one trial: an attestation, or a window on a milestone?"""
    if isinstance(slot, TruthSlot) and isinstance(slot.atom, rules.Attested):
        return True
    return any(concept.kind == "milestone" for concept in anchors(slot))


def anchors(slot: Slot) -> list[Concept]:
    """What the windows of a slot are told from."""
    match slot:
        case NumberSlot(number=number):
            windows = rules.windows_of_number(number)
        case RatioSlot(window=window) | RankSlot(window=window):
            windows = [] if window is None else [window]
        case TruthSlot(atom=atom):
            windows = rules.windows(atom)
        case _:
            assert_never(slot)
    return [anchor.concept for window in windows for anchor in window.anchors]


def content(slot: Slot, facts: Facts, trial: str = "") -> Content:
    """What the facts say of one slot; for one trial where its ID is given, else for all."""
    situation = Situation(facts, facts.at, trial, slot.values)
    match slot:
        case NumberSlot(number=number):
            return _range(known_number(number, situation))
        case RatioSlot(concept=concept, selection=selection, window=window, upper=upper):
            atom = rules.LimitComparison(concept, selection, window, "<", 1.0, upper, "", _NOWHERE)
            chosen = limit_ratio(atom, situation)
            return _range(chosen.value if chosen.lacking is None else chosen.lacking)
        case RankSlot():
            return _ranks(slot, situation)
        case TruthSlot(atom=atom):
            return code(evaluate_atom(atom, situation), atom)
        case _:
            assert_never(slot)


_NOWHERE = Span(0, 0)


def code(truth: Truth, atom: rules.Atom) -> int:
    """A truth as a number; an open one says whether a person must answer or data are lacking."""
    if truth is Truth.UNKNOWN:
        return ASKS if isinstance(atom, rules.Attested | rules.Judged) else LACKS
    return TRUE if truth is Truth.TRUE else FALSE


def range_of(x: Interval) -> Range:
    """An interval as the content of a slot."""
    return (x.low, x.high, x.low_open, x.high_open)


def _range(known: Interval | str) -> Range:
    if isinstance(known, Interval):
        return range_of(known)
    return NEVER if known == "never" else OPEN


def _ranks(slot: RankSlot, situation: Situation) -> int:
    facts, concept = situation.facts, slot.concept
    where = series.where_to_look(
        facts, concept, slot.selection, slot.window, situation.values, situation.trial, situation.now
    )
    everything = (1 << len(concept.values)) - 1
    if not isinstance(where, Reach):
        return NO_CLASS if where == "never" else everything | NO_CLASS
    observations = facts.classes.get(concept.name, ())
    if series.still_to_come(where, situation.now) is not None and slot.selection != "first":
        possible = series.class_ranks_ahead(observations, concept, slot.selection, where)
    else:
        possible, _, _ = series.class_ranks(observations, concept, slot.selection, where)
    return sum(1 << rank for rank in possible)
