"""Two trials, or two versions of one, go in; how the patients whom they let in are related comes out, with patients who show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from eligibility import rules
from eligibility.analysis.conflicts import fewest
from eligibility.analysis.finding import listed
from eligibility.analysis.findings import moment_of
from eligibility.analysis.reasoner import NOT_DECIDED, Answer, Goal, Reasoner, asker_of, failing, passing
from eligibility.analysis.variants import concepts_of
from eligibility.errors import UsageError
from eligibility.library import Trial

Relation = Literal["equivalent", "implies", "implied", "disjoint", "overlap", "not decided"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
MOST_RENUMBERED = 20  # criteria that are looked for under another address


@dataclass(frozen=True)
class Comparison:
    """How two trials are related, over all fully known patients.

    `relation`: "equivalent"; "implies" (whoever is eligible under the first is under the second), "implied" (the other way
    round); "disjoint" (nobody is under both); "overlap"; "not decided". `only_a`, `only_b`, `both` are patients, confirmed
    by the reference evaluator, who are eligible under one alone or under both; None where there is none, or none was found.
    `conflict` are the criteria that keep the two apart, as `TRIAL/include.ID`; of versions as `TRIAL (first)/include.ID`.

    Criteria with one address are compared as if both trials were one: `changed` in meaning, `reworded` only, `undecided`.
    `added` are in the second trial alone, `removed` in the first, and `renumbered` are those that only have another address.
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
    renumbered: tuple[tuple[str, str], ...] = ()


def names_of(a: Trial, b: Trial) -> tuple[str, str]:
    """What two trials are called beside each other."""
    return (a.id, b.id) if a.id.casefold() != b.id.casefold() else (f"{a.id} (first)", f"{b.id} (second)")


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
        told = Comparison(relation, message, only_a.witness, only_b.witness, both.witness, conflict)
        return self._criteria(told)

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
        self._reasoner.remember(goals)
        candidates: list[tuple[Goal, Goal]] = []
        for criterion in trial.criteria:
            denied = failing(other, criterion)
            kind = self._reasoner.can_beside(goals, [denied]).kind
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
        called = zip(names_of(self._a, self._b), (self._a, self._b), strict=True)
        names = [f"{name}/{criterion.address}" for name, trial in called for criterion in trial.criteria]
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
        a, b = names_of(self._a, self._b)
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

    def _criteria(self, told: Comparison) -> Comparison:
        """The same with what became of each criterion: of those with one address, which changed in meaning, which in wording;
        which came, went, or were only numbered anew."""
        first = {criterion.address.casefold(): criterion for criterion in self._a.criteria}
        second = {criterion.address.casefold(): criterion for criterion in self._b.criteria}
        pairs = [(first[address], second[address]) for address in first if address in second]
        gone = [criterion for address, criterion in first.items() if address not in second]
        come = [criterion for address, criterion in second.items() if address not in first]
        differing = [pair for pair in pairs if not _is_same(*pair) or self._a.values != self._b.values]
        changed, reworded, undecided = list[str](), list[str](), list[str]()
        asked = [one for one, _ in differing] + gone, [other for _, other in differing] + come
        difference = _Differences(self._a, self._b, asked, self._at)
        for one, other in pairs:
            kind = difference.between(one, other) if (one, other) in differing else "never"
            if kind == "possible":
                changed.append(one.address)
            elif kind == "not decided":
                undecided.append(one.address)
            elif (one.words, one.label, one.note) != (other.words, other.label, other.note):
                reworded.append(one.address)
        renumbered: list[tuple[str, str]] = []
        for one in gone[:MOST_RENUMBERED]:
            taken = {address for _, address in renumbered}
            alike = [other for other in come if other.address not in taken and _is_alike(one, other)]
            same = (other for other in alike[:MOST_RENUMBERED] if difference.between(one, other) == "never")
            twin = next(same, None)
            if twin is not None:
                renumbered.append((one.address, twin.address))
        old, new = dict(renumbered), {address for _, address in renumbered}
        message = told.message
        asking = [
            one.address for one, other in pairs if one.address in undecided and _questions(one) != _questions(other)
        ]
        if asking:
            message += f"; whether the question of {listed(asking)} is still the same, only a person can tell"
        return replace(
            told, message=message, changed=tuple(changed), reworded=tuple(reworded), undecided=tuple(undecided),
            added=tuple(criterion.address for criterion in come if criterion.address not in new),
            removed=tuple(criterion.address for criterion in gone if criterion.address not in old),
            renumbered=tuple(renumbered),
        )  # fmt: skip


def _is_same(one: rules.Criterion, other: rules.Criterion) -> bool:
    """Is the rule the very same, up to the words that reasons repeat?"""
    return one.rule == other.rule


def _is_alike(one: rules.Criterion, other: rules.Criterion) -> bool:
    """May two criteria be one that was numbered anew? They ask the same of the same."""
    return one.section == other.section and concepts_of(one.rule) == concepts_of(other.rule)


def _questions(criterion: rules.Criterion) -> list[str]:
    """What a person is asked in a criterion."""
    return [atom.text for atom in rules.atoms(criterion.rule) if isinstance(atom, rules.Judged)]


class _Differences:
    """Tells whether there is a patient for whom two criteria, one of each trial, come out differently."""

    def __init__(
        self, a: Trial, b: Trial, asked: tuple[list[rules.Criterion], list[rules.Criterion]], at: datetime | None
    ) -> None:
        self._asks = asker_of(a, alone=True), asker_of(b, alone=True)
        sides = zip(self._asks, asked, strict=True)
        statements = [(asker, criterion.rule) for asker, criteria in sides for criterion in criteria]
        self._reasoner = Reasoner(statements, at, a.vocabulary) if statements else None

    def between(self, one: rules.Criterion, other: rules.Criterion) -> str:
        """ "never", "possible" or "not decided"."""
        assert self._reasoner is not None  # there are two criteria, so that something was asked
        rule, twin = (self._asks[0], one.rule), (self._asks[1], other.rule)
        kinds = set[str]()
        for first, second in ((rule, twin), (twin, rule)):
            for met in (True, False):
                goals = [Goal(*first, met), Goal(*second, met, denied=True)]
                kind = self._reasoner.can(goals).kind
                if kind == "possible":
                    kind = self._reasoner.example(goals).kind
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
