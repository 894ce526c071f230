"""The cohort against the reference on random trials and patients, and what it does with rows that cannot be used."""

import random
from collections import Counter
from datetime import UTC
from fractions import Fraction

import differences
import duckdb
import polars as pl
import pytest
import wide_differences
from differences import AT, Batch, dicts, frames, tables

from eligibility import UsageError, compile_trial
from eligibility.cohort import screen, screen_wide
from eligibility.cohort.twins import record
from eligibility.vocabulary import bundled_vocabulary

WORDS = bundled_vocabulary()


def trial(*criteria, name="T", section="include"):
    body = "".join(f'  {number} "c": {rule}\n' for number, rule in enumerate(criteria, 1))
    return compile_trial(f'trial {name} "t"\n\n{section}:\n{body}')


def long(*rows, **types):
    return pl.DataFrame(
        [{"patient": "p", **row} for row in rows], infer_schema_length=None, schema_overrides=types or None
    )


def met(rows, rule, at=AT, **options):
    return dicts(screen(long(*rows), trial(rule), at=at, **options).criteria)[0]["T/include.1"]


def reasons(cohort):
    return [(row["row"], row["reason"]) for row in dicts(cohort.rejects)]


# --- the reference ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20, 26))
def test_long_table_on_polars(seed):
    batch = Batch(seed)
    absent = "no" if seed % 3 == 0 else "unknown"
    assert list(differences.differences(batch, absent=absent, own=seed % 4 == 1)) == []
    assert batch.checked > 200


@pytest.mark.parametrize(("seed", "own", "absent"), [(43, True, "unknown"), (42, False, "no")])
def test_long_table_on_duckdb(seed, own, absent):
    batch = Batch(seed, trials=2, criteria=4, records=40)
    assert list(differences.differences(batch, "duckdb", absent=absent, own=own)) == []
    assert batch.checked > 30


@pytest.mark.parametrize("seed", [60, 62, 63, 64])
def test_wide_table_on_polars(seed):
    batch = Batch(seed, trials=4, records=0)
    assert list(wide_differences.differences(batch, absent="no" if seed % 3 == 0 else "unknown")) == []
    assert batch.checked >= 20


def test_wide_table_on_duckdb():
    batch = Batch(80, trials=4, records=0)
    assert list(wide_differences.differences(batch, "duckdb")) == []


def test_the_bundled_trials_on_rows_and_on_their_twins():
    from eligibility.building import choices, consistent, merged
    from eligibility.library import bundled_trials
    from eligibility.strategies import moment_of

    batch = Batch(90, trials=1, records=0)
    batch.trials = list(bundled_trials())
    chance = random.Random(90)
    for one in batch.trials:
        pieces = choices(one.criteria, one, moment_of(AT))
        for _ in range(20):
            drawn = [chance.choice(options) for options in pieces.values() if options and chance.random() < 0.8]
            batch.records.append(consistent(merged(drawn), WORDS))
    assert list(differences.differences(batch)) == []
    assert batch.checked > 300


def test_order_and_partitions_of_rows_change_nothing():
    batch = Batch(7)
    facts, people, _ = tables(batch, batch.records, random.Random(3))
    long_table, small = frames("polars", facts, people)
    whole = screen(long_table, batch.trials, patients=small, at=AT)
    reverse = screen(long_table.reverse(), batch.trials, patients=small.reverse(), at=AT)
    assert whole.criteria.sort("patient").equals(reverse.criteria.sort("patient"))
    even = long_table.with_columns(part=pl.col("patient").hash() % 3).partition_by("part", include_key=False)
    parts = [
        screen(part, batch.trials, patients=small.join(part, on="patient", how="semi"), at=AT).verdicts for part in even
    ]
    together = pl.concat(parts)
    assert whole.verdicts.join(together, on="patient", how="semi").sort("patient").equals(together.sort("patient"))


