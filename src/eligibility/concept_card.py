"""A concept goes in; all that is declared of it comes out, as names and texts for people."""

from __future__ import annotations

from collections.abc import Iterator

from eligibility.concepts import Concept
from eligibility.intervals import INFINITY, Interval
from eligibility.vocabulary import Vocabulary
from eligibility.wording import region

_SYSTEMS = {"loinc": "LOINC", "snomed": "SNOMED CT", "icd10": "ICD-10"}


def describe(concept: Concept, words: Vocabulary) -> Iterator[tuple[str, str]]:
    """What is declared of a concept, as names and texts."""
    yield "kind", concept.kind
    yield "about", concept.about
    if concept.synonyms:
        yield "also", ", ".join(concept.synonyms)
    if concept.kind == "quantity":
        yield "unit", "none" if concept.unit == "1" else concept.unit
        bare = {None: "refused", "1": "as it is"}.get(concept.bare, f"read as {concept.bare}")
        yield "bare number", bare
        yield "possible", _limits(concept.possible, concept.unit)
        if concept.plausible:
            yield "plausible", _limits(concept.plausible, concept.unit)
    if concept.values:
        yield "values", ", ".join(concept.values)
    if concept.kind in ("quantity", "class"):
        yield "current for", concept.current_for.text if concept.current_for else "no limit"
    if concept.formula:
        yield "formula", " ".join(concept.formula.split())
        yield "formula from", concept.formula_source or ""
    if concept.includes:
        yield "includes", ", ".join(words.parts(concept.name))
    if wholes := words.wholes(concept.name):
        yield "is a", ", ".join(wholes)
    if concept.acute_for:
        yield "acute for", concept.acute_for.text
    if concept.has_limited_applicability:
        yield "applies to", f"{concept.applies_to_sex or 'everyone'}, from {concept.applies_from_months // 12} years"
    if concept.is_occurrence:
        yield "problem list", "would name it" if concept.on_problem_list else "would not name it"
    for system, codes in concept.codes.items():
        yield _SYSTEMS.get(system, system), ", ".join(codes)
    yield "source", concept.source


def _limits(x: Interval, unit: str) -> str:
    if x.low == -INFINITY and x.high == INFINITY:
        return "any"
    return "0 and above" if x.high == INFINITY and x.low == 0 else region(x, unit)
