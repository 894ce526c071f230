"""A limit of memory goes in; what `eligibility cohort` takes for a long file that is several times as large comes out.

    python benchmarks/cohort_memory.py [--patients 720000] [--limit 512MB] [--engine polars]

Writes a parquet file of facts whose rows take three times the limit in memory, screens it in a process of its own, and prints
the most memory that the process held, beside the limit. Exit status 1 where it held more.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from eligibility.cohort.partitions import bytes_of

_PIECE = 20_000  # patients that are made at a time


def written(folder: Path, patients: int) -> tuple[Path, int, int]:
    """A file of facts of so many patients; its rows, and the bytes that they take in memory."""
    import polars as pl
    import pyarrow.parquet as pq

    from cohort_tables import long_rows

    path, writer, rows, size = folder / "facts.parquet", None, 0, 0
    for start in range(0, patients, _PIECE):
        frame = long_rows(min(_PIECE, patients - start), seed=start + 1).with_columns(pl.col("patient") + start)
        frame = frame.sample(fraction=1.0, shuffle=True, seed=start)  # rows of a patient are not together
        rows, size = rows + frame.height, size + int(frame.estimated_size())
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path, rows, size


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--patients", type=int, default=720_000)
    parser.add_argument("--limit", default="512MB")
    parser.add_argument("--engine", default="polars", choices=("polars", "duckdb"))
    asked = parser.parse_args()
    limit = bytes_of(asked.limit)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # by a process of its own: what a process held counts for those that it starts
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            path, rows, size = pool.apply(written, (folder, asked.patients))
        print(
            f"{asked.patients:,} patients, {rows:,} rows: {path.stat().st_size / 1e6:,.0f} MB in the file, {size / 1e6:,.0f} MB in memory, {size / limit:.1f} times the limit"
        )
        command = [sys.executable, "-m", "eligibility", "cohort", path, "-o", folder / "out", "--at", "2024-03-04T08:00Z", "--memory-limit", asked.limit, "--engine", asked.engine]  # fmt: skip
        began = time.perf_counter()
        with subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)  # of this process alone
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        most = usage.ru_maxrss * 1024
        print(
            f"{seconds:,.0f} s, {seconds / rows * 1e6:.2f} us a row; at most {most / 1e6:,.0f} MB held, {most / limit:.2f} times the limit"
        )
    return int(process.returncode != 0 or most > limit)


if __name__ == "__main__":
    sys.exit(main())
