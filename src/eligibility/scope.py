"""Names, windows and durations of one criterion go in; their meanings come out, and what is wrong with them is reported."""

from __future__ import annotations

import re
from contextlib import suppress
from fractions import Fraction
from typing import NoReturn

from eligibility import nodes, rules
from eligibility.errors import Diagnostic
from eligibility.instants import Duration, time_unit
from eligibility.instants import duration as read_length
from eligibility.layout import MOST_ERRORS
from eligibility.near_misses import near_miss
from eligibility.numerals import in_digits
from eligibility.parser import is_stub
from eligibility.source import Source, Span
from eligibility.tellings import short
from eligibility.undeclared import guess
from eligibility.units import Unit, UnitRefusal
from eligibility.vocabulary import Concept, Vocabulary

LONGEST_NUMBER = 40  # characters
HELP_WITH_UNITS = "`eligibility vocabulary` shows the unit of each quantity"
_SIGNS = {"<", "<=", ">", ">="}


class Wrong(Exception):
    """A formula that was reported and is left out."""


class Scope:
    """What the formulas of one file may name, and where their problems go."""

    def __init__(self, vocabulary: Vocabulary, source: Source) -> None:
        self.vocabulary = vocabulary
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self._told: set[Diagnostic] = set()
        self._errors = 0

    # --- reporting ---------------------------------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Was so much reported that more would help nobody?"""
        return self._errors >= MOST_ERRORS

    def tell(self, found: Diagnostic) -> None:
        """Keep a diagnostic, once."""
        if found not in self._told and not (found.severity == "error" and self.is_full):
            self._told.add(found)
            self.diagnostics.append(found)
            self._errors += found.severity == "error"

    def report(self, code: str, message: str, span: Span, help_text: str | None = None) -> None:
        """Say what is wrong at a place, and go on."""
        self.tell(Diagnostic(code, message, span, self.source, help_text))

    def fail(self, code: str, message: str, span: Span, help_text: str | None = None) -> NoReturn:
        """Say what is wrong at a place, and leave its statement out."""
        self.report(code, message, span, help_text)
        raise Wrong

    def warn(self, code: str, message: str, span: Span, help_text: str) -> None:
        """Say what looks wrong at a place, and stands in nobody's way."""
        self.tell(Diagnostic(code, message, span, self.source, help_text, "warning"))

    # --- whole formulas ----------------------------------------------------------------------------------------------

    def numbers_fit(self, node: nodes.Formula) -> bool:
        """Is every number of a formula one that a double can hold well? Report those that are not."""
        fit = True
        value = (
            node.value if isinstance(node, nodes.Number) else node.multiple if isinstance(node, nodes.Limit) else None
        )
        if value is not None and (len(value) > LONGEST_NUMBER or not _within(value)):
            shown = value if len(value) <= 20 else f"{value[:20]}..."
            self.report(
                "E486",
                f"`{shown}` is no number that anything is measured by",
                node.span,
                "write a number between 1e-30 and 1e30",
            )
            fit = False
        for child in nodes.children(node):
            fit = self.numbers_fit(child) and fit
        return fit

    # --- names, windows, durations -----------------------------------------------------------------------------------

    def concept(self, name: nodes.Name) -> Concept:
        """The concept of a name. Reports one that is not declared, with the nearest that are."""
        if is_stub(name.text):
            raise Wrong  # the line was reported already
        concept = self.vocabulary.find(name.text)
        if concept is None:
            self._fail_for_what_lacks(name)
            found = guess(name.text, self.vocabulary)
            self.fail(
                "E400",
                found.message or f"`{short(name.text)}` is not declared in the vocabulary",
                name.span,
                found.help,
            )
        return concept

    def named(self, node: nodes.Formula) -> Concept | None:
        """The concept that a formula is the name of; None where it is none, or the name is not declared. Reports nothing."""
        return self.vocabulary.find(node.name.text) if isinstance(node, nodes.Term) else None

    def _fail_for_what_lacks(self, name: nodes.Name) -> None:
        """A name that nothing has, since a word of the language in it stands wrongly or lacks something."""
        text, find = self.source.words(name.span), self.vocabulary.find
        if name.quoted:
            return
        first, _, rest = text.partition(" ")
        if first.casefold() in ("and", "or", "unless") and rest:
            place = Span(name.span.start, name.span.start + len(first))
            self.fail("E127", f"something is missing before `{first}`", place, "name what it connects")
        if (near := near_miss(text, self.vocabulary)) is not None:
            place = Span(name.span.start + near.start, name.span.start + near.end)
            self.fail("E143", f"`{near.said}` is no word of this language", place, f"did you mean `{near.meant}`?")
        within = re.match(r"(.+?)\s+(within|for\s+at\s+least|over)\b\s*(\S*)\s*(\S*)", text, re.IGNORECASE)
        if within and find(within[1]) is not None:
            place = Span(name.span.start + within.start(2), name.span.start + within.end(2))
            said = f" in digits, not `{within[3]}`" if within[3] and not time_unit(within[3]) else ""
            number = 1 if within[3].casefold() in ("a", "an") else in_digits(within[3])
            length = f"{number} {within[4]}" if number and time_unit(within[4]) else "6 months"
            self.fail("E129", f"`{within[2]}` needs a duration{said}", place, f"write `{within[2]} {length}`")
        numbered = re.match(r"(.+?)\s+([0-9]+(?:\.[0-9]+)?)\b\s*([^\W\d_]*)", text)
        concept = find(numbered[1]) if numbered else None
        if numbered and concept is not None:
            place = Span(name.span.start + numbered.start(2), name.span.start + numbered.end(2))
            if concept.is_occurrence and time_unit(numbered[3]):
                self.fail("E141", f"nothing joins `{numbered[1]}` and `{numbered[2]} {numbered[3]}`", place,
                          f"write `{numbered[1]} within {numbered[2]} {numbered[3]}`")  # fmt: skip
            self.fail("E141", f"a comparison is missing between `{numbered[1]}` and `{numbered[2]}`", place,
                      f"write `{numbered[1]} >= {numbered[2]}`, or another sign")  # fmt: skip

    def unit_swallows(self, node: nodes.Formula) -> bool:
        """Does a unit go on with the name of something? Then what joins the two is missing; report it."""
        found = False
        if isinstance(node, nodes.Number) and node.unit and node.unit_span and " " in node.unit:
            words = node.unit.split(" ")
            for index in range(1, len(words)):
                head, tail = " ".join(words[:index]), " ".join(words[index:])
                if (isinstance(self.vocabulary.units.read(head), Unit) or time_unit(head)) and self.vocabulary.find(
                    tail
                ):
                    start = node.unit_span.start + self.source.words(node.unit_span).find(words[index])
                    place = Span(start, node.unit_span.end)
                    self.report(
                        "E141",
                        f"nothing joins `{head}` and `{tail}`",
                        place,
                        "write `and`, `or` or a window between them",
                    )
                    found = True
                    break
        return any([self.unit_swallows(child) for child in nodes.children(node)]) or found  # noqa: C419  # all are reported

    def is_stubbed(self, node: nodes.Formula) -> bool:
        """Does a statement hold a part that could not be read, and was reported?"""
        match node:
            case nodes.Number(unit=unit):
                return is_stub(unit or "")
            case nodes.Lasting(length=length) | nodes.Change(over=length):
                return is_stub(node.name.text) or is_stub(length.unit) or self._is_stubbed_window(node)
            case nodes.Term(name=name) | nodes.History(name=name) | nodes.Onset(name=name) | nodes.Elapsed(name=name):
                return is_stub(name.text) or self._is_stubbed_window(node)
            case nodes.Member(values=values) if any(is_stub(value.text) for value in values):
                return True
            case _:
                return any(self.is_stubbed(child) for child in nodes.children(node)) or self._is_stubbed_window(node)

    def _is_stubbed_window(self, node: nodes.Formula) -> bool:
        window: nodes.Window | None = getattr(node, "window", None)
        if window is None:
            return False
        relations = [relation.name.text for relation in (window.anchor, window.relation) if relation]
        return any(map(is_stub, [*relations, window.length.unit if window.length else ""]))

    def check_rest(self, node: nodes.Formula, told_before: int) -> None:
        """Report what else is wrong in a statement that is left out: names, units and durations that no diagnostic since
        `told_before` has touched."""
        match node:
            case (
                nodes.Term(name=name, window=window)
                | nodes.History(name=name, window=window)
                | nodes.Onset(name=name, window=window)
            ):
                self._try_name(name, told_before)
                self._try_window(window, told_before)
            case nodes.Elapsed(name=name):
                self._try_name(name, told_before)
            case nodes.Lasting(name=name, length=length):
                self._try_name(name, told_before)
                self._try_length(length, told_before)
            case nodes.Change(name=name, over=over, window=window):
                self._try_name(name, told_before)
                self._try_length(over, told_before)
                self._try_window(window, told_before)
            case nodes.Number(unit=unit, unit_span=span):
                read = self.vocabulary.units.read(unit) if unit and not time_unit(unit) else None
                if isinstance(read, UnitRefusal) and span and not self._is_told(span, told_before):
                    self.report("E480", read.message, span, read.help or HELP_WITH_UNITS)
            case nodes.Compare(operators=operators, operands=operands) if not set(operators) <= _SIGNS:
                self.check_rest(operands[0], told_before)  # what stands behind a wrong sign may be a word: `= false`
            case nodes.Compare() | nodes.Between() if any(map(self._is_class, nodes.children(node))):
                for child in filter(self._is_class, nodes.children(node)):
                    self.check_rest(child, told_before)
            case nodes.Windowed(operand=operand, window=window):
                self.check_rest(operand, told_before)
                self._try_window(window, told_before)
            case _:
                for child in nodes.children(node):
                    self.check_rest(child, told_before)

    def _is_told(self, span: Span, told_before: int) -> bool:
        return any(told.span.start < span.end and span.start < told.span.end for told in self.diagnostics[told_before:])

    def _is_class(self, node: nodes.Formula) -> bool:
        concept = self.named(node)
        return concept is not None and concept.kind == "class"

    def _try_name(self, name: nodes.Name, told_before: int) -> None:
        if not self._is_told(name.span, told_before):
            with suppress(Wrong):
                self.concept(name)

    def _try_length(self, length: nodes.Length, told_before: int) -> None:
        if not self._is_told(length.span, told_before):
            with suppress(Wrong):
                self.duration(length)

    def _try_window(self, window: nodes.Window | None, told_before: int) -> None:
        if window is None:
            return
        if window.length is not None:
            self._try_length(window.length, told_before)
        for relation in (window.anchor, window.relation):
            if relation is not None:
                self._try_name(relation.name, told_before)

    def only_occurrence(self, concept: Concept, name: nodes.Name, what: str) -> None:
        """Report what is no condition or event where one is needed."""
        if not concept.is_occurrence:
            self.fail("E423", f"`{name.text}` is {article(concept.kind)}, and {what} goes with a condition or an event", name.span,
                       "name a condition or an event")  # fmt: skip

    def duration(self, length: nodes.Length) -> Duration:
        """The length of time."""
        first, _, rest = length.unit.partition(" ")
        if rest and time_unit(first):
            start = length.span.end - len(rest)
            self.fail("E141", f"nothing joins `{length.value} {first}` and `{short(rest)}`", Span(start, length.span.end),
                      "write `before`, `after`, `and` or `or` between them")  # fmt: skip
        found = read_length(Fraction(length.value), length.unit)
        if found is not None and not (found.months or found.exact):
            self.fail(
                "E460",
                f"`{length.value} {length.unit}` is no length of time",
                length.span,
                "write a duration above zero",
            )
        if found is None:
            self.fail("E460", f"`{length.value} {length.unit}` is no duration", length.span,
                       "write whole months or years, or any number of minutes, hours, days or weeks")  # fmt: skip
        return found

    def _anchor(self, relation: nodes.Relation | None) -> rules.Anchor | None:
        if relation is None:
            return None
        concept = self.concept(relation.name)
        if concept.kind not in ("milestone", "condition", "event"):
            self.fail("E461", f"`{relation.name.text}` is {article(concept.kind)}, and nothing is before or after it", relation.name.span,
                       "name a milestone, a condition or an event")  # fmt: skip
        if relation.onset and concept.kind == "milestone":
            self.fail(
                "E461", f"`{relation.name.text}` is a milestone and has no onset", relation.span, "take out `onset of`"
            )
        return rules.Anchor(concept, relation.after)

    def statement(self, node: nodes.Formula) -> rules.Rule | None:
        """Of a condition inside of arithmetic: a formula of the vocabulary has them, a rule does not."""
        return None

    def window(self, window: nodes.Window, *, ahead: bool = True, presence: bool = False) -> rules.Window:
        """The checked window; `presence` where it asks whether something was there, `ahead` where it may look ahead."""
        if window.ahead and not (presence and ahead):
            self.fail("E462", "`within the next` looks ahead, and nothing is measured or begun there yet", window.span,
                       "write `within` for the time before now")  # fmt: skip
        if presence and window.relation:
            self.fail(
                "E463",
                "a window on a condition or an event has one `before` or `after`",
                window.relation.span,
                "take out the second one",
            )
        length = self.duration(window.length) if window.length else None
        return rules.Window(length, window.ahead, self._anchor(window.anchor), self._anchor(window.relation))


def article(kind: str) -> str:
    """`a condition`, `an event`."""
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _within(value: str) -> bool:
    size = abs(float(value))
    return size == 0 or 1e-30 <= size <= 1e30
