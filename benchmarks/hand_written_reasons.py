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
OUTCOMES = ("not met", "met", "unknown", "unknown")
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


def either(*truths: int) -> int:
    """One of them holds; else what waits for data comes before what waits for an answer."""
    return YES if YES in truths else max(truths)


def both(*truths: int) -> int:
    """All of them hold."""
    return NO if NO in truths else max(truths)


def no(truth: int) -> int:
    """The other way round."""
    return 1 - truth if truth < 2 else truth


def criterion(address: str, label: str, truth: int, *values: Any) -> Criterion:
    """One criterion, judged."""
    return {"id": address, "label": label, "outcome": OUTCOMES[truth], "waits": truth, "values": values}


def judged(p: Known) -> dict[str, tuple[str, list[Criterion]]]:
    """The verdict and the criteria of each trial."""
    age, consent, oxygenation, infiltrates = p[f.AGE], p[f.CONSENT], p[f.OXYGENATION], p[f.INFILTRATES]
    pregnant = either(p[f.PREGNANCY], p[f.LACTATION])
    infected = either(p[f.INFECTION], p[f.SUSPECTED_INFECTION], p[f.SEPSIS])
    moderate = both(above(oxygenation, 200), at_most(oxygenation, 300))
    trials = {
        "NCT02444455": [
            criterion("include.1", "Consents", consent, consent),
            criterion("include.2", "35 to 70 years old", both(at_least(age, 35), at_most(age, 70)), age),
            criterion("include.3", "Lung injury began within the last week", p[f.LUNG_INJURY_IN_7_DAYS], p[f.LUNG_INJURY_IN_7_DAYS]),
            criterion("include.4", "Oxygenation moderately low, with a wide gradient", both(moderate, above(p[f.GRADIENT], 35)), oxygenation, p[f.GRADIENT]),
            criterion("include.5", "Infiltrates in both lungs", infiltrates, infiltrates),
            criterion("include.6", "Heart not failing", no(p[f.HEART_FAILURE]), p[f.HEART_FAILURE]),
            criterion("exclude.1", "Refuses consent", no(consent), consent),
            criterion("exclude.2", "Social or mental disability", p[f.SOCIAL_DISABILITY], p[f.SOCIAL_DISABILITY]),
            criterion("exclude.3", "Malignancy", p[f.MALIGNANCY], p[f.MALIGNANCY]),
            criterion("exclude.4", "Severe infection", p[f.SEVERE_INFECTION], p[f.SEVERE_INFECTION]),
            criterion("exclude.5", "Blood tests for hepatitis B or C, HIV or tuberculosis", either(
                p[f.HEPATITIS_B_TEST], p[f.HEPATITIS_C_TEST], p[f.HIV_TEST], p[f.TUBERCULOSIS_TEST],
                p[f.HEPATITIS_B], p[f.HEPATITIS_C], p[f.HIV], p[f.TUBERCULOSIS])),
            criterion("exclude.6", "Pregnant or around birth", either(p[f.PREGNANCY], p[f.PERINATAL])),
            criterion("exclude.7", "Severe disease of a major organ", p[f.ORGAN_DISEASE]),
        ],
        "NCT03608592": [
            criterion("include.1", "Adult", at_least(age, 18), age),
            criterion("include.2.1", "Ventilated through a tube, with low oxygenation", both(p[f.VENTILATION], below(oxygenation, 200)), oxygenation),
            criterion("include.2.2", "Enough PEEP", at_least(p[f.PEEP], 8), p[f.PEEP]),
            criterion("include.2.3", "Infiltrates in both lungs", infiltrates, infiltrates),
            criterion("include.2.4", "ARDS began within the last week", p[f.ARDS_IN_A_WEEK], p[f.ARDS_IN_A_WEEK]),
            criterion("include.2.5", "Oxygenation still low after treatment", either(
                below(p[f.OXYGENATION_AFTER_VENTILATION], 200), below(p[f.OXYGENATION_AFTER_FLUID], 200)), oxygenation),
            criterion("exclude.1", "Malignancy", p[f.MALIGNANCY], p[f.MALIGNANCY]),
            criterion("exclude.2", "Lung edema from the heart", p[f.CARDIAC_EDEMA], p[f.CARDIAC_EDEMA]),
            criterion("exclude.3", "Half a lobe collapsed", above(p[f.ATELECTASIS], 50), p[f.ATELECTASIS]),
            criterion("exclude.4", "Pregnant, around birth, or breast-feeding", either(pregnant, p[f.PERINATAL])),
            criterion("exclude.5", "Lung disease in its last stage, ever", p[f.END_STAGE_LUNGS], p[f.END_STAGE_LUNGS]),
            criterion("exclude.6", "More than three organs failing", above(p[f.FAILING_ORGANS], 3), p[f.FAILING_ORGANS]),
            criterion("exclude.7", "Liver failure with a very high MELD", both(p[f.LIVER_FAILURE], above(p[f.MELD], 40)), p[f.MELD]),
            criterion("exclude.8", "Advanced pulmonary hypertension", in_stages(p[f.PULMONARY_HYPERTENSION]), p[f.PULMONARY_HYPERTENSION]),
            criterion("exclude.9", "Without arterial and central venous catheter", either(no(p[f.ARTERIAL_CATHETER]), no(p[f.VENOUS_CATHETER]))),
            criterion("exclude.10", "Recent clot", either(p[f.THROMBOSIS_IN_3_MONTHS], p[f.EMBOLISM_IN_3_MONTHS])),
            criterion("exclude.11", "Herniation of the brain", p[f.HERNIATION], p[f.HERNIATION]),
            criterion("exclude.12", "ARDS began more than 96 hours ago", p[f.ARDS_OVER_96_HOURS], p[f.ARDS_OVER_96_HOURS]),
        ],
        "NCT06416709": [
            criterion("include.1", "Adult up to 90 years", both(at_least(age, 18), at_most(age, 90)), age),
            criterion("include.2", "Consents and keeps the study's restrictions", both(consent, p[f.RESTRICTIONS]), consent),
            criterion("include.3", "Viral pneumonia in an advanced stage", both(p[f.VIRAL_PNEUMONIA], p[f.ADVANCED])),
            criterion("include.3.1", "A respiratory virus found within 14 days", either(
                p[f.SARS_TEST], p[f.ADENOVIRUS_TEST], p[f.INFLUENZA_TEST], p[f.OTHER_VIRUS_TEST])),
            criterion("include.3.2", "Changes in both lungs on an image", infiltrates, infiltrates),
            criterion("include.3.3", "Breathing fast, with low oxygen", both(
                at_least(p[f.BREATHS], 30), at_most(p[f.SATURATION], 93), moderate), p[f.BREATHS], p[f.SATURATION], oxygenation),
            criterion("include.4", "Neither ventilator nor vasopressors", both(no(p[f.VENTILATION]), no(p[f.VASOPRESSORS]))),
            criterion("exclude.1", "Active hepatitis B or C, HIV or tuberculosis", either(
                p[f.HEPATITIS_B], p[f.HEPATITIS_C], p[f.HIV], p[f.TUBERCULOSIS])),
            criterion("exclude.2", "Solid tumor, leukemia or psychiatric disorder", either(p[f.SOLID_TUMOR], p[f.LEUKEMIA], p[f.PSYCHIATRIC])),
            criterion("exclude.3", "Signs of bacterial infection in spite of treatment", either(
                above(p[f.WHITE_CELLS], 12), below(p[f.WHITE_CELLS], 4), above(p[f.CRP_BY_LIMIT], 2), above(p[f.PROCALCITONIN_BY_LIMIT], 2)),
                p[f.WHITE_CELLS], p[f.CRP_BY_LIMIT], p[f.PROCALCITONIN_BY_LIMIT]),
            criterion("exclude.4.1", "Acute heart failure", p[f.ACUTE_HEART_FAILURE], p[f.ACUTE_HEART_FAILURE]),
            criterion("exclude.4.2", "Heart muscle inflammation or valve disease out of control", either(p[f.MYOCARDITIS], p[f.VALVES])),
            criterion("exclude.4.3", "Arrhythmia that threatens life", p[f.ARRHYTHMIA], p[f.ARRHYTHMIA]),
            criterion("exclude.4.4", "Infarction or stroke within half a year", either(p[f.INFARCTION_IN_6_MONTHS], p[f.STROKE_IN_6_MONTHS])),
            criterion("exclude.4.5", "Chronic lung disease, or oxygen at home", either(
                p[f.CHRONIC_BRONCHITIS], p[f.SEVERE_ASTHMA], p[f.EMPHYSEMA], p[f.COPD], p[f.FIBROSIS], p[f.OXYGEN_AT_HOME],
                p[f.OTHER_LUNG_DISEASE])),
            criterion("exclude.4.6", "Kidneys failing acutely", either(
                p[f.ACUTE_RENAL_FAILURE], at_least(p[f.CREATININE_RISE], 44.2)), p[f.CREATININE_RISE]),
            criterion("exclude.4.7", "Creatinine very high", at_least(p[f.CREATININE], 442), p[f.CREATININE]),
            criterion("exclude.4.8", "ALT very high", at_least(p[f.ALT_BY_LIMIT], 5), p[f.ALT_BY_LIMIT]),
            criterion("exclude.4.9", "Bilirubin very high, or rising", either(
                at_least(p[f.BILIRUBIN_BY_LIMIT], 10), at_least(p[f.BILIRUBIN_RISE], 17.1)), p[f.BILIRUBIN_BY_LIMIT], p[f.BILIRUBIN_RISE]),
            criterion("exclude.4.10", "Bleeding or poor clotting", either(
                p[f.BLEEDING], at_most(p[f.PROTHROMBIN], 40), at_least(p[f.INR], 1.5)), p[f.PROTHROMBIN], p[f.INR]),
            criterion("exclude.4.11", "Severe anemia", below(p[f.HEMOGLOBIN], 60), p[f.HEMOGLOBIN]),
            criterion("exclude.4.12", "Few platelets", below(p[f.PLATELETS], 60), p[f.PLATELETS]),
            criterion("exclude.4.13", "Clotting inside the vessels", p[f.CLOTTING], p[f.CLOTTING]),
            criterion("exclude.4.14", "Something else that disturbs the treatment", p[f.DISTURBING_CONDITION]),
            criterion("exclude.5", "Refuses consent", no(consent), consent),
            criterion("exclude.6", "Drug addiction within half a year", p[f.ADDICTION_IN_6_MONTHS], p[f.ADDICTION_IN_6_MONTHS]),
            criterion("exclude.7", "In another trial that may disturb this one", both(p[f.OTHER_TRIAL], p[f.OTHER_TRIAL_DISTURBS])),
            criterion("exclude.8", "Cannot consent or comply", p[f.CANNOT_COMPLY]),
            criterion("exclude.9", "Another serious condition", p[f.OTHER_SERIOUS_CONDITION]),
        ],
        "NCT06882811": [
            criterion("include.1", "Up to 65 years old, with sepsis", both(at_most(age, 65), p[f.SEPSIS]), age),
            criterion("include.2", "Organ function worse through an infection", both(infected, at_least(p[f.SOFA_CHANGE], 2)), p[f.SOFA_CHANGE]),
            criterion("include.3", "An infection, proven or suspected", infected),
            criterion("exclude.1", "Against medical ethics", p[f.AGAINST_ETHICS]),
            criterion("exclude.2", "Confounding factors", p[f.CONFOUNDED]),
            criterion("exclude.3", "Poor adherence expected", p[f.POOR_ADHERENCE]),
            criterion("exclude.4", "In another trial now", p[f.OTHER_TRIAL], p[f.OTHER_TRIAL]),
            criterion("exclude.5.1", "Bowel inflammation, disorder of mind or nerves, or one of five transplants, ever", either(
                p[f.ENTERITIS], p[f.NEUROPSYCHIATRIC], p[f.MARROW_TRANSPLANT], p[f.LUNG_TRANSPLANT], p[f.LIVER_TRANSPLANT],
                p[f.PANCREAS_TRANSPLANT], p[f.INTESTINE_TRANSPLANT])),
            criterion("exclude.5.2", "A primary disease that limits life, or a psychiatric disorder", either(p[f.LIFE_LIMITING], p[f.PSYCHIATRIC])),
            criterion("exclude.5.3", "Reacted badly to a biological product, ever", either(p[f.HYPERSENSITIVITY], p[f.ADVERSE_REACTION])),
            criterion("exclude.5.4", "Close to death", either(p[f.SEPTIC_SHOCK], below(p[f.LIFE_EXPECTANCY], 7)), p[f.LIFE_EXPECTANCY]),
            criterion("exclude.5.5", "Risk of error or dispute", p[f.DISPUTES]),
            criterion("exclude.5.6", "Resistant infection now", p[f.RESISTANT_INFECTION], p[f.RESISTANT_INFECTION]),
            criterion("exclude.5.7", "Malignancy, ever", p[f.EVER_MALIGNANCY], p[f.EVER_MALIGNANCY]),
            criterion("exclude.5.8", "Pregnant, breast-feeding, or planning a pregnancy within a year", either(pregnant, p[f.PLANNED_PREGNANCY])),
        ],
        "XHNKKY-DDSC": [
            criterion("include.1", "Adult up to 80 years", both(at_least(age, 18), at_most(age, 80)), age),
            criterion("include.2", "Liver disease in its last stage", p[f.END_STAGE_LIVER], p[f.END_STAGE_LIVER]),
            criterion("include.3", "Consents", consent, consent),
            criterion("exclude.1", "A tumor of any organ", p[f.TUMOR], p[f.TUMOR]),
            criterion("exclude.2", "Liver transplant, ever", p[f.LIVER_TRANSPLANT], p[f.LIVER_TRANSPLANT]),
            criterion("exclude.3", "Serious acute disease of heart, lungs or brain", either(
                p[f.ACUTE_INFARCTION], p[f.ACUTE_HEART_FAILURE], p[f.RESPIRATORY_FAILURE_1], p[f.RESPIRATORY_FAILURE_2],
                p[f.EMBOLISM], p[f.CEREBRAL_INFARCTION], p[f.CEREBRAL_HEMORRHAGE], p[f.CARDIOPULMONARY],
                p[f.INFARCTION_IN_28_DAYS], p[f.STROKE_IN_14_DAYS])),
            criterion("exclude.4", "Another disease that threatens survival", p[f.THREATENS_SURVIVAL]),
            criterion("exclude.5", "HIV", p[f.HIV], p[f.HIV]),
            criterion("exclude.6", "Interferon or glucocorticoids within a year", either(p[f.INTERFERON_IN_A_YEAR], p[f.GLUCOCORTICOIDS_IN_A_YEAR])),
            criterion("exclude.7", "Treated for a mental illness, ever", p[f.PSYCHIATRIC_TREATMENT], p[f.PSYCHIATRIC_TREATMENT]),
            criterion("exclude.8", "In another trial within 30 days", p[f.OTHER_TRIAL_IN_30_DAYS], p[f.OTHER_TRIAL_IN_30_DAYS]),
            criterion("exclude.9", "Pregnant or breast-feeding", pregnant),
            criterion("exclude.10", "Strong allergies", either(p[f.ALLERGIC_ASTHMA], p[f.URTICARIA], p[f.ECZEMA], p[f.ALLERGIES])),
            criterion("exclude.11", "Unsuitable otherwise", p[f.UNSUITABLE]),
        ],
    }  # fmt: skip
    return {trial: (verdict(criteria), criteria) for trial, criteria in trials.items()}


def in_stages(stages: int) -> int:
    """Pulmonary hypertension of stage III or IV"""
    return NO if not stages & STAGES_III_AND_IV else LACKS if stages & ~STAGES_III_AND_IV else YES


def verdict(criteria: list[Criterion]) -> str:
    """The verdict of a trial, by its criteria."""
    worst = 0
    for one in criteria:
        waits = one["waits"]
        if waits > 1:
            if waits > worst:
                worst = waits
        elif waits == (one["id"][0] == "e"):  # an exclusion that is met, an inclusion that is not
            return "ineligible"
    return "undetermined" if worst == LACKS else "review" if worst else "eligible"


def sentences(trials: Mapping[str, tuple[str, list[Criterion]]]) -> dict[str, list[str]]:
    """A sentence for each criterion."""
    return {
        trial: [f"{one['label']}: {one['outcome']}, {', '.join(spelled(value) for value in one['values']) or 'as given'}" for one in criteria]
        for trial, (_, criteria) in trials.items()
    }  # fmt: skip


def spelled(value: Any) -> str:
    """What is known, in words."""
    if isinstance(value, int):
        return ("no", "yes", "no answer yet", "not known")[value] if value < 4 else "a class"
    low, high, _, _ = value
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


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
