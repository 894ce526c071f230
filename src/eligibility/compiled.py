"""Checked rules go in; one plain Python function over slots comes out, which gives the verdict of every trial at once.

The function holds nothing but numbers: places of slots, thresholds widened by the tolerance of the contract, ranks. No
word of a rule reaches the code, so what is compiled is ours alone whoever wrote the rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from eligibility import rules
from eligibility.instants import Duration
from eligibility.intervals import TOLERANCE, same
from eligibility.slots import (
    ASKS,
    FALSE,
    LACKS,
    TRUE,
    Content,
    NumberSlot,
    RankSlot,
    RatioSlot,
    Slot,
    TruthSlot,
    slot_of,
)

INELIGIBLE, ELIGIBLE, REVIEW, UNDETERMINED = 0, 1, 2, 3  # a verdict is the code of what the criteria together wait for

Judge = Callable[[Sequence[Content]], tuple[int, ...]]


@dataclass(frozen=True)
class Statements:
    """The criteria of one trial, and how old a current value may be in it."""

    criteria: tuple[rules.Criterion, ...]
    values: Duration | None


class SlotTable:
    """Gives each distinct slot its place."""

    def __init__(self) -> None:
        self.places: dict[Slot, int] = {}

    def place(self, slot: Slot) -> int:
        """The place of a slot, a new one where it was not met before."""
        return self.places.setdefault(slot, len(self.places))

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Every slot, by its place."""
        return tuple(self.places)


def compile_trials(trials: Iterable[Statements], table: SlotTable) -> Judge:
    """One function from the contents of the slots to the verdict code of each trial, in order."""
    lines = ["def judge(s):"]
    names = []
    for number, trial in enumerate(trials):
        names.append(f"v{number}")
        writer = _Writer(table, trial.values)
        lines += writer.trial(trial.criteria, f"v{number}")
    lines.append(f"    return ({''.join(f'{name}, ' for name in names)})")
    found: dict[str, Judge] = {}
    exec(compile("\n".join(lines), "<compiled trials>", "exec"), {}, found)  # our own numbers only, see above
    return found["judge"]


def cuts(threshold: float) -> tuple[float, float]:
    """The least and the greatest number that equal a threshold under the tolerance of the contract."""
    return -_greatest(-threshold), _greatest(threshold)


def _greatest(threshold: float) -> float:
    edge = threshold + TOLERANCE * abs(threshold)
    while same(math.nextafter(edge, math.inf), threshold):
        edge = math.nextafter(edge, math.inf)
    while not same(edge, threshold):
        edge = math.nextafter(edge, -math.inf)
    return edge