def test_a_construct_that_an_engine_cannot_express_is_refused_with_the_criterion(monkeypatch):
    monkeypatch.setattr("eligibility.cohort.polars_engine.Polars.inexpressible", frozenset({"a rise or fall"}))
    table = long({"concept": "nobody knows"})
    sound = trial("PaO2/FiO2 <= 300 mmHg", "malignancy")
    assert screen(table, sound, at=AT).rejected == 1
    rising = trial("malignancy", "not (rise in creatinine over 48 hours >= 26.5 umol/L or malignancy)", name="R")
    with pytest.raises(UsageError, match=r"R/include\.2: polars cannot express a rise or fall"):
        screen(table, [sound, rising], at=AT)
    with pytest.raises(UsageError, match=r"R/include\.2: polars cannot express a rise or fall"):
        screen_wide(pl.DataFrame({"patient": [1]}), rising, at=AT)
    monkeypatch.setattr("eligibility.cohort.polars_engine.Polars.inexpressible", frozenset({"`/`"}))
    with pytest.raises(UsageError, match=r"T/include\.1: polars cannot express `/`"):  # it stands in the formula
        screen(table, sound, at=AT)


# --- tables at the edge ----------------------------------------------------------------------------------------------


def test_an_empty_table_has_no_patients():
    cohort = screen(pl.DataFrame(schema={"patient": pl.String, "concept": pl.String}), trial("malignancy"), at=AT)
    assert cohort.verdicts.height == 0
    assert cohort.criteria.columns == ["patient", "T/include.1"]
    assert cohort.rejected == 0
    assert cohort.attrition_list[0]["patients"] == 0


def test_one_row_and_absent_columns():
    assert met([{"concept": "age", "value": 54}], "age >= 18 years") is True
    assert met([{"concept": "age", "value": 54}], "malignancy") is None


def test_nan_is_null_at_the_border():
    rows = [
        {"concept": "creatinine", "value": float("nan"), "unit": "umol/L"},
        {"concept": "age", "value": 20.0, "unit": None},
    ]
    cohort = screen(long(*rows), trial("creatinine >= 442 umol/L"), at=AT)
    assert dicts(cohort.criteria)[0]["T/include.1"] is None
    assert cohort.rejected == 0


def test_a_missing_number_is_its_possible_range():
    row = {"concept": "PaO2", "value": 60.0, "unit": "mmHg"}
    assert met([row], "PaO2/FiO2 <= 300 mmHg") is True
    assert met([row], "PaO2/FiO2 < 200 mmHg") is None


def test_times_of_every_type_mean_the_same():
    from datetime import date, datetime

    rule = "onset of ARDS within 1 week"
    for when in (
        "2024-03-01T00:00Z",
        "2024-03-01",
        datetime(2024, 3, 1),
        datetime(2024, 3, 1, tzinfo=UTC),
        date(2024, 3, 1),
    ):
        assert met([{"concept": "ARDS", "time": when}], rule) is True
    assert met([{"concept": "ARDS", "time": "2024-02"}], rule) is None
    assert met([{"concept": "ARDS", "time": datetime(2024, 2, 1)}], rule) is False


def test_an_offset_of_at_is_that_of_dates_without_one():
    row = {"concept": "ARDS", "time": "2024-02-26T09:00"}
    assert met([row], "onset of ARDS within 1 week", at="2024-03-04T08:00+00:00") is True
    assert met([row], "onset of ARDS within 1 week", at="2024-03-04T10:00+02:00") is False  # an hour before the window
    assert met([row], "onset of ARDS within 1 week", at="2024-03-04T03:00-05:00") is True


def test_a_zone_that_changes_in_the_year_is_refused():
    from datetime import datetime
    from zoneinfo import ZoneInfo

    with pytest.raises(UsageError, match="offset changes"):
        met(
            [{"concept": "age", "value": 54}],
            "age >= 18 years",
            at=datetime(2024, 3, 4, 8, tzinfo=ZoneInfo("Europe/Berlin")),
        )


