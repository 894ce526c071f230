"""A condition or event and a source of facts go in; when it began, and what follows for the time since then, comes out.

The same meaning as `occurrences`."""

from __future__ import annotations

from dataclasses import dataclass

from eligibility import rules
from eligibility.cohort.calendar import Keep, Length, Moment, moved, pick_moment
from eligibility.cohort.folding import (
    Statement,
    all_hold,
    both,
    case,
    either,
    is_false,
    is_open,
    is_true,
    known_from,
    no,
)
from eligibility.cohort.presence import never, present_now
from eligibility.cohort.reading import Clock
from eligibility.cohort.sources import Onset, Reach, Source, chain
from eligibility.instants import EARLIEST, Duration
from eligibility.vocabulary import Concept


def newest_onset(source: Source, concept: Concept) -> Onset:
    """When the newest episode began (an event: when it last happened)."""
    own = source.line(concept.name)
    now = source.clock.now
    first, last = source.episodes(concept)
    complete = either(own.complete, own.assumed)
    sharp = complete if concept.kind == "event" else either(complete, is_true(present_now(source, concept)))
    never_was = both(no(own.known), never(source, concept))
    return Onset(first, pick_moment(sharp, last, now), never_was, both(no(own.known), no(never_was)))


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


def elapsed(source: Source, concept: Concept, bounds: tuple[tuple[rules.Operator, Duration], ...]) -> Statement:
    """Is the time since its onset within bounds?"""
    return _of_onset(source, concept, Bounded(bounds))


def lasting(source: Source, concept: Concept, duration: Duration) -> Statement:
    """Is it present, in an episode that began `duration` or longer ago? What includes it then is so, too."""
    found = []
    for name in chain(source.vocabulary, concept):
        which = source.vocabulary[name]
        if which.kind == "condition":
            found.append(all_hold(present_now(source, which), elapsed(source, which, ((">=", duration),))))
    fails = either(*(is_false(statement) for statement in found))
    return case(fails, False, found[0])


def onset_in(source: Source, concept: Concept, window: rules.Window, trial: str) -> Statement:
    """Did it begin in a window?"""
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
