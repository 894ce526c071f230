"""The bundled vocabulary holds what the trials ask for, its formulas give published values, and bad files of a user are told."""

import math
import re
from fractions import Fraction
from pathlib import Path

import pytest

from eligibility import Vocabulary, VocabularyError, compile_trial, screen
from eligibility.formulas import check_formula
from eligibility.instants import read_duration
from eligibility.units import Unit
from eligibility.vocabulary import bundled_vocabulary, key_of

WORDS = bundled_vocabulary()
TRIAL = 'trial T "t"\n\ninclude:\n  1 "one": {}\n'
AT = "2024-03-04T08:00Z"


def outcome(rule, patient, vocabulary=None):
    trial = compile_trial(TRIAL.format(rule), vocabulary=vocabulary)
    return screen(patient, [trial], at=AT)["T"].criteria["include.1"].outcome


# --- what is there ---------------------------------------------------------------------------------------------------

EVENTS = [
    "myocardial infarction", "stroke", "bone marrow transplant", "lung transplant", "liver transplant", "kidney transplant",
    "heart transplant", "pancreas transplant", "small intestine transplant", "surgery", "positive SARS-CoV-2 test",
    "positive adenovirus test", "positive influenza test", "positive test for another respiratory virus",
]  # fmt: skip
CONDITIONS = [
    # NCT06882811
    "sepsis", "infection", "suspected infection", "participation in another trial", "chronic enteritis",
    "neuropsychiatric disorder", "life-limiting primary disease", "life-limiting hepatic disease",
    "life-limiting renal disease", "life-limiting endocrine disease", "psychiatric disorder",
    "hypersensitivity to biological products", "severe adverse reaction to biological products", "septic shock",
    "drug-resistant infection", "malignancy", "pregnancy", "lactation",
    # NCT03608592
    "invasive ventilation", "bilateral infiltrates", "ARDS", "protective ventilation", "conservative fluid management",
    "cardiogenic pulmonary edema", "perinatal period", "end-stage respiratory disease", "liver failure",
    "pulmonary hypertension", "arterial catheter", "central venous catheter", "deep vein thrombosis",
    "pulmonary embolism", "brain herniation",
    # NCT06416709
    "viral pneumonia", "vasopressors", "active hepatitis B", "active hepatitis C", "HIV infection", "active tuberculosis",
    "solid tumor", "leukemia", "anti-infective treatment", "acute heart failure", "uncontrolled myocarditis",
    "uncontrolled valvular disease", "malignant arrhythmia", "chronic bronchitis", "severe asthma", "emphysema",
    "chronic obstructive pulmonary disease", "pulmonary fibrosis", "long-term oxygen therapy",
    "other lung disease that limits daily activities", "acute renal failure", "bleeding",
    "disseminated intravascular coagulation", "drug addiction",
    # XHNKKY-DDSC
    "end-stage liver disease", "tumor", "acute myocardial infarction", "type I respiratory failure",
    "type II respiratory failure", "acute cerebral infarction", "acute cerebral hemorrhage",
    "serious cardiopulmonary disease", "interferon therapy", "glucocorticoid therapy", "psychiatric treatment",
    "allergic asthma", "allergic urticaria", "eczema", "multiple allergies",
    # NCT02444455
    "acute lung injury", "heart failure", "social or mental disability", "severe infectious disease",
    "positive hepatitis B test", "positive hepatitis C test", "positive HIV test", "positive tuberculosis test",
    "severe major organ disease",
    # the hierarchy
    "benign tumor", "myeloma", "lymphoma",
]  # fmt: skip
QUANTITIES = [
    "SOFA change", "SOFA", "baseline SOFA", "life expectancy", "PaO2/FiO2", "PEEP", "atelectasis", "failing organs", "MELD",
    "respiratory rate at rest", "SpO2 on room air", "white cell count", "C-reactive protein", "procalcitonin", "creatinine",
    "ALT", "total bilirubin", "prothrombin activity", "INR", "hemoglobin", "platelets", "A-a gradient", "PaO2", "FiO2",
    "PaCO2", "barometric pressure", "height", "weight", "BMI", "eGFR",
]  # fmt: skip
ASKED = {
    "age": ["age"],
    "event": EVENTS,
    "condition": CONDITIONS,
    "quantity": QUANTITIES,
    "class": ["pulmonary hypertension stage", "NYHA class", "sex"],
    "attestation": ["informed consent", "agreement to study restrictions", "planned pregnancy"],
    "milestone": ["screening", "consent", "randomization", "first dose"],
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in ASKED.items() for name in names])
def test_what_the_trials_ask_for_is_declared(kind, name):
    assert WORDS[name].kind == kind


def test_there_are_many_concepts():
    assert len(WORDS) >= 150
    assert {concept.kind for concept in WORDS} == set(ASKED)


@pytest.mark.parametrize("concept", list(WORDS), ids=lambda concept: concept.name)
def test_every_concept_holds_together(concept):
    assert concept.about.endswith(".")
    assert concept.source
    for name in (concept.name, *concept.synonyms):
        assert WORDS.find(name) is concept
        assert WORDS.find(name.upper().replace(" ", "_")) is concept
        assert WORDS.find(re.sub(r"[ -]", "", name)) is concept
    if concept.kind == "quantity":
        assert concept.measure is not None
        assert isinstance(WORDS.units.read(concept.unit), Unit)
        assert concept.formula is None or concept.formula_source
        assert concept.possible.low <= concept.possible.high
        if concept.plausible:
            assert concept.plausible.low >= concept.possible.low
            assert concept.plausible.high <= concept.possible.high
        if concept.bare:
            assert concept.measure.scale(WORDS.units.read(concept.bare)) is not None


@pytest.mark.parametrize("concept", list(WORDS), ids=lambda concept: concept.name)
def test_every_name_can_stand_in_a_rule(concept):
    """Bare, or in backticks where a connective stands in it."""
    body = {
        "age": "{} >= 18 years", "quantity": f"{{}} >= 1 {'x ' * concept.unit.startswith('10')}{concept.unit}".removesuffix(" 1"), "condition": "{}", "event": "{}",
        "attestation": "{}", "milestone": "surgery within 28 days before {}",
        "class": f"{{}} is {concept.values[0] if concept.values else ''}",
    }[concept.kind]  # fmt: skip
    for name in (concept.name, *concept.synonyms):
        bare = not re.search(r"\b(?:and|or|not|then|unless)\b|[(%]|^\d", name)
        for spelled in (name, f"`{name}`") if bare else (f"`{name}`",):
            assert compile_trial(TRIAL.format(body.format(spelled))).criteria


