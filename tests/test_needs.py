"""What an open criterion asks for, by hand: the facts of computed quantities, of anchors, of plans; and needs of a whole trial."""

import pytest

from eligibility import Vocabulary, compile_trial, screen
from eligibility.needs import merge
from eligibility.results import Need

AT = "2024-03-04T08:00Z"
DAY = "2024-03-04"
BEYOND = "a value for which the formula has a result"


def asked(formula, patient, vocabulary=None, at=AT):
    trial = compile_trial(f'trial KIT "kit"\n\ninclude:\n  1 "case": {formula}\n', vocabulary=vocabulary)
    needs = screen(patient, [trial], at=at)["KIT"].criteria[0].needs
    return [(need.concept, need.asks) for need in needs]


# --- a trial ---------------------------------------------------------------------------------------------------------


def test_needs_of_a_trial_are_one_for_each_fact():
    """What most criteria wait for stands first, what a person must answer last."""
    needs = [
        Need("T/exclude.3", "answer", "no", ("exclude.3",), "Is it so?"),
        Need("age", "value, or birth date", None, ("include.2",)),
        Need("creatinine", "value", "below 442 umol/L", ("include.1",)),
        Need("consent", "answer", "yes", ("include.4", "include.5", "include.6")),
        Need("creatinine", "value within 24 hours", "above 100 umol/L", ("exclude.2",)),
        Need("creatinine", "value", "below 442 umol/L", ("exclude.2", "exclude.9")),
    ]
    assert merge(needs) == (
        Need("creatinine", "value; value within 24 hours", "below 442 umol/L and above 100 umol/L", ("include.1", "exclude.2", "exclude.9")),
        Need("age", "value, or birth date", None, ("include.2",)),
        Need("consent", "answer", "yes", ("include.4", "include.5", "include.6")),
        Need("T/exclude.3", "answer", "no", ("exclude.3",), "Is it so?"),
    )  # fmt: skip
    assert merge([]) == ()


def test_one_fact_asked_twice_is_one_need():
    assert asked("creatinine > 5 mg/dL or highest creatinine within 1 day > 6 mg/dL", {}) == [
        ("creatinine", "value; value within 1 day")
    ]
    assert asked("creatinine > 5 mg/dL and creatinine < 9 mg/dL", {}) == [("creatinine", "value")]


# --- computed quantities ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "patient", "expected"),
    [
        # MELD takes creatinine from 1 to 4 mg/dL, bilirubin and INR from 1 upwards
        ("MELD > 20", {}, ["total bilirubin", "INR", "creatinine"]),
        ("MELD > 30", {"INR": 2, "creatinine": "2 mg/dL"}, ["total bilirubin"]),
        ("MELD > 30", {"INR": 2, "creatinine": "<0.9 mg/dL"}, ["total bilirubin"]),  # below its floor: 1
        ("MELD > 30", {"INR": 2, "creatinine": ">4.5 mg/dL"}, ["total bilirubin"]),  # above its cap: 4
        ("MELD > 30", {"INR": 2, "creatinine": "<3 mg/dL"}, ["total bilirubin", "creatinine"]),
        ("MELD > 10", {"INR": "<0.9", "total bilirubin": "<0.5 mg/dL"}, ["creatinine"]),
        ("PaO2/FiO2 < 200 mmHg", {"PaO2": "82 mmHg"}, ["FiO2"]),
        ("PaO2/FiO2 < 200 mmHg", {"FiO2": "40 %"}, ["PaO2"]),
        ("PaO2/FiO2 < 200 mmHg", {"PaO2": "60 to 90 mmHg", "FiO2": "40 %"}, ["PaO2"]),
        ("A-a gradient > 30 mmHg", {"FiO2": "40 %", "PaO2": "82 mmHg"}, ["PaCO2"]),  # the pressure of the air is assumed
        ("BMI > 30 kg/m^2", {"height": "180 cm"}, ["weight"]),
        ("eGFR < 60 mL/min/1.73m^2", {"sex": "male", "creatinine": "1.3 mg/dL"}, ["age"]),
        ("eGFR < 60 mL/min/1.73m^2", {"sex": "male", "age": 60}, ["creatinine"]),
        ("eGFR < 55 mL/min/1.73m^2", {"age": 60, "creatinine": "1.3 mg/dL"}, ["sex"]),
        ("anion gap > 12 mmol/L", {"sodium": "140 mmol/L", "bicarbonate": "24 mmol/L"}, ["chloride"]),
        ("FIB-4 > 2", {"age": 60, "AST": "40 U/L", "platelets": "150 10^9/L"}, ["ALT"]),
    ],
)  # fmt: skip
def test_of_a_computed_quantity_the_inputs_that_would_tell_more_are_asked(formula, patient, expected):
    assert [name for name, _ in asked(formula, patient)] == expected


