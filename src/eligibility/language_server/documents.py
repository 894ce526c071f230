"""The text of an open file goes in; what is known of it comes out, computed once for each version: diagnostics, fixes, outline."""

from __future__ import annotations

from functools import cached_property

from eligibility.errors import Diagnostic
from eligibility.fixes import Fix, fixes
from eligibility.language_server.positions import Encoding, Positions
from eligibility.library import CheckedText, check_text
from eligibility.parser import parse_trial
from eligibility.printer import print_trial
from eligibility.source import Span
from eligibility.vocabulary import Vocabulary

MOST_SHOWN = 200  # diagnostics of one file


class Document:
    """One version of an open file. What takes time is computed when it is first asked for."""

    def __init__(self, text: str, name: str, vocabulary: Vocabulary, encoding: Encoding = "utf-16") -> None:
        self.text = text
        self.name = name
        self.vocabulary = vocabulary
        self.positions = Positions(text, encoding)
        self._mark = len(text) - len(text.removeprefix("\ufeff"))  # diagnostics count from behind it

    @cached_property
    def checked(self) -> CheckedText:
        """What the checker says; takes seconds for a file of a megabyte."""
        return check_text(self.text, vocabulary=self.vocabulary, name=self.name)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The first diagnostics of the file, in order."""
        return self.checked.diagnostics[:MOST_SHOWN]

    def shifted(self, span: Span) -> Span:
        """A span of the checker as a span of the text, which may begin with a byte order mark."""
        return Span(min(span.start + self._mark, len(self.text)), min(span.end + self._mark, len(self.text)))

    def place(self, span: Span) -> Span:
        """The span of a diagnostic, at least one character wide where there is one."""
        return self.shifted(Span(span.start, max(span.end, span.start + 1)))

    def fixes_at(self, span: Span) -> list[tuple[Diagnostic, Fix]]:
        """The ways to mend the diagnostics that touch a span."""
        found = []
        for diagnostic in self.diagnostics:
            place = self.place(diagnostic.span)
            if place.start <= span.end and span.start <= place.end:
                found += [(diagnostic, fix) for fix in fixes(diagnostic, self.vocabulary, self.checked.tree)]
        return found

    def formatted(self) -> tuple[Span, str] | None:
        """The part of the text that the formatter changes, and what stands there then; None where nothing changes or the
        text cannot be read as a whole."""
        tree, diagnostics = parse_trial(self.text, self.vocabulary, self.name)
        if tree is None or diagnostics:
            return None
        printed = print_trial(tree)
        if printed == self.text:
            return None
        start = 0
        most = min(len(printed), len(self.text))
        while start < most and printed[start] == self.text[start]:
            start += 1
        start = self.text.rfind("\n", 0, start) + 1  # whole lines: half of a line end is never replaced
        end = 0
        while end < most - start and printed[-1 - end] == self.text[-1 - end]:
            end += 1
        if self.text[len(self.text) - end - 1 : len(self.text) - end] == "\r":
            end = 0
        return Span(start, len(self.text) - end), printed[start : len(printed) - end]
