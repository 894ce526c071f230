"""A comparison or presence of a rule and a source of facts go in; a nullable truth for each patient comes out.

The same meaning as `evaluator` and `occurrences`, written over constants and expressions; the two are compared on generated
rules and patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from eligibility import rules
from eligibility.cohort.calendar import Keep, Length, Moment, least_of, moved, pick_moment
from eligibility.cohort.folding import (
    Flag,
    Number,
    Quad,
    Statement,
    after,
    all_hold,
    any_holds,
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
from eligibility.cohort.ranges import evaluate
from eligibility.cohort.reading import Clock
from eligibility.cohort.sheets import Sheet
from eligibility.cohort.sources import Line, Onset, Picked, Reach, Source, chain, where_to_look
from eligibility.instants import EARLIEST, Duration
from eligibility.vocabulary import Concept


@dataclass
class Asking:
    """Who asks: the facts, the trial, how old its current values may be, and the sheet that takes intermediate columns."""

    source: Source
    trial: str
    values: Duration | None
    sheet: Sheet


def statement_of(atom: rules.Atom, asking: Asking) -> Statement:
    """What is known of one comparison or presence."""
    source, trial, values = asking.source, asking.trial, asking.values
    match atom:
        case rules.Comparison(number=number, bounds=bounds):
            return _comparison(number, bounds, asking)
        case rules.LimitComparison(
            concept=concept, selection=selection, window=window, operator=operator, multiple=multiple, upper=upper
        ):
            found = source.ratio(concept, upper, selection, window, values, trial)
            where = where_to_look(source, concept, selection, window, values, trial)
            return _unless_lacking([(found, where, window)], compared(found.value, operator, multiple))
        case rules.InClass():
            return in_class(atom, asking)
        case rules.Present(concept=concept):
            return present_now(source, concept)
        case rules.Ever(concept=concept):
            return ever(source, concept)
        case rules.InWindow(concept=concept, window=window):
            return _in_window(source, concept, window, trial)
        case rules.OnsetIn(concept=concept, window=window):
            return _onset_in(source, concept, window, trial)
        case rules.Elapsed(concept=concept, bounds=spans):
            return _elapsed(source, concept, spans)
        case rules.Lasting(concept=concept, duration=duration):
            return _lasting(source, concept, duration)
        case rules.Attested(concept=concept):
            return case(source.cannot(concept.name), False, source.answer(concept, trial))
        case rules.Judged(address=address):
            return source.judgement(address)
        case _:
            assert_never(atom)


# --- numbers ---------------------------------------------------------------------------------------------------------


def _unless_lacking(leaves: list[tuple[Picked, Reach, rules.Window | None]], value: Statement) -> Statement:
    """Measured before or after what never was it is false; from what is not dated, or with nothing for sure there, open."""
    never = either(*(where.never for _, where, _ in leaves))
    unknown: list[Flag] = []
    for found, where, window in leaves:
        unknown.append(where.unknown)
        if window is not None and window.relation is not None and not isinstance(found, _Change):
            unknown.append(no(found.sure))
    return case(never, False, case(either(*unknown), None, value))


@dataclass(frozen=True)
class _Change(Picked):
    """A change; without a pair it is any number, with or without a relation."""


def _comparison(number: rules.Expression, bounds: tuple[rules.Bound, ...], asking: Asking) -> Statement:
    source, trial, values = asking.source, asking.trial, asking.values
    if isinstance(number, rules.Age):
        return all_hold(*(_compare_age(bound, source) for bound in bounds))
    found: dict[rules.Expression, Picked] = {}
    leaves: list[tuple[Picked, Reach, rules.Window | None]] = []
    for leaf in dict.fromkeys(rules.leaves(number)):
        match leaf:
            case rules.Measured(concept=concept, selection=selection, window=window):
                found[leaf] = source.number(concept, selection, window, values, trial)
                leaves.append((found[leaf], where_to_look(source, concept, selection, window, values, trial), window))
            case rules.Changed(concept=concept, rise=rise, over=over, window=window):
                picked = source.change(concept, rise, over, window, values, trial)
                found[leaf] = _Change(picked.value, picked.sure)
                looked = where_to_look(source, concept, "highest", window or rules.Window(), values, trial)
                leaves.append((found[leaf], looked, window))
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
    where = where_to_look(source, concept, selection, atom.window, asking.values, asking.trial)
    as_set = not concept.ordered and selection in ("latest", "first")
    found = source.rank(concept, atom.ranks if as_set else None, selection, atom.window, asking.values, asking.trial)
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


# --- presence --------------------------------------------------------------------------------------------------------


def _chain(source: Source, concept: Concept) -> list[tuple[str, Line, Flag]]:
    """The concept and its wholes, each with whether its completeness reaches the concept: silence reaches only what a
    problem list would name."""
    found = []
    for name in chain(source.vocabulary, concept):
        line = source.line(name)
        counts = line.complete
        if name == concept.name or concept.on_problem_list:
            counts = either(line.complete, line.assumed)
        found.append((name, line, counts))
    return found


def present_now(source: Source, concept: Concept) -> Statement:
    """Is a condition present now? For an event: has it ever happened?"""
    if concept.kind == "event":
        return ever(source, concept)
    own = source.line(concept.name)
    absent = [either(line.absent, both(counts, no(line.maybe))) for _, line, counts in _chain(source, concept)]
    return known_from(own.here, either(*absent))


def ever(source: Source, concept: Concept) -> Statement:
    """Is or was it present; has it happened?"""
    own = source.line(concept.name)
    return known_from(own.known, _never(source, concept))


def _never(source: Source, concept: Concept) -> Flag:
    return either(*(both(counts, no(line.known)) for _, line, counts in _chain(source, concept)))


def _reaches_ahead(window: rules.Window) -> bool:
    if window.anchor is None:
        return window.ahead
    return window.anchor.after or window.anchor.concept.kind == "milestone"


def _in_window(source: Source, concept: Concept, window: rules.Window, trial: str) -> Statement:
    where = source.reach(window, trial)
    lost: Statement = None
    if where.never is not False or where.unknown is not False:
        apart = False if _reaches_ahead(window) else is_false(ever(source, concept))
        lost = known_from(False, either(where.never, apart, source.cannot(concept.name)))
    inside = _inside(source, concept, window, where, trial)
    return case(either(where.never, where.unknown), lost, inside)


def _inside(source: Source, concept: Concept, window: rules.Window, where: Reach, trial: str) -> Statement:
    now = source.clock.now
    cannot = either(*(source.cannot(name) for name in chain(source.vocabulary, concept)))
    if concept.kind == "event":
        past = _happened(source, concept, window, trial)
    else:
        past = _present_in(source, concept, window, where, trial)
        # the latest beginning and the earliest end of the window, in either order: who was there for both, met all of it
        surely = both(where.sure_1 <= now, source.probe(concept.name, window, trial).surely)
        past = case(both(is_true(past), no(surely)), None, past)
    ahead = both(where.may_1 >= now, after(where.may_2, now))
    if ahead is not False:
        past = case(both(ahead, is_open(past)), False, past)
    past = case(where.may_1 <= least_of(where.may_2, now), past, False)
    over = no(after(where.may_2, now))
    if over is True:
        return case(cannot, False, past)
    return case(cannot, False, case(over, past, any_holds(past, _planned(source, concept, window, trial))))


def _happened(source: Source, concept: Concept, window: rules.Window, trial: str) -> Statement:
    own = source.probe(concept.name, window, trial)
    fails = [both(counts, no(source.probe(name, window, trial).perhaps)) for name, _, counts in _chain(source, concept)]
    return known_from(own.happened, either(*fails))


def _present_in(source: Source, concept: Concept, window: rules.Window, where: Reach, trial: str) -> Statement:
    """Was it there at some instant of those that may be in the window, up to now?"""
    own = source.probe(concept.name, window, trial)
    fails: list[Flag] = []
    for name, line, counts in _chain(source, concept):
        fails.append(both(line.absent, where.may_1 >= source.clock.now))
        fails.append(both(counts, no(source.probe(name, window, trial).maybe)))
    return known_from(own.here, either(*fails))


def _planned(source: Source, concept: Concept, window: rules.Window, trial: str) -> Statement:
    plans = source.plans(concept, window, trial)
    if source.vocabulary.parts(concept.name):  # a part may have a plan of its own
        return known_from(plans.hit, False)
    fails = both(plans.own, plans.outside)
    if concept.kind != "event":
        fails = both(fails, plans.later)
    return known_from(plans.hit, fails)


# --- onsets ----------------------------------------------------------------------------------------------------------


def newest_onset(source: Source, concept: Concept) -> Onset:
    """When the newest episode began (an event: when it last happened)."""
    own = source.line(concept.name)
    now = source.clock.now
    first, last = source.episodes(concept)
    complete = either(own.complete, own.assumed)
    sharp = complete if concept.kind == "event" else either(complete, is_true(present_now(source, concept)))
    never = both(no(own.known), _never(source, concept))
    return Onset(first, pick_moment(sharp, last, now), never, both(no(own.known), no(never)))


def anchor_onset(source: Source, anchor: rules.Anchor, trial: str) -> Onset:
    """The instant of an anchor: a milestone, or an onset that is dated at all."""
    if anchor.concept.kind == "milestone":
        if anchor.concept.name == "screening":
            return Onset(source.clock.now, source.clock.now)
        return source.milestone(anchor.concept, trial)
    onset = newest_onset(source, anchor.concept)
    known = no(either(onset.never, onset.unknown))
    return Onset(onset.first, onset.last, onset.never, either(onset.unknown, both(known, onset.first <= EARLIEST)))


_SINCE: dict[str, str] = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def _compare_onset(onset: Onset, operator: str, instant: Moment) -> Statement:
    match operator:
        case "<":
            return known_from(onset.last < instant, onset.first >= instant)
        case "<=":
            return known_from(onset.last <= instant, onset.first > instant)
        case ">":
            return known_from(onset.first > instant, onset.last <= instant)
        case _:
            return known_from(onset.first >= instant, onset.last < instant)


def _elapsed(source: Source, concept: Concept, bounds: tuple[tuple[rules.Operator, Duration], ...]) -> Statement:
    return _of_onset(source, concept, Bounded(bounds))


def _lasting(source: Source, concept: Concept, duration: Duration) -> Statement:
    """Is it present, in an episode that began `duration` or longer ago? What includes it then is so, too."""
    found = []
    for name in chain(source.vocabulary, concept):
        which = source.vocabulary[name]
        if which.kind == "condition":
            found.append(all_hold(present_now(source, which), _elapsed(source, which, ((">=", duration),))))
    fails = either(*(is_false(statement) for statement in found))
    return case(fails, False, found[0])


def _onset_in(source: Source, concept: Concept, window: rules.Window, trial: str) -> Statement:
    where = source.reach(window, trial)
    found = _of_onset(source, concept, Windowed(window, trial))
    lost = known_from(False, either(where.never, newest_onset(source, concept).never))
    return case(either(where.never, where.unknown), lost, found)


@dataclass(frozen=True)
class Bounded:
    """Is the time since an onset within bounds?"""

    bounds: tuple[tuple[rules.Operator, Duration], ...]

    def holds(self, first: Moment, last: Moment, source: Source) -> Statement:
        """What is known of it for an onset from `first` to `last`."""
        return self.over(first, last, source.clock, source.keep)

    def over(self, first: Moment, last: Moment, clock: Clock, keep: Keep) -> Statement:
        """The same over rows of any frame."""
        return all_hold(*(
            _compare_onset(Onset(first, last), _SINCE[operator], moved(clock.now, Length.of(duration), clock.offset, -1, keep))
            for operator, duration in self.bounds
        ))  # fmt: skip


@dataclass(frozen=True)
class Windowed:
    """Does an onset lie in a window?"""

    window: rules.Window
    trial: str

    def holds(self, first: Moment, last: Moment, source: Source) -> Statement:
        """What is known of it for an onset from `first` to `last`."""
        return in_reach(first, last, source.reach(self.window, self.trial))


def in_reach(first: Moment, last: Moment, where: Reach) -> Statement:
    """Does an onset from `first` to `last` lie in a window?"""
    inside = both(where.sure_1 <= first, last <= where.sure_2)
    return known_from(inside, either(last < where.may_1, first > where.may_2))


OnsetQuestion = Bounded | Windowed


def _of_onset(source: Source, concept: Concept, question: OnsetQuestion) -> Statement:
    """Does something hold of the onset? Where it is not dated, a complete record of what includes it may tell."""
    onset = newest_onset(source, concept)
    found = case(onset.unknown, None, question.holds(onset.first, onset.last, source))
    waits = both(is_open(found), either(onset.unknown, onset.first <= EARLIEST))
    for whole in reversed(source.vocabulary.wholes(concept.name)):
        listed, none, every = source.held(whole, question)
        told = both(waits, listed)
        found = case(both(told, none), False, case(both(told, every, no(onset.unknown)), True, found))
    return case(onset.never, False, found)