@pytest.mark.parametrize(
    "rule",
    [
        "25-hydroxyvitamin D < 50 nmol/L",
        "24-hour urine volume < 400 mL/day",
        "6-minute walk distance < 300 m",
    ],
)
def test_names_that_begin_with_digits(rule):
    assert compile_trial(TRIAL.format(rule)).criteria


def test_names_are_found_without_regard_to_case_and_spacing():
    assert WORDS.find("pao2/FIO2") is WORDS["PaO2/FiO2"]
    assert WORDS.find("white_cell_count") is WORDS["white cell count"]
    assert WORDS.find("WhiteCellCount") is WORDS["white cell count"]
    assert WORDS.find("serum creatinine") is WORDS["creatinine"]
    assert WORDS.find("COPD") is WORDS["chronic obstructive pulmonary disease"]
    assert WORDS.find("no such thing") is None
    assert WORDS.find("x" * 100_000) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [("creatinin", "creatinine"), ("plateletts", "platelets"), ("malignacy", "malignancy"), ("PaO2/FI02", "PaO2/FiO2"),
     ("haemaglobin", "haemoglobin"), ("diabetis", "diabetes"), ("hart failure", "heart failure")],
)  # fmt: skip
def test_the_nearest_names(name, meant):
    found = WORDS.nearest(name)
    assert found[0] == meant
    assert len(found) <= 3


# --- hierarchy -------------------------------------------------------------------------------------------------------

HIERARCHY = {
    "tumor": ["malignancy", "benign tumor"],
    "malignancy": ["solid tumor", "leukemia", "myeloma"],
    "solid tumor": ["lymphoma"],
    "neuropsychiatric disorder": ["psychiatric disorder"],
    "sepsis": ["septic shock"],
    "severe infectious disease": ["septic shock"],
    "infection": ["viral pneumonia", "drug-resistant infection", "active tuberculosis", "severe infectious disease"],
    "heart failure": ["acute heart failure", "cardiogenic pulmonary edema"],
    "myocardial infarction": ["acute myocardial infarction"],
    "stroke": ["acute cerebral infarction", "acute cerebral hemorrhage"],
    "acute lung injury": ["ARDS"],
    "life-limiting primary disease": [
        "life-limiting hepatic disease", "life-limiting renal disease", "life-limiting endocrine disease",
        "end-stage respiratory disease",
    ],
    "life-limiting hepatic disease": ["end-stage liver disease"],
    "serious cardiopulmonary disease": [
        "acute myocardial infarction", "acute heart failure", "type I respiratory failure", "type II respiratory failure",
        "pulmonary embolism",
    ],
    "severe major organ disease": [
        "end-stage liver disease", "liver failure", "end-stage respiratory disease", "acute renal failure",
        "acute heart failure",
    ],
}  # fmt: skip
LINES = [(whole, part) for whole, parts in HIERARCHY.items() for part in parts]


@pytest.mark.parametrize(("whole", "part"), LINES)
def test_the_whole_includes_the_part(whole, part):
    assert part in WORDS[whole].includes
    assert part in WORDS.parts(whole)
    assert whole in WORDS.wholes(part)
    dated = {part: {"at" if WORDS[part].kind == "event" else "onset": "2024-03-03"}}
    assert outcome(f"history of {whole}", dated) == "met"
    assert outcome(whole, {part: True}) == "met"
    assert outcome(part, {whole: False}) == "not met"
    assert outcome(part, {whole: True}) == "unknown"
    assert outcome(whole, {part: False}) == "unknown"


@pytest.mark.parametrize("whole", HIERARCHY)
def test_the_whole_includes_nothing_else(whole):
    assert sorted(WORDS[whole].includes) == sorted(HIERARCHY[whole])


def test_inclusion_reaches_through():
    assert {"malignancy", "solid tumor", "lymphoma", "leukemia", "benign tumor"} <= set(WORDS.parts("tumor"))
    assert {"solid tumor", "malignancy", "tumor"} == set(WORDS.wholes("lymphoma"))
    assert outcome("tumor", {"lymphoma": True}) == "met"
    assert outcome("lymphoma", {"tumor": False}) == "not met"
    assert outcome("infection", {"septic shock": True}) == "met"  # by severe infectious disease


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("infection", "sepsis"), ("positive SARS-CoV-2 test", "positive influenza test"),
        ("positive influenza test", "positive adenovirus test"), ("invasive ventilation", "protective ventilation"),
        ("protective ventilation", "invasive ventilation"), ("psychiatric disorder", "delirium"),
        ("neuropsychiatric disorder", "delirium"), ("active hepatitis B", "positive hepatitis B test"),
        ("positive HIV test", "HIV infection"),
    ],
)  # fmt: skip
def test_what_is_not_implied(rule, given):
    assert outcome(rule, {given: True}) == "unknown"
    assert outcome(rule, {given: False}) == "unknown"


# --- how long, to whom, on which list --------------------------------------------------------------------------------

ACUTE = {
    "30 days": ["ARDS", "acute lung injury", "sepsis", "septic shock", "bleeding", "acute heart failure",
                "acute renal failure", "acute myocardial infarction"],
    "14 days": ["acute cerebral infarction", "acute cerebral hemorrhage"],
    "3 months": ["deep vein thrombosis", "pulmonary embolism"],
}  # fmt: skip


@pytest.mark.parametrize(("length", "name"), [(length, name) for length, names in ACUTE.items() for name in names])
def test_acute_for(length, name):
    assert WORDS[name].acute_for == read_duration(length)


@pytest.mark.parametrize(
    "name", ["malignancy", "heart failure", "cirrhosis", "COPD", "pregnancy", "HIV infection", "diabetes"]
)
def test_what_lasts_is_not_acute(name):
    assert WORDS.find(name).acute_for is None


