"""A number and a seed go in; records of patients come out, as a hospital might hold them, a fifth of the facts missing.

Most facts speak for a patient, as they do for those who are screened at all: a criterion that fails ends a trial, and a
crowd of random answers would fail at the first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from eligibility.vocabulary import bundled_vocabulary

AT = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)
STAMP = AT.isoformat()
Record = dict[str, Any]

# lowest and highest typical value, digits after the point, unit
QUANTITIES: dict[str, tuple[float, float, int, str]] = {
    "PaO2": (55, 95, 0, "mmHg"), "PaCO2": (30, 60, 0, "mmHg"), "FiO2": (30, 80, 0, "%"), "PEEP": (7, 16, 0, "cmH2O"),
    "atelectasis": (0, 55, 0, "%"), "respiratory rate at rest": (24, 40, 0, "/min"), "SpO2 on room air": (82, 95, 0, "%"),
    "white cell count": (3, 14, 1, "x10^9/L"), "creatinine": (0.6, 4.0, 1, "mg/dL"), "total bilirubin": (0.3, 3.0, 1, "mg/dL"),
    "INR": (0.9, 1.6, 1, ""), "prothrombin activity": (45, 110, 0, "%"), "hemoglobin": (7.0, 15.0, 1, "g/dL"),
    "platelets": (70, 350, 0, "x10^9/L"), "SOFA": (2, 12, 0, ""), "baseline SOFA": (0, 2, 0, ""),
    "life expectancy": (5, 400, 0, "days"), "failing organs": (1, 4, 0, ""),
}  # fmt: skip
# with an upper limit of normal beside the value
LIMITED = {"C-reactive protein": (2, 15, 0, "mg/L", 8), "procalcitonin": (0.02, 0.9, 2, "ng/mL", 0.5), "ALT": (10, 150, 0, "U/L", 40)}  # fmt: skip
# what a laboratory sends along, and no trial asks for
OTHERS: dict[str, tuple[float, float, int, str]] = {
    "sodium": (128, 148, 0, "mmol/L"), "potassium": (3.0, 5.5, 1, "mmol/L"), "chloride": (95, 110, 0, "mmol/L"),
    "calcium": (2.0, 2.7, 2, "mmol/L"), "magnesium": (0.6, 1.1, 2, "mmol/L"), "glucose": (4.0, 12.0, 1, "mmol/L"),
    "lactate": (0.8, 4.0, 1, "mmol/L"), "albumin": (25, 45, 0, "g/L"), "AST": (10, 150, 0, "U/L"), "LDH": (120, 600, 0, "U/L"),
    "D-dimer": (0.2, 4.0, 1, "mg/L"), "ferritin": (50, 900, 0, "ng/mL"), "fibrinogen": (2.0, 6.0, 1, "g/L"),
    "heart rate": (60, 130, 0, "/min"), "systolic blood pressure": (90, 160, 0, "mmHg"),
    "diastolic blood pressure": (50, 95, 0, "mmHg"), "body temperature": (36.0, 39.0, 1, "degC"), "height": (150, 195, 0, "cm"),
    "weight": (50, 110, 0, "kg"), "urea nitrogen": (3.0, 20.0, 1, "mmol/L"), "uric acid": (150, 500, 0, "umol/L"),
    "triglycerides": (0.5, 4.0, 1, "mmol/L"), "LDL cholesterol": (1.0, 5.0, 1, "mmol/L"), "lymphocyte count": (0.4, 3.0, 1, "x10^9/L"),
    "neutrophil count": (2.0, 10.0, 1, "x10^9/L"), "phosphate": (0.6, 1.8, 1, "mmol/L"), "bicarbonate": (16, 30, 0, "mmol/L"),
}  # fmt: skip
# who comes to be screened: what is likely of them, and values that differ from those above
LIKELY = {
    "bilateral infiltrates": 0.95, "arterial catheter": 0.9, "central venous catheter": 0.9, "infection": 0.95,
    "suspected infection": 0.9,
}  # fmt: skip
ADMISSIONS: dict[str, tuple[dict[str, float], dict[str, tuple[float, float, int, str]]]] = {
    "lungs": ({"invasive ventilation": 0.97, "ARDS": 0.97, "sepsis": 0.3}, {}),
    "virus": (
        {"viral pneumonia": 0.97, "positive SARS-CoV-2 test": 0.8, "positive influenza test": 0.3, "ARDS": 0.5},
        {
            "PaO2": (62, 80, 0, "mmHg"), "FiO2": (28, 31, 0, "%"), "respiratory rate at rest": (30, 40, 0, "/min"),
            "SpO2 on room air": (82, 93, 0, "%"), "white cell count": (4.1, 11.9, 1, "x10^9/L"), "INR": (0.9, 1.4, 1, ""),
            "procalcitonin": (0.02, 0.9, 2, "ng/mL"),
        },
    ),
    "sepsis": ({"sepsis": 0.98, "invasive ventilation": 0.4}, {}),
    "liver": ({"end-stage liver disease": 0.98, "liver failure": 0.3}, {"total bilirubin": (3, 20, 1, "mg/dL")}),
}  # fmt: skip
UNLIKELY = (
    "heart failure", "social or mental disability", "malignancy", "severe infectious disease", "positive hepatitis B test",
    "positive hepatitis C test", "positive HIV test", "positive tuberculosis test", "active hepatitis B", "active hepatitis C",
    "HIV infection", "active tuberculosis", "severe major organ disease", "cardiogenic pulmonary edema",
    "end-stage respiratory disease", "liver failure", "deep vein thrombosis", "pulmonary embolism", "brain herniation",
    "positive adenovirus test", "ARDS", "invasive ventilation", "sepsis", "end-stage liver disease", "viral pneumonia",
    "positive SARS-CoV-2 test", "positive influenza test", "positive test for another respiratory virus", "vasopressors", "psychiatric disorder",
    "uncontrolled myocarditis", "uncontrolled valvular disease", "malignant arrhythmia", "myocardial infarction", "stroke",
    "chronic bronchitis", "severe asthma", "emphysema", "pulmonary fibrosis", "long-term oxygen therapy",
    "other lung disease that limits daily activities", "acute renal failure", "bleeding",
    "disseminated intravascular coagulation", "drug addiction", "participation in another trial", "chronic enteritis",
    "neuropsychiatric disorder", "bone marrow transplant", "lung transplant", "liver transplant", "pancreas transplant",
    "small intestine transplant", "life-limiting primary disease", "hypersensitivity to biological products",
    "severe adverse reaction to biological products", "septic shock", "drug-resistant infection", "tumor",
    "acute cerebral infarction", "acute cerebral hemorrhage", "serious cardiopulmonary disease", "interferon therapy",
    "glucocorticoid therapy", "psychiatric treatment", "allergic asthma", "allergic urticaria", "eczema", "multiple allergies",
    "pregnancy", "lactation", "perinatal period",
)  # fmt: skip
ANSWERS = ("informed consent", "agreement to study restrictions")
JUDGEMENTS = (
    "NCT06416709/exclude.4.14", "NCT06416709/exclude.7", "NCT06416709/exclude.8", "NCT06416709/exclude.9",
    "NCT06882811/exclude.1", "NCT06882811/exclude.2", "NCT06882811/exclude.3", "NCT06882811/exclude.5.5",
    "XHNKKY-DDSC/exclude.4", "XHNKKY-DDSC/exclude.11",
)  # fmt: skip
RARE = 0.01  # of what speaks against a patient


def patients(
    number: int,
    seed: int,
    *,
    missing: float = 0.2,
    dated: bool = True,
    readable: Callable[[Record], bool] | None = None,
) -> list[Record]:
    """Records for the five trials. `dated`: with the times of measurements and occurrences; without, every fact is plain.

    Only those that `readable` accepts: a random record may contradict itself (tumor absent, leukemia present).
    """
    chance = random.Random(seed)
    found: list[Record] = []
    while len(found) < number:
        record = _patient(chance, missing, dated)
        if readable is None or readable(record):
            found.append(record)
    return found


def _patient(chance: random.Random, missing: float, dated: bool) -> Record:
    likely, differing = ADMISSIONS[chance.choice(list(ADMISSIONS))]
    record: Record = {"age": f"{chance.randint(30, 75)} years", "sex": chance.choice(("female", "male"))}
    for name, (low, high, digits, unit) in (QUANTITIES | differing).items():
        record[name] = _measured(chance, name, low, high, digits, unit, dated)
    for name, (low, high, digits, unit, limit) in LIMITED.items():
        value = _spelled(chance, low, high, digits, unit)
        record[name] = {"value": value, "upper_limit": f"{limit} {unit}"}
        if dated:
            record[name]["at"] = _ago(chance, 1, 20)
    record["pulmonary hypertension stage"] = chance.choices(("none", "I", "II", "III"), (90, 5, 4, 1))[0]
    for name in UNLIKELY:
        record[name] = chance.random() < RARE
    for name, share in (LIKELY | likely).items():
        record[name] = chance.random() < share
    if record["sex"] == "male":
        for name in ("pregnancy", "lactation", "perinatal period"):
            del record[name]
    else:
        record["planned pregnancy"] = chance.random() < RARE
    if dated:
        _date(record, chance)
    for name in ANSWERS:
        record[name] = chance.random() > RARE
    judgements = {address: chance.random() < RARE for address in JUDGEMENTS}
    judgements["NCT06416709/include.3"] = chance.random() > 0.1
    for name in [name for name in record if chance.random() < missing]:
        del record[name]
    record["judgements"] = {address: answer for address, answer in judgements.items() if chance.random() >= missing}
    return _without_denied_wholes(record)


def _without_denied_wholes(record: Record) -> Record:
    """An absent whole denies what it includes: where a part is there, nothing is said of the whole."""
    words = bundled_vocabulary()
    for name in [name for name, value in record.items() if value is True or isinstance(value, dict)]:
        for whole in words.wholes(name) if words.find(name) else ():
            record.pop(whole, None)
    return record


def _date(record: Record, chance: random.Random) -> None:
    """Give occurrences their times, and a treatment after which the oxygenation was measured."""
    if record.get("ARDS"):
        record["ARDS"] = record["acute lung injury"] = {"onset": _ago(chance, 10, 110)}
    for name in ("positive SARS-CoV-2 test", "positive influenza test"):
        if record.get(name):
            record[name] = {"onset": _ago(chance, 20, 300)}
    for name in ("myocardial infarction", "stroke"):
        if record[name]:
            record[name] = {"at": _ago(chance, 24 * 5, 24 * 900)}
    record["protective ventilation"] = {"onset": _ago(chance, 4, 9)}
    record["anti-infective treatment"] = {"onset": _ago(chance, 15, 40)} if chance.random() < 0.7 else False


def _measured(
    chance: random.Random, name: str, low: float, high: float, digits: int, unit: str, dated: bool
) -> str | Record | list[Record]:
    value = _spelled(chance, low, high, digits, unit)
    if not dated:
        return value
    if name in ("creatinine", "total bilirubin") and chance.random() < 0.8:
        other = _spelled(chance, low, high / 4, digits, unit)
        return [{"value": value, "at": _ago(chance, 1, 5)}, {"value": other, "at": _ago(chance, 6, 24)}]
    return {"value": value, "at": _ago(chance, 1, 3)}


def _spelled(chance: random.Random, low: float, high: float, digits: int, unit: str) -> str:
    value = f"{chance.uniform(low, high):.{digits}f}"
    sign = chance.choices(("", "<", ">"), (97, 2, 1))[0] if digits else ""
    return f"{sign}{value} {unit}".strip()


def _ago(chance: random.Random, least: float, most: float) -> str:
    """An instant so many hours before the judgement."""
    return (AT - timedelta(hours=chance.uniform(least, most))).isoformat(timespec="minutes")


def with_unit_strings(number: int, seed: int, strings: int, *, flags: bool) -> list[Record]:
    """Plain records with so many values spelled with their units (scores have none), as a laboratory system sends them; with
    `flags`, also with what the five trials ask of conditions and people."""
    chance = random.Random(seed)
    found: list[Record] = []
    for _ in range(number):
        record: Record = {"age": f"{chance.randint(30, 75)} years"}
        for name, (low, high, digits, unit) in (QUANTITIES | {n: v[:4] for n, v in LIMITED.items()} | OTHERS).items():
            if len(record) < strings:
                record[name] = f"{chance.uniform(low, high):.{digits}f} {unit}".strip()
        assert len(record) == strings, f"only {len(record)} values"
        record["sex"] = chance.choice(("female", "male"))
        if flags:
            plain = _patient(chance, 0.2, False)
            record |= {key: value for key, value in plain.items() if isinstance(value, bool)}
            record["judgements"] = plain["judgements"]
            for name in ("pregnancy", "lactation", "perinatal period", "planned pregnancy"):
                if record["sex"] == "male":
                    record.pop(name, None)
        found.append(record)
    return found


def at_thresholds(number: int, seed: int, pieces: Sequence[Sequence[Mapping[str, Any]]], merge: Callable[[Iterable[Mapping[str, Any]]], Record]) -> list[Record]:  # fmt: skip
    """Records whose values lie at, just below and just above the thresholds, censored, partly dated: for checks, not for times.

    `pieces` are the states of each fact, as the library's own tests draw them.
    """
    chance = random.Random(seed)
    found = []
    for _ in range(number):
        share = chance.choice((0.4, 0.8, 0.95))
        found.append(merge([chance.choice(group) for group in pieces if group and chance.random() < share]))
    return found
