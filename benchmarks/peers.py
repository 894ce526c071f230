"""Checked rules go in; the same five trials come out in the languages of other rule engines, each compiled once.

None of these engines knows an unknown, so each trial is written as their users would write it with gaps: for a statement,
that it surely holds and that it surely does not, over two ends for each number and a code for each fact. What the facts
say is put into the form that an engine reads fastest before anything is timed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eligibility import Screener, rules
from eligibility.compiled import cuts, thresholds
from eligibility.library import Trial
from eligibility.slots import FALSE, LACKS, TRUE, Content, NumberSlot, RankSlot, RatioSlot, slot_of
from eligibility.verdicts import VERDICTS

ENCODING = (
    "Peers know no unknown: each trial is one expression of what surely fails, else what lacks data, else what waits for an "
    "answer. An open end of an interval is moved inward by 3e-9, a class is given as a code for the classes that are asked for."
)
FAR = 1e12  # for what has no end: JSON has no infinity, and some engines hold numbers as decimals
INWARD = 3e-9  # relative: beyond the tolerance of a threshold

Judge = Callable[[Any], Any]
Encode = Callable[[Sequence[Content]], Any]


@dataclass(frozen=True)
class Peer:
    """Another engine. `compiled` gives its judge of all trials, and what puts the contents of slots into its form; it
    raises ImportError where the engine is not installed."""

    name: str
    module: str
    compiled: Callable[[Sequence[Trial], Screener], tuple[Judge, Encode]]
    note: str
    is_slow: bool = False


# --- boolean expressions, before they are spelled ---------------------------------------------------------------------


@dataclass(frozen=True)
class Compare:
    """A variable against a number."""

    variable: str
    operator: str
    value: float


@dataclass(frozen=True)
class Joined:
    """`and` or `or`."""

    operator: str
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Negated:
    """`not`"""

    part: Expression


Expression = Compare | Joined | Negated


def some(parts: Sequence[Expression]) -> Expression:
    """One of them holds."""
    return parts[0] if len(parts) == 1 else Joined("or", tuple(parts))


def every(parts: Sequence[Expression]) -> Expression:
    """All of them hold."""
    return parts[0] if len(parts) == 1 else Joined("and", tuple(parts))


class Translation:
    """What the statements of one set of trials are in such expressions, and the variables of a patient."""

    def __init__(self, screener: Screener) -> None:
        self._slots = screener.slots
        self._places = {slot: place for place, slot in enumerate(screener.slots)}
        self._ranks: dict[str, tuple[int, int]] = {}

    def trial(self, trial: Trial) -> tuple[Expression, Expression, Expression | None]:
        """That it fails; else that it lacks data; else that it waits for an answer (None where it asks for none)."""
        fails, lacks, asks = [], [], []
        for criterion in trial.criteria:
            is_included = criterion.section == "include"
            surely, surely_not = self._both(criterion.rule, trial)
            fails.append(surely_not if is_included else surely)
            lacking = self._lacks(criterion.rule, trial, None if is_included else surely, surely_not if is_included else None)  # fmt: skip
            if lacking is not None:
                lacks.append(lacking)
            if any(isinstance(atom, rules.Attested | rules.Judged) for atom in rules.atoms(criterion.rule)):
                asks.append(Negated(surely if is_included else surely_not))
        return some(fails), some(lacks), some(asks) if asks else None

    def variables(self, contents: Sequence[Content]) -> dict[str, float | int]:
        """The variables of a patient, in the order of the slots."""
        found: dict[str, float | int] = {}
        for place, (slot, content) in enumerate(zip(self._slots, contents, strict=True)):
            if isinstance(content, tuple):
                low, high, low_open, high_open = content
                found[f"n{place}"] = int(low != low)
                found[f"l{place}"] = _end(low, 1 if low_open else 0)
                found[f"h{place}"] = _end(high, -1 if high_open else 0)
            elif not isinstance(slot, RankSlot):
                found[f"f{place}"] = content
        for name, (place, wanted) in self._ranks.items():
            ranks = contents[place]
            assert isinstance(ranks, int)
            found[name] = FALSE if not ranks & wanted else LACKS if ranks & ~wanted else TRUE
        return found

    def _both(self, rule: rules.Rule, trial: Trial) -> tuple[Expression, Expression]:
        """That it surely holds, and that it surely does not."""
        match rule:
            case rules.Not(operand=operand):
                surely, surely_not = self._both(operand, trial)
                return surely_not, surely
            case rules.And(operands=operands) | rules.Or(operands=operands):
                pairs = [self._both(operand, trial) for operand in operands]
                holds, fails = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
                return (every(holds), some(fails)) if isinstance(rule, rules.And) else (some(holds), every(fails))
            case rules.Count():
                raise NotImplementedError("none of the five trials counts")
            case _:
                return self._atom(rule, trial)

    def _lacks(
        self, rule: rules.Rule, trial: Trial, is_false: Expression | None, not_false: Expression | None
    ) -> Expression | None:
        """That it hangs on data; None where it never does. What the expressions say is known to be false already."""
        match rule:
            case rules.Not(operand=operand):
                return self._lacks(operand, trial, not_false, is_false)
            case rules.And(operands=operands) | rules.Or(operands=operands):
                parts = [part for operand in operands if (part := self._lacks(operand, trial, None, None)) is not None]
                if not parts:
                    return None
                surely, surely_not = self._both(rule, trial)
                decided, known = (surely_not, not_false) if isinstance(rule, rules.And) else (surely, is_false)
                return some(parts) if decided == known else every([some(parts), Negated(decided)])
            case rules.Attested() | rules.Judged():
                return None
            case _:
                surely, surely_not = self._both(rule, trial)
                return Negated(some([surely, surely_not]))

    def _atom(self, atom: rules.Rule, trial: Trial) -> tuple[Expression, Expression]:
        assert not isinstance(atom, rules.Not | rules.And | rules.Or | rules.Count)
        slot = slot_of(atom, trial.values)
        place = self._places[slot]
        if isinstance(slot, NumberSlot | RatioSlot):
            ends = [_compared(place, operator, threshold) for operator, threshold in thresholds(atom)]
            surely, surely_not = every([end[0] for end in ends]), some([end[1] for end in ends])
            if not _is_after_something(slot):
                return surely, surely_not
            is_measured = Compare(f"n{place}", "==", 0)
            return every([is_measured, surely]), some([Negated(is_measured), surely_not])
        name = f"f{place}"
        if isinstance(atom, rules.InClass):
            wanted = sum(1 << rank for rank in atom.ranks)
            name = f"f{place}_{wanted}"
            self._ranks[name] = (place, wanted)
        return Compare(name, "==", TRUE), Compare(name, "==", FALSE)


def _compared(place: int, operator: str, threshold: float) -> tuple[Expression, Expression]:
    least, greatest = cuts(threshold)
    low, high = f"l{place}", f"h{place}"
    match operator:
        case ">":
            return Compare(low, ">", greatest), Compare(high, "<=", greatest)
        case ">=":
            return Compare(low, ">=", least), Compare(high, "<", least)
        case "<":
            return Compare(high, "<", least), Compare(low, ">=", least)
        case _:
            return Compare(high, "<=", greatest), Compare(low, ">", greatest)


def _is_after_something(slot: NumberSlot | RatioSlot) -> bool:
    number = slot.number if isinstance(slot, NumberSlot) else slot
    window = getattr(number, "window", None)
    return window is not None and (window.relation is not None or window.anchor is not None)


def _end(value: float, inward: int) -> float:
    if value != value:
        return 0.0
    if abs(value) > FAR:
        return FAR if value > 0 else -FAR
    return float(value + inward * max(INWARD * abs(value), 1e-12))


# --- spellings -------------------------------------------------------------------------------------------------------


def as_json_logic(x: Expression) -> Any:
    """As JSONLogic."""
    match x:
        case Compare(variable=variable, operator=operator, value=value):
            return {operator: [{"var": variable}, value]}
        case Joined(operator=operator, parts=parts):
            return {operator: [as_json_logic(part) for part in parts]}
        case Negated(part=part):
            return {"!": [as_json_logic(part)]}


def as_text(x: Expression, words: dict[str, str]) -> str:
    """As an expression of the C family, with its own words for and, or, not."""
    match x:
        case Compare(variable=variable, operator=operator, value=value):
            number = str(value) if variable[0] in "fn" else repr(float(value))
            return f"{variable} {operator} {number}"
        case Joined(operator=operator, parts=parts):
            return "(" + f" {words[operator]} ".join(as_text(part, words) for part in parts) + ")"
        case Negated(part=part):
            return f"{words['not']}({as_text(part, words)})"


SIGNS = {"and": "&&", "or": "||", "not": "!"}
WORDS = {"and": "and", "or": "or", "not": "not "}


def _listed(trials: Sequence[Trial], translation: Translation, words: dict[str, str]) -> str:
    found = []
    for trial in trials:
        fails, lacks, asks = translation.trial(trial)
        last = f"({as_text(asks, words)} ? 2 : 1)" if asks else "1"
        found.append(f"({as_text(fails, words)} ? 0 : ({as_text(lacks, words)} ? 3 : {last}))")
    return f"[{', '.join(found)}]"


def named(codes: Sequence[Any]) -> dict[str, str]:
    """The answer of a peer as verdicts of the five trials."""
    ids = ("NCT02444455", "NCT03608592", "NCT06416709", "NCT06882811", "XHNKKY-DDSC")
    return {trial: VERDICTS[int(code)] for trial, code in zip(ids, codes, strict=True)}


# --- engines ---------------------------------------------------------------------------------------------------------


def _json_logic(trials: Sequence[Trial], screener: Screener) -> tuple[Any, Translation, Any]:
    import datalogic_py

    translation = Translation(screener)
    logic = []
    for trial in trials:
        fails, lacks, asks = translation.trial(trial)
        last = [as_json_logic(asks), 2, 1] if asks else [1]
        logic.append({"if": [as_json_logic(fails), 0, as_json_logic(lacks), 3, *last]})
    return datalogic_py.Engine().compile(json.dumps(logic)), translation, datalogic_py


def _datalogic(trials: Sequence[Trial], screener: Screener) -> tuple[Judge, Encode]:
    rule, translation, module = _json_logic(trials, screener)
    return rule.evaluate_data, lambda contents: module.DataHandle(json.dumps(translation.variables(contents)))


def _datalogic_of_dict(trials: Sequence[Trial], screener: Screener) -> tuple[Judge, Encode]:
    rule, translation, _ = _json_logic(trials, screener)
    return rule.evaluate, translation.variables


def _zen(trials: Sequence[Trial], screener: Screener) -> tuple[Judge, Encode]:
    import zen

    translation = Translation(screener)
    expression = zen.compile_expression(_listed(trials, translation, WORDS))
    return expression.evaluate, translation.variables


def _cel(trials: Sequence[Trial], screener: Screener) -> tuple[Judge, Encode]:
    import cel

    translation = Translation(screener)
    program = cel.compile(_listed(trials, translation, SIGNS))
    return program.execute, lambda contents: cel.Context(translation.variables(contents))


def _rule_engine(trials: Sequence[Trial], screener: Screener) -> tuple[Judge, Encode]:
    import rule_engine  # type: ignore[import-untyped]  # it comes without types

    translation = Translation(screener)
    context = rule_engine.Context(resolver=rule_engine.resolve_item)
    return rule_engine.Rule(_listed(trials, translation, WORDS), context=context).evaluate, translation.variables


def _cel_python(trials: Sequence[Trial], screener: Screener) -> tuple[Judge, Encode]:
    import celpy
    from celpy import adapter

    translation = Translation(screener)
    environment = celpy.Environment()
    program = environment.program(environment.compile(_listed(trials, translation, SIGNS)))
    return program.evaluate, lambda contents: adapter.json_to_cel(translation.variables(contents))


PEERS = (
    Peer("datalogic-py (Rust)", "datalogic_py", _datalogic, "JSONLogic; the patient parsed into its own form before"),
    Peer(
        "datalogic-py (Rust), from a dict", "datalogic_py", _datalogic_of_dict, "JSONLogic; it reads the dict each time"
    ),
    Peer("zen-engine (Rust)", "zen", _zen, "its expression language; it reads the dict each time"),
    Peer("common-expression-language (Rust)", "cel", _cel, "CEL; its context made before"),
    Peer("rule-engine", "rule_engine", _rule_engine, "a dict, by its resolver of items"),
    Peer("cel-python", "celpy", _cel_python, "CEL; the patient converted before", is_slow=True),
)