def test_acute_presence_ends_in_doubt():
    assert outcome("ARDS", {"ARDS": {"onset": "2024-02-10"}}) == "met"
    assert outcome("ARDS", {"ARDS": {"onset": "2024-01-10"}}) == "unknown"
    assert outcome("ARDS", {"ARDS": {"onset": "2024-01-10", "present": True}}) == "met"
    assert outcome("malignancy", {"malignancy": {"onset": "2004-01-10"}}) == "met"


@pytest.mark.parametrize("name", ["pregnancy", "lactation", "perinatal period", "planned pregnancy"])
def test_what_applies_to_females_from_eight_years(name):
    concept = WORDS[name]
    assert (concept.applies_to_sex, concept.applies_from_months) == ("female", 96)
    assert outcome(name, {"sex": "male"}) == "not met"
    assert outcome(name, {"sex": "female", "age": 7}) == "not met"
    assert outcome(name, {"sex": "female", "age": 8}) == "unknown"
    assert outcome(name, {"sex": "female"}) == "unknown"
    assert outcome(name, {}) == "unknown"


def test_nothing_else_has_limited_applicability():
    limited = {concept.name for concept in WORDS if concept.has_limited_applicability}
    assert limited == {"pregnancy", "lactation", "perinatal period", "planned pregnancy"}


NOT_ON_PROBLEM_LISTS = [
    "invasive ventilation", "protective ventilation", "non-invasive ventilation", "vasopressors", "arterial catheter",
    "central venous catheter", "participation in another trial", "long-term oxygen therapy", "conservative fluid management",
    "anti-infective treatment", "interferon therapy", "glucocorticoid therapy", "psychiatric treatment", "chemotherapy",
    "dialysis", "ECMO", "surgery", "positive hepatitis B test", "positive hepatitis C test", "positive HIV test",
    "positive tuberculosis test", "positive SARS-CoV-2 test", "positive adenovirus test", "positive influenza test",
    "positive test for another respiratory virus", "bilateral infiltrates", "life-limiting primary disease",
    "life-limiting hepatic disease", "life-limiting renal disease", "life-limiting endocrine disease",
    "severe major organ disease", "severe infectious disease", "serious cardiopulmonary disease",
    "social or mental disability", "multiple allergies", "other lung disease that limits daily activities",
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    NOT_ON_PROBLEM_LISTS,
)
def test_what_no_problem_list_names(name):
    trial = compile_trial(TRIAL.format(f"`{name}`"))
    assert not WORDS[name].on_problem_list
    assert screen({}, [trial], at=AT, absent="no")["T"].criteria["include.1"].outcome == "unknown"


ON_PROBLEM_LISTS = [name for name in (*EVENTS, *CONDITIONS) if name not in NOT_ON_PROBLEM_LISTS]


@pytest.mark.parametrize("name", ON_PROBLEM_LISTS)
def test_what_a_problem_list_names(name):
    trial = compile_trial(TRIAL.format(name))
    assert WORDS[name].on_problem_list
    assert screen({}, [trial], at=AT, absent="no")["T"].criteria["include.1"].outcome == "not met"


# --- how long a value is current -------------------------------------------------------------------------------------

CURRENT = {
    "24 hours": ["PaO2", "PaCO2", "FiO2", "arterial pH", "PaO2/FiO2", "A-a gradient", "PEEP", "plateau pressure", "tidal volume",
                 "mean airway pressure", "driving pressure", "temperature", "heart rate", "respiratory rate",
                 "respiratory rate at rest", "SpO2", "SpO2 on room air", "systolic blood pressure",
                 "diastolic blood pressure", "mean arterial pressure", "SOFA", "SOFA change", "failing organs"],
    "7 days": ["creatinine", "total bilirubin", "ALT", "AST", "INR", "platelets", "hemoglobin", "white cell count",
               "C-reactive protein", "procalcitonin", "prothrombin activity", "sodium", "potassium", "lactate", "glucose",
               "albumin", "MELD", "eGFR", "FIB-4", "atelectasis", "D-dimer FEU", "fibrinogen", "troponin T"],
    None: ["height", "baseline SOFA", "baseline creatinine", "sex", "blood group", "NYHA class", "pulmonary hypertension stage"],
}  # fmt: skip


@pytest.mark.parametrize(("length", "name"), [(length, name) for length, names in CURRENT.items() for name in names])
def test_current_for(length, name):
    assert WORDS[name].current_for == (read_duration(length) if length else None)


@pytest.mark.parametrize(
    "name",
    ["HbA1c", "total cholesterol", "LDL cholesterol", "HDL cholesterol", "triglycerides", "TSH", "free T4", "vitamin D", "PSA",
     "urine albumin-creatinine ratio", "HIV viral load", "HBV DNA", "left ventricular ejection fraction"],
)  # fmt: skip
def test_every_laboratory_value_and_image_is_current_for_seven_days(name):
    assert WORDS[name].current_for == read_duration("7 days")


# --- ranges and units ------------------------------------------------------------------------------------------------

POSSIBLE = {
    "FiO2": (20.9, 100), "SpO2": (0, 100), "hematocrit": (0, 100), "atelectasis": (0, 100), "SOFA": (0, 24),
    "baseline SOFA": (0, 24), "SOFA change": (-24, 24), "failing organs": (0, 6), "GCS": (3, 15),
    "creatinine": (0, math.inf), "PaO2": (0, math.inf), "PaO2/FiO2": (0, math.inf), "age": (0, math.inf),
    "life expectancy": (0, math.inf), "temperature": (-273.15, math.inf), "A-a gradient": (-math.inf, math.inf),
    "anion gap": (-math.inf, math.inf), "base excess": (-math.inf, math.inf), "driving pressure": (-math.inf, math.inf),
    "MELD": (0, math.inf), "prothrombin activity": (0, math.inf),
}  # fmt: skip


@pytest.mark.parametrize(("name", "ends"), list(POSSIBLE.items()))
def test_possible_ranges_are_physics(name, ends):
    assert (WORDS[name].possible.low, WORDS[name].possible.high) == ends


BARE = {
    "age >= {}": ("18", {"age": "20 years"}), "PEEP >= {}": ("8", {"PEEP": "10 cmH2O"}),
    "SpO2 >= {}": ("90", {"SpO2": "95 %"}), "SOFA >= {}": ("2", {"SOFA": 3}), "FiO2 >= {}": ("0.5", {"FiO2": "60 %"}),
    "respiratory rate at rest >= {}": ("30", {"respiratory rate at rest": "32 breaths/min"}),
    "atelectasis > {}": ("50", {"atelectasis": "60 %"}), "MELD > {}": ("30", {"MELD": 35}), "INR >= {}": ("1.5", {"INR": 2}),
    "failing organs > {}": ("3", {"failing organs": 4}), "BMI >= {}": ("25", {"BMI": "30 kg/m^2"}),
}  # fmt: skip


