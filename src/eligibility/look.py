"""A validated patient and an instant go in; how each date is seen from there comes out, and what was noticed on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Literal

from eligibility.errors import Problem
from eligibility.instants import Instant, PartialDate, Span
from eligibility.patient import Patient

Absent = Literal["unknown", "no"]  # how the silence of a record about a condition is read


@dataclass
class Look:
    """One look at the record of a patient from one instant, and what it brought to light."""

    patient: Patient
    at: Instant
    zone: tzinfo
    absent: Absent
    problems: list[Problem] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def span(self, when: PartialDate | None) -> Span:
        """What a date covers; the instant itself where there is none."""
        return Span(self.at, self.at) if when is None else when.span(self.zone)

    def cut(self, span: Span) -> Span | None:
        """What of a date is not after the instant; None where all of it is."""
        if span.first > self.at:
            return None
        return span if span.last <= self.at else Span(span.first, self.at)

    def unseen(self, name: str) -> None:
        """One more of a concept lies after the instant."""
        self.ignored[name] = self.ignored.get(name, 0) + 1

    def clash(self, name: str, message: str) -> None:
        """A problem under the key that the record has for a concept."""
        self.problems.append(Problem(self.patient.named.get(name, name), message, name))

    def warn(self, warning: str) -> None:
        """A warning, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)
