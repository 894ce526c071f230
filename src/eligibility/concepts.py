"""What is declared of a name goes in; a concept comes out: one name of the vocabulary, its kind, unit, ranges, hierarchy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from eligibility.instants import Duration
from eligibility.intervals import INFINITY, Interval
from eligibility.units import Measure

Kind = Literal["quantity", "age", "condition", "event", "class", "attestation", "milestone"]
RESERVED = {"id", "asof", "birthdate", "trials", "judgements"}


def key_of(name: str) -> str:
    """How names are compared: without regard to case, spaces, `_` and `-`."""
    return re.sub(r"[\s_-]+", "", name).casefold()


@dataclass(frozen=True)
class Concept:
    """One name of the vocabulary and all that is declared of it."""

    name: str
    kind: Kind
    about: str
    source: str
    synonyms: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unit: str = "1"
    bare: str | None = None
    measure: Measure | None = None
    possible: Interval = field(default_factory=lambda: Interval(0, INFINITY, False, True))
    plausible: Interval | None = None
    current_for: Duration | None = None
    formula: str | None = None
    formula_source: str | None = None
    sampled_with: str | None = None
    assumed: float | None = None
    molar_mass_source: str | None = None
    includes: tuple[str, ...] = ()
    applies_to_sex: str | None = None
    applies_from_months: int = 0
    acute_for: Duration | None = None
    on_problem_list: bool = False
    patient_is: str | None = None
    values: tuple[str, ...] = ()
    ordered: bool = True
    value_ranks: Mapping[str, int] = field(default_factory=dict)
    none_when_absent: str | None = None

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Concept) and self.name == other.name

    @property
    def is_occurrence(self) -> bool:
        """Is it something that a patient has or had: a condition or an event?"""
        return self.kind in ("condition", "event")

    @property
    def has_limited_applicability(self) -> bool:
        """Can it apply to some people only?"""
        return self.applies_to_sex is not None or self.applies_from_months > 0


def reached(name: str, step: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Every name that repeated steps from a name lead to, nearest first."""
    found: dict[str, None] = {}
    waiting = list(step[name])
    while waiting:
        current = waiting.pop(0)
        if current not in found:
            found[current] = None
            waiting.extend(step[current])
    return tuple(found)
