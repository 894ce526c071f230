"""A number without its unit, or with one that does not fit, goes in; the units that its author may have meant come out.

They serve the messages alone: no unit is ever taken for granted.
"""

from __future__ import annotations

import re
from fractions import Fraction

from eligibility.errors import nearest
from eligibility.intervals import point
from eligibility.units import Scale, Unit
from eligibility.vocabulary import Concept, Vocabulary

_TRIED = ("mg/dL", "mmol/L", "umol/L", "g/dL", "g/L", "kPa", "mmHg", "10^9/L", "U/L", "%")


def units_of(vocabulary: Vocabulary, concept: Concept) -> list[str]:
    """Units in which laboratories report a quantity, its own first."""
    fitting = [text for text in _TRIED if text != concept.unit and line_of(vocabulary, concept, text)]
    return [str(concept.unit), *fitting]


def likely_units(vocabulary: Vocabulary, concept: Concept, value: Fraction, *, difference: bool) -> list[str]:
    """Those in which a value is a plausible one; all where it is plausible in none, or is a difference."""
    units = units_of(vocabulary, concept)
    plausible = concept.plausible
    if difference or plausible is None:
        return units
    lines = {unit: line_of(vocabulary, concept, unit) for unit in units}
    return [unit for unit, line in lines.items() if line and plausible.overlaps(point(line(value)))] or units


def of_a_multiple(unit: str | None) -> str | None:
    """What to write for `5 x ULM` or `1.5 x baseline`: multiples are of a limit of normal alone."""
    if not unit or not re.match(r"[x×] ?[^\W\d]", unit):
        return None
    if nearest(unit, ["x ULN", "x LLN"]):
        return "did you mean `x ULN` or `x LLN`?"
    return "multiples are of `ULN` or `LLN`; to compare two quantities, divide one by the other"


def line_of(vocabulary: Vocabulary, concept: Concept, text: str) -> Scale | None:
    """How a value in a unit becomes one in the unit of the quantity; None where it is no unit of it."""
    unit = vocabulary.units.read(text)
    return concept.measure.scale(unit) if concept.measure is not None and isinstance(unit, Unit) else None
