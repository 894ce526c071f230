"""The comparisons of a trial go in; those whose threshold no value can reach, or that look like another unit, come out.

A threshold outside of the plausible (or possible) range that would lie inside of it in another unit of the quantity is most
likely a slip: 442 mg/dL of creatinine is not survived, 442 umol/L is a common limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from eligibility import rules
from eligibility.analysis.cells import number_grid
from eligibility.analysis.finding import Finding, FindingKind
from eligibility.analysis.keys import possible_of
from eligibility.analysis.reasoner import Goal, Reasoner, Witness, asker_of
from eligibility.instants import time_unit
from eligibility.intervals import INFINITY, TOLERANCE, Interval
from eligibility.library import Trial
from eligibility.states import units_of
from eligibility.units import Unit
from eligibility.vocabulary import Concept, Vocabulary

OLDEST_PERSON = 150  # years


@dataclass(frozen=True)
class _Doubt:
    """What is odd about a threshold; `meant` is the number, in the canonical unit, that it is in another unit."""

    kind: FindingKind
    message: str
    meant: float | None = None


def threshold_findings(trial: Trial, at: datetime | None) -> Iterator[Finding]:
    """What is to be said of each threshold by itself, with a patient for whom it comes out as nobody will want it."""
    for criterion in trial.criteria:
        for atom in rules.atoms(criterion.rule):
            if isinstance(atom, rules.Comparison):
                for bound in atom.bounds:
                    doubt = _judge(atom, bound, trial.vocabulary)
                    if doubt is not None:
                        witness = _witness(trial, replace(atom, bounds=(bound,)), doubt, at)
                        yield Finding(
                            doubt.kind, (criterion.address,), doubt.message, witness, (atom.span,), trial.source
                        )


def _witness(trial: Trial, atom: rules.Comparison, doubt: _Doubt, at: datetime | None) -> Witness | None:
    """Somebody in whom what was written and what seems meant differ; where nothing seems meant, anybody in whom it is decided."""
    asker = asker_of(trial)
    written = [Goal(asker, atom, met) for met in (True, False)]
    if doubt.meant is None:
        return Reasoner([(asker, atom)], at, trial.vocabulary).show(*([goal] for goal in written))
    bound = replace(atom.bounds[0], low=doubt.meant, high=doubt.meant)
    meant = replace(atom, bounds=(bound,))
    reasoner = Reasoner([(asker, atom), (asker, meant)], at, trial.vocabulary)
    return reasoner.show(*([goal, Goal(asker, meant, not goal.met)] for goal in written))


def _judge(atom: rules.Comparison, bound: rules.Bound, vocabulary: Vocabulary) -> _Doubt | None:
    match atom.number:
        case rules.Age():
            if (bound.months or 0) > OLDEST_PERSON * 12:
                return _Doubt(
                    "outside the possible range",
                    f"`{bound.shown}` is more than the {OLDEST_PERSON} years that an age can be",
                )
            return None
        case rules.Measured(concept=concept):
            return _judge_measured(atom, concept, bound, vocabulary)
        case _:
            return None


def _judge_measured(
    atom: rules.Comparison, concept: Concept, bound: rules.Bound, vocabulary: Vocabulary
) -> _Doubt | None:
    possible = possible_of(concept, vocabulary)
    ends = abs(possible.low) < INFINITY and abs(possible.high) < INFINITY
    is_score = concept.unit == "1" and concept.plausible is None and ends  # a number of nature has a plausible range
    outside = _is_outside(bound, possible)
    implausible = _is_outside(bound, concept.plausible or possible)
    meant = _meant_unit(concept, bound, vocabulary) if implausible else None
    if meant is not None:
        text, factor, other = meant
        number = bound.shown.split(" ")[0]
        asked = bound.shown.partition(" ")[2]
        return _Doubt("unit slip", (
            f"`{bound.shown}` of {concept.name} is {_told(bound.low, concept)}, outside of what is "
            f"{'possible' if outside else 'plausible'} ({_range(concept.possible if outside else concept.plausible or possible, concept)}); "
            f"{f'{asked} and {text} differ' if asked else f'a number without a unit and one in {text} differ'} {factor}-fold: did you mean `{number} {text}`?"
        ), other)  # fmt: skip
    share = _meant_share(concept, bound) if implausible else None
    if share is not None:
        return _Doubt("unit slip", (
            f"`{bound.shown}` of {concept.name} is {_told(bound.low, concept)}, outside of what is "
            f"{'possible' if outside else 'plausible'} ({_range(concept.possible if outside else concept.plausible or possible, concept)}); "
            f"a share and a percentage differ 100-fold: did you mean `{share:g} %`?"
        ), share)  # fmt: skip
    if is_score:
        grid = number_grid([(bound.low, bound.high)], possible)
        cells = grid.where(bound.operator, bound.low, bound.high)
        if cells in (0, grid.full):
            outcome = "always holds" if cells else "never holds"
            return _Doubt(
                "score outside its bounds",
                f"{concept.name} runs from {_range(possible, concept)}, so `{bound.operator} {bound.shown}` {outcome}",
            )
    if outside:
        return _Doubt(
            "outside the possible range",
            f"{concept.name} is {_range(possible, concept)}, and `{bound.shown}` lies outside of that",
        )
    return None


def _is_outside(bound: rules.Bound, span: Interval) -> bool:
    low = span.low - TOLERANCE * abs(span.low) if span.low > -INFINITY else span.low
    high = span.high + TOLERANCE * abs(span.high) if span.high < INFINITY else span.high
    return bound.high < low or bound.low > high


def _meant_unit(concept: Concept, bound: rules.Bound, vocabulary: Vocabulary) -> tuple[str, str, float] | None:
    """Another unit of a quantity in which the number would be plausible, how many times the two differ, and the number."""
    if concept.measure is None or bound.months is not None:
        return None
    number, _, asked = bound.shown.partition(" ")
    value = Fraction(number)
    if not value:
        return None
    likely = concept.plausible or concept.possible
    if likely.high == INFINITY or (concept.plausible is None and concept.possible.low <= 0 and likely.high == INFINITY):
        return None
    middle = math.sqrt(max(likely.low, likely.high * 1e-4) * likely.high) if likely.high > 0 else 0.0
    found: list[tuple[float, str, float, float]] = []
    canonical = vocabulary.units.read(concept.unit)
    options = [(concept.unit, canonical)] if isinstance(canonical, Unit) else []
    converted = vocabulary.units.read("mmol/mol")  # HbA1c
    options += [("mmol/mol", converted)] if isinstance(converted, Unit) else []
    for text, unit in [*options, *units_of(concept, vocabulary)]:
        if text in (asked, "1") or (time_unit(text) and time_unit(text) == time_unit(asked or "?")):
            continue
        line = concept.measure.scale(unit)
        if line is None:
            continue
        other = float(line(value))
        if likely.low <= other <= likely.high and other > 0 and abs(bound.low) > 0:
            factor = max(other / bound.low, bound.low / other)
            if factor > 1.5:
                distance = abs(math.log(other / middle)) if middle > 0 else 0.0
                found.append((0.0 if text == concept.unit else 1.0 + distance, text, factor, other))
    if not found:
        return None
    _, text, factor, other = min(found)
    return text, f"{factor:.4g}", other


def _meant_share(concept: Concept, bound: rules.Bound) -> float | None:
    """The percentage that a number is as a share, where that would be plausible: 0.9 for 90 %."""
    likely = concept.plausible or concept.possible
    value = Fraction(bound.shown.partition(" ")[0]) * 100 if concept.unit == "%" else Fraction(0)
    return float(value) if 0 < value <= 100 and likely.low <= value <= likely.high else None


def _told(value: float, concept: Concept) -> str:
    return f"{value:.4g}" if concept.unit == "1" else f"{value:.4g} {concept.unit}"


def _range(span: Interval, concept: Concept) -> str:
    unit = "" if concept.unit == "1" else f" {concept.unit}"
    if span.high == INFINITY:
        return f"{span.low:g}{unit} and above"
    return f"{span.low:g} to {span.high:g}{unit}"
