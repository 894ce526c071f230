"""An open criterion goes in; the facts that it waits for come out, with the value that would settle it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from eligibility import occurrences, rules, series, wording
from eligibility.ages import age_in
from eligibility.evaluator import Situation, Truths, changed, kleene, limit_ratio, measured
from eligibility.facts import Observation
from eligibility.formulas import check_formula
from eligibility.instants import Span
from eligibility.intervals import INFINITY, Interval, point
from eligibility.logic import Truth
from eligibility.results import Need
from eligibility.settling import settles
from eligibility.timelines import Episode, Timeline
from eligibility.vocabulary import Concept

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to find out: of what, and what of it; the question where a person is asked for a judgement."""

    concept: str
    asks: str
    question: str | None = None


def open_atoms(rule: rules.Rule, truths: Truths) -> Iterator[rules.Atom]:
    """The open atoms that are left after everything decided has been struck out."""
    if kleene(rule, truths) is not U:
        return
    match rule:
        case rules.Not(operand=operand):
            yield from open_atoms(operand, truths)
        case rules.And(operands=operands) | rules.Or(operands=operands) | rules.Count(operands=operands):
            for operand in operands:
                yield from open_atoms(operand, truths)
        case _:
            yield rule


def needs_of(criterion: rules.Criterion, truths: Truths, situation: Situation) -> tuple[Need, ...]:
    """What an open criterion waits for. Nothing for a decided one."""
    atoms = list(dict.fromkeys(open_atoms(criterion.rule, truths)))
    read = {atom: facts_of(atom, situation) for atom in atoms}
    merged: dict[str, list[Fact]] = {}
    for facts in read.values():
        for fact in facts:
            merged.setdefault(fact.concept, []).append(fact)
    needs = []
    for name, facts in merged.items():
        asks = "; ".join(dict.fromkeys(fact.asks for fact in facts))
        alone = [atom for atom in atoms if {fact.concept for fact in read[atom]} == {name}]
        needs.append(
            Need(
                name, asks, settles(criterion, truths, alone, name, situation), (criterion.address,), facts[0].question
            )
        )
    return tuple(needs)


def merge(needs: Iterable[Need]) -> tuple[Need, ...]:
    """One need for each fact over all criteria of a trial: data that most criteria wait for first, answers last."""
    by_concept: dict[str, list[Need]] = {}
    for need in needs:
        by_concept.setdefault(need.concept, []).append(need)
    merged = []
    for name, group in by_concept.items():
        asks = "; ".join(dict.fromkeys(need.asks for need in group))
        regions = " and ".join(dict.fromkeys(need.settles for need in group if need.settles)) or None
        addresses = tuple(dict.fromkeys(address for need in group for address in need.criteria))
        merged.append(Need(name, asks, regions, addresses, group[0].question))
    return tuple(sorted(merged, key=lambda need: (need.asks == _ANSWER, -len(need.criteria))))


# --- which facts -----------------------------------------------------------------------------------------------------

_ANSWER = "answer"
_BEYOND = "a value for which the formula has a result"  # every input is known, outside of its domain


def facts_of(atom: rules.Atom, situation: Situation) -> list[Fact]:
    """The facts that an open atom hangs on."""
    match atom:
        case rules.Comparison(number=number):
            found: list[Fact] = []
            for leaf in rules.leaves(number):
                found += _leaf(leaf, situation)
            if not found and isinstance(number, rules.Measured):  # days against months: they may be as many, or not
                return [Fact(number.concept.name, "value in whole months or years")]
            return list(dict.fromkeys(found)) or [
                Fact(leaf.concept.name, _BEYOND) for leaf in dict.fromkeys(rules.leaves(number))
            ]
        case rules.LimitComparison():
            return _limit(atom, situation)
        case rules.InClass():
            return _class(atom, situation)
        case rules.Present() | rules.Ever() | rules.InWindow() | rules.OnsetIn() | rules.Elapsed() | rules.Lasting():
            return _occurrence(atom, situation)
        case rules.Attested(concept=concept):
            return [Fact(concept.name, _ANSWER)]
        case rules.Judged(address=address, text=text):
            return [Fact(address, _ANSWER, question=text)]
        case _:
            assert_never(atom)


