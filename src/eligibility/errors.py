"""What can be wrong, and how it is told: the exception tree and the diagnostics of rule files.

EligibilityError
├── RuleError         rule text that does not compile; holds every Diagnostic
├── PatientError      patient data that cannot be read; holds every Problem
├── VocabularyError   a vocabulary file that does not hold together; holds every message
└── UsageError        a call with an argument that cannot be used (an unknown trial, a date for an instant)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Literal
from unicodedata import combining, normalize

from eligibility.source import Source, Span, visible

Severity = Literal["error", "warning"]


class EligibilityError(Exception):
    """Base of every error that this library raises on purpose. Its text is fit to be shown to a user."""


@dataclass(frozen=True)
class Related:
    """Another place of the same text that a diagnostic speaks of, such as the first of two twins."""

    message: str
    span: Span


@dataclass(frozen=True)
class Diagnostic:
    """One problem of a rule text: a stable code, a place, what is wrong, and what to try.

    `related` are the other places that belong to it, where two stand against each other.
    """

    code: str
    message: str
    span: Span
    source: Source
    help: str | None = None
    severity: Severity = "error"
    related: tuple[Related, ...] = ()

    @property
    def line(self) -> int:
        """Line of the first character, counted from 1."""
        return self.source.position(self.span.start)[0]

    @property
    def column(self) -> int:
        """Column of the first character, counted from 1."""
        return self.source.position(self.span.start)[1]

    @property
    def underlined(self) -> str:
        """The author's words that the diagnostic is about."""
        return self.source.words(self.span)

    def __str__(self) -> str:
        head = f"{self.source.name}:{self.line}:{self.column}: {self.severity}[{self.code}]: {visible(self.message)}"
        text = f"{head}\n{self.source.snippet(self.span)}"
        for other in self.related:
            text += f"\n{self.source.snippet(other.span, '-')} {other.message}"
        return f"{text}\n      = help: {visible(self.help)}" if self.help else text


class RuleError(EligibilityError):
    """Rule text that does not compile. `diagnostics` holds every problem found, in the order of the text."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n\n".join(str(diagnostic) for diagnostic in self.diagnostics))

    def __reduce__(self) -> tuple[type[RuleError], tuple[Sequence[Diagnostic]]]:
        return type(self), (self.diagnostics,)


@dataclass(frozen=True)
class Problem:
    """One reason why patient data cannot be used: the key as it was written, what is wrong there, and the name of the
    concept that the key stands for, where there is one."""

    key: str
    message: str
    concept: str | None = None

    def __str__(self) -> str:
        same = self.concept is None or self.concept.casefold() == self.key.casefold()
        return f"{self.key}: {self.message}" if same else f"{self.key} ({self.concept}): {self.message}"


class PatientError(EligibilityError):
    """Patient data that cannot be read. `problems` lists every bad key; values are not repeated beyond a short excerpt."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[PatientError], tuple[Sequence[Problem]]]:
        return type(self), (self.problems,)


class VocabularyError(EligibilityError):
    """Vocabulary files that do not hold together. `messages` lists every problem."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("\n".join(self.messages))

    def __reduce__(self) -> tuple[type[VocabularyError], tuple[Sequence[str]]]:
        return type(self), (self.messages,)


class UsageError(EligibilityError):
    """A call whose arguments cannot be used, such as the ID of a trial that is not there."""


_ALIKE, _SHORT_ALIKE = (
    0.6,
    0.72,
)  # the ratio of difflib from which two names look alike; of short ones, where chance is great
SHORT = 6  # characters
_WORSE = 0.12  # what is less alike than the best by so much is noise beside it


def excerpt(text: str, limit: int = 40) -> str:
    """A short piece of an offending name, unit or date, fit to be repeated in a message."""
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= limit else f"{text[:limit]}..."


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that look most like `name`, best first; text from outside is cut to a bounded length."""
    wanted = _plain(name[:80])
    without = dict.fromkeys(map(ord, wanted))
    by_folded: dict[str, str] = {}
    for candidate in known:
        folded = _plain(candidate)
        # of what they could share at best, the letters that the name does not have fall away: cheaper than to compare
        shared = min(len(folded) - len(folded.translate(without)), len(wanted))
        if 2 * shared >= _ALIKE * (len(folded) + len(wanted)):
            by_folded.setdefault(folded, candidate)
    if wanted in by_folded:
        return [by_folded[wanted]]
    close = get_close_matches(wanted, by_folded, n=count, cutoff=_ALIKE)
    alike = [(SequenceMatcher(None, match, wanted).ratio(), match) for match in close]
    best = max((ratio for ratio, _ in alike), default=0.0)
    return [by_folded[match] for ratio, match in alike if ratio >= best - _WORSE and _near(wanted, match, ratio)]


def _near(wanted: str, match: str, ratio: float) -> bool:
    """Are two names alike enough? Abbreviations are alike by chance: `IV` and `NIV`, `adults` and `ALT` are other things."""
    if len(wanted) > 3 and match.startswith(wanted):  # `XHNKKY` for `XHNKKY-DDSC`
        return True
    shorter = min(len(wanted), len(match))
    if shorter <= 4 and wanted != match:
        return shorter > 2 and abs(len(wanted) - len(match)) <= 1 and wanted[0] == match[0] and ratio >= _SHORT_ALIKE
    if not _words_alike(wanted, match):
        return False
    return (shorter > SHORT and wanted[0] == match[0]) or ratio >= _SHORT_ALIKE


def _words_alike(wanted: str, match: str) -> bool:
    """Is there for each word of a name a word of the other that looks like it? `HBsAg positive` is no `HIV test positive`."""
    words = match.split()
    return len(words) == 1 or all(
        any(SequenceMatcher(None, word, other).ratio() >= _ALIKE for other in words) for word in wanted.split()
    )


def _plain(name: str) -> str:
    """A name without regard to case and accents."""
    return "".join(char for char in normalize("NFKD", name.casefold()) if not combining(char))


def did_you_mean(names: Sequence[str]) -> str | None:
    """`did you mean ...?` for a list of nearest names, or None for an empty one."""
    if not names:
        return None
    quoted = [f"`{name}`" for name in names]
    return f"did you mean {quoted[0] if len(quoted) == 1 else ', '.join(quoted[:-1]) + ' or ' + quoted[-1]}?"
