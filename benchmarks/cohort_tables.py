"""A number of patients goes in; a wide table and a long table of them come out, a fifth of the facts missing.

What would contradict itself is left out: where a part is present, its wholes are not on record.
"""

from __future__ import annotations

import numpy
import polars as pl

from cohort_by_hand import AT, PARTS
from patients import ANSWERS, JUDGEMENTS, QUANTITIES, UNLIKELY

UNITS = {name: unit for name, (_, _, _, unit) in QUANTITIES.items() if unit}
LIMITED = {
    "C-reactive protein": (2, 15, 8.0, "mg/L"),
    "procalcitonin": (0.02, 0.9, 0.5, "ng/mL"),
    "ALT": (10, 150, 40.0, "U/L"),
}
DATED = {  # days that an onset or an event lies back, at most
    "ARDS": 12, "acute lung injury": 12, "protective ventilation": 5, "conservative fluid management": 5, "anti-infective treatment": 9,
    "positive SARS-CoV-2 test": 25, "positive adenovirus test": 25, "positive influenza test": 25,
    "positive test for another respiratory virus": 25, "myocardial infarction": 900, "stroke": 900,
}  # fmt: skip
LIKELY = {
    "bilateral infiltrates", "arterial catheter", "central venous catheter", "infection", "suspected infection", "invasive ventilation",
    "viral pneumonia", "sepsis", "end-stage liver disease",
}  # fmt: skip
MORE = {"heart failure", "acute heart failure", "acute myocardial infarction", "type I respiratory failure", "type II respiratory failure",
        "chronic obstructive pulmonary disease", "solid tumor", "leukemia", "vasopressors"}  # fmt: skip
STAGES = ["none", "I", "II", "III", "IV"]


def _depth(name: str) -> int:
    return 1 + max((_depth(part) for part in PARTS.get(name, ())), default=-1)


def wide(rows: int, seed: int = 1) -> tuple[pl.DataFrame, dict[str, str]]:
    """One row for each patient, and the unit of each column that needs one."""
    chance = numpy.random.default_rng(seed)
    data: dict[str, pl.Series] = {"patient": pl.Series(range(rows), dtype=pl.Int64)}

    def sparse(series: pl.Series, missing: float = 0.2) -> pl.Series:
        """The same with some values missing."""
        return series.zip_with(
            pl.Series(chance.random(rows) >= missing), pl.Series([None], dtype=series.dtype).new_from_index(0, rows)
        )

    male = pl.Series(chance.random(rows) < 0.5)
    data["sex"] = pl.Series(["female", "male"]).gather(male.cast(pl.UInt32))
    days = pl.Series(chance.integers(18 * 365, 95 * 365, rows))
    data["birth_date"] = sparse(
        (pl.Series([AT.date()]).new_from_index(0, rows).cast(pl.Int32) - days).cast(pl.Date), 0.05
    )
    for name, (low, high, digits, _) in QUANTITIES.items():
        data[name] = sparse(pl.Series(chance.uniform(low, high, rows)).round(digits))
    for name, (low, high, limit, _) in LIMITED.items():
        data[name] = sparse(pl.Series(chance.uniform(low, high, rows)).round(2))
        data[f"{name} upper limit"] = sparse(pl.Series([limit]).new_from_index(0, rows), 0.1)
    data["total bilirubin upper limit"] = sparse(pl.Series([1.2]).new_from_index(0, rows), 0.1)
    data["pulmonary hypertension stage"] = sparse(
        pl.Series(STAGES).gather(chance.choice(5, rows, p=(0.9, 0.05, 0.03, 0.01, 0.01)))
    )
    for name, most in DATED.items():
        minutes = pl.Series(chance.integers(1, most * 24 * 60, rows)) * 60_000_000
        data[name] = sparse((pl.Series([AT]).new_from_index(0, rows).cast(pl.Int64) - minutes).cast(pl.Datetime("us")))
    lungs = chance.random(rows) < 0.5  # one of the two is on record, never both
    nothing = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, rows)
    data["ARDS"] = data["ARDS"].zip_with(pl.Series(lungs), nothing)
    data["acute lung injury"] = data["acute lung injury"].zip_with(pl.Series(~lungs), nothing)
    for name in (*ANSWERS, *JUDGEMENTS, "NCT06416709/include.3", "planned pregnancy"):
        share = 0.95 if name in ANSWERS or name.endswith("include.3") else 0.01
        data[name] = sparse(pl.Series(chance.random(rows) < share))
    order = [name for name in dict.fromkeys((*UNLIKELY, *LIKELY, *MORE)) if name not in DATED]
    order.sort(key=lambda name: (_depth(name), name))  # parts first
    none = pl.Series([None], dtype=pl.Boolean).new_from_index(0, rows)
    for name in order:
        share = 0.9 if name in LIKELY else 0.02
        told = sparse(pl.Series(chance.random(rows) < share))
        for part in PARTS.get(name, ()):
            if part in data:
                told = none.zip_with(data[part].fill_null(False), told)
        data[name] = told
    sharp = {
        "acute myocardial infarction": "myocardial infarction",
        "acute cerebral infarction": "stroke",
        "acute cerebral hemorrhage": "stroke",
    }
    for part, whole in sharp.items():
        data[whole] = nothing.zip_with(data[part].fill_null(False), data[whole])
    for name in ("pregnancy", "lactation", "perinatal period", "planned pregnancy"):
        data[name] = none.zip_with(male, data[name])
    frame = pl.DataFrame(data).rechunk()
    units = {name: unit for name, unit in UNITS.items() if name in data}
    for name, (_, _, _, unit) in LIMITED.items():
        units |= {name: unit, f"{name} upper limit": unit}
    return frame, units | {"total bilirubin upper limit": "mg/dL"}