def test_each_patient_at_its_own_instant():
    facts = pl.DataFrame({"patient": ["a", "b"], "concept": ["ARDS"] * 2, "time": ["2024-03-01T00:00Z"] * 2})
    people = pl.DataFrame(
        {"patient": ["a", "b", "c"], "as_of": ["2024-03-04T08:00Z", "2024-04-04T08:00Z", "2024-04-04T08:00Z"]}
    )
    found = {
        row["patient"]: row["T/include.1"]
        for row in dicts(screen(facts, trial("onset of ARDS within 1 week"), patients=people).criteria)
    }
    assert found == {"a": True, "b": False, "c": None}


def test_frames_come_back_as_they_came():
    table = long({"concept": "age", "value": 54})
    assert isinstance(screen(table, trial("malignancy"), at=AT).verdicts, pl.DataFrame)
    assert isinstance(screen(table.lazy(), trial("malignancy"), at=AT).verdicts, pl.LazyFrame)
    assert type(screen(table.to_arrow(), trial("malignancy"), at=AT).verdicts).__module__.startswith("pyarrow")
    relation = duckdb.connect().from_arrow(table.to_arrow())
    assert type(screen(relation, trial("malignancy"), at=AT).verdicts) is type(relation)
    with pytest.raises(UsageError, match="not a list"):
        screen([], trial("malignancy"))


# --- rows that cannot be used ----------------------------------------------------------------------------------------

BAD = [
    ({"concept": "creatinin", "value": 1.0}, "did you mean creatinine"),
    ({"concept": None, "value": 1.0}, "names no concept"),
    ({"patient": None, "concept": "age", "value": 1.0}, "names no patient"),
    ({"patient": None, "concept": "malignancy", "status": "never"}, "names no patient"),
    ({"concept": "creatinine", "value": 1.0}, "without a unit"),
    ({"concept": "creatinine", "value": 1.0, "unit": "mmHg"}, "not a unit of this quantity"),
    ({"concept": "creatinine", "value": -1.0, "unit": "umol/L"}, "outside what is possible"),
    ({"concept": "creatinine", "value": float("inf"), "unit": "umol/L"}, "not finite"),
    ({"concept": "creatinine", "value": 1.0, "unit": "umol/L", "comparator": "~"}, "comparator"),
    ({"concept": "creatinine", "value": 5.0, "value_high": 1.0, "unit": "umol/L"}, "wrong way round"),
    ({"concept": "creatinine", "text": "5-10 umol/L"}, "ambiguous"),
    ({"concept": "creatinine", "value": 1.0, "text": "1 umol/L"}, "not both"),
    ({"concept": "creatinine", "value": 1.0, "unit": "umol/L", "time": "soon"}, "no date"),
    ({"concept": "creatinine", "value": 1.0, "unit": "umol/L", "upper_limit": 0.0}, "limit of normal"),
    ({"concept": "creatinine", "value": 1.0, "unit": "umol/L", "trial": "T"}, "belong to one trial"),
    ({"concept": "NYHA class", "text": "IX"}, "none of its values"),
    ({"concept": "age", "text": "old"}, "age"),
    ({"concept": "age", "value": 54.0, "time": "2024-03-01"}, "an age has no time"),
    ({"concept": "malignancy", "status": "maybe"}, "a status is one of"),
    ({"concept": "malignancy"}, "says nothing"),
    ({"concept": "malignancy", "value": 1.0}, "has no number"),
    ({"concept": "malignancy", "time": "2024-03-01", "end": "2024-02-01"}, "ended before"),
    ({"concept": "malignancy", "status": "planned"}, "a plan has one time"),
    ({"concept": "stroke", "time": "2024-01-01", "end": "2024-02-01"}, "an event has no end"),
    ({"concept": "informed consent", "status": "planned"}, "an answer is"),
    ({"concept": "informed consent", "status": "present", "trial": "NCT0"}, "no trial has this ID"),
    ({"concept": "T/exclude.99", "status": "present"}, "no trial asks"),
    ({"concept": "first dose", "text": "x"}, "a milestone is a time"),
    ({"concept": "screening", "time": "2024-03-01T00:00Z"}, "instant of judgement"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "words"), BAD, ids=[words for _, words in BAD])
