"""A wide table of patients goes in; the criteria and verdicts of the five bundled trials come out, as a careful person writes them in Polars.

No library and no loop over patients; unknowns are nulls, as Polars' own `&` and `|` take them, and a number that is missing is
what its concept may be. A value equals a threshold within 1e-9 of it, so every threshold stands as the end of that band.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

AT = datetime(2024, 3, 4, 8, 0)
INFINITY = float("inf")
CREATININE = 88.4016973125884  # umol/L in 1 mg/dL
col = pl.col

# what a column of the table includes, as far as its parts have columns
PARTS = {
    "acute lung injury": ("ARDS",),
    "heart failure": ("acute heart failure", "cardiogenic pulmonary edema"),
    "infection": ("viral pneumonia", "drug-resistant infection", "active tuberculosis", "severe infectious disease", "septic shock"),
    "life-limiting primary disease": ("end-stage respiratory disease", "end-stage liver disease"),
    "malignancy": ("solid tumor", "leukemia"),
    "neuropsychiatric disorder": ("psychiatric disorder",),
    "sepsis": ("septic shock",),
    "serious cardiopulmonary disease": ("acute myocardial infarction", "acute heart failure", "type I respiratory failure", "type II respiratory failure", "pulmonary embolism"),
    "severe infectious disease": ("septic shock",),
    "severe major organ disease": ("end-stage liver disease", "liver failure", "end-stage respiratory disease", "acute renal failure", "acute heart failure"),
    "tumor": ("malignancy", "solid tumor", "leukemia"),
}  # fmt: skip


def has(name: str) -> pl.Expr:
    """A condition that is there, absent, or unknown: a part makes the whole present, an absent whole makes the part absent."""
    ways = [col(name)]
    ways += [pl.when(col(part)).then(True) for part in PARTS.get(name, ())]
    ways += [pl.when(~col(whole)).then(False) for whole, parts in PARTS.items() if name in parts]
    return ways[0] if len(ways) == 1 else pl.coalesce(*ways)


def any_of(*parts: pl.Expr) -> pl.Expr:
    """Kleene's `or`."""
    found = parts[0]
    for part in parts[1:]:
        found = found | part
    return found


def since(name: str, **length: int) -> pl.Expr:
    """Was an event, or the onset of what began once, within so many days?"""
    return col(name) >= AT - timedelta(**length)


def in_months(name: str, months: int) -> pl.Expr:
    """The same by the calendar."""
    return col(name) >= AT.replace(year=AT.year - (1 if months > 2 else 0), month=(AT.month - months - 1) % 12 + 1)


def below(low: pl.Expr, high: pl.Expr, limit: float) -> pl.Expr:
    """Is a number that lies between two others below a limit?"""
    edge = limit * (1 - 1e-9)
    return pl.when(high < edge).then(True).when(low >= edge).then(False)


def above(low: pl.Expr, high: pl.Expr, limit: float) -> pl.Expr:
    """Is a number that lies between two others above a limit?"""
    edge = limit * (1 + 1e-9)
    return pl.when(low > edge).then(True).when(high <= edge).then(False)


Range = tuple[pl.Expr, pl.Expr]


@dataclass(frozen=True)
class Derived:
    """What is worked out of several facts, as the least and the greatest that it may be, or as a statement."""

    born_by: Callable[[int], pl.Expr]
    ratio: Range
    gradient: Range
    meld: Range
    sofa_change: Range
    oxygen_after: Callable[[str], pl.Expr]
    white_after: Callable[[Callable[[pl.Expr], pl.Expr]], pl.Expr]
    creatinine_rise: pl.Expr
    bilirubin_rise: pl.Expr


def score(bilirubin: pl.Expr, inr: pl.Expr, creatinine: pl.Expr) -> pl.Expr:
    """MELD of values in mg/dL."""
    return (
        3.78 * pl.max_horizontal(bilirubin, pl.lit(1.0)).log() + 11.2 * pl.max_horizontal(inr, pl.lit(1.0)).log()
        + 9.57 * creatinine.clip(1.0, 4.0).log() + 6.43
    )  # fmt: skip


