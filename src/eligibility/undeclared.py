"""A name that nothing has goes in; what its author may have meant comes out, where something gives it away.

Nothing is offered that would leave out a part of what was written: `no stroke`, `severe stroke` and `stroke und sepsis` all
look like `stroke`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from eligibility.concepts import key_of
from eligibility.errors import did_you_mean
from eligibility.vocabulary import Concept, Vocabulary

MOST_WORDS = 24
_VERY_LIKE = 0.88  # the ratio of difflib: one letter in eight

_OF_ANYTHING = (
    "positive",
    "negative",
    "present",
    "absent",
    "normal",
    "low",
    "high",
    "mild",
    "moderate",
    "severe",
    "none",
)


@dataclass(frozen=True)
class Guess:
    """What to say of a name: a message where there is a better one than that it is not declared, and what to try."""

    message: str | None
    help: str


def guess(name: str, vocabulary: Vocabulary) -> Guess:
    """The best that is known of an undeclared name."""
    words = name.split()
    if len(words) <= MOST_WORDS:
        for look in (_misspelled, _value, _turned_round, _joined, _part):
            found = look(name, words, vocabulary)
            if found is not None:
                return found
    near = did_you_mean(vocabulary.nearest(name))
    if near is None and "/" in name:
        near = "write spaces around `/` to divide; the vocabulary lists what is declared"
    return Guess(None, near or "declare it in a vocabulary file, or look for its name with `eligibility vocabulary`")


def _misspelled(name: str, words: list[str], vocabulary: Vocabulary) -> Guess | None:
    """`malignant tumour`: of as many words as a declared name, and very like it."""
    near = [known for known in vocabulary.nearest(name) if len(known.split()) == len(words)]
    best = max((SequenceMatcher(None, name.casefold(), known.casefold()).ratio() for known in near), default=0.0)
    hint = did_you_mean(near) if best >= _VERY_LIKE else None
    return Guess(None, hint) if hint is not None else None


def _value(name: str, words: list[str], vocabulary: Vocabulary) -> Guess | None:
    """`female` is a value of one class."""
    key = key_of(name)
    of = [concept for concept in vocabulary if concept.kind == "class" and key in concept.value_ranks]
    if len(of) != 1 or len(name) < 3 or name.casefold() in _OF_ANYTHING:
        return None
    return Guess(f"`{name}` is a value of `{of[0].name}`, not a statement", f"write `{of[0].name} is {name}`")


def _turned_round(name: str, words: list[str], vocabulary: Vocabulary) -> Guess | None:
    """`ARDS onset`, `malignancy ever`."""
    forms = {"onset": "onset of", "history": "history of", "ever": "history of", "previously": "history of"}
    form = forms.get(words[-1].casefold()) if len(words) > 1 else None
    concept = vocabulary.find(" ".join(words[:-1])) if form else None
    if form is None or concept is None or not concept.is_occurrence:
        return None
    return Guess(f"`{words[-1]}` does not stand behind a name", f"write `{form} {' '.join(words[:-1])}`")


def _joined(name: str, words: list[str], vocabulary: Vocabulary) -> Guess | None:
    """`stroke/malignancy`, `stroke und malignancy`: two names, and what joins them is no word of the language."""
    parts = name.split("/")
    if len(parts) > 1 and all(_statement(vocabulary.find(part.strip())) for part in parts):
        both = " or ".join(part.strip() for part in parts)
        return Guess(f"`/` joins no names: `{name}`", f"write `{both}`, or with `and`, as the protocol says")
    if len(parts) > 1 and all(_number(vocabulary.find(part.strip())) for part in parts):
        return Guess(
            f"`/` joins no names: `{name}`",
            "compare each, joined by `and` or `or`; to divide one by the other, write spaces around `/`",
        )
    for first in range(1, len(words)):
        before, behind = " ".join(words[:first]), " ".join(words[first:])
        if vocabulary.find(before) is not None and vocabulary.find(behind) is not None:
            return Guess(
                f"nothing joins the names in `{name}`", f"write `and` or `or` between `{before}` and `{behind}`"
            )
    for first in range(1, len(words) - 1):
        before, behind = " ".join(words[:first]), " ".join(words[first + 1 :])
        if vocabulary.find(before) is not None and vocabulary.find(behind) is not None:
            return Guess(
                f"`{words[first]}` is no word of this language, and joins nothing",
                f"join `{before}` and `{behind}` with `and` or `or`",
            )
    return None


def _statement(concept: Concept | None) -> bool:
    return concept is not None and (concept.is_occurrence or concept.kind == "attestation")


def _number(concept: Concept | None) -> bool:
    return concept is not None and concept.kind == "quantity"


def _part(name: str, words: list[str], vocabulary: Vocabulary) -> Guess | None:
    """`current malignancy`: a declared name with more around it."""
    for count in range(len(words) - 1, 0, -1):
        for first in range(len(words) - count + 1):
            part = " ".join(words[first : first + count])
            concept = vocabulary.find(re.sub(r"^(?:history|onset) of ", "", part, flags=re.IGNORECASE))
            if concept is not None:
                other = " ".join([*words[:first], *words[first + count :]])
                return Guess(None, f"`{part}` is declared, without `{other}`; write it alone only if it means the same")
    return None