@pytest.mark.parametrize("rule", BARE)
def test_a_bare_number_where_one_unit_is_meant(rule):
    number, patient = BARE[rule]
    assert outcome(rule.format(number), patient) == "met"


@pytest.mark.parametrize(
    ("name", "mass"),
    [("creatinine", "113.12"), ("total bilirubin", "584.66"), ("glucose", "180.16"), ("lactate", "90.08"), ("urea", "60.056"),
     ("urea nitrogen", "28.014"), ("calcium", "40.08"), ("magnesium", "24.305"), ("sodium", "22.990"), ("potassium", "39.098"),
     ("chloride", "35.45"), ("phosphate", "30.974"), ("total cholesterol", "386.7"), ("uric acid", "168.11"),
     ("ammonia", "17.031"), ("hemoglobin", "16114.5"), ("cortisol", "362.5"), ("iron", "55.845"), ("free T4", "776.87")],
)  # fmt: skip
def test_molar_masses(name, mass):
    assert WORDS[name].measure.molar_mass == Fraction(mass)
    assert WORDS[name].molar_mass_source


# --- codes have check digits -----------------------------------------------------------------------------------------

LOINC = [(concept.name, code) for concept in WORDS for code in concept.codes.get("loinc", ())]
SNOMED = [(concept.name, code) for concept in WORDS for code in concept.codes.get("snomed", ())]
ICD10 = [(concept.name, code) for concept in WORDS for code in concept.codes.get("icd10", ())]


@pytest.mark.parametrize(("name", "code"), LOINC)
def test_loinc_check_digits(name, code):
    """LOINC users' guide, appendix C: modulo 10 over the digits, every second one doubled from the right."""
    number, check = code.split("-")
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number))]
    total = sum(value // 10 + value % 10 for value in doubled)
    assert int(check) == -total % 10


def verhoeff(number):
    """The check of Verhoeff, by the dihedral group of ten: 0 where the check digit is right."""

    def times(a, b):
        rotated_a, rotated_b = a % 5, b % 5
        if a < 5:
            return (rotated_a + rotated_b) % 5 + (5 if b >= 5 else 0)
        return (rotated_a - rotated_b) % 5 + (0 if b >= 5 else 5)

    permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    check = 0
    for place, digit in enumerate(map(int, reversed(number))):
        for _ in range(place % 8):
            digit = permutation[digit]
        check = times(check, digit)
    return check


@pytest.mark.parametrize(("name", "code"), SNOMED)
def test_snomed_check_digits(name, code):
    assert 6 <= len(code) <= 18
    assert code[-3:-1] == "00"  # a concept of the international edition
    assert verhoeff(code) == 0


@pytest.mark.parametrize(("name", "code"), ICD10)
def test_icd10_codes_have_the_form_of_the_classification(name, code):
    assert re.fullmatch(r"[A-Z]\d\d(\.\d)?", code)


def test_no_loinc_code_stands_for_two_concepts():
    codes = [code for _, code in LOINC]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize(
    ("name", "system", "codes"),
    [
        ("PaO2/FiO2", "loinc", ("50984-4",)),  # Horowitz index in arterial blood
        ("NIHSS", "loinc", ("72089-6",)),  # the total score; 70182-1 is its questionnaire
        ("RASS", "loinc", ()),  # 54632-5 is an item of the confusion assessment
        ("invasive ventilation", "snomed", ("1258985005",)),  # 40617009 is artificial ventilation of any kind
        ("infective endocarditis", "snomed", ("233850007",)),  # 56819008 is endocarditis of any cause
        ("tumor", "snomed", ("55342001",)),  # 108369006 is the morphology, no disorder
        ("lactation", "snomed", ()),  # 169741004 is the infant that is breast-fed
        ("type I respiratory failure", "icd10", ()),  # J96.0 is acute, J96.1 chronic, of either type
        ("type II respiratory failure", "icd10", ()),
        ("severe asthma", "icd10", ()),  # J45 is asthma of any severity
    ],
)
def test_a_code_says_no_more_and_no_less_than_its_concept(name, system, codes):
    assert WORDS[name].codes.get(system, ()) == codes


# --- what was measured in a patient is possible ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", "13.7 degC"),  # survived: Gilbert et al., Lancet 2000;355:375-6
        ("glucose", "2656 mg/dL"),  # survived, 2008
        ("height", "272 cm"),
        ("weight", "635 kg"),
        ("pulmonary artery wedge pressure", "-2 mmHg"),  # a gauge pressure: below the zero of the transducer
        ("central venous pressure", "-5 mmHg"),
        ("anion gap", "-3 mmol/L"),
        ("transferrin saturation", "180 %"),  # iron poisoning
        ("prothrombin activity", "150 %"),
    ],
)
def test_a_value_that_was_measured_is_not_refused(name, value):
    assert screen({name: value}, at="2024-03-04T08:00Z")


def test_only_shares_and_scores_have_an_upper_end():
    ends = {concept.unit for concept in WORDS if concept.kind == "quantity" and concept.possible.high < float("inf")}
    assert ends <= {"%", "1"}


# --- formulas --------------------------------------------------------------------------------------------------------


def ckd_epi_2021(creatinine, age, female):
    """Inker et al., N Engl J Med 2021;385:1737-49; creatinine in mg/dL."""
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine / kappa
    return 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * (1.012 if female else 1)


def meld(bilirubin, inr, creatinine):
    """Kamath et al., Hepatology 2001;33:464-70, with the limits of UNOS for the inputs; mg/dL."""
    logs = [math.log(max(bilirubin, 1)), math.log(max(inr, 1)), math.log(min(max(creatinine, 1), 4))]
    return 3.78 * logs[0] + 11.2 * logs[1] + 9.57 * logs[2] + 6.43


def aa_gradient(fio2, paco2, pao2, air=760):
    return fio2 * (air - 47) - paco2 / 0.8 - pao2


