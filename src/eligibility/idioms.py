"""A diagnostic goes in; where its line holds a turn of phrase that the language writes another way, a better one comes out."""

from __future__ import annotations

import re
from dataclasses import replace

from eligibility.errors import Diagnostic
from eligibility.phrases import IDIOMS, UNDECLARED, Idiom
from eligibility.source import Span
from eligibility.tellings import Said, short
from eligibility.vocabulary import Vocabulary

_OF_A_NAME_ALONE = ("E421", "E452")
_OF_THE_TRIAL = re.compile(r"\s*(?:trial|registry|values)\b", re.IGNORECASE)  # these lines hold no formula
REACH = 240  # characters of the line on both sides of the error


def meant(diagnostic: Diagnostic, vocabulary: Vocabulary) -> Diagnostic:
    """The diagnostic, or a better one where a known turn of phrase touches its place."""
    source = diagnostic.source
    number, column = source.position(diagnostic.span.start)
    line = masked(source.line(number))
    offset = diagnostic.span.start - (column - 1)
    start, end = column - 1, column - 1 + max(1, diagnostic.span.end - diagnostic.span.start)
    base = max(0, start - REACH)
    window = line[base : min(end, start + REACH) + REACH]
    after = end + 2 if diagnostic.code in _OF_A_NAME_ALONE else end  # what follows the name is what is wrong
    for idiom in (*_names_with_connectives(window, vocabulary), *IDIOMS):
        if (idiom.only and diagnostic.code not in idiom.only) or (_OF_THE_TRIAL.match(line) and not idiom.only):
            continue
        for match in idiom.pattern.finditer(window):
            if base + match.start() >= after or base + match.end() + 1 < start:
                continue
            told = idiom.tell(match, vocabulary)
            if told is not None:
                first, last = match.span("said") if "said" in match.re.groupindex else match.span()
                place = Span(offset + base + first, offset + base + max(last, first + 1))
                code = diagnostic.code if idiom.only else idiom.code
                return replace(diagnostic, code=code, message=told[0], span=place, help=told[1])
    return diagnostic


def masked(line: str) -> str:
    """A line of the source without what stands in quotation marks, in backticks and behind `#`, every character in place."""
    line = re.sub(
        r'"(?:[^"\\]|\\.)*"|`[^`]*`', lambda match: match[0][0] + "_" * (len(match[0]) - 2) + match[0][0], line
    )
    return re.sub(r"#.*", lambda match: " " * len(match[0]), line).replace("\t", " ").replace("\u00a0", " ")


def _names_with_connectives(window: str, vocabulary: Vocabulary) -> list[Idiom]:
    """Declared names that hold `and`, `or` and the like, and stand here without their backticks."""
    folded = " ".join(window.casefold().split())
    return [
        Idiom(re.compile(r"\s+".join(map(re.escape, name.split())), re.IGNORECASE), _in_backticks, UNDECLARED)
        for name in vocabulary.names_for_backticks
        if name.casefold() in folded
    ]


def _in_backticks(match: re.Match[str], vocabulary: Vocabulary) -> Said:
    word = re.search(r"\b(?:and|or|not|then|unless)\b", match[0], re.IGNORECASE)
    return (
        f"the name `{short(match[0])}` holds `{word[0] if word else 'or'}`",
        f"set it in backticks: `` `{short(match[0])}` ``",
    )
