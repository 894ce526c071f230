"""Where all columns are plain the wide table takes a shorter way; one value that is not leaves it. Every row is compared with the
reference on both sides of that border, and tables of one form one after the other."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest

import cohort_by_hand as hand
from cohort_tables import record_of, wide
from eligibility import screen
from eligibility.cohort import screen_wide
from eligibility.library import bundled_trials

STAMP = f"{hand.AT.isoformat()}Z"
ROWS = 24

# what one row gets: the column, the value, and whether it is then as if nothing were there
ODD = {
    "not a number": ("PaO2", float("nan"), True),
    "impossible": ("PaO2", -5.0, True),
    "infinite": ("creatinine", float("inf"), True),
    "within the tolerance of what is possible": ("FiO2", 100 * (1 + 1e-10), False),
    "beyond the tolerance of what is possible": ("FiO2", 100 * (1 + 1e-8), True),
    "at the end of what is possible": ("SOFA", 24.0, False),
    "a limit of zero": ("ALT upper limit", 0.0, False),
    "an onset at the instant": ("ARDS", hand.AT, False),
    "an onset just after the instant": ("ARDS", hand.AT + timedelta(microseconds=1), False),
    "an event to come": ("stroke", hand.AT + timedelta(days=3), False),
    "the first day of the calendar": ("myocardial infarction", datetime(1, 1, 1), False),
    "the last day of the calendar": ("myocardial infarction", datetime(9999, 12, 31), False),
    "born today": ("birth_date", hand.AT.date(), False),
    "born tomorrow": ("birth_date", hand.AT.date() + timedelta(days=1), True),
    "born in 1869": ("birth_date", date(1869, 3, 4), False),
    "no value of its class": ("pulmonary hypertension stage", "V", True),
}


def changed(frame, column, value):
    """The same table with another value in its first row."""
    series = frame[column].to_list()
    return frame.with_columns(pl.Series(column, [value, *series[1:]], dtype=frame.schema[column]))


def wrong(frame, units, lost=frozenset()):
    """What is otherwise than in the reference; `lost` values of the first row are not used."""
    cohort = screen_wide(frame, bundled_trials(), at=STAMP, units=units)
    verdicts, criteria = cohort.verdicts.to_dicts(), cohort.criteria.to_dicts()
    found = []
    for index, row in enumerate(frame.to_dicts()):
        if index == 0:
            row = {name: None if name in lost else value for name, value in row.items()}
        for trial in screen(record_of(row, units), at=STAMP):
            if verdicts[index][trial.id] != trial.verdict:
                found.append((index, trial.id, verdicts[index][trial.id], trial.verdict))
            for criterion in trial.criteria:
                met = {"met": True, "not met": False, "unknown": None}[criterion.outcome]
                if criteria[index][f"{trial.id}/{criterion.id}"] is not met:
                    found.append((index, trial.id, criterion.id, met))
    return found, cohort.rejected


@pytest.mark.parametrize("seed", [3, 4])
def test_plain_rows_are_judged_as_the_reference_judges_them(seed):
    frame, units = wide(ROWS, seed)
    assert wrong(frame, units) == ([], 0)


@pytest.mark.parametrize("what", ODD)
def test_one_value_that_is_not_plain(what):
    frame, units = wide(ROWS, 5)
    column, value, is_lost = ODD[what]
    assert wrong(frame, units) == ([], 0)  # the plain table of the same form goes first
    found, rejected = wrong(changed(frame, column, value), units, {column} if is_lost else frozenset())
    assert found == []
    assert rejected == (1 if is_lost and value == value else 0)
    assert wrong(frame, units) == ([], 0)


def test_what_contradicts_itself_is_not_used_and_the_rest_is():
    frame, units = wide(ROWS, 6)
    torn = changed(changed(frame, "solid tumor", True), "malignancy", False)
    torn = changed(torn, "tumor", None)
    assert wrong(torn, units, {"solid tumor", "malignancy"}) == ([], 2)


@pytest.mark.parametrize("rows", [0, 1])
def test_tables_of_no_row_and_of_one(rows):
    frame, units = wide(ROWS, 7)
    assert wrong(frame.head(rows), units) == ([], 0)


def test_a_lazy_table_is_judged_as_one_in_memory():
    frame, units = wide(ROWS, 8)
    lazy, here = (screen_wide(table, bundled_trials(), at=STAMP, units=units) for table in (frame.lazy(), frame))
    assert lazy.verdicts.collect().equals(here.verdicts)
    assert lazy.criteria.collect().equals(here.criteria)
    assert lazy.attrition.collect().equals(here.attrition)
