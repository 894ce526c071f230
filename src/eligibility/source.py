"""Text with a name goes in; places in it (spans, lines, columns, underlined snippets) come out."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

# Controls of terminals, and what turns the direction of writing round: shown as what they are, not obeyed.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def visible(text: str) -> str:
    """A text whose controls and turns of direction are shown, not obeyed, by what it is printed on."""
    return _UNSEEN.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of character offsets in a source text."""

    start: int
    end: int


class Source:
    """A text with the name under which diagnostics speak of it."""

    def __init__(self, text: str, name: str = "<text>") -> None:
        self.text = text
        self.name = name

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Source) and (self.name, self.text) == (other.name, other.text))

    def __hash__(self) -> int:
        return hash((self.name, self.text))

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(index + 1 for index, char in enumerate(self.text) if char == "\n")]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self._line_starts, min(offset, len(self.text)))
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (counted from 1), without its end."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")

    def words(self, span: Span) -> str:
        """The words of the author at a span."""
        return self.text[span.start : span.end]

    def snippet(self, span: Span, mark: str = "^") -> str:
        """The line of a span with the span underlined by `mark`; a long line is cut around it."""
        number, column = self.position(span.start)
        text = visible(self.line(number).replace("\t", " "))
        length = max(1, min(span.end - span.start, len(text) - column + 1))
        if len(text) > 140:
            cut = max(0, min(column - 41, len(text) - 120))
            text, column = text[cut : cut + 120], column - cut
            length = max(1, min(length, len(text) - column + 1))
        margin = f"{number:>5} | "
        return f"{margin}{text}\n{' ' * (len(margin) - 2)}| {' ' * (column - 1)}{mark * length}"
