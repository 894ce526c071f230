"""Rules and the facts of examples go in; what the examples have shown comes out, as the author of a rule means it.

A criterion is covered when it was seen met, not met and unknown; a comparison when it was seen just below, at and just
above each threshold; an operand of a block, `and` or `or` when it was seen to decide alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from eligibility import rules, wording
from eligibility.ages import age_in
from eligibility.evaluator import Situation, Truths, kleene, limit_ratio, measured, truths_of
from eligibility.facts import Facts
from eligibility.intervals import Interval, same
from eligibility.library import Trial
from eligibility.logic import NOT, Truth
from eligibility.results import OUTCOMES
from eligibility.source import Span
from eligibility.vocabulary import Vocabulary

JUST = 0.02  # as a share of the threshold; whole numbers such as scores and ages also one apart
_SIDES = ("just below", "at", "just above")


@dataclass
class CriterionCoverage:
    """What is asked of the examples of one criterion, and what they have shown."""

    address: str
    wanted: dict[str, None] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    @property
    def missing(self) -> tuple[str, ...]:
        """What no example has shown yet, as patients to add."""
        return tuple(goal for goal in self.wanted if goal not in self.seen)


def coverage(trial: Trial, facts: Iterable[Facts]) -> tuple[CriterionCoverage, ...]:
    """What some prepared facts show of each criterion of a trial."""
    found = []
    for criterion in trial.criteria:
        covered = CriterionCoverage(criterion.address)
        for goal in goals(criterion, trial.vocabulary):
            covered.wanted[goal] = None
        found.append(covered)
    for known in facts:
        for criterion, covered in zip(trial.criteria, found, strict=True):
            covered.seen |= set(shown(criterion, Situation(known, known.at, trial.id, trial.values)))
    return tuple(found)


def share(covered: Iterable[CriterionCoverage]) -> float:
    """The share of goals that were seen, from 0 to 1."""
    listed = list(covered)
    wanted = sum(len(item.wanted) for item in listed)
    return 1.0 if not wanted else sum(len(item.wanted) - len(item.missing) for item in listed) / wanted


def goals(criterion: rules.Criterion, vocabulary: Vocabulary) -> Iterator[str]:
    """What examples should show of a criterion, as patients to add."""
    yield from (f"a patient for whom it is {outcome}" for outcome in OUTCOMES.values())
    for atom in dict.fromkeys(rules.atoms(criterion.rule)):
        for name, threshold in _thresholds(atom):
            for side in _SIDES:
                if not (side == "just below" and threshold <= _lowest(atom)):
                    yield _threshold_goal(name, side)
    for node, index in _operands(criterion.rule, vocabulary):
        yield _operand_goal(node, index)


def _lowest(atom: rules.Atom) -> float:
    """The least number that can be compared; below it nobody is seen."""
    match atom:
        case rules.Comparison(number=rules.Measured(concept=concept)):
            return concept.possible.low
        case _:
            return 0.0


def _threshold_goal(name: str, side: str) -> str:
    return f"a patient {side} {name}"


def _operand_goal(node: rules.Rule, index: int) -> str:
    operand = _operands_of(node)[index]
    return f"a patient for whom {_short(operand)} decides alone"


def _short(rule: rules.Rule) -> str:
    words = [f"`{atom.words}`" for atom in rules.atoms(rule)]
    return words[0] if len(words) == 1 else f"the part {' ... '.join((words[0], words[-1]))}"


def _operands_of(node: rules.Rule) -> tuple[rules.Rule, ...]:
    match node:
        case rules.And(operands=operands) | rules.Or(operands=operands) | rules.Count(operands=operands):
            return operands
        case _:
            return ()


def _operands(rule: rules.Rule, vocabulary: Vocabulary) -> Iterator[tuple[rules.Rule, int]]:
    """The operands that can decide alone: in an `or`, a part never does beside the whole that includes it."""
    if isinstance(rule, rules.Not):
        yield from _operands(rule.operand, vocabulary)
    siblings = _operands_of(rule)
    for index, operand in enumerate(siblings):
        beside = {other.concept.name for other in siblings if isinstance(other, rules.Present | rules.Ever)}
        implied = isinstance(operand, rules.Present | rules.Ever) and beside & set(
            vocabulary.wholes(operand.concept.name)
        )
        if len(siblings) > 1 and not (implied and isinstance(rule, rules.Or)):
            yield rule, index
        yield from _operands(operand, vocabulary)


def _thresholds(atom: rules.Atom) -> Iterator[tuple[str, float]]:
    """The thresholds of a comparison that a number can come close to: their words and their values."""
    match atom:
        case rules.Comparison(number=rules.Age() | rules.Measured() as number, bounds=bounds):
            name = "age" if isinstance(number, rules.Age) else wording.measure_name(number)
            for bound in bounds:
                yield f"{bound.shown} ({name})", bound.low
        case rules.LimitComparison(multiple=multiple, upper=upper):
            yield f"{wording.number(multiple)} x {'ULN' if upper else 'LLN'} ({wording.measure_name(atom)})", multiple
        case _:
            return


def shown(criterion: rules.Criterion, situation: Situation) -> Iterator[str]:
    """The goals of a criterion that one patient reaches."""
    truths = truths_of(criterion.rule, situation)
    yield f"a patient for whom it is {OUTCOMES[kleene(criterion.rule, truths)]}"
    for atom in truths:
        value = _number(atom, situation)
        if value is None:
            continue
        for name, threshold in _thresholds(atom):
            side = _side(atom, value, threshold)
            if side is not None:
                yield _threshold_goal(name, side)
    for node, index in _operands(criterion.rule, situation.facts.vocabulary):
        if _decides(node, index, truths):
            yield _operand_goal(node, index)


def _number(atom: rules.Atom, situation: Situation) -> float | None:
    found: Interval | None = None
    match atom:
        case rules.Comparison(number=rules.Age(unit=unit)):
            months = all(bound.counts_months for bound in atom.bounds)
            found = age_in("months" if months else unit, situation.facts.ages, situation.now, situation.facts.zone)
        case rules.Comparison(number=rules.Measured() as number):
            chosen = measured(number, situation)
            found = chosen.value if chosen.sure else None
        case rules.LimitComparison():
            ratio = limit_ratio(atom, situation)
            found = ratio.value if ratio.sure else None
        case _:
            return None
    return found.low if found is not None and found.is_point else None


def _side(atom: rules.Atom, value: float, threshold: float) -> str | None:
    if same(value, threshold):
        return "at"
    whole = isinstance(atom, rules.Comparison) and threshold == int(threshold) and value == int(value)
    near = max(JUST * abs(threshold), 1.0 if whole else 0.0)
    if abs(value - threshold) > near:
        return None
    return "just below" if value < threshold else "just above"


def _decides(node: rules.Rule, index: int, truths: Truths) -> bool:
    """Would the node turn, if this operand alone were the other way round?"""
    operands = _operands_of(node)
    value = kleene(operands[index], truths)
    before = kleene(node, truths)
    idle = Truth.FALSE if isinstance(node, rules.Or) else Truth.TRUE if isinstance(node, rules.And) else None
    if value is Truth.UNKNOWN or before is Truth.UNKNOWN or value is idle:
        return False
    marker = rules.Judged(address="", text="", words="", span=Span(0, 0))  # stands for the operand, turned
    swapped = (*operands[:index], marker, *operands[index + 1 :])
    match node:
        case rules.And():
            other: rules.Rule = rules.And(swapped)
        case rules.Or():
            other = rules.Or(swapped)
        case rules.Count(low=low, high=high):
            other = rules.Count(low, high, swapped)
        case _:
            return False
    return kleene(other, {**truths, marker: NOT[value]}) is not before
