"""Units as laboratories and protocols spell them: exact factors computed by hand, and what must be refused, with what is said."""

from fractions import Fraction as Frac

import pytest

from eligibility.units import LONGEST_UNIT, Unit, UnitRefusal, build_table, plain, spelled
from eligibility.vocabulary import bundled_vocabulary

WORDS = bundled_vocabulary()
TABLE = WORDS.units

MMHG = Frac("133.322387415")  # Pa, the conventional millimeter of mercury
CMH2O = Frac("98.0665")  # Pa


def line(concept, unit):
    """The straight line from a spelling to the canonical unit of a concept; None where the two do not meet."""
    read = TABLE.read(unit)
    return WORDS[concept].measure.scale(read) if isinstance(read, Unit) else None


def per_mole(mass):
    """umol/L for 1 mg/dL: 10 mg/L over the molar mass in g/mol gives mmol/L."""
    return Frac(10) / Frac(mass) * 1000


SPELLINGS = {
    # concept: {spelling: factor to the canonical unit}
    "creatinine": {  # umol/L, 113.12 g/mol
        "umol/L": 1, "µmol/L": 1, "μmol/L": 1, "umol/l": 1, "mcmol/L": 1, "micromole/L": 1, "micromoles/liter": 1,
        "umol / L": 1, "umol per L": 1, "umol.L-1": 1, "umol·L⁻¹": 1, "umol L^-1": 1, "nmol/mL": 1, "uM": 1, "µM": 1,
        "mmol/L": 1000, "mM": 1000, "nmol/L": Frac("0.001"), "mol/L": 10**6, "umol/dL": 10,
        "mg/dL": per_mole("113.12"), "mg/dl": per_mole("113.12"), "mg%": per_mole("113.12"),
        "mg / dL": per_mole("113.12"), "mg per dL": per_mole("113.12"), "milligrams/deciliter": per_mole("113.12"),
        "mg/L": per_mole("113.12") / 10, "ug/mL": per_mole("113.12") / 10, "mcg/mL": per_mole("113.12") / 10,
        "g/L": per_mole("113.12") * 100, "ng/dL": per_mole("113.12") / 10**6,
    },
    "total bilirubin": {"mg/dL": per_mole("584.66"), "umol/L": 1, "mg/L": per_mole("584.66") / 10},
    "urea nitrogen": {"mg/dL": per_mole("28.014") / 1000, "mmol/L": 1},
    "urea": {"mg/dL": per_mole("60.056") / 1000},
    "glucose": {"mg/dL": per_mole("180.16") / 1000, "mmol/L": 1, "mM": 1, "g/L": per_mole("180.16") / 10},
    "lactate": {"mg/dL": per_mole("90.08") / 1000, "mmol/L": 1, "mEq/L": 1},
    "triglycerides": {"mg/dL": per_mole("885.4") / 1000},
    "LDL cholesterol": {"mg/dL": per_mole("386.7") / 1000},
    "ammonia": {"ug/dL": per_mole("17.031") / 1000, "mcg/dL": per_mole("17.031") / 1000},
    "sodium": {"mmol/L": 1, "mEq/L": 1, "meq/L": 1, "mval/L": 1, "Eq/L": 1000},
    "potassium": {"mEq/L": 1, "mmol/L": 1, "mg/dL": Frac(10) / Frac("39.098")},
    "calcium": {"mEq/L": Frac(1, 2), "mg/dL": Frac(10) / Frac("40.08"), "mmol/L": 1},
    "magnesium": {"mEq/L": Frac(1, 2), "mg/dL": Frac(10) / Frac("24.305")},
    "phosphate": {"mg/dL": Frac(10) / Frac("30.974")},
    "free T4": {"ng/dL": Frac(10**4) / Frac("776.87"), "pmol/L": 1, "pM": 1},
    "hemoglobin": {"g/L": 1, "g/dL": 10, "gm/dL": 10, "g%": 10, "gm%": 10, "mmol/L": Frac("16.1145"), "mg/mL": 1},
    "albumin": {"g/dL": 10, "g/L": 1, "mg/dL": Frac(1, 100), "kg/m^3": 1},
    "C-reactive protein": {"mg/dL": 10, "mg/L": 1, "ug/mL": 1, "µg/mL": 1},
    "procalcitonin": {"ug/L": 1, "µg/L": 1, "ng/mL": 1, "pg/mL": Frac(1, 1000), "mcg/L": 1},
    "troponin I": {"ng/mL": 1000, "ng/L": 1, "pg/mL": 1, "ug/L": 1000},
    "white cell count": {  # 10^9/L
        "10^9/L": 1, "x10^9/L": 1, "x 10^9/L": 1, "×10^9/L": 1, "× 10⁹/L": 1, "10⁹/L": 1, "*10^9/L": 1, "10*9/L": 1,
        "10**9/L": 1, "10e9/L": 1, "10E9/L": 1, "x 10^9 /L": 1, "x 10^9 cells/L": 1, "10^9 cells/L": 1, "G/L": 1,
        "K/uL": 1, "k/uL": 1, "K/µL": 1, "K/mcL": 1, "Thou/uL": 1, "thousand/uL": 1, "K/mm3": 1, "K/cumm": 1,
        "10^3/uL": 1, "x10^3/uL": 1, "x 10³/µL": 1, "10*3/uL": 1, "10^3/mm3": 1, "10^3/mm^3": 1, "x10^3/mcL": 1,
        "10^6/mL": 1, "10^12/L": 1000, "x 1000/uL": 1, "Gpt/L": 1, "X10^9/L": 1, "X10E3/uL": 1, "1000/uL": 1, "thousands/uL": 1,
        "th/uL": 1, "giga/L": 1, "K cells/uL": 1, "thousand cells/mm3": 1, "K/microL": 1, "X 10³/µL": 1, "x 10(9)/L": 1,
        "/uL": Frac(1, 1000), "/µL": Frac(1, 1000), "/mcL": Frac(1, 1000), "/mm3": Frac(1, 1000), "/mm^3": Frac(1, 1000),
        "/mm³": Frac(1, 1000), "cells/uL": Frac(1, 1000), "cells/µL": Frac(1, 1000), "cells/mm3": Frac(1, 1000),
        "cells/mm^3": Frac(1, 1000), "cells/mm³": Frac(1, 1000), "cells per uL": Frac(1, 1000), "/cumm": Frac(1, 1000),
        "cells/cu mm": Frac(1, 1000), "/mm(3)": Frac(1, 1000), "lakh/cumm": 100, "cells/cubic millimeters": Frac(1, 1000), "per mm3": Frac(1, 1000), "per uL": Frac(1, 1000), "{cells}/uL": Frac(1, 1000),
        "/nL": 1, "1/nL": 1, "/L": Frac(1, 10**9), "#/uL": Frac(1, 1000), "Cells/uL": Frac(1, 1000),
        "{WBCs}/uL": Frac(1, 1000), "counts/uL": Frac(1, 1000), "WBC/uL": Frac(1, 1000), "cells/L": Frac(1, 10**9),
    },
    "platelets": {"K/uL": 1, "10^9/L": 1, "/uL": Frac(1, 1000), "platelets/uL": Frac(1, 1000), "x10E3/uL": 1},
    "red cell count": {"10^12/L": 1, "T/L": 1, "M/uL": 1, "10^6/uL": 1, "x 10^6/µL": 1, "million/mm3": 1, "10⁶/µL": 1, "million cells/uL": 1, "millions/mm3": 1,
                       "tera/L": 1},
    "CD4 count": {"cells/uL": Frac(1, 1000), "cells/mm3": Frac(1, 1000), "/mm3": Frac(1, 1000)},
    "ALT": {
        "U/L": 1, "IU/L": 1, "[IU]/L": 1, "units/L": 1, "u/L": 1, "mU/mL": 1, "ukat/L": 60, "µkat/L": 60, "nkat/L": Frac(60, 1000),
        "U/l": 1, "kU/L": 1000, "mIU/mL": 1, "Units/L": 1, "I.U./L": 1, "UI/L": 1, "international units/L": 1,
    },
    "TSH": {"mIU/L": 1, "uIU/mL": 1, "µIU/mL": 1, "mU/L": 1, "uU/mL": 1, "[IU]/L": 1000, "mcIU/mL": 1, "mcU/mL": 1},
    "hCG": {"mIU/mL": 1, "IU/L": 1, "U/L": 1},
    "PaO2": {  # mmHg
        "mmHg": 1, "mm Hg": 1, "mm[Hg]": 1, "mmhg": 1, "torr": 1, "Torr": 1, "mm of Hg": 1, "mm(Hg)": 1, "millimeters of mercury": 1,
        "kPa": 1000 / MMHG, "Pa": 1 / MMHG, "hPa": 100 / MMHG, "cmH2O": CMH2O / MMHG, "mbar": 100 / MMHG,
    },
    "PEEP": {
        "cmH2O": 1, "cm H2O": 1, "cm[H2O]": 1, "cmh2o": 1, "mbar": 100 / CMH2O, "hPa": 100 / CMH2O,
        "kPa": 1000 / CMH2O, "mmHg": MMHG / CMH2O, "mmH2O": Frac(1, 10), "cm of water": 1, "cm water": 1, "cm(H2O)": 1, "cmH₂O": 1,
    },
    "mean arterial pressure": {"mmHg": 1, "mm Hg": 1, "kPa": 1000 / MMHG},
    "barometric pressure": {"atm": 101325 / MMHG, "kPa": 1000 / MMHG, "mbar": 100 / MMHG, "hPa": 100 / MMHG},
    "FiO2": {"%": 1, "percent": 1, "pct": 1, "1": 100, "fraction": 100},
    "SpO2": {"%": 1, "percent": 1, "Percent": 1, "％": 1},
    "hematocrit": {"%": 1, "L/L": 100, "l/l": 100},
    "arterial pH": {"1": 1, "[pH]": 1, "pH": 1, "pH units": 1},
    "anion gap": {"mmol/L": 1, "mEq/L": 1},
    "base excess": {"mmol/L": 1, "mEq/L": 1},
    "NT-proBNP": {"ng/L": 1, "pg/mL": 1, "pmol/L": Frac("8.457")},
    "heart rate": {"/min": 1, "bpm": 1, "beats/min": 1, "beats per minute": 1, "1/min": 1, "min^-1": 1, "min-1": 1,
                   "per min": 1, "/s": 60, "{beats}/min": 1, "{Beats}/min": 1, "BPM": 1},
    "respiratory rate": {"/min": 1, "breaths/min": 1, "breaths per minute": 1, "rpm": 1, "bpm": 1, "/minute": 1,
                         "{breaths}/min": 1, "per minute": 1, "insp/min": 1, "br/min": 1},
    "height": {"cm": 1, "m": 100, "mm": Frac(1, 10), "in": Frac("2.54"), "inches": Frac("2.54"), "ft": Frac("30.48"),
               "[in_i]": Frac("2.54"), "cms": 1},
    "weight": {"kg": 1, "g": Frac(1, 1000), "lb": Frac("0.45359237"), "lbs": Frac("0.45359237"), "kilograms": 1, "Kg": 1, "kgs": 1, "kilos": 1,
               "oz": Frac("0.45359237") / 16, "pounds": Frac("0.45359237")},
    "BMI": {"kg/m^2": 1, "kg/m2": 1, "kg/m²": 1, "kg.m-2": 1, "kg·m⁻²": 1, "kg/sqm": 1, "Kg/m2": 1, "kg·m−2": 1},
    "body surface area": {"m^2": 1, "m2": 1, "m²": 1},
    "eGFR": {"mL/min/1.73m^2": 1, "mL/min/1.73m2": 1, "mL/min/1.73 m2": 1, "mL/min/1.73 m^2": 1, "mL/min/1.73 m²": 1,
             "mL/min/1.73m²": 1, "ml/min/1.73 m2": 1, "mL/min/{1.73_m2}": 1, "mL/min per 1.73 m2": 1,
             "mL/s/1.73m^2": 60, "mL/min/(1.73 m2)": 1, "mL/min/1.73": 1, "mL/min/1.73 sq m": 1,
             "mL/min/1.73_m2": 1, "mL/min/1.73m*2": 1, "mL/min/1.73 square meters": 1, "mL/min/1,73m2": 1},
    "creatinine clearance": {"mL/min": 1, "ml/min": 1, "mL/s": 60, "L/h": Frac(1000, 60), "L/day": Frac(1000, 1440)},
    "tidal volume": {"mL": 1, "L": 1000, "ml": 1, "cc": 1, "dL": 100, "cm^3": 1, "cm3": 1},
    "minute ventilation": {"L/min": 1, "l/min": 1, "mL/min": Frac(1, 1000), "liters/minute": 1, "L/s": 60},
    "oxygen flow": {"L/min": 1, "LPM": 1, "lpm": 1},
    "urine output": {"mL/kg/h": 1, "mL/kg/hr": 1, "ml/kg/hour": 1, "mL/(kg.h)": 1, "L/kg/day": Frac(1000, 24), "mL·kg⁻¹·h⁻¹": 1},
    "urine volume": {"mL/day": 1, "mL/d": 1, "L/day": 1000, "mL/24 hr": 1, "mL/24hrs": 1, "mL/24hours": 1},
    "prothrombin time": {"s": 1, "sec": 1, "seconds": 1, "ms": Frac(1, 1000), "min": 60, "sec.": 1},
    "QTc": {"ms": 1, "s": 1000, "msec": 1, "milliseconds": 1},
    "erythrocyte sedimentation rate": {"mm/h": 1, "mm/hr": 1, "mm/hour": 1, "mm/1h": 1, "mm/1hr": 1},
    "life expectancy": {"days": 1, "d": 1, "weeks": 7, "hours": Frac(1, 24)},
    "gestational age": {"weeks": 1, "wk": 1, "days": Frac(1, 7), "d": Frac(1, 7)},
    "serum osmolality": {"mOsm/kg": 1, "mosm/kg": 1, "milliosmol/kg": 1, "Osm/kg": 1000, "mOsm/kg H2O": 1, "mmol/kg": 1},
    "urine albumin-creatinine ratio": {"mg/g": 1, "ug/mg": 1, "mcg/mg": 1, "mg/mmol": Frac("8.8402"), "g/mol": Frac("8.8402"),
                                    "mg/g creatinine": 1, "mg/g{creat}": 1},
    "INR": {"1": 1, "ratio": 1, "{ratio}": 1, "{INR}": 1, "INR": 1},
    "SOFA": {"points": 1, "{score}": 1},
    "mean corpuscular volume": {"fL": 1, "fl": 1, "um^3": 1, "µm³": 1},
    "SARS-CoV-2 viral load": {"copies/mL": 1, "copies/uL": 1000, "{copies}/mL": 1, "cp/mL": 1},
    "HBV DNA": {"IU/mL": 1, "[IU]/mL": 1, "kIU/mL": 1000},
    "interleukin-6": {"pg/mL": 1, "ng/L": 1, "ng/mL": 1000},
    "six-minute walk distance": {"m": 1, "meters": 1, "ft": Frac("0.3048")},
}  # fmt: skip