KPA = 1000 / 133.322387415  # mmHg

FORMULAS = [
    # concept, patient, value in the canonical unit
    ("eGFR", {"creatinine": "1.0 mg/dL", "age": 50, "sex": "female"}, ckd_epi_2021(1.0, 50, True)),
    ("eGFR", {"creatinine": "1.0 mg/dL", "age": 50, "sex": "male"}, ckd_epi_2021(1.0, 50, False)),
    ("eGFR", {"creatinine": "0.5 mg/dL", "age": 30, "sex": "female"}, ckd_epi_2021(0.5, 30, True)),
    ("eGFR", {"creatinine": "0.7 mg/dL", "age": 25, "sex": "male"}, ckd_epi_2021(0.7, 25, False)),
    ("eGFR", {"creatinine": "0.7 mg/dL", "age": 40, "sex": "female"}, ckd_epi_2021(0.7, 40, True)),
    ("eGFR", {"creatinine": "442 umol/L", "age": 70, "sex": "male"}, ckd_epi_2021(442 * 113.12 / 10_000, 70, False)),
    ("MELD", {"total bilirubin": "5 mg/dL", "INR": 2, "creatinine": "2 mg/dL"}, meld(5, 2, 2)),
    ("MELD", {"total bilirubin": "0.5 mg/dL", "INR": 0.9, "creatinine": "0.6 mg/dL"}, 6.43),
    ("MELD", {"total bilirubin": "30 mg/dL", "INR": 5, "creatinine": "9 mg/dL"}, meld(30, 5, 4)),
    ("MELD", {"total bilirubin": "342 umol/L", "INR": 3, "creatinine": "265 umol/L"},
     meld(342 * 584.66 / 10_000, 3, 265 * 113.12 / 10_000)),
    ("FIB-4", {"age": 50, "AST": "80 U/L", "ALT": "64 U/L", "platelets": "100 x 10^9/L"}, 50 * 80 / (100 * math.sqrt(64))),
    ("FIB-4", {"age": 61, "AST": "1 ukat/L", "ALT": "45 IU/L", "platelets": "150000 /mm3"}, 61 * 60 / (150 * math.sqrt(45))),
    ("PaO2/FiO2", {"PaO2": "80 mmHg", "FiO2": "40 %"}, 200.0),
    ("PaO2/FiO2", {"PaO2": "10 kPa", "FiO2": 0.5}, 10 * KPA / 0.5),
    ("A-a gradient", {"FiO2": "21 %", "PaCO2": "40 mmHg", "PaO2": "80 mmHg"}, aa_gradient(0.21, 40, 80)),
    ("A-a gradient", {"FiO2": "60 %", "PaCO2": "5 kPa", "PaO2": "10 kPa", "barometric pressure": "630 mmHg"},
     aa_gradient(0.6, 5 * KPA, 10 * KPA, 630)),
    ("SpO2/FiO2", {"SpO2": "95 %", "FiO2": "50 %"}, 190.0),
    ("oxygenation index", {"mean airway pressure": "15 cmH2O", "FiO2": "60 %", "PaO2": "60 mmHg"}, 15 * 0.6 * 100 / 60),
    ("oxygenation index", {"mean airway pressure": "20 mbar", "FiO2": "100 %", "PaO2": "8 kPa"},
     20 * 100 / 98.0665 * 100 / (8 * KPA)),
    ("driving pressure", {"plateau pressure": "28 cmH2O", "PEEP": "10 cmH2O"}, 18.0),
    ("driving pressure", {"plateau pressure": "2.5 kPa", "PEEP": "8 cmH2O"}, 2500 / 98.0665 - 8),
    ("BMI", {"weight": "70 kg", "height": "175 cm"}, 70 / 1.75**2),
    ("BMI", {"weight": "180 lb", "height": "70 in"}, 180 * 0.45359237 / (70 * 0.0254) ** 2),
    ("body surface area", {"weight": "70 kg", "height": "175 cm"}, math.sqrt(175 * 70 / 3600)),
    ("body surface area", {"weight": "150 lb", "height": "5.5 ft"}, math.sqrt(5.5 * 30.48 * 150 * 0.45359237 / 3600)),
    ("mean arterial pressure", {"systolic blood pressure": "120 mmHg", "diastolic blood pressure": "80 mmHg"}, 280 / 3),
    ("corrected calcium", {"calcium": "2.0 mmol/L", "albumin": "20 g/L"}, 2.4),
    ("corrected calcium", {"calcium": "8 mg/dL", "albumin": "2 g/dL"}, 80 / 40.08 + 0.02 * 20),
    ("anion gap", {"sodium": "140 mmol/L", "chloride": "100 mmol/L", "bicarbonate": "24 mmol/L"}, 16.0),
    ("anion gap", {"sodium": "140 mEq/L", "chloride": "110 mEq/L", "bicarbonate": "10 mEq/L"}, 20.0),
    ("SOFA change", {"SOFA": 7, "baseline SOFA": 3}, 4.0),
    ("SOFA change", {"SOFA": 1, "baseline SOFA": 3}, -2.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "patient", "value"), FORMULAS)
def test_formulas_just_below_and_just_above(name, patient, value):
    unit = "" if WORDS[name].unit == "1" else WORDS[name].unit
    step = 1e-6 * max(1, abs(value))
    expected = {">=": ("met", "met", "not met"), ">": ("met", "not met", "not met"), "<=": ("not met", "met", "met")}
    for operator, outcomes in expected.items():
        for threshold, wanted in zip((value - step, value, value + step), outcomes, strict=True):
            assert outcome(f"`{name}` {operator} {threshold!r} {unit}".strip(), patient) == wanted, (
                operator,
                threshold,
            )


def test_every_formula_of_the_vocabulary_is_tried():
    assert {concept.name for concept in WORDS if concept.formula} == {name for name, _, _ in FORMULAS}


@pytest.mark.parametrize("name", sorted({name for name, _, _ in FORMULAS}))
def test_every_formula_has_the_dimension_of_its_concept(name):
    assert check_formula(WORDS, WORDS[name]).inputs


