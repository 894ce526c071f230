"""What a screening says beside its verdicts: needs, evidence, reasons, how long it holds, warnings, and its JSON.

Every expectation comes from the contract of the language (sections 4 to 6) and of the API, by hand.
"""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from eligibility import compile_trial, screen

AT = "2024-03-04T08:00:00Z"


def body(formula):
    return "".join(f"    {line}\n" for line in formula.splitlines())


def trial_of(formula, section="include"):
    return compile_trial(f'trial KIT "kit"\n\n{section}:\n  1 "case":\n' + body(formula))


def trial_with(*lines):
    """`trial_with("include", "malignancy", "exclude", "bleeding")`: one criterion in each section."""
    text = 'trial KIT "kit"\n'
    for section, formula in zip(lines[::2], lines[1::2], strict=True):
        text += f'\n{section}:\n  1 "case":\n' + body(formula)
    return compile_trial(text)


def judged(formula, patient, section="include", at=AT, **options):
    return screen(patient, [trial_of(formula, section)], at=at, **options)["KIT"].criteria[0]


def named(formula, patient, section="include", **options):
    return {need.concept for need in judged(formula, patient, section, **options).needs}


def the_need(formula, patient, section="include", **options):
    needs = judged(formula, patient, section, **options).needs
    assert len(needs) == 1, needs
    return needs[0]


def only_evidence(formula, patient, **options):
    found = judged(formula, patient, **options).evidence
    assert len(found) == 1, found
    return found[0]


