"""One row for each measurement or occurrence, about 44 for each patient: `cohort.screen` beside the Polars that a careful person
writes, over patients. The five bundled trials.

`PATIENTS` in the environment sets the largest number of patients (100,000: the screening of more wants parts, see `cohort_memory.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

import cohort_by_hand as hand
import cohort_long_by_hand as rows_by_hand
from cohort_tables import DATED, long_rows, wide
from cohort_wide import COMPARED, STAMP, unlike
from contest import Contest, Contestant, Figure, Settings
from eligibility import screen as screen_one
from eligibility.cohort import screen
from eligibility.cohort.twins import record
from eligibility.library import bundled_trials
from eligibility.vocabulary import bundled_vocabulary

_MORE = ("value_high", "comparator", "end", "lower_limit", "trial")


def sizes(settings: Settings) -> list[int]:
    """How many patients there are."""
    most = int(os.environ.get("PATIENTS", "100_000"))
    return [500] if settings.quick else sorted({most // 10, most})


def by_hand(facts: pl.DataFrame, told: list[str]) -> pl.DataFrame:
    """The verdicts, by hand."""
    return hand.judged(rows_by_hand.by_patient(facts, told), rows_by_hand.of_rows())


def unlike_the_reference(found: pl.DataFrame, facts: pl.DataFrame) -> str:
    """What `eligibility.screen` says otherwise of the first patients."""
    told = {row["patient"]: row for row in found.filter(pl.col("patient") < COMPARED).to_dicts()}
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in facts.filter(pl.col("patient") < COMPARED).to_dicts():
        plain = {name: f"{value.isoformat()}Z" if isinstance(value, datetime) else value for name, value in row.items()}
        rows.setdefault(row["patient"], []).append({**dict.fromkeys(_MORE), **plain})
    for patient, known in rows.items():
        for trial in screen_one(record(known, bundled_vocabulary(), None), at=STAMP):
            if told[patient][trial.id] != trial.verdict:
                return f"{trial.id} of patient {patient} is {told[patient][trial.id]}, by the reference {trial.verdict}"
    return ""


def contests(settings: Settings) -> Iterator[Contest]:
    """Verdicts for a growing number of patients."""
    trials = bundled_trials()
    told = [name for name, dtype in wide(1)[0].schema.items() if dtype == pl.Boolean or name in DATED]
    for patients in sizes(settings):
        facts = long_rows(patients)
        hands = partial(by_hand, facts, told)

        def ours(facts: pl.DataFrame = facts) -> pl.DataFrame:
            found: pl.DataFrame = screen(facts, trials, at=STAMP).verdicts
            return found

        def wrong(facts: pl.DataFrame = facts, ours: Any = ours, hands: Any = hands) -> str:
            found = ours()
            return unlike(found, hands()) or unlike_the_reference(found, facts)

        yield Contest(
            f"{patients:,} patients x 5 trials, a long table",
            [Contestant("Polars by hand", hands), Contestant("cohort.screen", ours, wrong, 1.3)],
            baseline="Polars by hand", units=patients, clock="wall", family="a cohort, long", axis="patients", size=patients,
            figures=[Figure("rows", facts.height, "rows"), Figure("the table in memory", facts.estimated_size() / 1e6, "MB")],
        )  # fmt: skip