def _leaf(leaf: rules.Age | rules.Measured | rules.Changed | rules.InClass, situation: Situation) -> list[Fact]:
    match leaf:
        case rules.Age(concept=concept):
            return [
                Fact(
                    concept.name, "value, or birth date" if situation.facts.ages is None else "exact age, or birth date"
                )
            ]
        case rules.Measured():
            return _measured(leaf, situation)
        case rules.Changed():
            return _changed(leaf, situation)
        case rules.InClass():
            return _class(leaf, situation)
        case _:
            assert_never(leaf)


def _measured(leaf: rules.Measured, situation: Situation) -> list[Fact]:
    concept, facts = leaf.concept, situation.facts
    chosen = measured(leaf, situation)
    where = wording.window_words(leaf.window)
    anchors = _anchors(leaf.window, situation)
    if anchors:
        return (
            anchors
            if series.series_of(facts, concept, situation.values)
            else [*anchors, *_value(concept, f"value {where}", situation, _holds_now(leaf.window, situation))]
        )
    if chosen.sure and chosen.value.is_point:
        return []
    if chosen.sure:
        found: list[Fact] = []
        for observation in chosen.used:
            if observation.when.first > situation.now:
                found.append(Fact(concept.name, f"value {where}, which is not over yet"))
            elif observation.computed and not observation.value.is_point:
                found += _computed_from(concept, observation, situation)
            elif not observation.value.is_point:
                found.append(Fact(concept.name, "exact value"))
        at_once = len({observation.when for observation in chosen.used}) == 1
        if not found and not at_once:
            return _times(concept, chosen.used, leaf.window, situation)
        return list(dict.fromkeys(found)) or [Fact(concept.name, "which value holds, of those that disagree")]
    if chosen.used:
        return _times(concept, chosen.used, leaf.window, situation)
    asks = f"value {where}".strip() if chosen.stale is None else _newer(chosen.stale, situation)
    return _value(concept, asks, situation, _holds_now(leaf.window, situation))


def _times(
    concept: Concept, used: Iterable[Observation], window: rules.Window | None, situation: Situation
) -> list[Fact]:
    """The times that leave open whether an observation counts: its own, or that of the anchor."""
    blurred = _blurred_anchors(window, situation)
    own = any(observation.when.first != observation.when.last for observation in used) or not blurred
    return [*blurred, *([Fact(concept.name, "exact time")] if own else [])]


def _changed(leaf: rules.Changed, situation: Situation) -> list[Fact]:
    concept, where = leaf.concept, wording.window_words(leaf.window)
    chosen = changed(leaf, situation)
    if chosen.sure and chosen.value.is_point:
        return []
    found = _anchors(leaf.window, situation)
    if not chosen.sure:
        asks = f"values at two times at most {leaf.over.text} apart {where}".strip()
        found += [*_value(concept, asks, situation), *_sources(concept, asks, situation)]  # now, and before
    for observation in chosen.used:
        if observation.computed and not observation.value.is_point:
            found += _computed_from(concept, observation, situation)
    return list(dict.fromkeys(found)) or [Fact(concept.name, "exact values")]


def _computed_from(concept: Concept, observation: Observation, situation: Situation) -> list[Fact]:
    """The inputs that a computed value lacks; where it lacks none, they have no result."""
    past = observation.dated and observation.when.last < situation.now
    asks = f"value at or before {wording.when_known(situation.facts, observation.when)}" if past else "value"
    return _inputs(concept, observation.when, asks, situation) or [Fact(concept.name, _BEYOND)]


def _newer(stale: Observation, situation: Situation) -> str:
    return f"newer value than {stale.text} of {wording.date_of(situation.facts, stale.when)}"


def _value(concept: Concept, asks: str, situation: Situation, at_now: bool = True) -> list[Fact]:
    """A value of a quantity; for a derived one, those inputs that are not known now and the one that it is sampled with,
    and all of them where a value of now would not do."""
    if concept.formula is None:
        return [Fact(concept.name, asks)]
    now = Span(situation.now, situation.now)
    found = _inputs(concept, now, asks, situation)
    if (
        concept.sampled_with is not None
    ):  # it may be current, and yet there is a new value only where it is measured anew
        found += _sources(situation.facts.vocabulary[concept.sampled_with], asks, situation)
    return list(dict.fromkeys([*found, *([] if at_now else _sources(concept, asks, situation))])) or [
        Fact(concept.name, asks)
    ]


