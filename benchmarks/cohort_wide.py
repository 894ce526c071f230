"""One row for each patient, in memory: `cohort.screen_wide` beside the Polars that a careful person writes, over patients.

The five bundled trials. `PATIENTS` in the environment sets the largest number of patients (1,000,000).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

import polars as pl

import cohort_by_hand as hand
from cohort_tables import record_of, wide
from contest import Contest, Contestant, Figure, Settings
from eligibility import screen
from eligibility.cohort import screen_wide
from eligibility.library import bundled_trials

STAMP = f"{hand.AT.isoformat()}Z"
COMPARED = 150  # patients that are compared with the reference


def sizes(settings: Settings) -> list[int]:
    """How many patients there are."""
    most = int(os.environ.get("PATIENTS", "1_000_000"))
    return [2_000] if settings.quick else sorted({most // 100, most // 10, most})


def unlike(found: pl.DataFrame, other: pl.DataFrame) -> str:
    """What is different in two tables of the same patients, "" if nothing."""
    one, two = (table.sort("patient").select(sorted(table.columns)) for table in (found, other))
    if one.columns != two.columns:
        return "other columns"
    wrong = [name for name in one.columns if not one[name].equals(two[name], null_equal=True)]
    return f"{len(wrong)} columns differ, such as {wrong[0]}" if wrong else ""


def unlike_the_reference(found: pl.DataFrame, frame: pl.DataFrame, units: dict[str, str], *, verdicts: bool) -> str:
    """What `eligibility.screen` says otherwise of the first patients."""
    rows = {row["patient"]: row for row in found.filter(pl.col("patient") < COMPARED).to_dicts()}
    for row in frame.head(COMPARED).to_dicts():
        for trial in screen(record_of(row, units), at=STAMP):
            told = {trial.id: trial.verdict} if verdicts else {
                f"{trial.id}/{criterion.id}": {"met": True, "not met": False, "unknown": None}[criterion.outcome] for criterion in trial.criteria
            }  # fmt: skip
            for name, value in told.items():
                if rows[row["patient"]][name] is not value and rows[row["patient"]][name] != value:
                    return (
                        f"{name} of patient {row['patient']} is {rows[row['patient']][name]}, by the reference {value}"
                    )
    return ""


def contests(settings: Settings) -> Iterator[Contest]:
    """Verdicts, and verdicts' criteria, for a growing number of patients."""
    trials = bundled_trials()
    for rows in sizes(settings):
        frame, units = wide(rows)
        by_hand: dict[str, Callable[[], pl.DataFrame]] = {
            "verdicts": lambda frame=frame: hand.judged(frame),  # type: ignore[misc]  # bound now
            "criteria": lambda frame=frame: frame.lazy().select("patient", *hand.every_criterion()).collect(),  # type: ignore[misc]
        }

        def ours(what: str, frame: pl.DataFrame = frame, units: dict[str, str] = units) -> pl.DataFrame:
            found: pl.DataFrame = getattr(screen_wide(frame, trials, at=STAMP, units=units), what)
            return found

        def wrong(
            work: Callable[[], pl.DataFrame],
            what: str,
            hands: Callable[[], pl.DataFrame],
            frame: pl.DataFrame,
            units: dict[str, str],
        ) -> str:
            found = work()
            return unlike(found, hands()) or unlike_the_reference(found, frame, units, verdicts=what == "verdicts")

        size = Figure("the table in memory", frame.estimated_size() / 1e6, "MB")
        rounds = [
            ("verdicts", "Polars by hand, verdicts", by_hand["verdicts"], None),
            ("verdicts", "cohort.screen_wide, verdicts", partial(ours, "verdicts"), 1.1),
            ("criteria", "Polars by hand, all criteria", by_hand["criteria"], None),
            ("criteria", "cohort.screen_wide, all criteria", partial(ours, "criteria"), 1.25),
        ]  # fmt: skip
        yield Contest(
            f"{rows:,} patients x 5 trials, a wide table",
            [Contestant(name, work, partial(wrong, work, what, by_hand[what], frame, units), goal) for what, name, work, goal in rounds],
            baseline="Polars by hand, verdicts", units=rows, clock="wall", figures=[size],
            family="a cohort, wide", axis="patients", size=rows,
        )  # fmt: skip