def numbers_in(text):
    return [float(x) for x in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", text or "")]


def instant(text):
    return datetime.fromisoformat(text).astimezone(UTC)


# --- needs: which facts ----------------------------------------------------------------------------------------------

TWO_OF = "at least 2 of:\n  - malignancy\n  - bleeding\n  - brain herniation"


@pytest.mark.parametrize(
    ("formula", "patient", "expected"),
    [
        ("creatinine >= 442 umol/L", {}, {"creatinine"}),
        ("creatinine >= 442 umol/L", {"creatinine": None}, {"creatinine"}),
        ("malignancy or creatinine >= 442 umol/L", {}, {"malignancy", "creatinine"}),
        ("malignancy or creatinine >= 442 umol/L", {"malignancy": False}, {"creatinine"}),
        ("malignancy and creatinine >= 442 umol/L", {"malignancy": True}, {"creatinine"}),
        ("malignancy and creatinine >= 442 umol/L", {"creatinine": "500 umol/L"}, {"malignancy"}),
        # a branch that is decided takes its open atoms along
        ("(malignancy and bleeding) or brain herniation", {"malignancy": False}, {"brain herniation"}),
        ("(malignancy or bleeding) and brain herniation", {"malignancy": True}, {"brain herniation"}),
        ("not (malignancy or bleeding)", {"malignancy": False}, {"bleeding"}),
        ("if malignancy then bleeding", {"malignancy": True}, {"bleeding"}),
        ("malignancy unless bleeding", {"malignancy": True}, {"bleeding"}),
        (TWO_OF, {"malignancy": True, "bleeding": False}, {"brain herniation"}),
        (TWO_OF, {"malignancy": True}, {"bleeding", "brain herniation"}),
        (TWO_OF, {}, {"malignancy", "bleeding", "brain herniation"}),
        # a derived quantity names what is missing of it
        ("PaO2/FiO2 < 200 mmHg", {}, {"PaO2", "FiO2"}),
        ("PaO2/FiO2 < 200 mmHg", {"PaO2": "60 mmHg"}, {"FiO2"}),
        ("PaO2/FiO2 < 200 mmHg", {"FiO2": "60 %"}, {"PaO2"}),
        ("MELD > 25", {"total bilirubin": "3 mg/dL", "INR": 2}, {"creatinine"}),
        ("MELD > 40", {}, {"total bilirubin", "INR", "creatinine"}),
        ("BMI < 25 kg/m^2", {"weight": "80 kg"}, {"height"}),
        ("SOFA change >= 2", {"SOFA": 6}, {"baseline SOFA"}),
        ("SOFA change >= 2", {"baseline SOFA": 2}, {"SOFA"}),
        # what it is sampled with may be current, and yet outside of the window: there is a new value only where it is measured
        ("PaO2/FiO2 within 2 hours < 200 mmHg",
         {"PaO2": {"value": "80 mmHg", "at": "2024-03-04T02:00Z"}, "FiO2": {"value": "50 %", "at": "2024-03-04T02:00Z"}}, {"PaO2"}),
        ("albumin-corrected calcium within 28 hours < 2.7 mmol/L",
         {"calcium": {"value": "2.3 mmol/L", "at": "2024-02-28T08:00Z"}}, {"calcium", "albumin"}),
        # an assumed value is not missing
        ("A-a gradient > 35 mmHg", {"PaO2": "80 mmHg", "FiO2": 0.3}, {"PaCO2"}),
        ("A-a gradient > 35 mmHg", {}, {"PaO2", "FiO2", "PaCO2"}),
        # one fact under two comparisons is one need
        ("creatinine > 100 umol/L and creatinine < 442 umol/L", {}, {"creatinine"}),
        # the hierarchy
        ("malignancy", {"leukemia": False}, {"malignancy"}),
        ("solid tumor or leukemia", {"malignancy": True}, {"solid tumor", "leukemia"}),
        ("pregnancy or malignancy", {"sex": "male"}, {"malignancy"}),
        # milestones, attestations
        ("surgery within 28 days before first dose", {"surgery": {"at": "2024-03-01"}}, {"first dose"}),
        ("surgery within 28 days before first dose", {}, {"surgery", "first dose"}),
        ("informed consent", {}, {"informed consent"}),
        ("informed consent and age >= 18 years", {"age": 40}, {"informed consent"}),
        # a measurement after an event
        ("PaO2/FiO2 after protective ventilation < 200 mmHg",
         {"PaO2/FiO2": 150, "protective ventilation": True}, {"protective ventilation"}),
        ("creatinine after surgery < 200 umol/L", {"surgery": {"at": "2024-03-04T07:00Z"},
         "creatinine": {"value": "90 umol/L", "at": "2024-03-04T06:00Z"}}, {"creatinine"}),
    ],
)  # fmt: skip
def test_needs_name_exactly_the_open_facts(formula, patient, expected):
    criterion = judged(formula, patient)
    assert criterion.outcome == "unknown"
    assert {need.concept for need in criterion.needs} == expected
    assert len(criterion.needs) == len(expected)


@pytest.mark.parametrize("section", ["include", "exclude"])
@pytest.mark.parametrize(
    ("formula", "patient"),
    [
        ("malignancy or creatinine >= 442 umol/L", {"malignancy": True}),
        ("malignancy and creatinine >= 442 umol/L", {"malignancy": False}),
        ("PaO2/FiO2 <= 300 mmHg", {"PaO2": "60 mmHg"}),
        ("SOFA change >= 2", {"SOFA": 1}),
        ("pregnancy", {"sex": "male"}),
        ("time since onset of ARDS > 96 hours", {"ARDS": False}),
    ],
)
def test_a_decided_criterion_needs_nothing(formula, patient, section):
    assert judged(formula, patient, section).needs == ()


@pytest.mark.parametrize(
    ("formula", "patient", "given"),
    [
        ("MELD > 40", {"INR": 2}, {"total bilirubin": "3 mg/dL", "creatinine": "2 mg/dL"}),
        ("malignancy or creatinine >= 442 umol/L", {}, {"malignancy": False, "creatinine": "90 umol/L"}),
        (
            "PaO2/FiO2 within 2 hours < 200 mmHg",
            {
                "PaO2": [{"value": "80 mmHg", "at": "2024-03-04T02:00Z"}],
                "FiO2": {"value": "50 %", "at": "2024-03-04T02:00Z"},
            },
            {
                "PaO2": [
                    {"value": "80 mmHg", "at": "2024-03-04T02:00Z"},
                    {"value": "90 mmHg", "at": "2024-03-04T07:00Z"},
                ]
            },
        ),
        ("ALT >= 5 x ULN", {}, {"ALT": {"value": "80 U/L", "upper_limit": "40 U/L"}}),
        ("surgery within 28 days before first dose", {}, {"surgery": {"at": "2024-03-01"}, "first dose": AT}),
        ("onset of ARDS within 1 week", {"acute lung injury": True}, {"ARDS": {"onset": "2024-03-02"}}),
        (TWO_OF, {"malignancy": True}, {"bleeding": False, "brain herniation": False}),
    ],
)
def test_supplying_every_need_decides(formula, patient, given):
    assert named(formula, patient) == set(given)
    assert judged(formula, {**patient, **given}).outcome in ("met", "not met")


def test_a_judgement_is_addressed():
    need = the_need('judgement "Is the stage advanced?"', {})
    assert need.concept == "KIT/include.1"
    assert need.criteria == ("include.1",)
    assert judged('judgement "Is the stage advanced?"', {"judgements": {"KIT/include.1": True}}).outcome == "met"
    assert named('malignancy and judgement "Is it?"', {}) == {"malignancy", "KIT/include.1"}
    assert named('malignancy and judgement "Is it?"', {}, "exclude") == {"malignancy", "KIT/exclude.1"}
    assert named('malignancy and judgement "Is it?"', {"malignancy": True}) == {"KIT/include.1"}


def test_judgements_of_a_bundled_trial_are_addressed():
    trial = screen({}, ["NCT06882811"], at=AT)["NCT06882811"]
    named_there = {need.concept for need in trial.needs}
    assert {f"NCT06882811/exclude.{x}" for x in ("1", "2", "3", "5.5")} <= named_there
    assert [need.concept for need in trial.criteria["exclude.5.5"].needs] == ["NCT06882811/exclude.5.5"]


def test_the_needs_of_a_trial_name_every_criterion_that_waits():
    trial = screen({"ARDS": True}, ["NCT03608592"], at=AT)["NCT03608592"]
    needs = {need.concept: need for need in trial.needs}
    assert len(needs) == len(trial.needs)
    assert set(needs["ARDS"].criteria) == {"include.2.4", "exclude.12"}
    assert {"include.2.1", "include.2.5"} <= set(needs["FiO2"].criteria)
    assert needs["malignancy"].criteria == ("exclude.1",)
    assert set(needs["pulmonary embolism"].criteria) == {"exclude.10"}


def test_the_example_of_the_design_page():
    patient = {
        "age": "54 years", "sex": "female", "PaO2": "82 mmHg", "FiO2": "45 %", "PEEP": "10 cmH2O",
        "ARDS": {"onset": "2024-03-03T06:00Z"}, "malignancy": False,
    }  # fmt: skip
    trial = screen(patient, at="2024-03-04T08:00Z")["NCT03608592"]
    assert trial.verdict == "undetermined"
    needs = {need.concept for need in trial.needs}
    assert not needs & {"age", "sex", "PaO2", "FiO2", "PaO2/FiO2", "PEEP", "ARDS", "malignancy"}
    assert {"invasive ventilation", "bilateral infiltrates", "failing organs", "lactation", "atelectasis"} <= needs


# --- needs: what of them ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "patient", "word"),
    [
        ("creatinine >= 442 umol/L", {}, "value"),
        ("ALT >= 5 x ULN", {"ALT": "200 U/L"}, "upper limit"),
        ("ALT >= 5 x ULN", {}, "value"),
        ("ALT >= 5 x ULN", {}, "upper limit"),
        ("hemoglobin < 1 x LLN", {"hemoglobin": "11 g/dL"}, "lower limit"),
        ("myocardial infarction within 6 months", {"myocardial infarction": True}, "date"),
        ("informed consent", {}, "answer"),
        ('judgement "Is it?"', {}, "answer"),
        ("rise in creatinine over 1 day >= 44.2 umol/L", {"creatinine": "100 umol/L"}, "1 day"),
        ("time since onset of ARDS > 96 hours", {"ARDS": True}, "onset"),
    ],
)
def test_a_need_says_what_of_the_fact_is_wanted(formula, patient, word):
    assert word in the_need(formula, patient).asks


