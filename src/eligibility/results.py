"""What a screening says, as plain immutable objects and as JSON: verdicts, outcomes, reasons, evidence, needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol, overload

from eligibility.errors import UsageError, did_you_mean, excerpt, nearest
from eligibility.logic import Truth
from eligibility.patient import Unrecognized

Outcome = Literal["met", "not met", "unknown"]
Verdict = Literal["eligible", "ineligible", "review", "undetermined"]
Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

OUTCOMES: dict[Truth, Outcome] = {Truth.TRUE: "met", Truth.FALSE: "not met", Truth.UNKNOWN: "unknown"}
SCHEMA_VERSION = "1"
RESULT_SCHEMA = f"eligibility/result/{SCHEMA_VERSION}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one comparison or presence of a criterion rests on.

    `statement` is the part of the rule, `value` what was given, `when` its time, `converted` the same in the unit of the
    rule, `threshold` what it was compared with, `margin` how far it lies from there, in the unit of the rule.
    """

    concept: str
    statement: str
    outcome: Outcome
    value: str | None = None
    when: str | None = None
    converted: str | None = None
    threshold: str | None = None
    margin: str | None = None

    def to_dict(self) -> dict[str, Json]:
        """As JSON; what does not apply is null."""
        return {
            "concept": self.concept, "statement": self.statement, "outcome": self.outcome, "value": self.value,
            "when": self.when, "converted": self.converted, "threshold": self.threshold, "margin": self.margin,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """One fact that an open criterion waits for.

    `concept` is its canonical name, or the address of a judgement; `asks` says what of it is wanted (a value, a date, an
    upper limit, an answer); `settles` the region that would make the criterion pass where this fact alone can do so;
    `criteria` the addresses that wait for it.
    """

    concept: str
    asks: str
    settles: str | None
    criteria: tuple[str, ...]
    question: str | None = None

    def to_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "concept": self.concept, "asks": self.asks, "settles": self.settles, "criteria": list(self.criteria),
            "question": self.question,
        }  # fmt: skip


