"""A condition or event and a source of facts go in; whether it is there now, ever was, or falls into a window comes out.

The same meaning as `occurrences`."""

from __future__ import annotations

from eligibility import rules
from eligibility.cohort.calendar import least_of
from eligibility.cohort.folding import (
    Flag,
    Statement,
    after,
    any_holds,
    both,
    case,
    either,
    is_false,
    is_open,
    is_true,
    known_from,
    no,
)
from eligibility.cohort.sources import Line, Reach, Source, chain
from eligibility.vocabulary import Concept


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
    return known_from(own.known, never(source, concept))


def never(source: Source, concept: Concept) -> Flag:
    """Is it known that it never was?"""
    return either(*(both(counts, no(line.known)) for _, line, counts in _chain(source, concept)))


def _reaches_ahead(window: rules.Window) -> bool:
    if window.anchor is None:
        return window.ahead
    return window.anchor.after or window.anchor.concept.kind == "milestone"


def in_window(source: Source, concept: Concept, window: rules.Window, trial: str) -> Statement:
    """Was, is or will it be there in a window; did or will it happen in it?"""
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