CASES = [(concept, spelling, factor) for concept, lines in SPELLINGS.items() for spelling, factor in lines.items()]


@pytest.mark.parametrize(("concept", "spelling", "factor"), CASES, ids=[f"{c}: {s}" for c, s, _ in CASES])
def test_factors_are_exact(concept, spelling, factor):
    found = line(concept, spelling)
    assert found is not None, TABLE.read(spelling)
    assert (found.factor, found.offset) == (factor, 0)


def test_there_are_many_spellings():
    assert len({spelling for _, spelling, _ in CASES}) >= 150


@pytest.mark.parametrize("spelling", ["mosmol/kg", "mOsmol/kg"])
def test_osmoles_take_the_short_prefix(spelling):
    assert line("serum osmolality", spelling).factor == 1


def test_per_cent_in_two_words():
    assert line("FiO2", "per cent").factor == 1


# --- lines with an offset --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit",
    [
        "degC",
        "°C",
        "° C",
        "Cel",
        "deg C",
        "celsius",
        "Celsius",
        "degrees C",
        "degrees Celsius",
        "degree_Celsius",
        "℃",
        "ºC",
        "˚C",
        "deg. C",
    ],
)
def test_celsius(unit):
    found = line("temperature", unit)
    assert (found.factor, found.offset) == (1, 0)


