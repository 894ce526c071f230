"""Arithmetic of the syntax tree goes in; checked expressions with proved dimensions come out.

A quantity that stands alone keeps its canonical unit. Inside arithmetic everything is led to base units, so that the
dimensions of a sum can be compared and a product is what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn, Protocol, cast

from eligibility import nodes, rules
from eligibility.instants import Duration, duration, time_unit
from eligibility.printer import print_formula
from eligibility.source import Span
from eligibility.unit_hints import of_a_multiple
from eligibility.units import Dimensions, Measure, Unit, UnitRefusal, product, quotient
from eligibility.vocabulary import Concept, Vocabulary

_AGE: Dimensions = (("[age]", 1),)
_DAY = 86_400


class Refused(Exception):
    """What is wrong with an expression; the checker reports it."""

    def __init__(self, code: str, message: str, span: Span, help_text: str | None) -> None:
        super().__init__(message)
        self.code, self.message, self.span, self.help = code, message, span, help_text


class Names(Protocol):
    """What the checker does for names inside expressions."""

    def concept(self, name: nodes.Name) -> Concept: ...
    def window(self, window: nodes.Window) -> rules.Window: ...
    def duration(self, length: nodes.Length) -> Duration: ...
    def statement(self, node: nodes.Formula) -> rules.Rule | None: ...


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression with its dimensions. `concept` where it is one quantity in its canonical unit; `difference` where it
    is a change of one, so that offsets of temperatures fall away; `measure` where it is in base units and still of one
    analyte (a sum, a difference, the larger of two), so that all units of that analyte may stand beside it; `share` where
    a bare number beside it could be a share or a percentage."""

    expression: rules.Expression
    dimensions: Dimensions
    concept: Concept | None = None
    difference: bool = False
    literal: nodes.Number | None = None
    measure: Measure | None = None
    share: bool = False


def refuse(code: str, message: str, span: Span, help_text: str | None = None) -> NoReturn:
    raise Refused(code, message, span, help_text)