def test_what_is_there_is_not_asked_again():
    asks = the_need("ALT >= 5 x ULN", {"ALT": "200 U/L"}).asks
    assert "value" not in asks.replace("of the value", "").replace("of that value", "")


@pytest.mark.parametrize(
    ("formula", "patient", "old"),
    [
        ("creatinine >= 442 umol/L", {"creatinine": {"value": "501 umol/L", "at": "2024-02-25T08:00Z"}}, "501 umol/L"),
        ("PEEP >= 8 cmH2O", {"PEEP": {"value": "11 cmH2O", "at": "2024-03-03T06:00Z"}}, "11 cmH2O"),
    ],
)
def test_a_value_too_old_is_named_in_the_need(formula, patient, old):
    criterion = judged(formula, patient)
    assert criterion.outcome == "unknown"
    assert old in json.dumps(criterion.needs[0].to_dict())
    assert old in criterion.reason


# --- needs: what settles them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "formula", "patient", "settles"),
    [
        ("exclude", "creatinine >= 442 umol/L", {}, "below 442 umol/L"),
        ("include", "creatinine >= 442 umol/L", {}, "at least 442 umol/L"),
        ("include", "not (creatinine >= 442 umol/L)", {}, "below 442 umol/L"),
        ("exclude", "creatinine > 5 mg/dL", {}, "at most 5 mg/dL"),
        ("include", "creatinine > 5 mg/dL", {}, "above 5 mg/dL"),
        ("exclude", "platelets < 60 x 10^9/L", {}, "at least 60 x 10^9/L"),
        ("exclude", "failing organs > 3", {}, "at most 3"),
        ("include", "PEEP >= 8 cmH2O", {}, "at least 8 cmH2O"),
        # a decided other half leaves it to this fact
        ("exclude", "malignancy or creatinine >= 442 umol/L", {"malignancy": False}, "below 442 umol/L"),
        ("include", "malignancy and creatinine >= 442 umol/L", {"malignancy": True}, "at least 442 umol/L"),
        # an open other half that this fact makes idle
        ("include", "malignancy or creatinine >= 442 umol/L", {}, "at least 442 umol/L"),
        ("exclude", "malignancy and creatinine >= 442 umol/L", {}, "below 442 umol/L"),
        # an open other half that must be known as well
        ("include", "malignancy and creatinine >= 442 umol/L", {}, None),
        ("exclude", "malignancy or creatinine >= 442 umol/L", {}, None),
        ("include", "platelets > 60 x 10^9/L and creatinine < 442 umol/L", {}, None),
        # part of it is known already
        ("include", "creatinine >= 442 umol/L", {"creatinine": ">4 mg/dL"}, "at least 442 umol/L"),
    ],
)
def test_the_region_that_settles(section, formula, patient, settles):
    needs = {need.concept: need for need in judged(formula, patient, section).needs}
    concept = next(name for name in ("creatinine", "platelets", "failing organs", "PEEP") if name in needs)
    assert needs[concept].settles == settles


@pytest.mark.parametrize(
    ("section", "formula", "numbers"),
    [
        ("include", "100 umol/L < creatinine <= 300 umol/L", [100, 300]),
        ("include", "creatinine > 100 umol/L and creatinine <= 300 umol/L", [100, 300]),
        ("exclude", "creatinine < 100 umol/L or creatinine > 300 umol/L", [100, 300]),
    ],
)
def test_the_region_between_two_ends(section, formula, numbers):
    settles = the_need(formula, {}, section).settles
    assert settles is not None
    assert numbers_in(settles.replace("umol/L", "")) == numbers


def test_an_outcome_out_of_reach_is_not_offered():
    """At most 3 mg/dL is known, so no creatinine can reach the threshold of the first half; only the second can pass."""
    need = the_need("creatinine < 100 umol/L or creatinine >= 442 umol/L", {"creatinine": "<3 mg/dL"})
    assert need.settles is not None
    assert "100 umol/L" in need.settles
    assert "442" not in need.settles


# --- evidence --------------------------------------------------------------------------------------------------------


def test_evidence_with_a_conversion():
    creatinine = {"value": "5.2 mg/dL", "at": "2024-03-04T06:00:00Z"}
    found = only_evidence("creatinine >= 442 umol/L", {"creatinine": creatinine})
    assert (found.concept, found.outcome, found.value) == ("creatinine", "met", "5.2 mg/dL")
    assert instant(found.when) == datetime(2024, 3, 4, 6, tzinfo=UTC)
    assert found.converted.endswith("umol/L")
    assert numbers_in(found.converted)[0] == pytest.approx(52000 / 113.12, rel=1e-4)  # 113.12 g/mol
    assert found.threshold == "at least 442 umol/L"
    assert found.margin.endswith("umol/L")
    assert numbers_in(found.margin)[0] == pytest.approx(52000 / 113.12 - 442, rel=1e-2)


@pytest.mark.parametrize(
    ("formula", "patient", "value", "margin"),
    [
        ("PaO2/FiO2 < 200 mmHg", {"PaO2/FiO2": "182 mmHg"}, "182 mmHg", "18 mmHg"),
        ("PaO2/FiO2 < 200 mmHg", {"PaO2/FiO2": "230 mmHg"}, "230 mmHg", "30 mmHg"),
        ("creatinine >= 5 mg/dL", {"creatinine": "6 mg/dL"}, "6 mg/dL", "1 mg/dL"),
        ("hemoglobin < 60 g/L", {"hemoglobin": "60 g/L"}, "60 g/L", "0 g/L"),
        ("200 mmHg < PaO2/FiO2 <= 300 mmHg", {"PaO2/FiO2": "290 mmHg"}, "290 mmHg", "10 mmHg"),
        ("200 mmHg < PaO2/FiO2 <= 300 mmHg", {"PaO2/FiO2": "180 mmHg"}, "180 mmHg", "20 mmHg"),
        ("SpO2 on room air <= 93 %", {"SpO2 on room air": "90 %"}, "90 %", "3 %"),
    ],
)
def test_the_margin_is_in_the_unit_of_the_rule(formula, patient, value, margin):
    found = only_evidence(formula, patient)
    assert (found.value, found.margin, found.converted) == (value, margin, None)