@pytest.mark.parametrize(
    "unit", ["degF", "°F", "° F", "[degF]", "deg F", "fahrenheit", "Fahrenheit", "degrees Fahrenheit", "℉"]
)
@pytest.mark.parametrize(
    ("fahrenheit", "celsius"), [("98.6", "37"), ("32", "0"), ("212", "100"), ("-40", "-40"), ("100.4", "38")]
)
def test_fahrenheit(unit, fahrenheit, celsius):
    found = line("temperature", unit)
    assert (found.factor, found.offset) == (Frac(5, 9), -Frac(160, 9))
    assert found(Frac(fahrenheit)) == float(celsius)
    assert found.back(float(celsius)) == pytest.approx(float(fahrenheit), abs=1e-12)


def test_kelvin():
    found = line("temperature", "kelvin")
    assert (found.factor, found.offset) == (1, Frac("-273.15"))
    assert found(Frac("310.15")) == 37.0


@pytest.mark.parametrize(("ifcc", "ngsp"), [("48", "6.54304"), ("53", "7.00044"), ("20", "3.9816")])
def test_hba1c_by_the_master_equation(ifcc, ngsp):
    """NGSP % = 0.09148 x IFCC + 2.152"""
    found = line("HbA1c", "mmol/mol")
    assert found(Frac(ifcc)) == pytest.approx(float(ngsp), rel=1e-12)


