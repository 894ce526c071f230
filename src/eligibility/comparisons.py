"""Comparisons of a syntax tree go in: numbers, limits of normal, times since an onset, classes; checked rules come out."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import NoReturn, cast

from eligibility import nodes, rules
from eligibility.bounds import bound, display
from eligibility.expressions import Arithmetician
from eligibility.instants import Duration
from eligibility.printer import print_formula
from eligibility.scope import Scope, article
from eligibility.source import Span
from eligibility.tellings import short
from eligibility.vocabulary import Concept, key_of

_FLIPPED: dict[str, rules.Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
Ends = tuple[tuple[rules.Operator, nodes.Formula], ...]


class Comparisons:
    """Checks the comparisons of one criterion."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    # --- comparisons -------------------------------------------------------------------------------------------------

    def compare(self, node: nodes.Compare) -> rules.Rule:
        for operator, span in zip(node.operators, node.operator_spans, strict=True):
            if operator not in _FLIPPED:
                self._report_operator(node, operator, span)
        if len(node.operands) == 2:
            left, right = node.operands
            operator = cast("rules.Operator", node.operators[0])
            if _is_literal(left) and not _is_literal(right):
                left, right, operator = right, left, _FLIPPED[operator]
            return self.bounded(node, left, ((operator, right),))
        low, middle, high = node.operands
        first, second = node.operators
        if first[0] != second[0]:
            self._scope.fail(
                "E440",
                "the two ends of a chain point different ways",
                node.span,
                "write `200 < x <= 300`, or two comparisons",
            )
        if not (_is_literal(low) and _is_literal(high)) or _is_literal(middle):
            self._scope.fail(
                "E441",
                "a chain has a threshold at each end and what is measured in the middle",
                node.span,
                "write `200 < x <= 300 mmHg`",
            )
        bounds = ((_FLIPPED[first], low), (cast("rules.Operator", second), high))
        return self.bounded(node, middle, bounds if first[0] == "<" else (bounds[1], bounds[0]))

    def _report_operator(self, node: nodes.Compare, operator: str, span: Span) -> NoReturn:
        if operator in ("=>", "=<"):
            self._scope.fail("E442", f"`{operator}` is no comparison", span, f"write `{operator[1]}{operator[0]}`")
        left = node.operands[0]
        concept = self._scope.named(left)
        if operator in ("!=", "<>"):
            self._scope.fail("E443", f"`{operator}` is no comparison of this language", span,
                       "write `is not` for a class, or the two ranges for a number: `x < 5 or x > 5`")  # fmt: skip
        if concept is not None and concept.kind == "class":
            self._scope.fail(
                "E444",
                f"a bare `{operator}` is refused: registries lose the bar of `>=` and `<=`",
                span,
                "write `is` for a class",
            )
        if concept is not None and concept.is_occurrence:
            self._scope.fail(
                "E444",
                f"a bare `{operator}` is refused, and `{concept.name}` is {article(concept.kind)}",
                span,
                f"write `{concept.name}` alone, or `no {concept.name}`",
            )
        self._scope.fail("E444", f"a bare `{operator}` is refused: registries lose the bar of `>=` and `<=`, and this is how that looks", span,
                   "look the sign up in the protocol and write `>=` or `<=`; for exactly one value write `between`")  # fmt: skip

    def bounded(self, node: nodes.Formula, subject: nodes.Formula, ends: Ends) -> rules.Rule:
        """What is compared, and the sign and threshold of one end or of both, the lower one first."""
        words = print_formula(node)
        ends = self._with_multiples(subject, ends)
        if isinstance(subject, nodes.Elapsed):
            return self._elapsed(node, subject, ends)
        concept = self._class_of(subject)
        if concept is not None and (isinstance(node, (nodes.Compare, nodes.Between))):
            return self._class_comparison(node, cast("nodes.Term", subject), concept, ends)
        if any(isinstance(end, nodes.Limit) for _, end in ends):
            return self._limit(node, subject, ends)
        for _, end in ends:
            if not isinstance(end, nodes.Number):
                if isinstance(end, nodes.Arithmetic) and re.match(r"10 ?\^", print_formula(end)):
                    words = self._scope.source.words(end.span)
                    self._scope.fail(
                        "E445",
                        f"`{short(words)}` is a power without a number before it",
                        end.span,
                        f"write `1 x {words}`",
                    )
                self._scope.fail("E445", f"`{short(print_formula(end))}` is no threshold", end.span,
                           "compare with a number and its unit; to compare two quantities, divide one by the other")  # fmt: skip
        literals = [cast("nodes.Number", end) for _, end in ends]
        if len(literals) == 2:  # the unit of the one that was written first may be left out
            first, second = (0, 1) if literals[0].span.start < literals[1].span.start else (1, 0)
            if literals[first].unit is None and literals[second].unit is not None:
                literals[first] = replace(
                    literals[first], unit=literals[second].unit, unit_span=literals[second].unit_span
                )
        arithmetician = Arithmetician(self._scope.vocabulary, self._scope)
        typed = arithmetician.number(subject)
        bounds = tuple(
            bound(self._scope.vocabulary, typed, operator, literal)
            for (operator, _), literal in zip(ends, literals, strict=True)
        )
        if len(bounds) == 2:
            lower, upper = bounds
            strict = lower.operator == ">" or upper.operator == "<"
            least, most = lower.high, upper.low
            if lower.months is not None and upper.months is not None:  # `6 months <= age < 2 years`: each in its unit
                least, most = lower.months, upper.months
            if least > most or (strict and least == most):
                self._scope.fail(
                    "E446",
                    f"no number is {_side(lower)} and {_side(upper)}",
                    node.span,
                    "exchange the two ends" if least > most else "write `<=` at one end, or another number",
                )
        unit, shown = display(self._scope.vocabulary, typed, literals[-1])
        return rules.Comparison(typed.expression, bounds, unit, shown, words, node.span)

    def _with_multiples(self, subject: nodes.Formula, ends: Ends) -> Ends:
        """`2 < ALT <= 5 x ULN`: like a unit, the first `x ULN` may be left out, where no bare number could be meant."""
        if len(ends) != 2:
            return ends
        first, second = sorted(ends, key=lambda end: end[1].span.start)
        concept = self._scope.named(subject)
        number, limit = first[1], second[1]
        if not isinstance(number, nodes.Number) or number.unit is not None or not isinstance(limit, nodes.Limit):
            return ends
        if concept is None or concept.bare is not None:
            return ends
        multiple = nodes.Limit(multiple=number.value, upper=limit.upper, span=number.span)
        return tuple((operator, multiple if end is number else end) for operator, end in ends)

    def _elapsed(self, node: nodes.Formula, subject: nodes.Elapsed, ends: Ends) -> rules.Rule:
        concept = self._scope.concept(subject.name)
        self._scope.only_occurrence(concept, subject.name, "`time since onset of`")
        last_unit = next((end.unit for _, end in reversed(ends) if isinstance(end, nodes.Number) and end.unit), None)
        bounds: list[tuple[rules.Operator, Duration]] = []
        for operator, end in ends:
            if not isinstance(end, nodes.Number) or last_unit is None:
                self._scope.fail(
                    "E447",
                    "a time since an onset is compared with a duration",
                    end.span,
                    "write `> 96 hours`: a number and a unit of time",
                )
            length = nodes.Length(value=end.value, unit=end.unit or last_unit, span=end.span)
            bounds.append((operator, self._scope.duration(length)))
        if len(bounds) == 2:
            sizes = [(bound.months * 30.44 + bound.exact / 86_400e6) for _, bound in bounds]
            low, high = sizes
            strict = any(operator in ("<", ">") for operator, _ in bounds)
            if low > high or (low == high and strict):
                self._scope.fail(
                    "E446",
                    f"no time is between {bounds[0][1].text} and {bounds[1][1].text}, in this order",
                    node.span,
                    "exchange the two ends",
                )
        return rules.Elapsed(concept, tuple(bounds), print_formula(node), node.span)

    def _limit(self, node: nodes.Formula, subject: nodes.Formula, ends: Ends) -> rules.Rule:
        name = "ULN" if any(isinstance(end, nodes.Limit) and end.upper for _, end in ends) else "LLN"
        if not isinstance(subject, nodes.Term):
            self._scope.fail("E448", f"`x {name}` goes with a measurement, not with `{short(print_formula(subject))}`", node.span,
                       "a limit of normal belongs to one observation of one quantity")  # fmt: skip
        concept = self._scope.concept(subject.name)
        if concept.kind != "quantity":
            self._scope.fail(
                "E422",
                f"`{subject.name.text}` is {article(concept.kind)} and has no {name}",
                subject.span,
                "only quantities have limits of normal",
            )
        if concept.formula:
            self._scope.fail("E448", f"`{subject.name.text}` is computed, so no laboratory gives a limit of normal for it: {name}", node.span,
                       "compare it with a number, or compare what it is computed from")  # fmt: skip
        if concept.possible.low < 0:
            self._scope.fail(
                "E448",
                f"`{subject.name.text}` can be negative, so a multiple of its {name} means nothing",
                node.span,
                "compare it with a number",
            )
        selection = subject.selection or "latest"
        window = self._scope.window(subject.window) if subject.window else None
        found: list[rules.Rule] = []
        for operator, end in ends:
            if not isinstance(end, nodes.Limit):
                self._scope.fail(
                    "E449",
                    f"one end is a multiple of {name}, the other is not",
                    end.span,
                    "write both ends the same way",
                )
            multiple = float(Fraction(end.multiple))
            if multiple <= 0:
                self._scope.fail(
                    "E449", f"`{end.multiple} x {name}` is no limit", end.span, "write a multiple above zero"
                )
            found.append(
                rules.LimitComparison(
                    concept, selection, window, operator, multiple, end.upper, print_formula(node), node.span
                )
            )
        if len(found) == 2:
            low, high = cast("list[rules.LimitComparison]", found)
            strict = low.operator == ">" or high.operator == "<" or low.upper is not high.upper
            # the upper limit is never below the lower one; how far above it lies, each laboratory says for itself
            if low.upper >= high.upper and (low.multiple > high.multiple or (low.multiple == high.multiple and strict)):
                sides = [f"{one.multiple:g} x {'ULN' if one.upper else 'LLN'}" for one in (low, high)]
                self._scope.fail(
                    "E446", f"no number is above {sides[0]} and below {sides[1]}", node.span, "exchange the two ends"
                )
        return found[0] if len(found) == 1 else rules.And(tuple(found))

    # --- classes -----------------------------------------------------------------------------------------------------

    def _class_of(self, node: nodes.Formula) -> Concept | None:
        concept = self._scope.named(node)
        return concept if concept is not None and concept.kind == "class" else None

    def _rank(self, concept: Concept, value: nodes.Name) -> int:
        rank = concept.value_ranks.get(key_of(value.text))
        if rank is None:
            self._scope.fail(
                "E450",
                f"`{value.text}` is no value of `{concept.name}`",
                value.span,
                f"its values are {', '.join(concept.values)}"
                + ("; a comma stands between two of them" if self._are_values(concept, value.text) else ""),
            )
        return rank

    def _are_values(self, concept: Concept, text: str) -> bool:
        return " " in text and all(key_of(word) in concept.value_ranks for word in text.split())

    def _class_comparison(
        self,
        node: nodes.Formula,
        subject: nodes.Term,
        concept: Concept,
        ends: Ends,
    ) -> rules.Rule:
        if not concept.ordered:
            self._scope.fail(
                "E451",
                f"the values of `{concept.name}` have no order",
                node.span,
                f"write `{concept.name} is {concept.values[0]}`",
            )
        ranks = set(range(len(concept.values)))
        for operator, end in ends:
            value = nodes.Name(text=" ".join(self._scope.source.words(end.span).strip("`").split()), span=end.span)
            rank = self._rank(concept, value)
            tests = {"<": rank.__gt__, "<=": rank.__ge__, ">": rank.__lt__, ">=": rank.__le__}
            ranks &= {candidate for candidate in ranks if tests[operator](candidate)}
        if not ranks:
            self._scope.fail(
                "E446",
                f"no value of `{concept.name}` satisfies `{print_formula(node)}`",
                node.span,
                f"its values are {', '.join(concept.values)}",
            )
        return self._in_class(node, subject, concept, frozenset(ranks))

    def _in_class(
        self, node: nodes.Formula, subject: nodes.Term, concept: Concept, ranks: frozenset[int]
    ) -> rules.InClass:
        selection = subject.selection or "latest"
        if selection in ("highest", "lowest") and not concept.ordered:
            self._scope.fail(
                "E451", f"the values of `{concept.name}` have no order", subject.span, f"take out `{selection}`"
            )
        window = self._scope.window(subject.window) if subject.window else None
        return rules.InClass(concept, selection, window, ranks, print_formula(node), node.span)

    def member(self, node: nodes.Member) -> rules.Rule:
        if not isinstance(node.operand, nodes.Term):
            self._scope.fail(
                "E452",
                f"`{node.form}` goes with the name of a class",
                node.operand.span,
                "compare numbers with `>=`, `<=`, `<` or `>`",
            )
        concept = self._scope.concept(node.operand.name)
        if concept.kind != "class":
            self._scope.fail("E452", f"`{concept.name}` is {article(concept.kind)}, and `{node.form}` goes with a class", node.operand.span,
                       f"write `{concept.name}` alone, or `no {concept.name}`" if concept.kind not in ("quantity", "age", "milestone")
                       else "compare numbers with `>=`, `<=`, `<` or `>`")  # fmt: skip
        ranks = frozenset(self._rank(concept, value) for value in node.values)
        if node.form == "is not":
            ranks = frozenset(range(len(concept.values))) - ranks
        return self._in_class(node, node.operand, concept, ranks)


def _is_literal(node: nodes.Formula) -> bool:
    return isinstance(node, nodes.Number | nodes.Limit)


def _side(bound: rules.Bound) -> str:
    words = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}
    return f"{words[bound.operator]} {bound.shown}"
