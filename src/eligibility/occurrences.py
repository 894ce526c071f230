"""Timelines of conditions and events go in; what is known of presence, windows and onsets comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from eligibility import rules
from eligibility.facts import Facts
from eligibility.instants import EARLIEST, LATEST, Duration, Instant, Span, shift
from eligibility.logic import Truth, all_of, any_of, known
from eligibility.timelines import Episode, Timeline
from eligibility.vocabulary import Concept

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
_NOTHING = Timeline()


@dataclass(frozen=True, slots=True)
class Reach:
    """The instants of a window: those surely in it, and those that may be. An empty `sure` has first > last."""

    sure: Span
    possible: Span


Lacking = Literal["never", "unknown"]


def _timeline(facts: Facts, name: str) -> Timeline:
    return facts.timelines.get(name, _NOTHING)


def _chain(facts: Facts, concept: Concept) -> Iterator[Timeline]:
    """The concept and all that include it: where one of them is absent, so is the concept."""
    yield _timeline(facts, concept.name)
    for whole in facts.vocabulary.wholes(concept.name):
        timeline = _timeline(facts, whole)
        if (
            timeline.complete != "assumed" or concept.on_problem_list
        ):  # silence reaches only what a problem list would name
            yield timeline


# --- windows ---------------------------------------------------------------------------------------------------------


def anchor_onset(facts: Facts, anchor: rules.Anchor, trial: str, now: Instant) -> Span | Lacking:
    """What is known of the instant of an anchor; "never" if there was none, "unknown" if it is not dated at all."""
    if anchor.concept.kind == "milestone":
        if anchor.concept.name == "screening":
            return Span(now, now)
        override = facts.overrides.get(trial.casefold())
        if override is not None and anchor.concept.name in override[1]:
            return override[1][anchor.concept.name] or "unknown"
        return facts.milestones.get(anchor.concept.name, "unknown")
    onset = newest_onset(facts, anchor.concept, now)
    if isinstance(onset, Span) and onset.is_undated:
        return "unknown"
    return onset


def open_anchors(facts: Facts, window: rules.Window | None, trial: str, now: Instant) -> list[Concept]:
    """The anchors of a window whose instant is not known at all."""
    anchors = window.anchors if window else ()
    return [anchor.concept for anchor in anchors if anchor_onset(facts, anchor, trial, now) == "unknown"]


def reach(facts: Facts, window: rules.Window, trial: str, now: Instant) -> Reach | Lacking:
    """The instants that a window covers at `now`, its relation included; no end is cut at `now`."""
    first, last = Span(EARLIEST, EARLIEST), Span(LATEST, LATEST)
    zone = facts.zone
    if window.duration is not None:
        if window.anchor is not None:
            onset = anchor_onset(facts, window.anchor, trial, now)
            if not isinstance(onset, Span):
                return onset
            sign = 1 if window.anchor.after else -1
            far = Span(shift(onset.first, window.duration, zone, sign), shift(onset.last, window.duration, zone, sign))
            first, last = (onset, far) if window.anchor.after else (far, onset)
        elif window.ahead:
            end = shift(now, window.duration, zone, 1)
            first, last = Span(now, now), Span(end, end)
        else:
            start = shift(now, window.duration, zone, -1)
            first, last = Span(start, start), Span(now, now)
    if window.relation is not None:
        onset = anchor_onset(facts, window.relation, trial, now)
        if not isinstance(onset, Span):
            return onset
        if window.relation.after:
            first = Span(max(first.first, onset.first), max(first.last, onset.last))
        else:  # before: up to the last microsecond ahead of the onset
            last = Span(min(last.first, onset.first - 1), min(last.last, onset.last - 1))
    return Reach(Span(first.last, last.first), Span(first.first, last.last))


# --- presence --------------------------------------------------------------------------------------------------------


def _overlap(facts: Facts, episode: Episode, first: Instant, last: Instant) -> Truth:
    """Was an episode there at some instant from `first` to `last`? `since` and `end` may each be an interval."""
    if episode.since.first > last:
        return F
    if episode.end is not None and episode.end.last <= first:
        return F
    begun = episode.since.last <= last
    if begun and episode.since.first >= first:  # its very beginning lies there
        return T
    if episode.end is not None:
        return known(True if begun and episode.end.first > first else None)
    if episode.presumed is not None:
        return known(True if begun and episode.since.first >= shift(first, episode.presumed, facts.zone, -1) else None)
    return known(True if begun else None)


def _present(facts: Facts, concept: Concept, first: Instant, last: Instant) -> Truth:
    """Was a condition present at some instant from `first` to `last`, none of them later than now?"""
    own = _timeline(facts, concept.name)
    if any(_overlap(facts, episode, first, last) is T for episode in own.episodes):
        return T
    for timeline in _chain(facts, concept):
        if timeline.absent_now and first >= facts.at:
            return F
        if timeline.complete and all(_overlap(facts, episode, first, last) is F for episode in timeline.episodes):
            return F
    return U


def _happened(facts: Facts, concept: Concept, sure: Span, possible: Span) -> Truth:
    """Did an event happen at one of the instants?"""
    own = _timeline(facts, concept.name)
    for episode in own.episodes:
        if sure.first <= episode.onset.first and episode.onset.last <= sure.last:
            return T
    for timeline in _chain(facts, concept):
        if timeline.complete and all(
            episode.onset.last < possible.first or episode.onset.first > possible.last for episode in timeline.episodes
        ):
            return F
    return U


def present_now(facts: Facts, concept: Concept, now: Instant) -> Truth:
    """Is a condition present now? For an event: has it ever happened?"""
    if concept.kind == "event":
        return ever(facts, concept, now)
    return _present(facts, concept, now, now)


def ever(facts: Facts, concept: Concept, now: Instant) -> Truth:
    """Is or was it present; has it happened?"""
    own = _timeline(facts, concept.name)
    if own.episodes:
        return T
    if any(timeline.complete and not timeline.episodes for timeline in _chain(facts, concept)):
        return F
    return U


def in_window(facts: Facts, concept: Concept, where: Reach, now: Instant) -> Truth:
    """Was it there at some instant of a window (an event: did it happen in it)? Past `now`, only plans decide."""
    if any(timeline.complete == "cannot apply" for timeline in _chain(facts, concept)):
        return F
    sure = Span(where.sure.first, min(where.sure.last, now))
    possible = Span(where.possible.first, min(where.possible.last, now))
    past = F
    if possible.first <= possible.last:
        if concept.kind == "event":
            past = _happened(facts, concept, sure, possible)
        else:
            past = _present(facts, concept, possible.first, possible.last)
            # the latest beginning and the earliest end of the window, in either order: who was there for both, met all of it
            if past is T and not (sure.first <= now and _present(facts, concept, sure.first, sure.last) is T):
                past = U
        if where.possible.first >= now and where.possible.last > now and past is U:
            past = F  # a window of what is to come asks for a plan, not for the very instant of judgement
    if where.possible.last <= now:
        return past
    return any_of((past, _planned(facts, concept, where, now)))


def _planned(facts: Facts, concept: Concept, where: Reach, now: Instant) -> Truth:
    """Will it be there in the part of a window that lies after `now`?"""
    timeline = _timeline(facts, concept.name)
    for plan in timeline.plans:
        if where.sure.first <= plan.first and plan.last <= where.sure.last:
            return T
    own = timeline.own_plans if not facts.vocabulary.parts(concept.name) else ()  # a part may have a plan of its own
    outside = own and all(plan.last < where.possible.first or plan.first > where.possible.last for plan in own)
    later = all(
        plan.first > where.possible.last for plan in own
    )  # a condition planned earlier may last into the window
    return F if outside and (concept.kind == "event" or later) else U


# --- onsets ----------------------------------------------------------------------------------------------------------


def newest_onset(facts: Facts, concept: Concept, now: Instant) -> Span | Lacking:
    """When the newest episode began (an event: when it last happened); undated onsets reach back to EARLIEST."""
    own = _timeline(facts, concept.name)
    if not own.episodes:
        if any(timeline.complete and not timeline.episodes for timeline in _chain(facts, concept)):
            return "never"
        return "unknown"
    ordered = sorted(own.episodes, key=lambda episode: (episode.onset.last, episode.onset.first), reverse=True)
    newest = ordered[0]
    if concept.kind == "event":
        first = max(episode.onset.first for episode in ordered)
        return Span(first, newest.onset.last) if own.complete else Span(first, now)
    low, high, sure_low = newest.onset.first, newest.onset.last, newest.onset.first
    for episode in ordered[1:]:
        last_end = LATEST if episode.end is None else episode.end.last
        first_end = LATEST if episode.end is None and episode.presumed is None else _sure_end(facts, episode)
        if first_end >= high:  # it surely reaches the beginning of the newer one: they are one episode
            low, high = min(low, episode.onset.first), min(high, episode.onset.last)
            sure_low = low
        elif last_end >= low or episode.onset.last >= low:
            low = min(low, episode.onset.first)
    if not own.complete and _present(facts, concept, now, now) is not T:
        return Span(min(low, sure_low), now)
    return Span(low, high)


def _sure_end(facts: Facts, episode: Episode) -> Instant:
    """The earliest instant at which an episode may be over."""
    if episode.end is not None:
        return episode.end.first
    assert episode.presumed is not None
    return shift(episode.since.first, episode.presumed, facts.zone, 1)


def compare_onset(onset: Span, operator: str, instant: Instant) -> Truth:
    """Does `onset operator instant` hold for every instant that the onset may be?"""
    tests = {
        "<": (onset.last < instant, onset.first >= instant),
        "<=": (onset.last <= instant, onset.first > instant),
        ">": (onset.first > instant, onset.last <= instant),
        ">=": (onset.first >= instant, onset.last < instant),
    }
    holds, fails = tests[operator]
    return T if holds else F if fails else U


_SINCE: dict[str, str] = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def elapsed(facts: Facts, concept: Concept, bounds: tuple[tuple[rules.Operator, Duration], ...], now: Instant) -> Truth:
    """Is the time since the onset within bounds? `time since onset > D` is `onset < now - D`. Not met if it never was."""
    edges = [(_SINCE[operator], shift(now, duration, facts.zone, -1)) for operator, duration in bounds]
    return _of_onset(
        facts, concept, now, lambda onset: all_of(compare_onset(onset, operator, edge) for operator, edge in edges)
    )


def lasting(facts: Facts, concept: Concept, duration: Duration, now: Instant) -> Truth:
    """Is it present, in an episode that began `duration` or longer ago? What includes it then is so, too."""
    held = (concept, *map(facts.vocabulary.__getitem__, facts.vocabulary.wholes(concept.name)))
    found = [
        all_of((present_now(facts, which, now), elapsed(facts, which, ((">=", duration),), now)))
        for which in held
        if which.kind == "condition"
    ]
    return F if F in found else found[0]


def onset_in(facts: Facts, concept: Concept, where: Reach, now: Instant) -> Truth:
    """Did the newest episode begin in a window?"""

    def inside(onset: Span) -> Truth:
        if where.sure.first <= onset.first and onset.last <= where.sure.last:
            return T
        return F if onset.last < where.possible.first or onset.first > where.possible.last else U

    return _of_onset(facts, concept, now, inside)


def _of_onset(facts: Facts, concept: Concept, now: Instant, holds: Callable[[Span], Truth]) -> Truth:
    """Does something hold of the onset? Where it is not dated, a complete record of what includes it may tell."""
    onset = newest_onset(facts, concept, now)
    if onset == "never":
        return F
    found = holds(onset) if isinstance(onset, Span) else U
    if found is not U or (isinstance(onset, Span) and not onset.is_undated):
        return found
    for spans in _held(facts, concept, now):
        truths = {holds(span) for span in spans}
        if truths == {F} or (truths == {T} and isinstance(onset, Span)):
            return truths.pop()
    return U


def _held(facts: Facts, concept: Concept, now: Instant) -> Iterator[tuple[Span, ...]]:
    """When it began, if it ever did: within the occurrences of a complete record of what includes it (an event: then)."""
    for whole in facts.vocabulary.wholes(concept.name):
        timeline = _timeline(facts, whole)
        if timeline.complete == "listed":
            is_event = facts.vocabulary[whole].kind == "event"
            yield tuple(
                episode.onset
                if is_event
                else Span(episode.onset.first, now if episode.end is None else min(episode.end.last - 1, now))
                for episode in timeline.episodes
            )