# --- meeting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("concept", "one", "other", "threshold"),
    [
        ("creatinine", ("5", "mg/dL"), ("50", "mg/L"), None),
        ("PaO2", ("10", "kPa"), ("10000", "Pa"), 10_000 / 133.322387415),
        ("platelets", ("60000", "/mm3"), ("60", "x 10^9/L"), 60.0),
        ("hemoglobin", ("7", "g/dL"), ("70", "g/L"), 70.0),
        ("ALT", ("1", "ukat/L"), ("60", "IU/L"), 60.0),
        ("temperature", ("100.4", "degF"), ("38", "degC"), 38.0),
    ],
)
def test_one_value_in_two_spellings_is_one_double(concept, one, other, threshold):
    a, b = (line(concept, unit)(Frac(value)) for value, unit in (one, other))
    assert a == b
    assert threshold is None or a == threshold


def test_creatinine_differs_88_fold():
    assert float(line("creatinine", "mg/dL").factor) == pytest.approx(88.4, abs=0.01)


def test_a_converted_value_goes_back():
    for concept, spelling, _ in CASES:
        found = line(concept, spelling)
        for value in ("0.01", "1", "37.5", "1234"):
            assert found.back(found(Frac(value))) == pytest.approx(float(value), rel=1e-14)


# --- refusals --------------------------------------------------------------------------------------------------------

