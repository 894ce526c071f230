"""Very many trials go in, one by one; against the slots of a patient their verdicts come out as numbers, a bit a trial.

A criterion passes when each of its clauses holds. Clauses of one literal stand together, slot by slot; those of several are
laid in layers, at most one of each trial in a layer, so that a bit of a layer is a clause. The work for a patient grows with
the distinct slots that the trials ask for, not with the trials.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import assert_never

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
from eligibility.slots import FALSE, TRUE, Content, NumberSlot, RankSlot, RatioSlot, TruthSlot, slot_of


@dataclass
class Choices:
    """The literals of one slot that hold for some of its ranks (a truth has one): the bits of each set of ranks."""

    bits: dict[tuple[int, bool], Bits] = field(default_factory=dict)

    def add(self, wanted: int, negated: bool, bit: Bits) -> None:
        """A literal that holds for the wanted ranks, or its negation."""
        self.bits[wanted, negated] = self.bits.get((wanted, negated), 0) | bit

    def told(self, ranks: int) -> tuple[Bits, Bits]:
        """The bits of which a literal may hold, and of which one surely holds, where the class has one of these ranks."""
        possible = sure = 0
        for (wanted, negated), bits in self.bits.items():
            some, other = bool(ranks & wanted), bool(ranks & ~wanted)
            if other if negated else some:
                possible |= bits
            if not (some if negated else other):
                sure |= bits
        return possible, sure

    def lacking(self, ranks: int) -> tuple[Bits, Bits]:
        """The bits of which a literal fails, and of which one does not surely hold."""
        fails = unsure = 0
        for (wanted, negated), bits in self.bits.items():
            some, other = bool(ranks & wanted), bool(ranks & ~wanted)
            if not (other if negated else some):
                fails |= bits
            if some if negated else other:
                unsure |= bits
        return fails, unsure


# a truth as the ranks of a class with one value: absent, there, or either
_AS_RANKS = {FALSE: 2, TRUE: 1}
_EITHER = 3


@dataclass
class Literals:
    """Literals by their slots: numbers by their cuts, classes and truths by their ranks, answers apart."""

    numbers: dict[tuple[int, bool], Cuts] = field(default_factory=dict)
    ranks: dict[int, Choices] = field(default_factory=dict)
    truths: dict[int, Choices] = field(default_factory=dict)
    answers: dict[int, Choices] = field(default_factory=dict)
    asked: Bits = 0  # of which a judgement is asked, open until it is answered

    def add(self, place: int, atom: rules.Atom, values: Duration | None, negated: bool, bit: Bits) -> None:
        """One literal of a clause of a trial."""
        match slot_of(atom, values):
            case NumberSlot() | RatioSlot():
                ((operator, threshold),) = thresholds(atom)
                holds_above = (operator in (">", ">=")) is not negated
                self.numbers.setdefault((place, holds_above), Cuts(holds_above)).add(operator, threshold, negated, bit)
            case RankSlot():
                assert isinstance(atom, rules.InClass)
                wanted = sum(1 << rank for rank in atom.ranks)
                self.ranks.setdefault(place, Choices()).add(wanted, negated, bit)
            case TruthSlot():
                if isinstance(atom, rules.Judged):
                    self.asked |= bit
                else:
                    kind = self.answers if isinstance(atom, rules.Attested) else self.truths
                    kind.setdefault(place, Choices()).add(1, negated, bit)
            case slot:
                assert_never(slot)


class Index:
    """Trials that can be added and withdrawn one by one, and judged all at once."""

    def __init__(self, table: SlotTable) -> None:
        self._table = table
        self._trials: list[Statements | None] = []
        self._units = Literals()
        self._layers: list[tuple[Bits, Literals]] = []  # the trials that have a clause there, and its literals
        self._odd: list[tuple[int, Judge]] = []
        self._active: Bits = 0
        self._alone: dict[int, Judge] = {}
        self.judged: dict[int, int] = {}  # the places of slots of judgements, and whose they are

    def add(self, trial: Statements) -> int:
        """Take a trial in; its place among the bits comes out."""
        place = len(self._trials)
        self._trials.append(trial)
        self._active |= 1 << place
        layer = 0
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
                if len(clause) == 1:
                    self._put(self._units, clause, trial.values, 1 << place)
                else:
                    if layer == len(self._layers):
                        self._layers.append((0, Literals()))
                    members, literals = self._layers[layer]
                    self._layers[layer] = (members | 1 << place, literals)
                    self._put(literals, clause, trial.values, 1 << place)
                    layer += 1
        return place

    def _put(self, literals: Literals, clause: Clause, values: Duration | None, bit: Bits) -> None:
        for atom, negated in clause:
            literals.add(self._table.place(slot_of(atom, values)), atom, values, negated, bit)

    def withdraw(self, place: int) -> None:
        """Judge a trial no longer."""
        self._active &= ~(1 << place)
        self._trials[place] = None
        self._odd = [(other, judge) for other, judge in self._odd if other != place]

    def judge(self, contents: Sequence[Content], answered: Iterable[int] = ()) -> tuple[Bits, Bits, Bits, Bits]:
        """The trials that are ineligible, eligible, in review and undetermined; `answered` are the slots of judgements that
        the record answers."""
        fails, lacks, asks = self._judge_units(contents)
        for members, literals in self._layers:
            possible, sure, open_data, open_answers = _told(literals, contents)
            fails |= members & ~possible
            unsure = members & ~sure
            lacks |= unsure & open_data
            asks |= unsure & open_answers
        for place, judge in self._odd:
            fails, lacks, asks = _with(judge(contents)[0], 1 << place, fails, lacks, asks)
        for place in {self.judged[slot] for slot in answered if slot in self.judged}:
            bit = 1 << place
            fails, lacks, asks = fails & ~bit, lacks & ~bit, asks & ~bit
            fails, lacks, asks = _with(self.judge_alone(place, contents), bit, fails, lacks, asks)
        active = self._active
        fails &= active
        lacks &= active & ~fails
        asks &= active & ~fails & ~lacks
        return fails, active & ~fails & ~lacks & ~asks, asks, lacks

    def judge_alone(self, place: int, contents: Sequence[Content]) -> int:
        """The verdict code of one trial."""
        trial = self._trials[place]
        assert trial is not None
        if place not in self._alone:
            self._alone[place] = compile_trials([trial], self._table)
        return self._alone[place](contents)[0]

    def _judge_units(self, contents: Sequence[Content]) -> tuple[Bits, Bits, Bits]:
        """Of clauses of one literal: the trials of which one fails, and those of which data or an answer are lacking."""
        units = self._units
        fails = lacks = 0
        asks = units.asked
        for (place, _), cuts in units.numbers.items():
            failing, unsure = cuts.failing(contents[place])  # type: ignore[arg-type]  # a slot of numbers holds a Range
            fails |= failing
            lacks |= unsure
        for place, choices in units.ranks.items():
            failing, unsure = choices.lacking(contents[place])  # type: ignore[arg-type]  # a slot of ranks holds their bits
            fails |= failing
            lacks |= unsure
        for place, choices in units.truths.items():
            failing, unsure = choices.lacking(_AS_RANKS.get(contents[place], _EITHER))  # type: ignore[arg-type]  # a truth
            fails |= failing
            lacks |= unsure
        for place, choices in units.answers.items():
            failing, unsure = choices.lacking(_AS_RANKS.get(contents[place], _EITHER))  # type: ignore[arg-type]  # a truth
            fails |= failing
            asks |= unsure
        return fails, lacks, asks


def _with(code: int, bit: Bits, fails: Bits, lacks: Bits, asks: Bits) -> tuple[Bits, Bits, Bits]:
    if code == INELIGIBLE:
        fails |= bit
    elif code == UNDETERMINED:
        lacks |= bit
    elif code == REVIEW:
        asks |= bit
    return fails, lacks, asks


def _told(literals: Literals, contents: Sequence[Content]) -> tuple[Bits, Bits, Bits, Bits]:
    """Of clauses of several literals: which may hold, which surely hold, and which have an open literal of data, of answers."""
    possible = open_answers = literals.asked
    sure = open_data = 0
    for may, is_sure in _data(literals, contents):
        possible |= may
        sure |= is_sure
        open_data |= may & ~is_sure
    for place, choices in literals.answers.items():
        may, is_sure = choices.told(_AS_RANKS.get(contents[place], _EITHER))  # type: ignore[arg-type]  # a truth
        possible |= may
        sure |= is_sure
        open_answers |= may & ~is_sure
    return possible, sure, open_data, open_answers


def _data(literals: Literals, contents: Sequence[Content]) -> Iterator[tuple[Bits, Bits]]:
    for (place, _), cuts in literals.numbers.items():
        yield cuts.holding(contents[place])  # type: ignore[arg-type]  # a slot of numbers holds a Range
    for place, choices in literals.ranks.items():
        yield choices.told(contents[place])  # type: ignore[arg-type]  # a slot of ranks holds their bits
    for place, choices in literals.truths.items():
        yield choices.told(_AS_RANKS.get(contents[place], _EITHER))  # type: ignore[arg-type]  # a truth
