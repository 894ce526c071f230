"""A text and an offset go in; what can be written there comes out: names, units, class values, keywords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from eligibility.concept_words import usual_units
from eligibility.fixes import value_text
from eligibility.language_server.positions import Positions
from eligibility.language_server.words import LONGEST_LINE, Word, class_of, measured, words_of
from eligibility.source import Span
from eligibility.vocabulary import Concept, Kind, Vocabulary

MOST_ITEMS = 200
_LONGEST_BEGUN = 300  # characters of a name that is being typed
_INDENT = 4  # of what stands inside of a criterion

ItemKind = Literal["concept", "class value", "unit", "keyword"]
_OCCURRENCES: tuple[Kind, ...] = ("condition", "event")
_TIME_UNITS = ("hours", "days", "weeks", "months", "years", "minutes")
_BLOCKS = ("all of:", "any of:", "none of:", "at least 2 of:", "at most 1 of:", "exactly 1 of:")
_BEGINNINGS = (
    "not", "no", "history of", "onset of", "time since onset of", "highest", "lowest", "first", "latest", "rise in", "fall in",
    'judgement ""', "min()", "max()", "ln()", "exp()", "if",
)  # fmt: skip
_JOINS = ("and", "or", "unless", "within", "then")


@dataclass(frozen=True)
class Item:
    """One completion: what is shown, what it replaces, and what is written there."""

    label: str
    kind: ItemKind
    detail: str
    text: str
    span: Span
    about: str = ""


@dataclass(frozen=True)
class Completion:
    """The items, best first; not all of them where there are very many."""

    items: tuple[Item, ...]
    complete: bool


def complete(positions: Positions, offset: int, vocabulary: Vocabulary) -> Completion:
    """What can stand at an offset. Nothing inside of comments and of texts in quotation marks."""
    number, _ = positions.position(offset)
    start = positions.start(number)
    line = positions.line(number)[: offset - start]
    if len(line) > LONGEST_LINE:
        return Completion((), True)
    words = words_of(line, vocabulary)
    if words and (words[-1].kind == "comment" or (words[-1].kind == "string" and _is_open(words[-1].text))):
        return Completion((), True)
    found: list[Item] = []
    for item in _items(line, words, start, offset, vocabulary):
        found.append(item)
        if len(found) > MOST_ITEMS:
            return Completion(tuple(found[:MOST_ITEMS]), False)
    return Completion(tuple(found), True)


def _is_open(text: str) -> bool:
    return len(text) < 2 or not re.fullmatch(r'"(?:[^"\\]|\\.)*"', text)


def _items(line: str, words: list[Word], start: int, offset: int, vocabulary: Vocabulary) -> Iterator[Item]:
    typed = re.search(r"[^\s(),<>=!≤≥≠\"#`]*$", line)
    begun = typed[0] if typed else ""
    here = Span(offset - len(begun), offset)
    before = line[: len(line) - len(begun)]
    said = " ".join(before.casefold().split())
    if not before.strip():
        yield from _line_heads(line, offset)
        if len(before) < _INDENT:
            return  # a head or a criterion begins here, and no formula
    body = re.match(r'\s*(?:[\w.]+\s*"(?:[^"\\]|\\.)*"\s*:\s*|-\s+)?', line)
    rest = line[body.end() :] if body else line
    yield from _keywords([head for head in _BLOCKS if _fits(head, rest)], line, offset)
    earlier = words_of(before, vocabulary)
    if concept := class_of(earlier):
        for value in concept.values:
            if _fits(value, begun):
                yield Item(value, "class value", concept.name, value_text(value), here)
        return
    if earlier and earlier[-1].kind == "number" and not earlier[-1].unit and before[-1:] in (" ", "\t"):
        yield from _units(earlier, said, begun, here, vocabulary)
        yield from _limits_of_normal(earlier, line, offset)
        return
    if re.search(r"(?:^|\s)(?:within|over|for at least|within the next)$", said):
        return  # a number comes first
    kinds: tuple[Kind, ...] | None = None
    if re.search(r"\b(?:before|after)(?: onset of)?$", said):
        kinds = ("milestone", *_OCCURRENCES)
    elif re.search(r"\b(?:history of|onset of)$", said):
        kinds = _OCCURRENCES
    elif re.search(r"\b(?:rise in|fall in)$", said):
        kinds = ("quantity",)
    elif re.search(r"\b(?:highest|lowest)$", said):
        kinds = ("quantity", "class")
    complete_before = bool(earlier) and earlier[-1].kind in ("name", "value", "number")
    if begun or not complete_before or kinds is not None or line[-1:] not in (" ", "\t"):
        yield from _names(line, start, offset, kinds, vocabulary)
    elif earlier[-1].kind == "name":  # a longer name that goes on
        yield from (item for item in _names(line, start, offset, kinds, vocabulary) if item.span.start < offset)
    if kinds is None:
        if complete_before and earlier[-1].kind == "name" and earlier[-1].concept is not None:
            yield from _keywords(_after(earlier[-1].concept), line, offset)
        yield from _keywords(_JOINS if complete_before else _BEGINNINGS, line, offset)


def _after(concept: Concept) -> tuple[str, ...]:
    """What stands behind a name of each kind."""
    match concept.kind:
        case "class":
            return ("is", "is not", "in ()", *((">=", "<=", ">", "<") if concept.ordered else ()))
        case "quantity" | "age":
            return (">=", "<=", ">", "<", "between")
        case "condition":
            return ("within", "for at least")
        case _:
            return ()


def _line_heads(line: str, offset: int) -> Iterator[Item]:
    if line[:1] in (" ", "\t"):
        yield from _keywords(('note ""', 'registry ""', 'values "30 days"'), line, offset)
    else:
        yield from _keywords(('trial ID "title"', "include:", "exclude:"), line, offset)


def _keywords(texts: Iterable[str], line: str, offset: int) -> Iterator[Item]:
    """The words of the language that go on from what is typed: `at le` is the beginning of `at least 2 of:`."""
    for text in texts:
        for count in range(min(len(text), len(line)), -1, -1):
            begun, before = line[len(line) - count :], line[: len(line) - count]
            if (not before or before[-1] in " \t(") and _fits(text, begun):
                yield Item(text, "keyword", "keyword", text, Span(offset - count, offset))
                break


def _fits(text: str, begun: str) -> bool:
    return text.casefold().startswith(begun.casefold())


def _units(words: list[Word], said: str, begun: str, here: Span, vocabulary: Vocabulary) -> Iterator[Item]:
    """The units of what a number is compared with; units of time in a window."""
    if re.search(r"(?:within|within the next|over|for at least) [\d.]+$", said) or "time since onset of" in said:
        for text in _TIME_UNITS:
            if _fits(text, begun):
                yield Item(text, "unit", "unit of time", text, here)
        return
    concept = measured(words, len(words) - 1)
    if concept is None:
        return
    if concept.kind == "age":
        for text in ("years", "months"):
            if _fits(text, begun):
                yield Item(text, "unit", concept.name, text, here)
        return
    for text, _ in usual_units(concept, vocabulary):
        shown = f"x {text}" if text.startswith("10^") else text
        if text != "1" and (_fits(text, begun) or _fits(shown, begun)):
            yield Item(shown, "unit", f"of {concept.name}", shown, here)


def _limits_of_normal(words: list[Word], line: str, offset: int) -> Iterator[Item]:
    concept = measured(words, len(words) - 1)
    if concept is not None and concept.kind == "quantity" and concept.formula is None and concept.possible.low >= 0:
        yield from _keywords(("x ULN", "x LLN"), line, offset)


def _names(
    line: str, start: int, offset: int, kinds: tuple[Kind, ...] | None, vocabulary: Vocabulary
) -> Iterator[Item]:  # fmt: skip
    """The declared names that go on from what is typed: the longest run of words that begins one of them."""
    ticked = re.search(r"`([^`]*)$", line)
    if ticked:
        candidates = [(offset - len(ticked[1]), ticked[1])]
    else:
        run = re.search(
            r"(?:[^\W_]+(?:[-/'][^\W_]*)*[ \t]+){0,9}(?:[^\W_]+(?:[-/'][^\W_]*)*)?$", line[-_LONGEST_BEGUN:]
        )
        text = run[0] if run else ""
        places = [0, *(match.end() for match in re.finditer(r"[ \t]+", text))]
        candidates = [(offset - len(text) + place, text[place:]) for place in dict.fromkeys(places)]
    for place, begun in candidates:
        key = " ".join(begun.casefold().split()) + (" " if begun[-1:].isspace() else "")
        if not key and (place, begun) != candidates[-1]:
            continue
        found = [
            (name, concept)
            for concept in vocabulary
            if kinds is None or concept.kind in kinds
            for name in (concept.name, *concept.synonyms)
            if name.casefold().startswith(key)
        ]
        if not found:
            continue
        for name, concept in sorted(found, key=lambda item: (item[0] != item[1].name, item[0].casefold())):
            detail = (
                concept.kind if concept.unit == "1" or concept.kind != "quantity" else f"{concept.kind}, {concept.unit}"
            )
            if name != concept.name:
                detail = f"{detail}: {concept.name}"
            bare = ticked is not None or _is_bare(name, vocabulary)
            yield Item(name, "concept", detail, name if bare else f"`{name}`", Span(place, offset), concept.about)
        return


def _is_bare(name: str, vocabulary: Vocabulary) -> bool:
    """Can a name stand without backticks?"""
    word = r"[^\W_]+(?:[-/'][^\W_]+)*"
    plain = re.fullmatch(rf"{word}(?: {word})*", name) is not None
    return plain and not name.isdigit() and name not in vocabulary.names_for_backticks
