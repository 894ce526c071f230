"""The slots of a screener go in; what a plain fact (one without any time) says of each comes out, as a plan made once.

A measurement without a time was made at the instant of judgement: it is the latest, the first and the highest, and inside of
every window that ends there. Conditions meet in families, by their hierarchy. What hangs on more than one fact is named,
with the facts that it hangs on, and is left to the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

from eligibility import rules
from eligibility.formulas import check_formula
from eligibility.slots import Content, NumberSlot, RankSlot, RatioSlot, Slot, TruthSlot, anchors
from eligibility.vocabulary import Concept, Vocabulary

Effect = tuple[tuple[int, Content], ...]
Direct = Callable[[Sequence[float]], float]


@dataclass(eq=False)
class Family:
    """Conditions and events that meet through a hierarchy, with the places of the slots that hang on them, and what each
    combination of plain facts was found to say."""

    members: set[str]
    places: list[int] = field(default_factory=list)
    from_months: tuple[int, ...] = ()  # ages from which one of them applies
    of_a_sex: bool = False
    remembered: dict[object, Effect | None] = field(default_factory=dict)

    @property
    def is_limited(self) -> bool:
        """Does it hang on sex or age whether one of them applies?"""
        return self.of_a_sex or bool(self.from_months)


@dataclass(frozen=True)
class Computed:
    """A slot of a derived quantity: what it is computed from, what it is sampled with, and how, where all are numbers."""

    place: int
    concept: Concept
    names: frozenset[str]
    inputs: tuple[Concept, ...]
    sampled: tuple[str, ...]
    direct: Direct | None


@dataclass(frozen=True)
class Entangled:
    """A slot that hangs on several facts, and their names."""

    place: int
    names: frozenset[str]


class Plan:
    """Where each plain fact goes. Slots are taken in as they come, by their places."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.direct: dict[str, list[int]] = {}
        self.ratios: dict[str, list[tuple[int, bool]]] = {}
        self.judged: dict[str, int] = {}
        self.ages: list[tuple[int, str]] = []
        self.computed: list[Computed] = []
        self.entangled: list[Entangled] = []
        self.limited: list[Family] = []
        self._families: dict[str, Family] = {}

    def extend(self, slots: Iterable[tuple[int, Slot]]) -> None:
        """Take in more slots, with their places. A family that they hang on is a new one, with nothing remembered."""
        for place, slot in slots:
            self._sort(place, slot)
        self.limited = list({id(f): f for f in self._families.values() if f.is_limited and f.places}.values())

    def family(self, concept: Concept) -> Family | None:
        """The family of a concept; None where it has no kin and applies to everybody, and no slot hangs on it."""
        found = self._families.get(concept.name)
        kin = concept.is_occurrence and (self._vocabulary.wholes(concept.name) or concept.includes)
        if found is None and (kin or concept.has_limited_applicability or concept.none_when_absent):
            self._join([concept])  # it may contradict its kin, though no slot hangs on them
            found = self._families[concept.name]
        return found

    def _sort(self, place: int, slot: Slot) -> None:
        met = anchors(slot)
        occurrences = [concept for concept in met if concept.is_occurrence]
        match slot:
            case TruthSlot(atom=rules.Judged(address=address)):
                self.judged[address.casefold()] = place
            case TruthSlot(atom=rules.Attested(concept=concept)) if not concept.has_limited_applicability:
                self.direct.setdefault(concept.name, []).append(place)
            case NumberSlot(number=rules.Age(unit=unit)):
                self.ages.append((place, unit))
            case TruthSlot(atom=rules.Comparison()) | NumberSlot() | RatioSlot() | RankSlot() if occurrences:
                # from an onset without a date it is open, whatever was measured; from what never was, it fails
                self._join(occurrences, place)
            case TruthSlot(atom=rules.Comparison(number=number)) | NumberSlot(number=number) if met or not _alone(slot):
                self.entangled.append(
                    Entangled(place, given_for(self._vocabulary, (leaf.concept for leaf in rules.leaves(number))))
                )
            case RatioSlot(concept=concept) | RankSlot(concept=concept) if met:
                self.entangled.append(Entangled(place, frozenset((concept.name,))))
            case TruthSlot(atom=atom):
                assert not isinstance(atom, rules.Comparison | rules.LimitComparison | rules.InClass | rules.Judged)
                self._join([atom.concept, *occurrences], place)
            case NumberSlot(number=rules.Measured(concept=concept)) if concept.formula is None:
                self.direct.setdefault(concept.name, []).append(place)
            case NumberSlot(number=rules.Measured(concept=concept)):
                formula = check_formula(self._vocabulary, concept)
                sampled = tuple(source.name for source in formula.sampled_with)
                direct = _direct(formula.expression, formula.inputs)
                names = given_for(self._vocabulary, (concept,))
                self.computed.append(Computed(place, concept, names, formula.inputs, sampled, direct))
            case NumberSlot():
                pass  # a change of one value: there is none
            case RatioSlot(concept=concept, upper=upper):
                self.ratios.setdefault(concept.name, []).append((place, upper))
            case RankSlot(concept=concept) if concept.none_when_absent:
                self._join([concept], place)
            case RankSlot(concept=concept):
                self.direct.setdefault(concept.name, []).append(place)
            case _:
                assert_never(slot)

    def _join(self, concepts: list[Concept], *places: int) -> None:
        """One family of some concepts and of all that they meet; the slots hang on it."""
        members: set[str] = set()
        waiting = [concept.name for concept in concepts]
        while waiting:
            name = waiting.pop()
            if name in members:
                continue
            members.add(name)
            concept = self._vocabulary[name]
            if concept.is_occurrence:
                waiting += [*self._vocabulary.wholes(name), *self._vocabulary.parts(name)]
                waiting += [other.name for other in self._vocabulary if other.none_when_absent == name]
            elif concept.none_when_absent:
                waiting.append(concept.none_when_absent)
        known = {id(family): family for name in members if (family := self._families.get(name)) is not None}
        family = Family(members.union(*(other.members for other in known.values())))
        family.places = sorted({*places, *(taken for other in known.values() for taken in other.places)})
        met = [self._vocabulary[name] for name in family.members]
        family.from_months = tuple(sorted({concept.applies_from_months for concept in met} - {0}))
        family.of_a_sex = any(concept.applies_to_sex for concept in met)
        for name in family.members:
            self._families[name] = family


