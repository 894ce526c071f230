"""The cells of measured numbers go in; observations come out that choose, rise and fall as these cells say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from eligibility.analysis.inputs import InputFinder
from eligibility.analysis.keys import Key, Pick, variable_key
from eligibility.analysis.samples import number_in, spell, usual_number
from eligibility.analysis.solver import Solution
from eligibility.analysis.world import World
from eligibility.instants import DAY, HOUR, MINUTE, days_in_months, iso
from eligibility.intervals import INFINITY
from eligibility.vocabulary import Concept

_LONG_AGO = 3_650 * DAY


def spelled(world: World, pick: Pick, value: float) -> dict[str, Any]:
    """One observation of a number or a class."""
    concept = pick.stream.concept
    if pick.stream.kind == "class":
        return {"value": concept.values[int(value)]}
    if pick.kind in ("upper", "lower"):
        limit = "upper_limit" if pick.kind == "upper" else "lower_limit"
        base = usual_number(concept, value)
        return {"value": spell(concept, base), limit: spell(concept, base / value)} if value else {"value": "0"}
    return {"value": spell(concept, value)}


def observations(
    world: World, solution: Solution, ago: Mapping[int, int], years: float | None, chance: Random | None
) -> Iterator[tuple[Concept, Any]]:
    """What a record says of each quantity and class: one value, or a series. `years` is the age, where it is asked for."""
    by_concept: dict[Concept, list[Pick]] = {}
    for pick in world.picks:
        if world.index[variable_key(pick)] in solution.cells:
            by_concept.setdefault(pick.stream.concept, []).append(pick)
    finder = InputFinder(world, solution, by_concept, years, chance)
    found = finder.arithmetic()
    if not found.values:
        found = finder.derived()
    if found.years is not None:
        yield world.vocabulary["age"], f"{found.years:g} years"
    for concept, rank in found.ranks.items():
        yield concept, concept.values[rank]
    for concept, value in found.values.items():
        if concept not in by_concept:
            told = spell(concept, value)
            yield concept, _earlier(world, told) if concept in found.apart else told
    for concept, picks in by_concept.items():
        if concept in found.computed:
            continue
        told = _Maker(world, solution, ago, chance, picks, found.values.get(concept)).told()
        if told:
            yield concept, _earlier(world, told) if concept in found.apart else told


def _earlier(world: World, told: Any) -> Any:
    """The same, measured some time ago if nothing says when."""
    dated = isinstance(told, list) or (isinstance(told, dict) and "at" in told)
    if dated:
        return told
    known = told if isinstance(told, dict) else {"value": told}
    return {**known, "at": iso(world.clock.now - 2 * HOUR, world.clock.zone)}


class _Maker:
    """Makes the observations of one concept."""

    def __init__(
        self, world: World, solution: Solution, ago: Mapping[int, int], chance: Random | None, picks: list[Pick],
        fixed: float | None,
    ) -> None:  # fmt: skip
        self._world, self._solution, self._ago, self._chance = world, solution, ago, chance
        self._picks = picks
        self._fixed = fixed
        self._numbers: dict[Key, float] = {}

    def _number(self, pick: Pick) -> float:
        key = variable_key(pick)
        if key not in self._numbers:
            if self._fixed is not None and pick.kind == "value":
                return self._fixed
            index = self._solution.cells[self._world.index[key]]
            twins = [
                number
                for other, number in self._numbers.items()
                if isinstance(other, tuple) and other[:2] == (pick.kind, pick.stream)
                and self._solution.cells[self._world.index[other]] == index
            ]  # fmt: skip
            self._numbers[key] = twins[0] if twins else number_in(self._world, pick, index, self._chance)
        return self._numbers[key]

    def told(self) -> Any:
        changes = [pick for pick in self._picks if pick.kind == "change"]
        chosen = [pick for pick in self._picks if pick.kind != "change" and pick.stretch.ends_now]
        slots = self._slots(chosen)
        if changes:
            slots = self._changing(changes, slots)
        told = [self._observation(numbers, when) for when, numbers in sorted(slots.items(), reverse=True)]
        if len(told) == 1 and 0 in slots:
            only = {key: value for key, value in told[0].items() if key != "at"}
            return only["value"] if len(only) == 1 else only
        return told[0] if len(told) == 1 else told

    def _observation(self, numbers: Mapping[str, float], when: int) -> dict[str, Any]:
        concept = self._picks[0].stream.concept
        at = iso(self._world.clock.now - when, self._world.clock.zone)
        if self._picks[0].stream.kind == "class":
            return {"value": concept.values[int(numbers["value"])], "at": at}
        ratios = [numbers[kind] for kind in ("upper", "lower") if numbers.get(kind)]
        usual = self._fixed if self._fixed is not None else usual_number(concept, max(ratios, default=0.0))
        value = numbers.get("value", 0.0 if not ratios and numbers else usual)
        told: dict[str, Any] = {"value": spell(concept, value)}
        for kind in ("upper", "lower"):
            if numbers.get(kind):
                told[f"{kind}_limit"] = spell(concept, value / numbers[kind])
            elif kind in numbers:  # zero times its limit
                told[f"{kind}_limit"] = spell(concept, usual_number(concept))
        return {**told, "at": at}

    # --- choosing ----------------------------------------------------------------------------------------------------

    def _slots(self, picks: list[Pick]) -> dict[int, dict[str, float]]:
        """Observations by how long ago they were made, so that each selection picks its number."""
        if not picks:
            return {} if self._fixed is None else {0: {}}
        stream = picks[0].stream
        newest_variable = self._world.index.get(("newest", stream))
        newest = self._ago.get(newest_variable, 0) if newest_variable is not None else 0
        slots: dict[int, dict[str, float]] = {}
        for pick in picks:
            if pick.selection == "latest":
                slots.setdefault(newest, {})[pick.kind] = self._number(pick)
        if self._fixed is not None:
            slots.setdefault(newest, {})
        inner = newest
        edges = sorted({self._far(pick) for pick in picks if pick.selection != "latest"})
        for edge in edges:
            if edge < newest:
                continue
            for pick in picks:
                if pick.selection == "latest" or self._far(pick) != edge:
                    continue
                room = edge - inner
                place = {"first": edge, "highest": edge - room // 3, "lowest": edge - 2 * room // 3}[pick.selection]
                slots.setdefault(place, {})[pick.kind] = self._number(pick)
            inner = edge
        self._fill(slots)
        return slots

    def _far(self, pick: Pick) -> int:
        """How long ago the window of a pick begins."""
        stretch = pick.stretch
        far = _LONG_AGO if stretch.is_endless else self._world.clock.back(stretch.months, stretch.exact)
        if stretch.relation is not None and stretch.relation.concept.is_occurrence:
            onset = self._ago.get(self._world.index[("onset", stretch.relation.concept)], 0)
            far = min(far, max(onset, 0))
        return far

    def _fill(self, slots: dict[int, dict[str, float]]) -> None:
        """Each observation has every number that is asked for: where no selection says which, one that changes none."""
        kinds = dict.fromkeys(kind for numbers in slots.values() for kind in numbers)
        for kind in kinds:
            known = [numbers[kind] for _, numbers in sorted(slots.items()) if kind in numbers]
            for numbers in slots.values():
                numbers.setdefault(kind, known[0])

    # --- rising and falling ------------------------------------------------------------------------------------------

    def _changing(self, changes: list[Pick], slots: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
        """Observations, the newest of them the one that is there already, that rise and fall as they should."""
        if len({pick.stream.kind for pick in changes}) == 1 and len(changes) > 1:
            return self._stepping(changes, slots)
        rise = next((self._number(pick) for pick in changes if pick.stream.kind == "rise"), None)
        fall = next((self._number(pick) for pick in changes if pick.stream.kind == "fall"), None)
        apart = min(self._span(pick) for pick in changes)
        newest = min(slots, default=0)
        possible = changes[0].stream.concept.possible
        kinds = slots.get(newest, {})
        if rise is not None and fall is not None:
            steps: tuple[float, ...] = (
                (0.0, rise, rise - fall)
                if rise >= 0 and fall >= 0
                else (0.0, rise, -fall)
                if rise < 0
                else (0.0, -fall, rise)
            )
        else:
            steps = (0.0, rise) if rise is not None else (0.0, -(fall or 0.0))
        if "value" in kinds:
            base = kinds["value"] - steps[-1]
        else:
            base = usual_number(changes[0].stream.concept)
            base = max(base, possible.low - min(steps)) if possible.low > -INFINITY else base
            base = min(base, possible.high - max(steps)) if possible.high < INFINITY else base
        found = dict(slots)
        for number, step in enumerate(reversed(steps)):
            place = newest + number * (apart // (2 * len(steps)))
            found[place] = {**found.get(place, kinds), "value": base + step}
        return found

    def _stepping(self, changes: list[Pick], slots: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
        """One observation for each length of time, so long before the newest that shorter ones do not reach it."""
        sign = 1 if changes[0].stream.kind == "rise" else -1
        steps = {self._span(pick): sign * self._number(pick) for pick in reversed(changes)}
        newest = min(slots, default=0)
        kinds = slots.get(newest, {})
        possible = changes[0].stream.concept.possible
        base = kinds.get("value", usual_number(changes[0].stream.concept))
        if "value" not in kinds:
            base = max(base, possible.low + max(steps.values())) if possible.low > -INFINITY else base
        found = {**slots, newest: {**kinds, "value": base}}
        if len(steps) == 1:  # the windows differ: a pair of observations in each
            inner = newest
            for pick in sorted(changes, key=self._far):
                room = min(self._span(pick), max(self._far(pick) - inner, 4 * MINUTE))
                found[inner] = {**kinds, "value": base}
                found[inner + room // 2] = {**kinds, "value": base - sign * self._number(pick)}
                inner = self._far(pick) + MINUTE
            return found
        shorter = 0
        for span, step in sorted(steps.items()):
            share = 8 if not shorter else 1
            ago = newest + shorter + max((span - shorter) // share - MINUTE, MINUTE)
            found[ago] = {**kinds, "value": base - step}
            shorter = span
        return found

    def _span(self, pick: Pick) -> int:
        months, exact = pick.over
        over = days_in_months(months)[0] * DAY + exact if months else exact
        return max(4 * MINUTE, min(over, self._far(pick)))
