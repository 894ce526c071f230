"""A criterion and the facts go in; a sentence that a clinician accepts and the evidence behind it come out."""

from __future__ import annotations

from typing import assert_never

from eligibility import number_reasons, occurrence_reasons, rules, wording
from eligibility.evaluator import Situation, Truths, kleene
from eligibility.logic import Truth
from eligibility.results import OUTCOMES, Evidence

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def decisive(rule: rules.Rule, truths: Truths) -> list[rules.Atom]:
    """The atoms that carry the outcome: enough of them to decide it, or all that hold it open."""
    outcome = kleene(rule, truths)
    found: list[rules.Atom] = []
    match rule:
        case rules.Not(operand=operand):
            found = decisive(operand, truths)
        case rules.And(operands=operands) | rules.Or(operands=operands):
            whole = T if isinstance(rule, rules.And) else F  # the outcome that takes every operand
            wanted = [operand for operand in operands if outcome is whole or kleene(operand, truths) is outcome]
            for operand in wanted:
                found += decisive(operand, truths)
        case rules.Count(high=high, operands=operands):
            values = [kleene(operand, truths) for operand in operands]
            if outcome is F:
                side = T if values.count(T) > high else F
                chosen = [operand for operand, value in zip(operands, values, strict=True) if value is side]
            else:
                chosen = [
                    operand for operand, value in zip(operands, values, strict=True) if outcome is T or value is U
                ]
            for operand in chosen:
                found += decisive(operand, truths)
        case _:
            found = [rule]
    return list(dict.fromkeys(found))


def explain(rule: rules.Rule, truths: Truths, situation: Situation) -> tuple[str, tuple[Evidence, ...]]:
    """The reason of a criterion as one sentence, and the evidence for it."""
    told = [tell(atom, truths[atom], situation) for atom in decisive(rule, truths)]
    sentences = _together(list(dict.fromkeys(sentence for sentence, _ in told)))
    return wording.joined(sentences), tuple(evidence for _, evidence in told)


def _together(sentences: list[str]) -> list[str]:
    """Bare `X: not known whether present` of several names become one clause."""
    tail = ": not known whether present"
    bare = [sentence.removesuffix(tail) for sentence in sentences if sentence.endswith(tail)]
    if len(bare) < 2:
        return sentences
    rest = [sentence for sentence in sentences if not sentence.endswith(tail)]
    return [*rest, f"not known whether present: {', '.join(bare[:-1])} and {bare[-1]}"]


def tell(atom: rules.Atom, truth: Truth, situation: Situation) -> tuple[str, Evidence]:
    """One comparison or presence in words, with its evidence."""
    match atom:
        case rules.Comparison():
            return number_reasons.comparison(atom, truth, situation)
        case rules.LimitComparison():
            return number_reasons.limit(atom, truth, situation)
        case rules.InClass():
            return number_reasons.in_class(atom, truth, situation)
        case rules.Present() | rules.Ever() | rules.InWindow() | rules.OnsetIn() | rules.Elapsed() | rules.Lasting():
            return occurrence_reasons.occurrence(atom, truth, situation)
        case rules.Attested(concept=concept):
            cannot = concept.name in situation.facts.cannot_apply
            said = "cannot apply to this patient" if cannot else _ANSWER[truth]
            return f"{concept.name}: {said}", Evidence(
                concept.name, atom.words, OUTCOMES[truth], said if truth is not U else None
            )
        case rules.Judged(text=text, address=address):
            said = {T: "yes", F: "no", U: "not answered yet"}[truth]
            return f"the investigator's judgement “{text}”: {said}", Evidence(
                address, atom.words, OUTCOMES[truth], said if truth is not U else None
            )
        case _:
            assert_never(atom)


_ANSWER = {T: "yes", F: "no", U: "not answered yet"}
