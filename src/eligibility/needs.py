"""An open criterion goes in; the facts that it waits for come out, with the value that would settle it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import assert_never

from eligibility import intervals, occurrences, rules, series, wording
from eligibility.evaluator import Situation, changed, limit_ratio, measured
from eligibility.explanation import Truths, kleene
from eligibility.facts import Timeline, age_in
from eligibility.formulas import check_formula
from eligibility.instants import Span
from eligibility.intervals import INFINITY, Interval, point
from eligibility.logic import Truth
from eligibility.results import Need
from eligibility.vocabulary import Concept

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to find out: of what, and what of it. `answer` where only a person can supply it."""

    concept: str
    asks: str
    answer: bool = False
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


def needs_of(criterion: rules.Criterion, truths: Truths, situation: Situation) -> tuple[tuple[Need, ...], bool]:
    """What an open criterion waits for, and whether it is only answers of people. Nothing for a decided one."""
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
        settles = _settles(criterion, truths, alone, name, situation)
        needs.append(Need(name, asks, settles, (criterion.address,), facts[0].question))
    return tuple(needs), bool(atoms) and all(fact.answer for facts in read.values() for fact in facts)


def merge(needs: Iterable[Need]) -> tuple[Need, ...]:
    """One need for each fact over all criteria of a trial: data that most criteria wait for first, answers last."""
    by_concept: dict[str, list[Need]] = {}
    for need in needs:
        by_concept.setdefault(need.concept, []).append(need)
    merged = []
    for name, group in by_concept.items():
        asks = "; ".join(dict.fromkeys(need.asks for need in group))
        settles = " and ".join(dict.fromkeys(need.settles for need in group if need.settles)) or None
        addresses = tuple(dict.fromkeys(address for need in group for address in need.criteria))
        merged.append(Need(name, asks, settles, addresses, group[0].question))
    return tuple(sorted(merged, key=lambda need: (need.asks == _ANSWER, -len(need.criteria))))


# --- which facts -----------------------------------------------------------------------------------------------------

_ANSWER = "answer"


def facts_of(atom: rules.Atom, situation: Situation) -> list[Fact]:
    """The facts that an open atom hangs on."""
    match atom:
        case rules.Comparison(number=number):
            found: list[Fact] = []
            for leaf in rules.leaves(number):
                found += _leaf(leaf, situation)
            if not found and isinstance(number, rules.Measured):  # days against months: they may be as many, or not
                return [Fact(number.concept.name, "value in whole months or years")]
            beyond = "a value for which the formula has a result"  # every input is known, outside of its domain
            return list(dict.fromkeys(found)) or [
                Fact(leaf.concept.name, beyond) for leaf in dict.fromkeys(rules.leaves(number))
            ]
        case rules.LimitComparison():
            return _limit(atom, situation)
        case rules.InClass():
            return _class(atom, situation)
        case rules.Present() | rules.Ever() | rules.InWindow() | rules.OnsetIn() | rules.Elapsed() | rules.Lasting():
            return _occurrence(atom, situation)
        case rules.Attested(concept=concept):
            return [Fact(concept.name, _ANSWER, answer=True)]
        case rules.Judged(address=address, text=text):
            return [Fact(address, _ANSWER, answer=True, question=text)]
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
        case rules.Changed(concept=concept, window=window):
            chosen = changed(leaf, situation)
            if chosen.sure and chosen.value.is_point:
                return []
            where = wording.window_words(window)
            anchors = _anchors(window, situation)
            asks = (
                "exact values"
                if chosen.sure
                else f"values at two times at most {leaf.over.text} apart{' ' if where else ''}{where}"
            )
            return [*anchors, Fact(concept.name, asks)]
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
            else [*anchors, *_value(concept, f"value {where}", situation)]
        )
    if chosen.sure and chosen.value.is_point:
        return []
    if chosen.sure:
        found: list[Fact] = []
        for observation in chosen.used:
            if observation.when.first > situation.now:
                found.append(Fact(concept.name, f"value {where}, which is not over yet"))
            elif observation.computed and not observation.value.is_point:
                past = observation.dated and observation.when.last < situation.now
                asks = f"value at or before {wording.when_known(facts, observation.when)}" if past else "value"
                found += _inputs(concept, observation.when, asks, situation)
            elif not observation.value.is_point:
                found.append(Fact(concept.name, "exact value"))
        return list(dict.fromkeys(found)) or [Fact(concept.name, "exact time")]
    if chosen.used:
        return [Fact(concept.name, "exact time")]
    asks = "newer value" if chosen.stale is not None else f"value {where}".strip()
    return _value(concept, asks, situation)


