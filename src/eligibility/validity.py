"""A verdict and its facts go in; the first later instant at which the same facts give another one comes out.

Between two instants nothing changes unless a window, an age, or the time that a value stays current passes the time of a
fact. So the verdict is tried at those instants alone, and the first change is then narrowed down to the microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar

from eligibility import rules
from eligibility.facts import Facts
from eligibility.formulas import check_formula
from eligibility.instants import DAY, EARLIEST, LATEST, Duration, Instant, Span, instant_of, local, shift
from eligibility.vocabulary import Concept

MOST_TRIED = 20_000


State = TypeVar("State")


def first_change(
    criteria: Sequence[rules.Criterion],
    facts: Facts,
    trial: str,
    values: Duration | None,
    state_at: Callable[[rules.Criterion, Instant], State],
    verdict_of: Callable[[Sequence[State]], str],
) -> Instant | None:
    """The first instant after that of the facts at which `verdict_of` says something else of the states of all criteria;
    None if it never does. A criterion is judged anew only at its own turning points: at all others it stays as it is."""
    now = facts.at
    turning: dict[Instant, set[int]] = {}
    for index, criterion in enumerate(criteria):
        for atom in rules.atoms(criterion.rule):
            for instant in _turning_points(atom, facts, trial, values):
                if now < instant <= LATEST:
                    turning.setdefault(instant, set()).add(index)
    states = [state_at(criterion, now) for criterion in criteria] if turning else []
    verdict = verdict_of(states)
    before = now
    for instant in sorted(turning)[:MOST_TRIED]:

        def states_at(
            middle: Instant, touched: set[int] = turning[instant], known: list[State] = states
        ) -> list[State]:
            return [
                state_at(criterion, middle) if index in touched else known[index]
                for index, criterion in enumerate(criteria)
            ]

        after = states_at(instant)
        if verdict_of(after) != verdict:
            return _narrow(before, instant, lambda middle: verdict_of(states_at(middle)) == verdict)
        before, states = instant, after
    return None


def _narrow(before: Instant, after: Instant, is_same: Callable[[Instant], bool]) -> Instant:
    if after - 1 == before or is_same(after - 1):  # a turning point is exact, but for the ends of calendar months
        return after
    after -= 1
    while after - before > 1:
        middle = (before + after) // 2
        if is_same(middle):
            before = middle
        else:
            after = middle
    return after


def _turning_points(atom: rules.Atom, facts: Facts, trial: str, values: Duration | None) -> Iterator[Instant]:
    """Every instant at which an atom may turn: the times of its facts, and those times plus its durations."""
    concepts = dict(_concepts(atom, facts))
    spans = {span for concept in concepts.values() for span in _times(concept, facts, trial)}
    lengths = list(_durations(atom))
    for concept in concepts.values():
        if concept.acute_for is not None:
            lengths.append(concept.acute_for)
        if concept.current_for is not None:
            lengths.append(values or concept.current_for)
    lengths = list({(length.months, length.exact): length for length in lengths}.values())
    ends = {end for span in spans for end in (span.first, span.last, span.last + 1) if EARLIEST < end < LATEST}
    for end in ends:
        yield from (end, end + 1)
        once = {instant for length in lengths for instant in _later(end, length, facts)}
        yield from once
        yield from (instant for start in once for length in lengths for instant in _later(start, length, facts))
    if any(concept.kind == "age" or concept.has_limited_applicability for concept in concepts.values()):
        yield from _birthdays(atom, concepts.values(), facts)


def _later(instant: Instant, length: Duration, facts: Facts) -> Iterator[Instant]:
    """An instant plus a duration; for calendar months also the days around, since the ends of months are clamped."""
    moved = shift(instant, length, facts.zone, 1)
    yield from (moved, moved + 1)
    if length.months:
        yield from (moved + days * DAY for days in range(-1, 4))


def _concepts(atom: rules.Atom, facts: Facts) -> Iterator[tuple[str, Concept]]:
    """The concepts whose facts an atom reads: inputs of formulas, wholes and parts, anchors of windows."""
    waiting = list(rules.concepts(atom))
    seen: set[str] = set()
    while waiting:
        concept = waiting.pop()
        if concept.name in seen:
            continue
        seen.add(concept.name)
        yield concept.name, concept
        if concept.formula is not None:
            waiting += check_formula(facts.vocabulary, concept).inputs
        if concept.is_occurrence:
            waiting += [
                facts.vocabulary[name]
                for name in (*facts.vocabulary.wholes(concept.name), *facts.vocabulary.parts(concept.name))
            ]


def _times(concept: Concept, facts: Facts, trial: str) -> Iterator[Span]:
    yield from (observation.when for observation in facts.observations.get(concept.name, ()))
    yield from (observation.when for observation in facts.classes.get(concept.name, ()))
    timeline = facts.timelines.get(concept.name)
    if timeline is not None:
        for episode in timeline.episodes:
            yield from (episode.onset, episode.since)
            if episode.end is not None:
                yield episode.end
        yield from timeline.plans
        if timeline.absent_now:
            yield Span(facts.at, facts.at)
    if concept.kind == "milestone":
        yield Span(facts.at, facts.at)
        given = facts.milestones.get(concept.name)
        override = facts.overrides.get(trial.casefold())
        if override is not None and override[1].get(concept.name) is not None:
            given = override[1][concept.name]
        if given is not None:
            yield given


def _durations(atom: rules.Atom) -> Iterator[Duration]:
    match atom:
        case rules.Comparison(number=number):
            yield from (leaf.over for leaf in rules.leaves(number) if isinstance(leaf, rules.Changed))
        case rules.Elapsed(bounds=bounds):
            yield from (duration for _, duration in bounds)
        case rules.Lasting(duration=duration):
            yield duration
        case _:
            pass
    yield from (window.duration for window in rules.windows(atom) if window.duration is not None)


def _birthdays(atom: rules.Atom, concepts: Iterable[Concept], facts: Facts) -> Iterator[Instant]:
    """Local midnights at which an age that the atom compares is reached, or passed."""
    if facts.ages is None or facts.ages.birth is None:
        return
    months = {concept.applies_from_months for concept in concepts if concept.applies_from_months}
    if isinstance(atom, rules.Comparison):
        for bound in atom.bounds:
            if bound.months is not None:
                months |= {bound.months, bound.months + (12 if bound.shown.endswith(("year", "years")) else 1)}
    for born in facts.ages.birth:
        for count in months:
            yield from _midnights(born, count, facts)


def _midnights(born: date, months: int, facts: Facts) -> Iterator[Instant]:
    midnight = instant_of(datetime(born.year, born.month, born.day, tzinfo=facts.zone), facts.zone)
    reached = local(shift(midnight, Duration("", months=months), facts.zone, 1), facts.zone)
    day = instant_of(reached.replace(hour=0, minute=0, second=0, microsecond=0), facts.zone)
    yield from (day + days * DAY for days in range(-1, 3))
