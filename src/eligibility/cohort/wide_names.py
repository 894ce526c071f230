"""The name of a column of a wide table goes in; what it is of comes out."""

from __future__ import annotations

from eligibility.cohort.reading import is_address
from eligibility.vocabulary import Concept, Vocabulary, key_of

Meaning = str | Concept | tuple[Concept, bool]
"""A concept; its upper (true) or lower limit; `as_of`, `birth_date`, or the address of a judgement."""

_LIMITS = {"upperlimit": True, "lowerlimit": False}


def meaning_of(vocabulary: Vocabulary, text: str) -> Meaning | None:
    """What a column is of; None for what is not known."""
    key = key_of(text)
    if key in ("asof", "birthdate"):
        return {"asof": "as_of", "birthdate": "birth_date"}[key]
    concept = vocabulary.find(text)
    if concept is not None:
        return concept
    for suffix, upper in _LIMITS.items():
        if key.endswith(suffix):
            concept = vocabulary.find(key[: -len(suffix)])
            if concept is not None and concept.kind == "quantity":
                return concept, upper
    return text.casefold() if is_address(text) else None
