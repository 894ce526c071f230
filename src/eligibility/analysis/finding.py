"""What is found about a trial: its kind, the criteria concerned, a sentence, and a patient who shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from eligibility import rules
from eligibility.source import Source, Span

FindingKind = Literal[
    "impossible", "never met", "always met", "redundant", "implied threshold", "repeated threshold", "opposite meanings",
    "outside the possible range", "score outside its bounds", "unit slip", "impossible as computed", "never met as computed",
    "always met as computed", "redundant as computed", "not decided",
]  # fmt: skip
KINDS: tuple[FindingKind, ...] = get_args(FindingKind)


@dataclass(frozen=True)
class Finding:
    """Something about the rules of a trial that its author will want to know.

    `criteria` are addresses, the one to look at first in front. `witness` is a patient record, confirmed by the reference
    evaluator, that shows what the message says; None where no patient can show it. `places` are the author's words.
    """

    kind: FindingKind
    criteria: tuple[str, ...]
    message: str
    witness: Mapping[str, Any] | None = None
    places: tuple[Span, ...] = field(default=(), repr=False, compare=False)
    source: Source = field(default_factory=lambda: Source(""), repr=False, compare=False)

    def __str__(self) -> str:
        return (
            f"{self.kind}: {', '.join(self.criteria)}: {self.message}"
            if self.criteria
            else f"{self.kind}: {self.message}"
        )


def place_of(rule: rules.Rule) -> Span:
    """The author's words for a rule, from its first atom to its last."""
    spans = [atom.span for atom in rules.atoms(rule)]
    return Span(min(span.start for span in spans), max(span.end for span in spans))


def words_of(rule: rules.Rule) -> str:
    """The words of a rule, shortened where it is long."""
    match rule:
        case rules.Not(operand=operand):
            text = f"not {_grouped(operand)}"
        case rules.And(operands=operands):
            text = " and ".join(_grouped(operand) for operand in operands)
        case rules.Or(operands=operands):
            text = " or ".join(_grouped(operand) for operand in operands)
        case rules.Count(low=low, high=high, operands=operands):
            ends = ("exactly", low) if low == high else ("at most", high) if not low else ("at least", low)
            text = f"{ends[0]} {ends[1]} of ({', '.join(words_of(operand) for operand in operands)})"
        case _:
            text = rule.words
    return text if len(text) <= 100 else f"{text[:97]}..."


def _grouped(rule: rules.Rule) -> str:
    text = words_of(rule)
    return f"({text})" if isinstance(rule, rules.And | rules.Or) else text


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(names)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
