"""Very many trials go in, one by one; against the slots of a patient their verdicts come out as numbers, a bit a trial.

A criterion passes when each of its clauses holds. Clauses of one literal stand together, slot by slot; those of several are
laid in layers, at most one of each trial in a layer, so that a bit of a layer is a clause. The work for a patient grows with
the distinct slots that the trials ask for, not with the trials.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from eligibility.slots import Content, NumberSlot, Range, RankSlot, RatioSlot, TruthSlot, slot_of


@dataclass
class Choices:
    """The literals of one slot that hold for some of its ranks (a truth has one): the bits of each set of ranks."""

    bits: dict[tuple[int, bool], Bits] = field(default_factory=dict)

    def add(self, wanted: int, negated: bool, bit: Bits) -> None:
        """A literal that holds for the wanted ranks, or its negation."""
        self.bits[wanted, negated] = self.bits.get((wanted, negated), 0) | bit

    def told(self, ranks: int) -> tuple[Bits, Bits, Bits]:
        """The bits of which a literal fails, of which one is open, and of which one surely holds, for one of these ranks."""
        fails = open_ = sure = 0
        for (wanted, negated), bits in self.bits.items():
            some, other = bool(ranks & wanted), bool(ranks & ~wanted)
            if some and other:
                open_ |= bits
            elif some is not negated:
                sure |= bits
            else:
                fails |= bits
        return fails, open_, sure


@dataclass
class Literals:
    """Literals by their slots: numbers by their cuts, classes by their ranks, truths by what they may be."""

    numbers: dict[tuple[int, bool], Cuts] = field(default_factory=dict)
    ranks: dict[int, Choices] = field(default_factory=dict)
    truths: dict[int, tuple[Bits, Bits]] = field(default_factory=dict)  # plain and negated
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
                    return
                plain, denied = self.truths.get(place, (0, 0))
                self.truths[place] = (plain, denied | bit) if negated else (plain | bit, denied)
            case slot:
                assert_never(slot)


class Together:
    """Literals laid out for looking up: each slot once, with the bits for each thing that it may hold.

    `single` literals are clauses by themselves, of which the failing count; of others those count that hold.
    """

    def __init__(self, literals: Literals, single: bool) -> None:
        self._single = single
        self._asked = literals.asked
        self._places = tuple(literals.truths)
        self._rows = [  # by what a truth is known to be: what fails (or holds), and what is open
            ((plain, denied) if single else (denied, plain)) + (plain | denied,) * 2
            for plain, denied in literals.truths.values()
        ]
        self._numbers = [(place, cuts) for (place, _), cuts in literals.numbers.items()]
        self._ranks = list(literals.ranks.items())

    def told(self, contents: Sequence[Content]) -> tuple[Bits, Bits, Bits]:
        """The bits of literals that fail (or hold, where they are not single), those that wait for data, and for answers."""
        decided = [0, 0, self._asked, 0]
        for place, row in zip(self._places, self._rows, strict=True):
            truth: int = contents[place]  # type: ignore[assignment]  # the slot of a truth holds one of four numbers
            decided[truth] |= row[truth]
        fails, _, asks, lacks = decided
        fails |= decided[1]
        single = self._single
        for place, cuts in self._numbers:
            known: Range = contents[place]  # type: ignore[assignment]  # a slot of numbers holds a Range
            if known[0] == known[1]:
                fails |= cuts.at(known[0], single)
            else:
                own, open_ = cuts.failing(known) if single else cuts.holding(known)
                fails |= own
                lacks |= open_
        for place, choices in self._ranks:
            failing, open_, sure = choices.told(contents[place])  # type: ignore[arg-type]  # a slot of ranks holds their bits
            fails |= failing if single else sure
            lacks |= open_
        return fails, lacks, asks


class Index:
    """Trials that can be added and withdrawn one by one, and judged all at once."""

    def __init__(self, table: SlotTable) -> None:
        self._table = table
        self._trials: list[Statements | None] = []
        self._units = Literals()
        self._layers: list[Literals] = []
        self._members: list[Bits] = []  # the trials that have a clause in a layer
        self._laid: list[Together] = []
        self._odd: list[tuple[int, Judge]] = []
        self._active: Bits = 0
        self._alone: dict[int, Judge] = {}
        self.judged: dict[int, int] = {}  # the places of slots of judgements, and whose they are

    def add(self, trial: Statements) -> int:
        """Take a trial in; its place among the bits comes out."""
        place = len(self._trials)
        self._trials.append(trial)
        self._laid = []
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
                        self._layers.append(Literals())
                        self._members.append(0)
                    self._members[layer] |= 1 << place
                    self._put(self._layers[layer], clause, trial.values, 1 << place)
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
        if not self._laid:
            self._laid = [Together(self._units, True), *(Together(literals, False) for literals in self._layers)]
        fails, lacks, asks = self._laid[0].told(contents)
        for members, together in zip(self._members, self._laid[1:], strict=True):
            sure, open_data, open_answers = together.told(contents)
            fails |= members & ~(sure | open_data | open_answers)
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


def _with(code: int, bit: Bits, fails: Bits, lacks: Bits, asks: Bits) -> tuple[Bits, Bits, Bits]:
    if code == INELIGIBLE:
        fails |= bit
    elif code == UNDETERMINED:
        lacks |= bit
    elif code == REVIEW:
        asks |= bit
    return fails, lacks, asks