def ratio_of(pao2: pl.Expr, fio2: pl.Expr) -> Range:
    """PaO2/FiO2"""
    return pao2.fill_null(0.0) / (fio2.fill_null(100.0) / 100), pao2.fill_null(INFINITY) / (fio2.fill_null(20.9) / 100)


def gradient_of(pao2: pl.Expr, fio2: pl.Expr, paco2: pl.Expr) -> Range:
    """The difference between alveolar and arterial oxygen at sea level."""
    return (
        fio2.fill_null(20.9) / 100 * (760 - 47) - paco2.fill_null(INFINITY) / 0.8 - pao2.fill_null(INFINITY),
        fio2.fill_null(100.0) / 100 * (760 - 47) - paco2.fill_null(0.0) / 0.8 - pao2.fill_null(0.0),
    )


def meld_of(bilirubin: pl.Expr, inr: pl.Expr, creatinine: pl.Expr) -> Range:
    """MELD, where some of it may be missing."""
    low, high = ([part.fill_null(missing) for part in (bilirubin, inr, creatinine)] for missing in (0.0, INFINITY))
    return score(*low), score(*high)


def change_of(sofa: pl.Expr, baseline: pl.Expr) -> Range:
    """SOFA less what it was."""
    return sofa.fill_null(0.0) - baseline.fill_null(24.0), sofa.fill_null(24.0) - baseline.fill_null(0.0)


NO_RISE = pl.lit(None, dtype=pl.Boolean)  # one value is no rise


def of_one_moment() -> Derived:
    """Of a wide table: everything was observed at the instant."""
    ratio = ratio_of(col("PaO2"), col("FiO2"))
    return Derived(
        lambda years: col("birth_date") <= date(AT.year - years, AT.month, AT.day), ratio,
        gradient_of(col("PaO2"), col("FiO2"), col("PaCO2")), meld_of(col("total bilirubin"), col("INR"), col("creatinine")),
        change_of(col("SOFA"), col("baseline SOFA")),
        lambda treatment: pl.when(col(treatment).is_not_null() & col("PaO2").is_not_null()).then(below(*ratio, 200)),
        lambda compared: pl.when(col("anti-infective treatment").is_not_null()).then(compared(col("white cell count"))),
        NO_RISE, NO_RISE,
    )  # fmt: skip


