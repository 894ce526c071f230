"""What a plain record gives goes in, once it is read; what its facts say together comes out, as contents of slots.

What conditions say through their hierarchy is asked of the reference once for each combination of answers, and remembered. A
derived quantity is computed at once where it hangs on numbers alone; the rest is asked of the reference each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from eligibility.ages import Ages
from eligibility.errors import EligibilityError
from eligibility.facts import ClassObservation, Facts, Observation, prepare
from eligibility.instants import Instant, Span, iso
from eligibility.intervals import Interval, point
from eligibility.look import Absent
from eligibility.patient import Patient
from eligibility.plain_slots import Computed, Effect, Family, Plan
from eligibility.slots import Content, Slot, content, range_of
from eligibility.values import Reading
from eligibility.vocabulary import Vocabulary

MOST_REMEMBERED = 10_000  # keys, unit spellings and combinations: what comes from outside must not fill the memory
_NOT_ASKED: Effect = ((-1, -1),)


@dataclass
class Given:
    """What a record gives, while it is read."""

    numbers: dict[str, float | Reading] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    ages: Ages | None = None
    months: Interval | None = None


class NotPlain(Exception):
    """The record needs the long way."""


class JointFacts:
    """What plain facts say together, for the slots of one plan."""

    def __init__(self, vocabulary: Vocabulary, plan: Plan, absent: Absent) -> None:
        self._vocabulary = vocabulary
        self._plan = plan
        self._absent: Absent = absent
        self.slots: Sequence[Slot] = ()

    def say(
        self,
        told: dict[Family, list[tuple[str, Any]]],
        seen: set[str],
        given: Given,
        at: Instant,
        zone: tzinfo,
        found: list[Content],
    ) -> None:
        """Put what they say into the contents: `told` by the families of conditions, `seen` are the names that the record
        holds. Raises NotPlain where they contradict each other."""
        self._tell(told, given, at, zone, found)
        for computed in self._plan.computed:
            self._compute(computed, given, at, zone, found)
        for entangled in self._plan.entangled:
            if not entangled.names.isdisjoint(seen):
                found[entangled.place] = content(
                    self.slots[entangled.place], self._facts(entangled.names, given, at, zone)
                )

    def _tell(
        self, told: dict[Family, list[tuple[str, Any]]], given: Given, at: Instant, zone: tzinfo, found: list[Content]
    ) -> None:
        """What conditions and events say through their hierarchy."""
        sex = given.ranks.get("sex")
        if sex is not None or given.ages is not None:
            for family in self._plan.limited:
                told.setdefault(family, [])
        for family, facts in told.items():
            if len(facts) > 1:
                facts.sort(key=_name)
            state: object = tuple(facts)
            months = None
            if family.is_limited:
                months = None if given.months is None else int(given.months.high)
                state = (state, sex, None if months is None else sum(months >= start for start in family.from_months))
            effect = family.remembered.get(state, _NOT_ASKED)
            if effect is _NOT_ASKED:
                effect = self._ask(family, facts, sex, months, at, zone)
                if len(family.remembered) < MOST_REMEMBERED:
                    family.remembered[state] = effect
            if effect is None:
                raise NotPlain
            for place, value in effect:
                found[place] = value

    def _ask(
        self,
        family: Family,
        facts: list[tuple[str, Any]],
        sex: int | None,
        months: int | None,
        at: Instant,
        zone: tzinfo,
    ) -> Effect | None:
        """What the reference says of a family; None where the facts contradict each other."""
        record: dict[str, Any] = {}
        for name, value in facts:
            concept = self._vocabulary[name]
            record[name] = concept.values[value] if concept.kind == "class" and value is not None else value
        if sex is not None:
            record["sex"] = self._vocabulary["sex"].values[sex]
        if months is not None:
            record["age"] = f"{months} months"
        try:
            known = prepare(Patient.parse(record, vocabulary=self._vocabulary), iso(at, zone), self._absent)
        except EligibilityError:
            return None
        return tuple((place, content(self.slots[place], known)) for place in family.places)

    def _compute(self, computed: Computed, given: Given, at: Instant, zone: tzinfo, found: list[Content]) -> None:
        """A derived quantity: what was brought for it, else what its inputs give, at the instant."""
        numbers = given.numbers
        brought = numbers.get(computed.concept.name)
        if brought is not None:
            found[computed.place] = (
                (brought, brought, False, False) if isinstance(brought, float) else range_of(brought.value)
            )
            return
        nested = any(source.formula is not None for source in computed.inputs)
        if not nested and not any(name in numbers for name in computed.sampled):
            return
        values: list[float] = []
        for source in computed.inputs:
            value = numbers.get(source.name, source.assumed)
            if not isinstance(value, float | int):
                break
            values.append(value)
        else:
            try:
                if computed.direct is not None and not nested:
                    result = computed.direct(values)
                    found[computed.place] = (result, result, False, False)
                    return
            except (ArithmeticError, ValueError):
                pass  # outside of its domain: the reference says what that means
        found[computed.place] = content(self.slots[computed.place], self._facts(computed.names, given, at, zone))

    def _facts(self, names: frozenset[str], given: Given, at: Instant, zone: tzinfo) -> Facts:
        """Facts of the named measurements and classes alone."""
        now = Span(at, at)
        observations: dict[str, tuple[Observation, ...]] = {}
        for name in names:
            number = given.numbers.get(name)
            if isinstance(number, float):
                observations[name] = (Observation(point(number), now, "", dated=False),)
            elif number is not None:
                observations[name] = (
                    Observation(number.value, now, "", number.lower, number.upper, number.months, dated=False),
                )
        classes = {
            name: (ClassObservation(given.ranks[name], now, "", dated=False),) for name in names if name in given.ranks
        }
        return Facts(
            self._vocabulary, at, zone, given.ages, observations, classes, {}, {}, {}, {}, {}, frozenset(), (), ()
        )


def _name(fact: tuple[str, Any]) -> str:
    return fact[0]
