"""A syntax tree goes in; its canonical text comes out, comments kept. Parsing that text gives the same tree."""

from __future__ import annotations

import re
from typing import assert_never

from eligibility import nodes

_INDENT = "  "
_WIDTH = 100

# How tightly each form binds; an operand that binds less tightly than its place asks for gets brackets.
_LOOSE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _POWER, _ATOM = range(9)


def print_formula(node: nodes.Formula, place: int = _LOOSE) -> str:
    """The formula on one line, with the brackets that its place needs."""
    text, binding = _formula(node)
    grouped = isinstance(node, nodes.And | nodes.Or) and node.grouped
    return f"({text})" if binding < place or (grouped and place > _LOOSE) else text


def _formula(node: nodes.Formula) -> tuple[str, int]:
    match node:
        case nodes.Number(value=value, unit=unit):
            return (f"{value} {unit}" if unit else value), _ATOM
        case nodes.Limit(multiple=multiple, upper=upper):
            return f"{multiple} x {'ULN' if upper else 'LLN'}", _ATOM
        case nodes.Term(name=name, selection=selection, window=window):
            return _spaced(selection, print_name(name), _window(window)), _ATOM
        case nodes.History(name=name, window=window):
            return _spaced("history of", print_name(name), _window(window)), _ATOM
        case nodes.Elapsed(name=name):
            return f"time since onset of {print_name(name)}", _ATOM
        case nodes.Onset(name=name, window=window):
            return _spaced("onset of", print_name(name), _window(window)), _ATOM
        case nodes.Lasting(name=name, length=length):
            return f"{print_name(name)} for at least {_length(length)}", _ATOM
        case nodes.Change(rise=rise, name=name, over=over, window=window):
            head = f"{'rise' if rise else 'fall'} in {print_name(name)} over {_length(over)}"
            return _spaced(head, _window(window)), _ATOM
        case nodes.Judgement(text=text):
            return f"judgement {quote(text)}", _ATOM
        case nodes.Not(operand=operand, word=word):
            return f"{word} {print_formula(operand, _NOT)}", _NOT
        case nodes.And(operands=operands):
            return " and ".join(print_formula(operand, _NOT) for operand in operands), _AND
        case nodes.Or(operands=operands):
            return " or ".join(print_formula(operand, _AND) for operand in operands), _OR
        case nodes.Unless(claim=claim, exception=exception):
            return f"{print_formula(claim, _OR)} unless {print_formula(exception, _OR)}", _LOOSE
        case nodes.IfThen(condition=condition, consequence=consequence):
            return f"if {print_formula(condition, _OR)} then {print_formula(consequence, _OR)}", _LOOSE
        case nodes.Choice(condition=condition, then=then, otherwise=otherwise):
            parts = [print_formula(part, _OR) for part in (condition, then, otherwise)]
            return f"if {parts[0]} then {parts[1]} else {parts[2]}", _LOOSE
        case nodes.Windowed(operand=operand, window=window):
            return f"({print_formula(operand)}) {_window(window)}", _ATOM
        case nodes.Compare(operands=operands, operators=operators):
            words = [print_formula(operands[0], _SUM)]
            for operator, operand in zip(operators, operands[1:], strict=True):
                words += [operator, print_formula(operand, _SUM)]
            return " ".join(words), _COMPARE
        case nodes.Between(operand=operand, low=low, high=high):
            parts = [print_formula(part, _SUM) for part in (operand, low, high)]
            return f"{parts[0]} between {parts[1]} and {parts[2]}", _COMPARE
        case nodes.Member(operand=operand, values=values, form=form):
            shown = [print_name(value) for value in values]
            right = f"({', '.join(shown)})" if form == "in" else shown[0]
            return f"{print_formula(operand, _SUM)} {form} {right}", _COMPARE
        case nodes.Arithmetic(operator=operator, left=left, right=right):
            binding = _SUM if operator in "+-" else _PRODUCT if operator in "*/" else _POWER
            left_place = binding if operator != "^" else _ATOM
            text = f"{print_formula(left, left_place)} {operator} {print_formula(right, binding + 1)}"
            return text, binding
        case nodes.Call(function=function, arguments=arguments):
            return f"{function}({', '.join(print_formula(argument) for argument in arguments)})", _ATOM
        case nodes.Block(form=form, items=items, count=count):
            head = form if count is None else f"{form} {count}"
            return f"{head} of ({'; '.join(print_formula(item) for item in items)})", _ATOM
        case _:
            assert_never(node)