def test_an_input_is_asked_for_the_time_of_the_sample():
    patient = {
        "PaO2": {"value": "82 mmHg", "at": f"{DAY}T06:00Z"},
        "FiO2": {"value": "40 %", "at": f"{DAY}T07:00Z"},
    }
    assert asked("PaO2/FiO2 < 200 mmHg", patient) == [("FiO2", f"value at or before {DAY}T06:00Z")]
    assert asked("PaO2/FiO2 < 200 mmHg", {"PaO2": {"value": "82 mmHg", "at": AT}}) == [("FiO2", "value")]
    assert asked("PaO2/FiO2 < 200 mmHg", {"PaO2": "82 mmHg"}) == [("FiO2", "value")]


def test_inputs_that_are_known_now_are_enough_where_a_value_of_now_would_do():
    assert [name for name, _ in asked("PaO2/FiO2 within 24 hours < 200 mmHg", {"FiO2": "40 %"})] == ["PaO2"]
    patient = {"FiO2": "40 %", "surgery": {"at": "2024-03-01T08:00Z"}}
    assert [name for name, _ in asked("PaO2/FiO2 before surgery < 200 mmHg", patient)] == ["PaO2", "FiO2"]
    assert [name for name, _ in asked("PaO2/FiO2 after surgery < 200 mmHg", patient)] == ["PaO2"]


def test_the_currency_of_a_trial_counts_for_inputs():
    """An FiO2 of two days ago is known where the trial says `values "3 days"`, and not by its own 24 hours."""
    patient = {
        "PaO2": {"value": "82 to 90 mmHg", "at": f"{DAY}T06:00Z"},
        "FiO2": {"value": "40 %", "at": "2024-03-02T06:00Z"},
    }
    text = 'trial KIT "kit"\n  values "3 days"\n\ninclude:\n  1 "case": PaO2/FiO2 < 210 mmHg\n'
    needs = screen(patient, [compile_trial(text)], at=AT)["KIT"].criteria[0].needs
    assert [need.concept for need in needs] == ["PaO2"]
    assert [name for name, _ in asked("PaO2/FiO2 < 210 mmHg", patient)] == ["PaO2", "FiO2"]


NESTED = """
[concept."double ratio"]
kind = "quantity"
unit = "mmHg"
about = "twice the ratio"
source = "own"
current_for = "24 hours"
formula = "PaO2/FiO2 * 2"
formula_source = "own"
"""