class Arithmetician:
    """Types expressions and their thresholds."""

    def __init__(self, vocabulary: Vocabulary, names: Names, *, in_vocabulary: bool = False) -> None:
        self._vocabulary = vocabulary
        self._names = names
        self._in_vocabulary = in_vocabulary

    # --- expressions -------------------------------------------------------------------------------------------------

    def number(self, node: nodes.Formula) -> Typed:
        """The typed expression. Raises Refused."""
        match node:
            case nodes.Number():
                return Typed(rules.Constant(0.0), (), literal=node)
            case nodes.Term(name=name, selection=selection, window=window):
                return self._term(node, name, selection, window)
            case nodes.Change(rise=rise, name=name, over=over, window=window):
                concept = self._names.concept(name)
                if concept.kind != "quantity":
                    refuse(
                        "E470",
                        f"`{name.text}` is {_article(concept.kind)}, and only a quantity rises or falls",
                        name.span,
                        "name a quantity",
                    )
                checked = self._names.window(window) if window else None
                changed = rules.Changed(concept, rise, self._names.duration(over), checked)
                return Typed(changed, measure_of(concept).unit.dimensions, concept, difference=True)
            case nodes.Arithmetic(operator=operator, left=left, right=right):
                return self._combined(node, operator, self.number(left), self.number(right))
            case nodes.Call(function=function, arguments=arguments):
                return self._call(node, function, [self.number(argument) for argument in arguments])
            case nodes.Choice(condition=condition, then=then, otherwise=otherwise):
                if not self._in_vocabulary:
                    refuse(
                        "E471",
                        "`if ... then ... else` is for formulas of the vocabulary",
                        node.span,
                        "write two criteria, or `if A then B`",
                    )
                rule = self._names.statement(condition)
                if rule is None:
                    refuse("E472", f"`{print_formula(condition)}` is no condition of a formula", condition.span,
                           "test a class, such as `sex is female`, or compare a number")  # fmt: skip
                first, second = self.base(self.number(then)), self.base(self.number(otherwise))
                if first.dimensions != second.dimensions:
                    refuse("E473", "the two branches have different dimensions", node.span, "give both the same unit")
                return Typed(rules.Chosen(rule, first.expression, second.expression), first.dimensions)
            case nodes.Limit():
                refuse(
                    "E448",
                    f"`{print_formula(node)}` is no number of its own",
                    node.span,
                    "write it alone behind a comparison: `ALT >= 5 x ULN`",
                )
            case nodes.Elapsed():
                refuse(
                    "E474",
                    f"`{print_formula(node)}` takes no part in arithmetic",
                    node.span,
                    "compare it alone: `> 96 hours`",
                )
            case _:
                words = print_formula(node)
                refuse("E475", f"`{words if len(words) < 60 else words[:60] + '...'}` is a statement, not a number", node.span,
                       "compare numbers with numbers, and join statements with `and` or `or`")  # fmt: skip

    def _term(self, node: nodes.Term, name: nodes.Name, selection: str | None, window: nodes.Window | None) -> Typed:
        concept = self._names.concept(name)
        if concept.kind == "age":
            if selection or window:
                refuse("E476", f"`{name.text}` has no time to choose by", node.span, "write the name alone")
            return Typed(rules.Age(concept, "years"), _AGE, concept)
        if concept.kind != "quantity":
            help_text = "compare a quantity; a condition stands alone, or behind `no`"
            if concept.kind == "class":
                help_text = f"compare it with one of its values: {', '.join(concept.values)}"
            refuse("E475", f"`{name.text}` is {_article(concept.kind)}, not a number", name.span, help_text)
        checked = self._names.window(window) if window else None
        measured = rules.Measured(concept, cast("rules.Selection", selection or "latest"), checked)
        return Typed(measured, measure_of(concept).unit.dimensions, concept)

    def base(self, typed: Typed) -> Typed:
        """The expression in base units."""
        if typed.literal is not None:
            return self._literal(typed.literal)
        if typed.concept is None:
            return typed
        if typed.concept.kind == "age":
            if not self._in_vocabulary:
                refuse("E477", "age takes no part in arithmetic", Span(0, 0), "compare it alone: `age >= 18 years`")
            return Typed(typed.expression, _AGE)
        measure = measure_of(typed.concept)
        unit = measure.unit
        offset = 0.0 if typed.difference else float(unit.offset)
        expression = typed.expression
        if unit.factor != 1 or offset:
            expression = rules.Scaled(expression, float(unit.factor), offset)
        return Typed(expression, typed.dimensions, difference=typed.difference, measure=measure)

    def _literal(self, node: nodes.Number, partner: Measure | None = None) -> Typed:
        """A number in base units; beside a quantity it may stand in any unit in which that is measured."""
        value = Fraction(node.value)
        if node.unit is None:
            return Typed(rules.Constant(float(value)), ())
        if self._in_vocabulary and time_unit(node.unit) in ("year", "month"):
            years = value if time_unit(node.unit) == "year" else value / 12
            return Typed(rules.Constant(float(years)), _AGE)
        unit = unit_of(self._vocabulary, node)
        line = partner.scale(unit) if partner is not None else None
        if partner is not None and line is not None:
            own = partner.unit
            number = float((line.factor * value + line.offset) * own.factor + own.offset)
            return Typed(rules.Constant(number), own.dimensions, measure=partner)
        return Typed(rules.Constant(float(value * unit.factor + unit.offset)), unit.dimensions)

    def _is_temperature(self, typed: Typed) -> bool:
        literal = typed.literal
        if literal is None or literal.unit is None:
            return typed.dimensions == (("[temperature]", 1),)
        return not calendar_months(literal, Fraction(1)) and bool(unit_of(self._vocabulary, literal).offset)

    def _pair(self, left: Typed, right: Typed) -> tuple[Typed, Typed]:
        """Both in base units; a literal beside a quantity is read as a value of that quantity."""
        a, b = self.base(left), self.base(right)
        if left.literal is not None and b.measure is not None:
            return self._literal(left.literal, b.measure), b
        if right.literal is not None and a.measure is not None:
            return a, self._literal(right.literal, a.measure)
        return a, b

    def _combined(self, node: nodes.Formula, operator: str, left: Typed, right: Typed) -> Typed:
        if (
            any(side.concept is not None and side.concept.kind == "age" for side in (left, right))
            and not self._in_vocabulary
        ):
            refuse("E477", "age takes no part in arithmetic", node.span, "compare it alone: `age >= 18 years`")
        if any(self._is_temperature(side) for side in (left, right)) and (
            operator not in ("min", "max") or left.difference or right.difference
        ):
            # 39 degC less 37 degC is 2 kelvin, not 2 degC: what the zero of the scale does here is nobody's guess
            refuse("E477", f"`{print_formula(node)}`: a temperature takes no part in arithmetic, since the zero of its scale is arbitrary", node.span,
                   "compare it alone, or write `rise in temperature over 1 day >= 1 degC`")  # fmt: skip
        if operator == "/":
            self._refuse_bent_scale(left, right)
        if operator == "^":
            base, exponent = self.base(left), self.base(right)
            if exponent.dimensions:
                refuse("E473", "an exponent is a plain number", node.span, "divide it by its unit first")
            combined = rules.Combined("^", base.expression, exponent.expression)
            if not base.dimensions:
                return Typed(combined, ())
            if right.literal is None or Fraction(right.literal.value).denominator != 1:
                refuse(
                    "E473",
                    f"`{print_formula(node)}`: only a plain number has a power that is not whole",
                    node.span,
                    "divide the base by its unit first",
                )
            whole = int(Fraction(right.literal.value))
            return Typed(combined, tuple((name, power * whole) for name, power in base.dimensions if whole))
        if operator == "*":
            a, b = self.base(left), self.base(right)
            multiple = _of_multiple(a, right) or _of_multiple(b, left)
            dimensions, share = product(a.dimensions, b.dimensions), _is_share(left) is not _is_share(right)
            return Typed(rules.Combined("*", a.expression, b.expression), dimensions, measure=multiple, share=share)
        a, b = self._pair(left, right)
        if operator == "/":
            share = _is_share(left) and not _is_share(right) and (right.literal is None or right.literal.unit is None)
            combined, multiple = rules.Combined("/", a.expression, b.expression), _of_multiple(a, right)
            return Typed(combined, quotient(a.dimensions, b.dimensions), measure=multiple, share=share)
        share = _is_share(left) or _is_share(right)
        bare = next((side.literal for side in (left, right) if side.literal and side.literal.unit is None), None)
        if share and bare is not None:
            refuse(
                "E481",
                f"`{bare.value}` needs a unit beside a percentage",
                bare.span,
                f"write `{bare.value} %`, or divide the other side by `(1 %)`",
            )
        if a.dimensions != b.dimensions:
            refuse("E473", f"`{print_formula(node)}` adds or compares what is measured in different units", node.span,
                   "give both sides the same kind of unit")  # fmt: skip
        alike = a.measure if a.measure == b.measure else None
        difference = operator == "-" and alike is not None
        combined = rules.Combined(cast("Any", operator), a.expression, b.expression)
        return Typed(combined, a.dimensions, difference=difference, measure=alike, share=share)

    def _refuse_bent_scale(self, left: Typed, right: Typed) -> None:
        """Units that meet on a line that misses zero (HbA1c in % and in mmol/mol) cannot be divided into each other."""
        for number, partner in ((left.literal, right.concept), (right.literal, left.concept)):
            if number is None or number.unit is None or partner is None or partner.measure is None:
                continue
            unit = unit_of(self._vocabulary, number)
            line = partner.measure.scale(unit)
            if line is not None and line.offset and not unit.offset:
                refuse("E482", f"`{number.unit}` and {partner.unit} of `{partner.name}` have no common zero", number.span,
                       f"write it in {partner.unit}")  # fmt: skip

    def _call(self, node: nodes.Call, function: str, arguments: list[Typed]) -> Typed:
        if function in ("ln", "exp"):
            if len(arguments) != 1:
                refuse("E478", f"`{function}` takes one number", node.span, f"write `{function}(x)`")
            operand = self.base(arguments[0])
            if operand.dimensions:
                refuse(
                    "E473",
                    f"`{function}` takes a plain number",
                    node.span,
                    "divide by the unit first: `ln(creatinine / (1 mg/dL))`",
                )
            return Typed(rules.Applied("ln" if function == "ln" else "exp", operand.expression), ())
        if len(arguments) < 2:
            refuse("E478", f"`{function}` takes two numbers or more", node.span, f"write `{function}(a, b)`")
        result = arguments[0]
        for argument in arguments[1:]:
            result = self._combined(node, function, result, argument)
        return result