@pytest.mark.parametrize(
    ("formula", "patient", "margin"),
    [
        ("PaO2/FiO2 < 200 mmHg", {"PaO2/FiO2": "24 kPa"}, 200 - 24000 / 133.322387415),
        ("hemoglobin < 60 g/L", {"hemoglobin": "5.9 g/dL"}, 1),
        ("platelets < 60 x 10^9/L", {"platelets": "59000 /uL"}, 1),
        ("white cell count > 12 x 10^9/L", {"white cell count": "12.5 K/uL"}, 0.5),
        ("temperature >= 38 degC", {"temperature": "102.2 degF"}, 1),
        ("creatinine >= 5 mg/dL", {"creatinine": "530.4 umol/L"}, 530.4 * 113.12 / 10000 - 5),
        ("PaO2/FiO2 < 200 mmHg", {"PaO2": "82 mmHg", "FiO2": "50 %"}, 36),
    ],
)
def test_the_margin_after_a_conversion(formula, patient, margin):
    found = only_evidence(formula, patient)
    assert found.converted is not None
    assert numbers_in(found.margin)[0] == pytest.approx(margin, rel=2e-3, abs=1e-9)


def test_evidence_of_a_derived_quantity_shows_its_inputs():
    found = only_evidence("PaO2/FiO2 < 200 mmHg", {"PaO2": "82 mmHg", "FiO2": "50 %"})
    assert "82 mmHg" in found.value
    assert "50 %" in found.value
    assert found.converted == "164 mmHg"


def test_evidence_of_a_multiple_of_the_limit():
    found = only_evidence("ALT >= 5 x ULN", {"ALT": {"value": "240 U/L", "upper_limit": "40 U/L"}})
    assert found.value == "240 U/L"
    assert "6 x ULN" in found.converted
    assert "5 x ULN" in found.threshold
    assert numbers_in(found.margin)[0] == 1


def test_nothing_is_invented_where_nothing_is_known():
    found = only_evidence("creatinine >= 442 umol/L", {})
    assert (found.outcome, found.value, found.when, found.converted, found.margin) == (
        "unknown",
        None,
        None,
        None,
        None,
    )


def test_the_time_of_the_value_that_was_used():
    patient = {"creatinine": [
        {"value": "500 umol/L", "at": "2024-03-01T06:00Z"}, {"value": "90 umol/L", "at": "2024-03-03T07:30Z"},
    ]}  # fmt: skip
    latest = only_evidence("creatinine < 442 umol/L", patient)
    highest = only_evidence("highest creatinine within 7 days < 442 umol/L", patient)
    assert (latest.value, instant(latest.when)) == ("90 umol/L", datetime(2024, 3, 3, 7, 30, tzinfo=UTC))
    assert (highest.value, instant(highest.when)) == ("500 umol/L", datetime(2024, 3, 1, 6, tzinfo=UTC))


def test_evidence_names_both_ends_of_a_rise():
    patient = {"creatinine": [
        {"value": "100 umol/L", "at": "2024-03-03T06:00Z"}, {"value": "150 umol/L", "at": "2024-03-04T06:00Z"},
    ]}  # fmt: skip
    criterion = judged("rise in creatinine over 1 day >= 44.2 umol/L", patient)
    assert "100 umol/L" in criterion.evidence[0].value
    assert "150 umol/L" in criterion.evidence[0].value
    assert numbers_in(criterion.evidence[0].margin)[0] == pytest.approx(5.8)
    assert "50 umol/L" in criterion.reason


# --- reasons ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "patient", "parts"),
    [
        ("creatinine >= 442 umol/L", {"creatinine": "500 umol/L"}, ["500 umol/L", "at least 442 umol/L"]),
        ("creatinine >= 442 umol/L", {"creatinine": "5.2 mg/dL"}, ["5.2 mg/dL", "442 umol/L"]),
        ("PaO2/FiO2 < 200 mmHg", {"PaO2": "82 mmHg", "FiO2": "45 %"}, ["182", "82 mmHg", "45 %", "below 200 mmHg"]),
        ("age >= 18 years", {"age": 17}, ["17 years", "18 years"]),
        ("age between 35 and 70 years", {"age": 71}, ["71 years", "70 years"]),
        ("failing organs > 3", {"failing organs": 3}, ["3", "above 3"]),
        ("ALT >= 5 x ULN", {"ALT": {"value": "240 U/L", "upper_limit": "40 U/L"}}, ["240 U/L", "40 U/L", "5 x ULN"]),
        ("procalcitonin > 0.5 ng/mL", {"procalcitonin": "<0.05 ng/mL"}, ["0.05 ng/mL", "0.5 ng/mL"]),
        ("A-a gradient > 35 mmHg", {"PaO2": "80 mmHg", "FiO2": "30 %", "PaCO2": "40 mmHg"}, ["760 mmHg", "35 mmHg"]),
        ("NYHA class >= III", {"NYHA class": "II"}, ["II", "III"]),
        ("time since onset of ARDS > 96 hours", {"ARDS": {"onset": "2024-03-03T06:00Z"}}, ["ARDS", "2024-03-03", "96 hours"]),
        ("myocardial infarction within 6 months", {"myocardial infarction": {"at": "2024-01-10"}}, ["2024-01-10", "6 months"]),
        ("malignancy", {"leukemia": True}, ["malignancy", "leukemia"]),
        ("leukemia", {"malignancy": False}, ["leukemia", "malignancy"]),
        ("pregnancy", {"sex": "male"}, ["pregnancy"]),
        ("surgery within 28 days before first dose", {"surgery": {"at": "2024-03-01"}}, ["first dose"]),
    ],
)  # fmt: skip
def test_a_reason_holds_the_value_and_the_threshold(formula, patient, parts):
    reason = judged(formula, patient).reason
    assert [part for part in parts if part.casefold() not in reason.casefold()] == []
    assert reason.endswith(".")
    assert reason[0].isupper() or reason[0].isdigit()