class _Writer:
    """Writes the code of one trial. Each statement leaves FALSE, TRUE, ASKS or LACKS in a variable."""

    def __init__(self, table: SlotTable, values: Duration | None) -> None:
        self._table = table
        self._values = values
        self._names = 0

    def trial(self, criteria: Sequence[rules.Criterion], verdict: str) -> list[str]:
        """The lines that leave the verdict code of a trial in a variable; the first criterion that fails ends them."""
        lines = [f"    {verdict} = {ELIGIBLE}", "    while True:"]  # left by `break`, so that what fails ends the trial
        self._required: set[tuple[int, bool]] = set()
        for criterion in criteria:
            lines += [
                f"        {line}" for line in self._require(criterion.rule, criterion.section == "include", verdict)
            ]
        return [*lines, "        break"]

    def _require(self, rule: rules.Rule, wanted: bool, verdict: str) -> list[str]:
        """The lines that end a trial unless a statement may hold (or, where that is wanted, fail), and raise its verdict
        while it is open. What a patient mostly is, is asked first."""
        match rule:
            case rules.Not(operand=operand):
                return self._require(operand, not wanted, verdict)
            case rules.And(operands=operands) if wanted:
                return [line for operand in operands for line in self._require(operand, True, verdict)]
            case rules.Or(operands=operands) if not wanted and (truths := self._truths(operands)) is not None:
                return [
                    f"if {' or '.join(truths)}:",
                    f"    if {' or '.join(f'{truth} == {TRUE}' for truth in truths)}: {_ends(verdict)}",
                    f"    {verdict} = {LACKS}",
                ]
            case rules.Or(operands=operands) if not wanted:
                return [line for operand in operands for line in self._require(operand, False, verdict)]
            case rules.Or(operands=operands) if (truths := self._truths(operands)) is not None:
                return [
                    f"if {' and '.join(f'{truth} != {TRUE}' for truth in truths)}:",
                    f"    if not ({' or '.join(truths)}): {_ends(verdict)}",
                    f"    {verdict} = {LACKS}",
                ]
            case rules.And() | rules.Or() | rules.Count():
                return self._require_as_it_stands(rule, wanted, verdict)
        slot = slot_of(rule, self._values)
        place = self._table.place(slot)
        match slot:
            case TruthSlot():
                if (place, wanted) in self._required:  # consent given, and not refused
                    return []
                self._required.add((place, wanted))
                raised = f"{verdict} = {LACKS}"
                if isinstance(rule, rules.Attested | rules.Judged):
                    raised = f"if {verdict} < {ASKS}: {verdict} = {ASKS}"
                if wanted:
                    return [f"if s[{place}] != {TRUE}:", f"    if not s[{place}]: {_ends(verdict)}", f"    {raised}"]
                return [f"if s[{place}]:", f"    if s[{place}] == {TRUE}: {_ends(verdict)}", f"    {raised}"]
            case NumberSlot() | RatioSlot() if wanted or len(thresholds(rule)) == 1:
                lines = [f"low, high, low_open, high_open = s[{place}]"]
                for operator, threshold in thresholds(rule):
                    lines += _required(operator, threshold, wanted, verdict)
                return lines
            case NumberSlot() | RatioSlot() | RankSlot():
                return self._require_as_it_stands(rule, wanted, verdict)
            case _:
                assert_never(slot)

    def _truths(self, operands: Sequence[rules.Rule]) -> list[str] | None:
        """The slots of presences that data settle; None where there is anything else among the operands."""
        slots = [
            None if isinstance(operand, rules.Not | rules.And | rules.Or | rules.Count | rules.Attested | rules.Judged)
            else slot_of(operand, self._values)
            for operand in operands
        ]  # fmt: skip
        truths = [slot for slot in slots if isinstance(slot, TruthSlot)]
        return [f"s[{self._table.place(slot)}]" for slot in truths] if len(truths) == len(operands) else None

    def _require_as_it_stands(self, rule: rules.Rule, wanted: bool, verdict: str) -> list[str]:
        lines, value = self.statement(rule, 0)
        return [
            *lines,
            f"if {value} == {FALSE if wanted else TRUE}: {_ends(verdict)}",
            f"if {value} > {verdict}: {verdict} = {value}",
        ]

    def _name(self) -> str:
        self._names += 1
        return f"x{self._names}"

    def statement(self, rule: rules.Rule, depth: int) -> tuple[list[str], str]:
        """The lines that evaluate a statement, and the expression that then holds its value."""
        tab = "    " * depth
        match rule:
            case rules.Not(operand=operand):
                lines, value = self.statement(operand, depth)
                name = self._name()
                return [*lines, f"{tab}{name} = {value}", f"{tab}if {name} < 2: {name} = 1 - {name}"], name
            case rules.And(operands=operands):
                return self._joined(operands, depth, FALSE)
            case rules.Or(operands=operands):
                return self._joined(operands, depth, TRUE)
            case rules.Count(low=low, high=high, operands=operands):
                return self._counted(operands, low, high, depth)
            case _:
                return self._atom(rule, tab)

    def _joined(self, operands: Sequence[rules.Rule], depth: int, ends: int) -> tuple[list[str], str]:
        """`and` ends with the first FALSE, `or` with the first TRUE; else the larger code is what both wait for."""
        name = self._name()
        tab = "    " * depth
        lines, value = self.statement(operands[0], depth)
        lines = [*lines, f"{tab}{name} = {value}"]
        for operand in operands[1:]:
            tab = "    " * depth
            lines.append(f"{tab}if {name} != {ends}:")
            body, value = self.statement(operand, depth + 1)
            lines += body
            inner = f"{tab}    "
            if ends == FALSE:
                lines.append(f"{inner}if not {value} or {value} > {name}: {name} = {value}")
            else:
                lines.append(f"{inner}if {value} == {TRUE} or {value} > {name}: {name} = {value}")
        return lines, name

    def _counted(self, operands: Sequence[rules.Rule], low: int, high: int, depth: int) -> tuple[list[str], str]:
        tab = "    " * depth
        name, true, open_ = self._name(), self._name(), self._name()
        lines = [f"{tab}{name} = {true} = {open_} = 0"]
        for operand in operands:
            body, value = self.statement(operand, depth)
            lines += [
                *body,
                f"{tab}if {value} == {TRUE}: {true} += 1",
                f"{tab}elif {value}:",
                f"{tab}    {open_} += 1",
                f"{tab}    if {value} > {name}: {name} = {value}",
            ]
        lines += [
            f"{tab}if {low} <= {true} and {true} + {open_} <= {high}: {name} = {TRUE}",
            f"{tab}elif {true} + {open_} < {low} or {true} > {high}: {name} = {FALSE}",
        ]
        return lines, name

    def _atom(self, atom: rules.Atom, tab: str) -> tuple[list[str], str]:
        slot = slot_of(atom, self._values)
        place = self._table.place(slot)
        match slot:
            case TruthSlot():
                name = self._name()
                return [f"{tab}{name} = s[{place}]"], name
            case RankSlot():
                assert isinstance(atom, rules.InClass)
                wanted = sum(1 << rank for rank in atom.ranks)
                name = self._name()
                ranks = f"s[{place}]"
                return [f"{tab}{name} = {FALSE} if not {ranks} & {wanted} else {LACKS} if {ranks} & {~wanted} else {TRUE}"], name  # fmt: skip
            case NumberSlot() | RatioSlot():
                name = self._name()
                lines = [f"{tab}low, high, low_open, high_open = s[{place}]"]
                tests = [_test(operator, threshold) for operator, threshold in thresholds(atom)]
                lines.append(f"{tab}{name} = {tests[0]}")
                for test in tests[1:]:  # both ends hold; FALSE is the least, LACKS more than TRUE
                    other = self._name()
                    lines += [f"{tab}if {name}:", f"{tab}    {other} = {test}", f"{tab}    if not {other} or {other} > {name}: {name} = {other}"]  # fmt: skip
                return lines, name
            case _:
                assert_never(slot)


