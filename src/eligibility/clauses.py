"""A criterion goes in; what must hold for it to pass comes out, as clauses: each an `or` of literals, all of them needed.

Strong Kleene logic is a distributive lattice in which negation swaps true and false, so pushing negations inward, splitting
conjunctions and distributing `or` over `and` change no value. They may change which open atoms are left once what is
decided has been struck out; where that tells an answer of a person from lacking data, a criterion is not put into clauses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations, product

from eligibility import rules

Literal = tuple[rules.Atom, bool]  # an atom, and whether it is negated
Clause = tuple[Literal, ...]
MOST_CLAUSES = 64  # of one criterion; beyond, it is cheaper as it stands


class _TooMany(Exception):
    """More clauses than are worth it."""


def clauses(criterion: rules.Criterion) -> tuple[Clause, ...] | None:
    """The clauses that a criterion passes by; None where it is better judged as it stands."""
    kinds = {isinstance(atom, rules.Attested | rules.Judged) for atom in rules.atoms(criterion.rule)}
    try:
        found, is_exact = _conjunction(criterion.rule, criterion.section == "exclude")
    except _TooMany:
        return None
    return tuple(found) if is_exact or len(kinds) == 1 else None


def _conjunction(rule: rules.Rule, negated: bool) -> tuple[list[Clause], bool]:
    """The clauses of a rule or its negation, and whether they keep the open atoms apart as the rule does."""
    match rule:
        case rules.Not(operand=operand):
            return _conjunction(operand, not negated)
        case rules.And(operands=operands) | rules.Or(operands=operands):
            parts = [_conjunction(operand, negated) for operand in operands]
            is_exact = all(exact for _, exact in parts)
            if isinstance(rule, rules.And) is not negated:
                return _few(clause for part, _ in parts for clause in part), is_exact
            return _few(_distributed([part for part, _ in parts])), is_exact and all(
                len(part) == 1 for part, _ in parts
            )
        case rules.Count(low=low, high=high, operands=operands):
            bounds = [_at_least(operands, low, False), _at_least(operands, len(operands) - high, True)]
            if negated:  # fewer than `low`, or more than `high`
                bounds = [_at_least(operands, len(operands) - low + 1, True), _at_least(operands, high + 1, False)]
                return _few(_distributed([_few(bound) for bound in bounds])), False
            return _few(clause for bound in bounds for clause in bound), False
        case rules.Comparison(bounds=bounds) if len(bounds) > 1:
            ends = tuple(replace(rule, bounds=(bound,)) for bound in bounds)
            return _conjunction(rules.And(ends), negated)
        case _:
            return [((rule, negated),)], True


def _at_least(operands: tuple[rules.Rule, ...], least: int, negated: bool) -> Iterable[Clause]:
    """At least so many hold: of every group that is larger than what may fail, one does."""
    if least <= 0:
        return
    if least > len(operands):
        yield ()  # it cannot be
        return
    for group in combinations(operands, len(operands) - least + 1):
        yield from _distributed([_conjunction(operand, negated)[0] for operand in group])


def _distributed(parts: list[list[Clause]]) -> Iterable[Clause]:
    return (tuple(literal for clause in chosen for literal in clause) for chosen in product(*parts))


def _few(found: Iterable[Clause]) -> list[Clause]:
    listed: list[Clause] = []
    for clause in found:
        if len(listed) == MOST_CLAUSES:
            raise _TooMany
        listed.append(clause)
    return listed


__all__ = ["Clause", "Literal", "clauses"]
