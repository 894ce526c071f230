"""The variables of a world go in; what holds between them for every patient comes out.

Each law follows from the meaning of the language: the hierarchy of conditions, the order of selections, windows inside of
windows, to whom a condition applies. A patient is meant whose record does not contradict itself, and whose sex does not change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import permutations

from eligibility.analysis.cells import NOW, YES
from eligibility.analysis.keys import Pick, Statement, Stream, Within, line_of, variable_key
from eligibility.analysis.statements import In, Node, Ordered, every, some
from eligibility.analysis.stretches import Stretch
from eligibility.analysis.ties import arithmetic_ties, derived_ties
from eligibility.analysis.world import World
from eligibility.vocabulary import Concept, Vocabulary

NO = 1  # the cells of a truth value that is false; of a rank, the lowest


def world_of(
    statements: Sequence[Statement], moment: datetime, vocabulary: Vocabulary, *, as_computed: bool = False
) -> World:
    """The world of some statements at an instant, with its laws; `as_computed` for patients in whom every derived quantity is
    computed from the newest of its inputs."""
    world = World(statements, moment, vocabulary)
    world.space.always += list(laws(world))
    world.space.always += list(arithmetic_ties(world))
    if as_computed:
        world.space.always += [tie for _, tie in derived_ties(world)]
    return world


def laws(world: World) -> Iterator[Node]:
    """Everything that always holds."""
    yield from _episodes(world)
    yield from _order_of_numbers(world)
    yield from _measured_somewhere(world)
    yield from _windows_from_elsewhere(world)
    yield from _ahead(world)
    yield from _applicability(world)
    yield from _absent_classes(world)


def _episodes(world: World) -> Iterator[Node]:
    """What never began was never there; what lasts began before it was last there."""
    never = 1 << len(world.time) - 1
    ever = world.time.full & ~never
    for concept in world.occurrences.values():
        onset, last = world.index["onset", concept], world.index.get(("last", concept))
        if last is not None:
            yield Ordered(last, onset)
            yield some((In(onset, never), In(last, ever)))
            yield some((In(last, never), In(onset, ever)))
        for whole in world.vocabulary.wholes(concept.name):
            if whole in world.occurrences:
                yield from _part_of(world, concept, world.occurrences[whole])


def _part_of(world: World, part: Concept, whole: Concept) -> Iterator[Node]:
    """The part makes the whole present, then and there; the whole began then or earlier (an event happened then)."""
    part_onset, whole_onset = world.index["onset", part], world.index["onset", whole]
    part_last = world.index.get(("last", part), part_onset)
    whole_last = world.index.get(("last", whole))
    if whole_last is None:
        yield Ordered(whole_onset, part_onset)
        return
    yield Ordered(whole_last, part_last)
    if part_last != part_onset:  # the newest episode of the whole holds that of the part, or began after it was over
        yield some((Ordered(part_onset, whole_onset), Ordered(whole_onset, part_last, strictly=True)))


def _order_of_numbers(world: World) -> Iterator[Node]:
    """The lowest is not above the highest, and more time makes the highest higher and the lowest lower."""
    families: dict[object, list[Pick]] = {}
    for pick in world.picks:
        if pick.stream.kind != "class" or pick.stream.concept.ordered:
            families.setdefault(line_of(pick), []).append(pick)
    for family in families.values():
        for one, other in permutations(family, 2):
            a, b = world.index[variable_key(one)], world.index[variable_key(other)]
            if a != b and _not_above(world, one, other):
                yield Ordered(a, b)


def _not_above(world: World, one: Pick, other: Pick) -> bool:
    """Is one number of a line never above another?"""
    inside = world.clock.inside
    if one.kind == "change":  # the greatest of fewer differences
        return world.clock.no_longer(Stretch(*one.over), Stretch(*other.over)) and inside(one.stretch, other.stretch)
    if {one.kind, other.kind} == {"upper", "lower"}:  # the upper limit of an observation is not below its lower one
        return one.kind == "upper" and variable_key(one)[1:] == variable_key(other)[1:]
    newest, other_newest = _is_newest(one), _is_newest(other)
    if other.selection == "highest" and (inside(one.stretch, other.stretch) or (newest and other.stretch.ends_now)):
        return True
    if one.selection == "lowest" and (inside(other.stretch, one.stretch) or (other_newest and one.stretch.ends_now)):
        return True
    return one.selection == "lowest" and other.selection == "highest" and inside(other.stretch, one.stretch)


def _is_newest(pick: Pick) -> bool:
    return pick.selection == "latest" and pick.stretch.ends_now


def _measured_somewhere(world: World) -> Iterator[Node]:
    """Everything asked for was measured in one of the windows asked about, unless none of them exists."""
    for stream, asked in world.stretches.items():
        if world.is_alone(stream):
            continue
        ways: list[Node] = []
        for stretch, over in asked:
            measured = world.is_measured(Pick(stream, "value", "latest", stretch, over))
            assert measured is not None
            ways.append(measured)
            if ("measured", stream, stretch, over) in world.index:
                yield from (some((world.space.opposite(measured), world.is_ever(mark))) for mark in stretch.marks)
        exists = [every([world.is_ever(mark) for mark in stretch.marks]) for stretch, _ in asked]
        if len(asked) > 1:  # else another stream of the quantity may be the one that was measured
            yield some((*ways, world.space.opposite(some(exists))))
        for (one, over), (other, other_over) in permutations(asked, 2):
            a, b = (world.index.get(("measured", stream, *place)) for place in ((one, over), (other, other_over)))
            if a is not None and b is not None:
                longer = world.clock.no_longer(Stretch(*over), Stretch(*other_over))
                if longer and world.clock.inside(one, other):
                    yield some((In(a, NO), In(b, YES)))


def _windows_from_elsewhere(world: World) -> Iterator[Node]:
    """What happened in a window measured from another event happened; in a longer window, too, and to the whole."""
    flags = [(key, variable) for key, variable in world.index.items() if isinstance(key, Within)]
    for key, variable in flags:
        if key.is_onset or not key.stretch.may_reach_ahead:
            yield some((In(variable, NO), world.is_ever(key.concept)))
        yield from (some((In(variable, NO), world.is_ever(mark))) for mark in key.stretch.marks)
    for (key, variable), (wider, larger) in permutations(flags, 2):
        if key.is_onset == wider.is_onset and world.clock.inside(key.stretch, wider.stretch):
            to_whole = not key.is_onset and _makes_present(world, key.concept, wider.concept)
            if wider.concept == key.concept or to_whole:
                yield some((In(variable, NO), In(larger, YES)))


def _makes_present(world: World, part: Concept, whole: Concept) -> bool:
    """Does the part make the whole there at the same time? An event is at one instant, the onset of a part."""
    return whole.name in world.vocabulary.wholes(part.name) and (whole.kind == "condition" or part.kind == "event")


def _ahead(world: World) -> Iterator[Node]:
    """What is present is so within the next days; what a part will be the whole will be."""
    for key, variable in world.index.items():
        match key:
            case ("next", Concept() as concept):
                if concept.kind == "condition":
                    yield some((world.space.opposite(world.is_present(concept)), In(variable, 1 << NOW)))
                for name in world.vocabulary.wholes(concept.name):
                    larger = world.index.get(("next", world.vocabulary[name]))
                    if larger is not None and _makes_present(world, concept, world.vocabulary[name]):
                        yield Ordered(larger, variable)
            case _:
                pass


def _applicability(world: World) -> Iterator[Node]:
    """What cannot apply to a patient of this sex and age is absent."""
    for concept in world.limited.values():
        applies: list[Node] = []
        if concept.applies_to_sex:
            sex = world.vocabulary["sex"]
            pick = Pick(Stream(sex, "class"), "value", "latest", Stretch())
            applies.append(In(world.index[variable_key(pick)], 1 << sex.values.index(concept.applies_to_sex)))
        least = concept.applies_from_months
        if least:
            variable = world.index[("age",)]
            applies.append(In(variable, world.space.grids[variable].upward(lambda x, least=least: x >= least)))  # type: ignore[misc]  # bound now
        able = every(applies)
        for key, variable in list(world.index.items()):
            match key:
                case ("onset", other) if other == concept:
                    yield some((world.space.opposite(world.is_ever(concept)), able))
                case ("attested", _, other) if other == concept:
                    yield some((In(variable, NO), able))
                case ("next", other) if other == concept:
                    yield some((In(variable, 1 << len(world.space.grids[variable]) - 1), able))
                case Within(concept=other) if other == concept:
                    yield some((In(variable, NO), able))
                case _:
                    pass


def _absent_classes(world: World) -> Iterator[Node]:
    """A class such as the stage of a disease is its lowest value where the disease never was."""
    for pick in world.picks:
        condition = pick.stream.concept.none_when_absent
        if condition is not None and pick.stream.kind == "class":
            for name in (condition, *world.vocabulary.wholes(condition)):
                if name in world.occurrences:
                    yield some((world.is_ever(world.occurrences[name]), In(world.index[variable_key(pick)], NO)))
