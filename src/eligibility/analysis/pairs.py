"""The criteria of a trial go in; pairs that deserve a word come out: one fact asked for both ways, one threshold asked of
different measurements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from eligibility import rules
from eligibility.analysis.finding import Finding, FindingKind
from eligibility.analysis.reasoner import Goal, Reasoner, Witness, asker_of, passing
from eligibility.library import Trial
from eligibility.source import Span


class Pairs:
    """Looks at every two criteria of a trial."""

    def __init__(self, trial: Trial, reasoner: Reasoner) -> None:
        self._trial = trial
        self._reasoner = reasoner
        self._asker = asker_of(trial)

    def _finding(
        self,
        kind: FindingKind,
        one: rules.Criterion,
        other: rules.Criterion,
        message: str,
        witness: Witness | None,
        places: Sequence[Span],
    ) -> Finding:
        return Finding(kind, (one.address, other.address), message, witness, tuple(places), self._trial.source)

    def opposites(self) -> Iterator[Finding]:
        """The same fact asked for in one criterion and, the other way round, in another."""
        seen: dict[rules.Atom, list[tuple[rules.Criterion, bool]]] = {}
        for criterion in self._trial.criteria:
            for atom, plain in _demands(criterion.rule, criterion.section == "include"):
                if not isinstance(atom, rules.Comparison | rules.LimitComparison | rules.InClass):
                    seen.setdefault(replace(atom, words=""), []).append((criterion, plain))
        for atom, uses in seen.items():
            for (one, plain), (other, other_plain) in combinations(uses, 2):
                crossed = one.section != other.section
                if (
                    one is other
                    or (plain == other_plain and not crossed)
                    or (plain != other_plain and not crossed and one is other)
                ):
                    continue
                if crossed and plain != other_plain:
                    meaning = "the same demand, the other way round"
                elif crossed or plain != other_plain:
                    meaning = "two demands that contradict each other"
                else:
                    continue
                name = _fact(atom)
                witness = self._reasoner.show([passing(self._asker, one)])
                message = (
                    f"{one.address} and {other.address} ask for one fact, {name}, with opposite meanings: {meaning}"
                )
                places = [
                    p
                    for criterion in (one, other)
                    for a in rules.atoms(criterion.rule)
                    if replace(a, words="") == atom
                    for p in [a.span]
                ]
                yield self._finding("opposite meanings", one, other, message, witness, places)

    def repeated(self, known: set[frozenset[str]]) -> Iterator[Finding]:
        """One threshold asked of one quantity on different measurements."""
        uses: list[tuple[rules.Criterion, rules.Comparison]] = [
            (criterion, atom)
            for criterion in self._trial.criteria
            for atom in rules.atoms(criterion.rule)
            if isinstance(atom, rules.Comparison) and isinstance(atom.number, rules.Measured)
        ]
        groups: dict[object, list[tuple[rules.Criterion, rules.Comparison]]] = {}
        for criterion, atom in uses:
            groups.setdefault((atom.number.concept, atom.bounds), []).append((criterion, atom))  # type: ignore[union-attr]  # measured, see above
        for group in groups.values():
            for (one, first), (other, second) in combinations(group, 2):
                pair = frozenset((one.address, other.address))
                if one is other or first.number == second.number or pair in known:
                    continue
                known.add(pair)
                witness = self._reasoner.show(
                    [Goal(self._asker, first, True), Goal(self._asker, second, False)],
                    [Goal(self._asker, first, False), Goal(self._asker, second, True)],
                )
                if witness is None:
                    continue
                message = (
                    f"`{first.words}` and `{second.words}` have one threshold on different measurements; neither decides the other, "
                    f"as the patient shown meets only one of them"
                )
                yield self._finding("repeated threshold", one, other, message, witness, [first.span, second.span])


def _demands(rule: rules.Rule, met: bool) -> Iterator[tuple[rules.Atom, bool]]:
    """The atoms that a rule needs to come out so, each with how it is written: plain, or behind a negation."""
    yield from _needed(rule, met, True)


def _needed(rule: rules.Rule, met: bool, plain: bool) -> Iterator[tuple[rules.Atom, bool]]:
    match rule:
        case rules.Not(operand=operand):
            yield from _needed(operand, not met, not plain)
        case rules.And(operands=operands):
            if met:
                for operand in operands:
                    yield from _needed(operand, met, plain)
        case rules.Or(operands=operands):
            if not met:
                for operand in operands:
                    yield from _needed(operand, met, plain)
        case rules.Count():
            return
        case _:
            yield rule, plain


def _fact(atom: rules.Atom) -> str:
    match atom:
        case rules.Judged(text=text):
            return f"the judgement `{text}`"
        case rules.Comparison(number=number):
            return "a number" if not isinstance(number, rules.Measured) else number.concept.name
        case _:
            return f"`{atom.concept.name}`"
