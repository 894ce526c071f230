"""Offsets in a text go in, positions of the Language Server Protocol come out, and the other way round.

A position is a line and a character, both from 0, the character counted in the units that client and server agreed upon:
UTF-16 unless they did. Lines end at `\\n`, `\\r\\n` or `\\r`, as the protocol says, and nowhere else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Literal

from eligibility.source import Span

Encoding = Literal["utf-8", "utf-16", "utf-32"]
Position = tuple[int, int]

_LINE_END = re.compile(r"\r\n|\n|\r")


class Positions:
    """The lines of one text. Positions outside of it are led to its nearest place; nothing raises."""

    def __init__(self, text: str, encoding: Encoding = "utf-16") -> None:
        self.text = text
        self._encoding = encoding

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    @cached_property
    def _ends(self) -> list[int]:
        return [*(match.start() for match in _LINE_END.finditer(self.text)), len(self.text)]

    @property
    def count(self) -> int:
        """How many lines there are; one at least."""
        return len(self._starts)

    def line(self, number: int) -> str:
        """A line without its end; empty where there is none of that number."""
        return self.text[self._starts[number] : self._ends[number]] if 0 <= number < self.count else ""

    def start(self, number: int) -> int:
        """The offset at which a line begins."""
        return self._starts[number] if 0 <= number < self.count else len(self.text)

    def position(self, offset: int) -> Position:
        """The position of an offset."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._starts, offset) - 1
        end = min(offset, self._ends[line])
        return line, self._units(self.text[self._starts[line] : end])

    def offset(self, line: int, character: int) -> int:
        """The offset of a position; one inside of a character is led to its beginning."""
        if line < 0:
            return 0
        if line >= self.count:
            return len(self.text)
        start, end = self._starts[line], self._ends[line]
        if self._encoding == "utf-32":
            return min(start + max(character, 0), end)
        used = 0
        for offset in range(start, end):
            used += self._width(self.text[offset])
            if used > character:
                return offset
        return end

    def range(self, span: Span) -> tuple[Position, Position]:
        """The two ends of a span."""
        return self.position(span.start), self.position(max(span.start, span.end))

    def _units(self, text: str) -> int:
        if self._encoding == "utf-32" or text.isascii():
            return len(text)
        return sum(self._width(char) for char in text)

    def _width(self, char: str) -> int:
        if self._encoding == "utf-16":
            return 2 if ord(char) > 0xFFFF else 1
        return len(char.encode("utf-8", "surrogatepass")) if self._encoding == "utf-8" else 1
