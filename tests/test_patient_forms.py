"""Patient records as Python holds them: numbers and dates of all classes, mappings that are no dict, keys that are no text;
every problem at once, under the key as it was written; and no value of a patient in a message."""

import collections
import datetime as dt
import math
import types
from decimal import Decimal
from fractions import Fraction

import pint
import pytest

from eligibility import Patient, PatientError, compile_trial, screen
from eligibility.unreadable import MOST_MESSAGES

AT = "2024-03-04T08:00Z"
UREG = pint.UnitRegistry()


def outcome(rule, patient):
    trial = compile_trial(f'trial T "t"\ninclude:\n  1 "a": {rule}\n')
    return screen(patient, [trial], at=AT)["T"].criteria["include.1"].outcome


def problems(patient, *, with_instant=False):
    with pytest.raises(PatientError) as caught:
        screen(patient, [], at=AT) if with_instant else Patient.parse(patient)
    return caught.value.problems


def numpy_scalar(value):
    """What a scalar of numpy looks like from outside; numpy itself is not needed to read one."""
    kind = type("float64", (), {"item": lambda self: value, "shape": (), "__module__": "numpy"})
    return kind()


class Row(collections.abc.Mapping):
    def __init__(self, content):
        self._content = content

    def __getitem__(self, key):
        return self._content[key]

    def __iter__(self):
        return iter(self._content)

    def __len__(self):
        return len(self._content)


NUMBERS = [
    Decimal("2.0"), Fraction(2), Fraction(4, 2), numpy_scalar(2.0), numpy_scalar(2), 2, 2.0, "2", (2,), [2], Row({"value": 2}),
    {"value": Decimal(2)}, {"value": numpy_scalar(2)}, {"value": 2, "at": dt.datetime(2024, 3, 4, 7, tzinfo=dt.UTC)},
    {"value": 2, "at": dt.datetime(2024, 3, 4, 7)}, {"value": 2, "at": dt.date(2024, 3, 3)}, Decimal("2." + "0" * 5000 + "1"),
]  # fmt: skip


@pytest.mark.parametrize("value", NUMBERS, ids=range(len(NUMBERS)))
def test_numbers_of_all_classes(value):
    assert outcome("INR >= 2", {"INR": value}) == "met"
    assert outcome("INR > 2.5", {"INR": value}) == "not met"


NO_NUMBERS = [
    math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e999999"), 10**5000,
    -(10**5000), Fraction(10**5000), 2j, b"2", {1, 2}, object(), numpy_scalar(math.nan), numpy_scalar(None), iter([2]), (2, 3),
    True, numpy_scalar(True), lambda: 2, Decimal,
]  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
def test_what_is_no_number(value):
    assert [problem.key for problem in problems({"INR": value})] == ["INR"]


@pytest.mark.parametrize("value", [Decimal("1e-999999"), Fraction(1, 10**5000), 1e-300], ids=range(3))
def test_a_tiny_number_is_a_number(value):
    assert outcome("INR < 0.001", {"INR": value}) == "met"


PINT = [
    ("creatinine >= 442 umol/L", "creatinine", 5 * UREG.mg / UREG.dL),
    ("creatinine >= 442 umol/L", "creatinine", {"value": UREG.Quantity(442, "umol/L"), "at": "2024-03-04"}),
    ("temperature >= 38 degC", "temperature", UREG.Quantity(100.4, "degF")),
    ("PEEP >= 8 cmH2O", "PEEP", UREG.Quantity(Decimal(8), "cmH2O")),
    ("SpO2 <= 93 %", "SpO2", UREG.Quantity(93, "percent")),
]


@pytest.mark.parametrize(("rule", "key", "value"), PINT)
def test_quantities_of_pint(rule, key, value):
    assert outcome(rule, {key: value}) == "met"


@pytest.mark.parametrize(
    "value",
    [
        UREG.Quantity(442, "mmHg"), UREG.Quantity(math.nan, "umol/L"), UREG.Quantity(5, ""),
        {"value": UREG.Quantity(442, "umol/L"), "unit": "umol/L"},
    ],
)  # fmt: skip
def test_quantities_of_pint_that_cannot_be_used(value):
    assert [problem.key for problem in problems({"creatinine": value})] == ["creatinine"]


@pytest.mark.parametrize("value", [18, 18.0, Decimal("18"), numpy_scalar(18), Fraction(18), "18", {"value": 18}])
def test_ages_of_all_classes(value):
    assert outcome("age >= 18 years", {"age": value}) == "met"
    assert outcome("age < 19 years", {"age": value}) == "met"


NO_AGES = [math.nan, math.inf, 10**400, -1, 54.9999999, 1e308, Decimal("sNaN"), True, [18], {}, {"unit": "years"}, "", b"18"]  # fmt: skip


