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
MOST_LINES = 10_000
MOST_WORDS = 40_000  # and signs, outside of comments and quotation marks
LONGEST_LINE = 2_000
LONGEST_FORMULA = 20_000
DEEPEST = 64
MOST_LEVELS = DEEPEST + 16  # of indentation; the limit itself is judged on the tree
MOST_ERRORS = 100  # of one file; more of them help nobody

FUSED = "\ue000"
STUB = "\ue001"

_HIDDEN = re.compile(
    "[\x85\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_NO_WRITING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000\ue001]|\r(?!\n)")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|["`#]|[^\S ]|[\u2019\u02bc\u2010\u2011]')
_QUOTED_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[()]')
_WORD_OR_SIGN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\w+|[^\w\s]')
_TYPOGRAPHIC = {"\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-"}

_WORD = re.compile(r"[^\W_]+(?:[-/'][^\W_]+)*")
_STRUCTURE = re.compile(r'[ ]*(?:(?!judge?ment\b)[A-Za-z0-9.]+[ ]*"|-[ ]|(?:include|exclude)[ ]*:|$)', re.IGNORECASE)
_CONTINUES = re.compile(r"[ ]*(?:and|or|unless|then)\b(?![-/])", re.IGNORECASE)
_CONTINUED = re.compile(r"(?:^|[\s(])(?:and|or|unless|then|not)[ ]*$", re.IGNORECASE)
_OPERATION = re.compile(r"(?<=\s)[-+*/^−](?=[\s(])")
_NEGATION = re.compile(r"(?<![^\s(:])(?:not|no|if)(?=[\s(])", re.IGNORECASE)


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
    if refusal := _too_many_words(source, "".join(chars)) or _join(source, chars, problems):
        return Layout("", comments, [*problems[:MOST_ERRORS], refusal])
    _refuse_depth(source, chars, problems)
    text = "".join(chars)
    return Layout(_fuse(text, vocabulary), comments, problems[:MOST_ERRORS])


def _too_large(source: Source) -> Diagnostic | None:
    if len(source.text) > LARGEST_FILE:
        return Diagnostic(
            "E101", f"the file has {len(source.text):,} characters; a rule file may have {LARGEST_FILE:,}", Span(0, 0),
            source, "split the trials into files of their own",
        )  # fmt: skip
    if (count := source.text.count("\n")) > MOST_LINES:
        return Diagnostic(
            "E101", f"the file has {count:,} lines; a rule file may have {MOST_LINES:,}", Span(0, 0),
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
    if hidden := _HIDDEN.search(source.text):
        return Diagnostic(
            "E103", f"the text holds an invisible character (U+{ord(hidden[0]):04X}) that may change how it reads",
            Span(hidden.start(), hidden.end()), source, "delete it and write the word anew",
        )  # fmt: skip
    if bad := _NO_WRITING.search(source.text):
        return Diagnostic(
            "E103", f"the text holds a character (U+{ord(bad[0]):04X}) that is no part of any writing",
            Span(bad.start(), bad.end()), source,
            "save the file with the line ends of Unix or Windows" if bad[0] == "\r" else "save the file as plain UTF-8 text",
        )  # fmt: skip
    return None


def _too_many_words(source: Source, text: str) -> Diagnostic | None:
    count = sum(1 for _ in _WORD_OR_SIGN.finditer(text))
    if count <= MOST_WORDS:
        return None
    return Diagnostic(
        "E101", f"the file has {count:,} words and signs; a rule file may have {MOST_WORDS:,}", Span(0, 0), source,
        "split the trials into files of their own",
    )  # fmt: skip


def _blank(source: Source, chars: list[str], problems: list[Diagnostic]) -> list[Comment]:
    """Blank comments and odd spaces in `chars`, make typographic apostrophes and hyphens plain; report strings and backticks
    that do not end on their line."""
    comments: list[Comment] = []
    start = 0
    for line in source.text.split("\n"):
        for match in _PIECE.finditer(line):
            char, place = match[0], start + match.start()
            first = not line[: match.start()].strip()
            if char in ('"', "`"):
                what = "this text in quotation marks" if char == '"' else "this name in backticks"
                problems.append(Diagnostic(
                    "E104", f"{what} does not end on its line", Span(place, start + len(line.rstrip())), source,
                    f"close it with `{char}`" if char == '"' else "close it with a backtick",
                ))  # fmt: skip
                chars[place : start + len(line)] = [STUB] * (len(line) - match.start())
                break
            if char == "#":
                text = line[match.start() :].rstrip()
                comments.append(Comment(text=text, own_line=first, span=Span(place, place + len(text))))
                chars[place : start + len(line)] = [" "] * (len(line) - match.start())
                break
            if char in _TYPOGRAPHIC:
                chars[place] = _TYPOGRAPHIC[char]
            elif char.isspace():
                if char == "\t" and first:
                    problems.append(Diagnostic(
                        "E105", "a tab stands where the indentation of the line is measured", Span(place, place + 1),
                        source, "indent with spaces",
                    ))  # fmt: skip
                chars[place] = " "
        start += len(line) + 1
    return comments


def _join(source: Source, chars: list[str], problems: list[Diagnostic]) -> Diagnostic | None:
    """Join continued lines in `chars`; report brackets that do not close or are too deep. A formula that is longer than any
    is refused."""
    lines = "".join(chars).split("\n")
    stack: list[int] = []
    start = formula_start = 0
    head = lines[0]  # the line on which the formula begins
    blank_from = -1  # where the line break stands behind the last line that is not blank
    above = lines[0]
    for index, line in enumerate(lines):
        if line.strip() or not index:
            if index:
                inside = bool(stack) and not _STRUCTURE.match(line)
                if inside or _goes_on(above, line, head):
                    if start + len(line) - formula_start > LONGEST_FORMULA:
                        place = Span(formula_start + _width(head), formula_start + len(head))
                        return Diagnostic(
                            "E102", f"this formula has more than {LONGEST_FORMULA:,} characters", place, source,
                            "split the criterion, or write a block",
                        )  # fmt: skip
                    chars[blank_from:start] = [" " if char == "\n" else char for char in chars[blank_from:start]]
                else:
                    if stack:
                        _unclosed(source, stack, chars, blank_from, problems)
                        stack.clear()
                    formula_start, head = start, line
            _open_and_close(source, line, start, stack, problems)
            above, blank_from = line, start + len(line)
        start += len(line) + 1
    if stack:
        _unclosed(source, stack, chars, len(chars), problems)
    return None


def _goes_on(above: str, line: str, head: str) -> bool:
    """Does a connective at the end of one line or at the start of the next join the two? Not where the next one stands further
    to the left than what it would go on with: it may mean all of the block above it."""
    if _STRUCTURE.match(line) or not (_CONTINUES.match(line) or (_CONTINUED.search(above) and above.strip())):
        return False
    is_item = head.lstrip().startswith("- ")
    return _width(line) > _width(head) or (_width(line) == _width(head) and not is_item)


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _open_and_close(source: Source, line: str, start: int, stack: list[int], problems: list[Diagnostic]) -> None:
    for match in _QUOTED_OR_BRACKET.finditer(line):
        if match[0] == "(":
            stack.append(start + match.start())
            if len(stack) == DEEPEST + 1:
                place = stack[-1]
                problems.append(Diagnostic(
                    "E106", f"brackets are nested more than {DEEPEST} deep", Span(place, place + 1), source,
                    "write inner parts as blocks or criteria of their own",
                ))  # fmt: skip
        elif match[0] == ")" and stack:
            stack.pop()


def _refuse_depth(source: Source, chars: list[str], problems: list[Diagnostic]) -> None:
    """Cut off what would nest too deep behind the grammar: brackets, negations and long sums of one formula."""
    start = 0
    widths = [0]
    for line in "".join(chars).split("\n"):
        width = _width(line)
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
