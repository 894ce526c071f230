"""A small share of the comparison with the reference on Spark, in this process; it needs Java."""

import random
import shutil

import differences
import polars as pl
import pytest
import soak
from differences import Batch, frames, tables

from eligibility.cohort.files import Request, screen_files

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, and there is none on the path"),
    pytest.mark.filterwarnings("ignore"),  # what pyspark itself warns of
]


@pytest.fixture(scope="module")
def session():
    found = soak.spark()
    yield found
    found.stop()


def test_spark_gives_the_answer_of_polars_on_the_same_file(session, tmp_path):
    batch = Batch(6, trials=1, criteria=2, records=8)
    chance = random.Random(1)
    records = differences.own_instants(batch, chance)
    facts, people, _ = tables(batch, records, chance)
    long, small = frames("polars", facts, people)
    strange = {
        "patient": ["p000", None, "p001"],
        "concept": ["creatinin", "age", "temperature"],
        "value": [1.0, 2.0, 3.0],
    }
    pl.concat([long, pl.DataFrame(strange)], how="diagonal").write_parquet(tmp_path / "facts.parquet")
    small.write_parquet(tmp_path / "people.parquet")
    found = {}
    for engine in ("polars", "spark"):
        found[engine] = screen_files(
            Request(
                tmp_path / "facts.parquet", tmp_path / engine, tuple(batch.trials), tmp_path / "people.parquet", engine, absent="no"
            )
        )  # fmt: skip
    assert found["spark"] == found["polars"]
    assert found["spark"].rejected >= 3
    for name in ("verdicts", "criteria"):
        one, other = (pl.read_parquet(tmp_path / engine / f"{name}.parquet").sort("patient") for engine in found)
        assert one.equals(other)
    met = {row["patient"]: row for row in one.to_dicts()}
    for number, record in enumerate(records):
        for key, value in (differences.expected(record, batch, None, "no") or {}).items():
            if "/" in key:
                assert met[f"p{number:03}"][key] is value
