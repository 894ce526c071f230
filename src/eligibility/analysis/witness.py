"""An assignment of cells to the variables of a world goes in; a patient record that shows it comes out.

The record is a proposal: whoever uses it has the reference evaluator confirm it. `chance` varies what is free, so that
several proposals can be made of one assignment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from eligibility import occurrences
from eligibility.analysis.cells import NOW, Cell
from eligibility.analysis.keys import Key, Pick, Within, variable_key
from eligibility.analysis.numbers import observations, spelled
from eligibility.analysis.samples import number_in
from eligibility.analysis.solver import Solution
from eligibility.analysis.statements import Ordered
from eligibility.analysis.stretches import Mark, Stretch, window_of
from eligibility.analysis.world import World
from eligibility.errors import EligibilityError
from eligibility.facts import Facts, prepare
from eligibility.instants import DAY, HOUR, MINUTE, Instant, iso
from eligibility.intervals import INFINITY
from eligibility.patient import Patient
from eligibility.vocabulary import Concept

LONGEST_AGO = 4_000 * DAY
_MILESTONES = (DAY, 30 * DAY, HOUR, 400 * DAY, -DAY, -30 * DAY)


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that something was there, told in microseconds before now; `end` is None while it lasts."""

    onset: int
    end: int | None


class Proposal:
    """Builds one record."""

    def __init__(self, world: World, solution: Solution, chance: Random | None) -> None:
        self._world = world
        self._solution = solution
        self._chance = chance
        self._clock = world.clock
        self._ago = self._times()
        self._years: float | None = None
        self.record: dict[str, Any] = {}
        self._facts: tuple[str, Facts] | None = None

    def build(self) -> dict[str, Any]:
        """The record. Raises EligibilityError where the pieces do not go together."""
        record = self.record
        record["as_of"] = iso(self._clock.now, self._clock.zone)
        self._age()
        self._answers()
        self._milestones()
        self._occurrences()
        for concept, value in observations(self._world, self._solution, self._ago, self._years, self._chance):
            record[concept.name] = value
        self._anchored()
        return record

    def _cell(self, key: Key) -> int | None:
        variable = self._world.index.get(key)
        return None if variable is None else self._solution.cells.get(variable)

    # --- times -------------------------------------------------------------------------------------------------------

    def _times(self) -> dict[int, int]:
        """Microseconds before now for each time, in the order that holds between those in one cell."""
        grid, found = self._world.time, {}
        ranks = _ranks(self._solution, self._lasting_orders() if self._chance is None else ())
        top = max(ranks.values(), default=0) + 2
        for variable, index in self._solution.cells.items():
            if self._world.space.grids[variable] is not grid:
                continue
            cell = grid.cells[index]
            if cell.single:
                found[variable] = -1 if cell.sample == INFINITY else int(cell.sample)
                continue
            low, high = cell.low, min(cell.high, max(cell.low + 30 * DAY, 0) + 30 * DAY)
            if self._chance is not None:
                reach = min(cell.high, max(cell.low, 0) + self._chance.choice((HOUR, 3 * DAY, 200 * DAY, LONGEST_AGO)))
                high = max(reach, low + (top + 2))
            share = (ranks.get(variable, 0) + 1) / top
            found[variable] = _rounded(low, high, low + (high - low) * share, (high - low) / top)
        return found

    def _lasting_orders(self) -> list[Ordered]:
        """That an episode lasted for some time, which is plainer than one that ended as it began."""
        index = self._world.index
        return [
            Ordered(variable, index[("onset", key[1])], strictly=True)
            for key, variable in index.items()
            if isinstance(key, tuple) and key[0] == "last"
        ]

    def _stamp(self, ago: int) -> str:
        return iso(self._clock.now - ago, self._clock.zone)

    # --- who -----------------------------------------------------------------------------------------------------

    def _age(self) -> None:
        index = self._cell(("age",))
        if index is None:
            return
        cell = self._world.space.grids[self._world.index[("age",)]].cells[index]
        low, high = int(cell.low), int(cell.high)
        years = 40 if low <= 480 and high >= 491 else -(-low // 12)
        self._years = float(low // 12)
        if years * 12 >= low and years * 12 + 11 <= high and years <= 150:
            self.record["age"], self._years = f"{years} years", float(years)
        elif high <= 1_800 or low <= 1_800:
            self.record["age"] = f"{low} months"
        else:
            at = self._clock.moment
            self.record["birth_date"], self._years = f"{at.year - years - 1:04}-01-01", float(years)

    def _answers(self) -> None:
        answers: dict[Concept, dict[str, bool]] = {}
        for key in self._world.index:
            if not isinstance(key, tuple):
                continue
            index = self._cell(key)
            if index is None:
                continue
            if key[0] == "judged":
                judgements = self.record.setdefault("judgements", {})
                judgements[self._world.addresses[key]] = bool(index)
            elif key[0] == "attested" and isinstance(key[2], Concept):
                answers.setdefault(key[2], {})[str(key[1])] = bool(index)
        for concept, by_trial in answers.items():
            if len(set(by_trial.values())) == 1:
                self.record[concept.name] = next(iter(by_trial.values()))
            else:
                for trial, answer in by_trial.items():
                    self.record.setdefault("trials", {}).setdefault(trial, {})[concept.name] = answer

    def _milestones(self) -> None:
        marks: dict[Mark, None] = {}
        for asked in self._world.stretches.values():
            for stretch, _ in asked:
                marks.update({mark: None for mark in (stretch.anchor, stretch.relation) if mark is not None})
        for key in self._world.index:
            if isinstance(key, Within) and key.stretch.anchor is not None:
                marks[key.stretch.anchor] = None
        for mark in marks:
            if mark.concept.kind == "milestone" and mark.concept.name != "screening":
                ago = _MILESTONES[0] if self._chance is None else self._chance.choice(_MILESTONES)
                self.record.setdefault("trials", {}).setdefault(mark.trial, {})[mark.concept.name] = self._stamp(ago)

    # --- conditions and events ---------------------------------------------------------------------------------------

    def _state(self, concept: Concept) -> list[Episode] | None:
        """What the assignment says of a condition or event; [] for never, None for nothing."""
        onset = self._world.index.get(("onset", concept))
        if onset is None or onset not in self._solution.cells:
            return None
        began = self._ago[onset]
        if began < 0:
            return []
        last = self._world.index.get(("last", concept))
        if last is None:
            return [Episode(began, began)]
        here = self._solution.cells.get(last) == NOW
        return [Episode(began, None if here else self._ago[last])]

    def _occurrences(self) -> None:
        vocabulary = self._world.vocabulary
        states = {
            key[1]: state
            for key in self._world.index
            if isinstance(key, tuple) and key[0] == "onset" and isinstance(key[1], Concept)
            for state in [self._state(key[1])]
            if state is not None
        }
        for concept, own in states.items():
            episodes = list(own)
            for name in vocabulary.parts(concept.name):
                for episode in states.get(vocabulary[name], ()):
                    if not any(_covers(mine, episode, concept.kind == "event") for mine in episodes):
                        episodes.append(
                            Episode(episode.onset, episode.onset if concept.kind == "event" else episode.end)
                        )
            related = {concept.name, *vocabulary.wholes(concept.name), *vocabulary.parts(concept.name)}
            dated = bool(related & self._world.dated)
            self.record[concept.name] = self._told(concept, episodes, dated)
        for key in self._world.index:
            if isinstance(key, tuple) and key[0] == "next" and isinstance(key[1], Concept):
                self._plan(key, key[1])

    def _told(self, concept: Concept, episodes: list[Episode], dated: bool) -> Any:
        if not episodes:
            return False
        told = [self._occurrence(concept, episode) for episode in sorted(episodes, key=lambda e: -e.onset)]
        if len(told) > 1:
            return told
        if not dated and (concept.kind == "event" or episodes[0].end is None):
            return True
        return told[0]

    def _occurrence(self, concept: Concept, episode: Episode) -> dict[str, Any]:
        if concept.kind == "event":
            return {"at": self._stamp(episode.onset)}
        if episode.end is None:
            return {"onset": self._stamp(episode.onset), "present": True}
        return {"onset": self._stamp(episode.onset), "resolved": self._stamp(episode.end)}

    def _plan(self, key: Key, concept: Concept) -> None:
        index = self._cell(key)
        if index in (None, NOW):
            return
        cells = self._world.space.grids[self._world.index[key]].cells
        cell: Cell = cells[index or 0]
        last_edge = max((int(c.high) for c in cells if c.high < INFINITY and c.high > 0), default=0)
        ahead = last_edge + 400 * DAY if cell.sample == INFINITY else int(cell.sample)
        plan = {"planned": self._stamp(-max(ahead, MINUTE))}
        known = self.record.get(concept.name)
        past = known if isinstance(known, list) else [known] if isinstance(known, dict) else []
        self.record[concept.name] = [*past, plan] if past else plan

    # --- windows measured from elsewhere -----------------------------------------------------------------------------

    def _anchored(self) -> None:
        """Episodes and observations inside of windows that are measured from another event."""
        world = self._world
        by_concept: dict[Concept, dict[bool, list[Stretch]]] = {}
        for key in world.index:
            index = self._cell(key)
            if isinstance(key, Within) and index is not None and not key.is_onset:
                by_concept.setdefault(key.concept, {}).setdefault(bool(index), []).append(key.stretch)
        for concept, windows in by_concept.items():
            for stretch in windows.get(True, []):
                inside = self._inside(stretch, windows.get(False, []), windows[True])
                if inside is not None:
                    self._happened(concept, self._clock.now - inside)
        for pick in world.picks:
            index = self._cell(variable_key(pick))
            if not pick.stretch.ends_now and index is not None and pick.kind != "change":
                self._observed(pick, index)

    def _happened(self, concept: Concept, ago: int) -> None:
        """Add an occurrence to those that there are, unless it is there all the time."""
        known = self.record.get(concept.name)
        if known is True or (isinstance(known, dict) and "present" in known):
            return
        if ago < 0:
            self.record[concept.name] = {"planned": self._stamp(ago)}
            return
        episode = self._occurrence(concept, Episode(ago, max(ago - MINUTE, 0)))
        past = known if isinstance(known, list) else [known] if isinstance(known, dict) else []
        if not past or self._chance is not None:
            self.record[concept.name] = [episode, *past] if past else episode

    def _observed(self, pick: Pick, index: int) -> None:
        """Add an observation to those that there are."""
        world, name = self._world, pick.stream.concept.name
        inside = self._inside(pick.stretch, [], [pick.stretch])
        if inside is None or inside > self._clock.now:
            return
        value = spelled(world, pick, number_in(world, pick, index, self._chance))
        known = self.record.get(name)
        listed = known if isinstance(known, list) else [] if known is None else [known]
        dated = [
            item
            if isinstance(item, dict) and "at" in item
            else {**(item if isinstance(item, dict) else {"value": item}), "at": self._stamp(0)}
            for item in listed
        ]
        at = iso(inside, self._clock.zone)
        if not any(item["at"] == at for item in dated):
            found = [*dated, {**value, "at": at}]
            self.record[name] = found if len(found) > 1 else found[0]

    def _inside(self, stretch: Stretch, outside: list[Stretch], others: list[Stretch]) -> Instant | None:
        """An instant that surely lies in a window, and in no other window that it must avoid; in others, too, if it can."""
        reach = self._reach(stretch)
        if reach is None or reach.sure.first > reach.sure.last:
            return None
        first, last = max(reach.sure.first, self._clock.now - LONGEST_AGO), reach.sure.last
        if first <= self._clock.now < last and not stretch.ahead:
            last = self._clock.now
        tries = [last - 2 * HOUR, (first + last) // 2, last, first, first + HOUR]
        if self._chance is not None:
            tries = [*(self._chance.randint(first, last) // MINUTE * MINUTE for _ in range(4) if first <= last), *tries]
        avoided = [found.possible for item in outside if (found := self._reach(item)) is not None]
        shared = [found.sure for item in others if (found := self._reach(item)) is not None]
        fitting = [
            instant
            for instant in tries
            if first <= instant <= last and not any(span.first <= instant <= span.last for span in avoided)
        ]
        fitting.sort(key=lambda instant: -sum(span.first <= instant <= span.last for span in shared))
        return fitting[0] if fitting else None

    def _reach(self, stretch: Stretch) -> occurrences.Reach | None:
        """The instants of a window, as the record so far has them."""
        if self._facts is None or self._facts[0] != repr(self.record):
            try:
                patient = Patient.parse(self.record, vocabulary=self._world.vocabulary)
                self._facts = (repr(self.record), prepare(patient, self._clock.moment))
            except EligibilityError:
                return None
        trial = next((mark.trial for mark in (stretch.anchor, stretch.relation) if mark and mark.trial), "")
        found = occurrences.reach(self._facts[1], window_of(stretch), trial, self._clock.now)
        return found if isinstance(found, occurrences.Reach) else None


def _covers(mine: Episode, other: Episode, is_event: bool) -> bool:
    """Does one occurrence of the whole hold that of a part?"""
    if is_event:
        return mine.onset == other.onset
    if mine.onset < other.onset:
        return False
    return mine.end is None or (other.end is not None and mine.end <= other.end)


def _ranks(solution: Solution, more: Iterable[Ordered]) -> dict[int, int]:
    """How many strict orders lie below each variable among those of its cell."""
    ranks = dict.fromkeys(solution.cells, 0)
    cells: Mapping[int, int] = solution.cells
    orders = [o for o in (*solution.orders, *more) if o.lower in cells and cells[o.lower] == cells.get(o.upper)]
    for _ in range(len(orders) + 1):
        changed = False
        for order in orders:
            least = ranks[order.lower] + (1 if order.strictly else 0)
            if ranks[order.upper] < least <= len(orders) + 1:
                ranks[order.upper], changed = least, True
        if not changed:
            break
    return ranks


def _rounded(low: float, high: float, value: float, room: float) -> int:
    """A time between two edges, on a round day, hour or minute where there is room for it."""
    for step in (DAY, HOUR, MINUTE):
        near = int(value) // step * step
        if low < near < high and room > 2 * step:
            return near
    return min(max(int(value), int(max(low, -1)) + 1), int(high) - 1 if high < INFINITY else int(value))


def proposals(world: World, solution: Solution, count: int) -> Iterator[dict[str, Any]]:
    """Up to `count` records that may show an assignment, the plainest first."""
    for number in range(count):
        try:
            yield Proposal(world, solution, None if number == 0 else Random(number)).build()
        except EligibilityError:
            continue
