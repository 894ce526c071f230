"""A name or a class value at an offset goes in; where the vocabulary declares it comes out: file and place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eligibility.language_server.positions import Positions
from eligibility.language_server.words import rank_of, word_at, words_of
from eligibility.source import Span
from eligibility.vocabulary import Vocabulary

LARGEST_FILE = 4_000_000  # bytes of a vocabulary file that are looked through

_TABLE = re.compile(
    r'^[ \t]*\[concept\.(?:"(?P<quoted>(?:[^"\\\n]|\\.)*)"|(?P<bare>[A-Za-z0-9_-]+))\][^\n]*', re.MULTILINE
)
_NEXT = re.compile(r"^[ \t]*\[(?!concept\.)|^[ \t]*\[concept\.(?:\"[^\"\n]*\"|[A-Za-z0-9_-]+)\]", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """A place of a vocabulary file, with the text that it was found in."""

    path: Path
    text: str
    span: Span


class Declarations:
    """Where each concept is declared; a later file that restates one wins, as it does in the vocabulary."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._places: dict[str, Place] = {}
        for path in files:
            try:
                if path.stat().st_size > LARGEST_FILE:
                    continue
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue  # told when the vocabulary was loaded
            for match in _TABLE.finditer(text):
                name = match["bare"] or re.sub(r'\\(["\\])', r"\1", match["quoted"] or "")
                self._places[name] = Place(path, text, Span(match.start(), match.end()))

    def concept(self, name: str) -> Place | None:
        """The head of the table of a concept."""
        return self._places.get(name)

    def value(self, name: str, value: str) -> Place | None:
        """A value in the list of its class."""
        place = self._places.get(name)
        if place is None:
            return None
        following = _NEXT.search(place.text, place.span.end)
        end = following.start() if following else len(place.text)
        listed = re.compile(r"^[ \t]*values[ \t]*=[ \t]*\[[^\]]*\]", re.MULTILINE).search(
            place.text, place.span.end, end
        )
        found = re.compile(rf"[\"']{re.escape(value)}[\"']").search(listed[0]) if listed else None
        if listed is None or found is None:
            return place
        start = listed.start() + found.start()
        return Place(place.path, place.text, Span(start, start + len(found[0])))


def definition(positions: Positions, offset: int, vocabulary: Vocabulary, declared: Declarations) -> Place | None:
    """Where the word at an offset is declared."""
    number, _ = positions.position(offset)
    words = words_of(positions.line(number), vocabulary)
    index = word_at(words, offset - positions.start(number))
    word = words[index] if index is not None else None
    if word is None or word.concept is None:
        return None
    if word.kind == "value":
        rank = rank_of(word.concept, word.text)
        return declared.value(word.concept.name, word.concept.values[rank] if rank is not None else word.text)
    return declared.concept(word.concept.name)
