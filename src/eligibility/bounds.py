"""A typed expression and a number of the text go in; the threshold in the unit of the expression comes out."""

from __future__ import annotations

from fractions import Fraction

from eligibility import nodes, rules
from eligibility.expressions import Typed, calendar_months, measure_of, refuse, unit_of
from eligibility.instants import days_in_months, time_unit
from eligibility.unit_hints import likely_units, units_of
from eligibility.units import Scale, Unit, spelled
from eligibility.vocabulary import Vocabulary

_DAY = 86_400


def bound(vocabulary: Vocabulary, typed: Typed, operator: rules.Operator, literal: nodes.Number) -> rules.Bound:
    """The threshold of a comparison, in the unit of the expression. Raises Refused."""
    value = Fraction(literal.value)
    unit_text = spelled(literal.unit) if literal.unit else ""
    shown = f"{literal.value.lstrip('+')} {unit_text}".strip()
    concept = typed.concept
    if typed.literal is not None:
        refuse("E479", "two numbers are compared with each other", literal.span, "name what is measured")
    if concept is not None and concept.kind == "age":
        return _age_bound(operator, literal, value)
    if concept is None:
        if literal.unit is None and typed.dimensions:
            refuse("E481", f"`{literal.value}` needs a unit: what it is compared with has one", literal.span,
                   f"write the unit behind it, such as `{literal.value} mg/dL`")  # fmt: skip
        if typed.share and literal.unit is None and not typed.dimensions:
            refuse(
                "E481",
                f"`{shown}` needs a unit: the result is a share",
                literal.span,
                f"write `{shown} %`, or divide the percentage by `(1 %)` first",
            )
        unit = unit_of(vocabulary, literal)
        line = _line_of_analyte(typed, unit)
        if line is not None and not unit.offset and not typed.difference and _is_bent(typed, unit):
            refuse("E482", f"`{literal.unit}` has no common zero with what it is compared with", literal.span,
                   "write it in the other unit of this quantity")  # fmt: skip
        if line is None and unit.offset:
            refuse("E473", f"`{shown}` is a point of a scale, and what it is compared with is none", literal.span,
                   "compare a temperature alone")  # fmt: skip
        if line is None and unit.dimensions != typed.dimensions:
            refuse("E473", f"`{shown}` is measured in another kind of unit than what it is compared with", literal.span,
                   "check the units on both sides")  # fmt: skip
        number = (line or Scale(unit.factor, unit.offset))(value)
        return rules.Bound(operator, number, number, shown)
    measure = measure_of(concept)
    if literal.unit is None:
        if concept.bare is None:
            likely = likely_units(vocabulary, concept, value, difference=typed.difference)
            examples = " or ".join(f"`{literal.value} {unit}`" for unit in likely[:2])
            refuse(
                "E481",
                f"`{literal.value}` needs a unit: `{concept.name}` is reported in several",
                literal.span,
                f"write the one that the protocol means, such as {examples}",
            )
        literal_unit = vocabulary.units.read(concept.bare)
        assert isinstance(literal_unit, Unit)
        shown = shown if concept.bare == "1" else f"{shown} {concept.bare}"
    else:
        months = calendar_months(literal, value)
        if months is not None and measure.unit.dimensions == (("[time]", 1),):
            fewest, most = days_in_months(months)
            days = [float(count * _DAY / measure.unit.factor) for count in (fewest, most)]
            return rules.Bound(operator, days[0], days[1], shown, months)
        literal_unit = unit_of(vocabulary, literal)
    line = measure.scale(literal_unit)
    if line is None and concept.unit == "1":
        refuse(
            "E482",
            f"`{concept.name}` has no unit, and `{unit_text}` is one",
            literal.unit_span or literal.span,
            "write the number alone",
        )
    if line is None:
        refuse("E482", f"`{unit_text or literal.value}` is no unit of `{concept.name}`, which is measured in {concept.unit}", literal.unit_span or literal.span,
               f"write a unit such as {', '.join(f'`{text}`' for text in units_of(vocabulary, concept)[:4])}")  # fmt: skip
    if typed.difference:
        line = Scale(line.factor)
    number = line(value)
    return rules.Bound(operator, number, number, shown)


def _age_bound(operator: rules.Operator, literal: nodes.Number, value: Fraction) -> rules.Bound:
    unit = time_unit(literal.unit) if literal.unit else "year"
    if unit not in ("year", "month"):
        refuse(
            "E483",
            f"`{literal.unit}` is no unit of age",
            literal.unit_span or literal.span,
            "an age is counted in completed `years` or `months`",
        )
    if value.denominator != 1:
        refuse(
            "E484",
            f"`{literal.value} {unit}s` is no completed age",
            literal.span,
            "write whole years, or months: `6 months`",
        )
    shown = f"{value} {unit}{'' if value == 1 else 's'}"
    return rules.Bound(operator, float(value), float(value), shown, int(value) * (12 if unit == "year" else 1))


def display(vocabulary: Vocabulary, typed: Typed, literal: nodes.Number) -> tuple[str, Scale]:
    """The unit of the rule, and the line from the expression to it, for evidence and margins."""
    if typed.concept is not None and typed.concept.kind == "age":
        return f"{time_unit(literal.unit or 'years')}s", Scale(Fraction(1))
    concept = typed.concept
    text = literal.unit or (concept.bare if concept else None) or "1"
    if concept is not None and calendar_months(literal, Fraction(1)) is not None:
        return concept.unit, Scale(Fraction(1))
    unit = vocabulary.units.read(text)
    assert isinstance(unit, Unit)
    line = measure_of(concept).scale(unit) if concept is not None else _line_of_analyte(typed, unit)
    line = line or Scale(unit.factor, unit.offset)
    back = Scale(1 / line.factor, Fraction(0) if typed.difference else -line.offset / line.factor)
    return ("" if text == "1" else spelled(text)), back


def _is_bent(typed: Typed, unit: Unit) -> bool:
    """Is a sum or a multiple compared with a unit whose line misses zero? What is chosen by min or max is a value."""
    line = typed.measure.scale(unit) if typed.measure else None
    chosen = isinstance(typed.expression, rules.Combined) and typed.expression.operator in ("min", "max")
    return line is not None and bool(line.offset) and not chosen


def _line_of_analyte(typed: Typed, unit: Unit) -> Scale | None:
    """The line from a unit to the base units of an expression that is still of one analyte."""
    line = typed.measure.scale(unit) if typed.measure is not None else None
    if typed.measure is None or line is None:
        return None
    own = typed.measure.unit
    offset = Fraction(0) if typed.difference else line.offset * own.factor + own.offset
    return Scale(line.factor * own.factor, offset)
