"""Very many trials go in, one by one; against the slots of a patient their verdicts come out as numbers, a bit a trial.

A criterion passes when each of its clauses holds. A trial has a column of bits for each of its clauses of several literals,
side by side (at least one); its clauses of one literal all stand in its first column, since one that fails is enough. The
work for a patient grows with the distinct slots that the trials ask for, not with the trials.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, assert_never

from eligibility import rules
from eligibility.clauses import Clause, clauses
from eligibility.compiled import (
    INELIGIBLE,
    REVIEW,
    UNDETERMINED,
    Judge,
    SlotTable,
    Statements,
    compile_trials,
    thresholds,
)
from eligibility.cuts import Bits, Cuts
from eligibility.instants import Duration
from eligibility.intervals import INFINITY
from eligibility.literals import (
    ANSWERS,
    DATA,
    FAILS,
    KINDS,
    WISHES,
    Directions,
    Group,
    Ranges,
    Ranks,
    Steps,
    Truths,
)
from eligibility.slots import Content, NumberSlot, Range, RankSlot, RatioSlot, Slot, TruthSlot, slot_of

GROUP = 6  # slots of truths that are looked up together: patients are alike in so few


@dataclass(eq=False)
class Layout:
    """The literals as they are looked up."""

    truths_of: Callable[[Sequence[Content]], tuple[int, ...]]
    groups: list[tuple[slice, Group]]
    ranges_of: Callable[[Sequence[Content]], tuple[Range, ...]]
    silence: list[float]
    steps: list[tuple[float, float, Steps]]
    ranges: list[Ranges]
    ranks: list[tuple[int, Ranks]]


@dataclass(frozen=True)
class Packed:
    """The contents of slots once more, side by side as an index looks them up: a patient is read from one place of memory."""

    truths: bytes
    points: array[float]  # the numbers that are known exactly; for the others one that tells nothing
    ranges: tuple[tuple[int, Range], ...]  # the others, with their places among the numbers


class Index:
    """Trials that can be added and withdrawn one by one, and judged all at once."""

    def __init__(self, table: SlotTable) -> None:
        self._table = table
        self._trials: dict[int, Statements] = {}  # by their first columns
        self._columns = 0
        self._truths: dict[int, Truths] = {}  # by the places of their slots
        self._numbers: dict[int, Directions] = {}
        self._ranks: dict[int, Ranks] = {}
        self._always: list[Bits] = [0, 0, 0]  # what is told of every patient: a judgement is open until it is answered
        self._several: Bits = 0  # the columns of clauses of several literals
        self._members: list[
            Bits
        ] = []  # those among them that have a literal in the third plane, in the fourth, and so on
        self._wider: list[Bits] = []  # the first columns of trials that have a second column, a third, and so on
        self._odd: list[tuple[int, Judge]] = []
        self._active: Bits = 0
        self._alone: dict[int, Judge] = {}
        self.withdrawn = 0  # trials that still take room
        self._layout: Layout | None = None
        self.judged: dict[int, int] = {}  # the places of slots of judgements, and whose they are

    def add(self, trial: Statements) -> int:
        """Take a trial in; its place among the bits comes out."""
        place = self._columns
        self._trials[place] = trial
        self._layout = None
        self._active |= 1 << place
        width = 0
        for criterion in trial.criteria:
            for atom in rules.atoms(criterion.rule):
                slot = self._table.place(slot_of(atom, trial.values))
                if isinstance(atom, rules.Judged):
                    self.judged[slot] = place
            found = clauses(criterion)
            if found is None:
                judge = compile_trials([Statements((criterion,), trial.values)], self._table)
                self._odd.append((place, judge))
                continue
            for clause in found:
                if not clause:
                    self._always[FAILS] |= 1 << place
                elif len(clause) == 1:
                    ((atom, negated),) = clause
                    self._literal(atom, trial.values, negated, 0, 1 << place)
                else:
                    self._put(clause, trial.values, 1 << (place + width))
                    width += 1
        for number in range(1, width):
            _widened(self._wider, number, 0)
            self._wider[number - 1] |= 1 << place
        self._columns += max(1, width)
        return place

    def _put(self, clause: Clause, values: Duration | None, bit: Bits) -> None:
        """The literals of a clause of several: truths that must be so share a plane, each of the others has one of its own."""
        self._several |= bit
        number = 0
        for atom, negated in clause:
            if not negated and isinstance(slot_of(atom, values), TruthSlot):
                self._literal(atom, values, negated, WISHES, bit)
            else:
                _widened(self._members, number + 1, 0)
                self._members[number] |= bit
                self._literal(atom, values, negated, WISHES + 1 + number, bit)
                number += 1

    def _literal(self, atom: rules.Atom, values: Duration | None, negated: bool, plane: int, bit: Bits) -> None:
        slot = slot_of(atom, values)
        place = self._table.place(slot)
        match slot:
            case NumberSlot() | RatioSlot():
                ((operator, threshold),) = thresholds(atom)
                holds_above = (operator in (">", ">=")) is not negated
                cuts = self._numbers.setdefault(place, {}).setdefault((plane, holds_above), Cuts(holds_above))
                cuts.add(operator, threshold, negated, bit)
            case RankSlot():
                assert isinstance(atom, rules.InClass)
                ranks = self._ranks.setdefault(place, Ranks())
                key = (plane, sum(1 << rank for rank in atom.ranks), negated)
                ranks.bits[key] = ranks.bits.get(key, 0) | bit
                ranks.clear()
            case TruthSlot() if isinstance(atom, rules.Judged):
                _widened(self._always, KINDS * (plane + 1), 0)
                self._always[KINDS * plane + ANSWERS] |= bit
            case TruthSlot():
                truths = self._truths.setdefault(place, Truths())
                truths.bits[plane, negated] = truths.bits.get((plane, negated), 0) | bit
            case _:
                assert_never(slot)

    def withdraw(self, place: int) -> None:
        """Judge a trial no longer."""
        self._active &= ~(1 << place)
        del self._trials[place]
        self._alone.pop(place, None)
        self.withdrawn += 1
        self._odd = [(other, judge) for other, judge in self._odd if other != place]

    def pack(self, contents: Sequence[Content]) -> Packed:
        """The contents as they are looked up."""
        layout = self._laid_out()
        points, ranges = array("d"), []
        for number, known in enumerate(layout.ranges_of(contents)):
            if known[0] == known[1] < INFINITY:
                points.append(known[0])
            else:
                points.append(layout.silence[number])
                ranges.append((number, known))
        return Packed(bytes(layout.truths_of(contents)), points, tuple(ranges))

    def judge(
        self, contents: Sequence[Content], packed: Packed, answered: Iterable[int] = ()
    ) -> tuple[Bits, Bits, Bits, Bits]:
        """The trials that are ineligible, eligible, in review and undetermined, from the contents of the slots and what
        `pack` makes of them; `answered` are the slots of judgements that the record answers."""
        fails, lacks, asks = self._clauses(self._told(contents, packed))
        for place, judge in self._odd:
            fails, lacks, asks = _with(judge(contents)[0], 1 << place, fails, lacks, asks)
        for place in {self.judged[slot] for slot in answered if self.judged.get(slot) in self._trials}:
            bit = 1 << place
            fails, lacks, asks = fails & ~bit, lacks & ~bit, asks & ~bit
            fails, lacks, asks = _with(self.judge_alone(place, contents), bit, fails, lacks, asks)
        active = self._active
        fails &= active
        rest = active ^ fails
        lacks &= rest
        rest ^= lacks
        asks &= rest
        return fails, rest ^ asks, asks, lacks

    def judge_alone(self, place: int, contents: Sequence[Content]) -> int:
        """The verdict code of one trial."""
        if place not in self._alone:
            self._alone[place] = compile_trials([self._trials[place]], self._table)
        return self._alone[place](contents)[0]

    def _told(self, contents: Sequence[Content], packed: Packed) -> list[Bits]:
        """What all slots together tell, by plane and kind. Most tell little, and to join nothing would cost a copy."""
        found = self._always.copy()
        layout = self._laid_out()
        fails, lacks = found[FAILS], found[DATA]
        truths = packed.truths
        for here, group in layout.groups:
            failing, lacking, rest = group[truths[here]]
            if failing:
                fails |= failing
            if lacking:
                lacks |= lacking
            for kind, bits in rest:
                found[kind] |= bits
        for value, (low, high, steps) in zip(packed.points, layout.steps, strict=True):
            if value < low or value >= high:
                failing, _, rest = steps.told_at(value)
                if failing:
                    fails |= failing
                for kind, bits in rest:
                    found[kind] |= bits
        apart = [layout.ranges[number][known] for number, known in packed.ranges]
        apart += [ranks[contents[place]] for place, ranks in layout.ranks]  # type: ignore[index]  # a slot of ranks holds their bits
        for failing, lacking, rest in apart:
            if failing:
                fails |= failing
            if lacking:
                lacks |= lacking
            for kind, bits in rest:
                found[kind] |= bits
        found[FAILS], found[DATA] = fails, lacks
        return found

    def _clauses(self, found: list[Bits]) -> tuple[Bits, Bits, Bits]:
        """The trials that fail, lack data and wait for an answer, by what is told of literals."""
        fails, lacks, asks = found[FAILS], found[DATA], found[ANSWERS]
        several = self._several
        if not several:
            return fails, lacks, asks
        first = KINDS * WISHES
        holds, some_data, some_answers = found[first : first + KINDS]
        unsure = several ^ holds  # a complement (`~`) and a shift cost as much as four other operations
        failing = unsure ^ (unsure & (some_data | some_answers))  # a clause fails when all of its literals do
        for number, members in enumerate(self._members, 1):
            own, data, answers = found[first + KINDS * number : first + KINDS * number + KINDS]
            own |= several ^ members
            failing &= own
            unsure &= own | data | answers if answers else own | data
            some_data |= data
            if answers:
                some_answers |= answers
        some_data &= unsure
        some_answers &= unsure
        fails, lacks, asks = fails | failing, lacks | some_data, asks | some_answers
        for number, wider in enumerate(self._wider, 1):
            fails |= (failing >> number) & wider
            lacks |= (some_data >> number) & wider
            if some_answers:
                asks |= (some_answers >> number) & wider
        return fails, lacks, asks

    def _laid_out(self) -> Layout:
        """The literals as they are looked up, laid out again where trials came."""
        if self._layout is None:
            _widened(self._always, KINDS * (WISHES + 1 + len(self._members)), 0)
            slots = self._table.slots
            places = sorted(self._truths, key=lambda place: _family(slots[place]))
            starts = [0]
            for number in range(1, len(places)):
                is_new = _family(slots[places[number]]) != _family(slots[places[number - 1]])
                if is_new and number - starts[-1] >= GROUP:
                    starts.append(number)
            groups = [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(places)], strict=True)]
            steps = [Steps(directions) for directions in self._numbers.values()]
            self._layout = Layout(
                _picked(places),
                [(here, Group([self._truths[place] for place in places[here]])) for here in groups],
                _picked(list(self._numbers)),
                [own.silence for own in steps],
                [(own.low, own.high, own) for own in steps],
                [Ranges(own.directions) for own in steps],
                list(self._ranks.items()),
            )
        return self._layout


def _picked(places: Sequence[int]) -> Callable[[Sequence[Content]], Any]:
    """What picks the contents at some places, as a tuple however few there are."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda contents: tuple(contents[place] for place in places)


def _family(slot: Slot) -> str:
    """What stands side by side: the slots of one concept, which are known together and missing together."""
    concept = getattr(slot.atom, "concept", None) if isinstance(slot, TruthSlot) else None
    return concept.name if concept else ""


def _widened(found: list[Bits], length: int, value: Bits) -> None:
    """Make a list so long at least."""
    found += [value] * (length - len(found))


def _with(code: int, bit: Bits, fails: Bits, lacks: Bits, asks: Bits) -> tuple[Bits, Bits, Bits]:
    if code == INELIGIBLE:
        fails |= bit
    elif code == UNDETERMINED:
        lacks |= bit
    elif code == REVIEW:
        asks |= bit
    return fails, lacks, asks