def test_a_computed_quantity_of_a_computed_one(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(NESTED)
    words = Vocabulary.load(path)
    assert asked("double ratio > 400 mmHg", {}, words) == [("PaO2", "value"), ("FiO2", "value")]
    assert asked("double ratio > 400 mmHg", {"PaO2": "82 mmHg"}, words) == [("FiO2", "value")]


@pytest.mark.parametrize(
    ("formula", "patient", "expected"),
    [
        ("FIB-4 > 2", {"age": 60, "AST": "40 U/L", "ALT": "40 U/L", "platelets": "0 10^9/L"}, [("FIB-4", BEYOND)]),
        ("(SOFA change) ^ 1.2 > 2", {"SOFA": 3, "baseline SOFA": 5}, [("SOFA change", BEYOND)]),
        ("ln(SOFA) > 1", {"SOFA": 0}, [("SOFA", BEYOND)]),
        ("AST / ALT > 2", {"AST": "40 U/L", "ALT": "0 U/L"}, [("AST", BEYOND), ("ALT", BEYOND)]),
    ],
)  # fmt: skip
def test_what_has_no_result_is_said(formula, patient, expected):
    assert asked(formula, patient) == expected


def test_a_change_of_a_computed_quantity_asks_for_its_inputs_at_two_times():
    twice = "values at two times at most 1 day apart"
    assert asked("rise in PaO2/FiO2 over 1 day > 50 mmHg", {}) == [("PaO2", twice), ("FiO2", twice)]
    assert asked("rise in A-a gradient over 1 day > 50 mmHg", {}) == [
        ("FiO2", twice),
        ("PaCO2", twice),
        ("PaO2", twice),
    ]
    assert asked("rise in creatinine over 1 day within 3 days > 5 mg/dL", {}) == [
        ("creatinine", f"{twice} within 3 days")
    ]
    rows = [{"value": value, "at": f"{DAY}T0{hour}:00Z"} for hour, value in ((5, "60 mmHg"), (7, "90 mmHg"))]
    asks = [f"value at or before {DAY}T0{hour}:00Z" for hour in (5, 7)]
    assert asked("rise in PaO2/FiO2 over 1 day > 50 mmHg", {"PaO2": rows}) == [("FiO2", "; ".join(asks))]


# --- anchors, plans, limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "patient", "expected"),
    [
        ("creatinine after surgery > 5 mg/dL", {}, [("surgery", "whether and when it began"), ("creatinine", "value after surgery")]),
        ("creatinine after surgery > 5 mg/dL", {"creatinine": "6 mg/dL"}, [("surgery", "whether and when it began")]),
        ("creatinine after surgery > 5 mg/dL", {"surgery": {"at": DAY}, "creatinine": {"value": "6 mg/dL", "at": f"{DAY}T05:00Z"}},
         [("surgery", "exact time")]),
        ("creatinine after surgery > 5 mg/dL", {"surgery": {"at": "2024-03-01"}}, [("creatinine", "value after surgery")]),
        ("ALT after surgery > 2 x ULN", {"ALT": "60 U/L"}, [("surgery", "whether and when it began"), ("ALT", "upper limit of normal")]),
        ("ALT after surgery > 2 x ULN", {"ALT": {"value": "60 U/L", "upper_limit": "40 U/L"}}, [("surgery", "whether and when it began")]),
        ("hemoglobin < LLN", {"hemoglobin": "<90 g/L"}, [("hemoglobin", "exact value, with its lower limit of normal")]),
        ("rise in creatinine over 1 day within 3 days after surgery > 5 mg/dL", {},
         [("surgery", "whether and when it began"), ("creatinine", "values at two times at most 1 day apart within 3 days after surgery")]),
        ("creatinine after surgery > 5 mg/dL", {"surgery": {"at": "2024-03-03"}, "creatinine": {"value": "6 mg/dL", "at": "2024-03-03"}},
         [("surgery", "exact time"), ("creatinine", "exact time")]),
        ("ALT within 24 hours > 2 x ULN", {"ALT": {"value": "60 U/L", "at": "2024-03-03", "upper_limit": "40 U/L"}}, [("ALT", "exact time")]),
        ("hemoglobin < LLN", {"hemoglobin": {"value": "90 g/L", "upper_limit": "160 g/L"}}, [("hemoglobin", "lower limit of normal")]),
        ("hemoglobin < LLN", {"hemoglobin": "90 g/L"}, [("hemoglobin", "lower limit of normal")]),
        ("surgery within 7 days after ARDS", {"ARDS": {"onset": "2024-03-03T08:00Z"}}, [("surgery", "whether and when; plan")]),
        ("surgery within 7 days after ARDS", {"ARDS": {"onset": "2024-01-03T08:00Z"}}, [("surgery", "whether and when")]),
        ("surgery within 7 days after ARDS", {"ARDS": {"onset": "2024-03-03T08:00Z"}, "surgery": {"at": "2024-01-01"}},
         [("surgery", "date; plan")]),
        ("surgery within 7 days after ARDS", {"ARDS": {"onset": "2024-03-03T08:00Z"}, "surgery": {"at": "2024-01-01T08:00Z"}},
         [("surgery", "plan")]),
        ("surgery within 7 days after ARDS", {"ARDS": {"onset": "2024-01"}, "surgery": {"at": "2024-01-20T08:00Z"}}, [("ARDS", "exact time")]),
        ("surgery within 5 days before consent", {"surgery": True}, [("consent", "time"), ("surgery", "date")]),
        ("ARDS for at least 10 days", {"ARDS": {"onset": "2024-02-23"}}, [("ARDS", "onset")]),
        ("stroke within 6 months", {"stroke": True}, [("stroke", "date")]),
        ("malignancy within 6 months", {"malignancy": {"onset": "2015", "resolved": "2023-09"}}, [("malignancy", "onset and resolution")]),
    ],
)  # fmt: skip
def test_what_anchors_plans_and_limits_leave_open(formula, patient, expected):
    assert asked(formula, patient) == expected
