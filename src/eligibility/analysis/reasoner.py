"""Statements of trials go in; whether a patient can make them all come out as asked comes out: never, or with a patient who
does, or not decided.

`never` is proved over every fully known patient. A patient is shown only after the reference evaluator agreed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from eligibility import rules
from eligibility.analysis.encoding import Encoder
from eligibility.analysis.keys import Asker, Statement, pick_of
from eligibility.analysis.laws import world_of
from eligibility.analysis.solver import Budget, Search, Solution, TooLarge
from eligibility.analysis.statements import In, Node, holds, some, variables_of
from eligibility.analysis.stretches import moments
from eligibility.analysis.witness import proposals
from eligibility.analysis.world import World, root_of
from eligibility.errors import EligibilityError
from eligibility.evaluator import Situation, evaluate
from eligibility.facts import prepare
from eligibility.instants import Duration
from eligibility.library import Trial
from eligibility.logic import Truth
from eligibility.patient import Patient
from eligibility.vocabulary import Concept, Vocabulary

Witness = dict[str, Any]
_PROPOSALS = 12  # records tried for one assignment
_ASSIGNMENTS = 12  # assignments tried for one question
_FEW = 40  # goals that are soon asked all at once


@dataclass(frozen=True)
class Goal:
    """That a rule is met (or not met) for one who asks; `denied` turns it round: that it does not come out so."""

    asker: Asker
    rule: rules.Rule
    met: bool
    denied: bool = False


@dataclass(frozen=True)
class Answer:
    """Whether all goals can hold for one patient, who is shown where the reference confirmed one."""

    kind: Literal["never", "possible", "not decided"]
    witness: Witness | None = field(default=None, compare=False)


NEVER, POSSIBLE, NOT_DECIDED = Answer("never"), Answer("possible"), Answer("not decided")


def asker_of(trial: Trial, *, alone: bool = False) -> Asker:
    """Who asks in a trial."""
    values = (trial.values.months, trial.values.exact) if trial.values else None
    return Asker(trial.id, values, alone)


def passing(asker: Asker, criterion: rules.Criterion) -> Goal:
    """That a criterion lets the patient in."""
    return Goal(asker, criterion.rule, criterion.section == "include")


def failing(asker: Asker, criterion: rules.Criterion) -> Goal:
    """That it does not."""
    return Goal(asker, criterion.rule, criterion.section == "include", denied=True)


_Key = tuple[int, int, Asker, bool, bool]


def _key(number: int, goal: Goal) -> _Key:
    """What is known of a goal in a world is kept under this; `_nodes` keeps the rule alive whose identity stands in it."""
    return number, id(goal.rule), goal.asker, goal.met, goal.denied


class Reasoner:
    """Answers questions about some statements, at one instant or at every one; `as_computed` for those patients in whom every
    derived quantity is computed from the newest of its inputs."""

    def __init__(
        self, statements: Sequence[Statement], at: datetime | None, vocabulary: Vocabulary, *, as_computed: bool = False
    ) -> None:
        self.vocabulary = vocabulary
        first = world_of(statements, moments(set(), at)[0], vocabulary, as_computed=as_computed)
        every_moment = moments(first.lengths, at)
        self.worlds = [
            first if moment == first.clock.moment else world_of(statements, moment, vocabulary, as_computed=as_computed)
            for moment in every_moment
        ]
        self._budget = Budget()
        self._encoders = [Encoder(world) for world in self.worlds]
        self._nodes: dict[_Key, tuple[Goal, Node, frozenset[int]]] = {}
        self._parts: dict[_Key, frozenset[int]] = {}
        self._alone: dict[_Key, bool] = {}
        self._samples: dict[int, Solution] = {}

    # --- what a goal says --------------------------------------------------------------------------------------------

    def _node(self, number: int, goal: Goal) -> tuple[Node, frozenset[int]]:
        key = _key(number, goal)
        found = self._nodes.get(key)
        if found is None:
            node = self._encoders[number].outcome(goal.asker, goal.rule, goal.met)
            if goal.denied:
                node = self.worlds[number].space.opposite(node)
            found = self._nodes[key] = (goal, node, frozenset(variables_of(node)))
        return found[1], found[2]

    def clusters(self, goals: Sequence[Goal]) -> list[list[int]]:
        """The positions of goals that hang together through what they speak of."""
        owner: dict[int, int] = {}
        parent = list(range(len(goals)))
        for number, world in enumerate(self.worlds):
            for position, goal in enumerate(goals):
                for variable in self._node(number, goal)[1]:
                    other = owner.setdefault(number << 32 | world.component(variable), position)
                    parent[root_of(parent, position)] = root_of(parent, other)
        grouped: dict[int, list[int]] = {}
        for position in range(len(goals)):
            grouped.setdefault(root_of(parent, position), []).append(position)
        return list(grouped.values())

    def may_be_unmeasured(self, asker: Asker, rule: rules.Rule) -> bool:
        """May what a comparison asks be missing in its window, in a patient in whom all that is asked about was measured?"""
        match rule:
            case rules.Comparison(number=rules.Measured() | rules.Changed() as number):
                pick = pick_of(asker, number)
                return bool(pick.stretch.marks) or any(world.is_measured(pick) is not None for world in self.worlds)
            case _:
                return False

    def _components(self, number: int, goal: Goal) -> frozenset[int]:
        """What a goal speaks of: variables that are tied to each other count as one."""
        key = _key(number, goal)
        found = self._parts.get(key)
        if found is None:
            component = self.worlds[number].component
            found = self._parts[key] = frozenset(component(variable) for variable in self._node(number, goal)[1])
        return found

    # --- asking ------------------------------------------------------------------------------------------------------

    def can(self, goals: Sequence[Goal]) -> Answer:
        """Can all goals hold together? `possible` here is what the cells allow; see `example` for a patient."""
        try:
            for number in range(len(self.worlds)):
                if self._holds(number, goals):
                    return POSSIBLE
        except TooLarge:
            return NOT_DECIDED
        return NEVER

    def _holds(self, number: int, goals: Sequence[Goal]) -> bool:
        if len(goals) == 1:
            goal = goals[0]
            key = _key(number, goal)
            known = self._alone.get(key)
            if known is None:
                known = self._alone[key] = self._solve(number, goals, (), settled=False) is not None
            return known
        if len(goals) == 2 and self._components(number, goals[0]).isdisjoint(self._components(number, goals[1])):
            return self._holds(number, goals[:1]) and self._holds(number, goals[1:])
        return self._solve(number, goals, (), settled=False) is not None

    def remember(self, goals: Sequence[Goal]) -> None:
        """Keep one assignment for goals that can hold together, in each world, if they are many: most questions differ from it in
        a few places."""
        self._samples.clear()
        if len(goals) <= _FEW:
            return
        try:
            for number in range(len(self.worlds)):
                found = self._solve(number, goals, ())
                if found is not None:
                    self._samples[number] = found
        except TooLarge:
            return

    def can_beside(self, context: Sequence[Goal], focus: Sequence[Goal]) -> Answer:
        """Can some goals hold together with all of a context, most of which has nothing to do with them? The near part of it is
        asked first; where that is possible, the assignment that is remembered is changed there."""
        try:
            kinds = [self._beside(number, context, focus) for number in range(len(self.worlds))]
        except TooLarge:
            return NOT_DECIDED
        return POSSIBLE if any(kinds) else NEVER

    def near(self, context: Sequence[Goal], focus: Sequence[Goal]) -> list[int]:
        """The positions of the goals of a context that speak of what some goals speak of."""
        found: set[int] = set()
        for number in range(len(self.worlds)):
            mine = frozenset[int]().union(*(self._components(number, goal) for goal in focus))
            found |= {i for i, goal in enumerate(context) if not mine.isdisjoint(self._components(number, goal))}
        return sorted(found)

    def _beside(self, number: int, context: Sequence[Goal], focus: Sequence[Goal]) -> bool:
        near = self.near(context, focus)
        close = set(near)
        asked = [*(context[i] for i in near), *focus]
        sample = self._samples.get(number)
        found = self._solve(number, asked, (), settled=sample is not None)
        if found is None or len(near) == len(context):
            return found is not None
        if sample is not None:
            component = self.worlds[number].component
            changed = frozenset[int]().union(*(self._components(number, goal) for goal in asked))
            cells = {v: cell for v, cell in sample.cells.items() if component(v) not in changed} | found.cells
            if all(holds(self._node(number, goal)[0], cells) for i, goal in enumerate(context) if i not in close):
                return True
        while True:  # what hangs together with them through others; the rest of the context holds anyway
            wider = self.near(context, [context[i] for i in near])
            if wider == near:
                return self._holds(number, [*(context[i] for i in near), *focus])
            near = wider

    def _solve(
        self, number: int, goals: Sequence[Goal], more: Sequence[Node], *, settled: bool = True
    ) -> Solution | None:
        world = self.worlds[number]
        pairs = [self._node(number, goal) for goal in goals]
        variables = set[int]().union(*(variables for _, variables in pairs))
        nodes = [*world.related(variables), *(node for node, _ in pairs), *more]
        return Search(world.space, self._budget).solve(nodes, settled=settled)

    def example(self, goals: Sequence[Goal]) -> Answer:
        """The same with a patient: `possible` comes with one whom the reference evaluator confirmed."""
        try:
            for number in range(len(self.worlds)):
                answer = self._example_at(number, goals)
                if answer is not None:
                    return answer
        except TooLarge:
            return NOT_DECIDED
        return NEVER

    def show(self, *attempts: Sequence[Goal]) -> Witness | None:
        """A confirmed patient for the first of several questions that has one."""
        for goals in attempts:
            witness = self.example(goals).witness
            if witness is not None:
                return witness
        return None

    def _example_at(self, number: int, goals: Sequence[Goal]) -> Answer | None:
        world = self.worlds[number]
        tame = _coherent(world)
        found = self._solve(number, goals, tame)
        if found is None and self._solve(number, goals, ()) is None:
            return None
        barred: list[Node] = []
        speaking = set[int]().union(*(self._node(number, goal)[1] for goal in goals))
        for _ in range(_ASSIGNMENTS):
            if found is None:
                return NOT_DECIDED
            for record in proposals(world, found, _PROPOSALS):
                if confirmed(record, goals, world):
                    return Answer("possible", record)
            told = [(v, cell) for v, cell in found.cells.items() if v in speaking]
            barred.append(some([In(v, world.space.grids[v].full & ~(1 << cell)) for v, cell in told]))
            found = self._solve(number, goals, [*tame, *barred])
        return NOT_DECIDED


def _coherent(world: World) -> list[Node]:
    """What a record that can be written down keeps to beside what always holds: a plan leaves open what is past, so that
    what is not planned soon was there before, or is an event."""
    found: list[Node] = []
    for key, variable in world.index.items():
        if isinstance(key, tuple) and key[0] == "next" and isinstance(key[1], Concept):
            concept = key[1]
            if concept.kind == "condition":
                grid = world.space.grids[variable]
                soon = grid.full & ~(1 << len(grid) - 1)
                found.append(some((In(variable, soon), world.is_ever(concept))))
    return found


def confirmed(record: Witness, goals: Sequence[Goal], world: World) -> bool:
    """Does the reference evaluator make of a record what the goals say, without a warning that it contradicts itself?"""
    try:
        facts = prepare(Patient.parse(record, vocabulary=world.vocabulary), world.clock.moment)
    except EligibilityError:
        return False
    for goal in goals:
        values = Duration("", *goal.asker.values) if goal.asker.values else None
        outcome = evaluate(goal.rule, Situation(facts, facts.at, goal.asker.trial, values))
        if (outcome is (Truth.TRUE if goal.met else Truth.FALSE)) is goal.denied:
            return False
    noted = facts.computed.get("warnings", {})
    return not noted