def test_a_bad_row_is_set_aside_with_its_reason(row, words):
    good = {"concept": "temperature", "value": 37.0, "unit": "degC", "time": "2024-03-04T07:00Z"}
    types = {
        name: pl.Float64 if name in ("value", "value_high", "upper_limit") else pl.String
        for name in ("patient", "concept", *row)
    }
    cohort = screen(long(good, row, **types), trial("temperature >= 36 degC"), at=AT)
    (found,) = reasons(cohort)
    assert found[0] == 1
    assert words in found[1]
    assert {row["patient"]: row["T/include.1"] for row in dicts(cohort.criteria)} == {"p": True}


def test_values_of_patients_are_in_no_reason():
    rows = [
        {"concept": "creatinine", "value": 98765.0, "unit": "%"},
        {"concept": "creatinine", "text": "98765-98766 umol/L"},
    ]
    for _, reason in reasons(screen(long(*rows), trial("malignancy"), at=AT)):
        assert "98765" not in reason


TORN = [
    ([{"concept": "malignancy", "status": "never"}, {"concept": "leukemia", "status": "present"}], 2),
    ([{"concept": "malignancy", "status": "never"}, {"concept": "leukemia", "time": "2024-01-01"}], 2),
    ([{"concept": "malignancy", "status": "absent"}, {"concept": "leukemia", "status": "present"}], 2),
    ([{"concept": "malignancy", "status": "absent"}, {"concept": "malignancy", "time": "2024-01-01"}], 2),
    ([{"concept": "malignancy", "time": "someday"}, {"concept": "malignancy", "time": "2010-01-01", "end": "2011-01-01"}], 2),
    ([{"concept": "pregnancy", "status": "present"}, {"concept": "sex", "text": "male"}], 1),
    ([{"concept": "planned pregnancy", "status": "present"}, {"concept": "sex", "text": "male"}], 1),
    ([{"concept": "pulmonary hypertension", "status": "never"}, {"concept": "pulmonary hypertension stage", "text": "III"}], 2),
    ([{"concept": "creatinine", "text": "80 umol/L"}, {"concept": "creatinine", "text": "90 umol/L", "time": "2024-03-04T07:00Z"}], 1),
    ([{"concept": "informed consent", "status": "present"}, {"concept": "informed consent", "status": "absent"}], 2),
    ([{"concept": "age", "text": "54 years"}, {"concept": "age", "text": "55 years"}], 2),
]  # fmt: skip


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_rows_that_contradict_each_other_are_set_aside(engine):
    rows = [{"patient": f"p{number}", **row} for number, (rows, _) in enumerate(TORN) for row in rows]
    table = long(*rows)
    native = table if engine == "polars" else duckdb.connect().from_arrow(table.to_arrow())
    cohort = screen(native, trial("malignancy or pregnancy or history of malignancy"), at=AT)
    counts = Counter(row["patient"] for row in dicts(cohort.rejects))
    assert [counts[f"p{number}"] for number in range(len(TORN))] == [count for _, count in TORN]
    assert {row["T/include.1"] for row in dicts(cohort.criteria)} <= {None, False}


def test_an_age_beside_a_birth_date_that_disagrees():
    people = pl.DataFrame({"patient": ["p"], "birth_date": ["1970-01-01"]})
    cohort = screen(long({"concept": "age", "value": 20}), trial("age >= 50 years"), patients=people, at=AT)
    assert cohort.rejected == 1
    assert dicts(cohort.criteria)[0]["T/include.1"] is True


def test_a_patient_that_has_no_usable_instant_is_not_judged():
    facts = long({"concept": "age", "value": 20})
    people = pl.DataFrame({"patient": ["p", "q"], "as_of": ["2024-03-04", "2024-03-04T08:00Z"]})
    cohort = screen(facts, trial("age >= 18 years"), patients=people)
    assert [row["patient"] for row in dicts(cohort.verdicts)] == ["q"]
    assert "instant" in reasons(cohort)[0][1]


