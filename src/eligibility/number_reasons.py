"""A comparison of a number or a class goes in, with what it is; a clause that a clinician accepts and the evidence come out."""

from __future__ import annotations

import re

from eligibility import intervals, occurrences, rules, series, wording
from eligibility.ages import age_in
from eligibility.evaluator import Situation, changed, limit_ratio, measured, value_of
from eligibility.facts import Observation
from eligibility.intervals import INFINITY, Interval
from eligibility.logic import Truth
from eligibility.results import OUTCOMES, Evidence
from eligibility.vocabulary import Concept

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
MOST_SHOWN = 3


def _given(observations: tuple[Observation, ...], situation: Situation) -> tuple[str | None, str | None]:
    """What was measured, as given, and when."""
    if not observations:
        return None, None
    shown = observations[:MOST_SHOWN]
    more = f" and {len(observations) - MOST_SHOWN} more" if len(observations) > MOST_SHOWN else ""
    value = " or ".join(dict.fromkeys(observation.text for observation in shown)) + more
    dated = [wording.date_of(situation.facts, observation.when) for observation in shown if observation.dated]
    return value, (" and ".join(dict.fromkeys(dated)) + more) if dated else None


def _margin(x: Interval, thresholds: list[float], unit: str) -> str | None:
    """The distance from what is known of a number to the nearest threshold, in the unit of the rule."""
    gaps = []
    for limit in thresholds:
        ends = [end for end in (x.low, x.high) if abs(end) != INFINITY]
        if ends:
            gaps.append(min(0.0 if intervals.same(end, limit) else abs(end - limit) for end in ends))
    return wording.with_unit(f"{min(gaps):.4g}", unit) if gaps else None


