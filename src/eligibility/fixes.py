"""A diagnostic and the tree of its file go in; changes of the text that would mend it come out.

A fix is `sure` where the text has one reading only, so that it cannot change a verdict: there was none before, or it stays.
Nothing else is ever changed without a person who chose it, and nothing here changes a file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eligibility import nodes
from eligibility.errors import Diagnostic, nearest
from eligibility.idioms import masked
from eligibility.numerals import in_digits
from eligibility.source import Source, Span
from eligibility.vocabulary import Concept, Vocabulary

MOST_CHOICES = 8
_CONNECTIVE = re.compile(r"\b(?:and|or|unless|if)\b|&&?|\|\|?", re.IGNORECASE)
_SECTION = re.compile(r"(?:in|ex)clu(?:de[sd]?|sions?)(?: criteria)?\s*:?", re.IGNORECASE)
_NO_WIDTH = ("\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")  # and they turn nothing round


@dataclass(frozen=True)
class Edit:
    """The text at a span is replaced; an empty span is a place to insert at."""

    span: Span
    text: str


@dataclass(frozen=True)
class Fix:
    """One way to mend a diagnostic, in words and as edits that do not overlap."""

    title: str
    edits: tuple[Edit, ...]
    sure: bool = False


def fixes(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None = None) -> tuple[Fix, ...]:
    """The ways to mend a diagnostic, the best first; often none. Some need the tree of the file."""
    found = _BY_CODE.get(diagnostic.code)
    return tuple(found(diagnostic, vocabulary, tree))[:MOST_CHOICES] if found else ()


def apply(text: str, fix: Fix) -> str:
    """The text with a fix made."""
    for edit in sorted(fix.edits, key=lambda item: item.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


_Found = Iterator[Fix]


def _replace(diagnostic: Diagnostic, text: str, *, sure: bool = False, span: Span | None = None) -> Fix:
    place = span or diagnostic.span
    return Fix(f"Write `{text}`", (Edit(place, text),), sure)


def _insert(place: int, text: str, title: str, *, sure: bool = False) -> Fix:
    return Fix(title, (Edit(Span(place, place), text),), sure)


def _nearest_named(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    """The names that the help asks about: `did you mean ...?`"""
    if (diagnostic.help or "").startswith("did you mean"):
        ticked = diagnostic.underlined.startswith("`")
        for name in re.findall(r"`([^`]+)`", diagnostic.help or ""):
            yield _replace(diagnostic, f"`{name}`" if ticked else name)


def _unit(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    yield from _nearest_named(diagnostic, vocabulary, tree)
    if lost := re.match(r"write `([^`]+)`, if that is what was meant", diagnostic.help or ""):
        yield _replace(diagnostic, lost[1])


def _class_value(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    concept = class_before(diagnostic.source.text, diagnostic.span.start, vocabulary)
    if concept is not None:
        close = nearest(diagnostic.underlined.strip("`"), list(concept.values))
        for value in dict.fromkeys([*close, *concept.values]):
            yield _replace(diagnostic, value_text(value))


def _sign_of_class(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    """`=` and `!=` beside a class. What `=` may have lost, a bar or a slash, only the protocol says."""
    concept = class_before(diagnostic.source.text, diagnostic.span.start, vocabulary)
    if concept is not None:
        if diagnostic.code == "E443":
            yield _replace(diagnostic, "is not", sure=True)
        else:
            yield _replace(diagnostic, "is")


def _turned_sign(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    yield _replace(diagnostic, diagnostic.underlined[::-1], sure=True)


def _invisible(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    """Between two letters there was one word before; elsewhere it may have turned the order of what was read."""
    if "invisible" in diagnostic.message:
        text, place = diagnostic.source.text, diagnostic.span
        within_word = text[place.start - 1 : place.start].isalpha() and text[place.end : place.end + 1].isalpha()
        sure = within_word and diagnostic.underlined in _NO_WIDTH
        yield Fix("Delete the invisible character", (Edit(diagnostic.span, ""),), sure)


def _tab(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    yield Fix("Indent with two spaces", (Edit(diagnostic.span, "  "),))


def _open_bracket(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    end = _code_end(diagnostic.source, diagnostic.span.start)
    yield _insert(end, ")", "Close the bracket at the end of the line")


def _stray_bracket(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    yield Fix("Take the bracket out", (Edit(Span(diagnostic.span.start, diagnostic.span.start + 1), ""),))


def _colon(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    if "at the end of" in diagnostic.message:
        yield _insert(_code_end(diagnostic.source, diagnostic.span.start), ":", "Write `:`", sure=True)
    elif diagnostic.message.startswith("a colon is missing before"):
        place = len(diagnostic.source.text[: diagnostic.span.start].rstrip(" "))
        yield _insert(place, ":", "Write `:`", sure=True)


def _head(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    yield from _colon(diagnostic, vocabulary, tree)
    if counted := re.match(r"`(\w+)` is no number here", diagnostic.message):
        number = in_digits(counted[1])
        start = diagnostic.source.text.rfind("\n", 0, diagnostic.span.start) + 1
        end = _code_end(diagnostic.source, diagnostic.span.start)
        place = re.search(rf"\b{re.escape(counted[1])}(?=\s+of\b)", diagnostic.source.text[start:end])
        if number is not None and place is not None:
            yield _replace(diagnostic, str(number), sure=True, span=Span(start + place.start(), start + place.end()))


def _sign_of_logic(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    """`!` before a name, `&&` and `||` between two. Beside another connective, what belongs together differs between languages."""
    sign = re.match(r"!|&&?|\|\|?", diagnostic.underlined)
    if sign is not None:
        word = {"!": "not ", "&": "and", "|": "or"}[sign[0][0]]
        place = Span(diagnostic.span.start, diagnostic.span.start + sign.end())
        number, _ = diagnostic.source.position(place.start)
        alone = len(_CONNECTIVE.findall(diagnostic.source.line(number))) == (0 if sign[0] == "!" else 1)
        yield Fix(f"Write `{word.strip()}`", (Edit(place, word),), sure=alone)


def _comparison_in_words(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    """What `over 18` means is for the author to say: both signs are offered. `equal to` has lost which side it is on."""
    for sign in re.findall(r"`([<>]=?)`", diagnostic.help or ""):
        yield _replace(diagnostic, sign)


def _section(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    meant = re.fullmatch(r"(?:did you mean|write) `(include|exclude):`\??", diagnostic.help or "")
    if meant:
        place = Span(diagnostic.span.start, _code_end(diagnostic.source, diagnostic.span.start))
        plain = _SECTION.fullmatch(diagnostic.source.words(place)) is not None
        yield _replace(diagnostic, f"{meant[1]}:", sure=plain, span=place)


def _thousands(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    """Thousands or a decimal: the author knows."""
    if "without separators" in (diagnostic.help or ""):
        for number in re.findall(r"`([0-9.]+)`", diagnostic.help or ""):
            yield _replace(diagnostic, number)


def _phrase(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    """A misspelled word; a window or a range in the words of a protocol."""
    yield from _nearest_named(diagnostic, vocabulary, tree)
    form = re.fullmatch(r"write `((between|within) [0-9][^`]*)`", diagnostic.help or "")
    if form and re.search(r"` is no form of (?:this language|a window)$", diagnostic.message):
        whole = form[2] == "between" or re.search(
            r"[0-9]|\b(?:minute|hour|day|week|month|year)$", diagnostic.underlined, re.I
        )
        yield _replace(diagnostic, form[1] if whole else form[2])


def _history(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    head = re.match(r"history\s+of\s+", diagnostic.underlined, re.IGNORECASE)
    if head:
        place = Span(diagnostic.span.start, diagnostic.span.start + head.end())
        yield Fix("Take out `history of` and keep the window", (Edit(place, ""),))


def _mixed(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    """Brackets where the rule is read as if they were there: the meaning stays."""
    node = _formula_at(diagnostic, tree)
    if isinstance(node, nodes.Or):
        loose = [operand for operand in node.operands if isinstance(operand, nodes.And) and not operand.grouped]
        edits = [edit for operand in loose for edit in _bracketed(operand.span)]
        if edits:
            yield Fix("Set brackets as the rule is read now", tuple(edits), sure=True)


def _window_of_all(diagnostic: Diagnostic, vocabulary: Vocabulary, tree: nodes.TrialFile | None) -> _Found:
    node = _formula_at(diagnostic, tree)
    last = node.operands[-1] if isinstance(node, nodes.Or) else None
    if node is not None and isinstance(last, nodes.Term) and last.window is not None:
        yield Fix("Let the window stand for all of them", tuple(_bracketed(Span(node.span.start, last.name.span.end))))


def _bracketed(span: Span) -> tuple[Edit, Edit]:
    return Edit(Span(span.start, span.start), "("), Edit(Span(span.end, span.end), ")")


def _formula_at(diagnostic: Diagnostic, tree: nodes.TrialFile | None) -> nodes.Formula | None:
    """The formula that a diagnostic underlines."""
    waiting: list[nodes.Formula] = []
    for section in tree.sections if tree else ():  # very many diagnostics may ask: the criterion is found by its place
        index = bisect_right(section.criteria, diagnostic.span.start, key=lambda criterion: criterion.span.start)
        waiting += [criterion.formula for criterion in section.criteria[max(0, index - 1) : index]]
    while waiting:
        node = waiting.pop()
        if node.span == diagnostic.span:
            return node
        waiting += nodes.children(node)
    return None


def _code_end(source: Source, offset: int) -> int:
    """Where the line of an offset ends, without spaces and a comment."""
    end = source.text.find("\n", offset)
    line_start = source.text.rfind("\n", 0, offset) + 1
    line = source.text[line_start : end if end >= 0 else len(source.text)]
    return line_start + len(masked(line).rstrip())


def value_text(value: str) -> str:
    """A value of a class as a rule has it: in backticks where signs are part of it."""
    return value if re.fullmatch(r"[A-Za-z0-9 ]+", value) else f"`{value}`"


def class_before(text: str, offset: int, vocabulary: Vocabulary) -> Concept | None:
    """The class whose values an author is writing at an offset: the last name of a class on the line before it."""
    start = max(text.rfind("\n", 0, offset) + 1, offset - 400)
    words = [(match.start(), match.end()) for match in re.finditer(r"[^\W_]+(?:[-/'][^\W_]+)*", text[start:offset])]
    for last in range(len(words) - 1, -1, -1):
        for first in range(max(0, last - 5), last + 1):
            name = text[start + words[first][0] : start + words[last][1]]
            concept = vocabulary.find(name)
            if concept is not None:
                return concept if concept.kind == "class" else None
    return None


_BY_CODE: dict[str, Callable[[Diagnostic, Vocabulary, nodes.TrialFile | None], _Found]] = {
    "E103": _invisible, "E105": _tab, "E107": _open_bracket, "E122": _stray_bracket, "E124": _section, "E126": _colon,
    "E137": _sign_of_logic, "E142": _comparison_in_words, "E143": _phrase,
    "E138": _thousands, "E140": _head, "E400": _nearest_named, "E410": _history, "E442": _turned_sign, "E443": _sign_of_class,
    "E444": _sign_of_class, "E450": _class_value, "E480": _unit, "W201": _mixed, "W202": _window_of_all,
}  # fmt: skip