@pytest.mark.parametrize(
    ("name", "patient", "published"),
    [
        # National Kidney Foundation's calculator (CKD-EPI 2021), rounded to whole numbers
        ("eGFR", {"creatinine": "1.0 mg/dL", "age": 50, "sex": "female"}, 69),
        ("eGFR", {"creatinine": "1.0 mg/dL", "age": 50, "sex": "male"}, 92),
        # the scores and ratios of textbooks
        ("MELD", {"total bilirubin": "5 mg/dL", "INR": 2, "creatinine": "2 mg/dL"}, 27),
        ("BMI", {"weight": "70 kg", "height": "175 cm"}, 23),
        ("A-a gradient", {"FiO2": "21 %", "PaCO2": "40 mmHg", "PaO2": "80 mmHg"}, 20),
        ("anion gap", {"sodium": "140 mmol/L", "chloride": "100 mmol/L", "bicarbonate": "24 mmol/L"}, 16),
        ("mean arterial pressure", {"systolic blood pressure": "120 mmHg", "diastolic blood pressure": "80 mmHg"}, 93),
    ],
)  # fmt: skip
def test_published_values(name, patient, published):
    unit = "" if WORDS[name].unit == "1" else WORDS[name].unit
    assert outcome(f"{published - 0.5} <= `{name}` < {published + 0.5} {unit}".strip(), patient) == "met"


def test_what_is_missing_leaves_a_formula_as_wide_as_it_may_be():
    one = {"creatinine": "1.0 mg/dL", "age": 50}
    assert outcome("eGFR >= 68 mL/min/1.73m^2", one) == "met"  # woman or man
    assert outcome("eGFR >= 80 mL/min/1.73m^2", one) == "unknown"
    assert outcome("eGFR >= 93 mL/min/1.73m^2", one) == "not met"
    assert outcome("PaO2/FiO2 <= 300 mmHg", {"PaO2": "60 mmHg"}) == "met"  # FiO2 is at least 20.9 %: 287 mmHg or lower
    assert outcome("PaO2/FiO2 < 200 mmHg", {"PaO2": "60 mmHg"}) == "unknown"
    assert outcome("SOFA change >= 2", {"SOFA": 1}) == "not met"
    assert outcome("MELD >= 6.4", {"INR": 1}) == "met"  # inputs are floored at 1
    assert outcome("MELD > 20", {"creatinine": "9 mg/dL"}) == "unknown"


def test_the_assumed_air_pressure_is_said():
    trial = compile_trial(TRIAL.format("A-a gradient > 10 mmHg"))
    given = {"FiO2": "21 %", "PaCO2": "40 mmHg", "PaO2": "80 mmHg"}
    reason = screen(given, [trial], at=AT)["T"].criteria["include.1"].reason
    assert "760 mmHg" in reason
    assert "assumed" in reason


# --- a user's own file -----------------------------------------------------------------------------------------------

QUANTITY = """
[concept."{name}"]
kind = "quantity"
about = "Something that is measured."
source = "A paper"
unit = "{unit}"
current_for = "7 days"
"""
CONDITION = """
[concept."{name}"]
kind = "condition"
about = "Something that one has."
source = "A paper"
on_problem_list = true
"""


def quantity(name="sIL-2R", unit="U/mL", more=""):
    return QUANTITY.format(name=name, unit=unit) + more + "\n"


def condition(name="sarcoidosis", more=""):
    return CONDITION.format(name=name) + more + "\n"


def file(folder, *parts, name="mine.toml"):
    path = folder / name
    path.write_text("".join(parts), encoding="utf-8")
    return path


def messages(*paths):
    with pytest.raises(VocabularyError) as caught:
        Vocabulary.load(paths)
    assert str(caught.value) == "\n".join(caught.value.messages)
    return caught.value.messages


def test_a_user_s_file_extends_the_vocabulary(tmp_path):
    words = Vocabulary.load(file(tmp_path, quantity(), condition(more='synonyms = ["Boeck disease"]')))
    assert len(words) == len(WORDS) + 2
    assert (
        outcome("sIL-2R >= 1000 U/mL and Boeck disease", {"sIL-2R": "1200 kU/L", "sarcoidosis": True}, words) == "met"
    )
    assert (
        outcome("creatinine >= 5 mg/dL and no malignancy", {"creatinine": "6 mg/dL", "malignancy": False}, words)
        == "met"
    )
    assert WORDS.find("sIL-2R") is None


def test_a_folder_and_several_files(tmp_path):
    (tmp_path / "more").mkdir()
    file(tmp_path / "more", quantity(), name="a.toml")
    file(tmp_path / "more", condition(), name="b.toml")
    file(tmp_path / "more", "no vocabulary", name="c.txt")
    one = file(tmp_path, quantity("KL-6"), name="one.toml")
    assert len(Vocabulary.load(tmp_path / "more")) == len(WORDS) + 2
    assert len(Vocabulary.load([str(tmp_path / "more"), one])) == len(WORDS) + 3


def test_a_file_may_stand_instead_of_the_vocabulary(tmp_path):
    words = Vocabulary.load(file(tmp_path, quantity()), extend=False)
    assert [concept.name for concept in words] == ["sIL-2R"]
    assert outcome("sIL-2R >= 1000 U/mL", {"sIL-2R": "1200 kU/L"}, words) == "met"


def test_a_concept_may_be_restated(tmp_path):
    more = 'bare = "umol/L"\nmolar_mass = "113.12"\nmolar_mass_source = "PubChem CID 588"'
    words = Vocabulary.load(file(tmp_path, quantity("creatinine", "umol/L", more)))
    assert outcome("creatinine >= 442", {"creatinine": 450}, words) == "met"
    assert WORDS["creatinine"].bare is None


def test_a_restated_concept_may_not_break_the_formulas_that_need_it(tmp_path):
    words = Vocabulary.load(file(tmp_path, quantity("creatinine", "umol/L")))
    with pytest.raises(VocabularyError, match="MELD"):
        compile_trial(TRIAL.format("malignancy"), vocabulary=words)


def test_a_part_of_a_user_s_own(tmp_path):
    words = Vocabulary.load(file(tmp_path, condition("my syndrome", 'includes = ["ARDS", "stroke"]')))
    assert outcome("my syndrome", {"ARDS": True}, words) == "met"
    assert outcome("ARDS", {"my syndrome": False}, words) == "not met"


