"""A derived quantity goes in; its checked formula comes out, compiled once and kept with the vocabulary.

What reads rules reads formulas through this module alone, so that the parser is loaded only where one must be compiled.
"""

from __future__ import annotations

from eligibility.concepts import Concept
from eligibility.errors import RuleError, VocabularyError
from eligibility.rules import Formula
from eligibility.vocabulary import Vocabulary

__all__ = ["Formula", "check_formula", "keep_formulas", "prove_formulas", "proved_formulas"]

_PROVED = "\0proved"


def check_formula(vocabulary: Vocabulary, concept: Concept) -> Formula:
    """The checked formula of a derived quantity; kept with the vocabulary. Raises RuleError."""
    cached = vocabulary.formula_cache.get(concept.name)
    if isinstance(cached, Formula):
        return cached
    from eligibility.formula_compiler import compile_formula

    formula = compile_formula(vocabulary, concept)
    vocabulary.formula_cache[concept.name] = formula
    return formula


def prove_formulas(vocabulary: Vocabulary) -> None:
    """Check every formula of a vocabulary once. Raises VocabularyError with every problem, circles included."""
    if vocabulary.formula_cache.get(_PROVED):
        return
    messages: list[str] = []
    inputs: dict[str, tuple[str, ...]] = {}
    for concept in vocabulary:
        if concept.formula is None:
            continue
        try:
            inputs[concept.name] = tuple(source.name for source in check_formula(vocabulary, concept).inputs)
        except RuleError as error:
            messages += [f"concept `{concept.name}`: its formula: {diagnostic}" for diagnostic in error.diagnostics]
    for concept in vocabulary:
        if concept.sampled_with and concept.name in inputs and concept.sampled_with not in inputs[concept.name]:
            messages.append(
                f"concept `{concept.name}`: `sampled_with` names `{concept.sampled_with}`, which its formula does not need"
            )
    for name in inputs:
        waiting, seen = list(inputs[name]), set[str]()
        while waiting:
            current = waiting.pop()
            if current == name:
                messages.append(f"concept `{name}`: its formula needs `{name}` itself, directly or through others")
                break
            if current not in seen:
                seen.add(current)
                waiting += inputs.get(current, ())
    if messages:
        raise VocabularyError(messages)
    vocabulary.formula_cache[_PROVED] = True


def proved_formulas(vocabulary: Vocabulary) -> dict[str, Formula]:
    """Every formula of a vocabulary, proved, by the name of its concept. Raises VocabularyError."""
    prove_formulas(vocabulary)
    return {concept.name: check_formula(vocabulary, concept) for concept in vocabulary if concept.formula is not None}


def keep_formulas(vocabulary: Vocabulary, formulas: dict[str, Formula]) -> None:
    """Give a vocabulary its formulas, all of them, which were proved before."""
    vocabulary.formula_cache |= {**formulas, _PROVED: True}
