"""Two trials, or two versions of one, go in; how the patients whom they let in are related comes out, with patients who show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from eligibility import rules
from eligibility.analysis.conflicts import fewest
from eligibility.analysis.finding import listed
from eligibility.analysis.findings import moment_of
from eligibility.analysis.reasoner import NOT_DECIDED, Answer, Goal, Reasoner, asker_of, failing, passing
from eligibility.errors import UsageError
from eligibility.library import Trial

Relation = Literal["equivalent", "implies", "implied", "disjoint", "overlap", "not decided"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)


@dataclass(frozen=True)
class Comparison:
    """How two trials are related, over all fully known patients.

    `relation`: "equivalent"; "implies" (whoever is eligible under the first is under the second), "implied" (the other way
    round); "disjoint" (nobody is under both); "overlap"; "not decided". `only_a`, `only_b`, `both` are patients, confirmed
    by the reference evaluator, who are eligible under one alone or under both; None where there is none, or none was found.
    `conflict` are the criteria that keep the two apart, as `TRIAL/include.ID`.

    Criteria with one address are compared as if both trials were one: `changed` in meaning, `reworded` only, `undecided`.
    `added` are in the second trial alone, `removed` in the first.
    """

    relation: Relation
    message: str
    only_a: Mapping[str, Any] | None = None
    only_b: Mapping[str, Any] | None = None
    both: Mapping[str, Any] | None = None
    conflict: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    reworded: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def compare(a: Trial, b: Trial, *, at: str | datetime | None = None) -> Comparison:
    """Compare whom two trials let in: every patient is judged under both at one instant, `at` or any.

    Attestations, judgements and milestones belong to each trial (to both, where the two are versions with one ID). Raises
    UsageError for trials of different vocabularies, and for an `at` that is no instant.
    """
    if not isinstance(a, Trial) or not isinstance(b, Trial):
        raise UsageError("two compiled trials are compared; make them with `compile_trial` or `load_trials`")
    if a.vocabulary is not b.vocabulary:
        raise UsageError("the trials were compiled with different vocabularies; compile both with one")
    return _Pair(a, b, moment_of(at)).compare()


class _Pair:
    def __init__(self, a: Trial, b: Trial, at: datetime | None) -> None:
        self._a, self._b, self._at = a, b, at
        asks_a, asks_b = asker_of(a), asker_of(b)
        statements = [(asks_a, c.rule) for c in a.criteria] + [(asks_b, c.rule) for c in b.criteria]
        self._reasoner = Reasoner(statements, at, a.vocabulary)
        self._goals_a = [passing(asks_a, criterion) for criterion in a.criteria]
        self._goals_b = [passing(asks_b, criterion) for criterion in b.criteria]
        self._asks_a, self._asks_b = asks_a, asks_b

    def compare(self) -> Comparison:
        """Everything."""
        some_a, some_b = self._possible(self._goals_a), self._possible(self._goals_b)
        only_a = self._alone(some_a, self._goals_a, self._asks_b, self._b)
        only_b = self._alone(some_b, self._goals_b, self._asks_a, self._a)
        both = NOT_DECIDED
        conflict: tuple[str, ...] = ()
        if "never" in (some_a, some_b):
            both = Answer("never")
        elif self._possible([*self._goals_a, *self._goals_b]) == "never":
            both, conflict = Answer("never"), self._conflict()
        else:
            both = self._reasoner.example([*self._goals_a, *self._goals_b])
        relation = _relation(only_a, only_b, both)
        message = self._message(relation, some_a, some_b, only_a, only_b, both, conflict)
        changed, reworded, undecided, added, removed = self._criteria()
        return Comparison(
            relation, message, only_a.witness, only_b.witness, both.witness, conflict, changed, reworded, undecided, added, removed
        )  # fmt: skip

    def _possible(self, goals: Sequence[Goal]) -> str:
        """Whether goals can hold together, asked apart where they have nothing to do with each other."""
        kinds = {
            self._reasoner.can([goals[position] for position in cluster]).kind
            for cluster in self._reasoner.clusters(goals)
        }
        return "never" if "never" in kinds else "not decided" if "not decided" in kinds else "possible"

    def _alone(self, some: str, goals: list[Goal], other: Any, trial: Trial) -> Answer:
        """A patient who passes all goals and not the other trial, or the proof that there is none."""
        if some == "never":
            return Answer("never")
        open_ones = False
        candidates: list[tuple[Goal, Goal]] = []
        for criterion in trial.criteria:
            denied = failing(other, criterion)
            kind = self._reasoner.can([*self._reasoner.related(goals, [denied]), denied]).kind
            open_ones = open_ones or kind == "not decided"
            if kind != "never":
                candidates.append((Goal(other, criterion.rule, criterion.section != "include"), denied))
        if not candidates and some == "possible":
            return Answer("never")
        for pick in (0, 1):  # first those whom the other trial turns away for sure
            for pair in candidates[:20]:
                answer = self._reasoner.example([pair[pick], *goals])
                if answer.witness is not None:
                    return answer
        return NOT_DECIDED

    def _conflict(self) -> tuple[str, ...]:
        goals = [*self._goals_a, *self._goals_b]
        names = [f"{trial.id}/{criterion.address}" for trial in (self._a, self._b) for criterion in trial.criteria]
        for cluster in self._reasoner.clusters(goals):
            members = [goals[position] for position in cluster]
            if self._reasoner.can(members).kind == "never":
                chosen = fewest(
                    len(members), lambda some, members=members: self._reasoner.can([members[i] for i in some]).kind == "never"  # type: ignore[misc]  # bound now
                )  # fmt: skip
                return tuple(names[cluster[index]] for index in chosen)
        return ()

    def _message(
        self, relation: Relation, some_a: str, some_b: str, only_a: Answer, only_b: Answer, both: Answer,
        conflict: tuple[str, ...],
    ) -> str:  # fmt: skip
        a, b = self._a.id, self._b.id
        if a == b:
            a, b = f"{a} (first)", f"{b} (second)"
        empty = [name for name, some in ((a, some_a), (b, some_b)) if some == "never"]
        if empty:
            return f"nobody can be eligible under {listed(empty)}"
        match relation:
            case "equivalent":
                return f"{a} and {b} let in the same patients"
            case "implies":
                return f"whoever is eligible under {a} is eligible under {b}"
            case "implied":
                return f"whoever is eligible under {b} is eligible under {a}"
            case "disjoint":
                return f"nobody is eligible under both at one instant: {listed(conflict)} exclude each other"
            case "overlap":
                return f"some are eligible under both, some under {a} alone, some under {b} alone"
            case "not decided":
                open_ones = [
                    what
                    for what, answer in (
                        (f"under {a} alone", only_a),
                        (f"under {b} alone", only_b),
                        ("under both", both),
                    )
                    if answer.kind == "not decided"
                ]
                return f"neither an example nor a proof that there is none was found for patients eligible {listed(open_ones)}"

    def _criteria(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Which criteria of one address changed in meaning, which in wording; which cannot be told, came, and went."""
        first = {criterion.address.casefold(): criterion for criterion in self._a.criteria}
        second = {criterion.address.casefold(): criterion for criterion in self._b.criteria}
        shared = [address for address in first if address in second]
        asks_a, asks_b = asker_of(self._a, alone=True), asker_of(self._b, alone=True)
        pairs = [(first[address], second[address]) for address in shared]
        differing = [(one, other) for one, other in pairs if not _is_same(one, other) or asks_a.values != asks_b.values]
        changed, reworded, undecided = list[str](), list[str](), list[str]()
        statements = [(asks_a, one.rule) for one, _ in differing] + [(asks_b, other.rule) for _, other in differing]
        reasoner = Reasoner(statements, self._at, self._a.vocabulary) if statements else None
        for one, other in pairs:
            kind = "never"
            if reasoner is not None and (one, other) in differing:
                kind = _difference(reasoner, (asks_a, one.rule), (asks_b, other.rule))
            if kind == "possible":
                changed.append(one.address)
            elif kind == "not decided":
                undecided.append(one.address)
            elif (one.words, one.label, one.note) != (other.words, other.label, other.note):
                reworded.append(one.address)
        added = tuple(criterion.address for address, criterion in second.items() if address not in first)
        removed = tuple(criterion.address for address, criterion in first.items() if address not in second)
        return tuple(changed), tuple(reworded), tuple(undecided), added, removed


def _is_same(one: rules.Criterion, other: rules.Criterion) -> bool:
    """Is the rule the very same, up to the words that reasons repeat?"""
    return one.rule == other.rule


def _difference(reasoner: Reasoner, one: tuple[Any, rules.Rule], other: tuple[Any, rules.Rule]) -> str:
    """Is there a patient for whom two rules come out differently? "never", "possible" or "not decided"."""
    kinds = set[str]()
    for first, second in ((one, other), (other, one)):
        for met in (True, False):
            goals = [Goal(*first, met), Goal(*second, met, denied=True)]
            kind = reasoner.can(goals).kind
            if kind == "possible":
                kind = reasoner.example(goals).kind
            if kind == "possible":
                return "possible"
            kinds.add(kind)
    return "not decided" if "not decided" in kinds else "never"


def _relation(only_a: Answer, only_b: Answer, both: Answer) -> Relation:
    if only_a.kind == only_b.kind == "never":
        return "equivalent"
    if both.kind == "never":
        return "disjoint"
    if only_a.kind == "never":
        return "implies"
    if only_b.kind == "never":
        return "implied"
    return "overlap" if "not decided" not in (only_a.kind, only_b.kind, both.kind) else "not decided"
