"""What is known of a patient goes in; verdicts for the five bundled trials come out, as a careful person writes them.

This is the code that the engine is measured against: no library, no loop, the shortest way out, and yet the whole meaning.
A fact is 0 (no), 1 (yes), 2 (a person has not answered) or 3 (data are lacking); a number is known as (low, high, low_open,
high_open). A value equals a threshold within 1e-9 of it, so every threshold stands as the end of that band; the compiler
of Python folds `200 * (1 + 1e-9)` into one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Each fact is named by a formula of the rule language that reads it; the runner finds its place among the slots by that.
FACTS = {
    "CONSENT": "informed consent",
    "AGE": "age >= 18 years",
    "LUNG_INJURY_IN_7_DAYS": "onset of acute lung injury within 7 days",
    "OXYGENATION": "PaO2/FiO2 < 200 mmHg",
    "GRADIENT": "A-a gradient > 35 mmHg",
    "INFILTRATES": "bilateral infiltrates",
    "HEART_FAILURE": "heart failure",
    "SOCIAL_DISABILITY": "`social or mental disability`",
    "MALIGNANCY": "malignancy",
    "SEVERE_INFECTION": "severe infectious disease",
    "HEPATITIS_B_TEST": "positive hepatitis B test",
    "HEPATITIS_C_TEST": "positive hepatitis C test",
    "HIV_TEST": "positive HIV test",
    "TUBERCULOSIS_TEST": "positive tuberculosis test",
    "HEPATITIS_B": "active hepatitis B",
    "HEPATITIS_C": "active hepatitis C",
    "HIV": "HIV infection",
    "TUBERCULOSIS": "active tuberculosis",
    "PREGNANCY": "pregnancy",
    "PERINATAL": "perinatal period",
    "ORGAN_DISEASE": "severe major organ disease",
    "VENTILATION": "invasive ventilation",
    "PEEP": "PEEP >= 8 cmH2O",
    "ARDS_IN_A_WEEK": "onset of ARDS within 1 week",
    "OXYGENATION_AFTER_VENTILATION": "PaO2/FiO2 after protective ventilation < 200 mmHg",
    "OXYGENATION_AFTER_FLUID": "PaO2/FiO2 after conservative fluid management < 200 mmHg",
    "CARDIAC_EDEMA": "cardiogenic pulmonary edema",
    "ATELECTASIS": "atelectasis > 50 %",
    "LACTATION": "lactation",
    "END_STAGE_LUNGS": "history of end-stage respiratory disease",
    "FAILING_ORGANS": "failing organs > 3",
    "LIVER_FAILURE": "liver failure",
    "MELD": "MELD > 40",
    "PULMONARY_HYPERTENSION": "pulmonary hypertension stage in (III, IV)",
    "ARTERIAL_CATHETER": "arterial catheter",
    "VENOUS_CATHETER": "central venous catheter",
    "THROMBOSIS_IN_3_MONTHS": "deep vein thrombosis within 3 months",
    "EMBOLISM_IN_3_MONTHS": "pulmonary embolism within 3 months",
    "HERNIATION": "brain herniation",
    "ARDS_OVER_96_HOURS": "time since onset of ARDS > 96 hours",
    "RESTRICTIONS": "agreement to study restrictions",
    "VIRAL_PNEUMONIA": "viral pneumonia",
    "ADVANCED": "NCT06416709/include.3",
    "SARS_TEST": "positive SARS-CoV-2 test within 14 days",
    "ADENOVIRUS_TEST": "positive adenovirus test within 14 days",
    "INFLUENZA_TEST": "positive influenza test within 14 days",
    "OTHER_VIRUS_TEST": "positive test for another respiratory virus within 14 days",
    "BREATHS": "respiratory rate at rest >= 30 /min",
    "SATURATION": "SpO2 on room air <= 93 %",
    "VASOPRESSORS": "vasopressors",
    "SOLID_TUMOR": "solid tumor",
    "LEUKEMIA": "leukemia",
    "PSYCHIATRIC": "psychiatric disorder",
    "WHITE_CELLS": "white cell count after anti-infective treatment > 12 x 10^9/L",
    "CRP_BY_LIMIT": "C-reactive protein > 2 x ULN",
    "PROCALCITONIN_BY_LIMIT": "procalcitonin > 2 x ULN",
    "ACUTE_HEART_FAILURE": "acute heart failure",
    "MYOCARDITIS": "uncontrolled myocarditis",
    "VALVES": "uncontrolled valvular disease",
    "ARRHYTHMIA": "malignant arrhythmia",
    "INFARCTION_IN_6_MONTHS": "myocardial infarction within 6 months",
    "STROKE_IN_6_MONTHS": "stroke within 6 months",
    "CHRONIC_BRONCHITIS": "history of chronic bronchitis",
    "SEVERE_ASTHMA": "history of severe asthma",
    "EMPHYSEMA": "history of emphysema",
    "COPD": "history of chronic obstructive pulmonary disease",
    "FIBROSIS": "history of pulmonary fibrosis",
    "OXYGEN_AT_HOME": "long-term oxygen therapy",
    "OTHER_LUNG_DISEASE": "other lung disease that limits daily activities",
    "ACUTE_RENAL_FAILURE": "acute renal failure",
    "CREATININE_RISE": "rise in creatinine over 28 hours within 7 days >= 44.2 umol/L",
    "CREATININE": "creatinine >= 442 umol/L",
    "ALT_BY_LIMIT": "ALT >= 5 x ULN",
    "BILIRUBIN_BY_LIMIT": "total bilirubin >= 10 x ULN",
    "BILIRUBIN_RISE": "rise in total bilirubin over 28 hours within 7 days >= 17.1 umol/L",
    "BLEEDING": "bleeding",
    "PROTHROMBIN": "prothrombin activity <= 40 %",
    "INR": "INR >= 1.5",
    "HEMOGLOBIN": "hemoglobin < 60 g/L",
    "PLATELETS": "platelets < 60 x 10^9/L",
    "CLOTTING": "disseminated intravascular coagulation",
    "DISTURBING_CONDITION": "NCT06416709/exclude.4.14",
    "ADDICTION_IN_6_MONTHS": "drug addiction within 6 months",
    "OTHER_TRIAL": "participation in another trial",
    "OTHER_TRIAL_DISTURBS": "NCT06416709/exclude.7",
    "CANNOT_COMPLY": "NCT06416709/exclude.8",
    "OTHER_SERIOUS_CONDITION": "NCT06416709/exclude.9",
    "SEPSIS": "sepsis",
    "INFECTION": "infection",
    "SUSPECTED_INFECTION": "suspected infection",
    "SOFA_CHANGE": "SOFA change >= 2",
    "AGAINST_ETHICS": "NCT06882811/exclude.1",
    "CONFOUNDED": "NCT06882811/exclude.2",
    "POOR_ADHERENCE": "NCT06882811/exclude.3",
    "ENTERITIS": "history of chronic enteritis",
    "NEUROPSYCHIATRIC": "history of neuropsychiatric disorder",
    "MARROW_TRANSPLANT": "history of bone marrow transplant",
    "LUNG_TRANSPLANT": "history of lung transplant",
    "LIVER_TRANSPLANT": "history of liver transplant",
    "PANCREAS_TRANSPLANT": "history of pancreas transplant",
    "INTESTINE_TRANSPLANT": "history of small intestine transplant",
    "LIFE_LIMITING": "life-limiting primary disease",
    "HYPERSENSITIVITY": "history of hypersensitivity to biological products",
    "ADVERSE_REACTION": "history of severe adverse reaction to biological products",
    "SEPTIC_SHOCK": "septic shock",
    "LIFE_EXPECTANCY": "life expectancy < 7 days",
    "DISPUTES": "NCT06882811/exclude.5.5",
    "RESISTANT_INFECTION": "drug-resistant infection",
    "EVER_MALIGNANCY": "history of malignancy",
    "PLANNED_PREGNANCY": "planned pregnancy",
    "END_STAGE_LIVER": "end-stage liver disease",
    "TUMOR": "tumor",
    "ACUTE_INFARCTION": "acute myocardial infarction",
    "RESPIRATORY_FAILURE_1": "type I respiratory failure",
    "RESPIRATORY_FAILURE_2": "type II respiratory failure",
    "EMBOLISM": "pulmonary embolism",
    "CEREBRAL_INFARCTION": "acute cerebral infarction",
    "CEREBRAL_HEMORRHAGE": "acute cerebral hemorrhage",
    "CARDIOPULMONARY": "serious cardiopulmonary disease",
    "INFARCTION_IN_28_DAYS": "myocardial infarction within 28 days",
    "STROKE_IN_14_DAYS": "stroke within 14 days",
    "THREATENS_SURVIVAL": "XHNKKY-DDSC/exclude.4",
    "INTERFERON_IN_A_YEAR": "interferon therapy within 1 year",
    "GLUCOCORTICOIDS_IN_A_YEAR": "glucocorticoid therapy within 1 year",
    "PSYCHIATRIC_TREATMENT": "history of psychiatric treatment",
    "OTHER_TRIAL_IN_30_DAYS": "participation in another trial within 30 days",
    "ALLERGIC_ASTHMA": "allergic asthma",
    "URTICARIA": "allergic urticaria",
    "ECZEMA": "eczema",
    "ALLERGIES": "history of multiple allergies",
    "UNSUITABLE": "XHNKKY-DDSC/exclude.11",
}
(
    CONSENT, AGE, LUNG_INJURY_IN_7_DAYS, OXYGENATION, GRADIENT, INFILTRATES, HEART_FAILURE, SOCIAL_DISABILITY, MALIGNANCY,
    SEVERE_INFECTION, HEPATITIS_B_TEST, HEPATITIS_C_TEST, HIV_TEST, TUBERCULOSIS_TEST, HEPATITIS_B, HEPATITIS_C, HIV,
    TUBERCULOSIS, PREGNANCY, PERINATAL, ORGAN_DISEASE, VENTILATION, PEEP, ARDS_IN_A_WEEK, OXYGENATION_AFTER_VENTILATION,
    OXYGENATION_AFTER_FLUID, CARDIAC_EDEMA, ATELECTASIS, LACTATION, END_STAGE_LUNGS, FAILING_ORGANS, LIVER_FAILURE, MELD,
    PULMONARY_HYPERTENSION, ARTERIAL_CATHETER, VENOUS_CATHETER, THROMBOSIS_IN_3_MONTHS, EMBOLISM_IN_3_MONTHS, HERNIATION,
    ARDS_OVER_96_HOURS, RESTRICTIONS, VIRAL_PNEUMONIA, ADVANCED, SARS_TEST, ADENOVIRUS_TEST, INFLUENZA_TEST, OTHER_VIRUS_TEST,
    BREATHS, SATURATION, VASOPRESSORS, SOLID_TUMOR, LEUKEMIA, PSYCHIATRIC, WHITE_CELLS, CRP_BY_LIMIT, PROCALCITONIN_BY_LIMIT,
    ACUTE_HEART_FAILURE, MYOCARDITIS, VALVES, ARRHYTHMIA, INFARCTION_IN_6_MONTHS, STROKE_IN_6_MONTHS, CHRONIC_BRONCHITIS,
    SEVERE_ASTHMA, EMPHYSEMA, COPD, FIBROSIS, OXYGEN_AT_HOME, OTHER_LUNG_DISEASE, ACUTE_RENAL_FAILURE, CREATININE_RISE,
    CREATININE, ALT_BY_LIMIT, BILIRUBIN_BY_LIMIT, BILIRUBIN_RISE, BLEEDING, PROTHROMBIN, INR, HEMOGLOBIN, PLATELETS, CLOTTING,
    DISTURBING_CONDITION, ADDICTION_IN_6_MONTHS, OTHER_TRIAL, OTHER_TRIAL_DISTURBS, CANNOT_COMPLY, OTHER_SERIOUS_CONDITION,
    SEPSIS, INFECTION, SUSPECTED_INFECTION, SOFA_CHANGE, AGAINST_ETHICS, CONFOUNDED, POOR_ADHERENCE, ENTERITIS,
    NEUROPSYCHIATRIC, MARROW_TRANSPLANT, LUNG_TRANSPLANT, LIVER_TRANSPLANT, PANCREAS_TRANSPLANT, INTESTINE_TRANSPLANT,
    LIFE_LIMITING, HYPERSENSITIVITY, ADVERSE_REACTION, SEPTIC_SHOCK, LIFE_EXPECTANCY, DISPUTES, RESISTANT_INFECTION,
    EVER_MALIGNANCY, PLANNED_PREGNANCY, END_STAGE_LIVER, TUMOR, ACUTE_INFARCTION, RESPIRATORY_FAILURE_1,
    RESPIRATORY_FAILURE_2, EMBOLISM, CEREBRAL_INFARCTION, CEREBRAL_HEMORRHAGE, CARDIOPULMONARY, INFARCTION_IN_28_DAYS,
    STROKE_IN_14_DAYS, THREATENS_SURVIVAL, INTERFERON_IN_A_YEAR, GLUCOCORTICOIDS_IN_A_YEAR, PSYCHIATRIC_TREATMENT,
    OTHER_TRIAL_IN_30_DAYS, ALLERGIC_ASTHMA, URTICARIA, ECZEMA, ALLERGIES, UNSUITABLE,
) = range(len(FACTS))  # fmt: skip

STAGES_III_AND_IV = 0b11000  # of the stages none, I, II, III and IV, as bits; a set beyond says that none was observed

Known = Sequence[Any]


def verdicts(p: Known) -> dict[str, str]:
    """The verdict of each of the five trials."""
    return {
        "NCT02444455": lung_injury(p),
        "NCT03608592": ards(p),
        "NCT06416709": viral_pneumonia(p),
        "NCT06882811": sepsis(p),
        "XHNKKY-DDSC": liver_disease(p),
    }


def lung_injury(p: Known) -> str:
    """NCT02444455"""
    asks = lacks = False
    consent = p[CONSENT]  # refused, it fails exclusion 1 as well
    if not consent:
        return "ineligible"
    if consent > 1:
        asks = True
    low, high, _, _ = p[AGE]  # completed years
    if high < 35 or low > 70:
        return "ineligible"
    if low < 35 or high > 70:
        lacks = True
    began = p[LUNG_INJURY_IN_7_DAYS]
    if not began:
        return "ineligible"
    if began > 1:
        lacks = True
    low, high, low_open, _ = p[OXYGENATION]
    if high <= 200 * (1 + 1e-9) or low > 300 * (1 + 1e-9) or (low_open and low >= 300 * (1 - 1e-9)):
        return "ineligible"
    if high > 300 * (1 + 1e-9) or not (low > 200 * (1 + 1e-9) or (low_open and low >= 200 * (1 - 1e-9))):
        lacks = True
    low, high, low_open, _ = p[GRADIENT]
    if high <= 35 * (1 + 1e-9):
        return "ineligible"
    if not (low > 35 * (1 + 1e-9) or (low_open and low >= 35 * (1 - 1e-9))):
        lacks = True
    infiltrates = p[INFILTRATES]
    if not infiltrates:
        return "ineligible"
    if infiltrates > 1:
        lacks = True
    if p[HEART_FAILURE] or p[SOCIAL_DISABILITY] or p[MALIGNANCY] or p[SEVERE_INFECTION]:
        if p[HEART_FAILURE] == 1 or p[SOCIAL_DISABILITY] == 1 or p[MALIGNANCY] == 1 or p[SEVERE_INFECTION] == 1:
            return "ineligible"
        lacks = True
    if (
        p[HEPATITIS_B_TEST] or p[HEPATITIS_C_TEST] or p[HIV_TEST] or p[TUBERCULOSIS_TEST]
        or p[HEPATITIS_B] or p[HEPATITIS_C] or p[HIV] or p[TUBERCULOSIS]
    ):  # fmt: skip
        if (
            p[HEPATITIS_B_TEST] == 1 or p[HEPATITIS_C_TEST] == 1 or p[HIV_TEST] == 1 or p[TUBERCULOSIS_TEST] == 1
            or p[HEPATITIS_B] == 1 or p[HEPATITIS_C] == 1 or p[HIV] == 1 or p[TUBERCULOSIS] == 1
        ):  # fmt: skip
            return "ineligible"
        lacks = True
    if p[PREGNANCY] or p[PERINATAL] or p[ORGAN_DISEASE]:
        if p[PREGNANCY] == 1 or p[PERINATAL] == 1 or p[ORGAN_DISEASE] == 1:
            return "ineligible"
        lacks = True
    return "undetermined" if lacks else "review" if asks else "eligible"


def ards(p: Known) -> str:
    """NCT03608592"""
    lacks = False
    low, high, _, _ = p[AGE]
    if high < 18:
        return "ineligible"
    if low < 18:
        lacks = True
    ventilated = p[VENTILATION]
    if not ventilated:
        return "ineligible"
    if ventilated > 1:
        lacks = True
    low, high, _, high_open = p[OXYGENATION]
    if low >= 200 * (1 - 1e-9):
        return "ineligible"
    if not (high < 200 * (1 - 1e-9) or (high_open and high <= 200 * (1 + 1e-9))):
        lacks = True
    low, high, _, high_open = p[PEEP]
    if high < 8 * (1 - 1e-9) or (high_open and high <= 8 * (1 + 1e-9)):
        return "ineligible"
    if low < 8 * (1 - 1e-9):
        lacks = True
    infiltrates, began = p[INFILTRATES], p[ARDS_IN_A_WEEK]
    if not infiltrates or not began:
        return "ineligible"
    if infiltrates > 1 or began > 1:
        lacks = True
    # after either treatment; what never began leaves no measurement after it, known as NaN, which is below nothing
    low, high, _, high_open = p[OXYGENATION_AFTER_VENTILATION]
    if not (low < 200 * (1 - 1e-9) and (high < 200 * (1 - 1e-9) or (high_open and high <= 200 * (1 + 1e-9)))):
        is_open = low < 200 * (1 - 1e-9)
        low, high, _, high_open = p[OXYGENATION_AFTER_FLUID]
        if not (low < 200 * (1 - 1e-9) and (high < 200 * (1 - 1e-9) or (high_open and high <= 200 * (1 + 1e-9)))):
            if not is_open and not low < 200 * (1 - 1e-9):
                return "ineligible"
            lacks = True
    if p[MALIGNANCY] or p[CARDIAC_EDEMA]:
        if p[MALIGNANCY] == 1 or p[CARDIAC_EDEMA] == 1:
            return "ineligible"
        lacks = True
    low, high, low_open, _ = p[ATELECTASIS]
    if high > 50 * (1 + 1e-9):
        if low > 50 * (1 + 1e-9) or (low_open and low >= 50 * (1 - 1e-9)):
            return "ineligible"
        lacks = True
    if p[PREGNANCY] or p[PERINATAL] or p[LACTATION] or p[END_STAGE_LUNGS]:
        if p[PREGNANCY] == 1 or p[PERINATAL] == 1 or p[LACTATION] == 1 or p[END_STAGE_LUNGS] == 1:
            return "ineligible"
        lacks = True
    low, high, low_open, _ = p[FAILING_ORGANS]
    if high > 3 * (1 + 1e-9):
        if low > 3 * (1 + 1e-9) or (low_open and low >= 3 * (1 - 1e-9)):
            return "ineligible"
        lacks = True
    liver_failure = p[LIVER_FAILURE]
    if liver_failure:
        low, high, low_open, _ = p[MELD]
        if high > 40 * (1 + 1e-9):
            if liver_failure == 1 and (low > 40 * (1 + 1e-9) or (low_open and low >= 40 * (1 - 1e-9))):
                return "ineligible"
            lacks = True
    stages = p[PULMONARY_HYPERTENSION]
    if stages & STAGES_III_AND_IV:
        if not stages & ~STAGES_III_AND_IV:
            return "ineligible"
        lacks = True
    arterial, venous = p[ARTERIAL_CATHETER], p[VENOUS_CATHETER]
    if not arterial or not venous:
        return "ineligible"
    if arterial > 1 or venous > 1:
        lacks = True
    if p[THROMBOSIS_IN_3_MONTHS] or p[EMBOLISM_IN_3_MONTHS] or p[HERNIATION] or p[ARDS_OVER_96_HOURS]:
        if (
            p[THROMBOSIS_IN_3_MONTHS] == 1 or p[EMBOLISM_IN_3_MONTHS] == 1
            or p[HERNIATION] == 1 or p[ARDS_OVER_96_HOURS] == 1
        ):  # fmt: skip
            return "ineligible"
        lacks = True
    return "undetermined" if lacks else "eligible"


def viral_pneumonia(p: Known) -> str:
    """NCT06416709"""
    asks = lacks = False
    low, high, _, _ = p[AGE]
    if high < 18 or low > 90:
        return "ineligible"
    if low < 18 or high > 90:
        lacks = True
    consent, restrictions = p[CONSENT], p[RESTRICTIONS]  # consent refused fails exclusion 5 as well
    if not consent or not restrictions:
        return "ineligible"
    if consent > 1 or restrictions > 1:
        asks = True
    pneumonia, advanced = p[VIRAL_PNEUMONIA], p[ADVANCED]
    if not pneumonia or not advanced:
        return "ineligible"
    if pneumonia > 1:
        lacks = True
    if advanced > 1:
        asks = True
    if p[SARS_TEST] != 1 and p[ADENOVIRUS_TEST] != 1 and p[INFLUENZA_TEST] != 1 and p[OTHER_VIRUS_TEST] != 1:
        if not (p[SARS_TEST] or p[ADENOVIRUS_TEST] or p[INFLUENZA_TEST] or p[OTHER_VIRUS_TEST]):
            return "ineligible"
        lacks = True
    infiltrates = p[INFILTRATES]
    if not infiltrates:
        return "ineligible"
    if infiltrates > 1:
        lacks = True
    low, high, _, high_open = p[BREATHS]
    if high < 30 * (1 - 1e-9) or (high_open and high <= 30 * (1 + 1e-9)):
        return "ineligible"
    if low < 30 * (1 - 1e-9):
        lacks = True
    low, high, low_open, _ = p[SATURATION]
    if low > 93 * (1 + 1e-9) or (low_open and low >= 93 * (1 - 1e-9)):
        return "ineligible"
    if high > 93 * (1 + 1e-9):
        lacks = True
    low, high, low_open, _ = p[OXYGENATION]
    if high <= 200 * (1 + 1e-9) or low > 300 * (1 + 1e-9) or (low_open and low >= 300 * (1 - 1e-9)):
        return "ineligible"
    if high > 300 * (1 + 1e-9) or not (low > 200 * (1 + 1e-9) or (low_open and low >= 200 * (1 - 1e-9))):
        lacks = True
    if p[VENTILATION] or p[VASOPRESSORS]:
        if p[VENTILATION] == 1 or p[VASOPRESSORS] == 1:
            return "ineligible"
        lacks = True
    if (
        p[HEPATITIS_B] or p[HEPATITIS_C] or p[HIV] or p[TUBERCULOSIS]
        or p[SOLID_TUMOR] or p[LEUKEMIA] or p[PSYCHIATRIC]
    ):  # fmt: skip
        if (
            p[HEPATITIS_B] == 1 or p[HEPATITIS_C] == 1 or p[HIV] == 1 or p[TUBERCULOSIS] == 1
            or p[SOLID_TUMOR] == 1 or p[LEUKEMIA] == 1 or p[PSYCHIATRIC] == 1
        ):  # fmt: skip
            return "ineligible"
        lacks = True
    low, high, low_open, high_open = p[WHITE_CELLS]  # NaN where no treatment was given
    if high > 12 * (1 + 1e-9) or low < 4 * (1 - 1e-9):
        if high > 12 * (1 + 1e-9) and (low > 12 * (1 + 1e-9) or (low_open and low >= 12 * (1 - 1e-9))):
            return "ineligible"
        if low < 4 * (1 - 1e-9) and (high < 4 * (1 - 1e-9) or (high_open and high <= 4 * (1 + 1e-9))):
            return "ineligible"
        lacks = True
    low, high, low_open, _ = p[CRP_BY_LIMIT]
    if high > 2 * (1 + 1e-9):
        if low > 2 * (1 + 1e-9) or (low_open and low >= 2 * (1 - 1e-9)):
            return "ineligible"
        lacks = True
    low, high, low_open, _ = p[PROCALCITONIN_BY_LIMIT]
    if high > 2 * (1 + 1e-9):
        if low > 2 * (1 + 1e-9) or (low_open and low >= 2 * (1 - 1e-9)):
            return "ineligible"
        lacks = True
    if (
        p[ACUTE_HEART_FAILURE] or p[MYOCARDITIS] or p[VALVES] or p[ARRHYTHMIA]
        or p[INFARCTION_IN_6_MONTHS] or p[STROKE_IN_6_MONTHS]
    ):  # fmt: skip
        if (
            p[ACUTE_HEART_FAILURE] == 1 or p[MYOCARDITIS] == 1 or p[VALVES] == 1 or p[ARRHYTHMIA] == 1
            or p[INFARCTION_IN_6_MONTHS] == 1 or p[STROKE_IN_6_MONTHS] == 1
        ):  # fmt: skip
            return "ineligible"
        lacks = True
    if (
        p[CHRONIC_BRONCHITIS] or p[SEVERE_ASTHMA] or p[EMPHYSEMA] or p[COPD] or p[FIBROSIS]
        or p[OXYGEN_AT_HOME] or p[OTHER_LUNG_DISEASE] or p[ACUTE_RENAL_FAILURE]
    ):  # fmt: skip
        if (
            p[CHRONIC_BRONCHITIS] == 1 or p[SEVERE_ASTHMA] == 1 or p[EMPHYSEMA] == 1 or p[COPD] == 1 or p[FIBROSIS] == 1
            or p[OXYGEN_AT_HOME] == 1 or p[OTHER_LUNG_DISEASE] == 1 or p[ACUTE_RENAL_FAILURE] == 1
        ):  # fmt: skip
            return "ineligible"
        lacks = True
    low, high, _, high_open = p[CREATININE_RISE]
    if low >= 44.2 * (1 - 1e-9):
        return "ineligible"
    if high > 44.2 * (1 + 1e-9) or (high >= 44.2 * (1 - 1e-9) and not high_open):
        lacks = True
    low, high, _, high_open = p[CREATININE]
    if low >= 442 * (1 - 1e-9):
        return "ineligible"
    if high > 442 * (1 + 1e-9) or (high >= 442 * (1 - 1e-9) and not high_open):
        lacks = True
    low, high, _, high_open = p[ALT_BY_LIMIT]
    if low >= 5 * (1 - 1e-9):
        return "ineligible"
    if high > 5 * (1 + 1e-9) or (high >= 5 * (1 - 1e-9) and not high_open):
        lacks = True
    low, high, _, high_open = p[BILIRUBIN_BY_LIMIT]
    if low >= 10 * (1 - 1e-9):
        return "ineligible"
    if high > 10 * (1 + 1e-9) or (high >= 10 * (1 - 1e-9) and not high_open):
        lacks = True
    low, high, _, high_open = p[BILIRUBIN_RISE]
    if low >= 17.1 * (1 - 1e-9):
        return "ineligible"
    if high > 17.1 * (1 + 1e-9) or (high >= 17.1 * (1 - 1e-9) and not high_open):
        lacks = True
    if p[BLEEDING]:
        if p[BLEEDING] == 1:
            return "ineligible"
        lacks = True
    low, high, low_open, _ = p[PROTHROMBIN]
    if high <= 40 * (1 + 1e-9):
        return "ineligible"
    if low < 40 * (1 - 1e-9) or (low <= 40 * (1 + 1e-9) and not low_open):
        lacks = True
    low, high, _, high_open = p[INR]
    if low >= 1.5 * (1 - 1e-9):
        return "ineligible"
    if high > 1.5 * (1 + 1e-9) or (high >= 1.5 * (1 - 1e-9) and not high_open):
        lacks = True
    low, high, _, high_open = p[HEMOGLOBIN]
    if low < 60 * (1 - 1e-9):
        if high < 60 * (1 - 1e-9) or (high_open and high <= 60 * (1 + 1e-9)):
            return "ineligible"
        lacks = True
    low, high, _, high_open = p[PLATELETS]
    if low < 60 * (1 - 1e-9):
        if high < 60 * (1 - 1e-9) or (high_open and high <= 60 * (1 + 1e-9)):
            return "ineligible"
        lacks = True
    if p[CLOTTING] or p[ADDICTION_IN_6_MONTHS]:
        if p[CLOTTING] == 1 or p[ADDICTION_IN_6_MONTHS] == 1:
            return "ineligible"
        lacks = True
    other, disturbs = p[OTHER_TRIAL], p[OTHER_TRIAL_DISTURBS]
    if other and disturbs:
        if other == 1 and disturbs == 1:
            return "ineligible"
        if other > 1:
            lacks = True
        else:
            asks = True
    if p[DISTURBING_CONDITION] or p[CANNOT_COMPLY] or p[OTHER_SERIOUS_CONDITION]:
        if p[DISTURBING_CONDITION] == 1 or p[CANNOT_COMPLY] == 1 or p[OTHER_SERIOUS_CONDITION] == 1:
            return "ineligible"
        asks = True
    return "undetermined" if lacks else "review" if asks else "eligible"


def sepsis(p: Known) -> str:
    """NCT06882811"""
    asks = lacks = False
    low, high, _, _ = p[AGE]
    septic = p[SEPSIS]  # inclusions 2 and 3 ask for an infection as well, which sepsis is enough for
    if low > 65 or not septic:
        return "ineligible"
    if high > 65 or septic > 1:
        lacks = True
    low, high, _, high_open = p[SOFA_CHANGE]
    if high < 2 * (1 - 1e-9) or (high_open and high <= 2 * (1 + 1e-9)):
        return "ineligible"
    if low < 2 * (1 - 1e-9):
        lacks = True
    if p[AGAINST_ETHICS] or p[CONFOUNDED] or p[POOR_ADHERENCE] or p[DISPUTES] or p[PLANNED_PREGNANCY]:
        if (
            p[AGAINST_ETHICS] == 1 or p[CONFOUNDED] == 1 or p[POOR_ADHERENCE] == 1
            or p[DISPUTES] == 1 or p[PLANNED_PREGNANCY] == 1
        ):  # fmt: skip
            return "ineligible"
        asks = True
    if (
        p[OTHER_TRIAL] or p[ENTERITIS] or p[NEUROPSYCHIATRIC] or p[MARROW_TRANSPLANT] or p[LUNG_TRANSPLANT]
        or p[LIVER_TRANSPLANT] or p[PANCREAS_TRANSPLANT] or p[INTESTINE_TRANSPLANT] or p[LIFE_LIMITING] or p[PSYCHIATRIC]
        or p[HYPERSENSITIVITY] or p[ADVERSE_REACTION] or p[SEPTIC_SHOCK]
    ):  # fmt: skip
        if (
            p[OTHER_TRIAL] == 1 or p[ENTERITIS] == 1 or p[NEUROPSYCHIATRIC] == 1 or p[MARROW_TRANSPLANT] == 1
            or p[LUNG_TRANSPLANT] == 1 or p[LIVER_TRANSPLANT] == 1 or p[PANCREAS_TRANSPLANT] == 1
            or p[INTESTINE_TRANSPLANT] == 1 or p[LIFE_LIMITING] == 1 or p[PSYCHIATRIC] == 1 or p[HYPERSENSITIVITY] == 1
            or p[ADVERSE_REACTION] == 1 or p[SEPTIC_SHOCK] == 1
        ):  # fmt: skip
            return "ineligible"
        lacks = True
    low, high, _, high_open = p[LIFE_EXPECTANCY]
    if low < 7 * (1 - 1e-9):
        if high < 7 * (1 - 1e-9) or (high_open and high <= 7 * (1 + 1e-9)):
            return "ineligible"
        lacks = True
    if p[RESISTANT_INFECTION] or p[EVER_MALIGNANCY] or p[PREGNANCY] or p[LACTATION]:
        if p[RESISTANT_INFECTION] == 1 or p[EVER_MALIGNANCY] == 1 or p[PREGNANCY] == 1 or p[LACTATION] == 1:
            return "ineligible"
        lacks = True
    return "undetermined" if lacks else "review" if asks else "eligible"


def liver_disease(p: Known) -> str:
    """XHNKKY-DDSC"""
    asks = lacks = False
    low, high, _, _ = p[AGE]
    if high < 18 or low > 80:
        return "ineligible"
    if low < 18 or high > 80:
        lacks = True
    liver, consent = p[END_STAGE_LIVER], p[CONSENT]
    if not liver or not consent:
        return "ineligible"
    if liver > 1:
        lacks = True
    if consent > 1:
        asks = True
    if p[TUMOR] or p[LIVER_TRANSPLANT]:
        if p[TUMOR] == 1 or p[LIVER_TRANSPLANT] == 1:
            return "ineligible"
        lacks = True
    if (
        p[ACUTE_INFARCTION] or p[ACUTE_HEART_FAILURE] or p[RESPIRATORY_FAILURE_1] or p[RESPIRATORY_FAILURE_2] or p[EMBOLISM]
        or p[CEREBRAL_INFARCTION] or p[CEREBRAL_HEMORRHAGE] or p[CARDIOPULMONARY] or p[INFARCTION_IN_28_DAYS]
        or p[STROKE_IN_14_DAYS]
    ):  # fmt: skip
        if (
            p[ACUTE_INFARCTION] == 1 or p[ACUTE_HEART_FAILURE] == 1 or p[RESPIRATORY_FAILURE_1] == 1
            or p[RESPIRATORY_FAILURE_2] == 1 or p[EMBOLISM] == 1 or p[CEREBRAL_INFARCTION] == 1
            or p[CEREBRAL_HEMORRHAGE] == 1 or p[CARDIOPULMONARY] == 1 or p[INFARCTION_IN_28_DAYS] == 1
            or p[STROKE_IN_14_DAYS] == 1
        ):  # fmt: skip
            return "ineligible"
        lacks = True
    if p[THREATENS_SURVIVAL] or p[UNSUITABLE]:
        if p[THREATENS_SURVIVAL] == 1 or p[UNSUITABLE] == 1:
            return "ineligible"
        asks = True
    if (
        p[HIV] or p[INTERFERON_IN_A_YEAR] or p[GLUCOCORTICOIDS_IN_A_YEAR] or p[PSYCHIATRIC_TREATMENT]
        or p[OTHER_TRIAL_IN_30_DAYS] or p[PREGNANCY] or p[LACTATION] or p[ALLERGIC_ASTHMA] or p[URTICARIA] or p[ECZEMA]
        or p[ALLERGIES]
    ):  # fmt: skip
        if (
            p[HIV] == 1 or p[INTERFERON_IN_A_YEAR] == 1 or p[GLUCOCORTICOIDS_IN_A_YEAR] == 1
            or p[PSYCHIATRIC_TREATMENT] == 1 or p[OTHER_TRIAL_IN_30_DAYS] == 1 or p[PREGNANCY] == 1 or p[LACTATION] == 1
            or p[ALLERGIC_ASTHMA] == 1 or p[URTICARIA] == 1 or p[ECZEMA] == 1 or p[ALLERGIES] == 1
        ):  # fmt: skip
            return "ineligible"
        lacks = True
    return "undetermined" if lacks else "review" if asks else "eligible"