def _sources(concept: Concept, asks: str, situation: Situation) -> list[Fact]:
    """All that is measured for a quantity: itself, or for a derived one its inputs, but those that are assumed."""
    if concept.formula is None:
        assumed = concept.assumed is not None and not situation.facts.observations.get(concept.name)
        return [] if assumed else [Fact(concept.name, asks)]
    formula = check_formula(situation.facts.vocabulary, concept)
    sources = [source for source in formula.inputs if source.kind == "quantity"]
    return [fact for source in sources for fact in _sources(source, asks, situation)]


def _holds_now(window: rules.Window | None, situation: Situation) -> bool:
    """Would a value of now be inside a window?"""
    if window is None:
        return True
    where = occurrences.reach(situation.facts, window, situation.trial, situation.now)
    return isinstance(where, occurrences.Reach) and where.sure.last >= situation.now


def _inputs(concept: Concept, when: Span, asks: str, situation: Situation) -> list[Fact]:
    """The inputs of a derived quantity that are not known at an instant, and whose value would tell more of it."""
    facts, found = situation.facts, list[Fact]()
    formula = check_formula(facts.vocabulary, concept)
    open_inputs: dict[str, Interval] = {}
    for source in formula.inputs:
        if source.kind == "quantity":
            known, _ = series.input_at(facts, source, when, situation.values, source in formula.sampled_with)
            if not known.is_point:
                open_inputs[source.name] = known
    for source in formula.inputs:
        if source.kind == "age":
            if facts.ages is None or not age_in("years", facts.ages, situation.now, facts.zone).is_point:
                found.append(Fact(source.name, "value, or birth date"))
        elif source.kind == "class":
            where = series.current_window(facts, source, None, when)
            ranks, _, _ = series.class_ranks(facts.classes.get(source.name, ()), source, "latest", where)
            if len(ranks) > 1:
                found.append(Fact(source.name, "value"))
        elif source.name in open_inputs and _matters(concept, source, open_inputs, when, situation):
            if source.formula is not None:
                found += _inputs(source, when, asks, situation) or [Fact(source.name, asks)]
            else:
                found.append(Fact(source.name, asks))
    return list(dict.fromkeys(found))


def _matters(
    concept: Concept, source: Concept, known: Mapping[str, Interval], when: Span, situation: Situation
) -> bool:
    """Would knowing an input exactly tell more of a formula, whatever its other open inputs turn out to be? Below a floor
    or above a cap it would not."""
    formula = check_formula(situation.facts.vocabulary, concept)
    others = [name for name in known if name != source.name]
    for place in range(3):  # the other open inputs low, in the middle, high
        pinned = {name: point(_probes(situation.facts.vocabulary[name], known[name])[place]) for name in others}
        found = {
            series.sample(situation.facts, formula, when, situation.values, {**pinned, source.name: point(value)})[0]
            for value in _probes(source, known[source.name])
        }
        found.add(
            series.sample(situation.facts, formula, when, situation.values, pinned)[0]
        )  # it may be out of the domain
        if len(found) > 1:
            return True
    return False


def _probes(concept: Concept, known: Interval) -> tuple[float, float, float]:
    """A low, a middle and a high number of what is known of an input, as plain as can be."""
    plausible = known.meets(concept.plausible) if concept.plausible else known
    low = plausible.low if plausible.low > -INFINITY else -1000.0
    high = plausible.high if plausible.high < INFINITY else max(1000.0, 2 * abs(low))
    return low + (high - low) * 1e-6, (low + high) / 2, high - (high - low) * 1e-6


def _anchors(window: rules.Window | None, situation: Situation) -> list[Fact]:
    """The anchors of a window whose time is not known."""
    return [
        Fact(concept.name, "time" if concept.kind == "milestone" else "whether and when it began")
        for concept in occurrences.open_anchors(situation.facts, window, situation.trial, situation.now)
    ]


def _blurred_anchors(window: rules.Window | None, situation: Situation) -> list[Fact]:
    """The anchors of a window whose time is known to the day, the month or the year."""
    found: list[Fact] = []
    for anchor in window.anchors if window else ():
        onset = occurrences.anchor_onset(situation.facts, anchor, situation.trial, situation.now)
        if isinstance(onset, Span) and onset.first != onset.last:
            found.append(Fact(anchor.concept.name, "exact time"))
    return found


