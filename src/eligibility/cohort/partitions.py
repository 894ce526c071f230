"""A parquet file larger than memory goes in; files of the same rows, each with all rows of its patients, come out.

The rows are read batch by batch and dealt out by a hash of the patient, so that memory holds a batch and no more: what a batch
brings for a part is added to the file of the part and closed. A writer that stays open keeps a note of all that it has written.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from eligibility.cohort.engines import ROW
from eligibility.errors import UsageError, excerpt

_BATCH = 131_072
# what screening takes, measured (see docs/explanation/past-one-machine.md): whatever the rows are, for each row, and for each
# byte of it
_ALWAYS = 200 * 1024**2
_OF_A_ROW = 500
_WORKING_COPIES = 2
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
    plain = sum(_plain_size(metadata.row_group(index)) for index in range(metadata.num_row_groups))
    needed = int(metadata.num_rows) * _OF_A_ROW + plain * _WORKING_COPIES
    return max(1, -(-needed // (limit - _ALWAYS)))


def give_memory_back() -> None:
    """Have Polars and Arrow return the memory that they no longer use: else what was the most is held to the end, and grows with
    each part. Without effect once they are loaded."""
    # their allocators read these when they start
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def _plain_size(group: Any) -> int:
    """The size of the rows of a group in memory: dictionaries written out, 16 bytes for a text and 8 for a number."""
    return int(
        sum(
            group.num_rows * (24 if group.column(index).physical_type == "BYTE_ARRAY" else 9)
            for index in range(group.num_columns)
        )
    )


def deal(path: Path, folder: Path, count: int) -> list[Path]:
    """Deal the rows of a parquet file into `count` files of a folder by patient, with the number of each row; `dealt` reads them.
    Raises UsageError where there is no column `patient`."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = pq.ParquetFile(path, buffer_size=1024**2)
    if "patient" not in source.schema_arrow.names:
        raise UsageError(f"{path.name}: there is no column `patient`")
    folder.mkdir(parents=True, exist_ok=True)
    start = 0
    for batch in source.iter_batches(batch_size=_BATCH, use_threads=False):
        frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
        names = [name for name, dtype in frame.schema.items() if dtype in (pl.Categorical, pl.Enum)]
        frame = frame.with_columns(pl.col(names).cast(pl.String))  # the codes of one batch are not those of the next
        if ROW not in frame.columns:
            frame = frame.with_columns(pl.arange(start, start + frame.height, dtype=pl.Int64).alias(ROW))
        start += frame.height
        parts = frame.with_columns((pl.col("patient").hash(seed=SEED) % count).alias("_part")).partition_by(
            "_part", as_dict=True, include_key=False
        )
        for (number,), part in parts.items():
            with part_of(folder, int(number)).open("ab") as file:
                part.write_ipc_stream(file, compression="lz4", compat_level=pl.CompatLevel.oldest())
    return [target for target in (part_of(folder, number) for number in range(count)) if target.exists()]


def part_of(folder: Path, number: int) -> Path:
    """The file of one part."""
    return folder / f"rows-{number:05}.arrows"


def dealt(path: Path) -> Any:
    """The rows of one part, as a frame of Polars."""
    import polars as pl
    import pyarrow as pa

    size = path.stat().st_size
    pieces: list[pl.DataFrame] = []
    with pa.OSFile(str(path)) as file:
        while file.tell() < size:  # one stream for each batch that had rows for the part
            with pa.ipc.open_stream(file, options=pa.ipc.IpcReadOptions(use_threads=False)) as stream:
                pieces.append(pl.DataFrame(pl.from_arrow(stream.read_all())))
    return pl.concat(pieces, rechunk=True)
