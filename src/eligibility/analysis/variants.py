"""A rule goes in; the same rule without one of its parts comes out, for each part that could be left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eligibility import rules
from eligibility.vocabulary import Concept


@dataclass(frozen=True)
class Variant:
    """A rule with a part left out. `siblings` stand beside the part, where it was one of several; `how` tells what
    happened to it: "part" (left out), "bound" (one end of a comparison) or "threshold" (only that it was measured, or ever
    was, is still asked; a comparison without bounds says the first)."""

    rule: rules.Rule
    part: rules.Rule
    how: str
    siblings: tuple[rules.Rule, ...] = ()
    in_and: bool = False
    shown: str = ""


def variants(rule: rules.Rule) -> Iterator[Variant]:
    """Every way to leave one part out."""
    match rule:
        case rules.Not(operand=operand):
            yield from (replace(found, rule=rules.Not(found.rule)) for found in variants(operand))
        case rules.And(operands=operands) | rules.Or(operands=operands):
            kind = type(rule)
            for index in range(len(operands) - 1, -1, -1):
                rest = (*operands[:index], *operands[index + 1 :])
                if rest:
                    yield Variant(
                        rest[0] if len(rest) == 1 else kind(rest), operands[index], "part", rest, kind is rules.And
                    )
            for index, operand in enumerate(operands):
                for found in variants(operand):
                    yield replace(found, rule=kind((*operands[:index], found.rule, *operands[index + 1 :])))
        case rules.Count(operands=operands):
            for index, operand in enumerate(operands):
                for found in variants(operand):
                    yield replace(
                        found, rule=replace(rule, operands=(*operands[:index], found.rule, *operands[index + 1 :]))
                    )
        case _:
            yield from _weaker(rule)


def _weaker(atom: rules.Atom) -> Iterator[Variant]:
    match atom:
        case rules.Comparison(number=number, bounds=bounds):
            if len(bounds) > 1:
                for index, bound in enumerate(bounds):
                    rest = (*bounds[:index], *bounds[index + 1 :])
                    yield Variant(replace(atom, bounds=rest), atom, "bound", shown=f"{bound.operator} {bound.shown}")
            elif bounds and isinstance(number, rules.Measured | rules.Changed):
                measured = replace(atom, bounds=())  # met where it was measured, open where not
                for weaker_one in (measured, rules.Not(measured)):
                    yield Variant(weaker_one, atom, "threshold", shown=f"{bounds[0].operator} {bounds[0].shown}")
        case rules.OnsetIn(concept=concept, window=window) if _is_plain(window):
            yield _ever(atom, concept, window)
        case rules.InWindow(concept=concept, window=window) if _is_plain(window):
            yield _ever(atom, concept, window)
        case rules.Elapsed(concept=concept, bounds=bounds):
            for index, (operator, duration) in enumerate(bounds):
                left = (*bounds[:index], *bounds[index + 1 :])
                weaker: rules.Atom = replace(atom, bounds=left) if left else rules.Ever(concept, atom.words, atom.span)
                yield Variant(weaker, atom, "threshold", shown=f"{operator} {duration.text}")
        case rules.Lasting(concept=concept, duration=duration):
            yield Variant(rules.Present(concept, atom.words, atom.span), atom, "threshold", shown=f">= {duration.text}")
        case _:
            return


def _is_plain(window: rules.Window) -> bool:
    return window.anchor is None and not window.ahead and window.duration is not None


def _ever(atom: rules.OnsetIn | rules.InWindow, concept: Concept, window: rules.Window) -> Variant:
    assert window.duration is not None
    return Variant(rules.Ever(concept, atom.words, atom.span), atom, "threshold", shown=window.duration.text)


# --- what a part is about ----------------------------------------------------------------------------------------------


def is_threshold(rule: rules.Rule) -> bool:
    """Does a rule compare something with a limit?"""
    return isinstance(
        rule, rules.Comparison | rules.LimitComparison | rules.Elapsed | rules.OnsetIn | rules.Lasting | rules.InWindow
    )


def concepts_of(rule: rules.Rule) -> set[str]:
    """The names of what a rule reads."""
    found: set[str] = set()
    for atom in rules.atoms(rule):
        match atom:
            case rules.Comparison(number=number):
                found |= {leaf.concept.name for leaf in rules.leaves(number)}
            case rules.Judged():
                pass
            case _:
                found.add(atom.concept.name)
    return found


def same_number(part: rules.Rule, sources: Sequence[rules.Rule]) -> bool:
    """Do the reasons compare what the part compares?"""
    mine = concepts_of(part)
    return any(is_threshold(atom) and mine & concepts_of(atom) for source in sources for atom in rules.atoms(source))


def is_newest(rule: rules.Rule) -> bool:
    """Does a comparison read the newest value, of whatever window?"""
    return (
        isinstance(rule, rules.Comparison)
        and isinstance(rule.number, rules.Measured)
        and rule.number.selection == "latest"
    )


def repeats(part: rules.Rule, sources: Sequence[rules.Rule]) -> bool:
    """Do the reasons hold the very threshold of the part, on another measurement?"""
    return isinstance(part, rules.Comparison) and any(
        isinstance(atom, rules.Comparison) and atom.bounds == part.bounds and atom.number != part.number
        for source in sources
        for atom in rules.atoms(source)
    )