@pytest.mark.parametrize("value", NO_AGES, ids=range(len(NO_AGES)))
def test_what_is_no_age(value):
    assert [problem.key for problem in problems({"age": value})] == ["age"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (numpy_scalar(True), "met"), (numpy_scalar(False), "not met"), ({"present": numpy_scalar(True)}, "met"),
        ({"onset": dt.date(2020, 1, 1)}, "met"), ({"onset": dt.datetime(2020, 1, 1, 8)}, "met"), ((), "not met"),
        ({"onset": numpy_scalar(dt.date(2020, 1, 1))}, "met"), (Row({"present": False}), "not met"),
    ],
)  # fmt: skip
def test_conditions_of_all_classes(value, expected):
    assert outcome("malignancy", {"malignancy": value}) == expected


def test_a_date_that_is_no_date():
    class NotATime(dt.datetime):
        def __ne__(self, other):
            return True

        __hash__ = dt.datetime.__hash__

    (told,) = problems({"malignancy": {"onset": NotATime(2020, 1, 1)}})
    assert "onset" in told.message


@pytest.mark.parametrize(
    "patient",
    [Row({"INR": 2}), types.MappingProxyType({"INR": 2}), collections.OrderedDict(INR=2), collections.ChainMap({"INR": 2}, {"INR": 1})],
    ids=["own", "proxy", "ordered", "chain"],
)  # fmt: skip
def test_mappings_that_are_no_dict(patient):
    assert outcome("INR >= 2", patient) == "met"


@pytest.mark.parametrize("key", [5, None, ("a",), b"malignancy", 10**5000, 1.5, True], ids=range(7))
def test_keys_that_are_no_text(key):
    assert [problem.message for problem in problems({key: 1})] == ["a key must be a text"]
    for patient in ({"malignancy": {key: 1}}, {"INR": {"value": 1, key: 1}}, {"age": {"value": 1, key: 1}}, {"trials": {key: {}}},
                    {"judgements": {key: True}}, {"NYHA class": {"value": "I", key: 1}}):  # fmt: skip
        assert len(problems(patient)) == 1


def test_a_record_that_holds_itself():
    patient = {}
    patient["malignancy"] = patient
    assert problems(patient)
    patient = {}
    patient["foo"] = patient
    assert [item.key for item in Patient.parse(patient).unrecognized] == ["foo"]


# --- how problems are told -------------------------------------------------------------------------------------------


def test_the_key_as_it_was_written_and_the_name_it_stands_for():
    told = problems({"WBC": "5 mmHg", "leukocytes": "6 bananas", "gender": "q", "creatinine": 5, "Creatinin_": 1})
    assert [(problem.key, problem.concept) for problem in told] == [
        ("WBC", "white cell count"), ("leukocytes", "white cell count"), ("gender", "sex"), ("creatinine", "creatinine"),
    ]  # fmt: skip
    assert str(told[0]).startswith("WBC (white cell count): `mmHg`")
    assert str(told[3]).startswith("creatinine: ")


def test_all_that_is_wrong_with_one_fact_is_told():
    told = problems(
        {
            "malignancy": [{"onset": "2020-13", "resolved": "soon"}, {"present": 1, "status": "active"}, 7],
            "creatinine": {"value": "high", "at": "noon", "upper_limit": "1 mmHg", "unit": "foo", "lower": 3},
            "NYHA class": {"value": "V", "at": "2024-02-30", "by": "me"},
        }
    )
    assert [(problem.key, problem.message.split("`")[1] if "`" in problem.message else "") for problem in told] == [
        ("malignancy", "2020-13"), ("malignancy", "resolved"), ("malignancy", "status"), ("malignancy", "present"),
        ("malignancy", ""), ("creatinine", "lower"), ("creatinine", "at"), ("creatinine", "82 mmHg"),
        ("creatinine", "mmHg"), ("NYHA class", "by"), ("NYHA class", "at"), ("NYHA class", ""),
    ]  # fmt: skip
    assert "occurrence 1" in told[0].message
    assert "occurrence 3" in told[4].message


def test_what_facts_say_together_is_told_beside_what_cannot_be_read():
    told = problems({"creatinine": 5, "gender": "M", "pregnant": True, "cancer": False, "leukaemia": True})
    assert [problem.key for problem in told] == ["creatinine", "pregnant", "cancer"]
    assert "`leukaemia`" in told[2].message


def test_very_many_problems_of_one_fact_are_cut():
    told = problems({"INR": [{"value": "high", "at": "2024-01-01"}] * 5000})
    assert len(told) == MOST_MESSAGES + 1
    assert "4,980 more" in told[-1].message