def test_the_same_row_twice_says_it_once():
    rows = [{"concept": "creatinine", "text": "500 umol/L"}] * 2 + [{"concept": "malignancy", "status": "never"}] * 2
    cohort = screen(long(*rows), trial("creatinine >= 442 umol/L and not malignancy"), at=AT)
    assert cohort.rejected == 0
    assert dicts(cohort.criteria)[0]["T/include.1"] is True


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pl.DataFrame({"concept": ["age"]}), "no column `patient`"),
        (pl.DataFrame({"patient": ["a"], "concept": ["age"], "value": ["5"]}), "must hold numbers"),
        (pl.DataFrame({"patient": ["a"], "concept": ["age"], "unit": [5]}), "must hold text"),
        (
            pl.DataFrame({"patient": ["a"], "concept": ["age"], "time": [20240301]}),
            "must hold timestamps, days, or text",
        ),
        (pl.DataFrame({"patient": [1.5], "concept": ["age"]}), "whole numbers or text"),
    ],
)
def test_a_table_of_another_shape_is_refused(frame, words):
    with pytest.raises(UsageError, match=words):
        screen(frame, trial("malignancy"), at=AT)


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ({"patient": ["1"]}, "give both one type"),
        ({"patient": [1], "as_of": [20240304]}, "must hold times or text"),
        ({"name": [1]}, "no column `patient`"),
    ],
)
def test_a_table_of_patients_of_another_shape_is_refused(people, words):
    facts = pl.DataFrame({"patient": [1], "concept": ["age"], "value": [54.0]})
    with pytest.raises(UsageError, match=words):
        screen(facts, trial("malignancy"), patients=pl.DataFrame(people))


def test_numbers_of_patients_are_one_type_however_long():
    facts = pl.DataFrame({"patient": [1], "concept": ["age"], "value": [54.0]})
    people = pl.DataFrame({"patient": [1], "sex": ["male"]}, schema_overrides={"patient": pl.Int32})
    found = screen(facts, trial("sex is male and age >= 18 years"), patients=people, at=AT)
    assert dicts(found.criteria) == [{"patient": 1, "T/include.1": True}]


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_column_of_the_user_named_row_is_no_harm(engine):
    table = long({"concept": "age", "value": 54, "row": "x"}, {"concept": "creatinin", "value": 1, "row": "y"})
    native = table if engine == "polars" else duckdb.connect().from_arrow(table.to_arrow())
    cohort = screen(native, trial("age >= 18 years"), at=AT)
    assert [row["T/include.1"] for row in dicts(cohort.criteria)] == [True]
    assert reasons(cohort)[0][0] == 1


# --- verdicts and attrition ------------------------------------------------------------------------------------------


def test_attrition_counts_who_is_removed_and_what_is_open():
    facts = pl.DataFrame(
        {
            "patient": ["a", "b", "c", "d"],
            "concept": ["age", "age", "age", "malignancy"],
            "value": [17.0, 30.0, 40.0, None],
            "status": [None, None, None, "present"],
        }
    )
    cohort = screen(facts, trial("age >= 18 years", "no malignancy"), at=AT)
    rows = {(row["criterion"], row["fact"]): row for row in cohort.attrition_list}
    first, second = rows["include.1", None], rows["include.2", None]
    assert (first["patients"], first["removed"], first["removed_first"], first["left"], first["open"]) == (
        4,
        1,
        1,
        3,
        1,
    )
    assert (second["removed"], second["removed_first"], second["left"], second["open"]) == (1, 1, 2, 3)
    assert rows["include.1", "age"]["open"] == 1
    assert rows["include.2", "malignancy"]["open"] == 3
    # b and c wait for malignancy alone; d is ruled out; a is, too
    assert [
        (row["fact"], row["open"], row["settled"]) for row in cohort.attrition_list if row["criterion"] is None
    ] == [("malignancy", 2, 2)]


def test_review_is_when_only_a_person_can_answer():
    rule = 'age >= 18 years and judgement "Fit?"'
    facts = long({"concept": "age", "value": 54})
    assert dicts(screen(facts, trial(rule), at=AT).verdicts)[0]["T"] == "review"
    facts = long({"concept": "temperature", "value": 37.0, "unit": "degC"})
    assert dicts(screen(facts, trial(rule), at=AT).verdicts)[0]["T"] == "undetermined"


