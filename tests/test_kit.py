"""The conformance kit: the contract of the language as cases of rule, patient and outcome, run through the public API."""

import json
from collections import Counter
from pathlib import Path

import pytest

from conftest import pytest_make_parametrize_id
from eligibility import Patient, PatientError, RuleError, compile_trial, screen

KIT = Path(__file__).parent / "kit"
CASES = [
    (path.stem, json.loads(line))
    for path in sorted(KIT.glob("*.jsonl"))
    for line in path.read_text("utf-8").splitlines()
    if line
]


def named(stem, case):
    return pytest.param(case, id=f"{stem} {pytest_make_parametrize_id(None, case['case'], 'case')}")


def of_kind(key):
    return [named(stem, case) for stem, case in CASES if key in case]


def wrapped(rule):
    return 'trial KIT "kit"\n\ninclude:\n  1 "case":\n' + "".join(f"    {line}\n" for line in rule.splitlines())


def options(case):
    return {name: case[name] for name in ("at", "absent") if case.get(name) is not None}


def formula_cases():
    return [named(stem, case) for stem, case in CASES if "outcome" in case and "rule" in case]


@pytest.mark.parametrize("case", formula_cases())
def test_formula(case):
    screening = screen(case["patient"], [compile_trial(wrapped(case["rule"]))], **options(case))
    criterion = screening["KIT"].criteria["include.1"]
    assert criterion.outcome == case["outcome"], criterion.reason
    assert set(case.get("unrecognized", ())) <= {item.key for item in screening.unrecognized}
    assert criterion.reason.endswith(".")
    assert bool(criterion.needs) is (criterion.outcome == "unknown")


@pytest.mark.parametrize("case", of_kind("error"))
def test_refused_rule(case):
    with pytest.raises(RuleError) as caught:
        compile_trial(wrapped(case["rule"]))
    told = "\n".join(f"{d.message}\n{d.help or ''}" for d in caught.value.diagnostics).casefold()
    assert not [word for word in case["error"] if word.casefold() not in told], told
    assert all(d.line >= 1 and d.column >= 1 and d.code for d in caught.value.diagnostics)


@pytest.mark.parametrize("case", of_kind("refused"))
def test_refused_patient(case):
    for read in (
        Patient.parse,
        lambda patient: screen(patient, [compile_trial(wrapped("malignancy"))], at="2024-03-04T08:00Z"),
    ):
        with pytest.raises(PatientError) as caught:
            read(case["patient"])
        told = str(caught.value).casefold()
        assert not [word for word in case["refused"] if word.casefold() not in told], told


@pytest.mark.parametrize("case", of_kind("verdict"))
def test_trial(case):
    trial = screen(case["patient"], [case["trial"]], **options(case))[case["trial"]]
    outcomes = {address: trial.criteria[address].outcome for address in case.get("criteria", {})}
    assert outcomes == case.get("criteria", {})
    assert trial.verdict == case["verdict"]


def test_the_kit_is_large_and_doubts_as_much_as_it_affirms():
    kinds = Counter(
        "refusal" if "error" in case or "refused" in case else case.get("outcome") or case.get("verdict")
        for _, case in CASES
    )
    doubts = kinds["refusal"] + kinds["unknown"] + kinds["undetermined"] + kinds["review"]
    happy = kinds["met"] + kinds["eligible"]
    assert sum(kinds.values()) >= 400
    assert doubts >= happy


def test_no_case_stands_twice():
    titles = Counter(case["case"] for _, case in CASES)
    assert [title for title, count in titles.items() if count > 1] == []
