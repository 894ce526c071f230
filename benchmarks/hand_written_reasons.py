"""What is known of a patient goes in; every criterion of the five trials comes out with its outcome and why, by hand.

Beside `hand_written.py`, which stops at the first criterion that fails, this looks at all of them. A criterion comes out as
a dict that holds the values it rests on; `sentences` puts them into words. `read` gets what is known from a plain record of
strings, `"82 mmHg"`, with a table of the units that are expected. No library, as short and as fast as is readable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import hand_written as f
from hand_written import STAGES_III_AND_IV, Known

NO, YES, ASKS, LACKS = 0, 1, 2, 3
OUTCOMES = ("not met", "met", "unanswered", "unknown")
Criterion = dict[str, Any]


def above(known: Any, limit: float) -> int:
    """known > limit"""
    low, high, low_open, _ = known
    if low > limit * (1 + 1e-9) or (low_open and low >= limit * (1 - 1e-9) and high > limit * (1 + 1e-9)):
        return YES
    return LACKS if high > limit * (1 + 1e-9) else NO


def at_least(known: Any, limit: float) -> int:
    """known >= limit"""
    low, high, _, high_open = known
    if low >= limit * (1 - 1e-9):
        return YES
    return LACKS if high > limit * (1 + 1e-9) or (high >= limit * (1 - 1e-9) and not high_open) else NO


def below(known: Any, limit: float) -> int:
    """known < limit"""
    low, high, _, high_open = known
    if high < limit * (1 - 1e-9) or (high_open and high <= limit * (1 + 1e-9) and low < limit * (1 - 1e-9)):
        return YES
    return LACKS if low < limit * (1 - 1e-9) else NO


def at_most(known: Any, limit: float) -> int:
    """known <= limit"""
    low, high, low_open, _ = known
    if high <= limit * (1 + 1e-9):
        return YES
    return LACKS if low < limit * (1 - 1e-9) or (low <= limit * (1 + 1e-9) and not low_open) else NO


def either(one: int, other: int) -> int:
    """One of the two holds; else what waits for data comes before what waits for an answer."""
    return YES if one == YES or other == YES else one if one > other else other


def any_of(*truths: int) -> int:
    """One of them holds."""
    return YES if YES in truths else max(truths)


def both(one: int, other: int) -> int:
    """Both hold."""
    return (one if one > other else other) if one and other else NO


def no(truth: int) -> int:
    """The other way round."""
    return 1 - truth if truth < 2 else truth


def judged(p: Known) -> dict[str, tuple[str, list[Criterion]]]:
    """The verdict and the criteria of each trial."""
    age, consent, oxygenation, infiltrates = p[f.AGE], p[f.CONSENT], p[f.OXYGENATION], p[f.INFILTRATES]
    pregnant = either(p[f.PREGNANCY], p[f.LACTATION])
    infected = any_of(p[f.INFECTION], p[f.SUSPECTED_INFECTION], p[f.SEPSIS])
    moderate = both(above(oxygenation, 200), at_most(oxygenation, 300))
    trials = {
        "NCT02444455": [
            {"id": "include.1", "outcome": OUTCOMES[consent], "values": consent},
            {"id": "include.2", "outcome": OUTCOMES[both(at_least(age, 35), at_most(age, 70))], "values": age},
            {"id": "include.3", "outcome": OUTCOMES[p[f.LUNG_INJURY_IN_7_DAYS]], "values": p[f.LUNG_INJURY_IN_7_DAYS]},
            {"id": "include.4", "outcome": OUTCOMES[both(moderate, above(p[f.GRADIENT], 35))], "values": (oxygenation, p[f.GRADIENT])},
            {"id": "include.5", "outcome": OUTCOMES[infiltrates], "values": infiltrates},
            {"id": "include.6", "outcome": OUTCOMES[no(p[f.HEART_FAILURE])], "values": p[f.HEART_FAILURE]},
            {"id": "exclude.1", "outcome": OUTCOMES[no(consent)], "values": consent},
            {"id": "exclude.2", "outcome": OUTCOMES[p[f.SOCIAL_DISABILITY]], "values": p[f.SOCIAL_DISABILITY]},
            {"id": "exclude.3", "outcome": OUTCOMES[p[f.MALIGNANCY]], "values": p[f.MALIGNANCY]},
            {"id": "exclude.4", "outcome": OUTCOMES[p[f.SEVERE_INFECTION]], "values": p[f.SEVERE_INFECTION]},
            {"id": "exclude.5", "outcome": OUTCOMES[any_of(p[f.HEPATITIS_B_TEST], p[f.HEPATITIS_C_TEST], p[f.HIV_TEST], p[f.TUBERCULOSIS_TEST], p[f.HEPATITIS_B], p[f.HEPATITIS_C], p[f.HIV], p[f.TUBERCULOSIS])], "values": None},
            {"id": "exclude.6", "outcome": OUTCOMES[either(p[f.PREGNANCY], p[f.PERINATAL])], "values": None},
            {"id": "exclude.7", "outcome": OUTCOMES[p[f.ORGAN_DISEASE]], "values": None},
        ],
        "NCT03608592": [
            {"id": "include.1", "outcome": OUTCOMES[at_least(age, 18)], "values": age},
            {"id": "include.2.1", "outcome": OUTCOMES[both(p[f.VENTILATION], below(oxygenation, 200))], "values": oxygenation},
            {"id": "include.2.2", "outcome": OUTCOMES[at_least(p[f.PEEP], 8)], "values": p[f.PEEP]},
            {"id": "include.2.3", "outcome": OUTCOMES[infiltrates], "values": infiltrates},
            {"id": "include.2.4", "outcome": OUTCOMES[p[f.ARDS_IN_A_WEEK]], "values": p[f.ARDS_IN_A_WEEK]},
            {"id": "include.2.5", "outcome": OUTCOMES[either(below(p[f.OXYGENATION_AFTER_VENTILATION], 200), below(p[f.OXYGENATION_AFTER_FLUID], 200))], "values": oxygenation},
            {"id": "exclude.1", "outcome": OUTCOMES[p[f.MALIGNANCY]], "values": p[f.MALIGNANCY]},
            {"id": "exclude.2", "outcome": OUTCOMES[p[f.CARDIAC_EDEMA]], "values": p[f.CARDIAC_EDEMA]},
            {"id": "exclude.3", "outcome": OUTCOMES[above(p[f.ATELECTASIS], 50)], "values": p[f.ATELECTASIS]},
            {"id": "exclude.4", "outcome": OUTCOMES[either(pregnant, p[f.PERINATAL])], "values": None},
            {"id": "exclude.5", "outcome": OUTCOMES[p[f.END_STAGE_LUNGS]], "values": p[f.END_STAGE_LUNGS]},
            {"id": "exclude.6", "outcome": OUTCOMES[above(p[f.FAILING_ORGANS], 3)], "values": p[f.FAILING_ORGANS]},
            {"id": "exclude.7", "outcome": OUTCOMES[both(p[f.LIVER_FAILURE], above(p[f.MELD], 40))], "values": p[f.MELD]},
            {"id": "exclude.8", "outcome": OUTCOMES[in_stages(p[f.PULMONARY_HYPERTENSION])], "values": p[f.PULMONARY_HYPERTENSION]},
            {"id": "exclude.9", "outcome": OUTCOMES[either(no(p[f.ARTERIAL_CATHETER]), no(p[f.VENOUS_CATHETER]))], "values": None},
            {"id": "exclude.10", "outcome": OUTCOMES[either(p[f.THROMBOSIS_IN_3_MONTHS], p[f.EMBOLISM_IN_3_MONTHS])], "values": None},
            {"id": "exclude.11", "outcome": OUTCOMES[p[f.HERNIATION]], "values": p[f.HERNIATION]},
            {"id": "exclude.12", "outcome": OUTCOMES[p[f.ARDS_OVER_96_HOURS]], "values": p[f.ARDS_OVER_96_HOURS]},
        ],
        "NCT06416709": [
            {"id": "include.1", "outcome": OUTCOMES[both(at_least(age, 18), at_most(age, 90))], "values": age},
            {"id": "include.2", "outcome": OUTCOMES[both(consent, p[f.RESTRICTIONS])], "values": consent},
            {"id": "include.3", "outcome": OUTCOMES[both(p[f.VIRAL_PNEUMONIA], p[f.ADVANCED])], "values": None},
            {"id": "include.3.1", "outcome": OUTCOMES[any_of(p[f.SARS_TEST], p[f.ADENOVIRUS_TEST], p[f.INFLUENZA_TEST], p[f.OTHER_VIRUS_TEST])], "values": None},
            {"id": "include.3.2", "outcome": OUTCOMES[infiltrates], "values": infiltrates},
            {"id": "include.3.3", "outcome": OUTCOMES[both(both(at_least(p[f.BREATHS], 30), at_most(p[f.SATURATION], 93)), moderate)], "values": (p[f.BREATHS], p[f.SATURATION], oxygenation)},
            {"id": "include.4", "outcome": OUTCOMES[both(no(p[f.VENTILATION]), no(p[f.VASOPRESSORS]))], "values": None},
            {"id": "exclude.1", "outcome": OUTCOMES[any_of(p[f.HEPATITIS_B], p[f.HEPATITIS_C], p[f.HIV], p[f.TUBERCULOSIS])], "values": None},
            {"id": "exclude.2", "outcome": OUTCOMES[any_of(p[f.SOLID_TUMOR], p[f.LEUKEMIA], p[f.PSYCHIATRIC])], "values": None},
            {"id": "exclude.3", "outcome": OUTCOMES[any_of(above(p[f.WHITE_CELLS], 12), below(p[f.WHITE_CELLS], 4), above(p[f.CRP_BY_LIMIT], 2), above(p[f.PROCALCITONIN_BY_LIMIT], 2))], "values": (p[f.WHITE_CELLS], p[f.CRP_BY_LIMIT], p[f.PROCALCITONIN_BY_LIMIT])},
            {"id": "exclude.4.1", "outcome": OUTCOMES[p[f.ACUTE_HEART_FAILURE]], "values": p[f.ACUTE_HEART_FAILURE]},
            {"id": "exclude.4.2", "outcome": OUTCOMES[either(p[f.MYOCARDITIS], p[f.VALVES])], "values": None},
            {"id": "exclude.4.3", "outcome": OUTCOMES[p[f.ARRHYTHMIA]], "values": p[f.ARRHYTHMIA]},
            {"id": "exclude.4.4", "outcome": OUTCOMES[either(p[f.INFARCTION_IN_6_MONTHS], p[f.STROKE_IN_6_MONTHS])], "values": None},
            {"id": "exclude.4.5", "outcome": OUTCOMES[any_of(p[f.CHRONIC_BRONCHITIS], p[f.SEVERE_ASTHMA], p[f.EMPHYSEMA], p[f.COPD], p[f.FIBROSIS], p[f.OXYGEN_AT_HOME], p[f.OTHER_LUNG_DISEASE])], "values": None},
            {"id": "exclude.4.6", "outcome": OUTCOMES[either(p[f.ACUTE_RENAL_FAILURE], at_least(p[f.CREATININE_RISE], 44.2))], "values": p[f.CREATININE_RISE]},
            {"id": "exclude.4.7", "outcome": OUTCOMES[at_least(p[f.CREATININE], 442)], "values": p[f.CREATININE]},
            {"id": "exclude.4.8", "outcome": OUTCOMES[at_least(p[f.ALT_BY_LIMIT], 5)], "values": p[f.ALT_BY_LIMIT]},
            {"id": "exclude.4.9", "outcome": OUTCOMES[either(at_least(p[f.BILIRUBIN_BY_LIMIT], 10), at_least(p[f.BILIRUBIN_RISE], 17.1))], "values": (p[f.BILIRUBIN_BY_LIMIT], p[f.BILIRUBIN_RISE])},
            {"id": "exclude.4.10", "outcome": OUTCOMES[any_of(p[f.BLEEDING], at_most(p[f.PROTHROMBIN], 40), at_least(p[f.INR], 1.5))], "values": (p[f.PROTHROMBIN], p[f.INR])},
            {"id": "exclude.4.11", "outcome": OUTCOMES[below(p[f.HEMOGLOBIN], 60)], "values": p[f.HEMOGLOBIN]},
            {"id": "exclude.4.12", "outcome": OUTCOMES[below(p[f.PLATELETS], 60)], "values": p[f.PLATELETS]},
            {"id": "exclude.4.13", "outcome": OUTCOMES[p[f.CLOTTING]], "values": p[f.CLOTTING]},
            {"id": "exclude.4.14", "outcome": OUTCOMES[p[f.DISTURBING_CONDITION]], "values": None},
            {"id": "exclude.5", "outcome": OUTCOMES[no(consent)], "values": consent},
            {"id": "exclude.6", "outcome": OUTCOMES[p[f.ADDICTION_IN_6_MONTHS]], "values": p[f.ADDICTION_IN_6_MONTHS]},
            {"id": "exclude.7", "outcome": OUTCOMES[both(p[f.OTHER_TRIAL], p[f.OTHER_TRIAL_DISTURBS])], "values": None},
            {"id": "exclude.8", "outcome": OUTCOMES[p[f.CANNOT_COMPLY]], "values": None},
            {"id": "exclude.9", "outcome": OUTCOMES[p[f.OTHER_SERIOUS_CONDITION]], "values": None},
        ],
        "NCT06882811": [
            {"id": "include.1", "outcome": OUTCOMES[both(at_most(age, 65), p[f.SEPSIS])], "values": age},
            {"id": "include.2", "outcome": OUTCOMES[both(infected, at_least(p[f.SOFA_CHANGE], 2))], "values": p[f.SOFA_CHANGE]},
            {"id": "include.3", "outcome": OUTCOMES[infected], "values": None},
            {"id": "exclude.1", "outcome": OUTCOMES[p[f.AGAINST_ETHICS]], "values": None},
            {"id": "exclude.2", "outcome": OUTCOMES[p[f.CONFOUNDED]], "values": None},
            {"id": "exclude.3", "outcome": OUTCOMES[p[f.POOR_ADHERENCE]], "values": None},
            {"id": "exclude.4", "outcome": OUTCOMES[p[f.OTHER_TRIAL]], "values": p[f.OTHER_TRIAL]},
            {"id": "exclude.5.1", "outcome": OUTCOMES[any_of(p[f.ENTERITIS], p[f.NEUROPSYCHIATRIC], p[f.MARROW_TRANSPLANT], p[f.LUNG_TRANSPLANT], p[f.LIVER_TRANSPLANT], p[f.PANCREAS_TRANSPLANT], p[f.INTESTINE_TRANSPLANT])], "values": None},
            {"id": "exclude.5.2", "outcome": OUTCOMES[either(p[f.LIFE_LIMITING], p[f.PSYCHIATRIC])], "values": None},
            {"id": "exclude.5.3", "outcome": OUTCOMES[either(p[f.HYPERSENSITIVITY], p[f.ADVERSE_REACTION])], "values": None},
            {"id": "exclude.5.4", "outcome": OUTCOMES[either(p[f.SEPTIC_SHOCK], below(p[f.LIFE_EXPECTANCY], 7))], "values": p[f.LIFE_EXPECTANCY]},
            {"id": "exclude.5.5", "outcome": OUTCOMES[p[f.DISPUTES]], "values": None},
            {"id": "exclude.5.6", "outcome": OUTCOMES[p[f.RESISTANT_INFECTION]], "values": p[f.RESISTANT_INFECTION]},
            {"id": "exclude.5.7", "outcome": OUTCOMES[p[f.EVER_MALIGNANCY]], "values": p[f.EVER_MALIGNANCY]},
            {"id": "exclude.5.8", "outcome": OUTCOMES[either(pregnant, p[f.PLANNED_PREGNANCY])], "values": None},
        ],
        "XHNKKY-DDSC": [
            {"id": "include.1", "outcome": OUTCOMES[both(at_least(age, 18), at_most(age, 80))], "values": age},
            {"id": "include.2", "outcome": OUTCOMES[p[f.END_STAGE_LIVER]], "values": p[f.END_STAGE_LIVER]},
            {"id": "include.3", "outcome": OUTCOMES[consent], "values": consent},
            {"id": "exclude.1", "outcome": OUTCOMES[p[f.TUMOR]], "values": p[f.TUMOR]},
            {"id": "exclude.2", "outcome": OUTCOMES[p[f.LIVER_TRANSPLANT]], "values": p[f.LIVER_TRANSPLANT]},
            {"id": "exclude.3", "outcome": OUTCOMES[any_of(p[f.ACUTE_INFARCTION], p[f.ACUTE_HEART_FAILURE], p[f.RESPIRATORY_FAILURE_1], p[f.RESPIRATORY_FAILURE_2], p[f.EMBOLISM], p[f.CEREBRAL_INFARCTION], p[f.CEREBRAL_HEMORRHAGE], p[f.CARDIOPULMONARY], p[f.INFARCTION_IN_28_DAYS], p[f.STROKE_IN_14_DAYS])], "values": None},
            {"id": "exclude.4", "outcome": OUTCOMES[p[f.THREATENS_SURVIVAL]], "values": None},
            {"id": "exclude.5", "outcome": OUTCOMES[p[f.HIV]], "values": p[f.HIV]},
            {"id": "exclude.6", "outcome": OUTCOMES[either(p[f.INTERFERON_IN_A_YEAR], p[f.GLUCOCORTICOIDS_IN_A_YEAR])], "values": None},
            {"id": "exclude.7", "outcome": OUTCOMES[p[f.PSYCHIATRIC_TREATMENT]], "values": p[f.PSYCHIATRIC_TREATMENT]},
            {"id": "exclude.8", "outcome": OUTCOMES[p[f.OTHER_TRIAL_IN_30_DAYS]], "values": p[f.OTHER_TRIAL_IN_30_DAYS]},
            {"id": "exclude.9", "outcome": OUTCOMES[pregnant], "values": None},
            {"id": "exclude.10", "outcome": OUTCOMES[any_of(p[f.ALLERGIC_ASTHMA], p[f.URTICARIA], p[f.ECZEMA], p[f.ALLERGIES])], "values": None},
            {"id": "exclude.11", "outcome": OUTCOMES[p[f.UNSUITABLE]], "values": None},
        ],
    }  # fmt: skip
    return {trial: (verdict(criteria), criteria) for trial, criteria in trials.items()}


def in_stages(stages: int) -> int:
    """Pulmonary hypertension of stage III or IV"""
    return NO if not stages & STAGES_III_AND_IV else LACKS if stages & ~STAGES_III_AND_IV else YES


def verdict(criteria: list[Criterion]) -> str:
    """The verdict of a trial, by its criteria."""
    found = "eligible"
    for one in criteria:
        outcome = one["outcome"]
        if outcome == "met":
            if one["id"][0] == "e":
                return "ineligible"
        elif outcome == "not met":
            if one["id"][0] == "i":
                return "ineligible"
        elif outcome == "unknown":
            found = "undetermined"
        elif found == "eligible":
            found = "review"
    return found


def sentences(trials: Mapping[str, tuple[str, list[Criterion]]]) -> dict[str, list[str]]:
    """A sentence for each criterion."""
    return {
        trial: [f"{LABELS[trial][one['id']]}: {one['outcome']}, {spelled(one['values'])}" for one in criteria]
        for trial, (_, criteria) in trials.items()
    }


def spelled(values: Any) -> str:
    """What is known, in words."""
    if values is None:
        return "by what is said of each"
    if isinstance(values, int):
        return ("no", "yes", "no answer yet", "not known")[values] if values < 4 else "one of several classes"
    if isinstance(values[0], tuple):
        return " and ".join(spelled(value) for value in values)
    low, high, _, _ = values
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


LABELS = {
    "NCT02444455": {
        "include.1": "Consents",
        "include.2": "35 to 70 years old",
        "include.3": "Lung injury began within the last week",
        "include.4": "Oxygenation moderately low, with a wide gradient",
        "include.5": "Infiltrates in both lungs",
        "include.6": "Heart not failing",
        "exclude.1": "Refuses consent",
        "exclude.2": "Social or mental disability",
        "exclude.3": "Malignancy",
        "exclude.4": "Severe infection",
        "exclude.5": "Blood tests for hepatitis B or C, HIV or tuberculosis",
        "exclude.6": "Pregnant or around birth",
        "exclude.7": "Severe disease of a major organ",
    },
    "NCT03608592": {
        "include.1": "Adult",
        "include.2.1": "Ventilated through a tube, with low oxygenation",
        "include.2.2": "Enough PEEP",
        "include.2.3": "Infiltrates in both lungs",
        "include.2.4": "ARDS began within the last week",
        "include.2.5": "Oxygenation still low after treatment",
        "exclude.1": "Malignancy",
        "exclude.2": "Lung edema from the heart",
        "exclude.3": "Half a lobe collapsed",
        "exclude.4": "Pregnant, around birth, or breast-feeding",
        "exclude.5": "Lung disease in its last stage, ever",
        "exclude.6": "More than three organs failing",
        "exclude.7": "Liver failure with a very high MELD",
        "exclude.8": "Advanced pulmonary hypertension",
        "exclude.9": "Without arterial and central venous catheter",
        "exclude.10": "Recent clot",
        "exclude.11": "Herniation of the brain",
        "exclude.12": "ARDS began more than 96 hours ago",
    },
    "NCT06416709": {
        "include.1": "Adult up to 90 years",
        "include.2": "Consents and keeps the study's restrictions",
        "include.3": "Viral pneumonia in an advanced stage",
        "include.3.1": "A respiratory virus found within 14 days",
        "include.3.2": "Changes in both lungs on an image",
        "include.3.3": "Breathing fast, with low oxygen",
        "include.4": "Neither ventilator nor vasopressors",
        "exclude.1": "Active hepatitis B or C, HIV or tuberculosis",
        "exclude.2": "Solid tumor, leukemia or psychiatric disorder",
        "exclude.3": "Signs of bacterial infection in spite of treatment",
        "exclude.4.1": "Acute heart failure",
        "exclude.4.2": "Heart muscle inflammation or valve disease out of control",
        "exclude.4.3": "Arrhythmia that threatens life",
        "exclude.4.4": "Infarction or stroke within half a year",
        "exclude.4.5": "Chronic lung disease, or oxygen at home",
        "exclude.4.6": "Kidneys failing acutely",
        "exclude.4.7": "Creatinine very high",
        "exclude.4.8": "ALT very high",
        "exclude.4.9": "Bilirubin very high, or rising",
        "exclude.4.10": "Bleeding or poor clotting",
        "exclude.4.11": "Severe anemia",
        "exclude.4.12": "Few platelets",
        "exclude.4.13": "Clotting inside the vessels",
        "exclude.4.14": "Something else that disturbs the treatment",
        "exclude.5": "Refuses consent",
        "exclude.6": "Drug addiction within half a year",
        "exclude.7": "In another trial that may disturb this one",
        "exclude.8": "Cannot consent or comply",
        "exclude.9": "Another serious condition",
    },
    "NCT06882811": {
        "include.1": "Up to 65 years old, with sepsis",
        "include.2": "Organ function worse through an infection",
        "include.3": "An infection, proven or suspected",
        "exclude.1": "Against medical ethics",
        "exclude.2": "Confounding factors",
        "exclude.3": "Poor adherence expected",
        "exclude.4": "In another trial now",
        "exclude.5.1": "Bowel inflammation, disorder of mind or nerves, or one of five transplants, ever",
        "exclude.5.2": "A primary disease that limits life, or a psychiatric disorder",
        "exclude.5.3": "Reacted badly to a biological product, ever",
        "exclude.5.4": "Close to death",
        "exclude.5.5": "Risk of error or dispute",
        "exclude.5.6": "Resistant infection now",
        "exclude.5.7": "Malignancy, ever",
        "exclude.5.8": "Pregnant, breast-feeding, or planning a pregnancy within a year",
    },
    "XHNKKY-DDSC": {
        "include.1": "Adult up to 80 years",
        "include.2": "Liver disease in its last stage",
        "include.3": "Consents",
        "exclude.1": "A tumor of any organ",
        "exclude.2": "Liver transplant, ever",
        "exclude.3": "Serious acute disease of heart, lungs or brain",
        "exclude.4": "Another disease that threatens survival",
        "exclude.5": "HIV",
        "exclude.6": "Interferon or glucocorticoids within a year",
        "exclude.7": "Treated for a mental illness, ever",
        "exclude.8": "In another trial within 30 days",
        "exclude.9": "Pregnant or breast-feeding",
        "exclude.10": "Strong allergies",
        "exclude.11": "Unsuitable otherwise",
    },
}

# --- from a plain record of strings ----------------------------------------------------------------------------------

# for each fact: by what each unit is multiplied, and the values that are possible
UNITS: dict[str, tuple[dict[str, float], float, float]] = {
    "PaO2": ({"mmHg": 1, "kPa": 1 / 0.133322387415}, 0, math.inf), "PaCO2": ({"mmHg": 1, "kPa": 1 / 0.133322387415}, 0, math.inf),
    "FiO2": ({"%": 1}, 20.9, 100), "PEEP": ({"cmH2O": 1}, 0, math.inf), "atelectasis": ({"%": 1}, 0, 100),
    "respiratory rate at rest": ({"/min": 1}, 0, math.inf), "SpO2 on room air": ({"%": 1}, 0, 100),
    "creatinine": ({"umol/L": 1, "mg/dL": 10_000 / 113.12}, 0, math.inf),
    "total bilirubin": ({"umol/L": 1, "mg/dL": 10_000 / 584.66}, 0, math.inf), "INR": ({"": 1}, 0, math.inf),
    "prothrombin activity": ({"%": 1}, 0, math.inf), "hemoglobin": ({"g/L": 1, "g/dL": 10}, 0, math.inf),
    "platelets": ({"x10^9/L": 1}, 0, math.inf), "SOFA": ({"": 1}, 0, 24), "baseline SOFA": ({"": 1}, 0, 24),
    "life expectancy": ({"days": 1}, 0, math.inf), "failing organs": ({"": 1}, 0, 6), "white cell count": ({"x10^9/L": 1}, 0, math.inf),
    "body temperature": ({"degC": 1}, -273.15, math.inf), "albumin": ({"g/L": 1}, 0, math.inf), "weight": ({"kg": 1}, 0, math.inf),
    "height": ({"cm": 1}, 0, math.inf),
}  # fmt: skip
_EVERY_OTHER = dict.fromkeys(
    ("mmol/L", "U/L", "mg/L", "ng/mL", "g/L", "/min", "mmHg", "umol/L", "x10^9/L", "ug/L"), 1.0
)
_OTHER = (_EVERY_OTHER, 0.0, math.inf)
DIRECT = {
    "PEEP": f.PEEP, "atelectasis": f.ATELECTASIS, "respiratory rate at rest": f.BREATHS, "SpO2 on room air": f.SATURATION,
    "creatinine": f.CREATININE, "prothrombin activity": f.PROTHROMBIN, "INR": f.INR, "hemoglobin": f.HEMOGLOBIN,
    "platelets": f.PLATELETS, "life expectancy": f.LIFE_EXPECTANCY, "failing organs": f.FAILING_ORGANS,
}  # fmt: skip


def read(record: Mapping[str, str], nothing: Known) -> list[Any]:
    """What is known, from a record in which every value is a number with its unit, but for the sex. `nothing` is what is
    known of a patient without a record. Raises ValueError for what is not understood."""
    p = list(nothing)
    values: dict[str, float] = {}
    for name, text in record.items():
        if name == "age":
            years = int(text.removesuffix(" years"))
            p[f.AGE] = (years, years, False, False)
        elif name == "sex":
            if text == "male":
                p[f.PREGNANCY] = p[f.PERINATAL] = p[f.LACTATION] = p[f.PLANNED_PREGNANCY] = NO
            elif text != "female":
                raise ValueError(f"{name}: not a sex")
        else:
            number, _, unit = text.partition(" ")
            factors, low, high = UNITS.get(name, _OTHER)
            factor = factors.get(unit)
            if factor is None:
                raise ValueError(f"{name}: not in {unit}")
            value = float(number) * factor
            if not low <= value <= high:
                raise ValueError(f"{name}: not possible")
            values[name] = value
            place = DIRECT.get(name)
            if place is not None:
                p[place] = (value, value, False, False)
    oxygen, share, carbon = values.get("PaO2"), values.get("FiO2"), values.get("PaCO2")
    if oxygen is not None and share is not None:
        ratio = oxygen / share * 100
        p[f.OXYGENATION] = (ratio, ratio, False, False)
        if carbon is not None:
            gradient = share / 100 * (760 - 47) - carbon / 0.8 - oxygen
            p[f.GRADIENT] = (gradient, gradient, False, False)
    bilirubin, inr, creatinine = values.get("total bilirubin"), values.get("INR"), values.get("creatinine")
    if bilirubin is not None and inr is not None and creatinine is not None:
        meld = (
            3.78 * math.log(max(bilirubin * 584.66 / 10_000, 1))
            + 11.2 * math.log(max(inr, 1))
            + 9.57 * math.log(min(max(creatinine * 113.12 / 10_000, 1), 4))
            + 6.43
        )
        p[f.MELD] = (meld, meld, False, False)
    if "SOFA" in values and "baseline SOFA" in values:
        change = values["SOFA"] - values["baseline SOFA"]
        p[f.SOFA_CHANGE] = (change, change, False, False)
    return p