@pytest.mark.parametrize(
    ("rule", "patient", "expected"),
    [
        # the event makes it present then; nothing says how long it lasted
        ("my syndrome", {"stroke": True}, "unknown"),
        ("my syndrome", {"stroke": {"at": "2020-05-01"}}, "unknown"),
        ("history of my syndrome", {"stroke": True}, "met"),
        ("my syndrome within 10 years", {"stroke": {"at": "2020-05-01"}}, "met"),
        ("my syndrome", {"stroke": {"at": "2020-05-01"}, "my syndrome": True}, "met"),
        ("my syndrome", {"stroke": {"at": "2020-05-01"}, "my syndrome": {"present": False}}, "not met"),
        ("my syndrome", {"stroke": False}, "unknown"),
        ("stroke", {"my syndrome": False}, "not met"),
        # a condition that an event includes happened when it began
        ("my attack within 10 years", {"ARDS": {"onset": "2020-05-01", "resolved": "2020-06-01"}}, "met"),
        ("my attack", {"ARDS": {"onset": "2020-05-01", "resolved": "2020-06-01"}}, "met"),
    ],
)
def test_an_event_in_a_condition_and_a_condition_in_an_event(tmp_path, rule, patient, expected):
    words = Vocabulary.load(
        file(
            tmp_path,
            condition("my syndrome", 'includes = ["stroke"]'),
            condition("my attack", 'includes = ["ARDS"]').replace('"condition"', '"event"'),
        )
    )
    assert outcome(rule, patient, words) == expected


def test_a_formula_of_a_user_s_own(tmp_path):
    more = 'formula = "(AST / (1 U/L)) / (ALT / (1 U/L))"\nformula_source = "De Ritis, Clin Chim Acta 1957;2:70-4"'
    words = Vocabulary.load(file(tmp_path, quantity("De Ritis ratio", "1", 'bare = "1"\n' + more)))
    assert outcome("De Ritis ratio > 1.9", {"AST": "200 U/L", "ALT": "100 U/L"}, words) == "met"
    assert outcome("De Ritis ratio > 2.1", {"AST": "200 U/L", "ALT": "100 U/L"}, words) == "not met"


def test_a_class_and_a_unit_of_a_user_s_own(tmp_path):
    text = """
[concept."RIFLE class"]
kind = "class"
about = "RIFLE."
source = "Bellomo et al., Crit Care 2004"
current_for = "24 hours"
values = ["none", "risk", "injury", "failure"]
value_synonyms = { failure = ["F"] }

[unit.stone]
is = "14 * pound"
symbols = ["st", "stone"]

[alias]
"mg percent" = "mg/dL"
"""
    words = Vocabulary.load(file(tmp_path, text))
    assert outcome("RIFLE class >= injury", {"RIFLE class": "F"}, words) == "met"
    assert outcome("weight >= 10 stone", {"weight": "10 st"}, words) == "met"
    assert outcome("creatinine > 1 mg percent", {"creatinine": "2 mg/dL"}, words) == "met"


