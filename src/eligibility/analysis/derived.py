"""A trial goes in; what is found about it for patients in whom each derived quantity is computed from its inputs comes out.

A derived quantity may also be brought by itself, measured at another time than its inputs, so that what is found here is
weaker than what holds for every patient, and is said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from eligibility import rules
from eligibility.analysis.conflicts import fewest
from eligibility.analysis.finding import Finding, FindingKind, listed, place_of, words_of
from eligibility.analysis.reasoner import Goal, Reasoner, Witness, asker_of, failing, passing
from eligibility.analysis.ties import Derivation, derived_ties
from eligibility.analysis.variants import concepts_of
from eligibility.library import Trial


class AsComputed:
    """Looks for what the formulas of the vocabulary decide. `reasoner` tells what holds for every patient anyway; the
    criteria in `settled` were called constant or redundant already."""

    def __init__(self, trial: Trial, reasoner: Reasoner, at: datetime | None, settled: Iterable[str]) -> None:
        self._trial = trial
        self._plain = reasoner
        self._settled = set(settled)
        self._asker = asker_of(trial)
        self._at = at
        derivations = [found for found, _ in derived_ties(reasoner.worlds[0])]
        self._derivations = {derivation.concept.name: derivation for derivation in derivations}

    def findings(self) -> Iterator[Finding]:
        """Constant criteria, then criteria in conflict, then what others decide."""
        if not self._derivations:
            return
        statements = [(self._asker, criterion.rule) for criterion in self._trial.criteria]
        self._tied = Reasoner(statements, self._at, self._trial.vocabulary, as_computed=True)
        constant = set(self._settled)
        for criterion in self._trial.criteria:
            if criterion.address not in constant and self._derived([criterion]):
                for finding in self._constant(criterion):
                    constant.add(criterion.address)
                    yield finding
        goals = [passing(self._asker, criterion) for criterion in self._trial.criteria]
        for cluster in self._tied.clusters(goals):
            criteria = [self._trial.criteria[position] for position in cluster]
            if self._derived(criteria):
                yield from self._cluster(criteria, constant)

    def _derived(self, criteria: Sequence[rules.Criterion]) -> list[Derivation]:
        """The derived quantities that some criteria compare."""
        names = set[str]().union(*(concepts_of(criterion.rule) for criterion in criteria))
        return [derivation for name, derivation in self._derivations.items() if name in names]

    def _never(self, goals: Sequence[Goal]) -> bool:
        """Is it proved of those in whom all is computed, and not of every patient?"""
        return self._tied.can(goals).kind == "never" and self._plain.can(goals).kind != "never"

    def _constant(self, criterion: rules.Criterion) -> Iterator[Finding]:
        for met, told in ((True, "no patient can meet it"), (False, "every patient meets it")):
            if self._never([Goal(self._asker, criterion.rule, True, denied=not met)]):
                witness = self._tied.show([Goal(self._asker, criterion.rule, not met)])
                message = f"`{words_of(criterion.rule)}`: {told}"
                yield self._finding(
                    "never met as computed" if met else "always met as computed", [criterion], message, witness
                )
                return

    def _cluster(self, criteria: list[rules.Criterion], constant: set[str]) -> Iterator[Finding]:
        goals = [passing(self._asker, criterion) for criterion in criteria]
        if self._plain.can(goals).kind == "never":
            return
        asking = [goal for criterion, goal in zip(criteria, goals, strict=True) if self._derived([criterion])]
        near = self._tied.near(goals, asking)
        if self._tied.can([goals[index] for index in near]).kind == "never":
            criteria, goals = [criteria[index] for index in near], [goals[index] for index in near]
        if self._tied.can(goals).kind == "never":
            chosen = fewest(len(goals), lambda some: self._tied.can([goals[i] for i in some]).kind == "never")
            clash = [criteria[index] for index in chosen]
            asked = [goals[index] for index in chosen]
            fewer = [[*asked[:i], *asked[i + 1 :]] for i in range(len(asked) - 1, -1, -1)]
            witness = self._tied.show(*fewer) if len(asked) > 1 else None
            together = " together" if len(clash) > 1 else ""
            names = listed(criterion.address for criterion in clash)
            message = f"no patient can be eligible: nobody passes {names}{together}"
            yield self._finding("impossible as computed", clash, message, witness)
            return
        yield from self._redundant([criterion for criterion in criteria if criterion.address not in constant])

    def _redundant(self, kept: list[rules.Criterion]) -> Iterator[Finding]:
        """Criteria that others decide, looked for among those that speak of the same."""
        for criterion in reversed(kept):
            denied = failing(self._asker, criterion)
            others = [other for other in kept if other is not criterion]
            passed = [passing(self._asker, other) for other in others]
            near = self._tied.near(passed, [denied])
            close, goals = [others[index] for index in near], [passed[index] for index in near]
            if close and self._derived([criterion, *close]) and self._never([*goals, denied]):
                reasons = [close[index] for index in self._fewest(goals, denied)]
                names = listed(reason.address for reason in reasons)
                verb = "decides" if len(reasons) == 1 else "decide"
                message = f"{names} already {verb} it: whoever passes {names} passes {criterion.address}"
                failed = Goal(self._asker, criterion.rule, criterion.section != "include")
                yield self._finding("redundant as computed", [criterion, *reasons], message, self._tied.show([failed]))
                kept = others

    def _fewest(self, goals: Sequence[Goal], denied: Goal) -> list[int]:
        return fewest(len(goals), lambda some: self._tied.can([*(goals[i] for i in some), denied]).kind == "never")

    def _finding(
        self, kind: FindingKind, criteria: Sequence[rules.Criterion], message: str, witness: Witness | None
    ) -> Finding:
        told: list[str] = []
        for derivation in self._derived(criteria):
            assumed = "".join(f", at a {c.name} of {c.assumed:g} {c.unit}" for c in derivation.assumed)
            told.append(f"{derivation.concept.name} is computed from the newest {listed(derivation.inputs)}{assumed}")
        text = f"where {listed(told)}, {message}; one that was brought by itself may differ"
        places = tuple(place_of(criterion.rule) for criterion in criteria)
        return Finding(kind, tuple(c.address for c in criteria), text, witness, places, self._trial.source)
