"""A parquet file larger than memory goes in; files of the same rows, each with all rows of its patients, come out.

The rows are read batch by batch and dealt out by a hash of the patient, so that memory holds a batch and no more.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from eligibility.cohort.engines import ROW
from eligibility.errors import UsageError, excerpt

_BATCH = 131_072
# what screening takes, measured (see docs/explanation/past-one-machine.md): whatever the rows are, and for each byte of them
_ALWAYS = 350 * 1024**2
_WORKING_COPIES = 8
LEAST = 512 * 1024**2
SEED = 20_240_304


def bytes_of(text: str) -> int:
    """`4GB`, `512 MB` as bytes. Raises UsageError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])?i?B?\s*", text, re.IGNORECASE)
    if match is None or float(match[1]) <= 0:
        raise UsageError(f"`{excerpt(text)}` is no amount of memory; write `4GB`")
    scale = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}[(match[2] or "").upper()]
    return int(float(match[1]) * 1024**scale)


def partitions_for(path: Path, limit: int | None) -> int:
    """Into how many parts a file must be dealt for each to be screened within a limit of memory; 1 where there is none.
    Raises UsageError for a limit that no part can keep."""
    if limit is None:
        return 1
    if limit < LEAST:
        raise UsageError(
            f"--memory-limit: screening takes {LEAST // 1024**2}MB at least, whatever the size of the file"
        )
    import pyarrow.parquet as pq

    metadata = pq.ParquetFile(path).metadata
    rows = sum(_plain_size(metadata.row_group(index)) for index in range(metadata.num_row_groups))
    return max(1, -(-rows * _WORKING_COPIES // (limit - _ALWAYS)))


def _plain_size(group: Any) -> int:
    """The size of the rows of a group in memory: dictionaries written out, 16 bytes for a text and 8 for a number."""
    return int(
        sum(
            group.num_rows * (24 if group.column(index).physical_type == "BYTE_ARRAY" else 9)
            for index in range(group.num_columns)
        )
    )


def deal(path: Path, folder: Path, count: int) -> list[Path]:
    """Deal the rows of a parquet file into `count` files of a folder by patient, with the number of each row. Raises UsageError
    where there is no column `patient`."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = pq.ParquetFile(path)
    if "patient" not in source.schema_arrow.names:
        raise UsageError(f"{path.name}: there is no column `patient`")
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / f"rows-{number:05}.parquet" for number in range(count)]
    writers: list[pq.ParquetWriter | None] = [None] * count
    start = 0
    try:
        for batch in source.iter_batches(batch_size=_BATCH):
            frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
            if ROW not in frame.columns:
                frame = frame.with_columns(pl.arange(start, start + frame.height, dtype=pl.Int64).alias(ROW))
            start += frame.height
            parts = frame.with_columns((pl.col("patient").hash(seed=SEED) % count).alias("_part")).partition_by(
                "_part", as_dict=True, include_key=False
            )
            for (number,), part in parts.items():
                table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
                writer = writers[number]
                if writer is None:
                    writer = writers[number] = pq.ParquetWriter(targets[number], table.schema, compression="zstd")
                writer.write_table(table.cast(writer.schema))
    finally:
        for writer in writers:
            if writer is not None:
                writer.close()
    return [target for target in targets if target.exists()]
