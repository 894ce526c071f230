"""Rule text goes in; a syntax tree comes out, or every diagnostic of the text at once."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import cast

from lark import Lark
from lark.exceptions import UnexpectedInput
from lark.indenter import DedentError, Indenter

from eligibility import nodes
from eligibility.errors import Diagnostic, RuleError
from eligibility.files import bundled
from eligibility.idioms import meant
from eligibility.layout import DEEPEST, MOST_ERRORS, STUB, lay_out
from eligibility.source import Source, Span
from eligibility.syntax_messages import HEADLESS, WITH_CONTENT, expected_at, explain
from eligibility.tree_reader import TreeReader
from eligibility.vocabulary import Vocabulary


def parse_trial(
    text: str, vocabulary: Vocabulary, name: str = "<text>"
) -> tuple[nodes.TrialFile | None, list[Diagnostic]]:
    """The tree of a trial file, and what is wrong with its syntax. Where lines are wrong, the rest is still in the tree."""
    source = Source(text.removeprefix("\ufeff"), name)
    return cast("tuple[nodes.TrialFile | None, list[Diagnostic]]", _parse(source, vocabulary, "trial_file"))


def parse_formula(text: str, vocabulary: Vocabulary, name: str = "<formula>") -> nodes.Formula:
    """The tree of one formula of the vocabulary. Raises RuleError."""
    tree, diagnostics = _parse(Source(text, name), vocabulary, "formula_file")
    if diagnostics or tree is None:
        raise RuleError(diagnostics)
    return cast("nodes.Formula", tree)


def is_stub(name: str) -> bool:
    """Does a name stand for a line that could not be read (and was reported)?"""
    return STUB in name


def _parse(source: Source, vocabulary: Vocabulary, start: str) -> tuple[object | None, list[Diagnostic]]:
    layout = lay_out(source, vocabulary)
    diagnostics = layout.diagnostics
    if not layout.text:
        if not diagnostics:
            diagnostics.append(
                Diagnostic("E110", "there is nothing here", Span(0, 0), source, 'begin with `trial ID "title"`')
            )
        return None, diagnostics
    text = layout.text + "\n"
    tree: object | None = None
    reported = {diagnostic.line for diagnostic in diagnostics}
    blanked: set[int] = set()
    unread = text  # the text without the criteria that were read already: each error costs one more reading of the rest
    while len(diagnostics) < MOST_ERRORS:
        reader = TreeReader(source)
        try:
            tree = _lark(start).parse(unread)
            if unread is not text:
                unread = text
                continue
            tree = reader.transform(tree)
            diagnostics += reader.diagnostics
            break
        except UnexpectedInput as found:
            error, tree = found, None
            diagnostic = meant(explain(error, source, text), vocabulary)
        except DedentError:
            error, tree = None, None
            diagnostic = _odd_indentation(source, text)
        if diagnostic.line not in reported:
            diagnostics.append(diagnostic)
            reported.add(diagnostic.line)
        here = text.count("\n", 0, diagnostic.span.start) + 1  # joined lines are one line here
        if start == "trial_file" and _is_head(text, here, diagnostic.code):
            mended, start = _without_head(text), "headless_file"
        else:
            as_item = expected_at(error) == {"DASH"}
            inside = diagnostic.code in WITH_CONTENT or _SECTION.match(source.line(diagnostic.line)) is not None
            mended = _stubbed(text, here, blanked, with_content=inside, as_item=as_item)
        if mended is None:
            break
        text = mended
        unread = text if start == "formula_file" else _without_what_was_read(text, here)
    if isinstance(tree, nodes.TrialFile):
        tree = replace(tree, comments=tuple(layout.comments))
        diagnostics += _too_deep(tree, source)
        if any(diagnostic.code == "E108" for diagnostic in diagnostics):
            tree = None
    diagnostics.sort(key=lambda diagnostic: diagnostic.span.start)
    return tree, diagnostics


class _Indentation(Indenter):
    @property
    def NL_type(self) -> str:  # noqa: N802  # lark's own name
        return "_NL"

    @property
    def OPEN_PAREN_types(self) -> list[str]:  # noqa: N802  # lark's own name
        return []

    @property
    def CLOSE_PAREN_types(self) -> list[str]:  # noqa: N802  # lark's own name
        return []

    @property
    def INDENT_type(self) -> str:  # noqa: N802  # lark's own name
        return "_INDENT"

    @property
    def DEDENT_type(self) -> str:  # noqa: N802  # lark's own name
        return "_DEDENT"

    @property
    def tab_len(self) -> int:
        return 8


@cache
def _lark(start: str) -> Lark:
    grammar = bundled("grammars", "criteria.lark").read_text(encoding="utf-8")
    return Lark(
        grammar, parser="lalr", lexer="contextual", start=start,
        postlex=_Indentation(), keep_all_tokens=True, maybe_placeholders=False, strict=False,
    )  # fmt: skip


def _is_head(text: str, line_number: int, code: str) -> bool:
    """Is the line wrong that names the trial, so that nothing below it would be read?"""
    line = text.split("\n")[line_number - 1]
    return code == HEADLESS or re.match(r"\s*trial\b", line, re.IGNORECASE) is not None


def _without_head(text: str) -> str | None:
    """The text from its first section on, every character in its place; None where there is no section."""
    lines = text.split("\n")
    first = next(
        (index for index, line in enumerate(lines) if re.match(r"(?:include|exclude) *:", line, re.IGNORECASE)), None
    )
    if first is None:
        return None
    return "\n".join([*(" " * len(line) for line in lines[:first]), *lines[first:]])


def _without_what_was_read(text: str, line_number: int) -> str:
    """The text with the criteria blanked that stand before the one of a line, and the sections before its own."""
    lines = text.split("\n")
    here = line_number - 1
    criterion = next((index for index in range(here, -1, -1) if _HEAD.match(lines[index])), 0)
    section = next((index for index in range(criterion, -1, -1) if _SECTION.match(lines[index])), 0)
    first = next((index for index in range(section + 1) if _SECTION.match(lines[index])), section)
    for index in (*range(first, section), *range(section + 1, criterion)):
        lines[index] = " " * len(lines[index])
    return "\n".join(lines)


def _odd_indentation(source: Source, text: str) -> Diagnostic:
    """A line that comes back to an indentation that no line above has. lark does not say which: find it."""
    stack = [0]
    start = above = 0
    for line in text.split("\n"):
        width = len(line) - len(line.lstrip(" "))
        if line.strip():
            while width < stack[-1]:
                stack.pop()
            if stack[-1] < width < above:
                return Diagnostic(
                    "E111", "this line is indented to a depth that no line above it has", Span(start, start + max(width, 1)),
                    source, "line it up with the lines that it belongs to",
                )  # fmt: skip
            if width > stack[-1]:
                stack.append(width)
            above = width
        start += len(line) + 1
    return Diagnostic(
        "E111", "the indentation of the file does not hold together", Span(0, 1), source, "line the criteria up"
    )


_HEAD = re.compile(r'[ ]*[A-Za-z0-9.]+[ ]*"(?:[^"\\\n]|\\.)*"[ ]*:[ ]*')
_SECTION = re.compile(r"[ ]*(?:include|exclude)[ ]*:", re.IGNORECASE)


_HEAD_OF_BLOCK = re.compile(r"\bof[ ]*:[ ]*$", re.IGNORECASE)


def _stubbed(
    text: str, line_number: int, blanked: set[int], *, with_content: bool = False, as_item: bool = False
) -> str | None:
    """The text with the formula of a wrong line replaced by a stub of the same length; the second time, without the line.
    `with_content` also takes out what is indented below it, and items that should be; `as_item` makes it one of a block."""
    lines = text.split("\n")
    if not 0 < line_number <= len(lines):
        return None
    line = lines[line_number - 1]
    if line_number in blanked or not line.strip():
        if not line.strip():
            return None
        lines[line_number - 1] = " " * len(line)
        return "\n".join(lines)
    blanked.add(line_number)
    if with_content:
        width = len(line) - len(line.lstrip(" "))
        for index in range(line_number, len(lines)):
            below = lines[index].lstrip(" ")
            is_item = below.startswith("- ") and len(lines[index]) - len(below) == width
            if below and len(lines[index]) - len(below) <= width and not (is_item and _HEAD_OF_BLOCK.search(line)):
                break
            lines[index] = " " * len(lines[index])
    bare = line.strip()
    if as_item and len(bare) > 2:
        start = len(line) - len(line.lstrip(" "))
        lines[line_number - 1] = (line[:start] + "- " + STUB * (len(bare) - 2)).ljust(len(line))
        return "\n".join(lines)
    head = _HEAD.match(line) or re.match(r"[ ]*-[ ]+", line) or re.match(r"[ ]*", line)
    start = head.end() if head else 0
    if re.match(r"[ ]*(?:trial|include|exclude|registry|values|note)\b", line, re.IGNORECASE) or start >= len(
        line.rstrip()
    ):
        lines[line_number - 1] = " " * len(line)
    else:
        lines[line_number - 1] = (line[:start] + STUB * (len(line.rstrip()) - start)).ljust(len(line))
    return "\n".join(lines)


def _too_deep(tree: nodes.TrialFile, source: Source) -> list[Diagnostic]:
    """Formulas nested deeper than the stated limit; found without recursion, so that nothing behind this overflows."""
    found: list[Diagnostic] = []
    for section in tree.sections:
        for criterion in section.criteria:
            waiting: list[tuple[nodes.Formula, int]] = [(criterion.formula, 1)]
            while waiting:
                node, depth = waiting.pop()
                if depth > DEEPEST:
                    found.append(Diagnostic(
                        "E108", f"this formula is nested more than {DEEPEST} deep", node.span, source,
                        "split the criterion, or write blocks",
                    ))  # fmt: skip
                    break
                waiting += [(child, depth + 1) for child in nodes.children(node)]
    return found
