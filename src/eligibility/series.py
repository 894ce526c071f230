"""Observations and formulas go in; the number that a rule asks for comes out: latest, highest, derived, risen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from eligibility import intervals, rules
from eligibility.ages import age_in
from eligibility.facts import ClassObservation, Facts, Observation
from eligibility.formulas import Formula, check_formula
from eligibility.instants import EARLIEST, Duration, Instant, Span, shift
from eligibility.intervals import ANYTHING, Interval, point
from eligibility.logic import Truth
from eligibility.occurrences import Lacking, Reach, reach
from eligibility.vocabulary import Concept


@dataclass(frozen=True, slots=True)
class Chosen:
    """The number that a selection gives. `used` are the observations behind it, `sure` says that there is one for sure,
    `stale` is the newest one that is too old to count."""

    value: Interval
    used: tuple[Observation, ...] = ()
    sure: bool = True
    stale: Observation | None = None
    lacking: Lacking | None = None


def current_window(facts: Facts, concept: Concept, values: Duration | None, at: Span) -> Reach:
    """How far back a value may lie and still be current at an instant; no limit where the concept has none."""
    limit = concept.current_for
    if limit is not None and values is not None:
        limit = values
    if limit is None:
        return Reach(Span(EARLIEST, at.first), Span(EARLIEST, at.last))
    first = shift(at.last, limit, facts.zone, -1), shift(at.first, limit, facts.zone, -1)
    return Reach(Span(first[0], at.first), Span(first[1], at.last))


def where_to_look(
    facts: Facts, concept: Concept, selection: rules.Selection, window: rules.Window | None, values: Duration | None,
    trial: str, now: Instant,
) -> Reach | Lacking:  # fmt: skip
    """The window of a measurement: the rule's own, else what is current (for the latest), else all there is."""
    if window is not None:
        found = reach(facts, window, trial, now)
        if not isinstance(found, Reach) or window.duration is not None:
            return found
        # only a duration reaches past now: `after E` asks for what was measured since
        sure, possible = found.sure, found.possible
        return Reach(Span(sure.first, min(sure.last, now)), Span(possible.first, min(possible.last, now)))
    if selection == "latest":
        return current_window(facts, concept, values, Span(now, now))
    return Reach(Span(EARLIEST, now), Span(EARLIEST, now))


def still_to_come(where: Reach, now: Instant) -> Span | None:
    """The part of a window that lies after now, in which there may be an observation that nobody knows yet."""
    return Span(now + 1, where.possible.last) if where.possible.last > now else None


def inside(when: Span, where: Span) -> bool:
    """Is every instant of a date in a window?"""
    return where.first <= when.first and when.last <= where.last


def touches(when: Span, where: Span) -> bool:
    """Is some instant of a date in a window?"""
    return when.first <= where.last and when.last >= where.first


def candidates(whens: Sequence[Span], selection: rules.Selection, where: Reach) -> tuple[list[int], bool]:
    """Which observations may be the chosen one, by their times alone, and whether there is one for sure."""
    possible = [index for index, when in enumerate(whens) if touches(when, where.possible)]
    sure = [index for index in possible if inside(whens[index], where.sure)]
    if selection == "latest" and sure:
        newest = max(whens[index].first for index in sure)
        possible = [index for index in possible if whens[index].last >= newest]
    elif selection == "first" and sure:
        oldest = min(whens[index].last for index in sure)
        possible = [index for index in possible if whens[index].first <= oldest]
    return possible, bool(sure)


def choose(series: Sequence[Observation], selection: rules.Selection, where: Reach, possible_range: Interval) -> Chosen:
    """The number that a selection picks from a series, as an interval; the possible range where there may be none."""
    whens = [observation.when for observation in series]
    picked, sure = candidates(whens, selection, where)
    stale = None
    if not picked:
        older = [observation for observation in series if observation.when.last < where.possible.first]
        stale = max(older, key=lambda observation: observation.when.last, default=None)
        return Chosen(possible_range, (), False, stale)
    used = tuple(series[index] for index in picked)
    if not sure:
        return Chosen(possible_range, used, False)
    if selection in ("latest", "first"):
        return Chosen(intervals.hull(observation.value for observation in used), used)
    certain = [series[index].value for index in picked if inside(whens[index], where.sure)]
    everything = [observation.value for observation in used]
    if selection == "highest":
        bottom = intervals.largest(certain)
        top = intervals.largest(everything)
        used = tuple(observation for observation in used if observation.value.high >= bottom.low)
        return Chosen(Interval(bottom.low, top.high, bottom.low_open, top.high_open), used)
    bottom = intervals.smallest(everything)
    top = intervals.smallest(certain)
    used = tuple(observation for observation in used if observation.value.low <= top.high)
    return Chosen(Interval(bottom.low, top.high, bottom.low_open, top.high_open), used)


