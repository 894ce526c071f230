"""One line of a rule file goes in; its words come out: names of the vocabulary, numbers with units, signs, keywords.

Lexical on purpose: it works on a line that is half typed, where the grammar has nothing to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from eligibility.instants import time_unit
from eligibility.units import Unit
from eligibility.vocabulary import Concept, Vocabulary, key_of

LONGEST_LINE = 4_000  # characters: of a longer line nothing is said
MOST_WORDS = 10  # of one name
MOST_UNIT_WORDS = 4

_PIECE = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<comment>\#.*)|(?P<quoted>`[^`]*`?)'
    r"|(?P<number>(?<![\w.])[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?(?![\w.]*[-/][^\W\d]))"
    r"|(?P<word>[^\W_]+(?:[-/'][^\W_]+)*)|(?P<sign><=|>=|=<|=>|==|!=|<>|[-+*/^<>=≤≥≠()×,:!])"
)
KEYWORDS_BETWEEN = {"and", "or", "unless", "then", "if", "else", "not", "no"}

WordKind = Literal["string", "comment", "name", "value", "number", "word", "sign"]


@dataclass(frozen=True)
class Word:
    """A piece of a line, at offsets of the line. `concept` is the one that a name names, or whose value a value is;
    a number has its `amount` and, where one follows that can be read, its `unit` from `unit_start`."""

    kind: WordKind
    text: str
    start: int
    end: int
    concept: Concept | None = None
    amount: Fraction | None = None
    unit: str = ""
    unit_start: int = -1


def words_of(line: str, vocabulary: Vocabulary) -> list[Word]:
    """The words of a line, from left to right."""
    if len(line) > LONGEST_LINE:
        return []
    pieces = [(match.lastgroup or "", match[0], match.start(), match.end()) for match in _PIECE.finditer(line)]
    found: list[Word] = []
    index = 0
    while index < len(pieces):
        kind, text, start, end = pieces[index]
        index += 1
        if kind == "quoted":
            found.append(_named(Word("name", text, start, end, vocabulary.find(text.strip("`"))), found))
        elif kind == "number":
            unit, unit_start = _unit(line, end, vocabulary)
            end = unit_start + len(unit) if unit else end
            found.append(Word("number", text, start, end, amount=_amount(text), unit=unit, unit_start=unit_start))
            while index < len(pieces) and pieces[index][2] < end:
                index += 1
        elif kind == "word":
            word, index = _name(line, pieces, index - 1, vocabulary)
            found.append(_named(word, found))
        else:
            found.append(
                Word("string" if kind == "string" else "comment" if kind == "comment" else "sign", text, start, end)
            )
    return found


def _amount(text: str) -> Fraction | None:
    """The exact number, where it is one that something could be measured by."""
    try:
        amount = Fraction(text) if len(text) <= 40 else None
    except ValueError:
        return None
    fits = amount is not None and (not amount or 10**-30 <= abs(amount) <= 10**30)
    return amount if fits else None


def _name(
    line: str, pieces: list[tuple[str, str, int, int]], first: int, vocabulary: Vocabulary
) -> tuple[Word, int]:  # fmt: skip
    """The longest declared name that begins at a word, else the word alone."""
    start = pieces[first][2]
    last = first
    while last + 1 < len(pieces) and pieces[last + 1][0] in ("word", "number") and last - first < MOST_WORDS - 1:
        last += 1
    for end in range(last, first - 1, -1):
        text = line[start : pieces[end][3]]
        concept = vocabulary.find(" ".join(text.split()))
        if concept is not None:
            return Word("name", text, start, pieces[end][3], concept), end + 1
    return Word("word", pieces[first][1], start, pieces[first][3]), first + 1


def _named(word: Word, before: list[Word]) -> Word:
    """A word that is a value of the class whose comparison it stands in."""
    if word.concept is not None:
        return word
    concept = class_of(before)
    if concept is not None and rank_of(concept, word.text) is not None:
        return Word("value", word.text, word.start, word.end, concept)
    return word


def rank_of(concept: Concept, text: str) -> int | None:
    """The place of a value in the order of its class, as the author wrote it; None for what is none of its values."""
    return concept.value_ranks.get(key_of(text.strip("`")))


def class_of(before: list[Word]) -> Concept | None:
    """The class whose value stands behind these words: `NYHA class is`, `NYHA class in (III,`, `NYHA class >=`."""
    for index in range(len(before) - 1, -1, -1):
        word = before[index]
        if word.kind == "name":
            compared = before[index + 1 :]
            fits = compared and (compared[0].text.casefold() in ("is", "in") or compared[0].kind == "sign")
            return word.concept if fits and word.concept is not None and word.concept.kind == "class" else None
        if word.kind == "word" and word.text.casefold() in KEYWORDS_BETWEEN - {"not"}:
            return None
        if word.kind in ("string", "number"):
            return None
    return None


def _unit(line: str, place: int, vocabulary: Vocabulary) -> tuple[str, int]:
    """The longest text behind a number that is a unit, or a unit of time."""
    match = re.match(r"[ \t]*", line[place:])
    start = place + (match.end() if match else 0)
    words = list(re.finditer(r"[^\s(),<>=!≤≥≠\"#`]+", line[start:]))[:MOST_UNIT_WORDS]
    if not words or words[0].start():
        return "", -1
    for last in range(len(words) - 1, -1, -1):
        text = line[start : start + words[last].end()]
        if last and re.search(r"\s{2,}|[(),<>=]", text):
            continue
        if time_unit(text) is not None or isinstance(vocabulary.units.read(text), Unit):
            return text, start
    return "", -1


def measured(words: list[Word], index: int) -> Concept | None:
    """What a number at an index is a threshold of: the nearest name on its left within the comparison, else on its right."""
    between = any(word.text.casefold() == "between" for word in words[:index])
    for word in reversed(words[:index]):
        if word.kind == "name" and word.concept is not None and word.concept.kind in ("quantity", "age"):
            return word.concept
        if word.kind in ("string", "comment"):
            break
        if (
            word.kind == "word"
            and word.text.casefold() in KEYWORDS_BETWEEN
            and not (between and word.text.casefold() == "and")
        ):
            break
    for word in words[index + 1 :]:
        if word.kind == "name" and word.concept is not None:
            return word.concept if word.concept.kind in ("quantity", "age") else None
        if word.kind != "sign" and not (
            word.kind == "word" and word.text.casefold() in ("highest", "lowest", "first", "latest")
        ):
            return None
    return None


def word_at(words: list[Word], place: int) -> int | None:
    """The index of the word at an offset of the line, the one that ends there included."""
    for index, word in enumerate(words):
        if word.start <= place <= word.end and (
            place < word.end or index + 1 >= len(words) or words[index + 1].start > place
        ):
            return index
    return None