@pytest.mark.parametrize(
    ("formula", "patient", "allowed"),
    [
        ("creatinine >= 442 umol/L", {}, {442}),
        ("creatinine >= 442 umol/L", {"creatinine": "500 umol/L"}, {442, 500, 58}),
        ("PaO2/FiO2 < 200 mmHg", {}, {200}),
        ("PaO2/FiO2 < 200 mmHg", {"PaO2": "60 mmHg"}, {200, 60, 287.081}),
        ("PaO2/FiO2 < 200 mmHg", {"FiO2": "60 %"}, {200, 60}),
        ("PaO2/FiO2 < 200 mmHg", {"PaO2": "82 mmHg", "FiO2": "50 %"}, {82, 50, 164, 200, 36}),
        ("SOFA change >= 2", {"SOFA": 6}, {6, 2, -18}),
        ("age >= 18 years", {}, {18}),
        ("age >= 18 years", {"age": 17}, {17, 18}),
        ("SpO2 on room air <= 93 %", {}, {93}),
        ("failing organs > 3", {}, {3}),
        ("MELD > 40", {}, {40}),
        ("procalcitonin > 0.5 ng/mL", {"procalcitonin": "<0.05 ng/mL"}, {0.05, 0.5, 0.45}),
        ("onset of ARDS within 1 week", {"ARDS": True}, {1}),
        ("deep vein thrombosis within 3 months", {"deep vein thrombosis": False}, {3}),
    ],
)
def test_no_number_of_a_reason_is_invented(formula, patient, allowed):
    found = numbers_in(judged(formula, patient).reason)
    assert [x for x in found if not any(abs(x - y) <= 1e-3 * abs(y) for y in allowed)] == []


@pytest.mark.parametrize("text", ["<0.05 ng/mL", ">3 ng/mL", "1 to 2 ng/mL"])
def test_a_censored_value_is_shown_as_it_is(text):
    """Half of a limit of detection, or the middle of an interval, is a number that nobody measured."""
    criterion = judged("procalcitonin > 100 ng/mL or procalcitonin > 0.5 ng/mL", {"procalcitonin": text})
    assert criterion.outcome in ("met", "not met")
    assert text in " ".join(item.value for item in criterion.evidence)


def test_the_reason_names_what_decides_and_not_the_rest():
    met = judged("malignancy or bleeding", {"malignancy": True, "bleeding": False}).reason
    assert "malignancy" in met.casefold()
    assert "bleeding" not in met.casefold()
    failed = judged("invasive ventilation and PEEP >= 8 cmH2O", {"invasive ventilation": True, "PEEP": 5}).reason
    assert "5 cmH2O" in failed
    assert "ventilation" not in failed.casefold()


def test_only_the_end_that_failed_is_told():
    reason = judged("200 mmHg < PaO2/FiO2 <= 300 mmHg", {"PaO2/FiO2": "180 mmHg"}).reason
    assert "200 mmHg" in reason
    assert "300" not in reason


def test_exactly_at_the_threshold_is_no_riddle():
    reason = judged("PaO2/FiO2 < 200 mmHg", {"PaO2": "90 mmHg", "FiO2": "45 %"}).reason
    assert "200 mmHg" in reason
    assert "199.9" not in reason
    assert "200.0000" not in reason


@pytest.mark.parametrize(
    ("formula", "patient", "margin"),
    [
        ("age >= 18 years", {"age": "17 years"}, 1),
        ("age <= 65 years", {"birth_date": "1950-01-10"}, 9),  # 74 completed years
        ("time since onset of ARDS > 96 hours", {"ARDS": {"onset": "2024-03-03T06:00Z"}}, 70),  # 26 hours
    ],
)
def test_every_decided_comparison_gives_its_margin(formula, patient, margin):
    """`Each decided comparison gives the value used, ..., the threshold, ... and the margin`: an age and a time as well."""
    found = only_evidence(formula, patient)
    assert found.margin is not None
    assert numbers_in(found.margin)[0] == margin


def test_only_the_end_of_the_age_that_failed_is_told():
    reason = judged("age between 35 and 70 years", {"age": 71}).reason
    assert "70 years" in reason
    assert "35" not in reason


def test_one_thing_is_said_once():
    reason = judged("creatinine > 100 umol/L and creatinine <= 300 umol/L", {}).reason
    assert reason.casefold().count("creatinine is not known") <= 1
    clauses = (
        screen({}, ["NCT06416709"], at=AT)["NCT06416709"]
        .criteria["exclude.3"]
        .reason.rstrip(".")
        .casefold()
        .split("; ")
    )
    assert len(clauses) == len(set(clauses))


def test_a_rise_of_one_value_lacks_another_and_no_time():
    reason = judged("rise in creatinine over 1 day >= 44.2 umol/L", {"creatinine": "100 umol/L"}).reason
    assert "whose time leaves open" not in reason


def test_a_known_onset_is_not_called_missing():
    patient = {
        "protective ventilation": {"onset": "2024-03-04T07:00Z"}, "PaO2/FiO2": {"value": 150, "at": "2024-03-04T06:00Z"},
    }  # fmt: skip
    criterion = judged("PaO2/FiO2 after protective ventilation < 200 mmHg", patient)
    assert criterion.outcome == "unknown"
    assert "the time of protective ventilation" not in criterion.reason
    assert "protective ventilation" not in {need.concept for need in criterion.needs}


def test_a_milestone_that_was_not_given_is_told():
    reason = judged("surgery within 28 days before first dose", {"surgery": {"at": "2024-03-01"}}).reason
    assert re.search(r"first dose[^;]*(not known|not given|missing)|no (time|date) [^;]*first dose", reason)


def test_a_limit_is_shown_as_it_was_given():
    bilirubin = {"value": "2.4 mg/dL", "upper_limit": "1.2 mg/dL"}
    reason = judged("total bilirubin >= 10 x ULN", {"total bilirubin": bilirubin}).reason
    assert "2.4 mg/dL" in reason
    assert "1.2 mg/dL" in reason


