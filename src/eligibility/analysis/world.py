"""The statements of trials go in; the variables that describe a patient to them come out.

A patient is described as fully known: everything that was asked about is answered, and what was not measured in a window was
not measured. Numbers lie in cells between thresholds. A condition is the time since its newest episode began (`onset`) and
since it was last there (`last`); what is measured several ways has one variable for each way, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import assert_never

from eligibility import rules
from eligibility.analysis.cells import BOOLEAN, FIRST, NOW, YES, Grid, Mask, number_grid, time_grid, whole_grid
from eligibility.analysis.keys import (
    OLDEST,
    Asker,
    Key,
    Pick,
    Statement,
    Stream,
    Within,
    age_edges,
    class_pick,
    judgement_key,
    limit_pick,
    line_of,
    number_key,
    pick_of,
    possible_on,
    variable_key,
)  # fmt: skip
from eligibility.analysis.statements import In, Node, Ordered, Space, every, some, variables_of
from eligibility.analysis.stretches import Clock, Stretch, stretch_of
from eligibility.instants import Duration
from eligibility.vocabulary import Concept, Vocabulary


class World:
    """The variables of some statements at one instant, and what always holds between them."""

    def __init__(self, statements: Sequence[Statement], moment: datetime, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.clock = Clock(moment)
        self.space = Space()
        self.patience = 400  # how often values of computed numbers may be tried in vain
        self.index: dict[Key, int] = {}
        self.stretches: dict[Stream, dict[tuple[Stretch, tuple[int, int]], None]] = {}
        self.addresses: dict[Key, str] = {}
        self.lengths: set[tuple[int, int]] = set()
        self.dated: set[str] = set()
        self._cuts: dict[object, set[tuple[float, float]]] = {}
        self._edges: set[int] = set()
        self._next_edges: set[int] = set()
        self._age_edges: set[int] = set()
        self.occurrences: dict[str, Concept] = {}
        self.limited: dict[str, Concept] = {}
        self.picks: dict[Pick, None] = {}
        self._flags: dict[Key, None] = {}
        for asker, rule in statements:
            for atom in rules.atoms(rule):
                self._gather(asker, atom)
        for stream, asked in self.stretches.items():
            if not self.is_alone(stream):
                for stretch, _ in asked:
                    if stretch.ends_now and not stretch.is_endless:
                        self._edge(stretch.months, stretch.exact)
        self._number = {key: number_grid(cuts, possible_on(key, vocabulary)) for key, cuts in self._cuts.items()}
        self.time = time_grid(self._edges)
        self._next = time_grid(self._next_edges)
        self._declare()
        self._wish()
        self._parts: tuple[list[int], dict[int, list[Node]]] | None = None

    # --- what is asked -----------------------------------------------------------------------------------------------

    def _gather(self, asker: Asker, atom: rules.Atom) -> None:
        match atom:
            case rules.Comparison(number=rules.Age(), bounds=bounds):
                self._age_edges |= {edge for bound in bounds for edge in age_edges(bound)}
                self._flags[("age",)] = None
            case rules.Comparison(number=number, bounds=bounds):
                key = number_key(asker, number)
                self._cuts.setdefault(line_of(key), set()).update((bound.low, bound.high) for bound in bounds)
                if not isinstance(key, Pick):
                    self._flags[key] = None
                for leaf in rules.leaves(number):
                    if isinstance(leaf, rules.Measured | rules.Changed):
                        self._pick(pick_of(asker, leaf), plain=leaf is number)
            case rules.LimitComparison(multiple=multiple):
                pick = limit_pick(asker, atom)
                self._cuts.setdefault(line_of(pick), set()).add((multiple, multiple))
                self._pick(pick)
            case rules.InClass():
                pick = class_pick(asker, atom)
                self._pick(pick)
            case rules.Present(concept=concept) | rules.Ever(concept=concept):
                self._occurrence(concept)
            case rules.Elapsed(concept=concept, bounds=spans):
                self._occurrence(concept, *(duration for _, duration in spans))
            case rules.Lasting(concept=concept, duration=duration):
                self._occurrence(concept, duration)
            case rules.InWindow(concept=concept, window=window) | rules.OnsetIn(concept=concept, window=window):
                self._occurrence(concept)
                stretch = stretch_of(window, asker.name)
                self._marks(stretch)
                if stretch.anchor is not None:
                    self._flags[Within(concept, stretch, isinstance(atom, rules.OnsetIn))] = None
                elif stretch.ahead:
                    self._flags[("next", concept)] = None
                    self.lengths.add((stretch.months, stretch.exact))
                    self._next_edges.add(self.clock.ahead(stretch.months, stretch.exact))
                else:
                    self._edge(stretch.months, stretch.exact)
                self.dated.add(concept.name)
            case rules.Attested(concept=concept):
                self._flags[("attested", asker.name, concept)] = None
                self._limit(concept)
            case rules.Judged():
                self._flags[judgement_key(asker, atom)] = None
                self.addresses[judgement_key(asker, atom)] = atom.address
            case _:
                assert_never(atom)

    def _occurrence(self, concept: Concept, *durations: Duration) -> None:
        self.occurrences[concept.name] = concept
        for duration in durations:
            self._edge(duration.months, duration.exact)
            self.dated.add(concept.name)
        self._limit(concept)

    def _edge(self, months: int, exact: int) -> None:
        self.lengths.add((months, exact))
        self._edges.add(self.clock.back(months, exact))

    def _limit(self, concept: Concept) -> None:
        if concept.has_limited_applicability:
            self.limited[concept.name] = concept
            if concept.applies_from_months:
                self._age_edges.add(concept.applies_from_months)

    def _marks(self, stretch: Stretch) -> None:
        for concept in stretch.marks:
            self._occurrence(concept)
            self.dated.add(concept.name)

    def _pick(self, pick: Pick, plain: bool = True) -> None:
        self.picks[pick] = None
        if plain and pick.stream.kind != "class":
            self._cuts.setdefault(line_of(pick), set())
        self.stretches.setdefault(pick.stream, {})[(pick.stretch, pick.over)] = None
        self._marks(pick.stretch)

    # --- variables ---------------------------------------------------------------------------------------------------

    def _declare(self) -> None:
        if self.limited or ("age",) in self._flags:
            self._add(("age",), whole_grid(self._age_edges, OLDEST))
        if any(concept.applies_to_sex for concept in self.limited.values()):
            self._pick(Pick(Stream(self.vocabulary["sex"], "class"), "value", "latest", Stretch()))
        for concept in self.occurrences.values():
            onset = self._add(("onset", concept), self.time)
            self.space.always.append(In(onset, self.time.full & ~1))
            if concept.kind == "condition":
                self._add(("last", concept), self.time)
        for pick in self.picks:
            self._add(variable_key(pick), self._grid(pick))
        for stream, asked in self.stretches.items():
            if not self.is_alone(stream):
                self._measured(stream, asked)
        for key in self._flags:
            match key:
                case ("computed", *_):
                    self._add(key, self._number[key])
                    self._computable(key)
                case ("next", _):
                    self._add(key, self._next)
                case ("age",):
                    pass
                case _:
                    self._add(key, BOOLEAN)

    def _computable(self, key: Key) -> None:
        """Whether arithmetic has an outcome, which is open where something that it reads was not measured in its window."""
        measured = [self.is_measured(pick) for pick in self.picks_of(key)]
        tests = [test for test in measured if test is not None]
        if tests:
            known = self._add(("computable", key), BOOLEAN)
            self.space.always.append(some((In(known, YES), self.space.opposite(every(tests)))))

    def picks_of(self, key: Key) -> list[Pick]:
        """The measurements that arithmetic reads."""
        leaves = key[2] if isinstance(key, tuple) else ()
        return [leaf for leaf in leaves if isinstance(leaf, Pick)]  # type: ignore[attr-defined]  # a tuple of them

    def _add(self, key: Key, grid: Grid) -> int:
        if key not in self.index:
            self.index[key] = self.space.add(grid)
        return self.index[key]

    def _grid(self, pick: Pick) -> Grid:
        if pick.stream.kind == "class":
            count = len(pick.stream.concept.values)
            return whole_grid(range(count), count - 1)
        return self._number.get(line_of(pick)) or number_grid((), possible_on(line_of(pick), self.vocabulary))

    def _measured(self, stream: Stream, asked: Iterable[tuple[Stretch, tuple[int, int]]]) -> None:
        """When the newest observation was made, where it matters which of several windows it lies in."""
        for stretch, over in asked:
            if stretch.ends_now and stream.kind in ("value", "class"):
                newest = self._add(("newest", stream), self.time)
                self.space.always.append(In(newest, self.time.full & ~1 & ~(1 << len(self.time) - 1)))
            else:
                self._add(("measured", stream, stretch, over), BOOLEAN)

    def is_alone(self, stream: Stream) -> bool:
        """Is a stream read from one window only, so that it goes without saying that something was measured there? Where two
        trials let values count for different times, one quantity has a stream for each."""
        kin = (other for other in self.stretches if (other.concept, other.kind) == (stream.concept, stream.kind))
        return len(self.stretches[stream]) == 1 and next(kin) == stream and next(kin, None) is None

    def is_measured(self, pick: Pick) -> Node | None:
        """That there is an observation in the window of a pick; None where it goes without saying."""
        if self.is_alone(pick.stream):
            return None
        key = ("measured", pick.stream, pick.stretch, pick.over)
        if key in self.index:
            return In(self.index[key], YES)
        newest = self.index[("newest", pick.stream)]
        found: list[Node] = []
        if not pick.stretch.is_endless:
            edge = self.clock.back(pick.stretch.months, pick.stretch.exact)
            found.append(In(newest, self.until(self.time, edge)))
        if pick.stretch.relation is not None:
            relation = pick.stretch.relation.concept
            if relation.is_occurrence:
                found += [self.is_ever(relation), Ordered(newest, self.index[("onset", relation)])]
            else:
                since = self._add(("measured since", pick.stream, pick.stretch.relation), BOOLEAN)
                found.append(In(since, YES))
        return every(found)

    def until(self, grid: Grid, edge: int) -> Mask:
        """The times that are at most so long ago (NOW, what still lasts, among them)."""
        return grid.full & ~grid.upward(lambda x: x > edge)

    def is_ever(self, concept: Concept) -> Node:
        """That a condition or event is or was."""
        return In(self.index[("onset", concept)], self.time.full & ~(1 << len(self.time) - 1))

    def is_present(self, concept: Concept) -> Node:
        """That a condition is present now; that an event has happened."""
        last = self.index.get(("last", concept))
        return self.is_ever(concept) if last is None else In(last, 1 << NOW)

    def _wish(self) -> None:
        """Where a patient may be either way: healthy, a plain answer, a usual number, measured just now."""
        for key, variable in self.index.items():
            grid = self.space.grids[variable]
            if not isinstance(key, tuple):
                continue
            match key[0]:
                case "onset" | "last":
                    back = list(range(len(grid) - 2, 0, -1))
                    roomy = [i for i in back if not grid.cells[i].single]
                    wished = (len(grid) - 1, *([NOW] if key[0] == "last" else []), *roomy, *back)
                case "age":
                    wished = tuple(i for i, cell in enumerate(grid.cells) if cell.low <= 480 and cell.high >= 491)
                case "value" if isinstance(key[1], Stream) and key[1].concept.plausible is not None:
                    usual = key[1].concept.plausible
                    inside = [i for i, cell in enumerate(grid.cells) if cell.low < usual.high and cell.high > usual.low]
                    wished = (*(i for i in inside if not grid.cells[i].single), *inside)
                case "newest":
                    wished = (FIRST,)
                case _:
                    wished = (0,)
            self.space.wishes[variable] = wished

    # --- reading -----------------------------------------------------------------------------------------------------

    def related(self, variables: Iterable[int]) -> list[Node]:
        """What always holds between these variables and those tied to them."""
        of, nodes = self._ties()
        found = {of[variable]: nodes.get(of[variable], []) for variable in variables}
        return [node for tied in found.values() for node in tied]

    def component(self, variable: int) -> int:
        """Variables with something between them have the same number."""
        return self._ties()[0][variable]

    def _ties(self) -> tuple[list[int], dict[int, list[Node]]]:
        if self._parts is None:
            self._parts = _components(self.space)
        return self._parts


def root_of(parent: list[int], index: int) -> int:
    """The one that stands for all that hang together with `index`; the ways there are made shorter in `parent`."""
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index


def _components(space: Space) -> tuple[list[int], dict[int, list[Node]]]:
    parent = list(range(len(space.grids)))
    touched = [sorted(variables_of(node)) for node in space.always]
    for names in touched:
        for name in names[1:]:
            parent[root_of(parent, name)] = root_of(parent, names[0])
    nodes: dict[int, list[Node]] = {}
    for node, names in zip(space.always, touched, strict=True):
        if names:
            nodes.setdefault(root_of(parent, names[0]), []).append(node)
    return [root_of(parent, index) for index in range(len(parent))], nodes