NO_UNITS = [
    "C", "F", "FEU", "ppm", "foo", "mg/dLL", "mgdL", "MG/DL", "Mg/dL", "mg/DL", "MMOL/L", "Mmol/l", "KPA", "mmHG", "UMOL/L",
    "x 109/L", "109/L", "x109/L", "×109/L", "1012/L", "x 1012/L", "x 103/uL", "106/uL", "10 9/L", "* 109/L",
    "mg/dL/", "/", "//", "mg//dL", "mg/", "mg)", "(mg", "mg/(dL", "1/0", "-", "^", "mg^", "mg^^2", "mg**", "mg***2",
    "mg**9**9**9", "9**9**9**9 mg", "9^9^9", "mg^999999999", "mg^10", "mg^0", "mg^1.5", "mg^-", "10^999/L", "10^1e9/L",
    "1e99999", "kmmHg", "ug ug ug /", "mg/dL;import os", "__import__('os')", "mg if 1 else 2", "degC/min", "degC^2",
    "mg/degF", "°C/h", "m/s/", "\x00", "mg\x00", "💊", "mg/💊", "mg,dL", "mg|dL", "mg dL)", "(((((mg)))))", "%%", "mg/%%",
    "sqrt(m)", "furlong", "kdays", "mminutes", "kmmol", "mmm", "xxxx", "x", "10", "10^", "1.73", "mL/1.73", "[U]/L", "kg/m*2", "vol%", "%O2", "100/min", "{anything}/uL", "m(Hg)", "2 1.73m2",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_UNITS)
def test_what_is_no_unit_is_refused(text):
    found = TABLE.read(text)
    assert isinstance(found, UnitRefusal), found
    assert found.message


def test_empty_brackets_are_no_unit():
    assert isinstance(TABLE.read("()"), UnitRefusal)