def _value(concept: Concept, asks: str, situation: Situation) -> list[Fact]:
    """A value of a quantity; for a derived one, those inputs that are not known now."""
    if concept.formula is None:
        return [Fact(concept.name, asks)]
    now = Span(situation.now, situation.now)
    return _inputs(concept, now, asks, situation) or [Fact(concept.name, asks)]


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
    found = []
    for anchor in (window.anchor, window.relation) if window else ():
        if anchor is None:
            continue
        onset = occurrences.anchor_onset(situation.facts, anchor, situation.trial, situation.now)
        if onset == "unknown":
            is_milestone = anchor.concept.kind == "milestone"
            found.append(Fact(anchor.concept.name, "time" if is_milestone else "whether and when it began"))
        elif isinstance(onset, Span) and onset.first != onset.last and anchor.concept.kind != "milestone":
            continue  # known to the day or so; what is compared names itself
    return found


def _limit(atom: rules.LimitComparison, situation: Situation) -> list[Fact]:
    word = "upper limit of normal" if atom.upper else "lower limit of normal"
    anchors = _anchors(atom.window, situation)
    chosen = limit_ratio(atom, situation)
    if anchors and situation.facts.observations.get(atom.concept.name):
        return anchors
    if not chosen.used:
        where = wording.window_words(atom.window)
        head = "newer value" if chosen.stale is not None else f"value {where}".strip()
        return [*anchors, Fact(atom.concept.name, f"{head}, with its {word}")]
    lacking = [o for o in chosen.used if (o.upper if atom.upper else o.lower) is None]
    if lacking:
        return [Fact(atom.concept.name, word)]
    return [Fact(atom.concept.name, "exact value" if chosen.sure else "exact time")]


def _class(atom: rules.InClass, situation: Situation) -> list[Fact]:
    anchors = _anchors(atom.window, situation)
    if anchors and situation.facts.classes.get(atom.concept.name):
        return anchors
    where = wording.window_words(atom.window)
    asks = (
        f"value {where}".strip() if not situation.facts.classes.get(atom.concept.name) else "newer value, or exact time"
    )
    return [*anchors, Fact(atom.concept.name, asks)]


_Presence = rules.Present | rules.Ever | rules.InWindow | rules.OnsetIn | rules.Elapsed | rules.Lasting


def _occurrence(atom: _Presence, situation: Situation) -> list[Fact]:
    facts, concept, now = situation.facts, atom.concept, situation.now
    timeline = facts.timelines.get(concept.name, Timeline())
    event = concept.kind == "event"
    known = bool(timeline.episodes)
    match atom:
        case rules.Present():
            if event:
                return [Fact(concept.name, "whether it happened")]
            return [Fact(concept.name, "whether it is still present" if known else "whether it is present")]
        case rules.Ever():
            return [Fact(concept.name, "whether it ever happened" if event else "whether it ever was present")]
        case rules.InWindow(window=window) | rules.OnsetIn(window=window):
            anchors = _anchors(window, situation)
            settled = known or occurrences.ever(facts, concept, now) is F
            if anchors and settled:
                return anchors
            if window.ahead or (settled and not known):
                return [*anchors, Fact(concept.name, "plan")]
            asks = ("date" if event else "onset and resolution") if known else "whether and when"
            return [*anchors, Fact(concept.name, "onset" if isinstance(atom, rules.OnsetIn) and known else asks)]
        case rules.Elapsed() | rules.Lasting():
            asks = "date" if event else "onset"
            still = isinstance(atom, rules.Lasting) and known and occurrences.present_now(facts, concept, now) is U
            return [
                Fact(
                    concept.name,
                    "whether it is still present" if still else asks if known else "whether and since when",
                )
            ]
        case _:
            assert_never(atom)


