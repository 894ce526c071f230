"""The text of a rule file goes in; the text as the grammar wants it comes out, every character at its old place.

Comments are blanked, lines that a connective or an open bracket continues are joined, declared names of several words
are fused into one word (U+E000 for each space), and everything that bounds the work on hostile text is refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eligibility.errors import Diagnostic
from eligibility.nodes import Comment
from eligibility.source import Source, Span
from eligibility.vocabulary import Vocabulary

LARGEST_FILE = 1_000_000
LONGEST_LINE = 2_000
LONGEST_FORMULA = 20_000
DEEPEST = 64
MOST_PROBLEMS = 100
MOST_LEVELS = DEEPEST + 16  # of indentation; the limit itself is judged on the tree

FUSED = "\ue000"
STUB = "\ue001"

_WORD = re.compile(r"[^\W_]+(?:[-/'][^\W_]+)*")
_STRUCTURE = re.compile(r'[ \t]*(?:[A-Za-z0-9.]+[ \t]*"|-[ \t]|(?:include|exclude)[ \t]*:|$)', re.IGNORECASE)
_CONTINUES = re.compile(r"[ \t]*(?:and|or|unless|then)\b(?![-/])", re.IGNORECASE)
_CONTINUED = re.compile(r"(?:^|[\s(])(?:and|or|unless|then|not)[ \t]*$", re.IGNORECASE)


@dataclass
class Layout:
    """The prepared text, the comments taken out of it, and what was wrong."""

    text: str
    comments: list[Comment]
    diagnostics: list[Diagnostic]


def lay_out(source: Source, vocabulary: Vocabulary) -> Layout:
    """Prepare a text for the grammar."""
    if refusal := _too_large(source):
        return Layout("", [], [refusal])
    problems: list[Diagnostic] = []
    chars = list(source.text)
    comments = _blank(source, chars, problems)
    _join(source, chars, problems)
    _refuse_depth(source, chars, problems)
    text = "".join(chars)
    return Layout(_fuse(text, vocabulary), comments, problems)


def _too_large(source: Source) -> Diagnostic | None:
    if len(source.text) > LARGEST_FILE:
        return Diagnostic(
            "E101", f"the file has {len(source.text):,} characters; a rule file may have {LARGEST_FILE:,}", Span(0, 0),
            source, "split the trials into files of their own",
        )  # fmt: skip
    start = 0
    for line in source.text.split("\n"):
        if len(line) > LONGEST_LINE:
            return Diagnostic(
                "E102", f"this line has {len(line):,} characters; a line may have {LONGEST_LINE:,}",
                Span(start, start + 1), source, "break it after `and` or `or`, or write a block",
            )  # fmt: skip
        start += len(line) + 1
    hidden = re.search(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", source.text)
    if hidden:
        return Diagnostic(
            "E103", f"the text holds an invisible character (U+{ord(hidden[0]):04X}) that may change how it reads",
            Span(hidden.start(), hidden.end()), source, "delete it and write the word anew",
        )  # fmt: skip
    bad = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ue000\ue001]", source.text)
    if bad:
        return Diagnostic(
            "E103", "the text holds a character that is no part of any writing", Span(bad.start(), bad.end()), source,
            "save the file as plain UTF-8 text",
        )  # fmt: skip
    return None


def _blank(source: Source, chars: list[str], problems: list[Diagnostic]) -> list[Comment]:
    """Blank comments and odd spaces in `chars`; report strings and backticks that do not end on their line."""
    comments: list[Comment] = []
    start = 0
    for line in source.text.split("\n"):
        index, seen = 0, False
        while index < len(line):
            char = line[index]
            place = start + index
            if char in '"`':
                end = _closing(line, index)
                if end < 0:
                    what = "this text in quotation marks" if char == '"' else "this name in backticks"
                    _add(problems, Diagnostic(
                        "E104", f"{what} does not end on its line", Span(place, start + len(line.rstrip())), source,
                        f"close it with `{char}`" if char == '"' else "close it with a backtick",
                    ))  # fmt: skip
                    chars[place : start + len(line)] = [STUB] * (len(line) - index)
                    break
                index = end + 1
                seen = True
                continue
            if char == "#":
                text = line[index:].rstrip()
                comments.append(Comment(text=text, own_line=not seen, span=Span(place, place + len(text))))
                chars[place : start + len(line)] = [" "] * (len(line) - index)
                break
            if char.isspace():
                if char == "\t" and not seen:
                    _add(problems, Diagnostic(
                        "E105", "a tab stands where the indentation of the line is measured", Span(place, place + 1),
                        source, "indent with spaces",
                    ))  # fmt: skip
                chars[place] = " "
            else:
                seen = True
            index += 1
        start += len(line) + 1
    return comments


def _add(problems: list[Diagnostic], found: Diagnostic) -> None:
    """One more problem, where there are not very many yet: what is wrong on every line is known by then."""
    if len(problems) < MOST_PROBLEMS:
        problems.append(found)


def _closing(line: str, start: int) -> int:
    index = start + 1
    while index < len(line):
        if line[index] == "\\" and line[start] == '"':
            index += 2
            continue
        if line[index] == line[start]:
            return index
        index += 1
    return -1


def _join(source: Source, chars: list[str], problems: list[Diagnostic]) -> None:
    """Join continued lines in `chars`; report brackets that do not close and formulas that are too deep or too long."""
    stack: list[int] = []
    formula_start = line_start = 0
    index = 0
    in_string = ""
    while index < len(chars):
        char = chars[index]
        if in_string:
            if char == "\\" and in_string == '"':
                index += 1
            elif char in (in_string, "\n"):
                in_string = "" if char == in_string else in_string
        elif char in '"`':
            in_string = char
        elif char == "(":
            stack.append(index)
            if len(stack) == DEEPEST + 1:
                problems.append(Diagnostic(
                    "E106", f"brackets are nested more than {DEEPEST} deep", Span(index, index + 1), source,
                    "write inner parts as blocks or criteria of their own",
                ))  # fmt: skip
        elif char == ")" and stack:
            stack.pop()
        elif char == "\n":
            in_string = ""
            end = source.text.find("\n", index + 1)
            following = "".join(chars[index + 1 : end if end >= 0 else len(chars)])
            structure = _STRUCTURE.match(following) is not None
            joins = (
                bool(stack) or _CONTINUES.match(following) or _CONTINUED.search(_last_word(chars, line_start, index))
            )
            if joins and not structure and index - formula_start < LONGEST_FORMULA:
                chars[index] = " "
            else:
                if stack:
                    _unclosed(source, stack, chars, index, problems)
                    stack.clear()
                formula_start = line_start = index
        index += 1
    if stack:
        _unclosed(source, stack, chars, len(chars), problems)


_LONGEST_CONNECTIVE = 8  # characters of `unless`, and what stands before it


def _last_word(chars: list[str], start: int, end: int) -> str:
    """The last word of a line with what stands before it; a line may be very long, and is asked for at each of its ends."""
    while end > start and chars[end - 1] in " \t":
        end -= 1
    return "".join(chars[max(start, end - _LONGEST_CONNECTIVE) : end]).lstrip("\n")


_OPERATION = re.compile(r"(?<=\s)[-+*/^−](?=[\s(])")
_NEGATION = re.compile(r"(?<![^\s(:])(?:not|no|if)(?=[\s(])", re.IGNORECASE)


def _refuse_depth(source: Source, chars: list[str], problems: list[Diagnostic]) -> None:
    """Cut off what would nest too deep behind the grammar: brackets, negations and long sums of one formula."""
    start = 0
    widths = [0]
    for line in "".join(chars).split("\n"):
        width = len(line) - len(line.lstrip(" "))
        while line.strip() and widths and width < widths[-1]:
            widths.pop()
        if line.strip() and (not widths or width > widths[-1]):
            widths.append(width)
        if len(widths) > MOST_LEVELS and line.strip():
            if len(widths) == MOST_LEVELS + 1 and not any(problem.code == "E108" for problem in problems):
                problems.append(Diagnostic(
                    "E108", f"blocks are nested more than {DEEPEST} deep", Span(start + width, start + len(line)), source,
                    "split the criterion",
                ))  # fmt: skip
            chars[start : start + len(line)] = [" "] * len(line)
            start += len(line) + 1
            continue
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', lambda match: " " * len(match[0]), line)
        depth, first, place = 0, 0, -1
        for match in re.finditer(r"[()]", bare):
            depth += 1 if match[0] == "(" else -1
            first = match.start() if depth == 1 and match[0] == "(" else first
            if depth > DEEPEST:
                place = first  # it was reported when the lines were joined
                break
        for pattern, what in ((_OPERATION, "operations"), (_NEGATION, "negations")):
            found = [match.start() for match in pattern.finditer(bare)]
            if len(found) > DEEPEST and place < 0:
                place = found[DEEPEST]
                problems.append(Diagnostic(
                    "E108", f"this formula has more than {DEEPEST} {what} in a row", Span(start + place, start + place + 1),
                    source, "split the criterion, or write blocks",
                ))  # fmt: skip
        if place >= 0:
            chars[start + place : start + len(line)] = [STUB] * (len(line) - place)
        start += len(line) + 1


def _unclosed(source: Source, stack: list[int], chars: list[str], end: int, problems: list[Diagnostic]) -> None:
    if len(stack) <= DEEPEST:
        problems.append(Diagnostic(
            "E107", "this bracket is never closed", Span(stack[-1], stack[-1] + 1), source, "close it with `)`",
        ))  # fmt: skip
    chars[stack[0] : end] = [STUB] * (end - stack[0])


def _fuse(text: str, vocabulary: Vocabulary) -> str:
    """Declared names of several words become one word, so that a keyword inside one is not taken for itself."""
    names = vocabulary.names_of_several_words
    pieces: list[str] = []
    for piece in re.split(r'("(?:[^"\\\n]|\\.)*"|`[^`\n]*`)', text):
        if piece[:1] in ('"', "`"):
            pieces.append(piece)
            continue
        chars = list(piece)
        words = [(match.group().casefold(), match.start(), match.end()) for match in _WORD.finditer(piece)]
        index = 0
        while index < len(words):
            for name in names.get(words[index][0], ()):
                last = index + len(name) - 1
                if last < len(words) and all(words[index + n][0] == word for n, word in enumerate(name)):
                    between = [piece[words[n][2] : words[n + 1][1]] for n in range(index, last)]
                    if all(gap.strip(" ") == "" for gap in between):
                        for n in range(index, last):
                            for place in range(words[n][2], words[n + 1][1]):
                                chars[place] = FUSED
                        index = last
                        break
            index += 1
        pieces.append("".join(chars))
    return "".join(pieces)