def criteria(known: Derived) -> dict[str, pl.Expr]:
    """Whether each criterion is met."""
    born_by = known.born_by
    pf_low, pf_high = known.ratio
    moderate = above(pf_low, pf_high, 200) & pl.when(pf_high <= 300 * (1 + 1e-9)).then(True).when(
        pf_low > 300 * (1 + 1e-9)
    ).then(False)
    low_oxygen = below(pf_low, pf_high, 200)
    change_low, change_high = known.sofa_change

    def times_limit(name: str, times: float) -> tuple[pl.Expr, float, float]:
        return col(name) / col(f"{name} upper limit"), times * (1 - 1e-9), times * (1 + 1e-9)

    crp, procalcitonin, alt, bilirubin = (
        times_limit(name, times)
        for name, times in (("C-reactive protein", 2), ("procalcitonin", 2), ("ALT", 5), ("total bilirubin", 10))
    )
    sars, adeno, flu, other = (
        since(f"positive {name}", days=14)
        for name in ("SARS-CoV-2 test", "adenovirus test", "influenza test", "test for another respiratory virus")
    )
    # the onset of lung injury is that of its own record; ARDS tells only that it began then or earlier
    injured = pl.coalesce(since("acute lung injury", days=7), pl.when(~since("ARDS", days=7)).then(False))
    hepatitis = (has("active hepatitis B"), has("active hepatitis C"), has("HIV infection"), has("active tuberculosis"))
    pregnant, lactating, perinatal, plans = (
        pl.coalesce(col(name), pl.when(col("sex") == "male").then(False))
        for name in ("pregnancy", "lactation", "perinatal period", "planned pregnancy")
    )
    consent = col("informed consent")
    infected = any_of(has("infection"), col("suspected infection"), has("sepsis"))
    return {
        "NCT02444455/include.1": consent,
        "NCT02444455/include.2": born_by(35) & ~born_by(71),
        "NCT02444455/include.3": injured,
        "NCT02444455/include.4": moderate & above(*known.gradient, 35),
        "NCT02444455/include.5": col("bilateral infiltrates"),
        "NCT02444455/include.6": ~has("heart failure"),
        "NCT02444455/exclude.1": ~consent,
        "NCT02444455/exclude.2": col("social or mental disability"),
        "NCT02444455/exclude.3": has("malignancy"),
        "NCT02444455/exclude.4": has("severe infectious disease"),
        "NCT02444455/exclude.5": any_of(
            col("positive hepatitis B test"), col("positive hepatitis C test"), col("positive HIV test"),
            col("positive tuberculosis test"), *hepatitis,
        ),
        "NCT02444455/exclude.6": pregnant | perinatal,
        "NCT02444455/exclude.7": has("severe major organ disease"),
        "NCT03608592/include.1": born_by(18),
        "NCT03608592/include.2.1": col("invasive ventilation") & low_oxygen,
        "NCT03608592/include.2.2": col("PEEP") >= 8 * (1 - 1e-9),
        "NCT03608592/include.2.3": col("bilateral infiltrates"),
        "NCT03608592/include.2.4": since("ARDS", days=7),
        "NCT03608592/include.2.5": known.oxygen_after("protective ventilation") | known.oxygen_after("conservative fluid management"),
        "NCT03608592/exclude.1": has("malignancy"),
        "NCT03608592/exclude.2": has("cardiogenic pulmonary edema"),
        "NCT03608592/exclude.3": col("atelectasis") > 50 * (1 + 1e-9),
        "NCT03608592/exclude.4": any_of(pregnant, perinatal, lactating),
        "NCT03608592/exclude.5": has("end-stage respiratory disease"),
        "NCT03608592/exclude.6": col("failing organs") > 3 * (1 + 1e-9),
        "NCT03608592/exclude.7": has("liver failure") & above(*known.meld, 40),
        "NCT03608592/exclude.8": col("pulmonary hypertension stage").is_in(["III", "IV"]),
        "NCT03608592/exclude.9": ~col("arterial catheter") | ~col("central venous catheter"),
        "NCT03608592/exclude.10": col("deep vein thrombosis") | has("pulmonary embolism"),
        "NCT03608592/exclude.11": col("brain herniation"),
        "NCT03608592/exclude.12": pl.coalesce(col("ARDS") < AT - timedelta(hours=96), pl.when(col("acute lung injury") >= AT - timedelta(hours=96)).then(False)),
        "NCT06416709/include.1": born_by(18) & ~born_by(91),
        "NCT06416709/include.2": consent & col("agreement to study restrictions"),
        "NCT06416709/include.3": has("viral pneumonia") & col("NCT06416709/include.3"),
        "NCT06416709/include.3.1": any_of(sars, adeno, flu, other),
        "NCT06416709/include.3.2": col("bilateral infiltrates"),
        "NCT06416709/include.3.3": (col("respiratory rate at rest") >= 30 * (1 - 1e-9)) & (col("SpO2 on room air") <= 93 * (1 + 1e-9)) & moderate,
        "NCT06416709/include.4": ~col("invasive ventilation") & ~col("vasopressors"),
        "NCT06416709/exclude.1": any_of(*hepatitis),
        "NCT06416709/exclude.2": any_of(has("solid tumor"), has("leukemia"), has("psychiatric disorder")),
        "NCT06416709/exclude.3": any_of(
            known.white_after(lambda cells: cells > 12 * (1 + 1e-9)), known.white_after(lambda cells: cells < 4 * (1 - 1e-9)),
            crp[0] > crp[2], procalcitonin[0] > procalcitonin[2],
        ),
        "NCT06416709/exclude.4.1": has("acute heart failure"),
        "NCT06416709/exclude.4.2": col("uncontrolled myocarditis") | col("uncontrolled valvular disease"),
        "NCT06416709/exclude.4.3": col("malignant arrhythmia"),
        "NCT06416709/exclude.4.4": in_months("myocardial infarction", 6) | in_months("stroke", 6),
        "NCT06416709/exclude.4.5": any_of(
            col("chronic bronchitis"), col("severe asthma"), col("emphysema"), col("chronic obstructive pulmonary disease"), col("pulmonary fibrosis"),
            col("long-term oxygen therapy"), col("other lung disease that limits daily activities"),
        ),
        "NCT06416709/exclude.4.6": has("acute renal failure") | known.creatinine_rise,
        "NCT06416709/exclude.4.7": col("creatinine") >= 442 / CREATININE * (1 - 1e-9),
        "NCT06416709/exclude.4.8": alt[0] >= alt[1],
        "NCT06416709/exclude.4.9": (bilirubin[0] >= bilirubin[1]) | known.bilirubin_rise,
        "NCT06416709/exclude.4.10": any_of(col("bleeding"), col("prothrombin activity") <= 40 * (1 + 1e-9), col("INR") >= 1.5 * (1 - 1e-9)),
        "NCT06416709/exclude.4.11": col("hemoglobin") < 6 * (1 - 1e-9),
        "NCT06416709/exclude.4.12": col("platelets") < 60 * (1 - 1e-9),
        "NCT06416709/exclude.4.13": col("disseminated intravascular coagulation"),
        "NCT06416709/exclude.4.14": col("NCT06416709/exclude.4.14"),
        "NCT06416709/exclude.5": ~consent,
        "NCT06416709/exclude.6": col("drug addiction"),
        "NCT06416709/exclude.7": col("participation in another trial") & col("NCT06416709/exclude.7"),
        "NCT06416709/exclude.8": col("NCT06416709/exclude.8"),
        "NCT06416709/exclude.9": col("NCT06416709/exclude.9"),
        "NCT06882811/include.1": ~born_by(66) & has("sepsis"),
        "NCT06882811/include.2": infected & pl.when(change_low >= 2 * (1 - 1e-9)).then(True).when(change_high < 2 * (1 - 1e-9)).then(False),
        "NCT06882811/include.3": infected,
        "NCT06882811/exclude.1": col("NCT06882811/exclude.1"),
        "NCT06882811/exclude.2": col("NCT06882811/exclude.2"),
        "NCT06882811/exclude.3": col("NCT06882811/exclude.3"),
        "NCT06882811/exclude.4": col("participation in another trial"),
        "NCT06882811/exclude.5.1": any_of(
            col("chronic enteritis"), has("neuropsychiatric disorder"), col("bone marrow transplant"), col("lung transplant"),
            col("liver transplant"), col("pancreas transplant"), col("small intestine transplant"),
        ),
        "NCT06882811/exclude.5.2": has("life-limiting primary disease") | has("psychiatric disorder"),
        "NCT06882811/exclude.5.3": col("hypersensitivity to biological products") | col("severe adverse reaction to biological products"),
        "NCT06882811/exclude.5.4": has("septic shock") | (col("life expectancy") < 7 * (1 - 1e-9)),
        "NCT06882811/exclude.5.5": col("NCT06882811/exclude.5.5"),
        "NCT06882811/exclude.5.6": has("drug-resistant infection"),
        "NCT06882811/exclude.5.7": has("malignancy"),
        "NCT06882811/exclude.5.8": any_of(pregnant, lactating, plans),
        "XHNKKY-DDSC/include.1": born_by(18) & ~born_by(81),
        "XHNKKY-DDSC/include.2": has("end-stage liver disease"),
        "XHNKKY-DDSC/include.3": consent,
        "XHNKKY-DDSC/exclude.1": has("tumor"),
        "XHNKKY-DDSC/exclude.2": col("liver transplant"),
        "XHNKKY-DDSC/exclude.3": any_of(
            has("acute myocardial infarction"), has("acute heart failure"), has("type I respiratory failure"), has("type II respiratory failure"),
            has("pulmonary embolism"), col("acute cerebral infarction"), col("acute cerebral hemorrhage"), has("serious cardiopulmonary disease"),
            since("myocardial infarction", days=28), since("stroke", days=14),
        ),
        "XHNKKY-DDSC/exclude.4": col("XHNKKY-DDSC/exclude.4"),
        "XHNKKY-DDSC/exclude.5": col("HIV infection"),
        "XHNKKY-DDSC/exclude.6": col("interferon therapy") | col("glucocorticoid therapy"),
        "XHNKKY-DDSC/exclude.7": col("psychiatric treatment"),
        "XHNKKY-DDSC/exclude.8": col("participation in another trial"),
        "XHNKKY-DDSC/exclude.9": pregnant | lactating,
        "XHNKKY-DDSC/exclude.10": any_of(col("allergic asthma"), col("allergic urticaria"), col("eczema"), col("multiple allergies")),
        "XHNKKY-DDSC/exclude.11": col("XHNKKY-DDSC/exclude.11"),
    }  # fmt: skip


