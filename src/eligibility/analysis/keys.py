"""What rules ask about goes in; keys come out that are equal where the answer is the same for every patient, and the range of
numbers that it can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from eligibility import rules, series
from eligibility.analysis.stretches import Stretch, current_stretch, stretch_of
from eligibility.formulas import check_formula
from eligibility.instants import Duration
from eligibility.intervals import ANYTHING, Interval, hull, subtract
from eligibility.logic import Truth
from eligibility.vocabulary import Concept, Vocabulary

OLDEST = 24_400  # months: birth dates reach back to the year 1


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a trial, with how old its current values may be. `alone` leaves the trial out of the keys, so that two
    trials can be compared criterion by criterion as if they asked in one."""

    trial: str
    values: tuple[int, int] | None = None
    alone: bool = False

    @property
    def name(self) -> str:
        """The trial that answers, attestations and milestones belong to."""
        return "" if self.alone else self.trial


@dataclass(frozen=True, slots=True)
class Stream:
    """Observations that are chosen from together: of a quantity or a class, or the changes of a quantity."""

    concept: Concept
    kind: str  # "value", "class", "rise" or "fall"
    values: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """One number out of a stream. `kind` is "value", "upper" or "lower" (in multiples of that limit), or "change"."""

    stream: Stream
    kind: str
    selection: rules.Selection
    stretch: Stretch
    over: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Within:
    """Whether something was there, or began (`is_onset`), in a window that is measured from another event."""

    concept: Concept
    stretch: Stretch
    is_onset: bool


Key = Pick | Within | tuple[object, ...]
Statement = tuple[Asker, rules.Rule]


def pick_of(asker: Asker, leaf: rules.Measured | rules.Changed) -> Pick:
    """The key of a measurement or a change."""
    values = (
        asker.values if leaf.concept.formula is not None else None
    )  # where values count longer, it is another series
    if isinstance(leaf, rules.Changed):
        stream = Stream(leaf.concept, "rise" if leaf.rise else "fall", values)
        over = (leaf.over.months, leaf.over.exact)
        return Pick(stream, "change", "highest", stretch_of(leaf.window, asker.name), over)
    return Pick(Stream(leaf.concept, "value", values), "value", leaf.selection, _stretch(asker, leaf))


def limit_pick(asker: Asker, atom: rules.LimitComparison) -> Pick:
    """The key of a measurement in multiples of its limit of normal."""
    stream = Stream(atom.concept, "value")
    return Pick(stream, "upper" if atom.upper else "lower", atom.selection, _stretch(asker, atom))


def class_pick(asker: Asker, atom: rules.InClass) -> Pick:
    """The key of an observed class."""
    return Pick(Stream(atom.concept, "class"), "value", atom.selection, _stretch(asker, atom))


def _stretch(asker: Asker, asked: rules.Measured | rules.LimitComparison | rules.InClass) -> Stretch:
    if asked.window is None and asked.selection == "latest":
        return current_stretch(asked.concept, Duration("", *asker.values) if asker.values else None)
    return stretch_of(asked.window, asker.name)


def number_key(asker: Asker, number: rules.Expression) -> Key:
    """The key of what a comparison compares."""
    if isinstance(number, rules.Measured | rules.Changed):
        return pick_of(asker, number)
    leaves = tuple(
        pick_of(asker, leaf) if isinstance(leaf, rules.Measured | rules.Changed) else leaf
        for leaf in rules.leaves(number)
    )
    return ("computed", number, leaves)


def variable_key(pick: Pick) -> tuple[object, ...]:
    """Picks that are the same number for every patient share a key: the newest observation is one, whatever the window."""
    if pick.selection == "latest" and pick.stretch.ends_now and pick.kind != "change":
        return (pick.kind, pick.stream, "latest")
    return (pick.kind, pick.stream, pick.selection, pick.stretch, pick.over)


def line_of(key: Key) -> object:
    """What shares one line of numbers, so that one can be above the other."""
    if isinstance(key, Pick):
        return (key.stream, "ratio" if key.kind in ("upper", "lower") else key.kind)
    return key


def judgement_key(asker: Asker, atom: rules.Judged) -> tuple[object, ...]:
    """A judgement is answered under the address of its criterion; another question is another judgement."""
    return ("judged", "" if asker.alone else atom.address.casefold(), " ".join(atom.text.split()).casefold())


def age_edges(bound: rules.Bound) -> tuple[int, ...]:
    """The first month at which the outcome changes."""
    months = bound.months or 0
    if bound.operator in (">=", "<"):
        return (months,)
    return (months + (1 if bound.counts_months else 12),)


def possible_on(line: object, vocabulary: Vocabulary) -> Interval:
    """The numbers that something can be."""
    match line:
        case (Stream(concept=concept), "value"):
            return possible_of(concept, vocabulary)
        case (Stream(), "ratio"):
            return Interval(0.0, ANYTHING.high, False, True)
        case (Stream(concept=concept), "change"):
            possible = possible_of(concept, vocabulary)
            return subtract(possible, possible)
        case ("computed", number, _):
            return computed_range(number, vocabulary)  # type: ignore[arg-type]  # the second part of such a key is an expression
        case _:
            return ANYTHING


def possible_of(concept: Concept, vocabulary: Vocabulary) -> Interval:
    """What a quantity can be, brought or computed."""
    if concept.formula is None:
        return concept.possible
    computed = computed_range(check_formula(vocabulary, concept).expression, vocabulary)
    return hull((computed, concept.possible))


def computed_range(number: rules.Expression, vocabulary: Vocabulary) -> Interval:
    def leaf(expression: rules.Age | rules.Measured | rules.Changed | rules.InClass) -> Interval | Truth:
        match expression:
            case rules.Age():
                return Interval(0.0, float(OLDEST))
            case rules.Measured(concept=concept):
                return possible_of(concept, vocabulary)
            case rules.Changed(concept=concept):
                return subtract(possible_of(concept, vocabulary), possible_of(concept, vocabulary))
            case rules.InClass():
                return Truth.UNKNOWN
            case _:
                assert_never(expression)

    return series.evaluate(number, leaf)
