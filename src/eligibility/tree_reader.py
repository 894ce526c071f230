"""A tree of lark goes in; our syntax tree comes out, and what the grammar cannot tell: a line of the head that stands twice."""

from __future__ import annotations

import re
from typing import Any, cast

from lark import Token, Transformer

from eligibility import nodes
from eligibility.errors import Diagnostic, Related
from eligibility.layout import FUSED
from eligibility.source import Source, Span
from eligibility.units import spelled

_OLD = re.compile(r"(?<=[a-z])\s+(?:old|of\s+age)$", re.IGNORECASE)  # `18 years old` is 18 years


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


class TreeReader(Transformer[Token, Any]):
    """lark's tree to our nodes; one method for each rule or alias of the grammar."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self.diagnostics: list[Diagnostic] = []

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

    def headless_file(self, children: list[Any]) -> nodes.TrialFile:
        return nodes.TrialFile(
            id="?", title="", registry=None, values=None, sections=tuple(_inner(children)), source=self._source,
            span=Span(0, len(self._source.text)),
        )  # fmt: skip

    def formula_file(self, children: list[Any]) -> Any:
        return _inner(children)[0]

    def header(self, children: list[Any]) -> Any:
        fields: dict[str, Any] = {}
        for name, value in _inner(children):
            if name in fields:
                self.diagnostics.append(Diagnostic(
                    "E302", f"there is a second `{name}`", value[1], self._source, "keep the one that is meant",
                    related=(Related("the first is here", fields[name][1]),),
                ))  # fmt: skip
            fields.setdefault(name, value)
        return {"id": str(children[1]), "title": _text(children[2]), "fields": fields}

    def registry(self, children: list[Any]) -> Any:
        return "registry", (_text(children[1]), _span(children[:2]))

    def values(self, children: list[Any]) -> Any:
        return "values", (_text(children[1]), _span(children[1:2]))

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
            value=str(children[0]).replace("−", "-"), unit=spelled(_OLD.sub("", str(unit[0]).replace(FUSED, " ").strip())) if unit else None,
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
            value=str(children[0]).replace("−", "-"),
            unit=str(children[1]).replace(FUSED, " ").strip(),
            span=_span(children),
        )

    def name(self, children: list[Any]) -> nodes.Name:
        token = children[0]
        quoted = token.type == "QUOTED"
        words = str(token).strip("`") if quoted else str(token).replace(FUSED, " ")
        return nodes.Name(text=" ".join(words.split()), quoted=quoted, span=_span(children))


def _plain_operator(token: Token) -> str:
    return {"≤": "<=", "≥": ">=", "≠": "!="}.get(str(token), str(token))