def _limit(atom: rules.LimitComparison, situation: Situation) -> list[Fact]:
    word = "upper limit of normal" if atom.upper else "lower limit of normal"
    anchors = _anchors(atom.window, situation)
    chosen = limit_ratio(atom, situation)
    observations = situation.facts.observations.get(atom.concept.name, ())
    if anchors and observations:
        return [*anchors, *([Fact(atom.concept.name, word)] if _without_limit(atom, observations) else [])]
    if not chosen.used:
        where = wording.window_words(atom.window)
        head = f"value {where}".strip() if chosen.stale is None else _newer(chosen.stale, situation)
        return [*anchors, Fact(atom.concept.name, f"{head}, with its {word}")]
    times = [] if chosen.sure else _times(atom.concept, chosen.used, atom.window, situation)
    if _without_limit(atom, chosen.used):
        measures = situation.facts.observations.get(atom.concept.name, ())
        exact = all(observation.value.is_point for observation in measures)
        return [*times, Fact(atom.concept.name, word if exact else f"exact value, with its {word}")]
    return times or [Fact(atom.concept.name, "exact value")]


def _without_limit(atom: rules.LimitComparison, observations: Iterable[Observation]) -> bool:
    return any((observation.upper if atom.upper else observation.lower) is None for observation in observations)


def _class(atom: rules.InClass, situation: Situation) -> list[Fact]:
    anchors = _anchors(atom.window, situation)
    if anchors and situation.facts.classes.get(atom.concept.name):
        return anchors
    where = wording.window_words(atom.window)
    asks = (
        f"value {where}".strip() if not situation.facts.classes.get(atom.concept.name) else "newer value, or exact time"
    )
    return [*anchors, Fact(atom.concept.name, asks)]


def _looks_ahead(window: rules.Window, situation: Situation) -> bool:
    """Does a window reach past now, where only a plan can tell?"""
    where = occurrences.reach(situation.facts, window, situation.trial, situation.now)
    return isinstance(where, occurrences.Reach) and where.possible.last > situation.now


def _is_dated(episode: Episode) -> bool:
    """Are both ends of an episode known to the instant?"""
    return episode.onset.first == episode.onset.last and (episode.end is None or episode.end.first == episode.end.last)


_Presence = rules.Present | rules.Ever | rules.InWindow | rules.OnsetIn | rules.Elapsed | rules.Lasting


def _occurrence(atom: _Presence, situation: Situation) -> list[Fact]:
    facts, concept, now = situation.facts, atom.concept, situation.now
    timeline = facts.timelines.get(concept.name, Timeline())
    event = concept.kind == "event"
    known = bool(timeline.episodes)
    match atom:
        case rules.Present():
            return [Fact(concept.name, "whether it is still present" if known else "whether it is present")]
        case rules.Ever():
            return [Fact(concept.name, "whether it ever happened" if event else "whether it ever was present")]
        case rules.InWindow(window=window) | rules.OnsetIn(window=window):
            anchors = _anchors(window, situation)
            settled = known or occurrences.ever(facts, concept, now) is F
            if anchors and settled:
                undated = any(episode.onset.is_undated for episode in timeline.episodes)
                return [*anchors, *([Fact(concept.name, "date" if event else "onset")] if undated else [])]
            if window.ahead or (settled and not known):
                return [*anchors, Fact(concept.name, "plan")]
            anchors += _blurred_anchors(window, situation)
            plan = [Fact(concept.name, "plan")] if _looks_ahead(window, situation) else []
            if (anchors or plan) and known and all(_is_dated(episode) for episode in timeline.episodes):
                return [*anchors, *plan]
            asks = ("date" if event else "onset and resolution") if known else "whether and when"
            dated = Fact(concept.name, "onset" if isinstance(atom, rules.OnsetIn) and known else asks)
            return [*anchors, dated, *plan]
        case rules.Elapsed() | rules.Lasting():
            asks = "date" if event else "onset"
            if not known:
                return [Fact(concept.name, "whether and since when")]
            found: list[Fact] = []
            if isinstance(atom, rules.Lasting) and occurrences.present_now(facts, concept, now) is U:
                found.append(Fact(concept.name, "whether it is still present"))
            if not found or any(episode.onset.first != episode.onset.last for episode in timeline.episodes):
                found.append(Fact(concept.name, asks))
            return found
        case _:
            assert_never(atom)
