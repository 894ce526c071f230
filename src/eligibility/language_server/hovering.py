"""A text and an offset go in; what the word there means comes out, as Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from eligibility.concept_words import canonical, describe, in_other_units
from eligibility.language_server.positions import Positions
from eligibility.language_server.words import Word, measured, word_at, words_of
from eligibility.source import Span
from eligibility.vocabulary import Concept, Vocabulary
from eligibility.wording import region, with_unit

_CODE = {"formula", "unit"}


@dataclass(frozen=True)
class Hover:
    """Markdown, and the words that it is about."""

    text: str
    span: Span


def hover(positions: Positions, offset: int, vocabulary: Vocabulary) -> Hover | None:
    """What a name, a class value or a threshold means; None where there is nothing to say."""
    number, _ = positions.position(offset)
    start = positions.start(number)
    words = words_of(positions.line(number), vocabulary)
    index = word_at(words, offset - start)
    if index is None:
        return None
    word = words[index]
    span = Span(start + word.start, start + word.end)
    if word.kind == "name" and word.concept is not None:
        return Hover(card(word.concept, vocabulary), span)
    if word.kind == "value" and word.concept is not None:
        values = ", ".join(word.concept.values)
        order = "lowest first" if word.concept.ordered else "without an order"
        return Hover(f"**{_plain(word.text)}**: value of `{word.concept.name}`\n\n{values} ({order})", span)
    if word.kind == "number":
        told = _threshold(words, index, vocabulary)
        return Hover(told, span) if told else None
    return None


def card(concept: Concept, vocabulary: Vocabulary) -> str:
    """A concept as a card."""
    rows = dict(describe(concept, vocabulary))
    kind, about = rows.pop("kind"), rows.pop("about")
    lines = [f"**{_plain(concept.name)}** ({kind})", "", _plain(about), ""]
    lines += [f"- {name}: {f'`{value}`' if name in _CODE else _plain(value)}" for name, value in rows.items()]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text of a vocabulary inside of Markdown: what would be markup is shown as it is."""
    return "".join(f"\\{char}" if char in "\\*_[]<>`|#!" else char for char in " ".join(text.split()))


def _threshold(words: list[Word], index: int, vocabulary: Vocabulary) -> str | None:
    """A number in the other units of what it is a threshold of."""
    word, concept = words[index], measured(words, index)
    if concept is None or concept.kind != "quantity" or word.amount is None:
        return None
    own = canonical(concept, vocabulary, word.amount, word.unit)
    if own is None:
        return None
    shown = with_unit(word.text, word.unit or concept.bare or "")
    others = in_other_units(concept, vocabulary, word.amount, word.unit)
    lines = [f"**{shown}** of `{concept.name}`"]
    lines += ["", *[f"- {text}" for text in others]] if others else []
    if not concept.possible.low <= own <= concept.possible.high:
        lines += ["", f"Outside of what is possible: {region(concept.possible, concept.unit)}."]
    elif concept.plausible and not concept.plausible.low <= own <= concept.plausible.high:
        lines += ["", f"Outside of what is plausible: {region(concept.plausible, concept.unit)}."]
    return "\n".join(lines)