OTHER_KINDS = [
    ("eGFR", "mL/min"), ("creatinine clearance", "mL/min/1.73m^2"), ("creatinine clearance", "L"),
    ("creatinine", "mg"), ("creatinine", "umol"), ("creatinine", "mmHg"), ("creatinine", "mEq/L"), ("creatinine", "U/L"),
    ("creatinine", "1/L"), ("creatinine", "mg/kg"), ("creatinine", "%"), ("creatinine", "mol/kg"), ("creatinine", "dL"),
    ("albumin", "umol/L"), ("albumin", "g"), ("albumin", "%"), ("C-reactive protein", "nmol/L"),
    ("platelets", "U/L"), ("platelets", "g/L"), ("platelets", "1"), ("platelets", "%"), ("platelets", "mmol/L"),
    ("platelets", "copies/L"), ("platelets", "breaths/min"), ("platelets", "cells"), ("platelets", "10^9"),
    ("ALT", "10^9/L"), ("ALT", "cells/uL"), ("ALT", "/L"), ("ALT", "mg/dL"), ("ALT", "U"), ("ALT", "K/uL"),
    ("HBV DNA", "U/mL"), ("HBV DNA", "copies/mL"), ("hCG", "copies/mL"), ("hCG", "ng/mL"), ("TSH", "mmol/L"),
    ("heart rate", "breaths/min"), ("heart rate", "Hz"), ("heart rate", "/L"), ("respiratory rate", "beats/min"),
    ("respiratory rate", "min"), ("SpO2", "mmHg"), ("SpO2", "mg/g"), ("SpO2", "mL/L"), ("FiO2", "L/min"), ("FiO2", "kPa"),
    ("PaO2", "%"), ("PaO2", "mm"), ("PaO2", "L"), ("PEEP", "L/min"), ("PEEP", "cm"), ("temperature", "mmHg"),
    ("weight", "kg/m^2"), ("weight", "m"), ("height", "kg"), ("height", "m^2"), ("BMI", "kg"), ("BMI", "kg/m"), ("BMI", "kg/m^3"),
    ("hemoglobin", "%"), ("hemoglobin", "g"), ("hemoglobin", "mEq/L"), ("hematocrit", "g/dL"), ("HbA1c", "mmol/L"),
    ("HbA1c", "mg/dL"), ("sodium", "mEq"), ("sodium", "mmol"), ("sodium", "mosm/L"), ("serum osmolality", "mmol/L"),
    ("urine albumin-creatinine ratio", "%"), ("urine albumin-creatinine ratio", "1"), ("urine albumin-creatinine ratio", "mg/L"),
    ("urine output", "mL/h"), ("urine volume", "mL"), ("tidal volume", "mL/kg"), ("prothrombin time", "%"),
    ("prothrombin activity", "s"), ("INR", "s"), ("SOFA", "mmHg"), ("life expectancy", "kg"), ("left ventricular ejection fraction", "mL"),
    ("SARS-CoV-2 viral load", "IU/mL"), ("SARS-CoV-2 viral load", "cells/mL"), ("troponin I", "nmol/L"), ("fibrinogen", "mg"),
]  # fmt: skip


@pytest.mark.parametrize(("concept", "unit"), OTHER_KINDS, ids=[f"{c}: {u}" for c, u in OTHER_KINDS])
def test_units_of_another_kind_do_not_meet(concept, unit):
    assert isinstance(TABLE.read(unit), Unit), "this case must be a good unit of another kind"
    assert line(concept, unit) is None


def test_there_are_many_refusals():
    assert len(set(NO_UNITS)) >= 60
    assert len(set(OTHER_KINDS)) >= 60


@pytest.mark.parametrize(
    ("text", "power"), [("x 109/L", "10^9/L"), ("109/L", "10^9/L"), ("×1012/L", "10^12/L"), ("x103/uL", "10^3/uL")]
)
def test_a_lost_superscript_is_recognized(text, power):
    found = TABLE.read(text)
    assert "superscript" in found.message
    assert power in found.help


@pytest.mark.parametrize(("text", "hint"), [("C", "degC"), ("F", "degF")])
def test_a_lone_letter_for_a_degree_is_refused_with_a_hint(text, hint):
    found = TABLE.read(text)
    assert isinstance(found, UnitRefusal)
    assert f"`{text}`" in found.message
    assert hint in found.help


