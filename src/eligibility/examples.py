"""Example files beside rule files go in; which examples hold, and how the others differ, comes out.

A trial in `ID.elig` has its examples in `ID.examples.jsonl`, one JSON object a line: `example` (a title), `patient`, `at`,
perhaps `absent`, and what is expected: `verdict`, `criteria` (outcomes by address), `needs` (names of what is asked
next, all of them), `reasons` (words that stand in the reason of a criterion).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from eligibility.errors import EligibilityError, UsageError, excerpt
from eligibility.facts import Facts, prepare
from eligibility.library import Trial
from eligibility.patient import Patient
from eligibility.records import read_lines
from eligibility.results import OUTCOMES, TrialResult, Verdict
from eligibility.screening import judge

SUFFIX = ".examples.jsonl"
_KEYS = {"example", "patient", "at", "absent", "verdict", "criteria", "needs", "reasons"}


@dataclass(frozen=True)
class Example:
    """One patient and what a trial is expected to say of it."""

    title: str
    line: int
    patient: Mapping[str, Any]
    at: str | None
    absent: str
    verdict: str | None
    criteria: Mapping[str, str]
    needs: tuple[str, ...] | None
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """Where an example does not hold: of what, what was expected, what came, and why."""

    what: str
    expected: str
    found: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.found}" + (
            f"\n    {self.reason}" if self.reason else ""
        )


@dataclass(frozen=True)
class Ran:
    """One example that was run; `facts` are those that coverage is measured on, None where the patient is refused."""

    example: Example
    differences: tuple[Difference, ...]
    facts: Facts | None


def examples_path(rules: Path) -> Path:
    """Where the examples of a rule file stand."""
    return rules.with_name(rules.name.removesuffix(".elig") + SUFFIX)


def read_examples(path: Path) -> tuple[Example, ...]:
    """The examples of a file. Raises UsageError that names the file, the line and the key of everything wrong."""
    wrong: list[str] = []
    found: list[Example] = []
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for line in read_lines(stream):
                place = f"{path.name}:{line.number}"
                if line.record is None:
                    wrong.append(f"{place}: {line.error}")
                else:
                    problems = list(_problems(line.record))
                    wrong += [f"{place}: {problem}" for problem in problems]
                    if not problems:
                        found.append(_example(line.record, line.number))
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{path.name}: cannot be read") from None
    if wrong:
        raise UsageError("\n".join(wrong))
    return tuple(found)


def _problems(record: Mapping[str, Any]) -> Iterable[str]:
    title = excerpt(str(record.get("example", "?")))
    for key in record:
        if key not in _KEYS:
            yield f"example `{title}`: `{excerpt(key)}` is no key of an example; it has {', '.join(sorted(_KEYS))}"
    if not isinstance(record.get("example"), str):
        yield "`example` must be a title"
    for key in ("patient", "criteria", "reasons"):
        if key in record and not isinstance(record[key], dict):
            yield f"example `{title}`: `{key}` must be an object"
    if "patient" not in record:
        yield f"example `{title}`: `patient` is missing"
    for key, values in (
        ("verdict", get_args(Verdict)),
        ("absent", ("no", "unknown")),
    ):
        if key in record and record[key] not in values:
            yield f"example `{title}`: `{key}` is one of {', '.join(values)}"
    if not isinstance(record.get("at"), str | None):
        yield f'example `{title}`: `at` must be an instant, such as "2024-03-04T08:00Z"'
    if isinstance(record.get("reasons"), dict):
        for address, words in record["reasons"].items():
            if not isinstance(words, str):
                yield f"example `{title}`: `reasons.{excerpt(address)}` must be words that stand in the reason"
    if isinstance(record.get("criteria"), dict):
        for address, outcome in record["criteria"].items():
            if outcome not in OUTCOMES.values():
                yield f"example `{title}`: `criteria.{excerpt(address)}` is one of {', '.join(OUTCOMES.values())}"
    if "needs" in record and not (
        isinstance(record["needs"], list) and all(isinstance(item, str) for item in record["needs"])
    ):
        yield f"example `{title}`: `needs` must be a list of names"


def _example(record: Mapping[str, Any], line: int) -> Example:
    needs = record.get("needs")
    return Example(
        record["example"], line, record["patient"], record.get("at"), record.get("absent", "unknown"), record.get("verdict"),
        record.get("criteria", {}), None if needs is None else tuple(needs), record.get("reasons", {}),
    )  # fmt: skip


def run_example(trial: Trial, example: Example) -> Ran:
    """Screen the patient of an example and compare."""
    try:
        patient = Patient.parse(example.patient, vocabulary=trial.vocabulary)
        facts = prepare(patient, example.at, "no" if example.absent == "no" else "unknown")
    except EligibilityError as error:
        return Ran(example, (Difference("patient", "a record that can be used", "a refusal", str(error)),), None)
    result = judge(trial, facts)
    unread = [Difference("patient", "names that are known", str(key)) for key in patient.unrecognized]
    return Ran(example, (*unread, *_differences(example, result)), facts)


def _differences(example: Example, result: TrialResult) -> Iterable[Difference]:
    if example.verdict is not None and result.verdict != example.verdict:
        because = [f"{c.id}: {c.reason}" for c in (*result.failed, *result.open)][:3]
        yield Difference("verdict", example.verdict, result.verdict, "\n    ".join(because))
    for address, outcome in example.criteria.items():
        try:
            criterion = result.criteria[address]
        except UsageError as error:
            yield Difference(address, outcome, "no such criterion", str(error))
            continue
        if criterion.outcome != outcome:
            yield Difference(address, outcome, criterion.outcome, _under(criterion.reason, criterion.evidence))
    for address, words in example.reasons.items():
        try:
            reason = result.criteria[address].reason
        except UsageError as error:
            yield Difference(address, words, "no such criterion", str(error))
            continue
        if words.casefold() not in reason.casefold():
            yield Difference(f"reason of {address}", f"“{words}”", f"“{reason}”")
    if example.needs is not None:
        found = {need.concept for need in result.needs}
        if found != set(example.needs):
            lost, more = sorted(set(example.needs) - found), sorted(found - set(example.needs))
            said = "; ".join(
                part
                for part in (
                    f"not asked: {', '.join(lost)}" * bool(lost),
                    f"also asked: {', '.join(more)}" * bool(more),
                )
                if part
            )
            yield Difference("needs", ", ".join(example.needs) or "none", said)


def _under(reason: str, evidence: Iterable[Any]) -> str:
    """The values under each comparison."""
    lines = [reason]
    for item in evidence:
        value = item.converted or item.value or "not known"
        lines.append(f"{item.statement}  <-  {value}{f' at {item.when}' if item.when else ''}")
    return "\n    ".join(lines)


def record(trial: Trial, patients: Iterable[tuple[str, Mapping[str, Any], str]]) -> str:
    """Examples of what a trial says today, as the text of an example file: title, patient and instant of each."""
    lines = []
    for title, patient, at in patients:
        result = judge(trial, prepare(Patient.parse(patient, vocabulary=trial.vocabulary), at))
        content = {
            "example": title, "patient": patient, "at": at, "verdict": result.verdict,
            "criteria": {criterion.id: criterion.outcome for criterion in result.criteria},
        }  # fmt: skip
        lines.append(json.dumps(content, ensure_ascii=False))
    return "\n".join(lines) + "\n"