def _spaced(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def print_name(name: nodes.Name) -> str:
    """A name, in backticks where the author set them."""
    return f"`{name.text}`" if name.quoted else name.text


def quote(text: str) -> str:
    """A text in quotation marks."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _length(length: nodes.Length) -> str:
    return f"{length.value} {length.unit}"


def _relation(relation: nodes.Relation | None) -> str | None:
    if relation is None:
        return None
    return _spaced(
        "after" if relation.after else "before", "onset of" if relation.onset else None, print_name(relation.name)
    )


def _window(window: nodes.Window | None) -> str | None:
    if window is None:
        return None
    head = None
    if window.length:
        head = f"within {'the next ' if window.ahead else ''}{_length(window.length)}"
    return _spaced(head, _relation(window.anchor), _relation(window.relation))


def print_trial(trial: nodes.TrialFile) -> str:
    """The whole file in canonical form."""
    return _TrialPrinter(trial).text()


class _TrialPrinter:
    """Prints from top to bottom, and puts each comment before or behind what it stood at."""

    def __init__(self, trial: nodes.TrialFile) -> None:
        self._trial = trial
        self._waiting = list(trial.comments)
        self._lines: list[str] = []
        self._depths: dict[int, int] = {0: 0}

    def text(self) -> str:
        trial = self._trial
        head = re.compile(r"^[ \t]*trial\b", re.IGNORECASE | re.MULTILINE).search(trial.source.text)
        start = head.end() if head else 0
        self._comments(start, 0)
        self._line(0, f"trial {trial.id} {quote(trial.title)}", start)
        if trial.registry is not None:
            place = re.compile(r"^[ \t]*registry\b", re.IGNORECASE | re.MULTILINE).search(
                trial.source.text, trial.span.start
            )
            if place is not None:
                self._comments(place.start(), 1)
            self._line(1, f"registry {quote(trial.registry)}", place.end() if place else None)
        if trial.values is not None:
            self._comments(trial.values_span.start if trial.values_span else 0, 1)
            self._line(1, f"values {quote(trial.values)}", trial.values_span.end if trial.values_span else None)
        for section in trial.sections:
            self._comments(section.span.start, 0, gap=True)
            if self._lines[-1] and not self._lines[-1].startswith("#"):
                self._lines.append("")
            self._line(0, f"{section.name}:", section.span.end)
            for criterion in section.criteria:
                self._criterion(criterion)
        self._comments(len(trial.source.text) + 1, 0)
        return "\n".join(self._lines) + "\n"

    def _line(self, depth: int, text: str, end: int | None = None) -> None:
        """One line; `end` is where its source ended, so that what is remarked on that line stays on it."""
        trailing = ""
        if end is not None:
            source = self._trial.source
            self._depths[self._indentation(end)] = depth
            stop = source.text.find("\n", end)
            stop = len(source.text) if stop < 0 else stop
            while self._waiting and self._waiting[0].span.start < stop and not self._waiting[0].own_line:
                trailing += "  " + self._waiting.pop(0).text
            if trailing.count("  #") > 1:  # remarks on joined lines would run into one another
                parts = trailing.strip().split("  #")
                for part in parts[:-1]:
                    self._lines.append(_INDENT * depth + (part if part.startswith("#") else "#" + part))
                trailing = "  #" + parts[-1]
        self._lines.append(_INDENT * depth + text + trailing)

    def _indentation(self, offset: int) -> int:
        """How far the source line of a place is indented."""
        text = self._trial.source.text
        start = text.rfind("\n", 0, offset) + 1
        return len(re.match(r"[ \t]*", text[start:])[0])  # type: ignore[index]  # it always matches

    def _comments(self, before: int, depth: int, gap: bool = False) -> None:
        """The comments of their own lines that stand before a place; one that is indented deeper than what follows
        belongs to what stands above."""
        while self._waiting and self._waiting[0].span.start < before:
            comment = self._waiting.pop(0)
            width = self._indentation(comment.span.start) if comment.own_line else 0
            known = [at for at in self._depths if at <= width]
            level = max(depth, self._depths[max(known)]) if known else depth
            if gap and not level and self._lines and self._lines[-1] and not self._lines[-1].startswith("#"):
                self._lines.append("")
            self._lines.append(_INDENT * level + comment.text)

    def _criterion(self, criterion: nodes.Criterion) -> None:
        self._comments(criterion.span.start, 1)
        head = f"{criterion.id} {quote(criterion.label)}:"
        formula = criterion.formula
        if isinstance(formula, nodes.Block):
            self._line(1, head, criterion.id_span.end)
            self._block(formula, 2, "")
        else:
            text = print_formula(formula)
            if len(head) + len(text) + 3 <= _WIDTH:
                self._line(1, f"{head} {text}", formula.span.end)
            else:
                self._line(1, head, criterion.id_span.end)
                self._line(2, text, formula.span.end)
        if criterion.note is not None:
            self._comments(criterion.span.end, 2)
            self._line(2, f"note {quote(criterion.note)}", criterion.span.end)

    def _block(self, block: nodes.Block, depth: int, dash: str) -> None:
        self._comments(block.span.start, depth)
        head = block.form if block.count is None else f"{block.form} {block.count}"
        self._line(depth, f"{dash}{head} of:", block.head.end)
        inner = depth + 1
        for item in block.items:
            if isinstance(item, nodes.Block):
                self._block(item, inner, "- ")
            else:
                self._comments(item.span.start, inner)
                self._line(inner, f"- {print_formula(item)}", item.span.end)
