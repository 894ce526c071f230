"""Checked rules go in, JSON comes out, and back: what the cache and saved sets keep of compiled trials.

A concept is written as its name and found again in the vocabulary; a source as its number among the texts that were
compiled together, which are read anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from eligibility import rules
from eligibility.codec import Codec, Foreign, Json
from eligibility.concepts import Concept
from eligibility.errors import Diagnostic, Related
from eligibility.instants import Duration
from eligibility.source import Source, Span
from eligibility.units import Scale
from eligibility.vocabulary import Vocabulary

_EXPRESSIONS: tuple[type, ...] = get_args(rules.Expression)
_RULES: tuple[type, ...] = get_args(rules.Rule)
_PARTS = (
    rules.Anchor, rules.Window, rules.Bound, rules.Criterion, rules.Formula, Duration, Scale, Span, Diagnostic, Related,
)  # fmt: skip


def _names(classes: tuple[type, ...]) -> str:
    return " | ".join(found.__name__ for found in classes)


def _words(literal: object) -> str:
    return f"Literal[{', '.join(get_args(literal))}]"


_ALIASES = {
    "Expression": _names(_EXPRESSIONS),
    "Rule": _names(_RULES),
    "Operator": _words(rules.Operator),
    "Selection": _words(rules.Selection),
    "rules.Criterion": "Criterion",
    "Severity": 'Literal["error", "warning"]',
}


def rules_codec(vocabulary: Vocabulary, sources: Sequence[Source] = (), more: Sequence[type] = ()) -> Codec:
    """A codec of rules over a vocabulary; `more` are dataclasses that hold rules, the vocabulary, and these sources."""
    numbers = {id(source): number for number, source in enumerate(sources)}

    def name_of(concept: object) -> Json:
        name = cast("Concept", concept).name
        if vocabulary.concepts.get(name) is not concept:
            raise Foreign(f"`{name}` is of another vocabulary")
        return name

    def concept_of(value: Json) -> object:
        if type(value) is not str or value not in vocabulary.concepts:
            raise Foreign("a concept")
        return vocabulary.concepts[value]

    def number_of(source: object) -> Json:
        if id(source) not in numbers:
            raise Foreign("a source")
        return numbers[id(source)]

    def source_of(value: Json) -> object:
        if type(value) is not int or not 0 <= value < len(sources):
            raise Foreign("a source")
        return sources[value]

    return Codec(
        (*_EXPRESSIONS, *_RULES, *_PARTS, *more), _ALIASES,
        {
            Concept: (name_of, concept_of), Source: (number_of, source_of),
            Vocabulary: (lambda _: None, lambda _: vocabulary),
        },
    )  # fmt: skip
