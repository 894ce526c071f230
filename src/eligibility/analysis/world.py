"""The statements of trials go in; the variables that describe a patient to them come out, and what holds between those for
every patient.

A patient is described as fully known: everything that was asked about is answered, and what was not measured in a window was
not measured. Numbers lie in cells between thresholds. A condition is the time since its newest episode began (`onset`) and
since it was last there (`last`); what is measured several ways has one variable for each way, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations
from typing import assert_never

from eligibility import rules, series
from eligibility.analysis.cells import BOOLEAN, FIRST, NOW, YES, Grid, Mask, number_grid, time_grid, whole_grid
from eligibility.analysis.solver import In, Node, Ordered, Space, every, some
from eligibility.analysis.stretches import Clock, Stretch, current_stretch, stretch_of
from eligibility.expressions import check_formula
from eligibility.instants import Duration
from eligibility.intervals import ANYTHING, Interval, hull, subtract
from eligibility.logic import Truth
from eligibility.vocabulary import Concept, Vocabulary

OLDEST = 24_400  # months: birth dates reach back to the year 1


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a trial, with how old its current values may be. `alone` leaves the trial out of the keys, so that two
    trials can be compared criterion by criterion as if they asked in one."""

    trial: str
    values: tuple[int, int] | None = None
    alone: bool = False

    @property
    def name(self) -> str:
        """The trial that answers, attestations and milestones belong to."""
        return "" if self.alone else self.trial


@dataclass(frozen=True, slots=True)
class Stream:
    """Observations that are chosen from together: of a quantity or a class, or the changes of a quantity."""

    concept: Concept
    kind: str  # "value", "class", "rise" or "fall"
    values: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """One number out of a stream. `kind` is "value", "upper" or "lower" (in multiples of that limit), or "change"."""

    stream: Stream
    kind: str
    selection: rules.Selection
    stretch: Stretch
    over: tuple[int, int] = (0, 0)


Key = Pick | tuple[object, ...]
Statement = tuple[Asker, rules.Rule]