def comparison(atom: rules.Comparison, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
    """A number against its thresholds."""
    threshold = wording.threshold(atom.bounds)
    match atom.number:
        case rules.Age(concept=concept):
            return _age(atom, concept, truth, threshold, situation)
        case rules.Measured(concept=concept) as number:
            chosen, name, label = measured(number, situation), wording.measure_name(number), concept.name
        case rules.Changed(concept=concept) as number:
            chosen, name, label = changed(number, situation), wording.measure_name(number), concept.name
        case _:
            name = label = f"`{_left_side(atom.words)}`"
            chosen = series.Chosen(value_of(atom.number, situation))
    if chosen.lacking is not None:
        return _lacking(atom, atom.number, name, label, truth, threshold, situation)
    limits = [float(atom.shown.factor) * bound.low + float(atom.shown.offset) for bound in atom.bounds]
    x = wording.converted(chosen.value, atom.shown)
    beside = limits[0] if limits else None
    value, when = _given(chosen.used, situation)
    shown = wording.region(x, atom.unit, beside)
    margin = _margin(x, limits, atom.unit) if truth is not U else None
    nothing = not chosen.sure and not chosen.used  # what stands there then is only the possible range
    evidence = Evidence(
        label, atom.words, OUTCOMES[truth], value, when, None if nothing or shown == value else shown, threshold,
        None if nothing else margin,
    )  # fmt: skip
    if nothing and truth is U:
        return _missing(name, chosen, situation), evidence
    if not chosen.sure and isinstance(atom.number, rules.Changed):
        return f"{name} is not known: there are no two values {atom.number.over.text} or less apart", evidence
    if not chosen.sure and truth is U:
        return f"{name} has a value ({value}) whose time leaves open whether it counts", evidence
    source = _source(value, when, shown)
    if truth is U:
        return f"{name} is {shown}{source}, which may or may not be {threshold}", evidence
    if nothing:
        return f"{name} was not measured, yet whatever it is, it is {'' if truth is T else 'not '}{threshold}", evidence
    if truth is F:  # say which end is not kept
        kept = [intervals.compare(chosen.value, bound.operator, bound.low) for bound in atom.bounds]
        failed = tuple(bound for bound, truth in zip(atom.bounds, kept, strict=True) if truth is F)
        threshold = wording.threshold(failed or atom.bounds)
    by = "" if margin is None else ", exactly at the threshold" if margin.split(" ")[0] == "0" else f" by {margin}"
    return f"{name} is {shown}{source}, {'' if truth is T else 'not '}{threshold}{by}", evidence


def _source(value: str | None, when: str | None, shown: str) -> str:
    parts = [part for part in (None if value == shown else value, when) if part]
    return f" ({'; '.join(parts)})" if parts else ""


def _left_side(words: str) -> str:
    parts = re.split(r" (?:<=|>=|<|>|between) ", words)
    return parts[1] if len(parts) > 2 else parts[0]


def _missing(name: str, chosen: series.Chosen, situation: Situation) -> str:
    stale = chosen.stale
    if stale is None:
        return f"{name} is not known"
    return f"the newest {name} ({stale.text}; {wording.date_of(situation.facts, stale.when)}) is too old to count"


def _lacking(
    atom: rules.Atom,
    number: rules.Expression | rules.LimitComparison | rules.InClass,
    name: str,
    label: str,
    truth: Truth,
    threshold: str,
    situation: Situation,
) -> tuple[str, Evidence]:
    """A measurement before or after something that never happened, or is not dated."""
    window = getattr(number, "window", None)
    anchors = [part for part in (window.relation, window.anchor) if part] if window else []
    anchor = anchors[0].concept.name if anchors else "the event"
    evidence = Evidence(label, atom.words, OUTCOMES[truth], None, None, None, threshold)
    if truth is F:
        return f"there is no {name}, since {anchor} never was", evidence
    open_anchors = occurrences.open_anchors(situation.facts, window, situation.trial, situation.now)
    if open_anchors:
        return f"{name} is not known: the time of {open_anchors[0].name} is missing", evidence
    return f"{name} is not known: no value is known to be from {wording.window_words(window)}", evidence


def _age(
    atom: rules.Comparison, concept: Concept, truth: Truth, threshold: str, situation: Situation
) -> tuple[str, Evidence]:
    facts = situation.facts
    unit = "months" if all(bound.counts_months for bound in atom.bounds) else "years"
    age = age_in(unit, facts.ages, situation.now, facts.zone)
    if facts.ages is None:
        return "age is not known", Evidence(concept.name, atom.words, OUTCOMES[truth], threshold=threshold)
    margin = None if truth is U else _margin(age, [bound.low for bound in atom.bounds], unit)
    failed = tuple(bound for bound in atom.bounds if intervals.compare(age, bound.operator, bound.low) is F)
    if age.is_point and unit == "years" and age.low < 2:
        unit, age = "months", age_in("months", facts.ages, situation.now, facts.zone)
    shown = f"{age.low:g} {unit}" if age.is_point else f"{age.low:g} to {age.high:g} {unit}"
    evidence = Evidence(concept.name, atom.words, OUTCOMES[truth], facts.ages.text, None, shown, threshold, margin)
    if truth is F:  # say which end is not kept
        threshold = wording.threshold(failed or atom.bounds)
    if truth is U:
        return f"age is {shown}, which may or may not be {threshold}", evidence
    return f"age is {shown}, {'' if truth is T else 'not '}{threshold}", evidence


def limit(atom: rules.LimitComparison, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
    """A measurement against a multiple of its own limit of normal."""
    concept, threshold, name = atom.concept, wording.limit_threshold(atom), wording.measure_name(atom)
    chosen = limit_ratio(atom, situation)
    if chosen.lacking is not None:
        return _lacking(atom, atom, name, concept.name, truth, threshold, situation)
    value, when = _given(chosen.used, situation)
    word = "upper" if atom.upper else "lower"
    without = [o for o in chosen.used if (o.upper if atom.upper else o.lower) is None]
    ratio = wording.region(chosen.value, "x ULN" if atom.upper else "x LLN", atom.multiple)
    limits = [
        f"{word} limit {limit}" for o in chosen.used[:1] if (limit := o.upper_text if atom.upper else o.lower_text)
    ]  # fmt: skip
    margin = _margin(chosen.value, [atom.multiple], "x ULN" if atom.upper else "x LLN") if truth is not U else None
    evidence = Evidence(
        concept.name, atom.words, OUTCOMES[truth], value, when, None if without else ratio, threshold, margin
    )
    if truth is U and not chosen.used:
        return _missing(name, chosen, situation), evidence
    if truth is U and without:
        return f"{name} is {value}, and its {word} limit of normal is missing", evidence
    source = "; ".join(part for part in (value, *limits, when) if part)
    said = "which may or may not be " if truth is U else "" if truth is T else "not "
    return f"{name} is {ratio} ({source}), {said}{threshold}", evidence


def in_class(atom: rules.InClass, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
    """A class among those that are asked for."""
    facts, concept, name = situation.facts, atom.concept, wording.measure_name(atom)
    where = series.where_to_look(
        facts, concept, atom.selection, atom.window, situation.values, situation.trial, situation.now
    )
    asked = (
        f"one of {', '.join(concept.values[rank] for rank in sorted(atom.ranks))}"
        if len(atom.ranks) != 1
        else concept.values[min(atom.ranks)]
    )
    if not isinstance(where, occurrences.Reach):
        return _lacking(atom, atom, name, concept.name, truth, asked, situation)
    ranks, used, sure = series.class_ranks(facts.classes.get(concept.name, ()), concept, atom.selection, where)
    value = " or ".join(dict.fromkeys(observation.text for observation in used[:MOST_SHOWN])) or None
    when = next((wording.date_of(facts, observation.when) for observation in used if observation.dated), None)
    evidence = Evidence(concept.name, atom.words, OUTCOMES[truth], value, when, None, asked)
    if not sure:
        if truth is U:
            return (
                f"{name} is not known"
                if not used
                else f"{name} has a value ({value}) whose time leaves open whether it counts",
                evidence,
            )
        return f"whatever {name} is, it is {'' if truth is T else 'not '}{asked}", evidence
    shown = " or ".join(concept.values[rank] for rank in sorted(ranks))
    source = _source(None if value == shown else value, when, shown)
    said = "which may or may not be " if truth is U else "" if truth is T else "not "
    return f"{name} is {shown}{source}" + ("" if truth is T and shown == asked else f", {said}{asked}"), evidence
