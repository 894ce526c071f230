"""A number and a seed go in; random trials come out that look like those of a registry, as rule text and as Python by hand.

A trial has an age, a disease it is for, laboratory limits on the grids that protocols use (1.5 x ULN, 2 mg/dL, 100 x10^9/L),
clinical windows of days and months, excluded diseases, pregnancy, other trials, consent, and questions to the investigator.
Patients have the diseases that trials are for half of the time, so that code that stops early does not stop at the first.
`distinct` draws laboratory limits from a fine grid instead, so that nearly every trial has limits of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eligibility import Screener, Trial, compile_trial, rules
from eligibility.compiled import cuts, thresholds
from eligibility.slots import RankSlot, slot_of
from eligibility.vocabulary import Concept, bundled_vocabulary

NICE = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8, 9)
MULTIPLES = ("1.5", "2", "2.5", "3", "5", "10")
WINDOWS = (
    "7 days",
    "14 days",
    "28 days",
    "30 days",
    "60 days",
    "90 days",
    "3 months",
    "6 months",
    "12 months",
    "5 years",
)
LEADING = 24  # diseases that trials are for; a patient who is screened has each with this chance:
HAS_IT = 0.5
WITH_LIMITS = ("ALT", "AST", "total bilirubin", "alkaline phosphatase", "creatinine", "C-reactive protein", "LDH")


@dataclass(frozen=True)
class Written:
    """A criterion: its section, its formula, and the form in which a person would program it."""

    section: str
    formula: str
    form: str


class Registry:
    """What trials draw from."""

    def __init__(self, seed: int, distinct: bool = False) -> None:
        self._chance = random.Random(seed)
        self._distinct = distinct
        words = bundled_vocabulary()
        self.quantities = [c for c in words if _is_measured(c)]
        self.conditions = [c for c in words if c.kind == "condition" and not c.has_limited_applicability]
        self.events = [c for c in words if c.kind == "event" and not c.has_limited_applicability]
        self.leading = self._chance.sample(self.conditions, LEADING)
        self.limited = [words[name] for name in WITH_LIMITS if name in words.concepts]

    def trial(self) -> list[Written]:
        """8 to 20 criteria, inclusions first."""
        chance = self._chance
        included = [self._age(), *(self._disease() for _ in range(chance.choice((1, 1, 2))))]
        included += [self._number("include") for _ in range(chance.randint(0, 3))]
        if chance.random() < 0.8:
            included.append(Written("include", "informed consent", "truth"))
        excluded = [self._number("exclude") for _ in range(chance.randint(1, 4))]
        kinds: list[tuple[float, Callable[[], Written]]] = [
            (0.7, lambda: Written("exclude", "pregnancy or lactation", "any")), (0.5, self._other_trial), (0.9, self._excluded),
            (0.9, self._excluded), (0.7, self._excluded), (0.6, self._history), (0.6, self._window), (0.5, self._window),
            (0.5, self._several), (0.3, self._several), (0.3, self._limit), (0.3, self._limit), (0.25, self._with_a_number),
            (0.2, self._either_number), (0.35, self._judgement),
        ]  # fmt: skip
        excluded += [make() for share, make in kinds if chance.random() < share]
        return included + excluded[: 20 - len(included)]

    def _age(self) -> Written:
        low, high = self._chance.choice((18, 18, 18, 21, 40, 50, 60)), self._chance.choice((None, 65, 70, 75, 80, 85))
        return Written(
            "include", f"age >= {low} years" if high is None else f"age between {low} and {high} years", "number"
        )

    def _disease(self) -> Written:
        names = [f"`{concept.name}`" for concept in self._chance.sample(self.leading, self._chance.choice((1, 1, 2, 3)))]  # fmt: skip
        return Written("include", " or ".join(names), "one of" if len(names) > 1 else "truth")

    def _compared(self, section: str) -> str:
        """A limit on the far side of what is typical: an inclusion holds for most patients, an exclusion for few."""
        chance = self._chance
        concept = chance.choice(self.quantities)
        (low, high), middle = plausible(concept), typical(concept)
        is_upper = chance.random() < 0.6
        first, last = (middle * 1.4, min(high, middle * 12)) if is_upper else (max(low, middle / 12), middle / 1.4)
        if first >= last:
            is_upper, first, last = (True, middle * 1.05, high) if middle * 1.4 < high else (False, low, middle / 1.05)
        inside = [nice for power in range(-5, 7) for one in NICE if first < (nice := one * 10.0**power) < last]
        value = chance.uniform(first, last) if self._distinct or not inside else chance.choice(inside)
        sign = chance.choice((">", ">=")) if is_upper is (section == "exclude") else chance.choice(("<", "<="))
        number = f"{value:.6g}" if self._distinct else f"{value:.3g}"
        return f"`{concept.name}` {sign} {spelled(number, concept)}"

    def _number(self, section: str) -> Written:
        return Written(section, self._compared(section), "number")

    def _limit(self) -> Written:
        return Written(
            "exclude", f"`{self._chance.choice(self.limited).name}` > {self._chance.choice(MULTIPLES)} x ULN", "number"
        )

    def _excluded(self) -> Written:
        return Written("exclude", f"`{self._chance.choice(self.conditions).name}`", "truth")

    def _history(self) -> Written:
        return Written("exclude", f"history of `{self._chance.choice(self.conditions + self.events).name}`", "truth")

    def _window(self) -> Written:
        concept = self._chance.choice(self.events + self.conditions[::4])
        return Written("exclude", f"`{concept.name}` within {self._chance.choice(WINDOWS)}", "truth")

    def _other_trial(self) -> Written:
        return Written("exclude", f"participation in another trial within {self._chance.choice(WINDOWS[3:7])}", "truth")

    def _several(self) -> Written:
        names = [f"`{concept.name}`" for concept in self._chance.sample(self.conditions, self._chance.randint(2, 5))]
        return Written("exclude", " or ".join(names), "any")

    def _with_a_number(self) -> Written:
        return Written(
            "exclude",
            f"`{self._chance.choice(self.conditions).name}` and {self._compared('exclude')}",
            "truth and number",
        )

    def _either_number(self) -> Written:
        return Written("exclude", f"{self._compared('exclude')} or {self._compared('exclude')}", "number or number")

    def _judgement(self) -> Written:
        return Written("exclude", 'judgement "Is the patient unsuitable for another reason?"', "truth")


def _is_measured(concept: Concept) -> bool:
    return (
        concept.kind == "quantity"
        and concept.formula is None
        and concept.plausible is not None
        and 0 <= concept.plausible.low < concept.plausible.high < float("inf")
        and concept.unit not in ("days",)
    )


def plausible(concept: Concept) -> tuple[float, float]:
    """Where its values lie in patients."""
    assert concept.plausible is not None
    return concept.plausible.low, concept.plausible.high


def typical(concept: Concept) -> float:
    """What most patients have: the middle of the plausible range, by factors."""
    low, high = plausible(concept)
    return (low * high) ** 0.5 if low > 0 else high / 50


def spelled(number: str, concept: Concept) -> str:
    """A number with the unit of a concept."""
    if concept.unit == "1":
        return number
    return f"{number}{' x ' if concept.unit.startswith('10^') else ' '}{concept.unit}"


def text_of(number: int, criteria: Sequence[Written]) -> str:
    """The trial file."""
    lines = [f'trial RND{number:05} "Random trial {number}"']
    for section in ("include", "exclude"):
        lines += ["", f"{section}:"]
        own = [criterion for criterion in criteria if criterion.section == section]
        lines += [f'  {place} "Criterion {place}": {criterion.formula}' for place, criterion in enumerate(own, 1)]
    return "\n".join(lines) + "\n"


@dataclass
class Made:
    """Trials as they were written, and compiled."""

    written: list[list[Written]]
    trials: list[Trial]


def make(number: int, seed: int, *, distinct: bool = False) -> Made:
    """So many trials; a criterion that the checker refuses (a limit that no value can pass) is left out."""
    registry = Registry(seed, distinct)
    made = Made([], [])
    while len(made.trials) < number:
        criteria = registry.trial()
        trial = compile_trial(text_of(len(made.trials), criteria))
        made.written.append(criteria)
        made.trials.append(trial)
    return made


def patients(registry: Registry, number: int, seed: int, *, missing: float = 0.2) -> Iterator[dict[str, Any]]:
    """Plain records over all that the trials ask; a fifth of the facts is missing."""
    chance = random.Random(seed)
    words = bundled_vocabulary()
    for _ in range(number):
        record: dict[str, Any] = {"age": f"{chance.randint(20, 85)} years", "sex": chance.choice(("female", "male"))}
        for concept in registry.quantities:
            low, high = plausible(concept)
            value = typical(concept) * chance.lognormvariate(0, 0.4)
            record[concept.name] = spelled(f"{min(max(value, low), high):.3g}", concept)  # fmt: skip
        for concept in registry.limited:
            limit = spelled(f"{typical(concept) * 1.3:.3g}", concept)
            record[concept.name] = {"value": record[concept.name], "upper_limit": limit}
        for concept in registry.conditions + registry.events:
            record[concept.name] = chance.random() < (HAS_IT if concept in registry.leading else 0.03)
        record["informed consent"] = chance.random() < 0.9
        if record["sex"] == "female":
            record |= {"pregnancy": chance.random() < 0.03, "lactation": chance.random() < 0.02}
        for name in [name for name in record if chance.random() < missing]:
            del record[name]
        for name in [name for name, value in record.items() if value is True]:
            for whole in words.wholes(name) if words.find(name) else ():
                record.pop(whole, None)
        yield record


# --- by hand ---------------------------------------------------------------------------------------------------------


def by_hand(made: Made, screener: Screener) -> list[Callable[[Sequence[Any]], int]]:
    """A function for each trial over the same slots, as a person writes it: the shortest way out, nothing generic.

    They come out as 0 ineligible, 1 eligible, 2 review, 3 undetermined.
    """
    places = {slot: place for place, slot in enumerate(screener.slots)}
    found: dict[str, Any] = {}
    for start in range(0, len(made.trials), 500):
        lines: list[str] = []
        for number in range(start, min(start + 500, len(made.trials))):
            lines += _function(number, made.written[number], made.trials[number], places)
        exec(compile("\n".join(lines), "<by hand>", "exec"), {}, found)
    return [found[f"trial_{number}"] for number in range(len(made.trials))]


def _function(number: int, written: Sequence[Written], trial: Trial, places: dict[Any, int]) -> list[str]:
    lines = [f"def trial_{number}(p):", "    asks = lacks = False"]
    for criterion, source in zip(trial.criteria, written, strict=True):
        atoms = [(atom, places[slot_of(atom, trial.values)]) for atom in rules.atoms(criterion.rule)]
        is_included = source.section == "include"
        match source.form:
            case "truth":
                ((atom, place),) = atoms
                flag = "asks" if isinstance(atom, rules.Attested | rules.Judged) else "lacks"
                wrong = f"not p[{place}]" if is_included else f"p[{place}] == 1"
                lines += [f"    if {wrong}:", "        return 0", f"    if p[{place}] > 1:", f"        {flag} = True"]
            case "one of":
                lines += [
                    f"    if {' and '.join(f'p[{place}] != 1' for _, place in atoms)}:",
                    f"        if not ({' or '.join(f'p[{place}]' for _, place in atoms)}):",
                    "            return 0", "        lacks = True",
                ]  # fmt: skip
            case "any":
                lines += [
                    f"    if {' or '.join(f'p[{place}]' for _, place in atoms)}:",
                    f"        if {' or '.join(f'p[{place}] == 1' for _, place in atoms)}:",
                    "            return 0", "        lacks = True",
                ]  # fmt: skip
            case "truth and number":
                (_, place), (atom, other) = atoms
                ((operator, limit),) = thresholds(atom)
                surely, perhaps = _tests(operator, limit)
                lines += [
                    f"    if p[{place}]:", f"        low, high, low_open, high_open = p[{other}]", f"        if {perhaps}:",
                    f"            if p[{place}] == 1 and ({surely}):", "                return 0", "            lacks = True",
                ]  # fmt: skip
            case _:
                for atom, place in atoms:
                    lines.append(f"    low, high, low_open, high_open = p[{place}]")
                    for operator, limit in thresholds(atom):
                        surely, perhaps = _tests(operator, limit)
                        if is_included:
                            lines += [f"    if not ({perhaps}):", "        return 0", f"    if not ({surely}):", "        lacks = True"]  # fmt: skip
                        else:
                            lines += [f"    if {perhaps}:", f"        if {surely}:", "            return 0", "        lacks = True"]  # fmt: skip
        assert not any(isinstance(slot_of(atom, None), RankSlot) for atom, _ in atoms)
    return [*lines, "    return 3 if lacks else 2 if asks else 1"]


def _tests(operator: str, limit: float) -> tuple[str, str]:
    """That it surely holds, given that it may; that it may hold."""
    least, greatest = cuts(limit)
    match operator:
        case ">":
            return f"low > {greatest} or (low_open and low >= {least})", f"high > {greatest}"
        case ">=":
            return f"low >= {least}", f"high > {greatest} or (high >= {least} and not high_open)"
        case "<":
            return f"high < {least} or (high_open and high <= {greatest})", f"low < {least}"
        case _:
            return f"high <= {greatest}", f"low < {least} or (low <= {greatest} and not low_open)"