def series_of(facts: Facts, concept: Concept, values: Duration | None) -> tuple[Observation, ...]:
    """All that was measured of a quantity, with what can be computed of it; computed once for each facts."""
    key = ("series", concept.name, values)
    found = facts.computed.get(key)
    if found is None:
        brought = facts.observations.get(concept.name, ())
        found = brought if concept.formula is None else _derived(facts, concept, brought, values)
        facts.computed[key] = found
    return found  # type: ignore[return-value]  # stored two lines above


def _derived(
    facts: Facts, concept: Concept, brought: tuple[Observation, ...], values: Duration | None
) -> tuple[Observation, ...]:
    """One value at each observation of the input that it is sampled with; a brought value wins at its instant."""
    formula = check_formula(facts.vocabulary, concept)
    samples: dict[Span, bool] = {}
    for source in formula.sampled_with:
        for observation in series_of(facts, source, values):
            samples[observation.when] = samples.get(observation.when, False) or observation.dated
    computed: list[Observation] = []
    for when, dated in samples.items():
        value, text = sample(facts, formula, when, values)
        value = value.meets(concept.possible)
        twin = next((observation for observation in brought if observation.when == when), None)
        if twin is None:
            computed.append(Observation(value, when, text, dated=dated, computed=True))
        elif twin.value.is_point and _differs(value, twin.value.low):
            warning = (
                f"{concept.name}: the value given differs by more than 5 % from the one computed; the given one is used"
            )
            noted = facts.computed.setdefault("warnings", {})
            noted[warning] = None  # type: ignore[index]  # a dict, set one line above
    return (*brought, *computed)


def _differs(computed: Interval, brought: float) -> bool:
    margin = 0.05 * abs(brought)
    return computed.low > brought + margin or computed.high < brought - margin


def sample(
    facts: Facts, formula: Formula, when: Span, values: Duration | None, pinned: Mapping[str, Interval] | None = None
) -> tuple[Interval, str]:
    """The formula at one instant, from the newest value of each input at or before it that is still current then.
    `pinned` supposes another value for some inputs."""
    parts: dict[str, str] = {}
    supposed = pinned or {}

    def leaf(expression: rules.Age | rules.Measured | rules.Changed | rules.InClass) -> Interval | Truth:
        match expression:
            case rules.Age(unit=unit):
                parts["age"] = facts.ages.text if facts.ages else "not known"
                return _age_at(facts, unit, when)
            case rules.Measured(concept=source):
                if source.name in supposed:
                    return supposed[source.name]
                value, text = input_at(facts, source, when, values, source in formula.sampled_with)
                parts[source.name] = text
                return value
            case rules.InClass(concept=source, ranks=ranks):
                seen = facts.classes.get(source.name, ())
                lasting = source.current_for is None and not any(observation.dated for observation in seen)
                # sex, which has no time, was the same before
                where = current_window(facts, source, None, Span(facts.at, facts.at) if lasting else when)
                return class_truth(class_ranks(seen, source, "latest", where)[0], ranks)
            case rules.Changed():
                raise AssertionError("a formula of the vocabulary has no changes")
            case _:
                assert_never(expression)

    value = evaluate(formula.expression, leaf)
    return value, ", ".join(f"{name} {text}" for name, text in parts.items())


def _age_at(facts: Facts, unit: str, when: Span) -> Interval:
    """The age at an earlier instant; a given age was reached at most one unit of it later than known."""
    now = age_in(unit, facts.ages, facts.at, facts.zone)
    if facts.ages is None or when.first >= facts.at:
        return now
    if facts.ages.birth is not None:
        return intervals.hull(
            (age_in(unit, facts.ages, when.first, facts.zone), age_in(unit, facts.ages, when.last, facts.zone))
        )
    days = (facts.at - when.first) / 86_400e6
    step = days / (365.2425 if unit == "years" else 30.436875)
    return Interval(max(0.0, now.low - int(step) - 1), now.high)


def input_at(facts: Facts, source: Concept, when: Span, values: Duration | None, sampled: bool) -> tuple[Interval, str]:
    series = series_of(facts, source, values)
    if sampled:
        at_once = [observation for observation in series if observation.when == when]
        if at_once:
            return intervals.hull(observation.value for observation in at_once), " or ".join(o.text for o in at_once)
    if not series and source.assumed is not None:
        return point(source.assumed), f"assumed {source.assumed:g} {source.unit}"
    chosen = choose(series, "latest", current_window(facts, source, values, when), source.possible)
    if not chosen.sure:
        return chosen.value, "not known"
    return chosen.value, " or ".join(observation.text for observation in chosen.used)


