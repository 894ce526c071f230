"""A window of a rule and a source of facts go in; the instants that it covers for each patient come out."""

from __future__ import annotations

from dataclasses import replace

from eligibility import rules
from eligibility.cohort.calendar import Length, Moment, least_of, most_of, moved
from eligibility.cohort.folding import Flag, both, either, no
from eligibility.cohort.onsets import anchor_onset
from eligibility.cohort.sources import Reach, Source, Wanted, current_limit
from eligibility.instants import EARLIEST, LATEST


def reach_of(source: Source, window: rules.Window, trial: str) -> Reach:
    """The instants that a window covers, its relation included; no end is cut at `at`. Follows `occurrences.reach`."""
    clock = source.clock
    first: tuple[Moment, Moment] = (EARLIEST, EARLIEST)
    last: tuple[Moment, Moment] = (LATEST, LATEST)
    never: Flag = False
    unknown: Flag = False
    if window.duration is not None:
        length = Length.of(window.duration)
        if window.anchor is not None:
            onset = anchor_onset(source, window.anchor, trial)
            never, unknown = onset.never, onset.unknown
            sign = 1 if window.anchor.after else -1
            near = (onset.first, onset.last)
            far = (
                moved(near[0], length, clock.offset, sign, source.keep),
                moved(near[1], length, clock.offset, sign, source.keep),
            )
            first, last = (near, far) if window.anchor.after else (far, near)
        elif window.ahead:
            end = moved(clock.now, length, clock.offset, 1, source.keep)
            first, last = (clock.now, clock.now), (end, end)
        else:
            start = moved(clock.now, length, clock.offset, -1, source.keep)
            first, last = (start, start), (clock.now, clock.now)
    if window.relation is not None:
        onset = anchor_onset(source, window.relation, trial)
        settled = no(either(never, unknown))
        never, unknown = either(never, both(settled, onset.never)), either(unknown, both(settled, onset.unknown))
        if window.relation.after:
            first = (most_of(first[0], onset.first), most_of(first[1], onset.last))
        else:
            last = (least_of(last[0], onset.first - 1), least_of(last[1], onset.last - 1))
    return Reach(first[1], last[0], first[0], last[1], never, unknown)


def where_to_look(source: Source, wanted: Wanted) -> Reach:
    """The window of a measurement: the rule's own, else what is current (for the latest), else all there is."""
    now = source.clock.now
    if wanted.window is not None:
        found = source.reach(wanted.window, wanted.trial)
        if wanted.window.duration is not None:
            return found
        return replace(found, sure_2=least_of(found.sure_2, now), may_2=least_of(found.may_2, now))
    start: Moment = EARLIEST
    if wanted.selection == "latest":
        limit = current_limit(wanted.concept, wanted.values)
        if limit is not None:
            start = moved(now, Length.of(limit), source.clock.offset, -1, source.keep)
    return Reach(start, now, start, now)


def hangs_on_milestone(window: rules.Window | None) -> bool:
    """Is it measured from a milestone, which each trial has its own of?"""
    if window is None:
        return False
    return any(anchor.concept.kind == "milestone" for anchor in window.anchors)
