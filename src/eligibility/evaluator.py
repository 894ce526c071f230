"""Checked rules and facts go in; what is known of each statement comes out. This is the written-down meaning.

The evaluator is short and plain on purpose: every faster reader of the rules is compared with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from eligibility import intervals, occurrences, rules, series
from eligibility.ages import age_in
from eligibility.facts import Facts, Observation
from eligibility.formulas import check_formula
from eligibility.instants import Duration, Instant, Span, days_in_months
from eligibility.intervals import Interval
from eligibility.logic import NOT, Truth, all_of, any_of, count_between, known
from eligibility.occurrences import Lacking, Reach

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


STILL_TO_COME = "what is still to be measured"


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts, the instant at which they are judged (at or after that of the facts), and the trial that asks."""

    facts: Facts
    now: Instant
    trial: str = ""
    values: Duration | None = None


Truths = Mapping[rules.Atom, Truth]


def evaluate(rule: rules.Rule, situation: Situation) -> Truth:
    """What is known of a statement."""
    return kleene(rule, truths_of(rule, situation))


def truths_of(rule: rules.Rule, situation: Situation) -> Truths:
    """What is known of each comparison and presence of a rule."""
    return {atom: evaluate_atom(atom, situation) for atom in rules.atoms(rule)}


def kleene(rule: rules.Rule, truths: Truths) -> Truth:
    """The value of a rule from those of its atoms, already known."""
    match rule:
        case rules.Not(operand=operand):
            return NOT[kleene(operand, truths)]
        case rules.And(operands=operands):
            return all_of(kleene(operand, truths) for operand in operands)
        case rules.Or(operands=operands):
            return any_of(kleene(operand, truths) for operand in operands)
        case rules.Count(low=low, high=high, operands=operands):
            return count_between((kleene(operand, truths) for operand in operands), low, high)
        case _:
            return truths[rule]


def evaluate_atom(atom: rules.Atom, situation: Situation) -> Truth:
    """What is known of one comparison or presence."""
    facts, now, trial = situation.facts, situation.now, situation.trial
    match atom:
        case rules.Comparison(number=number, bounds=bounds):
            return compare(number, bounds, situation)
        case rules.LimitComparison():
            chosen = limit_ratio(atom, situation)
            blocked = lacking(chosen.lacking)
            return intervals.compare(chosen.value, atom.operator, atom.multiple) if blocked is None else blocked
        case rules.InClass(concept=concept, selection=selection, window=window, ranks=ranks):
            where = series.where_to_look(facts, concept, selection, window, situation.values, trial, now)
            if not isinstance(where, Reach):
                return F if where == "never" else U
            seen = facts.classes.get(concept.name, ())
            if series.still_to_come(where, now) is not None and selection != "first":
                return series.class_truth(series.class_ranks_ahead(seen, concept, selection, where), ranks)
            return series.class_truth(series.class_ranks(seen, concept, selection, where)[0], ranks)
        case rules.Present(concept=concept):
            return occurrences.present_now(facts, concept, now)
        case rules.Ever(concept=concept):
            return occurrences.ever(facts, concept, now)
        case rules.InWindow(concept=concept, window=window):
            where = occurrences.reach(facts, window, trial, now)
            if not isinstance(where, Reach):
                never = not _reaches_ahead(window) and occurrences.ever(facts, concept, now) is F
                return F if where == "never" or never or concept.name in facts.cannot_apply else U
            return occurrences.in_window(facts, concept, where, now)
        case rules.OnsetIn(concept=concept, window=window):
            where = occurrences.reach(facts, window, trial, now)
            if not isinstance(where, Reach):
                never = occurrences.newest_onset(facts, concept, now) == "never"
                return F if where == "never" or never else U
            return occurrences.onset_in(facts, concept, where, now)
        case rules.Elapsed(concept=concept, bounds=spans):
            return occurrences.elapsed(facts, concept, spans, now)
        case rules.Lasting(concept=concept, duration=duration):
            return occurrences.lasting(facts, concept, duration, now)
        case rules.Attested(concept=concept):
            return attested(atom, situation)
        case rules.Judged(address=address):
            return known(facts.judgements.get(address.casefold()))
        case _:
            assert_never(atom)


def _reaches_ahead(window: rules.Window) -> bool:
    """May a window cover instants after now? One that hangs on a milestone, or runs from an onset, may."""
    if window.anchor is None:
        return window.ahead
    return window.anchor.after or window.anchor.concept.kind == "milestone"


def attested(atom: rules.Attested, situation: Situation) -> Truth:
    """What a person said: for this trial, else in general; it is false where it cannot apply."""
    facts, name = situation.facts, atom.concept.name
    if name in facts.cannot_apply:
        return F
    override = facts.overrides.get(situation.trial.casefold())
    if override is not None and name in override[0]:
        return known(override[0][name])
    return known(facts.attestations.get(name))


def lacking(what: str | None) -> Truth | None:
    """A measurement before or after what never happened fails its comparison; after what is not dated it is open."""
    return None if what is None else F if what == "never" else U


# --- numbers ---------------------------------------------------------------------------------------------------------


def compare(number: rules.Expression, bounds: tuple[rules.Bound, ...], situation: Situation) -> Truth:
    """Does a number keep all bounds?"""
    match number:
        case rules.Age():
            return all_of(_compare_age(bound, situation) for bound in bounds)
        case rules.Measured():
            chosen = measured(number, situation)
            blocked = lacking(chosen.lacking)
            return all_of(_compare_measured(chosen, bound) for bound in bounds) if blocked is None else blocked
        case _:
            value = known_number(number, situation)
            if not isinstance(value, Interval):
                return F if value == "never" else U
            return all_of(_compare_bound(value, bound) for bound in bounds)