def test_no_time_is_invented_for_what_nobody_measured():
    found = only_evidence("pulmonary hypertension stage in (III, IV)", {"pulmonary hypertension": False})
    assert (found.outcome, found.when) == ("not met", None)


def test_what_silence_settled_is_told():
    told = judged("pulmonary hypertension stage in (III, IV)", {}, absent="no")
    assert told.outcome == "not met"
    assert "record does not name it" in told.reason or "read as absent" in told.reason
    assert "record does not name it" in judged("malignancy", {}, absent="no").reason


# --- how long the verdict holds --------------------------------------------------------------------------------------


def until(formula, patient, section="include", at=AT):
    text = screen(patient, [trial_of(formula, section)], at=at)["KIT"].valid_until
    return None if text is None else instant(text)


@pytest.mark.parametrize(
    ("section", "formula", "patient", "expected"),
    [
        # a window of 96 hours, of a week
        ("exclude", "time since onset of ARDS > 96 hours", {"ARDS": {"onset": "2024-03-03T06:00Z"}}, "2024-03-07T06:00Z"),
        ("include", "onset of ARDS within 1 week", {"ARDS": {"onset": "2024-03-03T06:00Z"}}, "2024-03-10T06:00Z"),
        ("include", "time since onset of ARDS >= 96 hours", {"ARDS": {"onset": "2024-03-03T06:00Z"}}, "2024-03-07T06:00Z"),
        # a date known to the day: the first instant at which it is no longer sure
        ("include", "onset of ARDS within 1 week", {"ARDS": {"onset": "2024-03-03"}}, "2024-03-10T00:00Z"),
        # birthdays
        ("include", "age < 65 years", {"birth_date": "1959-05-20"}, "2024-05-20T00:00Z"),
        ("include", "age <= 65 years", {"birth_date": "1959-05-20"}, "2025-05-20T00:00Z"),
        ("include", "age >= 18 years", {"birth_date": "2006-03-05"}, "2024-03-05T00:00Z"),
        ("include", "age >= 18 years", {"birth_date": "2008-02-29"}, "2026-03-01T00:00Z"),
        # a value no longer current
        ("include", "creatinine < 442 umol/L", {"creatinine": {"value": "90 umol/L", "at": "2024-03-02T08:00Z"}}, "2024-03-09T08:00Z"),
        ("include", "PEEP >= 8 cmH2O", {"PEEP": "10 cmH2O"}, "2024-03-05T08:00Z"),
        ("include", "PEEP >= 8 cmH2O", {"PEEP": {"value": "10 cmH2O", "at": "2024-03-04T02:00Z"}}, "2024-03-05T02:00Z"),
        ("include", "latest creatinine within 2 weeks < 442 umol/L", {"creatinine": {"value": "90 umol/L", "at": "2024-03-02T08:00Z"}}, "2024-03-16T08:00Z"),
        # the newest value of each input counts: the oldest of them goes first
        ("include", "PaO2/FiO2 < 200 mmHg", {"PaO2": {"value": "60 mmHg", "at": "2024-03-04T02:00Z"}, "FiO2": {"value": "60 %", "at": "2024-03-04T01:00Z"}}, "2024-03-05T02:00Z"),
        # calendar months
        ("exclude", "myocardial infarction within 6 months", {"myocardial infarction": {"at": "2023-09-15T12:00Z"}}, "2024-03-15T12:00Z"),
        ("exclude", "myocardial infarction within 6 months", {"myocardial infarction": {"at": "2023-08-31T12:00Z"}}, None),
        ("include", "long-term oxygen therapy for at least 3 months", {"long-term oxygen therapy": {"onset": "2024-01-10T00:00Z"}}, "2024-04-10T00:00Z"),
        # presence presumed for 30 days
        ("include", "ARDS", {"ARDS": {"onset": "2024-02-20T08:00Z"}}, "2024-03-21T08:00Z"),
        # resolved within the window
        ("exclude", "deep vein thrombosis within 3 months", {"deep vein thrombosis": {"onset": "2023-10-01", "resolved": "2024-01-15T10:00Z"}}, "2024-04-15T10:00Z"),
        # nothing ever changes
        ("exclude", "malignancy", {"malignancy": True}, None),
        ("include", "malignancy", {}, None),
        ("include", "creatinine < 442 umol/L", {}, None),
        ("include", "history of stroke", {"stroke": {"at": "2020-01-01"}}, None),
        ("include", "NYHA class is II", {"NYHA class": {"value": "II", "at": "2020-01-01"}}, None),
        ("include", "informed consent", {"informed consent": True}, None),
        ("exclude", "time since onset of ARDS > 96 hours", {"ARDS": False}, None),
    ],
)  # fmt: skip
def test_valid_until(section, formula, patient, expected):
    found = until(formula, patient, section)
    if expected is None:
        assert found is None
        return
    expected = instant(expected)
    assert found is not None
    assert timedelta(0) <= found - expected <= timedelta(seconds=1)


def test_a_clamped_month():
    """31 August is within 6 months of the whole of 29 February, whose window begins on 29 August, and of no instant in March."""
    patient = {"myocardial infarction": {"at": "2023-08-31T12:00Z"}}
    found = until("myocardial infarction within 6 months", patient, "exclude", at="2024-02-20T08:00Z")
    assert timedelta(0) <= found - datetime(2024, 3, 1, tzinfo=UTC) <= timedelta(seconds=1)


def test_a_birthday_falls_in_the_zone_of_at():
    found = until("age < 65 years", {"birth_date": "1959-05-20"}, at="2024-03-04T08:00:00+08:00")
    assert found == datetime(2024, 5, 19, 16, tzinfo=UTC)


def test_the_first_of_two_changes():
    trial = trial_with("include", "PEEP >= 8 cmH2O", "exclude", "time since onset of ARDS > 96 hours")
    patient = {"PEEP": {"value": 10, "at": AT}, "ARDS": {"onset": "2024-03-03T06:00Z"}}
    found = instant(screen(patient, [trial], at=AT)["KIT"].valid_until)
    assert timedelta(0) <= found - datetime(2024, 3, 5, 8, tzinfo=UTC) <= timedelta(seconds=1)


