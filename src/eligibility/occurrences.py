"""Timelines of conditions and events go in; what is known of presence, windows and onsets comes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from eligibility import rules
from eligibility.facts import Episode, Facts, Timeline
from eligibility.instants import EARLIEST, LATEST, Duration, Instant, Span, shift
from eligibility.logic import Truth, all_of, any_of, known
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
        override = facts.overrides.get(trial)
        if override is not None and anchor.concept.name in override[1]:
            return override[1][anchor.concept.name] or "unknown"
        return facts.milestones.get(anchor.concept.name, "unknown")
    onset = newest_onset(facts, anchor.concept, now)
    if isinstance(onset, Span) and onset.is_undated:
        return "unknown"
    return onset


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
            if where.possible.first >= now and past is U:
                past = F  # a window of what is to come asks for a plan, not for the very instant of judgement
        else:
            past = _present(facts, concept, possible.first, possible.last)
            if past is T and not (sure.first <= sure.last and _present(facts, concept, sure.first, sure.last) is T):
                past = U
    if where.possible.last <= now:
        return past
    return any_of((past, _planned(facts, concept, where, now)))


def _planned(facts: Facts, concept: Concept, where: Reach, now: Instant) -> Truth:
    """Will it be there in the part of a window that lies after `now`?"""
    timeline = _timeline(facts, concept.name)
    for plan in timeline.plans:
        if where.sure.first <= plan.first and plan.last <= where.sure.last:
            return T
    own = timeline.own_plans
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
    low, high = newest.onset.first, newest.onset.last
    for episode in ordered[1:]:
        first_end = LATEST if episode.end is None and episode.presumed is None else _sure_end(facts, episode)
        if first_end >= high:  # it surely reaches the beginning of the newer one: they are one episode
            high = episode.onset.last
    reaching = sorted((_last_instant(episode), episode.onset.first) for episode in ordered)
    for last, first in reversed(reaching):
        if last >= low:  # it may reach it; what reaches farthest comes first, so that a short one inside of a long one counts
            low = min(low, first)
    if not own.complete and _present(facts, concept, now, now) is not T:
        return Span(low, now)
    return Span(low, high)


def _last_instant(episode: Episode) -> Instant:
    """The latest instant at which an episode may be there, or may have begun."""
    return max(episode.onset.last, LATEST if episode.end is None else episode.end.last)


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
    onset = newest_onset(facts, concept, now)
    if onset == "never":
        return F
    if not isinstance(onset, Span):
        return U
    return all_of(
        compare_onset(onset, _SINCE[operator], shift(now, duration, facts.zone, -1)) for operator, duration in bounds
    )


def lasting(facts: Facts, concept: Concept, duration: Duration, now: Instant) -> Truth:
    """Is it present, in an episode that began `duration` or longer ago?"""
    here = present_now(facts, concept, now)
    return all_of((here, F)) if here is F else all_of((here, elapsed(facts, concept, ((">=", duration),), now)))


def onset_in(facts: Facts, concept: Concept, where: Reach, now: Instant) -> Truth:
    """Did the newest episode begin in a window?"""
    onset = newest_onset(facts, concept, now)
    if onset == "never":
        return F
    if not isinstance(onset, Span):
        return F if _ruled_out(facts, concept, where, now) else U
    if where.sure.first <= onset.first and onset.last <= where.sure.last:
        return T
    if onset.last < where.possible.first or onset.first > where.possible.last:
        return F
    return F if onset.is_undated and _ruled_out(facts, concept, where, now) else U


def _ruled_out(facts: Facts, concept: Concept, where: Reach, now: Instant) -> bool:
    """Was it, or what includes it, surely not there in the whole window?"""
    last = min(where.possible.last, now)
    if where.possible.last > now or where.possible.first > last or concept.kind == "event":
        return False
    return _present(facts, concept, where.possible.first, last) is F