def known_number(number: rules.Expression, situation: Situation) -> Interval | Lacking:
    """What is known of a number; "never" where one of its measurements is before or after what never happened, "unknown"
    where that is open."""
    blocked = [chosen.lacking for chosen in chosen_leaves(number, situation)]
    if "never" in blocked:
        return "never"
    if "unknown" in blocked:
        return "unknown"
    return value_of(number, situation)


def _compare_bound(value: Interval, bound: rules.Bound) -> Truth:
    """A threshold in months is every number of days that they can have: the comparison must hold for all of them."""
    low, high = (intervals.compare(value, bound.operator, end) for end in (bound.low, bound.high))
    return low if low is high else U


def _compare_measured(chosen: series.Chosen, bound: rules.Bound) -> Truth:
    """A duration given in months is compared with one in months by counting months, where days leave it open."""
    by_days = _compare_bound(chosen.value, bound)
    counts = [o.months for o in chosen.used if o.months is not None]
    if by_days is not U or bound.months is None or not chosen.sure or len(counts) < max(1, len(chosen.used)):
        return by_days
    return intervals.compare(intervals.hull(counts), bound.operator, float(bound.months))


def _compare_age(bound: rules.Bound, situation: Situation) -> Truth:
    facts = situation.facts
    age = age_in("months" if bound.counts_months else "years", facts.ages, situation.now, facts.zone)
    return intervals.compare(age, bound.operator, bound.low)


def measured(number: rules.Measured, situation: Situation) -> series.Chosen:
    """The number that a selection picks."""
    facts, concept = situation.facts, number.concept
    where = series.where_to_look(
        facts, concept, number.selection, number.window, situation.values, situation.trial, situation.now
    )
    if not isinstance(where, Reach):
        return series.Chosen(concept.possible, (), False, lacking=where)
    observations = series.series_of(facts, concept, situation.values)
    if (ahead := series.still_to_come(where, situation.now)) is not None:
        observations = (*observations, Observation(concept.possible, ahead, STILL_TO_COME))
    if not observations and concept.assumed is not None:
        text = f"assumed {concept.assumed:g} {concept.unit}"
        assumed = Observation(intervals.point(concept.assumed), Span(facts.at, facts.at), text)
        return series.Chosen(assumed.value, (assumed,))
    chosen = series.choose(observations, number.selection, where, concept.possible)
    if number.window is not None and number.window.relation is not None and not chosen.sure:
        return series.Chosen(concept.possible, chosen.used, False, chosen.stale, lacking="unknown")
    return chosen


def limit_ratio(atom: rules.LimitComparison, situation: Situation) -> series.Chosen:
    """A measurement in multiples of its limit of normal; each observation is judged by its own limit."""
    facts, concept = situation.facts, atom.concept
    where = series.where_to_look(
        facts, concept, atom.selection, atom.window, situation.values, situation.trial, situation.now
    )
    anything = Interval(0.0, intervals.INFINITY, False, True)
    if not isinstance(where, Reach):
        return series.Chosen(anything, (), False, lacking=where)
    ratios = [
        replace(o, value=series.against_limit(o, atom.upper), months=None)
        for o in facts.observations.get(concept.name, ())
    ]
    if (ahead := series.still_to_come(where, situation.now)) is not None:
        ratios.append(Observation(anything, ahead, STILL_TO_COME))
    chosen = series.choose(ratios, atom.selection, where, anything)
    if atom.window is not None and atom.window.relation is not None and not chosen.sure:
        return series.Chosen(anything, chosen.used, False, chosen.stale, lacking="unknown")
    return chosen


def changed(number: rules.Changed, situation: Situation) -> series.Chosen:
    """The greatest rise or fall."""
    facts = situation.facts
    window = number.window or rules.Window()
    where = series.where_to_look(
        facts, number.concept, "highest", window, situation.values, situation.trial, situation.now
    )
    if not isinstance(where, Reach):
        return series.Chosen(intervals.ANYTHING, (), False, lacking=where)
    found = series.change(
        series.series_of(facts, number.concept, situation.values), number.rise, number.over, where, facts
    )
    if series.still_to_come(where, situation.now) is None or not found.sure:
        return found
    unending = Interval(found.value.low, intervals.INFINITY, found.value.low_open, True)
    return series.Chosen(unending, found.used)


def chosen_leaves(number: rules.Expression, situation: Situation) -> list[series.Chosen]:
    """What each measurement of an expression is known to be."""
    found: list[series.Chosen] = []
    for leaf in rules.leaves(number):
        match leaf:
            case rules.Measured():
                found.append(measured(leaf, situation))
            case rules.Changed():
                found.append(changed(leaf, situation))
            case rules.Age() | rules.InClass():
                pass
            case _:
                assert_never(leaf)
    return found


def value_of(number: rules.Expression, situation: Situation) -> Interval:
    """What is known of an expression."""

    def leaf(expression: rules.Age | rules.Measured | rules.Changed | rules.InClass) -> Interval | Truth:
        match expression:
            case rules.Age(unit=unit):
                return age_in(unit, situation.facts.ages, situation.now, situation.facts.zone)
            case rules.Measured():
                return measured(expression, situation).value
            case rules.Changed():
                return changed(expression, situation).value
            case rules.InClass():
                return evaluate_atom(expression, situation)
            case _:
                assert_never(expression)

    return series.evaluate(number, leaf)


__all__ = ["Situation", "check_formula", "days_in_months", "evaluate", "evaluate_atom"]
