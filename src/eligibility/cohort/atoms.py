"""An atom of a rule and a source of facts go in; a nullable truth for each patient comes out: here for numbers and classes.

The same meaning as `evaluator`, written over constants and expressions; the two are compared on generated
rules and patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from eligibility import rules
from eligibility.cohort.folding import (
    Flag,
    Number,
    Quad,
    Statement,
    after,
    all_hold,
    both,
    case,
    compared,
    either,
    is_false,
    is_open,
    is_true,
    known_from,
    no,
)
from eligibility.cohort.onsets import elapsed, lasting, onset_in
from eligibility.cohort.presence import ever, in_window, present_now
from eligibility.cohort.ranges import evaluate
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.sources import Picked, Reach, Source, Wanted
from eligibility.cohort.windows import where_to_look
from eligibility.instants import Duration
from eligibility.vocabulary import Concept


@dataclass
class Asking:
    """Who asks: the facts, the trial, how old its current values may be, and the sheet that takes intermediate columns."""

    source: Source
    trial: str
    values: Duration | None
    sheet: Sheet

    def wanted(self, concept: Concept, selection: rules.Selection, window: rules.Window | None) -> Wanted:
        """An observation that the trial asks for."""
        return Wanted(concept, selection, window, self.values, self.trial)


def statement_of(atom: rules.Atom, asking: Asking) -> Statement:
    """What is known of one comparison or presence."""
    source, trial = asking.source, asking.trial
    match atom:
        case rules.Comparison(number=number, bounds=bounds):
            return _comparison(number, bounds, asking)
        case rules.LimitComparison(
            concept=concept, selection=selection, window=window, operator=operator, multiple=multiple, upper=upper
        ):
            wanted = asking.wanted(concept, selection, window)
            found = source.ratio(wanted, upper)
            return _unless_lacking([_leaf(source, wanted, found)], compared(found.value, operator, multiple))
        case rules.InClass():
            return in_class(atom, asking)
        case rules.Present(concept=concept):
            return present_now(source, concept)
        case rules.Ever(concept=concept):
            return ever(source, concept)
        case rules.InWindow(concept=concept, window=window):
            return in_window(source, concept, window, trial)
        case rules.OnsetIn(concept=concept, window=window):
            return onset_in(source, concept, window, trial)
        case rules.Elapsed(concept=concept, bounds=spans):
            return elapsed(source, concept, spans)
        case rules.Lasting(concept=concept, duration=duration):
            return lasting(source, concept, duration)
        case rules.Attested(concept=concept):
            return case(source.cannot(concept.name), False, source.answer(concept, trial))
        case rules.Judged(address=address):
            return source.judgement(address)
        case _:
            assert_never(atom)


_Leaf = tuple[Reach, Flag]
"""Where a number was looked for, and whether what was to be there may be lacking."""


def _leaf(source: Source, wanted: Wanted, found: Picked) -> _Leaf:
    related = wanted.window is not None and wanted.window.relation is not None
    return where_to_look(source, wanted), no(found.sure) if related else False


def _unless_lacking(leaves: list[_Leaf], value: Statement) -> Statement:
    """Measured before or after what never was it is false; from what is not dated, or with nothing for sure there, open."""
    never = either(*(where.never for where, _ in leaves))
    unknown = either(*(flag for where, lacking in leaves for flag in (where.unknown, lacking)))
    return case(never, False, case(unknown, None, value))


def _comparison(number: rules.Expression, bounds: tuple[rules.Bound, ...], asking: Asking) -> Statement:
    source = asking.source
    if isinstance(number, rules.Age):
        return all_hold(*(_compare_age(bound, source) for bound in bounds))
    found: dict[rules.Expression, Picked] = {}
    leaves: list[_Leaf] = []
    for leaf in dict.fromkeys(rules.leaves(number)):
        match leaf:
            case rules.Measured(concept=concept, selection=selection, window=window):
                wanted = asking.wanted(concept, selection, window)
                found[leaf] = source.number(wanted)
                leaves.append(_leaf(source, wanted, found[leaf]))
            case rules.Changed(concept=concept, rise=rise, over=over, window=window):
                wanted = asking.wanted(concept, "highest", window or rules.Window())
                found[leaf] = source.change(wanted, rise, over)
                # without a pair it is any number, with or without a relation
                leaves.append((where_to_look(source, wanted), False))
            case rules.Age() | rules.InClass():
                pass
            case _:
                assert_never(leaf)
    if isinstance(number, rules.Measured):
        chosen = found[number]
        return _unless_lacking(leaves, all_hold(*(_compare_measured(chosen, bound) for bound in bounds)))

    def value_of(leaf: rules.Age | rules.Measured | rules.Changed) -> Quad:
        return source.age(leaf.unit) if isinstance(leaf, rules.Age) else found[leaf].value

    value = evaluate(number, asking.sheet, value_of, lambda atom: in_class(atom, asking))
    return _unless_lacking(leaves, all_hold(*(_compare_bound(value, bound) for bound in bounds)))


def _compare_age(bound: rules.Bound, source: Source) -> Statement:
    in_months = bound.shown.endswith(("month", "months"))
    return source.compared_age("months" if in_months else "years", bound.operator, bound.low)


def _compare_bound(value: Quad, bound: rules.Bound) -> Statement:
    low = compared(value, bound.operator, bound.low)
    if bound.low == bound.high:
        return low
    high = compared(value, bound.operator, bound.high)
    return known_from(both(is_true(low), is_true(high)), both(is_false(low), is_false(high)))


def _compare_measured(chosen: Picked, bound: rules.Bound) -> Statement:
    if chosen.plain is not None and bound.low == bound.high:
        return chosen.plain.compared(bound.operator, bound.low)
    plain = _compare_bound(chosen.value, bound)
    if bound.months is None or chosen.months is None:
        return plain
    fewest, most, given = chosen.months
    months = compared((fewest, most, False, False), bound.operator, float(bound.months))
    return case(both(chosen.sure, given, is_open(plain)), months, plain)


def in_class(atom: rules.InClass, asking: Asking) -> Statement:
    """Is the class one of some?"""
    source, concept, selection = asking.source, atom.concept, atom.selection
    wanted = asking.wanted(concept, selection, atom.window)
    where = where_to_look(source, wanted)
    as_set = not concept.ordered and selection in ("latest", "first")
    found = source.rank(wanted, atom.ranks if as_set else None)
    everything = range(len(concept.values))
    any_rank = within(everything[0], everything[-1], atom.ranks)
    low, high = found.value[0], found.value[1]
    inside = known_from(low == 1, high == 0) if as_set else within(low, high, atom.ranks)
    truth = case(found.sure, inside, any_rank)
    if selection != "first":
        ahead = after(where.may_2, source.clock.now)
        match selection:
            case "latest":
                coming = any_rank
            case "highest":
                coming = case(found.sure, within(low, everything[-1], atom.ranks), any_rank)
            case _:
                coming = case(found.sure, within(0, high, atom.ranks), any_rank)
        truth = case(ahead, coming, truth)
    return case(where.never, False, case(where.unknown, None, truth))


def within(low: Number, high: Number, ranks: frozenset[int]) -> Statement:
    """Do all ranks from `low` to `high` belong to some, none, or some of them?"""
    runs: list[tuple[int, int]] = []
    for rank in sorted(ranks):
        if runs and runs[-1][1] == rank - 1:
            runs[-1] = (runs[-1][0], rank)
        else:
            runs.append((rank, rank))
    inside = either(*(both(low >= first, high <= last) for first, last in runs))
    touching = either(*(both(low <= last, high >= first) for first, last in runs))
    return known_from(inside, no(touching))