def given_for(vocabulary: Vocabulary, concepts: Iterable[Concept]) -> frozenset[str]:
    """The names of what a record may give for some concepts: themselves, and what they are computed from."""
    found: set[str] = set()
    waiting = list(concepts)
    while waiting:
        concept = waiting.pop()
        if concept.name not in found:
            found.add(concept.name)
            if concept.formula is not None:
                waiting += check_formula(vocabulary, concept).inputs
    return frozenset(found)


def _alone(slot: Slot) -> bool:
    """Does it hang on one quantity, or on a change of one, compared as a plain number?"""
    return isinstance(slot, NumberSlot) and isinstance(slot.number, rules.Measured | rules.Changed)


def _direct(expression: rules.Expression, inputs: tuple[Concept, ...]) -> Direct | None:
    """A formula over numbers in the order of its inputs, with the same operations as the arithmetic of intervals does on
    points; None where it reads more than measurements. It raises ArithmeticError or ValueError outside of its domain."""
    names = {concept.name: place for place, concept in enumerate(inputs)}
    match expression:
        case rules.Measured(concept=concept):
            place = names[concept.name]
            return lambda given: given[place]
        case rules.Constant(value=value):
            return lambda given: value
        case rules.Scaled(operand=operand, factor=factor, offset=offset):
            inner = _direct(operand, inputs)
            return None if inner is None else partial(_scaled, inner, factor, offset)
        case rules.Applied(function=function, operand=operand):
            inner = _direct(operand, inputs)
            return None if inner is None else partial(_applied, math.log if function == "ln" else math.exp, inner)
        case rules.Combined(operator=operator, left=left, right=right):
            one, other = _direct(left, inputs), _direct(right, inputs)
            if one is None or other is None or operator == "^":
                return None
            return partial(_combined, _OPERATIONS[operator], one, other)
        case rules.Age() | rules.Changed() | rules.Chosen():
            return None
        case _:
            assert_never(expression)


def _scaled(inner: Direct, factor: float, offset: float, given: Sequence[float]) -> float:
    return inner(given) * factor + offset


def _applied(function: Callable[[float], float], inner: Direct, given: Sequence[float]) -> float:
    return function(inner(given))


def _combined(operation: Callable[[float, float], float], one: Direct, other: Direct, given: Sequence[float]) -> float:
    return operation(one(given), other(given))


_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a * (1 / b), "min": min, "max": max,
}  # fmt: skip
