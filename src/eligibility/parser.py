"""Rule text goes in; a syntax tree comes out, or every diagnostic of the text at once."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.indenter import DedentError, Indenter

from eligibility import nodes
from eligibility.errors import Diagnostic, RuleError
from eligibility.files import bundled
from eligibility.layout import DEEPEST, FUSED, STUB, lay_out
from eligibility.source import Source, Span
from eligibility.syntax_messages import HEAD, HEADLESS, NO_SECTION, explain
from eligibility.units import spelled
from eligibility.vocabulary import Vocabulary

MOST_ERRORS = 100
MOST_WORK = 3_000_000  # characters, over all readings of one text: each wrong line asks for one more


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
    work = 0
    for _ in range(2 * MOST_ERRORS):
        reader = _Reader(source)
        try:
            tree = _lark(start).parse(text)
            tree = reader.transform(tree)
            break
        except UnexpectedInput as error:
            diagnostic = explain(error, source, text)
        except DedentError:
            diagnostic = _odd_indentation(source, text)
        if diagnostic.line not in reported:
            diagnostics.append(diagnostic)
            reported.add(diagnostic.line)
        work += diagnostic.span.start
        if len(diagnostics) >= MOST_ERRORS or diagnostic.code == HEADLESS or work > MOST_WORK:
            break
        mended = _stubbed(text, diagnostic.line, blanked, with_content=diagnostic.code in (HEAD, NO_SECTION))
        if mended is None:
            break
        text = mended
    if isinstance(tree, nodes.TrialFile):
        tree = nodes.TrialFile(
            id=tree.id, title=tree.title, registry=tree.registry, values=tree.values, values_span=tree.values_span,
            sections=tree.sections, comments=tuple(layout.comments), source=source, span=tree.span,
        )  # fmt: skip
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
        grammar, parser="lalr", lexer="contextual", start=["trial_file", "formula_file"][start == "formula_file"],
        postlex=_Indentation(), keep_all_tokens=True, maybe_placeholders=False, strict=False,
    )  # fmt: skip


def _odd_indentation(source: Source, text: str) -> Diagnostic:
    """A line that comes back to an indentation that no line above has. lark does not say which: find it."""
    stack = [0]
    start = 0
    for line in text.split("\n"):
        width = len(line) - len(line.lstrip(" "))
        if line.strip():
            while width < stack[-1]:
                stack.pop()
            if width > stack[-1] and stack and start and _was_deeper(text, start, width):
                return Diagnostic(
                    "E111", "this line is indented to a depth that no line above it has", Span(start, start + max(width, 1)),
                    source, "line it up with the lines that it belongs to",
                )  # fmt: skip
            if width > stack[-1]:
                stack.append(width)
        start += len(line) + 1
    return Diagnostic(
        "E111", "the indentation of the file does not hold together", Span(0, 1), source, "line the criteria up"
    )


def _was_deeper(text: str, start: int, width: int) -> bool:
    above = [line for line in text[: start - 1].split("\n") if line.strip()]
    return bool(above) and len(above[-1]) - len(above[-1].lstrip(" ")) > width


_HEAD = re.compile(r'[ ]*[A-Za-z0-9.]+[ ]*"(?:[^"\\\n]|\\.)*"[ ]*:[ ]*')


_SOME_HEAD = 'trial T""'


def _stubbed(text: str, line_number: int, blanked: set[int], *, with_content: bool = False) -> str | None:
    """The text with the formula of a wrong line replaced by a stub of the same length; the second time, without the line.
    `with_content` also takes out what is indented below it."""
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
    if len(line) >= len(_SOME_HEAD) and re.match(r"[ ]*trial[ ]", line, re.IGNORECASE):
        lines[line_number - 1] = _SOME_HEAD.ljust(len(line))  # so that what stands below the head is still read
        return "\n".join(lines)
    if with_content:
        width = len(line) - len(line.lstrip(" "))
        for index in range(line_number, len(lines)):
            if lines[index].strip() and len(lines[index]) - len(lines[index].lstrip(" ")) <= width:
                break
            lines[index] = " " * len(lines[index])
    head = _HEAD.match(line) or re.match(r"[ ]*-[ ]+", line) or re.match(r"[ ]*", line)
    start = head.end() if head else 0
    if re.match(r"[ ]*(?:trial|include|exclude|registry|values|note)\b", line, re.IGNORECASE) or start >= len(
        line.rstrip()
    ):
        lines[line_number - 1] = " " * len(line)
    else:
        lines[line_number - 1] = line[:start] + STUB * (len(line.rstrip()) - start)
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


def _span(children: list[Any]) -> Span:
    first, last = children[0], children[-1]
    start = first.start_pos if isinstance(first, Token) else first.span.start
    end = last.end_pos if isinstance(last, Token) else last.span.end
    return Span(start or 0, end or 0)


def _text(token: Token) -> str:
    return re.sub(r"\\(.)", r"\1", str(token)[1:-1])


def _tokens(children: list[Any], kind: str) -> list[Token]:
    return [child for child in children if isinstance(child, Token) and child.type == kind]


def _inner(children: list[Any]) -> list[Any]:
    return [child for child in children if not isinstance(child, Token)]


class _Reader(Transformer[Token, Any]):
    """lark's tree to our nodes; one method for each rule or alias of the grammar."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    def __default__(self, data: Any, children: list[Any], meta: Any) -> Any:
        raise AssertionError(f"the grammar has a rule that the reader does not know: {data}")

    def trial_file(self, children: list[Any]) -> nodes.TrialFile:
        header, *sections = _inner(children)
        fields = header["fields"]
        return nodes.TrialFile(
            id=header["id"], title=header["title"], registry=fields.get("registry", (None, None))[0],
            values=fields.get("values", (None, None))[0], values_span=fields.get("values", (None, None))[1],
            sections=tuple(sections), source=self._source, span=Span(0, len(self._source.text)),
        )  # fmt: skip

    def formula_file(self, children: list[Any]) -> Any:
        return _inner(children)[0]

    def header(self, children: list[Any]) -> Any:
        fields: dict[str, Any] = {}
        for name, value in (child for child in _inner(children)):
            fields.setdefault(name, value)
        return _Header(id=str(children[1]), title=_text(children[2]), fields=fields)

    def registry(self, children: list[Any]) -> Any:
        return _Field(("registry", (_text(children[1]), _span(children[:2]))))

    def values(self, children: list[Any]) -> Any:
        return _Field(("values", (_text(children[1]), _span(children[1:2]))))

    def section(self, children: list[Any]) -> nodes.Section:
        name = str(children[0]).casefold()
        return nodes.Section(name=cast("Any", name), criteria=tuple(_inner(children)), span=_span(children[:1]))

    def criterion(self, children: list[Any]) -> nodes.Criterion:
        formula, *notes = _inner(children)
        return nodes.Criterion(
            id=str(children[0]), label=_text(children[1]), formula=formula, note=notes[0].text if notes else None,
            id_span=_span(children[:1]), span=Span(_span(children[:1]).start, (notes or [formula])[-1].span.end),
        )  # fmt: skip

    def line(self, children: list[Any]) -> Any:
        return children[0]

    item_line = formula_item = lambda self, children: children[1]
    item_block = item_line

    def note(self, children: list[Any]) -> Any:
        return nodes.Judgement(text=_text(children[1]), span=_span(children[:2]))

    def block_head(self, children: list[Any]) -> Any:
        form = re.sub(r"\s+of$", "", " ".join(str(children[0]).casefold().split()))
        counts = _tokens(children, "COUNT")
        return nodes.Block(
            form=cast("Any", form),
            items=(),
            count=int(counts[0]) if counts else None,
            head=_span(children),
            span=_span(children),
        )

    def block(self, children: list[Any]) -> nodes.Block:
        head, *items = _inner(children)
        return nodes.Block(form=head.form, items=tuple(items), count=head.count, head=head.head,
                           span=Span(head.span.start, items[-1].span.end))  # fmt: skip

    def if_then(self, children: list[Any]) -> nodes.IfThen:
        return nodes.IfThen(condition=children[1], consequence=children[3], span=_span(children))

    def choice(self, children: list[Any]) -> nodes.Choice:
        return nodes.Choice(condition=children[1], then=children[3], otherwise=children[5], span=_span(children))

    def unless(self, children: list[Any]) -> nodes.Unless:
        return nodes.Unless(claim=children[0], exception=children[2], span=_span(children))

    def disjunction(self, children: list[Any]) -> nodes.Or:
        return nodes.Or(operands=tuple(_inner(children)), span=_span(children))

    def conjunction(self, children: list[Any]) -> nodes.And:
        return nodes.And(operands=tuple(_inner(children)), span=_span(children))

    def negation(self, children: list[Any]) -> nodes.Not:
        word = "not" if children[0].type == "NOT" else "no"
        return nodes.Not(operand=children[1], word=cast("Any", word), span=_span(children))

    def compare(self, children: list[Any]) -> nodes.Compare:
        tokens = _tokens(children, "OPERATOR")
        return nodes.Compare(
            operands=tuple(_inner(children)), operators=tuple(_plain_operator(token) for token in tokens),
            operator_spans=tuple(_span([token]) for token in tokens), span=_span(children),
        )  # fmt: skip

    chain = compare

    def between(self, children: list[Any]) -> nodes.Between:
        operand, low, high = _inner(children)
        return nodes.Between(operand=operand, low=low, high=high, span=_span(children))

    def member(self, children: list[Any], form: str = "in") -> nodes.Member:
        operand, *values = _inner(children)
        names = tuple(self._value(value) for value in values)
        return nodes.Member(operand=operand, values=names, form=cast("Any", form), span=_span(children))

    def is_value(self, children: list[Any]) -> nodes.Member:
        return self.member(children, "is")

    def is_not(self, children: list[Any]) -> nodes.Member:
        return self.member(children, "is not")

    def _value(self, node: nodes.Formula) -> nodes.Name:
        """A class value is taken as it was written, whatever the grammar saw in it."""
        words = self._source.words(node.span)
        quoted = words[:1] == "`"
        return nodes.Name(text=" ".join(words.strip("`").split()), quoted=quoted, span=node.span)

    def arithmetic(self, children: list[Any]) -> nodes.Arithmetic:
        operator = str(children[1]).replace("−", "-")
        return nodes.Arithmetic(
            operator=cast("Any", operator), left=children[0], right=children[2], span=_span(children)
        )

    def number(self, children: list[Any]) -> nodes.Number:
        unit = _tokens(children, "UNIT")
        return nodes.Number(
            value=str(children[0]).replace("−", "-"), unit=spelled(str(unit[0]).replace(FUSED, " ").strip()) if unit else None,
            unit_span=_span(list(unit)) if unit else None, span=_span(children),
        )  # fmt: skip

    def limit(self, children: list[Any]) -> nodes.Limit:
        word = str(children[-1]).casefold()
        upper = "uln" in word or "upper" in word
        multiple = str(children[0]).replace("−", "-") if len(children) == 2 else "1"
        return nodes.Limit(multiple=multiple, upper=upper, span=_span(children))

    def call(self, children: list[Any]) -> nodes.Call:
        return nodes.Call(
            function=cast("Any", str(children[0]).casefold()), arguments=tuple(_inner(children)), span=_span(children)
        )

    def group(self, children: list[Any]) -> Any:
        inner, *window = _inner(children)
        span = _span(children)
        if isinstance(inner, nodes.And | nodes.Or):
            inner = type(inner)(operands=inner.operands, grouped=True, span=inner.span)
        if window:
            return nodes.Windowed(operand=inner, window=window[0], span=span)
        return inner

    def judgement(self, children: list[Any]) -> nodes.Judgement:
        return nodes.Judgement(text=_text(children[1]), span=_span(children))

    def history(self, children: list[Any]) -> nodes.History:
        name, *window = _inner(children)
        return nodes.History(name=name, window=window[0] if window else None, span=_span(children))

    def elapsed(self, children: list[Any]) -> nodes.Elapsed:
        return nodes.Elapsed(name=children[1], span=_span(children))

    def onset(self, children: list[Any]) -> nodes.Onset:
        name, *window = _inner(children)
        return nodes.Onset(name=name, window=window[0] if window else None, span=_span(children))

    def lasting(self, children: list[Any]) -> nodes.Lasting:
        return nodes.Lasting(name=children[0], length=children[2], span=_span(children))

    def change(self, children: list[Any]) -> nodes.Change:
        name, over, *window = _inner(children)
        return nodes.Change(
            rise=children[0].type == "RISE_IN",
            name=name,
            over=over,
            window=window[0] if window else None,
            span=_span(children),
        )

    def term(self, children: list[Any]) -> nodes.Term:
        selection = _tokens(children, "SELECTION")
        name, *window = _inner(children)
        return nodes.Term(
            name=name, selection=cast("Any", str(selection[0]).casefold()) if selection else None,
            window=window[0] if window else None, span=_span(children),
        )  # fmt: skip

    def window(self, children: list[Any]) -> nodes.Window:
        parts = _inner(children)
        span = _span(children)
        if isinstance(parts[0], nodes.Relation):
            return nodes.Window(length=None, relation=parts[0], span=span)
        length, *relations = parts
        return nodes.Window(
            length=length, ahead=children[0].type == "WITHIN_THE_NEXT", anchor=relations[0] if relations else None,
            relation=relations[1] if len(relations) > 1 else None, span=span,
        )  # fmt: skip

    def relation(self, children: list[Any]) -> nodes.Relation:
        return nodes.Relation(
            after=children[0].type == "AFTER", name=children[-1], onset=len(children) == 3, span=_span(children)
        )

    def duration(self, children: list[Any]) -> nodes.Length:
        return nodes.Length(
            value=str(children[0]).replace("−", "-"), unit=str(children[1]).strip(), span=_span(children)
        )

    def name(self, children: list[Any]) -> nodes.Name:
        token = children[0]
        quoted = token.type == "QUOTED"
        words = str(token).strip("`") if quoted else str(token).replace(FUSED, " ")
        return nodes.Name(text=" ".join(words.split()), quoted=quoted, span=_span(children))


class _Header(dict[str, Any]):
    def __init__(self, **fields: Any) -> None:
        super().__init__(fields)


class _Field(tuple[str, Any]):
    pass


def _plain_operator(token: Token) -> str:
    return {"≤": "<=", "≥": ">=", "≠": "!="}.get(str(token), str(token))


__all__ = ["UnexpectedCharacters", "UnexpectedToken", "is_stub", "parse_formula", "parse_trial"]