@pytest.mark.parametrize(
    ("text", "meant"),
    [("MG/DL", "mg/dL"), ("Mg/dL", "mg/dL"), ("mmol/LL", "mmol/L"), ("umolL", "umol/L"), ("10 9/L", "10^9/L")],
)
def test_the_nearest_unit_is_named(text, meant):
    found = TABLE.read(text)
    assert isinstance(found, UnitRefusal)
    assert f"`{meant}`" in (found.help or ""), found


# --- hostile texts: they return --------------------------------------------------------------------------------------

HOSTILE = [
    "9**9**9**9**9", "mg" + "**9" * 19, "mg^9" * 15, "/" * 60, "(" * 60, "((" + "mg" * 20 + "))", "1e999999999", "x" * 60,
    "10^99" + "/L" * 20, " " * 59 + "g", "g " * 30, "mg." * 20, "-" * 60, "^" * 60, "per " * 15, "⁹" * 60, "10" + "⁹" * 50,
    "µ" * 60, "m" * 60, "mg/" * 20, "mg*" * 20, "10*" * 20, "10^9 " * 12, "{" * 60, "[" * 60, "%" * 60, "1.73m^2" * 8,
    "m^9/" * 15, "mg/dL" * 12, "\n" * 60, "\t" * 60, "\u202e" * 60, "𝟙" * 60, "1" * 60, "0.1e1" * 12,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_return(text):
    assert isinstance(TABLE.read(text), Unit | UnitRefusal)


@pytest.mark.parametrize("text", ["x" * (LONGEST_UNIT + 1), "mg/" * 10**6, "9**" * 10**6, "(" * 10**6, "⁹" * 10**6])
def test_a_text_too_long_for_a_unit_is_refused_unread(text):
    found = TABLE.read(text)
    assert isinstance(found, UnitRefusal)
    assert "too long" in found.message
    assert len(found.message) < 200


def test_many_products_stay_small():
    """Sixty characters hold only so many factors, so that no exact number grows beyond a few hundred digits."""
    for text in HOSTILE:
        found = TABLE.read(text)
        if isinstance(found, Unit):
            assert abs(found.factor.numerator).bit_length() < 20_000
            assert found.factor.denominator.bit_length() < 20_000


# --- plain spelling --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("µmol/L", "umol/L"), ("μg/mL", "ug/mL"), ("kg/m²", "kg/m^2"), ("10⁹/L", "10^9/L"), ("× 10⁹/L", "x 10^9/L"),
        ("kg·m⁻²", "kg*m^-2"), ("mm   Hg", "mm Hg"), ("mL∕min", "mL/min"), (" mg/dL ", "mg/dL"),
    ],
)  # fmt: skip
def test_plain_letters(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text", ["10^9/L", "x10^9/L", "× 10⁹/L", "10*9/L", "10⁹/L", "x 10^9 /L", "*10^9/L"]
)  # fmt: skip
def test_a_power_of_ten_is_spelled_one_way(text):
    assert spelled(text) == "x 10^9/L"


@pytest.mark.parametrize(("concept", "spelling"), [(concept, spelling) for concept, spelling, _ in CASES])
def test_the_plain_spelling_means_the_same(concept, spelling):
    assert line(concept, spelled(spelling)) == line(concept, spelling)
    assert spelled(spelled(spelling)) == spelled(spelling)
    assert spelled(spelling).isascii() or "°" in spelling or "₂" in spelling


# --- a table of our own ----------------------------------------------------------------------------------------------

SMALL = {
    "unit": {
        "gram": {"is": "[mass]", "symbols": ["g", "gram"], "prefixes": ["k", "m"]},
        "mole": {"is": "[substance]", "symbols": ["mol"], "prefixes": ["m", "u"]},
        "osmole": {"is": "[osmole]", "symbols": ["osmol"], "prefixes": ["m"]},
        "equivalent": {"is": "[charge]", "symbols": ["equivalent"], "prefixes": ["m"]},
        "meter": {"is": "[length]", "symbols": ["m"], "prefixes": ["d"]},
        "inch": {"is": "254 / 10000 * meter", "symbols": ["in", "[in_i]"]},
        "liter": {"is": "meter ** 3 / 1000", "symbols": ["L"], "prefixes": ["d"]},
        "kelvin": {"is": "[temperature]", "symbols": ["K"]},
        "celsius": {"is": "kelvin; offset: 273.15", "symbols": ["degC"]},
        "cell": {"is": "[cell]", "symbols": ["cells"]},
        "second": {"is": "[time]", "symbols": ["s"]},
        "hertz": {"is": "[turns] / second", "symbols": ["Hz"]},
        "percent": {"is": "1 / 100", "symbols": ["%"]},
        "one": {"is": "1", "symbols": ["1"]},
    },
    "alias": {"mg percent": "mg/dL"},
    "hint": {"C": "write `degC`"},
}  # fmt: skip


