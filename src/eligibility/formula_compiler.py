"""The formula of a derived quantity goes in as the vocabulary spells it; its checked form comes out."""

from __future__ import annotations

from eligibility import nodes, rules
from eligibility.concepts import key_of
from eligibility.errors import Diagnostic, RuleError, did_you_mean
from eligibility.expressions import Arithmetician, Refused, measure_of, refuse
from eligibility.instants import Duration
from eligibility.parser import parse_formula
from eligibility.printer import print_formula
from eligibility.source import Source
from eligibility.vocabulary import Concept, Vocabulary


class _FormulaNames:
    """Names inside a formula of the vocabulary: quantities, age, and classes in its conditions."""

    def __init__(self, vocabulary: Vocabulary, source: Source) -> None:
        self._vocabulary = vocabulary
        self._source = source

    def concept(self, name: nodes.Name) -> Concept:
        found = self._vocabulary.find(name.text)
        if found is None:
            refuse(
                "E400",
                f"`{name.text}` is not declared in the vocabulary",
                name.span,
                did_you_mean(self._vocabulary.nearest(name.text)),
            )
        return found

    def window(self, window: nodes.Window) -> rules.Window:
        refuse(
            "E485", "a formula of the vocabulary has no windows", window.span, "its inputs are paired by their times"
        )

    def duration(self, length: nodes.Length) -> Duration:
        refuse(
            "E485",
            "a formula of the vocabulary has no changes over time",
            length.span,
            "write the formula of one instant",
        )

    def statement(self, node: nodes.Formula) -> rules.Rule | None:
        if isinstance(node, nodes.Member) and isinstance(node.operand, nodes.Term):
            concept = self.concept(node.operand.name)
            ranks = {concept.value_ranks.get(key_of(value.text)) for value in node.values}
            if concept.kind == "class" and None not in ranks:
                chosen = frozenset(rank for rank in ranks if rank is not None)
                if node.form == "is not":
                    chosen = frozenset(range(len(concept.values))) - chosen
                return rules.InClass(concept, "latest", None, chosen, print_formula(node), node.span)
        return None


def compile_formula(vocabulary: Vocabulary, concept: Concept) -> rules.Formula:
    """The checked formula of a derived quantity. Raises RuleError."""
    assert concept.formula is not None
    text, name = " ".join(concept.formula.split()), f"formula of {concept.name}"
    source = Source(text, name)
    tree = parse_formula(text, vocabulary, name)
    try:
        arithmetician = Arithmetician(vocabulary, _FormulaNames(vocabulary, source), in_vocabulary=True)
        typed = arithmetician.base(arithmetician.number(tree))
        unit = measure_of(concept).unit
        if typed.dimensions != unit.dimensions:
            refuse(
                "E473", f"the formula does not come out in {concept.unit}", tree.span, "check the units of the formula"
            )
    except Refused as refused:
        raise RuleError([Diagnostic(refused.code, refused.message, refused.span, source, refused.help)]) from None
    expression = typed.expression
    if unit.factor != 1 or unit.offset:
        expression = rules.Scaled(expression, 1 / float(unit.factor), -float(unit.offset / unit.factor))
    inputs = {leaf.concept.name: leaf.concept for leaf in rules.leaves(expression)}
    measured = [item for item in inputs.values() if item.kind == "quantity" and item.assumed is None]
    sampled = [vocabulary[concept.sampled_with]] if concept.sampled_with else measured
    return rules.Formula(expression, tuple(inputs.values()), tuple(sampled))
