"""A text goes in; the trial, its sections and its criteria come out, as far as it is typed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from eligibility.language_server.words import LONGEST_LINE
from eligibility.source import Span

MOST_SYMBOLS = 5_000

_TRIAL = re.compile(r'trial\s+(?P<id>[A-Za-z0-9][\w.-]*)(?:[ \t]+"(?P<title>(?:[^"\\\n]|\\.)*)"?)?', re.IGNORECASE)
_SECTION = re.compile(r"(?P<name>include|exclude)[ \t]*:", re.IGNORECASE)
_CRITERION = re.compile(r'[ \t]+(?P<id>[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*)[ \t]*"(?P<label>(?:[^"\\\n]|\\.)*)"?')


@dataclass
class Symbol:
    """One thing of the outline: `name` and `detail` to read, the span of all that belongs to it, and of its name alone."""

    kind: str  # "trial", "section" or "criterion"
    name: str
    detail: str
    span: Span
    own: Span
    children: list[Symbol] = field(default_factory=list)


def outline(text: str) -> list[Symbol]:
    """The outline of a file: the trial with its sections with their criteria; what has no parent stands by itself."""
    roots: list[Symbol] = []
    trial: Symbol | None = None
    section: Symbol | None = None
    criterion: Symbol | None = None
    start = count = 0
    for line in text.split("\n"):
        end = start + len(line.rstrip())
        if line.strip() and not line.lstrip().startswith("#"):
            made = _symbol(line, start, end)
            if made is not None:
                count += 1
                if count > MOST_SYMBOLS:
                    break
                if made.kind == "trial":
                    roots.append(made)
                    trial, section, criterion = made, None, None
                elif made.kind == "section":
                    (trial.children if trial else roots).append(made)
                    section, criterion = made, None
                else:
                    parent = section or trial
                    (parent.children if parent else roots).append(made)
                    criterion = made
            for symbol in (trial, section, criterion):
                if symbol is not None:
                    symbol.span = Span(symbol.span.start, end)
        start += len(line) + 1
    return roots


def _symbol(line: str, start: int, end: int) -> Symbol | None:
    if len(line) > LONGEST_LINE:
        return None
    whole = Span(start, end)
    if match := _TRIAL.match(line):
        return Symbol(
            "trial", match["id"], match["title"] or "", whole, Span(start + match.start("id"), start + match.end("id"))
        )
    if match := _SECTION.match(line):
        own = Span(start + match.start("name"), start + match.end("name"))
        return Symbol("section", match["name"].casefold(), "", whole, own)
    if match := _CRITERION.match(line):
        if match["id"].casefold() in ("registry", "values", "note", "judgement", "judgment"):
            return None
        own = Span(start + match.start("id"), start + match.end("id"))
        return Symbol("criterion", match["id"], match["label"], Span(own.start, end), own)
    return None