def evaluate(number: rules.Expression, leaf: object) -> Interval:
    """The value of an expression, where `leaf` gives what its measurements are known to be."""
    match number:
        case rules.Age() | rules.Measured() | rules.Changed():
            return leaf(number)  # type: ignore[no-any-return, operator]  # a callable of the two callers in this file and the evaluator
        case rules.Constant(value=value):
            return point(value)
        case rules.Scaled(operand=operand, factor=factor, offset=offset):
            return intervals.add(intervals.multiply(evaluate(operand, leaf), point(factor)), point(offset))
        case rules.Applied(function=function, operand=operand):
            inner = evaluate(operand, leaf)
            return intervals.logarithm(inner) if function == "ln" else intervals.exponential(inner)
        case rules.Combined(operator=operator, left=left, right=right):
            a, b = evaluate(left, leaf), evaluate(right, leaf)
            match operator:
                case "+":
                    return intervals.add(a, b)
                case "-":
                    return intervals.subtract(a, b)
                case "*":
                    return intervals.multiply(a, b)
                case "/":
                    return intervals.divide(a, b)
                case "^":
                    return intervals.power(a, b)
                case "min":
                    return intervals.smallest((a, b))
                case "max":
                    return intervals.largest((a, b))
                case _:
                    assert_never(operator)
        case rules.Chosen(condition=condition, then=then, otherwise=otherwise):
            assert isinstance(condition, rules.InClass)
            truth = leaf(condition)  # type: ignore[operator]  # as above
            if truth is Truth.TRUE:
                return evaluate(then, leaf)
            if truth is Truth.FALSE:
                return evaluate(otherwise, leaf)
            return intervals.hull((evaluate(then, leaf), evaluate(otherwise, leaf)))
        case _:
            assert_never(number)


def class_ranks(
    observations: Sequence[ClassObservation], concept: Concept, selection: rules.Selection, where: Reach
) -> tuple[frozenset[int], tuple[ClassObservation, ...], bool]:
    """The ranks that a class may have, the observations behind them, and whether there is one for sure."""
    everything = frozenset(range(len(concept.values)))
    whens = [observation.when for observation in observations]
    picked, sure = candidates(whens, selection, where)
    used = tuple(observations[index] for index in picked)
    if not sure:
        return everything, used, False
    ranks = [observation.rank for observation in used]
    certain = [observations[index].rank for index in picked if inside(whens[index], where.sure)]
    if selection == "highest":
        return frozenset(range(max(certain), max(ranks) + 1)), used, True
    if selection == "lowest":
        return frozenset(range(min(ranks), min(certain) + 1)), used, True
    if not concept.ordered:
        return frozenset(ranks), used, True
    return frozenset(range(min(ranks), max(ranks) + 1)), used, True


def class_truth(possible: frozenset[int], ranks: frozenset[int]) -> Truth:
    """Is a class, known to have one of some ranks, one of those that are asked for?"""
    return Truth.TRUE if possible <= ranks else Truth.UNKNOWN if possible & ranks else Truth.FALSE


def class_ranks_ahead(
    observations: Sequence[ClassObservation], concept: Concept, selection: rules.Selection, where: Reach
) -> frozenset[int]:
    """The ranks for a window that reaches past now: a class still to be seen may be the latest, the highest, the lowest."""
    possible, _, sure = class_ranks(observations, concept, selection, where)
    top = len(concept.values)
    if not sure or selection == "latest":
        return frozenset(range(top))
    return frozenset(range(min(possible), top)) if selection == "highest" else frozenset(range(max(possible) + 1))


def change(series: Sequence[Observation], rise: bool, over: Duration, where: Reach, facts: Facts) -> Chosen:
    """The greatest difference between two observations at most `over` apart; ANYTHING with no such pair for sure."""
    sure: list[Interval] = []
    possible: list[Interval] = []
    used: dict[int, Observation] = {}
    ordered = sorted((o for o in series if touches(o.when, where.possible)), key=lambda o: (o.when.first, o.when.last))
    for index, earlier in enumerate(ordered):
        for later in ordered[index + 1 :]:
            first, second = earlier, later
            near = first.when.last >= shift(second.when.first, over, facts.zone, -1)
            if not near and first.when.last < second.when.first:
                if not over.months:
                    break
                continue
            difference = (
                intervals.subtract(second.value, first.value) if rise else intervals.subtract(first.value, second.value)
            )
            if first.when.last < second.when.first:
                possible.append(difference)
                within = first.when.first >= shift(second.when.last, over, facts.zone, -1)
                if within and inside(first.when, where.sure) and inside(second.when, where.sure):
                    sure.append(difference)
            elif first.when.first < second.when.last or second.when.first < first.when.last:
                possible += [difference, intervals.negate(difference)]
            used[id(first)], used[id(second)] = first, second
    if not sure:
        return Chosen(ANYTHING, tuple(ordered), False)
    bottom, top = intervals.largest(sure), intervals.largest([*sure, *possible])
    return Chosen(Interval(bottom.low, top.high, bottom.low_open, top.high_open), tuple(used.values()))


def against_limit(observation: Observation, upper: bool) -> Interval:
    """A measurement in multiples of its own limit of normal; any multiple where it came without one."""
    limit = observation.upper if upper else observation.lower
    if not limit:
        return Interval(0.0, intervals.INFINITY, False, True)
    return intervals.divide(observation.value, point(limit))