def record_of(row: dict[str, object], units: dict[str, str]) -> dict[str, object]:
    """The same patient as `eligibility.screen` takes it."""
    record: dict[str, object] = {}
    judged: dict[str, object] = {}
    for name, value in row.items():
        if value is None or name == "patient" or name.endswith(" upper limit"):
            continue
        if "/" in name and name.split("/")[1].startswith(("include", "exclude")):
            judged[name] = value
        elif name == "birth_date":
            record[name] = str(value)
        elif name in QUANTITIES or name in LIMITED:
            record[name] = {"value": value, "unit": units.get(name, "1"), "upper_limit": row.get(f"{name} upper limit")}
            if not units.get(name):
                del record[name]["unit"]  # type: ignore[attr-defined]  # it is a dict
        elif name in DATED:
            record[name] = {
                (
                    "at" if name.startswith("positive") or name in ("myocardial infarction", "stroke") else "onset"
                ): value.isoformat() + "Z"
            }  # type: ignore[attr-defined]  # it is a datetime
        else:
            record[name] = value
    return {**record, "judgements": judged} if judged else record


EVERY = 10 * 24 * 60  # minutes back to which measurements reach
_ROW = {"patient": pl.Int64, "concept": pl.String, "value": pl.Float64, "unit": pl.String, "upper_limit": pl.Float64, "text": pl.String,
        "status": pl.String, "time": pl.Datetime("us")}  # fmt: skip
STATED = 14  # conditions, attestations and judgements on record for each patient


def long_rows(patients: int, seed: int = 1) -> pl.DataFrame:
    """A long table of about 40 rows for each patient: two measurements of each quantity in a year of hospital days, an age, and
    what is on record of conditions, events and answers."""
    frame, units = wide(patients, seed)
    chance = numpy.random.default_rng(seed + 1)
    pieces = []

    def minutes(rows: int, turn: int) -> pl.Series:
        back = (
            pl.Series(chance.integers(1, EVERY, rows)) * 2 + turn
        ) * 30_000_000  # no two of one patient at one instant
        return (pl.Series([AT]).new_from_index(0, rows).cast(pl.Int64) - back).cast(pl.Datetime("us"))

    for name in (*QUANTITIES, *LIMITED):
        low, high = (QUANTITIES.get(name) or LIMITED[name])[:2]
        for turn in range(2 if name != "baseline SOFA" else 1):
            kept = frame.select("patient").filter(pl.Series(chance.random(patients) < 0.6))
            value = pl.Series(chance.uniform(low, high, kept.height)).round(2 if high < 20 else 0)
            limit = LIMITED[name][2] if name in LIMITED else None
            pieces.append(kept.with_columns(
                concept=pl.lit(name), value=value, unit=pl.lit(units.get(name)), upper_limit=pl.lit(limit, dtype=pl.Float64), time=minutes(kept.height, turn),
            ))  # fmt: skip
    ages = pl.Series(chance.integers(18, 95, patients)).cast(pl.Float64)
    pieces.append(frame.select("patient").with_columns(concept=pl.lit("age"), value=ages))
    for name in DATED:
        told = frame.select("patient", time=pl.col(name)).filter(pl.col("time").is_not_null())
        pieces.append(told.with_columns(concept=pl.lit(name)))
    flags = [name for name, dtype in frame.schema.items() if dtype == pl.Boolean]
    for name in flags:
        told = frame.select("patient", said=pl.col(name)).filter(
            pl.col("said").is_not_null() & pl.Series(chance.random(patients) < STATED / len(flags))
        )
        pieces.append(
            told.select(
                "patient",
                concept=pl.lit(name),
                status=pl.when(pl.col("said")).then(pl.lit("present")).otherwise(pl.lit("never")),
            )
        )
    whole = pl.concat(
        [
            piece.with_columns(
                **{name: pl.lit(None, dtype=dtype) for name, dtype in _ROW.items() if name not in piece.columns}
            ).select(list(_ROW))
            for piece in pieces
        ]
    )
    return whole.sort("patient", "time", "concept")