BAD = {
    # what is wrong: (file, words that the message must hold)
    "an unknown field": (quantity(more='colour = "red"'), ["sIL-2R", "colour"]),
    "no source": (condition().replace('source = "A paper"', ""), ["sarcoidosis", "source"]),
    "an empty source": (condition().replace('"A paper"', '""'), ["sarcoidosis", "source"]),
    "no kind": (condition().replace('kind = "condition"', ""), ["sarcoidosis", "kind"]),
    "a kind that is none": (condition().replace('"condition"', '"conditon"'), ["sarcoidosis", "kind", "condition"]),
    "no unit": (quantity().replace('unit = "U/mL"', ""), ["sIL-2R", "unit"]),
    "a bad unit": (quantity(unit="U/mLL"), ["sIL-2R", "U/mLL"]),
    "a bad bare unit": (quantity(more='bare = "U/mLL"'), ["sIL-2R", "U/mLL"]),
    "no length of being current": (quantity().replace('current_for = "7 days"', ""), ["sIL-2R", "current_for"]),
    "a bad length of being current": (quantity().replace("7 days", "7 moons"), ["sIL-2R", "7 moons", "7 days"]),
    "a bad acute length": (condition(more='acute_for = "a while"'), ["sarcoidosis", "acute_for", "a while"]),
    "a range the wrong way": (quantity(more="possible = { min = 9, max = 1 }"), ["sIL-2R", "9", "1"]),
    "a plausible range too wide": (quantity(more="plausible = { min = -9, max = 1 }"), ["sIL-2R", "plausible"]),
    "a molar mass without source": (quantity(more='molar_mass = "60"'), ["sIL-2R", "molar_mass_source"]),
    "a molar mass that is none": (quantity(more='molar_mass = "sixty"'), ["sIL-2R", "molar_mass"]),
    "a formula without source": (quantity(more='formula = "creatinine"'), ["sIL-2R", "formula_source"]),
    "a reserved name": (condition("birth_date"), ["birth_date", "reserved"]),
    "no word on problem lists": (condition().replace("on_problem_list = true", ""), ["sarcoidosis", "on_problem_list"]),
    "an assumed value of another kind": (quantity(more='assumed = "5 kg"'), ["sIL-2R", "5 kg"]),
    "a class of one value": (
        '[concept.k]\nkind = "class"\nabout = "K."\nsource = "s"\ncurrent_for = "unlimited"\nvalues = ["a"]\n', ["`k`", "values"],
    ),
    "a value that is two": (
        '[concept.k]\nkind = "class"\nabout = "K."\nsource = "s"\ncurrent_for = "unlimited"\nvalues = ["a", "b"]\n'
        'value_synonyms = { a = ["B"] }\n', ["`k`", "`b`"],
    ),
    "broken TOML": ("[concept.k\n", ["line 1"]),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_told_with_file_and_concept(tmp_path, what):
    text, wanted = BAD[what]
    told = messages(file(tmp_path, text))
    assert len(told) == 1
    assert told[0].startswith("mine.toml:")
    assert not [word for word in wanted if word.casefold() not in told[0].casefold()], told


BETWEEN = {
    "a synonym of another": (condition(more='synonyms = ["creatinine"]'), ["sarcoidosis", "creatinine"]),
    "a name that is a synonym": (condition("c r p"), ["c r p", "C-reactive protein"]),
    "a part that is not there": (condition(more='includes = ["no such thing"]'), ["sarcoidosis", "no such thing"]),
    "a part that is a class": (condition(more='includes = ["sex"]'), ["sarcoidosis", "sex"]),
    "a part of itself": (condition(more='includes = ["sarcoidosis"]'), ["sarcoidosis", "itself"]),
    "a circle": (condition("one", 'includes = ["two"]') + condition("two", 'includes = ["one"]'), ["one", "two", "itself"]),
    "sampled with nothing": (
        quantity(more='formula = "sodium * (1 U/mmol)"\nformula_source = "s"\nsampled_with = "nothing"'), ["sIL-2R", "nothing"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BETWEEN)
def test_what_does_not_hold_together_is_told(tmp_path, what):
    text, wanted = BETWEEN[what]
    told = "\n".join(messages(file(tmp_path, text)))
    assert not [word for word in wanted if word.casefold() not in told.casefold()], told


@pytest.mark.parametrize("what", BETWEEN)
def test_what_does_not_hold_together_names_its_file(tmp_path, what):
    assert all("mine.toml" in told for told in messages(file(tmp_path, BETWEEN[what][0])))


def test_every_problem_of_one_stage_is_told_at_once(tmp_path):
    one = file(tmp_path, quantity(unit="U/mLL"), quantity("KL-6", "kg/kgg"), condition("sex change", 'acute_for = "x"'))
    two = file(tmp_path, condition("x1", 'includes = ["x1"]'), condition("x2", 'synonyms = ["ARDS"]'), name="two.toml")
    told = messages(one, two)
    assert len(told) == 5
    for word in ("U/mLL", "kg/kgg", "acute_for", "x1", "ARDS"):
        assert [line for line in told if word in line], word


def test_every_problem_of_all_stages_is_told_at_once(tmp_path):
    one = file(tmp_path, quantity(more='colour = "red"'), quantity("KL-6", "kg/kgg"))
    two = file(tmp_path, condition("x1", 'includes = ["x1"]'), name="two.toml")
    told = "\n".join(messages(one, two))
    assert not [word for word in ("colour", "kg/kgg", "x1") if word not in told], told


BAD_FORMULAS = {
    "it is no formula": ("sodium +", "U/mL"),
    "a name that is not declared": ("sodum * (1 U/mmol)", "U/mL"),
    "another dimension": ("sodium * 2", "U/mL"),
    "a condition for a number": ("malignancy", "1"),
    "itself": ("sIL-2R + 1 U/mL", "U/mL"),
}


@pytest.mark.parametrize("what", BAD_FORMULAS)
def test_a_bad_formula_is_told_when_the_vocabulary_is_first_used(tmp_path, what):
    formula, unit = BAD_FORMULAS[what]
    more = f'formula = "{formula}"\nformula_source = "s"'
    words = Vocabulary.load(file(tmp_path, quantity(unit=unit, more=more)))
    with pytest.raises(VocabularyError) as caught:
        compile_trial(TRIAL.format("malignancy"), vocabulary=words)
    assert "sIL-2R" in caught.value.messages[0]


def test_formulas_in_a_circle_are_refused(tmp_path):
    texts = [
        quantity(name, "mg/L", f'formula = "{other} * 2"\nformula_source = "s"')
        for name, other in (("foo", "bar"), ("bar", "foo"))
    ]
    words = Vocabulary.load(file(tmp_path, *texts))
    with pytest.raises(VocabularyError, match="itself"):
        compile_trial(TRIAL.format("malignancy"), vocabulary=words)


def test_an_alias_in_a_circle_is_refused(tmp_path):
    text = '[alias]\nzork = "bork/L"\nbork = "zork"\n'
    assert "zork" in "\n".join(messages(file(tmp_path, text, quantity(unit="zork"))))


@pytest.mark.parametrize("meaning", ["banana", "** 5", "5 *", "zork"])
def test_a_unit_that_cannot_be_defined_is_refused(tmp_path, meaning):
    assert "zork" in "\n".join(messages(file(tmp_path, f'[unit.zork]\nis = "{meaning}"\nsymbols = ["zk"]\n')))


UNCHECKED = {
    "a bare unit of another kind": (quantity(more='bare = "kg"'), "bare"),
    "a molar mass below zero": (
        quantity(unit="mg/L", more='molar_mass = "-5"\nmolar_mass_source = "s"'), "molar_mass",
    ),
    "an assumed value without source": (quantity(more='assumed = "5 U/mL"'), "assumed_source"),
    "an assumed value that is impossible": (quantity(more='assumed = "-5 U/mL"'), "assumed"),
    "a range that is no number": (quantity(more="possible = { min = nan }"), "possible"),
    "a reserved synonym": (condition(more='synonyms = ["as of"]'), "as of"),
    "an age in days": (condition(more='applies_to = { sex = "female", from = "100 days" }'), "applies_to"),
    "a name of no letters": (condition("- -"), "- -"),
    "a name with a backtick": (condition("a`b"), "a`b"),
    "values of a quantity": (quantity(more='values = ["a", "b"]'), "values"),
    "parts of a quantity": (quantity(more='includes = ["malignancy"]'), "includes"),
    "sampled with a condition": (
        quantity(more='formula = "sodium * (1 U/mmol)"\nformula_source = "s"\nsampled_with = "malignancy"'), "sampled_with",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", UNCHECKED)
def test_what_cannot_be_meant_is_refused(tmp_path, what):
    text, word = UNCHECKED[what]
    assert word in "\n".join(messages(file(tmp_path, text)))


def test_an_assumed_value_that_is_no_number_is_refused_in_plain_words(tmp_path):
    told = messages(file(tmp_path, quantity(more='assumed = "abc U/mL"')))
    assert "sIL-2R" in told[0]
    assert "abc" in told[0]


def test_a_file_that_is_not_there(tmp_path):
    assert "none.toml" in messages(tmp_path / "none.toml")[0]


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "raw.toml").write_bytes(b"\xff\xfe\x00")
    assert messages(tmp_path / "raw.toml")[0].startswith("raw.toml:")


def test_the_bundled_files_are_one_vocabulary():
    folder = Path(__file__).parent.parent / "rules" / "vocabulary"
    assert len(Vocabulary.load(folder, extend=False)) == len(WORDS)
    keys = [key_of(name) for concept in WORDS for name in (concept.name, *concept.synonyms)]
    assert len(set(keys)) == len(WORDS.key_index)