# --- what would settle it --------------------------------------------------------------------------------------------


def _passes(criterion: rules.Criterion, truths: Truths, supposed: dict[rules.Atom, Truth]) -> bool:
    outcome = kleene(criterion.rule, {**truths, **supposed})
    return outcome is (T if criterion.section == "include" else F)


def _settles(
    criterion: rules.Criterion, truths: Truths, atoms: list[rules.Atom], name: str, situation: Situation
) -> str | None:  # fmt: skip
    """The region of what is compared that makes the criterion pass, where this fact alone can; None where it cannot."""
    if not atoms:
        return None
    numbers = [atom for atom in atoms if isinstance(atom, rules.Comparison)]
    if len(numbers) == len(atoms) and len({atom.number for atom in numbers}) == 1:
        return _region(criterion, truths, numbers, name, situation)
    if all(isinstance(atom, rules.LimitComparison) for atom in atoms):
        return _multiples(criterion, truths, [atom for atom in atoms if isinstance(atom, rules.LimitComparison)])
    if all(isinstance(atom, rules.InClass) for atom in atoms):
        return _classes(criterion, truths, [atom for atom in atoms if isinstance(atom, rules.InClass)])
    for said in (T, F):
        if _passes(criterion, truths, dict.fromkeys(atoms, said)):
            return " and ".join(dict.fromkeys(_said(atom, said) for atom in atoms))
    return None


def _cells(thresholds: list[float]) -> list[Interval]:
    """The parts into which thresholds cut the line, each threshold a part of its own."""
    ordered = sorted(set(thresholds))
    cells = [Interval(-INFINITY, ordered[0], True, True)]
    for low, high in pairwise([*ordered, INFINITY]):
        cells += [point(low), Interval(low, high, True, True)]
    return cells


def _inside(cell: Interval) -> float:
    """A number of a part, well away from its ends."""
    if cell.is_point:
        return cell.low
    if cell.low == -INFINITY:
        return cell.high - max(1.0, abs(cell.high))
    return cell.low + max(1.0, abs(cell.low)) if cell.high == INFINITY else (cell.low + cell.high) / 2


def _runs(cells: list[Interval], passing: list[bool], shown: dict[float, str]) -> str | None:
    """Passing parts that touch, joined and put into words; None where none passes, or all do."""
    if not any(passing) or all(passing):
        return None
    found, start = [], None
    for index, passes in enumerate([*passing, False]):
        if passes and start is None:
            start = index
        elif not passes and start is not None:
            low, high = cells[start], cells[index - 1]
            if low.is_point and start == index - 1:
                found.append(f"exactly {shown[low.low]}")
            else:
                parts = []
                if low.low != -INFINITY:
                    parts.append(f"{'at least' if low.is_point else 'above'} {shown[low.low]}")
                if high.high != INFINITY:
                    parts.append(f"{'at most' if high.is_point else 'below'} {shown[high.high]}")
                found.append(" and ".join(parts))
            start = None
    return " or ".join(found)


