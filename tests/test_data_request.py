"""The data request of a trial: every fact that it reads, with unit, time and limits, and nothing else."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from random import Random

import pytest

from eligibility import Vocabulary, compile_trial, load_trials, screen
from eligibility.data_request import COLUMNS, Wanted, as_csv, as_json, as_table, data_request, rows
from eligibility.vocabulary import bundled_vocabulary
from eligibility.wording import applicability
from eligibility.writing import Writer

HEAD = 'trial T "t"\n\ninclude:\n  1 "one":\n'


def trial_of(text: str, head: str = HEAD, vocabulary: Vocabulary | None = None):
    body = "".join(f"    {line}\n" for line in text.splitlines())
    return compile_trial(head + body, vocabulary=vocabulary)


def wanted(text: str) -> list[tuple[str, str, str]]:
    return [(item.fact, item.what, item.time) for item in data_request(trial_of(text))]


CASES = [
    ("age >= 18 years", [("age", "birth date, or age", "now")]),
    ("creatinine > 3 mg/dL", [("creatinine", "newest value", "within 7 days")]),
    ("height > 100 cm", [("height", "newest value", "any time before")]),
    ("highest lactate within 24 hours > 4 mmol/L", [("lactate", "every value", "within 24 hours")]),
    ("lowest lactate > 4 mmol/L", [("lactate", "every value", "any time before")]),
    ("first lactate > 4 mmol/L", [("lactate", "first value", "any time before")]),
    ("creatinine after surgery > 3 mg/dL",
     [("creatinine", "newest value", "after surgery"), ("surgery", "date of the newest", "any time before")]),
    ("rise in creatinine over 1 day within 7 days > 44 umol/L",
     [("creatinine", "every value with its time (pairs within 1 day)", "within 7 days")]),
    ("NYHA class >= III", [("NYHA class", "newest value", "any time before")]),
    ("malignancy", [("malignancy", "present or absent", "now")]),
    ("ARDS", [("ARDS", "present or absent, or onset", "now")]),
    ("history of malignancy", [("malignancy", "present, past or never", "any time before")]),
    ("stroke", [("stroke", "ever or never", "any time before")]),
    ("stroke within 6 months", [("stroke", "date of each", "within 6 months")]),
    ("malignancy within 1 year", [("malignancy", "onset and end of each episode", "within 1 year")]),
    ("surgery within the next 3 months", [("surgery", "date of each, and plans", "within the next 3 months")]),
    ("surgery within 28 days before first dose",
     [("surgery", "date of each", "within 28 days before first dose"), ("first dose", "time", "any time before")]),
    ("onset of ARDS within 1 week", [("ARDS", "onset of the newest episode", "within 1 week")]),
    ("time since onset of ARDS > 96 hours", [("ARDS", "onset of the newest episode", "any time before")]),
    ("malignancy for at least 3 months", [("malignancy", "present or absent, and onset", "now")]),
    ("informed consent", [("informed consent", "yes or no", "now")]),
    ('judgement "Is it so?"', [("include.1", "yes or no", "now")]),
    ("creatinine / urea > 0.1",
     [("creatinine", "newest value", "within 7 days"), ("urea", "newest value", "within 7 days")]),
    ("PaO2/FiO2 < 200 mmHg",
     [("FiO2", "newest value at or before each PaO2", "within 24 hours before it"), ("PaO2", "newest value", "within 24 hours"),
      ("PaO2/FiO2", "newest value", "within 24 hours")]),
    ("PaO2/FiO2 after surgery < 200 mmHg",
     [("FiO2", "newest value at or before each PaO2", "within 24 hours before it"), ("PaO2", "newest value", "after surgery"),
      ("PaO2/FiO2", "newest value", "after surgery"), ("surgery", "date of the newest", "any time before")]),
    ("SOFA change >= 2",
     [("baseline SOFA", "newest value", "any time before"), ("SOFA", "newest value", "within 24 hours"),
      ("SOFA change", "newest value", "within 24 hours")]),
    ("MELD > 40",
     [(name, "newest value", "within 7 days, and within 7 days before another value for MELD") for name in ("creatinine", "INR")]
     + [("MELD", "newest value", "within 7 days"),
        ("total bilirubin", "newest value", "within 7 days, and within 7 days before another value for MELD")]),
    ("pregnancy",  # a man, or a child, is not pregnant, whatever else is known
     [("age", "birth date, or age", "now"), ("sex", "newest value", "any time before"), ("pregnancy", "present or absent", "now")]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "facts"), CASES)
def test_what_a_construct_reads(rule: str, facts: list[tuple[str, str, str]]) -> None:
    assert wanted(rule) == facts


def test_who_sends_what_was_requested_of_a_computed_quantity_gets_the_same_outcome() -> None:
    """The FiO2 of a gas is older than the gas; the newest FiO2 alone would not do."""
    trial = trial_of("PaO2/FiO2 after protective ventilation < 200 mmHg")
    gas = {
        "PaO2": [{"value": "80 mmHg", "at": "2024-03-04T06:00Z"}],
        "protective ventilation": {"onset": "2024-03-04T05:30Z"},
    }
    before, behind = {"value": "60 %", "at": "2024-03-04T05:00Z"}, {"value": "30 %", "at": "2024-03-04T07:00Z"}

    def outcome(*values: object) -> str:
        found = screen(gas | {"FiO2": list(values)}, [trial], at="2024-03-04T08:00Z")["T"]
        return found.criteria["include.1"].outcome

    assert outcome(before, behind) == outcome(before) == "met"
    assert outcome(behind) == "unknown"


def test_limits_are_wanted_where_a_rule_reads_them() -> None:
    (item,) = data_request(trial_of("ALT > 2 x ULN and ALT > 0.5 x LLN"))
    assert item.limits == ("upper", "lower")
    assert item.unit == "U/L"
    assert data_request(trial_of("ALT > 100 U/L"))[0].limits == ()


def test_one_fact_of_many_criteria_stands_once() -> None:
    text = 'trial T "t"\n\ninclude:\n  1 "a": malignancy\nexclude:\n  1 "b": malignancy or stroke\n'
    found = {item.fact: item.criteria for item in data_request(compile_trial(text))}
    assert found == {"malignancy": ("include.1", "exclude.1"), "stroke": ("exclude.1",)}


def test_the_trial_says_how_old_a_value_may_be() -> None:
    trial = trial_of("creatinine > 3 mg/dL and height > 100 cm", HEAD.replace('"t"\n', '"t"\n  values "30 days"\n', 1))
    assert {item.fact: item.time for item in data_request(trial)} == {
        "creatinine": "within 30 days",
        "height": "any time before",
    }


def test_notes_say_what_else_counts() -> None:
    found = {item.fact: item for item in data_request(trial_of("A-a gradient > 35 mmHg and malignancy and pregnancy"))}
    assert "computed from" in found["A-a gradient"].note
    assert "760 mmHg is assumed where it is not given" in found["barometric pressure"].note
    assert found["FiO2"].note == "for A-a gradient, where that is not given"
    assert "leukemia" in found["malignancy"].note
    assert found["pregnancy"].note == "of females from 8 years"
    assert dict(found["malignancy"].codes)["icd10"] == ("C80",)


# --- nothing is left out, nothing is too much ------------------------------------------------------------------------


@pytest.mark.parametrize("trial", load_trials(), ids=lambda trial: trial.id)
def test_whoever_sends_nothing_is_asked_for_no_more_than_was_requested(trial) -> None:
    """The needs of an empty record are facts of the request: the evaluator reads nothing that was not asked for."""
    asked = {item.fact for item in data_request(trial)} | {f"{trial.id}/{item.fact}" for item in data_request(trial)}
    for need in screen({}, [trial], at="2024-03-04T08:00Z")[trial.id].needs:
        assert need.concept in asked


def test_the_needs_of_random_rules_were_requested() -> None:
    words = bundled_vocabulary()
    for seed in range(300):
        trial = trial_of(Writer(words, Random(seed)).body())
        request = data_request(trial)
        asked = {item.fact for item in request} | {f"T/{item.fact}" for item in request}
        for need in screen({}, [trial], at="2024-03-04T08:00Z")["T"].needs:
            assert need.concept in asked, (trial.source.text, need)
        assert len({(item.fact, item.what, item.time) for item in request}) == len(request)
        assert all(item.criteria == ("include.1",) for item in request)


# --- written ---------------------------------------------------------------------------------------------------------


def test_csv_and_json_hold_the_same_rows() -> None:
    (trial,) = [item for item in load_trials() if item.id == "NCT06416709"]
    request = data_request(trial)
    read = list(csv.DictReader(io.StringIO(as_csv(request))))
    assert tuple(read[0]) == COLUMNS
    content = json.loads(as_json(trial, request))
    assert content["schema"] == "eligibility-data-request-1"
    assert content["trial"] == "NCT06416709"
    assert (
        [row["fact"] for row in read] == [item["fact"] for item in content["facts"]] == [item.fact for item in request]
    )
    assert [row["time"] for row in read] == [item["time"] for item in content["facts"]]
    assert len(rows(request)) == len(request)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_is_a_formula_of_a_spreadsheet(text: str) -> None:
    item = Wanted("include.1", "judgement", "yes or no", "now", note=text)
    (row,) = list(csv.DictReader(io.StringIO(as_csv((item,)))))
    assert row["note"] == f"'{text}"


def test_the_table_fits_a_terminal() -> None:
    for trial in load_trials():
        text = as_table(data_request(trial))
        assert max(map(len, text.splitlines())) <= 80
        for item in data_request(trial):
            assert item.fact in text


def test_the_request_of_an_empty_list() -> None:
    assert as_csv(()) == f"{','.join(COLUMNS)}\n"
    assert as_table(()) == "\n"


@pytest.mark.parametrize(
    ("sex", "months", "told"),
    [
        ("female", 96, "females from 8 years"), ("female", 0, "females"), ("male", 18, "males from 18 months"),
        (None, 6, "everybody from 6 months"),
    ],
)  # fmt: skip
def test_to_whom_a_condition_applies_is_told_to_the_month(sex, months, told):
    concept = bundled_vocabulary()["pregnancy"]
    assert applicability(replace(concept, applies_to_sex=sex, applies_from_months=months)) == told
