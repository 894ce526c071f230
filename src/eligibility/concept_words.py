"""A concept goes in; all that is declared of it comes out, as names and texts for people."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from eligibility.intervals import INFINITY, Interval
from eligibility.unit_hints import line_of
from eligibility.units import Scale, Unit
from eligibility.vocabulary import Concept, Vocabulary
from eligibility.wording import SYSTEMS, applicability, number, region, with_unit

# Spellings that laboratories and protocols use; those that fit a quantity are shown beside its own.
USUAL_UNITS = (
    "mg/dL", "mg/L", "g/dL", "g/L", "ug/L", "ng/mL", "pg/mL", "mmol/L", "umol/L", "nmol/L", "pmol/L", "mEq/L", "kPa", "mmHg",
    "cmH2O", "10^9/L", "10^12/L", "/uL", "U/L", "%", "degC", "degF", "kg", "g", "cm", "m", "L", "mL", "L/min", "mL/min",
    "mL/min/1.73m^2", "/min", "days", "hours", "minutes", "seconds", "mg/mmol", "mg/g", "copies/mL", "IU/mL",
)  # fmt: skip


def describe(concept: Concept, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """What is declared of a concept, in the order in which it matters to an author."""
    yield "kind", concept.kind
    yield "about", concept.about
    if concept.synonyms:
        yield "also", ", ".join(concept.synonyms)
    if concept.kind == "quantity":
        yield "unit", "none" if concept.unit == "1" else concept.unit
        others = [text for text, _ in usual_units(concept, vocabulary) if text != concept.unit]
        if others:
            yield "also in", ", ".join(others)
        yield "bare number", {None: "refused", "1": "as it is"}.get(concept.bare, f"read as {concept.bare}")
        yield "possible", _limits(concept.possible, concept.unit)
        if concept.plausible:
            yield "plausible", _limits(concept.plausible, concept.unit)
        if concept.assumed is not None:
            yield "assumed", f"{with_unit(number(concept.assumed), concept.unit)} where none is given"
    if concept.values:
        order = "lowest first" if concept.ordered else "without an order"
        yield "values", f"{', '.join(concept.values)} ({order})"
    if concept.none_when_absent:
        yield "value", f"{concept.values[0]} where {concept.none_when_absent} is absent"
    if concept.kind in ("quantity", "class"):
        yield "current for", concept.current_for.text if concept.current_for else "no limit"
    if concept.formula:
        yield "formula", " ".join(concept.formula.split())
        yield "formula from", concept.formula_source or ""
    if concept.includes:
        yield "includes", ", ".join(vocabulary.parts(concept.name))
    if wholes := vocabulary.wholes(concept.name):
        yield "is a", ", ".join(wholes)
    if concept.acute_for:
        yield "acute for", concept.acute_for.text
    if concept.has_limited_applicability:
        yield "applies to", applicability(concept)
    if concept.is_occurrence:
        yield "problem list", "would name it" if concept.on_problem_list else "would not name it"
    for system, codes in concept.codes.items():
        yield SYSTEMS.get(system, system), ", ".join(codes)
    yield "source", concept.source


def _limits(x: Interval, unit: str) -> str:
    if x.high == INFINITY:
        if x.low == -INFINITY:
            return "any"
        if x.low == 0:
            return "0 and above"
    return region(x, unit)


def usual_units(concept: Concept, vocabulary: Vocabulary) -> list[tuple[str, Scale]]:
    """The usual units in which a quantity is measured, its own first, with the exact line from each to its own."""
    found: dict[str, Scale] = {}
    for text in dict.fromkeys((concept.unit, *USUAL_UNITS)):
        line = line_of(vocabulary, concept, text)
        if line is not None:
            found[text] = line
    return list(found.items())


def in_other_units(concept: Concept, vocabulary: Vocabulary, amount: Fraction, unit: str) -> list[str]:
    """A value of a quantity in the other usual units: `5 mg/dL` of creatinine is `442 umol/L`."""
    unit = unit or (concept.bare or concept.unit)
    given, line = vocabulary.units.read(unit), line_of(vocabulary, concept, unit)
    if line is None or not isinstance(given, Unit):
        return []
    own = line.factor * amount + line.offset
    told = []
    for text, scale in usual_units(concept, vocabulary):
        other = vocabulary.units.read(text)
        if isinstance(other, Unit) and (other.factor, other.kind, other.offset) != (
            given.factor,
            given.kind,
            given.offset,
        ):
            value = float((own - scale.offset) / scale.factor)
            if text == concept.unit or not value or 1e-3 <= abs(value) < 1e5:  # nobody writes the others
                told.append(with_unit(number(value), text))
    return told


def canonical(concept: Concept, vocabulary: Vocabulary, amount: Fraction, unit: str) -> float | None:
    """A value of a quantity in its own unit, or None where it is never measured in that one."""
    line = line_of(vocabulary, concept, unit or (concept.bare or concept.unit))
    return line(amount) if line is not None else None