def _region(
    criterion: rules.Criterion, truths: Truths, atoms: list[rules.Comparison], name: str, situation: Situation
) -> str | None:  # fmt: skip
    number = atoms[0].number
    if (
        isinstance(number, rules.Age)
        and len({bound.shown.split(" ")[-1][:4] for atom in atoms for bound in atom.bounds}) > 1
    ):
        return None  # years and months are counted apart
    shown = {bound.low: bound.shown for atom in atoms for bound in atom.bounds}
    cells = _cells(list(shown))
    in_months = any(bound.months is not None for atom in atoms for bound in atom.bounds)
    known = intervals.ANYTHING
    if isinstance(number, rules.Measured) and not in_months:
        known = measured(number, situation).value
    passing = []
    for cell in cells:
        x = point(_inside(cell))
        supposed: dict[rules.Atom, Truth] = {}
        for atom in atoms:
            holds = all(intervals.compare(x, bound.operator, bound.low) is T for bound in atom.bounds)
            supposed[atom] = T if holds else F
        passing.append(_passes(criterion, truths, supposed) and cell.overlaps(known))
    text = _runs(cells, passing, shown)
    if text is None:
        return None
    plain = isinstance(number, rules.Age) or (
        isinstance(number, rules.Measured)
        and number.concept.name == name
        and number.window is None
        and number.selection == "latest"
    )
    if plain:
        return text
    head = wording.measure_name(number) if isinstance(number, rules.Measured | rules.Changed) else "the result"
    return f"{head} {text}"


def _multiples(criterion: rules.Criterion, truths: Truths, atoms: list[rules.LimitComparison]) -> str | None:
    if len({(atom.selection, atom.window, atom.upper) for atom in atoms}) > 1:
        return None
    shown = {atom.multiple: f"{wording.number(atom.multiple)} x {'ULN' if atom.upper else 'LLN'}" for atom in atoms}
    cells = _cells(list(shown))
    passing = [
        _passes(criterion, truths, {
            atom: T if intervals.compare(point(_inside(cell)), atom.operator, atom.multiple) is T else F for atom in atoms
        })
        for cell in cells
    ]  # fmt: skip
    return _runs(cells, passing, shown)


def _classes(criterion: rules.Criterion, truths: Truths, atoms: list[rules.InClass]) -> str | None:
    if len({(atom.selection, atom.window) for atom in atoms}) > 1:
        return None
    values = atoms[0].concept.values
    passing = [
        value for rank, value in enumerate(values)
        if _passes(criterion, truths, {atom: T if rank in atom.ranks else F for atom in atoms})
    ]  # fmt: skip
    if not passing or len(passing) == len(values):
        return None
    return " or ".join(part for part in (", ".join(passing[:-1]), passing[-1]) if part)


_OTHER: dict[str, rules.Operator] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _said(atom: rules.Atom, truth: Truth) -> str:
    """What a statement says when it holds, or does not."""
    no = truth is F
    match atom:
        case rules.Present(concept=concept):
            return (
                ("never happened" if no else "happened") if concept.kind == "event" else "absent" if no else "present"
            )
        case rules.Ever(concept=concept):
            return (
                ("never happened" if no else "happened")
                if concept.kind == "event"
                else "never present"
                if no
                else "present, now or before"
            )
        case rules.InWindow(window=window):
            return f"{'not ' if no else ''}{wording.window_words(window)}"
        case rules.OnsetIn(window=window):
            return f"onset {'not ' if no else ''}{wording.window_words(window)}"
        case rules.Elapsed():
            return f"{'not ' if no else ''}{wording.elapsed_threshold(atom)} since its onset"
        case rules.Lasting(duration=duration):
            return f"{'not ' if no else ''}for at least {duration.text}"
        case rules.Attested() | rules.Judged():
            return "no" if no else "yes"
        case rules.Comparison(number=number, bounds=bounds):
            head = f"{wording.measure_name(number)} " if isinstance(number, rules.Measured | rules.Changed) else ""
            if no and len(bounds) == 1:
                return f"{head}{wording.threshold((replace(bounds[0], operator=_OTHER[bounds[0].operator]),))}"
            return f"{head}{'not ' if no else ''}{wording.threshold(bounds)}"
        case rules.LimitComparison():
            return wording.limit_threshold(replace(atom, operator=_OTHER[atom.operator]) if no else atom)
        case rules.InClass(concept=concept, ranks=ranks):
            return f"{'not ' if no else ''}{' or '.join(concept.values[rank] for rank in sorted(ranks))}"
        case _:
            assert_never(atom)
