"""A criterion and the facts go in; a sentence that a clinician accepts and the evidence behind it come out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import assert_never

from eligibility import intervals, occurrences, rules, series, wording
from eligibility.evaluator import Situation, changed, limit_ratio, measured, value_of
from eligibility.facts import Episode, Observation, Timeline, age_in
from eligibility.instants import EARLIEST
from eligibility.intervals import INFINITY, Interval
from eligibility.logic import NOT, Truth, all_of, any_of, count_between
from eligibility.results import Evidence, Outcome
from eligibility.vocabulary import Concept

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
OUTCOMES: dict[Truth, Outcome] = {T: "met", F: "not met", U: "unknown"}
Truths = Mapping[rules.Atom, Truth]
MOST_SHOWN = 3


def kleene(rule: rules.Rule, truths: Truths) -> Truth:
    """The value of a rule from those of its atoms."""
    match rule:
        case rules.Not(operand=operand):
            return NOT[kleene(operand, truths)]
        case rules.And(operands=operands):
            return all_of(kleene(operand, truths) for operand in operands)
        case rules.Or(operands=operands):
            return any_of(kleene(operand, truths) for operand in operands)
        case rules.Count(low=low, high=high, operands=operands):
            return count_between((kleene(operand, truths) for operand in operands), low, high)
        case _:
            return truths[rule]


def decisive(rule: rules.Rule, truths: Truths) -> list[rules.Atom]:
    """The atoms that carry the outcome: enough of them to decide it, or all that hold it open."""
    outcome = kleene(rule, truths)
    found: list[rules.Atom] = []
    match rule:
        case rules.Not(operand=operand):
            found = decisive(operand, truths)
        case rules.And(operands=operands) | rules.Or(operands=operands):
            whole = T if isinstance(rule, rules.And) else F  # the outcome that takes every operand
            wanted = [operand for operand in operands if outcome is whole or kleene(operand, truths) is outcome]
            for operand in wanted:
                found += decisive(operand, truths)
        case rules.Count(high=high, operands=operands):
            values = [kleene(operand, truths) for operand in operands]
            if outcome is F:
                side = T if values.count(T) > high else F
                chosen = [operand for operand, value in zip(operands, values, strict=True) if value is side]
            else:
                chosen = [
                    operand for operand, value in zip(operands, values, strict=True) if outcome is T or value is U
                ]
            for operand in chosen:
                found += decisive(operand, truths)
        case _:
            found = [rule]
    return list(dict.fromkeys(found))


def explain(rule: rules.Rule, truths: Truths, situation: Situation) -> tuple[str, tuple[Evidence, ...]]:
    """The reason of a criterion as one sentence, and the evidence for it."""
    told = [tell(atom, truths[atom], situation) for atom in decisive(rule, truths)]
    sentences = _together([sentence for sentence, _ in told])
    return wording.joined(sentences), tuple(evidence for _, evidence in told)


def _together(sentences: list[str]) -> list[str]:
    """Bare `X: not known whether present` of several names become one clause."""
    tail = ": not known whether present"
    bare = [sentence.removesuffix(tail) for sentence in sentences if sentence.endswith(tail)]
    if len(bare) < 2:
        return sentences
    rest = [sentence for sentence in sentences if not sentence.endswith(tail)]
    return [*rest, f"not known whether present: {', '.join(bare[:-1])} and {bare[-1]}"]


def tell(atom: rules.Atom, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
    """One comparison or presence in words, with its evidence."""
    match atom:
        case rules.Comparison():
            return _comparison(atom, truth, situation)
        case rules.LimitComparison():
            return _limit(atom, truth, situation)
        case rules.InClass():
            return _class(atom, truth, situation)
        case rules.Present() | rules.Ever() | rules.InWindow() | rules.OnsetIn() | rules.Elapsed() | rules.Lasting():
            return _occurrence(atom, truth, situation)
        case rules.Attested(concept=concept):
            cannot = concept.name in situation.facts.cannot_apply
            said = "cannot apply to this patient" if cannot else _ANSWER[truth]
            return f"{concept.name}: {said}", Evidence(
                concept.name, atom.words, OUTCOMES[truth], said if truth is not U else None
            )
        case rules.Judged(text=text, address=address):
            said = {T: "yes", F: "no", U: "not answered yet"}[truth]
            return f"the investigator's judgement “{text}”: {said}", Evidence(
                address, atom.words, OUTCOMES[truth], said if truth is not U else None
            )
        case _:
            assert_never(atom)


_ANSWER = {T: "yes", F: "no", U: "not answered yet"}

# --- numbers ---------------------------------------------------------------------------------------------------------


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


def _comparison(atom: rules.Comparison, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
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
        return _lacking(atom, atom.number, name, label, truth, threshold)
    limits = [float(atom.shown.factor) * bound.low + float(atom.shown.offset) for bound in atom.bounds]
    x = wording.converted(chosen.value, atom.shown)
    beside = limits[0] if limits else None
    value, when = _given(chosen.used, situation)
    shown = wording.region(x, atom.unit, beside)
    margin = _margin(x, limits, atom.unit) if truth is not U else None
    evidence = Evidence(
        label, atom.words, OUTCOMES[truth], value, when, shown if shown != value else None, threshold, margin
    )
    if not chosen.sure and not chosen.used and truth is U:
        return _missing(name, chosen, situation), evidence
    if not chosen.sure and chosen.used and truth is U:
        return f"{name} has a value ({value}) whose time leaves open whether it counts", evidence
    source = _source(value, when, shown)
    if truth is U:
        return f"{name} is {shown}{source}, which may or may not be {threshold}", evidence
    if not chosen.sure and not chosen.used:
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
) -> tuple[str, Evidence]:
    """A measurement before or after something that never happened, or is not dated."""
    window = getattr(number, "window", None)
    anchor = (
        next((part.concept.name for part in (window.relation, window.anchor) if part), "the event")
        if window
        else "the event"
    )
    evidence = Evidence(label, atom.words, OUTCOMES[truth], None, None, None, threshold)
    if truth is F:
        return f"there is no {name}, since {anchor} never was", evidence
    return f"{name} is not known: the time of {anchor}, or a value there, is missing", evidence


def _age(
    atom: rules.Comparison, concept: Concept, truth: Truth, threshold: str, situation: Situation
) -> tuple[str, Evidence]:
    facts = situation.facts
    unit = "months" if all(bound.shown.endswith(("month", "months")) for bound in atom.bounds) else "years"
    age = age_in(unit, facts.ages, situation.now, facts.zone)
    if facts.ages is None:
        return "age is not known", Evidence(concept.name, atom.words, OUTCOMES[truth], threshold=threshold)
    if age.is_point and unit == "years" and age.low < 2:
        unit, age = "months", age_in("months", facts.ages, situation.now, facts.zone)
    shown = f"{age.low:g} {unit}" if age.is_point else f"{age.low:g} to {age.high:g} {unit}"
    evidence = Evidence(concept.name, atom.words, OUTCOMES[truth], facts.ages.text, None, shown, threshold)
    if truth is U:
        return f"age is {shown}, which may or may not be {threshold}", evidence
    return f"age is {shown}, {'' if truth is T else 'not '}{threshold}", evidence


def _limit(atom: rules.LimitComparison, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
    concept, threshold, name = atom.concept, wording.limit_threshold(atom), wording.measure_name(atom)
    chosen = limit_ratio(atom, situation)
    if chosen.lacking is not None:
        return _lacking(atom, atom, name, concept.name, truth, threshold)
    value, when = _given(chosen.used, situation)
    word = "upper" if atom.upper else "lower"
    without = [o for o in chosen.used if (o.upper if atom.upper else o.lower) is None]
    ratio = wording.region(chosen.value, "x ULN" if atom.upper else "x LLN", atom.multiple)
    limits = [
        f"{word} limit {wording.with_unit(wording.number(limit), concept.unit)}"
        for o in chosen.used[:1] if (limit := o.upper if atom.upper else o.lower)
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


def _class(atom: rules.InClass, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
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
        return _lacking(atom, atom, name, concept.name, truth, asked)
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


# --- conditions and events -------------------------------------------------------------------------------------------

_Presence = rules.Present | rules.Ever | rules.InWindow | rules.OnsetIn | rules.Elapsed | rules.Lasting


def _occurrence(atom: _Presence, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
    facts, concept = situation.facts, atom.concept
    timeline = facts.timelines.get(concept.name, Timeline())
    known = _history(timeline, concept, situation)
    when = wording.when_known(facts, timeline.episodes[0].onset) if len(timeline.episodes) == 1 else None
    threshold = wording.elapsed_threshold(atom) if isinstance(atom, rules.Elapsed) else None
    evidence = Evidence(concept.name, atom.words, OUTCOMES[truth], known or None, when, None, threshold)
    absent = _why_absent(concept, situation)
    source = f" ({known})" if known else f" ({absent})" if absent and truth is F else ""
    sentence = _CLAIMS[type(atom)](atom, truth)
    if (
        truth is F
        and isinstance(atom, rules.OnsetIn | rules.Elapsed)
        and occurrences.ever(facts, concept, situation.now) is F
    ):
        sentence = f"{concept.name}: never {'happened' if concept.kind == 'event' else 'present'}"
    if truth is U and not known:
        lacking = _anchor_lacking(atom, situation)
        source = f" ({lacking})" if lacking else f" ({_why_open(timeline)})" if _why_open(timeline) else ""
    return sentence + source, evidence


def _said(name: str, truth: Truth, yes: str, no: str) -> str:
    """`malignancy: absent`; the colon spares the grammar of names such as `vasopressors`."""
    it = "it " if yes.startswith(("began", "happened")) else ""
    return f"{name}: {yes if truth is T else no if truth is F else f'not known whether {it}{yes}'}"


def _claim_present(atom: rules.Present, truth: Truth) -> str:
    if atom.concept.kind == "event":
        return _said(atom.concept.name, truth, "happened", "never happened")
    return _said(atom.concept.name, truth, "present", "absent")


def _claim_ever(atom: rules.Ever, truth: Truth) -> str:
    if atom.concept.kind == "event":
        return _said(atom.concept.name, truth, "happened", "never happened")
    return _said(atom.concept.name, truth, "present, now or before", "never present")


def _claim_window(atom: rules.InWindow, truth: Truth) -> str:
    window = wording.window_words(atom.window)
    if atom.window.ahead:
        return _said(atom.concept.name, truth, f"expected {window}", f"not expected {window}")
    verb = "happened" if atom.concept.kind == "event" else "present"
    return _said(
        atom.concept.name,
        truth,
        f"{verb} {window}",
        f"{'did not happen' if verb == 'happened' else 'not present'} {window}",
    )


def _claim_onset(atom: rules.OnsetIn, truth: Truth) -> str:
    window = wording.window_words(atom.window)
    return _said(atom.concept.name, truth, f"began {window}", f"did not begin {window}")


def _claim_elapsed(atom: rules.Elapsed, truth: Truth) -> str:
    threshold = wording.elapsed_threshold(atom)
    return _said(atom.concept.name, truth, f"began {threshold} ago", f"did not begin {threshold} ago")


def _claim_lasting(atom: rules.Lasting, truth: Truth) -> str:
    duration = atom.duration.text
    return _said(atom.concept.name, truth, f"present for at least {duration}", f"not present for at least {duration}")


_CLAIMS: dict[type, Callable[..., str]] = {
    rules.Present: _claim_present, rules.Ever: _claim_ever, rules.InWindow: _claim_window, rules.OnsetIn: _claim_onset,
    rules.Elapsed: _claim_elapsed, rules.Lasting: _claim_lasting,
}  # fmt: skip


def _history(timeline: Timeline, concept: Concept, situation: Situation) -> str:
    """What the record holds of it: `since 2024-03-03`, `leukemia, 2024-01-10`."""
    newest = sorted(timeline.episodes, key=lambda episode: episode.onset.last, reverse=True)
    told = [_episode(episode, concept, situation) for episode in newest[:MOST_SHOWN]]
    if len(newest) > MOST_SHOWN:
        told.append(f"and {len(newest) - MOST_SHOWN} more")
    told += [f"planned for {wording.when_known(situation.facts, plan)}" for plan in timeline.plans[:MOST_SHOWN]]
    return ", ".join(dict.fromkeys(part for part in told if part))


def _episode(episode: Episode, concept: Concept, situation: Situation) -> str:
    facts = situation.facts
    span = episode.since if episode.concept != concept.name else episode.onset
    through = f"through {episode.concept}, " if episode.concept and episode.concept != concept.name else ""
    if span.first <= EARLIEST and span.last >= facts.at:
        return (through + ("no date" if concept.kind == "event" else "no onset given")).strip()
    if concept.kind == "event":
        return through + wording.when_known(facts, span)
    begin = f"since {wording.when_known(facts, span)}" if span.first > EARLIEST else ""
    if episode.end is not None:
        over = "no longer present" if episode.end.last >= facts.at and episode.end.first <= span.first else ""
        end = over or f"until {wording.when_known(facts, episode.end)}"
        return through + f"{begin.replace('since', 'from')} {end}".strip()
    if episode.presumed is not None and occurrences.present_now(facts, concept, situation.now) is U:
        return through + f"{begin}; whether it is still present is not recorded"
    return through + begin


def _why_absent(concept: Concept, situation: Situation) -> str:
    facts = situation.facts
    for name in (concept.name, *facts.vocabulary.wholes(concept.name)):
        timeline = facts.timelines.get(name)
        if timeline is None:
            continue
        whose = "" if name == concept.name else f"{name} "
        if timeline.complete == "cannot apply":
            return "cannot apply to this patient"
        if timeline.complete == "assumed":
            return "read as absent: the record does not name it"
        if timeline.complete in ("never", "listed") and not timeline.episodes:
            return "as stated" if not whose else f"{whose}is absent"
        if timeline.absent_now:
            return "as stated" if not whose else f"{whose}is absent"
    return ""


def _why_open(timeline: Timeline) -> str:
    if timeline.absent_now:
        return "not present now; the record says nothing of before"
    return ""


def _anchor_lacking(atom: _Presence, situation: Situation) -> str:
    window = getattr(atom, "window", None)
    for anchor in (window.anchor, window.relation) if window else ():
        if anchor is not None:
            onset = occurrences.anchor_onset(situation.facts, anchor, situation.trial, situation.now)
            if onset == "unknown":
                return f"the time of {anchor.concept.name} is not known"
    return ""