@pytest.fixture
def own():
    """Built for each test: what is tested is how."""
    return build_table(SMALL)


def test_every_symbol_and_what_its_prefixes_make_of_it(own):
    """Short symbols take short prefixes, long words the words, and those between both; `mol` is a short word."""
    assert set(own.symbols) == {
        "g", "kg", "mg", "gram", "kgram", "mgram", "kilogram", "milligram", "mol", "mmol", "umol", "millimol", "micromol",
        "osmol", "mosmol", "milliosmol", "equivalent", "milliequivalent", "m", "dm", "in", "[in_i]", "L", "dL", "K", "degC",
        "cells", "s", "Hz", "%", "1",
    }  # fmt: skip
    assert {name: unit.text for name, unit in own.symbols.items()} == {name: name for name in own.symbols}


@pytest.mark.parametrize(
    ("symbol", "over", "factor"),
    [
        ("kg", "g", 1000), ("mg", "g", Frac(1, 1000)), ("milligram", "gram", Frac(1, 1000)), ("umol", "mol", Frac(1, 10**6)),
        ("in", "m", Frac(254, 10000)), ("[in_i]", "dm", Frac(254, 1000)), ("dL", "L", Frac(1, 10)), ("degC", "K", 1), ("%", "1", Frac(1, 100)),
    ],
)  # fmt: skip
def test_the_factors_of_a_table(own, symbol, over, factor):
    assert own.symbols[symbol].factor / own.symbols[over].factor == factor


def test_dimensions_and_what_cancels(own):
    read = own.read
    assert read("L").dimensions == (("[length]", 3),)
    assert read("mg/g").dimensions == ()
    assert (read("mg/g").numerator, read("mg/g").denominator) == ((("[mass]", 1),), (("[mass]", 1),))
    assert read("%").numerator == (("percent", 1),)  # a share of nothing in particular has its own kind
    assert read("1").numerator == ()
    assert read("cells").dimensions == (("[cell]", 1),)
    assert read("m^1").dimensions == read("m").dimensions == (("[length]", 1),)
    assert read("m^-1").dimensions == (("[length]", -1),)
    assert read("Hz").dimensions == (("[time]", -1), ("[turns]", 1))
    assert (read("degC").offset, read("K").offset, read("g").offset) == (Frac("273.15"), 0, 0)


def test_aliases_and_hints_of_a_table(own):
    assert own.read("mg percent").factor == own.read("mg/dL").factor
    assert own.read("C") == UnitRefusal("`C` is ambiguous as a unit", "write `degC`")


def test_a_table_needs_no_aliases_and_no_hints():
    table = build_table({"unit": {"gram": {"is": "[mass]", "symbols": ["g"]}}})
    assert (set(table.symbols), dict(table.aliases), dict(table.hints)) == ({"g"}, {}, {})


@pytest.mark.parametrize(
    ("meaning", "told"),
    [
        ("5 *", "unit `zork`: `5 *` defines no unit"), ("** 5", "unit `zork`: `** 5` defines no unit"),
        ("gram()", "unit `zork`: `gram()` defines no unit"), ("banana", "unit `zork`: `banana` cannot be traced to known units"),
        ("zork", "unit `zork`: `zork` cannot be traced to known units"),
        ("2 * banana", "unit `zork`: `2 * banana` cannot be traced to known units"),
    ],
)  # fmt: skip
def test_a_definition_that_leads_nowhere(meaning, told):
    with pytest.raises(ValueError, match=r"zork") as caught:
        build_table({"unit": {"zork": {"is": meaning, "symbols": ["zk"]}}})
    assert str(caught.value) == told