# --- the wide table --------------------------------------------------------------------------------------------------


def test_a_wide_table_names_its_columns_and_units():
    frame = pl.DataFrame({"pid": [1, 2], "krea": [5.0, None], "alt": [100.0, 30.0], "alt_uln": [40.0, 40.0]})
    rules = trial("creatinine >= 442 umol/L", "ALT > 2 x ULN")
    cohort = screen_wide(
        frame, rules, at=AT, patient="pid", units={"krea": "mg/dL", "alt": "U/L", "alt_uln": "U/L"},
        columns={"krea": "creatinine", "alt_uln": "ALT upper limit"},
    )  # fmt: skip
    assert dicts(cohort.criteria) == [
        {"patient": 1, "T/include.1": True, "T/include.2": True}, {"patient": 2, "T/include.1": None, "T/include.2": False},
    ]  # fmt: skip


def test_a_converted_threshold_agrees_with_converted_values_at_the_edge():
    import math

    from eligibility import screen as screen_one

    rules = trial("creatinine >= 442 umol/L")
    line = WORDS["creatinine"].measure.scale(WORDS.units.read("mg/dL"))
    edge = float((Fraction(442) * (1 - Fraction(1, 10**9)) - line.offset) / line.factor)
    values = [edge]
    for _ in range(40):
        values += [math.nextafter(values[-1], 0.0)]
    values += [edge]
    for _ in range(40):
        values += [math.nextafter(values[-1], 9.0)]
    values += [edge * (1 + step * 1e-10) for step in range(-30, 31)]
    frame = pl.DataFrame({"patient": range(len(values)), "creatinine": values})
    found = [
        row["T/include.1"] for row in dicts(screen_wide(frame, rules, at=AT, units={"creatinine": "mg/dL"}).criteria)
    ]
    outcome = {"met": True, "not met": False}
    wanted = [
        outcome[screen_one({"creatinine": {"value": v, "unit": "mg/dL"}}, rules, at=AT)["T"].criteria[0].outcome]
        for v in values
    ]
    assert found == wanted
    assert len(set(found)) == 2


def test_values_of_a_wide_table_that_cannot_be_used():
    frame = pl.DataFrame({
        "patient": ["a", "b"], "creatinine": [-1.0, 500.0], "sex": ["male", "?"], "pregnancy": [True, False], "malignancy": [False, None],
        "leukemia": [True, None], "creatinin": [1, 2],
    })  # fmt: skip
    cohort = screen_wide(frame, trial("creatinine >= 442 umol/L", "malignancy"), at=AT, units={"creatinine": "umol/L"})
    found = {(row["row"], row["concept"]) for row in dicts(cohort.rejects)}
    assert found == {
        (0, "creatinine"),
        (1, "sex"),
        (0, "pregnancy"),
        (0, "malignancy"),
        (0, "leukemia"),
        (None, "creatinin"),
    }
    assert [row["T/include.1"] for row in dicts(cohort.criteria)] == [None, True]
    assert [row["T/include.2"] for row in dicts(cohort.criteria)] == [None, None]


def test_a_wide_table_with_empty_and_strange_columns():
    frame = pl.DataFrame(
        {"patient": [1], "age": [None], "malignancy": [None], "krea": [None], "row": ["x"], "now": [3]}
    )
    cohort = screen_wide(
        frame, trial("malignancy", "age >= 18 years", "creatinine >= 442 umol/L"), at=AT,
        columns={"krea": "creatinine"}, units={"krea": "umol/L"}, absent="no",
    )  # fmt: skip
    assert dicts(cohort.criteria) == [{"patient": 1, "T/include.1": None, "T/include.2": None, "T/include.3": None}]
    assert {row["concept"] for row in dicts(cohort.rejects)} == {"row", "now"}