INSTANT = [
    ({"age": 54, "birth_date": "1990-01-01"}, "age", "birth_date"),
    ({"cancer": False, "leukaemia": [{"onset": "2010"}]}, "cancer", "leukaemia"),
    ({"tumor": False, "lymphoma": {"onset": "2010", "resolved": "2012"}}, "tumor", "lymphoma"),
    ({"stroke": False, "acute cerebral hemorrhage": {"onset": "2020-01-01"}}, "stroke", "acute cerebral hemorrhage"),
    ({"birth_date": "2020", "pregnant": True}, "pregnant", "age"),
]


@pytest.mark.parametrize(("patient", "key", "word"), INSTANT)
def test_what_depends_on_the_instant_is_told_with_the_same_keys(patient, key, word):
    Patient.parse(patient)
    (told,) = problems(patient, with_instant=True)
    assert told.key == key
    assert word in told.message


@pytest.mark.parametrize(
    "patient", [{"age": "5 years", "pregnancy": True}, {"age": "95 months", "lactation": {"onset": "2024"}}]
)
def test_a_stated_age_needs_no_instant(patient):
    (told,) = problems(patient)
    assert "age" in told.message
    Patient.parse({"age": "8 years", "pregnancy": True})


SECRET = [
    {"creatinine": "73519 foo"}, {"creatinine": 73519}, {"creatinine": "73519-73520 umol/L"}, {"creatinine": "73,519 umol/L"},
    {"FiO2": "73519 %"}, {"FiO2": 73519}, {"FiO2": "<-73519 %"}, {"creatinine": "73520 to 73519 umol/L"}, {"age": "73519 years"},
    {"age": 73519.5}, {"age": "73519 moons"}, {"NYHA class": "73519"}, {"creatinine": {"value": "5 mg/dL", "upper_limit": "-73519 mg/dL"}},
    {"life expectancy": "73519.5 months"}, {"creatinine": "x73519"}, {"informed consent": "73519"}, {"malignancy": 73519},
    {"creatinine": "73519 mg/dL", "SCr": "73520 mg/dL"},
]  # fmt: skip


@pytest.mark.parametrize("patient", SECRET, ids=range(len(SECRET)))
def test_no_value_of_a_patient_stands_in_a_message(patient):
    for problem in problems(patient):
        assert "73519" not in str(problem).replace(" ", "")


def test_offending_units_dates_and_names_are_repeated_and_shortened():
    (told,) = problems({"creatinine": "5 " + "q" * 50})
    assert "q" * 30 in told.message
    (told,) = problems({"creatinine": {"value": 5, "unit": "q" * 5000}})
    assert len(told.message) < 200
    (told,) = problems({"malignancy": {"onset": "9" * 5000}})
    assert "9" * 30 in told.message
    assert len(told.message) < 250
    assert len(str(problems({"x" * 100_000: 1, "INR": {"y" * 100_000: 1}})[0])) < 300


# --- one concept under two names -------------------------------------------------------------------------------------

AGREEING = [
    {"hemoglobin": "6 g/dL", "haemoglobin": "60 g/L"}, {"creatinine": "5 mg/dL", "SCr": "5.0 mg/dL"}, {"cancer": True, "Malignancy": True},
    {"creatinine": None, "SCr": "5 mg/dL"}, {"creatinine": "5 mg/dL", "SCr": None}, {"NYHA": "III", "NYHA class": "class 3"},
    {"surgery": {"at": "2024-01-01"}, "operation": {"onset": "2024-01-01"}}, {"age": 54, "current age": "54 years"},
    {"creatinine": {"value": "5 mg/dL", "at": "2024-03-01T08:00Z"}, "SCr": {"value": 5, "unit": "mg/dL", "at": "2024-03-01T08:00:00Z"}},
]  # fmt: skip


@pytest.mark.parametrize("patient", AGREEING, ids=range(len(AGREEING)))
def test_two_names_that_agree(patient):
    assert not Patient.parse(patient).nulls


def test_what_is_given_twice_for_one_trial_must_agree():
    told = problems({"trials": {"T": {"informed consent": True, "consent given": False}}})
    assert [problem.key for problem in told] == ["trials.T.consent given"]
    told = problems({"trials": {"T": {"informed consent": True}, "t": {"informed consent": False}}})
    assert [problem.key for problem in told] == ["trials.t"]
    told = problems({"judgements": {"T/include.1": True, "t/INCLUDE.1": False}})
    assert [problem.key for problem in told] == ["judgements.t/INCLUDE.1"]
    assert Patient.parse({"trials": {"T": None}}).overrides == {}


def test_a_lower_limit_of_zero_is_a_limit():
    patient = {"C-reactive protein": {"value": "6 mg/L", "lower_limit": 0, "upper_limit": 5}}
    assert outcome("C-reactive protein > ULN", patient) == "met"
    for limits in ({"lower_limit": -1}, {"upper_limit": 0}, {"upper_limit": -1}):
        assert problems({"C-reactive protein": {"value": "6 mg/L", **limits}})