def test_a_change_that_leaves_the_verdict_is_none():
    trial = trial_with("include", "onset of ARDS within 1 week", "exclude", "malignancy")
    patient = {"ARDS": {"onset": "2024-03-03T06:00Z"}, "malignancy": True}
    assert screen(patient, [trial], at=AT)["KIT"].valid_until is None


def test_a_milestone_to_come():
    """The surgery of 1 February lies outside; the days until the first dose are open, and close with nothing new."""
    patient = {"surgery": {"at": "2024-02-01"}, "first dose": "2024-03-20T08:00:00Z"}
    found = until("surgery within 28 days before first dose", patient, "exclude")
    assert timedelta(0) <= found - datetime(2024, 3, 20, 8, tzinfo=UTC) <= timedelta(seconds=1)


def test_the_verdict_holds_until_then_and_not_longer():
    trial = trial_of("time since onset of ARDS > 96 hours", "exclude")
    patient = {"ARDS": {"onset": "2024-03-03T06:00Z"}}
    found = until("time since onset of ARDS > 96 hours", patient, "exclude")
    for step, verdict in ((timedelta(microseconds=-1), "eligible"), (timedelta(0), "ineligible")):
        assert screen(patient, [trial], at=found + step)["KIT"].verdict == verdict


# --- verdicts that wait ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "patient", "verdict"),
    [
        ("informed consent", {}, "review"),
        ('judgement "Is it?"', {}, "review"),
        ("informed consent and age >= 18 years", {"age": 20}, "review"),
        ("informed consent and age >= 18 years", {}, "undetermined"),
        ("informed consent and age >= 18 years", {"age": 17}, "ineligible"),
        ('malignancy and judgement "Is it?"', {}, "undetermined"),
        ('malignancy and judgement "Is it?"', {"malignancy": True}, "review"),
        ('malignancy and judgement "Is it?"', {"malignancy": False}, "ineligible"),
        ('malignancy or judgement "Is it?"', {"malignancy": False}, "review"),
        ('malignancy or judgement "Is it?"', {}, "undetermined"),
        ("malignancy", {}, "undetermined"),
        ("surgery within 28 days before first dose", {"surgery": {"at": "2024-03-01"}}, "undetermined"),
        ("pregnancy or planned pregnancy", {"sex": "female", "pregnancy": False}, "review"),
        ("pregnancy or planned pregnancy", {"sex": "female"}, "undetermined"),
    ],
)
def test_review_and_undetermined(formula, patient, verdict):
    assert screen(patient, [trial_of(formula)], at=AT)["KIT"].verdict == verdict


def test_passes_follows_the_section():
    for section, truth, passes in (
        ("include", True, True), ("include", False, False), ("exclude", True, False), ("exclude", False, True),
        ("include", None, None), ("exclude", None, None),
    ):  # fmt: skip
        assert judged("malignancy", {"malignancy": truth}, section).passes is passes


# --- warnings, what is ignored, what is not known --------------------------------------------------------------------


def warnings_of(formula, patient, at=AT, **options):
    return screen(patient, [trial_of(formula)], at=at, **options).warnings


@pytest.mark.parametrize(
    ("formula", "patient", "concept"),
    [
        ("history of malignancy", {"malignancy": False}, "malignancy"),
        ("deep vein thrombosis within 3 months", {"deep vein thrombosis": False}, "deep vein thrombosis"),
        ("history of leukemia", {"malignancy": False}, "malignancy"),
    ],
)
def test_a_plain_false_taken_as_never_is_told(formula, patient, concept):
    told = warnings_of(formula, patient)
    assert any("never" in warning and concept in warning for warning in told), told


@pytest.mark.parametrize(
    ("formula", "patient"),
    [
        ("malignancy", {"malignancy": False}),
        ("history of malignancy", {"malignancy": {"present": False}}),
        ("history of malignancy", {"malignancy": {"onset": "2015", "resolved": "2018"}}),
        ("history of malignancy", {}),
    ],
)
def test_nothing_else_is_told(formula, patient):
    assert warnings_of(formula, patient) == ()


@pytest.mark.parametrize(
    ("brought", "warned"), [(250, True), (106, True), (94, True), (104, False), (97, False), (100, False)]
)
def test_a_brought_value_far_from_the_computed_one_is_told(brought, warned):
    told = warnings_of("PaO2/FiO2 < 200 mmHg", {"PaO2/FiO2": brought, "PaO2": "60 mmHg", "FiO2": "60 %"})
    assert bool(told) is warned
    if warned:
        assert any("PaO2/FiO2" in warning and "5 %" in warning for warning in told), told


def test_two_newest_values_that_disagree():
    two = [{"value": "100 umol/L", "at": "2024-03-04T06:00Z"}, {"value": "300 umol/L", "at": "2024-03-04T06:00Z"}]
    screening = screen({"creatinine": two}, [trial_of("creatinine > 200 umol/L")], at=AT)
    assert screening["KIT"].criteria[0].outcome == "unknown"
    assert any("creatinine" in warning for warning in screening.warnings), screening.warnings
    (need,) = screening["KIT"].criteria[0].needs
    assert need.concept == "creatinine"
    assert "time" not in need.asks  # both times are exact: what is wanted is the right value
    assert "value" in need.asks
    agreeing = [two[0], dict(two[0])]
    assert warnings_of("creatinine > 200 umol/L", {"creatinine": agreeing}) == ()


def test_two_values_that_disagree_on_nothing_that_matters():
    two = [{"value": "100 umol/L", "at": "2024-03-04T06:00Z"}, {"value": "300 umol/L", "at": "2024-03-04T06:00Z"}]
    criterion = judged("creatinine > 400 umol/L", {"creatinine": two})
    assert criterion.outcome == "not met"
    assert "200 umol/L" not in criterion.reason


def test_a_value_outside_of_the_plausible_range_is_told():
    assert any("creatinine" in warning for warning in warnings_of("malignancy", {"creatinine": "50000 umol/L"}))