class World:
    """The variables of some statements at one instant, and what always holds between them."""

    def __init__(self, statements: Sequence[Statement], moment: datetime, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.clock = Clock(moment)
        self.space = Space()
        self.index: dict[Key, int] = {}
        self.stretches: dict[Stream, dict[tuple[Stretch, tuple[int, int]], None]] = {}
        self.addresses: dict[Key, str] = {}
        self.lengths: set[tuple[int, int]] = set()
        self.dated: set[str] = set()
        self._cuts: dict[object, set[tuple[float, float]]] = {}
        self._edges: set[int] = set()
        self._next_edges: set[int] = set()
        self._age_edges: set[int] = set()
        self._occurrences: dict[str, Concept] = {}
        self._limited: dict[str, Concept] = {}
        self.picks: dict[Pick, None] = {}
        self._flags: dict[Key, None] = {}
        for asker, rule in statements:
            for atom in rules.atoms(rule):
                self._gather(asker, atom)
        for asked in self.stretches.values():
            if len(asked) > 1:
                for stretch, _ in asked:
                    if stretch.ends_now and not stretch.is_endless:
                        self._edge(stretch.months, stretch.exact)
        self._number = {key: number_grid(cuts, _possible(key, vocabulary)) for key, cuts in self._cuts.items()}
        self.time = time_grid(self._edges)
        self._next = time_grid(self._next_edges)
        self._declare()
        self._constrain()
        self._wish()
        self._parts = _components(self.space)

    # --- what is asked -----------------------------------------------------------------------------------------------

    def _gather(self, asker: Asker, atom: rules.Atom) -> None:
        match atom:
            case rules.Comparison(number=rules.Age(), bounds=bounds):
                self._age_edges |= {edge for bound in bounds for edge in _age_edges(bound)}
                self._flags[("age",)] = None
            case rules.Comparison(number=number, bounds=bounds):
                key = self.number_key(asker, number)
                self._cuts.setdefault(line_of(key), set()).update((bound.low, bound.high) for bound in bounds)
                if not isinstance(key, Pick):
                    self._flags[key] = None
                for leaf in rules.leaves(number):
                    if isinstance(leaf, rules.Measured | rules.Changed):
                        self._pick(self.pick(asker, leaf), plain=leaf is number)
            case rules.LimitComparison(multiple=multiple):
                pick = self.limit_pick(asker, atom)
                self._cuts.setdefault(line_of(pick), set()).add((multiple, multiple))
                self._pick(pick)
            case rules.InClass():
                pick = self.class_pick(asker, atom)
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
                    self._flags[("within", isinstance(atom, rules.OnsetIn), concept, stretch)] = None
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
        self._occurrences[concept.name] = concept
        for duration in durations:
            self._edge(duration.months, duration.exact)
            self.dated.add(concept.name)
        self._limit(concept)

    def _edge(self, months: int, exact: int) -> None:
        self.lengths.add((months, exact))
        self._edges.add(self.clock.back(months, exact))

    def _limit(self, concept: Concept) -> None:
        if concept.has_limited_applicability:
            self._limited[concept.name] = concept
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

    # --- keys --------------------------------------------------------------------------------------------------------

    def pick(self, asker: Asker, leaf: rules.Measured | rules.Changed) -> Pick:
        """The key of a measurement or a change."""
        if isinstance(leaf, rules.Changed):
            stream = Stream(leaf.concept, "rise" if leaf.rise else "fall", self._values(leaf.concept, asker))
            return Pick(
                stream, "change", "highest", stretch_of(leaf.window, asker.name), (leaf.over.months, leaf.over.exact)
            )
        stream = Stream(leaf.concept, "value", self._values(leaf.concept, asker))
        return Pick(stream, "value", leaf.selection, self._stretch(asker, leaf))

    def limit_pick(self, asker: Asker, atom: rules.LimitComparison) -> Pick:
        """The key of a measurement in multiples of its limit of normal."""
        stream = Stream(atom.concept, "value", self._values(atom.concept, asker))
        return Pick(stream, "upper" if atom.upper else "lower", atom.selection, self._stretch(asker, atom))

    def class_pick(self, asker: Asker, atom: rules.InClass) -> Pick:
        """The key of an observed class."""
        return Pick(Stream(atom.concept, "class"), "value", atom.selection, self._stretch(asker, atom))

    def _stretch(self, asker: Asker, asked: rules.Measured | rules.LimitComparison | rules.InClass) -> Stretch:
        if asked.window is None and asked.selection == "latest":
            values = Duration("", *asker.values) if asker.values else None
            return current_stretch(asked.concept, values)
        return stretch_of(asked.window, asker.name)

    def _values(self, concept: Concept, asker: Asker) -> tuple[int, int] | None:
        """A derived quantity is another series where values count for longer."""
        return asker.values if concept.formula is not None else None

    def number_key(self, asker: Asker, number: rules.Expression) -> Key:
        """The key of what a comparison compares."""
        if isinstance(number, rules.Measured | rules.Changed):
            return self.pick(asker, number)
        leaves = tuple(
            self.pick(asker, leaf) if isinstance(leaf, rules.Measured | rules.Changed) else leaf
            for leaf in rules.leaves(number)
        )
        return ("computed", number, leaves)

    # --- variables ---------------------------------------------------------------------------------------------------

    def _declare(self) -> None:
        if self._limited or ("age",) in self._flags:
            self._add(("age",), whole_grid(self._age_edges, OLDEST))
        if any(concept.applies_to_sex for concept in self._limited.values()):
            self._pick(Pick(Stream(self.vocabulary["sex"], "class"), "value", "latest", Stretch()))
        for concept in self._occurrences.values():
            onset = self._add(("onset", concept), self.time)
            self.space.always.append(In(onset, self.time.full & ~1))
            if concept.kind == "condition":
                self._add(("last", concept), self.time)
        for pick in self.picks:
            self._add(variable_key(pick), self._grid(pick))
        for stream, asked in self.stretches.items():
            if len(asked) > 1:
                self._measured(stream, asked)
        for key in self._flags:
            if key[0] == "computed":  # type: ignore[index]  # only tuples are kept as flags
                self._add(key, self._number[key])
            elif key[0] == "next":  # type: ignore[index]  # as above
                self._add(key, self._next)
            elif key != ("age",):
                self._add(key, BOOLEAN)

    def _add(self, key: Key, grid: Grid) -> int:
        if key not in self.index:
            self.index[key] = self.space.add(grid)
        return self.index[key]

    def _grid(self, pick: Pick) -> Grid:
        if pick.stream.kind == "class":
            count = len(pick.stream.concept.values)
            return whole_grid(range(count), count - 1)
        return self._number.get(line_of(pick)) or number_grid((), _possible(line_of(pick), self.vocabulary))

    def _measured(self, stream: Stream, asked: Iterable[tuple[Stretch, tuple[int, int]]]) -> None:
        """When the newest observation was made, where it matters which of several windows it lies in."""
        for stretch, over in asked:
            if stretch.ends_now and stream.kind in ("value", "class"):
                newest = self._add(("newest", stream), self.time)
                self.space.always.append(In(newest, self.time.full & ~1 & ~(1 << len(self.time) - 1)))
            else:
                self._add(("measured", stream, stretch, over), BOOLEAN)

    def is_measured(self, pick: Pick) -> Node | None:
        """That there is an observation in the window of a pick; None where it goes without saying."""
        asked = self.stretches[pick.stream]
        if len(asked) == 1:
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

    # --- what always holds -------------------------------------------------------------------------------------------

    def _constrain(self) -> None:
        say = self.space.always.append
        never = 1 << len(self.time) - 1
        for concept in self._occurrences.values():
            onset, last = self.index[("onset", concept)], self.index.get(("last", concept))
            if last is not None:
                say(Ordered(last, onset))
                say(some((In(onset, never), In(last, self.time.full & ~never))))
                say(some((In(last, never), In(onset, self.time.full & ~never))))
            for whole in self.vocabulary.wholes(concept.name):
                if whole in self._occurrences:
                    self._part_of(concept, self._occurrences[whole])
        self._order_picks()
        self._known_somewhere()
        self._windows()
        self._applicability()
        for pick in self.picks:
            condition = pick.stream.concept.none_when_absent
            if condition is not None and pick.stream.kind == "class":
                absent = [self.vocabulary[name] for name in (condition, *self.vocabulary.wholes(condition))]
                variable = self.index[variable_key(pick)]
                for concept in absent:
                    if concept.name in self._occurrences:
                        say(some((self.is_ever(concept), In(variable, 1))))

    def _part_of(self, part: Concept, whole: Concept) -> None:
        """The part makes the whole present, then and there; the whole began then or earlier (an event happened then)."""
        say = self.space.always.append
        part_onset, whole_onset = self.index[("onset", part)], self.index[("onset", whole)]
        part_last = self.index.get(("last", part), part_onset)
        whole_last = self.index.get(("last", whole))
        if whole_last is None:
            say(Ordered(whole_onset, part_onset))
            return
        say(Ordered(whole_last, part_last))
        if part_last != part_onset:
            say(some((Ordered(part_onset, whole_onset), Ordered(whole_onset, part_last, strictly=True))))

    def _order_picks(self) -> None:
        """The lowest is not above the highest, and more time makes the highest higher and the lowest lower."""
        families: dict[object, list[Pick]] = {}
        for pick in self.picks:
            if pick.stream.kind != "class" or pick.stream.concept.ordered:
                families.setdefault(line_of(pick), []).append(pick)
        for family in families.values():
            for one, other in permutations(family, 2):
                if self._not_above(one, other):
                    a, b = self.index[variable_key(one)], self.index[variable_key(other)]
                    if a != b:
                        self.space.always.append(Ordered(a, b))

    def _not_above(self, one: Pick, other: Pick) -> bool:
        """Is one number of a line never above another?"""
        if one.kind == "change":
            same_over = self.clock._no_longer(Stretch(*one.over), Stretch(*other.over))
            return same_over and self.clock.inside(one.stretch, other.stretch)
        inside = self.clock.inside
        newest = one.selection == "latest" and one.stretch.ends_now
        other_newest = other.selection == "latest" and other.stretch.ends_now
        if {one.kind, other.kind} == {"upper", "lower"}:
            return one.kind == "upper" and variable_key(one)[1:] == variable_key(other)[1:]  # type: ignore[index]  # both are tuples
        if other.selection == "highest" and (
            inside(one.stretch, other.stretch) or (newest and other.stretch.ends_now)
        ):
            return True
        if one.selection == "lowest" and (
            inside(other.stretch, one.stretch) or (other_newest and one.stretch.ends_now)
        ):
            return True
        return one.selection == "lowest" and other.selection == "highest" and inside(other.stretch, one.stretch)

    def _known_somewhere(self) -> None:
        """Everything asked for was measured in one of the windows asked about, unless none of them exists."""
        for stream, asked in self.stretches.items():
            if len(asked) == 1:
                continue
            ways: list[Node] = []
            for stretch, over in asked:
                pick = Pick(stream, "value", "latest", stretch, over)
                measured = self.is_measured(pick)
                assert measured is not None
                ways.append(measured)
                if ("measured", stream, stretch, over) in self.index:
                    for concept in stretch.marks:
                        self.space.always.append(some((self.space.opposite(measured), self.is_ever(concept))))
            exists = [every([self.is_ever(c) for c in stretch.marks]) for stretch, _ in asked]
            self.space.always.append(some((*ways, self.space.opposite(some(exists)))))
            for (one, over), (other, other_over) in permutations(asked, 2):
                a, b = (("measured", stream, one, over), ("measured", stream, other, other_over))
                if a in self.index and b in self.index:
                    longer = self.clock._no_longer(Stretch(*over), Stretch(*other_over))
                    if longer and self.clock.inside(one, other):
                        self.space.always.append(some((In(self.index[a], 1), In(self.index[b], YES))))

    def _windows(self) -> None:
        """What happened in a window measured from another event happened; in a longer window, too."""
        say = self.space.always.append
        flags = [(key, self.index[key]) for key in self._flags if key[0] == "within"]  # type: ignore[index]  # only tuples
        for key, variable in flags:
            _, is_onset, concept, stretch = key  # type: ignore[misc]  # keys of windows have four parts
            if is_onset or not stretch.may_reach_ahead:
                say(some((In(variable, 1), self.is_ever(concept))))
            for mark in stretch.marks:
                say(some((In(variable, 1), self.is_ever(mark))))
        for (key, variable), (other, larger) in permutations(flags, 2):
            _, is_onset, concept, stretch = key  # type: ignore[misc]  # as above
            _, other_onset, whole, longer = other  # type: ignore[misc]  # as above
            if is_onset != other_onset or not self.clock.inside(stretch, longer):
                continue
            if whole == concept or (not is_onset and whole.name in self.vocabulary.wholes(concept.name)):
                say(some((In(variable, 1), In(larger, YES))))
        nexts = [key for key in self._flags if key[0] == "next"]  # type: ignore[index]  # only tuples
        for key in nexts:
            concept = key[1]  # type: ignore[index]  # as above
            assert isinstance(concept, Concept)
            variable = self.index[key]
            if concept.kind == "condition":
                say(some((self.space.opposite(self.is_present(concept)), In(variable, 1 << NOW))))
            for whole in self.vocabulary.wholes(concept.name):
                larger = self.index.get(("next", self.vocabulary[whole]))
                if larger is not None:
                    say(Ordered(larger, variable))

    def _applicability(self) -> None:
        """What cannot apply to a patient of this sex and age is absent."""
        say = self.space.always.append
        for concept in self._limited.values():
            applies: list[Node] = []
            if concept.applies_to_sex:
                sex = self.vocabulary["sex"]
                rank = sex.values.index(concept.applies_to_sex)
                pick = Pick(Stream(sex, "class"), "value", "latest", Stretch())
                applies.append(In(self.index[variable_key(pick)], 1 << rank))
            if concept.applies_from_months:
                variable = self.index[("age",)]
                grid = self.space.grids[variable]
                from_months = concept.applies_from_months
                applies.append(In(variable, grid.upward(lambda x, least=from_months: x >= least)))  # type: ignore[misc]  # bound now
            if not applies:
                continue
            for key, variable in list(self.index.items()):
                if isinstance(key, tuple) and concept in key:
                    if key[0] == "onset":
                        say(some((self.space.opposite(self.is_ever(concept)), every(applies))))
                    elif key[0] in ("attested", "within"):
                        say(some((In(variable, 1), every(applies))))
                    elif key[0] == "next":
                        say(some((In(variable, 1 << len(self._next) - 1), every(applies))))

    def _wish(self) -> None:
        """Where a patient may be either way: healthy, a plain answer, a usual number, measured just now."""
        for key, variable in self.index.items():
            grid = self.space.grids[variable]
            if isinstance(key, Pick):
                continue
            match key[0]:
                case "onset" | "last":
                    back = [i for i in range(len(grid) - 2, 0, -1)]
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
        found: dict[int, list[Node]] = {}
        for variable in variables:
            component = self._parts[0][variable]
            found.setdefault(component, self._parts[1].get(component, []))
        return [node for nodes in found.values() for node in nodes]

    def component(self, variable: int) -> int:
        """Variables with something between them have the same number."""
        return self._parts[0][variable]


def _components(space: Space) -> tuple[list[int], dict[int, list[Node]]]:
    from eligibility.analysis.solver import variables_of

    parent = list(range(len(space.grids)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    touched = [sorted(variables_of(node)) for node in space.always]
    for names in touched:
        for name in names[1:]:
            parent[root(name)] = root(names[0])
    nodes: dict[int, list[Node]] = {}
    for node, names in zip(space.always, touched, strict=True):
        if names:
            nodes.setdefault(root(names[0]), []).append(node)
    return [root(index) for index in range(len(parent))], nodes


def variable_key(pick: Pick) -> Key:
    """Picks that are the same number for every patient share a key: the newest observation is one, whatever the window."""
    if pick.selection == "latest" and pick.stretch.ends_now and pick.kind != "change":
        return (pick.kind, pick.stream, "latest")
    return (pick.kind, pick.stream, pick.selection, pick.stretch, pick.over)


def line_of(key: Key) -> object:
    """What shares one line of numbers, so that one can be above the other."""
    if isinstance(key, Pick):
        return (key.stream, "ratio" if key.kind in ("upper", "lower") else key.kind)
    return key


def judgement_key(asker: Asker, atom: rules.Judged) -> Key:
    """A judgement is answered under the address of its criterion; another question is another judgement."""
    return ("judged", "" if asker.alone else atom.address.casefold(), " ".join(atom.text.split()).casefold())


def _age_edges(bound: rules.Bound) -> tuple[int, ...]:
    """The first month at which the outcome changes."""
    months = bound.months or 0
    if bound.operator in (">=", "<"):
        return (months,)
    in_months = bound.shown.endswith(("month", "months"))
    return (months + (1 if in_months else 12),)


def _possible(line: object, vocabulary: Vocabulary) -> Interval:
    """The numbers that something can be."""
    match line:
        case (Stream(concept=concept), "value"):
            return possible_of(concept, vocabulary)
        case (Stream(), "ratio"):
            return Interval(0.0, ANYTHING.high, False, True)
        case (Stream(concept=concept), "change"):
            possible = possible_of(concept, vocabulary)
            return subtract(possible, possible)
        case ("computed", number, _):
            return _computed(number, vocabulary)  # type: ignore[arg-type]  # the second part of such a key is an expression
        case _:
            return ANYTHING


def possible_of(concept: Concept, vocabulary: Vocabulary) -> Interval:
    """What a quantity can be, brought or computed."""
    if concept.formula is None:
        return concept.possible
    computed = _computed(check_formula(vocabulary, concept).expression, vocabulary)
    return hull((computed, concept.possible))


def _computed(number: rules.Expression, vocabulary: Vocabulary) -> Interval:
    def leaf(expression: rules.Age | rules.Measured | rules.Changed | rules.InClass) -> Interval | Truth:
        match expression:
            case rules.Age():
                return Interval(0.0, float(OLDEST))
            case rules.Measured(concept=concept):
                return possible_of(concept, vocabulary)
            case rules.Changed(concept=concept):
                return subtract(possible_of(concept, vocabulary), possible_of(concept, vocabulary))
            case rules.InClass():
                return Truth.UNKNOWN
            case _:
                assert_never(expression)

    return series.evaluate(number, leaf)