@dataclass(frozen=True)
class CriterionResult:
    """One criterion, judged. `passes` is True, False, or None while it is open. Reasons and needs are made when read."""

    id: str
    section: Literal["include", "exclude"]
    label: str
    outcome: Outcome
    passes: bool | None
    note: str | None = None
    tell: Callable[[], tuple[str, tuple[Evidence, ...]]] = field(repr=False, compare=False, default=lambda: ("", ()))
    ask: Callable[[], tuple[Need, ...]] = field(repr=False, compare=False, default=lambda: ())

    @cached_property
    def _told(self) -> tuple[str, tuple[Evidence, ...]]:
        return self.tell()

    @property
    def reason(self) -> str:
        """Why the outcome is what it is, in a sentence."""
        return self._told[0]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What each comparison and presence behind the reason rests on."""
        return self._told[1]

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """The facts that an open criterion waits for; none for a decided one."""
        return self.ask()

    def to_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "id": self.id, "section": self.section, "label": self.label, "outcome": self.outcome, "passes": self.passes,
            "reason": self.reason, "evidence": [item.to_dict() for item in self.evidence],
            "needs": [need.to_dict() for need in self.needs], "note": self.note,
        }  # fmt: skip


class Criteria(Sequence[CriterionResult]):
    """The criteria of a trial in the order of its file; also by address: `criteria["include.2.1"]`."""

    def __init__(self, items: Sequence[CriterionResult]) -> None:
        self._items = tuple(items)
        self._by_id = {item.id.casefold(): item for item in items}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[CriterionResult]:
        return iter(self._items)

    @overload
    def __getitem__(self, key: int | str) -> CriterionResult: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[CriterionResult]: ...
    def __getitem__(self, key: int | str | slice) -> CriterionResult | Sequence[CriterionResult]:
        if not isinstance(key, str):
            return self._items[key]
        found = self._by_id.get(key.casefold())
        if found is None:
            hint = did_you_mean(nearest(key, [item.id for item in self._items])) or "addresses look like `include.2.1`"
            raise UsageError(f"no criterion `{excerpt(key)}`; {hint}")
        return found

    def __repr__(self) -> str:
        return f"Criteria({', '.join(item.id for item in self._items)})"


class Behind(Protocol):
    """What stands behind a verdict, found when it is asked for."""

    def criteria(self) -> Criteria:
        """Every criterion, judged."""

    def needs(self, criteria: Criteria) -> tuple[Need, ...]:
        """What the open criteria wait for, merged."""

    def valid_until(self) -> str | None:
        """Until when the verdict holds with nothing new."""


@dataclass(frozen=True)
class TrialResult:
    """One trial, judged. All but the verdict is found when it is first read."""

    id: str
    title: str
    verdict: Verdict
    behind: Behind = field(repr=False, compare=False)

    @cached_property
    def criteria(self) -> Criteria:
        """Every criterion, judged."""
        return self.behind.criteria()

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What to ask or measure next, over all criteria; nothing once the trial is decided."""
        is_open = self.verdict in ("review", "undetermined")
        return self.behind.needs(self.criteria) if is_open else ()

    @cached_property
    def valid_until(self) -> str | None:
        """The first later instant (ISO 8601) at which the same facts, with nothing new, give another verdict; None where
        they never do."""
        return self.behind.valid_until()

    @property
    def failed(self) -> tuple[CriterionResult, ...]:
        """The criteria that make the patient ineligible."""
        return tuple(criterion for criterion in self.criteria if criterion.passes is False)

    @property
    def open(self) -> tuple[CriterionResult, ...]:
        """The criteria that are not decided."""
        return tuple(criterion for criterion in self.criteria if criterion.passes is None)

    def to_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "id": self.id, "title": self.title, "verdict": self.verdict, "valid_until": self.valid_until,
            "needs": [need.to_dict() for need in self.needs], "criteria": [item.to_dict() for item in self.criteria],
        }  # fmt: skip


@dataclass(frozen=True)
class Remarks:
    """What is to be said of a patient record beside the verdicts."""

    unrecognized: tuple[Unrecognized, ...] = ()
    ignored: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Screening:
    """One patient against some trials, at one instant. Iterable, and indexable by trial ID."""

    at: str
    trials: tuple[TrialResult, ...]
    id: str | None = None
    remark: Callable[[], Remarks] = field(repr=False, compare=False, default=Remarks)

    @cached_property
    def _remarks(self) -> Remarks:
        return self.remark()

    @property
    def unrecognized(self) -> tuple[Unrecognized, ...]:
        """Keys of the record that no concept has, each with the nearest names."""
        return self._remarks.unrecognized

    @property
    def ignored(self) -> tuple[str, ...]:
        """What is dated after the instant of judgement, and so was not used."""
        return self._remarks.ignored

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know of how the record was read."""
        return self._remarks.warnings

    def __iter__(self) -> Iterator[TrialResult]:
        return iter(self.trials)

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, trial_id: str) -> TrialResult:
        for trial in self.trials:
            if trial.id.casefold() == trial_id.casefold():
                return trial
        hint = did_you_mean(nearest(trial_id, [trial.id for trial in self.trials])) or "it was not screened"
        raise UsageError(f"no trial `{excerpt(trial_id)}` in this screening; {hint}")

    def to_dict(self) -> dict[str, Json]:
        """The whole screening in the published form (see the JSON Schema of results)."""
        return {
            "schema": RESULT_SCHEMA, "id": self.id, "at": self.at,
            "trials": [trial.to_dict() for trial in self.trials],
            "unrecognized": [{"key": item.key, "nearest": list(item.nearest)} for item in self.unrecognized],
            "ignored": list(self.ignored), "warnings": list(self.warnings),
        }  # fmt: skip

    def to_json(self, *, indent: int | None = None) -> str:
        """The same as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)
