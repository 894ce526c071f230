"""Random trials and cohorts go in; every difference between an engine and the reference comes out as a sentence.

`python tests/cohort/soak.py --cases 10000 --engine polars --engine duckdb` runs them at length, the long table and the wide one.
"""

import argparse
import itertools
import os
import random
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import differences  # noqa: E402  # it stands beside this file
import wide_differences  # noqa: E402

ENGINES = ("polars", "duckdb", "spark")
MOST = 20  # differences that are shown


def spark():
    """A small session: the work is many plans over a few rows, so that no code is made for them."""
    from pyspark.sql import SparkSession

    os.environ.setdefault(
        "PYSPARK_PYTHON", sys.executable
    )  # else the first `python3` of the path, which may be another
    builder = SparkSession.builder.master("local[1]")
    for name, value in {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC", "spark.sql.adaptive.enabled": "false", "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN", "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # it lives for seconds
    }.items():  # fmt: skip
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def batches(engine, table, seed, session=None):
    """Batches without end: how many (trial, patient) pairs each compared, and what differs."""
    for number in itertools.count(seed * 1_000_003):
        chance = random.Random(number)
        absent, own = chance.choice(("unknown", "unknown", "no")), chance.random() < 0.3
        if table == "wide":
            batch = differences.Batch(number, trials=4, records=0)
            found = wide_differences.differences(batch, engine, absent)
            note = f"seed {number} wide on {engine} absent={absent}"
        else:
            batch = differences.Batch(number)
            found = differences.differences(batch, engine, absent, own, session)
            note = f"seed {number} long on {engine} absent={absent} own={own}"
        try:
            wrong = [f"{note}: {text}" for text in found]
        except Exception as error:
            wrong = [f"{note}: {type(error).__name__}: {str(error)[:500]}"]
        yield getattr(batch, "checked", 0), wrong


def main():
    parser = argparse.ArgumentParser(description="Compare cohorts with the reference on random trials and patients.")
    parser.add_argument("--cases", type=int, default=10_000, help="(trial, patient) pairs for each engine and table")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", action="append", choices=ENGINES, help="polars and duckdb if left out")
    parser.add_argument("--table", action="append", choices=("long", "wide"), help="both if left out")
    arguments = parser.parse_args()
    failed = False
    for engine in arguments.engine or ["polars", "duckdb"]:
        session = spark() if engine == "spark" else None
        for table in arguments.table or ["long", "wide"]:
            if engine == "spark" and table == "wide":
                continue
            done, wrong, began = 0, [], time.perf_counter()
            for checked, found in batches(engine, table, arguments.seed, session):
                done += checked
                for text in found[: max(0, MOST - len(wrong))]:
                    print(text, "\n", flush=True)
                wrong += found
                if done >= arguments.cases or len(wrong) >= 100:
                    break
            seconds = time.perf_counter() - began
            print(f"{engine}, {table} table: {done:,} pairs, {len(wrong)} differences, {seconds:.0f} s", flush=True)
            failed |= bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