def _ends(verdict: str) -> str:
    return f"{verdict} = {INELIGIBLE}; break"


def _required(operator: rules.Operator, threshold: float, wanted: bool, verdict: str) -> list[str]:
    """The lines that require a comparison of `low, high, low_open, high_open` to hold (or to fail), as `_test` tells it."""
    least, greatest = (repr(cut) for cut in cuts(threshold))
    ends, raised = _ends(verdict), f"{verdict} = {LACKS}"
    match operator, wanted:
        case ">", True:
            return [
                f"if not low > {greatest}:",
                f"    if not high > {greatest}: {ends}",
                f"    if not (low_open and low >= {least}): {raised}",
            ]
        case ">", False:
            return [
                f"if high > {greatest}:",
                f"    if low > {greatest} or low_open and low >= {least}: {ends}",
                f"    {raised}",
            ]
        case ">=", True:
            return [
                f"if not low >= {least}:",
                f"    if not high >= {least} or high <= {greatest} and high_open: {ends}",
                f"    {raised}",
            ]
        case ">=", False:
            return [
                f"if high >= {least}:",
                f"    if low >= {least}: {ends}",
                f"    if high > {greatest} or not high_open: {raised}",
            ]
        case "<", True:
            return [
                f"if not high < {least}:",
                f"    if not low < {least}: {ends}",
                f"    if not (high_open and high <= {greatest}): {raised}",
            ]
        case "<", False:
            return [
                f"if low < {least}:",
                f"    if high < {least} or high_open and high <= {greatest}: {ends}",
                f"    {raised}",
            ]
        case "<=", True:
            return [
                f"if not high <= {greatest}:",
                f"    if not low <= {greatest} or low >= {least} and low_open: {ends}",
                f"    {raised}",
            ]
        case "<=", False:
            return [
                f"if low <= {greatest}:",
                f"    if high <= {greatest}: {ends}",
                f"    if low < {least} or not low_open: {raised}",
            ]
        case _:
            raise AssertionError(operator)  # fmt: skip


def thresholds(atom: rules.Atom) -> list[tuple[rules.Operator, float]]:
    """The ends of a comparison, all of which hold: an operator and a number of its slot each."""
    match atom:
        case rules.Comparison(bounds=bounds):
            return [(bound.operator, bound.low) for bound in bounds]
        case rules.LimitComparison(operator=operator, multiple=multiple):
            return [(operator, multiple)]
        case _:
            raise AssertionError("only comparisons have thresholds")


def _test(operator: rules.Operator, threshold: float) -> str:
    """The expression that compares `low, high, low_open, high_open` with a threshold, as `intervals.compare` does.

    NaN, which stands for a measurement that cannot be, fails every comparison.
    """
    least, greatest = (repr(cut) for cut in cuts(threshold))
    match operator:
        case "<":
            true, open_ = f"high < {least} or high_open and high <= {greatest} and low < {least}", f"low < {least}"
        case "<=":
            true, open_ = f"high <= {greatest}", f"low < {least} or low <= {greatest} and not low_open"
        case ">":
            true, open_ = f"low > {greatest} or low_open and low >= {least} and high > {greatest}", f"high > {greatest}"
        case ">=":
            true, open_ = f"low >= {least}", f"high > {greatest} or high >= {least} and not high_open"
        case _:
            assert_never(operator)
    return f"{TRUE} if {true} else {LACKS} if {open_} else {FALSE}"