def _is_share(typed: Typed) -> bool:
    """Is it counted in percent, so that a bare number beside it could be a percentage or a plain number?"""
    concept = typed.concept
    if concept is None or concept.measure is None:
        return typed.share
    unit = concept.measure.unit
    return not unit.dimensions and unit.factor != 1 and concept.bare != "1"


def calendar_months(literal: nodes.Number, value: Fraction) -> int | None:
    if literal.unit is None or time_unit(literal.unit) not in ("month", "year"):
        return None
    length = duration(value, literal.unit)
    return length.months if length else None


def _of_multiple(typed: Typed, by: Typed) -> Measure | None:
    """The measure that stays when an amount is multiplied or divided by a plain number."""
    plain = by.literal is not None and by.literal.unit is None
    return typed.measure if plain and typed.measure is not None and not typed.measure.unit.offset else None


def measure_of(concept: Concept) -> Measure:
    assert concept.measure is not None
    return concept.measure


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def unit_of(vocabulary: Vocabulary, node: nodes.Number) -> Unit:
    """The unit of a number of the text. Raises Refused."""
    unit = vocabulary.units.read(node.unit or "1")
    if isinstance(unit, UnitRefusal):
        refuse(
            "E480",
            unit.message,
            node.unit_span or node.span,
            unit.help or of_a_multiple(node.unit) or "`eligibility vocabulary` shows the unit of each quantity",
        )
    return unit