def test_a_list_that_leaves_out_a_part_is_told():
    patient = {"malignancy": [{"onset": "2011-05-01", "resolved": "2013-01-01"}], "leukemia": {"onset": "2024-01-01"}}
    assert any("leukemia" in warning for warning in warnings_of("malignancy", patient))


@pytest.mark.parametrize(
    ("formula", "patient", "concept"),
    [
        ("creatinine >= 442 umol/L", {"creatinine": {"value": "500 umol/L", "at": "2024-03-05T08:00Z"}}, "creatinine"),
        ("surgery", {"surgery": {"at": "2024-05-01"}}, "surgery"),
        ("malignancy", {"malignancy": {"onset": "2024-03-04T08:00:01Z"}}, "malignancy"),
    ],
)
def test_facts_of_the_future_are_ignored_and_listed(formula, patient, concept):
    screening = screen(patient, [trial_of(formula)], at=AT)
    assert screening["KIT"].criteria[0].outcome == "unknown"
    assert len(screening.ignored) == 1
    assert concept in str(screening.ignored[0])
    assert "500" not in screening["KIT"].criteria[0].reason


@pytest.mark.parametrize(
    "patient",
    [
        {"surgery": {"planned": "2024-05-01"}},
        {"surgery": {"at": "2024-03-04T08:00:00Z"}},
        {"surgery": {"at": "2024-03-04"}},
        {"first dose": "2024-03-20T08:00Z"},
        {"myocardial infarction": {"at": "2024-03"}},
    ],
)
def test_what_is_not_of_the_future_is_not_ignored(patient):
    assert screen(patient, [trial_of("surgery")], at=AT).ignored == ()


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("creatinin", "creatinine"), ("malignacy", "malignancy"), ("Serum Kreatinine", "creatinine"), ("hemoglobine", "hemoglobin")],
)  # fmt: skip
def test_an_unknown_key_is_told_with_the_nearest_names(key, nearest):
    screening = screen({key: None, "age": 50}, [trial_of("age >= 18 years")], at=AT)
    assert [item.key for item in screening.unrecognized] == [key]
    assert any(nearest in name for name in screening.unrecognized[0].nearest)


@pytest.mark.parametrize(
    "patient",
    [
        {"judgements": {"NCT06882811/exclude.4": True}},  # that criterion asks for no judgement
        {"judgements": {"NCT06882811/exclude.99": True}},
        {"judgements": {"NCT99999999/exclude.1": True}},
        {"trials": {"NCT99999999": {"informed consent": True}}},
    ],
)
def test_an_answer_that_no_criterion_takes_is_told(patient):
    assert len(screen(patient, ["NCT06882811"], at=AT).unrecognized) == 1


def test_known_keys_are_not_told():
    patient = {
        "Age": 50,
        "SEX": "f",
        "white_cell_count": "8 K/uL",
        "judgements": {"NCT06882811/exclude.1": False},
        "id": "p1",
    }
    assert screen(patient, at=AT).unrecognized == ()


# --- the published form ----------------------------------------------------------------------------------------------


def everything():
    patient = {
        "id": "p1", "age": "54 years", "sex": "female", "PaO2": "10 kPa", "FiO2": "45 %", "creatinin": 3,
        "malignancy": False, "ARDS": {"onset": "2024-03-03T06:00Z"}, "INR": {"value": 1.2, "at": "2024-03-05T08:00Z"},
    }  # fmt: skip
    return screen(patient, at="2024-03-04T08:00Z")


def test_the_keys_of_the_json():
    found = everything().to_dict()
    assert {"schema", "at", "trials", "unrecognized", "ignored", "warnings"} <= set(found)
    assert len(found["trials"]) == 5
    for trial in found["trials"]:
        assert set(trial) == {"id", "title", "verdict", "valid_until", "needs", "criteria"}
        assert trial["verdict"] in ("eligible", "ineligible", "review", "undetermined")
        for criterion in trial["criteria"]:
            assert set(criterion) == {
                "id",
                "section",
                "label",
                "outcome",
                "passes",
                "reason",
                "evidence",
                "needs",
                "note",
            }
            assert criterion["id"].split(".")[0] == criterion["section"]
            assert criterion["outcome"] in ("met", "not met", "unknown")
            assert (criterion["passes"] is None) is (criterion["outcome"] == "unknown")
            assert bool(criterion["needs"]) is (criterion["outcome"] == "unknown")
            for need in criterion["needs"]:
                assert {"concept", "asks", "settles", "criteria"} <= set(need)
                assert criterion["id"] in need["criteria"]
            for item in criterion["evidence"]:
                assert {"value", "when", "converted", "threshold", "margin"} <= set(item)


def test_the_json_is_the_dict():
    screening = everything()
    assert json.loads(screening.to_json()) == screening.to_dict()
    assert "NaN" not in screening.to_json()
    assert "Infinity" not in screening.to_json()


def test_what_was_left_aside_is_in_the_json():
    found = everything().to_dict()
    assert "creatinin" in json.dumps(found["unrecognized"])
    assert "creatinine" in json.dumps(found["unrecognized"])
    assert len(found["ignored"]) == 1
    assert "INR" in json.dumps(found["ignored"])
    assert datetime.fromisoformat(found["at"]) == datetime(2024, 3, 4, 8, tzinfo=UTC)


def test_the_json_agrees_with_the_objects():
    screening = everything()
    for trial, found in zip(screening, screening.to_dict()["trials"], strict=True):
        assert (trial.id, trial.verdict, trial.valid_until) == (found["id"], found["verdict"], found["valid_until"])
        assert [c.id for c in trial.criteria] == [c["id"] for c in found["criteria"]]
        assert screening[trial.id] is trial
        assert trial.criteria["include.1"].outcome == found["criteria"][0]["outcome"]


def test_the_instant_of_judgement():
    trial = trial_of("malignancy")
    assert instant(screen({}, [trial], at="2024-03-04T09:00+01:00").at) == datetime(2024, 3, 4, 8, tzinfo=UTC)
    assert instant(screen({"as_of": AT}, [trial]).at) == instant(AT)
    assert instant(screen({"as_of": "2020-01-01T00:00Z"}, [trial], at=AT).at) == instant(AT)
