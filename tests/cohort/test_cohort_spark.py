"""A small share of the comparison with the reference on Spark, in this process; it needs Java."""

import shutil

import differences
import pytest
from differences import Batch

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, and there is none on the path"),
    pytest.mark.filterwarnings("ignore"),  # what pyspark itself warns of
]


@pytest.fixture(scope="module")
def session():
    sql = pytest.importorskip("pyspark.sql", reason="needs the extra `spark`")
    builder = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    found = (
        builder.config("spark.sql.shuffle.partitions", "1").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    )
    found.sparkContext.setLogLevel("ERROR")
    yield found
    found.stop()


def test_long_table_on_spark(session):
    batch = Batch(5, trials=2, criteria=2, records=8)
    assert list(differences.differences(batch, "spark", session=session)) == []
    assert batch.checked > 20


def test_each_patient_at_its_own_instant_on_spark(session):
    batch = Batch(6, trials=1, criteria=2, records=8)
    assert list(differences.differences(batch, "spark", absent="no", own=True, session=session)) == []


def test_bad_rows_are_set_aside_on_spark(session):
    from eligibility import compile_trial
    from eligibility.cohort import screen

    rows = [("p", "creatinin", 1.0), ("p", "age", 54.0), (None, "age", 1.0), ("p", "temperature", 37.0)]
    facts = session.createDataFrame(rows, "patient string, concept string, value double")
    cohort = screen(facts, compile_trial('trial T "t"\n\ninclude:\n  1 "c": age >= 18 years\n'), at=differences.AT)
    assert cohort.rejected == 3
    assert [row.asDict()["T"] for row in cohort.verdicts.collect()] == ["eligible"]