PERSONS = {  # only a person can answer these
    "NCT02444455/include.1", "NCT02444455/exclude.1", "NCT06416709/include.2", "NCT06416709/exclude.4.14", "NCT06416709/exclude.5",
    "NCT06416709/exclude.8", "NCT06416709/exclude.9", "NCT06882811/exclude.1", "NCT06882811/exclude.2", "NCT06882811/exclude.3",
    "NCT06882811/exclude.5.5", "XHNKKY-DDSC/include.3", "XHNKKY-DDSC/exclude.4", "XHNKKY-DDSC/exclude.11",
}  # fmt: skip


def lacks_data(name: str, met: pl.Expr) -> pl.Expr:
    """Is a criterion open for want of data?"""
    if name == "NCT06416709/include.3":
        return met.is_null() & has("viral pneumonia").is_null()
    if name == "NCT06416709/exclude.7":
        return met.is_null() & col("participation in another trial").is_null()
    if name == "NCT06882811/exclude.5.8":  # the plan to become pregnant is a person's
        return (
            met.is_null()
            & (col("sex").is_null() | col("sex").ne("male"))
            & (col("pregnancy").is_null() | col("lactation").is_null())
        )
    return met.is_null()


def judged(frame: pl.DataFrame | pl.LazyFrame, known: Derived | None = None) -> pl.DataFrame:
    """The verdict of each trial, a column each; the criteria are worked out once."""
    found: dict[str, list[str]] = {}
    every = criteria(known or of_one_moment())
    names = list(every)
    for name in names:
        found.setdefault(name.split("/")[0], []).append(name)

    def met(name: str) -> pl.Expr:
        return col(f"met {name}")

    verdicts = [
        pl.when(pl.any_horizontal(*(~met(name) if "/include" in name else met(name) for name in parts)).fill_null(False)).then(pl.lit("ineligible"))
        .when(~pl.any_horizontal(*(met(name).is_null() for name in parts))).then(pl.lit("eligible"))
        .when(pl.any_horizontal(*(lacks_data(name, met(name)) for name in parts if name not in PERSONS))).then(pl.lit("undetermined"))
        .otherwise(pl.lit("review")).alias(trial)
        for trial, parts in found.items()
    ]  # fmt: skip
    columns = [found.alias(f"met {name}") for name, found in every.items()]
    return frame.lazy().with_columns(columns).select("patient", *verdicts).collect()


def every_criterion() -> list[pl.Expr]:
    """Whether each criterion is met, a column each."""
    return [met.alias(name) for name, met in criteria(of_one_moment()).items()]