def test_a_row_of_a_wide_table_without_a_usable_instant_is_not_judged():
    frame = pl.DataFrame({"patient": [1, 2], "age": [20, 20], "as_of": ["2024-03-04", "2024-03-04T08:00Z"]})
    cohort = screen_wide(frame, trial("age >= 18 years"))
    assert dicts(cohort.criteria) == [{"patient": 2, "T/include.1": True}]
    assert [row["concept"] for row in dicts(cohort.rejects)] == ["as_of"]


@pytest.mark.parametrize(
    "today", ["2024-02-29T12:00Z", "2024-03-31T00:00Z", "2023-03-01T23:59Z", "2024-03-01T00:00+05:00"]
)
def test_an_age_by_its_birthday_is_the_age_of_the_reference(today):
    from datetime import date, timedelta

    from eligibility import screen as screen_one

    days = [date(2006, 2, 26) + timedelta(days=number) for number in range(40)] + [date(2004, 2, 29), date(2008, 2, 29)]
    rules = trial("age >= 18 years", "age < 216 months", "age <= 17 years", "age > 215 months")
    frame = pl.DataFrame({"patient": range(len(days)), "birth_date": days})
    found = [list(row.values())[1:] for row in dicts(screen_wide(frame, rules, at=today).criteria)]
    outcome = {"met": True, "not met": False, "unknown": None}
    for day, row in zip(days, found, strict=True):
        wanted = screen_one({"birth_date": day.isoformat()}, rules, at=today)["T"].criteria
        assert row == [outcome[criterion.outcome] for criterion in wanted], day


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        ({"patient": ["a"], "creatinine": [1.0]}, {}, "give its unit"),
        ({"patient": ["a"], "malignancy": [1.0]}, {}, "boolean"),
        ({"patient": ["a"], "creatinine": [True]}, {"units": {"creatinine": "mg/dL"}}, "numbers or texts"),
        ({"pid": ["a"]}, {}, "no column `patient`"),
        ({"patient": ["a"]}, {"units": {"x": "mg/dL"}}, "no such column"),
        ({"patient": ["a"], "age": [1], "birth_date": ["2000"]}, {}, "age and a birth date"),
        (
            {"patient": ["a"], "creatinine": ["1 mg/dL"], "Cr": ["1 mg/dL"]},
            {"columns": {"Cr": "creatinine"}},
            "same fact",
        ),
    ],
)
def test_a_wide_table_of_another_shape_is_refused(data, options, words):
    with pytest.raises(UsageError, match=words):
        screen_wide(pl.DataFrame(data), trial("malignancy"), at=AT, **options)


# --- twins -----------------------------------------------------------------------------------------------------------


def test_every_form_of_a_row_has_its_twin():
    rows = [
        {"concept": "PaO2", "value": 82.0, "unit": "mmHg", "time": "2024-03-01"},
        {"concept": "procalcitonin", "value": 0.05, "unit": "ng/mL", "comparator": "<", "upper_limit": 0.5},
        {"concept": "CRP", "value": 5.0, "value_high": 10.0, "unit": "mg/L"},
        {"concept": "NYHA class", "text": "III"}, {"concept": "malignancy", "status": "never"},
        {"concept": "ARDS", "time": "2024-03-01", "end": "2024-03-02"}, {"concept": "stroke", "status": "planned", "time": "2024-05"},
        {"concept": "informed consent", "status": "present", "trial": "T"}, {"concept": "exclude.1", "trial": "T", "status": "absent"},
        {"concept": "age", "value": 54.0, "unit": "years"},
    ]  # fmt: skip
    assert record(rows, WORDS, {"patient": "p", "birth_date": None}) == {
        "PaO2": {"value": 82.0, "unit": "mmHg", "at": "2024-03-01"},
        "procalcitonin": {"value": "<0.05 ng/mL", "upper_limit": "0.5 ng/mL"}, "C-reactive protein": {"value": "5 to 10 mg/L"},
        "NYHA class": "III", "malignancy": False, "ARDS": {"onset": "2024-03-01", "resolved": "2024-03-02"},
        "stroke": {"planned": "2024-05"}, "trials": {"T": {"informed consent": True}}, "judgements": {"T/exclude.1": False},
        "age": {"value": 54.0, "unit": "years"},
    }  # fmt: skip
